"""The words for results, and results as plain data."""

from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from .explain import Mismatch


class Verdict(StrEnum):
    """What became of a case or an exercise."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    ERRORED = "ERRORED"
    MISSING = "MISSING"  # the stub is untouched, or the function is gone
    TIMED_OUT = "TIMED_OUT"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    SKIPPED = "SKIPPED"  # no such device, or not checkable
    BROKEN = "BROKEN"  # our fault: costs no points


@dataclass
class Ending:
    """How a run ended when it gave no observation."""

    verdict: Verdict
    sentence: str


@dataclass
class CaseResult:
    """The verdict on one case and, if it is not PASSED, why.

    `variant` is the title of the variant that went wrong; empty for the plain run.
    `reference_seconds` is what the reference took, in the process that ran it.
    """

    name: str
    sentence: str
    verdict: Verdict
    weight: float = 1.0
    hidden: bool = False
    variant: str = ""
    mismatch: Mismatch | None = None
    seconds: float = 0.0
    reference_seconds: float = 0.0

    @property
    def share(self) -> float:
        """Part of the case's weight that is earned: half if only a variant is wrong."""
        if self.verdict in {Verdict.PASSED, Verdict.BROKEN}:
            return 1.0
        return 0.5 if self.variant else 0.0


@dataclass
class ExerciseResult:
    """The verdict on one exercise."""

    name: str
    points: float
    cases: list[CaseResult] = field(default_factory=list)
    misconception: str = ""
    hint: str = ""
    flags: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> Verdict:
        """PASSED if every case is; else what is most telling."""
        found = [c.verdict for c in self.cases]
        for verdict in (Verdict.TIMED_OUT, Verdict.OUT_OF_MEMORY, Verdict.BROKEN):
            if verdict in found:
                return verdict
        wrong = [v for v in found if v not in {Verdict.PASSED, Verdict.SKIPPED}]
        if not wrong:
            return Verdict.PASSED if found else Verdict.BROKEN
        real = [v for v in wrong if v != Verdict.MISSING]
        return real[0] if real else Verdict.MISSING

    @property
    def score(self) -> float:
        """Points earned, rounded to cents."""
        total = sum(c.weight for c in self.cases)
        earned = sum(c.weight * c.share for c in self.cases)
        return round(self.points * earned / total, 2) if total else self.points

    def to_json(self) -> dict[str, Any]:
        """Plain data; tensors are left out."""
        cases = []
        for case in self.cases:
            data = asdict(replace(case, mismatch=None))
            if case.mismatch:
                bare = replace(case.mismatch, excerpt=None, values=None)
                data["mismatch"] = asdict(bare)
            cases.append(data)
        return {
            "name": self.name,
            "verdict": str(self.verdict),
            "score": self.score,
            "points": self.points,
            "misconception": self.misconception,
            "hint": self.hint,
            "flags": self.flags,
            "cases": cases,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "ExerciseResult":
        """Undo `to_json`."""
        cases = []
        for item in data["cases"]:
            mismatch = item["mismatch"] and Mismatch(**item["mismatch"])
            verdict = Verdict(item["verdict"])
            cases.append(
                CaseResult(**item | {"mismatch": mismatch, "verdict": verdict})
            )
        return cls(
            data["name"],
            data["points"],
            cases,
            data["misconception"],
            data["hint"],
            data["flags"],
        )
