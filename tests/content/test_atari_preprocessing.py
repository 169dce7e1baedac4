"""a24's image processing is that of the Arcade Learning Environment itself."""

from runpy import run_path

import numpy as np
import pytest
import torch

from autograder import catalogue
from course import rl

REFERENCE = run_path(str(catalogue.find("a24_dqn_family").solutions / "reference.py"))


def screens(game, actions):
    """The first screen, then the four of each action: (T, 4, 210, 160, 3) uint8."""
    import ale_py

    ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)
    ale = ale_py.ALEInterface()
    ale.setFloat("repeat_action_probability", 0.0)
    ale.loadROM(ale_py.roms.get_rom_path(game))
    ale.reset_game()
    shown, buttons = [[ale.getScreenRGB()] * 4], ale.getMinimalActionSet()
    for action in actions:
        shown.append([])
        for _ in range(4):
            ale.act(buttons[action])
            shown[-1].append(ale.getScreenRGB())
    return torch.from_numpy(np.array(shown))


@pytest.mark.parametrize("game", ["pong", "breakout"])
def test_stacks_of_preprocessed_screens_are_those_of_ale(game):
    actions = np.random.default_rng(0).integers(0, 4, 60)
    env = rl.atari(game, noop_max=0, use_fire_reset=False)
    theirs = [env.reset()[0][0], *(env.step(np.array([a]))[0][0] for a in actions)]
    env.close()
    images = torch.stack([REFERENCE["preprocess"](s) for s in screens(game, actions)])
    ours = REFERENCE["stack"](images, torch.zeros(len(images), dtype=torch.bool))
    off = (ours.int() - torch.from_numpy(np.array(theirs)).int()).abs()
    # A mean that ends in exactly one half may be rounded either way.
    assert off.max() <= 1
    assert (off > 0).double().mean() < 0.001
