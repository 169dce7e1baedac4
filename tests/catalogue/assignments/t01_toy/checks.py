"""Checks of the toy assignment that the grading tests use."""

from autograder import Exercise, Written

softmax = Exercise("softmax", points=2)


@softmax.case
def rows_sum_to_one(softmax, rng):
    """Each row is a probability distribution."""
    return softmax(rng.normal(3, 5))


@softmax.case
def large_logits(softmax, rng):
    """Large logits do not overflow."""
    return softmax(1e4 * rng.normal(4, 6))


@softmax.case(hidden=True)
def one_row(softmax, rng):
    """A single row works as well."""
    return softmax(rng.normal(1, 7))


center = Exercise("center", points=3, backend="numpy")


@center.case
def columns(center, rng):
    """Every column has mean zero."""
    return center(rng.normal(5, 3))


@center.case
def a_single_row(center, rng):
    """A single row becomes zero."""
    return center(rng.normal(1, 4))


double = Exercise("double", points=1)


@double.case
def numbers(double, rng):
    """Twice the number."""
    return double(rng.integer(3, 90))


why = Written("why", points=2)
