"""What an answer leaves behind never reaches the next case."""

import random
import sys

import numpy as np
import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from autograder.surroundings import undisturbed
from autograder.variants import DEVICE, PLAIN
from autograder.verdicts import Verdict

from .conftest import exercise_of, on_a_matrix, trial


def state():
    """Everything that an answer might leave changed."""
    return {
        "grad mode": torch.is_grad_enabled(),
        "dtype": torch.get_default_dtype(),
        "device": torch.ones(1).device,
        "threads": torch.get_num_threads(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "recursion": sys.getrecursionlimit(),
        "numpy errors": np.geterr(),
        "torch seed": torch.default_generator.get_state().tolist(),
        "numpy seed": np.random.get_state()[1].tolist(),
        "python seed": random.getstate(),
        "function modes": torch._C._len_torch_function_stack(),
        "dispatch modes": torch._C._len_torch_dispatch_stack(),
        "stdout": sys.stdout,
    }


class Functions(TorchFunctionMode):
    pass


class Operators(TorchDispatchMode):
    pass


CHANGES = {
    "grad mode": lambda: torch.set_grad_enabled(False),
    "dtype": lambda: torch.set_default_dtype(torch.float64),
    "device": lambda: torch.set_default_device("meta"),
    "threads": lambda: torch.set_num_threads(2),
    "deterministic": lambda: torch.use_deterministic_algorithms(True),
    "anomaly": lambda: torch.autograd.set_detect_anomaly(True),
    "recursion": lambda: sys.setrecursionlimit(2000),
    "numpy errors": lambda: np.seterr(all="raise"),
    "torch seed": lambda: torch.manual_seed(7),
    "numpy seed": lambda: np.random.seed(7),
    "python seed": lambda: random.seed(7),
    "function mode": lambda: Functions().__enter__(),
    "dispatch mode": lambda: Operators().__enter__(),
    "prints": lambda: print("look at me"),
    "prints errors": lambda: print("look at me", file=sys.stderr),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_settings_are_put_back(change, capfd):
    before = state()
    with undisturbed():
        change()
    assert state() == before
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("variant", [PLAIN, DEVICE], ids=["plain", "device"])
def test_settings_are_put_back_in_a_run(change, variant):
    from autograder.observe import observe

    def answer(x):
        change()
        return x

    exercise = exercise_of(on_a_matrix)
    before = state()
    observe(exercise, exercise.cases[0], {"f": answer}, variant, 1)
    assert state() == before


def test_figures_are_closed():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    own = pyplot.figure()
    with undisturbed():
        pyplot.plot([1, 2])
        pyplot.figure()
    assert pyplot.get_fignums() == [own.number]
    pyplot.close(own)


def test_an_answer_that_spoils_grad_mode_spoils_no_later_case():
    def answer(x):
        torch.set_grad_enabled(False)
        return x * 2

    def run(f, rng):
        first = f(rng.normal(3))
        x = rng.normal(3, grad=True)
        return [first, (x * 2).requires_grad]

    wrong = trial(lambda x: x * 2, answer, run)
    assert wrong.verdict == Verdict.FAILED  # within the case it does its harm
    assert torch.is_grad_enabled()


def test_global_generators_give_the_same_numbers_in_every_run():
    def draws(x):
        noise = torch.rand(()) + np.random.rand() + random.random()
        return x + noise.to(x)

    assert trial(draws, draws, on_a_matrix).verdict == Verdict.PASSED


def test_an_answer_runs_in_one_thread_and_threads_are_put_back():
    torch.set_num_threads(2)
    try:
        with undisturbed():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
