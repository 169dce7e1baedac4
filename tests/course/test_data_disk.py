"""The two-class disk."""

import pytest
import torch

from course import data
from course.errors import ArgumentError


def test_the_disk_fills_half_of_the_square():
    (x, y), _ = data.disk(20_000)
    assert x.abs().max() <= 1
    assert abs(float(y.float().mean()) - 0.5) < 0.02  # 5 sigma
    assert x[y == 1].norm(dim=1).max() < x[y == 0].norm(dim=1).min()


def test_a_seed_gives_the_same_points_and_another_gives_others():
    first, again, other = data.disk(9), data.disk(9), data.disk(9, seed=1)
    assert torch.equal(first[0][0], again[0][0])
    assert not torch.equal(first[0][0], other[0][0])


def test_training_and_test_points_differ_in_values_only():
    train, test = data.disk(50)
    assert [(t.shape, t.dtype) for t in train] == [(t.shape, t.dtype) for t in test]
    assert [(t.shape, t.dtype) for t in train] == [
        ((50, 2), torch.float32),
        ((50,), torch.int64),
    ]
    assert not torch.equal(train[0], test[0])


def test_the_global_generator_is_left_alone():
    before = torch.get_rng_state()
    data.disk(3)
    assert torch.equal(torch.get_rng_state(), before)


def test_no_points_are_refused():
    with pytest.raises(ArgumentError, match="disk wants n of at least 1, but got 0"):
        data.disk(0)
