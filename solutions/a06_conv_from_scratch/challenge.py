"""Reproduces the figures that the notebook of a06 quotes, by the reference.

Without MNIST (see `course.data`) only the figures of the digits are returned.

    export OMP_NUM_THREADS=1 COURSE_DATA=...
    python solutions/a06_conv_from_scratch/challenge.py
"""

import importlib.util
import time
from pathlib import Path
from types import ModuleType

import torch
import torch.nn.functional as F

import course.data
import course.nn
import course.train
from course.data import Images
from course.train import History

SEEDS = range(5)


# What must be reached; names of figures() that are missing there are not asked.
FLOORS = {
    "digits_accuracy": 0.95,
    "digits_deep_accuracy": 0.97,
    "mnist_accuracy": 0.97,
}


def figures() -> dict[str, float]:
    """Every figure that the notebook quotes: accuracies in [0, 1], times in seconds."""
    torch.set_num_threads(1)
    answers = _reference()
    found = _digits(answers)
    if course.data.available("mnist"):
        found |= _mnist(answers)
    return found


def _reference() -> ModuleType:
    path = Path(__file__).with_name("reference.py")
    spec = importlib.util.spec_from_file_location("a06_reference", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _new_net(seed: int, side: int = 3, features: int = 72) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    w = torch.randn(8, 1, side, side, generator=generator) * 0.5
    v = torch.randn(10, features, generator=generator) * 0.1
    return [w, torch.zeros(8), v, torch.zeros(10)]


def _digits(answers: ModuleType) -> dict[str, float]:
    train, test = course.data.digits()
    generator = torch.Generator().manual_seed(1)
    shuffle = torch.randperm(64, generator=generator)
    strange = [
        Images(d.flat[:, shuffle].reshape(d.x.shape), d.y, d.classes)
        for d in (train, test)
    ]
    plain = [_digits_accuracy(answers, train, test, seed) for seed in SEEDS]
    mixed = [_digits_accuracy(answers, *strange, seed) for seed in SEEDS]
    history = _deep(train, test, [16, 32], epochs=12, batch_size=64)
    return {
        "digits_accuracy": plain[0],
        "digits_accuracy_lowest": min(plain),
        "digits_accuracy_highest": max(plain),
        "shuffled_accuracy": mixed[0],
        "shuffled_accuracy_lowest": min(mixed),
        "shuffled_accuracy_highest": max(mixed),
        "digits_deep_accuracy": history["test_accuracy"][-1],
    }


def _digits_accuracy(
    answers: ModuleType, train: Images, test: Images, seed: int, epochs: int = 30
) -> float:
    generator = torch.Generator().manual_seed(seed)
    params = tuple(_new_net(seed))
    for epoch in range(epochs):
        lr = 1.0 if epoch < 2 / 3 * epochs else 0.2
        order = torch.randperm(len(train), generator=generator)
        batches = [(train.x[i], train.y[i]) for i in order.split(32)]
        params, _ = answers.train_convnet(params, batches, lr)
    right = answers.predict_convnet(params, test.x).argmax(1) == test.y
    return float(right.double().mean())


class _Net:
    """The network of the notebook's MNIST cell: stride 2, max pooling, no autograd."""

    def __init__(self, answers: ModuleType) -> None:
        self.answers = answers
        self.params = _new_net(0, side=5, features=8 * 7 * 7)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, tuple]:
        w, b, v, c = self.params
        cols = self.answers.im2col(x, 5, 5, 2, 2)
        rows = self.answers.conv_out_size(x.shape[2], 5, 2, 2)
        z = (w.flatten(1) @ cols + b[:, None]).unflatten(2, (rows, -1))
        pooled, cache = self.answers.maxpool2d(z.clamp(min=0), 2, 2, 2)
        return pooled.flatten(1) @ v.T + c, (z, cache, pooled)

    def step(self, x: torch.Tensor, y: torch.Tensor, lr: float) -> None:
        w, _, v, _ = self.params
        logits, (z, cache, pooled) = self.forward(x)
        dlogits = (logits.softmax(1) - F.one_hot(y, 10)) / len(y)
        da = self.answers.maxpool2d_backward((dlogits @ v).view_as(pooled), cache)
        _, dw, db = self.answers.conv2d_backward(da * (z > 0), (x, w, 2, 2))
        gradients = dw, db, dlogits.T @ pooled.flatten(1), dlogits.sum(0)
        pairs = zip(self.params, gradients, strict=True)
        self.params = [p - lr * g for p, g in pairs]


def _mnist(answers: ModuleType) -> dict[str, float]:
    train, test = course.data.mnist()
    net = _Net(answers)
    x, y = train.x[:64], train.y[:64]
    loops = _best_time(lambda: answers.conv2d_naive(x, *net.params[:2], 2, 2), 1)
    fast = _best_time(lambda: _Net.step(net, x, y, 0.0), 20)

    start = time.perf_counter()
    generator = torch.Generator().manual_seed(0)
    for lr in (0.5, 0.5, 0.1):
        for i in torch.randperm(len(train), generator=generator).split(64):
            net.step(train.x[i], train.y[i], lr)
    seconds = time.perf_counter() - start
    parts = zip(test.x.split(1000), test.y.split(1000), strict=True)
    right = sum(int((net.forward(a)[0].argmax(1) == b).sum()) for a, b in parts)

    history = _deep(train, test, [16, 32, 64], epochs=2, batch_size=128)
    return {
        "mnist_accuracy": right / len(test),
        "mnist_seconds": seconds,
        "mnist_loops_forward_seconds": loops,
        "mnist_fast_step_seconds": fast,
        "mnist_loops_over_fast": loops / fast,
        "mnist_deep_accuracy": history["test_accuracy"][-1],
        "mnist_deep_seconds": sum(history["seconds"]),
    }


def _deep(
    train: Images, test: Images, channels: list[int], *, epochs: int, batch_size: int
) -> History:
    """Train the notebook's deep network."""
    torch.manual_seed(0)
    return course.train.fit(
        course.nn.ConvNet(channels, classes=10),
        train,
        test,
        epochs=epochs,
        batch_size=batch_size,
        lr=1e-2,
        schedule="one-cycle",
        device="cpu",
        progress=False,
    )


def _best_time(call, repeats: int) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


if __name__ == "__main__":
    for name, value in figures().items():
        print(f"{name:30} {value:.4f}")
