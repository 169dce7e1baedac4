"""The pictures of the pages, taken anew: `make screenshots`.

A class of ten, with every kind of mistake, is graded; a student works in JupyterLab, an
instructor grades a written answer in formgrader. Left out: cutting by hand.
"""

import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from PIL import Image

from autograder import catalogue
from autograder.authoring.answers import (
    fill,
    hand_in,
    misconception_answer,
    reference_answer,
)
from autograder.demo import ASSIGNMENT, run_demo
from autograder.gradebook import api
from autograder.gradebook.course import Course
from autograder.grading.run import grade_class

from .chromium import ROOT, Window, new_window, running_browser, why_not
from .notebook import Notebook
from .servers import NBGRADER, jupyter_lab
from .test_formgrader import give, open_submission

PICTURES = ROOT / "docs" / "pictures"
LARGEST = 150_000  # bytes
COLOURS = 200
WORKS_ON = ("a06_conv_from_scratch", "conv2d_naive", "pads_everything_at_the_start")
STUDENT = "cleo"
WORDS = """\
1. Both zero: $h = \\tanh(0) = 0$, so $W_2$ gets no gradient, and with $W_2 = 0$ neither
   do $W_1$ and $b_1$. Only $b_2$ learns.
2. $W_2$ zero: it moves in the first step, since $h \\neq 0$, then $W_1$ too.
3. $W_1$ zero: zero is always bad, so the network learns nothing.
4. All equal: every unit gets the same gradient, so all stay the same for ever.
"""
COMMENT = "Start 3: which gradient is zero, and is it still zero after one step?"


def main() -> int:
    """Take every picture; the exit code is 2 if there is no browser."""
    if reason := why_not():
        print(f"no pictures: {reason}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder, running_browser() as browser:
        here = Path(folder)
        with new_window(browser, 1000, 1180, scale=1.3) as window:
            keep(check_card(window, here), "check-report")
        course = graded_class(here)
        with new_window(browser, 1240, 900, scale=1.3) as window:
            keep(formgrader(window, course, here), "formgrader")
        with new_window(browser, 1000, 900, scale=1.3) as window:
            keep(feedback(window, course), "feedback")
            keep(class_report(window, course), "class-report")
    return 0


def check_card(window: Window, folder: Path) -> Path:
    """A known mistake, checked in JupyterLab."""
    name, exercise, slug = WORKS_ON
    assignment = catalogue.find(name)
    released = Course.init(folder / "released").release(assignment)
    student = folder / "student"
    shutil.copytree(released, student / name)
    exercises = assignment.checks.exercises
    answers = {n: reference_answer(assignment, e) for n, e in exercises.items()}
    wrong = misconception_answer(assignment, exercises[exercise], slug)
    answers[exercise] = re.sub(r'\n *"""[^"]*"""', "", wrong)  # it is the hint
    path = student / name / f"{name}.ipynb"
    nbformat.write(fill(path, answers), path)
    with jupyter_lab(student, folder, without=(NBGRADER,)) as lab:
        notebook = Notebook(window, lab)
        notebook.open(f"{name}/{name}.ipynb")
        notebook.run_all()
        notebook.reads(f"check-{exercise}", "FAILED")
        window.page.evaluate(CLOSE_SIDES)
        notebook.show(f"check-{exercise}")
        window.page.wait_for_timeout(1000)  # the sides fold
        return window.shot("check-report")


CLOSE_SIDES = """() => {
    const shell = window.jupyterapp.shell;
    shell.collapseLeft();
    shell.collapseRight();
}"""


def graded_class(folder: Path) -> Course:
    """The demonstration's class; one student's words are worth a comment."""
    root = folder / "demo"
    run_demo(root)
    course = Course.open(root)
    own = course.submission(STUDENT, ASSIGNMENT)
    hand_in(root, STUDENT, ASSIGNMENT, fill(own, {"four_starts": WORDS}))
    assert grade_class(course, ASSIGNMENT, [STUDENT]).problems == []
    return course


def formgrader(window: Window, course: Course, folder: Path) -> Path:
    """Points and a comment for a written answer, beside the rubric."""
    private = folder / "formgrader"
    private.mkdir()
    with jupyter_lab(course.root, private) as lab:
        number = place_of(course, STUDENT)
        open_submission(window, lab, ASSIGNMENT, f"Submission #{number}")
        given = lambda: manual(course)  # noqa: E731
        give(window.page, "#four_starts", "2.5", lambda: given()[0] == 2.5)
        comment = "#four_starts-comment"
        give(window.page, comment, COMMENT, lambda: given()[1] == COMMENT)
        window.page.locator(".model-answer .MathJax").first.wait_for()
        window.page.wait_for_timeout(3000)  # signs of saving fade, formulas settle
        window.page.evaluate(TO_TOP, "#four_starts")
        window.page.evaluate("() => document.activeElement.blur()")
        return window.shot("formgrader")


TO_TOP = """selector => {
    const top = document.querySelector(selector).getBoundingClientRect().top;
    window.scrollBy(0, top - 90);
}"""


def place_of(course: Course, student: str) -> int:
    """Which of formgrader's numbers a student has: they are sorted by id."""
    with api.gradebook(course.root) as gradebook:
        found = gradebook.notebook_submissions(ASSIGNMENT, ASSIGNMENT)
        numbered = sorted(found, key=lambda submission: submission.id)
        return 1 + [s.student.id for s in numbered].index(student)


def manual(course: Course) -> tuple[Any, Any]:
    """Points and comment that were given by hand."""
    with api.gradebook(course.root) as gradebook:
        asked = ("four_starts", ASSIGNMENT, ASSIGNMENT, STUDENT)
        grade, comment = gradebook.find_grade(*asked), gradebook.find_comment(*asked)
        return grade.manual_score, comment.manual_comment


def feedback(window: Window, course: Course) -> Path:
    """What the student reads."""
    api.generate_feedback(course.root, ASSIGNMENT)
    page = course.root / "feedback" / STUDENT / ASSIGNMENT / f"{ASSIGNMENT}.html"
    window.page.goto(page.as_uri())
    return window.shot("feedback")


def class_report(window: Window, course: Course) -> Path:
    """What the instructor reads; the demonstration wrote it."""
    window.page.goto((course.root / "reports" / f"{ASSIGNMENT}.html").as_uri())
    return window.shot("class-report")


def keep(shot: Path, name: str) -> None:
    """Make a screenshot small enough for the repository."""
    picture = Image.open(shot).convert("RGB")
    small = picture.quantize(COLOURS, dither=Image.Dither.NONE)
    path = PICTURES / f"{name}.png"
    small.save(path, optimize=True)
    size = path.stat().st_size
    assert size <= LARGEST, f"{path.name} has {size} bytes; {LARGEST} are allowed"
    print(f"{path.relative_to(ROOT)}  {size // 1000} kB")


if __name__ == "__main__":
    sys.exit(main())
