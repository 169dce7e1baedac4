"""Grades as CSV: quoted, and with no cell that a spreadsheet would compute."""

import csv

import pytest
from nbgrader.api import Gradebook

from autograder.gradebook.config import configure
from autograder.gradebook.exports import COLUMNS, PlainCsv, neutral_cell
from autograder.grading.run import grade_class

from .conftest import TOY, School

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_becomes_text(text: str) -> None:
    assert neutral_cell(text) == "'" + text


@pytest.mark.parametrize("value", ["ada", "O'Neill", "a=b", -1.5, 0, "1e5"])
def test_anything_else_stays(value: object) -> None:
    assert neutral_cell(value) == value


def test_a_class_is_exported(school: School, tmp_path) -> None:
    student = "=HYPERLINK(x)"  # names come from folders: no quotes, no braces
    school.hand_in(student, school.notebook(school.right()))
    assert grade_class(school.course, TOY).problems == []
    path = tmp_path / "grades.csv"
    with Gradebook(f"sqlite:///{school.course.root}/gradebook.db") as gradebook:
        gradebook.update_or_create_student(
            student, last_name="Hop, per", first_name='+"G"'
        )
        PlainCsv(to=str(path)).export(gradebook)
    with path.open(newline="") as file:
        rows = [dict(zip(COLUMNS, row, strict=True)) for row in csv.reader(file)][1:]
    assert [row["student_id"] for row in rows] == ["'" + student]
    assert rows[0]["last_name"] == "Hop, per"
    assert rows[0]["first_name"] == '\'+"G"'
    assert (rows[0]["score"], rows[0]["max_score"]) == ("6.0", "8.0")


def test_nbgrader_export_uses_it(tmp_path) -> None:
    from traitlets.config import Config

    config = Config()
    configure(config, tmp_path)
    assert config.ExportApp.plugin_class is PlainCsv


def test_who_handed_in_nothing_has_zero_points(school: School, tmp_path) -> None:
    school.hand_in("ada", school.notebook({}))
    grade_class(school.course, TOY)
    path = tmp_path / "grades.csv"
    with Gradebook(f"sqlite:///{school.course.root}/gradebook.db") as gradebook:
        gradebook.update_or_create_student("zoe")
        PlainCsv(to=str(path), student=["zoe"]).export(gradebook)
    assert "zoe,,,,0.0,0.0,0.0,8.0" in path.read_text()
