"""Notebooks that people really hand in: broken, edited, copied, stripped."""

import copy
import json
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from autograder.authoring.notebook import source_notebook
from autograder.cells import cells_to_run
from autograder.errors import NotebookError
from autograder.grading.grade import Grader
from autograder.grading.notebooks import read_notebook
from autograder.grading.run import grade_class

from .conftest import TOY, School

UNREADABLE = {
    "not JSON": (b"hello", "it is not JSON"),
    "empty": (b"", "it is not JSON"),
    "binary": (b"\x00\xff\xfe", "it is not a text file"),
    "no notebook": (b'{"a": 1}', "its format is wrong (ValidationError)"),
    "cells are a number": (
        b'{"cells": 3, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
        "its format is wrong (TypeError)",
    ),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_unreadable_notebook_is_one_clear_line(tmp_path: Path, name: str) -> None:
    content, reason = UNREADABLE[name]
    path = tmp_path / "zoe" / TOY / f"{TOY}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(NotebookError) as raised:
        read_notebook(path)
    assert str(raised.value) == (
        f"zoe/{TOY}/{TOY}.ipynb cannot be read: {reason}; open it in Jupyter, save it "
        "and hand it in again."
    )


def test_a_notebook_of_another_name_is_missed(tmp_path: Path) -> None:
    with pytest.raises(NotebookError) as raised:
        read_notebook(tmp_path / "zoe" / TOY / f"{TOY}.ipynb")
    assert str(raised.value) == (
        f"zoe/{TOY}/{TOY}.ipynb was not handed in; ask for a notebook of exactly that "
        "name."
    )


def test_one_bad_notebook_stops_nobody_else(school: School) -> None:
    bad = school.hand_in("zoe", school.notebook({}))
    bad.write_text("hello")
    school.hand_in("ada", school.notebook(school.right()))
    graded = grade_class(school.course, TOY)
    assert sum(graded.results["ada"].scores.values()) == 6
    assert graded.problems == [
        f"zoe: zoe/{TOY}/{TOY}.ipynb cannot be read: it is not JSON; open it in "
        "Jupyter, save it and hand it in again."
    ]
    assert bad.read_text() == "hello"


def without_checks(notebook):
    notebook.cells = [c for c in notebook.cells if not c.source.startswith("check(")]
    return notebook


def without_setup(notebook):
    notebook.cells = [c for c in notebook.cells if "import numpy" not in c.source]
    return notebook


def everything_twice(notebook):
    notebook.cells = notebook.cells + copy.deepcopy(notebook.cells)
    return notebook


def with_huge_output(notebook):
    text = {"output_type": "stream", "name": "stdout", "text": "x" * 50_000_000}
    notebook.cells[1].outputs = [nbformat.from_dict(text)]
    return notebook


def with_tags(notebook):
    for cell in notebook.cells:
        cell.metadata["tags"] = ["skip-execution", "raises-exception"]
    return notebook


def with_forged_metadata(notebook):
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.update(grade=False, points=1000, solution=True)
    return notebook


def with_edited_checks(notebook):
    for cell in notebook.cells:
        if cell.source.startswith("check("):
            cell.source = "print(2)"
    return notebook


EDITED = [
    without_checks,
    without_setup,
    everything_twice,
    with_huge_output,
    with_tags,
    with_forged_metadata,
    with_edited_checks,
]


@pytest.mark.parametrize("edit", EDITED, ids=lambda f: f.__name__)
def test_right_answers_survive_what_was_done_around_them(school, edit) -> None:
    notebook = edit(school.notebook(school.right()))
    path = school.hand_in("ada", school.notebook({}))
    path.write_text(json.dumps(notebook))
    graded = grade_class(school.course, TOY)
    assert graded.problems == []
    assert graded.results["ada"].scores == {
        "check-softmax": 2,
        "check-center": 3,
        "check-double": 1,
    }


@pytest.mark.parametrize("edit", EDITED, ids=lambda f: f.__name__)
def test_untouched_stubs_earn_nothing_whatever_was_done(school, edit) -> None:
    path = school.hand_in("eve", school.notebook({}))
    path.write_text(json.dumps(edit(school.notebook({}))))
    graded = grade_class(school.course, TOY)
    assert sum(graded.results["eve"].scores.values()) == 0


def test_a_deleted_answer_is_missing(school: School) -> None:
    notebook = school.notebook(school.right())
    notebook.cells = [c for c in notebook.cells if "def double" not in c.source]
    school.hand_in("ada", notebook)
    graded = grade_class(school.course, TOY)
    found = graded.results["ada"].exercises["check-double"]
    assert (found.verdict, found.score) == ("MISSING", 0)


def sources(school: School, notebook, **options) -> list[str]:
    released = source_notebook(school.assignment)
    return [c.source for c in cells_to_run(notebook, released, **options)]


def test_released_demonstrations_are_not_run_again(school: School) -> None:
    found = sources(school, school.notebook({}))
    assert "print(softmax(torch.zeros(1, 2)))" not in found
    assert any("import numpy" in s for s in found)
    assert not any(s.startswith("check(") for s in found)


def test_demonstrations_are_run_if_asked(school: School) -> None:
    found = sources(school, school.notebook({}), demonstrations=True)
    assert "print(softmax(torch.zeros(1, 2)))" in found


def test_only_definitions_are_taken_from_an_edited_demonstration(school) -> None:
    answers = school.right() | {"double": "def double(n):\n    return twice(n)\n"}
    notebook = school.notebook(answers)
    for cell in notebook.cells:
        if cell.source.startswith("print(softmax"):
            cell.source = "def twice(n):\n    return 2 * n\n\nwhile True:\n    pass\n"
    grader = Grader(school.assignment, school.course.seed)
    result = grader.grade("ada", grader.cells(notebook))
    assert result.scores["check-double"] == 1


def test_cells_that_a_student_added_are_run(school: School) -> None:
    notebook = school.notebook({})
    notebook.cells.append(new_code_cell("my_constant = 3"))
    assert "my_constant = 3" in sources(school, notebook)
