"""Showing a verdict: the same facts as text and as HTML."""

from ..verdicts import ExerciseResult
from .html import to_html
from .text import to_text


class Report:
    """The result of one check; shows itself as text in a terminal, rich in Jupyter."""

    def __init__(self, result: ExerciseResult) -> None:
        self.result = result

    @property
    def passed(self) -> bool:
        """Whether every case passed."""
        return self.result.verdict == "PASSED"

    def __repr__(self) -> str:
        return to_text(self.result)

    def _repr_html_(self) -> str:
        return to_html(self.result)


__all__ = ["Report", "to_html", "to_text"]
