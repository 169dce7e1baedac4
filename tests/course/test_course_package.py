"""The package as a whole: what an import costs, what it exports, its errors."""

import ast
import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import course
from course import errors
from course.version import require_version

ROOT = Path(__file__).resolve().parents[2]
SUBPACKAGES = [
    "course.data",
    "course.nn",
    "course.parallel",
    "course.rl",
    "course.train",
    "course.viz",
]
HEAVY = {"ale_py", "matplotlib", "sklearn", "torchvision", "pandas"}


def loaded_by(statement):
    """Return the top-level modules that a fresh interpreter loads."""
    code = f"import sys; {statement}; print(*{{m.split('.')[0] for m in sys.modules}})"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stderr == ""
    return set(run.stdout.split())


def test_importing_course_loads_not_even_torch():
    assert not loaded_by("import course") & {"torch", "numpy", *HEAVY}


def test_importing_every_subpackage_loads_no_heavy_library():
    statement = "import " + ", ".join(SUBPACKAGES)
    loaded = loaded_by(statement)
    assert "torch" in loaded
    assert not loaded & HEAVY


def test_a_subpackage_is_loaded_when_it_is_first_used():
    assert course.viz is importlib.import_module("course.viz")


@pytest.mark.parametrize("name", ["course", *SUBPACKAGES])
def test_all_is_sorted_and_every_name_exists(name):
    package = importlib.import_module(name)
    assert sorted(package.__all__) == sorted(set(package.__all__))
    assert all(hasattr(package, exported) for exported in package.__all__)


def test_an_unknown_attribute_is_refused_as_usual():
    with pytest.raises(AttributeError, match=r"^module 'course' has no attribute 'x'$"):
        course.x  # noqa: B018


def test_course_exports_nothing_that_a_reference_defines():
    defined = {
        node.name
        for path in ROOT.glob("solutions/*/reference.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    exported = {
        name
        for package in SUBPACKAGES
        for name in importlib.import_module(package).__all__
    }
    assert not defined & exported


def test_every_error_stands_in_the_tree_of_its_module():
    raised = [v for v in vars(errors).values() if isinstance(v, type)]
    assert all(issubclass(error, course.CourseError) for error in raised)
    assert all(error.__name__ in errors.__doc__ for error in raised)


def test_the_version_is_that_of_the_distribution():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert course.__version__ == project["project"]["version"]


@pytest.mark.parametrize("minimum", ["0", "0.0.9", "0.1", "0.1.0", course.__version__])
def test_require_version_is_content_with_an_older_or_equal_one(minimum):
    require_version(minimum)


@pytest.mark.parametrize("minimum", ["0.1.1", "0.2", "0.10", "1"])
def test_require_version_stops_where_the_course_is_older(minimum, monkeypatch):
    monkeypatch.setattr("course.version.__version__", "0.1.0")
    with pytest.raises(errors.VersionError) as caught:
        require_version(minimum)
    assert str(caught.value) == (
        f"This notebook needs course {minimum} or newer, but 0.1.0 is installed.\n"
        "Next step: install the newer course that came with the notebook "
        "(python -m pip install --upgrade, then the path of its wheel), "
        "then restart the kernel."
    )


def test_require_version_wants_dotted_numbers():
    with pytest.raises(errors.ArgumentError) as caught:
        require_version("0.1rc1")
    assert str(caught.value) == (
        "A version is dotted numbers such as '0.1' or '1.2.3', "
        "but require_version got '0.1rc1'.\n"
        "Next step: write the version that the notebook needs."
    )
