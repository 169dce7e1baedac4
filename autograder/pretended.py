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

from functools import cache
from typing import Any

import torch
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

inside_gpu_call: list[bool] = []  # not empty while torch works on pretended tensors


def _dispatch(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Run an operator on the CPU numbers; this is the hot path."""
    strangers: list[torch.Tensor] = []
    ours: list[Pretended] = []
    inner_args = [_inner(a, ours, strangers) for a in args]
    inner_kwargs = {k: _inner(v, ours, strangers) for k, v in kwargs.items()}
    if not ours:
        made = func(*args, **kwargs)
        if inside_gpu_call and not strangers and isinstance(made, torch.Tensor):
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


class Operators(Mode):  # type: ignore[misc] # a base that is Any
    """Sees operators over plain tensors too, so that scratch space is recognised."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # Otherwise the first operator imports torch._dynamo, which takes seconds.
        return False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return _dispatch(func, args, kwargs or {})
