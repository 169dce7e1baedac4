"""Every code block of the pages is run: shell, Python and configuration.

What cannot run here is listed in NOT_RUN with its reason, and read all the same.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from traitlets.config import Config

import autograder
from autograder.gradebook.groups import read_groups
from autograder.jail import lock

from . import scratch
from .pages import BLOCK, PAGES, ROOT, Found, blocks, shell_lines

# Programs and imports, each with the reason; anything else is run.
NOT_RUN = {
    "make": "sets up environments and runs these very tests; targets are tried dry",
    ".ci/run": "runs these very tests",
    "python3.11": "a student's environment is installed from a package index",
    "venv/bin/python": "a student's environment is installed from a package index",
    "venv/bin/jupyter": "is a server, started in tests/browser",
    "jupyter": "is a server, started in tests/browser",
    "dask": "needs other hosts; its options are tried dry",
    "--scheduler": "needs a cluster, started in tests/grading/test_cluster.py",
    "dask_jobqueue": "needs Slurm",
    "dask_kubernetes": "needs Kubernetes",
}
# What a language's blocks are tested by.
TESTED = {
    "sh": "test_shell_blocks_run",
    "python": "test_python_blocks_run",
    "markdown": "tests/docs/test_facts.py",
    "csv": "test_groups_are_read",
    "text": "output; tests/grading/test_regrade.py asks for the same words",
}
BEFORE_HANDING_IN = {"init", "release", "verify", "doctor", "figures", "check"}
SHELL_PAGES = sorted({b.page for b in blocks("sh")})
PYTHON_PAGES = sorted({b.page for b in blocks("python")})


def name(page: Path) -> str:
    return page.name


def why_not(text: str) -> str | None:
    """Why a command or a Python block is not run, if so."""
    words = text.split()
    named = {words[0], *(w for w in words if w.startswith("--"))}
    named |= set(re.findall(r"^(?:from|import) (\w+)", text, flags=re.M))
    return next((NOT_RUN[n] for n in NOT_RUN if n in named), None)


def test_every_block_is_of_a_kind_that_is_tested():
    for page in PAGES:
        for found in BLOCK.finditer(page.read_text(encoding="utf-8")):
            assert found["language"] in TESTED, f"{page.name}: {found[0][:60]}"


@pytest.mark.slow
@pytest.mark.skipif(lock.landlock_version() < 1, reason="no Landlock: no grading")
@pytest.mark.parametrize("page", SHELL_PAGES, ids=name)
def test_shell_blocks_run(page, tmp_path, monkeypatch):
    """One after the other, as on the page, from the repository's folder."""
    commands = [f for f in shell_lines() if f.page == page]
    repository = scratch.make_repository(tmp_path)
    monkeypatch.setenv("COURSE_REPOSITORY", str(repository))
    ours = [c.text for c in commands if c.text.startswith("autograder")]
    if ours and not any(c.startswith("autograder init") for c in ours):
        scratch.make_course(tmp_path, "a03_mlp_from_scratch")
    start = tmp_path / "student" if page.name == "student.md" else repository
    script = tmp_path / "page.sh"
    script.write_text("\n".join(["set -euo pipefail", *as_script(commands)]) + "\n")
    ran = subprocess.run(
        ["bash", str(script)],
        cwd=start,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"


def as_script(commands: list[Found]) -> list[str]:
    """The commands that run; students hand in before the first that needs it."""
    lines, handed_in = [], False
    for command in commands:
        verb = [*shlex.split(command.text), ""][1]
        if why_not(command.text):
            lines.append(f": {shlex.quote(command.text)}")
            continue
        if command.text.startswith("autograder") and verb not in BEFORE_HANDING_IN:
            if not handed_in:
                lines.append(f"{sys.executable} -m tests.docs.scratch")
            handed_in = True
        lines += [f"echo {shlex.quote(str(command))}", command.text]
    return lines


def environment(folder: Path) -> dict[str, str]:
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    own = {"PATH": programs, "PYTHONPATH": str(ROOT), "PS1": ""}
    return os.environ | own | {"SCRATCH_COURSE": str(folder / "dl-2026")}


@pytest.mark.parametrize("page", PYTHON_PAGES, ids=name)
def test_python_blocks_run(page):
    """One after the other, as on the page; only what the page speaks of is given."""
    names = {
        "kfold": autograder.Exercise("kfold", points=1),
        "train": autograder.Exercise("train", points=1),
        "accuracy": lambda got, secret: 1.0,
        "at_least": autograder.at_least,
        "c": Config(),
    }
    for block in blocks("python"):
        if block.page == page:
            code = compile(block.text, str(block), "exec")
            if not why_not(block.text):
                exec(code, names)
    for section, settings in names["c"].items():
        known = configurable()[section].class_trait_names(config=True)
        assert set(settings) <= set(known), section


def configurable() -> dict[str, Any]:
    """What nbgrader_config.py may configure, by name."""
    from nbgrader import plugins
    from nbgrader.apps import NbGraderAPI
    from nbgrader.apps.baseapp import NbGrader

    classes = [*NbGrader().all_configurable_classes(), NbGraderAPI]
    classes += [getattr(plugins, n) for n in plugins.__all__]
    return {c.__name__: c for c in classes}


def test_groups_are_read(tmp_path):
    (block,) = blocks("csv")
    (tmp_path / "groups.csv").write_text(block.text, encoding="utf-8")
    assert read_groups(tmp_path, "a03_mlp_from_scratch") == {"red": ["ada", "bob"]}


@pytest.mark.parametrize(
    "shown", [f for f in shell_lines() if f.text.startswith("make ")], ids=str
)
def test_make_knows_what_to_do(shown):
    command = ["make", "-n", *shlex.split(shown.text)[1:]]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


@pytest.mark.parametrize(
    "shown", [f for f in shell_lines() if f.text.startswith("dask ssh")], ids=str
)
def test_dask_takes_these_arguments(shown):
    from distributed.cli.dask_ssh import main

    main.make_context("dask ssh", shlex.split(shown.text)[2:])


@pytest.mark.parametrize("reason", sorted(set(NOT_RUN.values())))
def test_what_is_not_run_is_on_some_page(reason):
    shown = [*shell_lines(), *blocks("python")]
    assert any(why_not(f.text) == reason for f in shown)
