"""What this machine provides for grading, found out by trying it."""

import importlib.metadata
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from .errors import AutograderError
from .grading.jailer import Jailer
from .jail import cgroups, lock, namespaces
from .jail.job import Cell, Job

OK, MISSING, WARNING = "ok", "missing", "warning"
GIGABYTE = 2**30
FOR_ONE = 4 * GIGABYTE  # what one submission may take at most


@dataclass
class Finding:
    """One thing that was looked at.

    Attributes:
        name: what it is.
        state: ok, missing (grading needs it) or warning.
        found: what there is, and what it means.
        step: what to do next, or "".
    """

    name: str
    state: str
    found: str
    step: str = ""


def examine() -> Iterator[Finding]:
    """Look at everything, in the order in which it is read."""
    looks: tuple[Callable[[], Finding], ...] = (
        _python, _packages, _machine, _user, _landlock, _calls, _limits, _namespaces,
        _cgroups, _jail, _gpu, _data,
    )  # fmt: skip
    for look in looks:
        try:
            yield look()
        except Exception as error:  # one look that fails must not hide the others
            name = look.__name__.strip("_")
            what = f"could not be looked at ({type(error).__name__}: {error})"
            yield Finding(name, WARNING, what, "please report this")


def can_grade(findings: list[Finding]) -> bool:
    """Whether submissions can be graded in the jail here."""
    return all(f.state != MISSING for f in findings)


def as_text(findings: list[Finding]) -> str:
    """An aligned list; the next step stands below what it is about."""
    wide = max(len(f.name) for f in findings)
    lines = []
    for finding in findings:
        lines.append(f"{finding.state:<8} {finding.name:<{wide}}  {finding.found}")
        if finding.step:
            lines.append(f"{'':<8} {'':<{wide}}  → {finding.step}")
    verdict = "can" if can_grade(findings) else "cannot"
    return "\n".join([*lines, "", f"submissions {verdict} be graded in the jail here"])


def as_json(findings: list[Finding]) -> dict[str, object]:
    """The same for programs."""
    return {"ok": can_grade(findings), "findings": [asdict(f) for f in findings]}


def _python() -> Finding:
    return Finding("Python", OK, f"{platform.python_version()} in {sys.prefix}")


def _packages() -> Finding:
    versions, absent = [], []
    for package in ("torch", "nbgrader"):
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            absent.append(package)
    found = ", ".join(versions + [f"no {package}" for package in absent])
    if absent:
        return Finding("packages", MISSING, found, "run 'make setup' in the repository")
    return Finding("packages", OK, found)


def _machine() -> Finding:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    found = f"{cores} processors, {pages / GIGABYTE:.0f} GB of memory"
    if pages < FOR_ONE:
        text = f"{found}; one submission may take 4 GB"
        return Finding("machine", WARNING, text, "grade on a larger machine")
    return Finding("machine", OK, found)


def _user() -> Finding:
    if os.getuid():
        return Finding("user", OK, f"an ordinary one (uid {os.getuid()})")
    return Finding(
        "user",
        WARNING,
        "root: a hole in the kernel would give a submission the whole machine",
        "grade as an ordinary user",
    )


def _landlock() -> Finding:
    version = lock.landlock_version()
    if version < 1:
        return Finding("Landlock", MISSING, lock.missing(), lock.ELSEWHERE)
    covered = ["files"]
    if version >= 4:
        covered.append("TCP")
    if version >= lock.CONFINES_SIGNALS:
        covered.append("signals and abstract Unix sockets")
        return Finding("Landlock", OK, f"version {version}: {', '.join(covered)}")
    found = f"version {version}: {', '.join(covered)}; signals get out"
    step = "with Linux 6.12 or newer they do not (nor with bubblewrap)"
    return Finding("Landlock", WARNING, found, step)


def _calls() -> Finding:
    if lacks := lock.missing_filter():
        return Finding("seccomp", MISSING, lacks, lock.ELSEWHERE)
    return Finding("seccomp", OK, "system calls can be refused")


def _limits() -> Finding:
    import resource

    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if files == resource.RLIM_INFINITY or files >= 4096:
        return Finding("limits", OK, "memory, time, files and processes can be limited")
    found = f"only {files} open files: students' deep nests of folders look too large"
    return Finding("limits", WARNING, found, "raise 'ulimit -Hn' to 4096")


def _namespaces() -> Finding:
    if not (lacks := namespaces.missing()):
        found = "own network, processes, host name and /tmp (bubblewrap)"
        return Finding("namespaces", OK, found)
    found = f"{lacks}: no exercises with processes, no bound on files that were deleted"
    step = "install bubblewrap 0.7 or newer"
    if "installed" not in lacks:
        step = "let users make namespaces (see docs/security.md), or use a newer bwrap"
    return Finding("namespaces", WARNING, found, step)


def _cgroups() -> Finding:
    step = (
        "start as root, or as systemd-run --user --scope -p Delegate=yes autograder ..."
    )
    looked = "memory is limited per process; the sum is looked at 5 times a second"
    try:
        group = cgroups.make()
    except cgroups.NoCgroupsError as error:
        return Finding("cgroups", WARNING, f"none ({error}): {looked}", step)
    group.remove()
    found = f"the kernel limits {' and '.join(group.folders)} of all processes together"
    if group.lacks:
        return Finding("cgroups", WARNING, f"{found}, but not {group.lacks}", step)
    return Finding("cgroups", OK, found)


def _jail() -> Finding:
    try:
        with Jailer() as jailer:
            outcome = jailer.run(Job("doctor", "", [Cell("1 + 1")]))
    except AutograderError as error:
        return Finding("jail", MISSING, str(error), lock.ELSEWHERE)
    if outcome.ending or outcome.bad_cells:
        return Finding("jail", MISSING, f"a first cell {outcome.ending}", "report this")
    return Finding("jail", OK, "a first submission ran, and what must fail failed")


def _gpu() -> Finding:
    # In a process of its own: a look at CUDA leaves its mark on this one.
    code = "import torch; print(*map(torch.cuda.get_device_name, range("
    code += "torch.cuda.device_count())), sep=', ')"
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120
    ).stdout.strip()
    return Finding("GPU", OK, said or "none; nothing here needs one")


def _data() -> Finding:
    data = os.environ.get("COURSE_DATA")
    if not data:
        return Finding("COURSE_DATA", OK, "not set: the small embedded data sets serve")
    if os.access(data, os.R_OK | os.X_OK) and Path(data).is_dir():
        return Finding("COURSE_DATA", OK, f"{Path(data).resolve()} can be read")
    found = f"{data} is not a folder that can be read"
    return Finding("COURSE_DATA", WARNING, found, "correct it, or unset it")
