"""Grading rounds: once feedback was given, other inputs are drawn.

A report tells what was expected. Who hands in again is therefore asked on a seed of the
next round; who leaves the submission as it was keeps the result.
"""

import json
from pathlib import Path
from typing import Any

from ..files import write_atomically
from .manifest import PRIVATE


class Rounds:
    """The rounds of a course directory's assignments, counted from 0."""

    def __init__(self, root: Path) -> None:
        self._path = root / PRIVATE / "rounds.json"

    def now(self, assignment: str) -> int:
        """The round in which submissions are graded now."""
        return int(self._read().get(assignment, {}).get("now", 0))

    def graded(self, assignment: str) -> None:
        """Something was graded in this round."""
        if not self._read().get(assignment, {}).get("graded"):
            self._write(assignment, {"now": self.now(assignment), "graded": True})

    def told(self, assignment: str) -> None:
        """Feedback was written: if it tells of this round, the next one begins."""
        if self._read().get(assignment, {}).get("graded"):
            self._write(assignment, {"now": self.now(assignment) + 1, "graded": False})

    def _read(self) -> dict[str, Any]:
        if not self._path.exists():
            return {}
        found: dict[str, Any] = json.loads(self._path.read_text(encoding="utf-8"))
        return found

    def _write(self, assignment: str, one: dict[str, Any]) -> None:
        text = json.dumps(self._read() | {assignment: one}, indent=1)
        write_atomically(self._path, text.encode())
