"""Putting memory into huge pages, of which a fork copies far fewer entries.

Half of the time of a fork, and of the end of what was forked, goes by the number of
pages. Done once, after all imports, for what is there; what is allocated later comes in
small pages as before. Only speed depends on it.
"""

import ctypes
import sys
from pathlib import Path

HUGE = 2**21
COLLAPSE = 25  # MADV_COLLAPSE, Linux 6.1 and newer


def collapse() -> None:
    """Ask the kernel to put this process's own memory into huge pages, as it likes."""
    if sys.platform != "linux":
        return
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for start, end in _own_memory():
        first, last = -(-start // HUGE) * HUGE, end // HUGE * HUGE
        for block in range(first, last, HUGE):
            madvise(block, HUGE, COLLAPSE)  # an older kernel refuses: no harm


def _own_memory() -> list[tuple[int, int]]:
    """Addresses of the heap and of what belongs to no file."""
    found = []
    for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
        addresses, rights, _, _, _, *name = line.split(maxsplit=5)
        if rights == "rw-p" and name in ([], ["[heap]"]):
            start, _, end = addresses.partition("-")
            found.append((int(start, 16), int(end, 16)))
    return found
