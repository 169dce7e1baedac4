"""Attacks on notebooks that were written for plain nbgrader: asserts, or a figure.

The tests run beside the student's code there, in stock nbgrader and in ours. Two
assignments ask for the same `double`, for five points: `asserts` tests it with an
assert and an allclose, `figure` with an expression whose value is the score.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_notebook, new_output

from .conftest import RIGHT, SETUP, WRONG

POINTS = 5
SOLUTION = (
    "def double(n):\n    ### BEGIN SOLUTION\n    return 2 * n\n    ### END SOLUTION"
)
TESTS = {
    "asserts": "assert double(3) == 6\n"
    "assert np.allclose(double(np.array([1.0, 2.5])), [2.0, 5.0])",
    "figure": "# Five points, less what it is off.\n5 - abs(double(3) - 6)",
}
NUMPY_ONLY = "import numpy as np"  # torch takes seconds to import
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def own_metadata(grade_id: str, **changed: Any) -> dict[str, Any]:
    own = {"schema_version": 3, "grade_id": grade_id, "task": False, "locked": False}
    return {"nbgrader": own | {"grade": False, "solution": False} | changed}


def notebook(kind: str, answer: str, cell: str = "") -> Any:
    """A notebook of an assignment, with an answer and a cell before it."""
    tested = own_metadata("test-double", grade=True, points=POINTS, locked=True)
    cells = [
        new_code_cell(SETUP if "torch" in cell + answer else NUMPY_ONLY, id="setup"),
        new_code_cell(answer, id="answer", metadata=own_metadata("d", solution=True)),
        new_code_cell(TESTS[kind], id="test", metadata=tested),
    ]
    if cell:
        cells.insert(1, new_code_cell(cell, id="added"))
    return new_notebook(cells=cells, metadata={"kernelspec": KERNEL})


def write_sources(root: Path) -> None:
    """source/ of a course directory that has both assignments."""
    for kind in TESTS:
        path = root / "source" / kind / f"{kind}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(notebook(kind, SOLUTION), path)


@dataclass
class PlainSchool:
    """What `School` is for our own kind, as far as the ways to hand in need it."""

    root: Path

    @property
    def course(self) -> "PlainSchool":
        return self

    def submission(self, student: str, assignment: str) -> Path:
        return self.root / "submitted" / student / assignment / f"{assignment}.ipynb"

    def right(self) -> dict[str, str]:
        return {"double": RIGHT}

    def notebook(self, answers: dict[str, str]) -> Any:
        return notebook("asserts", answers.get("double", WRONG))

    def hand_in(self, student: str, kind: str, handed_in: Any) -> Path:
        path = self.submission(student, kind)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(handed_in))
        return path


# goal: a cell before the wrong answer to `asserts`
CELLS = {
    "an AST transformer that drops asserts": """
import ast
class Drop(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.Pass()
get_ipython().ast_transformers.append(Drop())
""",
    "an input transformer that drops asserts": """
get_ipython().input_transformers_cleanup.append(
    lambda lines: [line for line in lines if not line.startswith("assert")])
""",
    "a replaced showtraceback": """
import IPython.core.interactiveshell as shell
shell.InteractiveShell.showtraceback = lambda *a, **k: None
""",
    "a showtraceback that is None": """
import IPython.core.interactiveshell as shell
shell.InteractiveShell.showtraceback = None
""",
    "a showtraceback that prints 5": """
get_ipython().showtraceback = lambda *a, **k: print(5)
""",
    "an exception handler of its own": """
get_ipython().set_custom_exc((BaseException,), lambda *a, **k: None)
""",
    "a run_code that runs nothing": """
async def nothing(*a, **k):
    return False
get_ipython().run_code = nothing
""",
    "a compiler that compiles nothing": """
shell = get_ipython()
real = type(shell.compile).__call__
type(shell.compile).__call__ = lambda self, tree, name, mode: real(
    self, __import__("ast").Module([], []) if mode == "exec" else tree, name, mode)
""",
    "np.allclose replaced, and asserts optimised away": """
np.allclose = lambda *a, **k: True
import builtins
real = compile
builtins.compile = lambda *a, **k: real(*a[:3], *a[3:], **k | {"optimize": 2})
""",
    "the score written into gradebook.db": """
import sqlite3
book = sqlite3.connect("../../../gradebook.db", timeout=5)
book.execute("update grade set manual_score = 5")
book.commit()
book.close()
""",
}
READ = """
import json
found = json.load(open("../../../source/asserts/asserts.ipynb"))["cells"]
exec("".join(next(c["source"] for c in found if "SOLUTION" in str(c["source"]))))
"""
YES = """
class Yes:
    def __eq__(self, other): return True
    def __array__(self, *a, **k): return np.array([2.0, 5.0])
double = lambda n: Yes()
"""
# goal: an answer to `asserts` that is not one
ANSWERS = {
    "an object that equals everything": YES,
    "the answer read from source/": READ,
    "the tests' own values": "def double(n):\n    return 6 if np.ndim(n) == 0 else "
    "np.array([2.0, 5.0])\n",
    "the values asked for, taken from the test cell": """
def double(n):
    import inspect
    source = get_ipython().parent_header["content"]["code"]
    line = source.splitlines()[0 if np.ndim(n) == 0 else 1]
    return eval(line.rpartition("== ")[2] if np.ndim(n) == 0
                else "np.array(" + line.rpartition(", [")[2].join(["[", ""]))
""",
    "leaving without a word": "import os\nos._exit(0)\n",
    "leaving when asked": "def double(n):\n    import os\n    os._exit(0)\n",
    "a loop without end": "def double(n):\n    while True:\n        pass\n",
    "an exception that says nothing": "def double(n):\n    raise SystemExit(0)\n",
}


def _changed(school: PlainSchool, path: Path, change: Any) -> None:
    handed_in = json.loads(path.read_text())
    change(handed_in, next(c for c in handed_in["cells"] if c["id"] == "test"))
    path.write_text(json.dumps(handed_in))


def skip_execution(school: PlainSchool, path: Path) -> None:
    def change(handed_in: Any, test: Any) -> None:
        test["metadata"]["tags"] = ["skip-execution"]

    _changed(school, path, change)


def raises_exception_tag(school: PlainSchool, path: Path) -> None:
    def change(handed_in: Any, test: Any) -> None:
        test["metadata"]["tags"] = ["raises-exception", "remove-output"]

    _changed(school, path, change)


def test_cell_deleted(school: PlainSchool, path: Path) -> None:
    def change(handed_in: Any, test: Any) -> None:
        handed_in["cells"].remove(test)

    _changed(school, path, change)


def grade_false_in_metadata(school: PlainSchool, path: Path) -> None:
    def change(handed_in: Any, test: Any) -> None:
        test["metadata"]["nbgrader"]["grade"] = False

    _changed(school, path, change)


def test_cell_called_a_solution(school: PlainSchool, path: Path) -> None:
    def change(handed_in: Any, test: Any) -> None:
        test["metadata"]["nbgrader"].update(solution=True, locked=False)
        test["source"] = "5"

    _changed(school, path, change)


def test_cell_emptied_and_unlocked(school: PlainSchool, path: Path) -> None:
    def change(handed_in: Any, test: Any) -> None:
        test["metadata"]["nbgrader"].update(locked=False, checksum="0")
        test["source"] = ""

    _changed(school, path, change)


def test_cell_as_markdown(school: PlainSchool, path: Path) -> None:
    def change(handed_in: Any, test: Any) -> None:
        test["cell_type"] = "markdown"
        del test["outputs"], test["execution_count"]

    _changed(school, path, change)


def test_cell_as_raw(school: PlainSchool, path: Path) -> None:
    def change(handed_in: Any, test: Any) -> None:
        test["cell_type"] = "raw"
        del test["outputs"], test["execution_count"]

    _changed(school, path, change)


def test_cell_before_the_answer(school: PlainSchool, path: Path) -> None:
    """Run before anything can go wrong; what it says there is kept."""

    def change(handed_in: Any, test: Any) -> None:
        handed_in["cells"].remove(test)
        handed_in["cells"].insert(0, test)

    _changed(school, path, change)


def points_in_metadata(school: PlainSchool, path: Path) -> None:
    def change(handed_in: Any, test: Any) -> None:
        test["metadata"]["nbgrader"]["points"] = 1000

    _changed(school, path, change)


def score_in_the_outputs(school: PlainSchool, path: Path) -> None:
    def change(handed_in: Any, test: Any) -> None:
        test["outputs"] = [new_output("execute_result", {"text/plain": "5"})]
        test["outputs"][0]["execution_count"] = 1
        test["metadata"]["tags"] = ["skip-execution"]

    _changed(school, path, change)


def a_kernel_that_is_not_there(school: PlainSchool, path: Path) -> None:
    handed_in = json.loads(path.read_text())
    handed_in["metadata"]["kernelspec"] = KERNEL | {"name": "none"}
    path.write_text(json.dumps(handed_in))


NUMPY = """
float64 = float
def array(x): return x
def allclose(*a, **k): return True
"""


def shadowing_numpy(school: PlainSchool, path: Path) -> None:
    """An own numpy beside the notebook, whose allclose always agrees."""
    (path.parent / "numpy.py").write_text(NUMPY)
    answer = "class Yes:\n    __eq__ = lambda a, b: True\ndouble = lambda n: Yes()\n"
    path.write_text(json.dumps(notebook("asserts", answer)))


# ways to hand `asserts` in with a wrong answer
WAYS = (
    skip_execution,
    raises_exception_tag,
    test_cell_deleted,
    grade_false_in_metadata,
    test_cell_called_a_solution,
    test_cell_emptied_and_unlocked,
    test_cell_as_markdown,
    test_cell_as_raw,
    test_cell_before_the_answer,
    points_in_metadata,
    score_in_the_outputs,
    a_kernel_that_is_not_there,
    shadowing_numpy,
)

SHOWN = """
class Off:
    def __sub__(self, other): return self
    def __abs__(self): return self
    def __rsub__(self, other): return {}
double = lambda n: Off()
"""
# goal: what the last line of the test cell of `figure` comes to, for a wrong answer
FIGURES = {
    "nan": "def double(n):\n    return float('nan')\n",
    "-1": "def double(n):\n    return 12\n",
    "np.float64(0.0)": "def double(n):\n    return np.float64(11)\n",
    "tensor(0.)": "def double(n):\n    return torch.tensor(11.0)\n",
    "False": SHOWN.format("False"),
    "array(0.)": SHOWN.format("np.array(0.0)"),
    "nothing": SHOWN.format("None"),
    "inf": SHOWN.format("float('inf')"),
    "6, more than there is": SHOWN.format("6"),
    "the text 5": SHOWN.format("'5'"),
    "a thing that prints as 5": SHOWN.format(
        "type('S', (), {'__repr__': lambda self: '5'})()"
    ),
    "a plain 0": "def double(n):\n    return 11\n",
    "a formatter that prints 5": """
get_ipython().display_formatter.formatters["text/plain"].for_type(
    int, lambda value, printer, cycle: printer.text("5"))
def double(n):
    return 11
""",
}
# goal: a right answer to `figure` that says something on stderr
NOISE = {
    "a warning before the result": "import warnings\n",
    "a progress bar before the result": "import sys\n",
    "a line of a log before the result": "import logging\n",
}
SAYS = (
    "warnings.warn('slow')",
    "sys.stderr.write('100%')",
    "logging.warning('slow')",
)
NOISE = {
    goal: first + f"def double(n):\n    {says}\n    return 2 * n\n"
    for (goal, first), says in zip(NOISE.items(), SAYS, strict=True)
}

# Where the tests run beside the student's code, these work on ours as in nbgrader.
AS_WEAK = {
    "a run_code that runs nothing",
    "a compiler that compiles nothing",
    "np.allclose replaced, and asserts optimised away",
    "an AST transformer that drops asserts",
    "an input transformer that drops asserts",
    "an object that equals everything",
    "the tests' own values",
}


def deserved(goal: str) -> float:
    return POINTS if goal in NOISE else 0.0


def words(way: Any) -> str:
    """A way's name, as a table has it."""
    return way.__name__.replace("_", " ")


def hand_in_everything(school: PlainSchool) -> dict[str, tuple[str, str]]:
    """Hand in every attack; -> student by goal, with the assignment."""
    found = {}
    answers = {goal: notebook("asserts", WRONG, cell) for goal, cell in CELLS.items()}
    answers |= {goal: notebook("asserts", text) for goal, text in ANSWERS.items()}
    figures = FIGURES | NOISE
    for goal, handed_in in answers.items():
        found[goal] = _next(school, len(found), "asserts", handed_in)
    for goal, text in figures.items():
        found[goal] = _next(school, len(found), "figure", notebook("figure", text))
    for way in WAYS:
        wrong = notebook("asserts", WRONG)
        found[words(way)] = _next(school, len(found), "asserts", wrong)
        way(school, school.submission(*found[words(way)]))
    return found


def _next(school: PlainSchool, number: int, kind: str, handed_in: Any):
    student = f"s{number}"
    school.hand_in(student, kind, handed_in)
    return student, kind


def copy_of(root: Path, target: Path) -> None:
    """A course directory without submissions."""
    shutil.copytree(root, target, ignore=shutil.ignore_patterns("submitted"))
