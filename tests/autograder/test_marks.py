"""How a value is compared when a case marks it."""

import math

import pytest
import torch

from autograder import (
    at_least,
    at_most,
    exact,
    gradient,
    same_distribution,
    same_subspace,
    up_to_permutation,
    up_to_sign,
)
from autograder.verdicts import Verdict

from .conftest import complaint, trial


def said(mark, expected, got):
    """What is said when `got` comes where `mark(expected)` is expected."""
    expected, got = (torch.as_tensor(v, dtype=torch.float64) for v in (expected, got))
    return complaint(
        trial(lambda x: expected, lambda x: got, lambda f, rng: mark(f(rng.normal(2))),
              without=("device", "strided"))
    )  # fmt: skip


V = [[3.0, -4.0, 0.0], [0.0, 1.0, 2.0]]

RIGHT = {
    "one row negated": (up_to_sign, V, [[-3.0, 4.0, 0.0], [0.0, 1.0, 2.0]]),
    "columns negated": (
        lambda v: up_to_sign(v, dim=1),
        V,
        [[-3.0, 4.0, 0.0], [0.0, -1.0, 2.0]],
    ),
    "a vector negated as a whole": (up_to_sign, [1.0, -2.0], [-1.0, 2.0]),
    "a zero row": (up_to_sign, [[0.0, 0.0], [1.0, 2.0]], [[0.0, 0.0], [-1.0, -2.0]]),
    "an empty matrix": (up_to_sign, [[]], [[]]),
    "rows in another order": (up_to_permutation, V, V[::-1]),
    "equal rows": (
        up_to_permutation,
        [[1.0], [1.0], [2.0]],
        [[2.0], [1.0], [1.0]],
    ),
    "many rows with duplicates": (
        up_to_permutation,
        [[v] for v in (1.0, 2.0, 2.0, 3.0, 3.0, 3.0, 4.0, 1.0)],
        [[v] for v in (3.0, 1.0, 4.0, 3.0, 2.0, 1.0, 3.0, 2.0)],
    ),
    "infinite rows": (
        up_to_permutation,
        [[v] for v in (1.0, math.inf, -math.inf, math.nan, 5.0, 6.0, 7.0)],
        [[v] for v in (math.nan, 7.0, math.inf, 1.0, 6.0, -math.inf, 5.0)],
    ),
    "no rows": (up_to_permutation, [], []),
    "a number": (up_to_permutation, 3.0, 3.0),
    "another basis": (
        same_subspace,
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
        [[2.0, 3.0, 0.0], [-1.0, 1.0, 0.0]],
    ),
    "a basis of another scale": (
        same_subspace,
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
        [[1e6, 1e6, 0.0], [1e-6, -1e-6, 0.0]],
    ),
    "a direction": (same_subspace, [1.0, 2.0], [-2.0, -4.0]),
}


@pytest.mark.parametrize(("mark", "expected", "got"), RIGHT.values(), ids=RIGHT)
def test_what_a_mark_allows_passes(mark, expected, got):
    assert said(mark, expected, got) == ""


WRONG = {
    "one entry negated": (up_to_sign, V, [[3.0, 4.0, 0.0], [0.0, 1.0, 2.0]]),
    "one entry of a vector negated": (up_to_sign, [1.0, -2.0], [1.0, 2.0]),
    "rows swapped": (up_to_sign, V, V[::-1]),
    "entries exchanged between rows": (
        up_to_permutation,
        [[1.0, 2.0], [3.0, 4.0]],
        [[1.0, 4.0], [3.0, 2.0]],
    ),
    "a row used twice": (
        up_to_permutation,
        [[v] for v in (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0)],
        [[v] for v in (1.0, 1.0, 3.0, 4.0, 5.0, 6.0, 7.0)],
    ),
    "an infinite row used twice": (
        up_to_permutation,
        [[v] for v in (math.inf, 2.0, 3.0, 4.0, 5.0, 6.0, math.inf)],
        [[v] for v in (math.inf, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0)],
    ),
    "another plane": (
        same_subspace,
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
        [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]],
    ),
    "a line for a plane": (
        same_subspace,
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
        [[1.0, 1.0, 0.0], [2.0, 2.0, 0.0]],
    ),
    "a plane for a line": (
        same_subspace,
        [[1.0, 0.0, 0.0], [2.0, 0.0, 0.0]],
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]],
    ),
    "zero for a line": (same_subspace, [1.0, 2.0], [0.0, 0.0]),
    "infinity for a line": (same_subspace, [1.0, 2.0], [1.0, math.inf]),
    "the last bit": (exact, [1.0, 2.0], [1.0, 2.0 + 2**-51]),
}


@pytest.mark.parametrize(("mark", "expected", "got"), WRONG.values(), ids=WRONG)
def test_what_a_mark_does_not_allow_fails(mark, expected, got):
    assert said(mark, expected, got).startswith("the output is wrong in ")


def test_booleans_may_be_permuted():
    run = lambda f, rng: up_to_permutation(f(rng.normal(4)))  # noqa: E731
    result = trial(lambda x: x > x.mean(), lambda x: (x > x.mean()).flip(0), run)
    assert result.verdict == Verdict.PASSED


def test_samples_of_the_same_distribution_pass():
    run = lambda f, rng: same_distribution(f(rng.generator(), rng))  # noqa: E731
    result = trial(
        lambda g, rng: torch.randn(4000, generator=g).to(rng.dtype).to(rng.device),
        lambda g, rng: -torch.randn(3000, generator=g).to(rng.dtype).to(rng.device),
        run,
    )
    assert result.verdict == Verdict.PASSED


def test_samples_of_another_distribution_fail():
    def run(f, rng):
        rng.normal(1)
        return same_distribution(f(rng.generator()))

    result = trial(
        lambda g: torch.randn(4000, generator=g),
        lambda g: 1.3 * torch.randn(4000, generator=g),
        run,
        without=("device", "float64"),
    )
    (case,) = result.cases
    assert case.mismatch.sentence == (
        "the output does not follow the right distribution"
    )
    assert (case.mismatch.expected, case.mismatch.got) == (
        "mean -0.002266, std 1.003",
        "mean -0.002946, std 1.304",
    )


def test_gradients_are_contracted_with_weights_that_hide_nothing():
    """The gradient of a plain sum over a softmax would be zero."""
    x = torch.arange(3.0, requires_grad=True)
    assert bool((gradient(x.softmax(0), x).abs() > 1e-3).all())


def test_gradients_of_several_inputs_come_as_a_list():
    x, y = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    first, second = gradient(2 * x, x, y)
    assert first.shape == (2,)
    assert second.judge == "cut"


# Judges of a case


def far_enough(got, expected, secret):
    got.sort()  # a judge may spoil what it was given
    return None if got[-1] > secret else f"too near: {got[-1]}"


def secret_of(rng):
    return [1, 2], 5


def with_a_judge(answer):
    return trial(
        lambda given: [4, 9, 1],
        answer,
        lambda f, rng, given: f(given),
        judge=far_enough,
        given=secret_of,
    )


def test_a_judge_decides_alone():
    assert with_a_judge(lambda given: [7, *given]).verdict == Verdict.PASSED


def test_a_judges_complaint_is_the_sentence():
    assert complaint(with_a_judge(lambda given: given)) == "too near: 2"


def test_a_judge_that_stumbles_leaves_it_to_the_comparison():
    result = with_a_judge(lambda given: "far")
    assert complaint(result) == "the output has the wrong structure"


def test_a_judge_that_stumbles_over_the_right_structure_asks_for_another_form():
    result = with_a_judge(lambda given: [4, 9, "one"])
    assert complaint(result) == "output[2] has the wrong type"


@pytest.mark.parametrize(
    ("judge", "value", "text"),
    [
        (at_least, 0.95, None),
        (at_least, 0.9, "share of hits is too low: 0.9, at least 0.95 needed"),
        (at_least, math.nan, "share of hits is too low: nan, at least 0.95 needed"),
        (at_most, 0.95, None),
        (at_most, 0.96, "share of hits is too high: 0.96, at most 0.95 allowed"),
        (at_most, math.nan, "share of hits is too high: nan, at most 0.95 allowed"),
    ],
)
def test_a_figure_has_to_reach_its_threshold(judge, value, text):
    def share_of_hits(got, secret):
        return value

    assert judge(share_of_hits, 0.95)(None, None, None) == text
