"""A result as Gradescope's results.json; students see it at once.

So of a hidden case it tells sentence and verdict alone, and flags are in a part that
only instructors see.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ..grading.results import SubmissionResult
from ..report.text import to_text
from ..verdicts import ExerciseResult, Verdict


def to_results(result: SubmissionResult, score: float | None = None) -> dict[str, Any]:
    """What results.json holds.

    Args:
        result: of one submission.
        score: in place of the sum over exercises, if points by hand or a penalty count.
    """
    data: dict[str, Any] = {
        "execution_time": round(result.seconds),
        "stdout_visibility": "hidden",
        "tests": [*_tests(result), *_for_instructors(result)],
    }
    return data | ({} if score is None else {"score": score})


def refused(reason: str) -> dict[str, Any]:
    """What it holds for a submission that cannot be graded."""
    return {"score": 0, "output": reason, "output_format": "text", "tests": []}


def _tests(result: SubmissionResult) -> Iterator[dict[str, Any]]:
    for number, (name, score) in enumerate(result.scores.items(), start=1):
        exercise = result.exercises.get(name)
        if exercise is None:  # a plain test cell: its points are the notebook's affair
            yield {
                "number": str(number),
                "name": name,
                "score": score,
                "output": result.notes.get(name, ""),
                "output_format": "text",
                "visibility": "visible",
            }
            continue
        passed = exercise.verdict in {Verdict.PASSED, Verdict.BROKEN}
        yield {
            "number": str(number),
            "name": exercise.name,
            "score": score,
            "max_score": exercise.points,
            "status": "passed" if passed else "failed",
            "output": to_text(_public(exercise)),
            "output_format": "text",
            "visibility": "visible",
        }


def _public(exercise: ExerciseResult) -> ExerciseResult:
    """Without what a hidden case expected and got."""
    cases = [replace(c, mismatch=None) if c.hidden else c for c in exercise.cases]
    return replace(exercise, cases=cases, flags=[])


def _for_instructors(result: SubmissionResult) -> Iterator[dict[str, Any]]:
    lines = [f"{e.name}: {line}" for e in result.exercises.values() for line in e.flags]
    if lines := [*result.flags, *lines]:
        yield {
            "name": "For instructors: things to look at",
            "score": 0,
            "max_score": 0,
            "output": "\n".join(lines),
            "output_format": "text",
            "visibility": "hidden",
        }
