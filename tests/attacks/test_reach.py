"""Ways out of the jail: reading, altering, harming, outliving, exhausting."""

import os
import time
from pathlib import Path

import pytest

from autograder.grading.jailer import shared_jailer
from autograder.jail import lock
from autograder.jail.job import Cell, Job

from ..grading.conftest import CATALOGUE, TOY, School
from .conftest import SETUP, WRONG, attack, told

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def victim(school: School) -> School:
    """A class with a submission, a gradebook, a seed and a result to be stolen."""
    school.hand_in("ada", school.notebook(school.right()))
    result = school.course.results / TOY / "ada" / f"{TOY}.json"
    result.parent.mkdir(parents=True)
    result.write_text("{}")
    return school


TO_READ = {
    "the reference": CATALOGUE / "solutions" / TOY / "reference.py",
    "the real solutions": REPOSITORY / "solutions",
    "a memory of the grader": Path(f"/proc/{os.getpid()}/mem"),
    "the grader's environment": Path(f"/proc/{os.getpid()}/environ"),
    "the terminal": Path("/dev/tty"),
    "shared memory": Path("/dev/shm"),
    "the passwords": Path("/etc/shadow"),
    "another submission": f"submitted/ada/{TOY}/{TOY}.ipynb",
    "the gradebook": "gradebook.db",
    "the seed of the class": ".autograder/seed",
    "the results": f".autograder/results/{TOY}/ada/{TOY}.json",
    "the expected outputs": ".autograder",
    "the source notebook": f"source/{TOY}/{TOY}.ipynb",
}


@pytest.mark.parametrize("goal", TO_READ)
def test_cannot_be_read(grader, victim: School, goal: str) -> None:
    path = victim.course.root / TO_READ[goal]
    code = f"os.listdir({str(path)!r})"
    if not path.is_dir():
        code = f"open({str(path)!r}, 'rb').read(10)"
    assert told(grader, code).startswith(("PermissionError", "FileNotFoundError"))


# goal: what is tried on the gradebook, `path`
TO_ALTER = {
    "write": "open(path, 'ab').write(b'x')",
    "cut short": "os.truncate(path, 0)",
    "remove": "os.unlink(path)",
    "replace": "open('mine', 'w').write('x') and os.replace('mine', path)",
    "rename": "os.rename(path, path + '.gone')",
    "link a file over it": "os.link(path, 'mine')",
    "change who may read it": "os.chmod(path, 0o777)",
    "change its owner": "os.chown(path, 12345, 12345)",
    "change its time": "os.utime(path, (0, 0))",
    "change its attributes": "os.setxattr(path, 'user.grade', b'6')",
    "write through a link": "(os.symlink(path, 'l'), open('l', 'ab').write(b'x'))",
    "ask another program": "__import__('subprocess').run(['/bin/sh', '-c', "
    "f'echo x >> {path}'], check=True)",
    "ask a database": "__import__('sqlite3').connect(path).execute("
    "'update grade set auto_score = 6')",
}
REFUSALS = ("PermissionError", "CalledProcessError", "OperationalError", "OSError")


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


GRADER = os.getpid()
TO_HARM = {
    "the grader's processor time": f"r.prlimit({GRADER}, r.RLIMIT_CPU, (10**6, 10**6))",
    "the warm process's memory": "r.prlimit(os.getppid(), r.RLIMIT_NOFILE)",
    "the grader's priority": f"os.setpriority(os.PRIO_PROCESS, {GRADER}, 19)",
    "an urgent class of its own": "os.sched_setscheduler(0, os.SCHED_FIFO, "
    "os.sched_param(50))",
    "the grader's processors": f"os.sched_setaffinity({GRADER}, {{0}})",
    "a signal to the grader": f"os.kill({GRADER}, 0)",
    "a limit raised again": "r.setrlimit(r.RLIMIT_AS, (r.RLIM_INFINITY,) * 2)",
    "the raw disk": "os.mknod('disk', 0o60600, os.stat('.').st_dev) or 'made'",
    "memory behind no limit": "os.memfd_create('x')",
    "another user": "os.setuid(12345)",
    "a new root": "os.chroot('.')",
    "the clock": "__import__('time').clock_settime(0, 0)",
}


@pytest.mark.parametrize("goal", TO_HARM)
def test_what_is_outside_cannot_be_harmed(grader, goal: str) -> None:
    if "signal" in goal and lock.landlock_version() < 6:
        pytest.skip("Landlock confines signals from version 6 on")
    found = told(grader, TO_HARM[goal], "import resource as r")
    assert found.startswith(("PermissionError", "ValueError: not allowed to raise"))


NETWORK = {
    "TCP": "s.create_connection(('127.0.0.1', 9), 1)",
    "datagrams": "s.socket(s.AF_INET, s.SOCK_DGRAM)",
    "a listening port": "s.create_server(('127.0.0.1', 0))",
    "names": "s.getaddrinfo('example.org', 80)",
    "the bus": "s.socket(s.AF_UNIX).connect('/run/dbus/system_bus_socket')",
    "another program": "__import__('subprocess').run([__import__('sys').executable, "
    "'-c', 'import socket; socket.socket()'], check=True)",
}


@pytest.mark.parametrize("goal", NETWORK)
def test_the_network_cannot_be_reached(grader, goal: str) -> None:
    expected = ("PermissionError", "gaierror", "CalledProcessError")
    assert told(grader, NETWORK[goal], "import socket as s").startswith(expected)


RABBIT = """
import os, time
if os.fork() == 0:
    os.setsid()
    end = time.monotonic() + 8
    while time.monotonic() < end:
        if os.fork():
            os._exit(0)
    os._exit(0)
"""
TO_OUTLIVE = {
    "a process that forks and ends, all the time": RABBIT,
    "a shell that starts itself": "import subprocess\nsubprocess.Popen(['/bin/sh', "
    "'-c', 'i=0; while [ $i -lt 4000 ]; do (sleep 30 &) ; i=$((i+999)); done'], "
    "start_new_session=True)\n",
    "at exit": "import atexit, os, time\n"
    "atexit.register(lambda: os.fork() or time.sleep(30))\n",
    "a thread": "import threading, time\n"
    "threading.Thread(target=time.sleep, args=(30,)).start()\n",
    "deaf to signals": "import os, signal, time\n"
    "if os.fork() == 0:\n"
    "    for s in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGXCPU):\n"
    "        signal.signal(s, signal.SIG_IGN)\n"
    "    time.sleep(30)\n",
}


def below(pid: int) -> set[str]:
    return set(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


@pytest.mark.parametrize("goal", TO_OUTLIVE)
def test_nothing_outlives_its_submission(grader, goal: str) -> None:
    start = time.monotonic()
    result = attack(grader, TO_OUTLIVE[goal])
    assert sum(result.scores.values()) == 0
    assert time.monotonic() - start < 7
    process = shared_jailer()._process
    assert process
    assert below(process.pid) == set()


GROW = """
import os, time
for _ in range(6):
    if os.fork() == 0:
        held = np.ones(15_000_000)
        time.sleep(20)
        os._exit(0)
time.sleep(15)
"""
MANY = """
import os, time
for _ in range(300):
    os.posix_spawn("/bin/sleep", ["sleep", "20"], {})
time.sleep(15)
"""
FIND = "import gc\nfound = [o for o in gc.get_objects()"
FIND += " if type(o).__name__ == 'Progress']\n"
TURNING = FIND + "while True:\n    for p in found:\n        p.set(p.get() ^ 1)\n"
# goal: (cell, what is said of it)
TOO_MUCH = {
    "memory in many processes": (GROW, "used too much memory"),
    "many processes": (MANY, "started too many" * (os.getuid() == 0)),
    "time": ("while True: pass", "took too long"),
    "time, under a false clock": (
        "import time\ntime.monotonic = lambda: 0\nwhile True: pass",
        "took too long",
    ),
    "words": ("import os\nwhile True:\n    os.write(99, b'x' * 10**6)", ""),
}


@pytest.mark.parametrize("goal", TOO_MUCH)
def test_a_cell_that_takes_too_much_is_ended(grader, goal: str) -> None:
    cell, said = TOO_MUCH[goal]
    job = Job("plain", "", [Cell(SETUP), Cell(cell)], cell_seconds=4, megabytes=300)
    outcome = shared_jailer().run(job, {})
    assert set(outcome.bad_cells) <= {1}
    assert said in outcome.bad_cells.get(1, "")


def test_a_false_progress_does_not_stop_the_clock(grader, monkeypatch) -> None:
    """All cells together have a limit, whatever the child says that it runs."""
    from autograder.jail import warm

    monkeypatch.setattr(warm, "MAX_CELLS_SECONDS", 1.0)
    monkeypatch.setattr(warm, "SLACK_SECONDS", 0.0)
    watch = warm._Watch(Job("plain", "", [Cell(TURNING)], cell_seconds=0.5))
    assert watch.excess(0) == ""
    watch._start -= 1.1
    assert watch.excess(1) == "took too long"


HEAVY = {
    "files that are too large": "open('f', 'wb').write(bytes(70 * 2**20))",
    "too many open files": "held = [open('/dev/null') for _ in range(1000)]",
    "a flood of words": "print('x' * 20_000_000)",
    "a huge cell": "x = '" + "y" * 1_900_000 + "'",
    "a deep source": "x = " + "(" * 5000 + ")" * 5000,
    "half a character": "x = '\ud800'",
    "a null": "x = '\0'",
    "a folder in a folder in a folder": "import os\nhere = os.getcwd()\n"
    "for _ in range(3000):\n    os.mkdir('d')\n    os.chdir('d')\nos.chdir(here)",
    "a thousand files": "for i in range(1000):\n    open(str(i), 'w')",
    "a link to the gradebook": "import os\nos.symlink('/', 'all')",
}
RIGHT = "def double(n):\n    return 2 * n\n"


@pytest.mark.parametrize("goal", HEAVY)
def test_a_heavy_cell_costs_no_right_answer(grader, goal: str) -> None:
    result = attack(grader, HEAVY[goal], RIGHT)
    assert sum(result.scores.values()) == 1
    process = shared_jailer()._process
    assert process
    assert process.poll() is None
    assert not list(Path(shared_jailer()._folder).glob("job-*"))


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
