"""What a caller gives to `fit`, checked and brought into one form.

Letters: N examples.
"""

import torch
from torch import Tensor, nn

from course.data import Images
from course.errors import ArgumentError

Pair = tuple[Tensor, Tensor]
Data = Images | Pair


def tensors(data: Data, device: torch.device) -> Pair:
    """Return x (N, ...) and y (N, ...) of `data` on `device`.

    On CUDA, images are laid out channels-last, which its convolutions prefer.

    Raises:
        ArgumentError: no example, or not one target for each input.
    """
    x, y = (data.x, data.y) if isinstance(data, Images) else data
    if len(x) != len(y) or len(x) == 0:
        raise ArgumentError(
            "Training data are as many inputs as targets, at least one, "
            f"but got x {tuple(x.shape)} and y {tuple(y.shape)}.\n"
            "Next step: check that x and y come from the same part of the data."
        )
    x, y = x.to(device), y.to(device)
    if device.type == "cuda" and x.ndim == 4:
        x = x.contiguous(memory_format=torch.channels_last)
    return x, y


def place(
    model: nn.Module, train: Data, test: Data | None, device: torch.device
) -> tuple[Pair, Pair | None]:
    """Move a model and its data to `device`; return the data as pairs (x, y)."""
    x, y = tensors(train, device)
    model.to(device)
    if device.type == "cuda" and x.ndim == 4:
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return (x, y), None if test is None else tensors(test, device)


def check_run(epochs: int, batch_size: int, patience: int | None, tested: bool) -> None:
    """Refuse settings that mean nothing.

    Raises:
        ArgumentError: a number below one, or patience without test data.
    """
    if epochs < 1 or batch_size < 1:
        raise ArgumentError(
            "fit wants at least one epoch and a batch_size of at least 1, "
            f"but got epochs={epochs} and batch_size={batch_size}.\n"
            "Next step: pass positive numbers."
        )
    if patience is not None and (patience < 1 or not tested):
        raise ArgumentError(
            "patience counts epochs without a better test result: it is at least 1 "
            f"and needs test data, but got patience={patience} "
            f"and {'test data' if tested else 'no test data'}.\n"
            "Next step: call fit(model, train, test, patience=5), "
            "with a validation part as test."
        )
