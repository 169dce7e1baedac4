"""Importing torchvision beside a CPU-only torch.

torchvision's wheel is built against CUDA. Beside a CPU-only torch its compiled part
does not load, and `import torchvision` dies with "operator torchvision::nms does
not exist", because it describes two operators that nobody has defined. Defining
their signatures is enough: models, transforms, data sets and all operators written
in Python then work.

Left out: what needs the compiled part (`ops.nms`, `ops.roi_pool`,
`ops.deform_conv2d`, all of `torchvision.io`) still raises when it is called.
"""

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

_SIGNATURES = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
# torch forgets definitions when the library object dies, so it is kept here.
_kept: list[Any] = []
# These two parts of torch are not typed.
_torch_library: Any = torch.library
_torch_ops: Any = torch.ops


def load_torchvision(submodule: str = "") -> ModuleType:
    """Import torchvision, or a submodule of it, whatever torch is installed.

        models = load_torchvision("models")

    Args:
        submodule: for instance "datasets" or "transforms.v2".
    """
    cure()
    return import_module(f"torchvision.{submodule}" if submodule else "torchvision")


def cure() -> bool:
    """Define what torchvision misses; call it before the first torchvision import.

    Does nothing with a CUDA torch, where torchvision is loaded already, and where
    its compiled part loads.

    Returns:
        Whether operators were defined, now or by an earlier call.
    """
    if _kept:
        return True
    if torch.version.cuda is not None or "torchvision" in sys.modules:
        return False
    if _compiled_part_loads():
        return False
    library: Any = _torch_library.Library("torchvision", "FRAGMENT")
    for signature in _SIGNATURES:
        library.define(signature)
    _kept.append(library)
    return True


def _compiled_part_loads() -> bool:
    spec = find_spec("torchvision")  # finds the folder without importing it
    if spec is None or spec.origin is None:
        return True  # not installed: let the import itself say so
    for path in sorted(Path(spec.origin).parent.glob("_C*.so")):
        try:
            _torch_ops.load_library(str(path))
        except OSError:
            return False
    return True
