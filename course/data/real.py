"""The real image data sets: MNIST, Fashion-MNIST, CIFAR-10 and CIFAR-100.

Letters: N images, H height, W width.

All pixels are divided by 255 and nothing else: normalising is the user's choice.
Left out: CIFAR-100's twenty coarse classes.
"""

import gzip
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from course.data.catalogue import Source, named
from course.data.finding import find_or_download
from course.data.images import Images
from course.errors import DamagedDataError
from course.torchvision_cure import load_torchvision

_FASHION = (
    "T-shirt/top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)


def mnist() -> tuple[Images, Images]:
    """Return MNIST: train x (60000, 1, 28, 28), test x (10000, 1, 28, 28).

    Source: LeCun, Bottou, Bengio and Haffner, Gradient-Based Learning Applied to
    Document Recognition (1998).

    Raises:
        MissingDataError: not on this machine, and no network.
    """
    return _idx_pair(named("mnist"), tuple("0123456789"))


def fashion_mnist() -> tuple[Images, Images]:
    """Return Fashion-MNIST: x (60000, 1, 28, 28) and (10000, 1, 28, 28).

    Source: Xiao, Rasul and Vollgraf, Fashion-MNIST (arXiv:1708.07747).

    Raises:
        MissingDataError: not on this machine, and no network.
    """
    return _idx_pair(named("fashion_mnist"), _FASHION)


def cifar10() -> tuple[Images, Images]:
    """Return CIFAR-10: x (50000, 3, 32, 32) and (10000, 3, 32, 32).

    Source: Krizhevsky, Learning Multiple Layers of Features from Tiny Images (2009).

    Raises:
        MissingDataError: not on this machine, and no network.
    """
    return _cifar_pair(named("cifar10"))


def cifar100() -> tuple[Images, Images]:
    """Return CIFAR-100 with its 100 fine classes, shaped like CIFAR-10.

    Source: Krizhevsky, Learning Multiple Layers of Features from Tiny Images (2009).

    Raises:
        MissingDataError: not on this machine, and no network.
    """
    return _cifar_pair(named("cifar100"))


def read_idx(path: Path) -> Tensor:
    """Read a gzipped file of bytes in the IDX format of the MNIST page.

    The header is two zero bytes, the type (8: unsigned byte), the number of axes,
    and each axis as a big-endian int32; the bytes follow.

    Returns:
        A uint8 tensor of the shape that the header states.

    Raises:
        DamagedDataError: another type, or more or fewer bytes than stated.
    """
    raw = gzip.decompress(path.read_bytes())
    axes = raw[3] if raw[:3] == b"\0\0\x08" else 0
    shape = tuple(np.frombuffer(raw[4 : 4 + 4 * axes], ">i4").tolist())
    body = np.frombuffer(raw[4 + 4 * axes :], np.uint8)
    if not axes or body.size != np.prod(shape):
        raise DamagedDataError(
            f"{path} should be an IDX file of unsigned bytes, but its header "
            f"{raw[:4].hex()} and its {len(raw)} bytes do not say so.\n"
            "Next step: delete the file and load the data set again."
        )
    return torch.from_numpy(body.reshape(shape).copy())


def _idx_pair(source: Source, classes: tuple[str, ...]) -> tuple[Images, Images]:
    folder = find_or_download(source) / source.folder
    parts = [read_idx(folder / name) for name, _ in source.files]
    train, test = parts[:2], parts[2:]
    return (
        Images(train[0].unsqueeze(1) / 255, train[1].long(), classes),
        Images(test[0].unsqueeze(1) / 255, test[1].long(), classes),
    )


def _cifar_pair(source: Source) -> tuple[Images, Images]:
    root = find_or_download(source)
    dataset = getattr(load_torchvision("datasets"), source.torchvision)
    parts = []
    for train in (True, False):
        raw = dataset(str(root), train=train)
        # torchvision gives (N, H, W, C) bytes.
        x = torch.from_numpy(raw.data).permute(0, 3, 1, 2).contiguous() / 255
        y = torch.tensor(raw.targets, dtype=torch.int64)
        parts.append(Images(x, y, tuple(raw.classes)))
    return parts[0], parts[1]
