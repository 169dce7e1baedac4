"""Who may import whom (section 2 of the design), and what an import costs."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import autograder
from autograder import errors

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "autograder"
STANDARD = sys.stdlib_module_names
# What a student's own `check` needs.
CORE = {"numpy", "torch", "safetensors"}
# The only modules and subpackages that may import each of these.
ADAPTERS = {
    "nbgrader": ("gradebook/",),
    "nbconvert": ("gradebook/",),
    "sqlalchemy": ("gradebook/",),
    "tqdm": ("report/",),
    "nbformat": ("authoring/", "gradebook/", "grading/"),
    "traitlets": ("gradebook/", "jail/", "grading/"),
    "IPython": ("jail/",),
    "dask": ("grading/",),
    "distributed": ("grading/",),
    "typer": ("cli/",),
    "jinja2": ("report/templates.py",),
    "markupsafe": ("classreport/page.py", "gradebook/"),
    "mistune": ("gradebook/markup.py",),
    "latex2mathml": ("gradebook/markup.py",),
    "pygments": ("gradebook/highlight.py",),
    "copydetect": ("classreport/likeness.py",),
    "matplotlib": ("jail/",),
    "course": ("authoring/upkeep.py", "jail/", "demo.py"),
}


def imported(path):
    """Top-level names of the absolute imports in a file, wherever they stand."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split(".")[0]


def short(path):
    return str(path.relative_to(ROOT))


MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=short)
def test_the_autograder_imports_heavy_libraries_only_where_they_are_adapted(path):
    inside = str(path.relative_to(PACKAGE))
    for name in set(imported(path)) - STANDARD - CORE:
        assert inside.startswith(ADAPTERS.get(name, ())), f"{inside} imports {name}"


@pytest.mark.parametrize("path", sorted(ROOT.glob("course/**/*.py")), ids=short)
def test_the_course_knows_nothing_of_grading(path):
    assert not {"autograder", "solutions", "assignments"} & set(imported(path))


@pytest.mark.parametrize("path", sorted(ROOT.glob("solutions/*/*.py")), ids=short)
def test_solutions_never_import_the_autograder(path):
    assert not {"autograder", "assignments"} & set(imported(path))


CHECKS = sorted(ROOT.glob("assignments/*/checks.py"))


@pytest.mark.parametrize("path", CHECKS, ids=short)
def test_checks_never_import_solutions(path):
    allowed = {"autograder", "course", "numpy", "torch"} | STANDARD
    assert set(imported(path)) <= allowed


@pytest.mark.parametrize("path", CHECKS, ids=short)
def test_checks_use_public_names_of_the_autograder_only(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("autograder"):
            assert node.module == "autograder"
            assert {alias.name for alias in node.names} <= set(autograder.__all__)


def fresh(code):
    """What a fresh interpreter prints."""
    run = subprocess.run(
        [sys.executable, "-W", "error::ImportWarning", "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.parametrize("package", ["autograder", "course"])
def test_an_import_drags_in_nothing_heavy(package):
    code = (
        "import sys, torch, numpy.random, safetensors; before = set(sys.modules)\n"
        f"from {package} import *\n"
        "print(*{m.split('.')[0] for m in set(sys.modules) - before})"
    )
    new = set(fresh(code).split()) - set(sys.stdlib_module_names)
    assert new <= {package, "safetensors", "torch", "numpy", "__editable___deep"}


def test_the_command_line_starts_without_torch_and_nbgrader():
    code = "import sys, autograder.cli\nprint(*sys.modules)"
    assert not {"torch", "numpy", "nbformat", "nbgrader"} & set(fresh(code).split())


@pytest.mark.parametrize("package", ["autograder", "course"])
def test_an_import_adds_less_than_a_tenth_of_a_second_to_torch(package):
    code = (
        "import time, torch, numpy\n"
        f"start = time.process_time()\nfrom {package} import *\n"
        "print(time.process_time() - start)"
    )
    assert min(float(fresh(code)) for _ in range(3)) < 0.1


def test_an_import_changes_nothing():
    code = (
        "import random, numpy, torch\n"
        "def state(): return (torch.initial_seed(), torch.get_num_threads(),\n"
        "    torch.get_default_dtype(), random.getstate(),\n"
        "    numpy.random.get_state()[2])\n"
        "before = state()\n"
        "from autograder import *\n"
        "print(state() == before, torch.cuda.is_initialized())"
    )
    assert fresh(code) == "True False\n"


def test_all_is_sorted_and_every_name_exists():
    assert sorted(autograder.__all__) == autograder.__all__
    assert all(hasattr(autograder, name) for name in autograder.__all__)


def test_every_error_stands_in_the_tree_of_its_module():
    raised = [v for v in vars(errors).values() if isinstance(v, type)]
    assert all(issubclass(error, errors.AutograderError) for error in raised)
    assert all(error.__name__ in errors.__doc__ for error in raised)


@pytest.mark.parametrize("path", MODULES, ids=short)
def test_every_module_says_what_it_is(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_nothing_is_registered_by_importing_every_core_module():
    for path in PACKAGE.glob("*.py"):
        if path.stem != "demo":
            importlib.import_module(f"autograder.{path.stem}".removesuffix(".__init__"))
