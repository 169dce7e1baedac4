"""How far a class is, while it is graded."""

from collections import Counter
from typing import TYPE_CHECKING

from tqdm import tqdm

from ..verdicts import Verdict
from .table import LETTERS

if TYPE_CHECKING:
    from ..grading.results import SubmissionResult


class Progress:
    """A bar on a terminal's stderr: done, rate, time left, verdicts so far."""

    def __init__(self, submissions: int) -> None:
        self._verdicts: Counter[Verdict] = Counter()
        self._problems = 0
        self._bar = tqdm(total=submissions, unit="submission", disable=None)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def through(self, student: str, result: "SubmissionResult | None") -> None:
        """A student is through; no result is a problem."""
        if result is None:
            self._problems += 1
        else:
            self._verdicts.update(e.verdict for e in result.exercises.values())
        self._bar.set_postfix_str(self.counts(), refresh=False)
        self._bar.update()

    def counts(self) -> str:
        """Exercises by verdict, and submissions that could not be graded."""
        found = [f"{LETTERS[v]} {self._verdicts[v]}" for v in LETTERS]
        shown = [text for text in found if not text.endswith(" 0")]
        if self._problems:
            shown.append(f"problems {self._problems}")
        return "  ".join(shown)
