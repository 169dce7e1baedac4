"""Calls that an exercise forbids are seen at run time, whatever they are called."""

import types
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.linalg import inv as upside_down
from torch import nn

from autograder import Exercise, gradient
from autograder.errors import AuthoringError
from autograder.pack import expect
from autograder.verdicts import Verdict

from .conftest import SEED, complaint, exercise_of, judged, trial, typed


def conv_by_hand(x, w):
    windows = x.unfold(2, 2, 1).unfold(3, 3, 1)
    return torch.einsum("ncrsij,fcij->nfrs", windows, w)


def as_module(x, w):
    layer = nn.Conv2d(3, 4, (2, 3), bias=False, dtype=x.dtype)
    layer.weight = nn.Parameter(w)
    return layer(x).detach()


def compiled(x, w):
    return torch.compile(F.conv2d, backend="eager")(x, w)


CONVOLUTIONS = {
    "F.conv2d": F.conv2d,
    "torch.conv2d": torch.conv2d,
    "torch.convolution": lambda x, w: torch.convolution(
        x, w, None, (1, 1), (0, 0), (1, 1), False, (0, 0), 1
    ),
    "torch.ops": lambda x, w: torch.ops.aten.conv2d(x, w),
    "nn.Conv2d": as_module,
    "getattr": lambda x, w: getattr(F, "conv" + "2d")(x, w),
    "functional_call": lambda x, w: torch.func.functional_call(
        nn.Conv2d(3, 4, (2, 3), bias=False), {"weight": w}, x
    ),
    "torch.compile": compiled,
    "vmap": lambda x, w: torch.vmap(lambda y: F.conv2d(y[None], w)[0])(x),
}


@pytest.mark.parametrize("answer", CONVOLUTIONS.values(), ids=CONVOLUTIONS)
def test_an_operator_is_seen_in_every_disguise(answer):
    result = trial(
        conv_by_hand,
        answer,
        lambda f, rng: f(rng.normal(2, 3, 5, 7), rng.normal(4, 3, 2, 3)),
        forbid=("aten::convolution",),
    )
    assert complaint(result) == (
        "your answer calls aten::convolution, which this exercise asks you to do "
        "without"
    )


def test_what_is_not_forbidden_passes():
    run = lambda f, rng: f(rng.normal(2, 3, 5, 7), rng.normal(4, 3, 2, 3))  # noqa: E731
    result = trial(conv_by_hand, F.conv2d, run, forbid=("aten::im2col",))
    assert result.verdict == Verdict.PASSED


def inverse_by_solving(a):
    return np.linalg.solve(a, np.eye(len(a), dtype=a.dtype))


hidden = types.SimpleNamespace(tool=upside_down)


@pytest.mark.parametrize(
    "answer", [np.linalg.inv, upside_down, lambda a: hidden.tool(a)]
)
def test_a_function_is_seen_under_any_name(answer):
    result = trial(
        inverse_by_solving,
        answer,
        lambda f, rng: f(rng.normal(3, 3)),
        backend="numpy",
        forbid=("numpy.linalg.inv",),
    )
    assert complaint(result) == (
        "your answer calls numpy.linalg.inv, which this exercise asks you to do without"
    )


def slope(x):
    return 2 * x


def by_backward(x):
    x = x.detach().requires_grad_()
    (x**2).sum().backward()
    return x.grad


def by_grad(x):
    x = x.detach().requires_grad_()
    return torch.autograd.grad((x**2).sum(), x)[0]


DERIVATIVES = {
    "backward": by_backward,
    "grad": by_grad,
    "func.grad": lambda x: torch.func.grad(lambda y: (y**2).sum())(x),
    "jacrev": lambda x: torch.func.jacrev(lambda y: y**2)(x).sum(0),
    "jvp": lambda x: torch.func.jvp(lambda y: y**2, (x,), (torch.ones_like(x),))[1],
    "jacfwd": lambda x: torch.func.jacfwd(lambda y: y**2)(x).sum(0),
    "functional": lambda x: torch.autograd.functional.jacobian(
        lambda y: (y**2).sum(), x
    ),
}


@pytest.mark.parametrize("answer", DERIVATIVES.values(), ids=DERIVATIVES)
def test_autograd_is_seen_in_every_form(answer):
    run = lambda f, rng: f(rng.normal(3))  # noqa: E731
    result = trial(slope, answer, run, forbid=("autograd",))
    assert complaint(result) == (
        "your answer calls autograd, which this exercise asks you to do without"
    )


def test_a_case_may_observe_a_gradient_where_autograd_is_forbidden():
    exercise = Exercise("f", points=1, forbid=("autograd",))

    @exercise.case
    def case(f, rng):
        """The gradient reaches x."""
        x = rng.normal(3, grad=True)
        return gradient(f(x), x)

    pack = expect(exercise, {"f": torch.sin}, SEED)
    assert judged(exercise, pack, torch.sin).verdict == Verdict.PASSED


def test_an_answer_may_not_borrow_the_cases_gradient():
    answer = typed("""
        from autograder import gradient

        def f(x):
            x = x.detach().requires_grad_()
            return gradient(x ** 2, x)
    """)
    result = trial(slope, answer, lambda f, rng: f(rng.normal(3)), forbid=("autograd",))
    assert complaint(result) == (
        "your answer calls autograd, which this exercise asks you to do without"
    )


UNSEEN = {
    "numpy.exp": (
        "forbid='numpy.exp': calls of a ufunc cannot be seen. Name the operator as "
        "torch's dispatcher sees it, a function, a method, or a class with a "
        "constructor in Python."
    ),
    "numpy.nothing": (
        "forbid='numpy.nothing': there is no such function; correct it in checks.py."
    ),
    "inv": "forbid='inv': there is no such function; correct it in checks.py.",
}


@pytest.mark.parametrize(("name", "said"), UNSEEN.items(), ids=UNSEEN)
def test_what_cannot_be_watched_cannot_be_forbidden(name, said):
    exercise = exercise_of(lambda f, rng: f(rng.normal(2)), forbid=(name,))
    with pytest.raises(AuthoringError) as caught:
        expect(exercise, {"f": slope}, SEED)
    assert str(caught.value) == said


BY_CLASS = {
    "torch.nn.Conv2d": as_module,
    "torch.nn.Conv2d.forward": as_module,
    "torch.nn.LSTM": lambda x, w: (nn.LSTM(2, 2), conv_by_hand(x, w))[1],
}


@pytest.mark.parametrize(("name", "answer"), BY_CLASS.items(), ids=BY_CLASS)
def test_a_class_and_a_method_can_be_forbidden(name, answer):
    result = trial(
        conv_by_hand,
        answer,
        lambda f, rng: f(rng.normal(2, 3, 4, 5), rng.normal(4, 3, 2, 3)),
        forbid=(name,),
    )
    assert complaint(result) == (
        f"your answer calls {name}, which this exercise asks you to do without"
    )


def test_a_class_of_another_name_is_welcome():
    run = lambda f, rng: f(rng.normal(2, 3))  # noqa: E731
    answer = lambda x: nn.ReLU()(x)  # noqa: E731
    forbid = ("torch.nn.LSTM", "torch.nn.Linear")
    assert complaint(trial(torch.relu, answer, run, forbid=forbid)) == ""


def inverse_unwatched(x):
    import sys

    watcher = sys.getprofile()
    sys.setprofile(None)
    y = np.linalg.inv(x)
    sys.setprofile(watcher)
    return y


def inverse_never_watched_again(x):
    import sys

    sys.setprofile(None)
    return np.linalg.inv(x)


@pytest.mark.parametrize("answer", [inverse_unwatched, inverse_never_watched_again])
def test_removing_the_profile_hook_is_forbidden_itself(answer):
    result = trial(
        lambda x: np.linalg.solve(x, np.eye(3, dtype=x.dtype)),
        answer,
        lambda f, rng: f(rng.normal(3, 3)),
        forbid=("numpy.linalg.inv",),
        backend="numpy",
    )
    assert "your answer calls sys.setprofile" in complaint(result)


def test_removing_the_dispatch_mode_is_forbidden_itself():
    def popping(x, w):
        from torch.utils._python_dispatch import _pop_mode

        while torch._C._len_torch_dispatch_stack():
            _pop_mode()
        return F.conv2d(x, w)

    result = trial(
        conv_by_hand,
        popping,
        lambda f, rng: f(rng.normal(2, 3, 5, 7), rng.normal(4, 3, 2, 3)),
        forbid=("aten::convolution",),
        without=("device",),
    )
    assert "your answer calls torch's dispatch modes" in complaint(result)


def test_replacing_the_guard_of_autograd_is_the_use_of_autograd(monkeypatch):
    for module in (torch.autograd, torch.autograd.graph):  # put back afterwards
        monkeypatch.setattr(module, "_engine_run_backward", module._engine_run_backward)

    def unguarded(x):
        import torch.autograd as a

        x = x.detach().requires_grad_()
        a._engine_run_backward = torch.autograd.graph._engine_run_backward
        torch.autograd.graph._engine_run_backward = lambda *args, **kwargs: None
        return 2 * x.detach()

    result = trial(
        lambda x: 2 * x,
        unguarded,
        lambda f, rng: f(rng.normal(3)),
        forbid=("autograd",),
    )
    assert "your answer calls autograd" in complaint(result)


def in_a_thread(function):
    def call(*arguments):
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(function, *arguments).result()

    return call


def test_an_operator_is_seen_in_a_thread_too():
    result = trial(
        conv_by_hand,
        in_a_thread(F.conv2d),
        lambda f, rng: f(rng.normal(2, 3, 5, 7), rng.normal(4, 3, 2, 3)),
        forbid=("aten::convolution",),
    )
    assert "your answer calls aten::convolution" in complaint(result)


def test_a_function_is_seen_in_a_thread_too():
    result = trial(
        lambda x: np.linalg.solve(x, np.eye(3, dtype=x.dtype)),
        in_a_thread(np.linalg.inv),
        lambda f, rng: f(rng.normal(3, 3)),
        forbid=("numpy.linalg.inv",),
        backend="numpy",
    )
    assert "your answer calls numpy.linalg.inv" in complaint(result)


def test_threads_that_call_nothing_forbidden_are_welcome():
    result = trial(
        conv_by_hand,
        in_a_thread(conv_by_hand),
        lambda f, rng: f(rng.normal(2, 3, 5, 7), rng.normal(4, 3, 2, 3)),
        forbid=("aten::convolution",),
    )
    assert result.verdict == Verdict.PASSED
