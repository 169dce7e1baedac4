"""Writing files so that a reader, or a crash, never meets half of one."""

import os
import threading
from pathlib import Path


def is_folder_name(name: str) -> bool:
    """Whether it names a folder of its own, and nothing beside or above it."""
    plain = Path(name).name == name and name.isprintable()
    return plain and name not in {"", ".", ".."}


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file in one step: a reader sees the old or the new content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError:  # a full disk, for one: leave nothing behind
        beside.unlink(missing_ok=True)
        raise
