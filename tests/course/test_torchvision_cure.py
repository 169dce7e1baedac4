"""torchvision imports beside whichever torch is installed."""

import sys

import torch

from course import torchvision_cure
from course.torchvision_cure import cure, load_torchvision


def test_models_and_transforms_work_after_the_cure():
    flip = load_torchvision("transforms.v2").functional.horizontal_flip
    net = load_torchvision("models").resnet18(num_classes=3)
    assert net(torch.zeros(2, 3, 32, 32)).shape == (2, 3)
    assert flip(torch.arange(3.0).view(1, 1, 3)).tolist() == [[[2.0, 1.0, 0.0]]]


def test_the_cure_happens_once():
    first = cure()
    assert cure() is first
    assert len(torchvision_cure._kept) == int(first)


def test_with_a_cuda_torch_the_cure_does_nothing(monkeypatch):
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    monkeypatch.setattr(torchvision_cure, "_kept", [])
    monkeypatch.setattr(torchvision_cure, "_torch_library", None)
    assert cure() is False


def test_where_the_compiled_part_loads_the_cure_does_nothing(monkeypatch):
    loaded = []
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(torchvision_cure, "_kept", [])
    monkeypatch.setattr(torchvision_cure, "_torch_library", None)
    monkeypatch.setattr(torchvision_cure._torch_ops, "load_library", loaded.append)
    monkeypatch.delitem(sys.modules, "torchvision", raising=False)
    assert cure() is False
    assert [path.endswith(".so") for path in loaded] == [True]
