"""Gymnasium's environments, seeded."""

from typing import Any

import gymnasium


def make(name: str, seed: int, **options: Any) -> gymnasium.Env[Any, Any]:
    """Make an environment whose every draw follows from `seed`.

    Args:
        name: as gymnasium registers it, for instance "CartPole-v1".
        seed: of the environment and of its action space; `reset()` without a seed goes
            on from there.
        options: handed on to `gymnasium.make`.

    Returns:
        The environment. Call `reset()` before the first step.
    """
    env = gymnasium.make(name, **options)
    env.reset(seed=seed)
    env.action_space.seed(seed)
    return env
