"""Notebooks as students would hand them in, made from the catalogue.

For the demonstration and the tests: right answers, known mistakes, and things that no
answer should do.
"""

import inspect
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat

from ..catalogue import Assignment
from ..cells import grade_id
from ..exercise import Exercise
from .stub import answer_source


def reference_answer(assignment: Assignment, exercise: Exercise) -> str:
    """The reference's source, without markers."""
    return answer_source(assignment.solutions / "reference.py", exercise.functions)


def misconception_answer(assignment: Assignment, exercise: Exercise, slug: str) -> str:
    """Source of a known wrong answer; what it does not define is the reference's."""
    return _named_answer(assignment, exercise, assignment.misconceptions_module, slug)


def alternative_answer(assignment: Assignment, exercise: Exercise, slug: str) -> str:
    """Source of another right answer."""
    return _named_answer(assignment, exercise, assignment.alternatives_module, slug)


def _named_answer(
    assignment: Assignment, exercise: Exercise, module: ModuleType, slug: str
) -> str:
    parts = []
    reference = assignment.solutions / "reference.py"
    for name in exercise.functions:
        function = getattr(module, f"{name}__{slug}", None)
        if function is None and f"{name}__{slug}" in assignment.edited:
            parts.append(assignment.edited[f"{name}__{slug}"].source)
        elif function is None:
            parts.append(answer_source(reference, (name,)))
        else:
            own = inspect.getsource(function).replace(f"{name}__{slug}", name)
            parts += [*_needed(function, module), own]
    return "\n\n".join(parts)


def _needed(function: Any, module: ModuleType) -> list[str]:
    """Sources of the module's own functions that a function calls."""
    found: dict[str, str] = {}
    waiting = [function]
    while waiting:
        code = getattr(waiting.pop(), "__code__", None)
        for name in code.co_names if code else ():
            value = getattr(module, name, None)
            own = getattr(value, "__module__", "") == module.__name__
            if own and inspect.isfunction(value) and name not in found:
                found[name] = inspect.getsource(value)
                waiting.append(value)
    return list(found.values())[::-1]


def fill(released: Path, answers: Mapping[str, str]) -> Any:
    """The released notebook with answers typed into its solution cells."""
    notebook = nbformat.read(released, as_version=4)
    for cell in notebook.cells:
        if grade_id(cell) in answers:
            cell.source = answers[grade_id(cell)]
    return notebook


def hand_in(course: Path, student: str, assignment: str, notebook: Any) -> Path:
    """Put a notebook where nbgrader's collect would put it."""
    path = course / "submitted" / student / assignment / f"{assignment}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path
