"""The ways that hostile bytes take through our code, with all that must hold there."""

import contextlib
import gc
import json
import resource
import signal
import tempfile
import warnings
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook

from autograder.authoring.notebook import check_id, source_notebook
from autograder.cells import canonical, cells_to_run
from autograder.errors import NotebookError
from autograder.gradebook import preprocessors
from autograder.grading import plain
from autograder.grading.notebooks import read_notebook
from autograder.grading.results import SubmissionResult, Who, load_all
from autograder.jail.job import Outcome
from autograder.report import to_html, to_text
from autograder.verdicts import ExerciseResult

from .submissions import CELLS, TOY, Replay, grader

SECONDS = 3.0  # of one processor, for one input: it may be read three times
MEGABYTES = 600  # that one input may add to what this process needs
OURS = {
    *("section", "div", "strong", "span", "p", "ul", "li", "dl", "dt", "dd", "em"),
    *("figure", "img", "figcaption", "br", "pre", "u", "b"),
    *("svg", "title", "path", "circle"),
}
ATTRIBUTES = {
    *("style", "aria-label", "aria-hidden", "role", "alt", "src", "width", "height"),
    *("viewbox", "d", "fill", "cx", "cy", "r", "stroke", "stroke-width"),
    *("stroke-opacity", "stroke-dasharray"),
}


class TooSlow(BaseException):
    """Not an Exception: nothing on the way may take it for its own."""


@contextlib.contextmanager
def limited() -> Iterator[None]:
    """Fails if what is inside takes too long or too much memory."""

    def stop(*_: object) -> None:
        raise TooSlow

    gc.disable()  # what the tests themselves left behind is not to be counted
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    old = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    except TooSlow:
        raise AssertionError(f"takes more than {SECONDS} seconds") from None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, old)
        gc.enable()
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after - before < MEGABYTES * 1024, f"takes {(after - before) // 1024} MB"


class Page(HTMLParser):
    """What of a page is not ours, and what of it could run."""

    def __init__(self) -> None:
        super().__init__()
        self.foreign: list[str] = []
        self.active: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in OURS:
            self.foreign.append(tag)
        if tag in {"script", "iframe", "form", "object", "embed", "style"}:
            self.active.append(tag)
        for name, value in attrs:
            scheme = "".join((value or "").lower().split())
            if name not in ATTRIBUTES:
                self.foreign.append(f"{tag} {name}")
            if name == "src" and not scheme.startswith("data:image/png;base64,"):
                self.foreign.append(f"{tag} {name}={value}")
            if name.startswith("on") or scheme.startswith(
                ("javascript:", "vbscript:", "data:text")
            ):
                self.active.append(f"{tag} {name}={value}")


def read_page(page: str) -> Page:
    found = Page()
    found.feed(page)
    found.close()
    return found


def judged(assignment: str, data: bytes) -> SubmissionResult:
    """Frames -> verdicts -> result, with its text, page and JSON."""
    own = grader(assignment)
    own.packs  # noqa: B018 (the time is not the child's)
    own.jailer.outcome = Outcome({}, "", data)  # type: ignore[attr-defined]
    with limited():
        result = own.grade("zoe", CELLS)
        assert not result.broken, [e.flags for e in result.exercises.values()]
        for exercise in result.exercises.values():
            _sound(exercise, result)
    return result


def graded(assignment: str, data: bytes) -> SubmissionResult:
    """Frames -> verdicts -> result -> file -> the same again, also merged."""
    result = judged(assignment, data)
    with limited(), tempfile.TemporaryDirectory() as folder:
        result.save(Path(folder))
        who = Who(result.student, result.assignment, result.notebook)
        stored = SubmissionResult.load(who.path(Path(folder)), result.key)
        assert stored is not None
        assert stored.scores == result.scores
        assert stored.pages == result.pages
        assert in_terminal(stored) == in_terminal(result)
        _merged(Path(folder), result)
    return result


def _sound(exercise: ExerciseResult, result: SubmissionResult) -> None:
    name = check_id(exercise.name)
    assert 0 <= result.scores[name] == exercise.score <= exercise.points
    page, text = result.pages[name], to_text(exercise)
    assert read_page(page).foreign == []
    assert max(len(page), len(text)) < 500_000
    assert page.encode()
    assert text.encode()
    json.dumps(exercise.to_json(), allow_nan=False)


def _merged(folder: Path, result: SubmissionResult) -> None:
    other = SubmissionResult(result.student, result.assignment, "zz", "k")
    other.scores, other.notes = {"extra": 1.0}, {"extra": "passed"}
    other.save(folder)
    both = load_all(folder, result.assignment, result.student)
    assert both is not None
    assert sum(both.scores.values()) == sum(result.scores.values()) + 1


def graded_plainly(data: bytes) -> SubmissionResult:
    """The same frames as an answer to a notebook with asserts."""
    replay = Replay()
    replay.outcome = Outcome({}, "", data)
    tests = [
        new_code_cell(
            f"assert x == {i}",
            metadata={"nbgrader": {"grade_id": f"t{i}", "grade": True, "points": 2}},
        )
        for i in range(3)
    ]
    notebook = new_notebook(cells=[new_code_cell("x = 0"), *tests])
    with (
        limited(),
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryDirectory() as folder,
    ):
        patch.setattr(plain, "shared_jailer", lambda: replay)
        who = Who("zoe", "plain", "plain")
        result = plain.grade_plain(Path(folder), who, notebook)
        assert all(0 <= score <= 2 for score in result.scores.values())
        for note in result.notes.values():
            assert note.encode()
            assert len(note) < 100_000
    return result


def in_terminal(result: SubmissionResult) -> str:
    """All that a terminal shows of a result."""
    return "\n".join(to_text(exercise) for exercise in result.exercises.values())


@cache
def released() -> Any:
    return source_notebook(TOY)


class KnownCells:
    """In place of nbgrader's gradebook: knows the released cells."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __enter__(self) -> "KnownCells":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def find_notebook(self, name: str, assignment: str) -> Any:
        own = [c for c in released().cells if "nbgrader" in c.metadata]
        cells = [_known(cell) for cell in own]
        return SimpleNamespace(
            source_cells=cells,
            grade_cells=[c for c in cells if c.grade],
            solution_cells=[c for c in cells if c.solution],
            task_cells=[],
        )


def _known(cell: Any) -> Any:
    own = cell.metadata.nbgrader
    return SimpleNamespace(
        name=own.grade_id,
        cell_type=cell.cell_type,
        source=cell.source,
        locked=own.locked,
        checksum="0" * 32,
        grade=own.grade,
        solution=own.solution,
        max_score=own.get("points", 0),
    )


@cache
def exporter() -> HTMLExporter:
    """Made and used once: its first page takes the time of its imports."""
    made = HTMLExporter(template_name="basic")
    made.from_notebook_node(released())
    return made


def shown(path: Path, export: bool = True, valid: bool = True) -> Any:
    """Notebook -> cells to run; and -> neutral -> valid -> file -> page.

    Args:
        path: where it was handed in.
        export: whether to make a page of it.
        valid: whether what is restored has to be valid.

    Returns:
        The notebook as restored; None if it was refused.
    """
    exporter()
    with limited(), pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        if not valid:
            warnings.simplefilter("ignore")
        try:
            notebook = read_notebook(path)
        except NotebookError as error:
            refused = str(error)
        else:
            refused = ""
        if refused:
            assert refused.isprintable()
            return None
        cells = cells_to_run(notebook, released())
        assert all(isinstance(cell.source, str) for cell in cells)
        assert canonical(cells)
        patch.setattr(preprocessors, "Gradebook", KnownCells)
        names = {"db_url": "", "assignment": TOY.name, "notebook": TOY.name}
        step = preprocessors.RestoreCells()
        notebook, _ = step.preprocess(notebook, {"nbgrader": names})
        if valid:
            nbformat.validate(notebook)
        assert nbformat.writes(notebook).encode()
        if export:
            page, _ = exporter().from_notebook_node(notebook)
            assert read_page(page).active == []
            assert page.encode()
    return notebook


def stored(path: Path) -> SubmissionResult | None:
    """A result file -> what is shown and imported of it; None if it is refused."""
    with limited():
        result = SubmissionResult.load(path)
        if result is None:
            return None
        for name, exercise in result.exercises.items():
            assert 0 <= result.scores[name] <= exercise.points
            assert to_html(exercise).encode()
            assert to_text(exercise).encode()
            assert isinstance(result.pages[name], str)
        for name in result.scores.keys() - result.exercises.keys():
            assert isinstance(result.notes[name], str)
        with tempfile.TemporaryDirectory() as folder:
            result.save(Path(folder))
    return result
