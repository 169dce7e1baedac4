"""Our steps in nbgrader's pipeline: known metadata only, our results, strict scores.

Pages that a browser shows are made from what comes out of here, so whatever could be
active in a submission is taken out (`neutral.py` says how).
"""

from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from nbgrader import utils
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor, SaveAutoGrades
from traitlets import Bool, Unicode

from ..grading.notebooks import grade_id, refuse_links
from ..report import to_text
from ..verdicts import ExerciseResult
from .neutral import neutralise

KNOWN = {"autograder", "deletable", "editable"}


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
            known = {cell.name: _released(cell, source) for cell in source.source_cells}
        neutralise(notebook, self._untouched(who))
        places: dict[str, int] = {}
        for index, cell in enumerate(notebook.cells):
            name = grade_id(cell)
            cell.metadata = NotebookNode(
                {k: v for k, v in cell.metadata.items() if k in KNOWN}
            )
            if name in known:
                places[name] = index
        for name, index in places.items():
            notebook.cells[index].metadata.nbgrader = known[name].metadata.nbgrader
        _put_back(notebook, known, places)
        return notebook, resources

    def _untouched(self, who: dict[str, str]) -> set[str]:
        """Sources of the released cells, which may hold HTML of ours."""
        root = Path(self.config.ImportResults.get("course", ""))
        path = root / "release" / who["assignment"] / f"{who['notebook']}.ipynb"
        if not path.is_file():
            return set()
        return {cell.source for cell in nbformat.read(path, as_version=4).cells}


def _released(cell: Any, source: Any) -> Any:
    """A cell as it was released, from what the gradebook knows of it."""
    grades = {c.name: c for c in source.grade_cells}
    solutions = {c.name for c in source.solution_cells}
    tasks = {c.name: c for c in source.task_cells}
    own = {
        "schema_version": 3,
        "grade_id": cell.name,
        "grade": cell.name in grades,
        "solution": cell.name in solutions,
        "task": cell.name in tasks,
        "locked": bool(cell.locked),
        "checksum": cell.checksum,
        "cell_type": str(cell.cell_type),
    }
    if cell.name in grades or cell.name in tasks:
        own["points"] = (grades | tasks)[cell.name].max_score
    make = new_code_cell if cell.cell_type == "code" else new_markdown_cell
    return make(cell.source, metadata={"nbgrader": own})


def _put_back(notebook: Any, known: dict[str, Any], places: dict[str, int]) -> None:
    """Insert what was deleted, after the cell that it followed."""
    position = 0
    shift = 0
    for name, cell in known.items():
        if name in places:
            position = max(position, places[name] + shift + 1)
        else:
            notebook.cells.insert(position, cell)
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
        for cell in notebook.cells:
            name = grade_id(cell)
            if name in result.scores:
                cell.outputs = _outputs(result.exercises.get(name), result, name)
        return notebook, resources


def _outputs(exercise: ExerciseResult | None, result: Any, name: str) -> list[Any]:
    if exercise is None:
        return [new_output("stream", name="stdout", text=result.notes[name])]
    # Answers' words are in it: nothing for MathJax, whose \\href runs JavaScript.
    page = f'<div class="tex2jax_ignore mathjax_ignore">{result.pages[name]}</div>'
    data = {"text/plain": to_text(exercise), "text/html": page}
    return [new_output("display_data", data=data)]


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
        grade.needs_manual_grade = grade.manual_score is not None
        self.gradebook.db.commit()

    def _score(self, name: str, points: float) -> float:
        score = self.result.scores.get(name)
        if score is None:
            self.log.warning("no result for %s: 0 points", name)
            return 0.0
        if not 0 <= score <= points:
            raise ValueError(f"score {score} of {name} is not within 0..{points}")
        return float(score)
