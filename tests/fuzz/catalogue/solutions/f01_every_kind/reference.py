"""Answers of the assignment of every kind."""


def shown(x):
    """Return x."""
    return x


def marked(x):
    """Return x."""
    return x


def sampled(x):
    """Return x."""
    return x


def judged(x):
    """Return the place of the largest number in each row of x."""
    return x.argmax(dim=1)


def counted(x):
    """Return x."""
    return x
