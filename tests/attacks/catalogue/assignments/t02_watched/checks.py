"""Checks with what the toy has not: a forbidden call, secret labels, samples."""

from autograder import Exercise, at_least, same_distribution

total = Exercise("total", points=2, forbid=("aten::sum",))


@total.case
def of_a_row(total, rng):
    """The sum of a row."""
    return total(rng.normal(7))


sides = Exercise("sides", points=2)


def points_and_labels(rng):
    """Points on both sides of a line; which side stays secret."""
    x = rng.normal(200, 2)
    return x, (x[:, 0] > x[:, 1]).long()


def accuracy(got, secret):
    return (got == secret).double().mean()


@sides.case(given=points_and_labels, judge=at_least(accuracy, 0.9))
def unseen_points(sides, given):
    """Nine of ten points are put on the right side."""
    return sides(given)


noise = Exercise("noise", points=2, without=("float64", "strided", "device"))


@noise.case
def a_thousand(noise, rng):
    """A thousand standard normal numbers."""
    return same_distribution(noise(1000, rng.generator()))
