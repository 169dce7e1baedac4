"""Which files of a course directory we wrote, so that none that a person changed
is ever overwritten.
"""

import hashlib
import json
from pathlib import Path

from ..errors import CourseDirectoryError
from ..files import write_atomically

PRIVATE = ".autograder"  # what is ours in a course directory


class Manifest:
    """Hashes of the files that were generated into a course directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / PRIVATE / "manifest.json"
        self.hashes: dict[str, str] = {}
        if self.path.exists():
            self.hashes = json.loads(self.path.read_text(encoding="utf-8"))

    def changed(self, folder: Path) -> list[str]:
        """Files in a folder that differ from what was generated there."""
        return [
            name
            for path in sorted(folder.rglob("*"))
            if path.is_file() and ".ipynb_checkpoints" not in path.parts
            if self.hashes.get(name := self._name(path)) != _hash(path)
        ]

    def refuse_changed(self, folder: Path) -> None:
        """Raise if regenerating this folder would overwrite a person's work."""
        if changed := self.changed(folder):
            raise CourseDirectoryError(
                f"{', '.join(changed)} was changed by hand and would be overwritten; "
                "move it away, or pass --overwrite."
            )

    def note(self, folder: Path) -> None:
        """Remember a folder's files as generated."""
        for path in folder.rglob("*"):
            if path.is_file():
                self.hashes[self._name(path)] = _hash(path)
        text = json.dumps(self.hashes, indent=1, sort_keys=True)
        write_atomically(self.path, text.encode())

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
