"""For students: a look at one's own notebook before handing it in."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from ..startup import importing
from .application import app
from .arguments import AsJson, warn
from .exits import Exit

CLEAR = "\r\033[K"


@app.command()
def check(
    notebook: Annotated[Path, typer.Argument(help="Your notebook, in its folder.")],
    as_json: AsJson = False,
) -> None:
    """Run your notebook as it will be graded, and say what would be lost.

    Example: autograder check a03_mlp_from_scratch.ipynb
    """
    with importing():
        from ..student.report import report_on

    try:
        report = report_on(notebook, _show)
    except KeyboardInterrupt:
        warn("stopped")
        raise typer.Exit(Exit.STOPPED) from None
    finally:
        _show("")
    print(json.dumps(report.to_json(), indent=2) if as_json else report.to_text())
    raise typer.Exit(Exit.OK if report.passed else Exit.WRONG)


def _show(what: str) -> None:
    """What is run now, on a terminal only."""
    if sys.stderr.isatty():
        line = f"running {what} ..." if what else ""
        print(CLEAR + line, end="", file=sys.stderr, flush=True)
