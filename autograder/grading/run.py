"""Grading a class: every submission to a result file, then into the gradebook."""

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

from ..errors import (
    AutograderError,
    CourseDirectoryError,
    NotebookError,
    UnknownNameError,
)
from ..gradebook import api
from ..gradebook.course import Course
from .crew import Crew
from .grade import Grader, grader_for, known_names, stored_or_graded
from .notebooks import read_notebook
from .results import SubmissionResult, Who, load_all

Say = Callable[[str], None]

# A thread whose warm process has answered need not wait for an import to pause.
SWITCH_SECONDS = 0.0005


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
    jobs: int = 0,
) -> Graded:
    """Grade submissions and import them; one bad notebook stops nobody else's.

    Args:
        course: the course directory.
        assignment: its full name.
        students: whose submissions; all by default.
        trust: run without the lock.
        say: told of each student who is through.
        jobs: submissions graded at a time, at most; one per core if 0.
    """
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
    with api.kept_open():
        for student, ready in _ahead(course, assignment, chosen, trust, jobs):
            shown = student if student.isprintable() else repr(student)
            try:
                ready()
                graded.results[student] = _import(course, assignment, student, trust)
                say(student)
            except AutograderError as error:
                graded.problems.append(f"{shown}: {error}")
            except Exception as error:  # one submission must not stop all others
                graded.problems.append(
                    f"{shown}: could not be graded ({type(error).__name__}: {error}); "
                    "please report this."
                )
    return graded


def _ahead(
    course: Course, assignment: str, students: list[str], trust: bool, jobs: int
) -> Iterator[tuple[str, Callable[[], object]]]:
    """The students, each with a call that waits until the result is stored.

    Some submissions ahead are graded meanwhile, each in a warm process; the gradebook,
    which has one writer, is the caller's. Plain notebooks are graded while imported.
    """
    if assignment not in known_names():
        yield from (
            (student, partial(_refuse_odd_name, student)) for student in students
        )
        return
    grader = grader_for(course, assignment, trust).prepare()
    sys.setswitchinterval(SWITCH_SECONDS)
    with Crew(jobs or os.cpu_count() or 1, len(students)) as crew:
        waiting: deque[tuple[str, Callable[[], object]]] = deque()
        for student in students:
            waiting.append((student, _started(course, grader, student, crew)))
            if len(waiting) > 2 * crew.size:
                yield waiting.popleft()
        yield from waiting


def _started(
    course: Course, grader: Grader, student: str, crew: Crew
) -> Callable[[], object]:
    try:
        _refuse_odd_name(student)
        name = grader.assignment.name
        cells = grader.cells(read_notebook(course.submission(student, name)))
        who = Who(student, name, name)
        return crew.start(partial(stored_or_graded, course, who, grader, cells)).result
    except Exception as error:
        return partial(_raise, error)


def _raise(error: Exception) -> None:
    raise error


def _refuse_odd_name(student: str) -> None:
    """Names go into patterns, pages and terminals: nothing special in them."""
    if not student.isprintable() or set(student) & set("<>&\"'`*?[]{}|\\$;%+:"):
        raise NotebookError(
            "the name of this folder in submitted/ has characters that stand for "
            "something else in patterns and pages; rename it."
        )


def _import(
    course: Course, assignment: str, student: str, trust: bool
) -> SubmissionResult:
    api.autograde(course.root, assignment, student, trust)
    result = load_all(course.results, assignment, student)
    if result is None:
        raise AutograderError("no result was written; run the command again.")
    return result
