"""The adding problem."""

import pytest
import torch

from course.data import adding
from course.errors import ArgumentError


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("length", [2, 3, 10, 31], ids="T={}".format)
def test_one_step_of_each_half_is_marked(length):
    x, _ = adding(200, length, seeded())
    marks = x[..., 1]
    half = length // 2
    assert ((marks == 0) | (marks == 1)).all()
    assert (marks[:, :half].sum(1) == 1).all()
    assert (marks[:, half:].sum(1) == 1).all()


def test_the_answer_is_the_sum_of_the_marked_numbers():
    x, y = adding(50, 7, seeded())
    numbers, marks = x.unbind(2)
    expected = [[float(n[m == 1].sum())] for n, m in zip(numbers, marks, strict=True)]
    torch.testing.assert_close(y, torch.tensor(expected))


def test_every_step_may_be_marked():
    x, _ = adding(500, 6, seeded())
    assert (x[..., 1].sum(0) > 0).all()


def test_answering_one_is_off_by_a_sixth():
    _, y = adding(100_000, 5, seeded())
    assert float(((y - 1) ** 2).mean()) == pytest.approx(1 / 6, rel=0.02)


def test_a_generator_repeats_the_sequences_and_moves_on():
    rng = seeded(3)
    first, second = adding(4, 9, rng)[0], adding(4, 9, rng)[0]
    assert torch.equal(first, adding(4, 9, seeded(3))[0])
    assert not torch.equal(first, second)


def test_two_marks_need_two_steps():
    with pytest.raises(ArgumentError) as caught:
        adding(3, 1)
    assert str(caught.value) == (
        "adding marks two steps, so length must be at least 2, but got 1.\n"
        "Next step: pass for instance length=30."
    )
