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
# # A multilayer perceptron from scratch
#
# In this assignment you build a neural network out of matrix products and
# one non-linear function, find its gradient with pencil and paper, prove to
# yourself that the gradient is right, and train it to read handwritten
# digits. NumPy is all you use, until the last two sections: there PyTorch
# does in a few lines what you did by hand, and you will know what it does.
#
# | part | you write | points |
# | --- | --- | --- |
# | 1 | four activation functions and their slopes | 3 |
# | 2 | the forward pass | 2 |
# | 3 | the backward pass | 4 |
# | 4 | a numerical gradient to check it with, and a yardstick | 3 |
# | 5 | the gradient one sample at a time | 3 |
# | 6 | stochastic gradient descent; one answer in words | 8 |
# | 7 | how much gradient reaches each of thirty layers | 3 |
#
# Below each exercise is a cell that checks your answer. Every exercise
# stands on its own: if one resists, go on and come back. The plots use your
# answers, so a cell between two exercises may stop with
# `NotImplementedError` until the exercise above it is done.
#
# One convention holds throughout. **Rows are samples**: a batch of $N$
# inputs with $D$ features is a matrix of shape $(N, D)$, and a layer
# computes `x @ W + b` with `W` of shape (inputs, outputs). The letters are
# $N$ samples, $D$ features, $H$ hidden units, $K$ classes.

# %% tags=["setup"]
import time
from functools import partial
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import course
from autograder import check
from course import data, train, viz

course.require_version("0.1")
train.no_spin()  # small matrices: one thread is faster than many

# %% [markdown]
# ## 1. The bend
#
# Why does a network need anything but matrices? Stack two linear layers:
#
# $$ (x W_1 + b_1) W_2 + b_2 \;=\; x\,(W_1 W_2) + (b_1 W_2 + b_2). $$
#
# That is one linear layer again. Ten of them in a row can still only cut
# the plane with a straight line. Something must bend between the layers,
# and it need not be much: take any continuous function that is not a
# polynomial, apply it to each number on its own, and one hidden layer, if it
# is wide enough, comes as close as you like to every continuous function on
# a bounded set (Leshno, Lin, Pinkus and Schocken, 1993).
#
# Four such functions are in common use. For training, the *slope* of the
# bend matters as much as its value, because on the way back every gradient
# is multiplied by it:
#
# $$ y = \varphi(x) \quad\Longrightarrow\quad
#    \frac{\partial \ell}{\partial x} =
#    \frac{\partial \ell}{\partial y}\,\varphi'(x). $$
#
# The backward pass needs to know where on the curve the forward pass was.
# So the forward function returns, beside $y$, a **cache**: whatever you want
# to remember. For the sigmoid, differentiating $y = 1/(1+e^{-x})$ gives
# $e^{-x}/(1+e^{-x})^2 = y\,(1-y)$: the output is all that you need to keep.
# Look for the same surprise in the other three.
#
# One trap is in the arithmetic, not in the mathematics. In float32, $e^{89}$
# is already infinite, and infinity has no manners: inf / inf and 0 · inf are
# both nan, and one nan in a network is soon everywhere.

# %% exercise="activations"

# %% [markdown]
# **Before you run the next cell, write down**: which of the four functions
# has the steepest slope anywhere, and how steep? Which one multiplies a
# gradient by at most 1/4, even at its best point?

# %%
x = np.linspace(-5, 5, 401)
kinds = ["sigmoid", "tanh", "relu", "elu"]
values, slopes = {}, {}
for kind in kinds:
    y, cache = act_forward(x, kind)
    values[kind] = (x, y)
    slopes[kind] = (x, act_backward(np.ones_like(x), cache, kind))

_, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
viz.curves(values, "input x", "value", title="activation", ax=left)
viz.curves(slopes, "input x", "slope", title="derivative", ax=right)
left.set_ylim(-1.2, 3)
plt.show()

# %% [markdown]
# None of the slopes exceeds 1, and the sigmoid's peaks at 0.25: after ten
# sigmoid layers a gradient has been multiplied by $4^{-10}$, about one in a
# million, *in the best case*. Sigmoid and tanh are flat on both sides, so a
# unit with a large input, of either sign, hardly learns: it is
# **saturated**. ReLU and ELU are flat on one side at most. We come back to
# this in part 7, with a surprise.

# %% [markdown]
# ## 2. Forward
#
# Our network has one hidden layer of tanh units:
#
# $$ a = x W_1 + b_1, \qquad h = \tanh(a), \qquad z = h W_2 + b_2. $$
#
# The $H$ hidden units are $H$ questions put to the input, each answered with
# a number between -1 and 1; the second layer is a linear classifier on
# the answers. The scores $z$ are called **logits**. They are left raw: the
# softmax belongs to the loss, where it can be combined with the logarithm
# without overflow (part 6).
#
# We take tanh here because it is smooth: the numerical check in part 4 then
# works everywhere, without kinks in the way.

# %% exercise="mlp_forward"

# %% [markdown]
# Shapes that agree prove little. A worked example that you can follow in
# your head proves more: with one input, one unit and one class, $x = 2$,
# $W_1 = 1/2$, $b_1 = -1$ give $a = 0$ and $h = 0$, so that the logit is just
# $b_2$.

# %%
tiny = {
    "W1": np.array([[0.5]]),
    "b1": np.array([-1.0]),
    "W2": np.array([[3.0]]),
    "b2": np.array([7.0]),
}
logits, cache = mlp_forward(np.array([[2.0]]), tiny)
print("logits", logits, " a", cache["a"], " h", cache["h"])

# %% [markdown]
# ## 3. Backward, by hand
#
# This is the centre of the assignment, so take a sheet of paper. We want
# the gradient of a number $\ell$, the loss, with respect to every parameter.
# All that we are told is how $\ell$ reacts to the logits:
# $\delta_{nk} = \partial \ell / \partial z_{nk}$, a matrix of shape $(N, K)$.
#
# Write the last layer with its indices:
#
# $$ z_{nk} = \sum_j h_{nj}\, W_{jk} + b_k . $$
#
# **The weight** $W_{jk}$ touches $z_{nk}$ for every sample $n$ (and no other
# class $k$). By the chain rule, add up all the ways in which it acts:
#
# $$ \frac{\partial \ell}{\partial W_{jk}}
#    = \sum_n \frac{\partial \ell}{\partial z_{nk}}
#      \frac{\partial z_{nk}}{\partial W_{jk}}
#    = \sum_n \delta_{nk}\, h_{nj}
#    = (h^\top \delta)_{jk} . $$
#
# **The bias** $b_k$ also touches every sample, each time with factor 1:
# $\partial \ell / \partial b_k = \sum_n \delta_{nk}$.
#
# **The hidden value** $h_{nj}$ touches all classes $k$, but only its own
# sample:
#
# $$ \frac{\partial \ell}{\partial h_{nj}}
#    = \sum_k \delta_{nk}\, W_{jk} = (\delta\, W^\top)_{nj} . $$
#
# That is all of backpropagation through a linear layer. You need not
# remember where the transposes go: *sum over the index that the result does
# not have*, and the shapes leave only one way to write it.
#
# What remains is to pass through the tanh, entry by entry as in part 1, and
# you stand before the first layer with $\partial \ell / \partial a$ in your
# hand. It is a linear layer like the last one. Do the same again.

# %% exercise="mlp_backward"

# %% [markdown]
# ## 4. Trust, but measure
#
# A wrong gradient does not crash. Often it even learns, only worse than it
# should, and you would blame the learning rate. So measure: nudge one
# parameter, see how the loss reacts, and compare. The central difference
#
# $$ \frac{f(p + \varepsilon) - f(p - \varepsilon)}{2\varepsilon}
#    = f'(p) + \frac{\varepsilon^2}{6} f'''(p) + \dots $$
#
# costs two forward passes for each of the parameters: hopeless for training,
# perfect for finding mistakes on a small example.

# %% exercise="numeric_grad"

# %% [markdown]
# How close is close? A difference of $10^{-4}$ is excellent for a gradient
# of size 100 and a disaster for one of size $10^{-4}$. The yardstick has to
# be relative.

# %% exercise="rel_error"

# %% [markdown]
# Now put your backward pass on the scales. As loss we take a sum of the
# logits with random weights $\delta$, so that $\partial \ell / \partial z$
# is just $\delta$.

# %%
rng = np.random.default_rng(0)


def start(D, H, K, rng):
    """Draw small random weights; biases start at zero."""
    return {
        "W1": rng.normal(0, D**-0.5, (D, H)),
        "b1": np.zeros(H),
        "W2": rng.normal(0, H**-0.5, (H, K)),
        "b2": np.zeros(K),
    }


params = start(D=5, H=7, K=3, rng=rng)
x, delta = rng.normal(size=(4, 5)), rng.normal(size=(4, 3))
_, cache = mlp_forward(x, params)
grads = mlp_backward(delta, cache, params)


def loss_with(name, value):
    logits, _ = mlp_forward(x, {**params, name: value})
    return (logits * delta).sum()


for name, p in params.items():
    measured = numeric_grad(partial(loss_with, name), p, 1e-5)
    print(f"{name}: relative error {rel_error(grads[name], measured):.1e}")

# %% [markdown]
# Around $10^{-10}$: your derivation is right. With a mistake in it you would
# see something between $10^{-2}$ and 1. (Spoil your backward pass on
# purpose and look.)
#
# Why $\varepsilon = 10^{-5}$, and not $10^{-15}$? A smaller step should be
# more exact. **Before you run the next cell, sketch** the error of the
# numerical gradient against $\varepsilon$, on logarithmic axes, for the
# one-sided difference $(f(p+\varepsilon) - f(p))/\varepsilon$ and for your
# central one.

# %%
steps = 10.0 ** np.arange(-14, 0.1, 0.5)
W1 = params["W1"]


def one_sided(dtype, eps):
    """Differentiate with respect to W1, stepping up only, in dtype."""
    typed = {k: v.astype(dtype) for k, v in params.items()}
    x_t, delta_t = x.astype(dtype), delta.astype(dtype)
    out = np.zeros(W1.shape)
    for i in np.ndindex(W1.shape):
        f = []
        for step in (eps, 0):
            p = {k: v.copy() for k, v in typed.items()}
            p["W1"][i] += dtype(step)
            f.append((mlp_forward(x_t, p)[0] * delta_t).sum())
        out[i] = (float(f[0]) - float(f[1])) / eps
    return out


errors = {
    "one-sided, float32": [one_sided(np.float32, e) for e in steps],
    "one-sided, float64": [one_sided(np.float64, e) for e in steps],
    "central, float64 (yours)": [
        numeric_grad(partial(loss_with, "W1"), W1, e) for e in steps
    ],
}
shown = {
    name: (steps, [rel_error(g, grads["W1"]) for g in found])
    for name, found in errors.items()
}
ax = viz.curves(shown, "step ε", "relative error", logy=True)
ax.set_xscale("log")
plt.show()

# %% [markdown]
# Each curve is a V. On the right the formula is at fault: the error falls
# like $\varepsilon$ for the one-sided difference (slope 1 in this plot) and
# like $\varepsilon^2$ for the central one (slope 2). On the left the
# arithmetic is: $f(p+\varepsilon)$ and $f(p)$ agree in almost all their
# digits, subtracting them leaves the rounding error, and dividing by
# $\varepsilon$ blows it up. The two meet near $\sqrt{u}$ for the one-sided
# and $u^{1/3}$ for the central difference, where $u$ is the unit of
# rounding: $10^{-16}$ in float64, $6 \cdot 10^{-8}$ in float32. In float32
# the best you can get is three digits, or a little more. That is why
# gradients are checked in float64.

# %% [markdown]
# ## 5. One sample at a time
#
# The loss over a batch is a sum over samples, so its gradient is a sum too.
# You may compute it in one matrix product, or sample by sample, or in ten
# portions: the total is the same. This is what makes it possible to train
# with batches that do not fit in memory (*gradient accumulation*), and it is
# how networks were first trained, when a batch was one image.
#
# We use the loss of that time. The output layer has a tanh as well, and the
# network is asked to answer +0.9 for the true class and -0.9 for the others;
# the loss is the sum of the squared differences. Why 0.9? A tanh reaches 1
# only for an infinite input. With targets ±1 the weights would never stop
# growing, and the units would sit where they are flat.

# %% exercise="accumulate_per_sample"

# %% [markdown]
# A batch gradient over the whole training set is exact but slow: one step
# for one pass. How much worse is the direction if you look at only some of
# the samples? Take 500 digits, compute the gradient over all of them, and
# compare it with the gradient over $B$ random ones by the cosine of the
# angle between the two (1: same direction, 0: unrelated; two random
# directions in 2,410 dimensions have a cosine of about ±0.02).
#
# **Before you run the next cell, write down** your guess of the average
# cosine for $B = 1$, $10$ and $100$.

# %%
digits_train, digits_test = data.digits()
x_train = digits_train.flat.numpy().astype(np.float64)  # (1297, 64)
y_train = digits_train.y.numpy()
x_test = digits_test.flat.numpy().astype(np.float64)  # (500, 64)
y_test = digits_test.y.numpy()

rng = np.random.default_rng(0)
x, y = x_train[:500], y_train[:500]


def direction(index, params):
    """Return the gradient over these samples as one unit vector."""
    g = accumulate_per_sample(x[index], y[index], params)
    flat = np.concatenate([g[k].ravel() for k in sorted(g)])
    return flat / np.linalg.norm(flat)


def agreement(params, title, ax):
    """Plot how well B random samples agree with all 500."""
    whole = direction(np.arange(500), params)
    for row, B in enumerate((100, 10, 1)):
        some = [rng.choice(500, B, replace=False) for _ in range(120)]
        cosines = [direction(i, params) @ whole for i in some]
        height = row + rng.uniform(-0.25, 0.25, 120)
        ax.scatter(cosines, height, s=8, alpha=0.6)
        print(f"{title}, B = {B:3d}: mean cosine {np.mean(cosines):.2f}")
    ax.set_yticks([0, 1, 2], ["B = 100", "B = 10", "B = 1"])
    ax.set(xlabel="cosine with the gradient over 500", title=title)
    ax.set(xlim=(-0.05, 1.05), ylim=(-0.5, 2.5))
    ax.grid(axis="x", alpha=0.3)


at_start = start(D=64, H=32, K=10, rng=rng)
_, ax = plt.subplots(figsize=(6.5, 2.6), layout="constrained")
agreement(at_start, "at the start", ax)
plt.show()

# %% [markdown]
# At the start a single digit already points roughly the right way, and ten
# point almost exactly there. A hundred cost ten times as much as ten and
# add hardly anything. This is the case for *stochastic* gradient descent:
# many cheap, roughly right steps beat a few exact ones.
#
# **Before you run the next cell, write down** how the picture will look
# after a hundred exact steps over all 500 samples.

# %%
later = at_start
for _ in range(100):
    g = accumulate_per_sample(x, y, later)
    later = {k: later[k] - 2e-4 * g[k] for k in later}

_, ax = plt.subplots(figsize=(6.5, 2.6), layout="constrained")
agreement(later, "after 100 steps", ax)
plt.show()

# %% [markdown]
# What all digits had in common is learned. What is left are the cases that
# pull in different directions: one digit says next to nothing about the
# gradient of the whole, and even a hundred give only a vague idea. This is
# why the step size must fall, or the batch grow, towards the end of training.

# %% [markdown]
# ## 6. Training
#
# For classes the squared error has given way to the cross-entropy of the
# softmax. For one sample with logits $z$ and true class $y$,
#
# $$ p_k = \frac{e^{z_k}}{\sum_m e^{z_m}}, \qquad
#    \ell = -\log p_y = \log \sum_m e^{z_m} - z_y . $$
#
# Differentiate the right-hand side: the derivative of the first term with
# respect to $z_k$ is $p_k$, that of the second is 1 for $k = y$ and 0
# otherwise. So
#
# $$ \frac{\partial \ell}{\partial z_k} = p_k - [k = y] , $$
#
# *what the network believes minus what is true*. For the mean over a batch,
# divide by $N$, once. Compute $\log p_k$ as
# $z_k - m - \log \sum_j e^{z_j - m}$ with $m$ the largest logit of the row:
# nothing can overflow, and no logarithm of zero can occur.
#
# Everything is in place. `sgd_train` takes starting weights and a sequence
# of batches, and returns new weights. It does not change the old ones: you
# can keep them, and train on from any point as often as you like.

# %% exercise="sgd_train"

# %% [markdown]
# ### Three lines make a fence
#
# First a problem that can be seen: points in a square belong to class 1
# if they lie in a disc. Each hidden unit draws one line through the
# plane, and tanh makes a soft step across it.
#
# **Before you run the next cell, write down**: what is the smallest $H$ with
# which the network can fence in the disc on all sides? And what will it
# do with fewer?


# %%
def shuffled(x, y, size, rng):
    """Cut one epoch in random order into batches."""
    order = rng.permutation(len(x))
    cuts = range(size, len(x), size)
    return [(x[i], y[i]) for i in np.split(order, cuts)]


def disc(H, seed=2):
    """Train H hidden units to tell a disc from its surroundings."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (600, 2))
    y = ((x**2).sum(1) < 0.4).astype(np.int64)
    p = start(2, H, 2, rng)
    for epoch in range(150):
        lr = 1.0 if epoch < 120 else 0.2
        p, _ = sgd_train(p, shuffled(x, y, 20, rng), lr)
    return x, y, p


_, axes = plt.subplots(1, 4, figsize=(12, 3.3), layout="constrained")
for ax, H in zip(axes, (1, 2, 3, 20), strict=True):
    x, y, p = disc(H)
    viz.decision_regions(
        lambda q, p=p: torch.from_numpy(mlp_forward(q.numpy(), p)[0]),
        torch.from_numpy(x),
        torch.from_numpy(y),
        ax=ax,
    )
    right = (mlp_forward(x, p)[0].argmax(1) == y).mean()
    ax.set(title=f"H = {H}: {right:.1%} right", aspect="equal")
    ax.get_legend().remove()
plt.show()

# %% [markdown]
# One line can only cut something off, and gives up: calling everything
# "outside" is right for seven points in ten. Two make a strip, open at both
# ends. Three close a (rounded) triangle: no fewer than three lines can
# enclose a region of the plane. Twenty make it round.
#
# But three do not *always* find it: with `disc(3, seed=0)` the network
# ends with a strip too, and no small step leads out. So a network is
# commonly given many more units than the problem needs, not because it
# could not do with fewer, but because it could not *find* them.

# %% [markdown]
# ### Digits

# %%
rng = np.random.default_rng(0)
params = start(D=64, H=32, K=10, rng=rng)
path, losses = [params], []
began = time.perf_counter()
for epoch in range(30):
    lr = 0.5 * 0.9**epoch
    params, found = sgd_train(params, shuffled(x_train, y_train, 32, rng), lr)
    path.append(params)
    losses.extend(found)
took = time.perf_counter() - began


def accuracy(params, x, y):
    return (mlp_forward(x, params)[0].argmax(1) == y).mean()


print(
    f"training {accuracy(params, x_train, y_train):.1%}, "
    f"unseen {accuracy(params, x_test, y_test):.1%} in {took:.1f} s"
)
smooth = np.convolve(losses, np.ones(20) / 20, "same")
viz.curves(
    {"each batch": losses, "mean of 20": smooth[10:-10]},
    "step",
    "cross-entropy",
    logy=True,
)
plt.show()

# %% [markdown]
# What have the hidden units learned to ask? Each column of $W_1$ holds 64
# weights, one for each pixel, so it can be looked at as an image: light
# pixels speak for the unit, dark ones against it, grey is zero.
#
# **Before you run the next cell, write down**: some pixels of these images
# will not have changed at all in thirty epochs. Where, and why?

# %%
before, after = path[0]["W1"].T[:12], path[-1]["W1"].T[:12]
rows = {
    "at the start": before,
    "after training": after,
    "what training added": after - before,
}
fig, axes = plt.subplots(3, 1, figsize=(10, 3.4), layout="constrained")
for ax, (name, w) in zip(axes, rows.items(), strict=True):
    tiles = np.pad(
        w.reshape(12, 8, 8), [(0, 0), (0, 0), (0, 1)], constant_values=np.nan
    )  # a gap between units
    strip = tiles.transpose(1, 0, 2).reshape(8, 12 * 9)[:, :-1]
    ax.imshow(strip, cmap="gray", vmin=-0.6, vmax=0.6)
    ax.set_title(name, loc="left", fontsize=10)
    ax.axis("off")
plt.show()

# %% [markdown]
# The weights still carry the noise of their start. Take it away, and
# strokes, edges and spots appear, smooth although nobody told the network
# which pixels are neighbours. At the left and right rim hardly anything was
# added, and nothing at all in the three pixels that are blank in every
# digit (the first of the first row, the first and the last of the fifth):
# there $x_{nd} = 0$ in all samples, so the gradient
# $\sum_n x_{nd}\, \partial \ell / \partial a_{nj}$ is zero. The noise of the
# start stays there for ever. On a new image with ink in such a pixel the
# network would listen to it.
#
# ### The landscape
#
# A loss over 2,410 parameters cannot be drawn, but a slice of it can: take
# the plane through three points of the training path (the start, the weights
# after two epochs, and the end), and compute the loss at every point of a
# grid. The other epochs are projected on to that plane.
#
# **Before you run the next cell, write down**: do you expect a bowl, a
# valley, or hills with many minima?


# %%
def flatten(p):
    return np.concatenate([p[k].ravel() for k in ("W1", "b1", "W2", "b2")])


def unflatten(v):
    cuts = np.cumsum([64 * 32, 32, 32 * 10])
    W1, b1, W2, b2 = np.split(v, cuts)
    return {
        "W1": W1.reshape(64, 32),
        "b1": b1,
        "W2": W2.reshape(32, 10),
        "b2": b2,
    }


def log_loss(p):
    logits, _ = mlp_forward(x_train, p)
    loss = F.cross_entropy(torch.from_numpy(logits), torch.from_numpy(y_train))
    return np.log10(loss.item())


points = np.stack([flatten(p) for p in path])
origin = points[0]
u = points[-1] - origin
u /= np.linalg.norm(u)
v = points[2] - origin
v -= (v @ u) * u
v /= np.linalg.norm(v)
track = (points - origin) @ np.stack([u, v], 1)  # (31, 2)

reach = np.ptp(track[:, 0])
gu = np.linspace(-0.4 * reach, 2.2 * reach, 44)
gv = np.linspace(-0.7 * reach, 0.9 * reach, 32)
grid = [[origin + a * u + b * v for a in gu] for b in gv]
surface = [[log_loss(unflatten(p)) for p in row] for row in grid]

fig, ax = plt.subplots(figsize=(7, 4.6), layout="constrained")
filled = ax.contourf(gu, gv, surface, 24, cmap="viridis")
ax.plot(*track.T, "o-", color="white", ms=3, lw=1)
ax.annotate(
    "start",
    track[0],
    color="white",
    ha="right",
    va="bottom",
    xytext=(-5, 3),
    textcoords="offset points",
)
ax.annotate(
    "end",
    track[-1],
    color="white",
    ha="left",
    va="bottom",
    xytext=(5, 3),
    textcoords="offset points",
)
ax.set(xlabel="from start to end", ylabel="across", aspect="equal")
fig.colorbar(filled, label="loss, logarithm to base 10", shrink=0.8)
plt.show()

# %% [markdown]
# In this plane there is one basin, and the path bends into it: two or three
# epochs do most of the work, then the steps get small along a floor that
# falls so gently that only the logarithm shows it. And the path stops
# short of the lowest point. Further out in the same direction lie nearly
# the same answers with larger weights, that is, with more certainty. The
# cross-entropy rewards certainty, until the few digits that are wrong cost
# more than the many right ones gain. (Were none wrong, the loss could fall
# for ever, and would have no minimum at all.)
#
# (A plane through the path is a flattering view. Assignment a27 looks in
# other directions.)

# %% [markdown]
# ### A question in words
#
# We drew the starting weights at random. Would zeros do? Consider our network
# ($\tanh$ hidden layer, softmax cross-entropy, plain SGD) with all biases at
# zero and these four starts:
#
# 1. $W_1 = 0$ and $W_2 = 0$;
# 2. $W_1$ random, $W_2 = 0$;
# 3. $W_1 = 0$, $W_2$ random;
# 4. every entry of $W_1$ and of $W_2$ equal to the same number $c \neq 0$.
#
# For each of them, say which of the four gradients are zero in the first
# step, which stay zero for ever, and what the network can learn in the end.
# Argue with the equations of part 3 ($\partial \ell/\partial W_2 = h^\top
# \delta$ and so on), not with an experiment; the experiment is there to
# surprise you afterwards. About ten lines.

# %% [markdown] written="four_starts"

# %% [markdown]
# ## 7. Thirty layers
#
# If one hidden layer is good, are thirty better? From here on PyTorch
# differentiates for us. Before anything is trained, at the first
# step, look at the size of the gradient that each layer receives. A layer
# whose gradient is $10^{-15}$ does not learn.
#
# The weights are drawn with standard deviation $g/\sqrt{\text{inputs}}$, so
# that with gain $g = 1$ a linear layer would keep the size of what passes.

# %% exercise="grad_norms_by_depth"

# %% [markdown]
# **Before you run the next cell, write down** for tanh with gain $g = 0.8$:
# every layer shrinks what passes through it, forward and backward. By which
# factor will the gradient of the first layer's weights be smaller than that
# of the last layer's?

# %%
x = torch.from_numpy(x_train[:128]).float()
y = torch.from_numpy(y_train[:128])
sizes = [64] * 30 + [10]

fig, axes = plt.subplots(1, 3, figsize=(12, 3.6), sharey=True)
fig.set_layout_engine("constrained")
for ax, kind in zip(axes, ("sigmoid", "tanh", "elu"), strict=True):
    norms = {}
    for gain in (0.8, 1.0, 1.2, 1.5, 2.0):
        generator = torch.Generator().manual_seed(0)
        weights = [
            gain / i**0.5 * torch.randn(i, o, generator=generator)
            for i, o in pairwise(sizes)
        ]
        norms[f"g = {gain}"] = grad_norms_by_depth(weights, x, y, kind)
    viz.curves(norms, "layer (1: input)", logy=True, title=kind, ax=ax)
axes[0].set_ylabel("norm of the gradient")
plt.show()

# %% [markdown]
# Read the three panels against each other.
#
# *Sigmoid*: a straight line on a log axis is a geometric fall. Each layer
# multiplies the gradient by the gain times a slope of at most 1/4; for
# $g = 0.8$ that is 1/5, and $5^{-29} \approx 10^{-20}$. The first layers do
# not learn at all. This is the *vanishing gradient* that kept deep networks
# out of reach until about 2010 (Glorot and Bengio).
#
# *Tanh with g = 0.8*: the surprise. The curve is nearly flat! The gradient
# of a layer's weights is $h^\top \delta$, its input times what comes back.
# Going towards the output the input fades by about 0.8 per layer; going
# towards the input $\delta$ fades by about 0.8 per layer; the product is the
# same everywhere, some $0.8^{30} \approx 10^{-3}$. All layers suffer
# alike. The sigmoid is different because its outputs do not fade: they are
# around 1/2, whatever comes in.
#
# *Large gains*: with tanh, $g = 2$ makes the gradient grow towards the input,
# because saturation holds the signal at ±1 on the way forward and nothing
# holds it on the way back. ELU is not bounded, so there everything explodes:
# the norm is near $10^5$ in every layer, and one step would destroy
# the network.
#
# Between too small and too large there is a gain at which every layer gets
# a gradient of a size that one can work with: near 1.2 in this network, for
# tanh and for ELU. How to find it without trying is the subject of
# assignment a08.

# %% [markdown]
# ## 8. The twin
#
# Here is the same network in PyTorch. First the proof that it is the same:
# your weights, your gradient, and what autograd says.

# %%
rng = np.random.default_rng(1)
params = start(64, 32, 10, rng)
x, y = x_train[:50], y_train[:50]

logits, cache = mlp_forward(x, params)
scores = torch.from_numpy(logits).requires_grad_()
F.cross_entropy(scores, torch.from_numpy(y)).backward()
yours = mlp_backward(scores.grad.numpy(), cache, params)

twin = course.nn.MLP([64, 32, 10], activation=nn.Tanh).double()
first, last = twin.hidden[0].linear, twin.output
with torch.no_grad():  # nn.Linear keeps its weights as (outputs, inputs)
    first.weight.copy_(torch.from_numpy(params["W1"].T))
    first.bias.copy_(torch.from_numpy(params["b1"]))
    last.weight.copy_(torch.from_numpy(params["W2"].T))
    last.bias.copy_(torch.from_numpy(params["b2"]))
F.cross_entropy(twin(torch.from_numpy(x)), torch.from_numpy(y)).backward()

theirs = {
    "W1": first.weight.grad.T,
    "b1": first.bias.grad,
    "W2": last.weight.grad.T,
    "b2": last.bias.grad,
}
for name in yours:
    error = rel_error(yours[name], theirs[name].numpy())
    print(f"{name}: relative error {error:.1e}")

# %% [markdown]
# Equal to the last digits. Autograd is nothing but part 3, carried out for
# every operation that it saw; in assignment a05 you will build it. And
# training becomes one call:

# %%
train.seed_all(0)
twin = course.nn.MLP([64, 32, 10], activation=nn.Tanh)
history = train.fit(
    twin,
    digits_train,
    digits_test,
    epochs=30,
    batch_size=32,
    lr=0.5,
    optimizer=torch.optim.SGD,
    device="cpu",
    progress=False,
)
unseen = [row["test_accuracy"] for row in history.rows]
print(f"unseen digits: {max(unseen):.1%} in the best epoch,")
print(f"{unseen[-1]:.1%} in the last")
viz.learning_curves(history)
plt.show()

# %% [markdown]
# (Only one of the two figures is honest. Which one, and why?)
#
# ## 9. The challenge
#
# **How many unseen digits can you read with one hidden layer, in NumPy?**
# The next cell trains 32 units from five starts. With the reference's
# `sgd_train` it gets 96.8 % of the 500 test digits on average, and each run
# takes a fraction of a second. Everything that you can change is in your
# hands: $H$, the batch size, the steps and how they fall, the starting
# weights, the number of epochs. Nor must the training set stay as it is: a
# digit that is shifted by one pixel is still the same digit. With that idea
# and 100 units the reference reaches 98.3 % (mean of five starts, about a
# second each).
#
# Choose with the *training* digits (keep some of them back), and look at
# the test digits once, at the end.


# %%
def run(train_set, test_set, H, epochs, size, step, seed):
    """Train from scratch; return the weights and the test accuracy."""
    rng = np.random.default_rng(seed)
    x, y = train_set.flat.numpy(), train_set.y.numpy()
    p = start(x.shape[1], H, 10, rng)
    p = {k: v.astype(np.float32) for k, v in p.items()}
    for epoch in range(epochs):
        p, _ = sgd_train(p, shuffled(x, y, size, rng), step(epoch))
    return p, accuracy(p, test_set.flat.numpy(), test_set.y.numpy())


found = [
    run(*data.digits(), 32, 60, 32, lambda e: 0.5 * 0.95**e, seed)[1]
    for seed in range(5)
]
print(f"unseen digits: {np.mean(found):.1%} ± {np.std(found):.1%}")

# %% [markdown]
# And the real thing: MNIST, 60,000 training and 10,000 test images of
# 28 × 28 pixels. The next cell runs if the data are on this machine (set
# the environment variable `COURSE_DATA` to their folder); otherwise it
# says so and goes on. The reference, 256 tanh units, 12 epochs, batches of
# 32, step $0.4 \cdot 0.75^{\text{epoch}}$, reads 98.0 % of the 10,000 test
# images after about 20 seconds on one thread. Not one line of it uses
# autograd.

# %%
if data.available("mnist"):
    began = time.perf_counter()
    p, right = run(*data.mnist(), 256, 12, 32, lambda e: 0.4 * 0.75**e, seed=0)
    took = time.perf_counter() - began
    print(f"MNIST: {right:.2%} of 10,000 test images, {took:.0f} s")
else:
    print("MNIST is not on this machine: set COURSE_DATA to try it.")

# %% [markdown]
# To go further: plot the ten images that your network is most sure and most
# wrong about. Some of them you would get wrong, too.
#
# ### Sources
#
# The assignment follows the first homework of IE 534 (University of
# Illinois), and practical 3 of EE-559 (EPFL) for part 5. Backpropagation:
# Rumelhart, Hinton and Williams, *Learning representations by
# back-propagating errors*, Nature 323 (1986). One bend is enough: Leshno,
# Lin, Pinkus and Schocken, Neural Networks 6 (1993). ELU: Clevert,
# Unterthiner and Hochreiter, ICLR 2016. Vanishing gradients and starting
# weights: Glorot and Bengio, AISTATS 2010. Efficient backprop, and why
# targets should not be ±1: LeCun, Bottou, Orr and Müller (1998).
