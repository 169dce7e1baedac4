"""Files of a submission that would run when somebody works in its folder.

nbgrader copies what was handed in beside the notebook to autograded/. Grading never
sees those files; a person does who opens the notebook there: Python looks for `numpy`
in the notebook's folder first, pytest and Jupyter read their configuration from it.
"""

import importlib.util
from collections.abc import Collection
from pathlib import Path

SUFFIX = ".quarantined"
# Read by Python, pytest, IPython or nbgrader from the folder that they work in.
READ_UNASKED = {
    "conftest",
    "ipython_config",
    "nbgrader_config",
    "pyproject",
    "pytest",
    "setup",
    "sitecustomize",
    "tox",
    "usercustomize",
}
IMPORTED = {".py", ".pyc", ".pyd", ".so", ".zip", ".egg", ".pth"}


def quarantine(folder: Path, own: Collection[str]) -> list[str]:
    """Rename files and folders that would shadow a package or configure a program.

    Args:
        folder: the copy of a submission.
        own: names of files that come from the instructor and stay.

    Returns:
        The names of all that is in quarantine there.
    """
    for path in sorted(folder.iterdir()):
        if path.name not in own and path.suffix != SUFFIX and _is_dangerous(path):
            path.replace(path.with_name(path.name + SUFFIX))
    return sorted(p.name.removesuffix(SUFFIX) for p in folder.glob(f"*{SUFFIX}"))


def _is_dangerous(path: Path) -> bool:
    name = path.name.split(".")[0]
    if name in READ_UNASKED or name.startswith("jupyter_") or path.suffix == ".pth":
        return True
    return (path.is_dir() or path.suffix in IMPORTED) and _is_importable(name)


def _is_importable(name: str) -> bool:
    """Whether a package or module of this name is there already."""
    try:
        return name.isidentifier() and importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):  # half-loaded modules
        return True
