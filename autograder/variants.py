"""The ways in which each case is run.

Leaves out how a variant is made: `rng` draws in its dtype, layout and device.
"""

from dataclasses import dataclass, replace
from typing import Literal

Backend = Literal["torch", "numpy"]


@dataclass(frozen=True)
class Variant:
    """One way to run a case; `title` completes the sentence "wrong ..."."""

    name: str
    title: str
    dtype: Literal["float32", "float64"] = "float32"
    strided: bool = False
    moved: bool = False
    watched: bool = False
    jitter: int = 0  # not 0: what is drawn is off by a rounding error
    grain: float = 2.0**-23  # how large that error is: float32's or float64's eps


PLAIN = Variant("plain", "on plain input", watched=True)
AGAIN = Variant("again", "when it is called a second time")
FLOAT64 = Variant("float64", "with float64 input", dtype="float64")
STRIDED = Variant("strided", "with non-contiguous input", strided=True)
DEVICE = Variant("device", "with input on a GPU", moved=True)

VARIANTS = {v.name: v for v in (PLAIN, AGAIN, FLOAT64, STRIDED, DEVICE)}
# Only the reference is run with these, to measure how a case amplifies rounding.
JITTERED = tuple(
    Variant("jittered", "with rounded input", dtype="float64", jitter=i)
    for i in (1, 2, 3)
)
FINELY_JITTERED = tuple(replace(v, grain=2.0**-52) for v in JITTERED)


def variants_of(backend: Backend, without: tuple[str, ...] = ()) -> tuple[Variant, ...]:
    """The variants of an exercise, plain first."""
    left_out = {*without, *(("device",) if backend == "numpy" else ())}
    return tuple(v for v in VARIANTS.values() if v.name not in left_out)
