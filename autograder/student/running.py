"""Running a notebook in a process that is ended when it hangs, and begun anew after it.

Works where the notebook does, on Windows and macOS as well: no fork, no signals.
"""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..errors import AutograderError
from ..exercise import Exercise
from ..explain import Mismatch
from ..jail.job import Job
from ..names import absent
from ..verdicts import CaseResult, Ending, ExerciseResult, Verdict
from .reading import Work

START_SECONDS = 120.0  # importing torch from a slow disk
CELL_SECONDS = Job("", "", []).cell_seconds
ENDED = "ended the Python process"

Event = dict[str, Any]
Say = Callable[[str], None]


@dataclass
class Run:
    """What came of a notebook.

    Attributes:
        results: by exercise.
        errors: [type, message, line] of what a cell raised, by its place in `to_run`.
        left_out: cells that hung or ended the process, with what they did.
    """

    results: dict[str, ExerciseResult] = field(default_factory=dict)
    errors: dict[int, list[str]] = field(default_factory=dict)
    left_out: dict[int, str] = field(default_factory=dict)


def run(work: Work, say: Say = lambda what: None) -> Run:
    """Run the cells and all exercises.

    Args:
        work: the notebook.
        say: told what starts now.
    """
    found = Run()
    exercises = work.checks.exercises
    while left := [name for name in exercises if name not in found.results]:
        last, how = _one_process(work, found, left, say)
        if not how:
            break
        match last:
            case {"starts": "cell", "cell": number}:
                found.left_out[number] = how
            case {"starts": "exercise", "exercise": name}:
                found.results[name] = _ended(exercises[name], f"your answer {how}")
            case _:
                raise AutograderError(
                    f"the notebook's process {how} before the first cell; does "
                    "'python -c \"import torch, IPython\"' work here?"
                )
    found.results = {name: found.results[name] for name in exercises}
    return found


def _one_process(
    work: Work, found: Run, exercises: list[str], say: Say
) -> tuple[Event, str]:
    """-> what it did last, and how it ended; "" if it came to its end."""
    told = {
        "folder": str(work.folder),
        "cells": [asdict(cell) for cell in work.to_run],
        "left_out": [*found.left_out],
        "exercises": exercises,
    }
    last: Event = {}
    limit = START_SECONDS
    with _process(json.dumps(told).encode()) as (process, lines):
        while True:
            try:
                line = lines.get(timeout=limit)
            except queue.Empty:
                return last, f"did not come to an end within {limit:.0f} seconds"
            if line is None:
                code = process.wait()
                how = f"signal {-code}" if code < 0 else f"exit code {code}"
                return last, f"{ENDED} ({how})"
            event = json.loads(line)
            if "starts" not in event:
                _note(work, found, event)
                continue
            last = event
            if event["starts"] == "end":
                return last, ""
            if event["starts"] == "cell":
                limit = CELL_SECONDS
                say(f"cell {event['cell'] + 1} of {len(work.to_run)}")
            else:
                limit = work.packs[event["exercise"]].limit
                say(event["exercise"])


@contextlib.contextmanager
def _process(
    told: bytes,
) -> Iterator[tuple["subprocess.Popen[bytes]", "queue.Queue[bytes | None]"]]:
    """The process and the lines it says; None at their end."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "autograder.student.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
        start_new_session=True,  # Ctrl-C is for us, and what it started ends with it
    )
    lines: queue.Queue[bytes | None] = queue.Queue()
    assert process.stdin
    assert process.stdout

    def listen(stream: Any) -> None:
        for line in stream:
            lines.put(line)
        lines.put(None)

    listener = threading.Thread(target=listen, args=(process.stdout,), daemon=True)
    listener.start()
    try:
        with contextlib.suppress(OSError):
            process.stdin.write(told)
            process.stdin.close()
        yield process, lines
    finally:
        _end(process)
        listener.join(timeout=5)
        if not listener.is_alive():  # or something that escaped still holds the pipe
            process.stdout.close()


def _end(process: "subprocess.Popen[bytes]") -> None:
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def _environment() -> dict[str, str]:
    """As while grading: one thread, no GPU, no screen."""
    own = dict(os.environ)
    if data := own.get("COURSE_DATA"):
        own["COURSE_DATA"] = str(Path(data).resolve())
    return own | {
        "MPLBACKEND": "Agg",
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
    }


def _note(work: Work, found: Run, event: Event) -> None:
    """Take up what came of a cell or an exercise."""
    if "cell" in event:
        if event["error"]:
            found.errors[event["cell"]] = event["error"]
        return
    name = event["exercise"]
    if "result" in event:
        found.results[name] = ExerciseResult.from_json(event["result"])
        return
    exercise = work.checks.exercises[name]
    found.results[name] = _ended(
        exercise, *_why_missing(work, found, exercise, event["lacks"])
    )


def _why_missing(
    work: Work, found: Run, exercise: Exercise, lacking: list[str]
) -> tuple[str, Verdict]:
    """Why functions are missing: their cell hung, raised, or does not define them."""
    for number, cell in enumerate(work.to_run):
        if cell.grade_id == exercise.name and number in found.left_out:
            how = found.left_out[number]
            return f"your cell {how}", _verdict(how)
        if cell.grade_id == exercise.name and number in found.errors:
            return f"your cell raised {raised(found.errors[number])}", Verdict.ERRORED
    text = absent(exercise.name, lacking, exercise.functions, work.to_run)
    return text, Verdict.MISSING


def raised(error: list[str]) -> str:
    """An error of a cell in words."""
    name, message, where = error
    return f"{name}: {message}" + (f" ({where})" if where else "")


def _verdict(how: str) -> Verdict:
    return Verdict.ERRORED if how.startswith(ENDED) else Verdict.TIMED_OUT


def _ended(
    exercise: Exercise, sentence: str, verdict: Verdict | None = None
) -> ExerciseResult:
    """All cases with the same ending, told once."""
    ending = Ending(
        verdict or _verdict(sentence.removeprefix("your answer ")), sentence
    )
    cases = [
        CaseResult(
            case.name,
            case.sentence,
            ending.verdict,
            case.weight,
            mismatch=Mismatch(str(ending.verdict), ending.sentence),
        )
        for case in exercise.cases
    ]
    return ExerciseResult(exercise.name, exercise.points, cases)
