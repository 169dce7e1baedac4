"""What a student calls in the notebook: `check(softmax)`."""

import sys
from functools import cache
from pathlib import Path
from typing import Any

from .catalogue import CHECKS, Checks
from .decide import judge_exercise
from .errors import AutograderError
from .exercise import Exercise
from .misconceptions import observe_until_wrong
from .observe import Candidate
from .pack import PUBLIC_SEED, ExercisePack, load
from .report import Report
from .verdicts import ExerciseResult


def check(*answers: Any, folder: str | Path = ".") -> Report:
    """Check your answer to an exercise and say what is wrong with it.

    Args:
        answers: the functions (or classes) that the exercise asks for.
        folder: the release folder, if the notebook does not lie in it.

    Returns:
        A report that shows itself at the end of a cell; `print` it elsewhere.
    """
    if not answers:
        raise AutograderError("check needs your function: check(softmax).")
    checks, packs = _assignment(Path(folder).resolve())
    names = _names(answers, checks, sys._getframe(1).f_globals)
    exercise = checks.exercise(names[0])
    candidate = dict(zip(names, answers, strict=True))
    if missing := [f for f in exercise.functions if f not in candidate]:
        call = ", ".join(exercise.functions)
        raise AutograderError(
            f"{exercise.name} needs {', '.join(missing)} too: check({call})."
        )
    candidate = {name: candidate[name] for name in exercise.functions}
    return Report(run_check(exercise, packs[exercise.name], candidate))


def _names(
    answers: tuple[Any, ...], checks: Checks, notebook: dict[str, Any]
) -> list[str]:
    """What the notebook calls the answers.

    That is what `def` called them, but not for `softmax = lambda x: ...` or a function
    that comes from a library.
    """
    known = {f for e in checks.exercises.values() for f in e.functions}
    found = []
    for answer in answers:
        own = getattr(answer, "__name__", type(answer).__name__)
        bound = (k for k in known if k in notebook and notebook[k] is answer)
        found.append(own if own in known else next(bound, own))
    return found


@cache
def _assignment(folder: Path) -> tuple[Checks, dict[str, ExercisePack]]:
    if not (folder / CHECKS).exists():
        raise AutograderError(
            f"no {CHECKS} in {folder.name}/; open the notebook in its release folder, "
            "or say where that is: check(softmax, folder='path')."
        )
    return Checks.read(folder / CHECKS), load(folder)


def run_check(
    exercise: Exercise, pack: ExercisePack, candidate: Candidate
) -> ExerciseResult:
    """Run the cases on the public seed and judge them."""
    seen = observe_until_wrong(exercise, pack, candidate, PUBLIC_SEED)
    return judge_exercise(exercise, pack, seen)
