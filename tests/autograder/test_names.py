"""What code defines is read from its source, and a new name is found again."""

import pytest

from autograder.names import defined_in, functions_in, renamed

SOURCE = """
%matplotlib inline
import numpy as np, os.path
from torch import nn
x, (y, *z) = 1, (2, 3)
for i in range(3):
    total = i
with open("f") as f:
    pass
def one(a):
    inside = a
class Two:
    attribute = 1
g = lambda a: a
"""


def test_names_at_the_top_level_are_found():
    names = set(defined_in(SOURCE))
    assert names == {*"xyzifg", "np", "os", "nn", "total", "one", "Two"}
    assert functions_in(SOURCE) == ["one", "Two"]


@pytest.mark.parametrize("source", ["def f(:", "\0", "(" * 100_000])
def test_what_cannot_be_read_defines_nothing(source):
    assert defined_in(source) == []


NEW = "def soft_max(z):\n    return z\n"
CASES = {
    "alike": (NEW, "soft_max"),
    "alike among others": (NEW + "def helper():\n    pass\n", "soft_max"),
    "the only one": ("def mine(z):\n    return z\n", "mine"),
    "none alike": ("def a():\n    pass\n\ndef b():\n    pass\n", ""),
    "one that is asked for, too": ("def other(z):\n    return z\n", ""),
    "nothing": ("", ""),
}


@pytest.mark.parametrize(("answer", "name"), CASES.values(), ids=CASES)
def test_a_renamed_function_is_found(answer, name):
    assert renamed("softmax", answer, ("softmax", "other")) == name
