"""Deep sea: one reward, and only one of 2^N ways of acting finds it.

Osband, Van Roy, Russo and Wen, "Deep Exploration via Randomized Value Functions"
(2019), and Osband et al., "Behaviour Suite for Reinforcement Learning" (2020).
"""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from course.errors import ArgumentError

Obs = np.ndarray[Any, np.dtype[np.float32]]


class DeepSea(gymnasium.Env[Obs, Any]):
    """Dive from the top left corner of an N×N grid; a chest lies at the bottom right.

    Each step goes one row down and one column to the left or to the right (against a
    wall: straight down). Which of the two actions means "right" is drawn for every
    cell. A step to the right costs 0.01 / N; a step to the right in the bottom right
    cell pays 1, so the best return is 0.99, and doing nothing but left has 0. An
    episode terminates after N steps. Nothing in it is random once it is made.

    An observation is (N * N,) float32, 1 at the cell and 0 elsewhere; after the last
    step all zeros.

    Args:
        size: N, at least 2.
        seed: of the actions' meaning.

    Raises:
        ArgumentError: a size below 2.
    """

    def __init__(self, size: int, seed: int = 0) -> None:
        if size < 2:
            raise ArgumentError(
                f"DeepSea wants a size of at least 2, but got {size}.\n"
                "Next step: leave it at 10 to begin with."
            )
        self.size = size
        self.rightwards = np.random.default_rng(seed).integers(0, 2, (size, size))
        self.observation_space = spaces.Box(0, 1, (size * size,), np.float32)
        self.action_space = spaces.Discrete(2)
        self.row, self.column = 0, 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Obs, dict[str, Any]]:
        """Start at the top left; the actions keep their meaning, whatever the seed."""
        super().reset(seed=seed)
        self.row, self.column = 0, 0
        return self._seen(), {}

    def step(self, action: Any) -> tuple[Obs, float, bool, bool, dict[str, Any]]:
        """Go one row down; `truncated` is always False."""
        reward = 0.0
        if int(action) == self.rightwards[self.row, self.column]:
            last = self.size - 1
            reward = float(self.row == last and self.column == last) - 0.01 / self.size
            self.column = min(self.column + 1, last)
        else:
            self.column = max(self.column - 1, 0)
        self.row += 1
        return self._seen(), reward, self.row == self.size, False, {}

    def _seen(self) -> Obs:
        obs = np.zeros((self.size, self.size), dtype=np.float32)
        if self.row < self.size:
            obs[self.row, self.column] = 1
        return obs.reshape(-1)
