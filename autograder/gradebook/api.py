"""nbgrader's own steps, called in-process, one at a time.

nbgrader changes the working directory and the environment: never call it from threads.
"""

import logging
import os
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import nbgrader.api
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from sqlalchemy.orm import scoped_session, sessionmaker
from traitlets.config import Config

from ..errors import AutograderError
from .config import configure, course_config


def api(root: Path) -> Any:
    """nbgrader's API for a course directory, with the instructor's configuration."""
    root, config = root.resolve(), Config()
    configure(config, root)
    config.merge(course_config(root))
    return NbGraderAPI(config=config)


@cache
def _engine(create: Any, url: str, **options: Any) -> Any:
    """One database engine per gradebook, and with it what it has compiled.

    nbgrader makes ten per submission. A server, which a file is not, may have closed a
    connection since it was last used: that is tried out first.
    """
    return create(url, pool_pre_ping=not url.startswith("sqlite"), **options)


@contextmanager
def kept_open() -> Iterator[None]:
    """Open each gradebook once for many calls, and look for its tables once.

    nbgrader opens it ten times per submission; that is a third of an import. What is
    read and written stays the same: each opening still has a session of its own.
    """
    kept: dict[tuple[str, str], Any] = {}
    opened, closed = Gradebook.__init__, Gradebook.close

    def init(
        self: Any, db_url: str, course_id: str = "default_course", *more: Any
    ) -> None:
        if (db_url, course_id) in kept:
            self.engine, self.course_id = kept[db_url, course_id].engine, course_id
            self.db = scoped_session(sessionmaker(bind=self.engine, future=True))
            self.authenticator = None
        else:
            opened(self, db_url, course_id, *more)
            kept[db_url, course_id] = self

    def close(self: Any) -> None:
        self.db.remove()

    with (
        patch.object(Gradebook, "__init__", init),
        patch.object(Gradebook, "close", close),
    ):
        try:
            yield
        finally:
            for gradebook in kept.values():
                closed(gradebook)


@contextmanager
def _inside(root: Path) -> Iterator[None]:
    """nbgrader reads some paths from the working directory, and calls alembic."""
    before, path = Path.cwd(), os.environ.get("PATH", "")
    os.chdir(root)
    os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), path))
    create = nbgrader.api.create_engine
    nbgrader.api.create_engine = partial(_engine, create)
    level = logging.getLogger("traitlets").level
    logging.getLogger("traitlets").setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():  # nbgrader's own, about its database
            warnings.simplefilter("ignore")
            yield
    finally:
        nbgrader.api.create_engine = create
        logging.getLogger("traitlets").setLevel(level)
        os.environ["PATH"] = path
        os.chdir(before)


def _done(result: dict[str, Any], what: str) -> None:
    if not result["success"]:
        log = "\n".join(filter(None, (result.get("log"), result.get("error"))))
        found = re.findall(r"^ *(\w[\w.]*(?:Error|Exception)\b.*)$", log, flags=re.M)
        reason = found[0] if found else (log.strip().splitlines() or ["no message"])[-1]
        raise AutograderError(f"nbgrader could not {what}: {reason}")


def generate_assignment(root: Path, assignment: str) -> None:
    """Make the students' version of source/<assignment>."""
    with _inside(root):
        result = api(root).generate_assignment(assignment, force=True, create=True)
    _done(result, f"generate {assignment}")


def autograde(root: Path, assignment: str, student: str, trust: bool = False) -> None:
    """Sanitize one submission and import its results into the gradebook."""
    with _inside(root):
        nbgrader = api(root)
        nbgrader.config.ImportResults.trust_students = trust
        result = nbgrader.autograde(assignment, student, force=True, create=True)
    _done(result, f"import the grades of {student}")


def generate_feedback(root: Path, assignment: str) -> None:
    """Write feedback/<student>/<assignment>/*.html for every graded student."""
    with _inside(root):
        result = api(root).generate_feedback(assignment, force=True)
    _done(result, f"generate feedback for {assignment}")


def export(root: Path, plugin: Any, to: Path, assignments: list[str]) -> None:
    """Run one of nbgrader's export plugins.

    Args:
        root: the course directory.
        plugin: its class.
        to: file or folder to write.
        assignments: their full names; all if none.
    """
    with _inside(root):
        nbgrader = api(root)
        made = plugin(config=nbgrader.config, to=str(to), assignment=assignments)
        with nbgrader.gradebook as opened:
            made.export(opened)


@contextmanager
def gradebook(root: Path) -> Iterator[Gradebook]:
    """The gradebook of a course directory."""
    with _inside(root), api(root).gradebook as opened:
        yield opened


def scores(root: Path, assignment: str) -> dict[str, tuple[float, float]]:
    """Score and maximum by student, as the gradebook has them."""
    with gradebook(root) as opened:
        found = {}
        for submission in opened.assignment_submissions(assignment):
            found[submission.student.id] = (submission.score, submission.max_score)
        return found
