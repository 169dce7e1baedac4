"""What the gradebook holds of an assignment, in two queries for the whole class."""

from dataclasses import dataclass, field
from typing import Any

from nbgrader.api import Assignment as Row
from nbgrader.api import (
    BaseCell,
    Grade,
    Gradebook,
    SubmittedAssignment,
    SubmittedNotebook,
)


@dataclass
class Standing:
    """One submission in the gradebook.

    Attributes:
        scores: points by grade cell, those given by hand first.
        waiting: cells that still need points by hand.
        penalty: points taken off for being late.
    """

    scores: dict[str, float] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    penalty: float = 0.0

    @property
    def score(self) -> float:
        """Points that count, the penalty taken off."""
        return max(0.0, sum(self.scores.values()) - self.penalty)


@dataclass
class Standings:
    """An assignment's submissions, who else is in the class, and the cells' points."""

    submissions: dict[str, Standing]
    roster: list[str]
    points: dict[str, float]

    @property
    def most(self) -> float:
        """The maximum."""
        return sum(self.points.values())


def read_standings(gradebook: Gradebook, assignment: str) -> Standings:
    """All that is known of an assignment; nothing if it was never released."""
    database = gradebook.db
    found: dict[str, Standing] = {}
    for student, penalty in _of(
        database.query(
            SubmittedAssignment.student_id, SubmittedNotebook.late_submission_penalty
        )
        .select_from(SubmittedNotebook)
        .join(
            SubmittedAssignment,
            SubmittedNotebook.assignment_id == SubmittedAssignment.id,
        ),
        assignment,
    ):
        found.setdefault(student, Standing()).penalty += penalty or 0.0
    for student, cell, score, waits in _of(
        database.query(
            SubmittedAssignment.student_id,
            BaseCell.name,
            Grade.score,
            Grade.needs_manual_grade,
        )
        .select_from(Grade)
        .join(SubmittedNotebook, Grade.notebook_id == SubmittedNotebook.id)
        .join(
            SubmittedAssignment,
            SubmittedNotebook.assignment_id == SubmittedAssignment.id,
        )
        .join(BaseCell, Grade.cell_id == BaseCell.id),
        assignment,
    ):
        found[student].scores[cell] = score
        if waits:
            found[student].waiting.append(cell)
    return Standings(
        found, [s.id for s in gradebook.students], _points(gradebook, assignment)
    )


def _of(query: Any, assignment: str) -> Any:
    """Rows of the query that belong to an assignment."""
    joined = query.join(Row, SubmittedAssignment.assignment_id == Row.id)
    return joined.filter(Row.name == assignment)


def _points(gradebook: Gradebook, assignment: str) -> dict[str, float]:
    (row,) = gradebook.db.query(Row).filter(Row.name == assignment).all() or (None,)
    notebooks = row.notebooks if row else []
    return {
        cell.name: cell.max_score
        for notebook in notebooks
        for cell in (*notebook.grade_cells, *notebook.task_cells)
    }
