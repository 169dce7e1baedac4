"""A submission's folder is limited in total, in bytes and in number."""

import os
from pathlib import Path

import pytest

from autograder.grading.jailer import Jailer
from autograder.jail import leftovers, written
from autograder.jail.job import Cell, Job

MEGABYTE = 2**20
FILL = """
import time
for i in range(40):
    open(str(i), "wb").write(bytes(20 * 2**20))
"""
# what is written: (code, how it ends)
TOO_MUCH = {
    "bytes in many files": f"{FILL}\ntime.sleep(30)",
    "bytes in a folder that nobody may read": "import os\nos.mkdir('x', 0o300)\n"
    f"os.chdir('x')\n{FILL}\ntime.sleep(30)",
    "many files": "import time\nfor i in range(20_000):\n    open(str(i), 'w')\n"
    "time.sleep(30)",
    "folders in folders": "import os, time\nfor i in range(12_000):\n"
    "    os.mkdir('d')\n    os.chdir('d')\ntime.sleep(30)",
}


@pytest.mark.parametrize("what", TOO_MUCH)
def test_a_cell_that_writes_too_much_is_ended(jailer: Jailer, what: str) -> None:
    job = Job("plain", "", [Cell(TOO_MUCH[what]), Cell("x = 1")])
    outcome = jailer.run(job)
    full = "No space left"  # in namespaces the kernel may be first
    assert outcome.bad_cells == {0: "wrote too much into its folder"} or (
        full.encode() in outcome.frames
    )
    assert jailer.run(Job("plain", "", [Cell("x = 1")])).ending == ""


def test_what_is_written_may_be_half_of_it(jailer: Jailer) -> None:
    code = "for i in range(6):\n    open(str(i), 'wb').write(bytes(20 * 2**20))"
    outcome = jailer.run(Job("plain", "", [Cell(f"{code}\nassert False, 'done'")]))
    assert outcome.bad_cells == {}
    assert b"done" in outcome.frames


def test_an_empty_folder_is_not_too_much(tmp_path: Path) -> None:
    assert not written.too_much(tmp_path)
    assert not written.too_much(tmp_path / "gone")


def test_bytes_are_counted_in_every_folder_and_links_once(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "f").write_bytes(bytes(MEGABYTE))
    (tmp_path / "out").symlink_to("/usr")
    for name in "gh":
        os.link(tmp_path / "a" / "b" / "f", tmp_path / name)
    assert written.too_much(tmp_path, most_bytes=MEGABYTE // 2)
    assert not written.too_much(tmp_path, most_bytes=2 * MEGABYTE)


def test_holes_take_no_room(tmp_path: Path) -> None:
    with open(tmp_path / "f", "wb") as file:
        file.truncate(1000 * MEGABYTE)
    assert not written.too_much(tmp_path, most_bytes=MEGABYTE)


def test_entries_are_counted_however_deep_they_lie(tmp_path: Path) -> None:
    here, top = os.getcwd(), tmp_path / "top"
    top.mkdir()
    os.chdir(top)
    try:
        for _ in range(500):
            os.mkdir("a folder with a rather long name")
            os.chdir("a folder with a rather long name")
    finally:
        os.chdir(here)
    before = os.listdir("/proc/self/fd")
    assert written.too_much(top, most_entries=499)
    assert not written.too_much(top, most_entries=500)
    assert os.listdir("/proc/self/fd") == before
    leftovers.remove(top)
