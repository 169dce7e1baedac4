# %% tags=["setup"]
import torch
import torch.nn.functional as F

from autograder import check

# %% exercise="rnn_forward"

# %% exercise="rnn_backward"

# %% exercise="jacobian_norms"

# %% exercise="orthogonal_"

# %% exercise="lstm_forward"

# %% exercise="lstm_backward"

# %% exercise="gru_forward"

# %% exercise="last_valid"

# %% exercise="masked_mean"

# %% exercise="tbptt"

# %% [markdown]
# Why?

# %% [markdown] written="why_add"

# %% [markdown]
# Why?

# %% [markdown] written="blind_spot"
