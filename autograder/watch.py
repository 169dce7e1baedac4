"""What the engine watches for while an answer runs.

Arguments changed in place, and calls that the exercise forbids, seen at run time: at
the dispatcher for torch operators, in the interpreter's profile hook for everything
else, so that no renaming or wrapping hides them.
"""

import functools
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from .devices import on_cpu
from .rng import strided

AUTOGRAD = ("torch.autograd.backward", "torch.autograd.grad")


class _Operators(TorchDispatchMode):
    def __init__(self, forbidden: set[str], seen: set[str]) -> None:
        super().__init__()
        self.forbidden, self.seen = forbidden, seen

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        name = func._schema.name
        if name in self.forbidden:
            self.seen.add(name)
        return func(*args, **(kwargs or {}))


@contextmanager
def forbidden_calls(names: tuple[str, ...]) -> Iterator[set[str]]:
    """Yields a set that fills with the forbidden names that were called."""
    seen: set[str] = set()
    operators = {n for n in names if "::" in n}
    callables = {n: (n,) for n in names if "::" not in n}
    if "autograd" in callables:
        callables["autograd"] = AUTOGRAD
    with ExitStack() as stack:
        if operators:
            stack.enter_context(_Operators(operators, seen))
        if callables:
            stack.enter_context(_profiled(callables, seen))
        yield seen


@contextmanager
def _profiled(callables: dict[str, tuple[str, ...]], seen: set[str]) -> Iterator[None]:
    codes: dict[Any, str] = {}
    for name, paths in callables.items():
        for path in paths:
            codes[_identity(_resolve(path))] = name

    def profile(frame: Any, event: str, arg: Any) -> None:
        if event == "call":
            key = frame.f_code
        elif event == "c_call":
            key = id(arg)
        else:
            return
        if key in codes:
            seen.add(codes[key])

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        yield
    finally:
        sys.setprofile(before)


def _resolve(path: str) -> Any:
    module, _, attribute = path.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def _identity(function: Any) -> Any:
    """The code object of a Python function, or the id of a built-in one."""
    function = getattr(function, "_implementation", function)  # NumPy's dispatchers
    return getattr(inspect.unwrap(function), "__code__", id(function))


def arrays_in(value: Any) -> Iterator[Any]:
    """Tensors and arrays in a nest of dicts, lists and tuples."""
    if isinstance(value, (torch.Tensor, np.ndarray)):
        yield value
    elif isinstance(value, dict):
        for child in value.values():
            yield from arrays_in(child)
    elif isinstance(value, (list, tuple)):
        for child in value:
            yield from arrays_in(child)


def _copy(array: Any) -> Any:
    return array.copy() if isinstance(array, np.ndarray) else on_cpu(array).clone()


def _changed(array: Any, before: Any) -> bool:
    if isinstance(array, np.ndarray):
        return array.shape != before.shape or array.tobytes() != before.tobytes()
    now = on_cpu(array)
    if now.shape != before.shape:
        return True
    return not bool(((now == before) | ((now != now) & (before != before))).all())


class Boundary:
    """Stands between a case and an answer's functions.

    Args:
        make_strided: hand over non-contiguous arguments.
        watch: notice arguments that are changed in place.
        known: arrays that `rng` drew, which have the right layout already.
    """

    def __init__(self, make_strided: bool, watch: bool, known: list[Any]) -> None:
        self.make_strided, self.watch, self.known = make_strided, watch, known
        self.mutated: set[str] = set()

    def wrap(self, implementation: Any) -> Any:
        """The implementation, observed; a class is observed method by method."""
        if not (self.make_strided or self.watch):
            return implementation
        if not inspect.isclass(implementation):
            return self._function(implementation, inspect.signature(implementation))
        wrapped = {
            name: self._function(method, inspect.signature(method), skip=1)
            for name, method in vars(implementation).items()
            if inspect.isfunction(method) and not name.startswith("_")
        }
        return type(implementation.__name__, (implementation,), wrapped)

    def _function(
        self, function: Callable[..., Any], signature: Any, skip: int = 0
    ) -> Callable[..., Any]:
        names = list(signature.parameters)

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            if self.make_strided:
                args = tuple(self._strided(a) for a in args)
                kwargs = {k: self._strided(v) for k, v in kwargs.items()}
            if not self.watch:
                return function(*args, **kwargs)
            named = [*zip(names, args, strict=False)][skip:] + [*kwargs.items()]
            before = [(n, a, _copy(a)) for n, v in named for a in arrays_in(v)]
            try:
                return function(*args, **kwargs)
            finally:
                self.mutated |= {n for n, a, copy in before if _changed(a, copy)}

        return call

    def _strided(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {k: self._strided(v) for k, v in value.items()}
        if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
            return type(value)(self._strided(v) for v in value)
        if not isinstance(value, (torch.Tensor, np.ndarray)):
            return value
        if any(value is k for k in self.known) or not _contiguous(value):
            return value
        return strided(value)


def _contiguous(array: Any) -> bool:
    if isinstance(array, np.ndarray):
        return bool(array.flags.c_contiguous)
    return bool(array.is_contiguous())
