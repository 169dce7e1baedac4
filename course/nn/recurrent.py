"""A recurrent network for small sequence problems, around torch's own cells.

Letters: N sequences, T steps, D inputs, H hidden units, K outputs.

Left out: several layers, both directions and packed sequences.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from course.errors import ArgumentError

State = Tensor | tuple[Tensor, Tensor]

CELLS: dict[str, Callable[..., nn.Module]] = {
    "rnn": nn.RNN,
    "lstm": nn.LSTM,
    "gru": nn.GRU,
}


class Recurrent(nn.Module):
    """A recurrent layer whose state is read out by a linear map at every step.

    The state is handed over, so that a long sequence can be processed piece by piece.

    Args:
        kind: "rnn" (tanh), "lstm" or "gru".
        inputs: D.
        hidden: H.
        outputs: K.

    Raises:
        ArgumentError: another kind.
    """

    def __init__(
        self,
        kind: str,
        inputs: int,
        hidden: int,
        outputs: int,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        if kind not in CELLS:
            raise ArgumentError(
                f"Recurrent knows the kinds {', '.join(CELLS)}, but got {kind!r}.\n"
                "Next step: write for instance Recurrent('lstm', 2, 32, 1)."
            )
        self.kind = kind
        self.cell = CELLS[kind](
            inputs, hidden, batch_first=True, device=device, dtype=dtype
        )
        self.output = nn.Linear(hidden, outputs, device=device, dtype=dtype)

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Map x (N, T, D) to outputs (N, T, K) and the state after the last step.

        The state is a tensor (1, N, H), for "lstm" a pair (h, c) of such tensors;
        None starts from zeros.
        """
        h, state = self.cell(x, state)  # (N, T, H)
        return self.output(h), state
