"""Labelled images, held as whole tensors.

Letters: N images, C channels, H height, W width, M how many are taken.

A small data set lies in memory, as tensors on the device where it is used: slicing
them is several times faster than a `DataLoader` that touches one image at a time.
Left out: images of differing sizes, and data sets larger than memory.
"""

from dataclasses import dataclass, fields, replace
from typing import Any, Self

import torch
from torch import Tensor

from course.errors import ArgumentError


@dataclass(frozen=True)
class Images:
    """Images with one class label each.

    Attributes:
        x: (N, C, H, W) float32 in [0, 1].
        y: (N,) int64, an index into `classes`.
        classes: the name of each class.
    """

    x: Tensor
    y: Tensor
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.x.ndim != 4 or self.y.shape != self.x.shape[:1]:
            raise ArgumentError(
                "Images wants x of shape (N, C, H, W) and y of shape (N,), "
                f"but got x {tuple(self.x.shape)} and y {tuple(self.y.shape)}.\n"
                "Next step: add the missing axis with x.unsqueeze(1), or cut x and y "
                "to the same length."
            )

    def __len__(self) -> int:
        return len(self.x)

    def __repr__(self) -> str:
        shape = "×".join(str(size) for size in self.x.shape[1:])
        return (
            f"{type(self).__name__}({len(self)} images of {shape}, "
            f"{len(self.classes)} classes, {self.x.device})"
        )

    @property
    def flat(self) -> Tensor:
        """The images as rows: (N, C·H·W) float32."""
        return self.x.flatten(1)

    def to(self, device: torch.device | str) -> Self:
        """Return the same images on `device`."""
        moved = {name: value.to(device) for name, value in self._tensors().items()}
        return replace(self, **moved)

    def take(self, index: Tensor | slice) -> Self:
        """Return the images that `index` names.

        Args:
            index: (M,) int64 positions, (N,) bool mask, or a slice.
        """
        taken = {name: value[index] for name, value in self._tensors().items()}
        return replace(self, **taken)

    def _tensors(self) -> dict[str, Any]:
        """Return every field with one entry per image, a subclass's own included."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: v for name, v in values.items() if isinstance(v, Tensor)}
