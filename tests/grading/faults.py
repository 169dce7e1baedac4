"""The command line as an instructor starts it, and what it leaves behind."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from autograder.gradebook import api

from .conftest import CATALOGUE, TOY

GRADE = [str(Path(sys.executable).parent / "autograder"), "grade", TOY]
State = dict[str, object]


def start(root: Path, *options: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*GRADE, *options],
        cwd=root,
        env=os.environ | {"COURSE_REPOSITORY": str(CATALOGUE)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(root: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    process = start(root, *options)
    out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(GRADE, process.returncode, out, err)


def state(root: Path) -> State:
    """Scores in the gradebook, and what the result files say but for times."""
    results = {}
    for path in sorted((root / ".autograder" / "results").rglob("*")):
        if path.is_file():
            result = json.loads(path.read_text())
            shown = {name: e["cases"] for name, e in result["exercises"].items()}
            for case in (case for cases in shown.values() for case in cases):
                del case["seconds"]
            results[path.name, path.parent.name] = (result["key"], shown)
    return {"gradebook": api.scores(root, TOY), "results": results}


def when(found: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end, "what was waited for did not happen"
        time.sleep(0.01)


def warm_processes(driver: "subprocess.Popen[str]") -> list[psutil.Process]:
    """Those with a submission below them."""
    below = psutil.Process(driver.pid).children(recursive=True)
    return [p for p in below if "autograder.jail" in _command(p) and p.children()]


def _command(process: psutil.Process) -> list[str]:
    try:
        found = process.cmdline()
    except psutil.Error:
        return []
    return [] if "bwrap" in found[:1] else found


def files(root: Path, folder: str, pattern: str) -> Callable[[], bool]:
    return lambda: any((root / folder).rglob(pattern))
