"""What a student's own `check` does in the notebook."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from autograder import catalogue, check, pack
from autograder.errors import AutograderError, UnknownNameError
from autograder.misconceptions import observe_misconceptions
from autograder.report import Report

TOYS = Path(__file__).resolve().parents[1] / "catalogue"


@pytest.fixture(scope="session")
def release(tmp_path_factory):
    """A release folder of the toy assignment: checks and expected outputs."""
    folder = tmp_path_factory.mktemp("t01_toy")
    toy = catalogue.find("t01_toy", TOYS)
    packs = {}
    for name, exercise in toy.checks.exercises.items():
        packs[name] = pack.expect(exercise, toy.reference(exercise), pack.PUBLIC_SEED)
        wrong = toy.misconceptions(exercise)
        observe_misconceptions(exercise, packs[name], wrong, pack.PUBLIC_SEED)
    pack.save(packs, folder)
    (folder / "checks.py").write_bytes((toy.folder / "checks.py").read_bytes())
    return folder


def softmax(z):
    return torch.softmax(z, 1)


def test_a_right_answer_passes(release):
    report = check(softmax, folder=release)
    assert report.passed
    said, time = repr(report).split("\n\n")
    assert time.startswith("Time: ")
    assert said == (
        "softmax   ✓ PASSED                                  "
        "3 of 3 cases, 2 of 2 points\n"
        "───────────────────────────────────────────────────────────────────────────────\n"
        "✓ PASSED  Each row is a probability distribution.\n"
        "✓ PASSED  Large logits do not overflow.\n"
        "✓ PASSED  A single row works as well."
    )


def test_a_known_mistake_gets_its_hint(release):
    toy = catalogue.find("t01_toy", TOYS)
    for exercise in toy.checks.exercises.values():
        for wrong in toy.misconceptions(exercise):
            result = check(*_named(wrong.candidate), folder=release).result
            assert result.misconception == wrong.slug.replace("_", " ")
            assert result.hint == wrong.hint


def _named(candidate):
    for name, function in candidate.items():
        function.__name__ = name
    return candidate.values()


def test_the_release_folder_is_the_one_of_the_notebook(release, monkeypatch):
    monkeypatch.chdir(release)
    assert check(softmax).passed


def test_an_answer_may_be_a_lambda(release, monkeypatch):
    monkeypatch.setitem(globals(), "double", lambda n: 2 * n)
    assert check(globals()["double"], folder=release).passed


def test_an_answer_may_come_from_a_library(release, monkeypatch):
    def center_columns(x):
        return x - np.mean(x, axis=0)

    monkeypatch.setitem(globals(), "center", center_columns)
    assert check(center_columns, folder=release).passed


def test_names_that_are_no_exercise_are_refused(release):
    def sigmoid(x):
        return x

    with pytest.raises(UnknownNameError) as caught:
        check(sigmoid, folder=release)
    assert str(caught.value) == (
        "no exercise 'sigmoid' here; there are: softmax, center, double."
    )


def test_nothing_to_check_is_refused(release):
    with pytest.raises(AutograderError) as caught:
        check(folder=release)
    assert str(caught.value) == "check needs your function: check(softmax)."


def test_a_folder_without_checks_is_refused(tmp_path):
    with pytest.raises(AutograderError) as caught:
        check(softmax, folder=tmp_path)
    assert str(caught.value) == (
        f"no checks.py in {tmp_path.name}/; open the notebook in its release folder, "
        "or say where that is: check(softmax, folder='path')."
    )


def test_a_notebook_that_was_copied_alone_is_refused(release, tmp_path):
    (tmp_path / "checks.py").write_bytes((release / "checks.py").read_bytes())
    with pytest.raises(AutograderError) as caught:
        check(softmax, folder=tmp_path)
    assert str(caught.value) == (
        "expected.safetensors is not beside the notebook; copy the whole release "
        "folder, not the notebook alone."
    )


def damaged(frame):
    return {
        "cut": frame[: len(frame) // 2],
        "empty": b"",
        "another list": pack.to_bytes([1], {}),
        "other keys": pack.to_bytes({"softmax": {"cases": {"a": {}}}}, {}),
        "numbers for names": pack.to_bytes({"softmax": 5}, {}),
    }


@pytest.mark.parametrize("kind", damaged(b""))
def test_a_damaged_file_is_refused(kind, release, tmp_path):
    (tmp_path / "checks.py").write_bytes((release / "checks.py").read_bytes())
    frame = damaged((release / pack.FILE).read_bytes())[kind]
    (tmp_path / pack.FILE).write_bytes(frame)
    with pytest.raises(AutograderError) as caught:
        check(softmax, folder=tmp_path)
    assert str(caught.value) == (
        "expected.safetensors is damaged; fetch the release folder again."
    )


def test_a_release_holds_no_code_of_the_solutions(release):
    frame = (release / pack.FILE).read_bytes()
    assert b"def " not in frame
    assert b"torch.exp" not in frame


def test_a_check_leaves_no_trace(release):
    before = torch.initial_seed(), torch.get_num_threads(), torch.rand(1).dtype
    check(softmax, folder=release)
    assert (
        torch.initial_seed(),
        torch.get_num_threads(),
        torch.rand(1).dtype,
    ) == before


def test_reports_show_themselves_in_jupyter(release):
    report = check(softmax, folder=release)
    assert isinstance(report, Report)
    assert re.match(
        r'<section aria-label="Check of softmax: PASSED"', report._repr_html_()
    )
