"""The cheat and trouble notebooks of nbgrader's own tests, handed in to ours."""

import shutil
from functools import partial
from pathlib import Path

import nbgrader
import pytest

from autograder.gradebook import api
from autograder.gradebook.course import Course
from autograder.grading import plain as engine
from autograder.grading.run import grade_class
from autograder.jail.job import Job

FILES = Path(nbgrader.__file__).parent / "tests" / "apps" / "files"
pytestmark = pytest.mark.skipif(
    not FILES.is_dir(), reason="this nbgrader comes without its tests"
)
# source notebook -> submission -> points that it deserves
# None: refused, with a line for the instructor
DESERVED: dict[str, dict[str, float | None]] = {
    "submitted-unchanged": {
        "submitted-unchanged": 1,
        "submitted-changed": 2,
        "submitted-cheat-attempt": 1,
        "submitted-cheat-attempt-alternative": 1,
        "submitted-grade-cell-changed": 1,
        "submitted-locked-cell-changed": 1,
        "too-new": 1,
        "test-no-metadata": 1,
        "infinite-loop": 1,
        "infinite-loop-with-output": 1,
        "side-effects": 1,
    },
    "test": {"test": 3, "test-v0": 3, "test-v1": 3, "test-v2": 3, "test-v0-invalid": 3},
    "timeout": {"timeout": 0},
    "validation-zero-points": {"validation-zero-points": 0},
    "validating-environment-variable": {"validating-environment-variable": 1},
    "infinite-loop": {"infinite-loop": 0},
    "side-effects": {"side-effects": 0},
    # As they were released: making them anew would start a kernel for each.
    "autotest-simple-unchanged": {
        "autotest-simple-unchanged": 0,
        "autotest-simple-changed": 1,
    },
    "autotest-hashed-unchanged": {
        "autotest-hashed-unchanged": 0,
        "autotest-hashed-changed": 1,
    },
    "autotest-multi-unchanged": {
        "autotest-multi-unchanged": 0,
        "autotest-multi-changed": 3,
    },
    "test-hidden-tests": {"test-hidden-tests": 1.5, "autotest-hidden-changed-wrong": 0},
}
ALL = [(s, name) for s, names in DESERVED.items() for name in names]


@pytest.fixture(scope="module")
def klass(tmp_path_factory: pytest.TempPathFactory):
    """One course; every source is an assignment, every submission a student."""
    course = Course.init(tmp_path_factory.mktemp("files") / "course")
    held, problems = {}, {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "Job", partial(Job, cell_seconds=1.0))
        for source, names in DESERVED.items():
            target = course.root / "source" / source / f"{source}.ipynb"
            target.parent.mkdir()
            shutil.copy(FILES / f"{source}.ipynb", target)
            shutil.copy(FILES / "jupyter.png", target.parent)
            api.generate_assignment(course.root, source)
            for name in names:
                path = course.submission(name, source)
                path.parent.mkdir(parents=True)
                shutil.copy(FILES / f"{name}.ipynb", path)
            problems[source] = grade_class(course, source).problems
            held[source] = api.scores(course.root, source)
    return course, held, problems


@pytest.mark.parametrize(("source", "name"), ALL, ids=["-as-".join(p) for p in ALL])
def test_it_gets_what_it_deserves(klass, source: str, name: str) -> None:
    assert klass[1][source].get(name, (0, 0))[0] == (DESERVED[source][name] or 0)


@pytest.mark.parametrize("source", DESERVED)
def test_refused_is_what_has_to_be(klass, source: str) -> None:
    refused = [name for name, points in DESERVED[source].items() if points is None]
    assert sorted(line.split(":")[0] for line in klass[2][source]) == sorted(refused)
    assert all("report" not in line for line in klass[2][source])


def test_a_side_effect_stays_in_the_jail(klass) -> None:
    assert not list(klass[0].root.rglob("side-effect.txt"))
