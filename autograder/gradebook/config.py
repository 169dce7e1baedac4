"""nbgrader's configuration: our preprocessors in place of its Execute and scores."""

from pathlib import Path
from typing import Any

from traitlets.config import Config, PyFileConfigLoader

from ..authoring.stub import BEGIN, END, STUB
from ..cells import UNANSWERED
from .manifest import PRIVATE

EXCHANGE = f"{PRIVATE}/exchange"


def configure(c: Any, root: Path) -> None:
    """Set up nbgrader for a course directory; called by its nbgrader_config.py."""
    from nbgrader.preprocessors import (
        AssignLatePenalties,
        LimitOutput,
        OverwriteCells,
        OverwriteKernelspec,
    )

    from .exports import PlainCsv
    from .formgrader import configure_formgrader
    from .preprocessors import (
        ImportResults,
        NextRound,
        RestoreCells,
        SaveResults,
        SettleGrades,
    )

    c.CourseDirectory.root = str(root)
    c.CourseDirectory.course_id = root.name  # formgrader warns without one
    c.Exchange.root = str(root / EXCHANGE)
    c.ClearSolutions.code_stub = {"python": STUB}
    c.ClearSolutions.begin_solution_delimeter = BEGIN.removeprefix("### ")
    c.ClearSolutions.end_solution_delimeter = END.removeprefix("### ")
    c.ClearSolutions.text_stub = UNANSWERED
    c.ExportApp.plugin_class = PlainCsv
    c.ImportResults.course = str(root)
    c.Exporter.optimistic_validation = True  # once, after all steps, not after each
    # CheckCellMetadata has nothing to find: RestoreCells wrote all metadata anew.
    c.Autograde.sanitize_preprocessors = [
        RestoreCells,
        OverwriteKernelspec,
        OverwriteCells,
    ]
    c.Autograde.autograde_preprocessors = [
        ImportResults,
        LimitOutput,
        SaveResults,
        AssignLatePenalties,
    ]
    configure_formgrader(c, root)
    c.GenerateFeedback.preprocessors = [SettleGrades, NextRound]
    c.GenerateFeedback.exporter_class = "autograder.gradebook.feedback.FeedbackPage"


def course_config(root: Path) -> Config:
    """What the instructor's nbgrader_config.py says."""
    return PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
