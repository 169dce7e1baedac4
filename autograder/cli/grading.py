"""For instructors: grading a class, and grading it again."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from ..startup import importing
from .application import app
from .arguments import (
    AsJson,
    AssignmentName,
    CoursePath,
    Jobs,
    Students,
    Trust,
    full_name,
    warn,
)
from .exits import Exit

if TYPE_CHECKING:
    from ..grading.run import Graded


@app.command()
def grade(
    name: AssignmentName,
    students: Students = None,
    course: CoursePath = Path(),
    trust_students: Trust = False,
    jobs: Jobs = 0,
    scheduler: Annotated[
        str, typer.Option(help="A Dask scheduler, such as tcp://host:8786.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Grade submissions into result files and the gradebook, and print the class.

    Example: autograder grade a03 --course ~/dl-2026
    """
    from ..gradebook.manifest import PRIVATE
    from ..grading.process import start_ahead

    if (course / PRIVATE).is_dir() and not scheduler:
        start_ahead(trust_students)  # it imports torch while we do
    with importing():
        from ..gradebook.course import Course
        from ..grading.run import grade_class
        from ..report.progress import Progress
        from ..report.table import class_table

    opened = Course.open(course)
    full = full_name(name, opened.root)
    chosen = students or opened.students(full)
    try:
        with Progress(len(chosen)) as progress:
            graded = grade_class(
                opened,
                full,
                chosen,
                trust_students,
                progress.through,
                jobs,
                warn,
                scheduler,
            )
    except KeyboardInterrupt:
        warn("stopped; what is graded is kept: run the command again to go on")
        raise typer.Exit(Exit.STOPPED) from None
    if as_json:
        print(json.dumps({"assignment": full} | graded.to_json(), indent=2))
    else:
        print(class_table(graded.results.values()))
    _end(graded)


def _end(graded: "Graded") -> NoReturn:
    """Say what could not be graded; the exit code says it, too."""
    for problem in graded.problems:
        warn(problem)
    if graded.problems:
        raise typer.Exit(Exit.REFUSED)
    raise typer.Exit(Exit.WRONG if graded.broken else Exit.OK)


@app.command()
def regrade(
    name: AssignmentName,
    students: Students = None,
    course: CoursePath = Path(),
    store: Annotated[
        bool, typer.Option("--apply", help="Store and import the new results.")
    ] = False,
    as_json: AsJson = False,
    trust_students: Trust = False,
    jobs: Jobs = 0,
) -> None:
    """Say whose score a corrected check changes, and why; --apply stores it.

    Example: autograder regrade a03 --course ~/dl-2026
    """
    with importing():
        from ..gradebook.course import Course
        from ..grading.regrade import regrade_class
        from ..report.changes import changes_text
        from ..report.progress import Progress

    opened = Course.open(course)
    full = full_name(name, opened.root)
    chosen = students or opened.students(full)
    try:
        with Progress(len(chosen)) as progress:
            through = progress.through
            regraded = regrade_class(
                opened, full, chosen, store, trust_students, through, jobs, warn
            )
    except KeyboardInterrupt:
        kept = "what is graded is kept: 'autograder grade' goes on"
        warn(f"stopped; {kept if store else 'nothing was stored'}")
        raise typer.Exit(Exit.STOPPED) from None
    if as_json:
        print(json.dumps({"assignment": full} | regraded.to_json(), indent=2))
    else:
        print(changes_text(regraded))
    _end(regraded.graded)
