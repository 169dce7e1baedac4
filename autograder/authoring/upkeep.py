"""Checks of an assignment's files: what the text lacks or has too much of."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from ..catalogue import Assignment
from ..exercise import Exercise
from .percent import read_cells
from .written import read_written

WIDTH = 79  # students read these files in notebook cells
ALLOWED = {
    "notebook.py",
    "checks.py",
    "reference.py",
    "misconceptions.py",
    "alternatives.py",
    "written.md",
    "challenge.py",
}


def stray_files(assignment: Assignment) -> Iterator[str]:
    """Files that belong to no assignment."""
    for path in assignment.files():
        if path.name not in ALLOWED:
            yield f"{path} is a stray file; remove it (generated files go to build/)."


def long_lines(assignment: Assignment) -> Iterator[str]:
    """Lines that a notebook cell would wrap."""
    for path in (
        assignment.folder / "notebook.py",
        assignment.solutions / "reference.py",
    ):
        yield from _too_long(path)


def _too_long(path: Path) -> Iterator[str]:
    if not path.exists():
        return
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if len(line) > WIDTH:
            yield (
                f"{path}, line {number} has {len(line)} columns; students read it in "
                f"a cell, break it at {WIDTH}."
            )


def placeholders(assignment: Assignment) -> Iterator[str]:
    """Exercises and questions that text and checks do not share."""
    path = assignment.folder / "notebook.py"
    cells = read_cells(path)
    for kind, known in (
        ("exercise", list(assignment.checks.exercises)),
        ("written", list(assignment.checks.written)),
    ):
        placed = [c.name for c in cells if c.kind == kind]
        if placed != known:
            yield (
                f"{path} has the {kind} placeholders {placed}, checks.py defines "
                f"{known}; both must list the same names in the same order."
            )
    if not any(c.kind == "setup" for c in cells):
        yield f"{path} has no cell tagged setup; tag the cell with the imports."


def model_answers(assignment: Assignment) -> Iterator[str]:
    """Written questions without an answer, and answers without a question."""
    path = assignment.solutions / "written.md"
    answers = read_written(path)
    for name in assignment.checks.written:
        if name not in answers:
            yield f"{path} has no answer to {name!r}; add a '# {name}' section."
    for name in answers:
        if name not in assignment.checks.written:
            yield f"{path} answers {name!r}, which checks.py does not ask; remove it."


def exported(assignment: Assignment) -> Iterator[str]:
    """Answers that students could import from the course's library."""
    for exercise in assignment.checks.exercises.values():
        for name in exercise.functions:
            if name in _exports():
                yield (
                    f"{assignment.solutions / 'reference.py'}: {_exports()[name]} "
                    f"exports {name}, which is the answer to {exercise.name}; rename "
                    "one of them."
                )


@cache
def _exports() -> dict[str, str]:
    """Public names of the course's library, with the package that exports each."""
    try:
        course = importlib.import_module("course")
    except ModuleNotFoundError:
        return {}
    found = dict.fromkeys(course.__all__, "course")
    for info in pkgutil.walk_packages(course.__path__, "course."):
        if info.ispkg:
            package = importlib.import_module(info.name)
            found |= dict.fromkeys(getattr(package, "__all__", ()), info.name)
    return found


def counts(assignment: Assignment, exercise: Exercise) -> Iterator[str]:
    """What an exercise has too few of."""
    path = assignment.solutions / "misconceptions.py"
    found = assignment.misconceptions(exercise)
    if len(found) < 3:
        yield f"{path}: {exercise.name} has {len(found)} misconceptions; add to 3."
    for wrong in found:
        if not wrong.hint:
            yield f"{path}: {exercise.name}__{wrong.slug} has no docstring to help."
    path = assignment.solutions / "alternatives.py"
    slugs = assignment.alternatives(exercise)
    oracles = [s for s in slugs if s.startswith("oracle")]
    if not oracles:
        yield f"{path}: {exercise.name} has no oracle; add {exercise.name}__oracle_..."
    if len(oracles) == len(slugs):
        yield f"{path}: {exercise.name} has no alternative beside its oracle; add one."
    if exercise.points <= 0 or not exercise.cases:
        path = assignment.folder / "checks.py"
        yield f"{path}: {exercise.name} needs points and at least one case."
    path = assignment.solutions / "reference.py"
    for name, function in assignment.reference(exercise).items():
        if not inspect.getdoc(function):
            yield f"{path}: {name} has no docstring; it is the specification."
