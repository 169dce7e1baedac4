"""Environments are seeded, deep sea is as deep as it says, Atari is optional."""

import sys

import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env

from course import rl
from course.errors import ArgumentError, MissingPackageError


def always(action):
    return lambda obs: torch.full((len(obs),), action)


def by_heart(env):
    """The policy that knows what "right" means in each cell."""
    right = torch.from_numpy(env.rightwards).flatten()
    return lambda obs: right[obs.argmax(1)]


def test_an_environment_with_the_same_seed_starts_in_the_same_states():
    one, two, other = (rl.make("CartPole-v1", seed) for seed in (3, 3, 4))
    starts = [[env.reset()[0] for _ in range(2)] for env in (one, two, other)]
    assert np.array_equal(starts[0], starts[1])
    assert not np.array_equal(starts[0], starts[2])
    assert not np.array_equal(starts[0][0], starts[0][1])


def test_action_spaces_are_seeded_too():
    one, two = (rl.make("CartPole-v1", 3).action_space for _ in range(2))
    assert [one.sample() for _ in range(30)] == [two.sample() for _ in range(30)]


def test_deep_sea_is_a_gymnasium_environment():
    check_env(rl.DeepSea(4), skip_render_check=True)


@pytest.mark.parametrize("size", [2, 5, 10])
def test_only_steps_to_the_right_reach_the_chest(size):
    env = rl.DeepSea(size, seed=1)
    episode = rl.play(env, by_heart(env))
    assert len(episode.actions) == size
    assert episode.rewards.sum().item() == pytest.approx(0.99)
    assert (episode.terminated, episode.truncated) == (True, False)


def test_one_step_to_the_left_loses_the_chest():
    env = rl.DeepSea(5, seed=1)
    knows = by_heart(env)

    def slips(obs):
        return 1 - knows(obs) if env.row == 2 else knows(obs)

    assert rl.play(env, slips).rewards.sum().item() == pytest.approx(-0.008)


def test_what_right_means_depends_on_the_cell_and_on_the_seed():
    one, same, other = (rl.DeepSea(6, seed).rightwards for seed in (1, 1, 2))
    assert set(one.flatten()) == {0, 1}
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_an_observation_shows_one_cell_and_none_after_the_end():
    episode = rl.play(rl.DeepSea(3), always(0))
    assert episode.obs.shape == (4, 9)
    assert episode.obs.sum(1).tolist() == [1, 1, 1, 0]


def test_a_sea_of_one_row_is_refused():
    with pytest.raises(ArgumentError) as caught:
        rl.DeepSea(1)
    assert str(caught.value) == (
        "DeepSea wants a size of at least 2, but got 1.\n"
        "Next step: leave it at 10 to begin with."
    )


def test_play_keeps_both_kinds_of_end_apart():
    fallen = rl.play(rl.make("CartPole-v1", 0), always(1))
    stopped = rl.play(rl.make("CartPole-v1", 0, max_episode_steps=5), always(1))
    assert (fallen.terminated, fallen.truncated) == (True, False)
    assert (stopped.terminated, stopped.truncated) == (False, True)
    assert stopped.obs.shape == (6, 4)
    assert stopped.actions.tolist() == [1] * 5


def test_continuous_actions_reach_the_environment():
    env = rl.make("Pendulum-v1", 0, max_episode_steps=4)
    episode = rl.play(env, lambda obs: torch.full((1, 1), 0.5))
    assert episode.actions.shape == (4, 1)


def test_evaluate_gives_one_return_for_each_episode():
    env = rl.make("CartPole-v1", 0)
    returns = rl.evaluate(env, always(0), episodes=5, seed=7)
    assert returns.shape == (5,)
    assert torch.equal(returns, rl.evaluate(env, always(0), episodes=5, seed=7))
    assert returns.min() >= 8
    assert returns.max() <= 11


def test_without_ale_py_the_next_step_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "ale_py.vector_env", None)
    with pytest.raises(MissingPackageError) as caught:
        rl.atari("pong")
    assert str(caught.value) == (
        "Atari games need the package ale-py, which is not installed here.\n"
        'Next step: python -m pip install "deep-learning-course[atari]".'
    )


def test_atari_games_come_preprocessed():
    env = rl.atari("pong", copies=2)
    obs, _ = env.reset()
    assert obs.shape == (2, 4, 84, 84)
    assert obs.dtype == np.uint8
    env.close()
