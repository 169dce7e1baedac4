"""The lock is tried before it is relied on."""

from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.grading.jailer import Jailer
from autograder.jail import lock, probe, syscalls
from autograder.jail.job import Job

locked = pytest.mark.skipif(lock.landlock_version() < 1, reason="no Landlock here")


@locked
def test_nothing_that_must_fail_succeeds_here(tmp_path: Path) -> None:
    assert probe.weakness(tmp_path, 500) == ""
    assert list(tmp_path.iterdir()) == []


def nothing(*_: object, **__: object) -> None:
    """Instead of a part of the lock."""


HOLES: dict[str, tuple[str, Callable[..., None], str]] = {
    "no seccomp": (
        "restrict_calls",
        nothing,
        "open a network socket and open a Unix socket",
    ),
    "no Landlock": (
        "restrict_files",
        lambda *_, **__: lock._libc.prctl(lock.NO_NEW_PRIVILEGES, 1, 0, 0, 0),
        "read a file outside its folder and list a folder outside its own",
    ),
    "no limits": ("limit_process", nothing, "use more memory than allowed"),
}


@locked
@pytest.mark.parametrize("hole", HOLES)
def test_a_hole_in_the_lock_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hole: str
) -> None:
    part, instead, named = HOLES[hole]
    monkeypatch.setattr(lock, part, instead)
    assert probe.weakness(tmp_path, 500).startswith(named)


@locked
def test_a_lock_that_cannot_be_closed_is_a_weakness(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> None:
        raise lock.LockError("capset refused")

    monkeypatch.setattr(lock, "drop_capabilities", fails)
    assert probe.weakness(tmp_path, 500) == (
        "not be locked in (LockError: capset refused)"
    )


@locked
def test_grading_refuses_where_the_jail_does_not_hold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The warm process is told of a network that is not another: its own."""
    from autograder.jail import namespaces

    if namespaces.missing():
        pytest.skip(f"no namespaces here: {namespaces.missing()}")
    monkeypatch.setattr(namespaces, "wrapped", lambda command: command)
    monkeypatch.setattr(namespaces, "FOLDER", Path("/tmp"))
    with Jailer() as jailer, pytest.raises(lock.LockError) as refused:
        jailer.run(Job("plain", "", [], loopback=True))
    assert str(refused.value) == (
        "the jail does not hold here: a submission could reach this machine's network; "
        "grade on another machine, or pass --trust-students."
    )


def test_a_machine_without_seccomp_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "landlock_version", lambda: 7)
    monkeypatch.setattr(
        syscalls, "missing", lambda libc: "this machine refuses seccomp filters (no)"
    )
    with Jailer() as jailer, pytest.raises(lock.LockError) as refused:
        jailer.run(Job("plain", "", []))
    assert str(refused.value) == (
        "this machine refuses seccomp filters (no); grade on another machine, or pass "
        "--trust-students."
    )


def test_an_unknown_processor_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    assert syscalls.missing(None).startswith(
        "submissions cannot be locked in on a riscv64 processor"
    )
