"""A plain convolutional network for small images.

Letters: N images, C input channels, F output channels, H height, W width, K classes.

Left out: skip connections, strides and attention.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from course.errors import ArgumentError

Activation = Callable[[], nn.Module]


class ConvStage(nn.Module):
    """Convolution, batch normalisation, activation; height and width stay.

    The convolution has no bias: the normalisation would take it away again.

    Args:
        inputs: C.
        outputs: F.
        kernel: height and width of the kernel, odd.
        activation: called without arguments, for instance `nn.ReLU`.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 3,
        activation: Activation = nn.ReLU,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        if kernel % 2 == 0:
            raise ArgumentError(
                "ConvStage keeps height and width, which needs an odd kernel, "
                f"but got kernel={kernel}.\n"
                f"Next step: use kernel={kernel + 1}."
            )
        self.conv = nn.Conv2d(
            inputs,
            outputs,
            kernel,
            padding=kernel // 2,
            bias=False,
            device=device,
            dtype=dtype,
        )
        self.norm = nn.BatchNorm2d(outputs, device=device, dtype=dtype)
        self.activation = activation()

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W) to (N, F, H, W)."""
        x = self.norm(self.conv(x))
        return self.activation(x)  # type: ignore[no-any-return]


class PoolHead(nn.Module):
    """Average over all places, then a linear map: any image size will do.

    Source: Lin, Chen and Yan, Network in Network (arXiv:1312.4400).

    Args:
        inputs: C.
        classes: K.
        dropout: the share of channel means that is dropped in training.
    """

    def __init__(
        self,
        inputs: int,
        classes: int,
        dropout: float = 0.0,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(inputs, classes, device=device, dtype=dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W) to logits (N, K)."""
        x = x.mean((2, 3))  # (N, C)
        return self.linear(self.dropout(x))  # type: ignore[no-any-return]


class ConvNet(nn.Module):
    """One convolution stage for each entry of `channels`, halving in between.

    `ConvNet([16, 32, 64], classes=10, in_channels=3)` on images of 32×32 has feature
    maps of 16×32×32, 32×16×16 and 64×8×8.

    Args:
        channels: F of each stage.
        classes: K.
        in_channels: C, 1 for grey and 3 for colour images.
        kernel: height and width of every kernel, odd.
        activation: called without arguments, for instance `nn.ReLU`.
        dropout: before the last linear map.

    Raises:
        ArgumentError: no channels, or an even kernel.
    """

    def __init__(
        self,
        channels: Sequence[int],
        classes: int,
        in_channels: int = 1,
        kernel: int = 3,
        activation: Activation = nn.ReLU,
        dropout: float = 0.0,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        if not channels:
            raise ArgumentError(
                "ConvNet wants the channels of at least one stage, but got none.\n"
                "Next step: write for instance ConvNet([16, 32], classes=10)."
            )
        self.channels = (in_channels, *channels)
        self.stages = nn.ModuleList(
            ConvStage(*pair, kernel, activation, device=device, dtype=dtype)
            for pair in pairwise(self.channels)
        )
        self.pool = nn.MaxPool2d(2)
        self.head = PoolHead(channels[-1], classes, dropout, device=device, dtype=dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W) to logits (N, K)."""
        return self.head(self.features(x))  # type: ignore[no-any-return]

    def features(self, x: Tensor) -> Tensor:
        """Map x (N, C, H, W) to the last stage's (N, F, H/2^(S-1), W/2^(S-1))."""
        for i, stage in enumerate(self.stages):
            if i:
                x = self.pool(x)  # (N, F, H/2, W/2)
            x = stage(x)
        return x

    def extra_repr(self) -> str:
        """State the channels."""
        return f"channels {' → '.join(map(str, self.channels))}"
