"""The course library: data sets, blocks, training and plots. Knows nothing of grading.

    from course import data, nn, train, viz

    digits, held_out = data.digits()
    history = train.fit(nn.MLP([64, 100, 10]), digits, held_out, epochs=5)
    viz.learning_curves(history)

Importing `course` imports nothing else: a subpackage is loaded when it is first
used. Left out on purpose: every function that an exercise asks for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from course.errors import CourseError
from course.version import __version__, require_version

if TYPE_CHECKING:
    from course import data, nn, parallel, rl, train, viz

__all__ = [
    "CourseError",
    "__version__",
    "data",
    "nn",
    "parallel",
    "require_version",
    "rl",
    "train",
    "viz",
]

_SUBPACKAGES = ("data", "nn", "parallel", "rl", "train", "viz")


def __getattr__(name: str) -> Any:
    if name in _SUBPACKAGES:
        return import_module(f"course.{name}")
    raise AttributeError(f"module 'course' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_SUBPACKAGES])
