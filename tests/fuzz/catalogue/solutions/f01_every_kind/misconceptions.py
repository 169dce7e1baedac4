"""Wrong answers, one to each exercise; some only in a variant."""

import torch


def _off(x):
    if isinstance(x, str):
        return x + "0"
    if getattr(x, "dtype", None) == torch.bool:
        return ~x
    return 3 * x + 1000


def shown__off(x):
    """Every value is wrong."""
    return _off(x)


def marked__off(x):
    """Every value is wrong."""
    return _off(x) * torch.arange(1, x.numel() + 1).reshape(x.shape) ** 2


def sampled__off(x):
    """Every value is wrong."""
    return _off(x)


def judged__off(x):
    """Every value is wrong."""
    return _off(x.argmax(dim=1))


def counted__off(x):
    """Every value is wrong."""
    return _off(x)
