"""The toy assignment, released once, and a class that handed it in."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from autograder import catalogue
from autograder.authoring.answers import (
    alternative_answer,
    fill,
    hand_in,
    misconception_answer,
    reference_answer,
)
from autograder.catalogue import Assignment
from autograder.gradebook.course import Course
from autograder.grading.jailer import Jailer
from autograder.jail.job import Job

CATALOGUE = Path(__file__).resolve().parent.parent / "catalogue"
TOY = "t01_toy"


@pytest.fixture(autouse=True)
def _toy_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_REPOSITORY", str(CATALOGUE))


@dataclass
class School:
    """A course directory in which the toy was released, and ways to hand it in."""

    course: Course
    assignment: Assignment

    @property
    def released(self) -> Path:
        return self.course.root / "release" / TOY / f"{TOY}.ipynb"

    def right(self) -> dict[str, str]:
        exercises = self.assignment.checks.exercises.values()
        return {e.name: reference_answer(self.assignment, e) for e in exercises}

    def mistake(self, exercise: str, slug: str) -> dict[str, str]:
        found = self.assignment.checks.exercises[exercise]
        text = misconception_answer(self.assignment, found, slug)
        return self.right() | {exercise: text}

    def alternative(self, exercise: str, slug: str) -> dict[str, str]:
        found = self.assignment.checks.exercises[exercise]
        text = alternative_answer(self.assignment, found, slug)
        return self.right() | {exercise: text}

    def notebook(self, answers: dict[str, str]):
        return fill(self.released, answers)

    def hand_in(self, student: str, notebook) -> Path:
        return hand_in(self.course.root, student, TOY, notebook)


WAYS = {"all there is": "", "the lock alone": "namespaces,cgroups"}


@pytest.fixture(scope="session", params=WAYS)
def jailer(request: pytest.FixtureRequest) -> Iterator[Jailer]:
    """A warm process of its own, with what this machine has and without."""
    with pytest.MonkeyPatch.context() as patch, Jailer() as jailer:
        patch.setenv("AUTOGRADER_WITHOUT", WAYS[request.param])
        jailer.run(Job("plain", "", []))
        patch.undo()
        yield jailer


@pytest.fixture(scope="session")
def released_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("released") / "course"
    Course.init(root).release(Assignment(TOY, CATALOGUE))
    return root


@pytest.fixture
def school(released_once: Path, tmp_path: Path) -> School:
    """A course directory of this test's own."""
    root = tmp_path / "course"
    shutil.copytree(released_once, root)
    return School(Course.open(root), catalogue.find(TOY))


SLOW = "import time\ntime.sleep(1)\n\ndef double(n):\n    return 2 * n\n"


@pytest.fixture(scope="module")
def handed_in_once(
    released_once: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Four students; it takes a second to grade each."""
    root = tmp_path_factory.mktemp("faults") / "course"
    shutil.copytree(released_once, root)
    school = School(Course.open(root), Assignment(TOY, CATALOGUE))
    wrong = school.mistake("softmax", "wrong_axis")
    for name, answers in {
        "ada": school.right(),
        "bob": wrong,
        "eve": school.right(),
        "zoe": wrong,
    }.items():
        school.hand_in(name, school.notebook(answers | {"double": SLOW}))
    return root


@pytest.fixture(scope="module")
def undisturbed(
    handed_in_once: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, object]:
    """What a run leaves that nothing happens to."""
    root = tmp_path_factory.mktemp("undisturbed") / "course"
    shutil.copytree(handed_in_once, root)
    from .faults import run, state

    assert run(root).returncode == 0
    return state(root)


@pytest.fixture
def handed_in(handed_in_once: Path, tmp_path: Path) -> School:
    root = tmp_path / "course"
    shutil.copytree(handed_in_once, root)
    return School(Course.open(root), Assignment(TOY, CATALOGUE))
