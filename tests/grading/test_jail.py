"""What student code can see and do while it is graded: no reference, no grades."""

import os
from pathlib import Path

import pytest

from autograder.grading.grade import Grader
from autograder.grading.jailer import Jailer
from autograder.jail import lock
from autograder.jail.job import Cell

from .conftest import CATALOGUE, TOY, School

pytestmark = pytest.mark.skipif(
    lock.landlock_version() < 1, reason="this kernel has no Landlock"
)

REFUSED = ("PermissionError", "FileNotFoundError", "ProcessLookupError")
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def grader(school: School, jailer: Jailer) -> Grader:
    """With namespaces and cgroups, where there are any, and without."""
    return Grader(school.assignment, school.course.seed, jailer=jailer)


def told(grader: Grader, code: str, define: str = "") -> str:
    """Run code in the jail; what it raises as text comes out through a fault."""
    answer = f"def double(n):\n    import os\n    raise ValueError({code})\n"
    result = grader.grade("mallory", [Cell(define), Cell(answer, "double")])
    sentence = result.exercises["check-double"].cases[0].mismatch.sentence
    return sentence.removeprefix("your answer raised ")


FORBIDDEN = {
    "the reference": CATALOGUE / "solutions" / TOY / "reference.py",
    "the real solutions": REPOSITORY / "solutions",
    "the assignments": REPOSITORY / "assignments",
    "the home directory": Path.home(),
    "the passwords": Path("/etc/passwd"),
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_cannot_read(grader: Grader, name: str) -> None:
    path = FORBIDDEN[name]
    code = (
        f"open({str(path)!r}).read()"
        if path.is_file()
        else f"os.listdir({str(path)!r})"
    )
    assert told(grader, code).startswith(REFUSED)


def test_cannot_read_the_course_directory(grader: Grader, school: School) -> None:
    code = f"os.listdir({str(school.course.root)!r})"
    assert told(grader, code).startswith(REFUSED)


def test_cannot_read_another_process(grader: Grader) -> None:
    code = "open(f'/proc/{os.getppid()}/environ').read()"
    assert told(grader, code).startswith(REFUSED)


def test_cannot_write_outside_its_folder(grader: Grader, tmp_path: Path) -> None:
    target = tmp_path / "out"
    assert told(grader, f"open({str(target)!r}, 'w')").startswith(REFUSED)
    assert not target.exists()


def test_can_write_in_its_own_folder(grader: Grader) -> None:
    assert told(grader, "open('mine', 'w').write('abc')") == "ValueError: 3"


SOCKETS = {
    "connect": "s.create_connection(('127.0.0.1', 9))",
    "datagrams": "s.socket(s.AF_INET, s.SOCK_DGRAM)",
    "a Unix socket": "s.socket(s.AF_UNIX)",
    "a raw socket": "s.socket(s.AF_INET, s.SOCK_RAW, 1)",
    "netlink": "s.socket(s.AF_NETLINK, s.SOCK_RAW)",
}


@pytest.mark.parametrize("name", SOCKETS)
def test_cannot_reach_any_network(grader: Grader, name: str) -> None:
    code = SOCKETS[name].replace("s.", "__import__('socket').")
    assert told(grader, code).startswith(REFUSED)


CALLS = {
    "unshare": "unshare(0x10000000)",
    "ptrace": "ptrace(16, os.getppid(), 0, 0)",
    "mount": "mount(b'none', b'/tmp', b'tmpfs', 0, None)",
    "chroot": "chroot(b'/')",
    "shared memory that stays": "shmget(7, 4096, 0o1600)",
}


@pytest.mark.parametrize("name", CALLS)
def test_is_refused_what_no_answer_needs(grader: Grader, name: str) -> None:
    define = (
        "def refused(call):\n"
        "    import ctypes, os\n"
        "    libc = ctypes.CDLL(None, use_errno=True)\n"
        "    result = eval('libc.' + call)\n"
        "    return result, ctypes.get_errno()\n"
    )
    assert told(grader, f"refused({CALLS[name]!r})", define) == "ValueError: (-1, 1)"


def test_cannot_signal_the_grader(grader: Grader) -> None:
    if lock.landlock_version() < 6:
        pytest.skip("Landlock confines signals from version 6 on")
    assert told(grader, f"os.kill({os.getpid()}, 0)").startswith(REFUSED)


def test_no_reference_is_loaded_beside_it(grader: Grader) -> None:
    code = "[m for m in __import__('sys').modules if 'solutions' in m]"
    assert told(grader, code) == "ValueError: []"


def test_its_environment_names_no_course(grader: Grader) -> None:
    code = "[v for v in os.environ.values() if 'course' in v or 'catalogue' in v]"
    assert told(grader, code) == "ValueError: []"


def test_it_inherits_no_open_file_but_its_pipe(grader: Grader) -> None:
    define = (
        "def _closed(f):\n"
        "    import os\n"
        "    try:\n"
        "        os.fstat(f)\n"
        "    except OSError:\n"
        "        return True\n"
    )
    assert told(
        grader, "len([f for f in range(3, 256) if not _closed(f)])", define
    ) == ("ValueError: 1")


@pytest.mark.parametrize(
    "cell",
    [
        "import torch\ntorch.softmax = lambda *a, **k: 0",
        "import builtins\nbuiltins.abs = lambda x: 0",
        "import autograder.observe as o\no.to_tree = lambda v: None",
        "import os\nos.write(1, b'x' * 10**7)",
        "import sys\nsys.setrecursionlimit(50)",
        "import torch\ntorch.set_default_dtype(torch.float64)",
    ],
)
def test_a_tampered_process_earns_nothing_for_a_wrong_answer(
    grader: Grader, school: School, cell: str
) -> None:
    wrong = school.mistake("double", "square")["double"]
    result = grader.grade("mallory", [Cell(cell), Cell(wrong, "double")])
    assert result.scores["check-double"] == 0


def test_a_forged_frame_is_not_an_answer(grader: Grader) -> None:
    forger = (
        "import os\n"
        "for fd in range(3, 64):\n"
        "    try:\n"
        "        os.write(fd, b'garbage' * 100)\n"
        "    except OSError:\n"
        "        pass\n"
    )
    result = grader.grade("mallory", [Cell(forger)])
    assert sum(result.scores.values()) == 0
    assert not result.broken


ESCAPES = {
    "a daemon": "os.setsid()",
    "a daemon's daemon": "os.setsid(); os.fork() and os._exit(0); os.setsid()",
    "a group of its own": "os.setpgid(0, 0)",
}


@pytest.mark.parametrize("name", ESCAPES)
def test_nothing_outlives_the_submission(grader: Grader, name: str) -> None:
    mark = f"outlives-{os.getpid()}-{name}".replace(" ", "-").replace("'", "")
    code = (
        "import ctypes, os, time\n"
        "if os.fork() == 0:\n"
        f"    {ESCAPES[name]}\n"
        f"    ctypes.CDLL(None).prctl(15, {mark[-15:].encode()!r}, 0, 0, 0)\n"
        "    time.sleep(600)\n"
        "    os._exit(0)\n"
        "time.sleep(0.2)\n"
    )
    grader.grade("mallory", [Cell(code)])
    names = [p.read_text().strip() for p in Path("/proc").glob("[0-9]*/comm")]
    assert mark[-15:] not in names


def test_one_submission_leaves_nothing_for_the_next(
    grader: Grader, school: School
) -> None:
    leave = "import torch\ntorch.exp = None\nopen('/tmp/left-behind', 'w')"
    grader.grade("mallory", [Cell(leave)])
    cells = [Cell(s, n) for n, s in school.right().items()]
    setup = Cell("import numpy as np\nimport torch")
    assert sum(grader.grade("ada", [setup, *cells]).scores.values()) == 6


def test_a_machine_without_landlock_refuses(
    grader: Grader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "landlock_version", lambda: 0)
    with pytest.raises(lock.LockError) as refused:
        grader.grade("ada", [])
    assert str(refused.value) == (
        "this kernel has no Landlock (Linux 5.13 or newer is needed); grade on "
        "another machine, or pass --trust-students."
    )


def test_trusted_students_are_graded_without_it(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "landlock_version", lambda: 0)
    cells = [Cell(source, name) for name, source in school.right().items()]
    setup = Cell("import numpy as np\nimport torch")
    grader = Grader(school.assignment, school.course.seed, trust=True)
    assert sum(grader.grade("ada", [setup, *cells]).scores.values()) == 6
