"""What runs in Gradescope's container for each submission."""

import json
from pathlib import Path
from typing import Any

from .. import catalogue
from ..errors import NotebookError
from ..files import write_atomically
from ..grading.grade import Grader
from ..grading.notebooks import read_notebook
from ..grading.results import SubmissionResult, key_of
from .output import refused, to_results
from .package import SETTINGS


def run(root: Path) -> SubmissionResult | None:
    """Grade the submission in `root` and write its results.json; None if unreadable.

    Every submission is asked on inputs of its own: a student, who may hand in as often
    as he likes, learns from a report only what was expected then.

    Args:
        root: Gradescope's /autograder: source, submission, results.
    """
    settings = json.loads((root / "source" / SETTINGS).read_text(encoding="utf-8"))
    assignment = catalogue.find(settings["assignment"])
    seed = key_of(settings["seed"], _submission_id(root))[:16]
    grader = Grader(assignment, seed, bool(settings["trust_students"]))
    result = None
    try:
        notebook = read_notebook(_notebook(root / "submission", assignment.name))
        result = grader.grade("student", grader.cells(notebook))
        data: dict[str, Any] = to_results(result)
    except NotebookError as error:
        data = refused(str(error))
    path = root / "results" / "results.json"
    write_atomically(path, json.dumps(data, indent=2).encode())
    return result


def _submission_id(root: Path) -> str:
    path = root / "submission_metadata.json"
    if not path.is_file():
        return ""
    return str(json.loads(path.read_text(encoding="utf-8")).get("id", ""))


def _notebook(folder: Path, name: str) -> Path:
    """The notebook of that name, or the only one."""
    found = sorted(folder.glob("*.ipynb"))
    named = [path for path in found if path.stem == name]
    if len(named or found) != 1:
        there = ", ".join(path.name for path in found) or "none"
        raise NotebookError(
            f"one notebook is expected, {name}.ipynb; there is: {there}. Hand in that "
            "one file."
        )
    return (named or found)[0]
