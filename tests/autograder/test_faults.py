"""Whatever an answer raises is told, with the student's own line."""

import sys
import warnings

import numpy as np
import pytest
import torch

from autograder.verdicts import Verdict

from .conftest import complaint, on_a_matrix, trial, typed


def double(x):
    return 2 * x


def test_the_students_own_line_is_shown():
    answer = typed("""
        def f(x):
            y = x * 2
            return helper(y)

        def helper(y):
            return y.reshape(7, 7)
    """)
    (case,) = trial(double, answer, on_a_matrix).cases
    assert case.verdict == Verdict.ERRORED
    assert case.mismatch.sentence == (
        "your answer raised RuntimeError: shape '[7, 7]' is invalid for input of size "
        "15"
    )
    assert case.mismatch.details == ["in helper, line 7: return y.reshape(7, 7)"]


@pytest.mark.parametrize(
    "filename",
    [
        "<ipython-input-3-8e1b>",
        "/tmp/ipykernel_12/34.py",
        r"C:\Users\Ann\AppData\Local\Temp\ipykernel_12\34.py",
        "/home/ann/lib/python-course/answer.py",
        "/home/ann/autograder/homework.py",
    ],
)
def test_lines_are_shown_wherever_the_code_lies(filename):
    answer = typed("def f(x):\n    return x.nope", filename)
    (case,) = trial(double, answer, on_a_matrix).cases
    assert case.mismatch.details == ["in f, line 2: return x.nope"]


def test_lines_of_libraries_are_not_shown():
    answer = typed("def f(x):\n    return torch.nn.functional.one_hot(x.softmax(1))")
    (case,) = trial(double, answer, on_a_matrix).cases
    assert case.mismatch.details == [
        "in f, line 2: return torch.nn.functional.one_hot(x.softmax(1))"
    ]


def test_an_untouched_stub_is_missing():
    answer = typed("def f(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()")
    assert trial(double, answer, on_a_matrix).verdict == Verdict.MISSING


def test_what_torch_has_not_implemented_is_an_error():
    answer = lambda x: torch.arange(3).softmax(0)  # noqa: E731
    assert trial(double, answer, on_a_matrix).verdict == Verdict.ERRORED


def exit_now(x):
    sys.exit(3)


def endless(x):
    return endless(x)


def nested(x):
    nest = []
    nest.append(nest)
    return nest


class SilentError(Exception):
    def __str__(self):
        raise SystemExit("no message for you")


def rude(x):
    raise SilentError


RAISED = {
    "sys.exit": (exit_now, "your answer raised SystemExit: 3"),
    "recursion": (
        endless,
        "your answer raised RecursionError: maximum recursion depth exceeded",
    ),
    "an endless nest": (
        nested,
        "your answer raised TooMuch: the returned nest is deeper than 12 levels",
    ),
    "a wide nest": (
        lambda x: [0] * 5000,
        "your answer raised TooMuch: the returned nest has more than 4096 values",
    ),
    "an unreadable error": (
        rude,
        "your answer raised SilentError: (its message could not be read)",
    ),
    "wrong arguments": (
        lambda: 3,
        "your answer raised TypeError: <lambda>() takes 0 positional arguments but 1 "
        "was given",
    ),
}


@pytest.mark.parametrize(("answer", "said"), RAISED.values(), ids=RAISED)
def test_whatever_an_answer_raises_is_told(answer, said):
    result = trial(double, answer, on_a_matrix)
    assert (result.verdict, complaint(result)) == (Verdict.ERRORED, said)


def too_large_for_torch(x):
    return torch.empty(2**60)


def too_large_for_numpy(x):
    return np.ones((2**40, 2**19))


def too_large_for_a_gpu(x):
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")


def too_large_on_windows(x):
    raise RuntimeError(
        "[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: not enough memory: you "
        "tried to allocate 8 bytes."
    )


@pytest.mark.parametrize(
    "answer",
    [
        too_large_for_torch,
        too_large_for_numpy,
        too_large_for_a_gpu,
        too_large_on_windows,
    ],
)
def test_memory_that_runs_out_has_a_verdict_of_its_own(answer):
    result = trial(double, answer, on_a_matrix)
    assert result.verdict == Verdict.OUT_OF_MEMORY
    assert result.cases[0].mismatch.code == "error:MemoryError"


def test_warnings_of_an_answer_are_no_errors():
    def warned(x):
        warnings.warn("careful", stacklevel=1)
        np.float64(1) / np.float64(0)
        return 2 * x

    assert trial(double, warned, on_a_matrix).verdict == Verdict.PASSED
