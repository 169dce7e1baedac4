"""What is wrong with one observation: the judge's work on one run of a case.

Runs in the trusted process. It calls no answer; the only functions it calls are the
case judges of the checks.
"""

from copy import deepcopy

from .exercise import Case, Exercise
from .explain import Mismatch
from .judge import compare, outgrown
from .observe import Observation
from .pack import Expected
from .tree import plain
from .variants import Variant

GRACE_SECONDS = 0.5


def assess(
    exercise: Exercise,
    case: Case,
    variant: Variant,
    seen: Observation,
    expected: Expected,
) -> Mismatch | None:
    """What is wrong with one observation, or None.

    Args:
        exercise: the exercise of the case.
        case: the case that was run.
        variant: the variant it was run in.
        seen: what the candidate showed.
        expected: what the reference showed.
    """
    if seen.fault:
        fault = seen.fault
        message = f": {fault.message}" if fault.message else ""
        return Mismatch(
            f"error:{fault.type}",
            f"your answer raised {fault.type}{message}",
            details=[f"in {line}" for line in fault.where[-1:]],
        )
    if seen.forbidden:
        names = ", ".join(seen.forbidden)
        return Mismatch(
            f"forbidden:{names}",
            f"your answer calls {names}, which this exercise asks you to do without",
        )
    if mismatch := _compared(case, variant, seen, expected):
        return mismatch
    if seen.mutated:
        names = ", ".join(seen.mutated)
        return Mismatch(
            f"mutated:{names}",
            f"your answer changes its argument {names} in place; work on a copy",
        )
    return None


def too_slow(exercise: Exercise, seconds: float, expected: Expected) -> Mismatch | None:
    """A complaint if even the quickest run of a case took far too long.

    The quickest, since on a busy machine any single run may have had to wait.
    """
    if seconds <= exercise.slow * expected.seconds + GRACE_SECONDS:
        return None
    times = seconds / max(expected.seconds, 1e-9)
    return Mismatch(
        "slow",
        f"right, but {times:.0f} times slower than the reference "
        f"({exercise.slow:g} times is allowed)",
    )


def _compared(
    case: Case, variant: Variant, seen: Observation, expected: Expected
) -> Mismatch | None:
    tree = expected.trees.get(variant.name)
    if tree is None or seen.tree is None:
        return Mismatch("form", "nothing came that could be compared")
    if case.judge is None:
        return compare(seen.tree, tree)
    if mismatch := outgrown(seen.tree, tree):
        return mismatch
    try:
        # copies: a judge may sort in place, and is asked more than once
        got, wanted = (deepcopy(plain(t)) for t in (seen.tree, tree))
        complaint = case.judge(got, wanted, expected.secret)
    except Exception:  # the judge met a value of a form it did not foresee
        return compare(seen.tree, tree) or Mismatch(
            "form", "the returned value does not have the form that was asked for"
        )
    if complaint is None:
        return None
    return Mismatch(f"complaint:{str(complaint).split(':')[0]}", str(complaint))
