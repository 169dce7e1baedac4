"""Whose score a corrected check changes, for the terminal."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..grading.regrade import Change, ExerciseChange, Regraded


def changes_text(regraded: "Regraded") -> str:
    """Each student whose score changes, with the exercises and cases that differ."""
    lines = [line for change in regraded.changes for line in _student(change)]
    lines.append(_summary(regraded))
    if regraded.ungraded:
        what = "graded for the first time" if regraded.stored else "never graded before"
        names = (s if s.isprintable() else repr(s) for s in regraded.ungraded)
        lines.append(f"{what}: {', '.join(names)}")
    return "\n".join(lines)


def _student(change: "Change") -> list[str]:
    again = "  (handed in again since)" if change.handed_in_again else ""
    score = f"{change.before:g} → {change.after:g} of {change.points:g}"
    return [f"{change.student}  {score}{again}", *map(_exercise, change.exercises)]


def _exercise(change: "ExerciseChange") -> str:
    cases = [f"{c.name} {c.before} → {c.after}" for c in change.cases]
    why = ", ".join(cases) or "other points or weights"
    return f"  {change.name}  {change.before:g} → {change.after:g}: {why}"


def _summary(regraded: "Regraded") -> str:
    changes, stored = regraded.changes, regraded.stored
    compared = len(changes) + len(regraded.unchanged)
    if not changes:
        return f"no score changes ({compared} compared)"
    up = sum(c.after > c.before for c in changes)
    down = sum(c.after < c.before for c in changes)
    done = "stored and imported" if stored else "nothing was stored, --apply does that"
    how_many = f"{len(changes)} of {compared} ({up} up, {down} down)"
    return f"scores that change: {how_many}; {done}"
