"""Wrong answers to the toy assignment."""

import torch


def softmax__no_shift(z):
    """You do not subtract the largest logit, so exp overflows."""
    e = torch.exp(z)
    return e / e.sum(dim=1, keepdim=True)


def softmax__wrong_axis(z):
    """You normalise over the samples; normalise over the classes."""
    return torch.softmax(z, dim=0)


def softmax__in_place(z):
    """You change the caller's logits."""
    z -= z.max(dim=1, keepdim=True).values
    e = torch.exp(z)
    return e / e.sum(dim=1, keepdim=True)


def center__whole_mean(x):
    """You subtract one mean of all numbers; each column has its own."""
    return x - x.mean()


def center__rows(x):
    """You centre the rows; centre the columns."""
    return x - x.mean(1, keepdims=True)


def center__scaled(x):
    """You divide by the standard deviation, too; only centre."""
    return (x - x.mean(0)) / (x.std(0) + 1)


def double__square(n):
    """You square instead of doubling."""
    return n * n


def double__plus_two(n):
    """You add two instead of multiplying by it."""
    return n + 2


def double__as_text(n):
    """You repeat the digits as text."""
    return str(n) * 2
