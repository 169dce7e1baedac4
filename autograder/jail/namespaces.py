"""Namespaces around the warm process, through bubblewrap, where it works here.

Inside are only the programs and libraries that the lock lets a submission read, a
small /tmp in memory, and no network but a loopback of its own.
"""

import os
import shutil
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path

from . import lock, written

FOLDER = Path("/tmp/warm")  # inside; the warm process lives there
SPARE_BYTES = 64 * 2**20  # for what the warm process itself writes into /tmp
TURNED_OFF = "namespaces"  # in AUTOGRADER_WITHOUT
OWN = ("/proc", "/dev")  # made anew inside
# What libraries are found by; the submission itself cannot read it.
ALSO = ("/etc/alternatives",)


def missing() -> str:
    """Why the warm process cannot have namespaces of its own here, or ""."""
    if TURNED_OFF in os.environ.get("AUTOGRADER_WITHOUT", ""):
        return "turned off by AUTOGRADER_WITHOUT"
    return _tried()


@cache
def _tried() -> str:
    if sys.platform != "linux" or shutil.which("bwrap") is None:
        return "bubblewrap is not installed"
    python = [sys.executable, "-I", "-c", "import ctypes, ssl"]
    try:
        tried = subprocess.run(wrapped(python), capture_output=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap does not work here ({error})"
    if tried.returncode == 0:
        return ""
    said = tried.stderr.decode(errors="replace").strip().splitlines()
    return f"bubblewrap does not work here ({said[-1] if said else 'without a word'})"


def network() -> str:
    """The network namespace of this process."""
    try:
        return os.readlink("/proc/self/ns/net")
    except OSError:
        return ""


def wrapped(command: list[str]) -> list[str]:
    """The command line that runs a command in namespaces of its own."""
    bwrap = shutil.which("bwrap")
    assert bwrap
    options = [
        *("--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts"),
        *("--hostname", "localhost", "--new-session", "--as-pid-1"),
        *("--proc", "/proc", "--dev", "/dev"),
        *("--size", str(written.MOST_BYTES + SPARE_BYTES), "--tmpfs", "/tmp"),
    ]
    if threading.current_thread() is threading.main_thread():
        # What "parent" means is the thread that starts it: others may end before.
        options.append("--die-with-parent")
    for folder in _shown():
        options += ["--ro-bind-try", str(folder), str(folder)]
    options += ["--dir", str(FOLDER), "--chdir", str(FOLDER)]
    return [bwrap, *options, "--", *command]


def _shown() -> list[Path]:
    """What is there inside, under the same names as outside, and no more."""
    found = {path.absolute() for path in (*lock.readable_folders(), *map(Path, ALSO))}
    found.add(Path(sys.executable).resolve().parent.parent)
    found |= {path.resolve() for path in found}
    kept = {p for p in found if not str(p).startswith(OWN)}
    return sorted(p for p in kept if not kept & set(p.parents))
