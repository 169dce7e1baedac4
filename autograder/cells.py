"""Which cells of a notebook count, and how much of a notebook is read.

Notebooks are plain dicts here, as JSON gives them: a student's machine needs nothing
else to run a notebook as it will be run when it is graded.
"""

import ast
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .jail.job import Cell
from .source import parsed

MAX_MEGABYTES = 200
MAX_CELLS = 5000
MAX_OUTPUTS = 2000
MAX_SOURCE = 40_000  # characters of a cell: pages take time with its square
# Metadata of a cell that a student deleted: there again, to be seen and not to be run.
PUT_BACK = {"role": "put back"}
UNANSWERED = "*Your answer here.*"  # of a written question


def fingerprint(path: Path) -> str:
    """Of a text file, whatever its line ends became on the way."""
    lines = path.read_bytes().replace(b"\r\n", b"\n")
    return hashlib.sha256(lines).hexdigest()


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
    ours = {c["id"]: c for c in released["cells"]}
    sources = {c["source"].strip() for c in released["cells"] if role_of(c) == "demo"}
    checks = {grade_id(c) for c in released["cells"] if is_check(c)}
    check_sources = {c["source"].strip() for c in released["cells"] if is_check(c)}
    answers = {grade_id(c) for c in released["cells"]} - checks
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
            known is not None and role_of(known) == "demo"
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
    setup = [c["source"] for c in released["cells"] if role_of(c) == "setup"]
    return [Cell(source) for source in setup if source.strip() not in kept]


def imports_of(released: Any) -> list[str]:
    """The import statements of the released set-up."""
    found = []
    for cell in released["cells"]:
        if role_of(cell) == "setup":
            tree = parsed(cell["source"])
            kinds = (ast.Import, ast.ImportFrom)
            found += [ast.unparse(n) for n in ast.walk(tree) if isinstance(n, kinds)]
    return found


def role_of(cell: Mapping[str, Any]) -> str:
    """Ours of a cell: setup, demo, or ""."""
    own = _metadata(cell).get("autograder")
    return str(own.get("role", "")) if isinstance(own, dict) else ""


def is_check(cell: Any) -> bool:
    """Whether a cell is graded by its result, not by a person."""
    own = _metadata(cell).get("nbgrader")
    return isinstance(own, dict) and bool(own.get("grade")) and not own.get("solution")


def canonical(cells: list[Cell]) -> str:
    """The same text for the same work, for the key of a result."""
    return json.dumps([[c.source, c.grade_id, c.definitions_only] for c in cells])
