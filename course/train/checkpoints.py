"""A file from which an interrupted training run goes on.

The file holds tensors and plain values only, and is read with `weights_only=True`:
opening a stranger's checkpoint runs none of the stranger's code. It is written
beside its place and then moved there, so a crash leaves the old file or the new one.

Left out: keeping more than one checkpoint.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch

from course.errors import ArgumentError, CheckpointError


class Stateful(Protocol):
    """Whatever can save and load its state: models, optimisers, histories ..."""

    def state_dict(self) -> dict[str, Any]:
        """Return the state as tensors and plain values."""

    def load_state_dict(self, state: dict[str, Any], /) -> Any:
        """Take over a state."""


class Checkpoint:
    """The parts of a run, and the file in which they are kept.

    Args:
        path: the file, or None to keep nothing.
        parts: what is saved, by name.
        settings: plain values that must be the same when the run is resumed.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None,
        parts: Mapping[str, Stateful],
        settings: Mapping[str, Any],
    ) -> None:
        self.path = None if path is None else Path(path)
        self.parts = parts
        self.settings = dict(settings)

    def save(self) -> None:
        """Write every part, atomically; do nothing without a path."""
        if self.path is None:
            return
        state: dict[str, Any] = {k: p.state_dict() for k, p in self.parts.items()}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_name(f"{self.path.name}.{os.getpid()}.partial")
        try:
            torch.save({"settings": self.settings, **state}, partial)
            partial.replace(self.path)
        finally:
            partial.unlink(missing_ok=True)

    def load(self) -> bool:
        """Read every part back.

        Returns:
            False if there is no file yet: the run then starts from the beginning.

        Raises:
            ArgumentError: there is no path.
            CheckpointError: the file cannot be read, or is that of another run.
        """
        if self.path is None:
            raise ArgumentError(
                "resume=True goes on from a checkpoint, but got checkpoint=None.\n"
                "Next step: pass a file, for instance checkpoint='run.pt'."
            )
        if not self.path.exists():
            return False
        state = self._read(self.path)
        self._check_settings(state.pop("settings", {}), self.path)
        try:
            for name, part in self.parts.items():
                part.load_state_dict(state[name])
        except (KeyError, RuntimeError, ValueError) as cause:
            raise CheckpointError(
                f"{self.path} does not fit this model and optimiser: "
                f"{str(cause).splitlines()[0]}\n{_NEXT}"
            ) from cause
        return True

    def _read(self, path: Path) -> dict[str, Any]:
        try:
            # On the CPU first: each part then moves its own tensors.
            state = torch.load(path, map_location="cpu", weights_only=True)
        except OSError:
            raise
        except Exception as cause:  # torch's reader raises whatever the bytes lead to
            raise CheckpointError(
                f"{path} cannot be read as a checkpoint of course.train.fit.\n{_NEXT}"
            ) from cause
        return dict(state)

    def _check_settings(self, saved: dict[str, Any], path: Path) -> None:
        wrong = [
            f"  {name}: {saved.get(name)!r} there, {value!r} here"
            for name, value in self.settings.items()
            if saved.get(name) != value
        ]
        if wrong:
            lines = "\n".join(wrong)
            raise CheckpointError(
                f"{path} is the checkpoint of a run with other settings:\n"
                f"{lines}\n{_NEXT}"
            )


_NEXT = (
    "Next step: call fit as before to go on with that run, "
    "or pass another checkpoint path to start a new one."
)
