"""The engine that judges answers. It knows no single assignment.

The names below are imported when they are first asked for: the command line can then
start its processes before torch is there.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .checking import check
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

_MODULES = {"check": "checking"} | dict.fromkeys(
    ("Exercise", "Written", "at_least", "at_most"), "exercise"
)


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_MODULES.get(name, 'marks')}", __name__), name)


def __dir__() -> list[str]:
    return __all__
