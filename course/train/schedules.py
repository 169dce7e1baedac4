"""How the learning rate changes from step to step.

A schedule is a function `(optimizer, steps) -> scheduler`, where `steps` counts the
batches of the whole run; the scheduler moves after every batch. So a class of torch
with this signature is a schedule as it stands, and others need a short lambda:

    fit(..., schedule=torch.optim.lr_scheduler.CosineAnnealingLR)
    fit(..., schedule=lambda opt, steps: StepLR(opt, steps // 3))

Left out: schedules that watch the loss (ReduceLROnPlateau).
"""

import math
from collections.abc import Callable

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR

from course.errors import ArgumentError

Schedule = Callable[[Optimizer, int], LRScheduler]


def one_cycle(optimizer: Optimizer, steps: int) -> LRScheduler:
    """Rise to the optimiser's learning rate, then fall to almost zero.

    Source: Smith and Topin, Super-Convergence (arXiv:1708.07120), with torch's
    settings: 30 % of the steps rise from 1/25, momentum moves the other way.
    """
    peaks = [group["lr"] for group in optimizer.param_groups]
    return OneCycleLR(optimizer, max_lr=peaks, total_steps=steps)


def warmup_cosine(
    optimizer: Optimizer, steps: int, warmup: float = 0.05
) -> LRScheduler:
    """Rise in a straight line, then fall to zero along half a cosine.

    Source: Goyal et al., Accurate, Large Minibatch SGD (arXiv:1706.02677) for the
    warm-up, Loshchilov and Hutter, SGDR (arXiv:1608.03983) for the cosine.

    Args:
        optimizer: its learning rates are the peak.
        steps: batches in the whole run.
        warmup: the share of the steps that rises.
    """
    rising = max(1, round(warmup * steps))

    def factor(step: int) -> float:
        if step < rising:
            return (step + 1) / rising
        done = (step - rising) / max(1, steps - rising)
        return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))

    return LambdaLR(optimizer, factor)


def constant(optimizer: Optimizer, steps: int) -> LRScheduler:
    """Leave the learning rate as it is."""
    return LambdaLR(optimizer, lambda step: 1.0)


NAMED: dict[str, Schedule] = {
    "constant": constant,
    "cosine": warmup_cosine,
    "one-cycle": one_cycle,
}


def build_schedule(
    schedule: str | Schedule | None, optimizer: Optimizer, steps: int
) -> LRScheduler:
    """Return the scheduler that `schedule` stands for.

    Args:
        schedule: a name, a function, or None for a constant rate.
        optimizer: whose learning rate changes.
        steps: batches in the whole run.

    Raises:
        ArgumentError: an unknown name, or a function that returns no scheduler
            which moves with every step.
    """
    if isinstance(schedule, str) and schedule not in NAMED:
        raise ArgumentError(
            f"There is no schedule named {schedule!r}.\n"
            f"Next step: use one of {', '.join(NAMED)}, or pass a function "
            "(optimizer, steps) -> torch scheduler."
        )
    build = NAMED[schedule or "constant"] if not callable(schedule) else schedule
    scheduler = build(optimizer, steps)
    if not isinstance(scheduler, LRScheduler) or hasattr(scheduler, "num_bad_epochs"):
        raise ArgumentError(
            "A schedule is a function (optimizer, steps) that returns a torch "
            "scheduler which moves after every batch, "
            f"but this one returned {type(scheduler).__name__}.\n"
            "Next step: write for instance "
            "schedule=lambda optimizer, steps: StepLR(optimizer, steps // 3)."
        )
    return scheduler
