# %% [markdown]
# # Every kind

# %% tags=["setup"]
import torch

from autograder import check

# %% exercise="shown"

# %% exercise="marked"

# %% exercise="sampled"

# %% exercise="judged"

# %% exercise="counted"
