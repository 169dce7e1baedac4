"""An instructor grades a written answer in formgrader, on a real gradebook."""

import time

import pytest

from autograder.gradebook import api
from autograder.grading.run import grade_class

from ..grading.conftest import TOY
from .chromium import PATIENCE
from .servers import jupyter_lab

PATHS = (
    "manage_assignments",
    f"manage_submissions/{TOY}",
    "gradebook",
    "manage_students",
)
READY = """() => window.formgrader?.loaded
    && formgrader.grades.loaded && formgrader.comments.loaded"""
ANSWER = "Since two and two are four."
COMMENT = "Say why they are."


@pytest.fixture
def course(school):
    """Ada's answers are graded, and she got feedback; nobody read her words so far."""
    answers = school.right() | {"why": ANSWER}
    school.hand_in("ada", school.notebook(answers))
    assert grade_class(school.course, TOY).problems == []
    api.generate_feedback(school.course.root, TOY)
    return school.course


@pytest.fixture
def lab(course, tmp_path):
    with jupyter_lab(course.root, tmp_path) as running:
        yield running


def open_submission(window, lab, name: str = TOY, which="Submission #1") -> None:
    """From the list of assignments to a submission, link by link."""
    page = window.page
    page.goto(lab.page("formgrader/gradebook"))
    for link in (name, name, which):
        page.get_by_role("link", name=link, exact=True).click()
    page.wait_for_function(READY)


def manual(course) -> tuple[float | None, str | None]:
    """Points and comment of the written answer in the gradebook."""
    with api.gradebook(course.root) as gradebook:
        grade = gradebook.find_grade("why", TOY, TOY, "ada")
        comment = gradebook.find_comment("why", TOY, TOY, "ada")
        return grade.manual_score, comment.manual_comment


def give(page, selector: str, text: str, saved) -> None:
    """Type into a field, leave it, and do so again unless the gradebook has it."""
    for _ in range(4):
        page.locator(selector).fill(text)
        page.locator(selector).blur()
        patience = time.monotonic() + PATIENCE / 4000
        while time.monotonic() < patience:
            if saved():
                return
            page.wait_for_timeout(200)
    raise AssertionError(f"{text!r} typed into {selector} was not saved")


def regenerate_feedback(page, lab) -> None:
    page.goto(lab.page("formgrader/manage_assignments"))
    page.locator(".generate-feedback a").click()
    page.locator("#success-modal").get_by_text("Successfully generated").wait_for()


def test_a_written_answer_is_graded_and_commented(course, lab, window) -> None:
    page = window.page
    feedback = course.root / "feedback" / "ada" / TOY / f"{TOY}.html"
    assert COMMENT not in feedback.read_text()

    open_submission(window, lab)
    answer = page.locator(".nbgrader_cell", has=page.locator("#why"))
    assert ANSWER in answer.inner_text()
    give(page, "#why", "1.5", lambda: manual(course)[0] == 1.5)
    give(page, "#why-comment", COMMENT, lambda: manual(course)[1] == COMMENT)
    window.shot("formgrader-graded")
    regenerate_feedback(page, lab)

    page.goto(feedback.as_uri())
    assert page.get_by_text(COMMENT).is_visible()
    assert page.get_by_text("1.5 of 2 points, given by hand").is_visible()
    window.shot("feedback", full_page=True)


def test_rubric_and_model_answer_stand_beside_the_answer(lab, window) -> None:
    open_submission(window, lab)
    page = window.page
    answer = page.locator(".nbgrader_cell", has=page.locator("#why")).bounding_box()
    aside = page.locator(".model-answer")
    assert aside.count() == 1  # of four graded cells one is answered in words
    assert aside.get_by_text("says because").is_visible()
    assert aside.get_by_text("Because.").is_visible()
    beside = aside.bounding_box()
    assert beside["x"] >= answer["x"] + answer["width"]
    assert abs(beside["y"] - answer["y"]) < 20


def test_mathematics_is_drawn_without_the_network(lab, window) -> None:
    open_submission(window, lab)
    drawn = window.page.locator(".model-answer .MathJax").first
    drawn.wait_for()
    assert "1+1=2" in drawn.inner_text().replace(" ", "")
    for path in PATHS:
        window.page.goto(lab.page(f"formgrader/{path}"), wait_until="networkidle")
        window.shot(f"formgrader-{path.partition('/')[0]}")
    assert window.asked_outside == []


def test_students_get_neither_rubric_nor_model_answer(course) -> None:
    for folder in ("release", "autograded", "feedback"):
        for path in (course.root / folder).rglob("*"):
            assert not path.is_file() or b"says because" not in path.read_bytes()
