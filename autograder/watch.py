"""Calls that an exercise forbids, seen at run time while an answer runs.

At the dispatcher for torch operators, in the interpreter's profile hook for everything
else, so that no renaming or wrapping hides them.

In the thread of the case and in those that an answer starts. An answer that removes
what watches it has called something forbidden; a cell that replaced this module has not
been seen.
"""

import contextlib
import functools
import importlib
import inspect
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache
from types import BuiltinFunctionType
from typing import Any

from torch.utils._python_dispatch import (
    TorchDispatchMode,
    _get_current_dispatch_mode,
)

from .errors import AuthoringError
from .marks import gradient

# Where torch itself looks these up, backward mode and forward mode: every way to
# autograd ends in one of them (`backward`, `grad`, `torch.func`), under any alias.
# Replacing them costs nothing, while the profile hook slows every call of an answer.
BACKWARD = ("torch.autograd", "torch.autograd.graph"), "_engine_run_backward"
FORWARD = (
    ("torch._functorch.predispatch", "_enter_dual_level"),
    ("torch._C", "_enter_dual_level"),
)

# What threading itself calls, before Python 3.13 and since.
START = (
    "_start_joinable_thread"
    if hasattr(threading, "_start_joinable_thread")
    else "_start_new_thread"
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
    callables = {_identity(n): n for n in names if "::" not in n and n != "autograd"}

    @contextmanager
    def here() -> Iterator[None]:
        with ExitStack() as stack:  # of this thread
            if operators:
                stack.enter_context(_watched_operators(operators, seen))
            if callables:
                stack.enter_context(_profiled(callables, seen))
            yield

    with ExitStack() as stack:
        if "autograd" in names:
            stack.enter_context(_autograd(seen, case_file))
        if operators or callables:
            stack.enter_context(_in_new_threads(here))
        stack.enter_context(here())
        yield seen


@contextmanager
def _in_new_threads(here: Callable[[], AbstractContextManager[None]]) -> Iterator[None]:
    """Modes and the profile hook belong to a thread: each one started gets its own."""
    original = getattr(threading, START)

    def start(function: Any, *arguments: Any, **options: Any) -> Any:
        def run(*given: Any, **named: Any) -> Any:
            with here():
                return function(*given, **named)

        return original(run, *arguments, **options)

    setattr(threading, START, start)
    try:
        yield
    finally:
        setattr(threading, START, original)


@contextmanager
def _watched_operators(names: set[str], seen: set[str]) -> Iterator[None]:
    mode = _Operators(names, seen)
    mode.__enter__()
    try:
        yield
    finally:
        if _get_current_dispatch_mode() is mode:
            mode.__exit__(None, None, None)
        else:  # an answer took it away
            seen.add("torch's dispatch modes")


@contextmanager
def _autograd(seen: set[str], case_file: str) -> Iterator[None]:
    def watched(original: Any) -> Any:
        @functools.wraps(original)
        def call(*args: Any, **kwargs: Any) -> Any:
            if not _asked_by_the_case(sys._getframe(2), case_file):
                seen.add("autograd")
            return original(*args, **kwargs)

        return call

    originals = {door: getattr(*door) for door in _doors()}
    guards = {door: watched(original) for door, original in originals.items()}
    for door, guard in guards.items():
        setattr(*door, guard)
    try:
        yield
    finally:
        if any(getattr(*door) is not guard for door, guard in guards.items()):
            seen.add("autograd")  # or whatever the guard was removed for
        for door, original in originals.items():
            setattr(*door, original)


@cache
def _doors() -> list[tuple[Any, str]]:
    """(module, name) of the functions through which autograd is entered."""
    modules, engine = BACKWARD
    wanted = [(m, engine) for m in modules] + list(FORWARD)
    found = [(importlib.import_module(m), name) for m, name in wanted]
    return [(module, name) for module, name in found if hasattr(module, name)]


@contextmanager
def _profiled(codes: dict[Any, str], seen: set[str]) -> Iterator[None]:
    def profile(frame: Any, event: str, arg: Any) -> None:
        if event == "call":
            key = frame.f_code
        elif event == "c_call":
            key = id(arg)
        else:
            return
        if key in codes:
            seen.add(codes[key])

    codes = codes | {id(sys.setprofile): "sys.setprofile"}  # to remove is to be seen
    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        yield
    finally:
        removed = "sys.setprofile" in seen or sys.getprofile() is not profile
        sys.setprofile(before)  # which is seen as well
        if not removed:
            seen.discard("sys.setprofile")


def _asked_by_the_case(frame: Any, case_file: str) -> bool:
    """Whether a frame was called by `gradient`, which the case itself called."""
    if frame is None or frame.f_code is not gradient.__code__:
        return False
    return bool(frame.f_back and frame.f_back.f_code.co_filename == case_file)


@cache
def _identity(path: str) -> Any:
    """The code object of a Python function, the id of a built-in one.

    A class is seen when it is built: by the code of its own constructor.
    """
    function = _resolve(path)
    if inspect.isclass(function):
        function = vars(function).get("__init__", function)
    function = getattr(function, "_implementation", function)  # NumPy's dispatchers
    function = inspect.unwrap(function)
    if hasattr(function, "__code__"):
        return function.__code__
    if isinstance(function, BuiltinFunctionType):
        return id(function)
    raise AuthoringError(
        f"forbid={path!r}: calls of a {type(function).__name__} cannot be seen. Name "
        "the operator as torch's dispatcher sees it, a function, a method, or a class "
        "with a constructor in Python."
    )


def _resolve(path: str) -> Any:
    module, _, attribute = path.rpartition(".")
    with contextlib.suppress(ImportError, AttributeError, ValueError):
        return getattr(importlib.import_module(module), attribute)
    owner, _, name = module.rpartition(".")  # a method of a class
    with contextlib.suppress(ImportError, AttributeError, ValueError):
        return getattr(getattr(importlib.import_module(owner), name), attribute)
    raise AuthoringError(
        f"forbid={path!r}: there is no such function; correct it in checks.py."
    )
