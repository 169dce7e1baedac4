"""From observations to the verdict on an exercise."""

from .exercise import Case, Exercise
from .explain import Mismatch, elaborate, is_close
from .faults import Fault
from .misconceptions import Mismatches, Seen, assess_all, quickest, recognise
from .observe import Observation
from .pack import ExercisePack, Expected
from .variants import VARIANTS
from .verdicts import CaseResult, Ending, ExerciseResult, Verdict

LOST = (
    "an innocent loss of precision: something in your answer is float32 (a constant, a "
    "new tensor, a conversion); give it the dtype of the input"
)


def judge_exercise(
    exercise: Exercise, pack: ExercisePack, seen: Seen
) -> ExerciseResult:
    """The verdict on an exercise, with the name of the misconception it shows."""
    result = ExerciseResult(exercise.name, exercise.points)
    found = assess_all(exercise, pack, seen)
    for case in exercise.cases:
        expected = pack.cases[case.name]
        result.cases.append(_case_result(case, found[case.name], seen, expected))
    if result.verdict in {Verdict.FAILED, Verdict.ERRORED}:
        match = recognise(pack.misconceptions, found, seen)
        if match:
            result.misconception, result.hint = match[0].title, match[0].hint
    return result


def _case_result(
    case: Case, found: Mismatches, seen: Seen, expected: Expected
) -> CaseResult:
    first = seen.get((case.name, "plain"))
    result = CaseResult(
        case.name, case.sentence, Verdict.PASSED, case.weight, case.hidden
    )
    if first is None:
        result.verdict = Verdict.ERRORED
        result.mismatch = Mismatch("not run", "this case could not be run")
        return result
    if isinstance(first, Observation):
        result.seconds = quickest(case, expected, seen)
        result.reference_seconds = expected.quickest
    wrong = next((v for v, mismatch in found.items() if mismatch), None)
    if wrong is None:
        return result
    result.mismatch = found[wrong]
    assert result.mismatch
    elaborate(result.mismatch)
    result.verdict = _verdict(seen[case.name, wrong])
    if wrong != "plain":
        result.variant = VARIANTS[wrong].title
        if wrong == "float64" and is_close(result.mismatch):
            result.mismatch.details.append(LOST)
    elif _is_numeric(result.mismatch) and found.get("float64", first) is None:
        result.mismatch.details.append(
            "in float64 your answer is right: the idea is correct, float32 overflows "
            "or loses digits"
        )
    return result


def _is_numeric(mismatch: Mismatch | None) -> bool:
    return mismatch is not None and mismatch.code in {"value", "nan"}


def _verdict(seen: Observation | Ending) -> Verdict:
    if isinstance(seen, Ending):
        return seen.verdict
    if seen.fault is None:
        return Verdict.FAILED
    if seen.fault.type == "MemoryError":
        return Verdict.OUT_OF_MEMORY
    return Verdict.MISSING if _is_stub(seen.fault) else Verdict.ERRORED


def _is_stub(fault: Fault) -> bool:
    # The stub raises without a message; torch's own NotImplementedErrors have one.
    return fault.type == "NotImplementedError" and not fault.message
