"""A class at a glance, for the terminal."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..verdicts import Verdict

if TYPE_CHECKING:
    from ..grading.results import SubmissionResult

LETTERS = {
    Verdict.PASSED: "✓",
    Verdict.FAILED: "✗",
    Verdict.ERRORED: "E",
    Verdict.MISSING: "·",
    Verdict.TIMED_OUT: "T",
    Verdict.OUT_OF_MEMORY: "M",
    Verdict.SKIPPED: "–",
    Verdict.BROKEN: "B",
}


def class_table(results: "Iterable[SubmissionResult]") -> str:
    """One line per student: a letter per exercise, points, mistakes by name."""
    rows = sorted(results, key=lambda r: r.student)
    if not rows:
        return "nothing was graded"
    wide = max(len("student"), *(len(r.student) for r in rows))
    letters = max(len(r.exercises) for r in rows)
    lines = [f"{'student':<{wide}}  {'exercises':<{max(9, letters)}}  {'points':>12}"]
    for row in rows:
        marks = "".join(LETTERS[e.verdict] for e in row.exercises.values())
        most = sum(e.points for e in row.exercises.values())
        points = f"{sum(row.scores.values()):g}" + (f" of {most:g}" if most else "")
        line = f"{row.student:<{wide}}  {marks:<{max(9, letters)}}  {points:>12}"
        lines.append((line + "  " + _remarks(row)).rstrip())
    used = {e.verdict for r in rows for e in r.exercises.values()}
    lines.append("  ".join(f"{LETTERS[v]} {v.lower()}" for v in Verdict if v in used))
    return "\n".join(lines)


def _remarks(row: "SubmissionResult") -> str:
    named = [
        f"{e.name}: {e.misconception}"
        for e in row.exercises.values()
        if e.misconception
    ]
    more = len(row.flags) - 1
    flags = [f + f" (and {more} more)" * (more > 0) for f in row.flags[:1]]
    return "; ".join(named[:2] + flags)
