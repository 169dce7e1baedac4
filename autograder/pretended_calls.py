"""What Python asks about a pretended GPU, answered before torch looks for a real one.

`x.to(device)`, `torch.zeros(n, device=...)`, `.numpy()` and their like never reach the
operators as such: a function mode meets them on the way.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.autograd.function import BackwardCFunction
from torch.overrides import TorchFunctionMode

from .pretended import GPU, Operators, Pretended, cross, inside_gpu_call


class _Functions(TorchFunctionMode):
    """Answers what Python asks about devices, before torch looks for a real GPU."""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name == "__get__":  # a property, such as x.shape
            return func(*args)
        if func == SET_DATA and isinstance(args[0], Pretended):
            return _set_data(*args)
        if name in ANSWERS and args and isinstance(args[0], torch.Tensor):
            answer = ANSWERS[name](func, args, kwargs)
            if answer is not NotImplemented:
                return answer
        if func in LITERALS and args:
            args = (_numbers(args[0]), *args[1:])
        # Module.to(device=...) only reads its arguments by this call.
        if kwargs.get("device") is not None and name != "_parse_to":
            return _built(func, args, dict(kwargs))
        if not _any_pretended((*args, *kwargs.values())):
            return func(*args, **kwargs)
        inside_gpu_call.append(True)  # by hand: this is a hot path, too
        try:
            return func(*args, **kwargs)
        finally:
            inside_gpu_call.pop()


SET_DATA = torch.Tensor.data.__set__  # type: ignore[attr-defined] # a descriptor


def _set_data(x: Pretended, new: torch.Tensor) -> None:
    """`x.data = new`: the numbers that operators see lie inside."""
    if not isinstance(new, Pretended):
        raise RuntimeError(
            "Expected x.data to be set to a tensor on the same device, but found at "
            "least two devices, cuda:0 and cpu!"
        )
    SET_DATA(x, new)
    x.inner = new.inner.detach()


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
    before = inside_gpu_call[:]
    inside_gpu_call.clear()
    try:
        yield
    finally:
        inside_gpu_call[:] = before


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
        with _Functions(), Operators():
            yield
    finally:
        function.apply = apply
        torch.__future__.set_overwrite_module_params_on_conversion(overwrites)
