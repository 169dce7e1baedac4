"""The feedback page: what a student reads, and what nobody else's page may hold."""

import re
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_output
from nbgrader.api import Gradebook

from autograder.gradebook import api
from autograder.gradebook.markup import formula, to_html
from autograder.grading.run import grade_class

from ..attacks.pages import PNG, Reader, read
from .conftest import TOY, School

ANSWER = "Because $p_i = \\frac{e^{z_i}}{\\sum_j e^{z_j}}$, and **so on**."
HELPER = "def helper_of_ada(n):\n    return 2 * n\n"


class Feedback:
    """A school in which ada and bob were graded."""

    def __init__(self, school: School) -> None:
        self.school, self.root = school, school.course.root
        answers = school.mistake("softmax", "no_shift") | {"why": ANSWER}
        notebook = school.notebook(answers)
        notebook.cells.insert(1, new_code_cell(HELPER))
        school.hand_in("ada", notebook)
        school.hand_in("bob", school.notebook(school.right()))
        assert grade_class(school.course, TOY).problems == []

    def grade(self, points: float, comment: str) -> None:
        """What a person does in formgrader."""
        with Gradebook(f"sqlite:///{self.root / 'gradebook.db'}") as gradebook:
            grade = gradebook.find_grade("why", TOY, TOY, "ada")
            grade.manual_score, grade.needs_manual_grade = points, False
            gradebook.find_comment("why", TOY, TOY, "ada").manual_comment = comment
            gradebook.find_comment(
                "softmax", TOY, TOY, "ada"
            ).manual_comment = "See me."
            gradebook.db.commit()

    def page(self, student: str = "ada") -> str:
        api.generate_feedback(self.root, TOY)
        path = self.root / "feedback" / student / TOY / f"{TOY}.html"
        return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def feedback(released_once: Path, tmp_path_factory: pytest.TempPathFactory):
    import shutil

    from autograder import catalogue
    from autograder.gradebook.course import Course

    from .conftest import CATALOGUE

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_REPOSITORY", str(CATALOGUE))
        root = tmp_path_factory.mktemp("feedback") / "course"
        shutil.copytree(released_once, root)
        yield Feedback(School(Course.open(root), catalogue.find(TOY)))


@pytest.fixture(scope="module")
def before(feedback: Feedback) -> str:
    return feedback.page()


@pytest.fixture(scope="module")
def after(feedback: Feedback, before: str) -> str:
    feedback.grade(1.5, "Right, but *why*? Look at $z$.")
    return feedback.page()


def words(page: str) -> str:
    return " ".join(" ".join(read(page).text).split())


def test_before_a_person_has_graded_the_score_is_not_final(before: str) -> None:
    assert "Not final. A person still has to grade: why." in words(before)
    assert "waits of 2" in words(before)
    assert "says because" not in before  # the rubric


def test_after_it_the_page_says_everything(after: str) -> None:
    text = words(after)
    assert "6.83 of 8 points" in text
    assert "why 1.5 of 2 points, given by hand" in text
    assert "Right, but why ? Look at" in text
    assert "See me." in text
    assert "What the points are given for 2 points: says because" in text
    assert "Not final" not in text


def test_each_exercise_has_its_card_and_the_students_code(after: str) -> None:
    assert after.count('aria-label="Check of ') == 3
    assert "You do not subtract the largest logit" in after
    assert words(after).count("Your code") == 3
    assert "helper_of_ada" in after


def test_formulas_are_drawn_without_help(after: str) -> None:
    assert "<mfrac>" in after
    assert "\\frac" not in after


def test_a_page_needs_nothing_but_itself(after: str) -> None:
    assert "<script" not in after
    assert re.findall(r'(?:src|href|action)="(?!#|data:image/)[^"]*"', after) == []
    assert "url(" not in after
    assert "@import" not in after
    assert "default-src 'none'" in after
    assert read(after).active == []


def test_no_hidden_code_no_answer_of_ours_and_nobody_else_is_on_it(
    feedback: Feedback, after: str
) -> None:
    assert "rng.normal(1, 7)" not in after
    assert "amax" not in after  # of the reference
    assert "bob" not in after
    bob = (feedback.root / "feedback" / "bob" / TOY / f"{TOY}.html").read_text()
    assert "ada" not in re.sub(r"<style>.*?</style>", "", bob, flags=re.DOTALL)


class Outline(Reader):
    def __init__(self) -> None:
        super().__init__()
        self.headings, self.ids, self.targets, self.void = [], set(), [], []
        self.landmarks, self.images = set(), []

    def handle_starttag(self, tag, attrs) -> None:
        super().handle_starttag(tag, attrs)
        own = dict(attrs)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if "id" in own:
            assert own["id"] not in self.ids
            self.ids.add(own["id"])
        if own.get("href", "").startswith("#"):
            self.targets.append(own["href"][1:])
        if tag in {"main", "nav", "header"}:
            self.landmarks.add(tag)
        if tag == "img":
            self.images.append(own.get("alt"))


def test_a_screen_reader_finds_its_way(after: str) -> None:
    outline = Outline()
    outline.feed(after)
    assert '<html lang="en">' in after
    assert outline.landmarks == {"main", "nav", "header"}
    assert outline.headings[0] == 1
    steps = zip(outline.headings, outline.headings[1:], strict=False)
    assert all(below <= above + 1 for above, below in steps)
    assert set(outline.targets) <= outline.ids
    assert all(outline.images)


def test_a_late_penalty_is_taken_off_and_said(school: School) -> None:
    own = Feedback(school)
    config = own.root / "nbgrader_config.py"
    (own.root / "late.py").write_text(
        "from nbgrader.plugins import BasePlugin\n"
        "class Late(BasePlugin):\n"
        "    def late_submission_penalty(self, student, score, late):\n"
        "        return 1.0\n"
    )
    config.write_text(
        config.read_text()
        + "\nimport sys; sys.path.insert(0, str(Path(__file__).parent))\n"
        "c.AssignLatePenalties.plugin_class = 'late.Late'\n"
    )
    with Gradebook(f"sqlite:///{own.root / 'gradebook.db'}") as gradebook:
        from datetime import datetime

        gradebook.find_assignment(TOY).duedate = datetime(2026, 1, 1)
        held = gradebook.find_submission(TOY, "ada")
        held.timestamp = datetime(2026, 1, 2)
        gradebook.db.commit()
    text = words(own.page())
    assert "handed in 2026-01-02 00:00 UTC" in text
    assert "4.33 of 8 points" in text
    assert "1 point taken off for handing in late." in text


def test_a_test_cell_of_a_plain_notebook_shows_its_note_and_no_code() -> None:
    from autograder.gradebook.feedback import _report

    cell = new_code_cell("assert hidden()", outputs=[new_output("stream", text="no")])
    assert _report(cell) == ("", "no")


def test_nbgraders_own_page_can_be_had_instead(school: School) -> None:
    text = (Path(__file__).parents[2] / "docs" / "instructor.md").read_text()
    lines = re.findall(r"^c\.GenerateFeedback.*$", text, flags=re.MULTILINE)
    config = school.course.root / "nbgrader_config.py"
    config.write_text("\n".join([config.read_text(), *lines]))
    page = Feedback(school).page()
    assert len(lines) == 2
    assert "Score: 5.33" in words(page)
    assert "print" in words(page)  # of a demonstration


# Words of anybody's

MATHS = {
    "a fraction": ("\\frac{1}{2}", "<mfrac><mrow><mn>1</mn></mrow>"),
    "letters": ("\\partial\\ell", "<mo>∂</mo><mi>ℓ</mi>"),
    "lines": ("\\begin{aligned}a&=b\\\\c&=d\\end{aligned}", "<mtable"),
    "HTML in a text": (
        "\\text{<b onclick=x>}",
        "<mtext>&lt;b\xa0onclick=x&gt;</mtext>",
    ),
}


@pytest.mark.parametrize(("tex", "part"), MATHS.values(), ids=MATHS)
def test_a_formula_is_mathml(tex: str, part: str) -> None:
    assert part in formula(tex)


UNREADABLE = ["\\frac" * 100, "\\left(" * 80, "_" * 600, "x" * 601, "\\begin{matrix}"]


@pytest.mark.parametrize("tex", UNREADABLE, ids=lambda tex: tex[:12])
def test_a_formula_that_cannot_be_read_is_shown_as_it_is(tex: str) -> None:
    assert formula(tex) == f"<code>{tex}</code>"


@pytest.mark.parametrize(
    "tex", ["{" * 300 + "}" * 300, "\\sqrt{" * 99 + "x" + "}" * 99]
)
def test_a_deep_formula_is_no_trouble(tex: str) -> None:
    assert len(formula(tex)) < 20_000


LINKS = {
    "[a](https://x.y)": '<a rel="noopener noreferrer" href="https://x.y">a</a>',
    "[a](javascript:alert)": "a",
    "[a](//x.y)": "a",
    "![a](https://x.y/z.png)": "<em>[picture: a]</em>",
    "![a](data:image/png;base64,AAAA)": "<em>[picture: a]</em>",
    "![a](attachment:b.png)": f'<img alt="a" src="data:image/png;base64,{PNG}">',
    "![a](attachment:c.svg)": "<em>[picture: a]</em>",
    "$\\href{javascript:alert(1)}{x}$": "<mi>x</mi>",
}


@pytest.mark.parametrize(("text", "page"), LINKS.items(), ids=list(LINKS))
def test_what_is_loaded_from_elsewhere_is_left_out(text: str, page: str) -> None:
    attached = {"b.png": {"image/png": PNG}, "c.svg": {"image/svg+xml": "PHN2Zz4="}}
    made = to_html(text, attached)
    assert page in made
    assert read(made).active == []
    assert "javascript" not in made
