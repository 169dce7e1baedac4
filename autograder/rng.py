"""Seeded inputs: drawn in float64 on the CPU, then cast, laid out and moved.

CPU and GPU, float32 and float64 therefore see the same numbers.
"""

import hashlib
import zlib
from typing import Any

import numpy as np
import torch

from .devices import GPU, move
from .variants import Backend, Variant

Array = Any  # torch.Tensor or numpy.ndarray, as the exercise's backend says


def case_seed(seed: int | str, *names: str) -> int:
    """A seed of its own for each case, so that no case shifts another's numbers."""
    text = "/".join((str(seed), *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big")


def strided(array: Array) -> Array:
    """The same values on every second place of a wider buffer; differentiable.

    The buffer's rows are one place longer, so that no two axes can be viewed as one.
    """
    if isinstance(array, torch.Tensor):
        if array.dim() == 0:
            return array
        wide = torch.stack((array, torch.zeros_like(array)), -1).flatten(-2)
        return torch.nn.functional.pad(wide, (0, 1))[..., :-1:2]
    if array.ndim == 0:
        return array
    buffer = np.zeros((*array.shape[:-1], 2 * array.shape[-1] + 1), array.dtype)
    buffer[..., :-1:2] = array
    return buffer[..., :-1:2]


class Rng:
    """Draws the inputs of one case.

    Attributes:
        dtype: floating dtype of the variant (torch.dtype, or numpy.dtype).
        device: device of the variant, "cpu" for NumPy.
        drawn: every array that was drawn.
        scale: size of what was drawn: of the largest number in each array, the
            smallest that is not 0 (noted in jittered runs only).
    """

    def __init__(self, seed: int, variant: Variant, backend: Backend) -> None:
        self._seed = seed
        self._generator = np.random.default_rng(seed)
        self._filled = 0  # modules
        self._variant = variant
        self._backend = backend
        self.drawn: list[Array] = []
        self.scale = 0.0
        self.dtype: Any = (
            getattr(torch, variant.dtype)
            if backend == "torch"
            else np.dtype(variant.dtype)
        )
        self.device: Any = GPU if variant.moved else "cpu"

    def normal(
        self, *shape: int, mean: float = 0.0, std: float = 1.0, grad: bool = False
    ) -> Array:
        """Normal numbers of the given shape."""
        return self._made(self._shaken(self._generator.normal(mean, std, shape)), grad)

    def uniform(
        self, *shape: int, low: float = 0.0, high: float = 1.0, grad: bool = False
    ) -> Array:
        """Uniform numbers in [low, high)."""
        return self._made(self._shaken(self._generator.uniform(low, high, shape)), grad)

    def integers(self, low: int, high: int, *shape: int) -> Array:
        """Integers (int64) in [low, high)."""
        return self._made(self._generator.integers(low, high, shape))

    def mask(self, *shape: int, p: float = 0.5) -> Array:
        """Booleans that are True with probability p."""
        return self._made(self._generator.random(shape) < p)

    def permutation(self, n: int) -> Array:
        """A permutation of 0..n-1 (int64)."""
        return self._made(self._generator.permutation(n))

    def array(self, values: Any, grad: bool = False) -> Array:
        """Literal values, cast, laid out and moved like drawn ones."""
        return self._made(np.array(values), grad)

    def integer(self, low: int, high: int) -> int:
        """One Python int in [low, high)."""
        return int(self._generator.integers(low, high))

    def number(self, low: float, high: float) -> float:
        """One Python float in [low, high)."""
        return float(self._generator.uniform(low, high))

    def generator(self) -> Any:
        """A seeded generator to hand to the answer (on the CPU)."""
        seed = self.integer(0, 2**31)
        if self._backend == "numpy":
            return np.random.default_rng(seed)
        return torch.Generator().manual_seed(seed)

    def fill(self, module: torch.nn.Module, std: float = 1.0) -> torch.nn.Module:
        """Drawn numbers in every parameter and buffer of a module, which is returned.

        In place, in the variant's dtype and on its device. Parameters are normal with
        that deviation, floating buffers uniform in [0.5, 1.5). What a tensor gets
        depends on its name and shape, and on how many modules were filled before in
        the case: not on the order of registration, and two modules that are built
        alike get different numbers.
        """
        module.to(device=self.device, dtype=self.dtype)
        with torch.no_grad():
            for name, weight in module.named_parameters():
                own = self._generator_of(name)
                weight.copy_(self._made(self._shaken(own.normal(0, std, weight.shape))))
            for name, buffer in module.named_buffers():
                if buffer.is_floating_point():
                    own = self._generator_of(name)
                    drawn = own.uniform(0.5, 1.5, buffer.shape)
                    buffer.copy_(self._made(self._shaken(drawn)))
        self._filled += 1
        return module

    def _generator_of(self, name: str) -> np.random.Generator:
        key = (self._seed, self._filled, zlib.crc32(name.encode()))
        return np.random.default_rng(key)

    def _shaken(self, values: Any) -> Any:
        """The values, in a jittered run off by a rounding error; never literals,
        which may be chosen to lie on an edge."""
        variant = self._variant
        if not variant.jitter:
            return values
        rounding = np.random.default_rng((variant.jitter, len(self.drawn)))
        return values * (1 + variant.grain * rounding.uniform(-1, 1, np.shape(values)))

    def _made(self, values: Any, grad: bool = False) -> Array:
        values = np.asarray(values)
        floating = values.dtype.kind == "f"
        if self._variant.jitter and floating and values.size:
            self._note(float(np.abs(values).max()))
        if self._backend == "numpy":
            made: Array = values.astype(self.dtype) if floating else values
            made = strided(made) if self._variant.strided else made
            self.drawn.append(made)
            return made
        made = torch.from_numpy(np.array(values))
        made = made.to(self.dtype) if floating else made
        made = strided(made) if self._variant.strided else made
        made = move(made) if self._variant.moved else made
        made = made.requires_grad_() if grad else made
        self.drawn.append(made)
        return made

    def _note(self, largest: float) -> None:
        if largest:
            self.scale = min(self.scale or largest, largest)
