"""Generated pictures: five shapes, plain or striped, in any colour and place.

Letters: N pictures of 32×32 pixels.

Colours of figure and ground are drawn at random, so neither a pixel nor a colour
gives the class away: a linear classifier stays weak, a small convolutional network
does not. Boxes and masks come along, for detection and segmentation.

Each shape is a signed distance to its outline, in pixels, in the shape's own turned
coordinates: negative inside, and smooth edges come for free.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from course.data.images import Images
from course.errors import ArgumentError

SIZE = 32
NOISE = 0.03
TILT = 0.3  # radians to either side
STRIPE_PERIOD = 4.0


@dataclass(frozen=True, repr=False)
class Shapes(Images):
    """Pictures of one shape each, with where it is.

    Attributes:
        boxes: (N, 4) float32, left, top, right, bottom in pixels; right and bottom
            are the far edge, so a box of one pixel is 1 wide.
        masks: (N, 32, 32) bool, True on the shape, its stripes included.
    """

    boxes: Tensor
    masks: Tensor


def shapes(n: int = 5000, seed: int = 0) -> tuple[Shapes, Shapes]:
    """Draw pictures of ten classes, `5 * striped + shape`.

    Args:
        n: pictures in all; four fifths are for training.
        seed: the same seed gives the same pictures.

    Returns:
        train: x (4n/5, 3, 32, 32), y (4n/5,), and boxes and masks.
        test: the remaining fifth.

    Raises:
        ArgumentError: fewer than five pictures.
    """
    if n < 5:
        raise ArgumentError(
            f"shapes wants n of at least 5, so that one is for testing, but got {n}.\n"
            "Next step: leave n out for 5000 pictures (half a second)."
        )
    drawn = _draw(n, torch.Generator().manual_seed(seed))
    n_test = n // 5
    return drawn.take(slice(n_test, None)), drawn.take(slice(n_test))


def _disc(u: Tensor, v: Tensor, r: Tensor) -> Tensor:
    return torch.hypot(u, v) - 0.9 * r


def _square(u: Tensor, v: Tensor, r: Tensor) -> Tensor:
    return torch.maximum(u.abs(), v.abs()) - 0.8 * r


def _triangle(u: Tensor, v: Tensor, r: Tensor) -> Tensor:
    slanted = 0.5 * math.sqrt(3) * u.abs() + 0.5 * v
    return torch.maximum(slanted, -v) - 0.6 * r


def _cross(u: Tensor, v: Tensor, r: Tensor) -> Tensor:
    u, v = u.abs(), v.abs()
    return torch.maximum(torch.maximum(u, v) - r, torch.minimum(u, v) - 0.3 * r)


def _ring(u: Tensor, v: Tensor, r: Tensor) -> Tensor:
    return (torch.hypot(u, v) - 0.75 * r).abs() - 0.2 * r


OUTLINES: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "disc": _disc,
    "square": _square,
    "triangle": _triangle,
    "cross": _cross,
    "ring": _ring,
}
CLASSES = tuple(f"{texture} {s}" for texture in ("plain", "striped") for s in OUTLINES)


def _draw(n: int, rng: Generator) -> Shapes:
    """Draw n pictures, the classes as even as n allows, in random order."""
    y = torch.arange(n)[torch.randperm(n, generator=rng)] % len(CLASSES)
    u, v, radius = _turned_grid(n, rng)
    distance = torch.empty(n, SIZE, SIZE)
    for k, outline in enumerate(OUTLINES.values()):
        mine = y % len(OUTLINES) == k
        distance[mine] = outline(u[mine], v[mine], radius[mine])
    cover = (0.5 - distance).clamp(0, 1)  # the share of the pixel that is covered
    stripes = 0.5 + 0.5 * torch.sin(2 * math.pi / STRIPE_PERIOD * u).mul(3).tanh()
    striped = (y >= len(OUTLINES)).view(n, 1, 1)
    weight = torch.where(striped, cover * (0.3 + 0.7 * stripes), cover)
    masks = distance < 0
    return Shapes(_paint(weight, rng), y, CLASSES, _boxes(masks), masks)


def _turned_grid(n: int, rng: Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Return each picture's pixel coordinates, (N, 32, 32), and radii, (N, 1, 1)."""
    radius = 8 + 4 * torch.rand(n, 1, 1, generator=rng)
    room = SIZE - 2 * radius
    centre_x = radius + room * torch.rand(n, 1, 1, generator=rng)
    centre_y = radius + room * torch.rand(n, 1, 1, generator=rng)
    angle = TILT * (2 * torch.rand(n, 1, 1, generator=rng) - 1)
    pixel = torch.arange(SIZE) + 0.5
    dx, dy = pixel.view(1, 1, -1) - centre_x, pixel.view(1, -1, 1) - centre_y
    u = angle.cos() * dx + angle.sin() * dy
    v = angle.cos() * dy - angle.sin() * dx
    return u, v, radius


def _paint(weight: Tensor, rng: Generator) -> Tensor:
    """Mix two colours by weight (N, 32, 32) into (N, 3, 32, 32), with noise."""
    n = len(weight)
    ground = torch.rand(n, 3, 1, 1, generator=rng)
    # Half a turn round the colour cube keeps the figure visible, lighter or darker.
    shift = 0.35 + 0.3 * torch.rand(n, 3, 1, 1, generator=rng)
    figure = (ground + shift) % 1
    weight = weight.unsqueeze(1)
    x = ground + weight * (figure - ground)
    return x.add_(NOISE * torch.randn(x.shape, generator=rng)).clamp_(0, 1)


def _boxes(masks: Tensor) -> Tensor:
    """Return the smallest boxes, (N, 4) float32, round masks (N, H, W)."""
    columns, rows = masks.any(1).float(), masks.any(2).float()
    ends = [
        columns.argmax(1),
        rows.argmax(1),
        columns.shape[1] - columns.flip(1).argmax(1),
        rows.shape[1] - rows.flip(1).argmax(1),
    ]
    return torch.stack(ends, dim=1).float()
