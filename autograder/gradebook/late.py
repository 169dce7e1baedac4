"""Late penalties that follow the score.

nbgrader asks its late-penalty plugin while it imports a submission, before a person has
given any points: a penalty that depends on the score would miss those. It is asked
again here, with the score as it is now.
"""

from typing import Any

from nbgrader.api import Gradebook
from nbgrader.preprocessors import AssignLatePenalties
from traitlets.config import Config


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
    penalty = step.plugin_inst.late_submission_penalty(
        submission.student_id, notebook.score, late
    )
    if penalty is None:
        return None
    return float(step._check_late_penalty(notebook, penalty))
