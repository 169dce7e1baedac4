"""The kernel's limits on all processes of a submission together."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.grading.jailer import Jailer
from autograder.jail import cgroups, lock
from autograder.jail.job import Cell, Job


def _lacking() -> str:
    try:
        group = cgroups.make()
    except cgroups.NoCgroupsError as error:
        return str(error)
    group.remove()
    return group.lacks


here = pytest.mark.skipif(
    bool(_lacking()) or lock.landlock_version() < 1, reason=f"no cgroups: {_lacking()}"
)
# Quicker than anybody looks, and nowhere over what one process may take.
BURST = """
import mmap, os, signal
for _ in range(8):
    if os.fork() == 0:
        held = mmap.mmap(-1, 150 * 2**20)
        for page in range(0, len(held), 4096):
            held[page] = 1
        signal.pause()
for _ in range(8):
    os.wait()
"""
# An ordinary user's limit on processes comes before.
PROCESSES = "started too many processes" * (os.getuid() == 0)
FORKS = """
import os, signal
for _ in range(700):
    if os.fork() == 0:
        signal.pause()
"""


@here
@pytest.mark.parametrize(
    ("code", "megabytes", "said"),
    [(BURST, 300, "used too much memory"), (FORKS, 2048, PROCESSES)],
    ids=["memory", "processes"],
)
def test_the_sum_over_all_processes_is_limited(
    code: str, megabytes: int, said: str
) -> None:
    with Jailer() as jailer:
        outcome = jailer.run(Job("plain", "", [Cell(code)], megabytes=megabytes))
        assert said in outcome.bad_cells.get(0, outcome.ending)
        outcome = jailer.run(Job("plain", "", [Cell("x = 1")], megabytes=300))
        assert (outcome.bad_cells, outcome.ending) == ({}, "")


@here
def test_the_kernel_stops_what_nobody_looked_at() -> None:
    group = cgroups.make()
    folders = group.opened()
    try:
        limits = cgroups.Limits(folders)
        limits.set(100 * 2**20, 20)
        assert limits.exceeded() == ""
        _run(limits, "held = bytes(10**6)")
        assert limits.exceeded() == ""
        _run(limits, "held = bytearray(10**9)")
        assert limits.exceeded() == "used too much memory"
        limits.set(500 * 2**20, 20)
        assert limits.exceeded() == ""
        _run(limits, "import os\nfor _ in range(30): os.fork() or os._exit(0)")
        assert limits.exceeded() == "started too many processes"
    finally:
        for folder in folders.values():
            os.close(folder)
        group.remove()


def _run(limits: cgroups.Limits, code: str) -> None:
    subprocess.run(
        [sys.executable, "-c", code], preexec_fn=limits.enter, stderr=subprocess.DEVNULL
    )


@here
def test_no_group_is_left_behind() -> None:
    with Jailer() as jailer:
        jailer.run(Job("plain", "", [Cell("import os\nos.fork()")]))
        group = jailer._warm._group
        assert group
        assert all(folder.is_dir() for folder in group.folders.values())
    assert not any(folder.exists() for folder in group.folders.values())


@here
def test_trusted_students_get_no_group() -> None:
    with Jailer() as jailer:
        jailer.run(Job("plain", "", [], trusted=True))
        assert jailer._warm._group is None
        jailer.run(Job("plain", "", []))
        assert jailer._warm._group is not None


def test_without_cgroups_all_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOGRADER_WITHOUT", "cgroups")
    with pytest.raises(cgroups.NoCgroupsError):
        cgroups.make()
    limits = cgroups.Limits({})
    limits.set(1, 1)
    limits.enter()
    assert limits.exceeded() == ""


class Files:
    """A made-up /sys/fs/cgroup of version 2, in which nothing happens by itself."""

    def __init__(self, root: Path, processes: str, enabled: str) -> None:
        self.own = root / "user.slice" / "run-1.scope"
        self.own.mkdir(parents=True)
        (self.own / "cgroup.controllers").write_text("cpu memory pids\n")
        (self.own / "cgroup.subtree_control").write_text(enabled)
        (self.own / "cgroup.procs").write_text(processes)


def test_version_2_hands_on_what_is_enabled_already(tmp_path: Path) -> None:
    files = Files(tmp_path, "1\n2\n", "memory pids\n")
    assert cgroups._delegated(files.own, "memory") == files.own


def test_version_2_steps_aside_if_it_is_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atexit.register", lambda *_: None)
    files = Files(tmp_path, f"{os.getpid()}\n", "\n")
    assert cgroups._delegated(files.own, "memory") == files.own
    aside = files.own / f"autograder-{os.getpid()}-self"
    assert (aside / "cgroup.procs").read_text() == str(os.getpid())
    assert (files.own / "cgroup.subtree_control").read_text() == "+memory"
    (files.own / "cgroup.subtree_control").write_text("memory pids")
    assert cgroups._delegated(aside, "pids") == files.own


def test_version_2_moves_nobody_else(tmp_path: Path) -> None:
    files = Files(tmp_path, f"1\n{os.getpid()}\n", "\n")
    cgroups._delegated(files.own, "memory")  # a real kernel refuses: "busy"
    assert [p for p in files.own.iterdir() if p.is_dir()] == []


def test_version_2_says_what_is_not_handed_on(tmp_path: Path) -> None:
    files = Files(tmp_path, "", "")
    (files.own / "cgroup.controllers").write_text("cpu")
    with pytest.raises(OSError, match="not handed on to this user"):
        cgroups._delegated(files.own, "memory")


IN_A_SCOPE = """
import os, sys
from pathlib import Path
from autograder.jail import cgroups
cgroups.CONTROLLERS = (sys.argv[2],)
scope = Path(sys.argv[1])
(scope / "cgroup.procs").write_text(str(os.getpid()))
group, another = cgroups.make(), cgroups.make()
limits = cgroups.Limits(group.opened())
reading, writing = os.pipe()
if os.fork() == 0:
    limits.enter()
    os.write(writing, Path("/proc/self/cgroup").read_bytes())
    os._exit(0)
os.wait()
assert group.folders[sys.argv[2]].name in os.read(reading, 10**6).decode()
group.remove()
another.remove()
assert [p.name for p in scope.glob("*/")] == [f"autograder-{os.getpid()}-self"]
"""


def _free_controller() -> tuple[Path, str] | None:
    """Of a real tree of version 2 which may be changed."""
    try:
        root = cgroups._mounted("/", lambda kind, options: kind == "cgroup2")
        (controller, *_) = (root / "cgroup.controllers").read_text().split()
    except (OSError, ValueError):
        return None
    writable = os.access(root / "cgroup.subtree_control", os.W_OK)
    return (root, controller) if writable else None


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "with another"])
def test_in_a_real_scope_of_version_2(alone: bool) -> None:
    """As systemd-run makes it: the grader steps aside, and back when it ends."""
    if not (found := _free_controller()):
        pytest.skip("no tree of cgroups of version 2 that may be changed")
    root, controller = found
    enabled = (root / "cgroup.subtree_control").read_text().split()
    (root / "cgroup.subtree_control").write_text(f"+{controller}")
    scope = root / f"run-{os.getpid()}.scope"
    scope.mkdir()
    guest = subprocess.Popen(["sleep", "60"])
    try:
        if not alone:
            (scope / "cgroup.procs").write_text(str(guest.pid))
        run = subprocess.run(
            [sys.executable, "-c", IN_A_SCOPE, str(scope), controller],
            capture_output=True,
            text=True,
        )
        assert (run.returncode == 0) == alone, run.stderr
        assert alone or "busy" in run.stderr
        assert list(scope.glob("*/")) == []
    finally:
        guest.kill()
        guest.wait()
        scope.rmdir()
        if controller not in enabled:
            (root / "cgroup.subtree_control").write_text(f"-{controller}")
