"""What dies, and what is left: after each fault every grade is as if nothing happened.

Real processes: the command line as an instructor starts it, killed from outside.
"""

import json
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.gradebook import api
from autograder.jail import lock

from .conftest import TOY, School
from .faults import State, files, run, start, state, warm_processes, when

pytestmark = pytest.mark.skipif(lock.landlock_version() < 1, reason="no Landlock here")
KILLS = "import os\nos.kill(os.getppid(), 9)\n\ndef double(n):\n    return 2 * n\n"


def test_a_warm_process_is_killed(handed_in: School, undisturbed: State) -> None:
    root = handed_in.course.root
    driver = start(root, "--jobs", "1")
    when(files(root, ".autograder/results", "*.json"))
    when(lambda: bool(warm_processes(driver)))
    for process in warm_processes(driver):
        process.kill()
    _, err = driver.communicate(timeout=120)
    assert (driver.returncode, err) == (0, "")
    assert state(root) == undisturbed


MOMENTS = {
    "before the first result": ("autograded", "nothing"),
    "after the first result": (".autograder/results", "*.json"),
    "during the first import": ("autograded", "*"),
    "after the first import": (".autograder/imported", "*"),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_driver_is_killed(
    handed_in: School, undisturbed: State, moment: str
) -> None:
    root = handed_in.course.root
    driver = start(root)
    if moment.startswith("before"):
        when(lambda: bool(warm_processes(driver)))
    else:
        when(files(root, *MOMENTS[moment]))
    driver.kill()
    driver.communicate()
    assert run(root).returncode == 0
    assert state(root) == undisturbed


def test_ctrl_c_and_on_again(handed_in: School, undisturbed: State) -> None:
    root = handed_in.course.root
    driver = start(root, "--jobs", "1")
    when(files(root, ".autograder/results", "*.json"))
    driver.send_signal(signal.SIGINT)
    _, err = driver.communicate(timeout=30)
    assert driver.returncode == 130
    assert err == (
        "autograder: stopped; what is graded is kept: run the command again to go on\n"
    )
    kept = {p: p.stat().st_mtime_ns for p in handed_in.course.results.rglob("*.json")}
    assert 0 < len(kept) < 4
    assert run(root).returncode == 0
    assert {p: p.stat().st_mtime_ns for p in kept} == kept  # not graded again
    assert state(root) == undisturbed


def test_a_submission_kills_the_warm_process(school: School) -> None:
    """As it can without the lock, which students have to be trusted for."""
    school.hand_in("ada", school.notebook(school.right()))
    school.hand_in("mallory", school.notebook(school.right() | {"double": KILLS}))
    school.hand_in("zoe", school.notebook(school.right()))
    done = run(school.course.root, "--trust-students", "--jobs", "1")
    assert done.returncode == 2
    assert done.stderr.startswith("autograder: mallory: the process that runs")
    held = api.scores(school.course.root, TOY)
    assert {student: points for student, (points, _) in held.items()} == {
        "ada": 6.0,
        "zoe": 6.0,
    }


def test_a_result_file_is_torn(handed_in: School, undisturbed: State) -> None:
    root = handed_in.course.root
    assert run(root).returncode == 0
    path = next(handed_in.course.results.rglob("*.json"))
    path.write_bytes(path.read_bytes()[:100])
    assert run(root).returncode == 0
    assert state(root) == undisturbed


def test_two_graders_at_once(handed_in: School, undisturbed: State) -> None:
    root = handed_in.course.root
    both = [start(root), start(root)]
    said = [driver.communicate(timeout=120) for driver in both]
    assert [driver.returncode for driver in both] == [0, 0]
    waits = "another grader is at work in this course directory; waiting for it"
    assert sorted(err for _, err in said) == ["", f"autograder: {waits}\n"]
    assert said[0][0] == said[1][0]  # the same table
    assert state(root) == undisturbed


def test_a_submission_is_replaced_while_it_is_graded(handed_in: School) -> None:
    root = handed_in.course.root
    driver = start(root, "--jobs", "1")
    when(files(root, ".autograder/results", "*.json"))
    handed_in.hand_in("zoe", handed_in.notebook(handed_in.right()))
    driver.communicate(timeout=120)
    assert driver.returncode == 0
    book = api.scores(root, TOY)
    stored = json.loads(next(root.rglob(f"results/{TOY}/zoe/*.json")).read_text())
    assert book["zoe"][0] == sum(stored["scores"].values())
    assert run(root).returncode == 0
    assert api.scores(root, TOY)["zoe"][0] == 6.0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 8 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    try:
        made = subprocess.run(mount, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("no mount here")
    if made.returncode:
        pytest.skip(f"no disk can be mounted: {made.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_the_disk_is_full(
    handed_in: School, undisturbed: State, small_disk: Path
) -> None:
    root = small_disk / "course"
    shutil.copytree(handed_in.course.root, root)
    filler = small_disk / "filler"
    with pytest.raises(OSError, match="No space left"):
        filler.write_bytes(b"x" * 2**23)
    full = run(root)
    assert full.returncode == 2
    assert "No space left" in full.stderr or "disk is full" in full.stderr
    filler.unlink()
    assert run(root).returncode == 0
    found = state(root)
    assert found == undisturbed
    assert not list(root.rglob(".*.json.*"))
