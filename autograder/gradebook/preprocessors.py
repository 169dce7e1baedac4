"""Our steps in nbgrader's pipeline: known metadata only, our results, strict scores.

Pages that a browser shows are made from what comes out of here, so whatever could be
active in a submission is taken out (`neutral.py` says how).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor, SaveAutoGrades
from traitlets import Bool, Unicode

from ..cells import PUT_BACK, encodable, grade_id, is_check
from ..grading.notebooks import refuse_links
from ..report import to_text
from .neutral import neutralise
from .quarantine import SUFFIX, quarantine

if TYPE_CHECKING:
    from ..grading.results import SubmissionResult, Who
    from .course import Course

KNOWN = {"deletable", "editable"}  # true or false


class RestoreCells(NbGraderPreprocessor):
    """Makes a submission's structure the released one, whatever a student did to it.

    Unknown metadata and tags are dropped (a tag can make nbconvert skip a cell), the
    metadata of known cells is written anew, of copies the last one counts, and
    deleted cells come back: the answer is then missing, not the submission.
    """

    def preprocess(self, notebook: Any, resources: Any) -> tuple[Any, Any]:
        """Restore the cells that the gradebook knows."""
        if folder := resources.get("metadata", {}).get("path"):
            refuse_links(Path(folder) / f"{resources['nbgrader']['notebook']}.ipynb")
        who = resources["nbgrader"]
        with Gradebook(who["db_url"]) as gradebook:
            source = gradebook.find_notebook(who["notebook"], who["assignment"])
            known = _released_cells(source)
        released = self._released(who)
        known = _in_order(known, released)
        neutralise(notebook, {cell.source for cell in released})
        places: dict[str, int] = {}
        for index, cell in enumerate(notebook.cells):
            name = grade_id(cell)
            cell.metadata = NotebookNode(
                {k: bool(v) for k, v in cell.metadata.items() if k in KNOWN}
            )
            if name in known:
                places[name] = index
        for name, index in places.items():
            notebook.cells[index].metadata.nbgrader = NotebookNode(known[name].own)
        _put_back(notebook, known, places)
        return notebook, resources

    def _released(self, who: dict[str, str]) -> list[Any]:
        """The cells that students got; they may hold HTML of ours."""
        root = Path(self.config.ImportResults.get("course", ""))
        path = root / "release" / who["assignment"] / f"{who['notebook']}.ipynb"
        if not path.is_file():
            return []
        return list(nbformat.read(path, as_version=4).cells)


@dataclass
class _Released:
    """A cell as it was released; `own`: nbgrader's metadata."""

    source: str
    own: dict[str, Any]

    def cell(self) -> Any:
        """It, made anew."""
        code = self.own["cell_type"] == "code"
        make = new_code_cell if code else new_markdown_cell
        metadata = {"nbgrader": self.own, "autograder": PUT_BACK}
        return make(self.source, metadata=metadata)


def _released_cells(source: Any) -> dict[str, _Released]:
    """The cells as they were released, from what the gradebook knows of them."""
    points = {c.name: c.max_score for c in source.grade_cells}
    tasks = {c.name: c.max_score for c in source.task_cells}
    solutions = {c.name for c in source.solution_cells}
    found = {}
    for cell in source.source_cells:
        own = {
            "schema_version": 3,
            "grade_id": cell.name,
            "grade": cell.name in points,
            "solution": cell.name in solutions,
            "task": cell.name in tasks,
            "locked": bool(cell.locked),
            "checksum": cell.checksum,
            "cell_type": str(cell.cell_type),
        }
        if cell.name in points | tasks:
            own["points"] = (points | tasks)[cell.name]
        found[cell.name] = _Released(cell.source, own)
    return found


def _in_order(known: dict[str, _Released], cells: list[Any]) -> dict[str, _Released]:
    """The cells in the released notebook's order.

    nbgrader asks the gradebook for none: what PostgreSQL then gives is another one as
    soon as a cell was changed by a second release.
    """
    places = {grade_id(cell): place for place, cell in enumerate(cells)}
    return dict(sorted(known.items(), key=lambda one: places.get(one[0], len(places))))


def _put_back(
    notebook: Any, known: dict[str, _Released], places: dict[str, int]
) -> None:
    """Insert what was deleted, after the cell that it followed."""
    position = 0
    shift = 0
    for name, released in known.items():
        if name in places:
            position = max(position, places[name] + shift + 1)
        else:
            notebook.cells.insert(position, released.cell())
            position += 1
            shift += 1


class ImportResults(NbGraderPreprocessor):
    """Grades the submission, or takes its result file, instead of executing it here."""

    course = Unicode(help="The course directory.").tag(config=True)
    trust_students = Bool(help="Run submissions without the jail.").tag(config=True)

    def preprocess(self, notebook: Any, resources: Any) -> tuple[Any, Any]:
        """Put each exercise's report under its check cell."""
        from ..grading.grade import result_for
        from ..grading.results import Who
        from .course import Course

        own = resources["nbgrader"]
        who = Who(own["student"], own["assignment"], own["notebook"])
        course = Course.open(Path(self.course))
        result = result_for(course, who, notebook, self.trust_students)
        resources["autograder"] = result
        checks = [c for c in notebook.cells if is_check(c)]
        known = len(result.flags)
        for cell in checks:
            if grade_id(cell) not in result.scores:
                result.flag(f"no result for {grade_id(cell)}: 0 points")
        for name in _quarantined(course, who, resources["metadata"]["path"]):
            result.flag(f"{name} could run unasked: renamed to {name}{SUFFIX}")
        if len(result.flags) > known:
            result.save(course.results)
        for cell in checks:
            cell.outputs = [_output(result, grade_id(cell))]
        return notebook, resources


def _quarantined(course: "Course", who: "Who", folder: str) -> list[str]:
    source = course.root / "source" / who.assignment
    return quarantine(Path(folder), {path.name for path in source.glob("*")})


def _output(result: "SubmissionResult", name: str) -> Any:
    exercise = result.exercises.get(name)
    if exercise is None:
        text = result.notes.get(name, "There is no result for this cell: 0 points.")
        return new_output("stream", name="stdout", text=encodable(text))
    # Answers' words are in it: nothing for MathJax, whose \\href runs JavaScript.
    page = f'<div class="tex2jax_ignore mathjax_ignore">{result.pages[name]}</div>'
    data = {"text/plain": encodable(to_text(exercise)), "text/html": encodable(page)}
    return new_output("display_data", data=data)


class SaveResults(SaveAutoGrades):
    """Takes scores from our results and from nothing else; a missing one is 0."""

    def preprocess(self, notebook: Any, resources: Any) -> tuple[Any, Any]:
        """Save every score into the gradebook."""
        self.result = resources["autograder"]
        saved: tuple[Any, Any] = super().preprocess(notebook, resources)
        return saved

    def _add_score(self, cell: Any, resources: Any) -> None:
        if utils.is_solution(cell):  # a written answer: a person grades it
            super()._add_score(cell, resources)
            return
        name = grade_id(cell)
        grade = self.gradebook.find_grade(
            name, self.notebook_id, self.assignment_id, self.student_id
        )
        grade.auto_score = self._score(name, float(grade.max_score))
        # What wants a person: points given by hand for an answer that has changed,
        # and points that may not be deserved.
        again = grade.manual_score is not None
        grade.needs_manual_grade = again or self.result.is_doubtful(name)
        self.gradebook.db.commit()

    def _score(self, name: str, points: float) -> float:
        score = float(self.result.scores.get(name, 0.0))  # flagged if it is missing
        if not 0 <= score <= points:
            raise ValueError(
                f"{name} earned {score:g}, not within 0..{points:g}: its points were "
                "changed after the release; release the assignment again."
            )
        return score


class SettleGrades(NbGraderPreprocessor):
    """Brings late penalty and group's grade up to date before feedback is written."""

    def preprocess(self, notebook: Any, resources: Any) -> tuple[Any, Any]:
        """Leave the notebook as it is."""
        from .settle import settle

        root, who = Path(self.config.ImportResults.course), resources["nbgrader"]
        with Gradebook(who["db_url"]) as gradebook:
            settle(root, gradebook, self.config, who["assignment"], who["student"])
        return notebook, resources


class NextRound(NbGraderPreprocessor):
    """Begins another round, as feedback tells what was expected in this one."""

    def preprocess(self, notebook: Any, resources: Any) -> tuple[Any, Any]:
        """Leave the notebook as it is."""
        from .rounds import Rounds

        root = Path(self.config.ImportResults.course)
        Rounds(root).told(resources["nbgrader"]["assignment"])
        return notebook, resources
