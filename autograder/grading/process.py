"""Starting and ending a warm process.

Nothing here needs torch: the command line starts one before it imports torch itself, so
that both are ready at the same time.
"""

import atexit
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import IO

from ..jail import cgroups, leftovers, namespaces

PASSED_ON = ("PATH", "LANG", "LC_ALL", "COURSE_DATA", "SYSTEMROOT")


class WarmProcess:
    """A warm process, started on first use.

    Where the machine has them, it lives in namespaces of its own, and its submissions
    in a cgroup; one for trusted students has neither.

    Attributes:
        busy: whether it runs a submission.
    """

    def __init__(self) -> None:
        self.busy = False
        self._process: subprocess.Popen[bytes] | None = None
        self._trusted = False
        self._group: cgroups.Group | None = None
        self._folder = ""
        self._log: IO[bytes] | None = None

    def close(self) -> None:
        """End the warm process and remove its folder."""
        if self._process:
            assert self._process.stdin
            assert self._process.stdout
            self._process.stdin.close()
            if self.busy:  # it ends what it runs, and what that started
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(timeout=10)
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()
            self._process = None
            self.busy = False
        if self._group:
            self._group.remove()
            self._group = None
        if self._log:
            self._log.close()
            self._log = None
        if self._folder:
            leftovers.remove(self._folder)
            self._folder = ""

    def started(self, trusted: bool) -> "subprocess.Popen[bytes]":
        """The running process, of the kind that is asked for."""
        if self._process is not None and self._trusted != trusted:
            self.close()
        if self._process is None:
            self._trusted = trusted
            self._process = self._start(alone=not trusted)
        return self._process

    def _start(self, alone: bool) -> "subprocess.Popen[bytes]":
        self._folder = inside = tempfile.mkdtemp(prefix="autograder-")
        self._log = open(os.path.join(self._folder, "log"), "w+b")  # noqa: SIM115
        folders: dict[str, int] = {}
        if alone:
            with contextlib.suppress(cgroups.NoCgroupsError):
                self._group = cgroups.make()
                folders = self._group.opened()
        told = {"network": namespaces.network(), "cgroups": folders}
        command = [sys.executable, "-P", "-m", "autograder.jail", json.dumps(told)]
        if alone and not namespaces.missing():
            inside = str(namespaces.FOLDER)
            command = namespaces.wrapped(command)
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                cwd=self._folder,
                env=_environment(inside),
                pass_fds=tuple(folders.values()),
                start_new_session=True,  # Ctrl-C is for us: it ends what it runs
            )
        finally:
            for descriptor in folders.values():
                os.close(descriptor)

    def last_words(self) -> str:
        """Its last line in the log."""
        assert self._log
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "without a word"


def _environment(folder: str) -> dict[str, str]:
    """Nothing of ours but what Python needs; one thread; no GPU; no screen."""
    kept = {k: os.environ[k] for k in PASSED_ON if k in os.environ}
    if data := kept.get("COURSE_DATA"):
        kept["COURSE_DATA"] = str(Path(data).resolve())  # not below its folder
    return kept | {
        "HOME": folder,
        "TMPDIR": folder,
        "MPLCONFIGDIR": folder,
        "IPYTHONDIR": folder,
        "MPLBACKEND": "Agg",
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


_ahead: list[WarmProcess] = []


@cache
def start_ahead(trusted: bool) -> None:
    """Start a warm process now, once, for whoever asks for one first."""
    _ahead.append(WarmProcess())
    _ahead[-1].started(trusted)


@atexit.register
def _end_unused() -> None:
    for process in _ahead:
        process.close()


def warm_process() -> WarmProcess:
    """One that was started ahead, or a new one."""
    return _ahead.pop() if _ahead else WarmProcess()
