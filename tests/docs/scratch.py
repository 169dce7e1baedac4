"""A place to run the pages' commands in: small assignments under the real names.

    <folder>/repository    assignments/ and solutions/; each one is the toy of the tests
    <folder>/dl-2026       a course directory, when the page does not make it itself
    <folder>/student       a student's folder, solved

Run as a program, it hands in what the pages take to be there.
"""

import os
import shutil
import sys
from pathlib import Path

from autograder import catalogue
from autograder.authoring.answers import fill, hand_in, reference_answer
from autograder.catalogue import Assignment
from autograder.gradebook.course import Course

from .pages import ROOT

TOY = ROOT / "tests" / "catalogue"
STUDENTS = ("ada", "cleo")


def make_repository(folder: Path) -> Path:
    """A repository in which every assignment is small."""
    repository = folder / "repository"
    for name in catalogue.names():
        for half in ("assignments", "solutions"):
            shutil.copytree(TOY / half / "t01_toy", repository / half / name)
    (repository / ".venv").symlink_to(Path(sys.prefix))
    return repository


def make_course(folder: Path, name: str) -> None:
    """A course directory in which one assignment was released and handed in."""
    course = Course.init(folder / "dl-2026")
    course.release(Assignment(name, folder / "repository"))
    hand_in_class(course.root)
    student = folder / "student"
    shutil.copytree(course.root / "release" / name, student)
    submitted = course.root / "submitted" / STUDENTS[0] / name
    shutil.copy(submitted / f"{name}.ipynb", student)


def hand_in_class(root: Path) -> None:
    """Right answers to everything that was released, from each student."""
    for released in sorted((root / "release").glob("*/*.ipynb")):
        assignment = catalogue.find(released.stem)
        exercises = assignment.checks.exercises.values()
        answers = {e.name: reference_answer(assignment, e) for e in exercises}
        answers |= dict.fromkeys(assignment.checks.written, "For this reason.")
        for student in STUDENTS:
            hand_in(root, student, assignment.name, fill(released, answers))


if __name__ == "__main__":
    hand_in_class(Path(os.environ["SCRATCH_COURSE"]))
