"""A wrong answer may be written as an edit of the reference."""

import shutil
from pathlib import Path

import pytest

from autograder.authoring import verify as proof
from autograder.authoring.answers import misconception_answer
from autograder.catalogue import Assignment
from autograder.edits import function_of
from autograder.errors import AuthoringError

ROOT = Path(__file__).resolve().parents[2]
HINT = "You subtract the means of the rows: a feature is a column."


@pytest.fixture
def toy(tmp_path):
    """A copy of the toy assignment."""
    shutil.copytree(ROOT / "tests" / "catalogue", tmp_path / "copy")
    return Assignment("t01_toy", tmp_path / "copy")


def with_edits(toy, text):
    path = toy.solutions / "misconceptions.py"
    with path.open("a", encoding="utf-8") as file:
        file.write(f"\n\nEDITS = {text}\n")
    return path


EDIT = f"""{{
    "double__triples": ({HINT!r}, ("2 * n", "3 * n")),
}}"""


def double(toy):
    return toy.checks.exercise("double")


def test_an_edit_is_a_misconception_like_any_other(toy):
    with_edits(toy, EDIT)
    found = {m.slug: m for m in toy.misconceptions(double(toy))}
    assert found["triples"].hint == HINT
    assert found["triples"].candidate["double"](2) == 6
    assert toy.reference(double(toy))["double"](2) == 4
    assert proof.verify(toy, seeds=(1,)).problems == []


def test_its_source_can_be_handed_in(toy):
    with_edits(toy, EDIT)
    source = misconception_answer(toy, double(toy), "triples")
    assert source.startswith("def double(")
    assert "SOLUTION" not in source
    assert "3 * n" in source
    assert HINT not in source


REFUSED = {
    "unknown": (
        "{'triple__nothing': ('Hint.', ('2 * n', '3 * n'))}",
        "EDITS['triple__nothing'] begins with no name of reference.py; call it "
        "function__slug.",
    ),
    "no hint": (
        "{'double__x': (('2 * n', '3 * n'),)}",
        "EDITS['double__x'] is not (hint, (old, new), ...); write the sentence that "
        "helps, then pairs of strings.",
    ),
    "not there": (
        "{'double__x': ('Hint.', ('no such line', ''))}",
        "EDITS['double__x']: 'no such line' occurs 0 times in double, not once; quote "
        "more of the line, or less.",
    ),
    "no Python": (
        "{'double__x': ('Hint.', ('2 * n', '('))}",
        "EDITS['double__x'] makes no Python of double: ",
    ),
}


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED)
def test_an_edit_that_does_not_fit_is_named(toy, text, said):
    path = with_edits(toy, text)
    with pytest.raises(AuthoringError) as caught:
        toy.misconceptions(double(toy))
    assert str(caught.value).startswith(f"{path}: {said}")


def test_a_name_that_stands_twice_is_refused(toy):
    path = toy.solutions / "misconceptions.py"
    source = path.read_text(encoding="utf-8")
    line = next(li for li in source.splitlines() if li.startswith("def double__"))
    name = line.removeprefix("def ").split("(")[0]
    with_edits(toy, f"{{{name!r}: ('Hint.', ('2 * n', '3 * n'))}}")
    with pytest.raises(AuthoringError) as caught:
        toy.misconceptions(double(toy))
    assert str(caught.value) == (
        f"{path} has {name} as a function and in EDITS; rename one of them."
    )


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("f__slug", "f"),
        ("f___slug", "f_"),
        ("f__two__parts", "f"),
        ("f", ""),
        ("f__", ""),
        ("other__slug", ""),
    ],
)
def test_a_name_says_what_it_is_about(name, function):
    assert function_of(name, ("f", "f_")) == function
