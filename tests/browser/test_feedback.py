"""The feedback page in a browser: quiet whatever a student wrote, and legible."""

import json

import pytest

from autograder.gradebook import api
from autograder.grading.run import grade_class

from ..attacks.pages import MARKDOWN, evil
from ..grading.conftest import TOY, School
from .chromium import new_window

WORDS = "Since $\\frac{a}{b}$ is `a / b`."


def feedback_on(school: School, notebook) -> str:
    path = school.hand_in("eve", school.notebook({}))
    path.write_text(json.dumps(notebook))
    assert grade_class(school.course, TOY).problems == []
    api.generate_feedback(school.course.root, TOY)
    page = school.course.root / "feedback" / "eve" / TOY / f"{TOY}.html"
    return page.as_uri()


def test_nothing_that_a_student_wrote_runs_or_asks_the_network(school, window) -> None:
    notebook = evil(school)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "why":
            cell.source = "\n\n".join(MARKDOWN.values())
    asked: list[str] = []
    window.page.on("dialog", lambda dialog: (asked.append("dialog"), dialog.dismiss()))
    window.page.on("request", lambda request: asked.append(request.url))
    address = feedback_on(school, notebook)
    window.page.goto(address)
    for link in window.page.locator("main a").all():
        link.click(no_wait_after=True)
    assert window.page.locator("article").count() >= 4
    assert asked == [address]
    assert window.asked_outside == []


NARROWER = "() => document.documentElement.scrollWidth <= window.innerWidth"
LUMINANCE = """selector => getComputedStyle(document.querySelector(selector)).color
    .match(/\\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0)"""


@pytest.fixture
def address(school) -> str:
    answers = school.mistake("softmax", "no_shift") | {"why": WORDS}
    return feedback_on(school, school.notebook(answers))


def test_the_page_fits_a_telephone_and_dark_screens_and_draws_formulas(
    address, browser
) -> None:
    for dark in (False, True):
        with new_window(browser, 390, 800, dark=dark) as window:
            window.page.goto(address)
            assert window.page.evaluate(NARROWER)
            assert (window.page.evaluate(LUMINANCE, "body") > 380) == dark
            assert (window.page.evaluate(LUMINANCE, "section p") > 380) == dark
            above, below = (
                window.page.locator("mfrac > *").nth(i).bounding_box() for i in (0, 1)
            )
            assert above["y"] < below["y"]
            window.shot("feedback-narrow-dark" if dark else "feedback-narrow", True)
