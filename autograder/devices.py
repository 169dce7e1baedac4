"""A second device for every answer: CUDA where there is one, else a pretended GPU.

A `Pretended` tensor computes with real CPU numbers, says that it lives on `cuda:0`, and
refuses what a GPU refuses: an operator over both devices, `.numpy()`. A tensor that an
answer builds on the wrong device is then found on any laptop, with true values and
data-dependent control flow (fake tensors have neither).

Leaves out streams, memory limits and the numerics of a real GPU.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import (
    TorchDispatchMode,
    return_and_correct_aliasing,
)
from torch.utils._pytree import tree_flatten, tree_map

GPU = torch.device("cuda", 0)
aten = torch.ops.aten
# Operators in which a GPU, too, takes a CPU tensor.
CROSSING = {aten.copy_.default, aten._to_copy.default, aten.index.Tensor}
INDEXED_WRITES = {
    aten.index_put_.default,
    aten.index_put.default,
    aten._index_put_impl_.default,
}


class Pretended(torch.Tensor):
    """A CPU tensor that claims to be on a GPU."""

    inner: torch.Tensor
    device = property(lambda self: GPU)  # type: ignore[assignment]
    is_cuda = property(lambda self: True)  # type: ignore[assignment]
    is_cpu = property(lambda self: False)  # type: ignore[assignment]

    @staticmethod
    def __new__(cls, inner: torch.Tensor) -> "Pretended":
        self: Pretended = torch.Tensor._make_wrapper_subclass(  # type: ignore[attr-defined]
            cls,
            inner.size(),
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device="cpu",
        )
        self.inner = inner
        return self

    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    @classmethod
    def __torch_dispatch__(
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return _dispatch(func, args, kwargs or {})

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return repr(self.inner.detach())[:-1] + ", device='cuda:0')"


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


def _cross(x: torch.Tensor, pretend: bool) -> torch.Tensor:
    if isinstance(x, Pretended) == pretend:
        return x
    moved: torch.Tensor = _Crossing.apply(x, pretend)
    return moved


_inside_gpu_call: list[
    bool
] = []  # not empty while an operator runs on the pretended GPU


def _dispatch(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    leaves = tree_flatten((args, kwargs))[0]
    tensors = [x for x in leaves if isinstance(x, torch.Tensor)]
    pretended = any(isinstance(x, Pretended) for x in tensors)
    if not pretended:
        made = func(*args, **kwargs)
        if _inside_gpu_call and not tensors and isinstance(made, torch.Tensor):
            return Pretended(made)  # an operator's own scratch space
        return made
    if func in INDEXED_WRITES:
        tensors = [args[0], args[2]]  # the indices may stay on the CPU
    if func not in CROSSING:
        _refuse_mixture(func, tensors)
    inner_args, inner_kwargs = tree_map(
        lambda x: x.inner if isinstance(x, Pretended) else x, (args, kwargs)
    )
    if "device" in inner_kwargs:
        inner_kwargs["device"] = torch.device("cpu")
    out = func(*inner_args, **inner_kwargs)
    if func is aten.copy_.default and not isinstance(args[0], Pretended):
        return args[0]
    out = tree_map(lambda x: Pretended(x) if isinstance(x, torch.Tensor) else x, out)
    return return_and_correct_aliasing(func, args, kwargs, out)


def _refuse_mixture(func: Any, tensors: list[torch.Tensor]) -> None:
    if any(not isinstance(x, Pretended) and x.dim() > 0 for x in tensors):
        raise RuntimeError(
            "Expected all tensors to be on the same device, but found at least two "
            f"devices, cuda:0 and cpu! (in {func.overloadpacket.__name__})"
        )


class _Dispatch(TorchDispatchMode):
    """Sees operators over plain tensors too, so that a mixture is refused."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return _dispatch(func, args, kwargs or {})


def _is_gpu(device: Any) -> bool:
    if isinstance(device, str):
        return device.startswith("cuda")
    return isinstance(device, torch.device) and device.type == "cuda"


def _asks_numpy(func: Any) -> bool:
    return getattr(func, "__name__", "") in {"numpy", "__array__"}


class _Functions(TorchFunctionMode):
    """Answers what Python asks about devices, before torch looks for a real GPU."""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        first = args[0] if args else None
        name = getattr(func, "__name__", "")
        if isinstance(first, Pretended):
            if name == "tolist":
                return on_cpu(first).tolist()
            if _asks_numpy(func):
                raise TypeError(
                    "can't convert cuda:0 device type tensor to numpy. Use "
                    "Tensor.cpu() to copy the tensor to host memory first."
                )
        if isinstance(first, torch.Tensor) and name in {"to", "cuda", "cpu"}:
            return self._moved(func, name, first, args, kwargs)
        if "device" in kwargs and kwargs["device"] is not None:
            return self._built(func, args, kwargs)
        if not any(isinstance(x, Pretended) for x in tree_flatten((args, kwargs))[0]):
            return func(*args, **kwargs)
        _inside_gpu_call.append(True)
        try:
            return func(*args, **kwargs)
        finally:
            _inside_gpu_call.pop()

    def _moved(
        self, func: Any, name: str, x: torch.Tensor, args: Any, kwargs: dict[str, Any]
    ) -> torch.Tensor:
        if name != "to":
            return _cross(x, name == "cuda")
        places = [*args[1:], kwargs.pop("device", None)]
        target: bool | None = None
        rest = []
        for place in places:
            if isinstance(place, torch.Tensor):
                target = isinstance(place, Pretended)
                rest.append(place.dtype)
            elif isinstance(place, (str, torch.device)):
                target = _is_gpu(place)
            elif place is not None:
                rest.append(place)
        x = x if target is None else _cross(x, target)
        rest = [r for r in rest if not isinstance(r, bool)]
        moved: torch.Tensor = func(x, *rest, **kwargs) if rest or kwargs else x
        return moved

    def _built(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        gpu = _is_gpu(kwargs.pop("device"))
        if func in {torch.tensor, torch.as_tensor} and isinstance(
            args[0], torch.Tensor
        ):
            return _cross(args[0], gpu)
        requires_grad = kwargs.pop("requires_grad", False)
        like = isinstance(args[0], Pretended) if args else False
        made = func(*args, **kwargs)
        if not isinstance(made, torch.Tensor):
            return made
        made = _cross(made, gpu) if gpu or like else made
        return made.detach().requires_grad_() if requires_grad else made


def real_gpu() -> bool:
    """Whether this process can use CUDA."""
    return torch.cuda.is_available()


def move(x: torch.Tensor) -> torch.Tensor:
    """The tensor on the second device."""
    return x.to(GPU) if real_gpu() else Pretended(x)


def device_of(x: torch.Tensor) -> str:
    """ "cpu", "cuda", ...: a pretended tensor is on "cuda"."""
    return GPU.type if isinstance(x, Pretended) else x.device.type


def on_cpu(x: torch.Tensor) -> torch.Tensor:
    """The plain values of a tensor, detached, on the CPU, contiguous."""
    x = x.inner if isinstance(x, Pretended) else x
    return torch.Tensor.detach(x).as_subclass(torch.Tensor).cpu().contiguous()


@contextmanager
def second_device() -> Iterator[None]:
    """Makes `move`d tensors behave as on a GPU; nothing where one is real."""
    if real_gpu():
        yield
        return
    overwrites = torch.__future__.get_overwrite_module_params_on_conversion()
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    try:
        with _Functions(), _Dispatch():
            yield
    finally:
        torch.__future__.set_overwrite_module_params_on_conversion(overwrites)
