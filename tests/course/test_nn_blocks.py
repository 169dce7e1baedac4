"""Networks and their blocks, against the same mathematics written another way."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from course.errors import ArgumentError
from course.nn import MLP, ConvNet, ConvStage, HiddenLayer, PoolHead


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def test_mlp_is_matrix_products_and_activations():
    net = MLP([6, 5, 4, 3], activation=nn.Tanh, dtype=torch.float64).eval()
    x = torch.randn(7, 2, 3, dtype=torch.float64)
    a, b = (layer.linear for layer in net.hidden)
    h = torch.tanh(x.reshape(7, 6) @ a.weight.T + a.bias)
    h = torch.tanh(h @ b.weight.T + b.bias)
    torch.testing.assert_close(net(x), h @ net.output.weight.T + net.output.bias)


def test_mlp_of_two_sizes_is_linear():
    assert sum(p.numel() for p in MLP([6, 3]).parameters()) == 6 * 3 + 3


def test_dropout_acts_in_training_only():
    layer = HiddenLayer(4, 1000, dropout=0.5)
    x = torch.ones(1, 4)
    kept = layer.eval()(x)
    thinned = layer.train()(x)
    dropped = (thinned == 0) & (kept > 0)
    assert 0.3 < float(dropped.sum() / (kept > 0).sum()) < 0.7
    torch.testing.assert_close(thinned[thinned > 0], 2 * kept[thinned > 0])


def test_conv_stage_normalises_over_batch_and_places():
    stage = ConvStage(2, 3, activation=nn.Identity)
    y = stage.train()(torch.randn(8, 2, 6, 5))
    assert y.shape == (8, 3, 6, 5)
    torch.testing.assert_close(y.mean((0, 2, 3)), torch.zeros(3), atol=1e-5, rtol=0)
    scale = y.var((0, 2, 3), unbiased=False)
    torch.testing.assert_close(scale, torch.ones(3), atol=1e-3, rtol=0)


@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_conv_stage_is_its_three_operators(kernel):
    stage = ConvStage(2, 4, kernel).eval()
    x = torch.randn(3, 2, 7, 6)
    stage.norm.running_mean.normal_()
    y = F.conv2d(x, stage.conv.weight, padding="same")
    mean = stage.norm.running_mean.view(1, -1, 1, 1)
    expected = F.relu((y - mean) / (1 + stage.norm.eps) ** 0.5)
    torch.testing.assert_close(stage(x), expected)


def test_pool_head_takes_any_image_size():
    head = PoolHead(4, 3)
    x = torch.randn(2, 4, 5, 7)
    expected = F.linear(x.flatten(2).mean(2), head.linear.weight, head.linear.bias)
    torch.testing.assert_close(head(x), expected)


def test_convnet_halves_between_stages():
    net = ConvNet([4, 8, 16], classes=10, in_channels=3)
    x = torch.randn(2, 3, 32, 24)
    assert net.features(x).shape == (2, 16, 8, 6)
    assert net(x).shape == (2, 10)


def test_convnet_passes_device_and_dtype_on():
    net = ConvNet([4], classes=2, device="meta", dtype=torch.float64)
    kinds = {(p.device.type, p.dtype) for p in net.parameters()}
    assert kinds == {("meta", torch.float64)}


def test_a_network_states_its_sizes():
    assert MLP([784, 256, 10]).extra_repr() == "784 → 256 → 10"
    assert ConvNet([8, 16], 10).extra_repr() == "channels 1 → 8 → 16"


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: MLP([10]),
            "MLP wants at least two sizes, inputs and outputs, but got [10].\n"
            "Next step: write for instance MLP([784, 256, 10]).",
        ),
        (
            lambda: ConvNet([], classes=10),
            "ConvNet wants the channels of at least one stage, but got none.\n"
            "Next step: write for instance ConvNet([16, 32], classes=10).",
        ),
        (
            lambda: ConvStage(1, 2, kernel=4),
            "ConvStage keeps height and width, which needs an odd kernel, "
            "but got kernel=4.\n"
            "Next step: use kernel=5.",
        ),
    ],
    ids=["one size", "no channels", "even kernel"],
)
def test_sizes_that_make_no_network_are_refused(build, message):
    with pytest.raises(ArgumentError) as caught:
        build()
    assert str(caught.value) == message
