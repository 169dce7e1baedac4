"""Grades as CSV: quoted, and with no cell that a spreadsheet would compute."""

import csv
import json
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.cli.reports import Format
from autograder.gradebook import api
from autograder.gradebook.config import configure
from autograder.gradebook.exports import COLUMNS, FORMATS, PlainCsv, neutral_cell
from autograder.grading.run import grade_class

from .conftest import TOY, School
from .test_command_line import run

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


@pytest.fixture
def course(school: School):
    """ada has 6 points, bob 5.33 and two names, zoe handed in nothing."""
    school.hand_in("ada", school.notebook(school.right()))
    wrong = school.right() | {"double": "def double(n):\n    return n\n"}
    school.hand_in("bob", school.notebook(wrong))
    assert grade_class(school.course, TOY).problems == []
    with api.gradebook(school.course.root) as gradebook:
        gradebook.update_or_create_student(
            "bob", first_name="Bob", last_name="=Ross", email="bob@example.org"
        )
        gradebook.update_or_create_student("zoe")
    return school.course


def lines(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_canvas_gets_a_line_per_student_and_one_of_possible_points(course) -> None:
    path = course.root / "canvas.csv"
    assert run("export", "canvas", "--course", str(course.root)) == (0, str(path))
    assert lines(path) == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", TOY],
        ["Points Possible", "", "", "", "", "8.0"],
        ["ada", "", "", "ada", "", "6.0"],
        ["zoe", "", "", "zoe", "", ""],
        ["'=Ross, Bob", "", "", "bob", "", "5.0"],
    ]


def test_moodle_gets_names_numbers_and_addresses(course, tmp_path) -> None:
    path = tmp_path / "m.csv"
    where = ("--to", str(path), "--course", str(course.root))
    assert run("export", "moodle", TOY, *where)[0] == 0
    assert lines(path) == [
        ["Username", "ID number", "Email address", "First name", "Last name", TOY],
        ["ada", "ada", "", "", "", "6.0"],
        ["zoe", "zoe", "", "", "", ""],
        ["bob", "bob", "bob@example.org", "Bob", "'=Ross", "5.0"],
    ]


def test_gradescope_gets_a_file_per_submission(course) -> None:
    assert run("export", "gradescope", "--course", str(course.root))[0] == 0
    folder = course.root / "gradescope" / TOY
    assert sorted(p.name for p in folder.iterdir()) == ["ada", "bob"]
    data = json.loads((folder / "bob" / "results.json").read_text())
    assert data["score"] == 5
    assert [t["status"] for t in data["tests"]] == ["passed", "passed", "failed"]


def test_every_format_of_the_command_line_has_a_plugin() -> None:
    assert list(Format) == list(FORMATS)


@pytest.mark.parametrize("plugin", FORMATS.values())
def test_nbgrader_export_takes_every_plugin(course, plugin, monkeypatch) -> None:
    from nbgrader.apps.exportapp import ExportApp

    monkeypatch.chdir(course.root)
    name = f"{plugin.__module__}.{plugin.__name__}"
    app = ExportApp()
    app.initialize([f"--exporter={name}"])
    app.start()
    assert (course.root / plugin.default).exists()


def test_an_export_settles_late_penalties_and_groups(school: School) -> None:
    school.hand_in("ada", school.notebook(school.right()))
    (school.course.root / "groups.csv").write_text("group,student\nred,ada\nred,bob\n")
    grade_class(school.course, TOY)
    with api.gradebook(school.course.root) as gradebook:
        gradebook.find_grade("why", TOY, TOY, "ada").manual_score = 2
        gradebook.db.commit()
    run("export", "moodle", "--course", str(school.course.root))
    found = lines(school.course.root / "moodle.csv")
    assert [row[-1] for row in found[1:]] == ["8.0", "8.0"]


def test_a_student_whose_name_leads_elsewhere_gets_no_file(course) -> None:
    with api.gradebook(course.root) as gradebook:
        gradebook.add_student("../up")
        gradebook.add_submission(TOY, "../up")
    run("export", "gradescope", "--course", str(course.root))
    folder = course.root / "gradescope"
    assert sorted(p.name for p in folder.rglob("*") if p.is_dir()) == [
        "ada",
        "bob",
        TOY,
    ]
