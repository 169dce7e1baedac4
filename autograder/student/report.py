"""What `autograder check` says: the reports, a table, and what would be lost."""

import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..report.text import SIGNS, UNTOUCHED, WIDTH, missing, to_text, wrapped
from ..verdicts import Verdict
from .losses import Loss, is_answered, losses
from .reading import Work, read
from .running import Run, Say, run

MINUTE, HOUR, DAY = 60, 3600, 86400


@dataclass
class NotebookReport:
    """A notebook, what came of it, and what would be lost.

    Attributes:
        work: the notebook.
        run: what came of running it.
    """

    work: Work
    run: Run

    @cached_property
    def losses(self) -> list[Loss]:
        """What to look at before handing in."""
        return losses(self.work, self.run)

    @property
    def passed(self) -> bool:
        """Whether every exercise passed and nothing would be lost."""
        results = self.run.results.values()
        return all(r.verdict == Verdict.PASSED for r in results) and not any(
            loss.serious for loss in self.losses
        )

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "assignment": self.work.release.name,
            "notebook": self.work.path.name,
            "passed": self.passed,
            "exercises": [r.to_json() for r in self.run.results.values()],
            "written": {n: is_answered(self.work, n) for n in self.work.checks.written},
            "lost": [loss.text for loss in self.losses if loss.serious],
            "notes": [loss.text for loss in self.losses if not loss.serious],
        }

    def to_text(self) -> str:
        """For a terminal: the reports of what did not pass, a table, the losses."""
        results = self.run.results.values()
        parts = [
            to_text(r)
            for r in results
            if r.verdict != Verdict.PASSED and missing(r) != UNTOUCHED
        ]
        parts.append("\n".join(self._table()))
        for serious, title in ((True, "Would be lost:"), (False, "Worth knowing:")):
            chosen = [loss.text for loss in self.losses if loss.serious == serious]
            if chosen:
                lines = [li for text in chosen for li in wrapped(text, "    ", "  - ")]
                parts.append("\n".join([title, *lines]))
        parts.append(self._end())
        return "\n\n".join(parts)

    def _table(self) -> list[str]:
        results = self.run.results.values()
        written = self.work.checks.written.values()
        wide = max(map(len, (*self.run.results, *self.work.checks.written)))
        saved = self.work.path.stat().st_mtime
        title = f"{self.work.path.name}, saved {_ago(time.time() - saved)}"
        lines = [title, "─" * WIDTH, _row(wide, "", "verdict", "cases", "points")]
        for r in results:
            passed = sum(c.verdict == Verdict.PASSED for c in r.cases)
            verdict = f"{SIGNS.get(r.verdict, '✗')} {r.verdict}"
            cases, points = (
                f"{passed} of {len(r.cases)}",
                f"{r.score:g} of {r.points:g}",
            )
            lines.append(_row(wide, r.name, verdict, cases, points))
        for w in written:
            answered = is_answered(self.work, w.name)
            state = "· a person reads it" if answered else "· no answer"
            lines.append(_row(wide, w.name, state, "", f"? of {w.points:g}"))
        earned, most = sum(r.score for r in results), sum(r.points for r in results)
        lines.append(_row(wide, "", "checked here", "", f"{earned:g} of {most:g}"))
        return lines

    def _end(self) -> str:
        if self.passed:
            return (
                "All exercises pass, run from top to bottom in a fresh process.\n"
                "Grading draws other inputs and may add cases."
            )
        return "Not everything is ready to be handed in; see above."


def _row(wide: int, *cells: str) -> str:
    name, verdict, cases, points = cells
    return f"{name:<{wide}}  {verdict:<20} {cases:>8} {points:>12}"


def _ago(seconds: float) -> str:
    for unit, name in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        count = int(seconds // unit)
        if count:
            return f"{count} {name}{'s' * (count > 1)} ago"
    return "just now"


def report_on(path: Path, say: Say = lambda what: None) -> NotebookReport:
    """Run a notebook as it will be graded, and look at what would be lost.

    Args:
        path: the notebook, in its release folder.
        say: told what starts now.
    """
    work = read(path)
    _ = work.checks, work.packs, work.release  # before anything is run
    return NotebookReport(work, run(work, say))
