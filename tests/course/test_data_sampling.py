"""Batches and parts."""

import pytest
import torch

from course.data import minibatches, split
from course.errors import ArgumentError


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("shuffle", [True, False], ids=["shuffled", "in order"])
@pytest.mark.parametrize("n", [1, 3, 8, 9], ids="n={}".format)
def test_every_example_comes_once_with_its_label(n, shuffle):
    x, y = torch.arange(n).float(), torch.arange(n)
    batches = list(minibatches(x, y, batch_size=4, shuffle=shuffle))
    assert torch.cat([b[1] for b in batches]).sort().values.tolist() == list(range(n))
    assert all(torch.equal(xb.long(), yb) for xb, yb in batches)


@pytest.mark.parametrize(
    ("drop_last", "sizes"), [(False, [4, 4, 2]), (True, [4, 4])], ids=["keep", "drop"]
)
def test_the_last_batch_is_smaller_or_dropped(drop_last, sizes):
    batches = minibatches(torch.arange(10), batch_size=4, drop_last=drop_last)
    assert [len(x) for (x,) in batches] == sizes


def test_without_shuffling_batches_are_views_in_order():
    x = torch.arange(10)
    first, second = (b for (b,) in minibatches(x, batch_size=5, shuffle=False))
    assert first.tolist() == [0, 1, 2, 3, 4]
    assert second.untyped_storage().data_ptr() == x.untyped_storage().data_ptr()


def test_the_generator_decides_the_order_and_moves_on():
    x = torch.arange(50)
    rng = seeded()
    epochs = [
        torch.cat([b for (b,) in minibatches(x, batch_size=7, generator=rng)])
        for _ in range(2)
    ]
    expected = torch.randperm(50, generator=seeded())
    assert torch.equal(epochs[0], expected)
    assert not torch.equal(epochs[1], epochs[0])


def test_bad_calls_fail_at_once_and_not_at_the_first_batch():
    with pytest.raises(ArgumentError) as caught:
        minibatches(torch.zeros(3), torch.zeros(4), batch_size=2)
    assert str(caught.value) == (
        "minibatches wants tensors with the same number of examples, but got [3, 4].\n"
        "Next step: check that x and y come from the same part of the data."
    )


def test_a_batch_has_at_least_one_example():
    with pytest.raises(ArgumentError) as caught:
        minibatches(torch.zeros(3), batch_size=0)
    assert str(caught.value) == (
        "minibatches wants a batch_size of at least 1, but got 0.\n"
        "Next step: pass a positive number, for instance batch_size=128."
    )


def test_batches_of_nothing_are_refused():
    with pytest.raises(ArgumentError) as caught:
        minibatches(batch_size=2)
    assert str(caught.value) == (
        "minibatches wants at least one tensor, but got none.\n"
        "Next step: call minibatches(x, y, batch_size=...)."
    )


@pytest.mark.parametrize(
    ("fractions", "sizes"),
    [
        ((0.8, 0.2), [8, 2]),
        ((0.7, 0.2, 0.1), [7, 2, 1]),
        ((1 / 3, 1 / 3, 1 / 3), [3, 4, 3]),
        ((0.5,), [5]),
    ],
    ids=str,
)
def test_parts_are_disjoint_and_of_the_sizes_asked_for(fractions, sizes):
    parts = split(10, *fractions)
    together = torch.cat(parts).tolist()
    assert [len(part) for part in parts] == sizes
    assert len(set(together)) == sum(sizes)
    assert set(together) <= set(range(10))


def test_a_split_repeats_for_a_seed():
    assert torch.equal(
        split(99, 0.3, generator=seeded(5))[0], split(99, 0.3, generator=seeded(5))[0]
    )


@pytest.mark.parametrize("fractions", [(), (0.0, 0.5), (0.9, 0.2)], ids=str)
def test_fractions_that_are_no_parts_are_refused(fractions):
    with pytest.raises(ArgumentError) as caught:
        split(10, *fractions)
    assert str(caught.value) == (
        "split wants positive fractions that sum to at most 1, "
        f"but got {list(fractions)}.\n"
        "Next step: for a part for training and one for validation write "
        "split(n, 0.8, 0.2)."
    )
