"""Grades as CSV, through nbgrader's own `nbgrader export`."""

import csv
from collections.abc import Iterator
from typing import Any

from nbgrader.api import MissingEntry
from nbgrader.plugins import ExportPlugin

FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # how a spreadsheet tells a formula
COLUMNS = (
    "assignment",
    "duedate",
    "timestamp",
    "student_id",
    "last_name",
    "first_name",
    "email",
    "raw_score",
    "late_submission_penalty",
    "score",
    "max_score",
)


class PlainCsv(ExportPlugin):
    """The columns of nbgrader's exporter; quoted, and with no cell that computes."""

    def export(self, gradebook: Any) -> None:
        """Write grades.csv, or the file that `--to` names."""
        with open(self.to or "grades.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for row in self._rows(gradebook):
                writer.writerow(map(neutral_cell, row))

    def _rows(self, gradebook: Any) -> Iterator[list[Any]]:
        for assignment in gradebook.assignments:
            if self.assignment and assignment.name not in map(str, self.assignment):
                continue
            for student in gradebook.students:
                if not self.student or student.id in map(str, self.student):
                    yield _row(gradebook, assignment, student)


def _row(gradebook: Any, assignment: Any, student: Any) -> list[Any]:
    try:
        submission = gradebook.find_submission(assignment.name, student.id)
    except MissingEntry:  # nothing handed in
        handed_in, raw, penalty = "", 0.0, 0.0
    else:
        handed_in, raw = submission.timestamp, submission.score
        penalty = submission.late_submission_penalty
    return [
        assignment.name,
        assignment.duedate,
        handed_in,
        student.id,
        student.last_name,
        student.first_name,
        student.email,
        raw,
        penalty,
        max(0.0, raw - penalty),
        assignment.max_score,
    ]


def neutral_cell(value: Any) -> Any:
    """A cell that a spreadsheet shows and does not compute."""
    if isinstance(value, str) and value.lstrip(" ").startswith(FORMULA):
        return "'" + value
    return "" if value is None else value
