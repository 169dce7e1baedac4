"""A wrong answer never passes, and is told what is wrong."""

import numpy as np
import pytest
import torch

from autograder import close, exact, gradient, up_to_sign
from autograder.marks import CUT
from autograder.verdicts import Verdict

from .conftest import complaint, on_a_matrix, trial


def double(x):
    return 2 * x


WRONG = {
    "shape": (double, lambda x: 2 * x[1:], "the output has the wrong shape"),
    "one axis more": (double, lambda x: 2 * x[None], "the output has the wrong shape"),
    "dtype": (double, lambda x: (2 * x).double(), "the output has the wrong dtype"),
    "dtype in float64": (
        double,
        lambda x: (2 * x).float(),
        "with float64 input the output has the wrong dtype",
    ),
    "device": (
        double,
        lambda x: (2 * x).cpu(),
        "with input on a GPU the output is on the wrong device",
    ),
    "mixed devices": (
        double,
        lambda x: 2 * x + torch.zeros(5, dtype=x.dtype),
        "with input on a GPU your answer raised RuntimeError: Expected all tensors to "
        "be on the same device, but found at least two devices, cuda:0 and cpu! "
        "(in add)",
    ),
    "layout": (
        double,
        lambda x: 2 * x.view(-1).view(3, 5),
        "with non-contiguous input your answer raised RuntimeError: view size is not "
        "compatible with input tensor's size and stride (at least one dimension spans "
        "across two contiguous subspaces). Use .reshape(...) instead.",
    ),
    "one value": (
        double,
        lambda x: torch.cat([2 * x[:2], 2 * x[2:] + (torch.arange(5) == 3).to(x)]),
        "the output is wrong in 1 of 15 values, worst at [2, 3]",
    ),
    "every value": (
        double,
        lambda x: 3 * x,
        "the output is wrong in every value, worst at [1, 1]",
    ),
    "a number": (lambda x: 1.5, lambda x: 1.25, "the output is wrong"),
    "nan": (
        double,
        lambda x: torch.where(x == x.max(), torch.nan, 2 * x),
        "the output holds nan in one place, first at [2, 1]",
    ),
    "nan for a number": (lambda x: 1.0, lambda x: float("nan"), "the output is nan"),
    "infinity": (
        lambda x: 1e30 * x.abs(),
        lambda x: x.abs() / 0,
        "the output is wrong in every value, worst at [0, 0]",
    ),
    "infinity of the other sign": (
        lambda x: x.abs() / 0,
        lambda x: -x.abs() / 0,
        "the output is wrong in every value, worst at [0, 0]",
    ),
    "an empty tensor of another shape": (
        lambda x: x[:0],
        lambda x: x.new_zeros(0),
        "the output has the wrong shape",
    ),
    "too few parts": (
        lambda x: (x, x),
        lambda x: (x,),
        "the output has the wrong parts",
    ),
    "a tensor for a tuple": (
        lambda x: (x, x),
        lambda x: torch.stack([x, x]),
        "the output has the wrong structure",
    ),
    "a tuple for a tensor": (
        double,
        lambda x: (2 * x,),
        "the output has the wrong structure",
    ),
    "another key": (
        lambda x: {"mean": x},
        lambda x: {"means": x},
        "the output has the wrong parts",
    ),
    "a part": (
        lambda x: {"mean": x, "std": [x, x]},
        lambda x: {"mean": x, "std": [x, -x]},
        "output['std'][1] is wrong in every value, worst at [1, 1]",
    ),
    "None": (double, lambda x: None, "the output has the wrong type"),
    "a generator": (
        lambda x: [x, x],
        lambda x: (x for _ in range(2)),
        "the output has the wrong structure",
    ),
    "a float for a loss": (
        lambda x: x.sum(),
        lambda x: x.sum().item(),
        "the output has the wrong type",
    ),
    "an array for a tensor": (
        double,
        lambda x: (2 * x).numpy(),
        "the output has the wrong type",
    ),
    "an int for a bool": (lambda x: True, lambda x: 1, "the output has the wrong type"),
    "a bool for an int": (lambda x: 1, lambda x: True, "the output has the wrong type"),
    "an int tensor for a bool": (
        lambda x: True,
        lambda x: torch.tensor(1),
        "the output has the wrong type",
    ),
    "nearly an int": (lambda x: 3, lambda x: 3.0000001, "the output is wrong"),
    "nearly an int, as a tensor": (
        lambda x: 3,
        lambda x: torch.tensor(3.0000002),
        "the output is wrong",
    ),
    "a huge int that is off by one": (
        lambda x: 2**70,
        lambda x: 2**70 + 1,
        "the output is wrong",
    ),
    "an integer overflow": (
        lambda x: torch.tensor([2**62, 1]) * 2,
        lambda x: torch.tensor([2**62, 1]) * 2 + 1,
        "the output is wrong in every value, worst at [1]",
    ),
    "a long text with another end": (
        lambda x: "a" * 9000,
        lambda x: "a" * 8999 + "b",
        "the output is wrong",
    ),
    "the imaginary part": (
        lambda x: torch.fft.fft(x),
        lambda x: torch.fft.fft(x).conj(),
        "the output is wrong in 12 of 15 values, worst at [1, 2]",
    ),
    "a complex NumPy array": (
        lambda x: np.array([1j, 2j]),
        lambda x: np.array([1j, -2j]),
        "the output is wrong in 1 of 2 values, worst at [1]",
    ),
    "a sparse tensor": (
        double,
        lambda x: (2 * x).to_sparse(),
        "the output has the wrong type",
    ),
    "no value at all": (double, lambda x: print(x), "the output has the wrong type"),
}


@pytest.mark.parametrize(("reference", "answer", "said"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said(reference, answer, said):
    assert complaint(trial(reference, answer, on_a_matrix)) == said


SHOWN = {
    "shapes": (
        double,
        lambda x: 2 * x.T,
        ("float32 tensor (3, 5)", "float32 tensor (5, 3)"),
    ),
    "devices": (double, lambda x: (2 * x).cpu(), ("cuda", "cpu")),
    "the worst value": (
        lambda x: torch.arange(6.0).to(x),
        lambda x: torch.tensor([0.0, 1, 2, 3, 9, 5]).to(x),
        ("4", "9"),
    ),
    "as many digits as it takes": (
        lambda x: torch.tensor(1.0).to(x),
        lambda x: torch.tensor(1.0001).to(x),
        ("1", "1.0001"),
    ),
    "more digits where six are the same": (
        lambda x: exact((x[0, 0] * 0 + 1).double()),
        lambda x: (x[0, 0] * 0 + 1).double() + 1e-7,
        ("1", "1.0000001"),
    ),
    "structures": (
        lambda x: {"a": x, "b": [1, 2.5, "c", None, True]},
        lambda x: {"a": x, "b": 7},
        (
            "5 values: int 1, float 2.5, str 'c', None, ...",
            "int 7",
        ),
    ),
    "texts": (lambda x: "north", lambda x: "south", ("'north'", "'south'")),
    "long texts, cut": (
        lambda x: "n" * 99,
        lambda x: "s" * 99,
        (
            "'" + 36 * "n" + " ... " + 36 * "n" + "'",
            "'" + 36 * "s" + " ... " + 36 * "s" + "'",
        ),
    ),
}


@pytest.mark.parametrize(("reference", "answer", "shown"), SHOWN.values(), ids=SHOWN)
def test_expected_and_got_are_shown(reference, answer, shown):
    (case,) = trial(reference, answer, on_a_matrix).cases
    assert (case.mismatch.expected, case.mismatch.got) == shown


DIAGNOSES = {
    "sign": (
        lambda x: -2 * x,
        "your values are the expected ones with the opposite sign",
    ),
    "factor": (
        lambda x: 6 * x,
        "your values are 3 times the expected ones, everywhere",
    ),
    "offset": (lambda x: 2 * x - 1, "your values are off by -1, everywhere"),
    "axes": (
        lambda x: 2 * x.T,
        "your values are the expected ones with the last two axes swapped",
    ),
    "order": (
        lambda x: 2 * x.flip(1),
        "your values are the expected ones in reverse along axis 1",
    ),
}


@pytest.mark.parametrize(("answer", "said"), DIAGNOSES.values(), ids=DIAGNOSES)
def test_a_simple_relation_is_pointed_out(answer, said):
    (case,) = trial(double, answer, lambda f, rng: f(rng.normal(4, 4))).cases
    assert case.mismatch.details == [said]


def test_a_right_idea_that_loses_digits_is_told_so():
    result = trial(
        lambda x: x.softmax(0),
        lambda x: x.exp() / x.exp().sum(),
        lambda f, rng: f(rng.array([100.0, 99.0])),
    )
    assert result.cases[0].mismatch.details == [
        "in float64 your answer is right: the idea is correct, float32 overflows or "
        "loses digits"
    ]


def test_a_cut_graph_is_told():
    def run(f, rng):
        x = rng.normal(3, grad=True)
        return gradient(f(x), x)

    said = "the output does not depend on the input: the graph is cut"
    assert complaint(trial(double, lambda x: 2 * x.detach(), run)) == said


def test_an_argument_that_is_changed_in_place_is_told():
    result = trial(double, lambda x: x.mul_(2), on_a_matrix)
    assert complaint(result) == (
        "your answer changes its argument x in place; work on a copy"
    )


def test_a_nest_that_is_changed_in_place_is_told():
    run = lambda f, rng: f({"weights": [rng.normal(3)]})  # noqa: E731
    result = trial(
        lambda params: 2 * params["weights"][0],
        lambda params: params["weights"][0].mul_(2),
        run,
    )
    assert complaint(result) == (
        "your answer changes its argument params in place; work on a copy"
    )


def test_a_method_that_an_answer_inherits_is_watched_too():
    class Reference:
        def __call__(self, x):
            return 2 * x

    class Base:
        def __call__(self, x):
            return x.mul_(2)

    class Answer(Base):
        pass

    run = lambda f, rng: f()(rng.normal(2, 3))  # noqa: E731
    assert complaint(trial(Reference, Answer, run)) == (
        "your answer changes its argument x in place; work on a copy"
    )


def test_an_inherited_method_meets_non_contiguous_input_too():
    class Reference:
        def __call__(self, x):
            return x.reshape(-1)

    class Base:
        def __call__(self, x):
            return x.view(-1)

    class Answer(Base):
        pass

    run = lambda f, rng: f()(rng.normal(2, 3))  # noqa: E731
    said = complaint(trial(Reference, Answer, run))
    assert said.startswith("with non-contiguous input your answer raised RuntimeError")


def test_an_exercise_may_allow_changes_in_place():
    result = trial(double, lambda x: x.mul_(2), on_a_matrix, mutates=True)
    assert result.verdict == Verdict.PASSED


def test_another_answer_on_the_second_call_is_told():
    calls = []

    def fickle(x):
        calls.append(x)
        return 2 * x + (len(calls) > 1)

    assert complaint(trial(double, fickle, on_a_matrix)) == (
        "when it is called a second time the output is wrong in every value, "
        "worst at [1, 0]"
    )


def test_much_slower_is_told(monkeypatch):
    monkeypatch.setattr("autograder.assess.GRACE_SECONDS", -1.0)
    result = trial(double, double, on_a_matrix)
    assert "times slower than the reference (100 times is allowed)" in complaint(result)


def test_only_a_variant_that_fails_costs_half_the_points():
    assert trial(double, lambda x: (2 * x).float(), on_a_matrix).score == 0.5


MARKED = {
    "its own judge": lambda x: close(9 * x),
    "up to sign": lambda x: up_to_sign(-2 * x),
    "a cut gradient": lambda x: CUT,
}


@pytest.mark.parametrize("answer", MARKED.values(), ids=MARKED)
def test_marks_of_an_answer_change_nothing(answer):
    assert trial(double, answer, on_a_matrix).verdict == Verdict.FAILED
