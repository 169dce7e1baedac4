"""Limits that the kernel keeps for all processes of a submission together.

The grading process makes a group below its own (`Group`) and hands the warm process its
open folders; each child moves itself in (`Limits`) before any student code runs. With
CUDA, which no limit on addresses can bind, this is the limit on memory.

Both versions of cgroups: in the first each controller has a tree of its own.
"""

import atexit
import contextlib
import os
import re
import secrets
import subprocess
from collections.abc import Callable
from pathlib import Path

FOLDER = os.O_RDONLY | os.O_DIRECTORY
CONTROLLERS = ("memory", "pids")
OURS = re.compile(r"autograder-(\d+)-\w+")
TURNED_OFF = "cgroups"  # in AUTOGRADER_WITHOUT


class NoCgroupsError(Exception):
    """Groups cannot be made here; the message says why."""


class Group:
    """A group for the submissions of one warm process.

    Attributes:
        folders: by controller; those that this machine lets us use.
    """

    def __init__(self) -> None:
        self.folders: dict[str, Path] = {}
        name = f"autograder-{os.getpid()}-{secrets.token_hex(4)}"
        reasons = []
        for controller in CONTROLLERS:
            try:
                base = _base(controller)
                _sweep(base)
                (base / name).mkdir(exist_ok=True)
                _try(base / name)
                self.folders[controller] = base / name
            except OSError as error:
                reasons.append(f"{controller}: {error.strerror or error}")
        self.lacks = "; ".join(reasons)
        if not self.folders:
            raise NoCgroupsError(self.lacks)

    def opened(self) -> dict[str, int]:
        """Descriptors of the folders; whoever opens them closes them."""
        return {k: os.open(folder, FOLDER) for k, folder in self.folders.items()}

    def remove(self) -> None:
        """Remove the group, in which no process may be left."""
        for folder in set(self.folders.values()):
            with contextlib.suppress(OSError):
                folder.rmdir()


def make() -> Group:
    """A new group; NoCgroupsError where there can be none."""
    if TURNED_OFF in os.environ.get("AUTOGRADER_WITHOUT", ""):
        raise NoCgroupsError("turned off by AUTOGRADER_WITHOUT")
    return Group()


class Limits:
    """The jail's end of a group: sets limits, enters, and tells what was stopped."""

    def __init__(self, folders: dict[str, int]) -> None:
        self._folders = folders
        self._before = (0, 0)

    def set(self, memory: int, processes: int) -> None:
        """Bound what those in the group use together, from now on."""
        for name in ("memory.max", "memory.limit_in_bytes"):
            self._write("memory", name, memory)
        for name, value in (
            ("memory.swap.max", 0),
            ("memory.memsw.limit_in_bytes", memory),
        ):
            self._write("memory", name, value)
        # Where the limit was lower, the sum with swap had to be raised first.
        self._write("memory", "memory.limit_in_bytes", memory)
        self._write("pids", "pids.max", processes)
        self._before = self._stopped()

    def enter(self) -> None:
        """Move this process, which has one thread, and what it will start."""
        for folder in self._folders.values():
            try:  # only in the first version, where it takes a tenth of the time
                _write(folder, "tasks", 0)
            except FileNotFoundError:
                _write(folder, "cgroup.procs", 0)

    def exceeded(self) -> str:
        """What the kernel stopped since the limits were set, or ""."""
        killed, refused = self._stopped()
        if killed > self._before[0]:
            return "used too much memory"
        return "started too many processes" if refused > self._before[1] else ""

    def _stopped(self) -> tuple[int, int]:
        killed = self._count("memory", "memory.events", "oom_kill")
        killed += self._count("memory", "memory.oom_control", "oom_kill")
        return killed, self._count("pids", "pids.events", "max")

    def _write(self, controller: str, name: str, value: int) -> None:
        if controller in self._folders:
            with contextlib.suppress(OSError):  # the other version's name, or no swap
                _write(self._folders[controller], name, value)

    def _count(self, controller: str, name: str, event: str) -> int:
        with contextlib.suppress(OSError, KeyError):
            file = os.open(name, os.O_RDONLY, dir_fd=self._folders[controller])
            with open(file, encoding="ascii") as lines:
                counts = dict(line.split() for line in lines)
            return int(counts.get(event, 0))
        return 0


def _write(folder: int, name: str, value: int) -> None:
    file = os.open(name, os.O_WRONLY, dir_fd=folder)
    try:
        os.write(file, str(value).encode())
    finally:
        os.close(file)


def _base(controller: str) -> Path:
    """The group below which ours is made; OSError where there is none."""
    groups = [
        line.split(":", 2)
        for line in _lines("/proc/self/cgroup")
        if line.count(":") > 1
    ]
    for _, names, path in groups:
        if controller in names.split(","):
            return _mounted(path, lambda kind, options: controller in options)
    for number, names, path in groups:
        if (number, names) == ("0", ""):
            own = _mounted(path, lambda kind, options: kind == "cgroup2")
            return _delegated(own, controller)
    raise OSError("this kernel has no cgroups")


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines()


def _mounted(path: str, wanted: Callable[[str, list[str]], bool]) -> Path:
    """Where a group's folder is."""
    for line in _lines("/proc/self/mountinfo"):
        before, _, after = line.partition(" - ")
        root, point = before.split()[3:5]
        kind, _, options = after.split()[:3]
        if not kind.startswith("cgroup") or not wanted(kind, options.split(",")):
            continue
        inside = os.path.relpath(path, root)
        if not inside.startswith(".."):
            return Path(point) / inside
    raise OSError("not mounted")


def _delegated(own: Path, controller: str) -> Path:
    """A group of version 2 below which the controller is at work.

    Such a group must hold no process. So we step aside into a group of our own, if
    nobody else is in ours.
    """
    base = own.parent if OURS.fullmatch(own.name) else own
    if controller not in (base / "cgroup.controllers").read_text().split():
        raise OSError("not handed on to this user (start with systemd-run, see docs)")
    enabled = base / "cgroup.subtree_control"
    if controller not in enabled.read_text().split():
        if (base / "cgroup.procs").read_text().split() == [str(os.getpid())]:
            _step_aside(base)
        enabled.write_text(f"+{controller}")
    return base


def _step_aside(base: Path) -> None:
    aside = base / f"autograder-{os.getpid()}-self"
    aside.mkdir()
    (aside / "cgroup.procs").write_text(str(os.getpid()))
    atexit.register(_step_back, base, aside, os.getpid())


def _step_back(base: Path, aside: Path, pid: int) -> None:
    if os.getpid() != pid:  # inherited by a fork
        return
    with contextlib.suppress(OSError):
        enabled = (base / "cgroup.subtree_control").read_text().split()
        disabled = " ".join(f"-{controller}" for controller in enabled)
        (base / "cgroup.subtree_control").write_text(disabled)
        (base / "cgroup.procs").write_text(str(pid))
        aside.rmdir()


def _try(group: Path) -> None:
    """OSError, and no group any more, where no process may be moved in."""
    move = ["sh", "-c", 'echo 0 > "$0"', str(group / "cgroup.procs")]
    if subprocess.run(move, stderr=subprocess.DEVNULL).returncode:
        group.rmdir()
        raise OSError("no process may be moved in")


def _sweep(base: Path) -> None:
    """Remove what a grading process left that was killed."""
    for folder in base.glob("autograder-*"):
        match = OURS.fullmatch(folder.name)
        if match and not Path(f"/proc/{match[1]}").exists():
            with contextlib.suppress(OSError):
                folder.rmdir()
