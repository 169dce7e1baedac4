"""Devices, threads and seeds."""

import random

import numpy as np
import pytest
import torch

from course.errors import ArgumentError
from course.train import no_spin, pick_device, seed_all


def test_the_best_device_is_taken_unless_one_is_asked_for():
    expected = "cuda" if torch.cuda.is_available() else "cpu"
    assert pick_device().type in (expected, "mps")
    assert pick_device("cpu") == torch.device("cpu")


def test_a_device_that_is_not_here_is_refused(monkeypatch):
    monkeypatch.setattr("course.train.devices._devices", lambda: ["cpu"])
    with pytest.raises(ArgumentError) as caught:
        pick_device("cuda:1")
    assert str(caught.value) == (
        "The device 'cuda:1' was asked for, but this machine has cpu.\n"
        "Next step: leave the device out to take the best one, "
        "or install a torch that is built for it."
    )


def test_seed_all_repeats_python_numpy_and_torch():
    def draw():
        seed_all(2**40 + 1)
        return random.random(), np.random.rand(), torch.rand(1).item()

    assert draw() == draw()


def test_no_spin_leaves_one_thread():
    no_spin()
    assert torch.get_num_threads() == 1
