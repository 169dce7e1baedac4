"""What a submission showed in the jail: its frames, sorted by exercise.

Frames come from a process that students' code can write in: of what cannot be read
nothing counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..exercise import Exercise
from ..jail.job import Cell, Outcome
from ..names import absent
from ..observe import Observation
from ..pack import ExercisePack
from ..transport import Tensors, legible, load_observation
from ..verdicts import Ending, Verdict
from .jailer import timed_frames

EXCESS = {
    "took too long": Verdict.TIMED_OUT,
    "used too much memory": Verdict.OUT_OF_MEMORY,
}
CLOCK_SECONDS = 0.25  # what an answer's own clock may be short of

Seen = dict[tuple[str, str], Observation | Ending]


def fill(
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
class Shown:
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
    ) -> "Shown":
        """What came out of the jail, made sense of.

        Args:
            outcome: the frames, and what ended them.
            cells: what was run.
            packs: by exercise, in the order in which they run.
            functions: what each exercise asks for.
        """
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
