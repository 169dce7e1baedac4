"""Results as files: written atomically, keyed by all that went into them."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..explain import Mismatch
from ..files import write_atomically
from ..verdicts import ExerciseResult, Verdict

FORMAT = 1


@dataclass(frozen=True)
class Who:
    """One notebook of one submission."""

    student: str
    assignment: str
    notebook: str

    def path(self, folder: Path) -> Path:
        """Where its result lies."""
        return folder / self.assignment / self.student / f"{self.notebook}.json"


@dataclass
class SubmissionResult:
    """What one submission earned.

    Attributes:
        key: hash of submission, assignment version, seed and device.
        exercises: results by the grade id of the check cell.
        scores: points by grade id; also of plain test cells.
        pages: HTML reports by grade id, with the pictures that JSON leaves out.
        notes: text shown under a plain test cell.
        flags: what an instructor should look at.
        unusual: those of the flags that tell of code which no answer needs; the
            grades wait for a person to look.
    """

    student: str
    assignment: str
    notebook: str
    key: str
    exercises: dict[str, ExerciseResult] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)
    unusual: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def broken(self) -> bool:
        """Whether our own code failed somewhere."""
        return any(e.verdict == Verdict.BROKEN for e in self.exercises.values())

    def is_doubtful(self, name: str) -> bool:
        """Whether a person should look before the points of a cell count.

        Code that no answer needs may have deceived what observes; and points for a
        verdict that our own crash prevented were not earned yet.
        """
        own = self.exercises.get(name)
        return bool(self.unusual) or bool(own and own.verdict == Verdict.BROKEN)

    def flag(self, line: str) -> None:
        """Note what an instructor should look at, once."""
        if line not in self.flags:
            self.flags.append(line)

    def summary(self) -> dict[str, Any]:
        """What a script wants to know: points, and exercises without their cases."""
        return {
            "score": round(sum(self.scores.values()), 2),
            "points": sum(e.points for e in self.exercises.values()),
            "exercises": {
                e.name: {
                    "verdict": str(e.verdict),
                    "score": e.score,
                    "points": e.points,
                    "misconception": e.misconception,
                }
                for e in self.exercises.values()
            },
            "flags": self.flags,
        }

    def save(self, folder: Path) -> None:
        """Write <folder>/<assignment>/<student>/<notebook>.json."""
        path = Who(self.student, self.assignment, self.notebook).path(folder)
        write_atomically(path, self.to_text().encode())

    def to_text(self) -> str:
        """What a result file holds."""
        data = vars(self) | {
            "format": FORMAT,
            "exercises": {k: e.to_json() for k, e in self.exercises.items()},
        }
        return json.dumps(data, indent=1)

    def merge(self, other: "SubmissionResult") -> None:
        """Add another notebook of the same submission."""
        self.exercises |= other.exercises
        self.scores |= {f"{other.notebook}/{k}": v for k, v in other.scores.items()}
        self.flags += other.flags
        self.unusual += other.unusual
        self.seconds += other.seconds

    @classmethod
    def load(cls, path: Path, *keys: str) -> "SubmissionResult | None":
        """The stored result, if it has one of the keys, or whatever key if none is
        given; None if it must be made anew."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, ValueError):
            return None
        return cls.from_text(text, *keys)

    @classmethod
    def from_text(cls, text: str, *keys: str) -> "SubmissionResult | None":
        """Undo `to_text`; as `load` does."""
        try:
            data = json.loads(text)
            if data.pop("format") != FORMAT or (keys and data["key"] not in keys):
                return None
            exercises = {
                k: ExerciseResult.from_json(e) for k, e in data.pop("exercises").items()
            }
            found = cls(**data, exercises=exercises)
            json.dumps(vars(found), ensure_ascii=False, default=vars).encode()
            return found if found._is_sound() else None
        except (
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            RecursionError,
            OverflowError,
        ):
            return None  # torn or of another version: grade again

    def _is_sound(self) -> bool:
        """Whether the types are right and scores are what the verdicts earned."""
        return (
            _are_texts(self.student, self.assignment, self.notebook, self.key)
            and all(isinstance(d, dict) for d in (self.scores, self.pages, self.notes))
            and _is_list_of_texts(self.flags)
            and _is_list_of_texts(self.unusual)
            and all(_is_score(score) for score in (self.seconds, *self.scores.values()))
            and all(
                _is_exercise(e)
                and self.scores.get(k) == e.score <= e.points
                and isinstance(self.pages.get(k), str)
                for k, e in self.exercises.items()
            )
            and all(
                isinstance(self.notes.get(k), str)
                for k in self.scores.keys() - self.exercises.keys()
            )
        )


def _is_score(value: object) -> bool:
    return type(value) in (int, float) and 0 <= value < 1e300  # type: ignore[operator]


def _are_texts(*values: object) -> bool:
    return all(isinstance(value, str) for value in values)


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, list) and _are_texts(*value)


def _is_exercise(e: ExerciseResult) -> bool:
    return (
        _are_texts(e.name, e.misconception, e.hint)
        and _is_list_of_texts(e.flags)
        and _is_score(e.points)
        and all(
            _are_texts(c.name, c.sentence, c.variant)
            and _is_score(c.weight)
            and _is_score(c.seconds)
            and _is_score(c.reference_seconds)
            and (c.mismatch is None or _is_mismatch(c.mismatch))
            for c in e.cases
        )
    )


def _is_mismatch(wrong: Mismatch) -> bool:
    return (
        _are_texts(wrong.code, wrong.sentence, wrong.expected, wrong.got, wrong.agreed)
        and _is_list_of_texts(wrong.details)
        and wrong.excerpt is None
        and wrong.values is None
    )


def load_all(folder: Path, assignment: str, student: str) -> SubmissionResult | None:
    """All notebooks of a submission as one result; None without any."""
    paths = sorted((folder / assignment / student).glob("*.json"))
    found = [r for r in map(SubmissionResult.load, paths) if r]
    for other in found[1:]:
        found[0].merge(other)
    return found[0] if found else None


def key_of(*parts: str) -> str:
    """A key that changes when any part does."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
