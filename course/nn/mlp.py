"""A multi-layer perceptron.

Letters: N examples, D input features, H hidden units, K outputs.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from course.errors import ArgumentError

Activation = Callable[[], nn.Module]


class HiddenLayer(nn.Module):
    """Linear map, activation, dropout.

    Args:
        inputs: D.
        outputs: H.
        activation: called without arguments, for instance `nn.ReLU`.
        dropout: the share of outputs that is dropped in training.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        activation: Activation = nn.ReLU,
        dropout: float = 0.0,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs, device=device, dtype=dtype)
        self.activation = activation()
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, D) to (N, H)."""
        x = self.activation(self.linear(x))
        return self.dropout(x)  # type: ignore[no-any-return]


class MLP(nn.Module):
    """Hidden layers and a linear map at the end; images are flattened first.

    Args:
        sizes: D, the hidden sizes, K: `MLP([784, 256, 10])` has one hidden layer.
        activation: called without arguments, for instance `nn.ReLU`.
        dropout: the share of each hidden layer that is dropped in training.

    Raises:
        ArgumentError: fewer than two sizes.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activation: Activation = nn.ReLU,
        dropout: float = 0.0,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        if len(sizes) < 2:
            raise ArgumentError(
                f"MLP wants at least two sizes, inputs and outputs, but got {sizes}.\n"
                "Next step: write for instance MLP([784, 256, 10])."
            )
        self.sizes = tuple(sizes)
        *widths, last, outputs = sizes
        self.hidden = nn.Sequential(
            *(
                HiddenLayer(*pair, activation, dropout, device=device, dtype=dtype)
                for pair in pairwise([*widths, last])
            )
        )
        self.output = nn.Linear(last, outputs, device=device, dtype=dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Map x (N, ...) with D numbers for each example to (N, K)."""
        x = x.flatten(1)  # (N, D)
        x = self.hidden(x)  # (N, H of the last hidden layer)
        return self.output(x)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        """State the sizes."""
        return " → ".join(map(str, self.sizes))
