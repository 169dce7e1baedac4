"""The proof of the content: references right, mistakes caught and named.

What it cannot prove: that the prose is good, and that the list of misconceptions is
complete.
"""

import multiprocessing
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import torch

from ..catalogue import Assignment
from ..errors import AutograderError
from ..exercise import Exercise
from ..misconceptions import observe_misconceptions
from ..pack import expect
from . import upkeep
from .trial import Trial

SEEDS = (1, 2, 3)
UPKEEP = (
    upkeep.stray_files,
    upkeep.long_lines,
    upkeep.placeholders,
    upkeep.model_answers,
    upkeep.exported,
)


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


def verify_all(
    assignments: Sequence[Assignment], jobs: int = 1, seeds: Sequence[int] = SEEDS
) -> Iterator[tuple[Assignment, Tally]]:
    """Prove several assignments, exercises side by side in `jobs` processes.

    Yields:
        assignment and tally, in the order given, each as soon as it is known.
    """
    if jobs <= 1:
        torch.set_num_threads(1)  # as in the processes below
        for assignment in assignments:
            yield assignment, verify(assignment, seeds)
        return
    with ProcessPoolExecutor(
        jobs,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=torch.set_num_threads,
        initargs=(1,),
    ) as pool:
        # All are handed out before the first is waited for.
        waiting = [
            [
                pool.submit(_elsewhere, a.name, a.root, p, tuple(seeds))
                for p in _parts(a)
            ]
            for a in assignments
        ]
        for assignment, futures in zip(assignments, waiting, strict=True):
            yield assignment, _total(future.result() for future in futures)


def verify(assignment: Assignment, seeds: Sequence[int] = SEEDS) -> Tally:
    """Prove one assignment; problems name the file to open."""
    return _total(_verify_part(assignment, p, seeds) for p in _parts(assignment))


def _parts(assignment: Assignment) -> list[str]:
    """What can be proven apart: the files (named by nothing), and each exercise."""
    return ["", *assignment.checks.exercises]


def _total(tallies: Iterable[Tally]) -> Tally:
    total = Tally()
    for tally in tallies:
        total.add(tally)
    return total


def _elsewhere(name: str, root: Path, part: str, seeds: Sequence[int]) -> Tally:
    return _verify_part(_loaded(name, root), part, seeds)


@cache
def _loaded(name: str, root: Path) -> Assignment:
    return Assignment(name, root)


def _verify_part(assignment: Assignment, part: str, seeds: Sequence[int]) -> Tally:
    if not part:
        return _verify_files(assignment)
    try:
        exercise = assignment.checks.exercises[part]
        return _verify_exercise(assignment, exercise, seeds)
    except AutograderError as error:
        return Tally(exercises=1, problems=[str(error)])


def _verify_files(assignment: Assignment) -> Tally:
    tally = Tally(points=sum(w.points for w in assignment.checks.written.values()))
    for proof in UPKEEP:
        try:
            tally.problems += proof(assignment)
        except AutograderError as error:
            tally.problems.append(str(error))
    if not assignment.checks.exercises:
        path = assignment.folder / "checks.py"
        tally.problems.append(f"{path} defines no Exercise; add one.")
    return tally


def _verify_exercise(
    assignment: Assignment, exercise: Exercise, seeds: Sequence[int]
) -> Tally:
    misconceptions = assignment.misconceptions(exercise)
    alternatives = assignment.alternatives(exercise)
    tally = Tally(
        exercises=1,
        misconceptions=len(misconceptions),
        alternatives=len(alternatives),
        points=exercise.points,
    )
    tally.problems += upkeep.counts(assignment, exercise)
    failed: set[str] = set()
    for seed in seeds:
        problems = _problems(assignment, exercise, seed, first=seed == seeds[0])
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


def _problems(
    assignment: Assignment, exercise: Exercise, seed: int, first: bool
) -> dict[str, str]:
    """What does not hold on one seed; the stub is the same on all."""
    reference = assignment.reference(exercise)
    misconceptions = assignment.misconceptions(exercise)
    pack = expect(exercise, reference, seed)
    shown = observe_misconceptions(exercise, pack, misconceptions, seed)
    trial = Trial(assignment, exercise, pack, seed)
    problems = dict(trial.reference(reference))
    if first:
        problems |= dict(trial.stub(reference))
    for wrong in misconceptions:
        problems |= dict(trial.misconception(wrong, shown[wrong.slug]))
    for slug, candidate in assignment.alternatives(exercise).items():
        problems |= dict(trial.alternative(slug, candidate))
    return problems


__all__ = ["SEEDS", "Tally", "verify", "verify_all"]
