"""The engine that judges answers. It knows no single assignment."""

from .check import check
from .exercise import Exercise, Written, at_least, at_most
from .marks import (
    close,
    exact,
    gradient,
    same_distribution,
    same_subspace,
    up_to_permutation,
    up_to_sign,
)

__all__ = [
    "Exercise",
    "Written",
    "at_least",
    "at_most",
    "check",
    "close",
    "exact",
    "gradient",
    "same_distribution",
    "same_subspace",
    "up_to_permutation",
    "up_to_sign",
]
