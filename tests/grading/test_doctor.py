"""`autograder doctor` says what this machine provides, and whether it is enough."""

import json

import pytest
from typer.testing import CliRunner

from autograder import doctor
from autograder.cli import app
from autograder.jail import cgroups, lock, namespaces

NAMES = [
    "Python",
    "packages",
    "machine",
    "user",
    "Landlock",
    "seccomp",
    "limits",
    "namespaces",
    "cgroups",
    "jail",
    "GPU",
    "COURSE_DATA",
]
NO_LANDLOCK = "this kernel has no Landlock (Linux 5.13 or newer is needed)"


@pytest.fixture(autouse=True)
def _no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """It imports torch in a process of its own, which takes seconds."""
    monkeypatch.setattr(doctor, "_gpu", lambda: doctor.Finding("GPU", "ok", "none"))


def findings() -> dict[str, doctor.Finding]:
    return {finding.name: finding for finding in doctor.examine()}


def test_it_looks_at_everything_and_tries_the_jail() -> None:
    run = CliRunner().invoke(app, ["doctor", "--json"])
    told = json.loads(run.stdout)
    found = {finding.pop("name"): finding for finding in told["findings"]}
    assert list(found) == NAMES
    assert told["ok"] == (lock.missing() == "")
    assert run.exit_code == (0 if told["ok"] else 1)
    if told["ok"]:
        assert found["jail"]["state"] == "ok"


def test_without_landlock_it_says_what_grading_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lock, "landlock_version", lambda: 0)
    run = CliRunner().invoke(app, ["doctor"])
    assert run.exit_code == 1
    (line,) = [line for line in run.stdout.splitlines() if "Landlock   " in line]
    assert line.split(maxsplit=2) == ["missing", "Landlock", NO_LANDLOCK]
    assert "submissions cannot be graded in the jail here" in run.stdout
    with pytest.raises(lock.LockError, match="this kernel has no Landlock"):
        lock.require()


def test_what_goes_around_the_lock_may_be_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AUTOGRADER_WITHOUT", "namespaces,cgroups")
    monkeypatch.setattr(doctor, "_jail", lambda: doctor.Finding("jail", "ok", ""))
    found = findings()
    assert found["namespaces"].state == found["cgroups"].state == "warning"
    assert found["namespaces"].step
    assert found["cgroups"].step
    assert doctor.can_grade(list(found.values())) == (lock.missing() == "")


def test_a_look_that_fails_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> None:
        raise RuntimeError("no such thing")

    monkeypatch.setattr(cgroups, "make", fails)
    monkeypatch.setattr(namespaces, "missing", fails)
    monkeypatch.setattr(doctor, "_jail", lambda: doctor.Finding("jail", "ok", ""))
    found = findings()
    assert list(found) == NAMES
    assert found["cgroups"].state == "warning"
    assert "no such thing" in found["cgroups"].found


def test_a_data_folder_that_is_not_there_is_pointed_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COURSE_DATA", "/no/such/folder")
    finding = doctor._data()
    assert finding.state == "warning"
    assert "/no/such/folder" in finding.found


def test_the_list_is_aligned_and_names_the_next_step() -> None:
    text = doctor.as_text(
        [
            doctor.Finding("a", "ok", "fine"),
            doctor.Finding("longer", "missing", "not there", "install it"),
        ]
    )
    assert text.splitlines() == [
        "ok       a       fine",
        "missing  longer  not there",
        "                 → install it",
        "",
        "submissions cannot be graded in the jail here",
    ]
