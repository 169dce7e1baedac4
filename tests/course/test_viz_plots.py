"""Plots: what they show, and that they are readable on light and dark pages."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb

from course import viz
from course.errors import ArgumentError
from course.train import History
from course.viz import look


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def history():
    built = History()
    for loss in (0.9, 0.4, 0.5):
        accuracy = {"loss": loss, "accuracy": 1 - loss}
        built.add(accuracy, accuracy, 0.1, 1.0)
    return built


def contrast(a, b):
    """The contrast ratio of WCAG 2, from relative luminances."""

    def luminance(colour):
        c = np.array(to_rgb(colour))
        linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722]) + 0.05

    low, high = sorted([luminance(a), luminance(b)])
    return high / low


def test_ink_can_be_read_on_white_and_on_dark_grey():
    assert contrast(look.INK, "#ffffff") > 4
    assert contrast(look.INK, "#111111") > 4


@pytest.mark.parametrize("colour", look.COLOURS)
def test_every_colour_stands_out_on_white_and_on_dark_grey(colour):
    assert contrast(colour, "#ffffff") > 2.5
    assert contrast(colour, "#111111") > 2.5


DRAWN = {
    "image_grid": lambda ax: viz.image_grid(torch.rand(5, 1, 4, 4), ax=ax),
    "heatmap": lambda ax: viz.heatmap(torch.randn(3, 4), "m", ax=ax),
    "scatter": lambda ax: viz.scatter(torch.rand(9, 2), torch.arange(9) % 3, ax=ax),
    "curves": lambda ax: viz.curves({"a": [1, 2]}, "x", "y", ax=ax),
    "decision_regions": lambda ax: viz.decision_regions(
        lambda x: x, torch.rand(9, 2), torch.arange(9) % 2, ax=ax
    ),
    "confusion_plot": lambda ax: viz.confusion_plot(
        torch.tensor([0, 1]), torch.tensor([1, 1]), ["a", "b"], ax=ax
    ),
}


@pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)
def test_a_plot_makes_its_own_transparent_figure(draw):
    drawn = draw(None)
    assert len(plt.get_fignums()) == 1
    assert drawn.figure.get_facecolor()[3] == 0
    drawn.figure.canvas.draw()


@pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)
def test_a_plot_draws_into_the_axes_it_is_given(draw):
    whole, (left, _) = plt.subplots(1, 2)
    drawn = draw(left)
    assert drawn.figure is whole
    assert len(plt.get_fignums()) == 1
    whole.canvas.draw()


def test_learning_curves_show_loss_and_accuracy_over_epochs(history):
    loss, accuracy = viz.learning_curves(history)
    assert (loss.get_xlabel(), loss.get_ylabel()) == ("epoch", "loss")
    assert accuracy.get_ylabel() == "accuracy"
    training, test, best = loss.get_lines()
    assert (training.get_label(), test.get_label()) == ("training", "test")
    assert list(training.get_ydata()) == [0.9, 0.4, 0.5]
    assert list(best.get_xdata()) == [2, 2]


def test_learning_curves_of_a_regression_show_the_loss_alone():
    built = History()
    built.add({"loss": 0.5}, None, 0.1, 1.0)
    assert len(viz.learning_curves(built)) == 1


def test_curves_take_values_or_pairs_and_a_logarithmic_axis():
    ax = viz.curves(
        {"a": torch.tensor([1.0, 2.0], requires_grad=True), "b": ([5, 9], [3, 4])},
        xlabel="step",
        ylabel="loss",
        logy=True,
    )
    a, b = ax.get_lines()
    assert list(a.get_xdata()) == [1, 2]
    assert list(b.get_xdata()) == [5, 9]
    assert ax.get_yscale() == "log"
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["a", "b"]


def test_image_grid_shows_every_image_with_its_label():
    x = torch.rand(5, 3, 4, 6)
    whole = viz.image_grid(x, torch.arange(5), columns=3).figure
    shown = [cell for cell in whole.axes if cell.images]
    assert len(whole.axes) == 6
    assert [cell.get_title() for cell in shown] == ["0", "1", "2", "3", "4"]
    picture = np.asarray(shown[2].images[0].get_array())
    assert np.allclose(picture, x[2].permute(1, 2, 0))


def test_image_grid_stretches_normalised_images_alike():
    x = torch.tensor([-1.0, 3.0]).view(2, 1, 1, 1)
    whole = viz.image_grid(x).figure
    assert [float(c.images[0].get_array()[0, 0]) for c in whole.axes] == [0.0, 1.0]


def test_heatmap_centres_signed_values_on_zero():
    signed = viz.heatmap(torch.tensor([[-1.0, 4.0]])).images[0]
    positive = viz.heatmap(torch.tensor([[1.0, 4.0]])).images[0]
    assert signed.get_clim() == (-4.0, 4.0)
    assert positive.get_clim() == (1.0, 4.0)


def test_decision_regions_colour_what_predict_answers():
    x = torch.tensor([[0.0, 0.0], [1.0, 2.0]])
    asked = []

    def predict(points):
        asked.append(points)
        return (points[:, 0] > 0.5).long()

    ax = viz.decision_regions(predict, x, torch.tensor([0, 1]))
    low, high = asked[0].amin(0).tolist(), asked[0].amax(0).tolist()
    assert low == pytest.approx([-0.1, -0.2])
    assert high == pytest.approx([1.1, 2.2])
    # A region's left and right ends: class 0 up to one half, class 1 from there.
    ends = [
        area.get_paths()[0].get_extents().intervalx.tolist()
        for area in ax.collections[:2]
    ]
    assert ends[0] == pytest.approx([-0.1, 0.5], abs=0.01)
    assert ends[1] == pytest.approx([0.5, 1.1], abs=0.01)


def test_confusion_plot_counts_truth_in_rows():
    truth, answer = torch.tensor([0, 0, 1, 1, 1]), torch.tensor([0, 1, 1, 1, 1])
    ax = viz.confusion_plot(truth, answer, ["cat", "dog"])
    counts = {t.get_position(): int(t.get_text()) for t in ax.texts}
    assert counts == {(0, 0): 1, (1, 0): 1, (1, 1): 3}
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("answer", "truth")
    assert ax.get_title() == "accuracy 80.0%"


def test_bfloat16_can_be_plotted():
    assert viz.heatmap(torch.ones(2, 2, dtype=torch.bfloat16)).images


def test_image_grid_refuses_what_is_no_row_of_images():
    with pytest.raises(ArgumentError) as caught:
        viz.image_grid(torch.rand(5, 2, 4, 4))
    assert str(caught.value) == (
        "image_grid wants at least one image, in x of shape (N, H, W), "
        "(N, 1, H, W) or (N, 3, H, W), but got (5, 2, 4, 4).\n"
        "Next step: reshape x, or add the first axis with x[None]."
    )


def test_image_grid_refuses_labels_that_do_not_match():
    with pytest.raises(ArgumentError) as caught:
        viz.image_grid(torch.rand(5, 4, 4), labels=["a"])
    assert str(caught.value) == (
        "image_grid wants one label for each of the 5 images, but got 1.\n"
        "Next step: cut x and labels to the same length."
    )
