"""Reading notebook.py: prose, demonstrations and placeholders, in order.

The only module that imports jupytext.
"""

from dataclasses import dataclass
from pathlib import Path

import jupytext

from ..errors import AuthoringError


@dataclass(frozen=True)
class Cell:
    """One cell of the text.

    Attributes:
        kind: prose, code, setup, exercise or written.
        source: its text; empty for placeholders.
        name: of the exercise or written question.
    """

    kind: str
    source: str
    name: str = ""


def read_cells(path: Path) -> list[Cell]:
    """The cells of a percent-format notebook."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise AuthoringError(
            f"{path} is missing; every assignment needs it (see docs/authoring.md)."
        ) from None
    notebook = jupytext.reads(text, fmt="py:percent")
    return [_cell(c, path) for c in notebook.cells]


def _cell(cell: object, path: Path) -> Cell:
    metadata: dict[str, object] = cell.metadata  # type: ignore[attr-defined]
    source: str = cell.source  # type: ignore[attr-defined]
    for kind in ("exercise", "written"):
        if kind in metadata:
            if source.strip():
                raise AuthoringError(
                    f"{path}: the placeholder {kind}={metadata[kind]!r} is not empty; "
                    "move its text to a cell of its own."
                )
            return Cell(kind, "", str(metadata[kind]))
    if cell.cell_type == "markdown":  # type: ignore[attr-defined]
        return Cell("prose", source)
    tags = metadata.get("tags", [])
    setup = isinstance(tags, list) and "setup" in tags
    return Cell("setup" if setup else "code", source)
