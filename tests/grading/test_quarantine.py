"""Files beside a notebook that would run when an instructor works in its folder."""

import subprocess
import sys
from pathlib import Path

import pytest

from autograder.gradebook.quarantine import quarantine
from autograder.grading.run import grade_class

from .conftest import TOY, School

DANGEROUS = [
    "numpy.py",
    "course/__init__.py",
    "autograder.py",
    "random.cpython-311-x86_64-linux-gnu.so",
    "torch.zip",
    "sitecustomize.py",
    "conftest.py",
    "nbgrader_config.py",
    "jupyter_server_config.json",
    "pyproject.toml",
    "evil.pth",
]
HARMLESS = ["data.csv", "my_layers.py", "numpy.csv", "plots/loss.png", "README.md"]


def made(folder: Path, name: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("raise SystemExit('it ran')")
    return path


@pytest.mark.parametrize("name", DANGEROUS)
def test_is_put_into_quarantine(tmp_path: Path, name: str) -> None:
    made(tmp_path, name)
    top = name.split("/")[0]
    assert quarantine(tmp_path, ()) == [top]
    assert [p.name for p in tmp_path.iterdir()] == [f"{top}.quarantined"]


@pytest.mark.parametrize("name", HARMLESS)
def test_stays_as_it_is(tmp_path: Path, name: str) -> None:
    path = made(tmp_path, name)
    assert quarantine(tmp_path, ()) == []
    assert path.exists()


def test_the_instructors_own_files_stay(tmp_path: Path) -> None:
    path = made(tmp_path, "checks.py")
    own = made(tmp_path, "numpy.py")
    assert quarantine(tmp_path, {"checks.py", "numpy.py"}) == []
    assert path.exists()
    assert own.exists()


def test_a_second_look_finds_the_same(tmp_path: Path) -> None:
    made(tmp_path, "numpy.py")
    assert quarantine(tmp_path, ()) == quarantine(tmp_path, ()) == ["numpy.py"]


def test_who_works_in_an_autograded_folder_imports_the_real_packages(
    school: School,
) -> None:
    path = school.hand_in("mallory", school.notebook(school.right()))
    for name in ("numpy.py", "torch/__init__.py", "random.py"):
        made(path.parent, name)
    graded = grade_class(school.course, TOY)
    assert sum(graded.results["mallory"].scores.values()) == 6
    assert graded.results["mallory"].flags == [
        "numpy.py could run unasked: renamed to numpy.py.quarantined",
        "random.py could run unasked: renamed to random.py.quarantined",
        "torch could run unasked: renamed to torch.quarantined",
    ]
    folder = school.course.root / "autograded" / "mallory" / TOY
    code = "import numpy, random; print(numpy.ones(1), random.__file__)"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert (path.parent / "numpy.py").exists()  # what was handed in is left alone
