"""Arbitrary notebooks, frames and result files: no crash, no hang, no points.

FUZZ_EXAMPLES=10000 runs more of them than the test suite does.
"""

import contextlib
import json
import os
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.authoring.notebook import packs_for, source_notebook
from autograder.catalogue import Assignment
from autograder.decide import judge_exercise
from autograder.errors import NotebookError
from autograder.grading.grade import _Shown
from autograder.grading.jailer import frames
from autograder.grading.notebooks import canonical, cells_to_run, read_notebook
from autograder.grading.results import SubmissionResult
from autograder.jail.job import Cell, Outcome
from autograder.transport import (
    TransportError,
    load_observation,
    load_tree,
    to_bytes,
)

CATALOGUE = Path(__file__).resolve().parent.parent / "catalogue"
TOY = Assignment("t01_toy", CATALOGUE)
EXAMPLES = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "60")),
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)

NAMES = (
    "softmax center double numbers columns plain again x check-double code markdown "
    "raw tensor number text nan"
)
WORDS = st.sampled_from(["", *NAMES.split()])
# The second and third are known of transport.py, whose caller takes any exception.
REFUSALS = (TransportError, TypeError, OverflowError)
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


@pytest.fixture(scope="module")
def packs():
    return packs_for(TOY, "fuzz")


@pytest.fixture(scope="module")
def released():
    return source_notebook(TOY)


@EXAMPLES
@given(content=NOTEBOOKS | JSON)
def test_notebooks(tmp_path_factory, released, content) -> None:
    path = tmp_path_factory.getbasetemp() / "zoe" / "t01_toy" / "t01_toy.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    _run_cells(path, released)


@EXAMPLES
@given(content=st.binary(max_size=200))
def test_notebooks_of_any_bytes(tmp_path_factory, released, content) -> None:
    path = tmp_path_factory.getbasetemp() / "zoe" / "t01_toy" / "t01_toy.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    _run_cells(path, released)


def _run_cells(path: Path, released) -> None:
    try:
        notebook = read_notebook(path)
    except NotebookError:
        return
    cells = cells_to_run(notebook, released)
    assert all(isinstance(cell.source, str) for cell in cells)
    assert canonical(cells)


def _judged_to_nothing(data: bytes, packs) -> None:
    outcome = Outcome({}, "", data)
    shown = _Shown.of(outcome, [Cell("x", "double"), Cell("y")])
    for name, exercise in TOY.checks.exercises.items():
        result = judge_exercise(exercise, packs[name], shown.seen.get(name, {}))
        assert result.score == 0


@EXAMPLES
@given(data=st.binary(max_size=300))
def test_any_bytes_for_frames(packs, data) -> None:
    _judged_to_nothing(data, packs)


@EXAMPLES
@given(lies=st.lists(LIES | JSON, max_size=4), cut=st.integers(0, 40))
def test_frames_that_lie(packs, lies, cut) -> None:
    blocks = [to_bytes(lie, TENSORS) for lie in lies]
    data = b"".join(len(b).to_bytes(8, "big") + b for b in blocks)
    _judged_to_nothing(data[: len(data) - cut], packs)
    assert len(list(frames(Outcome({}, "", data)))) <= len(lies)


@EXAMPLES
@given(data=OBSERVATIONS | JSON)
def test_observations(data) -> None:
    with contextlib.suppress(*REFUSALS):
        load_observation(data, TENSORS)


@EXAMPLES
@given(data=TREES | JSON)
def test_trees(data) -> None:
    with contextlib.suppress(*REFUSALS):
        load_tree(data, TENSORS)


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
def test_result_files(tmp_path_factory, content) -> None:
    path = tmp_path_factory.getbasetemp() / "result.json"
    path.write_bytes(content)
    found = SubmissionResult.load(path, "k")
    if found is not None:
        assert all(0 <= s < float("inf") for s in found.scores.values())
        assert sum(found.scores.get(k, 0) for k in found.exercises) == 0
