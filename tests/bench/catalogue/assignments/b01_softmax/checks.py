"""Five small exercises around softmax, to measure what grading itself costs."""

from autograder import Exercise

softmax = Exercise("softmax", points=1)


@softmax.case
def rows_are_distributions(softmax, rng):
    """Each row is a probability distribution."""
    return softmax(rng.normal(3, 5))


@softmax.case
def large_logits(softmax, rng):
    """Large logits do not overflow."""
    return softmax(1e4 * rng.normal(4, 6))


log_softmax = Exercise("log_softmax", points=1)


@log_softmax.case
def logarithms(log_softmax, rng):
    """The logarithms of the probabilities, row by row."""
    return log_softmax(rng.normal(3, 5))


@log_softmax.case
def small_probabilities(log_softmax, rng):
    """A tiny probability has a finite logarithm."""
    return log_softmax(1e3 * rng.normal(2, 4))


cross_entropy = Exercise("cross_entropy", points=1)


@cross_entropy.case
def mean_over_samples(cross_entropy, rng):
    """The mean over the samples, not their sum."""
    return cross_entropy(rng.normal(6, 4), rng.integers(0, 4, 6))


cross_entropy_gradient = Exercise("cross_entropy_gradient", points=1)


@cross_entropy_gradient.case
def in_the_logits(cross_entropy_gradient, rng):
    """The derivative of the mean cross-entropy in each logit."""
    return cross_entropy_gradient(rng.normal(5, 3), rng.integers(0, 3, 5))


soften = Exercise("soften", points=1)


@soften.case
def temperatures(soften, rng):
    """A higher temperature makes the distribution flatter."""
    z = rng.normal(4, 3)
    return [soften(z, t) for t in (0.5, 1.0, 4.0)]
