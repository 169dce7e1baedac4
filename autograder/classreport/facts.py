"""Everything that the class report says, as plain data."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from statistics import fmean, median, pstdev
from typing import Any

from ..errors import CourseDirectoryError, NotebookError
from ..gradebook import api
from ..gradebook.course import Course
from ..gradebook.standing import Standing, Standings, read_standings
from ..grading.notebooks import read_notebook
from ..grading.results import SubmissionResult, load_all
from ..verdicts import Verdict
from .counts import CaseCount, Mistake, count_cases, count_mistakes, is_attempted
from .items import Item, analyse
from .likeness import Alike, find_alike
from .outliers import Outlier, find_outliers


@dataclass(frozen=True)
class Person:
    """A student: points that count, points by item, and what became of each.

    Attributes:
        score: points with those given by hand, late penalties taken off.
        verdicts: by item; "to be graded" where points by hand are missing.
    """

    student: str
    score: float
    penalty: float
    scores: dict[str, float]
    verdicts: dict[str, str]
    flags: int


@dataclass(frozen=True)
class Flag:
    """Something to look at; `kind` is what to sort by."""

    student: str
    kind: str
    what: str


@dataclass
class ClassReport:
    """The facts, of those whose submission was graded if nothing else is said.

    Attributes:
        most: the maximum.
        blank: students who handed in, but wrote nothing.
        waiting: students whose grades wait for a person.
        alike: submissions that look alike; None if nobody looked.
    """

    assignment: str
    written: str
    most: float
    people: list[Person]
    items: list[Item]
    cases: list[CaseCount]
    mistakes: list[Mistake]
    outliers: list[Outlier]
    flags: list[Flag]
    blank: list[str]
    waiting: list[str]
    alike: list[Alike] | None = None

    @property
    def summary(self) -> dict[str, float]:
        """Mean, median and standard deviation of the scores."""
        scores = [p.score for p in self.people]
        if not scores:
            return {}
        return {
            "mean": fmean(scores),
            "median": median(scores),
            "standard deviation": pstdev(scores),
            "lowest": min(scores),
            "highest": max(scores),
        }

    def to_json(self) -> dict[str, Any]:
        """Plain data; what properties say stands beside what they rest on."""
        return asdict(self) | {
            "summary": self.summary,
            "items": [asdict(i) | {"reading": i.reading} for i in self.items],
            "cases": [asdict(c) | {"reading": c.reading} for c in self.cases],
        }


def gather(course: Course, assignment: str, likeness: bool = True) -> ClassReport:
    """Read results, gradebook and, for likeness, submissions.

    Args:
        course: the course directory.
        assignment: its full name.
        likeness: look for submissions that are alike.
    """
    with api.gradebook(course.root) as gradebook:
        book = read_standings(gradebook, assignment)
    results = dict(_results(course, assignment))
    if not results:
        raise CourseDirectoryError(
            f"{assignment} has no results yet; run 'autograder grade {assignment}' "
            "first."
        )
    names = _item_names(results, book)
    points = _points(results, book, names)
    people = [_person(result, book, names) for result in results.values()]
    flags = [*_flags(results), *_without_result(course, assignment, book, results)]
    blank = [s for s, r in results.items() if not any(map(is_attempted, _of(r)))]
    written = [dict(p.scores) for p in people if p.student not in blank]
    return ClassReport(
        assignment,
        datetime.now().strftime("%Y-%m-%d %H:%M"),
        book.most or sum(points.values()),
        people,
        analyse(written, points),
        count_cases(results.values()),
        count_mistakes(results.values()),
        find_outliers(results.values()),
        sorted(flags, key=lambda f: (f.kind, f.student)),
        blank,
        sorted(s for s, one in book.submissions.items() if one.waiting),
        _alike(course, assignment, list(results)) if likeness else None,
    )


def _results(course: Course, assignment: str) -> Iterator[tuple[str, SubmissionResult]]:
    folder = course.results / assignment
    for own in sorted(folder.iterdir()) if folder.is_dir() else ():
        if result := load_all(course.results, assignment, own.name):
            result.pages = {}  # of a whole class
            yield own.name, result


def _of(result: SubmissionResult) -> list[Any]:
    return list(result.exercises.values())


def _item_names(
    results: Mapping[str, SubmissionResult], book: Standings
) -> dict[str, str]:
    """What each grade cell is called: its exercise, or its own name."""
    names = {
        cell: exercise.name
        for result in results.values()
        for cell, exercise in result.exercises.items()
    }
    cells = [*names, *(c for r in results.values() for c in r.scores), *book.points]
    return {cell: names.get(cell, cell) for cell in cells}


def _points(
    results: Mapping[str, SubmissionResult], book: Standings, names: Mapping[str, str]
) -> dict[str, float]:
    """What each item is worth."""
    found = {names[cell]: worth for cell, worth in book.points.items()}
    for result in results.values():
        found = {e.name: e.points for e in result.exercises.values()} | found
    return {name: found[name] for name in names.values() if name in found}


def _person(
    result: SubmissionResult, book: Standings, names: Mapping[str, str]
) -> Person:
    standing = book.submissions.get(result.student, Standing(dict(result.scores)))
    waiting = set(standing.waiting) - result.scores.keys()  # others have a score
    graded = {c: s for c, s in standing.scores.items() if c not in waiting}
    scores = {names[c]: s for c, s in graded.items() if c in names}
    verdicts = {e.name: str(e.verdict) for e in result.exercises.values()}
    verdicts |= {names.get(c, c): "to be graded" for c in waiting}
    flags = len(result.flags) + sum(len(e.flags) for e in result.exercises.values())
    own = (result.student, standing.score, standing.penalty)
    return Person(*own, scores, verdicts, flags)


def _flags(results: Mapping[str, SubmissionResult]) -> Iterator[Flag]:
    for student, result in results.items():
        for line in result.flags:
            yield Flag(student, _kind(line), line)
        for exercise in result.exercises.values():
            for line in exercise.flags:
                yield Flag(student, "exercise", f"{exercise.name}: {line}")
            if exercise.verdict == Verdict.BROKEN:
                what = f"{exercise.name}: our fault; mend it and grade again"
                yield Flag(student, "BROKEN", what)


def _kind(line: str) -> str:
    """What sort of flag a line is; see `grade`, `unusual` and `preprocessors`."""
    if line.startswith(("sent something", "the submission ")) or "unasked" in line:
        return "interference"
    if line.startswith("cell ") and " replaces " in line:
        return "interference"
    if line.startswith(("cell ", "and ")):
        return "unusual code"
    return "missing" if line.startswith("no result") else "other"


def _without_result(
    course: Course,
    assignment: str,
    book: Standings,
    results: Mapping[str, SubmissionResult],
) -> Iterator[Flag]:
    handed_in = set(course.students(assignment))
    for student in sorted(handed_in - results.keys()):
        what = "handed in and not graded; 'autograder grade' says why"
        yield Flag(student, "not graded", what)
    for student in sorted(set(book.roster) - handed_in - book.submissions.keys()):
        yield Flag(student, "missing", "nothing handed in")


def _alike(course: Course, assignment: str, students: list[str]) -> list[Alike]:
    folder = course.root / "release" / assignment
    notebooks = [read_notebook(path) for path in sorted(folder.glob("*.ipynb"))]
    released = [source for notebook in notebooks for source in _code(notebook)]
    sources = {}
    for student in students:
        with contextlib.suppress(NotebookError):  # flagged already
            own = _code(read_notebook(course.submission(student, assignment)))
            sources[student] = "\n".join(s for s in own if s not in set(released))
    return find_alike(sources, "\n".join(released))


def _code(notebook: Any) -> list[str]:
    cells = notebook["cells"]
    return [c["source"] for c in cells if c["cell_type"] == "code"]
