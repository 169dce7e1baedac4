"""Before grades are read: late penalties on the score as it is now, then groups."""

from collections.abc import Callable
from pathlib import Path

from nbgrader.api import Gradebook
from traitlets.config import Config

from . import api
from .alone import alone
from .groups import decide, share
from .late import settle_late


def settle(
    root: Path, gradebook: Gradebook, config: Config, assignment: str, student: str = ""
) -> list[str]:
    """Bring an assignment's grades up to date; what is returned a person must decide.

    Args:
        root: the course directory.
        gradebook: opened.
        config: nbgrader's, with the instructor's late policy.
        assignment: its name.
        student: the only one whose grade is read; all by default.
    """
    giver = decide(root, assignment).givers.get(student, student)
    settle_late(gradebook, config, assignment, giver)
    return share(root, gradebook, assignment, student)


def settle_class(
    root: Path, assignment: str, warn: Callable[[str], None] = lambda line: None
) -> list[str]:
    """The same for a class; `warn` is told if it has to wait for a grader."""
    with alone(root, warn):
        return settle_graded(root, assignment)


def settle_graded(root: Path, assignment: str) -> list[str]:
    """The same while the course directory is held already."""
    with api.gradebook(root) as gradebook:
        return settle(root, gradebook, api.api(root).config, assignment)
