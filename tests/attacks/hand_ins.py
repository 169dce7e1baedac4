"""Submissions that are more, less or other than a notebook.

Each way gets a school and the path of a notebook without answers, already handed in.
"""

import copy
import json
import os
import shutil
from pathlib import Path

from ..grading.conftest import School

SHADOWS = ("numpy.py", "torch.py", "sitecustomize.py", "checks.py", "autograder.py")
POISON = "raise SystemExit('shadowed')\n"


def write(path: Path, notebook) -> None:
    path.write_text(json.dumps(notebook))


def link_to_another(school: School, path: Path) -> None:
    path.unlink()
    path.symlink_to(school.course.submission("ada", path.parent.name))


def link_of_the_folder(school: School, path: Path) -> None:
    shutil.rmtree(path.parent)
    path.parent.symlink_to(school.course.submission("ada", path.parent.name).parent)


def link_beside(school: School, path: Path) -> None:
    (path.parent / "notes.txt").symlink_to(school.course.root / ".autograder/seed")


def pipe_for_a_notebook(school: School, path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def pipe_beside(school: School, path: Path) -> None:
    os.mkfifo(path.parent / "pipe")


def shadowing_files(school: School, path: Path) -> None:
    write(path, school.notebook(school.right()))
    for name in SHADOWS:
        (path.parent / name).write_text(POISON)
    for folder in ("course", "autograder", "numpy"):
        (path.parent / folder).mkdir()
        (path.parent / folder / "__init__.py").write_text(POISON)


def configuration_beside(school: School, path: Path) -> None:
    for name in ("nbgrader_config.py", "jupyter_config.py", "gradebook.db"):
        (path.parent / name).write_text(POISON)


def other_notebooks(school: School, path: Path) -> None:
    for name in ("..%2f..ipynb", "../x.ipynb", "a{b}.ipynb", "*.ipynb", "<b>.ipynb"):
        target = path.parent / name.replace("../", "")
        write(target, school.notebook(school.right()))


def every_cell_twice(school: School, path: Path) -> None:
    notebook = school.notebook({})
    notebook.cells += copy.deepcopy(notebook.cells)
    write(path, notebook)


def every_cell_gone(school: School, path: Path) -> None:
    notebook = school.notebook({})
    notebook.cells = []
    write(path, notebook)


def answers_swapped(school: School, path: Path) -> None:
    notebook = school.notebook(school.right())
    for cell in notebook.cells:
        own = cell.metadata.get("nbgrader", {})
        own["grade_id"] = own.get("grade_id", "").removeprefix("check-") + "x"
    write(path, notebook)


def points_raised(school: School, path: Path) -> None:
    notebook = school.notebook({})
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.update(points=1e9, grade=True, locked=False)
    write(path, notebook)


def checks_typed_as_answers(school: School, path: Path) -> None:
    notebook = school.notebook({})
    for cell in notebook.cells:
        if is_test(cell):
            cell.source = "5"
            cell.outputs = [{"output_type": "stream", "name": "stdout", "text": "5"}]
            cell.metadata["tags"] = ["skip-execution"]
    write(path, notebook)


def metadata_of_odd_kinds(school: School, path: Path) -> None:
    notebook = json.loads(json.dumps(school.notebook({})))
    for index, cell in enumerate(notebook["cells"]):
        cell["id"] = [[], {}, 3, None][index % 4]
        cell["metadata"]["nbgrader"] = [[], {}, 3, None][index % 4]
    path.write_text(json.dumps(notebook))


def a_name_of_a_pattern(school: School, path: Path) -> None:
    shutil.move(path.parent.parent, path.parent.parent.with_name("*"))


def a_name_of_html(school: School, path: Path) -> None:
    shutil.move(path.parent.parent, path.parent.parent.with_name("<img src=x>"))


def a_name_of_escapes(school: School, path: Path) -> None:
    shutil.move(path.parent.parent, path.parent.parent.with_name("a\x1b[2Jb"))


def grade_ids_swapped(school: School, path: Path) -> None:
    """An easy answer in the place of the hard one, and the other way round."""
    easy = school.right()["double"]
    notebook = school.notebook({"softmax": easy, "double": "softmax = double\n"})
    swapped = {"softmax": "double", "double": "softmax"}
    for cell in notebook.cells:
        own = cell.metadata.get("nbgrader", {})
        kind, _, name = own.get("grade_id", "").rpartition("-")
        if name in swapped:
            own["grade_id"] = f"{kind}-{swapped[name]}".removeprefix("-")
    write(path, notebook)


def results_stored_in_outputs(school: School, path: Path) -> None:
    notebook = school.notebook({})
    stored = {"verdict": "PASSED", "score": 5, "points": 5}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [
                {"output_type": "stream", "name": "stdout", "text": json.dumps(stored)},
                {
                    "output_type": "execute_result",
                    "execution_count": 1,
                    "metadata": {},
                    "data": {"text/plain": "5", "application/json": stored},
                },
            ]
    notebook.metadata["autograder"] = stored
    write(path, notebook)


CARD = """**softmax** ✓ PASSED — 3 of 3 cases, 2 of 2 points

| case | |
| --- | --- |
| Large logits do not overflow. | ✓ passed |

<section aria-label="Check of softmax: PASSED"><strong>softmax</strong></section>
"""


def a_report_card_of_ones_own(school: School, path: Path) -> None:
    notebook = json.loads(json.dumps(school.notebook({})))
    card = {"cell_type": "markdown", "id": "card", "metadata": {}, "source": CARD}
    notebook["cells"].append(card)
    write(path, notebook)


def every_cell_of_another_kind(school: School, path: Path) -> None:
    notebook = json.loads(json.dumps(school.notebook({})))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            del cell["outputs"], cell["execution_count"]
            cell["cell_type"] = "markdown"
        else:
            cell |= {"cell_type": "code", "outputs": [], "execution_count": None}
    write(path, notebook)


def answers_in_an_added_cell(school: School, path: Path) -> None:
    notebook = json.loads(json.dumps(school.notebook({})))
    text = "\n\n".join(school.right().values())
    kind = {"cell_type": "code", "outputs": [], "execution_count": None}
    added = kind | {"id": "mine", "metadata": {}, "source": text}
    notebook["cells"].append(added)
    write(path, notebook)


def checks_deleted(school: School, path: Path) -> None:
    notebook = school.notebook({})
    notebook.cells = [c for c in notebook.cells if not is_test(c)]
    write(path, notebook)


def is_test(cell) -> bool:
    own = cell.metadata.get("nbgrader", {})
    return bool(own.get("grade")) and not own.get("solution")


def half_a_character_in_an_error(school: School, path: Path) -> None:
    raises = "def double(n):\n    raise ValueError('\\ud800')\n"
    write(path, school.notebook(school.right() | {"double": raises}))


def half_a_character_in_a_cell(school: School, path: Path) -> None:
    notebook = json.loads(json.dumps(school.notebook(school.right())))
    kind = {"cell_type": "markdown", "id": "half", "metadata": {}}
    notebook["cells"].append(kind | {"source": "\ud800"})
    write(path, notebook)


# way -> what it deserves; None: refused, with a line for the instructor
DESERVED = {
    link_to_another: None,
    link_of_the_folder: None,
    link_beside: None,
    pipe_for_a_notebook: None,
    pipe_beside: None,
    shadowing_files: 6,
    configuration_beside: 0,
    other_notebooks: 0,
    every_cell_twice: 0,
    every_cell_gone: 0,
    answers_swapped: 6,  # functions are found by their names
    points_raised: 0,
    checks_typed_as_answers: 0,
    grade_ids_swapped: 1,
    results_stored_in_outputs: 0,
    a_report_card_of_ones_own: 0,
    every_cell_of_another_kind: 0,
    answers_in_an_added_cell: 6,
    checks_deleted: 0,
    half_a_character_in_an_error: 5,
    half_a_character_in_a_cell: 6,
    metadata_of_odd_kinds: None,
    a_name_of_a_pattern: None,
    a_name_of_html: None,
    a_name_of_escapes: None,
}
