"""Reproduce the figures that a17's notebook quotes.

"Times better" is the error of a constant answer (1/6 in the adding problem, 3/4 in
the echo) divided by the error that was reached.
"""

from pathlib import Path
from runpy import run_path

import torch
import torch.nn.functional as F

import course.nn
from course import data, train

ANSWERS = run_path(str(Path(__file__).with_name("reference.py")))
SEEDS = range(3)
TRIVIAL = 1 / 6

# What must be reached; names of figures() that are missing there are not asked.
FLOORS = {
    "wired_unit_times_better": 1000,
    "adding_lstm_times_better": 80,
    "adding_gru_times_better": 150,
    "adding_rnn_error_over_trivial": 0.9,  # it has learned nothing
    "adding_orthogonal_error_over_trivial": 0.9,
    "echo_error_with_6": 0.5,  # it stays
    "echo_times_better_with_12": 50,
    "echo_plain_times_better_for_a_while": 5,
    "echo_plain_error_at_the_end": 0.5,
    "mnist_rnn_accuracy": 0.85,
    "mnist_lstm_accuracy": 0.975,
}
LONG = {name for name in FLOORS if not name.startswith("wired")}


def figures():
    """Return errors, ratios of errors and accuracies; MNIST where the data are."""
    torch.set_num_threads(1)
    found = {"wired_unit_times_better": TRIVIAL / _wired()}
    kinds = {"lstm": "lstm", "gru": "gru", "rnn": "rnn", "orthogonal": "rnn"}
    for name, kind in kinds.items():
        errors = [_adding(kind, name == "orthogonal", seed) for seed in SEEDS]
        found[f"adding_{name}_best_error"] = min(errors)
        found[f"adding_{name}_worst_error"] = max(errors)
    for name in ("lstm", "gru"):
        worst = found[f"adding_{name}_worst_error"]
        found[f"adding_{name}_times_better"] = TRIVIAL / worst
    for name in ("rnn", "orthogonal"):
        best = found[f"adding_{name}_best_error"]
        found[f"adding_{name}_error_over_trivial"] = best / TRIVIAL
    found["echo_error_with_6"] = min(_echo("lstm", 6, 6, seed)[-1] for seed in SEEDS)
    found["echo_error_with_8"] = max(_echo("lstm", 6, 8, seed)[-1] for seed in SEEDS)
    with_12 = max(_echo("lstm", 6, 12, seed)[-1] for seed in SEEDS)
    found["echo_times_better_with_12"] = 18 / 24 / with_12
    plain = [_echo("rnn", 4, 4, seed) for seed in SEEDS]
    found["echo_plain_times_better_for_a_while"] = 20 / 24 / max(map(min, plain))
    found["echo_plain_error_at_the_end"] = min(means[-1] for means in plain)
    if data.available("mnist"):
        found["mnist_rnn_accuracy"] = _mnist("rnn", 0.003)
        found["mnist_lstm_accuracy"] = _mnist("lstm", 0.01)
    return found


def _wired():
    """The error of one LSTM unit, wired by hand, over 100 steps."""
    x, y = data.adding(500, 100, torch.Generator().manual_seed(0))
    w_ih = torch.tensor([[0.0, 20.0], [0, 0], [0.01, 0], [0, 0]])
    b_ih, zero = torch.tensor([-10.0, 10, 0, 10]), torch.zeros(500, 1)
    forward = ANSWERS["lstm_forward"]
    h, _, _ = forward(x, zero, zero, w_ih, torch.zeros(4, 1), b_ih, torch.zeros(4))
    return F.mse_loss(h[:, -1] / 0.01, y).item()


def _updated(model, optimizer):
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()


def _adding(kind, orthogonal, seed):
    """The error after 1000 steps on 30-step sequences, as in part 9."""
    torch.manual_seed(seed)
    rng = torch.Generator().manual_seed(seed)
    model = course.nn.Recurrent(kind, 2, 32, 1)
    if orthogonal:
        ANSWERS["orthogonal_"](torch.nn.init.normal_(model.cell.weight_hh_l0))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(train.budget(1000, smallest=20)):
        x, y = data.adding(32, 30, rng)
        F.mse_loss(model(x)[0][:, -1], y).backward()
        _updated(model, optimizer)
    x, y = data.adding(2000, 30, torch.Generator().manual_seed(999))
    with torch.no_grad():
        return F.mse_loss(model(x)[0][:, -1], y).item()


def _echo(kind, lag, chunk, seed):
    """The losses on the echo, as in part 8, as means of twenty."""
    torch.manual_seed(seed)
    rng = torch.Generator().manual_seed(seed)
    model = course.nn.Recurrent(kind, 1, 24, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for _ in range(train.budget(400, smallest=20)):
        x = 2.0 * torch.randint(0, 2, (32, 24, 1), generator=rng) - 1
        y = F.pad(x, (0, 0, lag, 0))[:, :24]
        losses.append(float(ANSWERS["tbptt"](model, x, y, chunk)))
        _updated(model, optimizer)
    return torch.tensor(losses).view(-1, 20).mean(1).tolist()


class _Reader(torch.nn.Module):
    """Read an image row by row, and classify it after the last one."""

    def __init__(self, kind):
        super().__init__()
        self.net = course.nn.Recurrent(kind, 28, 64, 10)

    def forward(self, x):
        return self.net(x.squeeze(1))[0][:, -1]


def _mnist(kind, lr):
    """The accuracy on MNIST, read row by row, as in part 10."""
    train.seed_all(0)
    history = train.fit(
        _Reader(kind),
        *data.mnist(),
        epochs=train.budget(3, smallest=1),
        lr=lr,
        schedule="one-cycle",
        clip=1.0,
        device="cpu",
        progress=False,
    )
    return history.rows[-1]["test_accuracy"]
