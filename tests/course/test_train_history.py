"""The history of a run."""

import math

import pytest

from course.errors import ArgumentError
from course.train import History


def history(*rows, **columns):
    """Build a history from columns of test results."""
    names = list(columns)
    built = History()
    for values in zip(*columns.values(), strict=True):
        tested = dict(zip(names, values, strict=True))
        built.add({"loss": 1.0, "accuracy": 0.5}, tested or None, 0.1, 2.0)
    return built


def test_the_best_row_has_the_highest_accuracy_then_the_lowest_loss():
    runs = history(loss=[0.9, 0.3, 0.2, 0.2], accuracy=[0.5, 0.8, 0.8, 0.8])
    assert runs.best["epoch"] == 3


def test_without_accuracies_the_lowest_loss_is_best_and_nan_never():
    assert history(loss=[0.9, math.nan, 0.3]).best["epoch"] == 3
    assert history(loss=[math.nan, 0.9]).best["epoch"] == 2


def test_without_test_data_the_training_loss_decides():
    runs = History()
    for loss in (0.5, 0.2, 0.3):
        runs.add({"loss": loss}, None, 0.1, 1.0)
    assert runs.best["epoch"] == 2


def test_a_column_is_a_list():
    assert history(loss=[0.9, 0.3])["test_loss"] == [0.9, 0.3]


def test_a_history_survives_json():
    runs = history(loss=[0.9, 0.3], accuracy=[0.5, 0.8])
    assert History.from_json(runs.to_json()).rows == runs.rows
    assert History.from_dict(runs.to_dict()).rows == runs.rows


def test_a_history_says_in_one_line_what_came_out():
    assert repr(history(loss=[0.9, 0.3])) == (
        "History(2 epochs; best is epoch 2: loss 1, train_accuracy 0.5, test_loss 0.3)"
    )
    assert repr(History()) == "History(no epochs)"


def test_an_unknown_column_is_refused():
    with pytest.raises(ArgumentError) as caught:
        history(loss=[0.9])["test_accuracy"]
    assert str(caught.value) == (
        "The history has no column 'test_accuracy'; it has epoch, loss, "
        "train_accuracy, test_loss, lr, seconds.\n"
        "Next step: use one of these, or give fit test data for test_loss."
    )


def test_an_empty_history_has_no_best():
    with pytest.raises(ArgumentError) as caught:
        _ = History().best
    assert str(caught.value) == (
        "An empty history has no best epoch.\nNext step: train for at least one epoch."
    )
