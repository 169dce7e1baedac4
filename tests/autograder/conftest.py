"""A stage on which one reference meets one answer."""

import linecache
import textwrap
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch

from autograder.decide import judge_exercise
from autograder.exercise import Exercise
from autograder.observe import observe_all
from autograder.pack import ExercisePack, expect
from autograder.transport import (
    dump_observation,
    from_bytes,
    load_observation,
    to_bytes,
)
from autograder.verdicts import ExerciseResult

SEED = 1


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _elsewhere(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No test may depend on the working directory."""
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))


def exercise_of(run: Callable[..., Any], **options: Any) -> Exercise:
    """An exercise `f` with a single case: `run(f, rng)`."""
    keys = ("judge", "given", "weight", "hidden")
    of_case = {k: options.pop(k) for k in keys if k in options}
    exercise = Exercise("f", points=1, **options)

    def case(f, rng):
        """It is right."""
        return run(f, rng)

    def case_with_given(f, rng, given):
        """It is right."""
        return run(f, rng, given)

    exercise.case(**of_case)(case_with_given if "given" in of_case else case)
    return exercise


def carried(observation: Any) -> Any:
    """The observation as it comes out of the jail."""
    tensors: dict[str, torch.Tensor] = {}
    frame = to_bytes(dump_observation(observation, tensors), tensors)
    return load_observation(*from_bytes(frame))


def judged(exercise: Exercise, pack: ExercisePack, answer: Any) -> ExerciseResult:
    """The verdict on an answer, given what is expected."""
    candidate = answer if isinstance(answer, Mapping) else {"f": answer}
    runs = observe_all(exercise, candidate, SEED, pack.given)
    return judge_exercise(
        exercise, pack, {(c.name, v.name): carried(o) for c, v, o in runs}
    )


def trial(
    reference: Any, answer: Any, run: Callable[..., Any], **options: Any
) -> ExerciseResult:
    """The verdict on an answer to an exercise with one case."""
    exercise = exercise_of(run, **options)
    return judged(exercise, expect(exercise, {"f": reference}, SEED), answer)


def on_a_matrix(f: Any, rng: Any) -> Any:
    """Draw a matrix with all dimensions different."""
    return f(rng.normal(3, 5))


def complaint(result: ExerciseResult) -> str:
    """The sentence about the first thing that is wrong, with its variant."""
    for case in result.cases:
        if case.mismatch:
            return f"{case.variant} {case.mismatch.sentence}".strip()
    return ""


def typed(source: str, filename: str = "/tmp/ipykernel_7/cell.py") -> Any:
    """The function `f` of a notebook cell, as IPython compiles it."""
    source = textwrap.dedent(source)
    lines = source.splitlines(keepends=True)
    linecache.cache[filename] = (len(source), None, lines, filename)
    names: dict[str, Any] = {"torch": torch}
    exec(compile(source, filename, "exec"), names)
    return names["f"]
