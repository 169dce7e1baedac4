"""Removing a folder that a student's code wrote, whatever is in it."""

import contextlib
import os
import secrets

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


def remove(folder: str | os.PathLike[str]) -> None:
    """Remove a folder and all in it; what cannot be removed stays.

    Folders in folders are flattened, not descended into: a nest may be deeper than
    Python's stack and its path longer than the system takes, for which
    `shutil.rmtree` gives up.
    """
    with contextlib.suppress(OSError):
        top = os.open(folder, FOLDER)
        try:
            _empty(top)
        finally:
            os.close(top)
        os.rmdir(folder)


def _empty(top: int) -> None:
    stuck: set[str] = set()
    while names := set(os.listdir(top)) - stuck:
        for name in names:
            try:
                os.unlink(name, dir_fd=top)
            except IsADirectoryError:
                if not _flattened(name, top):
                    stuck.add(name)
            except OSError:
                stuck.add(name)


def _flattened(name: str, top: int) -> bool:
    """Move what is in a folder up into `top` and remove the folder."""
    with contextlib.suppress(OSError):
        os.chmod(name, 0o700, dir_fd=top)
        inner = os.open(name, FOLDER, dir_fd=top)
        try:
            for entry in os.listdir(inner):
                fresh = secrets.token_hex(16)
                os.rename(entry, fresh, src_dir_fd=inner, dst_dir_fd=top)
        finally:
            os.close(inner)
        os.rmdir(name, dir_fd=top)
        return True
    return False
