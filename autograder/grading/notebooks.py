"""Reading notebooks that may be broken, and choosing the cells to execute."""

import ast
import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat

from ..errors import NotebookError
from ..jail.job import Cell
from ..source import parsed

MAX_MEGABYTES = 200
MAX_CELLS = 5000
MAX_OUTPUTS = 2000
MAX_SOURCE = 40_000  # characters of a cell: pages take time with its square
# Metadata of a cell that a student deleted: there again, to be seen and not to be run.
PUT_BACK = {"role": "put back"}


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


def encodable(text: str) -> str:
    """Text that can be written: half a character (a lone surrogate) becomes "?"."""
    return text.encode("utf-8", "replace").decode("utf-8")


def grade_id(cell: Mapping[str, Any]) -> str:
    """The nbgrader id of a cell, or ""."""
    own = _metadata(cell).get("nbgrader")
    found = own.get("grade_id") if isinstance(own, dict) else None
    return found if isinstance(found, str) else ""


def _metadata(cell: Mapping[str, Any]) -> dict[str, Any]:
    found = cell.get("metadata")
    return found if isinstance(found, dict) else {}


def cells_to_run(
    notebook: Any, released: Any, demonstrations: bool = False
) -> list[Cell]:
    """The set-up, the answers and what the student added, in order.

    Args:
        notebook: as handed in.
        released: the notebook that was built for release, which says what is what.
        demonstrations: re-run the released demonstrations, too.
    """
    ours = {c["id"]: c for c in released.cells}
    sources = {c.source.strip() for c in released.cells if _role(c) == "demo"}
    checks = {grade_id(c) for c in released.cells if is_check(c)}
    check_sources = {c.source.strip() for c in released.cells if is_check(c)}
    answers = {grade_id(c) for c in released.cells} - checks
    last = {grade_id(c): index for index, c in enumerate(notebook["cells"])}
    found = _lost_setup(notebook, released)
    for index, cell in enumerate(notebook["cells"]):
        name = grade_id(cell)
        if cell.get("cell_type") != "code" or name in checks - {""}:
            continue
        if _metadata(cell).get("autograder") == PUT_BACK:
            continue
        if cell["source"].strip() in check_sources:
            continue
        source = encodable(cell["source"])
        known = ours.get(cell.get("id"))
        demo = source.strip() in sources or (
            known is not None and _role(known) == "demo"
        )
        if demo and not demonstrations:
            if source.strip() not in sources:
                found.append(Cell(source, "", definitions_only=True))
            continue
        counts = name in answers and last[name] == index
        found.append(Cell(source, name if counts else ""))
    return found


def _lost_setup(notebook: Any, released: Any) -> list[Cell]:
    """The released imports, where a student deleted or changed them."""
    kept = {c["source"].strip() for c in notebook["cells"]}
    setup = [c.source for c in released.cells if _role(c) == "setup"]
    return [Cell(source) for source in setup if source.strip() not in kept]


def imports_of(released: Any) -> list[str]:
    """The import statements of the released set-up."""
    found = []
    for cell in released.cells:
        if _role(cell) == "setup":
            tree = parsed(cell.source)
            kinds = (ast.Import, ast.ImportFrom)
            found += [ast.unparse(n) for n in ast.walk(tree) if isinstance(n, kinds)]
    return found


def _role(cell: Any) -> str:
    return str(cell.metadata.get("autograder", {}).get("role", ""))


def is_check(cell: Any) -> bool:
    """Whether a cell is graded by its result, not by a person."""
    own = cell.metadata.get("nbgrader", {})
    return bool(own.get("grade")) and not own.get("solution")


def canonical(cells: list[Cell]) -> str:
    """The same text for the same work, for the key of a result."""
    return json.dumps([[c.source, c.grade_id, c.definitions_only] for c in cells])
