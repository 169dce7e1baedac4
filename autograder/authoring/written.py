"""Reading written.md: model answers and rubrics of the written questions."""

import re
from pathlib import Path

from ..errors import AuthoringError


def read_written(path: Path) -> dict[str, str]:
    """Model answer and rubric by question; empty if the file does not exist."""
    if not path.exists():
        return {}
    parts = re.split(r"^# +(\w+) *$", path.read_text(encoding="utf-8"), flags=re.M)
    answers = dict(zip(parts[1::2], (p.strip() for p in parts[2::2]), strict=True))
    for name, answer in answers.items():
        if "## Rubric" not in answer:
            raise AuthoringError(
                f"{path}: the answer to {name!r} has no '## Rubric' heading; say what "
                "each point is given for."
            )
    return answers
