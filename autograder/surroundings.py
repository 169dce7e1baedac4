"""What an answer may change around it, put back after every run.

Random generators, grad mode, default dtype and device, threads, torch modes, NumPy's
error handling, warnings, open figures and what is printed. One case then never depends
on what an earlier one left behind.

Leaves out what a process cannot take back: files, the environment, other threads.
"""

import io
import random
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from functools import cache
from typing import Any

import numpy as np
import torch
from torch.utils import _python_dispatch

# Typed as Any: neither torch nor NumPy declares these in its stubs.
FUNCTION_MODES: Any = torch.overrides
DISPATCH_MODES: Any = _python_dispatch
NUMPY: Any = np.random


class _Nowhere(io.TextIOBase):
    """Takes what is printed and forgets it."""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        return len(text)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Run an answer with fixed global seeds, one torch thread, in silence; put
    everything back."""
    with ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        stack.enter_context(np.errstate())
        stack.enter_context(redirect_stdout(_Nowhere()))
        stack.enter_context(redirect_stderr(_Nowhere()))
        stack.enter_context(_seeded())
        for restore in _restorers():
            stack.callback(restore)
        if torch.get_num_threads() > 1:
            # Idle OpenMP threads spin: on a busy machine they make right answers slow.
            torch.set_num_threads(1)
        yield


@contextmanager
def _seeded() -> Iterator[None]:
    """Fresh global generators, seeded with 0; afterwards the old ones."""
    # Not torch.manual_seed, which costs a millisecond for devices that are not there,
    # nor numpy.random.set_state, which costs a tenth of one.
    torchs, pythons = torch.default_generator.get_state(), random.getstate()
    numpys = NUMPY.get_bit_generator()
    torch.default_generator.set_state(_seeds()[0])
    random.setstate(_seeds()[1])
    NUMPY.set_bit_generator(_numpys())
    np.random.seed(0)
    try:
        yield
    finally:
        torch.default_generator.set_state(torchs)
        random.setstate(pythons)
        NUMPY.set_bit_generator(numpys)


@cache
def _numpys() -> Any:
    return np.random.MT19937()


@cache
def _seeds() -> tuple[Any, Any]:
    """States of torch's and Python's generators after seeding with 0."""
    return torch.Generator().manual_seed(0).get_state(), random.Random(0).getstate()


def _restorers() -> list[Callable[[], Any]]:
    """One function for each setting, that puts it back if it was changed.

    They are called from the last to the first: a default device is a mode, too, and
    has to be put back before the modes are counted.
    """
    return [
        _modes(),
        _back(torch.is_grad_enabled, torch.set_grad_enabled),
        _back(torch.get_default_dtype, torch.set_default_dtype),
        _back(torch.get_num_threads, torch.set_num_threads),
        _back(
            torch.are_deterministic_algorithms_enabled,
            torch.use_deterministic_algorithms,
        ),
        _back(torch.is_anomaly_enabled, torch.set_anomaly_enabled),
        _back(sys.getrecursionlimit, sys.setrecursionlimit),
        _back(_default_device, torch.set_default_device),
        _back(_open_figures, _close_other_figures),
    ]


def _back(get: Callable[[], Any], put: Callable[[Any], Any]) -> Callable[[], Any]:
    before = get()

    def restore() -> None:
        if get() != before:
            put(before)

    return restore


def _default_device() -> Any:
    context = getattr(torch._GLOBAL_DEVICE_CONTEXT, "device_context", None)
    return context and context.device


def _open_figures() -> list[int]:
    pyplot = sys.modules.get("matplotlib.pyplot")
    return list(pyplot.get_fignums()) if pyplot else []


def _close_other_figures(before: list[int]) -> None:
    pyplot: Any = sys.modules["matplotlib.pyplot"]
    for number in set(_open_figures()) - set(before):
        pyplot.close(number)


def _modes() -> Callable[[], None]:
    """Leave the modes that an answer entered and never left."""
    functions = FUNCTION_MODES._len_torch_function_stack()
    dispatches = torch._C._len_torch_dispatch_stack()

    def restore() -> None:
        while FUNCTION_MODES._len_torch_function_stack() > functions:
            FUNCTION_MODES._pop_mode()
        while torch._C._len_torch_dispatch_stack() > dispatches:
            DISPATCH_MODES._pop_mode()

    return restore
