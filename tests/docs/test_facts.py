"""What the pages say of the engine is what the engine does."""

import inspect
import re

import pytest
import typer.main

import autograder
from autograder import Exercise
from autograder.authoring.percent import read_cells
from autograder.authoring.written import read_written
from autograder.cli import Exit, app
from autograder.jail.job import Job
from autograder.pack import BASE_SECONDS, TIMES_REFERENCE
from autograder.rng import Rng
from autograder.verdicts import Verdict

from .pages import ROOT, blocks, table

AUTHORING = (ROOT / "docs" / "authoring.md").read_text(encoding="utf-8")
SECURITY = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
CI = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
STUDENT = (ROOT / "docs" / "student.md").read_text(encoding="utf-8")
JOB = Job("", "", [])


@pytest.mark.parametrize("page", ["docs/student.md", "docs/instructor.md"])
def test_every_verdict_is_explained(page):
    assert set(table(page, "word" if "student" in page else "verdict")) == set(Verdict)


def test_every_exit_code_is_explained():
    rows = re.findall(r"^\| (\d+) \| (\w+) \| (.*) \|$", CI, flags=re.M)
    assert rows == [(str(int(e)), e.name, e.meaning) for e in Exit]


def test_the_commands_that_print_json_are_listed():
    (listed,) = re.findall(r"with `--json` \((.*?)\)", CI)
    commands = typer.main.get_command(app).commands
    printing = [n for n, c in commands.items() if _options(c) & {"--json"}]
    assert re.findall(r"`(\w+)`", listed) == sorted(printing)


def _options(command):
    return {option for p in command.params for option in p.opts}


def test_the_signature_of_exercise_is_up_to_date():
    (shown,) = re.findall(r"\*\*Exercise\((.*)\)\*\*", AUTHORING)
    parts = re.sub(r"\([^)]*\)", "()", shown).split(", ")
    real = inspect.signature(Exercise).parameters
    assert [p.partition("=")[0] for p in parts] == [n for n in real if n != "cases"]
    for name, default in re.findall(r"(\w+)=(False|\d+|\"\w+\")", shown):
        assert repr(real[name].default).replace("'", '"').removesuffix(".0") == default


@pytest.mark.parametrize("name", sorted(set(autograder.__all__) - {"check", "close"}))
def test_every_public_name_is_explained_to_authors(name):
    assert re.search(rf"\b{name}\b", AUTHORING)


def test_every_draw_of_rng_is_listed():
    listed = set(re.findall(r"\brng\.(\w+)", AUTHORING))
    public = {n for n in vars(Rng) if not n.startswith("_")}
    assert public <= listed
    assert listed <= public | {"dtype", "device"}


def test_the_example_notebook_has_the_markers_it_speaks_of(tmp_path):
    (text,) = [b.text for b in blocks("python") if b.text.startswith("# %%")]
    (tmp_path / "notebook.py").write_text(text, encoding="utf-8")
    kinds = [c.kind for c in read_cells(tmp_path / "notebook.py")]
    assert kinds == ["setup", "exercise", "prose", "written"]


def test_the_example_rubric_can_be_read(tmp_path):
    (block,) = blocks("markdown")
    (tmp_path / "written.md").write_text(block.text, encoding="utf-8")
    assert list(read_written(tmp_path / "written.md")) == ["why_flip"]


@pytest.mark.parametrize("text", [SECURITY, STUDENT], ids=["security", "student"])
def test_time_limits_are_those_of_the_engine(text):
    cell = f"{JOB.cell_seconds:.0f}"
    assert f"{cell} s for a cell" in text or f"gets {cell} seconds" in text


def test_limits_of_the_jail_are_those_of_the_engine():
    assert f"{BASE_SECONDS:.0f} s and {TIMES_REFERENCE:.0f} times" in SECURITY
    assert f"{JOB.megabytes // 1024} GB" in SECURITY
