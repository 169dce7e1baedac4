"""This machine: what it provides for grading, and the whole loop tried on it."""

import json
from pathlib import Path
from typing import Annotated

import typer

from .application import app
from .arguments import AsJson
from .exits import Exit


@app.command()
def demo(
    folder: Annotated[
        Path | None, typer.Argument(help="Where; build/demo by default.")
    ] = None,
) -> None:
    """Run the whole loop on a small class, from release to feedback.

    Example: autograder demo
    """
    from ..demo import run_demo

    run_demo(folder)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Say what this machine provides for grading, by trying it.

    Example: autograder doctor --json
    """
    from .. import doctor as look

    findings = list(look.examine())
    if as_json:
        print(json.dumps(look.as_json(findings), indent=2))
    else:
        print(look.as_text(findings))
    raise typer.Exit(Exit.OK if look.can_grade(findings) else Exit.WRONG)
