"""A course directory: nbgrader's layout, our configuration, a secret grading seed."""

import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..authoring.notebook import build
from ..catalogue import Assignment
from ..errors import CourseDirectoryError
from ..files import write_atomically
from .config import EXCHANGE
from .manifest import PRIVATE, Manifest
from .rounds import Rounds

CONFIG = "nbgrader_config.py"
CONFIG_TEXT = '''\
"""nbgrader's configuration of this course. Add your own settings below."""

from pathlib import Path

from autograder.gradebook.config import configure

c = get_config()  # noqa: F821 (nbgrader defines it)
configure(c, Path(__file__).resolve().parent)
'''


@dataclass(frozen=True)
class Course:
    """A course directory.

    Attributes:
        root: the folder with nbgrader_config.py; source/, release/, submitted/,
            autograded/, feedback/ and gradebook.db are nbgrader's.
    """

    root: Path

    @classmethod
    def init(cls, root: Path) -> "Course":
        """Make a course directory; an existing one is left as it is."""
        if root.exists() and not root.is_dir():
            raise CourseDirectoryError(f"{root} is a file; name a folder.")
        config = root / CONFIG
        if root.exists() and any(root.iterdir()) and not config.exists():
            raise CourseDirectoryError(
                f"{root} is not empty and not a course directory; name a new folder."
            )
        root = root.resolve()
        # Formgrader warns if there is no exchange.
        for name in ("source", "release", "submitted", EXCHANGE):
            (root / name).mkdir(parents=True, exist_ok=True)
        if not (root / CONFIG).exists():
            write_atomically(root / CONFIG, CONFIG_TEXT.encode())
        course = cls(root)
        if not course._seed_file.exists():
            write_atomically(course._seed_file, secrets.token_hex(16).encode())
            course._seed_file.chmod(0o600)
        return course

    @classmethod
    def open(cls, root: Path) -> "Course":
        """An existing course directory."""
        course = cls(root.resolve())
        root = course.root
        if not ((root / CONFIG).exists() and course._seed_file.exists()):
            raise CourseDirectoryError(
                f"{root} is not a course directory; make one with "
                f"'autograder init {root.name}', or name another with --course."
            )
        return course

    @property
    def _seed_file(self) -> Path:
        return self.root / PRIVATE / "seed"

    @property
    def seed(self) -> str:
        """The secret that grading inputs are drawn from."""
        return self._seed_file.read_text(encoding="utf-8").strip()

    @property
    def rounds(self) -> Rounds:
        """How often feedback was given, and with it what was asked."""
        return Rounds(self.root)

    @property
    def results(self) -> Path:
        """Where result files lie."""
        return self.root / PRIVATE / "results"

    @property
    def expected(self) -> Path:
        """Where expected outputs are kept, so that each run need not make them."""
        return self.root / PRIVATE / "expected"

    def submission(self, student: str, assignment: str) -> Path:
        """The notebook that a student handed in."""
        return self.root / "submitted" / student / assignment / f"{assignment}.ipynb"

    def students(self, assignment: str) -> list[str]:
        """Students who handed something in for an assignment."""
        found = (self.root / "submitted").glob(f"*/{assignment}")
        return sorted(p.parent.name for p in found if p.is_dir())

    def release(self, assignment: Assignment, overwrite: bool = False) -> Path:
        """Build an assignment and let nbgrader make the students' version.

        What grading expects is made here, too, so that the first grading need not.
        """
        from ..grading.grade import grader_for
        from .api import generate_assignment

        source = self.root / "source" / assignment.name
        release = self.root / "release" / assignment.name
        manifest = Manifest(self.root)
        if not overwrite:
            manifest.refuse_changed(source)
            manifest.refuse_changed(release)
        with tempfile.TemporaryDirectory(dir=self.root / PRIVATE) as built:
            build(assignment, Path(built))
            shutil.copytree(built, source, dirs_exist_ok=True)
        manifest.note(source)
        generate_assignment(self.root, assignment.name)
        manifest.note(release)
        grader_for(self, assignment).prepare()
        return release
