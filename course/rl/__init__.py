"""Reinforcement learning: seeded environments, episodes, and what a policy is worth.

Environments are gymnasium's, and `DeepSea`. A policy is any function from
observations (1, *obs_shape) to actions (1,): a batch of one, as networks want it.

gymnasium is imported when the first of these is used. Left out on purpose: buffers,
targets and losses, which the exercises ask for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from course.rl.atari import atari
    from course.rl.deep_sea import DeepSea
    from course.rl.episodes import Episode, evaluate, play
    from course.rl.making import make

__all__ = ["DeepSea", "Episode", "atari", "evaluate", "make", "play"]

_MODULES = {
    "DeepSea": "deep_sea",
    "Episode": "episodes",
    "atari": "atari",
    "evaluate": "episodes",
    "make": "making",
    "play": "episodes",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        found = getattr(import_module(f"course.rl.{_MODULES[name]}"), name)
        globals()[name] = found  # `atari` is a module's name, too
        return found
    raise AttributeError(f"module 'course.rl' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
