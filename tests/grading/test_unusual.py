"""What an instructor is told to look at; it costs no points."""

from pathlib import Path

import pytest

from autograder import catalogue
from autograder.authoring.answers import reference_answer
from autograder.grading.unusual import unusual
from autograder.jail.job import Cell

UNUSUAL = {
    "import gc\nfound = gc.get_objects()": "cell 1 imports gc",
    "import torch, ctypes.util": "cell 1 imports ctypes.util",
    "from autograder.observe import observe": "cell 1 imports autograder.observe",
    "import autograder.jail.child as c": "cell 1 imports autograder.jail.child",
    "from torch.utils._python_dispatch import _pop_mode": "cell 1 imports "
    "torch.utils._python_dispatch",
    "from torch import _C": "cell 1 imports torch._C",
    "x = torch._C._len_torch_dispatch_stack()": "cell 1 uses torch._C",
    "from solutions import reference": "cell 1 imports solutions",
    "def f(x):\n    sys.setprofile(None)": "cell 1 uses setprofile",
    "torch.softmax = lambda x: 0": "cell 1 replaces torch.softmax",
    "time.perf_counter = clock": "cell 1 replaces time.perf_counter",
    "get_ipython().ast_transformers.append(x)": "cell 1 uses get_ipython",
    "().__class__.__base__.__subclasses__()": "cell 1 uses __subclasses__",
    "%matplotlib inline\nimport os\nos._exit(0)": "cell 1 uses _exit",
}
USUAL = [
    "import numpy as np\nimport torch\nfrom autograder import check",
    "%matplotlib inline\n!pip install einops\nx = 1",
    "def f(x):\n    x.grad = None\n    self.weight = 3\n    return x.eval()",
    "class A(nn.Module):\n    def __init__(self):\n        super().__init__()",
    "model.eval()\nre.compile('x')\ntorch.compile(model)",
    "import torch.nn.functional as F\nfrom torch.utils import data",
    "not python at all (",
    "x = '\0'",
]


@pytest.mark.parametrize("source", UNUSUAL)
def test_is_pointed_out(source: str) -> None:
    assert unusual([Cell(source)]) == [UNUSUAL[source]]


@pytest.mark.parametrize("source", USUAL)
def test_is_left_alone(source: str) -> None:
    assert unusual([Cell(source)]) == []


def test_each_thing_is_named_once_and_a_flood_is_cut_short() -> None:
    names = ["gc", "ctypes", "mmap", "socket", "signal", "subprocess", "builtins"]
    cells = [Cell(f"import {name}") for name in names] * 2
    lines = unusual(cells)
    assert lines[0] == "cell 1 imports gc"
    assert lines[-1] == "and 2 more"
    assert len(lines) == 6


def test_no_reference_is_unusual() -> None:
    root = Path(__file__).resolve().parents[2]
    for name in catalogue.names(root):
        assignment = catalogue.find(name, root)
        for exercise in assignment.checks.exercises.values():
            cell = Cell(reference_answer(assignment, exercise))
            assert unusual([cell]) == [], (name, exercise.name)
