"""Calls that an exercise forbids, seen at run time while an answer runs.

At the dispatcher for torch operators, in the interpreter's profile hook for everything
else, so that no renaming or wrapping hides them.

Leaves out other threads: modes and the hook belong to the thread of the case, so a call
hidden in a thread of the answer's own is not seen. Nor is one made after an answer
removed the hook; who does that knows what it does.
"""

import importlib
import inspect
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from types import BuiltinFunctionType
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode

from .errors import AuthoringError
from .marks import gradient

# Backward mode, and forward mode too: `torch.func` ends in one of these.
AUTOGRAD = (
    "torch.autograd.backward",
    "torch.autograd.grad",
    "torch.autograd.forward_ad.enter_dual_level",
)


Mode: Any = TorchDispatchMode  # torch leaves it untyped


class _Operators(Mode):  # type: ignore[misc] # for the same reason
    def __init__(self, forbidden: set[str], seen: set[str]) -> None:
        super().__init__()
        self.forbidden, self.seen = forbidden, seen

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # Otherwise the first operator imports torch._dynamo, which takes seconds.
        return False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        name = func._schema.name
        if name in self.forbidden:
            self.seen.add(name)
        return func(*args, **(kwargs or {}))


@contextmanager
def forbidden_calls(names: tuple[str, ...], case_file: str = "") -> Iterator[set[str]]:
    """Yields a set that fills with the forbidden names that were called.

    Args:
        names: operators (`"aten::convolution"`), dotted names, or `"autograd"`.
        case_file: the file of the case, whose own `gradient(...)` is no offence.
    """
    seen: set[str] = set()
    operators = {n for n in names if "::" in n}
    callables = {k: n for n in names if "::" not in n for k in _identities(n)}
    with ExitStack() as stack:
        if operators:
            stack.enter_context(_Operators(operators, seen))
        if callables:
            stack.enter_context(_profiled(callables, seen, case_file))
        yield seen


@contextmanager
def _profiled(codes: dict[Any, str], seen: set[str], case_file: str) -> Iterator[None]:
    def profile(frame: Any, event: str, arg: Any) -> None:
        if event == "call":
            key = frame.f_code
        elif event == "c_call":
            key = id(arg)
        else:
            return
        if key in codes and not _asked_by_the_case(frame, case_file):
            seen.add(codes[key])

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        yield
    finally:
        sys.setprofile(before)


def _asked_by_the_case(frame: Any, case_file: str) -> bool:
    """Whether the case itself observes a gradient."""
    caller = frame.f_back
    if caller is None or caller.f_code is not gradient.__code__:
        return False
    return bool(caller.f_back and caller.f_back.f_code.co_filename == case_file)


@cache
def _identities(name: str) -> tuple[Any, ...]:
    """Code objects of Python functions, ids of built-in ones."""
    paths = AUTOGRAD if name == "autograd" else (name,)
    return tuple(_identity(path) for path in paths)


def _identity(path: str) -> Any:
    function = _resolve(path)
    function = getattr(function, "_implementation", function)  # NumPy's dispatchers
    function = inspect.unwrap(function)
    if hasattr(function, "__code__"):
        return function.__code__
    if isinstance(function, BuiltinFunctionType):
        return id(function)
    raise AuthoringError(
        f"forbid={path!r}: calls of a {type(function).__name__} cannot be seen. Name "
        "the operator as torch's dispatcher sees it, or a function."
    )


def _resolve(path: str) -> Any:
    module, _, attribute = path.rpartition(".")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError):
        raise AuthoringError(
            f"forbid={path!r}: there is no such function; correct it in checks.py."
        ) from None
