"""The processes of a submission, seen from the warm process that started them."""

import contextlib
import os
import signal
from pathlib import Path


def kill_all(pid: int) -> int:
    """Kill everything that was started, whatever session it moved to.

    Orphans become children of this process (it is their subreaper), which runs one
    submission at a time: so every child left is one to kill.

    Returns:
        The exit status of `pid`.
    """
    status = 0
    while found := children():
        for child in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        for child in found:
            with contextlib.suppress(ChildProcessError):
                code = os.waitpid(child, 0)[1]
                status = code if child == pid else status
    return os.waitstatus_to_exitcode(status)


def reap_orphans(pid: int) -> None:
    """Forget children that have ended, but `pid`, whose status is still wanted.

    The dead count, too, where the kernel or we limit the number of processes.
    """
    with contextlib.suppress(ChildProcessError):
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        while (ended := os.waitid(os.P_ALL, 0, options)) and ended.si_pid != pid:
            os.waitpid(ended.si_pid, 0)


def descendants(most: int) -> list[int]:
    """Every process of the submission: its orphans are children of this process.

    Args:
        most: stop after finding one more than this.
    """
    waiting = children()
    found: list[int] = []
    while waiting and len(found) <= most:
        found.append(waiting.pop())
        waiting += children(found[-1])
    return found


def children(pid: int | None = None) -> list[int]:
    """Children of a process, of this one by default.

    Quickly, so that a process that forks and ends all the time is caught.
    """
    own = os.getpid() if pid is None else pid
    found = []
    try:
        for task in os.listdir(f"/proc/{own}/task"):
            found += Path(f"/proc/{own}/task/{task}/children").read_text().split()
        return [int(child) for child in found]
    except OSError:  # a kernel without these files, or a process that has just ended
        return _children_by_parent(own) if pid is None else []


def _children_by_parent(own: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError, ValueError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[1]) == own:
                    found.append(int(entry.name))
    return found


def resident(pid: int) -> int:
    """Memory of a process in bytes, with all that it shares."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    return 0


def proportional(pid: int) -> int:
    """Memory of a process, what it shares divided among those that share it."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
