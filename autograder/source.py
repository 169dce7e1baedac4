"""Reading source code in threads."""

import ast
from threading import Lock

_one_at_a_time = Lock()


def parsed(source: str) -> ast.Module:
    """The syntax tree of a source; raises what `ast.parse` raises.

    CPython 3.11 counts the depth of a tree in one place for all threads: of two that
    parse at once, one may get a SystemError (python/cpython issue 106905).
    """
    with _one_at_a_time:
        return ast.parse(source)
