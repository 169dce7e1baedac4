"""Randomness: seeding it, saving it, and leaving the caller's alone.

Left out: the generator of Apple's MPS device, which is not saved.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch


def seed_all(seed: int) -> None:
    """Seed Python, NumPy and torch, on the CPU and on every GPU."""
    random.seed(seed)
    np.random.seed(seed % 2**32)  # NumPy takes 32 bits
    torch.manual_seed(seed)


@contextmanager
def own_randomness(seed: int, device: torch.device) -> Iterator["RandomStreams"]:
    """Seed torch for a run on `device`; afterwards the caller's streams go on."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        yield RandomStreams(seed, device)


class RandomStreams:
    """Where the random streams of a training run stand.

    The order of the batches has a generator of its own: two models with and without
    dropout then see the same batches. Dropout draws from torch's global generators,
    of the CPU and of the one CUDA device that the run uses.
    """

    def __init__(self, seed: int, device: torch.device) -> None:
        self.order = torch.Generator().manual_seed(seed)
        self.cuda = device if device.type == "cuda" else None
        # Not torch.manual_seed, which reaches devices that the run does not use.
        torch.default_generator.manual_seed(seed)
        if self.cuda is not None:
            with torch.cuda.device(self.cuda):
                torch.cuda.manual_seed(seed)

    def state_dict(self) -> dict[str, Any]:
        """Return every state, as tensors."""
        state = {"order": self.order.get_state(), "cpu": torch.get_rng_state()}
        if self.cuda is not None:
            state["cuda"] = torch.cuda.get_rng_state(self.cuda)
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go back to a saved state; a CUDA state is ignored on the CPU."""
        self.order.set_state(state["order"])
        torch.set_rng_state(state["cpu"])
        if self.cuda is not None and "cuda" in state:
            torch.cuda.set_rng_state(state["cuda"], self.cuda)
