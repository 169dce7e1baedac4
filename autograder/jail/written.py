"""How much a submission has written into its folder, while it goes on writing."""

import contextlib
import errno
import os
import stat
from pathlib import Path

MOST_BYTES = 256 * 2**20
MOST_ENTRIES = 10_000
PATH = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW if hasattr(os, "O_PATH") else 0
BLOCK = 512  # what st_blocks counts, on every Linux file system


def too_much(
    folder: Path, most_bytes: int = MOST_BYTES, most_entries: int = MOST_ENTRIES
) -> bool:
    """Whether there is more in the folder than it may hold.

    Looks at no more than it must to know, one open folder per level: paths may be
    longer than the system takes, and what is listed may be gone a moment later.
    """
    size = entries = 0
    open_folders: list[int] = []
    to_enter: list[list[str]] = [[str(folder)]]  # one list per level
    try:
        while to_enter:
            if not to_enter[-1]:
                to_enter.pop()
                if open_folders:
                    os.close(open_folders.pop())
                continue
            above = open_folders[-1] if open_folders else None
            try:
                open_folders.append(_opened(to_enter[-1].pop(), above))
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE):
                    return True  # thousands of levels
                continue  # gone, or no folder any more
            to_enter.append([])
            with os.scandir(open_folders[-1]) as found:
                for entry in found:
                    entries += 1
                    with contextlib.suppress(OSError):
                        info = entry.stat(follow_symlinks=False)
                        size += info.st_blocks * BLOCK // max(1, info.st_nlink)
                        if stat.S_ISDIR(info.st_mode):
                            to_enter[-1].append(entry.name)
                    if entries > most_entries or size > most_bytes:
                        return True
    finally:
        for descriptor in open_folders:
            os.close(descriptor)
    return False


def _opened(name: str, above: int | None) -> int:
    """A folder, made readable where its owner forbade himself to read it."""
    handle = os.open(name, PATH, dir_fd=above)
    try:
        if os.fstat(handle).st_mode & 0o700 != 0o700:
            os.chmod(f"/proc/self/fd/{handle}", 0o700)
        return os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=handle)
    finally:
        os.close(handle)
