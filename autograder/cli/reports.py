"""For instructors: the class report and exports."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..startup import importing
from .application import app
from .arguments import (
    AsJson,
    AssignmentName,
    CoursePath,
    Names,
    full_name,
    settled,
    warn,
)

WithoutLikeness = Annotated[
    bool,
    typer.Option(
        "--without-likeness", help="Do not look for submissions that are alike."
    ),
]


@app.command()
def report(
    name: AssignmentName,
    course: CoursePath = Path(),
    to: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False, help="File; reports/<assignment>.html by default."
        ),
    ] = None,
    without_likeness: WithoutLikeness = False,
    as_json: AsJson = False,
) -> None:
    """Write the class report: scores, exercises, mistakes, what to look at.

    Example: autograder report a03 --course ~/dl-2026
    """
    with importing():
        from ..classreport.facts import gather
        from ..classreport.page import page_path, to_page
        from ..files import write_atomically

    opened, full = settled(name, course)
    found = gather(opened, full, not without_likeness)
    if as_json:
        print(json.dumps(found.to_json(), indent=2))
        return
    path = to or page_path(opened.root, full)
    write_atomically(path, to_page(found).encode())
    print(path)


class Format(StrEnum):
    """What to export; `exports.FORMATS` has a plugin for each."""

    PLAIN = "plain"
    CANVAS = "canvas"
    MOODLE = "moodle"
    GRADESCOPE = "gradescope"


@app.command()
def export(
    form: Annotated[Format, typer.Argument(metavar="FORMAT", help=", ".join(Format))],
    names: Names = None,
    course: CoursePath = Path(),
    to: Annotated[
        Path | None, typer.Option(help="File, or folder for gradescope.")
    ] = None,
) -> None:
    """Write grades for another system, as 'nbgrader export' does.

    Example: autograder export canvas a03 --course ~/dl-2026
    """
    with importing():
        from ..gradebook import api
        from ..gradebook.alone import alone
        from ..gradebook.course import Course
        from ..gradebook.exports import FORMATS

    opened = Course.open(course)
    plugin = FORMATS[form]
    path = (to or opened.root / plugin.default).resolve()
    full = [full_name(name, opened.root) for name in names or ()]
    with alone(opened.root, warn):
        api.export(opened.root, plugin, path, full)
    print(path)
