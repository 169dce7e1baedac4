"""Images, the digits and the generated shapes."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from course import data
from course.data.shapes import OUTLINES
from course.errors import ArgumentError


def test_images_state_what_they_hold(blobs):
    train, _ = blobs
    assert len(train) == 90
    assert repr(train) == "Images(90 images of 1×2×3, 2 classes, cpu)"


def test_flat_images_are_rows(blobs):
    train, _ = blobs
    assert torch.equal(train.flat, train.x.reshape(90, 6))


@pytest.mark.parametrize(
    "index",
    [torch.tensor([5, 0, 5]), torch.arange(90) < 7, slice(3, 9)],
    ids=["positions", "mask", "slice"],
)
def test_take_cuts_images_and_labels_alike(blobs, index):
    train, _ = blobs
    taken = train.take(index)
    assert torch.equal(taken.x, train.x[index])
    assert torch.equal(taken.y, train.y[index])
    assert taken.classes == train.classes


def test_to_moves_images_and_labels(blobs):
    moved = blobs[0].to("meta")
    assert {moved.x.device.type, moved.y.device.type} == {"meta"}


def test_images_refuse_labels_that_do_not_match():
    with pytest.raises(ArgumentError) as caught:
        data.Images(torch.zeros(4, 8, 8), torch.zeros(3), ("a",))
    assert str(caught.value) == (
        "Images wants x of shape (N, C, H, W) and y of shape (N,), "
        "but got x (4, 8, 8) and y (3,).\n"
        "Next step: add the missing axis with x.unsqueeze(1), or cut x and y "
        "to the same length."
    )


def test_digits_are_scikit_learns_each_once():
    train, test = data.digits()
    raw = load_digits()
    ours = torch.cat([train.flat, test.flat]) * 16
    rows = np.column_stack([ours.numpy(), torch.cat([train.y, test.y]).numpy()])
    theirs = np.column_stack([raw.data, raw.target])
    assert (len(train), len(test)) == (1297, 500)
    assert sorted(map(tuple, rows)) == sorted(map(tuple, theirs))
    assert train.x.dtype == torch.float32
    assert train.y.dtype == torch.int64


def test_digits_are_always_split_in_the_same_way():
    torch.manual_seed(1)
    first, _ = data.digits()
    torch.manual_seed(2)
    second, _ = data.digits()
    assert torch.equal(first.x, second.x)
    assert first.y[:8].tolist() == [9, 1, 5, 2, 2, 1, 9, 8]


@pytest.fixture(scope="module")
def drawn():
    return data.shapes(n=500, seed=3)


def test_shapes_are_colour_images_of_ten_even_classes(drawn):
    train, test = drawn
    assert train.x.shape == (400, 3, 32, 32)
    assert test.x.shape == (100, 3, 32, 32)
    assert (train.x.min() >= 0) & (train.x.max() <= 1)
    assert torch.cat([train.y, test.y]).bincount().tolist() == [50] * 10
    assert train.classes[:2] == ("plain disc", "plain square")
    assert train.classes[5] == "striped disc"


def test_shapes_repeat_for_a_seed_and_differ_for_another(drawn):
    again, _ = data.shapes(n=500, seed=3)
    other, _ = data.shapes(n=500, seed=4)
    assert torch.equal(again.x, drawn[0].x)
    assert not torch.equal(other.x, drawn[0].x)


def test_shapes_leave_the_global_generator_alone():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    data.shapes(n=10)
    assert torch.equal(torch.rand(3), expected)


def test_boxes_are_the_smallest_round_the_masks(drawn):
    train, _ = drawn
    for mask, box in zip(train.masks[:50], train.boxes[:50], strict=True):
        rows, columns = mask.nonzero(as_tuple=True)
        expected = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        assert box.tolist() == [float(side) for side in expected]


@pytest.mark.parametrize(
    ("shape", "share"),
    # Area over r²: π·0.9², 1.6², 3√3·0.6², 2·2·0.6 - 0.6², 2π·0.75·0.4.
    [
        ("disc", 2.545),
        ("square", 2.56),
        ("triangle", 1.871),
        ("cross", 2.04),
        ("ring", 1.885),
    ],
)
def test_an_outline_encloses_the_area_that_geometry_says(shape, share):
    side = torch.linspace(-2, 2, 801)
    v, u = torch.meshgrid(side, side, indexing="ij")
    inside = OUTLINES[shape](u, v, torch.tensor(1.0)) < 0
    assert float(inside.float().mean()) * 16 == pytest.approx(share, rel=0.02)


def test_take_cuts_boxes_and_masks_too(drawn):
    taken = drawn[0].take(torch.tensor([7]))
    assert torch.equal(taken.boxes, drawn[0].boxes[7:8])
    assert torch.equal(taken.masks, drawn[0].masks[7:8])


def test_shapes_want_one_picture_for_testing():
    with pytest.raises(ArgumentError) as caught:
        data.shapes(n=4)
    assert str(caught.value) == (
        "shapes wants n of at least 5, so that one is for testing, but got 4.\n"
        "Next step: leave n out for 5000 pictures (half a second)."
    )
