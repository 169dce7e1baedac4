"""What happened in each epoch of a training run.

Left out: anything finer than an epoch.
"""

import json
import math
from typing import Any, Self

from course.errors import ArgumentError

Row = dict[str, float]


class History:
    """One row for each epoch.

    A row holds `epoch` (from 1), `loss`, `train_accuracy` if the targets are
    classes, `test_loss` and `test_accuracy` if there was test data, `lr` (that of
    the epoch's last step) and `seconds`. Losses and accuracies of training are
    means over the epoch, taken while the model changed and with dropout on.

        history["test_loss"]   the column, as a list
        history.best           the best row
    """

    def __init__(self, rows: list[Row] | None = None) -> None:
        self.rows: list[Row] = rows or []

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, column: str) -> list[float]:
        if not any(column in row for row in self.rows):
            raise ArgumentError(
                f"The history has no column {column!r}; "
                f"it has {', '.join(self.columns) or 'no rows yet'}.\n"
                "Next step: use one of these, or give fit test data for test_loss."
            )
        return [row.get(column, math.nan) for row in self.rows]

    def __repr__(self) -> str:
        if not self.rows:
            return "History(no epochs)"
        count = f"{len(self)} epoch{'s' if len(self) > 1 else ''}"
        return f"History({count}; best is {one_line(self.best)})"

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in order."""
        return list(dict.fromkeys(name for row in self.rows for name in row))

    @property
    def best(self) -> Row:
        """The row with the highest test accuracy, among equals the lowest test loss.

        Without accuracies the lowest test loss counts, without test data the lowest
        training loss. The earlier of two equal rows wins; nan never does.

        Raises:
            ArgumentError: there is no row yet.
        """
        if not self.rows:
            raise ArgumentError(
                "An empty history has no best epoch.\n"
                "Next step: train for at least one epoch."
            )
        return min(self.rows, key=_badness)

    def add(self, trained: Row, tested: Row | None, lr: float, seconds: float) -> None:
        """Add the row of one more epoch.

        Args:
            trained: loss and perhaps accuracy over the training batches.
            tested: the same on the test data, or None.
            lr: the learning rate of the last step.
            seconds: what the epoch took.
        """
        row: Row = {"epoch": len(self) + 1, "loss": trained["loss"]}
        if "accuracy" in trained:
            row["train_accuracy"] = trained["accuracy"]
        row |= {f"test_{name}": value for name, value in (tested or {}).items()}
        self.rows.append(row | {"lr": lr, "seconds": seconds})

    def to_dict(self) -> dict[str, Any]:
        """Return the rows as plain data; `from_dict` goes back."""
        return {"rows": [dict(row) for row in self.rows]}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Build a history from what `to_dict` returned."""
        return cls([dict(row) for row in data["rows"]])

    def to_json(self) -> str:
        """Return the rows as JSON text."""
        return json.dumps(self.to_dict(), indent=1)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Build a history from what `to_json` returned."""
        return cls.from_dict(json.loads(text))

    def state_dict(self) -> dict[str, Any]:
        """Return the rows, for a checkpoint."""
        return self.to_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over the rows of a checkpoint."""
        self.rows[:] = self.from_dict(state).rows


def one_line(row: Row) -> str:
    """Return "epoch 3: loss 0.21, test_loss 0.25" for a row."""
    hidden = ("epoch", "lr", "seconds")
    shown = [f"{name} {row[name]:.4g}" for name in row if name not in hidden]
    return f"epoch {row['epoch']:g}: {', '.join(shown)}"


def _badness(row: Row) -> tuple[float, float]:
    """Return what the best row has least of."""
    loss = row.get("test_loss", row["loss"])
    keys = (-row.get("test_accuracy", 0.0), loss)
    first, second = (math.inf if math.isnan(key) else key for key in keys)
    return first, second
