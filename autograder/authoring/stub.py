"""The reference's source as a solution cell, and the stub that a student gets.

Everything between the markers is the answer; a function without markers is all answer
after its docstring. nbgrader's ClearSolutions does the same replacement on release.
"""

import ast
import textwrap
from pathlib import Path

from ..errors import AuthoringError

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
STUB = "# YOUR CODE HERE\nraise NotImplementedError()"


def solution_source(reference: Path, functions: tuple[str, ...]) -> str:
    """Definitions of the named functions or classes, answers between the markers."""
    text = reference.read_text(encoding="utf-8")
    found = {
        node.name: node
        for node in ast.parse(text).body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
    }
    missing = [name for name in functions if name not in found]
    if missing:
        raise AuthoringError(
            f"{reference} does not define {', '.join(missing)} at its top level; "
            "define it, or correct the exercise's name in checks.py."
        )
    lines = text.splitlines()
    return "\n\n\n".join(_marked(lines, found[name]) for name in functions)


def answer_source(reference: Path, functions: tuple[str, ...]) -> str:
    """Definitions of the named functions or classes, without markers."""
    lines = solution_source(reference, functions).splitlines()
    return "\n".join(line for line in lines if line.strip() not in {BEGIN, END})


def _marked(lines: list[str], node: ast.FunctionDef | ast.ClassDef) -> str:
    start = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    own = lines[start - 1 : _end(lines, node)]
    if any(line.strip() == BEGIN for line in own):
        return "\n".join(own)
    methods = [node] if isinstance(node, ast.FunctionDef) else node.body
    for method in reversed([m for m in methods if isinstance(m, ast.FunctionDef)]):
        assert method.end_lineno is not None
        first = _body_start(method) - start
        last = method.end_lineno - start
        indent = " " * (method.col_offset + 4)
        own.insert(last + 1, indent + END)
        own.insert(first, indent + BEGIN)
    return "\n".join(own)


def _end(lines: list[str], node: ast.FunctionDef | ast.ClassDef) -> int:
    """The last line; a marker after the last statement is a comment, but counts."""
    assert node.end_lineno is not None
    own = lines[node.lineno - 1 : node.end_lineno]
    opened = sum(line.strip() == BEGIN for line in own)
    closed = sum(line.strip() == END for line in own)
    if opened <= closed:
        return node.end_lineno
    for number in range(node.end_lineno, len(lines)):
        text = lines[number].strip()
        if text == END:
            return number + 1
        if text and not text.startswith("#"):
            break
    raise AuthoringError(
        f"{node.name} opens a solution that it does not close; add {END!r} to it."
    )


def _body_start(method: ast.FunctionDef) -> int:
    """The line after the docstring, or the first line of the body."""
    first = method.body[0]
    documented = ast.get_docstring(method) is not None
    if documented:
        assert first.end_lineno is not None
        return first.end_lineno + 1
    return first.lineno


def stub_source(solution: str) -> str:
    """The solution with every marked region replaced by the stub."""
    kept: list[str] = []
    inside = False
    for line in solution.splitlines():
        if line.strip() == BEGIN:
            inside = True
            indent = line[: len(line) - len(line.lstrip())]
            kept.append(textwrap.indent(STUB, indent))
        elif line.strip() == END:
            inside = False
        elif not inside:
            kept.append(line)
    return "\n".join(kept)
