"""Answers of the watched assignment."""

import torch


def total(x: torch.Tensor) -> torch.Tensor:
    """Add up the numbers in x (N,)."""
    return x @ torch.ones_like(x)


def sides(x: torch.Tensor) -> torch.Tensor:
    """Return 1 for the points of x (N, 2) right of the diagonal, else 0."""
    return (x[:, 0] > x[:, 1]).long()


def noise(n: int, generator: torch.Generator) -> torch.Tensor:
    """Draw n standard normal numbers."""
    return torch.randn(n, generator=generator)
