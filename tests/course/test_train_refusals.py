"""What `fit` refuses, and with which words."""

import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from course.errors import ArgumentError
from course.train import fit


def linear():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(6, 2))


REFUSED = {
    "an unknown schedule": (
        {"schedule": "step"},
        "There is no schedule named 'step'.\n"
        "Next step: use one of constant, cosine, one-cycle, or pass a function "
        "(optimizer, steps) -> torch scheduler.",
    ),
    "a schedule that watches the loss": (
        {"schedule": lambda optimizer, steps: ReduceLROnPlateau(optimizer)},
        "A schedule is a function (optimizer, steps) that returns a torch "
        "scheduler which moves after every batch, "
        "but this one returned ReduceLROnPlateau.\n"
        "Next step: write for instance "
        "schedule=lambda optimizer, steps: StepLR(optimizer, steps // 3).",
    ),
    "no epoch": (
        {"epochs": 0},
        "fit wants at least one epoch and a batch_size of at least 1, "
        "but got epochs=0 and batch_size=128.\n"
        "Next step: pass positive numbers.",
    ),
    "patience without test data": (
        {"patience": 3},
        "patience counts epochs without a better test result: it is at least 1 "
        "and needs test data, but got patience=3 and no test data.\n"
        "Next step: call fit(model, train, test, patience=5), "
        "with a validation part as test.",
    ),
    "resuming from nowhere": (
        {"resume": True},
        "resume=True goes on from a checkpoint, but got checkpoint=None.\n"
        "Next step: pass a file, for instance checkpoint='run.pt'.",
    ),
    "an unknown precision": (
        {"amp": "half"},
        "amp is 'bf16', 'fp16' or None, but got 'half'.\n"
        "Next step: leave it out for float32.",
    ),
    "float16 on the CPU": (
        {"amp": "fp16"},
        "amp='fp16' needs a CUDA device, but the model runs on cpu.\n"
        "Next step: use amp='bf16', or leave amp out.",
    ),
}


@pytest.mark.parametrize("settings", REFUSED.values(), ids=REFUSED)
def test_settings_that_mean_nothing_are_refused(blobs, settings):
    given, message = settings
    with pytest.raises(ArgumentError) as caught:
        fit(linear(), blobs[0], **({"epochs": 1, "device": "cpu"} | given))
    assert str(caught.value) == message


def test_a_model_without_parameters_is_refused(blobs):
    with pytest.raises(ArgumentError) as caught:
        fit(nn.Flatten(), blobs[0], epochs=1)
    assert str(caught.value) == (
        "Flatten has no parameter to train.\n"
        "Next step: keep layers as attributes or in nn.ModuleList, not in a "
        "plain list, and check that requires_grad is on."
    )


def test_inputs_without_their_targets_are_refused():
    with pytest.raises(ArgumentError) as caught:
        fit(nn.Linear(2, 2), (torch.zeros(4, 2), torch.zeros(3)), epochs=1)
    assert str(caught.value) == (
        "Training data are as many inputs as targets, at least one, "
        "but got x (4, 2) and y (3,).\n"
        "Next step: check that x and y come from the same part of the data."
    )
