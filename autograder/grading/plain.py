"""Notebooks that were written for plain nbgrader: test cells with asserts.

All their code cells are executed in order in the same jail; a test cell earns its
points if it raises nothing. Tests run beside the student's code here, as they do in
nbgrader, so these scores are only as good as the asserts.
"""

import time
from typing import TYPE_CHECKING, Any

from ..jail.job import Cell, Job
from .jailer import Jailer, frames
from .notebooks import canonical, grade_id
from .results import SubmissionResult, key_of

if TYPE_CHECKING:
    from ..gradebook.course import Course


def grade_plain(
    course: "Course", assignment: str, student: str, notebook: Any, trust: bool = False
) -> SubmissionResult:
    """Execute a sanitized notebook and score its test cells."""
    cells = [
        Cell(c["source"], grade_id(c))
        for c in notebook["cells"]
        if c["cell_type"] == "code"
    ]
    key = key_of(canonical(cells), "plain", str(trust))
    stored = SubmissionResult.load(course.results, assignment, student, key)
    if stored:
        return stored
    start = time.perf_counter()
    with Jailer() as jailer:
        outcome = jailer.run(Job(assignment, "", cells, trusted=trust), {})
    errors: dict[int, str] = dict(outcome.bad_cells)
    finished = set()
    for data, _ in frames(outcome):
        index = data.get("cell")
        if isinstance(index, int) and 0 <= index < len(cells):
            finished.add(index)
            if data.get("error"):
                errors[index] = ": ".join(map(str, data["error"][:2]))
    result = SubmissionResult(student, assignment, key)
    points = _points(notebook)
    for index, cell in enumerate(cells):
        if cell.grade_id in points:
            right = index in finished and index not in errors
            result.scores[cell.grade_id] = points[cell.grade_id] if right else 0.0
            result.notes[cell.grade_id] = (
                "passed" if right else errors.get(index, "not run")
            )
    result.seconds = time.perf_counter() - start
    result.save(course.results)
    return result


def _points(notebook: Any) -> dict[str, float]:
    """Points of the test cells, which nbgrader has restored from the source."""
    found = {}
    for cell in notebook["cells"]:
        own = cell["metadata"].get("nbgrader", {})
        if own.get("grade") and not own.get("solution") and cell["cell_type"] == "code":
            found[own["grade_id"]] = float(own["points"])
    return found
