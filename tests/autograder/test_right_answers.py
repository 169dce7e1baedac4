"""A right answer always passes, however it is written."""

import math
import time
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from autograder import Exercise, gradient
from autograder.observe import observe_all
from autograder.pack import expect
from autograder.rng import Rng
from autograder.variants import PLAIN
from autograder.verdicts import Verdict

from .conftest import SEED, complaint, judged, on_a_matrix, trial


def softmax(x):
    e = (x - x.amax(1, keepdim=True)).exp()
    return e / e.sum(1, keepdim=True)


def by_loop(x):
    out = torch.empty_like(x)
    for i, row in enumerate(x):
        weights = [math.exp(float(v) - float(row.max())) for v in row]
        for j, weight in enumerate(weights):
            out[i, j] = weight / sum(weights)
    return out


def in_float64(x):
    return torch.softmax(x.double(), 1).to(x.dtype)


def in_place_on_a_copy(x):
    x = x.clone()
    x -= x.amax(1, keepdim=True)
    x.exp_()
    x /= x.sum(1, keepdim=True)
    return x


def by_einsum(x):
    e = x.exp()
    return torch.einsum("ij,i->ij", e, 1 / torch.einsum("ij->i", e))


class Callable:
    def __call__(self, x):
        return softmax(x)


SOFTMAXES = {
    "loop": by_loop,
    "float64 inside": in_float64,
    "in place on a copy": in_place_on_a_copy,
    "einsum": by_einsum,
    "a built-in function": partial(torch.softmax, dim=1),
    "a module": nn.Softmax(dim=1),
    "an object that can be called": Callable(),
    "a lambda": lambda x: torch.softmax(x, 1),
    "a keyword-only default": lambda x, *, dim=1: torch.softmax(x, dim),
    "not contiguous": lambda x: torch.softmax(x.t(), 0).t(),
    "with a gradient": lambda x: torch.softmax(x.requires_grad_(), 1),
}


@pytest.mark.parametrize("answer", SOFTMAXES.values(), ids=SOFTMAXES)
def test_any_style_of_softmax_passes(answer):
    assert complaint(trial(softmax, answer, on_a_matrix)) == ""


FORMS = {
    "a 0-d tensor for a float": (lambda x: x.sum().item(), lambda x: x.sum()),
    "a NumPy scalar for a float": (
        lambda x: x.sum().item(),
        lambda x: np.float32(x.sum().item()),
    ),
    "an integer tensor for an int": (lambda x: len(x), lambda x: torch.tensor(len(x))),
    "a NumPy integer for an int": (lambda x: len(x), lambda x: np.int32(len(x))),
    "a whole float for an int": (lambda x: len(x), lambda x: float(len(x))),
    "a 0-d tensor for a bool": (
        lambda x: bool((x > 9).any()),
        lambda x: (x > 9).any(),
    ),
    "a NumPy bool for a bool": (lambda x: True, lambda x: np.bool_(True)),
    "a list for a tuple": (lambda x: (x, x + 1), lambda x: [x, x + 1]),
    "another order of keys": (
        lambda x: {"a": x, "b": 1},
        lambda x: {"b": 1, "a": x},
    ),
    "nan where nan is expected": (
        lambda x: x.sqrt(),
        lambda x: x.pow(0.5),
    ),
    "infinity where it is expected": (lambda x: 1 / (0 * x), lambda x: 1 / (0 * x)),
    "an empty tensor": (lambda x: x[x > 99], lambda x: x.new_zeros(0)),
    "complex numbers": (
        lambda x: torch.fft.fft(x),
        lambda x: (
            torch.fft.fft(x.double()).to(torch.complex64)
            if x.dtype == torch.float32
            else torch.fft.fft(x)
        ),
    ),
    "None": (lambda x: None, lambda x: None),
    "a long text": (lambda x: "a" * 9000, lambda x: "".join(["a"] * 9000)),
    "a huge whole number": (lambda x: 2**70 + 1, lambda x: 2**70 + 1),
}


@pytest.mark.parametrize(("reference", "answer"), FORMS.values(), ids=FORMS)
def test_other_forms_of_the_same_value_pass(reference, answer):
    assert complaint(trial(reference, answer, on_a_matrix)) == ""


def test_numpy_answers_may_return_numbers_for_arrays_without_axes():
    result = trial(
        lambda x: np.asarray(x.sum()),
        lambda x: float(x.sum()),
        on_a_matrix,
        backend="numpy",
    )
    assert complaint(result) == ""


def test_what_cancels_to_zero_may_leave_rounding_errors():
    result = trial(
        lambda x: x - x.mean(0),
        lambda x: x - (x / 3).sum(0) * 3,
        lambda f, rng: f(rng.normal(1, 4, mean=5.0)),
    )
    assert complaint(result) == ""


def test_an_ill_conditioned_result_may_differ_as_far_as_float32_can_tell():
    """The reference's own float32 error may be small by luck; conditioning is not."""

    def variance(x):
        return ((x - x.mean()) ** 2).mean()

    def textbook(x):
        return x.double().var(correction=0).to(x.dtype)

    for shift in range(20):
        run = lambda f, rng, s=shift: f(rng.normal(50, mean=300.0 + s))  # noqa: E731
        assert complaint(trial(variance, textbook, run)) == ""


def test_subnormal_numbers_may_be_flushed_to_zero():
    result = trial(
        lambda x: 0 * x + 1e-40,
        lambda x: 0 * x,
        on_a_matrix,
        without=("float64",),
    )
    assert complaint(result) == ""


def test_an_answer_may_change_its_own_copies_and_return_them_again():
    buffer = {}

    def reuses_its_buffer(x):
        out = buffer.setdefault(x.dtype, torch.empty(x.shape, dtype=x.dtype))
        return out.copy_(2 * x)

    run = lambda f, rng: [f(rng.normal(2, 3)).clone(), f(rng.normal(2, 3))]  # noqa: E731
    result = trial(lambda x: 2 * x, reuses_its_buffer, run, without=("device",))
    assert complaint(result) == ""


def test_methods_may_change_what_they_hand_each_other():
    class Reference:
        def __call__(self, x):
            return x + 1

    class Answer:
        def __call__(self, x):
            return self.add_one(x.clone())

        def add_one(self, buffer):
            buffer += 1
            return buffer

    run = lambda f, rng: f()(rng.normal(2, 3))  # noqa: E731
    assert complaint(trial(Reference, Answer, run)) == ""


def test_a_constructor_may_change_what_it_hands_its_methods():
    class Reference:
        def __init__(self, x):
            self.x = x + 1

        def value(self):
            return self.x

    class Base:
        def __init__(self, x):
            self.take(x.clone())

    class Answer(Base):
        def take(self, buffer):
            buffer += 1
            self.x = buffer

        def value(self):
            return self.x

    run = lambda f, rng: f(rng.normal(2, 3)).value()  # noqa: E731
    assert complaint(trial(Reference, Answer, run)) == ""


def test_the_data_of_a_parameter_may_be_replaced():
    def replaced(x):
        weight = nn.Parameter(torch.zeros_like(x))
        weight.data = 2 * x
        return weight.detach() + 0

    assert complaint(trial(lambda x: 2 * x, replaced, on_a_matrix)) == ""


def filled(module, rng):
    rng.fill(module, std=0.5)
    return module


def test_modules_that_are_built_alike_are_filled_with_different_numbers():
    def filled_twice():
        rng = Rng(SEED, PLAIN, "torch")
        return [rng.fill(nn.BatchNorm1d(3)).state_dict() for _ in range(2)]

    first, second = filled_twice()
    names = {"weight", "bias", "running_mean", "running_var"}
    assert {k for k in first if not torch.equal(first[k], second[k])} == names
    for before, now in zip((first, second), filled_twice(), strict=True):
        torch.testing.assert_close(now, before, rtol=0, atol=0)


def test_a_filled_module_does_not_depend_on_the_order_of_its_parts():
    class Reference(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.norm = nn.Linear(4, 3), nn.BatchNorm1d(3)

        def forward(self, x):
            return self.norm(self.first(x))

    class Answer(Reference):
        def __init__(self):
            nn.Module.__init__(self)
            self.norm, self.first = nn.BatchNorm1d(3), nn.Linear(4, 3)

    def run(f, rng):
        module = filled(f(), rng).eval()
        spread = torch.stack([p.detach().std() for p in module.parameters()])
        return [module(rng.normal(5, 4)), spread.sum(), module.norm.running_var]

    assert complaint(trial(Reference, Answer, run)) == ""


def test_gradients_may_come_from_an_own_backward():
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, grad):
            (x,) = ctx.saved_tensors
            return grad * 2 * x + torch.zeros(x.shape, dtype=x.dtype, device=x.device)

    def run(f, rng):
        x = rng.normal(3, 4, grad=True)
        return gradient(f(x), x)

    assert complaint(trial(lambda x: x**2, Square.apply, run)) == ""


def test_a_class_of_the_student_is_run_like_a_function():
    class Linear(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(n, 2))

        def forward(self, x):
            return x @ self.weight

    class Answer(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.inner = nn.Linear(n, 2, bias=False)

        @property
        def weight(self):
            return self.inner.weight.T

        def forward(self, x):
            return self.inner(x)

    def run(f, rng):
        layer = f(4)
        with torch.no_grad():
            layer.weight.copy_(rng.normal(4, 2, mean=1.0))
        return layer(rng.normal(3, 4))

    result = trial(Linear, Answer, run, without=("device", "float64"))
    assert result.verdict == Verdict.PASSED


def test_a_case_is_not_run_in_the_variants_it_does_without():
    """A training is run plain and again, and is judged on those runs alone."""
    training = Exercise("training", points=1, functions=("f",))

    @training.case(without=("float64", "strided", "device"))
    def learns(f, rng):
        """It learns."""
        return f(rng.normal(3))

    runs = observe_all(training, {"f": torch.sin}, 1, {})
    assert [variant.name for _, variant, _ in runs] == ["plain", "again"]
    pack = expect(training, {"f": torch.sin}, SEED)
    assert judged(training, pack, torch.sin).score == 1
    assert judged(training, pack, torch.cos).score == 0


def test_an_answer_that_had_to_wait_once_is_not_slow():
    """The machine was busy: the quickest run counts."""
    waits = [0.6, 0.6, 0.6]

    def answer(x):
        time.sleep(waits.pop() if waits else 0)
        return 2 * x

    assert complaint(trial(lambda x: 2 * x, answer, on_a_matrix)) == ""
