# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% tags=["setup"]
import torch

# %% exercise="comm_time"

# %% exercise="ring_sim"

# %% exercise="ring_all_reduce"

# %% exercise="data_parallel"

# %% exercise="topk_compress"

# %% exercise="parameter_server"

# %% exercise="delayed_sgd"

# %% exercise="max_stable_lr"

# %% exercise="hogwild"

# %% [markdown] written="linear_scaling"

# %% [markdown] written="which_way"
