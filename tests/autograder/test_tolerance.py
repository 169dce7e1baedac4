"""Tolerances are derived from the reference, never guessed."""

import pytest
import torch

from autograder.errors import AuthoringError
from autograder.exercise import Exercise
from autograder.pack import expect
from autograder.tolerance import eps_of, tolerance_of
from autograder.verdicts import Verdict

from .conftest import SEED, exercise_of, judged, on_a_matrix, trial


def allowed(reference, run, variant="plain"):
    """The largest error that is allowed, relative to the largest value."""
    exercise = exercise_of(run)
    leaf = expect(exercise, {"f": reference}, SEED).cases["case"].trees[variant]
    value = leaf.value.double()
    return float(tolerance_of(leaf, value).max() / value.abs().max())


def test_a_well_conditioned_result_is_given_few_units_in_the_last_place():
    assert allowed(torch.sin, on_a_matrix) < 128 * eps_of("float32")


def test_float64_is_held_to_its_own_precision():
    assert allowed(torch.sin, on_a_matrix, "float64") < 64 * 128 * eps_of("float64")


def test_an_ill_conditioned_result_is_given_more():
    run = lambda f, rng: f(rng.normal(50, mean=1e3))  # noqa: E731
    loose = allowed(lambda x: (x - x.mean()).pow(3).mean(), run)
    assert 1e-3 < loose < 0.1


def test_a_result_that_jumps_is_not_given_the_jump():
    """An argmax that flips on a rounding error says nothing about rounding."""

    def nearest_half(x):
        return torch.round(x * 1e7)

    run = lambda f, rng: f(rng.uniform(8))  # noqa: E731
    assert allowed(lambda x: torch.sign(x - x.median()), run) < 2e-5
    assert allowed(nearest_half, run) < 1e-4


MISTAKES = {
    "a relative error of one in ten thousand": lambda x: x * 1.0001,
    "eps in the wrong place": lambda x: x + 1e-5,
    "half precision inside": lambda x: x.half().to(x.dtype),
}


@pytest.mark.parametrize("answer", MISTAKES.values(), ids=MISTAKES)
def test_small_mistakes_are_seen(answer):
    result = trial(lambda x: x.clone(), answer, on_a_matrix)
    assert result.verdict == Verdict.FAILED


def test_a_wrong_answer_is_seen_where_inputs_are_huge():
    run = lambda f, rng: f(rng.normal(4, std=1e25), rng.normal(4))  # noqa: E731
    result = trial(lambda x, y: 0 * y, lambda x, y: 0 * y + 0.1, run)
    assert result.verdict == Verdict.FAILED


def test_a_wrong_answer_is_seen_where_outputs_are_tiny():
    run = lambda f, rng: f(rng.normal(4))  # noqa: E731
    result = trial(lambda x: 1e-12 * x, lambda x: 0 * x, run)
    assert result.verdict == Verdict.FAILED


def test_half_precision_has_its_own_tolerance():
    result = trial(
        lambda x: (x * x).to(torch.float16),
        lambda x: x.to(torch.float16) * x.to(torch.float16),
        on_a_matrix,
    )
    assert result.verdict == Verdict.PASSED


def test_different_structures_in_float32_and_float64_are_the_authors_mistake():
    exercise = exercise_of(
        lambda f, rng: [f(rng.normal(2))] * (2 if rng.dtype == torch.float32 else 3)
    )
    with pytest.raises(AuthoringError) as caught:
        expect(exercise, {"f": torch.sin}, SEED)
    assert str(caught.value) == (
        "case 'case' of f returns different structures in float32 and float64; return "
        "the same nest in every variant."
    )


def test_a_value_that_cannot_be_compared_is_the_authors_mistake():
    exercise = exercise_of(on_a_matrix)
    with pytest.raises(AuthoringError) as caught:
        expect(exercise, {"f": lambda x: {1, 2}}, SEED)
    assert str(caught.value) == (
        "f, case 'case' on plain input: a value of type set cannot be compared; return "
        "tensors, arrays, numbers, booleans and strings."
    )


def test_seeds_give_different_inputs_to_every_case():
    exercise = Exercise("f", points=1)

    @exercise.case
    def one(f, rng):
        """One."""
        return f(rng.normal(2))

    @exercise.case
    def two(f, rng):
        """Two."""
        return f(rng.normal(2))

    values = {
        tuple(e.trees["plain"].value.tolist())
        for seed in (1, 2, "autumn")
        for e in expect(exercise, {"f": torch.clone}, seed).cases.values()
    }
    assert len(values) == 6


def test_the_same_seed_gives_the_same_inputs_in_every_variant():
    exercise = exercise_of(on_a_matrix)
    pack = expect(exercise, {"f": torch.clone}, SEED)
    trees = pack.cases["case"].trees.values()
    values = {tuple(t.value.float().flatten().tolist()) for t in trees}
    assert len(values) == 1
    assert judged(exercise, pack, torch.clone).verdict == Verdict.PASSED


def test_a_case_that_spares_answers_float64_has_its_tolerance_derived_all_the_same():
    def case(f, rng):
        """It is right."""
        return f(rng.normal(50, mean=1e3))

    def third_moment(x):
        return (x - x.mean()).pow(3).mean()

    exercise = Exercise("f", points=1)
    exercise.case(without=("float64",))(case)
    pack = expect(exercise, {"f": third_moment}, SEED)
    assert "float64" not in pack.cases["case"].trees
    leaf = pack.cases["case"].trees["plain"]
    assert leaf.tolerance > 1e-3 * abs(float(leaf.value))
    other_order = lambda x: (x.flip(0) - x.flip(0).sum() / 50).pow(3).sum() / 50  # noqa: E731
    assert judged(exercise, pack, other_order).verdict == Verdict.PASSED
