"""Every command that the pages show exists, with those arguments."""

import os
import re
import shlex

import pytest
import typer.main

from autograder import catalogue
from autograder.cli import app

from .pages import ROOT, Found, inline, shell_lines

COMMANDS = typer.main.get_command(app).commands
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):.*##", MAKEFILE, flags=re.M))
WORDS = [f for f in inline() if " " in f.text]
SHOWN = shell_lines() + WORDS
INVENTED = {"a99"}  # the assignment that CONTRIBUTING.md makes up


def starting_with(word: str) -> list[Found]:
    return [f for f in SHOWN if shlex.split(f.text)[:1] == [word]]


@pytest.mark.parametrize("shown", starting_with("autograder"), ids=str)
def test_autograder_takes_these_arguments(shown):
    _, verb, *arguments = shlex.split(shown.text)
    assert verb in COMMANDS, f"there is no 'autograder {verb}'"
    if arguments or shown in shell_lines():  # else the text only names the verb
        COMMANDS[verb].make_context(verb, arguments)  # raises for an unknown option


@pytest.mark.parametrize("shown", starting_with("autograder"), ids=str)
def test_assignments_in_commands_exist(shown):
    for name in re.findall(r"\ba\d\d\w*", shown.text):
        assert name in INVENTED or catalogue.find(name)


@pytest.mark.parametrize("shown", starting_with("make"), ids=str)
def test_make_has_these_targets(shown):
    assert set(shlex.split(shown.text)[1:]) <= TARGETS


@pytest.mark.parametrize("shown", starting_with("nbgrader"), ids=str)
def test_nbgrader_has_these_verbs(shown):
    from nbgrader.apps.nbgraderapp import NbGraderApp

    assert shlex.split(shown.text)[1] in NbGraderApp.subcommands


def test_shell_blocks_use_no_other_program():
    known = {"autograder", "make", "cd", ".", "jupyter", "python3.11", "export", "dask"}
    for shown in shell_lines():
        program = shlex.split(shown.text)[0]
        in_student_environment = program.startswith("venv/bin/")
        here = ROOT / program
        assert (
            program in known
            or in_student_environment
            or (here.is_file() and os.access(here, os.X_OK))
        ), shown


def test_every_verb_is_explained_somewhere():
    shown = {shlex.split(f.text)[1] for f in starting_with("autograder")}
    assert set(COMMANDS) - {"demo"} <= shown


def test_every_target_is_explained_somewhere_or_by_make_alone():
    shown = {t for f in starting_with("make") for t in shlex.split(f.text)[1:]}
    assert {"demo", "test", "verify", "lint", "types", "wheel", "setup"} <= shown
