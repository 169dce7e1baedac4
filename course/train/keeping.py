"""Keeping the best weights, and knowing when to stop.

Source: Prechelt, Early Stopping, But When? (1998); this is the plain rule that
counts epochs since the best one.
"""

from typing import Any

from torch import Tensor, nn

from course.train.history import History


class BestWeights:
    """A copy of the weights of the best epoch; without patience it does nothing."""

    def __init__(self, model: nn.Module, patience: int | None) -> None:
        self.model = model
        self.patience = patience
        self.weights: dict[str, Tensor] = {}

    def keep(self, history: History) -> None:
        """Copy the model's weights if the last epoch is the best so far."""
        if self.patience is not None and history.best is history.rows[-1]:
            state = self.model.state_dict()
            self.weights = {name: value.clone() for name, value in state.items()}

    def gave_up(self, history: History) -> bool:
        """Tell whether the last `patience` epochs brought nothing better."""
        if self.patience is None or not history.rows:
            return False
        return history.rows[-1]["epoch"] - history.best["epoch"] >= self.patience

    def restore(self) -> None:
        """Go back to the best weights, if any were kept."""
        if self.weights:
            self.model.load_state_dict(self.weights)

    def state_dict(self) -> dict[str, Any]:
        """Return the copy, for a checkpoint."""
        return {"weights": self.weights}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over the copy of a checkpoint."""
        self.weights = state["weights"]
