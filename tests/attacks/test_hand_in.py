"""Submissions that are more than a notebook: links, extra files, odd names and cells.

One class, graded once: nobody gets more than the answers deserve, and ada, who did
everything right, keeps what she earned.
"""

import copy
import json
import os
import shutil
from pathlib import Path

import pytest

from autograder import catalogue
from autograder.gradebook import api
from autograder.gradebook.course import Course
from autograder.grading.run import grade_class

from ..grading.conftest import CATALOGUE, TOY, School

SHADOWS = ("numpy.py", "torch.py", "sitecustomize.py", "checks.py", "autograder.py")
POISON = "raise SystemExit('shadowed')\n"


def write(path: Path, notebook) -> None:
    path.write_text(json.dumps(notebook))


def link_to_another(school: School, path: Path) -> None:
    path.unlink()
    path.symlink_to(school.course.submission("ada", TOY))


def link_of_the_folder(school: School, path: Path) -> None:
    shutil.rmtree(path.parent)
    path.parent.symlink_to(school.course.submission("ada", TOY).parent)


def link_beside(school: School, path: Path) -> None:
    (path.parent / "notes.txt").symlink_to(school.course.root / ".autograder/seed")


def pipe_for_a_notebook(school: School, path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def pipe_beside(school: School, path: Path) -> None:
    os.mkfifo(path.parent / "pipe")


def shadowing_files(school: School, path: Path) -> None:
    write(path, school.notebook(school.right()))
    for name in SHADOWS:
        (path.parent / name).write_text(POISON)
    for folder in ("course", "autograder", "numpy"):
        (path.parent / folder).mkdir()
        (path.parent / folder / "__init__.py").write_text(POISON)


def configuration_beside(school: School, path: Path) -> None:
    for name in ("nbgrader_config.py", "jupyter_config.py", "gradebook.db"):
        (path.parent / name).write_text(POISON)


def other_notebooks(school: School, path: Path) -> None:
    for name in ("..%2f..ipynb", "../x.ipynb", "a{b}.ipynb", "*.ipynb", "<b>.ipynb"):
        target = path.parent / name.replace("../", "")
        write(target, school.notebook(school.right()))


def every_cell_twice(school: School, path: Path) -> None:
    notebook = school.notebook({})
    notebook.cells += copy.deepcopy(notebook.cells)
    write(path, notebook)


def every_cell_gone(school: School, path: Path) -> None:
    notebook = school.notebook({})
    notebook.cells = []
    write(path, notebook)


def answers_swapped(school: School, path: Path) -> None:
    notebook = school.notebook(school.right())
    for cell in notebook.cells:
        own = cell.metadata.get("nbgrader", {})
        own["grade_id"] = own.get("grade_id", "").removeprefix("check-") + "x"
    write(path, notebook)


def points_raised(school: School, path: Path) -> None:
    notebook = school.notebook({})
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.update(points=1e9, grade=True, locked=False)
    write(path, notebook)


def checks_typed_as_answers(school: School, path: Path) -> None:
    notebook = school.notebook({})
    for cell in notebook.cells:
        if cell.source.startswith("check("):
            cell.source = "5"
            cell.outputs = [{"output_type": "stream", "name": "stdout", "text": "5"}]
            cell.metadata["tags"] = ["skip-execution"]
    write(path, notebook)


def metadata_of_odd_kinds(school: School, path: Path) -> None:
    notebook = json.loads(json.dumps(school.notebook({})))
    for index, cell in enumerate(notebook["cells"]):
        cell["id"] = [[], {}, 3, None][index % 4]
        cell["metadata"]["nbgrader"] = [[], {}, 3, None][index % 4]
    path.write_text(json.dumps(notebook))


def a_name_of_a_pattern(school: School, path: Path) -> None:
    shutil.move(path.parent.parent, path.parent.parent.with_name("*"))


def a_name_of_html(school: School, path: Path) -> None:
    shutil.move(path.parent.parent, path.parent.parent.with_name("<img src=x>"))


def a_name_of_escapes(school: School, path: Path) -> None:
    shutil.move(path.parent.parent, path.parent.parent.with_name("a\x1b[2Jb"))


# way -> what it deserves; None: refused, with a line for the instructor
DESERVED = {
    link_to_another: None,
    link_of_the_folder: None,
    link_beside: None,
    pipe_for_a_notebook: None,
    pipe_beside: None,
    shadowing_files: 6,
    configuration_beside: 0,
    other_notebooks: 0,
    every_cell_twice: 0,
    every_cell_gone: 0,
    answers_swapped: 6,  # functions are found by their names
    points_raised: 0,
    checks_typed_as_answers: 0,
    metadata_of_odd_kinds: None,
    a_name_of_a_pattern: None,
    a_name_of_html: None,
    a_name_of_escapes: None,
}


@pytest.fixture(scope="module")
def klass(released_once: Path, tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_REPOSITORY", str(CATALOGUE))
        root = tmp_path_factory.mktemp("attacked") / "course"
        shutil.copytree(released_once, root)
        school = School(Course.open(root), catalogue.find(TOY))
        school.hand_in("ada", school.notebook(school.right()))
        for way in DESERVED:
            path = school.hand_in(way.__name__, school.notebook({}))
            way(school, path)
        seed = (root / ".autograder" / "seed").read_bytes()
        graded = grade_class(school.course, TOY)
        assert (root / ".autograder" / "seed").read_bytes() == seed
        held = api.scores(root, TOY)
    return school, graded, held


@pytest.mark.parametrize("way", DESERVED, ids=lambda w: w.__name__)
def test_it_earns_what_the_answers_deserve(klass, way) -> None:
    _, graded, held = klass
    deserved = DESERVED[way]
    if deserved is None:
        assert way.__name__ not in graded.results
        assert held.get(way.__name__, (0, 0))[0] == 0
    else:
        assert sum(graded.results[way.__name__].scores.values()) == deserved
        assert held[way.__name__] == (deserved, 8)


def test_ada_keeps_what_she_earned(klass) -> None:
    _, graded, held = klass
    assert sum(graded.results["ada"].scores.values()) == 6
    assert held["ada"] == (6, 8)


def test_each_refusal_is_one_printable_line(klass) -> None:
    _, graded, _ = klass
    refused = [way for way, deserved in DESERVED.items() if deserved is None]
    assert len(graded.problems) == len(refused), "\n".join(graded.problems)
    assert all(problem.isprintable() for problem in graded.problems)
    assert all("report" not in problem for problem in graded.problems)


def test_no_secret_was_copied(klass) -> None:
    school, _, _ = klass
    seed = school.course.seed
    for folder in ("autograded", "feedback"):
        for path in (school.course.root / folder).rglob("*"):
            assert not path.is_file() or seed not in path.read_text(errors="ignore")
