"""Running one case of an exercise on one candidate: plain data comes out.

This is the only module that calls an answer. While grading it runs in the jail, where
there is no reference and no expected value.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch

from .boundary import Boundary
from .devices import second_device
from .exercise import Case, Exercise
from .faults import Fault, fault_of
from .rng import Rng, case_seed
from .surroundings import undisturbed
from .tree import TooMuchError, Tree, to_tree
from .variants import PLAIN, Variant
from .watch import forbidden_calls


@dataclass
class Observation:
    """What one run of a case showed."""

    tree: Tree = None
    fault: Fault | None = None
    mutated: list[str] = field(default_factory=list)
    forbidden: list[str] = field(default_factory=list)
    seconds: float = 0.0
    drew: bool = True  # whether the case drew arrays: without, it has no variants
    scale: float = 0.0  # of what was drawn, noted in jittered runs


Candidate = Mapping[str, Any]  # function name -> implementation


def given_for(exercise: Exercise, case: Case, seed: int | str) -> tuple[Any, Any]:
    """The inputs handed to a case and the secret handed to its judge."""
    if case.given is None:
        return None, None
    own_seed = case_seed(seed, exercise.name, case.name, "given")
    return case.given(Rng(own_seed, PLAIN, exercise.backend))


Wanted = Callable[[Case, Variant], bool]
Run = tuple[Case, Variant, Observation]


def observe_all(
    exercise: Exercise,
    candidate: Candidate,
    seed: int | str,
    given: Mapping[str, Any],
    wanted: Wanted = lambda case, variant: True,
) -> Iterator[Run]:
    """Run every case plain, then in the other variants, as far as wanted.

    A case that drew no array is the same in every variant: it is only called again.
    """
    undrawn: set[str] = set()
    for variant in exercise.variants:
        for case in exercise.cases:
            if variant.name in case.without:
                continue
            if case.name in undrawn and variant.name != "again":
                continue
            if variant.name != "plain" and not wanted(case, variant):
                continue
            handed = given.get(case.name)
            seen = observe(exercise, case, candidate, variant, seed, handed)
            if not seen.drew:
                undrawn.add(case.name)
            yield case, variant, seen


def observe(
    exercise: Exercise,
    case: Case,
    candidate: Candidate,
    variant: Variant,
    seed: int | str,
    given: Any = None,
) -> Observation:
    """Run a case on a candidate, in one variant."""
    with second_device() if variant.moved else nullcontext():
        return _observe(exercise, case, candidate, variant, seed, given)


def _observe(
    exercise: Exercise,
    case: Case,
    candidate: Candidate,
    variant: Variant,
    seed: int | str,
    given: Any,
) -> Observation:
    rng = Rng(case_seed(seed, exercise.name, case.name), variant, exercise.backend)
    watched = variant.watched and not exercise.mutates
    layout = variant.strided and not exercise.mutates
    boundary = Boundary(layout, watched, rng.drawn)
    arguments: dict[str, Any] = {}
    for name in case.parameters:
        if name == "rng":
            arguments[name] = rng
        elif name == "given":
            arguments[name] = fitted(given, rng)
        else:
            arguments[name] = boundary.wrap(candidate[name])
    case_file = case.function.__code__.co_filename
    forbidden_names = exercise.forbid if variant.watched else ()
    result = Observation()
    with undisturbed(), forbidden_calls(forbidden_names, case_file) as forbidden:
        start = time.perf_counter()
        try:
            value = case.function(**arguments)
            result.seconds = time.perf_counter() - start
            result.tree = to_tree(value)
        except TooMuchError as error:
            result.fault = Fault("TooMuch", str(error))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit of an answer, too
            result.seconds = time.perf_counter() - start
            result.fault = fault_of(error, case_file)
    result.drew = bool(rng.drawn)
    result.scale = rng.scale
    result.mutated = sorted(boundary.mutated)
    result.forbidden = sorted(forbidden)
    return result


def fitted(given: Any, rng: Rng) -> Any:
    """What was made outside, in the dtype, layout and device in which `rng` draws."""
    if isinstance(given, (list, tuple)):
        return [fitted(g, rng) for g in given]
    if isinstance(given, dict):
        return {k: fitted(v, rng) for k, v in given.items()}
    if isinstance(given, torch.Tensor):
        return rng.array(given.detach().numpy())
    return rng.array(given) if hasattr(given, "dtype") else given


__all__ = ["Candidate", "Fault", "Observation", "given_for", "observe", "observe_all"]
