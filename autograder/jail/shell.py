"""An IPython shell for cells, as a notebook has, without history or plots on screen."""

import traceback
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config


def fresh_shell() -> Any:
    """The warm process's shell; each child has its own copy of its memory."""
    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell.instance(config=config)
    for magic in ("matplotlib", "pip", "conda"):
        shell.register_magic_function(lambda line: None, "line", magic)
    return shell


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
