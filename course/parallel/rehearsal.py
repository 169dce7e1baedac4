"""Workers as threads: the same code without processes, and strict.

A rehearsal is as unkind as the rules allow (unless it is eager): a message leaves at
the last moment, so a buffer that is changed too early shows; `wait` returns only when
the receiver has taken the message; collectives insist on equal shapes; and when every
worker waits for another one, it says so at once. Sums are taken in the order of ranks.

Left out: time. What a message costs is not simulated.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor

from course.errors import ArgumentError, DeadlockError, ProcessError
from course.parallel.network import Network

T = TypeVar("T")
Ready = Callable[[], bool]


def rehearse(
    function: Callable[[Network], T], world: int, eager: bool = False
) -> list[T]:
    """Run a function for several workers, in threads of this process.

    Args:
        function: called with the worker's `Network`.
        world: how many workers.
        eager: messages are copied when they are sent, and `wait` returns at once: so
            networks treat small ones. What hangs without may go well with it.

    Returns:
        What they returned, in the order of their ranks.

    Raises:
        DeadlockError: every worker that is left waits for another.
        ProcessError: collectives that do not match, a message of the wrong size, or
            one that nobody waited for.
        Exception: what the first worker raised that failed.
    """
    hall = _Hall(world, eager)
    found: dict[int, T] = {}
    errors: dict[int, BaseException] = {}

    def worker(rank: int) -> None:
        end = _End(rank, world, hall)
        try:
            found[rank] = function(end)
            end.close()
        except BaseException as error:
            errors[rank] = error
        finally:
            hall.leave(rank)

    threads = [
        threading.Thread(target=worker, args=(r,), daemon=True) for r in range(world)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        # Those who were left waiting for one that failed are not the cause.
        raise min(errors.items(), key=lambda e: (isinstance(e[1], DeadlockError), e))[1]
    return [found[rank] for rank in range(world)]


class _Message:
    """A tensor on its way; read when it is taken."""

    def __init__(self, hall: "_Hall", tensor: Tensor, source: int, to: int) -> None:
        self.hall, self.tensor, self.source, self.to = hall, tensor, source, to
        self.taken = self.waited = False

    def wait(self) -> None:
        """Block until the receiver has taken it."""
        self.waited = True
        with self.hall.changed:
            self.hall.until(
                self.source,
                f"for {self.to} to receive",
                lambda: self.taken or self.hall.eager,
            )


class _Hall:
    """Where the workers meet."""

    def __init__(self, world: int, eager: bool) -> None:
        self.world, self.eager = world, eager
        self.changed = threading.Condition()
        self.present = set(range(world))
        self.waiting: dict[int, tuple[str, Ready]] = {}
        self.mail: dict[tuple[int, int], deque[_Message]] = {}
        self.offers: dict[int, tuple[Any, Tensor]] = {}
        self.round = 0
        self.error: ProcessError | None = None

    def until(self, rank: int, what: str, ready: Ready) -> None:
        """Wait until ready, or until nothing can become ready any more."""
        self.waiting[rank] = what, ready
        self._look()
        while not ready() and not self.error:
            self.changed.wait()
        del self.waiting[rank]
        if self.error and not ready():
            raise self.error

    def leave(self, rank: int) -> None:
        """This worker is done."""
        with self.changed:
            self.present.discard(rank)
            self._look()

    def offer(self, rank: int, what: tuple[Any, ...], tensor: Tensor) -> None:
        """Take part in a collective, with the last to come the one who computes."""
        with self.changed:
            self.offers[rank] = what, tensor
            if len(self.offers) == self.world:
                self._meet()
                return
            now = self.round
            self.until(rank, f"in {what[0]}", lambda: self.round > now)

    def _meet(self) -> None:
        whats = {rank: what for rank, (what, _) in sorted(self.offers.items())}
        if len(set(whats.values())) > 1:
            self.error = ProcessError(_unequal(whats))
            self.changed.notify_all()
            raise self.error
        tensors = [self.offers[rank][1] for rank in sorted(self.offers)]
        name, *_, source = next(iter(whats.values()))
        with torch.no_grad():
            result = sum(tensors[1:], tensors[0].clone())
            result = tensors[source].clone() if name == "broadcast" else result
            for tensor in tensors:
                tensor.copy_(result)
        self.offers, self.round = {}, self.round + 1
        self.changed.notify_all()

    def _look(self) -> None:
        """Notice that everybody waits, and for nothing that can come."""
        stuck = self.present and self.present == set(self.waiting)
        if (
            stuck
            and not self.error
            and not any(ready() for _, ready in self.waiting.values())
        ):
            places = [f"  {r} waits {w}" for r, (w, _) in sorted(self.waiting.items())]
            self.error = DeadlockError("\n".join([_STUCK, *places, _UNSTICK]))
        self.changed.notify_all()


_STUCK = "All workers that are left wait for each other:"
_UNSTICK = (
    "Next step: let each begin its send before it waits to receive; see that every "
    "receive has a send, and that all join in all collectives."
)


def _unequal(whats: dict[int, tuple[Any, ...]]) -> str:
    lines = [f"  {rank}: {w[0]} of {w[2]} {w[1]}" for rank, w in whats.items()]
    return (
        "All workers must call the same collectives in the same order, but came with:\n"
        + "\n".join(lines)
        + "\nNext step: look for a tensor that one of them leaves out."
    )


class _End:
    """A `Network` within a rehearsal."""

    def __init__(self, rank: int, world: int, hall: _Hall) -> None:
        self.rank, self.world, self.sent = rank, world, 0
        self._hall = hall
        self._messages: list[_Message] = []

    def send(self, tensor: Tensor, to: int) -> _Message:
        """As `Network.send`."""
        self._check(to)
        self.sent += tensor.numel()
        tensor = tensor.detach().clone() if self._hall.eager else tensor
        message = _Message(self._hall, tensor, self.rank, to)
        self._messages.append(message)
        with self._hall.changed:
            mail = self._hall.mail.setdefault((self.rank, to), deque())
            mail.append(message)
            self._hall.changed.notify_all()
        return message

    def recv(self, tensor: Tensor, source: int) -> None:
        """As `Network.recv`."""
        self._check(source)
        hall, pair = self._hall, (source, self.rank)
        with hall.changed:
            hall.until(
                self.rank,
                f"to receive from {source}",
                lambda: bool(hall.mail.get(pair)),
            )
            message = hall.mail[pair].popleft()
            if message.tensor.shape != tensor.shape:
                raise ProcessError(
                    f"Worker {self.rank} receives into shape {tuple(tensor.shape)}, "
                    f"but {source} sent {tuple(message.tensor.shape)}.\n"
                    "Next step: compare which chunk each of the two has in mind."
                )
            with torch.no_grad():
                tensor.copy_(message.tensor)
            message.taken = True
            hall.changed.notify_all()

    def all_reduce(self, tensor: Tensor) -> None:
        """As `Network.all_reduce`."""
        what = ("all_reduce", tuple(tensor.shape), tensor.dtype, 0)
        self._hall.offer(self.rank, what, tensor)

    def broadcast(self, tensor: Tensor, source: int) -> None:
        """As `Network.broadcast`."""
        self._check(source, itself=True)
        what = ("broadcast", tuple(tensor.shape), tensor.dtype, source)
        self._hall.offer(self.rank, what, tensor)

    def close(self) -> None:
        """Insist that every message was waited for."""
        for message in self._messages:
            if not message.waited:
                raise ProcessError(
                    f"Worker {self.rank} was done before its message to {message.to} "
                    "was.\nNext step: call wait() on what send returned."
                )

    def _check(self, other: int, itself: bool = False) -> None:
        if other not in range(self.world) or (other == self.rank and not itself):
            raise ArgumentError(
                f"Worker {self.rank} of {self.world} can talk to the others among 0 to "
                f"{self.world - 1}, but got {other}.\n"
                "Next step: count modulo the number of workers."
            )
