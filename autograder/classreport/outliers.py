"""Answers that took much more time than the class's, or were stopped.

Times are those of the cases alone, in the jail, where other submissions run beside
them: only what is far off means anything. Leaves out memory below the limit, which is
not recorded.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from ..grading.results import SubmissionResult
from ..verdicts import ExerciseResult, Verdict

TIMES = 10.0  # as long as the class's median
SECONDS = 0.1  # and at least that much longer
STOPPED = {
    Verdict.TIMED_OUT: "stopped: too long",
    Verdict.OUT_OF_MEMORY: "stopped: too much memory",
}
WITHOUT_TIME = {Verdict.MISSING, Verdict.ERRORED, Verdict.BROKEN, *STOPPED}


@dataclass(frozen=True)
class Outlier:
    """An answer that stands out; seconds of all its cases, and the class's median."""

    student: str
    exercise: str
    what: str
    seconds: float
    usual: float


def find_outliers(results: Iterable[SubmissionResult]) -> list[Outlier]:
    """Those that were stopped, then the slowest first."""
    by_exercise: defaultdict[str, list[tuple[str, ExerciseResult]]] = defaultdict(list)
    for result in results:
        for exercise in result.exercises.values():
            by_exercise[exercise.name].append((result.student, exercise))
    found = [o for own in by_exercise.values() for o in _of_exercise(own)]
    stopped = [o for o in found if o.what]
    slow = [o for o in found if not o.what]
    return stopped + sorted(slow, key=lambda o: -o.seconds / max(o.usual, 1e-6))


def _of_exercise(answers: list[tuple[str, ExerciseResult]]) -> Iterable[Outlier]:
    timed = [_seconds(e) for _, e in answers if e.verdict not in WITHOUT_TIME]
    usual = median(timed) if timed else 0.0
    for student, exercise in answers:
        own = (student, exercise.name)
        if exercise.verdict in STOPPED:
            yield Outlier(*own, STOPPED[exercise.verdict], _seconds(exercise), usual)
        elif exercise.verdict not in WITHOUT_TIME:
            seconds = _seconds(exercise)
            if seconds > max(TIMES * usual, usual + SECONDS):
                yield Outlier(*own, "", seconds, usual)


def _seconds(exercise: ExerciseResult) -> float:
    return sum(case.seconds for case in exercise.cases)
