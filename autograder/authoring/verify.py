"""The proof of the content: references right, mistakes caught and named.

What it cannot prove: that the prose is good, and that the list of misconceptions is
complete.
"""

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ..assess import assess
from ..catalogue import Assignment
from ..decide import judge_exercise
from ..errors import AutograderError
from ..exercise import Exercise
from ..misconceptions import (
    Misconception,
    Seen,
    assess_all,
    observe_misconceptions,
    recognise,
)
from ..observe import Candidate, observe_all
from ..pack import ExercisePack, expect
from ..verdicts import ExerciseResult, Verdict
from .percent import read_cells
from .stub import solution_source, stub_source
from .written import read_written

SEEDS = (1, 2, 3)
ALLOWED = {
    "notebook.py",
    "checks.py",
    "reference.py",
    "misconceptions.py",
    "alternatives.py",
    "written.md",
    "challenge.py",
}


@dataclass
class Tally:
    """What was proven of one assignment, or in total."""

    exercises: int = 0
    references_passed: int = 0
    misconceptions: int = 0
    caught: int = 0
    named: int = 0
    alternatives: int = 0
    alternatives_passed: int = 0
    points: float = 0.0
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return not self.problems

    def add(self, other: "Tally") -> None:
        """Add another tally to this one."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def to_json(self) -> dict[str, Any]:
        """Plain data, `ok` first."""
        return {"ok": self.ok} | asdict(self)


def verify(assignment: Assignment, seeds: Sequence[int] = SEEDS) -> Tally:
    """Prove one assignment; problems name the file to open."""
    tally = Tally()
    exercises = list(assignment.checks.exercises.values())
    for proof in (_files, _text):
        try:
            tally.problems += proof(assignment)
        except AutograderError as error:
            tally.problems.append(str(error))
    if not exercises:
        path = assignment.folder / "checks.py"
        tally.problems.append(f"{path} defines no Exercise; add one.")
    for exercise in exercises:
        try:
            tally.add(_verify_exercise(assignment, exercise, seeds))
        except AutograderError as error:
            tally.add(Tally(exercises=1, problems=[str(error)]))
    for written in assignment.checks.written.values():
        tally.points += written.points
    return tally


def _files(assignment: Assignment) -> Iterator[str]:
    for path in assignment.files():
        if path.name not in ALLOWED:
            yield f"{path} is a stray file; remove it (generated files go to build/)."


def _text(assignment: Assignment) -> Iterator[str]:
    path = assignment.folder / "notebook.py"
    cells = read_cells(path)
    answers = read_written(assignment.solutions / "written.md")
    for kind, known in (
        ("exercise", list(assignment.checks.exercises)),
        ("written", list(assignment.checks.written)),
    ):
        placed = [c.name for c in cells if c.kind == kind]
        if placed != known:
            yield (
                f"{path} has the {kind} placeholders {placed}, checks.py defines "
                f"{known}; both must list the same names in the same order."
            )
    for name in assignment.checks.written:
        if name not in answers:
            path = assignment.solutions / "written.md"
            yield f"{path} has no answer to {name!r}; add a '# {name}' section."
    if not any(c.kind == "setup" for c in cells):
        yield f"{path} has no cell tagged setup; tag the cell with the imports."


def _verify_exercise(
    assignment: Assignment, exercise: Exercise, seeds: Sequence[int]
) -> Tally:
    reference = assignment.reference(exercise)
    misconceptions = assignment.misconceptions(exercise)
    alternatives = assignment.alternatives(exercise)
    tally = Tally(
        exercises=1,
        misconceptions=len(misconceptions),
        alternatives=len(alternatives),
        points=exercise.points,
    )
    tally.problems += _counts(assignment, exercise)
    tally.problems += _stub(assignment, exercise)
    failed: set[str] = set()
    for seed in seeds:
        pack = expect(exercise, reference, seed)
        shown = observe_misconceptions(exercise, pack, misconceptions, seed)
        trial = _Trial(assignment, exercise, pack, seed)
        problems = dict(trial.reference(reference))
        for wrong in misconceptions:
            problems |= dict(trial.misconception(wrong, shown[wrong.slug]))
        for slug, candidate in alternatives.items():
            problems |= dict(trial.alternative(slug, candidate))
        tally.problems += [
            f"{text} [seed {seed}]" for k, text in problems.items() if k not in failed
        ]
        failed |= problems.keys()
    tally.references_passed = int("reference" not in failed)
    tally.caught = sum(f"caught {m.slug}" not in failed for m in misconceptions)
    tally.named = sum(
        not {f"caught {m.slug}", f"named {m.slug}"} & failed for m in misconceptions
    )
    tally.alternatives_passed = sum(f"right {s}" not in failed for s in alternatives)
    return tally


def _counts(assignment: Assignment, exercise: Exercise) -> Iterator[str]:
    found = assignment.misconceptions(exercise)
    if len(found) < 3:
        path = assignment.solutions / "misconceptions.py"
        yield f"{path}: {exercise.name} has {len(found)} misconceptions; add to 3."
    for wrong in found:
        if not wrong.hint:
            path = assignment.solutions / "misconceptions.py"
            yield f"{path}: {exercise.name}__{wrong.slug} has no docstring to help."
    slugs = assignment.alternatives(exercise)
    oracles = [s for s in slugs if s.startswith("oracle")]
    path = assignment.solutions / "alternatives.py"
    if not oracles:
        yield f"{path}: {exercise.name} has no oracle; add {exercise.name}__oracle_..."
    if len(oracles) == len(slugs):
        yield f"{path}: {exercise.name} has no alternative beside its oracle; add one."
    if exercise.points <= 0 or not exercise.cases:
        path = assignment.folder / "checks.py"
        yield f"{path}: {exercise.name} needs points and at least one case."


def _stub(assignment: Assignment, exercise: Exercise) -> Iterator[str]:
    path = assignment.solutions / "reference.py"
    solution = solution_source(path, exercise.functions)
    namespace = dict(vars(assignment.reference_module))
    exec(compile(stub_source(solution), str(path), "exec"), namespace)
    stub = {name: namespace[name] for name in exercise.functions}
    reference = assignment.reference(exercise)
    for name in exercise.functions:
        if inspect.signature(stub[name]) != inspect.signature(reference[name]):
            yield f"{path}: stub and reference of {name} have different signatures."
        if not inspect.getdoc(reference[name]):
            yield f"{path}: {name} has no docstring; it is the specification."
    pack = expect(exercise, reference, SEEDS[0])
    result = _judged(exercise, stub, pack, SEEDS[0])
    if result.verdict != Verdict.MISSING:
        yield (
            f"{path}: the untouched stub of {exercise.name} is {result.verdict}, not "
            "MISSING; a case must call the answer before anything can fail."
        )


def _judged(
    exercise: Exercise, candidate: Candidate, pack: ExercisePack, seed: int
) -> ExerciseResult:
    runs = observe_all(exercise, candidate, seed, pack.given)
    seen = {(c.name, v.name): observation for c, v, observation in runs}
    return judge_exercise(exercise, pack, seen)


Problem = tuple[str, str]  # what it is about, the sentence


@dataclass
class _Trial:
    """All candidates of one exercise on one seed."""

    assignment: Assignment
    exercise: Exercise
    pack: ExercisePack
    seed: int

    def reference(self, candidate: Candidate) -> Iterator[Problem]:
        result = _judged(self.exercise, candidate, self.pack, self.seed)
        if result.verdict != Verdict.PASSED:
            path = self.assignment.solutions / "reference.py"
            yield "reference", f"{path}: the reference fails: {_why(result)}"

    def misconception(self, wrong: Misconception, seen: Seen) -> Iterator[Problem]:
        path = self.assignment.solutions / "misconceptions.py"
        name = f"{self.exercise.name}__{wrong.slug}"
        found = assess_all(self.exercise, self.pack, seen)
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
        path = self.assignment.solutions / "alternatives.py"
        name = f"{self.exercise.name}__{slug}"
        if slug.startswith("oracle"):
            why = self._against_oracle(candidate)
        else:
            result = _judged(self.exercise, candidate, self.pack, self.seed)
            why = "" if result.verdict == Verdict.PASSED else _why(result)
        if why:
            yield f"right {slug}", f"{path}: {name} is right but does not pass: {why}"

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
            values = f" (expected {wrong.expected}, got {wrong.got})"
            return f"case {case.name}{where}: {wrong.sentence}{values}"
    return str(result.verdict)
