"""What a worker can do with the others, over whatever wire."""

from typing import Protocol

from torch import Tensor


class Handle(Protocol):
    """A message on its way."""

    def wait(self) -> object:
        """Block until the tensor that was sent may be changed again."""


class Network(Protocol):
    """One worker's end of the network.

    Attributes:
        rank: this worker, 0 to world - 1.
        world: how many workers there are.
        sent: how many numbers this worker has sent with `send` so far.
    """

    rank: int
    world: int
    sent: int

    def send(self, tensor: Tensor, to: int) -> Handle:
        """Begin to send a tensor; it must not change before the handle's `wait`."""

    def recv(self, tensor: Tensor, source: int) -> None:
        """Block until a message from `source` has overwritten the tensor."""

    def all_reduce(self, tensor: Tensor) -> None:
        """Overwrite the tensor with the sum of all workers' tensors."""

    def broadcast(self, tensor: Tensor, source: int) -> None:
        """Overwrite the tensor with that of worker `source`."""
