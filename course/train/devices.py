"""Where a model runs: its device, and the threads of the CPU."""

import torch

from course.errors import ArgumentError


def pick_device(prefer: str | torch.device | None = None) -> torch.device:
    """Return `prefer`, or else the best device here: CUDA, Apple's MPS, the CPU.

    Raises:
        ArgumentError: `prefer` is a device that this machine does not have.
    """
    here = _devices()
    if prefer is None:
        return torch.device(here[0])
    device = torch.device(prefer)
    beyond = device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count()
    if device.type not in here or beyond:
        raise ArgumentError(
            f"The device {str(device)!r} was asked for, "
            f"but this machine has {', '.join(here)}.\n"
            "Next step: leave the device out to take the best one, "
            "or install a torch that is built for it."
        )
    return device


def no_spin() -> None:
    """Let torch use one thread on the CPU.

    Idle threads of torch's pool spin while they wait: beside one other busy process
    on two cores, 100 small batches took 23 s with two threads and 0.25 s with one.
    """
    torch.set_num_threads(1)


def _devices() -> list[str]:
    """Return the kinds of device that this machine has, best first."""
    here = ["cpu"]
    if torch.backends.mps.is_available():
        here.insert(0, "mps")
    if torch.cuda.is_available():
        here.insert(0, "cuda")
    return here
