"""Processes that talk over gloo, the CPU backend of torch.distributed.

Each worker's `Network` is a thin cover of four functions of torch.distributed. Left
out: other groups than the whole world, reductions other than the sum.
"""

import os
import socket
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from torch import Tensor
from torch import distributed as dist

from course.parallel.network import Handle, Network
from course.parallel.processes import launch

T = TypeVar("T")


def launch_gloo(
    function: Callable[[Network], T], world: int, seconds: float = 60.0
) -> list[T]:
    """Run a function in several processes that are connected by gloo.

    Inside, `torch.distributed` is set up as well: its functions can be called.

    Args:
        function: called with the worker's `Network`.
        world: how many processes.
        seconds: how long all may take together.

    Returns:
        What they returned, in the order of their ranks.

    Raises:
        As `launch`.
    """
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store"  # where they find each other's ports

        def member(rank: int) -> T:
            return function(_Gloo(rank, world, store, seconds))

        return launch(member, world, seconds)


class _Gloo:
    """A `Network` over gloo. As in a rehearsal, what travels has no graph."""

    def __init__(self, rank: int, world: int, store: Path, seconds: float) -> None:
        self.rank, self.world, self.sent = rank, world, 0
        os.environ["GLOO_SOCKET_IFNAME"] = _loopback()
        dist.init_process_group(
            "gloo",
            init_method=f"file://{store}",
            rank=rank,
            world_size=world,
            timeout=timedelta(seconds=seconds),
        )

    def send(self, tensor: Tensor, to: int) -> Handle:
        """As `Network.send`."""
        self.sent += tensor.numel()
        handle = dist.isend(tensor.detach(), to)
        assert handle is not None
        return handle

    def recv(self, tensor: Tensor, source: int) -> None:
        """As `Network.recv`."""
        dist.recv(tensor.detach(), source)

    def all_reduce(self, tensor: Tensor) -> None:
        """As `Network.all_reduce`."""
        dist.all_reduce(tensor.detach())

    def broadcast(self, tensor: Tensor, source: int) -> None:
        """As `Network.broadcast`."""
        dist.broadcast(tensor.detach(), source)


def _loopback() -> str:
    """Name of the interface that leads to this machine only: lo, or lo0."""
    names = [name for _, name in socket.if_nameindex()]
    return next((name for name in names if name.startswith("lo")), "lo")
