"""Grading on a Dask cluster: a scheduler and two workers, as real processes."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="Dask is not installed")

from autograder.jail import lock

from .conftest import CATALOGUE
from .faults import State, files, run, start, state, when

pytestmark = pytest.mark.skipif(lock.landlock_version() < 1, reason="no Landlock here")
DASK = str(Path(sys.executable).parent / "dask")


class Cluster:
    """A scheduler with two workers; either may be killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = server.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.running: list[subprocess.Popen[bytes]] = []
        self.begin()

    def begin(self) -> None:
        self.scheduler = self._start(
            *("scheduler", "--host", "127.0.0.1", "--port", str(self.port)),
            *("--no-dashboard", "--no-show"),
        )
        self.workers = [self.worker() for _ in range(2)]

    def worker(self) -> "subprocess.Popen[bytes]":
        alone = ("--nthreads", "1", "--no-nanny", "--no-dashboard")
        return self._start("worker", self.address, *alone)

    def _start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        with (self.folder / "log").open("a") as log:
            process = subprocess.Popen(
                [DASK, *arguments],
                cwd=self.folder,
                env=os.environ | {"COURSE_REPOSITORY": str(CATALOGUE)},
                stdout=log,
                stderr=log,
            )
        self.running.append(process)
        return process

    def end(self) -> None:
        for process in self.running:
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    folder = tmp_path / "cluster"
    folder.mkdir()
    made = Cluster(folder)
    yield made
    made.end()


def grading(root: Path, cluster: Cluster) -> "subprocess.Popen[str]":
    """A driver that has its first result."""
    driver = start(root, "--scheduler", cluster.address)
    when(files(root, ".autograder/results", "*.json"), seconds=60)
    return driver


def test_grades_are_those_of_one_machine(
    handed_in, undisturbed: State, cluster: Cluster
) -> None:
    done = run(handed_in.course.root, "--scheduler", cluster.address)
    assert (done.returncode, done.stderr) == (0, "")
    assert state(handed_in.course.root) == undisturbed


def test_a_worker_is_killed_while_it_grades(
    handed_in, undisturbed: State, cluster: Cluster
) -> None:
    root = handed_in.course.root
    driver = grading(root, cluster)
    cluster.workers[0].kill()
    _, err = driver.communicate(timeout=120)
    assert driver.returncode == 0, err
    assert state(root) == undisturbed


def test_the_scheduler_is_started_again(
    handed_in, undisturbed: State, cluster: Cluster
) -> None:
    root = handed_in.course.root
    driver = grading(root, cluster)
    for process in (cluster.scheduler, *cluster.workers):
        process.send_signal(signal.SIGKILL)
        process.wait()
    time.sleep(1)
    cluster.begin()
    _, err = driver.communicate(timeout=120)
    assert driver.returncode == 0, err
    assert state(root) == undisturbed


def test_no_scheduler_is_said_in_a_line(handed_in, monkeypatch) -> None:
    from autograder.errors import AutograderError
    from autograder.grading import cluster as engine
    from autograder.grading.run import grade_class

    monkeypatch.setattr(engine, "WAIT_SECONDS", 1)
    with pytest.raises(AutograderError, match="no scheduler with a worker answers at"):
        grade_class(
            handed_in.course, handed_in.assignment.name, scheduler="tcp://127.0.0.1:9"
        )
