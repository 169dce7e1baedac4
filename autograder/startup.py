"""Importing fast.

Needs nothing of ours, so that it can be imported first.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def importing() -> Iterator[None]:
    """Import without collecting garbage in between; what is there stays uncollected.

    torch and nbgrader make a million objects that live on. Looking through them again
    and again takes a quarter of the time to import them, once more as long at the
    process's end, and in a forked process copies nearly all of its memory.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
