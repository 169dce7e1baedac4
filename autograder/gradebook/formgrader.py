"""Formgrader's page of a submission: model answer and rubric, and no network.

nbgrader looks for its template in our folder first. Left out: nbgrader's other pages,
which load nothing from outside, and feedback, which students read.
"""

from functools import partial
from pathlib import Path
from typing import Any

import nbformat

from ..authoring.written import split_rubric
from ..cells import grade_id

TEMPLATES = Path(__file__).resolve().parent / "templates"


def configure_formgrader(c: Any, root: Path) -> None:
    """Let formgrader show a course directory's pages as ours."""
    import nbgrader

    # Not asked of nbgrader's handlers: to import them imports the whole server.
    server = Path(nbgrader.__file__).parent / "server_extensions"
    theirs = str(server / "formgrader" / "templates")
    # Of two templates named formgrade ours is first, and finds theirs by its folder.
    c.HTMLExporter.extra_template_basedirs = [str(TEMPLATES), theirs]
    c.HTMLExporter.extra_template_paths = [theirs]
    c.HTMLExporter.filters = {"model_answer": partial(model_answer, root)}


def model_answer(root: Path, cell: Any, resources: dict[str, Any]) -> tuple[str, str]:
    """Rubric and model answer of a written answer's cell; empty for any other cell.

    Both come from source/, which students never get.
    """
    own = cell.metadata.get("nbgrader", {})
    if not (own.get("grade") and own.get("solution")):
        return "", ""
    path = root / "source" / resources["assignment_id"]
    path /= f"{resources['notebook_id']}.ipynb"
    if not path.is_file():
        return "", ""
    for released in nbformat.read(path, as_version=4).cells:
        if grade_id(released) == own["grade_id"]:
            answer, rubric = split_rubric(released.source)
            return rubric, answer
    return "", ""
