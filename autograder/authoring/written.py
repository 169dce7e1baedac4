"""Reading written.md: model answers and rubrics of the written questions."""

import re
from pathlib import Path

from ..errors import AuthoringError

RUBRIC = "## Rubric"


def read_written(path: Path) -> dict[str, str]:
    """Model answer and rubric by question; empty if the file does not exist."""
    if not path.exists():
        return {}
    parts = re.split(r"^# +(\w+) *$", path.read_text(encoding="utf-8"), flags=re.M)
    answers = dict(zip(parts[1::2], (p.strip() for p in parts[2::2]), strict=True))
    for name, answer in answers.items():
        if not split_rubric(answer)[1]:
            raise AuthoringError(
                f"{path}: the answer to {name!r} has no '## Rubric' heading; say what "
                "each point is given for."
            )
    return answers


def split_rubric(answer: str) -> tuple[str, str]:
    """Model answer and rubric, without the heading between them."""
    before, _, after = answer.partition(RUBRIC)
    return before.strip(), after.strip()
