"""Checks with a case for each way in which values are compared."""

from autograder import (
    Exercise,
    at_least,
    exact,
    gradient,
    same_distribution,
    same_subspace,
    up_to_permutation,
    up_to_sign,
)

shown = Exercise("shown", points=4)


@shown.case
def a_matrix(shown, rng):
    """The matrix."""
    return shown(rng.normal(4, 4))


@shown.case
def a_nest(shown, rng):
    """Values of every kind in a nest."""
    x = rng.normal(3)
    number = float(x[0].double())
    return {
        "halves": shown(x.half()),
        "whole": shown(rng.integers(5, 90, 2, 3)),
        "masks": [shown(rng.mask(7)), shown(rng.mask(2, 2))],
        "complex": shown(rng.normal(2, 2) * (1 + 2j)),
        "scalar": shown(x.sum()),
        "number": shown(number),
        "text": shown(f"{number:.3f}"),
        "nothing": None,
        "empty": shown(rng.normal(0, 3)),
    }


@shown.case
def slopes(shown, rng):
    """The gradient."""
    x = rng.normal(3, 2, grad=True)
    return gradient(shown(x), x)


marked = Exercise("marked", points=3)


@marked.case
def bit_for_bit(marked, rng):
    """The very same numbers."""
    return exact(marked(rng.normal(5)))


@marked.case
def signs(marked, rng):
    """Rows up to their signs."""
    return up_to_sign(marked(rng.normal(3, 4)))


@marked.case
def orders(marked, rng):
    """Rows in any order, few and many."""
    few, many = marked(rng.normal(4, 2)), marked(rng.normal(9, 2))
    return [up_to_permutation(few), up_to_permutation(many)]


@marked.case
def spaces(marked, rng):
    """Rows that span the same plane."""
    return same_subspace(marked(rng.normal(2, 5)))


sampled = Exercise("sampled", points=2)


@sampled.case
def samples(sampled, rng):
    """Samples of a distribution."""
    return same_distribution(sampled(rng.normal(200)))


def labels_of_the_test(rng):
    """Inputs, and labels that stay secret."""
    x = rng.normal(64, 3)
    return x, x.argmax(dim=1)


def accuracy(got, secret):
    """The share of the labels that were found."""
    return (got == secret).double().mean()


judged = Exercise("judged", points=1)


@judged.case(given=labels_of_the_test, judge=at_least(accuracy, 0.9))
def prediction(judged, given):
    """Nine labels of ten."""
    return judged(given)


counted = Exercise("counted", points=2, backend="numpy")


@counted.case
def arrays(counted, rng):
    """An array and its sum."""
    x = rng.normal(3, 4)
    return [counted(x), counted(x.sum())]


@counted.case(hidden=True)
def whole_number(counted, rng):
    """A whole number."""
    return counted(rng.integer(1000, 9000))
