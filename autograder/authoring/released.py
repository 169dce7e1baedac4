"""The students' version of checks.py: hidden cases are cut out."""

import ast


def released_checks(source: str) -> str:
    """The source without case functions that are marked hidden=True."""
    lines = source.splitlines(keepends=True)
    for node in reversed(ast.parse(source).body):
        if isinstance(node, ast.FunctionDef) and any(map(_hides, node.decorator_list)):
            start = min(d.lineno for d in node.decorator_list) - 1
            del lines[start : node.end_lineno]
    return "".join(lines)


def _hides(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and any(
        k.arg == "hidden"
        and isinstance(k.value, ast.Constant)
        and k.value.value is True
        for k in decorator.keywords
    )
