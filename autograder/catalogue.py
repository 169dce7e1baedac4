"""Finding assignments: a folder in assignments/ and its twin in solutions/.

Also reads a release folder, which holds the checks but no solutions.
"""

import importlib.util
import inspect
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from .edits import Edited, edited, function_of
from .errors import AuthoringError, UnknownNameError
from .exercise import Exercise, Written
from .listing import CHECKS as CHECKS
from .listing import names as names
from .listing import repository as repository
from .misconceptions import Misconception
from .observe import Candidate


def load_module(path: Path, name: str) -> ModuleType:
    """Import a file under a name of its own."""
    if not path.exists():
        raise UnknownNameError(
            f"{path.name} is missing from {path.parent.name}; every assignment "
            "needs it (see docs/authoring.md)."
        )
    loader = SourceFileLoader(name, str(path))
    spec = importlib.util.spec_from_loader(name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    loader.exec_module(module)
    return module


@dataclass
class Checks:
    """The exercises and written questions of one checks.py."""

    module: ModuleType

    @classmethod
    def read(cls, path: Path) -> "Checks":
        """Import a checks.py."""
        return cls(load_module(path, f"checks_{path.parent.name}"))

    @cached_property
    def exercises(self) -> dict[str, Exercise]:
        """Exercises by name, in the order of the file."""
        found = [v for v in vars(self.module).values() if isinstance(v, Exercise)]
        return {e.name: e for e in found}

    @cached_property
    def written(self) -> dict[str, Written]:
        """Written questions by name, in the order of the file."""
        found = [v for v in vars(self.module).values() if isinstance(v, Written)]
        return {w.name: w for w in found}

    def exercise(self, name: str) -> Exercise:
        """The exercise of that name, or that asks for a function of that name."""
        for exercise in self.exercises.values():
            if name == exercise.name or name in exercise.functions:
                return exercise
        known = ", ".join(self.exercises)
        raise UnknownNameError(f"no exercise {name!r} here; there are: {known}.")


@dataclass
class Assignment:
    """One assignment with its solutions."""

    name: str
    root: Path = field(default_factory=repository)

    @property
    def folder(self) -> Path:
        """What a student gets."""
        return self.root / "assignments" / self.name

    @property
    def solutions(self) -> Path:
        """What a student does not get."""
        return self.root / "solutions" / self.name

    @cached_property
    def checks(self) -> Checks:
        """Exercises and written questions."""
        return Checks.read(self.folder / CHECKS)

    def _solution(self, stem: str) -> ModuleType:
        return load_module(
            self.solutions / f"{stem}.py", f"solutions_{self.name}_{stem}"
        )

    @cached_property
    def reference_module(self) -> ModuleType:
        """The answers."""
        return self._solution("reference")

    @cached_property
    def misconceptions_module(self) -> ModuleType:
        """The known wrong answers."""
        return self._solution("misconceptions")

    @cached_property
    def edited(self) -> dict[str, Edited]:
        """The known wrong answers that are edits of the reference, by name."""
        edits = getattr(self.misconceptions_module, "EDITS", {})
        path = self.solutions / "misconceptions.py"
        if both := sorted({*edits} & {*vars(self.misconceptions_module)}):
            raise AuthoringError(
                f"{path} has {both[0]} as a function and in EDITS; rename one of them."
            )
        reference = self.solutions / "reference.py"
        return edited(edits, path, reference, self.reference_module)

    @cached_property
    def alternatives_module(self) -> ModuleType:
        """Other right answers."""
        return self._solution("alternatives")

    def reference(self, exercise: Exercise) -> dict[str, Any]:
        """The reference's functions for an exercise."""
        found = {}
        for name in exercise.functions:
            if not hasattr(self.reference_module, name):
                raise AuthoringError(
                    f"{self.solutions / 'reference.py'} does not define {name!r}, "
                    f"which exercise {exercise.name!r} asks for."
                )
            found[name] = getattr(self.reference_module, name)
        return found

    def misconceptions(self, exercise: Exercise) -> list[Misconception]:
        """Known wrong answers to an exercise, each with its sentence."""
        found = []
        edits = {name: own.implementation for name, own in self.edited.items()}
        known = vars(self.misconceptions_module) | edits
        for slug, own in self._variants(known, exercise).items():
            docs = [inspect.getdoc(f) for f in own.values() if f.__doc__]
            hint = " ".join((docs[0] or "").split()) if docs else ""
            found.append(Misconception(slug, hint, self._filled(exercise, own)))
        return found

    def alternatives(self, exercise: Exercise) -> dict[str, Candidate]:
        """Other right answers to an exercise, by slug."""
        found = self._variants(vars(self.alternatives_module), exercise)
        return {slug: self._filled(exercise, own) for slug, own in found.items()}

    def _filled(self, exercise: Exercise, own: dict[str, Any]) -> Candidate:
        return self.reference(exercise) | own

    def _variants(
        self, known: Mapping[str, Any], exercise: Exercise
    ) -> dict[str, dict[str, Any]]:
        """`function__slug` definitions, grouped by slug."""
        found: dict[str, dict[str, Any]] = {}
        for name, value in known.items():
            function = function_of(name, exercise.functions)
            if function and callable(value):
                slug = name.removeprefix(f"{function}__")
                found.setdefault(slug, {})[function] = value
        return found

    def figures(self) -> dict[str, tuple[float, float | None]]:
        """What challenge.py measures: value, and the floor it must reach.

        Where experiments run at their smallest, figures in LONG have no floor.
        """
        challenge = self._solution("challenge")
        floors = dict(challenge.FLOORS)
        if os.environ.get("COURSE_SMALLEST"):  # see course.train.budget
            for name in getattr(challenge, "LONG", ()):
                floors.pop(name, None)
        return {k: (v, floors.get(k)) for k, v in challenge.figures().items()}

    def files(self) -> list[Path]:
        """Every file of the assignment, both twins, in a fixed order."""
        both = [*self.folder.rglob("*"), *self.solutions.rglob("*")]
        return sorted(p for p in both if p.is_file() and "__pycache__" not in p.parts)


def find(name: str, root: Path | None = None) -> Assignment:
    """The assignment of that name; a unique beginning is enough."""
    known = names(root)
    matches = [n for n in known if n == name] or [
        n for n in known if n.startswith(name)
    ]
    if len(matches) != 1:
        what = "is not unique" if matches else "is unknown"
        raise UnknownNameError(
            f"assignment {name!r} {what}; there are: {', '.join(matches or known)}."
        )
    return Assignment(matches[0], root or repository())
