"""bubblewrap around the warm process: what is not there needs no lock."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.grading.jailer import Jailer, frames
from autograder.jail import cgroups, lock, namespaces
from autograder.jail.job import Cell, Job

pytestmark = pytest.mark.skipif(
    bool(namespaces.missing()) or lock.landlock_version() < 1,
    reason=f"no namespaces here: {namespaces.missing()}",
)
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def own() -> Iterator[Jailer]:
    with Jailer() as jailer:
        yield jailer


def told(jailer: Jailer, code: str) -> str:
    """What code in a cell is."""
    job = Job("plain", "", [Cell(f"import os, socket\nraise ValueError({code})")])
    (content, _), *_ = frames(jailer.run(job))
    return str(content["error"][1])


NOT_THERE = {
    "the repository": f"os.path.exists({str(REPOSITORY / 'README.md')!r})",
    "the solutions": f"os.path.exists({str(REPOSITORY / 'solutions')!r})",
    "the run folder": "os.path.exists('/run')",
    "other processes": "[p for p in range(3, 10**5) if os.path.exists(f'/proc/{p}')"
    " and p != os.getpid()]",
}


@pytest.mark.parametrize("name", NOT_THERE)
def test_what_is_outside_cannot_even_be_named(own: Jailer, name: str) -> None:
    assert told(own, NOT_THERE[name]) in {"False", "[]"}


def test_the_name_of_the_machine_is_not_told(own: Jailer) -> None:
    assert told(own, "socket.gethostname()") == "localhost"


def test_the_supervisor_is_the_first_process_there_is(own: Jailer) -> None:
    assert told(own, "os.getppid()") == "1"


def test_data_sets_are_there_wherever_they_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "numbers").write_text("1 2 3")
    (tmp_path / "link").symlink_to(tmp_path)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "link"))
    with Jailer() as jailer:
        code = "open(os.environ['COURSE_DATA'] + '/numbers').read()"
        assert told(jailer, code) == "1 2 3"


def test_an_odd_folder_for_temporary_files_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = tmp_path / "with 'spaces' and\ta tab"
    odd.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(odd))
    with Jailer() as jailer:
        assert told(jailer, "1 + 1") == "2"
    assert list(odd.iterdir()) == []


def test_a_python_below_a_hidden_folder_is_found(tmp_path: Path) -> None:
    """As in every pyenv: here a virtual environment below /tmp, through a link."""
    (tmp_path / "real" / "bin").mkdir(parents=True)
    (tmp_path / "linked").symlink_to("real")
    shutil.copy(Path(sys.prefix) / "pyvenv.cfg", tmp_path / "real")
    python = tmp_path / "linked" / "bin" / "python"
    python.symlink_to(Path(sys.executable).resolve())
    site = next(p for p in sys.path if p.endswith("site-packages"))
    code = (
        f"import sys; sys.path[:0] = [{str(REPOSITORY)!r}, {site!r}]\n"
        "from autograder.jail import namespaces\n"
        "print(namespaces.missing())"
    )
    run = subprocess.run([python, "-c", code], capture_output=True, text=True)
    assert (run.stdout, run.returncode) == ("\n", 0), run.stderr


@pytest.mark.parametrize("without", ["", "namespaces"])
def test_the_warm_process_ends_with_its_grader(without: str) -> None:
    """Whichever way that ends."""
    code = (
        "import json, time\n"
        "from autograder.grading.jailer import Jailer\n"
        "from autograder.jail.job import Job\n"
        "jailer = Jailer()\n"
        "jailer.run(Job('plain', '', []))\n"
        "warm = jailer._warm\n"
        "print(json.dumps([warm._process.pid, str(warm._folder),"
        " [str(f) for f in (warm._group.folders.values() if warm._group else [])]"
        "]), flush=True)\n"
        "time.sleep(60)"
    )
    environment = os.environ | {"AUTOGRADER_WITHOUT": without}
    grader = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment
    )
    assert grader.stdout
    pid, folder, groups = json.loads(grader.stdout.readline())
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    inside = [int(child) for child in children.split()]
    grader.send_signal(signal.SIGKILL)
    grader.wait()
    grader.stdout.close()
    end = time.monotonic() + 20
    while time.monotonic() < end and any(_runs(p) for p in (pid, *inside)):
        time.sleep(0.05)
    assert not any(_runs(p) for p in (pid, *inside))
    shutil.rmtree(folder)
    if groups:
        cgroups.make().remove()  # sweeps what was left
    assert not [group for group in groups if Path(group).exists()]


def _runs(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def test_the_warm_process_outlives_the_thread_that_started_it() -> None:
    with Jailer() as jailer:
        thread = threading.Thread(target=jailer.run, args=(Job("plain", "", []),))
        thread.start()
        thread.join()
        time.sleep(0.2)
        assert told(jailer, "1 + 1") == "2"


def test_an_address_of_the_machine_is_not_there(own: Jailer) -> None:
    names = [name for _, name in socket.if_nameindex() if name != "lo"]
    if not names:
        pytest.skip("this machine has no network itself")
    found = told(own, f"[os.path.exists('/sys/class/net/' + n) for n in {names}]")
    assert "True" not in found
