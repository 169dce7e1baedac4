"""A student works on a released notebook in JupyterLab."""

import shutil

import pytest

from autograder import catalogue

from ..grading.conftest import TOY
from .notebook import Notebook
from .servers import NBGRADER, jupyter_lab

# What sticks out of a report on the right: JupyterLab's own styles may do that.
STICKS_OUT = """() => [...document.querySelectorAll("section[aria-label^='Check of']")]
    .flatMap(card => [...card.querySelectorAll('*')].filter(one =>
        one.getBoundingClientRect().right > card.getBoundingClientRect().right + 1))
    .map(one => one.outerHTML.slice(0, 80))"""


@pytest.fixture
def notebook(school, tmp_path, window):
    """The released folder, as a student got it, in JupyterLab."""
    folder = tmp_path / "student"
    shutil.copytree(school.released.parent, folder / TOY)
    with jupyter_lab(folder, tmp_path, without=(NBGRADER,)) as lab:
        notebook = Notebook(window, lab)
        notebook.open(f"{TOY}/{TOY}.ipynb")
        yield notebook


def test_a_student_reads_a_hint_and_gets_it_right(notebook, school, window) -> None:
    exercise = catalogue.find(TOY).checks.exercises["softmax"]
    (wrong,) = (
        m
        for m in catalogue.find(TOY).misconceptions(exercise)
        if m.slug == "wrong_axis"
    )
    notebook.run_all()
    notebook.reads("check-softmax", "MISSING")

    notebook.write("softmax", school.mistake("softmax", "wrong_axis")["softmax"])
    notebook.run_all()
    notebook.reads("check-softmax", "FAILED")
    notebook.reads("check-softmax", wrong.hint)
    window.shot("student-hint")
    assert window.page.evaluate(STICKS_OUT) == []

    notebook.write("softmax", school.right()["softmax"])
    notebook.run_all()
    notebook.reads("check-softmax", "PASSED")
    window.shot("student-passed")
    assert window.asked_outside == []
