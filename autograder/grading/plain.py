"""Notebooks that were written for plain nbgrader: test cells with asserts.

All their code cells are executed in order in the same jail; a test cell earns its
points if it raises nothing, or as many as the number on its last line says. Tests run
beside the student's code here, as they do in nbgrader, so these scores are only as good
as the asserts.
"""

import math
import time
from pathlib import Path
from typing import Any

from ..cells import canonical, grade_id, is_check
from ..jail.job import Cell, Job
from ..transport import legible
from .jailer import frames, shared_jailer
from .results import SubmissionResult, Who, key_of

USUAL = ["import numpy", "import matplotlib.pyplot", "import torch"]  # in notebooks


def grade_plain(
    folder: Path, who: Who, notebook: Any, trust: bool = False
) -> SubmissionResult:
    """Execute a sanitized notebook and score its test cells.

    Args:
        folder: where result files lie.
        who: whose notebook it is.
        notebook: as nbgrader sanitized it, test cells restored.
        trust: run without the lock.
    """
    cells = [
        Cell(c["source"], grade_id(c))
        for c in notebook["cells"]
        if c["cell_type"] == "code"
    ]
    key = key_of(canonical(cells), "plain", str(trust))
    if stored := SubmissionResult.load(who.path(folder), key):
        return stored
    start = time.perf_counter()
    job = Job(who.assignment, "", cells, imports=USUAL, trusted=trust)
    outcome = shared_jailer().run(job)
    errors: dict[int, str] = dict(outcome.bad_cells)
    finished: dict[int, str] = {}  # cell: the number on its last line, or ""
    for data, _ in frames(outcome):
        index = data.get("cell")
        if isinstance(index, int) and 0 <= index < len(cells):
            finished.setdefault(index, str(data.get("value")))
            if data.get("error"):
                what = data["error"]
                said = map(str, what[:2] if isinstance(what, list) else ["error"])
                errors[index] = legible(": ".join(said)[:600])
    result = SubmissionResult(who.student, who.assignment, who.notebook, key)
    points = _points(notebook)
    for index, cell in enumerate(cells):
        name = cell.grade_id
        if name in points:
            right = index in finished and index not in errors
            result.scores[name] = points[name] if right else 0.0
            result.notes[name] = "passed" if right else errors.get(index, "not run")
            if right and finished[index]:
                _take_partial(result, name, finished[index], points[name])
    result.seconds = time.perf_counter() - start
    result.save(folder)
    return result


def _take_partial(
    result: SubmissionResult, name: str, figure: str, points: float
) -> None:
    """nbgrader's partial credit: a number from 0 to the cell's points."""
    try:
        value = float(figure)
    except ValueError:
        value = math.nan
    sound = 0 <= value <= points  # not so for nan
    result.scores[name] = value if sound else 0.0
    result.notes[name] = f"{result.scores[name]:g} of {points:g}"
    if not sound:
        result.flag(f"{name} gave {figure[:40]}, not 0 to {points:g}: 0 points")


def _points(notebook: Any) -> dict[str, float]:
    """Points of the test cells, which nbgrader has restored from the source."""
    found = {}
    for cell in notebook["cells"]:
        if is_check(cell) and cell["cell_type"] == "code":
            found[grade_id(cell)] = float(cell["metadata"]["nbgrader"]["points"])
    return found
