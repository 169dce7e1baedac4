"""The class report, opened from a file: it sorts, prints, and needs nothing else."""

from pathlib import Path

import pytest

from autograder.grading.run import grade_class

from ..grading.conftest import TOY
from ..grading.test_command_line import run

A4 = 718  # pixels between the margins of a printed page
LEGIBLE = (
    1.5  # Chromium prints what is wider than the paper smaller; so far one can read
)
WHITE = "rgb(255, 255, 255)"
CLASS = {"ada": "", "bob": "wrong_axis", "cleo": "wrong_axis", "dan": "no_shift"}


@pytest.fixture
def report(school) -> Path:
    """Ada is right; two share a mistake, one has another."""
    for student, slug in CLASS.items():
        answers = school.mistake("softmax", slug) if slug else school.right()
        school.hand_in(student, school.notebook(answers))
    assert grade_class(school.course, TOY).problems == []
    assert run("report", TOY, "--course", str(school.course.root))[0] == 0
    return school.course.root / "reports" / f"{TOY}.html"


def points(table) -> list[float]:
    return [float(t) for t in table.locator("tbody td:nth-child(2)").all_inner_texts()]


def test_a_table_sorts_by_mouse_and_by_keyboard(report, window) -> None:
    page = window.page
    page.goto(report.as_uri())
    table = page.locator("#students table")
    head = table.locator("thead th", has_text="points")
    before = points(table)
    head.get_by_role("button").click()
    assert points(table) == sorted(before)
    assert head.get_attribute("aria-sort") == "ascending"
    head.get_by_role("button").press("Enter")
    assert points(table) == sorted(before, reverse=True)
    assert head.get_attribute("aria-sort") == "descending"
    assert len(set(before)) > 1


def test_the_most_frequent_mistake_is_first(report, window) -> None:
    page = window.page
    page.goto(report.as_uri())
    first = page.locator("#mistakes tbody tr").first.inner_text()
    assert "normalise over the classes" in first
    assert "bob" in first
    assert "cleo" in first
    window.shot("class-report", full_page=True)


def test_it_prints_dark_on_white_and_within_the_paper(report, window) -> None:
    page = window.page
    page.goto(report.as_uri())
    paper = "getComputedStyle(document.body).backgroundColor"
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(paper) != WHITE
    page.emulate_media(color_scheme="dark", media="print")
    assert page.evaluate(paper) == WHITE
    page.set_viewport_size({"width": A4, "height": 1000})
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= LEGIBLE * A4, "something is much wider than the paper"
    printed = page.pdf(format="A4", print_background=False)
    assert printed.startswith(b"%PDF")
    assert len(printed) > 10_000


def test_it_asks_for_nothing_outside_and_breaks_no_rule_of_its_own(
    report, window
) -> None:
    complaints: list[str] = []
    window.page.on("console", lambda message: complaints.append(message.text))
    window.page.goto(report.as_uri(), wait_until="networkidle")
    assert (window.asked_outside, complaints) == ([], [])
