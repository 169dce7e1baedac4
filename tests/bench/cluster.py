"""A local Dask cluster for the benchmarks: a scheduler and workers on the loopback."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

DASK = str(Path(sys.executable).parent / "dask")
WORKERS = 2


@contextmanager
def cluster(scratch: Path) -> Iterator[str]:
    """A Dask scheduler and its workers; its address. Their words go to a log."""
    from distributed import Client  # only who asks for it needs it

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    own = ["--host", "127.0.0.1", "--no-dashboard"]
    worker = [DASK, "worker", address, "--nthreads", "1", *own]
    worker += ["--local-directory", str(scratch / "dask")]
    with ExitStack() as running, (scratch / "cluster.log").open("w") as log:
        for command in (
            [DASK, "scheduler", "--port", str(port), *own],
            *[worker] * WORKERS,
        ):
            running.enter_context(_background(command, scratch, log))
        with Client(address, timeout=60) as client:
            client.wait_for_workers(WORKERS, timeout=60)
        yield address


@contextmanager
def _background(command: list[str], folder: Path, log: IO[str]) -> Iterator[None]:
    with subprocess.Popen(command, cwd=folder, stdout=log, stderr=log) as process:
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
