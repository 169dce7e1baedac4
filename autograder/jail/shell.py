"""An IPython shell for cells, as a notebook has, without history or plots on screen."""

import ast
import traceback
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from .job import Cell


def fresh_shell() -> Any:
    """The warm process's shell; each child has its own copy of its memory."""
    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell.instance(config=config)
    for magic in ("matplotlib", "pip", "conda"):
        shell.register_magic_function(lambda line: None, "line", magic)
    return shell


def execute(shell: Any, cell: Cell) -> tuple[Any, str]:
    """Run a cell -> what was raised, or None; the number on the last line, or ""."""
    source = cell.source
    if cell.definitions_only:
        source = _definitions(source)
    result = shell.run_cell(source, store_history=False)
    error = result.error_before_exec or result.error_in_exec
    if error is not None:
        return error_of(_plain_syntax_error(error, source)), ""
    return None, figure(result.result)


def _plain_syntax_error(error: BaseException, source: str) -> BaseException:
    """Python's own words; IPython's allow for input that goes on."""
    if isinstance(error, SyntaxError):
        try:
            compile(source, "cell", "exec")
        except SyntaxError as plainly:
            return plainly
    return error


def _definitions(source: str) -> str:
    """Functions, classes and imports of a demonstration that a student edited."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return ""
    kinds = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
    tree.body = [node for node in tree.body if isinstance(node, kinds)]
    return ast.unparse(tree)


def error_of(error: BaseException) -> list[str]:
    """[type, message, line of the cell] of an exception in a cell."""
    try:
        message = str(error)[:300]
    except Exception:
        message = "(its message could not be read)"
    where = ""
    if isinstance(error, SyntaxError):
        message = str(error.msg)
        where = f"line {error.lineno}: {(error.text or '').strip()}"
    elif error.__traceback__:
        frames = traceback.extract_tb(error.__traceback__)
        own = [f for f in frames if "<ipython-input" in f.filename]
        where = f"line {own[-1].lineno}: {own[-1].line}" if own else ""
    return [type(error).__name__, message, where]


def figure(value: Any) -> str:
    """A number, also one in an array without axes, as text; "" for anything else."""
    try:
        if not isinstance(value, (bool, int, float)):
            value = value.item()
        return repr(float(value))
    except Exception:  # no number; whatever a student's class may raise
        return ""
