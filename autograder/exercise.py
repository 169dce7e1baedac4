"""What an author writes: exercises, their cases, and written questions."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, overload

from .errors import AuthoringError
from .variants import Backend, Variant, variants_of

CaseFunction = Callable[..., Any]
Judge = Callable[[Any, Any, Any], str | None]
Given = Callable[[Any], tuple[Any, Any]]


@dataclass(frozen=True)
class Case:
    """A plain function that drives an implementation and returns what it observes.

    Its docstring is the sentence that the student reads. `without` names variants in
    which it is not run: a training that takes long need not be repeated in all.
    """

    name: str
    sentence: str
    function: CaseFunction
    parameters: tuple[str, ...]
    weight: float = 1.0
    hidden: bool = False
    judge: Judge | None = None
    given: Given | None = None
    without: tuple[str, ...] = ()


@dataclass
class Exercise:
    """Something the student implements: one or more functions or classes.

    Args:
        name: what reports call it, and its only function unless `functions` says more.
        points: what a right answer earns.
        functions: names that the answer must define.
        backend: what `rng` draws, torch tensors or NumPy arrays.
        forbid: operators (`"aten::convolution"`), callables by dotted name
            (`"numpy.linalg.inv"`) or `"autograd"`, that the answer must not use.
        mutates: whether the answer may change its arguments in place.
        without: names of variants that make no sense here.
        slow: FAILED beyond this many times the reference's time (and half a second).
        processes: how many processes the answer or its case starts that talk over
            loopback (as torch.distributed does); 0 for none, and no sockets.
    """

    name: str
    points: float
    functions: tuple[str, ...] = ()
    backend: Backend = "torch"
    forbid: tuple[str, ...] = ()
    mutates: bool = False
    without: tuple[str, ...] = ()
    slow: float = 100.0
    processes: int = 0
    cases: list[Case] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        self.functions = self.functions or (self.name,)

    @overload
    def case(self, function: CaseFunction) -> CaseFunction: ...

    @overload
    def case(
        self,
        *,
        weight: float = ...,
        hidden: bool = ...,
        judge: Judge | None = ...,
        given: Given | None = ...,
        without: tuple[str, ...] = ...,
    ) -> Callable[[CaseFunction], CaseFunction]: ...

    def case(self, function: CaseFunction | None = None, **options: Any) -> Any:
        """Add a case. Decorates a function; see `Case` for the options."""
        if function is None:
            return lambda f: self._add(f, options)
        return self._add(function, {})

    def _add(self, function: CaseFunction, options: dict[str, Any]) -> CaseFunction:
        parameters = tuple(inspect.signature(function).parameters)
        allowed = {*self.functions, "rng", "given"}
        where = f"case {function.__name__!r} of exercise {self.name!r}"
        if unknown := set(parameters) - allowed:
            raise AuthoringError(
                f"{where} asks for {', '.join(sorted(unknown))}; a case may ask for "
                f"{', '.join(sorted(allowed))}. Rename the parameter."
            )
        if not function.__doc__:
            raise AuthoringError(
                f"{where} has no docstring; write the sentence that the student reads."
            )
        sentence = " ".join(inspect.cleandoc(function.__doc__).split())
        self.cases.append(
            Case(function.__name__, sentence, function, parameters, **options)
        )
        return function

    @property
    def variants(self) -> tuple[Variant, ...]:
        """The ways in which each case is run."""
        return variants_of(self.backend, self.without)


@dataclass(frozen=True)
class Written:
    """A question answered in words and graded by a person."""

    name: str
    points: float


def at_least(figure: Callable[[Any, Any], float], threshold: float) -> Judge:
    """A judge: `figure(got, secret)` must reach the threshold."""

    def judge(got: Any, expected: Any, secret: Any) -> str | None:
        value = float(figure(got, secret))
        if value >= threshold:
            return None
        return f"{_name(figure)} is too low: {value:.4g}, at least {threshold:g} needed"

    return judge


def at_most(figure: Callable[[Any, Any], float], threshold: float) -> Judge:
    """A judge: `figure(got, secret)` must not exceed the threshold."""

    def judge(got: Any, expected: Any, secret: Any) -> str | None:
        value = float(figure(got, secret))
        if value <= threshold:
            return None
        return (
            f"{_name(figure)} is too high: {value:.4g}, at most {threshold:g} allowed"
        )

    return judge


def _name(figure: Callable[..., Any]) -> str:
    return getattr(figure, "__name__", "the figure").replace("_", " ")
