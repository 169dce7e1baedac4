"""For instructors: a course directory, release and feedback."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ..startup import importing
from . import completion
from .application import app
from .arguments import AsJson, AssignmentName, CoursePath, settled


@app.command()
def init(folder: Path) -> None:
    """Make a course directory: nbgrader's configuration, a gradebook, a secret seed.

    Example: autograder init ~/dl-2026
    """
    from ..gradebook.course import Course

    course = Course.init(folder)
    print(f"{course.root} is ready; next: autograder release NAME --course {folder}")


@app.command()
def release(
    names: Annotated[
        list[str],
        typer.Argument(
            help="Assignments to release.", autocompletion=completion.assignments
        ),
    ],
    course: CoursePath = Path(),
    overwrite: Annotated[
        bool, typer.Option(help="Overwrite files that were changed by hand.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Build assignments and their students' versions.

    Example: autograder release a01 a03 --course ~/dl-2026
    """
    from .. import catalogue
    from ..gradebook.course import Course

    opened = Course.open(course)
    released = {}
    for assignment in [catalogue.find(n) for n in names]:
        folder = opened.release(assignment, overwrite)
        released[assignment.name] = str(folder)
        if not as_json:
            print(f"{folder} is what students get")
    if as_json:
        print(json.dumps(released, indent=2))


@app.command()
def feedback(
    name: AssignmentName, course: CoursePath = Path(), as_json: AsJson = False
) -> None:
    """Write every student's feedback pages.

    Example: autograder feedback a03 --course ~/dl-2026
    """
    with importing():
        from ..gradebook import api

    opened, full = settled(name, course)
    api.generate_feedback(opened.root, full)
    pages = sorted((opened.root / "feedback").glob(f"*/{full}/*.html"))
    if as_json:
        print(json.dumps({"assignment": full, "pages": [*map(str, pages)]}, indent=2))
    else:
        print(*pages, sep="\n")
