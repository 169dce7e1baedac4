"""Our steps in nbgrader's pipeline: known metadata only, our results, strict scores."""

from pathlib import Path
from typing import Any

from nbformat.v4 import new_output
from nbgrader import utils
from nbgrader.preprocessors import NbGraderPreprocessor, SaveAutoGrades
from traitlets import Unicode

from ..report import to_html, to_text
from ..verdicts import ExerciseResult

KNOWN = {"nbgrader", "autograder", "deletable", "editable"}
CHECK = "check-"


class KeepKnownMetadata(NbGraderPreprocessor):
    """Drops cell tags and unknown metadata (a tag can make nbconvert skip a cell)."""

    def preprocess_cell(self, cell: Any, resources: Any, index: int) -> tuple[Any, Any]:
        """Keep the keys that nbgrader and the engine write."""
        for key in set(cell.metadata) - KNOWN:
            del cell.metadata[key]
        return cell, resources


class ImportResults(NbGraderPreprocessor):
    """Grades the submission, or takes its result file, instead of executing it here."""

    course = Unicode(help="The course directory.").tag(config=True)

    def preprocess(self, notebook: Any, resources: Any) -> tuple[Any, Any]:
        """Put each exercise's report under its check cell."""
        from ..grading.grade import result_for
        from ..grading.results import Who
        from .course import Course

        own = resources["nbgrader"]
        who = Who(own["student"], own["assignment"], own["notebook"])
        result = result_for(Course.open(Path(self.course)), who, notebook)
        resources["autograder"] = result
        for cell in notebook.cells:
            grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
            if grade_id in result.scores:
                cell.outputs = _outputs(
                    result.exercises.get(grade_id), result, grade_id
                )
        return notebook, resources


def _outputs(exercise: ExerciseResult | None, result: Any, grade_id: str) -> list[Any]:
    if exercise is None:
        return [new_output("stream", name="stdout", text=result.notes[grade_id])]
    data = {"text/plain": to_text(exercise), "text/html": to_html(exercise)}
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
        grade_id = cell.metadata["nbgrader"]["grade_id"]
        grade = self.gradebook.find_grade(
            grade_id, self.notebook_id, self.assignment_id, self.student_id
        )
        grade.auto_score = self._score(grade_id, float(grade.max_score))
        grade.needs_manual_grade = grade.manual_score is not None
        self.gradebook.db.commit()

    def _score(self, grade_id: str, points: float) -> float:
        score = self.result.scores.get(grade_id)
        if score is None:
            self.log.warning("no result for %s: 0 points", grade_id)
            return 0.0
        if not 0 <= score <= points:
            raise ValueError(f"score {score} of {grade_id} is not within 0..{points}")
        return float(score)
