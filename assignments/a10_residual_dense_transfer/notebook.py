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

# %% [markdown]
# # Residual networks, dense networks, and what transfers
#
# A deeper network can do everything that a shallower one can: let the extra
# layers return their input. Yet in 2015 a plain network of 56 layers had a
# larger error than one of 20 layers, *on its own training images*. It did not
# overfit. It was never found by gradient descent: "do nothing" is an easy
# function to write down and a hard one to learn for a stack of layers that
# starts from noise.
#
# Residual networks turn this round. A block computes a *correction* $F(x)$ and
# returns $x + F(x)$, so doing nothing is what a block does when its weights
# are small. Dense networks go one step further and hand everything on to
# everybody. Both have been used in nearly every deep network since, the
# transformers of today included.
#
# In this assignment you measure the disease, write the two cures, train them
# on small colour pictures, and then do what most people do with a deep network
# nowadays: take one that somebody has trained, and teach it something new with
# fifty pictures. One of our own experiments of this kind went wrong. You will
# repeat it and find out why.
#
# | part | you write | points |
# | --- | --- | --- |
# | 1 | how much gradient reaches each of thirty layers | 3 |
# | 2 | the residual block, a residual network; an answer in words | 10 |
# | 3 | dense blocks and the transitions between them | 4 |
# | 4 | loading what fits, freezing, two learning rates; an answer in words | 11 |
# | 5 | folding batch normalisation away | 3 |
#
# **Letters**: $N$ images, $C$ channels, $H \times W$ pixels, $K$ classes, $L$
# layers or blocks, $g$ growth.
#
# **You need** convolutions (a06), batch normalisation (a09) and `nn.Module`.
# Every exercise stands on its own, and below each is a cell that checks it.
# The plots use your answers, so a cell in between may stop with
# `NotImplementedError` until the exercise above it is done.
#
# Modules are compared *by the names of their parameters*: the check loads its
# own numbers into `conv1.weight`, `bn1.bias` and so on. So the docstrings
# state what the attributes are called, and you keep to it. That is no whim of
# the checker: it is how networks travel from one program to another, and you
# will live off it in part 4.

# %% tags=["setup"]
import copy
import time

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call

import course
from autograder import check

course.require_version("0.1")
torch.set_num_threads(1)  # fast enough here, and a good neighbour
ink = "#777777"  # readable on white and on black pages
plt.rcParams.update(
    {f"{part}.color": ink for part in ("text", "xtick", "ytick")}
    | {"axes.labelcolor": ink, "axes.edgecolor": ink, "axes.titlesize": 10}
    | {"figure.facecolor": "none", "axes.facecolor": "none"}
    | {"axes.spines.top": False, "axes.spines.right": False}
    | {"figure.constrained_layout.use": True}
)

# %% [markdown]
# ## 1. What thirty layers do to a gradient
#
# Let $h_0$ be the input of a stack of $L$ layers and $h_{l+1} = f_l(h_l)$. By
# the chain rule, the gradient that arrives at layer $l$ is
#
# $$\frac{\partial \ell}{\partial h_l} = J_l^\top J_{l+1}^\top \cdots
#   J_{L-1}^\top \; \frac{\partial \ell}{\partial h_L},
#   \qquad J_l = \frac{\partial h_{l+1}}{\partial h_l}, \tag{1}$$
#
# a *product* of $L - l$ matrices. Now take $f_l(h) = W \rho(h)$ with the ReLU
# $\rho$ and random weights of variance $v$ and mean 0, each output with $n$
# inputs. The ReLU lets half of the gradient's square through, the weights
# multiply it by $n v$, so on average
#
# $$\Bigl\| \frac{\partial \ell}{\partial h_l} \Bigr\|^2 \;\approx\;
#   \tfrac12\, n v \; \Bigl\| \frac{\partial \ell}{\partial h_{l+1}} \Bigr\|^2.
#   \tag{2}$$
#
# (Each weight is used in as many places as it has inputs, so the same factor
# holds for convolutions, leaving the image's border out of account.)
# PyTorch's default draws the weights uniformly between $\pm 1/\sqrt n$, and so
# $v = 1 / (3n)$.
#
# > **Predict first.** By what factor does the *norm* of the gradient shrink
# > with each layer? And over thirty layers? A number in float32 has about
# > seven digits: what happens if such a gradient, times a learning rate, is
# > added to a weight of 0.1?
#
# Then let the block keep what it had, $h_{l+1} = h_l + F_l(h_l)$. Its
# Jacobian is $I + J_l$, and the product becomes
#
# $$(I + J_l^\top)(I + J_{l+1}^\top) \cdots (I + J_{L-1}^\top)
#   \;=\; I \;+\; \sum_i J_i^\top \;+\; \sum_{i<j} J_i^\top J_j^\top
#   \;+\; \dots \tag{3}$$
#
# Multiplied out, these are $2^{L-l}$ terms: one for every path from the loss
# back to layer $l$, and each block is either passed through or passed by. The
# longest path is as bad as ever. The shortest is $I$: **the loss's own
# gradient arrives at every layer, whatever the weights are.** If the $J_i$ are
# random and independent with the factor $q = \frac12 n v$ of equation (2), the
# squares add up to $(1 + q)^{L-l}$, here $(7/6)^{30} \approx 100$: now the
# gradient *grows*, by 10 in norm, because the signal does.
#
# Write the measuring instrument first. `torch.func.functional_call(model,
# tensors, (x,))` runs a module with other tensors in the place of its own,
# which is one way to leave the model in peace. Another is a copy.

# %% exercise="grad_norms"

# %% [markdown]
# Here is a stack of thirty 3×3 convolutions, with or without skips, with or
# without batch normalisation.
#
# > **Predict first.** Four networks: neither, normalisation only, skips only,
# > both. In which of them will the first layers get the smallest gradient, and
# > in which the largest? Which of the four will learn to read digits?


# %%
class Tower(nn.Module):
    """Thirty convolutions in a row, with or without skips and norms."""

    def __init__(self, skip, norm, blocks=30, width=8, classes=10):
        super().__init__()
        self.skip = skip
        self.stem = nn.Conv2d(1, width, 3, padding=1)
        self.convs, self.norms = nn.ModuleList(), nn.ModuleList()
        for _ in range(blocks):
            self.convs.append(nn.Conv2d(width, width, 3, padding=1))
            self.norms.append(nn.BatchNorm2d(width) if norm else nn.Identity())
        self.head = nn.Linear(width * 8 * 8, classes)

    def forward(self, x):
        """Map digits (N, 1, 8, 8) to logits (N, classes)."""
        x = self.stem(x)
        for conv, norm in zip(self.convs, self.norms, strict=True):
            f = conv(norm(x).relu())
            x = x + f if self.skip else f
        return self.head(x.flatten(1))


towers = {
    "plain": (False, False),
    "norm": (False, True),
    "skip": (True, False),
    "skip and norm": (True, True),
}
digits, digits_test = course.data.digits()


def momentum(parameters, lr):
    """Build plain SGD with momentum."""
    return torch.optim.SGD(parameters, lr=lr, momentum=0.9)


norms, errors = {}, {}
start = time.perf_counter()
for name, (skip, norm) in towers.items():
    torch.manual_seed(0)
    tower = Tower(skip, norm)
    norms[name] = grad_norms(tower, digits.x[:256], digits.y[:256])[1:-1]
    history = course.train.fit(
        tower,
        digits,
        digits_test,
        epochs=course.train.budget(6, smallest=1),
        batch_size=64,
        lr=0.005,
        optimizer=momentum,
        device="cpu",
        progress=False,
    )
    errors[name] = 1 - torch.tensor(history["test_accuracy"])
    first, last = norms[name][0].item(), norms[name][-1].item()
    print(f"{name:14} gradient: first {first:8.2g}, last {last:6.2g};", end=" ")
    print(f"error {errors[name][-1]:.1%}")
print(f"{time.perf_counter() - start:.0f} s")

fig, axes = plt.subplots(1, 2, figsize=(9.6, 3.4))
course.viz.curves(norms, "layer", "gradient norm at the start", True, ax=axes[0])
course.viz.curves(errors, "epoch", "test error", ax=axes[1])
axes[1].set_ylim(0, 1)

# %% [markdown]
# TOWERTEXT

# %% [markdown]
# ## 2. A residual network
#
# The block of He et al. has two convolutions, so that $F$ can bend, with a
# normalisation behind each, and one more ReLU after the sum:
#
#            +---------- shortcut ----------+
#            |                              |
#       x ---+-- conv1 - bn1 - ReLU - conv2 - bn2 --(+)-- ReLU --> out
#
# Two details are easy to get wrong.
#
# - **$F$ must be free to be negative.** A ReLU before the addition would let a
#   block add, and never subtract.
# - **Shapes.** Where $F(x)$ has other channels or another size than $x$, the
#   shortcut cannot be the identity. Then, *and only then*, it is a 1×1
#   convolution with the block's stride, and a normalisation.

# %% exercise="BasicBlock"

# %% [markdown]
# How does a deep stack of your blocks begin its life? Set the scale of the
# last normalisation, `bn2.weight`, to zero in every block: then $F = 0$, and
# thirty blocks are, apart from a ReLU, the identity. Many training recipes
# start like this.

# %%
torch.manual_seed(0)
image = torch.rand(1, 4, 16, 16)
blocks = nn.Sequential(*(BasicBlock(4, 4) for _ in range(30)))
as_built = blocks(image)
for block in blocks:
    nn.init.zeros_(block.bn2.weight)
print(f"30 blocks as built:  output {as_built.std():5.2f} (std)", end=", ")
print(f"input {image.std():.2f}")
print("30 blocks with bn2.weight = 0 return their input:", end=" ")
print(torch.equal(blocks(image), image))

# %% [markdown]
# ### Written question
#
# 1. Let $h_{l+1} = \lambda h_l + F_l(h_l)$ with a number $\lambda > 0$ on the
#    skip. What becomes of the first term of equation (3), the $I$? Evaluate it
#    for 30 blocks and $\lambda = 0.9$, $1$ and $1.1$.
# 2. In *your* block a ReLU follows the sum. What does that change in the first
#    term of equation (3)? Which entries of the gradient pass through a block
#    unharmed, and is that a problem in a network whose blocks follow each
#    other? (What values does the input of the second block have?)
# 3. Start every block with `bn2.weight` = 0. Which of the block's parameters
#    have a gradient of zero in the first step? Do they stay where they are?

# %% [markdown] written="gradient_highway"

# %% [markdown]
# Now stack the blocks. The stem looks at the colours; each stage works at one
# size, and each stage but the first begins by halving it and usually doubles
# the channels. Then the mean over all places, and a linear head.
#
# The block comes in as an argument. So the same network can be built from your
# blocks, from somebody else's, or from the check's.

# %% exercise="ResNet"

# %% [markdown]
# Our pictures are generated: five shapes, plain or striped, in any colour, in
# any place, on any ground. Neither a pixel nor a colour gives the class away.

# %%
train, test = course.data.shapes()
order = torch.argsort(test.y[:80], stable=True)
one_each = [order[test.y[order] == k][0] for k in range(10)]
course.viz.image_grid(
    test.x[one_each], [train.classes[k] for k in range(10)], columns=5
)
print(train)


# %%
def resnet(classes, seed=0):
    """Build a small residual network, with random weights of its own."""
    torch.manual_seed(seed)
    return ResNet(BasicBlock, (1, 1, 1), (16, 32, 64), classes)


def size_of(model):
    """Count the parameters of a model."""
    return sum(p.numel() for p in model.parameters())


def fit(model, data, held_out=None, epochs=5, **settings):
    """Train as everywhere below: AdamW, one cycle of the learning rate."""
    settings = {"batch_size": 64, "lr": 1e-2, "seed": 0} | settings
    return course.train.fit(
        model,
        data,
        held_out,
        epochs=course.train.budget(epochs, smallest=1),
        schedule="one-cycle",
        device="cpu",
        progress=False,
        **settings,
    )


net = resnet(10)
history = fit(net, train, test)
accuracy = history["test_accuracy"][-1]
print(f"{size_of(net):,} parameters, {accuracy:.1%} of the test pictures", end="")
print(f" after {len(history)} epochs, {sum(history['seconds']):.0f} s")
course.viz.learning_curves(history)

# %% [markdown]
# RESNETTEXT

# %% [markdown]
# ## 3. Everybody hears everything
#
# A residual block *adds* to what it got, and what was there before is gone. A
# dense block writes its new maps *beside* the old ones:
#
# $$h_{l+1} = \bigl[\,h_l,\; F_l(h_l)\,\bigr], \qquad
#   \text{channels: } c_0,\; c_0 + g,\; c_0 + 2g,\; \dots,\; c_0 + Lg. \tag{4}$$
#
# Every layer sees all earlier ones, so each need only contribute a few maps:
# the growth $g$ is small, 12 or 32 where a residual network has hundreds of
# channels. The price is that the channels pile up; so between two blocks a
# *transition* mixes them down to fewer, and halves the size.
#
# > **Predict first.** A block starts with 16 channels, grows by 8, and has 3
# > layers with 3×3 kernels. How many weights do its three convolutions have?
# > How many would three convolutions have that keep 40 channels all along?

# %% exercise="dense"

# %%
block, wide = DenseBlock(16, 8, 3), nn.Conv2d(40, 40, 3, bias=False)
dense_weights = sum(layer[2].weight.numel() for layer in block.layers)
print(f"dense: {dense_weights:,} weights, wide: {3 * wide.weight.numel():,}")
x = torch.randn(2, 16, 32, 32)
print(tuple(block(x).shape), "->", tuple(Transition(40, 20)(block(x)).shape))


# %% [markdown]
# (In a transition the 1×1 convolution and the mean over 2×2 pixels may change
# places without changing the result, since both are linear and act on
# different axes. With the mean first, the convolution has a quarter of the
# work. Your check accepts both.)
#
# Build a network of three dense blocks and train it like the residual one.


# %%
class DenseNet(nn.Module):
    """Dense blocks with transitions between them, for small colour images."""

    def __init__(self, growth, count, classes, blocks=3):
        super().__init__()
        channels = 2 * growth
        self.stem = nn.Conv2d(3, channels, 3, padding=1, bias=False)
        self.stages = nn.Sequential()
        for i in range(blocks):
            if i:
                self.stages.append(Transition(channels, channels // 2))
                channels //= 2
            self.stages.append(DenseBlock(channels, growth, count))
            channels += count * growth
        self.norm = nn.BatchNorm2d(channels)
        self.head = nn.Linear(channels, classes)

    def forward(self, x):
        """Map x (N, 3, H, W) to logits (N, classes)."""
        x = self.norm(self.stages(self.stem(x))).relu()
        return self.head(x.mean((2, 3)))


torch.manual_seed(0)
dense_net = DenseNet(growth=8, count=3, classes=10)
dense_history = fit(dense_net, train, test)
accuracy = dense_history["test_accuracy"][-1]
print(f"{size_of(dense_net):,} parameters, {accuracy:.1%}", end=" ")
print(f"after {sum(dense_history['seconds']):.0f} s")

# %% [markdown]
# Do late layers really listen to early ones? Look at the trained weights: for
# layer $l$ of a block, the mean size $|w|$ of the weights that read from the
# block's input, from layer 0, from layer 1, ... Each is divided by the largest
# of its row.


# %%
def listening(block, growth):
    """Say how strongly each layer of a block listens to each earlier source."""
    count = len(block.layers)
    table = torch.full((count, count), float("nan"))
    for i, layer in enumerate(block.layers):
        w = layer[2].weight.detach().abs().mean((0, 2, 3))
        cin = len(w) - i * growth
        sources = [w[:cin], *w[cin:].split(growth)] if i else [w]
        row = torch.stack([s.mean() for s in sources])
        table[i, : i + 1] = row / row.max()
    return table


fig, axes = plt.subplots(1, 3, figsize=(9.6, 2.8))
dense_blocks = [s for s in dense_net.stages if isinstance(s, DenseBlock)]
for i, (ax, block) in enumerate(zip(axes, dense_blocks, strict=True)):
    ax.imshow(listening(block, 8), cmap="viridis", vmin=0, vmax=1)
    for (row, column), value in torch.cartesian_prod(
        torch.arange(3), torch.arange(3)
    ).tolist() and [((r, c), listening(block, 8)[r, c]) for r in range(3) for c in range(r + 1)]:
        ax.text(column, row, f"{value:.2f}", ha="center", va="center", color="w")
    ax.set_xticks(range(3), ["input", "layer 0", "layer 1"])
    ax.set_yticks(range(3), [f"layer {k}" for k in range(3)])
    ax.set_title(f"dense block {i}: who listens to whom")
