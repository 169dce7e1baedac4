"""Which submissions are in the gradebook already, just as they lie in submitted/.

A class is graded again and again: after a late submission, after a kill. Importing one
that has not changed would take as long as the first time.
"""

import hashlib
from pathlib import Path
from typing import Any

from nbgrader.api import Assignment as Row
from nbgrader.api import (
    Grade,
    Gradebook,
    GradeCell,
    SubmittedAssignment,
    SubmittedNotebook,
)

from ..files import write_atomically
from ..grading.results import SubmissionResult
from .course import CONFIG, Course
from .manifest import PRIVATE


class Imported:
    """What was imported of an assignment; made anew for every run of a class.

    Args:
        course: the course directory.
        assignment: its name.
        gradebook: what it holds is read once.
    """

    def __init__(self, course: Course, assignment: str, gradebook: Gradebook) -> None:
        self._course, self._assignment = course, assignment
        self._folder = course.root / PRIVATE / "imported" / assignment
        self._due = str(_due(gradebook.db, assignment))
        self._held, self._extensions = _held(gradebook.db, assignment)
        source = course.root / "source" / assignment
        self._common = _hash_of([course.root / CONFIG, *_files(source)], course.root)

    def fingerprint(self, student: str) -> str:
        """Of everything that an import depends on, but the result; "" without one."""
        root = self._course.root
        try:
            files = _files(root / "submitted" / student / self._assignment)
            content = _hash_of(files, root)
        except OSError:
            return ""
        late = f"{self._due} {self._extensions.get(student)}"  # of late penalties
        return _hash(f"{self._common} {content} {late}".encode())

    def holds(self, student: str, fingerprint: str, result: SubmissionResult) -> bool:
        """Whether this result of this submission is what the gradebook has."""
        note = self._folder / student
        held = self._held.get(student, {})
        autograded = self._course.root / "autograded" / student / self._assignment
        return (
            bool(fingerprint)
            and note.is_file()
            and note.read_text(encoding="utf-8") == f"{fingerprint} {result.key}"
            and (autograded / f"{self._assignment}.ipynb").is_file()
            and all(held.get(cell) == score for cell, score in result.scores.items())
        )

    def note(self, student: str, fingerprint: str, result: SubmissionResult) -> None:
        """Remember an import that is done."""
        text = f"{fingerprint} {result.key}"
        write_atomically(self._folder / student, text.encode())


def _due(database: Any, assignment: str) -> Any:
    return database.query(Row.duedate).filter(Row.name == assignment).scalar()


def _held(
    database: Any, assignment: str
) -> tuple[dict[str, dict[str, float]], dict[str, Any]]:
    """By student: automatic scores by cell; the extension, if there is one."""
    rows = (
        database.query(
            SubmittedAssignment.student_id,
            SubmittedAssignment.extension,
            GradeCell.name,
            Grade.auto_score,
        )
        .select_from(Grade)
        .join(SubmittedNotebook, Grade.notebook_id == SubmittedNotebook.id)
        .join(
            SubmittedAssignment,
            SubmittedNotebook.assignment_id == SubmittedAssignment.id,
        )
        .join(Row, SubmittedAssignment.assignment_id == Row.id)
        .join(GradeCell, Grade.cell_id == GradeCell.id)
        .filter(Row.name == assignment, Grade.auto_score.isnot(None))
    )
    held: dict[str, dict[str, float]] = {}
    extensions = {}
    for student, extension, cell, score in rows:
        held.setdefault(student, {})[cell] = score
        extensions[student] = extension
    return held, extensions


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file())


def _hash_of(files: list[Path], root: Path) -> str:
    found = []
    for path in files:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        found.append(f"{path.relative_to(root).as_posix()} {content}")
    return _hash("\n".join(found).encode("utf-8", "surrogateescape"))


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
