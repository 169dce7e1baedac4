"""A run that is interrupted and resumed equals one that was not."""

import os

import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import MultiStepLR

from course.data import Images
from course.errors import CheckpointError
from course.train import fit

NEXT = (
    "Next step: call fit as before to go on with that run, "
    "or pass another checkpoint path to start a new one."
)


def network(seed=0):
    """A network with everything that has a state: weights, buffers, dropout."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(6, 8),
        nn.BatchNorm1d(8),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Linear(8, 2),
    )


class InterruptedRunError(Exception):
    """What a student's Ctrl-C or a dead machine is here."""


def interrupt_at(batch):
    """Return an `augment` that draws noise and raises in the given batch."""
    seen = []

    def augment(x):
        seen.append(1)
        if len(seen) == batch:
            raise InterruptedRunError
        return x + 0.1 * torch.randn_like(x)

    return augment


SETTINGS = {
    "adamw": {},
    "one-cycle": {"schedule": "one-cycle"},
    "cosine": {"schedule": "cosine"},
    "sgd with momentum": {
        "optimizer": lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9)
    },
    "scheduler of torch": {"schedule": lambda o, steps: MultiStepLR(o, [3, 8, 12])},
    "patience": {"patience": 4},
    "clipped": {"clip": 0.01},
    "bfloat16": {"amp": "bf16"},
}


def without_seconds(history):
    return [{k: v for k, v in row.items() if k != "seconds"} for row in history.rows]


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("batch", [5, 8], ids="batch {}".format)
def test_a_resumed_run_equals_the_uninterrupted_one_bit_for_bit(
    blobs, tmp_path, settings, batch
):
    """Three batches an epoch: one run dies in its second epoch, one in its third."""
    common = {"epochs": 5, "batch_size": 40, "lr": 0.02, "device": "cpu", **settings}
    whole = network()
    expected = fit(whole, *blobs, augment=interrupt_at(None), **common)

    common["checkpoint"] = tmp_path / "run.pt"
    with pytest.raises(InterruptedRunError):
        fit(network(), *blobs, augment=interrupt_at(batch), **common)
    resumed = network(seed=99)  # other weights: all must come from the file
    torch.manual_seed(1234)
    history = fit(resumed, *blobs, augment=interrupt_at(None), resume=True, **common)

    assert without_seconds(history) == without_seconds(expected)
    for name, value in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value), name


def test_the_best_weights_survive_an_interruption(blobs, tmp_path):
    """The test labels are turned round: the more is learned, the worse the score."""
    train, test = blobs
    data = (train, Images(test.x, 1 - test.y, test.classes))
    common = {"epochs": 4, "batch_size": 40, "lr": 0.05, "patience": 9, "device": "cpu"}
    whole = network()
    expected = fit(whole, *data, augment=interrupt_at(None), **common)
    assert expected.best["epoch"] == 1

    common["checkpoint"] = tmp_path / "run.pt"
    with pytest.raises(InterruptedRunError):
        fit(network(), *data, augment=interrupt_at(8), **common)
    resumed = network(seed=99)
    fit(resumed, *data, augment=interrupt_at(None), resume=True, **common)
    for name, value in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value), name


def test_a_finished_run_is_only_read_back(blobs, tmp_path):
    common = {"epochs": 2, "checkpoint": tmp_path / "run.pt"}
    first = fit(network(), *blobs, **common)
    model = network(seed=5)
    again = fit(model, *blobs, augment=interrupt_at(1), resume=True, **common)
    assert again.rows == first.rows


def test_a_run_without_a_schedule_may_be_prolonged(blobs, tmp_path):
    path = tmp_path / "run.pt"
    fit(network(), *blobs, epochs=1, checkpoint=path)
    history = fit(network(), *blobs, epochs=3, checkpoint=path, resume=True)
    assert history["epoch"] == [1, 2, 3]


def test_without_a_file_resuming_starts_from_the_beginning(blobs, tmp_path):
    path = tmp_path / "not" / "yet" / "run.pt"
    assert len(fit(network(), *blobs, epochs=1, checkpoint=path, resume=True)) == 1
    assert path.is_file()


def test_without_resume_an_old_file_is_replaced(blobs, tmp_path):
    path = tmp_path / "run.pt"
    fit(network(), *blobs, epochs=2, checkpoint=path)
    assert len(fit(network(), *blobs, epochs=1, checkpoint=path)) == 1


def test_other_settings_are_refused(blobs, tmp_path):
    path = tmp_path / "run.pt"
    fit(network(), *blobs, epochs=1, checkpoint=path, schedule="cosine")
    with pytest.raises(CheckpointError) as caught:
        fit(
            network(),
            *blobs,
            epochs=2,
            seed=1,
            checkpoint=path,
            schedule="cosine",
            resume=True,
        )
    assert str(caught.value) == (
        f"{path} is the checkpoint of a run with other settings:\n"
        "  seed: 0 there, 1 here\n"
        "  epochs: 1 there, 2 here\n" + NEXT
    )


def test_another_model_is_refused(blobs, tmp_path):
    path = tmp_path / "run.pt"
    fit(network(), *blobs, epochs=1, checkpoint=path)
    other = nn.Sequential(nn.Flatten(), nn.Linear(6, 2))
    with pytest.raises(CheckpointError) as caught:
        fit(other, *blobs, epochs=1, checkpoint=path, resume=True)
    assert str(caught.value) == (
        f"{path} does not fit this model and optimiser: "
        f"Error(s) in loading state_dict for Sequential:\n{NEXT}"
    )


def test_a_file_that_is_no_checkpoint_is_refused(blobs, tmp_path):
    path = tmp_path / "run.pt"
    path.write_bytes(b"half a checkpoint")
    with pytest.raises(CheckpointError) as caught:
        fit(network(), *blobs, epochs=1, checkpoint=path, resume=True)
    assert str(caught.value) == (
        f"{path} cannot be read as a checkpoint of course.train.fit.\n{NEXT}"
    )


class Malicious:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_checkpoint_cannot_run_code(blobs, tmp_path):
    path, trap = tmp_path / "run.pt", tmp_path / "trap"
    torch.save({"settings": Malicious(trap)}, path)
    with pytest.raises(CheckpointError):
        fit(network(), *blobs, epochs=1, checkpoint=path, resume=True)
    assert not trap.exists()
    torch.load(path, weights_only=False)
    assert trap.exists()  # so the trap was a real one


def test_a_crash_while_writing_leaves_the_old_checkpoint(blobs, tmp_path, monkeypatch):
    path = tmp_path / "run.pt"
    fit(network(), *blobs, epochs=1, checkpoint=path)
    before = path.read_bytes()

    def torn(state, file):
        file.write_bytes(b"half")
        raise InterruptedRunError

    monkeypatch.setattr(torch, "save", torn)
    with pytest.raises(InterruptedRunError):
        fit(network(), *blobs, epochs=2, checkpoint=path, resume=True)
    assert path.read_bytes() == before
    assert list(tmp_path.glob("*.partial")) == []
