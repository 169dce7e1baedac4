"""What the real data sets are made of, and where their files may lie.

The folders are searched in this order, each in torchvision's layout:

1. `$COURSE_DATA`, which is only read;
2. the cache: `data/` of a checkout of this project, else
   `deep-learning-course` in the user's cache folder. Downloads go here.

Licences and sources of the same sets are in `data/catalogue.toml`.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from course.errors import ArgumentError


@dataclass(frozen=True)
class Source:
    """One data set.

    Attributes:
        name: the name of the function in `course.data`.
        torchvision: the name of its class in `torchvision.datasets`.
        folder: where its files lie below a root, in torchvision's layout.
        files: file name and md5 of each.
        megabytes: size of the download.
    """

    name: str
    torchvision: str
    folder: str
    files: tuple[tuple[str, str], ...]
    megabytes: int


_IDX = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)

SOURCES = {
    source.name: source
    for source in (
        Source(
            "mnist",
            "MNIST",
            "MNIST/raw",
            (
                (_IDX[0], "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
                (_IDX[1], "d53e105ee54ea40749a09fcbcd1e9432"),
                (_IDX[2], "9fb629c4189551a2d022fa330f9573f3"),
                (_IDX[3], "ec29112dd5afa0611ce80d1b7f02629c"),
            ),
            12,
        ),
        Source(
            "fashion_mnist",
            "FashionMNIST",
            "FashionMNIST/raw",
            (
                (_IDX[0], "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
                (_IDX[1], "25c81989df183df01b3e8a0aad5dffbe"),
                (_IDX[2], "bef4ecab320f06d8554ea6380940ec79"),
                (_IDX[3], "bb300cfdad3c16e7a12a480ee83cd310"),
            ),
            31,
        ),
        Source(
            "cifar10",
            "CIFAR10",
            "cifar-10-batches-py",
            (
                ("data_batch_1", "c99cafc152244af753f735de768cd75f"),
                ("data_batch_2", "d4bba439e000b95fd0a9bffe97cbabec"),
                ("data_batch_3", "54ebc095f3ab1f0389bbae665268c751"),
                ("data_batch_4", "634d18415352ddfa80567beed471001a"),
                ("data_batch_5", "482c414d41f54cd18b22e5b47cb7c3cb"),
                ("test_batch", "40351d587109b95175f43aff81a1287e"),
                ("batches.meta", "5ff9c542aee3614f3951f8cda6e48888"),
            ),
            170,
        ),
        Source(
            "cifar100",
            "CIFAR100",
            "cifar-100-python",
            (
                ("train", "16019d7e3df5f24257cddd939b257f8d"),
                ("test", "f0ef6b0ae62326f3e7ffdfab6717acfc"),
                ("meta", "7973b15100ade9c7d40fb424638fde48"),
            ),
            169,
        ),
    )
}


def named(name: str) -> Source:
    """Return the data set called `name`, or say which there are."""
    if name not in SOURCES:
        raise ArgumentError(
            f"There is no real data set named {name!r}.\n"
            f"Next step: use one of {', '.join(SOURCES)}."
        )
    return SOURCES[name]


def roots() -> list[Path]:
    """Return the folders that are searched, best first."""
    given = os.environ.get("COURSE_DATA")
    return [*([Path(given)] if given else []), cache()]


def cache() -> Path:
    """Return the folder into which data sets are downloaded."""
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / "data" / "catalogue.toml").is_file():
        return checkout / "data"
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "deep-learning-course"
