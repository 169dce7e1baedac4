"""Finding the files of a real data set on this machine, or fetching them.

Left out: looking inside archives. An archive must be unpacked in place.
"""

import hashlib
from pathlib import Path

from course.data.catalogue import Source, cache, named, roots
from course.errors import DamagedDataError, MissingDataError
from course.torchvision_cure import load_torchvision


def available(name: str) -> bool:
    """Tell whether a real data set can be loaded without a download.

    Args:
        name: "mnist", "fashion_mnist", "cifar10" or "cifar100".
    """
    return find(named(name)) is not None


def find(source: Source) -> Path | None:
    """Return the first root that holds every file of `source`, or None."""
    for root in roots():
        folder = root / source.folder
        if all((folder / name).is_file() for name, _ in source.files):
            return root
    return None


def find_or_download(source: Source) -> Path:
    """Return a root that holds every file of `source`, and check each md5.

    Raises:
        MissingDataError: the files are nowhere, and cannot be downloaded.
        DamagedDataError: a file is there, but is not the published one.
    """
    root = find(source) or _download(source)
    for name, md5 in source.files:
        path = root / source.folder / name
        found = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
        if found != md5:
            raise DamagedDataError(
                f"{path} is not the published file of {source.name}: "
                f"its md5 should be {md5}, but is {found}.\n"
                "Next step: delete the file and load the data set again."
            )
    return root


def _download(source: Source) -> Path:
    """Let torchvision download into the cache, which gets its usual layout."""
    root = cache()
    try:
        root.mkdir(parents=True, exist_ok=True)
        dataset = getattr(load_torchvision("datasets"), source.torchvision)
        dataset(str(root), download=True)
        # CIFAR's archive is unpacked by now; MNIST has none.
        (root / getattr(dataset, "filename", "no-archive")).unlink(missing_ok=True)
    # torchvision reports a failed download as RuntimeError, the others are the
    # network's and the disk's.
    except (RuntimeError, OSError) as cause:
        raise MissingDataError(_missing(source, cause)) from cause
    return root


def _missing(source: Source, cause: Exception) -> str:
    files = ", ".join(name for name, _ in source.files)
    looked = "\n".join(f"  {root / source.folder}" for root in roots())
    reason = (str(cause).strip() or type(cause).__name__).splitlines()[-1]
    return (
        f"The data set {source.name} is not on this machine, "
        f"and downloading it failed: {reason}\n"
        f"Looked for: {files}\n"
        f"in:\n{looked}\n"
        f"Next step: connect to the network and call course.data.{source.name}() "
        f"again ({source.megabytes} MB), or copy the folder {source.folder} from "
        "another machine and set COURSE_DATA to the folder that holds it. "
        "Without either, course.data.digits() and course.data.shapes() "
        "need no download."
    )
