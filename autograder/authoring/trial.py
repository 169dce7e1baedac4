"""All candidates of one exercise, tried on one seed."""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from ..assess import assess
from ..catalogue import Assignment
from ..decide import judge_exercise
from ..exercise import Exercise
from ..misconceptions import Misconception, Seen, recognise
from ..observe import Candidate, observe_all
from ..pack import Behaviour, ExercisePack
from ..verdicts import ExerciseResult, Verdict
from .stub import solution_source, stub_source

Problem = tuple[str, str]  # what it is about, the sentence


@dataclass
class Trial:
    """One exercise on one seed.

    Each method yields problems as pairs: what the problem is about, which makes the
    same problem on another seed recognisable, and a sentence that names the file.
    """

    assignment: Assignment
    exercise: Exercise
    pack: ExercisePack
    seed: int

    def reference(self, candidate: Candidate) -> Iterator[Problem]:
        """The reference passes when it is run anew."""
        result = self._judged(candidate)
        if result.verdict != Verdict.PASSED:
            path = self.assignment.solutions / "reference.py"
            yield "reference", f"{path}: the reference fails: {_why(result)}"

    def stub(self, reference: Candidate) -> Iterator[Problem]:
        """The stub has the reference's signatures, and counts as MISSING."""
        path = self.assignment.solutions / "reference.py"
        source = stub_source(solution_source(path, self.exercise.functions))
        namespace = dict(vars(self.assignment.reference_module))
        exec(compile(source, str(path), "exec"), namespace)
        stub = {name: namespace[name] for name in self.exercise.functions}
        for name in self.exercise.functions:
            if inspect.signature(stub[name]) != inspect.signature(reference[name]):
                text = (
                    f"{path}: stub and reference of {name} have different signatures."
                )
                yield f"signature {name}", text
        verdict = self._judged(stub).verdict
        if verdict != Verdict.MISSING:
            yield (
                "stub",
                f"{path}: the untouched stub of {self.exercise.name} is {verdict}, not "
                "MISSING; a case must call the answer before anything can fail.",
            )

    def misconception(self, wrong: Misconception, seen: Seen) -> Iterator[Problem]:
        """The misconception fails, and is recognised by its own name."""
        path = self.assignment.solutions / "misconceptions.py"
        name = f"{self.exercise.name}__{wrong.slug}"
        found = self._behaviours[wrong.slug].found
        if not any(m for mismatches in found.values() for m in mismatches.values()):
            checks = self.assignment.folder / "checks.py"
            text = f"{checks}: {name} passes every case; add a case that it fails."
            yield f"caught {wrong.slug}", text
            return
        matches = [m.slug for m in recognise(self.pack.misconceptions, found, seen)]
        if matches != [wrong.slug]:
            others = ", ".join(m for m in matches if m != wrong.slug) or "nothing"
            text = (
                f"{path}: {name} is taken for {others}; add a case in which the two "
                "differ, or drop one."
            )
            yield f"named {wrong.slug}", text

    def alternative(self, slug: str, candidate: Candidate) -> Iterator[Problem]:
        """The alternative passes; an oracle agrees in its values."""
        path = self.assignment.solutions / "alternatives.py"
        name = f"{self.exercise.name}__{slug}"
        if slug.startswith("oracle"):
            why = self._against_oracle(candidate)
        else:
            result = self._judged(candidate)
            why = "" if result.verdict == Verdict.PASSED else _why(result)
        if why:
            yield f"right {slug}", f"{path}: {name} is right but does not pass: {why}"

    @cached_property
    def _behaviours(self) -> dict[str, Behaviour]:
        return {b.slug: b for b in self.pack.misconceptions}

    def _judged(self, candidate: Candidate) -> ExerciseResult:
        runs = observe_all(self.exercise, candidate, self.seed, self.pack.given)
        seen = {(c.name, v.name): observation for c, v, observation in runs}
        return judge_exercise(self.exercise, self.pack, seen)

    def _against_oracle(self, candidate: Candidate) -> str:
        """Compare values only, plain and in float64: an oracle may use any tool."""
        runs = observe_all(
            self.exercise,
            candidate,
            self.seed,
            self.pack.given,
            lambda case, variant: variant.name == "float64",
        )
        for case, variant, seen in runs:
            seen.forbidden, seen.mutated = [], []
            expected = self.pack.cases[case.name]
            mismatch = assess(self.exercise, case, variant, seen, expected)
            if mismatch:
                return f"case {case.name} {variant.title}: {mismatch.sentence}"
        return ""


def _why(result: ExerciseResult) -> str:
    for case in result.cases:
        if case.verdict != Verdict.PASSED and case.mismatch:
            where = f" {case.variant}" if case.variant else ""
            wrong = case.mismatch
            values = ""
            if wrong.expected or wrong.got:
                values = f" (expected {wrong.expected}, got {wrong.got})"
            return f"case {case.name}{where}: {wrong.sentence}{values}"
    return str(result.verdict)
