"""Grades for other systems, through nbgrader's own `nbgrader export`.

`nbgrader export --exporter=autograder.gradebook.exports.CanvasCsv`, for one. Late
penalties and groups are settled first. Cells are quoted, and none computes in a
spreadsheet. Who handed in nothing has 0 points in the plain file, and an empty cell in
those that a learning platform imports: it leaves what it has.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from nbgrader.api import MissingEntry
from nbgrader.plugins import ExportPlugin

from ..files import is_folder_name, write_atomically
from ..gradescope.output import to_results
from ..grading.results import load_all
from .course import Course
from .settle import settle

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
CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
MOODLE = ("Username", "ID number", "Email address", "First name", "Last name")


class Export(ExportPlugin):
    """What all exports do: settle grades, choose, and write one file.

    Attributes:
        default: where to, if `--to` names nothing.
    """

    default = "grades.csv"

    def export(self, gradebook: Any) -> None:
        """Write the file, or what `--to` names."""
        for assignment in self.assignments(gradebook):
            self._settle(gradebook, assignment.name)
        self.write(gradebook, Path(self.to or self.default))

    def _settle(self, gradebook: Any, name: str) -> None:
        """Late penalties and groups; what is not final yet is said."""
        if self._root:
            for line in settle(self._root, gradebook, self.config, name):
                self.log.warning(line)
        found = gradebook.assignment_submissions(name)
        if waiting := sum(bool(s.needs_manual_grade) for s in found):
            self.log.warning(f"{name}: {waiting} grades wait for a person")

    def write(self, gradebook: Any, path: Path) -> None:
        """Write the file."""
        text = io.StringIO(newline="")
        csv.writer(text).writerows(map(neutral_cell, r) for r in self.rows(gradebook))
        write_atomically(path, text.getvalue().encode())

    def rows(self, gradebook: Any) -> Iterator[Iterable[Any]]:
        """The lines of the file, its head included."""
        raise NotImplementedError

    @property
    def _root(self) -> Path | None:
        """The course directory, if `configure` has set one up."""
        named = self.config.ImportResults.get("course", "")
        return Path(named) if isinstance(named, str) and named else None

    def assignments(self, gradebook: Any) -> list[Any]:
        """Those that `--assignment` names, or all."""
        return _chosen(gradebook.assignments, self.assignment, lambda a: a.name)

    def students(self, gradebook: Any) -> list[Any]:
        """Those that `--student` names, or all."""
        return _chosen(gradebook.students, self.student, lambda s: s.id)

    def scores(self, gradebook: Any, student: Any) -> list[float | str]:
        """Points that count, by assignment; empty where nothing was handed in."""
        return [
            score_of(found) if (found := submission_of(gradebook, a, student)) else ""
            for a in self.assignments(gradebook)
        ]


def _chosen(
    known: Iterable[Any], asked: list[Any], name: Callable[[Any], str]
) -> list[Any]:
    wanted = set(map(str, asked))
    return [one for one in known if not wanted or name(one) in wanted]


def submission_of(gradebook: Any, assignment: Any, student: Any) -> Any:
    """A student's submission; None without any."""
    try:
        return gradebook.find_submission(assignment.name, student.id)
    except MissingEntry:
        return None


def score_of(submission: Any) -> float:
    """Points that count, in cents."""
    score: float = submission.score - submission.late_submission_penalty
    return round(max(0.0, score), 2)


class PlainCsv(Export):
    """The columns of nbgrader's exporter, a line per assignment and student."""

    def rows(self, gradebook: Any) -> Iterator[Iterable[Any]]:
        """The lines of the file."""
        yield COLUMNS
        for assignment in self.assignments(gradebook):
            for student in self.students(gradebook):
                yield _plain_row(gradebook, assignment, student)


def _plain_row(gradebook: Any, assignment: Any, student: Any) -> list[Any]:
    handed_in, raw, penalty = "", 0.0, 0.0
    if submission := submission_of(gradebook, assignment, student):
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


class CanvasCsv(Export):
    """What Canvas's gradebook imports: a line per student, one of possible points."""

    default = "canvas.csv"

    def rows(self, gradebook: Any) -> Iterator[Iterable[Any]]:
        """The lines of the file; a student's id is Canvas's login."""
        assignments = self.assignments(gradebook)
        yield (*CANVAS, *(a.name for a in assignments))
        points = (a.max_score for a in assignments)
        yield ("Points Possible", *[""] * (len(CANVAS) - 1), *points)
        for student in self.students(gradebook):
            parts = (student.last_name, student.first_name)
            name = ", ".join(filter(None, parts)) or student.id
            scores = self.scores(gradebook, student)
            yield (name, "", "", student.id, "", *scores)


class MoodleCsv(Export):
    """What Moodle's grade import takes: a line per student; it asks what is what."""

    default = "moodle.csv"

    def rows(self, gradebook: Any) -> Iterator[Iterable[Any]]:
        """The lines of the file; a student's id is user name and ID number."""
        yield (*MOODLE, *(a.name for a in self.assignments(gradebook)))
        for student in self.students(gradebook):
            own = (student.id, student.id, student.email)
            scores = self.scores(gradebook, student)
            yield (*own, student.first_name, student.last_name, *scores)


class GradescopeJson(Export):
    """A folder with a results.json per submission, as our Gradescope autograder has."""

    default = "gradescope"

    def write(self, gradebook: Any, path: Path) -> None:
        """Write <path>/<assignment>/<student>/results.json."""
        course = Course.open(self._root or Path())
        for assignment in self.assignments(gradebook):
            for student in self.students(gradebook):
                if not is_folder_name(student.id):
                    continue  # then there is no result of that name either
                submission = submission_of(gradebook, assignment, student)
                result = load_all(course.results, assignment.name, student.id)
                if submission and result:
                    data = to_results(result, score_of(submission))
                    file = path / assignment.name / student.id / "results.json"
                    write_atomically(file, json.dumps(data, indent=2).encode())


FORMATS = {
    "plain": PlainCsv,
    "canvas": CanvasCsv,
    "moodle": MoodleCsv,
    "gradescope": GradescopeJson,
}


def neutral_cell(value: Any) -> Any:
    """A cell that a spreadsheet shows and does not compute."""
    if isinstance(value, str) and value.lstrip(" ").startswith(FORMULA):
        return "'" + value
    return "" if value is None else value
