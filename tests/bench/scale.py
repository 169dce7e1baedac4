"""How grading grows with the class: time, throughput and memory.

Usage: python tests/bench/scale.py [--sizes 250,500,1000,2000] [--feedback N] [--dask N]

Every submission of a03 differs from all others, so no result can serve two. Each class
is graded by the command, start-up included, in a new course directory; while it runs,
the memory of the driver and of its warm processes is sampled. Then the command runs
again: with everything to import that is graded already, and with nothing to do.

Prints a table and writes build/bench/scale.json. It leaves out answers that take long:
they cost what they cost in any class.
"""

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from cluster import WORKERS, cluster
from grading import BIN, REPOSITORY, answers_of, machine

from autograder import catalogue
from autograder.authoring.answers import fill, hand_in
from autograder.catalogue import Assignment
from autograder.gradebook import api
from autograder.gradebook.course import Course
from autograder.gradebook.manifest import PRIVATE
from autograder.grading.results import SubmissionResult, load_all
from autograder.report.table import class_table

OUT = REPOSITORY / "build" / "bench" / "scale.json"
NAME = "a03_mlp_from_scratch"
SIZES = "250,500,1000,2000"
EVERY = 0.5  # seconds from sample to sample
MEGABYTE = 2**20
JAIL = "autograder.jail"  # in the command line of a warm process and of its children


@dataclass
class Run:
    """A command that was watched.

    Attributes:
        samples: seconds, the driver's and the warm processes' resident megabytes,
            submissions that were through.
        peak: the driver's most resident megabytes, as the kernel noted them.
    """

    seconds: float = 0.0
    peak: float = 0.0
    samples: list[tuple[float, float, float, int]] = field(default_factory=list)

    @property
    def halves(self) -> list[float]:
        """Seconds for the first half of the class and for the second, from the first
        submission that was through; the second takes no longer if all is linear."""
        done = [(when, count) for when, _, _, count in self.samples if count]
        if not done:
            return []
        middle = next(when for when, count in done if 2 * count >= done[-1][1])
        return [middle - done[0][0], done[-1][0] - middle]


def watched(command: list[str], folder: Path) -> Run:
    """Run a command in a course directory; what it says goes to a log there."""
    run, imported = Run(), folder / "autograded"
    with (folder / "log").open("a") as log:
        start = time.perf_counter()
        process = psutil.Popen(command, cwd=folder, stdout=log, stderr=log)
        while True:
            with suppress(psutil.Error, OSError):  # it may end at any moment
                if not (peak := _most_resident(process.pid)):
                    raise psutil.ZombieProcess(process.pid)
                run.peak = max(run.peak, peak)
                run.samples.append(
                    (
                        round(time.perf_counter() - start, 2),
                        round(process.memory_info().rss / MEGABYTE, 1),
                        round(_warm(process) / MEGABYTE, 1),
                        len(os.listdir(imported)) if imported.is_dir() else 0,
                    )
                )
            try:
                status = process.wait(timeout=EVERY)
            except psutil.TimeoutExpired:
                continue
            run.seconds = time.perf_counter() - start
            break
    if status:
        raise SystemExit(f"{command} ended with {status}: {_end_of(folder / 'log')}")
    return run


def _most_resident(pid: int) -> float:
    """Megabytes; 0 if it has just ended, as it then has no memory."""
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    found = (int(li.split()[1]) / 1024 for li in status if li.startswith("VmHWM"))
    return next(found, 0.0)


def _warm(driver: psutil.Process) -> int:
    """Resident bytes of the warm processes; their children share most of theirs."""
    jails = {}
    for process in driver.children(recursive=True):
        with suppress(psutil.Error):
            command = process.cmdline()
            if JAIL in command and "python" in Path(command[0]).name:
                jails[process.pid] = (process.ppid(), process.memory_info().rss)
    return sum(rss for parent, rss in jails.values() if parent not in jails)


def _end_of(log: Path) -> str:
    return log.read_text()[-2000:]


def released(folder: Path) -> Course:
    """A course directory to copy: released, nobody has handed in."""
    course = Course.init(folder)
    course.release(catalogue.find(NAME))
    return course


def submissions(assignment: Assignment, count: int) -> Iterator[tuple[str, Any]]:
    """Students and their answers, no two of them alike."""
    first = next(iter(assignment.checks.exercises))
    for index, answers in enumerate(answers_of(assignment, count)):
        student = f"s{index:04}"
        own = f"# Written by {student}.\n{answers[first]}"
        yield student, answers | {first: own}


def class_of(size: int, released: Path, folder: Path) -> Course:
    """A course directory in which so many students have handed in."""
    shutil.copytree(released, folder)
    notebook = folder / "release" / NAME / f"{NAME}.ipynb"
    for student, answers in submissions(catalogue.find(NAME), size):
        hand_in(folder, student, NAME, fill(notebook, answers))
    return Course.open(folder)


GRADE = [str(BIN / "autograder"), "grade", NAME]
FEEDBACK = [str(BIN / "autograder"), "feedback", NAME]


def measure(course: Course, feedback: bool) -> dict[str, Any]:
    """Grade the class; then each part that can be told apart."""
    size = len(course.students(NAME))
    run = watched(GRADE, course.root)
    parts, results = _parts(course)
    if len(results) != size:
        raise SystemExit(f"{len(results)} of {size} graded: {_end_of_log(course)}")
    shutil.rmtree(course.root / PRIVATE / "imported")
    parts["imports_s"] = watched(GRADE, course.root).seconds
    parts["unchanged_s"] = watched(GRADE, course.root).seconds
    if feedback:
        parts["feedback_s"] = watched(FEEDBACK, course.root).seconds
    return {
        "size": size,
        "seconds": run.seconds,
        "seconds_per_submission": run.seconds / size,
        "submissions_per_second": size / run.seconds,
        "peak_rss_mb": run.peak,
        "warm_peak_rss_mb": max((warm for _, _, warm, _ in run.samples), default=0.0),
        "halves_s": run.halves,
        "parts_s": parts,
        "memory_over_time": run.samples,
    }


def _end_of_log(course: Course) -> str:
    return _end_of(course.root / "log")


def _parts(course: Course) -> tuple[dict[str, float], list[SubmissionResult]]:
    """Seconds for the result files, the table and the scores; the results."""
    seconds: dict[str, float] = {}

    def timed(name: str, work: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        found = work()
        seconds[name] = time.perf_counter() - start
        return found

    students = course.students(NAME)
    results = timed(
        "results_s",
        lambda: [r for s in students if (r := load_all(course.results, NAME, s))],
    )
    timed("table_s", lambda: class_table(results))
    timed("scores_s", lambda: api.scores(course.root, NAME))
    return seconds, results


def over_dask(course: Course, scratch: Path) -> dict[str, Any]:
    """Grade the class with a local cluster."""
    size = len(course.students(NAME))
    with cluster(scratch) as address:
        run = watched([*GRADE, "--scheduler", address], course.root)
    found = len(_parts(course)[1])
    if found != size:
        raise SystemExit(f"{found} of {size} graded: {_end_of_log(course)}")
    return {
        "size": size,
        "workers": WORKERS,
        "seconds": run.seconds,
        "submissions_per_second": size / run.seconds,
        "peak_rss_mb": run.peak,
        "halves_s": run.halves,
    }


def table(classes: list[dict[str, Any]]) -> str:
    """What was measured, a line per class."""
    lines = [
        "submissions  seconds  each  peak MB  warm MB  halves      imports  unchanged  "
        "table"
    ]
    for one in classes:
        halves = " + ".join(f"{s:.0f}" for s in one["halves_s"])
        table = one["parts_s"]["results_s"] + one["parts_s"]["table_s"]
        lines.append(
            f"{one['size']:>11}  {one['seconds']:>7.1f}  "
            f"{one['seconds_per_submission']:.2f}  {one['peak_rss_mb']:>7.0f}  "
            f"{one['warm_peak_rss_mb']:>7.0f}  {halves:<10}  "
            f"{one['parts_s']['imports_s']:>7.1f}  "
            f"{one['parts_s']['unchanged_s']:>9.1f}  {table:.3f}"
        )
    return "\n".join(lines)


def written(found: dict[str, Any], classes: list[dict[str, Any]]) -> None:
    """Write what there is so far: lists, with an entry per class."""
    for key in classes[0] if classes else ():
        found["sizes" if key == "size" else key] = [one[key] for one in classes]
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(found, indent=1))


def main() -> None:
    """Measure, print, write."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--sizes", default=SIZES, help="of the classes")
    arguments.add_argument(
        "--feedback", type=int, default=250, help="write it, too, for at most so many"
    )
    arguments.add_argument(
        "--dask", type=int, default=0, help="a class for a local Dask cluster"
    )
    chosen = arguments.parse_args()
    sizes = [int(size) for size in chosen.sizes.split(",") if size]
    os.environ["COURSE_REPOSITORY"] = str(REPOSITORY)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    found: dict[str, Any] = {"machine": machine(), "assignment": NAME}
    classes: list[dict[str, Any]] = []
    print(found["machine"], flush=True)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        template = released(scratch / "released").root
        for size in sizes:
            course = class_of(size, template, scratch / "course")
            classes.append(measure(course, feedback=size <= chosen.feedback))
            written(found, classes)
            lines = table(classes).splitlines()
            print(*(lines if len(lines) == 2 else lines[-1:]), sep="\n", flush=True)
            shutil.rmtree(course.root)
        if chosen.dask:
            course = class_of(chosen.dask, template, scratch / "course")
            found["dask"] = one = over_dask(course, scratch)
            written(found, classes)
            print(
                f"{one['size']} over {WORKERS} Dask workers: {one['seconds']:.1f} s, "
                f"{one['submissions_per_second']:.2f} submissions per second"
            )


if __name__ == "__main__":
    main()
