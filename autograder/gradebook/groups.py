"""Groups: one member hands in, every member gets the grade.

`groups.csv` in the course directory has the columns group and student, and may have
assignment (empty: all of them). Who handed in gives: the other members' submissions in
the gradebook are made copies of that one, points by hand and comments included. A copy
never waits for a person, and is made anew whenever grades are read. Leaves out members
who should get another grade than their group.
"""

import contextlib
import csv
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry

from ..errors import CourseDirectoryError
from ..files import is_folder_name, write_atomically
from .manifest import PRIVATE

FILE = "groups.csv"
COLUMNS = ("group", "student")


@dataclass(frozen=True)
class Shared:
    """Who gets whose grade, and what a person has to decide."""

    givers: dict[str, str]
    conflicts: list[str]


def read_groups(root: Path, assignment: str) -> dict[str, list[str]]:
    """Members by group; CourseDirectoryError says what is wrong with the file."""
    path = root / FILE
    groups: dict[str, list[str]] = {}
    group_of: dict[str, str] = {}
    for line, row in _rows(path) if path.exists() else ():
        group, student = row["group"], row["student"]
        if not group or not is_folder_name(student):
            raise CourseDirectoryError(
                f"{FILE}, line {line}: a group and a student are expected; mend it."
            )
        if row.get("assignment") not in ("", None, assignment):
            continue
        if group_of.setdefault(student, group) != group:
            raise CourseDirectoryError(
                f"{FILE}, line {line}: {student} is in {group_of[student]} and in "
                f"{group}; a student has one group per assignment."
            )
        if student not in groups.setdefault(group, []):
            groups[group].append(student)
    return groups


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        if missing := set(COLUMNS) - set(reader.fieldnames or ()):
            raise CourseDirectoryError(
                f"{FILE} has no column {', '.join(sorted(missing))}; its first line is "
                "'group,student' or 'group,student,assignment'."
            )
        for row in reader:
            yield reader.line_num, {k: (v or "").strip() for k, v in row.items() if k}


def decide(root: Path, assignment: str) -> Shared:
    """Whose submission counts for whom."""
    shared = Shared({}, [])
    for group, members in read_groups(root, assignment).items():
        handed_in = [m for m in members if _handed_in(root, assignment, m)]
        others = [m for m in members if m not in handed_in]
        if len(handed_in) == 1:
            shared.givers.update(dict.fromkeys(others, handed_in[0]))
        elif handed_in:
            left = f", and {', '.join(others)} without one" if others else ""
            shared.conflicts.append(
                f"group {group}: {' and '.join(handed_in)} handed in {assignment}; "
                f"each gets the grade of the own submission{left}. Keep one in "
                "submitted/ and grade again."
            )
    return shared


def _handed_in(root: Path, assignment: str, student: str) -> bool:
    return (root / "submitted" / student / assignment).is_dir()


def withdraw(root: Path, gradebook: Gradebook, assignment: str) -> None:
    """Take back copies that no longer hold, before anything is graded."""
    givers = decide(root, assignment).givers
    folder = _notes(root, assignment)
    for note in sorted(folder.glob("*")) if folder.is_dir() else ():
        if givers.get(note.name) != note.read_text(encoding="utf-8"):
            with contextlib.suppress(MissingEntry):  # already gone
                gradebook.remove_submission(assignment, note.name)
            _remove(root / "autograded" / note.name / assignment)
            note.unlink()


def share(
    root: Path, gradebook: Gradebook, assignment: str, student: str = ""
) -> list[str]:
    """Give the members their group's grade; what is returned a person must decide.

    Args:
        root: the course directory.
        gradebook: opened.
        assignment: its name.
        student: the only one to be given it; all by default.
    """
    shared = decide(root, assignment)
    for member, giver in shared.givers.items():
        if student in ("", member):
            try:
                given = gradebook.find_submission(assignment, giver)
            except MissingEntry:
                continue  # not graded, which grading has said
            _copy(gradebook, given, assignment, member)
            if not student:  # else nbgrader is at work in that folder
                _copy_folder(root, assignment, giver, member)
            note = _notes(root, assignment) / member
            write_atomically(note, giver.encode())
    return shared.conflicts


def _copy(gradebook: Gradebook, given: Any, assignment: str, member: str) -> None:
    gradebook.update_or_create_student(member)
    copy = gradebook.update_or_create_submission(assignment, member)
    copy.timestamp, copy.extension = given.timestamp, given.extension
    for notebook in given.notebooks:
        own = gradebook.find_submission_notebook(notebook.name, assignment, member)
        own.late_submission_penalty = notebook.late_submission_penalty
        grades = {grade.cell_id: grade for grade in notebook.grades}
        for grade in own.grades:
            source = grades[grade.cell_id]
            grade.auto_score, grade.manual_score = (
                source.auto_score,
                source.manual_score,
            )
            grade.extra_credit, grade.needs_manual_grade = source.extra_credit, False
        comments = {comment.cell_id: comment for comment in notebook.comments}
        for comment in own.comments:
            told = comments[comment.cell_id]
            comment.auto_comment = told.auto_comment
            comment.manual_comment = told.manual_comment
    gradebook.db.commit()


def _copy_folder(root: Path, assignment: str, giver: str, member: str) -> None:
    """What feedback pages are made from."""
    target = root / "autograded" / member / assignment
    _remove(target)
    source = root / "autograded" / giver / assignment
    if source.is_dir():
        shutil.copytree(source, target)


def _remove(folder: Path) -> None:
    if folder.is_dir():
        shutil.rmtree(folder)


def _notes(root: Path, assignment: str) -> Path:
    """One file per copy, which says whose it is."""
    return root / PRIVATE / "shared" / assignment
