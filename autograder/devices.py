"""A second device for every answer: CUDA where there is one, else a pretended GPU."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from .pretended import GPU, Pretended
from .pretended_calls import pretended_gpu

__all__ = ["GPU", "device_of", "move", "on_cpu", "real_gpu", "second_device"]


def real_gpu() -> bool:
    """Whether this process can use CUDA."""
    return torch.cuda.is_available()


def move(x: torch.Tensor) -> torch.Tensor:
    """The tensor on the second device."""
    return x.to(GPU) if real_gpu() else Pretended(x)


def device_of(x: torch.Tensor) -> str:
    """`"cpu"`, `"cuda"`, ...: a pretended tensor is on `"cuda"`."""
    return GPU.type if isinstance(x, Pretended) else x.device.type


def on_cpu(x: torch.Tensor) -> torch.Tensor:
    """The plain values of a tensor, detached, on the CPU, contiguous."""
    x = x.inner if isinstance(x, Pretended) else x
    return torch.Tensor.detach(x).as_subclass(torch.Tensor).cpu().contiguous()


@contextmanager
def second_device() -> Iterator[None]:
    """Makes `move`d tensors behave as on a GPU; nothing to do where one is real."""
    if real_gpu():
        yield
        return
    with pretended_gpu():
        yield
