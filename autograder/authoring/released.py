"""The students' version of checks.py: hidden cases are cut out."""

import ast


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
