"""From a loss to new parameters: backward pass, clipping, step, schedule.

Left out: gradient accumulation, several optimisers, and float8.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer
from torch.optim.lr_scheduler import LRScheduler

from course.errors import ArgumentError

OptimizerFactory = Callable[..., Optimizer]
_HALF = {"bf16": torch.bfloat16, "fp16": torch.float16}


class Updater:
    """An optimiser with its schedule, in full or in mixed precision.

    float16 has a narrow range, so small gradients are scaled up before the backward
    pass and down again before the step (Micikevicius et al., Mixed Precision
    Training, arXiv:1710.03740). bfloat16 has float32's range and needs no scaling.

    Args:
        optimizer: over parameters that are on `device`.
        scheduler: moves after every update.
        device: where the forward pass runs.
        amp: "bf16", "fp16" or None.
        clip: the largest norm of all gradients together, or None.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        scheduler: LRScheduler,
        device: torch.device,
        amp: str | None,
        clip: float | None,
    ) -> None:
        _check_amp(amp, device)
        self.optimizer = optimizer
        self.scheduler = scheduler
        self.device = device
        self.dtype = _HALF.get(amp or "")
        self.scaler = torch.amp.GradScaler("cuda", enabled=amp == "fp16")
        self.clip = clip
        self.lr = 0.0  # that of the last update

    def autocast(self) -> AbstractContextManager[Any]:
        """Return the context in which the forward pass runs."""
        on = self.dtype is not None
        return torch.autocast(self.device.type, dtype=self.dtype, enabled=on)

    def update(self, loss: Tensor) -> None:
        """Go backward from `loss`, (), and change the parameters once."""
        self.lr = self.optimizer.param_groups[0]["lr"]
        self.optimizer.zero_grad()
        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        if self.clip is not None:
            self.scaler.unscale_(self.optimizer)
            groups = self.optimizer.param_groups
            parameters = [p for group in groups for p in group["params"]]
            nn.utils.clip_grad_norm_(parameters, self.clip)
        scale = self.scaler.get_scale()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        # A lower scale means that float16 overflowed and the step was skipped.
        if self.scaler.get_scale() >= scale:
            self.scheduler.step()

    def state_dict(self) -> dict[str, Any]:
        """Return the states of optimiser, schedule and scaler."""
        return {
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "scaler": self.scaler.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over the states of a checkpoint."""
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        self.scaler.load_state_dict(state["scaler"])


def build_optimizer(
    optimizer: Optimizer | OptimizerFactory | None, model: nn.Module, lr: float
) -> Optimizer:
    """Return the optimiser that `optimizer` stands for; None is AdamW.

    Raises:
        ArgumentError: the model has no trainable parameter.
    """
    if isinstance(optimizer, Optimizer):
        return optimizer
    trainable = [p for p in model.parameters() if p.requires_grad]
    if not trainable:
        raise ArgumentError(
            f"{type(model).__name__} has no parameter to train.\n"
            "Next step: keep layers as attributes or in nn.ModuleList, not in a "
            "plain list, and check that requires_grad is on."
        )
    return (optimizer or AdamW)(trainable, lr=lr)


def _check_amp(amp: str | None, device: torch.device) -> None:
    if amp not in (None, *_HALF):
        raise ArgumentError(
            f"amp is 'bf16', 'fp16' or None, but got {amp!r}.\n"
            "Next step: leave it out for float32."
        )
    if amp == "fp16" and device.type != "cuda":
        raise ArgumentError(
            f"amp='fp16' needs a CUDA device, but the model runs on {device}.\n"
            "Next step: use amp='bf16', or leave amp out."
        )
