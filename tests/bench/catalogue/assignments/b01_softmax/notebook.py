# %% [markdown]
# # Softmax
#
# Five exercises, as small as exercises can be.

# %% tags=["setup"]
import torch

from autograder import check

# %% exercise="softmax"

# %% exercise="log_softmax"

# %% exercise="cross_entropy"

# %% exercise="cross_entropy_gradient"

# %% exercise="soften"
