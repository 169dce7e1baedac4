"""The grader in Gradescope's container: what is uploaded, and what comes out."""

import json
import os
import shutil
import subprocess
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from autograder.catalogue import Assignment
from autograder.gradescope import container, package
from autograder.gradescope.output import to_results
from autograder.grading.results import SubmissionResult
from autograder.verdicts import CaseResult, ExerciseResult, Mismatch, Verdict

from .conftest import CATALOGUE, TOY, School
from .test_command_line import run


@pytest.fixture
def autograder(school: School, tmp_path: Path) -> Path:
    """A folder as Gradescope lays it out, with our zip file unpacked."""
    root = tmp_path / "autograder"
    package.build(school.assignment, tmp_path / "upload.zip")
    with zipfile.ZipFile(tmp_path / "upload.zip") as archive:
        archive.extractall(root / "source")
    (root / "submission").mkdir()
    (root / "submission_metadata.json").write_text(json.dumps({"id": 123}))
    return root


def submit(school: School, root: Path, answers: dict[str, str], name: str = TOY):
    path = school.hand_in("ada", school.notebook(answers))
    path.rename(root / "submission" / f"{name}.ipynb")


def outcome(root: Path) -> dict:
    return json.loads((root / "results" / "results.json").read_text())


def test_the_zip_file_has_what_gradescope_runs(school: School, tmp_path: Path) -> None:
    path = tmp_path / "upload.zip"
    assert run("gradescope", "build", TOY, "--to", str(path)) == (0, str(path))
    with zipfile.ZipFile(path) as archive:
        modes = {i.filename: i.external_attr >> 16 for i in archive.infolist()}
    assert (modes["setup.sh"], modes["run_autograder"]) == (0o755, 0o755)
    assert f"repository/solutions/{TOY}/reference.py" in modes
    assert not [name for name in modes if "__pycache__" in name]


@pytest.mark.parametrize("script", ["setup.sh", "run_autograder"])
def test_its_scripts_are_valid(autograder: Path, script: str) -> None:
    subprocess.run(["bash", "-n", autograder / "source" / script], check=True)


def test_two_uploads_have_seeds_of_their_own(school: School, tmp_path: Path) -> None:
    seeds = set()
    for name in ("a.zip", "b.zip"):
        package.build(school.assignment, tmp_path / name)
        with zipfile.ZipFile(tmp_path / name) as archive:
            seeds.add(json.loads(archive.read(package.SETTINGS))["seed"])
    assert len(seeds) == 2


def test_a_right_submission_has_all_points(school: School, autograder: Path) -> None:
    submit(school, autograder, school.right())
    assert run("gradescope", "run", "--folder", str(autograder))[0] == 0
    tests = outcome(autograder)["tests"]
    assert [(t["score"], t["max_score"], t["status"]) for t in tests] == [
        (2, 2, "passed"),
        (3, 3, "passed"),
        (1, 1, "passed"),
    ]


def test_a_wrong_one_is_told_its_mistake(school: School, autograder: Path) -> None:
    submit(school, autograder, school.mistake("softmax", "wrong_axis"), "mine")
    container.run(autograder)
    first = outcome(autograder)["tests"][0]
    assert first["status"] == "failed"
    assert "wrong axis" in first["output"]


def test_every_submission_is_asked_on_inputs_of_its_own(
    school: School, autograder: Path
) -> None:
    submit(school, autograder, school.mistake("softmax", "wrong_axis"))
    told = set()
    for number in (1, 2):
        path = autograder / "submission_metadata.json"
        path.write_text(json.dumps({"id": number}))
        container.run(autograder)
        told.add(outcome(autograder)["tests"][0]["output"])
    assert len(told) == 2


@pytest.mark.parametrize("names", [[], ["a", "b"]])
def test_without_one_notebook_a_student_is_told_what_to_do(
    school: School, autograder: Path, names: list[str]
) -> None:
    for name in names:
        submit(school, autograder, school.right(), name)
    assert run("gradescope", "run", "--folder", str(autograder))[0] == 0
    there = ", ".join(f"{n}.ipynb" for n in names) or "none"
    assert outcome(autograder)["output"] == (
        f"one notebook is expected, {TOY}.ipynb; there is: {there}. Hand in that one "
        "file."
    )
    assert outcome(autograder)["score"] == 0


def test_a_broken_notebook_is_said_to_be_one(autograder: Path) -> None:
    (autograder / "submission" / f"{TOY}.ipynb").write_text("{")
    container.run(autograder)
    assert "it is not JSON" in outcome(autograder)["output"]


def test_of_a_hidden_case_only_sentence_and_verdict_are_told() -> None:
    wrong = Mismatch("value", "the output is wrong", "0.1234", "9.8765", ["at [0]"])
    cases = [
        CaseResult("a", "It is hidden.", Verdict.FAILED, hidden=True, mismatch=wrong)
    ]
    result = SubmissionResult("ada", TOY, TOY, "key")
    result.exercises["check-x"] = ExerciseResult("x", 1, cases, flags=["secret"])
    result.scores["check-x"] = 0
    result.flag("cell 3 uses eval")
    shown, private = to_results(result)["tests"]
    assert "It is hidden." in shown["output"]
    assert not {"0.1234", "9.8765", "secret"} & set(shown["output"].split())
    assert (private["visibility"], private["max_score"]) == ("hidden", 0)
    assert private["output"] == "cell 3 uses eval\nx: secret"


def installed(folder: Path, repository: str) -> Path:
    """A virtual environment with the packages of this one and that repository."""
    venv.create(folder)
    (place,) = folder.glob("lib/python3.*/site-packages")
    paths = f"{repository}\n{sysconfig.get_path('purelib')}\n"
    (place / "repository.pth").write_text(paths)
    return folder / "bin" / "python"


def test_the_uploaded_files_grade_by_themselves(school: School, tmp_path: Path) -> None:
    """Without the jail, which does not let us use packages from elsewhere."""
    repository, root = tmp_path / "repository", tmp_path / "autograder"
    shutil.copytree(CATALOGUE, repository)
    for name in ("autograder", "course"):
        (repository / name).symlink_to(CATALOGUE.parent.parent / name)
    package.build(Assignment(TOY, repository), tmp_path / "upload.zip", trust=True)
    with zipfile.ZipFile(tmp_path / "upload.zip") as archive:
        archive.extractall(root / "source")
    (root / "submission").mkdir()
    submit(school, root, school.right())
    inside = str(root / "source" / package.INSIDE)
    python = installed(tmp_path / "venv", inside)
    code = "import autograder.cli as c; print(c.__file__, flush=True); c.main()"
    finished = subprocess.run(
        [python, "-c", code, "gradescope", "run", "--folder", root],
        env=os.environ | {"COURSE_REPOSITORY": inside},
        cwd=root,
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.startswith(inside)
    assert sum(t["score"] for t in outcome(root)["tests"]) == 6
