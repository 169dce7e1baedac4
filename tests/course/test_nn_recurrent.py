"""The recurrent network, against torch's cells stepped by hand."""

import pytest
import torch
from torch import nn

from course.errors import ArgumentError
from course.nn import Recurrent

STEPPED = {"rnn": nn.RNNCell, "lstm": nn.LSTMCell, "gru": nn.GRUCell}


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.mark.parametrize("kind", STEPPED)
def test_it_is_a_cell_at_every_step_and_a_linear_map(kind):
    net = Recurrent(kind, 2, 5, 3, dtype=torch.float64)
    cell = STEPPED[kind](2, 5, dtype=torch.float64)
    cell.load_state_dict(
        {k.removesuffix("_l0"): v for k, v in net.cell.state_dict().items()}
    )
    x, state, expected = torch.randn(4, 6, 2, dtype=torch.float64), None, []
    for x_t in x.unbind(1):
        state = cell(x_t, state)
        h = state[0] if kind == "lstm" else state
        expected.append(h @ net.output.weight.T + net.output.bias)
    torch.testing.assert_close(net(x)[0], torch.stack(expected, 1))


@pytest.mark.parametrize("kind", STEPPED)
def test_the_state_carries_over_from_piece_to_piece(kind):
    net, x = Recurrent(kind, 3, 4, 2), torch.randn(5, 7, 3)
    first, state = net(x[:, :4])
    second, _ = net(x[:, 4:], state)
    torch.testing.assert_close(torch.cat([first, second], 1), net(x)[0])


def test_an_unknown_kind_is_refused():
    with pytest.raises(ArgumentError) as caught:
        Recurrent("LSTM", 2, 3, 1)
    assert str(caught.value) == (
        "Recurrent knows the kinds rnn, lstm, gru, but got 'LSTM'.\n"
        "Next step: write for instance Recurrent('lstm', 2, 32, 1)."
    )
