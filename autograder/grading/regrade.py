"""Grading anew after a check was corrected: whose score changes, and in which cases.

Left out is what cannot be known. A stored result does not tell its round, as its key
was made with the old check: everybody is asked on the current round's seed, as by
`autograder grade`. Nor does it tell which file changed since: the checks, the
reference, the engine.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

from ..errors import NotebookError, UnknownNameError
from ..gradebook.course import Course
from ..verdicts import CaseResult, ExerciseResult
from .crew import Crew
from .grade import Grader, grader_for, known_names, stored
from .jailer import Jailer
from .notebooks import read_notebook
from .results import SubmissionResult, Who
from .run import Graded, Say, attempted, chosen_students, grade_class


@dataclass(frozen=True)
class CaseChange:
    """A case with another verdict; the variant that went wrong is part of it."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class ExerciseChange:
    """An exercise with another score; by its weights or points if no case changed."""

    name: str
    before: float
    after: float
    cases: list[CaseChange]


@dataclass(frozen=True)
class Change:
    """A submission with another score, be it only between its exercises.

    Attributes:
        points: what can be earned now.
        handed_in_again: since it was graded, so the check need not be the reason.
    """

    student: str
    before: float
    after: float
    points: float
    handed_in_again: bool
    exercises: list[ExerciseChange]


@dataclass
class Regraded:
    """What regrading a class changes.

    Attributes:
        graded: the new results, and problems.
        stored: whether they are in the result files and the gradebook.
        unchanged: students who keep their scores.
        ungraded: students without a result to compare with.
    """

    graded: Graded
    stored: bool
    changes: list[Change] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    ungraded: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "stored": self.stored,
            "changes": [asdict(change) for change in self.changes],
            "unchanged": self.unchanged,
            "ungraded": self.ungraded,
            "problems": self.graded.problems,
        }


def regrade_class(
    course: Course,
    assignment: str,
    students: Iterable[str] = (),
    store: bool = False,
    trust: bool = False,
    say: Say = lambda student, result: None,
    jobs: int = 0,
    warn: Callable[[str], None] = lambda line: None,
) -> Regraded:
    """Grade submissions anew and compare with the stored results.

    Args:
        course: the course directory; unless `store`, nothing in it changes but what
            it keeps of expected outputs.
        assignment: its full name.
        students: whose submissions; all by default.
        store: do what `grade_class` does: store the results and import them.
        trust: run without the lock.
        say: told of each student who is through, with the result if there is one.
        jobs: submissions graded at a time, at most; one per core if 0.
        warn: told in words if storing has to wait for another grader.
    """
    chosen = _chosen(course, assignment, students)
    grader = grader_for(course, assignment, trust).prepare()
    paths = {s: Who(s, assignment, assignment).path(course.results) for s in chosen}
    earlier = {s: r for s, p in paths.items() if (r := SubmissionResult.load(p))}
    again = {s for s in earlier if _handed_in_again(course, grader, s)}
    if store:
        graded = grade_class(course, assignment, chosen, trust, say, jobs, warn)
    else:
        graded = _graded_anew(course, grader, list(earlier), say, jobs)
    found = Regraded(graded, store, ungraded=[s for s in chosen if s not in earlier])
    for student, before in earlier.items():
        if after := graded.results.get(student):
            exercises = _exercise_changes(before.exercises, after.exercises)
            if exercises:
                change = _change(before, after, student in again, exercises)
                found.changes.append(change)
            else:
                found.unchanged.append(student)
    return found


def _chosen(course: Course, assignment: str, students: Iterable[str]) -> list[str]:
    if assignment not in known_names():
        raise UnknownNameError(
            f"{assignment} was not written for this engine: its tests are in the "
            f"notebook; correct them there, then run 'autograder grade {assignment}'."
        )
    return chosen_students(course, assignment, students)


def _handed_in_again(course: Course, grader: Grader, student: str) -> bool:
    """Whether the submission has cells that the one in the gradebook lacks.

    That one may have more: deleted cells were put back.
    """
    name = grader.assignment.name
    graded = course.root / "autograded" / student / name / f"{name}.ipynb"
    try:
        before, now = (
            {cell.source for cell in grader.cells(read_notebook(path))}
            for path in (graded, course.submission(student, name))
        )
    except NotebookError:
        return False  # never imported, or not to be read, which grading will say
    return not now <= before


def _graded_anew(
    course: Course, grader: Grader, students: list[str], say: Say, jobs: int
) -> Graded:
    """What `grade_class` would give, stored nowhere."""
    graded = Graded()
    with Crew(jobs or os.cpu_count() or 1, len(students)) as crew:
        work = partial(_result, course, grader)
        waiting = {
            s: crew.start(partial(attempted, partial(work, s))) for s in students
        }
        for student, future in waiting.items():
            try:
                graded.results[student] = replace(future.result(), pages={})
            except Exception as error:  # one submission must not stop all others
                graded.failed(student, error)
            say(student, graded.results.get(student))
    return graded


def _result(
    course: Course, grader: Grader, student: str, jailer: Jailer
) -> SubmissionResult:
    """The stored result if it is up to date, or a new one."""
    name = grader.assignment.name
    cells = grader.cells(read_notebook(course.submission(student, name)))
    found = stored(course, Who(student, name, name), grader, cells)
    return found or grader.grade(student, cells, jailer)


def _change(
    before: SubmissionResult,
    after: SubmissionResult,
    again: bool,
    exercises: list[ExerciseChange],
) -> Change:
    old, new = (
        round(sum(e.score for e in result.exercises.values()), 2)
        for result in (before, after)
    )
    points = sum(e.points for e in after.exercises.values())
    return Change(after.student, old, new, points, again, exercises)


def _exercise_changes(
    before: dict[str, ExerciseResult], after: dict[str, ExerciseResult]
) -> list[ExerciseChange]:
    """The exercises with another score; one that is not there counts as 0."""
    found = []
    for key in before | after:
        old, new = (r.get(key, ExerciseResult(key, 0)) for r in (before, after))
        if old.score != new.score:
            name = new.name if key in after else old.name
            cases = _case_changes(old.cases, new.cases)
            found.append(ExerciseChange(name, old.score, new.score, cases))
    return found


def _case_changes(
    before: list[CaseResult], after: list[CaseResult]
) -> list[CaseChange]:
    old, new = ({c.name: _verdict(c) for c in cases} for cases in (before, after))
    pairs = [(name, old.get(name, "-"), new.get(name, "-")) for name in old | new]
    return [CaseChange(name, was, now) for name, was, now in pairs if was != now]


def _verdict(case: CaseResult) -> str:
    return f"{case.verdict} {case.variant}".rstrip()
