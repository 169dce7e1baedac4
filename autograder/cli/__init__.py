"""The command line.

A module per audience adds its commands to `application.app`; exit codes are in `exits`.
Nothing heavy is imported before a command needs it.
"""

import sys
from types import ModuleType
from typing import cast

from ..errors import AutograderError
from . import authors, gradescope, grading, instructors, machine, reports, students
from .application import app
from .arguments import warn
from .exits import Exit

__all__ = ["Exit", "app", "main"]
# Importing them adds their commands.
COMMANDS = (
    students,
    instructors,
    grading,
    reports,
    gradescope,
    authors,
    machine,
)
INSTRUCTORS = {"jupytext", "nbformat", "nbgrader"}  # not in a student's package


def main() -> None:
    """Run the command line; a user's error is one line."""
    # An optional part of jsonschema, for internationalised addresses: imports for 1 s.
    sys.modules.setdefault("rfc3987_syntax", cast(ModuleType, None))
    try:
        app()
    except AutograderError as error:
        warn(str(error))
    except ModuleNotFoundError as error:
        if error.name not in INSTRUCTORS:
            raise
        warn(
            f"{error.name} is not installed, this is a student's package; "
            "run the command in the .venv of the course's repository."
        )
    sys.exit(Exit.REFUSED)
