"""Loss and accuracy on held-out data."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from course.train import score


def linear():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(6, 2))


def test_score_is_the_mean_over_examples_whatever_the_batches(blobs):
    model, (train, _) = linear(), blobs
    expected = F.cross_entropy(model(train.x), train.y).item()
    right = (model(train.x).argmax(1) == train.y).float().mean().item()
    for batch_size in (1, 7, 90, 512):
        measured = score(model, train, batch_size=batch_size)
        assert measured == pytest.approx({"loss": expected, "accuracy": right})


def test_score_uses_evaluation_mode_and_gives_each_part_its_mode_back(blobs):
    model = nn.Sequential(linear(), nn.Dropout(0.9), nn.BatchNorm1d(2).eval())
    model.train()
    model[2].eval()
    first, second = score(model, blobs[0]), score(model, blobs[0])
    assert first == second
    assert [m.training for m in (model, model[1], model[2])] == [True, True, False]


def test_pixels_of_a_segmentation_are_counted():
    x, y = torch.rand(3, 2, 4, 5), torch.zeros(3, 4, 5, dtype=torch.int64)
    expected = (x.argmax(1) == 0).float().mean().item()
    assert score(nn.Identity(), (x, y))["accuracy"] == pytest.approx(expected)
