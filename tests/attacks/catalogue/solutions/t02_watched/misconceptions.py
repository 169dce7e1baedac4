"""Wrong answers to the watched assignment."""

import torch


def total__mean(x):
    """You divide by the number of numbers."""
    return x.mean()


def sides__other(x):
    """You take the other side."""
    return (x[:, 0] < x[:, 1]).long()


def noise__uniform(n, generator):
    """You draw uniform numbers."""
    return torch.rand(n, generator=generator)
