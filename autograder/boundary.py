"""What stands between a case and an answer's functions.

Hands over non-contiguous arguments, and notices arguments that are changed in place.
Only the case's own calls count: what an answer does among its own functions and
methods is its business.
"""

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from .devices import on_cpu
from .rng import strided


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
        self._inside = False
        self._ids: list[int] = []

    def wrap(self, implementation: Any) -> Any:
        """The implementation, observed; a class is observed method by method."""
        if not (self.make_strided or self.watch):
            return implementation
        if not inspect.isclass(implementation):
            return self._function(implementation)
        wrapped = {
            name: self._function(method, skip=1)
            for name, method in _own_methods(implementation).items()
            if _is_called_by_a_case(name)
        }
        if inspect.isfunction(implementation.__init__):
            wrapped["__init__"] = self._built_by(implementation.__init__)
        metaclass: Any = type(implementation)
        return metaclass(
            implementation.__name__,
            (implementation,),
            {"__module__": implementation.__module__, **wrapped},
        )

    def _function(self, function: Callable[..., Any], skip: int = 0) -> Any:
        @functools.wraps(function, updated=())
        def call(*args: Any, **kwargs: Any) -> Any:
            if self._inside:
                return function(*args, **kwargs)
            self._inside = True
            try:
                return self._crossed(function, skip, args, kwargs)
            finally:
                self._inside = False

        return call

    def _built_by(self, init: Callable[..., Any]) -> Any:
        """A constructor; what it calls is not called by the case."""

        @functools.wraps(init, updated=())
        def call(*args: Any, **kwargs: Any) -> Any:
            before, self._inside = self._inside, True
            try:
                return init(*args, **kwargs)
            finally:
                self._inside = before

        return call

    def _crossed(
        self, function: Callable[..., Any], skip: int, args: Any, kwargs: Any
    ) -> Any:
        if self.make_strided:
            own, given = args[:skip], args[skip:]
            args = (*own, *(self._strided(a) for a in given))
            kwargs = {k: self._strided(v) for k, v in kwargs.items()}
        if not self.watch:
            return function(*args, **kwargs)
        named = [*_named(function, args)[skip:], *kwargs.items()]
        before = [(n, a, _copy(a)) for n, v in named for a in arrays_in(v)]
        try:
            return function(*args, **kwargs)
        finally:
            self.mutated |= {n for n, a, copy in before if _changed(a, copy)}

    def _strided(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {k: self._strided(v) for k, v in value.items()}
        if type(value) in (list, tuple):  # named tuples stay as they are
            return type(value)(self._strided(v) for v in value)
        if not isinstance(value, (torch.Tensor, np.ndarray)):
            return value
        if self._is_known(value) or not _contiguous(value):
            return value
        return strided(value)

    def _is_known(self, value: Any) -> bool:
        while len(self._ids) < len(self.known):  # the case goes on drawing
            self._ids.append(id(self.known[len(self._ids)]))
        return id(value) in self._ids


def _own_methods(implementation: type) -> dict[str, Callable[..., Any]]:
    """The answer's methods, those from bases that stand beside it included."""
    found: dict[str, Callable[..., Any]] = {}
    for base in reversed(implementation.__mro__):
        if base.__module__ == implementation.__module__:
            found |= {n: m for n, m in vars(base).items() if inspect.isfunction(m)}
    return found


def _is_called_by_a_case(name: str) -> bool:
    return name == "__call__" or not name.startswith("_")


def _named(function: Callable[..., Any], args: Any) -> list[tuple[str, Any]]:
    names = _parameters(function)
    rest = [f"argument {i + 1}" for i in range(len(names), len(args))]
    return list(zip([*names, *rest], args, strict=False))


@functools.lru_cache(maxsize=256)
def _parameters(function: Callable[..., Any]) -> list[str]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):  # built-in functions may have no signature
        return []
    positional = (
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
    )
    return [p.name for p in parameters if p.kind in positional]


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
        if array.shape != before.shape or array.dtype != before.dtype:
            return True
        return not np.array_equal(array, before) and (
            array.tobytes() != before.tobytes()
        )
    now = on_cpu(array)
    if now.shape != before.shape or now.dtype != before.dtype:
        return True
    if torch.equal(now, before):
        return False
    return not bool(((now == before) | ((now != now) & (before != before))).all())


def _contiguous(array: Any) -> bool:
    if isinstance(array, np.ndarray):
        return bool(array.flags.c_contiguous)
    return bool(array.is_contiguous())
