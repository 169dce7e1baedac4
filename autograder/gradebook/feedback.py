"""A student's feedback as one HTML page that needs nothing but itself.

nbgrader's own steps make it, so that `autograder feedback`, `nbgrader
generate_feedback` and formgrader's button give the same page. What is on it comes from
the gradebook and from the autograded notebook, from which everything active was taken
(`neutral.py`); a content policy lets no script run all the same. Leaves out the
released text and demonstrations, and outputs of the student's cells.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from markupsafe import Markup
from nbconvert.exporters.exporter import Exporter
from nbgrader.api import Gradebook

from ..cells import UNANSWERED, grade_id
from ..report.templates import environment
from .formgrader import TEMPLATES, model_answer
from .highlight import highlighted, styles
from .markup import to_html

FOLDER = TEMPLATES / "feedback_page"  # "feedback" is the name of nbgrader's
EMPTY = Markup()


@dataclass
class Item:
    """One thing that earns points.

    Attributes:
        name: of the exercise or question.
        score: points it has earned; None while it waits for a person.
        most: points there are.
        by_hand: whether a person gave the points.
        card: our report of an exercise.
        note: text of a plain test cell.
        answer: a written answer; of a task, which is answered elsewhere, its text.
        is_task: whether it is one (nbgrader's *manually graded task*).
        comments: the grader's.
        rubric: what each point of a written answer was given for.
        code: the student's cells.
    """

    name: str
    score: float | None
    most: float
    by_hand: bool = False
    card: Markup = EMPTY
    note: str = ""
    answer: Markup = EMPTY
    is_task: bool = False
    comments: list[Markup] = field(default_factory=list)
    rubric: Markup = EMPTY
    code: list[Markup] = field(default_factory=list)


@dataclass
class Feedback:
    """What a page says.

    Attributes:
        penalty: points taken off for being late.
        others: the student's cells that belong to no exercise.
    """

    assignment: str
    notebook: str
    student: str
    handed_in: str
    items: list[Item]
    penalty: float = 0.0
    others: list[Markup] = field(default_factory=list)

    @property
    def score(self) -> float:
        """Points so far, the penalty taken off."""
        earned = sum(i.score for i in self.items if i.score is not None)
        return max(0.0, earned - self.penalty)

    @property
    def most(self) -> float:
        """Points there are."""
        return sum(i.most for i in self.items)

    @property
    def waiting(self) -> list[str]:
        """What a person has not graded yet."""
        return [i.name for i in self.items if i.score is None]


class FeedbackPage(Exporter):  # type: ignore[misc, unused-ignore]
    """Makes the page, in nbgrader's GenerateFeedback."""

    def _file_extension_default(self) -> str:
        return ".html"

    def from_notebook_node(
        self, nb: Any, resources: Any = None, **kw: Any
    ) -> tuple[str, Any]:
        """The page of an autograded notebook."""
        notebook, resources = super().from_notebook_node(nb, resources, **kw)
        root = Path(self.config.ImportResults.course)
        return to_page(gathered(root, notebook, resources["nbgrader"])), resources


def gathered(root: Path, notebook: Any, who: dict[str, str]) -> Feedback:
    """All that a page says of one student's notebook.

    Args:
        root: the course directory.
        notebook: as autograded.
        who: student, assignment, notebook, db_url.
    """
    with Gradebook(who["db_url"]) as gradebook:
        held = gradebook.find_submission_notebook(
            who["notebook"], who["assignment"], who["student"]
        )
        grades = {grade.name: grade for grade in held.grades}
        comments = {c.name: c.comment for c in held.comments if c.comment}
        person = held.student
        names = " ".join(filter(None, (person.first_name, person.last_name)))
        handed_in = held.assignment.timestamp
        return Feedback(
            who["assignment"],
            who["notebook"],
            f"{names} ({person.id})" if names else person.id,
            f"{handed_in:%Y-%m-%d %H:%M} UTC" if handed_in else "",
            list(_items(root, notebook, who, grades, comments)),
            held.late_submission_penalty or 0.0,
            list(_others(root, notebook, who)),
        )


def _items(
    root: Path,
    notebook: Any,
    who: dict[str, str],
    grades: dict[str, Any],
    comments: dict[str, str],
) -> Iterator[Item]:
    """In the notebook's order; the code and comments above a check belong to it."""
    code: list[Markup] = []
    said: list[Markup] = []
    for cell in notebook.cells:
        name = grade_id(cell)
        own = cell.metadata.get("nbgrader", {})
        if name in comments:
            said.append(Markup(to_html(comments[name])))
        is_code = cell.cell_type == "code"
        if own.get("solution") and is_code:
            code.append(highlighted(cell.source))
        if name not in grades:
            continue
        item = _item(name, grades[name])
        item.code, item.comments, code, said = code, said, [], []
        if own.get("solution") or own.get("task"):
            _add_words(item, root, cell, who, is_code)
        else:
            item.card, item.note = _report(cell)
        yield item


def _item(name: str, grade: Any) -> Item:
    score = None if grade.needs_manual_grade else float(grade.score)
    by_hand = grade.manual_score is not None
    return Item(name.removeprefix("check-"), score, float(grade.max_score), by_hand)


def _add_words(
    item: Item, root: Path, cell: Any, who: dict[str, str], is_code: bool
) -> None:
    """A written answer, and its rubric once a person has graded it."""
    item.is_task = bool(cell.metadata.nbgrader.get("task"))
    if not is_code:
        text = "" if cell.source.strip() == UNANSWERED else cell.source
        item.answer = Markup(to_html(text, cell.get("attachments", {})))
    if item.by_hand and item.score is not None:
        asked = {"assignment_id": who["assignment"], "notebook_id": who["notebook"]}
        item.rubric = Markup(to_html(model_answer(root, cell, asked)[0]))


def _report(cell: Any) -> tuple[Markup, str]:
    """What ImportResults wrote under a check: our card, or text."""
    for output in cell.get("outputs", []):
        if output.output_type == "display_data" and "text/html" in output.data:
            return Markup(output.data["text/html"]), ""
        if output.output_type == "stream":
            return EMPTY, str(output.text)
    return EMPTY, ""


def _others(root: Path, notebook: Any, who: dict[str, str]) -> Iterator[Markup]:
    """Code of cells that the student added or changed."""
    path = root / "release" / who["assignment"] / f"{who['notebook']}.ipynb"
    released = set()
    if path.is_file():
        cells = nbformat.read(path, as_version=4).cells
        released = {cell.source.strip() for cell in cells}
    for cell in notebook.cells:
        own = cell.cell_type == "code" and not grade_id(cell)
        if own and cell.source.strip() not in {"", *released}:
            yield highlighted(cell.source)


def to_page(feedback: Feedback) -> str:
    """The page."""
    style = (FOLDER / "page.css").read_text(encoding="utf-8") + styles()
    template = environment(FOLDER).get_template("page.html.jinja")
    return template.render(
        page=feedback, style=Markup(style), points=points, counted=counted
    )


def points(value: float) -> str:
    """Points as people write them: 2, 1.5, 0.67."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def counted(value: float) -> str:
    """Points with their unit."""
    return f"{points(value)} {'point' if value == 1 else 'points'}"
