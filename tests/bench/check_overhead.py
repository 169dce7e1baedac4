"""What `check` adds to the time that the cases themselves take, per exercise.

    python tests/bench/check_overhead.py        prints JSON

`check_s` is the whole check; `cases_s` the time in the case functions, as observed (the
watching of calls and the pretended GPU included); `added_s` the rest: setting up,
comparing, recognising, reporting. `bare_s` is what the same cases take without engine,
once per variant and all on the CPU. The answer checked is the reference, so every
variant of every case is run.
"""

import json
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch

from autograder import catalogue, check, misconceptions, pack
from autograder.misconceptions import observe_misconceptions
from autograder.observe import fitted, given_for
from autograder.rng import Rng

ROOT = Path(__file__).resolve().parents[2]
REPEATS = 3
LIMIT_S = 0.05


def release(assignment: catalogue.Assignment, folder: Path) -> None:
    """Write checks and expected outputs, as a student gets them."""
    packs = {}
    for name, exercise in assignment.checks.exercises.items():
        reference = assignment.reference(exercise)
        packs[name] = pack.expect(exercise, reference, pack.PUBLIC_SEED)
        wrong = assignment.misconceptions(exercise)
        observe_misconceptions(exercise, packs[name], wrong, pack.PUBLIC_SEED)
    pack.save(packs, folder)
    source = (assignment.folder / catalogue.CHECKS).read_bytes()
    (folder / catalogue.CHECKS).write_bytes(source)


class Stopwatch:
    """Adds up the seconds that runs of cases take."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._observe_all = misconceptions.observe_all

    def __call__(self, *args, **kwargs):
        """Stand in for `observe_all`."""
        for case, variant, seen in self._observe_all(*args, **kwargs):
            self.seconds += seen.seconds
            yield case, variant, seen


def bare(exercise, reference, given) -> float:
    """Seconds of the cases alone, in every variant that has no device."""
    seconds = 0.0
    for case in exercise.cases:
        for variant in exercise.variants:
            on_cpu = replace(variant, moved=False)
            rng = Rng(1, on_cpu, exercise.backend)
            values = {**reference, "rng": rng}
            if "given" in case.parameters:
                values["given"] = fitted(given[case.name], rng)
            start = time.perf_counter()
            case.function(**{name: values[name] for name in case.parameters})
            seconds += time.perf_counter() - start
            if not rng.drawn and variant.name == "again":
                break  # no array, no variants
    return seconds


def measure(exercise, answers, folder: Path) -> dict[str, float]:
    """Medians over the repeats; the first check also reads the folder."""
    runs = []
    watch = Stopwatch()
    misconceptions.observe_all = watch
    try:
        for _ in range(REPEATS + 1):
            watch.seconds, start = 0.0, time.perf_counter()
            report = check(*answers, folder=folder)
            repr(report), report._repr_html_()
            whole = time.perf_counter() - start
            runs.append((whole, watch.seconds, whole - watch.seconds))
            assert report.passed, report
    finally:
        misconceptions.observe_all = watch._observe_all
    names = ("check_s", "cases_s", "added_s")
    return {
        name: round(statistics.median(values), 4)
        for name, values in zip(names, zip(*runs[1:], strict=True), strict=True)
    }


def main() -> None:
    """Measure every exercise of every assignment."""
    torch.set_num_threads(1)
    found = {}
    for name in catalogue.names(ROOT):
        assignment = catalogue.find(name, ROOT)
        with tempfile.TemporaryDirectory() as folder:
            release(assignment, Path(folder))
            for exercise in assignment.checks.exercises.values():
                reference = assignment.reference(exercise)
                given = {c.name: given_for(exercise, c, 1)[0] for c in exercise.cases}
                figures = measure(exercise, reference.values(), Path(folder))
                figures["bare_s"] = round(bare(exercise, reference, given), 4)
                found[f"{name}/{exercise.name}"] = figures
    worst = max(found, key=lambda key: found[key]["added_s"])
    summary = {
        "benchmark": "check_overhead",
        "limit_s": LIMIT_S,
        "worst": worst,
        "worst_added_s": found[worst]["added_s"],
        "exercises": found,
    }
    print(json.dumps(summary, indent=2))


if __name__ == "__main__":
    main()
