"""The progress bar of a training run."""

from typing import Any


def progress_bar(steps: int, done: int, shown: bool) -> Any:
    """Return a bar over `steps` batches that starts at `done`.

    It shows itself in notebooks and terminals only: a log or a pipe stays clean.
    """
    from tqdm.auto import tqdm

    disable = None if shown else True  # None: unless the output is no terminal
    return tqdm(total=steps, initial=done, disable=disable, unit="batch")
