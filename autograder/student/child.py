"""The process that runs a notebook's cells, then each exercise, and tells what it does.

Told on standard input, as JSON: the folder, the cells, which to leave out, and the
exercises. Says on standard output, a line of JSON each: what starts now, and what came
of it. What the notebook prints is dropped.
"""

import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..catalogue import CHECKS, Checks
from ..checking import run_check
from ..jail.job import Cell
from ..jail.shell import execute, fresh_shell
from ..pack import load

Say = Callable[[dict[str, Any]], None]


def main() -> None:
    """Run what standard input asks for."""
    told = json.loads(sys.stdin.buffer.read())
    say = _voice()
    folder = Path(told["folder"])
    checks, packs = Checks.read(folder / CHECKS), load(folder)
    shell = fresh_shell()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as empty:
        os.chdir(empty)  # files of the notebook's folder are out of reach, as later
        sys.path[:] = [p for p in sys.path if p]
        for number, cell in enumerate(told["cells"]):
            if number not in told["left_out"]:
                say({"starts": "cell", "cell": number})
                error, _ = execute(shell, Cell(**cell))
                say({"cell": number, "error": error})
        for name in told["exercises"]:
            say({"starts": "exercise", "exercise": name})
            exercise = checks.exercises[name]
            names = shell.user_ns
            lacking = [f for f in exercise.functions if not callable(names.get(f))]
            if lacking:
                say({"exercise": name, "lacks": lacking})
                continue
            candidate = {f: names[f] for f in exercise.functions}
            result = run_check(exercise, packs[name], candidate)
            say({"exercise": name, "result": result.to_json()})
        say({"starts": "end"})
        os.chdir(folder)


def _voice() -> Say:
    """Speak through what was standard output; nobody else can from now on."""
    stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)

    def say(event: dict[str, Any]) -> None:
        stream.write(json.dumps(event) + "\n")
        stream.flush()

    return say


if __name__ == "__main__":
    main()
