"""Ways out of the jail: reading, altering, harming, outliving, exhausting."""

import os
import time
from pathlib import Path

import pytest

from autograder.catalogue import Assignment
from autograder.grading.grade import Grader
from autograder.grading.jailer import Jailer
from autograder.jail import lock, watching
from autograder.jail.cgroups import Limits
from autograder.jail.job import Cell, Job

from ..grading.conftest import CATALOGUE, TOY, School
from .conftest import RIGHT, SETUP, WRONG, attack, told
from .ours import excess, left_running, reading, warm_pid
from .reach import (
    HEAVY,
    NETWORK,
    REFUSALS,
    TO_ALTER,
    TO_HARM,
    TO_OUTLIVE,
    TO_READ,
    TOO_MUCH,
    TURNING,
)


@pytest.fixture(scope="module")
def grader(jailer: Jailer) -> Grader:
    """With namespaces and cgroups, where there are any, and without."""
    return Grader(Assignment(TOY, CATALOGUE), "seed of the attacks", jailer=jailer)


@pytest.fixture
def victim(school: School) -> School:
    """A class with a submission, a gradebook, a seed and a result to be stolen."""
    school.hand_in("ada", school.notebook(school.right()))
    result = school.course.results / TOY / "ada" / f"{TOY}.json"
    result.parent.mkdir(parents=True)
    result.write_text("{}")
    return school


@pytest.mark.parametrize("goal", TO_READ)
def test_cannot_be_read(grader, victim: School, goal: str) -> None:
    path = victim.course.root / TO_READ[goal]
    assert told(grader, reading(path)).startswith(
        ("PermissionError", "FileNotFoundError")
    )


@pytest.mark.parametrize("goal", TO_ALTER)
def test_the_gradebook_cannot_be_altered(grader, victim: School, goal: str) -> None:
    book = victim.course.root / "gradebook.db"
    before = book.stat(), book.read_bytes()
    define = f"path = {str(book)!r}"
    assert told(grader, TO_ALTER[goal], define).startswith(REFUSALS)
    after = book.stat()
    assert book.read_bytes() == before[1]
    assert (after.st_mode, after.st_uid, after.st_mtime_ns, after.st_nlink) == (
        before[0].st_mode,
        before[0].st_uid,
        before[0].st_mtime_ns,
        before[0].st_nlink,
    )


@pytest.mark.parametrize("goal", TO_HARM)
def test_what_is_outside_cannot_be_harmed(grader, goal: str) -> None:
    if "signal" in goal and lock.landlock_version() < 6:
        pytest.skip("Landlock confines signals from version 6 on")
    found = told(grader, TO_HARM[goal], f"import resource as r\nGRADER = {os.getpid()}")
    expected = ("PermissionError", "ProcessLookupError", "ValueError: not allowed to")
    assert found.startswith(expected)


@pytest.mark.parametrize("goal", NETWORK)
def test_the_network_cannot_be_reached(grader, goal: str) -> None:
    expected = ("PermissionError", "gaierror", "CalledProcessError")
    assert told(grader, NETWORK[goal], "import socket as s").startswith(expected)


@pytest.mark.parametrize("goal", TO_OUTLIVE)
def test_nothing_outlives_its_submission(grader, goal: str) -> None:
    start = time.monotonic()
    result = attack(grader, TO_OUTLIVE[goal])
    assert sum(result.scores.values()) == 0
    assert time.monotonic() - start < 7
    assert left_running(grader.jailer) == set()


@pytest.mark.parametrize("goal", TOO_MUCH)
def test_a_cell_that_takes_too_much_is_ended(grader, goal: str) -> None:
    assert TOO_MUCH[goal][1] in excess(grader.jailer, goal)


def test_a_false_progress_does_not_stop_the_clock(monkeypatch, tmp_path) -> None:
    """All cells together have a limit, whatever the child says that it runs."""
    monkeypatch.setattr(watching, "MAX_CELLS_SECONDS", 1.0)
    monkeypatch.setattr(watching, "SLACK_SECONDS", 0.0)
    job = Job("plain", "", [Cell(TURNING)], cell_seconds=0.5)
    watch = watching.Watch(job, tmp_path, Limits({}))
    watch.look(0)
    assert watch.excess == ""
    watch._start -= 1.1
    watch.look(1)
    assert watch.excess == "took too long"


@pytest.mark.parametrize("goal", HEAVY)
def test_a_heavy_cell_costs_no_right_answer(grader, goal: str) -> None:
    result = attack(grader, HEAVY[goal], RIGHT)
    assert sum(result.scores.values()) == 1
    process = grader.jailer._warm._process
    assert process
    assert process.poll() is None
    assert not list(Path(f"/proc/{warm_pid(grader.jailer)}/cwd/").glob("job-*"))


def test_thousands_of_cells_are_run(grader) -> None:
    cells = [Cell(SETUP), *[Cell("x = 1")] * 2000, Cell(RIGHT, "double")]
    assert sum(grader.grade("mallory", cells).scores.values()) == 1


def test_memory_of_one_answer_is_limited(grader) -> None:
    hog = "def double(n):\n    return np.ones(10**9)\n"
    result = attack(grader, "", hog)
    assert result.exercises["check-double"].verdict == "OUT_OF_MEMORY"


def test_what_an_answer_left_behind_is_not_there_next_time(grader) -> None:
    attack(grader, "open('left', 'w').write('2')", WRONG)
    found = told(grader, "os.listdir('.')")
    assert found == "ValueError: []"
