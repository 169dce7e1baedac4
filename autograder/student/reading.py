"""Reading a notebook as JSON, without nbformat."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..catalogue import CHECKS, Checks
from ..cells import MAX_CELLS, MAX_MEGABYTES, MAX_OUTPUTS, MAX_SOURCE, cells_to_run
from ..errors import AutograderError, NotebookError
from ..jail.job import Cell
from ..pack import FILE, ExercisePack, Release, load, load_release

AGAIN = "open it in Jupyter, save it, and try again."


@dataclass
class Work:
    """A notebook with the release folder in which it lies."""

    path: Path
    notebook: dict[str, Any]

    @property
    def cells(self) -> list[dict[str, Any]]:
        """All cells of the notebook."""
        found: list[dict[str, Any]] = self.notebook["cells"]
        return found

    @property
    def folder(self) -> Path:
        """Where the notebook, the checks and the expected outputs lie."""
        return self.path.parent

    @cached_property
    def checks(self) -> Checks:
        """The exercises."""
        if not (self.folder / CHECKS).exists():
            raise AutograderError(
                f"{CHECKS} is not beside {self.path.name}; keep the notebook, {CHECKS} "
                f"and {FILE} together in their folder."
            )
        return Checks.read(self.folder / CHECKS)

    @cached_property
    def packs(self) -> dict[str, ExercisePack]:
        """What is expected of each exercise."""
        return load(self.folder)

    @cached_property
    def release(self) -> Release:
        """The notebook as it was released."""
        found = load_release(self.folder)
        if found is None:
            raise AutograderError(
                f"{FILE} is older than this version; fetch the release folder again "
                "(your notebook stays as it is)."
            )
        return found

    @cached_property
    def to_run(self) -> list[Cell]:
        """What grading executes."""
        return cells_to_run(self.notebook, {"cells": self.release.cells})


def read(path: Path) -> Work:
    """Read a notebook; NotebookError says what is wrong with it."""
    if not path.is_file():
        raise NotebookError(f"there is no file {path}; name your notebook.")
    if path.stat().st_size > MAX_MEGABYTES * 2**20:
        raise NotebookError(
            f"{path.name} has more than {MAX_MEGABYTES} MB; clear its outputs and save."
        )
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        cells = [_cell(cell) for cell in notebook["cells"]]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise NotebookError(f"{path.name} is not a notebook; {AGAIN}") from None
    _refuse_too_much(path, cells)
    return Work(path.resolve(), {"cells": cells})


def _cell(cell: Any) -> dict[str, Any]:
    """A cell with one text as its source; lists of lines are joined."""
    source, outputs = cell["source"], cell.get("outputs")
    if isinstance(source, list):
        source = "".join(source)
    if not isinstance(source, str):
        raise TypeError("a cell without text")
    outputs = outputs if isinstance(outputs, list) else []
    return dict(cell) | {"source": source, "outputs": outputs}


def _refuse_too_much(path: Path, cells: list[dict[str, Any]]) -> None:
    """Raise for what would not be graded: see grading/notebooks.py."""
    if len(cells) > MAX_CELLS or sum(len(c["outputs"]) for c in cells) > MAX_OUTPUTS:
        raise NotebookError(
            f"{path.name} has more than {MAX_CELLS} cells or {MAX_OUTPUTS} outputs and "
            "would not be graded; clear its outputs and save."
        )
    for number, cell in enumerate(cells, start=1):
        if len(cell["source"]) > MAX_SOURCE:
            raise NotebookError(
                f"cell {number} of {path.name} has more than {MAX_SOURCE} characters "
                "and would not be graded; shorten it."
            )
