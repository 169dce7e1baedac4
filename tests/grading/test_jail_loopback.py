"""Exercises that declare processes: these talk over a loopback of their own."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.catalogue import Assignment
from autograder.grading.grade import Grader
from autograder.grading.jailer import Jailer
from autograder.jail import lock, namespaces
from autograder.jail.job import Cell

pytestmark = [
    pytest.mark.skipif(lock.landlock_version() < 1, reason="no Landlock here"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded"),
]
alone = pytest.mark.skipif(
    bool(namespaces.missing()), reason=f"no namespaces here: {namespaces.missing()}"
)

NOTEBOOK = """# %% [markdown]
# # Processes

# %% exercise="summed"

# %% exercise="joined"

# %% exercise="alone"
"""
CHECKS = '''
import os
import socket

import torch
from torch import distributed

from autograder import Exercise

WORKERS = 3
summed = Exercise("summed", points=1, processes=WORKERS, without=("device",))
joined = Exercise("joined", points=1, processes=1)
alone = Exercise("alone", points=1)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def on_every_worker(function, rows):
    """What `function` makes of each row, in a process of its own, with gloo."""
    address, ends = f"tcp://127.0.0.1:{free_port()}", []
    for rank, row in enumerate(rows):
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            distributed.init_process_group(
                "gloo", address, rank=rank, world_size=len(rows)
            )
            found = function(row)
            os.write(writing, " ".join(map(str, found.tolist())).encode())
            os._exit(0)
        os.close(writing)
        ends.append((pid, reading))
    found = []
    for pid, reading in ends:
        with os.fdopen(reading) as pipe:
            found.append([float(word) for word in pipe.read().split()])
        os.waitpid(pid, 0)
    return torch.tensor(found)


@summed.case
def every_worker_has_the_sum(summed, rng):
    """Every worker holds the sum of all."""
    return on_every_worker(summed, rng.normal(WORKERS, 4).float())


@joined.case
def runs_as_well(joined, rng):
    """It runs."""
    return joined(2)


@alone.case
def runs(alone, rng):
    """It runs."""
    return alone(2)
'''
REFERENCE = """
from torch import distributed


def summed(row):
    row = row.clone()
    distributed.all_reduce(row)
    return row


def joined(n):
    return n


def alone(n):
    return n
"""


@pytest.fixture(scope="module")
def assignment(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    root = tmp_path_factory.mktemp("catalogue")
    for path, text in {
        "assignments/t09_processes/checks.py": CHECKS,
        "assignments/t09_processes/notebook.py": NOTEBOOK,
        "solutions/t09_processes/reference.py": REFERENCE,
        "solutions/t09_processes/misconceptions.py": "",
        "solutions/t09_processes/alternatives.py": "",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return Assignment("t09_processes", root)


@pytest.fixture(scope="module")
def grader(assignment: Assignment) -> Iterator[Grader]:
    with Jailer() as jailer:
        yield Grader(assignment, "seed", jailer=jailer)


def told(grader: Grader, exercise: str, code: str) -> str:
    """What code of an answer raises, or evaluates to."""
    answer = f"import socket\ndef {exercise}(n):\n    raise ValueError({code})\n"
    result = grader.grade("mallory", [Cell(answer)])
    mismatch = result.exercises[f"check-{exercise}"].cases[0].mismatch
    assert mismatch
    return mismatch.sentence.removeprefix("your answer raised ")


@alone
def test_processes_of_an_exercise_that_declares_them_reduce_with_gloo(grader) -> None:
    cells = [Cell(REFERENCE)]
    result = grader.grade("ada", cells)
    assert set(result.scores.values()) == {1}


@alone
def test_an_exercise_beside_it_that_declares_none_gets_no_socket(grader) -> None:
    assert told(grader, "alone", "socket.socket()").startswith("PermissionError")
    assert "socket.socket" in told(grader, "joined", "socket.socket()")


@alone
@pytest.mark.parametrize("exercise", ["joined", "alone"])
def test_the_loopback_of_the_machine_is_out_of_reach(grader, exercise: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code = f"socket.create_connection(('127.0.0.1', {port}), 1)"
        expected = ("PermissionError", "ConnectionRefusedError")
        assert told(grader, exercise, code).startswith(expected)


TO_UNIX = {
    "a socket": "socket.socket(socket.AF_UNIX).connect({path!r})",
    "a datagram": "socket.socketpair(type=socket.SOCK_DGRAM)[0].sendto(b'x', {path!r})",
    "a word of a pair": "socket.socketpair()[0].sendto(b'x', {path!r})",
    "a pair, connected again": "socket.socketpair()[0].connect({path!r})",
    "netlink, not for routes": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9)",
    "raw packets": "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
}


@alone
@pytest.mark.parametrize("exercise", ["joined", "alone"])
@pytest.mark.parametrize("what", TO_UNIX)
def test_no_other_socket_is_in_reach(
    grader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exercise: str, what: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagrams,
        socket.socket(socket.AF_UNIX) as stream,
    ):
        wanted = datagrams if what == "a datagram" else stream
        wanted.bind("s")  # relative: the length of such a path is limited
        stream.listen() if wanted is stream else None
        found = told(grader, exercise, TO_UNIX[what].format(path=str(tmp_path / "s")))
    assert found.startswith(("PermissionError", "FileNotFoundError", "OSError"))


def test_grading_refuses_without_a_network_of_its_own(
    assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOGRADER_WITHOUT", "namespaces")
    with Jailer() as jailer, pytest.raises(lock.LockError) as refused:
        Grader(assignment, "seed", jailer=jailer).grade("ada", [])
    assert str(refused.value) == (
        "t09_processes has exercises that start processes, which talk over a loopback "
        "of their own: turned off by AUTOGRADER_WITHOUT; install bubblewrap 0.7 or "
        "newer, grade on another machine, or pass --trust-students."
    )
