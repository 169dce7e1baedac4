"""Arbitrary notebooks, frames and result files: no crash, no hang, no points.

FUZZ_EXAMPLES=10000 runs more of them than the test suite does. What was found that way
stays in corpus/.
"""

import json
import os
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from autograder.authoring.notebook import source_notebook
from autograder.grading.jailer import frames
from autograder.grading.results import SubmissionResult
from autograder.jail.job import Outcome
from autograder.transport import (
    TransportError,
    load_observation,
    load_tree,
    to_bytes,
)

from .mutations import HOSTILE, STEPS, mutated, reordered
from .paths import graded, graded_plainly, judged, shown, stored
from .submissions import EVERY_KIND, TOY, Frame, recorded, sent

COUNT = int(os.environ.get("FUZZ_EXAMPLES", "60"))


def examples(count: int = COUNT) -> settings:
    return settings(
        max_examples=count,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


EXAMPLES = examples()
FEWER = examples(max(COUNT // 3, 1))  # each takes a hundredth of a second and more

NAMES = (
    "softmax center double numbers columns plain again x check-double code markdown "
    "raw tensor number text nan"
)
TAG = "\"'><img src=x onerror=alert(1)>&lt;"
WORDS = st.sampled_from(["", *NAMES.split(), TAG])
ATOMS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**30, -(10**400), 2**63])
    | st.floats()
    | WORDS
    | st.text(max_size=20)
)
JSON = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(), inner)
    ),
    max_leaves=12,
)


def like(**fields) -> st.SearchStrategy:
    """A dict with some of these fields, each as it should be or as it should not."""
    mixed = {name: value | JSON for name, value in fields.items()}
    return st.fixed_dictionaries({}, optional=mixed)


# -- notebooks ------------------------------------------------------------------------

METADATA = like(
    nbgrader=like(grade_id=WORDS, grade=st.booleans(), points=st.floats()),
    autograder=like(role=WORDS),
    tags=JSON,
)
CELLS = like(
    cell_type=WORDS,
    id=WORDS,
    source=WORDS | st.lists(WORDS),
    metadata=METADATA,
    outputs=JSON,
    attachments=JSON,
)
NOTEBOOKS = like(
    cells=st.lists(CELLS, max_size=5),
    metadata=JSON,
    nbformat=st.sampled_from([3, 4, 5]),
    nbformat_minor=st.integers(0, 6),
)
# Alike, but such that most get through: what follows the reading sees them.
WRITING = st.text(max_size=30) | st.sampled_from(
    [TAG, "[a](javascript:x)", "![a](attachment:a)", "$\\href{javascript:x}{y}$"]
)
OUTPUT = st.fixed_dictionaries(
    {
        "output_type": st.sampled_from(
            ["stream", "error", "display_data", "execute_result", "x"]
        )
    },
    optional={
        "name": WRITING,
        "text": WRITING | st.lists(WRITING, max_size=3),
        "ename": WRITING,
        "evalue": WRITING,
        "traceback": st.lists(WRITING, max_size=2),
        "data": st.dictionaries(
            st.sampled_from(["text/plain", "text/html", "image/png", "image/svg+xml"]),
            WRITING | st.just("AAAA"),
            max_size=3,
        ),
        "metadata": st.just({}),
        "execution_count": st.none() | st.integers(0, 9),
    },
)
GRADE_IDS = st.sampled_from(["softmax", "check-double", "why", "unknown"])
READABLE_CELL = st.fixed_dictionaries(
    {
        "cell_type": st.sampled_from(["code", "markdown", "raw"]),
        "source": WRITING | st.lists(WRITING, max_size=3),
        "metadata": st.just({})
        | st.fixed_dictionaries(
            {"nbgrader": st.fixed_dictionaries({"grade_id": GRADE_IDS})},
            optional={"tags": st.lists(WRITING, max_size=2), "name": WRITING},
        ),
    },
    optional={
        "id": st.sampled_from(["a", "b", "softmax", "check-double", TAG]),
        "outputs": st.lists(OUTPUT, max_size=3),
        "execution_count": st.none() | st.integers(0, 9),
        "attachments": st.dictionaries(
            st.sampled_from(["a", "b"]),
            st.dictionaries(
                st.sampled_from(["image/png", "text/html"]), WRITING, max_size=2
            ),
            max_size=2,
        ),
    },
)
READABLE = st.fixed_dictionaries(
    {
        "cells": st.lists(READABLE_CELL, min_size=1, max_size=5),
        "metadata": st.just({}),
        "nbformat": st.just(4),
        "nbformat_minor": st.sampled_from([2, 4, 5]),
    }
)


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz") / "zoe" / TOY.name
    folder.mkdir(parents=True)
    return folder / f"{TOY.name}.ipynb"


@EXAMPLES
@given(content=NOTEBOOKS | JSON)
def test_notebooks_of_any_json(handed_in: Path, content: Any) -> None:
    handed_in.write_text(json.dumps(content))
    shown(handed_in, export=False, valid=False)


@FEWER
@given(content=READABLE)
def test_notebooks_that_are_read(handed_in: Path, content: Any) -> None:
    handed_in.write_text(json.dumps(content))
    shown(handed_in, valid=False)


@EXAMPLES
@given(content=st.binary(max_size=200))
def test_notebooks_of_any_bytes(handed_in: Path, content: bytes) -> None:
    handed_in.write_bytes(content)
    shown(handed_in, export=False, valid=False)


@FEWER
@given(
    places=st.lists(st.integers(0, 2**16), min_size=1, max_size=3),
    values=st.lists(st.sampled_from(HOSTILE) | WRITING, min_size=3, max_size=3),
)
def test_notebooks_with_other_values_in_some_places(
    handed_in: Path, places: list[int], values: list[Any]
) -> None:
    data = json.loads(json.dumps(source_notebook(TOY)))
    for place, value in zip(places, values, strict=False):
        put(data, place, value)
    handed_in.write_text(json.dumps(data))
    shown(handed_in, export=False, valid=False)


def put(data: Any, place: int, value: Any) -> None:
    """Write a value into one of the places of a nest, counted through."""
    found = []
    waiting = [data]
    while waiting:
        holder = waiting.pop()
        keys = [*holder] if isinstance(holder, dict) else [*range(len(holder))]
        found += [(holder, key) for key in keys]
        waiting += [holder[k] for k in keys if isinstance(holder[k], (dict, list))]
    if found:
        holder, key = found[place % len(found)]
        holder[key] = deepcopy(value)  # the next places may lie in it


# -- frames ---------------------------------------------------------------------------

LEAVES = like(
    kind=WORDS,
    value=st.sampled_from(["0", "1"]) | JSON,
    dtype=st.sampled_from(["float32", "int64", "complex64"]),
    tolerance=st.floats(),
    options=JSON,
    judge=WORDS,
)
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.fixed_dictionaries({"list": st.lists(inner, max_size=3)})
        | st.fixed_dictionaries({"dict": st.dictionaries(WORDS, inner, max_size=3)})
    ),
    max_leaves=8,
)
OBSERVATIONS = like(
    tree=TREES, fault=st.lists(WORDS), seconds=st.floats(), drew=st.booleans()
)
LIES = like(
    exercise=WORDS,
    case=WORDS,
    variant=WORDS,
    observation=OBSERVATIONS,
    missing=st.lists(WORDS),
    status=st.integers(),
    seconds=st.floats(),
    cell=st.integers(),
    error=st.lists(WORDS),
)
TENSORS = {"0": torch.zeros(2, 2), "1": torch.tensor(float("nan"))}


def earns_nothing(assignment: str, data: bytes) -> None:
    result = judged(assignment, data)
    assert {k: v for k, v in result.scores.items() if v} == {}


@EXAMPLES
@given(data=st.binary(max_size=300))
def test_any_bytes_for_frames(data: bytes) -> None:
    earns_nothing(TOY.name, data)


@EXAMPLES
@given(lies=st.lists(LIES | JSON, max_size=4), cut=st.integers(0, 40))
def test_frames_that_lie(lies: list[Any], cut: int) -> None:
    blocks = [to_bytes(lie, TENSORS) for lie in lies]
    data = b"".join(len(b).to_bytes(8, "big") + b for b in blocks)
    earns_nothing(TOY.name, data[: len(data) - cut])
    assert len(list(frames(Outcome({}, "", data)))) <= len(lies)


@EXAMPLES
@given(steps=STEPS)
def test_frames_of_a_wrong_submission_never_turn_right(steps: Any) -> None:
    earns_nothing(
        EVERY_KIND.name, sent(mutated(recorded(EVERY_KIND.name, "wrong"), steps))
    )


@EXAMPLES
@given(steps=STEPS, name=st.sampled_from([TOY.name, EVERY_KIND.name]))
def test_frames_of_a_right_submission_earn_no_more_than_all_points(
    steps: Any, name: str
) -> None:
    graded(name, sent(mutated(recorded(name, "right"), steps)))


@EXAMPLES
@given(lies=st.lists(LIES, min_size=1, max_size=4))
@example(lies=[{"cell": 0, "error": 5}])
def test_frames_of_a_plain_notebook_that_lie(lies: list[Any]) -> None:
    graded_plainly(b"".join(Frame(lie).to_bytes() for lie in lies))


@EXAMPLES
@given(
    place=st.integers(0, 2**24),
    garbage=st.binary(max_size=40),
    length=st.integers(0, 40),
    which=st.sampled_from(["right", "wrong"]),
)
def test_bytes_of_a_submission_that_are_cut_or_written_over(
    place: int, garbage: bytes, length: int, which: str
) -> None:
    whole = sent(recorded(EVERY_KIND.name, which))
    place %= len(whole)
    changed = whole[:place] + garbage + whole[place + length :]
    result = judged(EVERY_KIND.name, changed)
    if which == "wrong":
        assert {k: v for k, v in result.scores.items() if v} == {}


@cache
def scores_of(which: str) -> dict[str, float]:
    return graded(EVERY_KIND.name, sent(recorded(EVERY_KIND.name, which))).scores


def cannot_gain(which: str, steps: Any) -> None:
    own = recorded(EVERY_KIND.name, which)
    full = scores_of(which)
    kept = reordered(own, steps)
    result = judged(EVERY_KIND.name, sent(kept))
    whole = [k for k in full if _frames_of(k, own) == _frames_of(k, kept)]
    for name, score in result.scores.items():
        assert score <= full[name], name
        if name in whole:  # nothing of it is missing, and all in order
            assert score == full[name], name


def _frames_of(check: str, frames: Any) -> list[str]:
    own = check.removeprefix("check-")
    return [json.dumps(f.data) for f in frames if f.data.get("exercise") == own]


@EXAMPLES
@given(steps=STEPS)
def test_frames_left_out_or_reordered_cost_their_own_exercise_only(steps: Any) -> None:
    cannot_gain("right", steps)


@EXAMPLES
@given(steps=STEPS)
@example(steps=[(1, 41, 4)])  # all but the plain run of `sampled`
def test_frames_left_out_or_reordered_earn_nothing(steps: Any) -> None:
    cannot_gain("late", steps)


@EXAMPLES
@given(data=OBSERVATIONS | JSON)
def test_observations(data: Any) -> None:
    refused_or_read(load_observation, data)


@EXAMPLES
@given(data=TREES | JSON)
def test_trees(data: Any) -> None:
    refused_or_read(load_tree, data)


def refused_or_read(read: Any, data: Any) -> None:
    try:
        read(data, TENSORS)
    except TransportError as error:
        said = str(error)
    else:
        said = "read"
    assert said.isprintable()


# -- result files ---------------------------------------------------------------------

RESULTS = like(
    format=st.just(1),
    student=WORDS,
    assignment=WORDS,
    notebook=WORDS,
    key=st.just("k"),
    exercises=st.dictionaries(WORDS, JSON),
    scores=st.dictionaries(WORDS, st.floats() | JSON),
    pages=st.dictionaries(WORDS, WORDS),
    notes=st.dictionaries(WORDS, WORDS),
    flags=st.lists(WORDS),
    seconds=st.floats(),
)


@EXAMPLES
@given(content=(RESULTS | JSON).map(lambda d: json.dumps(d).encode()) | st.binary())
def test_result_files(tmp_path_factory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "result.json"
    path.write_bytes(content)
    found = SubmissionResult.load(path, "k")
    if found is not None:
        assert all(0 <= s < float("inf") for s in found.scores.values())
        assert sum(found.scores.get(k, 0) for k in found.exercises) == 0


@EXAMPLES
@given(
    which=st.sampled_from(["right", "wrong"]),
    places=st.lists(st.integers(0, 2**16), min_size=1, max_size=3),
    values=st.lists(st.sampled_from(HOSTILE) | JSON, min_size=3, max_size=3),
)
@example(which="right", places=[6], values=[{}] * 3)  # no pages
def test_result_files_with_other_values_in_some_places(
    tmp_path_factory, which: str, places: list[int], values: list[Any]
) -> None:
    result = graded(TOY.name, sent(recorded(TOY.name, which)))
    data = vars(result) | {
        "format": 1,
        "exercises": {k: e.to_json() for k, e in result.exercises.items()},
    }
    data = json.loads(json.dumps(data))
    for place, value in zip(places, values, strict=False):
        put(data, place, value)
    path = tmp_path_factory.getbasetemp() / "result.json"
    path.write_text(json.dumps(data))
    stored(path)
