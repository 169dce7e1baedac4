"""What no answer to an exercise needs, found in the text of a submission.

For an instructor's eyes: it costs no points, but the grades wait for a person to look.
Who wants to hide it can. Grading does not rest on it; but code that removes what
observes it should not go unseen either.
"""

import ast
from collections.abc import Iterable, Iterator

from ..jail.job import Cell
from ..source import parsed

MOST = 5
MODULES = {"ctypes", "gc", "mmap", "ptrace", "signal", "socket", "subprocess"}
PUBLIC = {"check"}  # of autograder
NAMES = {"__builtins__", "__import__", "compile", "eval", "exec", "get_ipython"}
ATTRIBUTES = {
    "__builtins__",
    "__code__",
    "__globals__",
    "__subclasses__",
    "_exit",
    "_getframe",
    "abort",
    "atexit",
    "fork",
    "kill",
    "setprofile",
    "settrace",
}
LIBRARIES = {"builtins", "course", "np", "numpy", "sys", "time", "torch"}


def unusual(cells: Iterable[Cell]) -> list[str]:
    """One line for each kind of thing found, with the cell that it was found in."""
    found: dict[str, int] = {}
    for number, cell in enumerate(cells, start=1):
        for what in _in_source(cell.source):
            found.setdefault(what, number)
    lines = [f"cell {number} {what}" for what, number in found.items()]
    return lines[:MOST] + [f"and {len(lines) - MOST} more"] * (len(lines) > MOST)


def _in_source(source: str) -> Iterator[str]:
    plain = "\n".join(
        "" if line.lstrip().startswith(("%", "!")) else line
        for line in source.splitlines()
    )
    try:
        tree = parsed(plain)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        yield from _in_node(node)


def _in_node(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            yield from (f"imports {n.name}" for n in names if _is_unusual(n.name))
        case ast.ImportFrom(module=str(module), names=names):
            known = module == "autograder" and {n.name for n in names} <= PUBLIC
            private = [f"{module}.{n.name}" for n in names if n.name.startswith("_")]
            if _is_unusual(module) and not known:
                yield f"imports {module}"
            else:
                yield from (f"imports {n}" for n in private if _is_unusual(n))
        case ast.Name(id=name) if name in NAMES:
            yield f"uses {name}"
        case ast.Attribute(value=ast.Name(id=library), attr=name, ctx=ast.Store()):
            if library in LIBRARIES:
                yield f"replaces {library}.{name}"
        case ast.Attribute(value=ast.Name(id="torch"), attr="_C"):
            yield "uses torch._C"
        case ast.Attribute(attr=name) if name in ATTRIBUTES:
            yield f"uses {name}"


def _is_unusual(module: str) -> bool:
    """Whether no answer needs a module; private ones are no business of it."""
    first, *rest = module.split(".")
    if first in LIBRARIES and any(part.startswith("_") for part in rest):
        return True
    return first in MODULES | {"autograder", "builtins", "solutions"}
