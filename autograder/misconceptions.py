"""Known wrong answers: how each one shows, and which one an answer behaves like."""

from collections.abc import Mapping
from dataclasses import dataclass

from .assess import assess, too_slow
from .exercise import Case, Exercise
from .explain import Mismatch
from .judge import compare
from .observe import Candidate, Observation, observe_all
from .pack import Behaviour, ExercisePack, Expected
from .tolerance import attach
from .variants import VARIANTS, Variant
from .verdicts import Ending

Seen = Mapping[tuple[str, str], Observation | Ending]  # (case, variant) -> what came
FINAL = ("error:", "complaint:")  # failures that have no digits to lose
Mismatches = dict[str, Mismatch | None]  # by variant


@dataclass
class Misconception:
    """A wrong answer with a name and the sentence that helps."""

    slug: str
    hint: str
    candidate: Candidate


def observe_misconceptions(
    exercise: Exercise,
    pack: ExercisePack,
    misconceptions: list[Misconception],
    seed: int | str,
) -> dict[str, Seen]:
    """What each misconception shows, by slug; notes its behaviour in the pack."""
    shown: dict[str, Seen] = {}
    for wrong in misconceptions:
        seen = observe_until_wrong(exercise, pack, wrong.candidate, seed)
        shown[wrong.slug] = seen
        pack.misconceptions.append(_behaviour(exercise, pack, wrong, seen))
    return shown


def observe_until_wrong(
    exercise: Exercise, pack: ExercisePack, candidate: Candidate, seed: int | str
) -> dict[tuple[str, str], Observation]:
    """What a candidate shows, without the runs that no verdict depends on.

    A case that is wrong plain is run in float64 only, to tell a wrong idea from lost
    digits; the other variants would repeat the same failure.
    """
    seen: dict[tuple[str, str], Observation] = {}
    wrong: dict[str, str] = {}

    def wanted(case: Case, variant: Variant) -> bool:
        if case.name not in wrong:
            return True
        return variant.name == "float64" and not wrong[case.name].startswith(FINAL)

    for case, variant, observation in observe_all(
        exercise, candidate, seed, pack.given, wanted
    ):
        seen[case.name, variant.name] = observation
        if variant.name == "plain":
            expected = pack.cases[case.name]
            mismatch = assess(exercise, case, variant, observation, expected)
            if mismatch:
                wrong[case.name] = mismatch.code
    return seen


def _behaviour(
    exercise: Exercise,
    pack: ExercisePack,
    wrong: Misconception,
    seen: Mapping[tuple[str, str], Observation],
) -> Behaviour:
    behaviour = Behaviour(wrong.slug, wrong.hint)
    behaviour.found = assess_all(exercise, pack, seen)
    for case, found in behaviour.found.items():
        behaviour.codes[case] = {v: signature(m) for v, m in found.items()}
        tree = seen[case, "plain"].tree
        if tree is None:
            continue
        behaviour.trees[case] = tree
        double = seen.get((case, "float64"))
        try:
            attach(tree, double.tree if double else tree, tree)
        except (KeyError, ValueError, AttributeError, TypeError, IndexError):
            continue  # other structures in float64: the floor has to do
    return behaviour


def assess_all(
    exercise: Exercise, pack: ExercisePack, seen: Seen
) -> dict[str, Mismatches]:
    """What is wrong in each case and variant that was seen."""
    found: dict[str, Mismatches] = {}
    for case in exercise.cases:
        expected = pack.cases[case.name]
        found[case.name] = {}
        for name in expected.trees:
            what = seen.get((case.name, name))
            if isinstance(what, Observation):
                mismatch = assess(exercise, case, VARIANTS[name], what, expected)
                found[case.name][name] = mismatch
            elif isinstance(what, Ending):
                found[case.name][name] = Mismatch(str(what.verdict), what.sentence)
        if found[case.name] and not any(found[case.name].values()):
            last = "again" if "again" in found[case.name] else "plain"
            seconds = quickest(case, expected, seen)
            found[case.name][last] = too_slow(exercise, seconds, expected)
    return found


def quickest(case: Case, expected: Expected, seen: Seen) -> float:
    """Seconds of a case's quickest run: the others met something else that the machine
    had to do. Only runs that were asked for count."""
    runs = [seen.get((case.name, variant)) for variant in expected.trees]
    return min((r.seconds for r in runs if isinstance(r, Observation)), default=0.0)


def signature(mismatch: Mismatch | None) -> str:
    """What makes two failures the same, figures left out."""
    return mismatch.code if mismatch else ""


def recognise(
    misconceptions: list[Behaviour], found: dict[str, Mismatches], seen: Seen
) -> list[Behaviour]:
    """The misconceptions that behave like the candidate, most alike first.

    A misconception matches if it fails in the same way, with the same values, in
    every case that the candidate fails, and fails no more than that many others, which
    the candidate passes; agreement in the other cases ranks matches.
    """
    ranked = []
    failing = [c for c, mismatches in found.items() if any(mismatches.values())]
    if not failing:  # nothing was seen to go wrong
        return []
    for wrong in misconceptions:
        if all(_alike(wrong, c, found[c], seen) for c in failing):
            agreeing = sum(_alike(wrong, c, found[c], seen) for c in found)
            if len(found) - agreeing <= len(failing):
                ranked.append((agreeing, wrong))
    best = max((n for n, _ in ranked), default=0)
    return [wrong for n, wrong in ranked if n == best]


def _alike(wrong: Behaviour, case: str, found: Mismatches, seen: Seen) -> bool:
    codes = wrong.codes.get(case, {})
    if found.get("plain") or codes.get("plain"):
        if signature(found.get("plain")) != codes.get("plain", ""):
            return False
        tree = wrong.trees.get(case)
        what = seen.get((case, "plain"))
        if tree is None or not isinstance(what, Observation) or what.tree is None:
            return True
        if codes.get("plain", "").startswith("complaint:"):
            return True
        return compare(what.tree, tree) is None
    return all(signature(m) == codes.get(v, "") for v, m in found.items())
