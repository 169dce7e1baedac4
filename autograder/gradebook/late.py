"""Late penalties that follow the score.

nbgrader asks its late-penalty plugin while it imports a submission, before a person has
given any points: a penalty that depends on the score would miss those. It is asked
again here, with the score as it is now.
"""

from typing import Any

from nbgrader.api import Gradebook
from nbgrader.preprocessors import AssignLatePenalties
from traitlets.config import Config

from ..errors import CourseDirectoryError


def settle_late(
    gradebook: Gradebook, config: Config, assignment: str, student: str = ""
) -> None:
    """Ask the late-penalty plugin anew.

    Args:
        gradebook: opened.
        config: with the instructor's AssignLatePenalties.plugin_class.
        assignment: its name.
        student: whose submission; all by default.
    """
    step = AssignLatePenalties(config=config)
    step.init_plugin()
    for submission in gradebook.assignment_submissions(assignment):
        if student in ("", submission.student_id):
            for notebook in submission.notebooks:
                penalty = _penalty(step, submission, notebook)
                if notebook.late_submission_penalty != penalty:
                    notebook.late_submission_penalty = penalty
    gradebook.db.commit()


def _penalty(step: Any, submission: Any, notebook: Any) -> float | None:
    """As `AssignLatePenalties.preprocess` finds it."""
    late = submission.total_seconds_late
    if late <= 0:
        return None
    student = submission.student_id
    try:
        penalty = step.plugin_inst.late_submission_penalty(
            student, notebook.score, late
        )
    except Exception as error:  # the instructor's own code
        raise CourseDirectoryError(
            f"the late policy failed for {student} ({type(error).__name__}: {error}); "
            "mend the plugin that nbgrader_config.py names."
        ) from error
    if penalty is None:
        return None
    return float(step._check_late_penalty(notebook, penalty))
