"""Arguments and options that several commands take, and how they speak."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..startup import importing
from . import completion

if TYPE_CHECKING:
    from ..gradebook.course import Course

Names = Annotated[
    list[str] | None,
    typer.Argument(
        help="Assignments; all of them by default.",
        autocompletion=completion.assignments,
    ),
]
CoursePath = Annotated[
    Path, typer.Option("--course", help="The course directory.", show_default=True)
]
AssignmentName = Annotated[
    str,
    typer.Argument(
        help="Name, or how it begins.", autocompletion=completion.assignments
    ),
]
Students = Annotated[
    list[str] | None,
    typer.Argument(
        help="Students; all by default.", autocompletion=completion.students
    ),
]
Trust = Annotated[bool, typer.Option(help="Run submissions without the jail.")]
Jobs = Annotated[int, typer.Option(help="At a time, at most; one per core if 0.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def warn(line: str) -> None:
    """Say something to a person, beside the output."""
    print(f"autograder: {line}", file=sys.stderr)


def settled(name: str, course: Path) -> "tuple[Course, str]":
    """The course and an assignment's full name, once groups share their grades and
    late penalties follow the points; conflicts are said."""
    with importing():
        from ..gradebook.course import Course
        from ..gradebook.settle import settle_class

    opened = Course.open(course)
    full = full_name(name, opened.root)
    for conflict in settle_class(opened.root, full, warn):
        warn(conflict)
    return opened, full


def full_name(name: str, root: Path) -> str:
    """An assignment of the catalogue, or one that only the course directory has."""
    from .. import catalogue

    if (root / "source" / name).is_dir():
        return name
    return catalogue.find(name).name
