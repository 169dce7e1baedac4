"""`autograder check` runs a notebook as grading does and says what would be lost."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from nbformat import read as read_notebook
from nbformat import write
from nbformat.v4 import new_code_cell, new_output
from typer.testing import CliRunner

from autograder import cli, pack
from autograder.authoring.answers import reference_answer
from autograder.catalogue import Assignment
from autograder.cells import grade_id
from autograder.errors import AutograderError
from autograder.student import running
from autograder.student.losses import losses
from autograder.student.reading import read
from autograder.student.report import report_on
from autograder.student.running import Run
from autograder.verdicts import Verdict

from .conftest import CATALOGUE, TOY

RENAMED = "def dubble(n):\n    return 2 * n\n"
ENDLESS = "def center(x):\n    while True:\n        pass\n"
EXITS = "import os\nos._exit(3)\n"
FROM_A_DEMO = "def softmax(z):\n    return z * scale\n"


@dataclass
class Student:
    """A student's copy of the release folder."""

    folder: Path

    @property
    def path(self) -> Path:
        return self.folder / f"{TOY}.ipynb"

    def notebook(self, answers: dict[str, str] | None = None):
        notebook = read_notebook(self.path, as_version=4)
        for cell in notebook.cells:
            if grade_id(cell) in (answers or {}):
                cell.source = answers[grade_id(cell)]
        return notebook

    def save(self, notebook, name: str = f"{TOY}.ipynb") -> Path:
        write(notebook, self.folder / name)
        return self.folder / name

    def told(self, notebook, run: Run | None = None, name: str = f"{TOY}.ipynb"):
        """What would be lost, without running anything."""
        found = losses(read(self.save(notebook, name)), run or Run())
        return [loss.text for loss in found]


def right() -> dict[str, str]:
    toy = Assignment(TOY, CATALOGUE)
    exercises = toy.checks.exercises.values()
    return {e.name: reference_answer(toy, e) for e in exercises} | {"why": "Because."}


@pytest.fixture(scope="module")
def release(released_once: Path) -> Path:
    return released_once / "release" / TOY


@pytest.fixture
def student(release: Path, tmp_path: Path) -> Student:
    return Student(Path(shutil.copytree(release, tmp_path / "work")))


def check(*arguments: str | Path):
    outcome = CliRunner().invoke(cli.app, ["check", *map(str, arguments)])
    if isinstance(outcome.exception, AutograderError):
        return 2, str(outcome.exception)
    return outcome.exit_code, outcome.output


# What travels


def test_the_release_knows_its_cells_and_no_answer(release: Path) -> None:
    known = pack.load_release(release)
    assert known is not None
    assert known.name == TOY
    released = read_notebook(release / f"{TOY}.ipynb", as_version=4)
    sources = [c.source for c in released.cells if c.cell_type == "code"]
    assert [c["source"] for c in known.cells if c["cell_type"] == "code"] == sources
    content = (release / pack.FILE).read_bytes().decode("latin-1")
    assert "amax" not in content
    assert "says because" not in content


# A whole run


def test_a_right_notebook_passes(student: Student, monkeypatch) -> None:
    notebook = student.notebook(right())
    notebook.cells.append(new_code_cell("print('printed')\n%matplotlib inline"))
    student.save(notebook)
    # Beside the notebook, where nobody asked for it: no package of ours.
    (student.folder / "course").mkdir()
    (student.folder / "torch.py").write_text("raise SystemExit\n")
    monkeypatch.chdir(student.folder)
    code, text = check(student.path)
    assert code == 0
    assert f"{TOY}.ipynb, saved just now" in text
    assert "checked here 6 of 6" in " ".join(text.split())
    assert "All exercises pass" in text
    assert "printed" not in text


@pytest.fixture(scope="module")
def wrong(release: Path, tmp_path_factory: pytest.TempPathFactory):
    """One notebook with everything that can go wrong, run once."""
    folder = tmp_path_factory.mktemp("wrong") / "work"
    student = Student(Path(shutil.copytree(release, folder)))
    answers = {"softmax": FROM_A_DEMO, "center": ENDLESS, "double": RENAMED}
    notebook = student.notebook(answers)
    demo = next(c for c in notebook.cells if c.source.startswith("print(softmax"))
    demo.source = "scale = 3\n" + demo.source
    mine = [
        new_code_cell(EXITS),
        new_code_cell("late = later + 1"),
        new_code_cell("later = 1"),
        new_code_cell("gone + 1"),
        new_code_cell("import mine"),
        new_code_cell("open('checks.py')"),
        new_code_cell("while True:\n    pass"),
    ]
    notebook.cells[2:2] = mine
    (folder / "mine.py").write_text("x = 1")
    student.save(notebook)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("autograder.pack.BASE_SECONDS", 2.0)
        patch.setattr(running, "CELL_SECONDS", 6.0)
        return report_on(student.path)


def test_an_endless_loop_ends_and_costs_its_exercise(wrong) -> None:
    result = wrong.run.results["center"]
    assert result.verdict == Verdict.TIMED_OUT
    assert "did not come to an end within 2 seconds" in wrong.to_text()


def test_a_renamed_function_is_named(wrong) -> None:
    assert wrong.run.results["double"].verdict == Verdict.MISSING
    text = " ".join(wrong.to_text().split())
    assert "does not define double, but dubble: give it back its name" in text


SAID = [
    "cell 3 (import os) ended the Python process (exit code 3); it is left out",
    "later is made further below, in cell 5: move that up",
    "no cell of the notebook makes gone",
    "only the notebook is graded: move the code of mine into it",
    "cell 8 (open('checks.py')) raises FileNotFoundError",
    "cell 9 (while True:) did not come to an end within 6 seconds; it is left out",
    "softmax: name 'scale' is not defined; scale is made in cell 12, a demonstration",
    "why: the written question has no answer",
]


@pytest.mark.parametrize("line", SAID)
def test_what_would_be_lost_is_said(wrong, line: str) -> None:
    assert any(line in loss.text for loss in wrong.losses), wrong.to_text()


def test_the_text_fits_a_terminal(wrong) -> None:
    assert max(map(len, wrong.to_text().splitlines())) <= 79


def test_json_says_the_same(wrong) -> None:
    data = json.loads(json.dumps(wrong.to_json()))
    assert (data["assignment"], data["passed"]) == (TOY, False)
    verdicts = {e["name"]: e["verdict"] for e in data["exercises"]}
    assert verdicts == {
        "softmax": "ERRORED",
        "center": "TIMED_OUT",
        "double": "MISSING",
    }
    assert data["written"] == {"why": False}
    assert data["lost"] == ["why: the written question has no answer"]


def test_a_process_that_cannot_start_is_said(student: Student, monkeypatch) -> None:
    monkeypatch.setattr(running.sys, "executable", shutil.which("false"))
    assert check(student.path) == (
        2,
        "the notebook's process ended the Python process (exit code 1) before the "
        "first cell; does 'python -c \"import torch, IPython\"' work here?",
    )


# What is seen without running


def test_nothing_is_lost_of_a_right_notebook(student: Student) -> None:
    assert student.told(student.notebook(right())) == []


def test_a_wrong_file_name(student: Student) -> None:
    told = student.told(student.notebook(right()), name="mine.ipynb")
    assert told == [f"only a file called {TOY}.ipynb is graded: rename mine.ipynb"]


def test_a_deleted_answer_cell(student: Student) -> None:
    notebook = student.notebook(right())
    notebook.cells = [c for c in notebook.cells if grade_id(c) != "double"]
    assert student.told(notebook) == ["double: the cell of its answer is gone"]


def test_an_answer_in_a_cell_of_words(student: Student) -> None:
    notebook = student.notebook(right())
    for cell in notebook.cells:
        if grade_id(cell) == "double":
            cell.cell_type = "raw"
            del cell["outputs"], cell["execution_count"]
    told = student.told(notebook)
    assert told == ["double: the cell of its answer is no code cell any more"]


def test_changed_checks(student: Student) -> None:
    checks = student.folder / "checks.py"
    checks.write_bytes(checks.read_bytes().replace(b"\n", b"\r\n"))
    assert student.told(student.notebook(right())) == []
    checks.write_text(checks.read_text() + "\n# mine\n")
    told = student.told(student.notebook(right()))
    assert told == ["checks.py is not the released one; grading uses its own"]


def test_a_function_that_is_defined_twice(student: Student) -> None:
    notebook = student.notebook(right())
    notebook.cells.append(new_code_cell("def double(n):\n    return 0\n"))
    last = len(notebook.cells)
    (told,) = student.told(notebook)
    assert told.startswith("double is defined in cells ")
    assert told.endswith(f" and {last}; what the last of them leaves is graded")


def test_cells_that_were_run_in_another_order(student: Student) -> None:
    notebook = student.notebook(right())
    code = [c for c in notebook.cells if c.cell_type == "code"]
    code[0].execution_count, code[1].execution_count = 7, 3
    (told,) = student.told(notebook)
    assert told.startswith("cell 3 was last run before cell 2, which stands above it")


def test_outputs_that_are_older_than_the_cells(student: Student) -> None:
    from autograder.verdicts import CaseResult, ExerciseResult

    notebook = student.notebook(right())
    for cell in notebook.cells:
        if grade_id(cell) == "check-double":
            shown = "double   ✗ FAILED      0 of 1 case, 0 of 1 point\n────"
            data = {"text/plain": shown}
            cell.outputs = [new_output("execute_result", data, execution_count=1)]
    now = ExerciseResult("double", 1, [CaseResult("numbers", "x", Verdict.PASSED)])
    (told,) = student.told(notebook, Run({"double": now}))
    assert told.startswith("double is PASSED now, and the notebook still shows FAILED")


# What cannot be checked at all


def broken(student: Student, how: str) -> Path:
    if how == "no notebook":
        return student.folder / "other.ipynb"
    if how == "not a notebook":
        student.path.write_text("[1, 2]")
    elif how == "no checks":
        (student.folder / "checks.py").unlink()
    elif how == "no expected outputs":
        (student.folder / pack.FILE).unlink()
    elif how == "damaged":
        (student.folder / pack.FILE).write_bytes(b"x" * 100)
    elif how == "of an older version":
        pack.save(pack.load(student.folder), student.folder)
    elif how == "a huge cell":
        notebook = student.notebook()
        notebook.cells.append(new_code_cell("#" * 50_000))
        student.save(notebook)
    return student.path


MISUSE = {
    "no notebook": "there is no file {folder}/other.ipynb; name your notebook.",
    "not a notebook": f"{TOY}.ipynb is not a notebook; open it in Jupyter, save it, "
    "and try again.",
    "no checks": f"checks.py is not beside {TOY}.ipynb; keep the notebook, checks.py "
    "and expected.safetensors together in their folder.",
    "no expected outputs": "expected.safetensors is not beside the notebook; copy the "
    "whole release folder, not the notebook alone.",
    "damaged": "expected.safetensors is damaged; fetch the release folder again.",
    "of an older version": "expected.safetensors is older than this version; fetch the "
    "release folder again (your notebook stays as it is).",
    "a huge cell": f"cell 11 of {TOY}.ipynb has more than 40000 characters and would "
    "not be graded; shorten it.",
}


@pytest.mark.parametrize(("how", "message"), MISUSE.items(), ids=MISUSE)
def test_misuse_is_one_line(student: Student, how: str, message: str) -> None:
    path = broken(student, how)
    assert check(path) == (2, message.format(folder=student.folder))


def test_it_needs_neither_nbformat_nor_nbgrader() -> None:
    code = (
        "import sys\n"
        "for name in ('nbformat', 'nbgrader', 'nbconvert', 'jupytext'):\n"
        "    sys.modules[name] = None\n"
        "import autograder.cli, autograder.student.report, autograder.student.child\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
