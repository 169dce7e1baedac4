"""`verify` proves an assignment, and names the file where something does not hold."""

import shutil
from pathlib import Path

import pytest

from autograder import catalogue
from autograder.authoring import verify as proof
from autograder.catalogue import Assignment

ROOT = Path(__file__).resolve().parents[2]
TOY = "t01_toy"


def written_to(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def toy(tmp_path):
    """A copy of the toy assignment, to be broken."""
    shutil.copytree(ROOT / "tests" / "catalogue", tmp_path / "copy")
    return Assignment(TOY, tmp_path / "copy")


def edited(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_toy_is_sound(toy):
    assert proof.verify(toy, seeds=(1,)).problems == []


def problems_of(assignment):
    return proof.verify(assignment, seeds=(1,)).problems


def test_a_stray_file_is_named(toy):
    path = written_to(toy.folder, "notes.txt", "")
    assert problems_of(toy) == [
        f"{path} is a stray file; remove it (generated files go to build/)."
    ]


@pytest.mark.parametrize("file", ["notebook.py", "reference.py"])
def test_a_line_that_a_cell_would_wrap_is_named(toy, file):
    path = (toy.folder if file == "notebook.py" else toy.solutions) / file
    text = path.read_text(encoding="utf-8").rstrip("\n")
    cell = "\n# %%" if file == "notebook.py" else ""
    written_to(path.parent, file, f"{text}{cell}\n# {'x' * 78}\n")
    number = len(f"{text}{cell}".split("\n")) + 1
    assert problems_of(toy) == [
        f"{path}, line {number} has 80 columns; students read it in a cell, break it "
        "at 79."
    ]


def test_a_reference_that_its_oracle_contradicts_is_named(toy):
    edited(toy.solutions / "reference.py", "return result", "return result + 1")
    assert (
        f"{toy.solutions / 'alternatives.py'}: double__oracle_shift is right but does "
        "not pass: case numbers on plain input: the output is wrong [seed 1]"
    ) in problems_of(toy)


def test_a_misconception_that_no_case_catches_is_named(toy):
    with (toy.solutions / "misconceptions.py").open("a", encoding="utf-8") as file:
        file.write('\n\ndef double__right(n):\n    """Right."""\n    return n + n\n')
    assert problems_of(toy) == [
        f"{toy.folder / 'checks.py'}: double__right passes every case; add a case that "
        "it fails. [seed 1]"
    ]


def test_a_misconception_that_looks_like_another_is_named(toy):
    path = toy.solutions / "misconceptions.py"
    source = path.read_text(encoding="utf-8")
    name = next(li for li in source.splitlines() if li.startswith("def double__"))
    slug = name.removeprefix("def double__").split("(")[0]
    with path.open("a", encoding="utf-8") as file:
        twin = f'def double__twin(n):\n    """Twin."""\n    return double__{slug}(n)\n'
        file.write(f"\n\n{twin}")
    assert problems_of(toy) == [
        f"{path}: double__{slug} is taken for twin; add a case in which the two "
        "differ, or drop one. [seed 1]",
        f"{path}: double__twin is taken for {slug}; add a case in which the two "
        "differ, or drop one. [seed 1]",
    ]


def test_an_answer_that_the_course_exports_is_named(toy):
    checks = toy.folder / "checks.py"
    for old, new in (
        ('Exercise("double"', 'Exercise("split"'),
        ("def numbers(double", "def numbers(split"),
        ("return double(", "return split("),
    ):
        edited(checks, old, new)
    assert (
        f"{toy.solutions / 'reference.py'}: course.data exports split, which is the "
        "answer to split; rename one of them."
    ) in problems_of(toy)


def test_placeholders_that_checks_does_not_know_are_named(toy):
    path = toy.folder / "notebook.py"
    edited(path, 'exercise="double"', 'exercise="triple"')
    assert problems_of(toy) == [
        f"{path} has the exercise placeholders ['softmax', 'center', 'triple'], "
        "checks.py defines ['softmax', 'center', 'double']; both must list the same "
        "names in the same order."
    ]


def test_assignments_are_proven_side_by_side():
    toy = catalogue.find(TOY, ROOT / "tests" / "catalogue")
    alone = proof.verify(toy, seeds=(1,))
    found = list(proof.verify_all([toy, toy], jobs=2, seeds=(1,)))
    assert found == [(toy, alone), (toy, alone)]
