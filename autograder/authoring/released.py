"""The students' version of an assignment: what is cut out of it.

Leaves out the notebook itself: nbgrader's own generate step makes that.
"""

import ast
from typing import Any

from ..cells import grade_id, is_check
from .stub import stub_source


def known_cells(notebook: Any) -> list[dict[str, Any]]:
    """What a student's machine may know of a source notebook: no answer, no prose."""
    return [
        {
            "id": cell["id"],
            "cell_type": cell["cell_type"],
            "source": _known_source(cell),
            "metadata": cell["metadata"],
        }
        for cell in notebook["cells"]
        if cell["cell_type"] == "code" or grade_id(cell)
    ]


def _known_source(cell: Any) -> str:
    if cell["cell_type"] != "code":
        return ""  # a model answer
    answer = grade_id(cell) and not is_check(cell)
    return stub_source(cell["source"]) if answer else str(cell["source"])


def released_checks(source: str) -> str:
    """The source without case functions that are marked hidden=True.

    Everything else stays byte for byte, so that a line number in a student's report is
    the only thing that may differ.
    """
    lines = source.split("\n")  # not splitlines: Python ends a line at \n only
    for node in reversed(ast.parse(source).body):
        if isinstance(node, ast.FunctionDef) and any(map(_hides, node.decorator_list)):
            start = min(d.lineno for d in node.decorator_list) - 1
            del lines[start : node.end_lineno]
    return "\n".join(lines)


def _hides(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and any(
        keyword.arg == "hidden"
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value is True
        for keyword in decorator.keywords
    )
