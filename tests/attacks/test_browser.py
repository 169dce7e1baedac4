"""What a student writes must not run in the browser of who looks at it.

Everything is handed in at once; the feedback page and nbconvert's own page of the
autograded notebook (what formgrader shows) are then read as a browser reads them.
"""

import json
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter

from autograder.gradebook import api
from autograder.gradebook.markup import to_html
from autograder.gradebook.neutral import neutral_text
from autograder.grading.run import grade_class

from ..grading.conftest import TOY, School
from .pages import BAD, MARKDOWN, evil, read


@pytest.fixture(scope="module")
def pages(released_once: Path, tmp_path_factory: pytest.TempPathFactory):
    """Both pages, read; and the autograded notebook."""
    import shutil

    from autograder import catalogue
    from autograder.gradebook.course import Course

    from ..grading.conftest import CATALOGUE

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_REPOSITORY", str(CATALOGUE))
        root = tmp_path_factory.mktemp("browser") / "course"
        shutil.copytree(released_once, root)
        school = School(Course.open(root), catalogue.find(TOY))
        path = school.hand_in("eve", school.notebook({}))
        path.write_text(json.dumps(evil(school)))
        graded = grade_class(school.course, TOY)
        assert graded.problems == []
        assert sum(graded.results["eve"].scores.values()) == 0
        api.generate_feedback(root, TOY)
    feedback = (root / "feedback" / "eve" / TOY / f"{TOY}.html").read_text()
    notebook = nbformat.read(root / "autograded" / "eve" / TOY / f"{TOY}.ipynb", 4)
    plain, _ = HTMLExporter(template_name="classic").from_notebook_node(notebook)
    return {"feedback": read(feedback), "formgrader": read(plain)}, notebook


@pytest.mark.parametrize("page", ["feedback", "formgrader"])
def test_a_page_runs_nothing_of_a_student(pages, page: str) -> None:
    own = [a for a in pages[0][page].active if BAD in a]
    assert own == []


def test_formgrader_shows_the_words_and_the_picture(pages) -> None:
    text = "".join(pages[0]["formgrader"].text)
    assert "plain words" in text
    assert f"alert('{BAD}')" in text  # as text
    kept = [o for c in pages[1].cells for o in c.get("outputs", [])]
    assert any("image/png" in o.get("data", {}) for o in kept)


def test_feedback_shows_the_words_of_the_answers(pages) -> None:
    text = "".join(pages[0]["feedback"].text)
    assert "output of mine" in text  # the source of a cell
    assert f"alert('{BAD}')" in text  # as text


@pytest.mark.parametrize("name", MARKDOWN)
def test_words_on_a_feedback_page_run_nothing_even_unneutralised(name: str) -> None:
    page = to_html(MARKDOWN[name])
    assert read(page).active == []
    assert "\\href" not in page


def test_only_our_reports_are_html(pages) -> None:
    found = [
        (cell.source, output.data["text/html"])
        for cell in pages[1].cells
        for output in cell.get("outputs", [])
        if "text/html" in output.get("data", {})
    ]
    assert [source for source, _ in found] == [
        "check(softmax)",
        "check(center)",
        "check(double)",
    ]
    for _, page in found:
        assert page.startswith('<div class="tex2jax_ignore mathjax_ignore">')
        assert read(page).active == []


@pytest.mark.parametrize("name", MARKDOWN)
def test_markdown_is_made_harmless(name: str) -> None:
    from nbconvert.filters.markdown_mistune import markdown2html_mistune

    page = markdown2html_mistune(neutral_text(MARKDOWN[name]))
    assert read(page).active == []
    assert "\\href" not in page


def test_ordinary_markdown_is_left_as_it_is() -> None:
    text = "# A title\n\n*Because* $a < b$ & so on: `x[1:2]`, [a](https://b.c).\n"
    assert neutral_text(text) == text
