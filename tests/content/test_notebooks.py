"""The built notebooks, answers included, run from top to bottom.

Long experiments run at their smallest, unless COURSE_FULL is set.
"""

import os
from pathlib import Path

import nbclient
import nbformat
import pytest

from autograder import catalogue
from autograder.authoring.notebook import build, check_id
from autograder.cells import grade_id

# Two of our dependencies warn about their own use of Jupyter's older interfaces.
pytestmark = [pytest.mark.notebooks, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(params=catalogue.names())
def executed(request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The instructor's notebook after "Run all", on embedded data."""
    monkeypatch.delenv("COURSE_DATA", raising=False)
    monkeypatch.setitem(os.environ, "OMP_NUM_THREADS", "1")
    if not os.environ.get("COURSE_FULL"):
        monkeypatch.setenv("COURSE_SMALLEST", "1")
    assignment = catalogue.find(request.param)
    path = build(assignment, tmp_path)[0]
    notebook = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    )
    return assignment, client.execute()


def test_it_runs_through_and_every_check_passes(executed) -> None:
    assignment, notebook = executed
    reports = {
        grade_id(cell): cell.outputs[0].data["text/plain"].splitlines()[0]
        for cell in notebook.cells
        if cell.source.startswith("check(")
    }
    assert list(reports) == [check_id(e) for e in assignment.checks.exercises]
    assert {k: v for k, v in reports.items() if "✓ PASSED" not in v} == {}
