"""Where a process hangs: its innermost line that belongs to no library."""

import contextlib
import faulthandler
import os
import re
import signal
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

FRAME = re.compile(r'^  File "(.*)", line (\d+) in (.*)$', re.MULTILINE)
PATIENCE_SECONDS = 0.5


class Stack:
    """A file into which a process writes its stack when it is asked to."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 # closed by `close`

    def listen(self) -> None:
        """Answer from now on; called in the process that may hang."""
        faulthandler.register(signal.SIGUSR1, self._file, all_threads=True)

    def of(self, pid: int) -> str:
        """Return "line 3 of work" for a process that listens."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGUSR1)
        deadline, text = time.monotonic() + PATIENCE_SECONDS, ""
        while time.monotonic() < deadline and not _complete(text):
            time.sleep(0.01)
            self._file.seek(0)
            text = self._file.read().decode(errors="replace")
        for file, line, name in FRAME.findall(text):
            if not file.startswith(("<", *_libraries())):
                return f"line {line} of {name}"
        return "in a library"

    def close(self) -> None:
        """Remove the file."""
        self._file.close()


def _complete(text: str) -> bool:
    """Whether the main thread is there, which is written last."""
    return text.endswith("\n") and "in _work\n" in text


def _libraries() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    ours = str(Path(__file__).resolve().parents[1])
    own = [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    return (*own, sys.prefix, ours)
