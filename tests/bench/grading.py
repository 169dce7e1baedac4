"""Grading a class: our pipeline against stock `nbgrader autograde`, side by side.

Usage: python tests/bench/grading.py [--students N] [toy] [a03]

The same submissions (right, wrong, crashing) go through both, one after the other, in
whole commands, start-up included. Prints what it measured and writes
build/bench/grading.json.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Any

from autograder import catalogue
from autograder.authoring.answers import (
    alternative_answer,
    fill,
    hand_in,
    misconception_answer,
    reference_answer,
)
from autograder.catalogue import Assignment
from autograder.gradebook import api
from autograder.gradebook.course import Course
from autograder.grading.grade import Grader, grader_for
from autograder.grading.jailer import Jailer, shared_jailer
from autograder.grading.notebooks import read_notebook
from autograder.jail.job import NOTHING_GIVEN, Cell, Job

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
OUT = REPOSITORY / "build" / "bench" / "grading.json"
WORKLOADS = {  # name: (catalogue, assignment)
    "toy": (HERE / "catalogue", "b01_softmax"),
    "a03": (REPOSITORY, "a03_mlp_from_scratch"),
}
CRASHES = (
    "def {name}(*args, **kwargs):\n    return args[0].no_such_attribute\n",
    "def {name}(*args, **kwargs):\n    import os\n    os._exit(1)\n",
    "def {name}(x:\n    return x\n",
    "def {name}(*args, **kwargs):\n    import ctypes\n    ctypes.string_at(0)\n",
)
STOCK_CONFIG = "c = get_config()\nc.CourseDirectory.course_id = 'stock'\n"
BIN = Path(sys.executable).parent


def answers_of(assignment: Assignment, count: int) -> Iterator[dict[str, str]]:
    """Of ten submissions five are right, three wrong, two crash in one exercise."""
    exercises = list(assignment.checks.exercises.values())
    right = {e.name: reference_answer(assignment, e) for e in exercises}
    others = {
        e.name: cycle(
            [
                alternative_answer(assignment, e, slug)
                for slug in assignment.alternatives(e)
                if not slug.startswith("oracle")
            ]
        )
        for e in exercises
    }
    wrong = cycle(
        [
            (e.name, misconception_answer(assignment, e, m.slug))
            for e in exercises
            for m in assignment.misconceptions(e)
        ]
    )
    crashes = cycle(CRASHES)
    for index in range(count):
        kind = index % 10
        if kind in {0, 2, 4}:
            yield right
        elif kind in {1, 3}:
            yield {name: next(found) for name, found in others.items()}
        elif kind in {5, 6, 7}:
            yield right | dict(next(wrong) for _ in range(3))
        else:
            broken = exercises[index % len(exercises)]
            crash = next(crashes).format(name=broken.functions[0])
            yield right | {broken.name: crash}


def timed(command: list[str], folder: Path, **environment: str) -> float:
    """Wall seconds of a command; what it says goes to a log beside it."""
    with (folder / "log").open("a") as log:
        start = time.perf_counter()
        subprocess.run(
            command,
            cwd=folder,
            env=os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}"} | environment,
            stdout=log,
            stderr=log,
            check=False,
        )
        return time.perf_counter() - start


def stock_course(ours: Path, folder: Path, name: str) -> Path:
    """The same class as nbgrader's default configuration would have it."""
    for part in ("source", "submitted"):
        shutil.copytree(ours / part, folder / part)
    (folder / "nbgrader_config.py").write_text(STOCK_CONFIG)
    timed([str(BIN / "nbgrader"), "generate_assignment", name, "--create"], folder)
    return folder


def measure(root: Path, name: str, students: int) -> dict[str, Any]:
    """Both commands on one class, then where our time goes."""
    os.environ["COURSE_REPOSITORY"] = str(root)
    assignment = catalogue.find(name, root)
    with tempfile.TemporaryDirectory() as scratch:
        course = Course.init(Path(scratch) / "ours")
        release = course.release(assignment) / f"{name}.ipynb"
        for index, answers in enumerate(answers_of(assignment, students)):
            hand_in(course.root, f"s{index:03}", name, fill(release, answers))
        stock_root = stock_course(course.root, Path(scratch) / "stock", name)
        ours = timed([str(BIN / "autograder"), "grade", name], course.root)
        graded = len(list((course.root / "autograded").glob("*")))
        nbgrader = [str(BIN / "nbgrader"), "autograde", name]
        stock = timed([*nbgrader, "--create"], stock_root)
        # A single submission, to tell what starting costs.
        (course.results / name / "s000" / f"{name}.json").unlink()
        one = timed([str(BIN / "autograder"), "grade", name, "s000"], course.root)
        stock_one = timed([*nbgrader, "--student", "s000", "--force"], stock_root)
        parts = breakdown(course, name)
    overhead = sum(parts[p] for p in ("fork", "jail", "judge", "import"))
    return {
        "students": students,
        "graded": graded,
        "stock_s": stock,
        "ours_s": ours,
        "ratio": stock / ours,
        "stock_one_s": stock_one,
        "ours_one_s": one,
        "steady_ratio": (stock - stock_one) / (ours - one),
        "stock_per_submission_s": stock / students,
        "ours_per_submission_s": ours / students,
        "breakdown_s": parts,
        "overhead_s": overhead,
    }


def breakdown(course: Course, name: str, runs: int = 10) -> dict[str, float]:
    """Seconds per submission, one after the other: what each step adds (medians).

    Overhead is what is not the student's code: fork, jail, judge and import. The cells
    and the cases, in all their variants, are the answers' own time.
    """
    grader = grader_for(course, name).prepare()
    students = course.students(name)[:runs]
    spent: dict[str, list[float]] = {}
    with Jailer() as unlocked, api.kept_open():
        for student in [students[0], *students]:  # the first time warms up
            cells = grader.cells(read_notebook(course.submission(student, name)))
            found = _steps(grader, unlocked, student, cells)
            found["import"] = _seconds(
                partial(api.autograde, course.root, name, student)
            )
            for step, seconds in found.items():
                spent.setdefault(step, []).append(seconds)
    spent = {step: seconds[1:] for step, seconds in spent.items()}
    return {step: median(seconds) for step, seconds in spent.items()}


class Timed(Jailer):
    """A jailer that notes how long its runs took."""

    seconds = 0.0

    def run(self, job: Job, given: bytes = NOTHING_GIVEN) -> Any:
        """Run a job in the shared warm process."""
        start = time.perf_counter()
        try:
            return shared_jailer().run(job, given)
        finally:
            self.seconds += time.perf_counter() - start


def _steps(
    grader: Grader, unlocked: Jailer, student: str, cells: list[Cell]
) -> dict[str, float]:
    name, locked, timed = grader.assignment.name, shared_jailer(), Timed()
    fork = _seconds(partial(unlocked.run, Job(name, "", [], trusted=True)))
    jail = _seconds(partial(locked.run, Job(name, "", [])))
    executed = _seconds(partial(locked.run, Job(name, "", cells)))
    graded = _seconds(partial(grader.grade, student, cells, timed))
    whole = timed.seconds
    return {
        "fork": fork,
        "jail": jail - fork,
        "cells": executed - jail,
        "cases": whole - executed,
        "judge": graded - whole,
    }


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def machine() -> str:
    """The machine in words, without its name."""
    model = ""
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text().splitlines()
        model = next((x.split(":")[1] for x in lines if x.startswith("model name")), "")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} x {model.strip() or platform.machine()}, {memory:.0f} GiB, "
        f"Linux {platform.release()}, Python {platform.python_version()}"
    )


def main() -> None:
    """Measure, print, write."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("workloads", nargs="*", default=list(WORKLOADS))
    arguments.add_argument("--students", type=int, default=40)
    chosen = arguments.parse_args()
    found: dict[str, Any] = {"machine": machine()}
    print(found["machine"])
    for workload in chosen.workloads:
        found[workload] = one = measure(*WORKLOADS[workload], chosen.students)
        print(
            f"{workload}: {one['students']} submissions, stock {one['stock_s']:.1f} s, "
            f"ours {one['ours_s']:.1f} s, ratio {one['ratio']:.1f} "
            f"({one['steady_ratio']:.1f} without what starting costs)"
        )
        steps = (f"{k} {1000 * v:.0f} ms" for k, v in one["breakdown_s"].items())
        print(f"  per submission: {', '.join(steps)}")
        print(f"  overhead {1000 * one['overhead_s']:.0f} ms", flush=True)
        measured = [found[w] for w in WORKLOADS if w in found]
        found["overhead_s"] = max(one["overhead_s"] for one in measured)
        OUT.parent.mkdir(parents=True, exist_ok=True)
        OUT.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
