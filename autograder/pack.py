"""What is expected of every case for one seed: of the reference and of misconceptions.

A pack is all that judging needs besides the checks. The grader builds one per
assignment with its own seed; a student's copy, for the public seed, travels with the
release as safetensors and JSON, outputs only, never code.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import AuthoringError, AutograderError
from .exercise import Case, Exercise
from .explain import Mismatch
from .files import write_atomically
from .observe import Candidate, Observation, given_for, observe, observe_all
from .tolerance import attach
from .transport import (
    Tensors,
    TransportError,
    dump_tree,
    from_bytes,
    load_tree,
    to_bytes,
)
from .tree import Tree, leaves, plain, to_tree
from .variants import FINELY_JITTERED, FLOAT64, JITTERED, Variant

PUBLIC_SEED = 1
BASE_SECONDS = 5.0
TIMES_REFERENCE = 50.0
FILE = "expected.safetensors"
RELEASE = "the released notebook"  # beside exercises, whose names have no spaces


@dataclass
class Expected:
    """The reference's outputs for one case, by variant, and what it took.

    `seconds` is what limits are derived from; `quickest`, of all runs, what a report
    compares with, as an answer's own time is its quickest, too.
    """

    trees: dict[str, Tree] = field(default_factory=dict)
    seconds: float = 0.0
    quickest: float = 0.0
    given: Any = None
    secret: Any = None


@dataclass
class Behaviour:
    """How a misconception shows.

    Attributes:
        trees: outputs of the plain runs, by case.
        codes: kinds of failure, by case and variant.
        found: the failures themselves; stays in the process that observed them.
    """

    slug: str
    hint: str
    trees: dict[str, Tree] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    found: dict[str, dict[str, Mismatch | None]] = field(
        default_factory=dict, repr=False, compare=False
    )

    @property
    def title(self) -> str:
        """The slug as words."""
        return self.slug.replace("_", " ")


@dataclass
class ExercisePack:
    """All that judging one exercise needs."""

    cases: dict[str, Expected] = field(default_factory=dict)
    misconceptions: list[Behaviour] = field(default_factory=list)

    @property
    def given(self) -> dict[str, Any]:
        """Inputs made outside, by case."""
        return {name: e.given for name, e in self.cases.items() if e.given is not None}

    @property
    def seconds(self) -> float:
        """What the reference took for all runs."""
        return sum(e.seconds * len(e.trees) for e in self.cases.values())

    @property
    def limit(self) -> float:
        """Wall seconds for an answer: generous against the reference's time."""
        return BASE_SECONDS + TIMES_REFERENCE * self.seconds


def expect(exercise: Exercise, reference: Candidate, seed: int | str) -> ExercisePack:
    """Run the reference in every variant and derive the tolerances."""
    pack = ExercisePack()
    for case in exercise.cases:
        given, secret = given_for(exercise, case, seed)
        pack.cases[case.name] = Expected(given=given, secret=secret)
    drew = set()
    for case, variant, seen in observe_all(exercise, reference, seed, pack.given):
        _insist(exercise, case, variant, seen)
        expected = pack.cases[case.name]
        expected.trees[variant.name] = seen.tree
        if variant.name in {"plain", "again"}:
            expected.seconds = seen.seconds
        expected.quickest = min(expected.quickest or seen.seconds, seen.seconds)
        if seen.drew:
            drew.add(case.name)
    for case in exercise.cases:
        expected = pack.cases[case.name]
        oracle = expected.trees.get("float64", expected.trees["plain"])
        jittered, finely = [], []
        if case.name in drew and _has_an_oracle(exercise, case):
            if "float64" in case.without:  # answers are spared the run, not the oracle
                extra = _runs(exercise, case, reference, seed, (FLOAT64,))
                oracle = extra[0].tree if extra else oracle
            else:
                finely = _runs(exercise, case, reference, seed, FINELY_JITTERED)
            jittered = _runs(exercise, case, reference, seed, JITTERED)
        _attach(exercise, case, expected, oracle, jittered, finely)
    return pack


def _has_an_oracle(exercise: Exercise, case: Case) -> bool:
    """Whether rounding can be measured: not where a judge decides, nor where there is
    no float64 at all."""
    return not ("float64" in exercise.without or case.judge or case.given)


def _insist(
    exercise: Exercise, case: Case, variant: Variant, seen: Observation
) -> None:
    """Raise unless the reference keeps the rules that an answer has to keep."""
    where = f"case {case.name!r} {variant.title}"
    if seen.fault:
        line = f" ({seen.fault.where[-1]})" if seen.fault.where else ""
        raise AuthoringError(
            f"the reference of {exercise.name} raises {seen.fault.type} in {where}: "
            f"{seen.fault.message}{line}"
        )
    if seen.mutated or seen.forbidden:
        what = ", ".join(seen.mutated + seen.forbidden)
        raise AuthoringError(
            f"the reference of {exercise.name} breaks its own rules in {where}: {what}"
        )
    for leaf in leaves(seen.tree):
        if leaf.kind == "other":
            raise AuthoringError(
                f"{exercise.name}, {where}: a value of type {leaf.dtype} cannot be "
                "compared; return tensors, arrays, numbers, booleans and strings."
            )


def _runs(
    exercise: Exercise,
    case: Case,
    reference: Candidate,
    seed: int | str,
    variants: tuple[Variant, ...],
) -> list[Observation]:
    """The reference in variants that measure rounding."""
    runs = (observe(exercise, case, reference, v, seed) for v in variants)
    return [seen for seen in runs if seen.fault is None]


def _attach(
    exercise: Exercise,
    case: Case,
    expected: Expected,
    oracle: Tree,
    jittered: list[Observation],
    finely: list[Observation],
) -> None:
    single = expected.trees["plain"]
    scale = max((seen.scale for seen in jittered), default=0.0)
    moved = [seen.tree for seen in jittered]
    finely_moved = [seen.tree for seen in finely]
    for tree in expected.trees.values():
        try:
            attach(tree, oracle, single, moved, scale, finely_moved)
        except (KeyError, ValueError, AttributeError, TypeError, IndexError):
            raise AuthoringError(
                f"case {case.name!r} of {exercise.name} returns different structures "
                "in float32 and float64; return the same nest in every variant."
            ) from None


@dataclass
class Release:
    """What a student's own machine knows of the notebook as it was released.

    Attributes:
        name: of the assignment, and so of the file to hand in.
        cells: its code cells, stubs in place of answers, and the written questions.
        checks: fingerprint of checks.py.
    """

    name: str
    cells: list[dict[str, Any]]
    checks: str


def save(
    packs: Mapping[str, ExercisePack], folder: Path, release: Release | None = None
) -> None:
    """Write the packs of an assignment into its release folder."""
    write_atomically(folder / FILE, dumped(packs, release))


def dumped(packs: Mapping[str, ExercisePack], release: Release | None = None) -> bytes:
    """The packs of an assignment as bytes."""
    tensors: Tensors = {}
    data = {name: _dump(pack, tensors) for name, pack in packs.items()}
    if release:
        data[RELEASE] = vars(release)
    return to_bytes(data, tensors)


def _dump(pack: ExercisePack, tensors: Tensors) -> dict[str, Any]:
    def trees(items: Mapping[str, Tree]) -> dict[str, Any]:
        return {k: dump_tree(t, tensors) for k, t in items.items()}

    return {
        "cases": {
            name: {
                "trees": trees(e.trees),
                "seconds": e.seconds,
                "quickest": e.quickest,
                "given": dump_tree(to_tree(e.given), tensors),
                "secret": dump_tree(to_tree(e.secret), tensors),
            }
            for name, e in pack.cases.items()
        },
        "misconceptions": [
            {
                "slug": b.slug,
                "hint": b.hint,
                "trees": trees(b.trees),
                "codes": b.codes,
            }
            for b in pack.misconceptions
        ],
    }


def load(folder: Path) -> dict[str, ExercisePack]:
    """Read the packs of a release folder."""
    return loaded(_content(folder))


def load_release(folder: Path) -> Release | None:
    """What a release folder knows of its notebook; None if it is older than this."""
    try:
        found = from_bytes(_content(folder))[0].get(RELEASE)
        return found and Release(**found)
    except (TransportError, AttributeError, TypeError):
        raise _damaged() from None


def _content(folder: Path) -> bytes:
    try:
        return (folder / FILE).read_bytes()
    except FileNotFoundError:
        raise AutograderError(
            f"{FILE} is not beside the notebook; copy the whole release folder, not "
            "the notebook alone."
        ) from None


def _damaged() -> AutograderError:
    return AutograderError(f"{FILE} is damaged; fetch the release folder again.")


def loaded(content: bytes) -> dict[str, ExercisePack]:
    """Undo `dumped`; the release is left out."""
    try:
        data, tensors = from_bytes(content)
        return {n: _load(item, tensors) for n, item in data.items() if n != RELEASE}
    except (TransportError, KeyError, AttributeError, TypeError, ValueError):
        raise _damaged() from None


def _load(data: Any, tensors: Tensors) -> ExercisePack:
    def trees(items: Any) -> dict[str, Tree]:
        return {k: load_tree(t, tensors) for k, t in items.items()}

    pack = ExercisePack()
    for name, item in data["cases"].items():
        pack.cases[name] = Expected(
            trees(item["trees"]),
            float(item["seconds"]),
            float(item["quickest"]),
            plain(load_tree(item["given"], tensors)),
            plain(load_tree(item["secret"], tensors)),
        )
    for item in data["misconceptions"]:
        pack.misconceptions.append(
            Behaviour(item["slug"], item["hint"], trees(item["trees"]), item["codes"])
        )
    return pack
