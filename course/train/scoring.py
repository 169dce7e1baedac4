"""Loss and accuracy of a model on data.

Letters: N examples, B batch size, K classes.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course.data import minibatches
from course.train.inputs import Data, tensors


def score(
    model: nn.Module,
    images: Data,
    batch_size: int = 512,
    loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
) -> dict[str, float]:
    """Measure `model` in evaluation mode, where it is, and leave its mode as it was.

    Args:
        model: x (B, ...) -> (B, K, ...) logits, or whatever `loss` takes.
        images: `Images`, or a pair of tensors (N, ...) and (N, ...).
        batch_size: only memory and speed depend on it.
        loss: (model output, y) -> () mean over the batch.

    Returns:
        {"loss": mean over the N examples}, and "accuracy" if y holds classes.
    """
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    x, y = tensors(images, device)
    totals = Totals()
    with evaluating(model), torch.no_grad():
        for xb, yb in minibatches(x, y, batch_size=batch_size, shuffle=False):
            output = model(xb)
            totals.add(loss(output, yb), output, yb)
    return totals.means()


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Put `model` in evaluation mode; afterwards each part has its own mode again."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


class Totals:
    """Sums over the examples of an epoch, kept on the device until they are read.

    Reading a number from a GPU waits for it: once an epoch, not once a batch.
    """

    def __init__(self) -> None:
        self.count = 0
        self.answers = 0
        self.loss: Tensor | float = 0.0
        self.right: Tensor | float = 0.0

    def add(self, loss: Tensor, output: Any, y: Tensor) -> None:
        """Count one batch.

        Args:
            loss: () mean over the batch.
            output: (B, K, ...) logits; for anything else no accuracy is counted.
            y: (B, ...) int64 classes; for anything else no accuracy is counted.
        """
        self.count += len(y)
        # Half precision would lose the sum's last digits, or overflow.
        wide = torch.promote_types(loss.dtype, torch.float32)
        self.loss = self.loss + loss.detach().to(wide) * len(y)
        if _are_logits(output, y):
            self.answers += y.numel()
            self.right = self.right + (output.argmax(1) == y).sum()

    def means(self) -> dict[str, float]:
        """Return the mean loss and, if classes were counted, the accuracy."""
        means = {"loss": float(self.loss) / self.count}
        if self.answers:
            means["accuracy"] = float(self.right) / self.answers
        return means


def _are_logits(output: object, y: Tensor) -> bool:
    """Tell whether output (B, K, ...) has a score per class for y (B, ...)."""
    if not isinstance(output, Tensor) or output.ndim < 2 or y.is_floating_point():
        return False
    return output.shape[:1] + output.shape[2:] == y.shape
