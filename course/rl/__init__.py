"""Reinforcement learning: seeded environments, episodes, and what a policy is worth.

Environments are gymnasium's, and `DeepSea`. A policy is any function from
observations (1, *obs_shape) to actions (1,): a batch of one, as networks want it.

Left out on purpose: buffers, targets and losses, which the exercises ask for.
"""

from course.rl.atari import atari
from course.rl.deep_sea import DeepSea
from course.rl.episodes import Episode, evaluate, play
from course.rl.making import make

__all__ = ["DeepSea", "Episode", "atari", "evaluate", "make", "play"]
