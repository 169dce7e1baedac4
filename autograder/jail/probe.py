"""Trying the lock before the first submission: what must fail is tried, and fails."""

import contextlib
import mmap
import os
import resource
import signal
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

from . import leftovers, lock
from .lock import MEGABYTE

SPARE = 64  # megabytes beyond the limit


def weakness(folder: Path, megabytes: int) -> str:
    """What a process locked in could do all the same, or "".

    Args:
        folder: a folder of ours, in which it gets one of its own.
        megabytes: the limit on its memory.
    """
    own = Path(tempfile.mkdtemp(prefix="probe-", dir=folder))
    secret = folder / f"{own.name}-secret"
    secret.write_text("not to be read")
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        said = "end without a word"
        try:
            said = _succeeded(own, secret, megabytes)
        except BaseException as error:
            said = f"not be locked in ({type(error).__name__}: {error})"
        finally:
            os.write(write_end, (said + "\n").encode()[:4096])
            os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, encoding="utf-8", errors="replace") as pipe:
        said = pipe.read()
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    secret.unlink(missing_ok=True)
    leftovers.remove(own)
    return said.strip() if said.endswith("\n") else "end the probe"


def _succeeded(own: Path, secret: Path, megabytes: int) -> str:
    """In the child: what it could do, in words."""
    lock.enter(own, megabytes)
    try:
        (own / "mine").write_text("x")
    except OSError as error:
        return f"not write into its own folder ({error.strerror})"
    attempts: dict[str, Callable[[], object]] = {
        "read a file outside its folder": secret.read_bytes,
        "list a folder outside its own": lambda: os.listdir("/"),
        "write outside its folder": lambda: secret.write_text("x"),
        "open a network socket": lambda: socket.socket(socket.AF_INET),
        "open a Unix socket": lambda: socket.socket(socket.AF_UNIX),
        "use more memory than allowed": lambda: mmap.mmap(
            -1, (megabytes + SPARE) * MEGABYTE
        ),
        "raise its own limits": lambda: resource.setrlimit(
            resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2
        ),
    }
    if lock.landlock_version() >= lock.CONFINES_SIGNALS:
        attempts["signal its supervisor"] = lambda: os.kill(os.getppid(), 0)
    return " and ".join(name for name, tried in attempts.items() if _works(tried))


def _works(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except (OSError, ValueError):
        return False
    return True
