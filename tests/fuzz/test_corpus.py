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

# What the engine does wrong, and the entries that show it: empty once it is mended.
WRONG: dict[str, list[str]] = {
    "half a character goes into reports, which no file can hold": [
        "frames/surrogate_in_a_message",
        "frames/surrogate_in_a_type_name",
        "frames/surrogate_in_names",
        "plain/surrogate_in_names",
        "results/surrogate_in_a_sentence",
    ],
    "codes that a terminal obeys go into reports": [
        "frames/escape_codes_in_a_message",
        "frames/escape_codes_in_names",
    ],
    "names of tensors are not counted": ["frames/thousands_of_tensors_in_a_header"],
    "an error of any form and length is taken in a plain notebook": [
        "plain/cell_error_of_other_form",
        "plain/cell_error_without_end",
    ],
    "leaves are not counted": ["frames/leaves_beyond_any_answer"],
    "half a character in a notebook is not refused": [
        "notebooks/surrogate_in_metadata",
    ],
    "a restored notebook is not valid": [
        "notebooks/attachments_of_a_code_cell",
        "notebooks/cell_id_of_a_book",
        "notebooks/cell_ids_that_repeat_in_version_4_2",
        "notebooks/field_of_a_cell_that_is_unknown",
        "notebooks/field_of_a_notebook_that_is_unknown",
        "notebooks/metadata_is_a_tag",
        "notebooks/minor_version_4_with_ids",
        "notebooks/minor_version_negative",
        "notebooks/minor_version_truth",
        "notebooks/outputs_of_a_markdown_cell",
    ],
    "showing a cell takes the square of its length": [
        "notebooks/brackets_in_markdown",
        "notebooks/cell_magic_in_code",
        "notebooks/dots_in_code",
        "notebooks/footnotes_in_markdown",
        "notebooks/formulas_in_markdown",
        "notebooks/links_in_markdown",
        "notebooks/open_strings_in_code",
        "notebooks/pictures_in_markdown",
    ],
    "outputs are not counted": [
        "notebooks/outputs_by_the_thousand",
        "notebooks/wrong_outputs_by_the_thousand",
    ],
    "OverflowError on a number that no float holds": [
        "results/score_without_end",
        "results/negative_score_without_end",
        "results/points_without_end",
        "results/weight_without_end",
    ],
    "a result file is taken although a page cannot be made of it": [
        "results/flags_of_numbers",
        "results/hint_of_a_number",
        "results/mismatch_of_numbers",
        "results/mismatch_with_pictures",
        "results/name_of_a_list",
        "results/note_that_is_gone",
        "results/page_of_a_number",
        "results/page_that_is_gone",
        "results/points_of_nothing",
        "results/sentence_of_a_number",
    ],
    "a score above the points is taken": ["results/score_above_points"],
}
READ_ALIKE = {"thousands_of_tensors_in_a_header"}  # whatever the notebook; slow
UNFIXED = {name: reason for reason, names in WRONG.items() for name in names}


def each(kind: str, way: str = "") -> list[Any]:
    marked = []
    for name in entries(kind):
        if way and name in READ_ALIKE:
            continue
        reason = UNFIXED.get(f"{way or kind}/{name}")
        marks = [pytest.mark.xfail(strict=True, reason=reason)] if reason else []
        marked.append(pytest.param(name, marks=marks))
    return marked


@pytest.mark.parametrize("name", each("frames"))
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


@pytest.mark.parametrize("name", each("frames", "plain"))
def test_frames_of_a_plain_notebook(name: str) -> None:
    graded_plainly(sent_bytes(name))


@pytest.mark.parametrize("name", each("notebooks"))
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


@pytest.mark.parametrize("name", each("results"))
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
    kinds = {"frames": "frames", "plain": "frames"}
    kinds |= {"notebooks": "notebooks", "results": "results"}
    known = {f"{way}/{name}" for way, kind in kinds.items() for name in entries(kind)}
    assert set(UNFIXED) <= known
