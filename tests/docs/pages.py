"""The pages for people, taken apart: code blocks, inline code, links, headings."""

import re
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
PAGES = [*(ROOT / name for name in NAMES), *sorted((ROOT / "docs").glob("*.md"))]

BLOCK = re.compile(  # also in a list, indented
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$",
    flags=re.M | re.S,
)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)]+)\)|src=\"([^\"]+)\"")


@dataclass(frozen=True)
class Found:
    """A piece of a page, and where it is."""

    page: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line} {self.text.splitlines()[0][:60]}"


def blocks(language: str) -> list[Found]:
    """Fenced code blocks in a language."""
    return [
        Found(page, _line(text, m.start("text")), dedent(m["text"]))
        for page in PAGES
        for text in [page.read_text(encoding="utf-8")]
        for m in BLOCK.finditer(text)
        if m["language"] == language
    ]


def shell_lines() -> list[Found]:
    """Commands in shell blocks, without comments."""
    found = []
    for block in blocks("sh"):
        for number, line in enumerate(block.text.splitlines()):
            if command := line.partition("  #")[0].strip():
                found.append(Found(block.page, block.line + number, command))
    return found


def inline() -> list[Found]:
    """Inline code outside fenced blocks."""
    return [
        Found(page, _line(text, m.start()), m[1])
        for page in PAGES
        for text in [_without_blocks(page)]
        for m in INLINE.finditer(text)
    ]


def links() -> list[Found]:
    """Targets of links and pictures."""
    return [
        Found(page, _line(text, m.start()), m[1] or m[2])
        for page in PAGES
        for text in [_without_blocks(page)]
        for m in LINK.finditer(text)
    ]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings."""
    headings = re.findall(r"^#+ +(.*)$", _without_blocks(page), flags=re.M)
    return {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}


def table(page: str, first_column: str) -> list[str]:
    """The first cells of the rows of the table that has this heading."""
    lines = (ROOT / page).read_text(encoding="utf-8").splitlines()
    start = next(i for i, li in enumerate(lines) if li.startswith(f"| {first_column} "))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append(line.split("|")[1].strip().strip("`"))
    return rows


def _without_blocks(page: Path) -> str:
    text = page.read_text(encoding="utf-8")
    return BLOCK.sub(lambda m: "\n" * m[0].count("\n"), text)


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
