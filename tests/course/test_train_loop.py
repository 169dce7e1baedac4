"""The training loop: what it does to a model, and what it reports."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import StepLR

from course.data import digits, shapes
from course.nn import MLP, ConvNet
from course.train import fit, score, seed_all


def linear(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(6, 2))


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def by_hand(model, images, epochs, batch_size, lr, seed):
    """Plain gradient descent, written without torch.optim."""
    rng = torch.Generator().manual_seed(seed)
    rows = []
    for _ in range(epochs):
        order = torch.randperm(len(images), generator=rng)
        total = 0.0
        for index in order.split(batch_size):
            value = F.cross_entropy(model(images.x[index]), images.y[index])
            gradients = torch.autograd.grad(value, list(model.parameters()))
            with torch.no_grad():
                for p, g in zip(model.parameters(), gradients, strict=True):
                    p -= lr * g
            total += value.item() * len(index)
        rows.append(total / len(images))
    return rows


def test_fit_is_gradient_descent_as_written_by_hand(blobs):
    train, _ = blobs
    ours, theirs = linear(), linear()
    losses = by_hand(theirs, train, epochs=3, batch_size=32, lr=0.5, seed=7)
    history = fit(
        ours,
        train,
        epochs=3,
        batch_size=32,
        lr=0.5,
        seed=7,
        optimizer=torch.optim.SGD,
        device="cpu",
    )
    assert history["loss"] == pytest.approx(losses, rel=1e-5)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(p, q)


def test_a_separable_problem_is_learned(blobs):
    train, test = blobs
    history = fit(linear(), train, test, epochs=15, lr=0.1, schedule="one-cycle")
    assert history.best["test_accuracy"] == 1.0


def test_each_epoch_is_a_row(blobs):
    history = fit(linear(), *blobs, epochs=2)
    assert history["epoch"] == [1, 2]
    assert history.columns == [
        "epoch",
        "loss",
        "train_accuracy",
        "test_loss",
        "test_accuracy",
        "lr",
        "seconds",
    ]


def test_without_test_data_there_are_no_test_columns(blobs):
    history = fit(linear(), blobs[0], epochs=1)
    assert history.columns == ["epoch", "loss", "train_accuracy", "lr", "seconds"]


def test_the_last_row_is_the_score_of_the_model(blobs):
    model = linear()
    history = fit(model, *blobs, epochs=2)
    measured = score(model, blobs[1])
    assert history["test_loss"][-1] == pytest.approx(measured["loss"])
    assert history["test_accuracy"][-1] == measured["accuracy"]


def test_pairs_of_tensors_and_another_loss_make_a_regression():
    x = torch.linspace(-1, 1, 64).view(-1, 1)
    history = fit(nn.Linear(1, 1), (x, 3 * x), epochs=80, lr=0.1, loss=F.mse_loss)
    assert history.columns == ["epoch", "loss", "lr", "seconds"]
    assert history["loss"][-1] < 0.01


def test_the_same_seed_gives_the_same_run(blobs):
    runs = []
    for caller_seed in (1, 2):
        model = nn.Sequential(linear(), nn.Dropout(0.5))
        torch.manual_seed(caller_seed)
        history = fit(model, *blobs, epochs=2, seed=3)
        runs.append((weights(model), history["loss"]))
    assert same(runs[0][0], runs[1][0])
    assert runs[0][1] == runs[1][1]


def test_the_callers_random_stream_goes_on_undisturbed(blobs):
    model = linear()
    torch.manual_seed(5)
    expected = torch.rand(4)
    torch.manual_seed(5)
    fit(model, blobs[0], epochs=1)
    assert torch.equal(torch.rand(4), expected)


def test_every_batch_is_learned_in_training_mode(blobs):
    model = linear().eval()
    modes = []

    def augment(x):
        modes.append(model.training)
        return x

    fit(model, *blobs, epochs=2, batch_size=45, augment=augment)
    assert modes == [True] * 4


def test_the_model_ends_in_evaluation_mode(blobs):
    model = nn.Sequential(linear(), nn.Dropout(0.5))
    fit(model, *blobs, epochs=1)
    assert not any(module.training for module in model.modules())


def test_a_larger_gradient_is_clipped_to_the_norm_asked_for(blobs):
    model = linear()
    before = torch.cat([p.detach().flatten().clone() for p in model.parameters()])
    fit(
        model,
        blobs[0],
        epochs=1,
        batch_size=90,
        lr=1.0,
        optimizer=torch.optim.SGD,
        clip=1e-3,
        device="cpu",
    )
    after = torch.cat([p.detach().flatten() for p in model.parameters()])
    assert float((after - before).norm()) == pytest.approx(1e-3, rel=1e-2)


def test_augment_changes_training_batches_only(blobs):
    seen = []

    def augment(x):
        seen.append(len(x))
        return 1 - x  # turns the classes round

    history = fit(linear(), *blobs, epochs=15, lr=0.1, batch_size=60, augment=augment)
    assert seen == [60, 30] * 15
    assert history["train_accuracy"][-1] > 0.9
    assert history["test_accuracy"][-1] < 0.1


def test_an_optimiser_that_is_built_already_is_used(blobs):
    model = linear()
    optimizer = torch.optim.SGD(model[1].parameters(), lr=0.25)
    history = fit(model, blobs[0], epochs=1, optimizer=optimizer)
    assert history["lr"] == [0.25]


def test_frozen_parameters_stay(blobs):
    model = linear()
    model[1].bias.requires_grad_(False)
    frozen = model[1].bias.clone()
    fit(model, blobs[0], epochs=1, lr=0.1)
    assert torch.equal(model[1].bias, frozen)


def test_a_loss_that_is_no_longer_finite_ends_the_run(blobs, tmp_path):
    path = tmp_path / "run.pt"
    history = fit(
        linear(),
        blobs[0],
        epochs=5,
        loss=lambda output, y: output.mean() * math.nan,
        checkpoint=path,
    )
    assert len(history) == 1
    assert not path.exists()


@pytest.mark.parametrize("patience", [1, 2])
def test_patience_stops_and_returns_to_the_best_weights(blobs, patience):
    """The second epoch is the best, the others are worse."""
    train, test = blobs
    model = linear()
    kept = []

    def loss(output, y):
        if not model.training:
            kept.append(weights(model))
            return torch.tensor([0.5, 0.2, 0.9, 0.8, 0.7][len(kept) - 1])
        return F.mse_loss(output.sum(1), y.float())

    targets = (test.x, test.y.float())  # no classes, so that the loss decides
    history = fit(
        model,
        (train.x, train.y.float()),
        targets,
        epochs=5,
        patience=patience,
        loss=loss,
    )
    assert history["test_loss"] == pytest.approx([0.5, 0.2, 0.9, 0.8][: 2 + patience])
    assert same(weights(model), kept[1])


def test_without_patience_the_last_weights_stay(blobs):
    model = linear()
    history = fit(model, *blobs, epochs=2, lr=50.0)
    assert score(model, blobs[1])["loss"] == pytest.approx(history["test_loss"][-1])


def test_bfloat16_trains_and_keeps_float32_weights(blobs):
    model = linear()
    history = fit(model, *blobs, epochs=15, lr=0.1, amp="bf16", device="cpu")
    assert history["test_accuracy"][-1] > 0.9
    assert {p.dtype for p in model.parameters()} == {torch.float32}


def test_the_bar_counts_batches_in_a_terminal(blobs, capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    fit(linear(), blobs[0], epochs=2, batch_size=30)
    assert "6/6" in capsys.readouterr().err


@pytest.mark.parametrize("progress", [True, False])
def test_nothing_is_printed_where_nobody_watches(blobs, capfd, progress):
    fit(linear(), blobs[0], epochs=1, progress=progress)
    assert capfd.readouterr() == ("", "")


def test_a_lambda_reaches_any_other_scheduler(blobs):
    history = fit(
        linear(),
        blobs[0],
        epochs=4,
        batch_size=45,
        lr=1e-2,
        schedule=lambda optimizer, steps: StepLR(optimizer, steps // 2, gamma=0.1),
    )
    assert history["lr"] == pytest.approx([1e-2, 1e-2, 1e-3, 1e-3])


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("amp", [None, "bf16", "fp16"])
def test_cuda_trains_in_every_precision_and_channels_last(amp):
    seed_all(0)
    model = ConvNet([16, 32], classes=10)
    history = fit(model, *digits(), epochs=8, lr=1e-2, amp=amp, schedule="one-cycle")
    weight = model.stages[1].conv.weight
    assert weight.is_contiguous(memory_format=torch.channels_last)
    assert history.best["test_accuracy"] > 0.9


def test_shapes_are_for_convolutions_and_not_for_a_linear_map():
    train, test = shapes(n=3000)
    seed_all(0)
    weak = fit(MLP([3072, 10]), train, test, epochs=2)
    net = ConvNet([8, 16, 32], classes=10, in_channels=3)
    settings = {"epochs": 8, "batch_size": 32, "lr": 2e-2, "schedule": "one-cycle"}
    strong = fit(net, train, test, **settings)
    assert weak.best["test_accuracy"] < 0.3
    assert strong.best["test_accuracy"] > 0.85


def test_digits_are_learned_by_a_small_network_in_seconds():
    seed_all(0)
    train, test = digits()
    settings = {"epochs": 12, "batch_size": 64, "lr": 1e-2, "schedule": "one-cycle"}
    history = fit(MLP([64, 100, 10]), train, test, **settings)
    assert history.best["test_accuracy"] > 0.95
