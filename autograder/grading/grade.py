"""Grading one submission: cells to the jail, observations to the judge, a result."""

import contextlib
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import catalogue, pack
from ..authoring.notebook import check_id, packs_for, source_notebook
from ..catalogue import CHECKS, Assignment
from ..cells import canonical, cells_to_run, imports_of
from ..decide import judge_exercise
from ..errors import AutograderError, UnknownNameError
from ..exercise import Exercise
from ..jail.job import Cell, Job, pack_given
from ..pack import ExercisePack
from ..report import to_html
from ..verdicts import CaseResult, ExerciseResult, Verdict
from .jailer import Jailer, shared_jailer
from .plain import grade_plain
from .results import SubmissionResult, Who, key_of
from .shown import Shown, fill
from .unusual import unusual

if TYPE_CHECKING:
    from ..gradebook.course import Course

QUICK_SECONDS = 0.1  # for all of an exercise's runs
MOST_RUNS = 3  # of a submission's cells, see `_once_more`
SURE = {Verdict.PASSED, Verdict.MISSING}


@dataclass
class Grader:
    """Grades submissions of one assignment on one seed.

    Attributes:
        assignment: with its solutions, which never leave this process.
        seed: the course's for this assignment; inputs of the cases are drawn from it.
        trust: run without the lock.
        cache: folder to keep expected outputs in.
        earlier: seeds of earlier rounds, whose results stay valid.
    """

    assignment: Assignment
    seed: str
    trust: bool = False
    cache: Path | None = None
    jailer: Jailer = field(default_factory=shared_jailer)
    earlier: tuple[str, ...] = ()

    @cached_property
    def packs(self) -> dict[str, ExercisePack]:
        """What is expected: computed once for the class and kept."""
        if self.cache is None:
            return packs_for(self.assignment, self.seed)
        folder = self.cache / self.assignment.name / key_of(self.version, self.seed)
        with contextlib.suppress(AutograderError):  # absent, or damaged
            return pack.load(folder)
        pack.save(packs_for(self.assignment, self.seed), folder)
        return pack.load(folder)

    @cached_property
    def released(self) -> Any:
        """The notebook as it was built, to tell its cells from the student's."""
        return source_notebook(self.assignment)

    @cached_property
    def _imports(self) -> list[str]:
        return imports_of(self.released)

    @cached_property
    def _checks(self) -> str:
        return (self.assignment.folder / CHECKS).read_text(encoding="utf-8")

    @cached_property
    def version(self) -> str:
        """Of the engine and the assignment: all files that a result depends on."""
        engine = sorted(Path(__file__).resolve().parent.parent.rglob("*.py"))
        files = [*self.assignment.files(), *engine]
        return key_of(*(p.name + p.read_text(encoding="utf-8") for p in files))

    def key(self, cells: list[Cell], seed: str = "") -> str:
        """Identifies this work: same key, same result."""
        seed = seed or self.seed
        return key_of(canonical(cells), self.version, seed, "cpu", str(self.trust))

    def keys(self, cells: list[Cell]) -> list[str]:
        """The key, and those that this work had in earlier rounds."""
        return [self.key(cells, seed) for seed in (self.seed, *self.earlier)]

    def cells(self, notebook: Any) -> list[Cell]:
        """What to execute of a submitted notebook."""
        return cells_to_run(notebook, self.released)

    def prepare(self) -> "Grader":
        """Compute what all submissions share; before threads ask for it at once."""
        _ = self.packs, self._given, self.released, self._checks, self.version
        return self

    def grade(
        self, student: str, cells: list[Cell], jailer: Jailer | None = None
    ) -> SubmissionResult:
        """Run the cells in the jail and judge what they show."""
        start = time.perf_counter()
        judged: dict[str, ExerciseResult] = {}
        flags: list[str] = []
        names = list(self.assignment.checks.exercises)
        together = self._quick
        alone = [name for name in names if name not in together]
        for left in reversed(range(MOST_RUNS)):
            if not left:
                alone, together = alone + together, []
            shown = self._shown(cells, alone, together, jailer)
            flags += [flag for flag in shown.flags if flag not in flags]
            for name in alone + together:
                exercise = self.assignment.checks.exercises[name]
                judged[name] = self._judged(exercise, shown)
            alone, together = _once_more(alone, together, judged, shown)
            if not alone and not together:
                break
        judged = {name: judged[name] for name in names}
        result = SubmissionResult(
            student, self.assignment.name, self.assignment.name, self.key(cells)
        )
        for name, one in judged.items():
            result.exercises[check_id(name)] = one
            result.scores[check_id(name)] = one.score
            result.pages[check_id(name)] = to_html(one)
        result.unusual = unusual(cells)
        result.flags = flags + shown.ended() + result.unusual
        if self.trust:
            result.flags.append("graded without the jail (--trust-students)")
        result.seconds = time.perf_counter() - start
        return result

    @cached_property
    def _quick(self) -> list[str]:
        """Exercises that take less time than a process of their own."""
        return [
            name
            for name, exercise in self.assignment.checks.exercises.items()
            if not exercise.processes and self.packs[name].seconds < QUICK_SECONDS
        ]

    @cached_property
    def _given(self) -> bytes:
        return pack_given({name: own.given for name, own in self.packs.items()})

    def _shown(
        self,
        cells: list[Cell],
        alone: list[str],
        together: list[str],
        jailer: Jailer | None,
    ) -> Shown:
        """What the cells and these exercises show in the jail."""
        exercises = self.assignment.checks.exercises
        job = Job(
            self.assignment.name,
            self._checks,
            cells,
            {name: self.packs[name].limit for name in alone + together},
            alone,
            together,
            imports=self._imports,
            seed=self.seed,
            trusted=self.trust,
            loopback=any(e.processes for e in exercises.values()),
        )
        outcome = (jailer or self.jailer).run(job, self._given)
        asked = {n: exercises[n].functions for n in alone + together}
        return Shown.of(outcome, cells, {n: self.packs[n] for n in asked}, asked)

    def _judged(self, exercise: Exercise, shown: Shown) -> ExerciseResult:
        expected = self.packs[exercise.name]
        seen = dict(shown.seen.get(exercise.name, {}))
        fill(exercise, expected, seen, shown.endings.get(exercise.name))
        try:
            return judge_exercise(exercise, expected, seen)
        except Exception as error:  # our fault: it must cost nobody a point
            flag = f"the judge failed ({type(error).__name__}: {error}); please report"
            broken = [
                CaseResult(c.name, c.sentence, Verdict.BROKEN) for c in exercise.cases
            ]
            return ExerciseResult(exercise.name, exercise.points, broken, flags=[flag])


def _once_more(
    alone: list[str],
    together: list[str],
    judged: dict[str, ExerciseResult],
    shown: Shown,
) -> tuple[list[str], list[str]]:
    """Which exercises run once more: alone, and together.

    One that is wrong may have been spoilt by those that shared its process before it:
    alone it would be right. Those that were never begun, because one before them took
    too much for all or ended the process, run as they were to.
    """
    for place, name in enumerate(alone, start=1):
        if name not in shown.over:
            return alone[place:], together
    begun = next(
        (i for i, name in enumerate(together, start=1) if name not in shown.over),
        len(together),
    )
    first = together[:1] if begun > 1 else []
    doubtful = [
        name
        for name in together[:begun]
        if name not in first and judged[name].verdict not in SURE
    ]
    return doubtful, together[begun:]


_graders: dict[tuple[str, str, bool, int], Grader] = {}


def grader_for(
    course: "Course", assignment: Assignment | str, trust: bool = False
) -> Grader:
    """One grader per assignment, round and process: its packs are built once."""
    name = assignment if isinstance(assignment, str) else assignment.name
    now = course.rounds.now(name)
    key = (str(course.root), name, trust, now)
    if key not in _graders:
        if isinstance(assignment, str):
            assignment = catalogue.find(assignment)
        # Not the course's own seed, as it can be read in the jail.
        seeds = [key_of(course.seed, name, str(r))[:16] for r in range(now + 1)]
        _graders[key] = Grader(
            assignment, seeds[-1], trust, course.expected, earlier=tuple(seeds[:-1])
        )
    return _graders[key]


def result_for(
    course: "Course", who: Who, notebook: Any, trust: bool = False
) -> SubmissionResult:
    """The stored result of this very submission, or a new one."""
    if who.assignment not in known_names():
        return grade_plain(course.results, who, notebook, trust)
    grader = grader_for(course, who.assignment, trust)
    return stored_or_graded(course, who, grader, grader.cells(notebook))


def stored_or_graded(
    course: "Course",
    who: Who,
    grader: Grader,
    cells: list[Cell],
    jailer: Jailer | None = None,
) -> SubmissionResult:
    """The stored result of these cells, or a new one, which is then stored."""
    found = stored(course, who, grader, cells)
    return found or keep(course, grader.grade(who.student, cells, jailer))


def stored(
    course: "Course", who: Who, grader: Grader, cells: list[Cell]
) -> SubmissionResult | None:
    """The stored result of these cells, if there is one."""
    return SubmissionResult.load(who.path(course.results), *grader.keys(cells))


def keep(course: "Course", result: SubmissionResult) -> SubmissionResult:
    """Store a result."""
    result.save(course.results)
    course.rounds.graded(result.assignment)
    return result


def known_names() -> list[str]:
    """Assignments of the catalogue; none where there is no repository."""
    try:
        return catalogue.names()
    except UnknownNameError:
        return []
