"""Names that code defines at its top level, and what became of one that is missing.

Reads sources, runs nothing. Leaves out names that come to be in another way (`exec`,
`globals()`, `import *`).
"""

import ast
import difflib
from collections.abc import Iterable, Iterator, Sequence

from .jail.job import Cell
from .source import parsed

ALIKE = 0.6  # of difflib's ratio
LONGEST = 60  # characters of a name that is worth suggesting


def defined_in(source: str) -> list[str]:
    """Functions, classes, imports and variables; [] for what cannot be read."""
    return [name for node in _statements(source) for name in _bound(node)]


def functions_in(source: str) -> list[str]:
    """Functions and classes; [] for what cannot be read."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [node.name for node in _statements(source) if isinstance(node, kinds)]


def _statements(source: str) -> list[ast.stmt]:
    plain = "\n".join(
        "" if line.lstrip().startswith(("%", "!")) else line
        for line in source.splitlines()
    )
    try:
        return parsed(plain).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _bound(node: ast.AST) -> Iterator[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from ((a.asname or a.name).split(".")[0] for a in node.names)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif not isinstance(node, ast.Lambda):
        for child in ast.iter_child_nodes(node):
            yield from _bound(child)


def renamed(missing: str, answer: str, known: Iterable[str]) -> str:
    """What a missing function is probably called now; "" if there is no telling.

    Args:
        missing: its name.
        answer: source of the cell that should define it.
        known: names that are asked for, which are nobody's new name.
    """
    others = [f for f in functions_in(answer) if f not in {*known, missing}]
    others = [name for name in others if len(name) <= LONGEST]
    close = difflib.get_close_matches(missing, others, 1, ALIKE)
    return (close or (others if len(others) == 1 else [""]))[0]


def absent(
    exercise: str, missing: list[str], functions: Sequence[str], cells: list[Cell]
) -> str:
    """That functions are missing, and what they are probably called now.

    Args:
        exercise: its name.
        missing: of its functions.
        functions: all that it asks for.
        cells: of the notebook.
    """
    text = f"the notebook does not define {', '.join(missing)}"
    answer = next((c.source for c in cells if c.grade_id == exercise), None)
    if answer is None:
        return f"{text}; the cell of its answer is gone"
    if len(missing) == 1 and (name := renamed(missing[0], answer, functions)):
        text += f", but {name}: give it back its name"
    return text
