# %% [markdown]
# # Toy
#
# An assignment as small as can be.

# %% tags=["setup"]
import numpy as np
import torch

from autograder import check

# %% exercise="softmax"

# %%
print(softmax(torch.zeros(1, 2)))

# %% exercise="center"

# %% exercise="double"

# %% [markdown] written="why"
