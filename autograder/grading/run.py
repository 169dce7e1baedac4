"""Grading a class: every submission to a result file, then into the gradebook."""

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from ..errors import (
    AutograderError,
    CourseDirectoryError,
    NotebookError,
    UnknownNameError,
)
from ..gradebook import api
from ..gradebook.alone import alone
from ..gradebook.course import Course
from ..gradebook.groups import withdraw
from ..gradebook.imported import Imported
from ..gradebook.settle import settle_graded
from ..jail.job import Cell
from .cluster import Cluster
from .crew import Crew
from .grade import Grader, grader_for, keep, known_names, stored
from .jailer import EndedError, Jailer
from .notebooks import read_notebook
from .results import SubmissionResult, Who, load_all

Say = Callable[[str, SubmissionResult | None], None]
Ready = Callable[[], SubmissionResult | None]

# A thread whose warm process has answered need not wait for an import to pause.
SWITCH_SECONDS = 0.0005
ATTEMPTS = 3  # if the warm process dies, whoever killed it


@dataclass(frozen=True)
class How:
    """How a class is graded; see `grade_class`."""

    trust: bool
    jobs: int
    scheduler: str

    def helpers(self, grader: Grader, submissions: int) -> Crew | Cluster:
        """Who runs the submissions."""
        if self.scheduler:
            return Cluster(self.scheduler, grader)
        return Crew(self.jobs or os.cpu_count() or 1, submissions)


@dataclass
class Graded:
    """What became of a class.

    Attributes:
        results: by student, of those that could be read.
        problems: one line per submission that could not be graded.
    """

    results: dict[str, SubmissionResult] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def failed(self, student: str, error: Exception) -> None:
        """Note why a student's submission could not be graded."""
        shown = student if student.isprintable() else repr(student)
        if not isinstance(error, AutograderError):
            error = AutograderError(
                f"could not be graded ({type(error).__name__}: {error}); "
                "please report this."
            )
        self.problems.append(f"{shown}: {error}")

    def to_json(self) -> dict[str, Any]:
        """Plain data: per student points, verdicts, known mistakes and flags."""
        return {
            "students": {s: r.summary() for s, r in self.results.items()},
            "problems": self.problems,
        }

    @property
    def broken(self) -> bool:
        """Whether our own code failed on some submission."""
        return any(r.broken for r in self.results.values())


def grade_class(
    course: Course,
    assignment: str,
    students: Iterable[str] = (),
    trust: bool = False,
    say: Say = lambda student, result: None,
    jobs: int = 0,
    warn: Callable[[str], None] = lambda line: None,
    scheduler: str = "",
) -> Graded:
    """Grade submissions and import them; one bad notebook stops nobody else's.

    What has not changed since the last run is neither graded nor imported again.

    Args:
        course: the course directory.
        assignment: its full name.
        students: whose submissions; all by default.
        trust: run without the lock.
        say: told of each student who is through, with the result if there is one.
        jobs: submissions graded at a time, at most; one per core if 0.
        warn: told in words if it has to wait for another grader.
        scheduler: address of a Dask scheduler whose workers grade; here if empty.
    """
    chosen = chosen_students(course, assignment, students)
    if not (course.root / "release" / assignment).is_dir():
        raise CourseDirectoryError(
            f"{assignment} was never released here; run 'autograder release "
            f"{assignment} --course {course.root.name}' first."
        )
    with alone(course.root, warn), api.kept_open():
        how = How(trust, jobs, scheduler)
        return _grade(course, assignment, chosen, say, how)


def chosen_students(
    course: Course, assignment: str, students: Iterable[str]
) -> list[str]:
    """Those students, or all who handed in; UnknownNameError if one did not."""
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
    return chosen


def _grade(
    course: Course,
    assignment: str,
    students: list[str],
    say: Say,
    how: How,
) -> Graded:
    graded = Graded()
    with api.gradebook(course.root) as gradebook:
        withdraw(course.root, gradebook, assignment)
        imported = Imported(course, assignment, gradebook)
    for student, before, ready in _ahead(course, assignment, students, how, imported):
        try:
            result = ready()
            if result is None or not imported.holds(student, before, result):
                with _finishing():
                    result = _import(course, assignment, student, how.trust)
                    imported.note(student, before, result)
            graded.results[student] = replace(result, pages={})  # of a whole class
        except Exception as error:  # one submission must not stop everybody else's
            graded.failed(student, error)
        say(student, graded.results.get(student))
    try:
        graded.problems += settle_graded(course.root, assignment)
    except AutograderError as error:  # all the same, what was graded is told
        graded.problems.append(str(error))
    return graded


def _ahead(
    course: Course,
    assignment: str,
    students: list[str],
    how: How,
    imported: Imported,
) -> Iterator[tuple[str, str, Ready]]:
    """The students, each with what the submission was like and a call that waits until
    its result is stored.

    Some submissions ahead are graded meanwhile, each in a warm process; the gradebook,
    which has one writer, is the caller's. Plain notebooks are graded while imported.
    """
    if assignment not in known_names():
        for student in students:
            before = imported.fingerprint(student)
            yield student, before, partial(_refuse_odd_name, student)
        return
    grader = grader_for(course, assignment, how.trust).prepare()
    sys.setswitchinterval(SWITCH_SECONDS)
    with how.helpers(grader, len(students)) as crew:
        waiting: deque[tuple[str, str, Ready]] = deque()
        for student in students:
            before = imported.fingerprint(student)
            ready = _started(course, grader, student, crew)
            waiting.append((student, before, ready))
            if len(waiting) > 2 * crew.size:
                yield waiting.popleft()
        yield from waiting


def _started(
    course: Course, grader: Grader, student: str, crew: Crew | Cluster
) -> Ready:
    try:
        _refuse_odd_name(student)
        name = grader.assignment.name
        cells = grader.cells(read_notebook(course.submission(student, name)))
        who = Who(student, name, name)
        if found := stored(course, who, grader, cells):
            return lambda: found
        if isinstance(crew, Cluster):
            return partial(_kept, course, crew.start(student, cells))
        work = partial(_graded, course, grader, student, cells)
        return crew.start(partial(attempted, work)).result
    except Exception as error:
        return partial(_raise, error)


def _graded(
    course: Course, grader: Grader, student: str, cells: list[Cell], jailer: Jailer
) -> SubmissionResult:
    """A new result, which is then stored."""
    return keep(course, grader.grade(student, cells, jailer))


def _kept(course: Course, ready: Callable[[], SubmissionResult]) -> SubmissionResult:
    """A result from elsewhere, which is then stored."""
    return keep(course, ready())


def attempted(
    work: Callable[[Jailer], SubmissionResult], jailer: Jailer
) -> SubmissionResult:
    """What the work gives, in another attempt if the warm process died."""
    for left in reversed(range(ATTEMPTS)):
        try:
            return work(jailer)
        except EndedError:
            if not left:
                raise
    raise AssertionError("unreachable")


def _raise(error: Exception) -> SubmissionResult:
    raise error


def _refuse_odd_name(student: str) -> None:
    """Names go into patterns, pages and terminals: nothing special in them."""
    if not student.isprintable() or set(student) & set("<>&\"'`*?[]{}|\\$;%+:"):
        raise NotebookError(
            "the name of this folder in submitted/ has characters that stand for "
            "something else in patterns and pages; rename it."
        )


@contextmanager
def _finishing() -> Iterator[None]:
    """Finish what is inside; only then stop, if Ctrl-C was pressed meanwhile."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt


def _import(
    course: Course, assignment: str, student: str, trust: bool
) -> SubmissionResult:
    api.autograde(course.root, assignment, student, trust)
    result = load_all(course.results, assignment, student)
    if result is None:
        raise AutograderError("no result was written; run the command again.")
    return result
