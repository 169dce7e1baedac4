"""Every input that was found once goes its way again, on every run."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from autograder.report.table import class_table

from .corpus import entries, entry, sent_bytes
from .paths import graded, graded_plainly, in_terminal, shown, stored
from .submissions import TOY, recorded, sent

READ_ALIKE = {"thousands_of_tensors_in_a_header"}  # whatever the notebook; slow


@pytest.mark.parametrize("name", entries("frames"))
def test_frames_earn_no_more_than_they_show(name: str) -> None:
    found = entry("frames", name)
    data = sent_bytes(name)
    result = graded(found.get("assignment", "f01_every_kind"), data)
    most = found.get("most", {})
    for exercise, score in result.scores.items():
        assert score <= most.get(exercise, 0), exercise
    if found.get("terminal"):
        text = in_terminal(result).replace("\n", "")
        assert text.isprintable(), ascii(text)


@pytest.mark.parametrize("name", [n for n in entries("frames") if n not in READ_ALIKE])
def test_frames_of_a_plain_notebook(name: str) -> None:
    graded_plainly(sent_bytes(name))


@pytest.mark.parametrize("name", entries("notebooks"))
def test_notebooks_are_shown_or_refused(name: str, tmp_path: Path) -> None:
    found = entry("notebooks", name)
    path = tmp_path / "zoe" / TOY.name / f"{TOY.name}.ipynb"
    path.parent.mkdir(parents=True)
    text = found["text"] if "text" in found else json.dumps(found["notebook"])
    path.write_text(text, encoding="utf-8")
    shown(path, found.get("export", True))


@pytest.mark.parametrize("name", ["right", "wrong", "nothing"])
def test_the_table_of_a_class_shows_any_result(name: str) -> None:
    table = class_table([graded("f01_every_kind", sent_bytes(name))])
    assert table.replace("\n", "").isprintable()


@cache
def written() -> str:
    """The result file of a right submission."""
    result = graded(TOY.name, sent(recorded(TOY.name, "right")))
    data = vars(result) | {
        "format": 1,
        "exercises": {k: e.to_json() for k, e in result.exercises.items()},
    }
    return json.dumps(data)


@pytest.mark.parametrize("name", entries("results"))
def test_result_files_are_sound_or_refused(name: str, tmp_path: Path) -> None:
    found = entry("results", name)
    text = found["text"] if "text" in found else _changed(found["set"])
    path = tmp_path / "result.json"
    path.write_text(text, encoding="utf-8")
    assert (stored(path) is not None) or not found.get("loads")


def _changed(changes: dict[str, Any]) -> str:
    data = json.loads(written())
    for place, value in changes.items():
        *way, last = [int(p) if p.isdigit() else p for p in place.split(".")]
        target = data
        for part in way:
            target = target[part]
        target[last] = value
    return json.dumps(data)


def test_each_entry_says_what_it_is() -> None:
    for kind in ("frames", "notebooks", "results"):
        assert all(entry(kind, name)["says"].endswith(".") for name in entries(kind))
