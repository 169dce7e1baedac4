"""A GPU for laptops: tensors that compute on the CPU and behave as if on `cuda:0`.

A `Pretended` tensor computes with real CPU numbers, says that it lives on `cuda:0`, and
refuses what a GPU refuses: an operator over both devices, `.numpy()`. A tensor that an
answer builds on the wrong device is then found on any laptop, with true values and
data-dependent control flow (fake tensors have neither).

To C++ a pretended tensor lies on the CPU (autograd has no queue for a GPU that is not
there), so what C++ code builds for itself has to be recognised: inside a Python call
that was given a pretended tensor, what an operator makes from nothing is on the GPU.

Leaves out streams, memory limits, generators on the GPU and the numerics of a real one.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
from torch.autograd.function import BackwardCFunction
from torch.overrides import TorchFunctionMode
from torch.utils import _python_dispatch

CPU, GPU = torch.device("cpu"), torch.device("cuda", 0)
aten = torch.ops.aten
# Typed as Any: torch leaves them untyped, or declares them otherwise than it is.
Mode: Any = _python_dispatch.TorchDispatchMode
TensorBase: Any = torch.Tensor
corrected: Any = _python_dispatch.return_and_correct_aliasing
# Operators in which a GPU, too, takes a CPU tensor as ...
CROSSING = {aten.copy_.default, aten._to_copy.default}  # ... any argument
INDEXED = {  # ... an index
    aten.index.Tensor,
    aten.index_put_.default,
    aten.index_put.default,
    aten._index_put_impl_.default,
}
# Elsewhere a CPU tensor without axes passes for a number, but not in these:
STRICT = {aten.cat.default, aten.stack.default, aten.index_select.default}


class Pretended(TensorBase):  # type: ignore[misc] # a base that is Any
    """A CPU tensor that claims to be on a GPU."""

    inner: torch.Tensor
    device = property(lambda self: GPU)
    is_cuda = property(lambda self: True)
    is_cpu = property(lambda self: False)

    @staticmethod
    def __new__(cls, inner: torch.Tensor) -> "Pretended":  # noqa: D102 a constructor
        made: Pretended = TensorBase._make_wrapper_subclass(
            cls,
            inner.size(),
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=CPU,
        )
        made.inner = inner
        return made

    __torch_function__ = torch._C._disabled_torch_function_impl

    @classmethod
    def __torch_dispatch__(
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return _dispatch(func, args, kwargs or {})

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return repr(self.inner.detach())[:-1] + ", device='cuda:0')"


# Crossing from one device to the other


class _Crossing(torch.autograd.Function):
    """Moves between the devices; the gradient travels back."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, pretend: bool) -> torch.Tensor:
        ctx.pretend = isinstance(x, Pretended)
        return _placed(x, pretend)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Any:
        return _placed(grads[0], ctx.pretend), None


def _placed(x: torch.Tensor, pretend: bool) -> torch.Tensor:
    inner = x.inner if isinstance(x, Pretended) else x.detach()
    return Pretended(inner.clone()) if pretend else inner.clone()


def cross(x: torch.Tensor, pretend: bool) -> torch.Tensor:
    """The tensor on the other device; itself if it is there already."""
    if isinstance(x, Pretended) == pretend:
        return x
    crossing: Any = _Crossing
    moved: torch.Tensor = crossing.apply(x, pretend)
    return moved


# Operators

_inside_gpu_call: list[bool] = []  # not empty while torch works on pretended tensors


def _dispatch(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Run an operator on the CPU numbers; this is the hot path."""
    strangers: list[torch.Tensor] = []
    ours: list[Pretended] = []
    inner_args = [_inner(a, ours, strangers) for a in args]
    inner_kwargs = {k: _inner(v, ours, strangers) for k, v in kwargs.items()}
    if not ours:
        made = func(*args, **kwargs)
        if _inside_gpu_call and not strangers and isinstance(made, torch.Tensor):
            return Pretended(made)  # an operator's own scratch space
        return made
    if strangers:
        _refuse_mixture(func, args, strangers)
    if "device" in inner_kwargs:
        inner_kwargs["device"] = CPU
    out = func(*inner_args, **inner_kwargs)
    written = _written(func)
    if written is None:
        return _wrapped(out)
    if not written:
        return corrected(func, args, kwargs, _wrapped(out))
    returned = [args[w] if isinstance(w, int) else kwargs[w] for w in written]
    return returned[0] if len(returned) == 1 else tuple(returned)


def _inner(value: Any, ours: list[Pretended], strangers: list[torch.Tensor]) -> Any:
    """The value with CPU numbers; notes the tensors of both devices."""
    if isinstance(value, Pretended):
        ours.append(value)
        return value.inner
    if isinstance(value, torch.Tensor):
        strangers.append(value)
        return value
    if isinstance(value, (list, tuple)) and not (value and type(value[0]) is int):
        return [_inner(v, ours, strangers) for v in value]
    return value


def _wrapped(out: Any) -> Any:
    if isinstance(out, torch.Tensor):
        return Pretended(out)
    if isinstance(out, (list, tuple)):
        return type(out)(map(_wrapped, out))
    return out


@cache
def _written(func: Any) -> tuple[int | str, ...] | None:
    """Which arguments an operator writes to and returns; None if its result is new.

    The empty tuple stands for operators that change a tensor's shape in place.
    """
    if torch.Tag.inplace_view in func.tags:
        return ()
    schema = func._schema
    written = [r.alias_info for r in schema.returns if r.alias_info]
    written = [a for a in written if a.is_write]
    if not written:
        return None
    found: list[int | str] = []
    for alias in written:
        for i, argument in enumerate(schema.arguments):
            if argument.alias_info and argument.alias_info.before_set == (
                alias.before_set
            ):
                found.append(argument.name if argument.kwarg_only else i)
    return tuple(found)


def _refuse_mixture(func: Any, args: Any, strangers: list[torch.Tensor]) -> None:
    """Raise torch's own error, unless a GPU takes these CPU tensors."""
    if func in CROSSING:
        return
    if func in INDEXED:
        indices = {id(i) for i in args[1]}
        strangers = [x for x in strangers if id(x) not in indices]
    targets = {id(args[w]) for w in _written(func) or () if isinstance(w, int)}
    for x in strangers:
        if x.dim() > 0 or func in STRICT or id(x) in targets:
            raise RuntimeError(
                "Expected all tensors to be on the same device, but found at least two "
                f"devices, cuda:0 and cpu! (in {func.overloadpacket.__name__})"
            )


class _Dispatch(Mode):  # type: ignore[misc] # a base that is Any
    """Sees operators over plain tensors too, so that scratch space is recognised."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # Otherwise the first operator imports torch._dynamo, which takes seconds.
        return False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return _dispatch(func, args, kwargs or {})


# Python calls


class _Functions(TorchFunctionMode):
    """Answers what Python asks about devices, before torch looks for a real GPU."""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name == "__get__":  # a property, such as x.shape
            return func(*args)
        if name in ANSWERS and args and isinstance(args[0], torch.Tensor):
            answer = ANSWERS[name](func, args, kwargs)
            if answer is not NotImplemented:
                return answer
        if func in LITERALS and args:
            args = (_numbers(args[0]), *args[1:])
        if kwargs.get("device") is not None:
            return _built(func, args, dict(kwargs))
        if not _any_pretended((*args, *kwargs.values())):
            return func(*args, **kwargs)
        _inside_gpu_call.append(True)  # by hand: this is a hot path, too
        try:
            return func(*args, **kwargs)
        finally:
            _inside_gpu_call.pop()


LITERALS = {torch.tensor, torch.as_tensor}


def _numbers(values: Any) -> Any:
    """Lists of pretended numbers as lists of numbers: torch reads them one by one."""
    if isinstance(values, (list, tuple)):
        return [v.item() if isinstance(v, Pretended) else _numbers(v) for v in values]
    return values


def _any_pretended(values: Any) -> bool:
    for value in values:
        if isinstance(value, Pretended):
            return True
        if isinstance(value, (list, tuple)) and _any_pretended(value):
            return True
    return False


@contextmanager
def _answer_runs() -> Iterator[None]:
    """What an answer's own code makes from nothing is on the CPU."""
    before = _inside_gpu_call[:]
    _inside_gpu_call.clear()
    try:
        yield
    finally:
        _inside_gpu_call[:] = before


def _is_gpu(device: Any) -> bool:
    if isinstance(device, str):
        return device.startswith("cuda")
    if isinstance(device, int):
        return True  # torch reads a bare number as the number of a GPU
    return isinstance(device, torch.device) and device.type == "cuda"


def _built(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """What a factory makes on the device that was asked for."""
    gpu = _is_gpu(kwargs.pop("device"))
    if gpu and isinstance(kwargs.get("generator"), torch.Generator):
        raise RuntimeError(
            "Expected a 'cuda' device type for generator but found 'cpu'"
        )
    if func in LITERALS and isinstance(args[0], torch.Tensor):
        return cross(args[0], gpu)
    requires_grad = kwargs.pop("requires_grad", False)
    made = func(*args, **kwargs)
    if not isinstance(made, torch.Tensor):
        return made
    made = cross(made, gpu)
    return made.detach().requires_grad_() if requires_grad else made


def _to(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """`x.to(...)`, whatever it names: a device, a dtype, another tensor."""
    x, kwargs = args[0], dict(kwargs)
    target: bool | None = None
    rest = []
    for place in (*args[1:], kwargs.pop("device", None), kwargs.pop("other", None)):
        if isinstance(place, torch.Tensor):
            target = isinstance(place, Pretended)
            rest.append(place.dtype)
        elif isinstance(place, (str, torch.device)):
            target = _is_gpu(place)
        elif place is not None and not isinstance(place, bool):
            rest.append(place)
    x = x if target is None else cross(x, target)
    return func(x, *rest, **kwargs) if rest or kwargs else x


def _numpy(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    if not isinstance(args[0], Pretended):
        return NotImplemented
    if kwargs.get("force"):
        return args[0].inner.detach().numpy()
    raise TypeError(
        "can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy "
        "the tensor to host memory first."
    )


def _of_inner(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    if not isinstance(args[0], Pretended):
        return NotImplemented
    return func(args[0].inner.detach(), *args[1:], **kwargs)


def _format(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    x = args[0]
    single = isinstance(x, Pretended) and x.dim() == 0
    return format(x.item(), args[1]) if single else NotImplemented


def _new_tensor(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    if not isinstance(args[0], Pretended):
        return NotImplemented
    device = kwargs.get("device") or GPU
    given = {k: v for k, v in kwargs.items() if k != "device"}
    dtype = {"dtype": given.pop("dtype", None) or args[0].dtype}
    return _built(torch.tensor, args[1:], {**given, **dtype, "device": device})


ANSWERS: dict[str, Callable[[Any, Any, dict[str, Any]], Any]] = {
    "to": _to,
    "cuda": lambda func, args, kwargs: cross(args[0], True),
    "cpu": lambda func, args, kwargs: cross(args[0], False),
    "numpy": _numpy,
    "__array__": _numpy,
    "tolist": _of_inner,
    "data_ptr": _of_inner,
    "untyped_storage": _of_inner,
    "get_device": lambda func, args, kwargs: (
        0 if isinstance(args[0], Pretended) else NotImplemented
    ),
    "new_tensor": _new_tensor,
    "__format__": _format,
}


@contextmanager
def pretended_gpu() -> Iterator[None]:
    """Makes pretended tensors behave as on a GPU."""
    overwrites = torch.__future__.get_overwrite_module_params_on_conversion()
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    function: Any = BackwardCFunction
    apply = function.apply

    def backward(self: Any, *grads: Any) -> Any:
        # The engine runs an answer's own backward while our mode is switched off.
        with _Functions(), _answer_runs():
            return apply(self, *grads)

    function.apply = backward
    try:
        with _Functions(), _Dispatch():
            yield
    finally:
        function.apply = apply
        torch.__future__.set_overwrite_module_params_on_conversion(overwrites)
