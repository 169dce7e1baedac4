"""For instructors: our grader in Gradescope's container."""

from pathlib import Path
from typing import Annotated

import typer

from .application import app
from .arguments import AssignmentName, Trust
from .exits import Exit

gradescope = typer.Typer(
    no_args_is_help=True, help="Run our grader as a Gradescope autograder."
)
app.add_typer(gradescope, name="gradescope")


@gradescope.command()
def build(
    name: AssignmentName,
    to: Annotated[
        Path | None, typer.Option(help="File; <assignment>-gradescope.zip by default.")
    ] = None,
    trust_students: Trust = False,
) -> None:
    """Write the zip file to upload as the autograder of an assignment.

    Example: autograder gradescope build a03
    """
    from .. import catalogue
    from ..gradescope import package

    assignment = catalogue.find(name)
    path = to or Path(f"{assignment.name}-gradescope.zip")
    package.build(assignment, path, trust_students)
    print(path)


@gradescope.command()
def run(
    folder: Annotated[Path, typer.Option(help="Gradescope's folder.")] = Path(
        "/autograder"
    ),
) -> None:
    """Grade the submission in this container; Gradescope's run_autograder calls it.

    Example: autograder gradescope run
    """
    from ..gradescope import container

    result = container.run(folder)
    raise typer.Exit(Exit.WRONG if result and result.broken else Exit.OK)
