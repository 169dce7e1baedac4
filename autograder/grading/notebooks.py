"""Reading submitted notebooks, which may be broken."""

import json
import warnings
from pathlib import Path
from typing import Any

import nbformat

from ..cells import MAX_CELLS, MAX_MEGABYTES, MAX_OUTPUTS, MAX_SOURCE
from ..errors import NotebookError


def read_notebook(path: Path) -> Any:
    """A submitted notebook as version 4; NotebookError says what is wrong with it."""
    where = f"{path.parent.parent.name}/{path.parent.name}/{path.name}"
    refuse_links(path)
    try:
        size = path.stat().st_size
    except OSError:
        raise NotebookError(
            f"{where} was not handed in; ask for a notebook of exactly that name."
        ) from None
    if size > MAX_MEGABYTES * 2**20:
        raise NotebookError(
            f"{where} has {size / 2**20:.0f} MB ({MAX_MEGABYTES} MB are read); clear "
            "its outputs and hand it in again."
        )
    try:
        text = path.read_text(encoding="utf-8")
        _refuse_endless(json.loads(text), where)
        with warnings.catch_warnings():  # repeated cell ids are repaired
            warnings.simplefilter("ignore")
            notebook = nbformat.reads(text, as_version=4)
    except NotebookError:
        raise
    except UnicodeDecodeError:
        reason = "it is not a text file"
    except (json.JSONDecodeError, nbformat.reader.NotJSONError):
        reason = "it is not JSON"
    except Exception as error:  # nbformat raises KeyError, AttributeError and more
        reason = f"its format is wrong ({type(error).__name__})"
    else:
        return _checked(notebook, where)
    raise NotebookError(
        f"{where} cannot be read: {reason}; open it in Jupyter, save it and hand it "
        "in again."
    )


def _refuse_endless(data: Any, where: str) -> None:
    """Raise for what would take minutes to read, or to make a page of."""
    cells = data.get("cells") if isinstance(data, dict) else None
    cells = cells if isinstance(cells, list) else []
    found = [c.get("outputs") for c in cells if isinstance(c, dict)]
    outputs = sum(len(o) for o in found if isinstance(o, list))
    if len(cells) > MAX_CELLS or outputs > MAX_OUTPUTS:
        raise NotebookError(
            f"{where} has {len(cells)} cells and {outputs} outputs ({MAX_CELLS} and "
            f"{MAX_OUTPUTS} are read); clear its outputs and hand it in again."
        )


def refuse_links(path: Path) -> None:
    """Raise for a link in the path of a submission: it may lead to another's."""
    submission = path.parent
    where = f"{submission.parent.name}/{submission.name}"
    for found in (submission.parent, submission, *submission.rglob("*")):
        special = found.exists() and not (found.is_file() or found.is_dir())
        if found.is_symlink() or special:
            raise NotebookError(
                f"{where} holds {found.name!r}, which is a link or no ordinary file; "
                "remove it, or ask for the files themselves."
            )


def _checked(notebook: Any, where: str) -> Any:
    cells = notebook.get("cells")
    if not isinstance(cells, list) or not all(
        isinstance(c, dict) and isinstance(c.get("source"), str) for c in cells
    ):
        raise NotebookError(
            f"{where} cannot be read: it has no cells; open it in Jupyter, save it "
            "and hand it in again."
        )
    for number, cell in enumerate(cells, start=1):
        if len(cell["source"]) > MAX_SOURCE:
            raise NotebookError(
                f"cell {number} of {where} has {len(cell['source'])} characters "
                f"({MAX_SOURCE} are read); ask for data in a file of its own."
            )
        if not isinstance(cell.get("id", ""), str):
            del cell["id"]
    return notebook
