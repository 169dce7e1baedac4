"""Atari games of the Arcade Learning Environment, several side by side.

ale-py is an optional extra (`pip install "deep-learning-course[atari]"`), because its
licence is the GPL 2.0. The ROMs come with it.
"""

from typing import Any

from course.errors import MissingPackageError


def atari(game: str, copies: int = 1, seed: int = 0, **options: Any) -> Any:
    """Make a vector environment of one game, preprocessed as for the Nature DQN.

    Grey images of 84×84 pixels, four in a stack, each action repeated for four screens,
    rewards clipped to their signs, up to 30 screens of waiting at the start, no sticky
    actions. After an episode's end the next step's action is ignored: it resets that
    copy, and its reward is 0 (gymnasium's autoreset mode "next step").

    Args:
        game: in snake case, for instance "pong" or "breakout".
        copies: B games side by side.
        seed: of the first reset; `reset()` then starts as it says.
        options: handed on to `ale_py.vector_env.AtariVectorEnv`, for instance
            reward_clipping=False to count points, or episodic_life=True.

    Returns:
        gymnasium.vector.VectorEnv: obs (B, 4, 84, 84) uint8.

    Raises:
        MissingPackageError: ale-py is not installed.
    """
    try:
        from ale_py.vector_env import AtariVectorEnv
    except ImportError:
        raise MissingPackageError(
            "Atari games need the package ale-py, which is not installed here.\n"
            'Next step: python -m pip install "deep-learning-course[atari]".'
        ) from None
    env = AtariVectorEnv(game, copies, **options)
    env.reset(seed=seed)
    return env
