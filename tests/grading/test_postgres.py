"""A gradebook in PostgreSQL holds what one in SQLite holds.

The server is a real one, in a temporary folder of its own, on a Unix socket.
"""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook
from sqlalchemy import Engine, event

from autograder import catalogue
from autograder.catalogue import Assignment
from autograder.gradebook import api
from autograder.gradebook.course import CONFIG, Course
from autograder.gradebook.manifest import PRIVATE
from autograder.grading.run import Graded, Say, grade_class

from .conftest import CATALOGUE, TOY, School

psycopg2 = pytest.importorskip("psycopg2", reason="psycopg2 is not installed")

OWNER = "gradebook"
TOOLS = ("initdb", "pg_ctl")
NOT_FOR_ROOT = "nobody"  # PostgreSQL refuses to run as root
QUICK = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"


def tool(name: str) -> str | None:
    """Where one of the server's programs is; Debian keeps them off the path."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    path = os.pathsep.join((os.environ.get("PATH", ""), *map(str, debian[::-1])))
    return shutil.which(name, path=path)


pytestmark = pytest.mark.skipif(
    not all(map(tool, TOOLS)), reason="PostgreSQL's server is not installed"
)


@dataclass
class Server:
    """A running server."""

    folder: Path

    def url(self, database: str) -> str:
        # With the driver: SQLAlchemy's default is another one since 2.1.
        return f"postgresql+psycopg2://{OWNER}@/{database}?host={self.folder}"

    def database(self, name: str) -> str:
        """Make an empty one; its address."""
        self.ask("postgres", f'CREATE DATABASE "{name}"')
        return self.url(name)

    def ask(self, database: str, query: str) -> list[tuple[Any, ...]]:
        """The rows of an answer."""
        with closing(
            psycopg2.connect(host=str(self.folder), user=OWNER, dbname=database)
        ) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(query)
                return cursor.fetchall() if cursor.description else []

    def run(self, name: str, *arguments: str) -> None:
        """Run one of its programs."""
        user: dict[str, Any] = {}
        if os.getuid() == 0:
            other = pwd.getpwnam(NOT_FOR_ROOT)
            user = {"user": other.pw_uid, "group": other.pw_gid, "extra_groups": []}
        with (self.folder / "said").open("a") as log:
            done = subprocess.run(
                [str(tool(name)), *arguments],
                cwd=self.folder,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
                stdout=log,
                stderr=log,
                timeout=60,
                **user,
            )
        assert done.returncode == 0, (self.folder / "said").read_text()[-2000:]

    @property
    def data(self) -> str:
        return f"--pgdata={self.folder / 'data'}"

    def start(self) -> None:
        log = f"--log={self.folder / 'log'}"
        options = f"-k {self.folder} -c listen_addresses='' {QUICK}"
        self.run("pg_ctl", "start", "--wait", self.data, log, "-o", options)

    def stop(self) -> None:
        self.run("pg_ctl", "stop", "--wait", "--mode=immediate", self.data)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    # pytest's folders are closed to other users, and too long for a socket's path.
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        server = Server(Path(folder))
        if os.getuid() == 0:
            shutil.chown(folder, NOT_FOR_ROOT)
        server.run("initdb", "--auth=trust", f"--username={OWNER}", "-N", server.data)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@dataclass
class Taught:
    """A class, graded into a gradebook."""

    school: School
    graded: Graded

    @property
    def root(self) -> Path:
        return self.school.course.root

    @property
    def scores(self) -> dict[str, tuple[float, float]]:
        return api.scores(self.root, TOY)


def hand_in_all(school: School) -> None:
    right = school.right()
    for student, answers in {
        "right": right,
        "no shift": school.mistake("softmax", "no_shift"),
        "raises": right | {"double": "def double(n):\n    return n.no_such\n"},
        "untouched": {},
    }.items():
        school.hand_in(student, school.notebook(answers))


def moved_to(url: str, released: Path, root: Path) -> School:
    """The released course, seed and all, with its gradebook at this address."""
    shutil.copytree(released, root)
    (root / "gradebook.db").unlink()
    with (root / CONFIG).open("a") as config:
        config.write(f"c.CourseDirectory.db_url = {url!r}\n")
    course = Course.open(root)
    course.release(Assignment(TOY, CATALOGUE))
    return School(course, catalogue.find(TOY))


@pytest.fixture(scope="module")
def toy_found() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_REPOSITORY", str(CATALOGUE))
        yield


@pytest.fixture(scope="module")
def lite(
    toy_found: None, released_once: Path, tmp_path_factory: pytest.TempPathFactory
) -> Taught:
    root = tmp_path_factory.mktemp("lite") / "course"
    shutil.copytree(released_once, root)
    school = School(Course.open(root), catalogue.find(TOY))
    hand_in_all(school)
    return Taught(school, grade_class(school.course, TOY))


@pytest.fixture(scope="module")
def postgres(
    toy_found: None,
    server: Server,
    released_once: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Taught:
    root = tmp_path_factory.mktemp("postgres") / "course"
    school = moved_to(server.database("taught"), released_once, root)
    hand_in_all(school)
    return Taught(school, grade_class(school.course, TOY))


def import_again(
    taught: Taught, students: Iterable[str] = (), say: Say = lambda *_: None
) -> Graded:
    """Grade, with every import made anew although nothing has changed."""
    shutil.rmtree(taught.root / PRIVATE / "imported")
    return grade_class(taught.school.course, TOY, students, say=say)


def gradebook(taught: Taught) -> Gradebook:
    return api.api(taught.root).gradebook


@contextmanager
def counted_connections() -> Iterator[list[object]]:
    """The connections that were made meanwhile."""
    made: list[object] = []

    def note(connection: object, _: object) -> None:
        made.append(connection)

    event.listen(Engine, "connect", note)
    try:
        yield made
    finally:
        event.remove(Engine, "connect", note)


GRADES = (
    "SELECT student_id, cell.name, auto_score, manual_score, needs_manual_grade "
    "FROM grade JOIN base_cell cell ON cell.id = cell_id "
    "JOIN submitted_notebook own ON own.id = grade.notebook_id "
    "JOIN submitted_assignment ON submitted_assignment.id = own.assignment_id "
    "ORDER BY 1, 2"
)


def test_scores_are_those_of_sqlite(lite: Taught, postgres: Taught) -> None:
    assert postgres.graded.problems == lite.graded.problems == []
    assert postgres.scores == lite.scores
    assert {s: score for s, (score, _) in postgres.scores.items()} == pytest.approx(
        {"right": 6, "no shift": 16 / 3, "raises": 5, "untouched": 0}, abs=0.01
    )


def test_the_gradebook_is_where_the_configuration_says(postgres: Taught) -> None:
    assert not (postgres.root / "gradebook.db").exists()


def test_grading_again_changes_nothing(server: Server, postgres: Taught) -> None:
    before = server.ask("taught", GRADES)
    again = import_again(postgres)
    assert again.problems == []
    assert server.ask("taught", GRADES) == before
    assert len(before) == 4 * len({cell for _, cell, *_ in before})  # nothing twice


def test_what_a_student_hands_in_again_counts(server: Server, postgres: Taught) -> None:
    school = postgres.school
    school.hand_in("late", school.notebook({}))
    grade_class(school.course, TOY, ["late"])
    school.hand_in("late", school.notebook(school.right()))
    grade_class(school.course, TOY, ["late"])
    assert postgres.scores["late"][0] == 6


def test_points_given_by_hand_stay(server: Server, postgres: Taught) -> None:
    (written,) = {
        name
        for _, name, *_ in server.ask("taught", GRADES)
        if not name.startswith("check-")
    }
    with gradebook(postgres) as book:
        book.find_grade(written, TOY, TOY, "raises").manual_score = 2.0
        book.db.commit()
    import_again(postgres, ["raises"])
    assert postgres.scores["raises"] == (7.0, 8.0)


def test_feedback_is_written_from_it(postgres: Taught) -> None:
    api.generate_feedback(postgres.root, TOY)
    page = postgres.root / "feedback" / "no shift" / TOY / f"{TOY}.html"
    assert "You do not subtract the largest logit" in page.read_text()


def test_a_class_keeps_its_connections(postgres: Taught) -> None:
    with counted_connections() as for_one:
        import_again(postgres, ["right"])
    with counted_connections() as for_all:
        graded = import_again(postgres)
    assert len(graded.results) >= 4
    assert len(for_all) == len(for_one)


def test_nothing_stays_connected(server: Server, postgres: Taught) -> None:
    import_again(postgres, ["right"])
    others = (
        "FROM pg_stat_activity WHERE datname = 'taught' AND pid <> pg_backend_pid()"
    )
    assert server.ask("taught", f"SELECT query {others}") == []


def test_a_restarted_server_costs_nobody_a_grade(
    server: Server, postgres: Taught
) -> None:
    def restart(student: str, *_: object) -> None:
        if student == "raises":
            server.stop()
            server.start()

    graded = import_again(postgres, say=restart)
    assert graded.problems == []


def test_a_deleted_cell_returns_to_its_place_after_a_second_release(
    server: Server, released_once: Path, tmp_path: Path
) -> None:
    """PostgreSQL gives rows back in another order once one was changed."""
    school = moved_to(server.database("twice"), released_once, tmp_path / "course")
    with gradebook(Taught(school, Graded())) as book:
        first = book.find_notebook(TOY, TOY).source_cells[0]
        first.source += " "
        book.db.commit()
    notebook = school.notebook(school.right())
    names = [
        cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells
    ]
    notebook.cells = [c for c, n in zip(notebook.cells, names, strict=True) if not n]
    school.hand_in("empty", notebook)
    assert grade_class(school.course, TOY).problems == []
    path = school.course.root / "autograded" / "empty" / TOY / f"{TOY}.ipynb"
    restored = nbformat.read(path, as_version=4).cells
    found = [c.metadata.nbgrader.grade_id for c in restored if "nbgrader" in c.metadata]
    assert found == [name for name in names if name]


def test_what_formgrader_lists_can_be_read(lite: Taught, postgres: Taught) -> None:
    for taught in (lite, postgres):
        nbgrader = api.api(taught.root)
        listed = {s["id"]: s["max_score"] for s in nbgrader.get_students()}
        assert listed["right"] == 8.0
        submissions = nbgrader.get_submissions(TOY)
        assert {s["student"] for s in submissions} >= {"right", "no shift"}
        assert nbgrader.get_notebook_submissions(TOY, TOY)


@pytest.mark.parametrize("arguments", [["autograde", TOY, "--force"], ["export"]])
def test_stock_commands_work_with_it(postgres: Taught, arguments: list[str]) -> None:
    before = postgres.scores
    done = subprocess.run(
        [str(Path(sys.executable).parent / "nbgrader"), *arguments],
        cwd=postgres.root,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert postgres.scores == before
    if arguments == ["export"]:
        assert "no shift" in (postgres.root / "grades.csv").read_text()
