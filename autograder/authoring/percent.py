"""Reading notebook.py: prose, demonstrations and placeholders, in order.

Reads the part of Jupytext's percent format that the authoring guide describes, in a
millisecond (importing jupytext takes seconds); a test compares the two. Passes over
Jupytext's header; leaves out cell titles, raw cells and markdown in triple quotes.
"""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from ..errors import AuthoringError

MARKER = re.compile(r"^# %%(?: (?P<kind>\[markdown\]))?(?P<metadata>(?: \w+=.*)?)$")
OPTION = re.compile(r'(\w+)=("[^"]*"|\[[^\]]*\])')
MAGIC = re.compile(r"^# (?=[%!]\w)")  # `%matplotlib inline` is a comment in Python


@dataclass(frozen=True)
class Cell:
    """One cell of the text.

    Attributes:
        kind: prose, code, setup, exercise or written.
        source: its text; empty for placeholders.
        name: of the exercise or written question.
    """

    kind: str
    source: str
    name: str = ""


def read_cells(path: Path) -> list[Cell]:
    """The cells of a percent-format notebook."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise AuthoringError(
            f"{path} is missing; every assignment needs it (see docs/authoring.md)."
        ) from None
    starts = [i for i, line in enumerate(lines) if line.startswith("# %%")]
    first = starts[0] if starts else len(lines)
    if any(line.strip() for line in lines[_header(lines) : first]):
        raise AuthoringError(
            f"{path}: text before the first cell; start with '# %% [markdown]'."
        )
    ends = [*starts[1:], len(lines)]
    return [
        _cell(lines[i:j], f"{path}, line {i + 1}")
        for i, j in zip(starts, ends, strict=True)
    ]


def _header(lines: list[str]) -> int:
    """The number of lines of the header that Jupytext writes."""
    if lines[:1] != ["# ---"] or "# ---" not in lines[1:]:
        return 0
    return lines.index("# ---", 1) + 1


def _cell(lines: list[str], where: str) -> Cell:
    marker = MARKER.match(lines[0])
    if not marker:
        raise AuthoringError(
            f"{where}: {lines[0]!r} is no marker; write '# %%' or '# %% [markdown]', "
            'then options such as exercise="name".'
        )
    options = {k: ast.literal_eval(v) for k, v in OPTION.findall(marker["metadata"])}
    for kind in ("exercise", "written"):
        if kind in options:
            if any(line.strip() for line in lines[1:]):
                raise AuthoringError(
                    f"{where}: the placeholder {kind}={options[kind]!r} is not empty; "
                    "move its text to a cell of its own."
                )
            return Cell(kind, "", str(options[kind]))
    if marker["kind"]:
        return Cell("prose", _joined([_uncommented(li, where) for li in lines[1:]]))
    setup = "setup" in options.get("tags", [])
    code = _joined([MAGIC.sub("", line) for line in lines[1:]])
    return Cell("setup" if setup else "code", code)


def _joined(lines: list[str]) -> str:
    return "\n".join(lines).strip("\n")


def _uncommented(line: str, where: str) -> str:
    if line.strip() and not line.startswith("#"):
        raise AuthoringError(
            f"{where}: {line!r} is in a markdown cell; start it with '# '."
        )
    return line.removeprefix("#").removeprefix(" ")
