"""Cases and known mistakes, counted over a class."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ..grading.results import SubmissionResult
from ..verdicts import CaseResult, ExerciseResult, Verdict

NEARLY_ALL = 0.8
FEWEST = 5  # answers, below which "nearly everyone" and "nobody" say nothing
NOT_JUDGED = {Verdict.SKIPPED, Verdict.BROKEN}


@dataclass
class CaseCount:
    """What became of one case over all answers that were attempted.

    Attributes:
        passed, variant_only, wrong: answers; `variant_only` holds on plain input, and
            fails on a variant of it.
        reasons: kinds of difference among the wrong, most frequent first.
    """

    exercise: str
    name: str
    sentence: str
    hidden: bool
    passed: int = 0
    variant_only: int = 0
    wrong: int = 0
    reasons: list[str] = field(default_factory=list)

    @property
    def attempted(self) -> int:
        """Answers that were judged."""
        return self.passed + self.variant_only + self.wrong

    @property
    def failing(self) -> float:
        """Share of the answers that do not pass."""
        return 1 - self.passed / self.attempted if self.attempted else 0.0

    @property
    def reading(self) -> str:
        """What stands out."""
        if self.attempted < FEWEST:
            return ""
        if self.failing >= NEARLY_ALL:
            return "nearly everyone fails"
        return "nobody fails" if not self.failing else ""


@dataclass
class Mistake:
    """Wrong answers to one exercise that behave alike; no `name` if none is known."""

    exercise: str
    name: str
    hint: str
    students: list[str] = field(default_factory=list)


def is_attempted(exercise: ExerciseResult) -> bool:
    """Whether anything was written."""
    return exercise.verdict != Verdict.MISSING


def count_cases(results: Iterable[SubmissionResult]) -> list[CaseCount]:
    """Every case in the order of the assignment."""
    found: dict[tuple[str, str], CaseCount] = {}
    reasons: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for exercise, case in _cases(results):
        key = (exercise.name, case.name)
        own = (exercise.name, case.name, case.sentence, case.hidden)
        count = found.setdefault(key, CaseCount(*own))
        if not is_attempted(exercise) or case.verdict in NOT_JUDGED:
            continue
        if case.verdict == Verdict.PASSED:
            count.passed += 1
            continue
        if case.variant:
            count.variant_only += 1
        else:
            count.wrong += 1
        reasons[key][_reason(case)] += 1
    for key, count in found.items():
        count.reasons = [f"{r} ({n})" for r, n in reasons[key].most_common(2)]
    return list(found.values())


def _cases(
    results: Iterable[SubmissionResult],
) -> Iterator[tuple[ExerciseResult, CaseResult]]:
    for result in results:
        for exercise in result.exercises.values():
            for case in exercise.cases:
                yield exercise, case


def _reason(case: CaseResult) -> str:
    if case.verdict == Verdict.FAILED and case.mismatch:
        return case.mismatch.code.removeprefix("complaint:")[:40]
    return str(case.verdict).replace("_", " ").lower()


def count_mistakes(results: Iterable[SubmissionResult]) -> list[Mistake]:
    """Mistakes of the class, the most frequent first; those without a name last."""
    found: dict[tuple[str, str], Mistake] = {}
    for result in results:
        for exercise in result.exercises.values():
            if exercise.misconception or exercise.verdict == Verdict.FAILED:
                own = (exercise.name, exercise.misconception)
                mistake = found.setdefault(own, Mistake(*own, exercise.hint))
                mistake.students.append(result.student)
    return sorted(found.values(), key=lambda m: (not m.name, -len(m.students)))
