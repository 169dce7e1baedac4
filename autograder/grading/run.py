"""Grading a class: every submission to a result file, then into the gradebook."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ..errors import (
    AutograderError,
    CourseDirectoryError,
    NotebookError,
    UnknownNameError,
)
from ..gradebook import api
from ..gradebook.course import Course
from .grade import known_names, result_for
from .notebooks import read_notebook
from .results import SubmissionResult, Who, load_all

Say = Callable[[str], None]


@dataclass
class Graded:
    """What became of a class.

    Attributes:
        results: by student, of those that could be read.
        problems: one line per submission that could not be graded.
    """

    results: dict[str, SubmissionResult] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def broken(self) -> bool:
        """Whether our own code failed on some submission."""
        return any(r.broken for r in self.results.values())


def grade_class(
    course: Course,
    assignment: str,
    students: Iterable[str] = (),
    trust: bool = False,
    say: Say = lambda line: None,
) -> Graded:
    """Grade submissions and import them; one bad notebook stops nobody else's."""
    known = course.students(assignment)
    chosen = list(students) or known
    if unknown := sorted(set(chosen) - set(known)):
        raise UnknownNameError(
            f"{', '.join(unknown)} handed in nothing for {assignment}; there are: "
            f"{', '.join(known) or 'no submissions'}."
        )
    if not chosen:
        folder = course.root / "submitted" / "<student>" / assignment
        raise CourseDirectoryError(
            f"no submissions of {assignment}; collect them into {folder}."
        )
    if not (course.root / "release" / assignment).is_dir():
        raise CourseDirectoryError(
            f"{assignment} was never released here; run 'autograder release "
            f"{assignment} --course {course.root.name}' first."
        )
    graded = Graded()
    plain = assignment not in known_names()
    for student in chosen:
        shown = student if student.isprintable() else repr(student)
        try:
            _refuse_odd_name(student)
            _grade_one(course, assignment, student, trust, plain, graded)
            say(student)
        except AutograderError as error:
            graded.problems.append(f"{shown}: {error}")
        except Exception as error:  # one submission must not stop everybody else's
            graded.problems.append(
                f"{shown}: could not be graded ({type(error).__name__}: {error}); "
                "please report this."
            )
    return graded


def _refuse_odd_name(student: str) -> None:
    """Names go into patterns, pages and terminals: nothing special in them."""
    if not student.isprintable() or set(student) & set("<>&\"'`*?[]{}|\\$;%+:"):
        raise NotebookError(
            "the name of this folder in submitted/ has characters that stand for "
            "something else in patterns and pages; rename it."
        )


def _grade_one(
    course: Course,
    assignment: str,
    student: str,
    trust: bool,
    plain: bool,
    graded: Graded,
) -> None:
    if not plain:
        notebook = read_notebook(course.submission(student, assignment))
        result_for(course, Who(student, assignment, assignment), notebook, trust)
    api.autograde(course.root, assignment, student, trust)
    result = load_all(course.results, assignment, student)
    if result is None:
        raise AutograderError("no result was written; run the command again.")
    graded.results[student] = result
