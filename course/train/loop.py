"""The training loop.

Letters: N examples, B batch size.

    history = fit(model, train, test, epochs=10, lr=3e-3, schedule="one-cycle")

Read `fit` for what a run is made of and `_one_epoch` for what happens to a batch.
Left out: several devices, gradient accumulation, and data that do not fit in memory.
"""

import math
import os
import time
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer

from course.data import minibatches
from course.train.checkpoints import Checkpoint, Stateful
from course.train.devices import pick_device
from course.train.history import History, one_line
from course.train.inputs import Data, check_run, place
from course.train.keeping import BestWeights
from course.train.progress import progress_bar
from course.train.schedules import Schedule, build_schedule
from course.train.scoring import Totals, score
from course.train.seeding import own_randomness
from course.train.updating import OptimizerFactory, Updater, build_optimizer

Loss = Callable[[Tensor, Tensor], Tensor]


def fit(
    model: nn.Module,
    train: Data,
    test: Data | None = None,
    *,
    epochs: int,
    batch_size: int = 128,
    lr: float = 1e-3,
    optimizer: Optimizer | OptimizerFactory | None = None,
    schedule: str | Schedule | None = None,
    loss: Loss = F.cross_entropy,
    device: str | torch.device | None = None,
    seed: int = 0,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    patience: int | None = None,
    amp: str | None = None,
    progress: bool = True,
    clip: float | None = None,
    augment: Callable[[Tensor], Tensor] | None = None,
) -> History:
    """Train `model` in place and return what happened.

    The same seed gives the same run, and the caller's random state is left alone;
    seed before building the model to repeat its initial weights too. A run whose
    loss is no longer finite ends there. The model ends on `device`, in evaluation
    mode; on CUDA, images and convolutions are laid out channels-last.

    Args:
        model: any module from x (B, ...) to what `loss` takes.
        train: `Images`, or a pair of tensors (N, ...) and (N, ...).
        test: scored after each epoch, in evaluation mode.
        epochs: how often the training data are gone through.
        batch_size: B; the last batch of an epoch may be smaller.
        lr: the learning rate, or its peak if there is a schedule.
        optimizer: called as `optimizer(parameters, lr=lr)`, for instance
            `torch.optim.SGD`; or one that is built already. None is AdamW.
        schedule: "one-cycle", "cosine" (with warm-up), or a function
            (optimizer, steps) -> torch scheduler. None keeps the rate constant.
        loss: (model output, y) -> () mean over the batch.
        device: None takes the best one here.
        seed: for the order of the batches and for dropout.
        checkpoint: a file that is rewritten after each epoch.
        resume: go on from `checkpoint` if it exists, else start it afresh. On the
            CPU the result equals that of an uninterrupted run bit for bit.
        patience: stop after so many epochs without a new best one (see
            `History.best`), and return to the best weights.
        amp: "bf16" or "fp16" for mixed precision.
        progress: show a bar, in notebooks and terminals.
        clip: the largest norm that all gradients together may have.
        augment: (B, ...) -> (B, ...), changes the inputs of a training batch; draw
            from torch's global generator, so that a resumed run repeats it.

    Raises:
        ArgumentError: settings that contradict each other.
        CheckpointError: `checkpoint` belongs to another run.
    """
    check_run(epochs, batch_size, patience, test is not None)
    device = pick_device(device)
    data, held_out = place(model, train, test, device)
    steps = epochs * math.ceil(len(data[0]) / batch_size)
    opt = build_optimizer(optimizer, model, lr)
    scheduler = build_schedule(schedule, opt, steps)
    updater = Updater(opt, scheduler, device, amp, clip)
    history, best = History(), BestWeights(model, patience)
    settings = {
        "examples": len(data[0]),
        "batch_size": batch_size,
        "lr": lr,
        "seed": seed,
        "amp": amp,
        # A schedule is stretched over the run; without one a run may be prolonged.
        "epochs": None if schedule is None else epochs,
    }

    with own_randomness(seed, device) as streams:
        parts: dict[str, Stateful] = {
            "model": model,
            "updater": updater,
            "streams": streams,
            "history": history,
            "best": best,
        }
        saved = Checkpoint(checkpoint, parts, settings)
        if resume:
            saved.load()
        done = len(history) * steps // epochs
        with progress_bar(steps, done, progress) as bar:
            while len(history) < epochs and not best.gave_up(history):
                start = time.perf_counter()
                batches = minibatches(
                    *data, batch_size=batch_size, generator=streams.order
                )
                trained = _one_epoch(model, batches, loss, updater, augment, bar)
                with updater.autocast():
                    tested = held_out and score(model, held_out, loss=loss)
                seconds = time.perf_counter() - start
                history.add(trained, tested, updater.lr, seconds)
                bar.set_postfix_str(one_line(history.rows[-1]))
                if not math.isfinite(trained["loss"]):
                    break
                best.keep(history)
                saved.save()
        best.restore()
    model.eval()
    return history


def _one_epoch(
    model: nn.Module,
    batches: Iterable[tuple[Tensor, ...]],
    loss: Loss,
    updater: Updater,
    augment: Callable[[Tensor], Tensor] | None,
    bar: Any,
) -> dict[str, float]:
    """Update `model` with each batch once; return the mean loss and accuracy."""
    totals = Totals()
    model.train()
    for x, y in batches:
        with updater.autocast():
            output = model(x if augment is None else augment(x))
            value = loss(output, y)
        updater.update(value)
        totals.add(value, output, y)
        bar.update()
    return totals.means()
