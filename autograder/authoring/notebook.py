"""From an author's text to an nbgrader source notebook and its companion files.

The source notebook holds the answers; nbgrader's own generate step makes the release
version from it. Released beside it: checks without hidden cases, and the outputs that
reference and misconceptions give on the public seed.
"""

from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from .. import pack
from ..catalogue import CHECKS, Assignment
from ..cells import fingerprint
from ..errors import AuthoringError
from ..misconceptions import observe_misconceptions
from .percent import Cell, read_cells
from .released import known_cells, released_checks
from .stub import solution_source
from .written import read_written

OURS = "autograder"  # our key in a cell's metadata: {"role": "setup" or "demo"}
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def source_notebook(assignment: Assignment) -> Any:
    """The nbgrader source notebook, as a NotebookNode."""
    cells = read_cells(assignment.folder / "notebook.py")
    answers = read_written(assignment.solutions / "written.md")
    built = []
    for number, cell in enumerate(cells):
        built += _built(assignment, cell, number, answers)
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    notebook = new_notebook(cells=built, metadata=metadata)
    nbformat.validate(notebook)
    return notebook


def _built(
    assignment: Assignment, cell: Cell, number: int, answers: dict[str, str]
) -> list[Any]:
    if cell.kind == "prose":
        return [new_markdown_cell(cell.source, id=f"prose-{number}")]
    if cell.kind in {"code", "setup"}:
        role = "setup" if cell.kind == "setup" else "demo"
        metadata = {OURS: {"role": role}}
        return [new_code_cell(cell.source, id=f"{role}-{number}", metadata=metadata)]
    if cell.kind == "written":
        return [_written(assignment, cell.name, answers)]
    return _exercise(assignment, cell.name)


def _written(assignment: Assignment, name: str, answers: dict[str, str]) -> Any:
    written = assignment.checks.written.get(name)
    if written is None or name not in answers:
        raise AuthoringError(
            f"{assignment.folder / 'notebook.py'} asks the written question {name!r}; "
            "add Written(...) to checks.py and an answer to written.md."
        )
    metadata = _nbgrader(name, grade=True, solution=True, points=written.points)
    return new_markdown_cell(answers[name], id=_id(name), metadata=metadata)


def _exercise(assignment: Assignment, name: str) -> list[Any]:
    exercise = assignment.checks.exercise(name)
    reference = assignment.solutions / "reference.py"
    answer = new_code_cell(
        solution_source(reference, exercise.functions),
        id=_id(name),
        metadata=_nbgrader(name, solution=True),
    )
    check = new_code_cell(
        f"check({', '.join(exercise.functions)})",
        id=_id(f"check-{name}"),
        metadata=_nbgrader(check_id(name), grade=True, points=exercise.points),
    )
    return [answer, check]


def check_id(exercise: str) -> str:
    """The grade id of an exercise's check cell."""
    return f"check-{exercise}"


def _id(name: str) -> str:
    return name.replace("_", "-")[:64]


def _nbgrader(
    grade_id: str, *, grade: bool = False, solution: bool = False, points: float = 0
) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "schema_version": 3,
        "grade_id": grade_id,
        "grade": grade,
        "solution": solution,
        "locked": not solution,
        "task": False,
    }
    if grade:
        metadata["points"] = points
    return {"nbgrader": metadata}


def build(assignment: Assignment, folder: Path) -> list[Path]:
    """Write notebook, checks and expected outputs into a folder; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    notebook = folder / f"{assignment.name}.ipynb"
    source = source_notebook(assignment)
    nbformat.write(source, notebook)
    checks = folder / CHECKS
    text = (assignment.folder / CHECKS).read_text(encoding="utf-8")
    checks.write_text(released_checks(text), encoding="utf-8")
    known = pack.Release(assignment.name, known_cells(source), fingerprint(checks))
    pack.save(public_packs(assignment), folder, known)
    return [notebook, checks, folder / pack.FILE]


def public_packs(assignment: Assignment) -> dict[str, pack.ExercisePack]:
    """What a student's checks compare with; hidden cases are left out."""
    packs = packs_for(assignment, pack.PUBLIC_SEED)
    for name, exercise in assignment.checks.exercises.items():
        for case in exercise.cases:
            if case.hidden:
                del packs[name].cases[case.name]
                for wrong in packs[name].misconceptions:
                    wrong.trees.pop(case.name, None)
                    wrong.codes.pop(case.name, None)
    return packs


def packs_for(assignment: Assignment, seed: int | str) -> dict[str, pack.ExercisePack]:
    """What is expected of every exercise on a seed."""
    packs = {}
    for name, exercise in assignment.checks.exercises.items():
        own = pack.expect(exercise, assignment.reference(exercise), seed)
        wrong = assignment.misconceptions(exercise)
        observe_misconceptions(exercise, own, wrong, seed)
        packs[name] = own
    return packs
