"""Plots for notebooks: restrained, labelled, and readable on light and dark pages.

Every function draws into `ax` where one is given, else into a new figure, and
returns axes: a figure at the end of a cell would be shown twice. matplotlib is
imported when the first plot is made.
"""

from course.viz.classes import confusion_plot, decision_regions, scatter
from course.viz.grids import heatmap, image_grid
from course.viz.lines import curves, learning_curves

__all__ = [
    "confusion_plot",
    "curves",
    "decision_regions",
    "heatmap",
    "image_grid",
    "learning_curves",
    "scatter",
]
