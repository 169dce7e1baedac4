"""Grading one submission: cells to the jail, observations to the judge, a result."""

import contextlib
import time
from collections.abc import Mapping
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
from ..jail.job import Cell, Job, Outcome, pack_given
from ..names import absent
from ..observe import Observation
from ..pack import ExercisePack
from ..report import to_html
from ..transport import Tensors, legible, load_observation
from ..verdicts import CaseResult, Ending, ExerciseResult, Verdict
from .jailer import Jailer, shared_jailer, timed_frames
from .plain import grade_plain
from .results import SubmissionResult, Who, key_of
from .unusual import unusual

if TYPE_CHECKING:
    from ..gradebook.course import Course

QUICK_SECONDS = 0.1  # for all of an exercise's runs
MOST_RUNS = 3  # of a submission's cells, see `_once_more`
SURE = {Verdict.PASSED, Verdict.MISSING}
EXCESS = {
    "took too long": Verdict.TIMED_OUT,
    "used too much memory": Verdict.OUT_OF_MEMORY,
}
CLOCK_SECONDS = 0.25  # what an answer's own clock may be short of


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
    ) -> "_Shown":
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
        return _Shown.of(outcome, cells, {n: self.packs[n] for n in asked}, asked)

    def _judged(self, exercise: Exercise, shown: "_Shown") -> ExerciseResult:
        expected = self.packs[exercise.name]
        seen = dict(shown.seen.get(exercise.name, {}))
        _fill(exercise, expected, seen, shown.endings.get(exercise.name))
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
    shown: "_Shown",
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


Seen = dict[tuple[str, str], Observation | Ending]


def _fill(
    exercise: Exercise, expected: ExercisePack, seen: Seen, ending: Ending | None
) -> None:
    """Every run that did not take place counts as wrong.

    The one that was under way gets the ending.
    """
    for variant in exercise.variants:
        for case in exercise.cases:
            key = (case.name, variant.name)
            if key in seen or variant.name not in expected.cases[case.name].trees:
                continue
            seen[key] = ending or Ending(Verdict.ERRORED, "this run did not take place")
            if ending:
                ending = Ending(ending.verdict, "not run, see above")


@dataclass
class _Shown:
    """The jail's frames, sorted by exercise.

    Seconds are the answer's own word, but never much less than passed outside since
    the last frame that was expected and new: its clock may have been replaced.
    """

    seen: dict[str, Seen] = field(default_factory=dict)
    endings: dict[str, Ending] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)
    ending: str = ""
    packs: Mapping[str, ExercisePack] = field(default_factory=dict)
    functions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    over: set[str] = field(default_factory=set)  # exercises that have ended
    cells: set[int] = field(default_factory=set)  # cells that have ended
    since: float = 0.0  # when the last frame came that was expected and new

    @classmethod
    def of(
        cls,
        outcome: Outcome,
        cells: list[Cell],
        packs: Mapping[str, ExercisePack] | None = None,
        functions: Mapping[str, tuple[str, ...]] | None = None,
    ) -> "_Shown":
        shown = cls(packs=packs or {}, functions=functions or {})
        errors: dict[str, str] = {}  # exercise -> what went wrong in its cell
        shown.cells |= outcome.bad_cells.keys()
        for index, what in outcome.bad_cells.items():
            if index < len(cells):
                shown._bad_cell(cells[index], what)
        for data, tensors, when in timed_frames(outcome):
            try:
                shown._take(data, tensors, cells, errors, when)
            except Exception:  # whatever was sent, it is no more than worthless
                shown.flags.append("sent something that is not an observation")
                break
        if not outcome.bad_cells:
            shown._end(outcome.ending)
        return shown

    def ended(self) -> list[str]:
        """A flag if the submission stopped early, whatever it did."""
        return [f"the submission {self.ending}"] if self.ending else []

    def _end(self, ending: str) -> None:
        """What ended all of it early is due to the exercise that was under way."""
        self.ending = ending
        left = [name for name in self.packs if name not in self.over]
        if ending and left:
            verdict = EXCESS.get(ending, Verdict.ERRORED)
            self.endings.setdefault(left[0], Ending(verdict, f"your answer {ending}"))

    def _bad_cell(self, cell: Cell, what: str) -> None:
        if cell.grade_id:
            verdict = Verdict.TIMED_OUT if "too long" in what else Verdict.ERRORED
            self.endings[cell.grade_id] = Ending(verdict, f"your cell {what}")
        else:
            self.flags.append(f"a cell outside the exercises {what}; it was left out")

    def _take(
        self,
        data: dict[str, Any],
        tensors: Tensors,
        cells: list[Cell],
        errors: dict[str, str],
        when: float,
    ) -> None:
        if "cell" in data:
            if not self.seen and int(data["cell"]) not in self.cells:
                self.since = when
            self.cells.add(int(data["cell"]))
            if data["error"]:
                name, message, where = map(str, data["error"])
                text = f"your cell raised {name}: {message}" + f" ({where})" * bool(
                    where
                )
                errors[cells[int(data["cell"])].grade_id] = legible(text[:600])
            return
        name = str(data["exercise"])
        if name in self.over:
            return  # so that nobody ends an exercise early to gain time
        if self.packs and name not in self.packs:
            return  # not asked for
        if "observation" in data:
            key = (str(data["case"]), str(data["variant"]))
            if key in self.seen.get(name, {}):
                return  # the first word counts: an answer cannot take it back
            observation = load_observation(data["observation"], tensors)
            if when - self.since > observation.seconds + CLOCK_SECONDS:
                observation.seconds = when - self.since
            if self._expected(name, *key):
                self.since = when
            self.seen.setdefault(name, {})[key] = observation
            return
        if name in self.packs:
            self.over.add(name)
            self.since = when
        if "missing" in data:
            ending = Ending(Verdict.MISSING, self._missing(name, data, cells))
            if name in errors:
                ending = Ending(Verdict.ERRORED, errors[name])
            self.endings.setdefault(name, ending)
        else:
            self.endings.setdefault(name, _ended(data))

    def _missing(self, name: str, data: Mapping[str, Any], cells: list[Cell]) -> str:
        missing = [legible(str(m)[:80]) for m in list(data["missing"])[:8]]
        return absent(name, missing, self.functions.get(name, ()), cells)

    def _expected(self, name: str, case: str, variant: str) -> bool:
        own = self.packs.get(name, ExercisePack()).cases
        return case in own and variant in own[case].trees


def _ended(data: Mapping[str, Any]) -> Ending:
    status, seconds = data["status"], float(data["seconds"])
    if status is None:
        return Ending(
            Verdict.TIMED_OUT,
            f"your answer did not come to an end within {seconds:.0f} seconds",
        )
    how = f"signal {-int(status)}" if int(status) < 0 else f"exit code {int(status)}"
    return Ending(Verdict.ERRORED, f"your answer ended the Python process ({how})")


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
