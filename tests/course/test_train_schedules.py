"""The learning rate of every step."""

import math

import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR

from course.train.schedules import NAMED, build_schedule


def rates(schedule, steps, lr=1.0):
    """Return the learning rate of every step."""
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=lr)
    scheduler = build_schedule(schedule, optimizer, steps)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


def test_without_a_schedule_the_rate_stays():
    assert rates(None, 5) == [1.0] * 5


def test_cosine_rises_for_a_twentieth_and_falls_to_zero():
    found = rates("cosine", 100, lr=2.0)
    assert found[:5] == pytest.approx([0.4, 0.8, 1.2, 1.6, 2.0])
    expected = [1 + math.cos(math.pi * i / 95) for i in range(95)]
    assert found[5:] == pytest.approx(expected)


def test_one_cycle_peaks_at_the_rate_after_three_tenths():
    found = rates("one-cycle", 101, lr=3.0)
    assert found[0] == pytest.approx(3.0 / 25)
    assert max(found) == pytest.approx(3.0, rel=1e-3)
    assert found.index(max(found)) in (29, 30)
    assert found[-1] < 1e-4


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("steps", [1, 2, 30], ids="{} steps".format)
def test_a_named_schedule_survives_any_length(name, steps):
    assert all(0 <= rate <= 1 for rate in rates(name, steps))


def test_a_scheduler_of_torch_is_a_schedule():
    assert rates(CosineAnnealingLR, 4)[2] == pytest.approx(0.5)
