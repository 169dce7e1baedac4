"""Locking a process in, for good, before any student code runs in it.

Landlock: files can be read only where Python and the course live, written only in the
job's own folder; no TCP, no signals to the outside (as far as the kernel knows them).
Rlimits: memory, processor time, open files, file size, no core dumps.

System calls that no answer needs are refused in `syscalls.py`.

All of this is required, and `probe.py` tries it. Namespaces and cgroups go around it
where the machine has them.
"""

import contextlib
import ctypes
import os
import resource
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

from ..errors import AutograderError
from . import syscalls

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on x86-64 and Arm
NO_NEW_PRIVILEGES, SET_CHILD_SUBREAPER = 38, 36
CAPABILITY_VERSION = 0x20080522
MOST_SECONDS = 900  # of processor time for one process, whatever it runs
READ_FILE, READ_DIR, EXECUTE = 1 << 2, 1 << 3, 1 << 0
READ = READ_FILE | READ_DIR | EXECUTE
DEVICES = 1 << 6 | 1 << 11  # making device files: as root, a way to the raw disk
FILE = EXECUTE | 1 << 1 | READ_FILE | 1 << 14  # those that a file can have
# Access rights to files that each version of Landlock handles, as bit counts.
FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16, 6: 16}
TCP = 0b11  # bind, connect (version 4)
SCOPES = 0b11  # abstract Unix sockets, signals (version 6)
CONFINES_SIGNALS = 6

MEGABYTE = 2**20
ELSEWHERE = "grade on another machine, or pass --trust-students."


class LockError(AutograderError):
    """This machine cannot lock student code in."""


_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _call(number: int, *arguments: object) -> int:
    assert _libc
    return int(_libc.syscall(number, *arguments))


def landlock_version() -> int:
    """The kernel's Landlock version, 0 without."""
    if _libc is None:
        return 0
    return max(0, _call(CREATE_RULESET, None, ctypes.c_size_t(0), 1))


def require() -> None:
    """Raise LockError where this machine cannot lock student code in."""
    if lacks := missing():
        raise LockError(f"{lacks}; {ELSEWHERE}")


def missing() -> str:
    """What of the lock this machine lacks, or ""."""
    if landlock_version() < 1:
        return "this kernel has no Landlock (Linux 5.13 or newer is needed)"
    return missing_filter()


def missing_filter() -> str:
    """Why calls cannot be refused here, or ""."""
    if _libc is None:
        return "this system has no seccomp (Linux is needed)"
    return syscalls.missing(_libc)


def enter(folder: Path, megabytes: int, loopback: bool = False) -> None:
    """Lock this process in.

    Args:
        folder: the only one in which it may write.
        megabytes: memory on top of what is mapped already.
        loopback: leave it the loopback of its network, which is its own.
    """
    limit_process(megabytes)
    writable = [folder, Path(os.devnull)]
    restrict_files(readable_folders(), writable, tcp=loopback)
    drop_capabilities()
    restrict_calls(loopback)


def restrict_files(
    readable: Iterable[Path], writable: Iterable[Path], tcp: bool = False
) -> None:
    """Deny everything in the file system that is not under these folders."""
    require()
    assert _libc
    version = landlock_version()
    rights = (1 << FILE_RIGHTS[min(version, 6)]) - 1
    net = TCP if version >= 4 and not tcp else 0
    scopes = SCOPES if version >= CONFINES_SIGNALS else 0
    attributes = struct.pack("QQQ", rights, net, scopes)
    size = 8 if version < 4 else 16 if version < 6 else 24
    ruleset = _call(CREATE_RULESET, attributes[:size], ctypes.c_size_t(size), 0)
    if ruleset < 0:
        raise LockError(f"Landlock refused: {os.strerror(ctypes.get_errno())}")
    for folders, allowed in ((readable, READ), (writable, rights & ~DEVICES)):
        for folder in folders:
            _allow(ruleset, folder, allowed & rights)
    _libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    if _call(RESTRICT_SELF, ruleset, 0) != 0:
        raise LockError(f"Landlock refused: {os.strerror(ctypes.get_errno())}")
    os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    if not path.is_dir():
        rights &= FILE
    rule = struct.pack("=Qi", rights, handle)
    result = _call(ADD_RULE, ruleset, 1, rule, 0)
    os.close(handle)
    if result != 0:
        raise LockError(f"Landlock refused a rule for {path}")


def readable_folders() -> list[Path]:
    """What Python and the course need: never home, assignments or solutions."""
    import course

    assert course.__file__
    found = [
        *{Path(p) for p in (sys.prefix, sys.base_prefix)},
        Path(__file__).resolve().parent.parent,
        Path(course.__file__).resolve().parent,
        *map(Path, ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache")),
        *map(Path, ("/etc/localtime", "/etc/fonts", "/dev/urandom", "/dev/zero")),
        *map(Path, ("/proc/cpuinfo", "/proc/meminfo", "/sys/devices")),
    ]
    if data := os.environ.get("COURSE_DATA"):
        found.append(Path(data).resolve())
    return found


def adopt_orphans() -> None:
    """What a submission leaves behind becomes a child of this process."""
    if _libc is not None:
        _libc.prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def drop_capabilities() -> None:
    """Root's powers over limits, devices and other users' files, given up for good."""
    assert _libc
    header, none = struct.pack("Ii", CAPABILITY_VERSION, 0), bytes(24)
    if _libc.capset(header, none) != 0:
        raise LockError(f"capset refused: {os.strerror(ctypes.get_errno())}")


def restrict_calls(loopback: bool = False) -> None:
    """Refuse system calls that no answer needs; after `restrict_files`."""
    assert _libc
    syscalls.refuse(_libc, loopback)


def limit_process(megabytes: int) -> None:
    """Bound what this process and its children may use.

    CUDA reserves more addresses than there is memory: where a job may use a GPU, this
    limit has to go, and the cgroup (`cgroups.py`) that takes its place is required.

    Args:
        megabytes: memory on top of what is mapped already.
    """
    mapped = 0
    with contextlib.suppress(OSError):
        text = Path("/proc/self/statm").read_text()
        mapped = int(text.split()[0]) * resource.getpagesize()
    _lower(resource.RLIMIT_AS, mapped + megabytes * MEGABYTE)
    _lower(resource.RLIMIT_CPU, MOST_SECONDS)
    _lower(resource.RLIMIT_FSIZE, 64 * MEGABYTE)
    _lower(resource.RLIMIT_NOFILE, 256)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_NPROC, 256)


def limit_seconds(seconds: float) -> None:
    """Bound this process's own processor time from now on."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _lower(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime + seconds) + 1)


def _lower(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(kind, (value, value))
