"""Stock nbgrader on attacks: a course directory of its own for each, default settings.

Everything happens in a temporary folder, which is HOME and the working directory, too.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.api import Gradebook

from . import pages, plain

SECONDS = 60.0
TOOL = Path(sys.executable).parent / "nbgrader"
TELL = """
import os
{define}
try:
    told = "done: " + repr({code})[:80]
except BaseException as error:
    told = type(error).__name__
with open({path!r}, "w") as file:
    file.write(told)
"""


@dataclass(frozen=True)
class Ran:
    """What became of one attack: the score, and what its code said it reached."""

    score: str
    told: str = ""
    left: int = 0  # processes that were still there afterwards

    @property
    def points(self) -> float:
        return float(self.score.split()[0]) if self.score[:1].isdigit() else 0.0


class Stock:
    """A course directory with both assignments, to be copied for each attack."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "course"
        plain.write_sources(self.root)
        for kind in plain.TESTS:
            assert _nbgrader(self.root, folder, "generate_assignment", kind) == 0

    def run(
        self,
        name: str,
        kind: str,
        handed_in: Any,
        way: Callable[[Any, Path], None] | None = None,
        code: str = "",
        define: str = "",
    ) -> Ran:
        """Hand in, autograde, look. `code` is tried in a cell of the submission."""
        own = self.folder / f"run-{name}"
        root, told = own / "course", own / "told"
        plain.copy_of(self.root, root)
        school = plain.PlainSchool(root)
        if code:
            text = TELL.format(define=define, code=code, path=str(told))
            handed_in = plain.notebook(
                kind, plain.WRONG, text.replace("{root}", str(root))
            )
        path = school.hand_in("mallory", kind, handed_in)
        if way:
            school.hand_in("ada", kind, plain.notebook(kind, plain.RIGHT))
            (root / ".autograder").mkdir()
            (root / ".autograder" / "seed").write_text("a secret of the class")
            way(school, path)
        status = _nbgrader(root, own, "autograde", kind)
        left = _end_what_is_left(own)
        score = _score(root, kind, status)
        return Ran(score, told.read_text() if told.exists() else "", left)

    def pages(self) -> dict[str, str]:
        """What of each piece of a notebook is active in nbgrader's feedback page."""
        root, home = self.folder / "pages", self.folder / "run-pages"
        plain.copy_of(self.root, root)
        home.mkdir()
        handed_in = plain.notebook("asserts", plain.WRONG)
        names = {}
        for goal, text in pages.MARKDOWN.items():
            names[f"markdown: {goal}"] = mark = f"MARK{len(names)}END"
            cell = new_markdown_cell(text.replace(pages.BAD, mark))
            handed_in.cells.append(cell)
        for goal, data in pages.OUTPUTS.items():
            names[f"output: {goal}"] = mark = f"MARK{len(names)}END"
            marked = repr(data).replace(pages.BAD, mark)
            handed_in.cells.append(new_code_cell(f"display({marked}, raw=True)"))
        plain.PlainSchool(root).hand_in("mallory", "asserts", handed_in)
        _nbgrader(root, home, "autograde", "asserts")
        _nbgrader(root, home, "generate_feedback", "asserts")
        page = root / "feedback" / "mallory" / "asserts" / "asserts.html"
        active = " ".join(pages.read(page.read_text(), "MARK").active)
        return {g: "runs" if m in active else "shown" for g, m in names.items()}


def _nbgrader(root: Path, home: Path, *arguments: str) -> int | None:
    """The exit code; None if it had to be stopped."""
    path = f"{TOOL.parent}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": str(home), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [str(TOOL), *arguments],
        cwd=root,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return None


def _end_what_is_left(home: Path) -> int:
    """End every process that was started with this HOME; -> how many there were."""
    mark = f"HOME={home}".encode()
    count = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    os.kill(int(entry.name), signal.SIGKILL)
                    count += 1
    return count


def _score(root: Path, kind: str, status: int | None) -> str:
    if status is None:
        return f"hangs: stopped after {SECONDS:.0f} s"
    if status < 0:
        return "nbgrader itself was ended"
    with suppress(Exception), Gradebook(f"sqlite:///{root}/gradebook.db") as book:
        found = [s for s in book.assignment_submissions(kind) if s.student.id != "ada"]
        if status == 0 and found:
            by_hand = ", and a person has to look" * found[0].needs_manual_grade
            return f"{found[0].score:g} of 5{by_hand}"
        if status:
            return "the submission is lost: nbgrader gives up"
        return "no score"
    return "the gradebook cannot be read any more"
