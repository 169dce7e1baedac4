"""The course library: data sets, blocks, training and plots. Knows nothing of grading."""
