"""Whole episodes of a policy, and what it earns in them.

Letters: T steps of an episode.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
import torch
from torch import Tensor

Policy = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Episode:
    """One episode, from a reset to its end.

    Attributes:
        obs: (T + 1, *obs_shape), the last one after the last step.
        actions: (T,) or (T, *action_shape).
        rewards: (T,) float32.
        terminated: whether the last state is terminal.
        truncated: whether the episode was stopped by the clock.
    """

    obs: Tensor
    actions: Tensor
    rewards: Tensor
    terminated: bool
    truncated: bool


@torch.no_grad()
def play(
    env: gymnasium.Env[Any, Any], policy: Policy, seed: int | None = None
) -> Episode:
    """Play one episode.

    Args:
        env: a gymnasium environment.
        policy: maps observations (1, *obs_shape) to actions (1,) or (1, *action_shape).
        seed: of the environment's reset; without, it goes on from where it stands.

    Returns:
        The episode, on the CPU.
    """
    obs, _ = env.reset(seed=seed)
    seen, actions, rewards = [torch.as_tensor(np.array(obs))], [], []
    terminated = truncated = False
    while not (terminated or truncated):
        action = policy(seen[-1].unsqueeze(0))[0].cpu()
        discrete = isinstance(env.action_space, gymnasium.spaces.Discrete)
        chosen = action.item() if discrete else action.numpy()
        obs, reward, terminated, truncated, _ = env.step(chosen)
        seen.append(torch.as_tensor(np.array(obs)))
        actions.append(action)
        rewards.append(float(reward))
    earned = torch.tensor(rewards)
    return Episode(
        torch.stack(seen),
        torch.stack(actions),
        earned,
        bool(terminated),
        bool(truncated),
    )


def evaluate(
    env: gymnasium.Env[Any, Any], policy: Policy, episodes: int, seed: int
) -> Tensor:
    """Return the undiscounted returns (episodes,) of a policy.

    Args:
        env: a gymnasium environment, best one that is not trained in.
        policy: as in `play`.
        episodes: how many are played.
        seed: of the first reset; two calls start in the same states.

    Returns:
        (episodes,) float32.
    """
    seeds = [seed, *[None] * (episodes - 1)]
    return torch.stack([play(env, policy, s).rewards.sum() for s in seeds])
