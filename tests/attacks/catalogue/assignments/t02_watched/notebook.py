# %% [markdown]
# # Watched

# %% tags=["setup"]
import torch

from autograder import check

# %% exercise="total"

# %% exercise="sides"

# %% exercise="noise"
