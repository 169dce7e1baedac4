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
# # Training on many workers
#
# One machine takes a month to train your model. You have thirty machines.
# Will it take a day? Only if they agree, many times a second, on what the
# weights are, and agreement has a price: messages. This assignment is about
# that price, and about three ways to pay it. *Synchronous* training pays in
# full, and computes exactly what one machine would have computed. A
# *parameter server* lets nobody wait and pays with gradients that are out of
# date. *Hogwild* has no agreement at all.
#
# | part | you write | points |
# | --- | --- | --- |
# | 1 | a cost model of talking | 2 |
# | 2 | a ring all-reduce in one process | 2 |
# | 3 | the same ring, as one of many processes | 4 |
# | 4 | data-parallel training; an answer in words | 4 + 3 |
# | 5 | gradient compression with error feedback | 2 |
# | 6 | a parameter server | 3 |
# | 7 | descent with delayed gradients, and its limit | 4 |
# | 8 | Hogwild in shared memory; an answer in words | 3 + 3 |
#
# Below each exercise is a cell that checks your answer. Every exercise
# stands on its own: if one resists, go on and come back. The plots use your
# answers, so a cell between two exercises may stop with
# `NotImplementedError` until the exercise above it is done.
#
# Your machine is a cluster for the day: the workers are processes that talk
# over its loopback, and everything that you write would run on thirty
# machines as it is. The letters are $P$ workers, numbered $0 \dots P-1$ (a
# worker's number is its **rank**), $D$ numbers in a vector, $N$ samples.

# %% tags=["setup"]
import math
import time

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import distributed, nn

import course
from autograder import check
from course import data, parallel, train, viz

course.require_version("0.1")
parallel.cpu_only()  # this notebook forks processes, which GPUs do not like

# %% [markdown]
# ## 1. What talking costs
#
# All of distributed training hangs on one operation, the **all-reduce**:
# each of $P$ workers has a vector, and in the end each has the sum of all.
# To choose among ways to do it we need a model of a message. The usual one
# has two numbers: a message of $m$ bytes takes
#
# $$ \alpha + m\,\beta \quad\text{seconds,} $$
#
# the *latency* $\alpha$ for getting anything across at all, and the inverse
# *bandwidth* $\beta$ for each byte. In a data centre $\alpha$ may be 50
# microseconds and $1/\beta$ some 1.25 GB/s (ten gigabit).
#
# Three ways. **A server**: everybody sends its vector to one machine, which
# adds them up and sends the sum back. All that traffic squeezes through the
# server's one link. **A tree**: pairs add up, then pairs of pairs, until one
# has the sum; then back down. **A ring**: cut the vector into $P$ chunks;
# in each round every worker passes one chunk to its right neighbour. You
# will see in part 2 that $2(P-1)$ rounds are enough.

# %% exercise="comm_time"

# %% [markdown]
# **Before you run the next cell, write down**: sixteen workers; which of the
# three is fastest for one number (4 bytes)? For a model of 100 million
# weights (400 MB)? And if you double the number of workers, what happens to
# the time that the ring takes for the large model?

# %%
ALPHA, BETA = 50e-6, 1 / 1.25e9
sizes = 10.0 ** torch.arange(0, 9.1, 0.25, dtype=torch.float64)
counts = [2, 4, 8, 16, 32, 64, 128, 256]
ways = ("server", "tree", "ring")

_, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
by_size = {
    algo: (
        sizes,
        [comm_time(16, m, ALPHA, BETA, algo) for m in sizes.tolist()],
    )
    for algo in ways
}
by_count = {
    algo: (counts, [comm_time(P, 4e8, ALPHA, BETA, algo) for P in counts])
    for algo in ways
}
viz.curves(by_size, "bytes", "seconds", logy=True, title="16 workers", ax=left)
viz.curves(by_count, "workers", "seconds", logy=True, title="400 MB", ax=right)
left.set_xscale("log")
right.set_xscale("log", base=2)
plt.show()

# %% [markdown]
# Each curve on the left is flat where latency rules and has slope 1 where
# bandwidth does. For small messages the tree wins: few rounds. For large
# ones the ring wins: the time it needs is
#
# $$ 2(P-1)\,\alpha \;+\; 2\,\frac{P-1}{P}\; n\beta, $$
#
# and the second term never exceeds $2n\beta$, *however many workers there
# are*. (Nor is there a way to sum that gets by with fewer bytes per worker:
# Patarasuk and Yuan, 2009.) On the right you see the same thing: the server's
# time grows with $P$, while the ring's levels off. With 256 workers it takes
# twice as long as with two, and doubling their number once more hardly shows.
#
# Pitfall: a model has many small tensors, a bias here and a gain there. One
# all-reduce for each pays $2(P-1)\alpha$ every time. Real systems copy them
# into *buckets* of some 25 MB first.

# %% [markdown]
# ## 2. The ring, in one process
#
# How can everybody get the whole sum if only chunks are passed on, and only
# to one neighbour? In two phases. Watch chunk 0. In step 0 worker 0 sends it
# to worker 1, who adds it to its own chunk 0. In step 1 worker 1 passes on
# that sum of two to worker 2, who adds its own: a sum of three. After $P-1$
# steps worker $P-1$ holds the complete sum of chunk 0. Meanwhile chunk 1 did
# the same, one worker ahead, and so did all others: in step $t$ worker $r$
# sends chunk $(r - t) \bmod P$, and nobody's link is ever idle or used
# twice. That is the **reduce-scatter**. In the **all-gather** the finished
# chunks go round once more, and this time they overwrite.
#
# All workers must cut their vectors alike. Here everybody cuts as
# `tensor_split` does: eight numbers in three chunks are 3, 3 and 2.

# %% exercise="ring_sim"

# %% [markdown]
# If every worker starts with ones only, a chunk shows how many workers'
# numbers are in it. **Before you run the next cell**, draw the half-way
# state of six workers: a table with a row for each worker and a column for
# each chunk. Where are the sixes?

# %%
half, out, sends = ring_sim(torch.ones(6, 6))
_, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
viz.heatmap(half, "numbers in it, half-way", "chunk", "worker", ax=left)
viz.heatmap(sends, "which chunk is sent", "worker", "step", ax=right)
for ax, table in ((left, half), (right, sends)):
    top = table.max()
    for (row, column), value in zip(
        torch.cartesian_prod(*map(torch.arange, table.shape)).tolist(),
        table.flatten().tolist(),
        strict=True,
    ):
        ink = "black" if value > top / 2 else "white"
        ax.text(column, row, f"{value:g}", color=ink, ha="center", va="center")
plt.show()
print("at the end:", out.unique().tolist())

# %% [markdown]
# Worker $r$ ends the first half with the complete chunk $(r + 1) \bmod P$,
# one step further round than its own. That is also the chunk which it sends
# first in the second half (row 5 on the right): the formula $(r - t) \bmod P$
# simply goes on.
#
# Count the traffic of a worker: $2(P-1)$ chunks of $D/P$ numbers, less than
# $2D$ in all. Sending whole vectors round the ring takes $(P-1)\,D$.

# %% [markdown]
# ## 3. The ring, in earnest
#
# Now you are *one* of the workers. All run the same function, at the same
# time, and know nothing of each other but what comes over the wire. Sending
# has two halves: `handle = send(tensor, to)` *begins* and returns at once;
# `handle.wait()` returns when the tensor may be changed again. `recv(tensor,
# source)` blocks until the message is there. (In `torch.distributed` they
# are called `isend` and `recv`.)
#
# Two mistakes are waiting for you, and both may pass on your machine and
# fail on the cluster. **Deadlock**: if all wait for their message to be
# taken before they receive one, all wait for ever. (Small messages are taken
# in by the network at once, so that it works, until your model grows.) **The
# buffer race**: what you write into a tensor while it is on its way may or
# may not travel.
#
# So we rehearse before we go on stage. `parallel.rehearse` runs the workers
# as threads on a network that is as unkind as the rules allow: messages
# leave at the last moment, and a deadlock is reported, not waited for.

# %% exercise="ring_all_reduce"

# %% [markdown]
# First a rehearsal of what goes wrong, so that you know the message when you
# see it again at two in the morning:


# %%
def impatient(net):
    """Wait for the message to be taken, then receive. Everybody does."""
    x = torch.ones(3)
    net.send(x, (net.rank + 1) % net.world).wait()
    net.recv(x, (net.rank - 1) % net.world)


try:
    parallel.rehearse(impatient, 3)
except course.CourseError as error:
    print(f"{type(error).__name__}: {error}")
parallel.rehearse(impatient, 3, eager=True)
print("\n... and with small messages nobody notices.")

# %% [markdown]
# Now on stage: four processes, 100,003 numbers, against the all-reduce that
# comes with gloo, the CPU backend of PyTorch. **Before you run it, write
# down**: will the two agree in every bit? And will all four workers agree
# with each other in every bit?


# %%
def on_stage(net):
    """One worker of four: gloo's all-reduce, then yours, on equal numbers."""
    seed = torch.Generator().manual_seed(net.rank)
    x = torch.randn(100_003, generator=seed)
    theirs = x.clone()
    distributed.barrier()
    began = time.perf_counter()
    distributed.all_reduce(theirs)
    middle = time.perf_counter()
    mine = ring_all_reduce(x, net.rank, net.world, net.send, net.recv)
    end = time.perf_counter()
    return mine, theirs, middle - began, end - middle, net.sent / len(x)


began = time.perf_counter()
found = parallel.launch_gloo(on_stage, 4)
print(f"processes, start included: {time.perf_counter() - began:.2f} s")
mine, theirs, their_time, my_time, sent = found[0]
error = (mine - theirs).abs().max() / theirs.abs().max()
print(f"largest difference to gloo's sum: {error:.1e}, relative to the top")
print("all four equal:", all(torch.equal(f[0], mine) for f in found))
print(f"gloo {1000 * their_time:.1f} ms, yours {1000 * my_time:.1f} ms")
print(f"each worker sent {sent:.3f} vectors")

# %% [markdown]
# Not the same bits as gloo: floating-point addition is not associative, and
# it adds in another order. But the same bits on all four workers, because
# each chunk was summed once and then *copied*. That matters more than it
# looks: workers whose weights differ in the last bit drift apart, slowly,
# for weeks.

# %% [markdown]
# ## 4. One model on many workers
#
# **Data parallelism**: every worker has the whole model and a part of the
# batch, its **shard**. Let shard $r$ have $n_r$ samples and mean loss
# $\ell_r$. The mean loss over the whole batch is
#
# $$ \ell = \frac{1}{n}\sum_{i} \ell^{(i)}
#         = \frac{1}{n} \sum_r n_r\, \ell_r, \qquad n = \sum_r n_r, $$
#
# and so its gradient is $\nabla \ell = \sum_r n_r \nabla \ell_r \,/\, n$:
# the *weighted* mean of the workers' gradients. If everybody starts from the
# same weights and makes the same step, everybody has the same weights after
# it, and the parameters never have to be sent again. It is not like
# training on one machine; it *is* training on one machine.
#
# Three things go wrong in practice. Shards are rarely all equal (1,297
# samples, four workers). Some worker does not use some parameter, its
# gradient is `None`, and if it then skips an all-reduce, the others wait for
# it for ever, or take the *next* tensor for this one. And a model is more
# than its parameters: the running statistics of a batch normalisation are
# *buffers*.
#
# Your functions are handed what they need to talk: `all_reduce(tensor)`
# overwrites a tensor with the sum over all workers, `broadcast(tensor, 0)`
# with worker 0's. In a script of your own these are
# `torch.distributed.all_reduce` and `broadcast`.

# %% exercise="data_parallel"

# %% [markdown]
# The proof: train a network on the digits with SGD and momentum, once in
# this process, once in four, whose shards get 50, 20, 20 and 10 % of every
# batch. And a third time with the plain mean of the four gradients. **Before
# you run it, write down** how far apart the weights of the first two will be
# after 55 steps, and those of the first and the third.

# %%
digits, unseen = data.digits()
x, y = digits.flat, digits.y  # (1297, 64), (1297,)
EPOCHS = train.budget(5, smallest=1)


def network(seed, inputs=64):
    """Draw a network with one hidden layer."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(inputs, 64), nn.Tanh(), nn.Linear(64, 10))


def fit(model, x, y, epochs, size=120, part=(0, 1), after=None):
    """Train on a part of each batch; `after` is called with each gradient."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
    order = torch.Generator().manual_seed(0)  # the same for all workers
    for _ in range(epochs):
        for rows in torch.randperm(len(x), generator=order).split(size):
            first, last = (int(len(rows) * share) for share in part)
            mine = rows[first:last]
            optimizer.zero_grad()
            F.cross_entropy(model(x[mine]), y[mine]).backward()
            if after:
                after(model, len(mine))
            optimizer.step()
    return model


def accuracy(model, images):
    """Return the fraction of images that a model reads."""
    with torch.no_grad():
        return float((model(images.flat).argmax(1) == images.y).float().mean())


def plain_mean(model, n, all_reduce, world=4):
    for p in model.parameters():
        all_reduce(p.grad)
        p.grad /= world


SHARES = [0, 0.5, 0.7, 0.9, 1]


def member(net, average):
    """One of four workers; only worker 0 starts from seed 0."""
    model = network(seed=net.rank)
    broadcast_params(model, net.broadcast)
    return fit(
        model,
        x,
        y,
        EPOCHS,
        part=SHARES[net.rank : net.rank + 2],
        after=lambda model, n: average(model, n, net.all_reduce),
    ).state_dict()


def gap(one, two):
    return max((one[k] - two[k]).abs().max().item() for k in one)


alone = fit(network(seed=0), x, y, EPOCHS).state_dict()
weighted = parallel.launch_gloo(lambda net: member(net, average_grads), 4)
plain = parallel.launch_gloo(lambda net: member(net, plain_mean), 4)
together = network(seed=0)
together.load_state_dict(weighted[0])
print(f"alone and together: {gap(alone, weighted[0]):.0e} apart")
print(f"with the plain mean: {gap(alone, plain[0]):.1g} apart")
print(f"worker 0 and worker 3: {gap(weighted[0], weighted[3])} apart")
print(f"together, unseen digits: {accuracy(together, unseen):.1%}")

# %% [markdown]
# Rounding errors, and no more: data parallelism changes nothing but the
# clock. The plain mean trains as well, on *another loss*, in which the
# samples of small shards count more. Nothing crashes and nobody notices;
# that is what makes it worth a check.
#
# ### A question in words
#
# Your recipe for one worker: batches of 32, learning rate 0.1, plain SGD, a
# network with batch normalisation. You move to eight workers, each of which
# goes on with 32 samples per step, and average the gradients.
#
# 1. What is the batch size of the whole now? How many steps does an epoch
#    have, compared with before?
# 2. A colleague multiplies the learning rate by 8. Justify it: compare one
#    such step with eight small steps in a row, by a first-order argument.
#    Where does the argument need that the steps are small?
# 3. Why is the rule applied with a *warm-up*, and why does it fail for very
#    large batches, however long the warm-up?
# 4. What does batch normalisation compute in the eight workers, compared
#    with a single process and batches of 256?
#
# About ten lines.

# %% [markdown] written="linear_scaling"

# %% [markdown]
# ## 5. Send less
#
# Most entries of a gradient are small. Why not send the $k$ largest only?
# Because the others are not noise: an entry that is small *and always points
# the same way* adds up over a thousand steps. The remedy costs one vector of
# memory. Keep what you did not send, and add it to the next gradient:
#
# $$ u_t = g_t + e_t, \qquad s_t = \mathrm{top}_k(u_t), \qquad
#    e_{t+1} = u_t - s_t. $$
#
# Sum it up over time and almost everything cancels:
# $\sum_t s_t = \sum_t g_t + e_0 - e_{T}$. All gradients arrive in the end,
# some of them late. This is **error feedback**.

# %% exercise="topk_compress"

# %% [markdown]
# Four workers train the same network on the digits, 300 steps. The gradient
# has 4,810 entries; each worker sends all of them, 48, or 4. **Before you
# run it, write down** the accuracy on unseen digits that you expect with 4
# entries, with and without feedback.


# %%
def compressed(k, feedback, seed=0, steps=300, P=4):
    """Train with compressed gradients; return the losses and the accuracy."""
    model = network(seed)
    draw = torch.Generator().manual_seed(seed)
    params, losses = list(model.parameters()), []
    sizes = [p.numel() for p in params]
    kept = [torch.zeros(sum(sizes)) for _ in range(P)]
    for step in range(steps):
        total = torch.zeros(sum(sizes))
        for r in range(P):
            rows = torch.randint(len(x), (32,), generator=draw)
            loss = F.cross_entropy(model(x[rows]), y[rows])
            grads = torch.autograd.grad(loss, params)
            flat = torch.cat([g.flatten() for g in grads])
            sent, rest = topk_compress(flat, k, kept[r])
            kept[r] = rest if feedback else kept[r]
            total += sent / P
        with torch.no_grad():
            for p, g in zip(params, total.split(sizes), strict=True):
                p -= 0.5 * g.view(p.shape)
            if step % 5 == 4:
                losses.append(F.cross_entropy(model(x), y).item())
    return losses, accuracy(model, unseen)


shown = {}
for k, feedback in (
    (4810, True),
    (48, True),
    (48, False),
    (4, True),
    (4, False),
):
    name = (
        "all" if k == 4810 else f"{k}, {'with' if feedback else 'no'} feedback"
    )
    losses, right = compressed(k, feedback)
    shown[name] = (range(5, 301, 5), losses)
    print(f"{name:>18}: {right:.1%} of unseen digits")
ax = viz.curves(shown, "step", "training loss", logy=True)
ax.set_ylim(0.02, 3)
plt.show()

# %% [markdown]
# One entry in a hundred, with feedback, costs nothing visible. Four entries
# of 4,810 learn a little later and end almost as well. Without feedback they
# learn little, because the same few entries win nearly every time: in 300
# steps of four workers only 140 of the 4,810 are ever sent (with feedback,
# 1,300), and the rest of the network stands still.
#
# Pitfall: to send 48 numbers you also send 48 positions, and a sparse sum of
# different positions on different workers is no longer an all-reduce. In
# practice people gather instead, and the gain is smaller than $D/k$.

# %% [markdown]
# ## 6. Nobody waits
#
# A synchronous step takes as long as the slowest worker. With hundreds of
# workers somebody is always slow. So let nobody wait: a **parameter server**
# holds the weights; a worker *pulls* them, computes a gradient, and *pushes*
# it whenever it is done; the server applies what comes. The price: while one
# computes, others push. The gradient belongs to weights that are no longer
# there. Its **staleness** is the number of updates in between.
#
# Real asynchrony is different in each run. To understand it we play it in a
# fixed order: a *schedule* lists which worker finishes next.

# %% exercise="parameter_server"

# %% [markdown]
# Softmax regression on the digits, exact gradients over all samples (so that
# staleness is the only thing that differs), step size 0.5, and $P$ workers
# that finish in turn: after the first round every gradient is $P - 1$
# updates old. All runs make 300 updates. **Before you run it, write down**:
# from which $P$ on, if any, does it go wrong? Would you rather have 1 worker
# or 4, if you pay per update?


# %%
def loss_of(w):
    return F.cross_entropy(x @ w.view(64, 10), y)


def slope(w):
    """Return the gradient of the loss over all samples."""
    w = w.detach().requires_grad_()
    return torch.autograd.grad(loss_of(w), w)[0]


_, axes = plt.subplots(1, 2, figsize=(10, 3.6), sharey=True)
axes[0].figure.set_layout_engine("constrained")
for ax, damped in zip(axes, (False, True), strict=True):
    losses = {}
    for P in (1, 4, 8, 16):
        server = ParameterServer(torch.zeros(640), 0.5, damped)
        path, stale = simulate(server, slope, [k % P for k in range(300)])
        steps = [loss_of(w).item() for w in path[::5]]
        losses[f"P = {P}, staleness {stale[-1]}"] = range(0, 301, 5), steps
        name = "damped" if damped else "plain"
        print(
            f"{name:>6}, P = {P:2d}: {steps[10]:.3f} after 50 updates", end=""
        )
        print(f", never above {max(steps):.1f}, {steps[-1]:.3f} at the end")
    title = "damped: lr / (1 + staleness)" if damped else "lr = 0.5"
    viz.curves(losses, "update", logy=True, title=title, ax=ax)
axes[0].set_ylabel("training loss")
axes[0].get_legend().remove()  # the same as on the right
plt.show()

# %% [markdown]
# Left: eight workers oscillate and need 200 updates to calm down; sixteen
# climb to four times the loss of a guess, with a step size that one worker
# takes without trouble. (They do not run away for good, since the gradient of
# the cross-entropy is bounded. On a quadratic they would.) But look closely at
# four: stale gradients are slightly *faster* here than fresh ones. A stale
# gradient has the previous updates not yet taken into account, and so it
# repeats them: staleness acts like momentum (Mitliagkas, Zhang, Hadjis and Ré,
# *Asynchrony begets momentum*, 2016). Momentum helps until it overshoots.
#
# Right: the damped server is safe for every $P$, and slow. It takes a worker
# that is $\tau$ late for a $1/(1+\tau)$-th of one, which is too careful for
# four workers. What is the right step size for a given delay?

# %% [markdown]
# ## 7. How late is too late?
#
# Here is the derivation that this assignment is about; take a sheet of
# paper. Near its minimum a loss is a quadratic, and along each eigenvector
# of its Hessian descent is a recursion for a single number. With curvature
# $\lambda$, step size $\eta$ and gradients that are $\tau$ steps late:
#
# $$ x_{k+1} = x_k - \eta\lambda\, x_{k-\tau} . $$
#
# Try $x_k = z^k$ with a complex number $z$. With $a = \eta\lambda$ we need
#
# $$ z^{\tau+1} - z^{\tau} + a = 0
#    \quad\Longleftrightarrow\quad z^\tau (1 - z) = a. $$
#
# The recursion converges if all $\tau + 1$ solutions are inside the unit
# circle. For small $a > 0$ they are (one is near 1, the others near 0). As
# $a$ grows they move, and at the limit the first one reaches the circle:
# $z = e^{i\theta}$ with $0 < \theta \le \pi$. There
#
# $$ 1 - z = e^{i\theta/2}\left(e^{-i\theta/2} - e^{i\theta/2}\right)
#          = 2 \sin\tfrac{\theta}{2}\; e^{i(\theta-\pi)/2}, $$
#
# so that $z^\tau(1-z)$ has the modulus $2\sin\frac\theta2$ and the angle
# $\tau\theta + \frac{\theta - \pi}{2}$. It has to equal $a$, a positive
# number: its angle is a multiple of $2\pi$. The smallest $\theta$ gives the
# smallest $a$, and that is the one with angle 0. **Finish the derivation**:
# solve for $\theta$, insert it into the modulus, and you have the largest
# step size for delay $\tau$. (Check it with $\tau = 0$, where you know the
# answer, and with $\tau = 1$, where it comes out very simple.)

# %% exercise="delayed_sgd"

# %% exercise="max_stable_lr"

# %% [markdown]
# Theory against experiment. For each delay we look for the limit by
# bisection: does the run shrink? **Before you run it, write down** the factor
# by which a delay of ten steps lowers the limit. Eleven? More?


# %%
def shrinks(lr, tau, steps=2000):
    """Run on f(x) = x^2 / 2: are the last points smaller than earlier ones?"""
    one = torch.ones(1, dtype=torch.float64)
    size = delayed_sgd(one, lambda z: z, lr, tau, steps)[:, 0].abs()
    quarter = steps // 4
    return size[-quarter:].max() < size[quarter : 2 * quarter].max()


def measured_limit(tau, halvings=18):
    """Bisect for the step size at which runs stop to shrink."""
    low, high = 0.0, 2.5
    for _ in range(halvings):
        middle = (low + high) / 2
        low, high = (middle, high) if shrinks(middle, tau) else (low, middle)
    return low


unit = torch.ones(1)
delays = range(train.budget(11, smallest=3))
limits = [max_stable_lr(tau, unit) for tau in delays]
measured = [measured_limit(tau) for tau in delays]
for tau, (m, theory) in enumerate(zip(measured, limits, strict=True)):
    print(f"delay {tau:2d}: measured {m:.5f}, theory {theory:.5f}")

_, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
viz.curves(
    {
        "theory": (delays, limits),
        "2 / (1 + delay)": (delays, [2 / (1 + tau) for tau in delays]),
    },
    "delay",
    "largest step size",
    logy=True,
    title="crosses: measured",
    ax=left,
)
left.plot(delays, measured, "x", ms=8, color="tab:red")
left.minorticks_off()
left.set_yticks([0.2, 0.5, 1, 2], ["0.2", "0.5", "1", "2"])
top, runs = max_stable_lr(3, unit), {}
for share in (0.3, 0.9, 1.0, 1.1):
    path = delayed_sgd(unit, lambda z: z, share * top, 3, 60)[:, 0]
    runs[f"{share} of the limit"] = range(61), path
viz.curves(runs, "step", "x", title="delay 3", ax=right)
plt.show()

# %% [markdown]
# The limit falls from 2 to 0.149 with a delay of ten, a factor of 13.4: a
# little worse than $1 + \tau$. For long delays it is close to $\pi/(2\tau)$,
# and not to $2/\tau$ (why? replace the sine by its argument). At the limit
# itself the run swings for ever, with period $2\pi/\theta = 4\tau + 2$.
#
# Does the formula explain part 6? The curvature of the digits' loss at its
# start can be measured with autograd (power iteration on Hessian-vector
# products):

# %%
w = torch.zeros(640, requires_grad=True)
g = torch.autograd.grad(loss_of(w), w, create_graph=True)[0]
v = torch.randn(640, generator=torch.Generator().manual_seed(0))
for _ in range(50):
    v = v / v.norm()
    Hv = torch.autograd.grad(g, w, v, retain_graph=True)[0]
    lam, v = v @ Hv, Hv
print(f"largest curvature at the start: {lam:.3f}")
for P in (1, 4, 8, 16):
    limit = max_stable_lr(P - 1, lam.detach()[None])
    print(f"{P:2d} workers: steps up to {limit:.3f} at the start")

# %% [markdown]
# With 0.5 a single worker is far inside, eight and sixteen are far outside.
# Four are slightly outside *at the start*, but the curvature of the
# cross-entropy falls while it is being learned, so that they get away with
# it. Early steps with stale gradients are the dangerous ones: another reason
# for warm-up.

# %% [markdown]
# ## 8. No lock at all
#
# The last step: all workers write into the same memory, without a lock,
# whenever they like. It sounds like madness, since two of them may change
# the same number at once. But if samples are **sparse** (an advertisement
# has ten features of a million, a sentence has twenty words), two workers
# hardly ever touch the same weights, and if they do, a lost update is one
# more little noise. Niu, Recht, Ré and Wright proved it, and called it
# *Hogwild!* (2011).
#
# Two conditions are yours to keep: touch only the weights of the sample at
# hand, and *subtract* from what is there when you write. Who writes back a
# number that was read earlier undoes what others did meanwhile.
#
# A forked process gets a *copy* of everything that the notebook knows, and
# what it changes is gone when it ends. `parallel.shared(tensor)` makes a
# copy in memory that all processes have in common; `parallel.launch(f, P)`
# runs `f(0)` to `f(P - 1)` in $P$ processes.

# %% exercise="hogwild"

# %% [markdown]
# Clicks on advertisements, made up: 500 features, 8 of them in each sample,
# labels drawn from a logistic model. Two passes over 5,000 samples, dealt out
# to 1, 2, 4 or 8 workers. **Before you run it, write down** what you expect
# of the accuracy, and of the time (your machine has how many cores?).


# %%
def clicks(seed, D=500, N=6000, K=8):
    """Draw sparse samples; return features, labels and the true weights."""
    draw = torch.Generator().manual_seed(seed)
    w = 2 * torch.randn(D, generator=draw)
    idx = torch.stack(
        [torch.randperm(D, generator=draw)[:K] for _ in range(N)]
    )
    p = torch.sigmoid(w[idx].sum(1))
    return idx, (torch.rand(N, generator=draw) < p).float(), w


def scored(w, idx, y):
    return float(((w[idx].sum(1) > 0) == (y > 0.5)).float().mean())


def logistic(z, y):
    return torch.sigmoid(z) - y


idx, label, true = clicks(seed=0)
n = train.budget(5000, smallest=500)
order = torch.cat([torch.randperm(n) for _ in range(2)]).tolist()
best = scored(true, idx[5000:], label[5000:])
print(f"the true weights: {best:.1%} of unseen samples")
for P in (1, 2, 4, 8):
    orders = [order[r::P] for r in range(P)]
    began = time.perf_counter()
    w = hogwild(torch.zeros(500), idx, label, orders, 0.2, logistic)
    took = time.perf_counter() - began
    right = scored(w, idx[5000:], label[5000:])
    print(f"{P} workers: {right:.1%} of unseen samples, {took:.2f} s")

# %% [markdown]
# The accuracy does not care. The time does, and perhaps it disappoints you:
# a step takes some 40 microseconds, nearly all of them spent by Python,
# starting a process takes ten thousand, and you have as many workers as you
# have cores, not more. In C, on a machine with many cores, the same program
# scales almost linearly.
#
# ### A question in words
#
# You are asked for advice; say which scheme you would take, and *why not the
# others*, with numbers from parts 1, 5 and 7 where they help.
#
# 1. Eight equal GPUs in one machine, links of 50 GB/s with a latency of
#    10 microseconds, a model of 100 MB; computing a gradient takes 200 ms.
# 2. The same model on 16 office computers, links of 125 MB/s with a latency
#    of 200 microseconds; a gradient takes 1 s; some computers are three
#    times slower than others, and it changes by the hour.
# 3. Logistic regression with ten million features, thirty of them in a
#    sample; one machine with 32 cores.
#
# About fifteen lines.

# %% [markdown] written="which_way"

# %% [markdown]
# ## 9. The challenge
#
# **How few numbers does a worker have to send until 95 % of the unseen digits
# are read?** In part 5 each of four sent 4 numbers (and their positions) in
# each of 300 steps: 1,200. With full gradients it would have been 1.4
# million. The reference reads 95.7 % that way (mean of three starts).
# Everything is in your hands: $k$, the number of steps, the step size, the
# batch, local steps between two messages, rounding what you send. Choose with
# a part of the training digits and look at the test digits once.

# %%
found = [
    compressed(4, True, seed, train.budget(300, smallest=20))[1]
    for seed in range(3)
]
print(f"4 numbers a step: {sum(found) / 3:.1%} of the unseen digits")

# %% [markdown]
# And the real thing: MNIST, in four processes, each with its shard of every
# batch of 480. The next cell runs if the data are on this machine (set the
# environment variable `COURSE_DATA` to their folder); otherwise it says so
# and goes on. The reference reads 96.2 % after two epochs, as it would in a
# single process.


# %%
def mnist_member(net):
    """One of four workers with equal shards."""
    model = network(seed=net.rank, inputs=784)
    broadcast_params(model, net.broadcast)
    images, _ = data.mnist()
    fit(
        model,
        images.flat,
        images.y,
        train.budget(2, smallest=1),
        size=480,
        part=(net.rank / 4, (net.rank + 1) / 4),
        after=lambda model, n: average_grads(model, n, net.all_reduce),
    )
    return model.state_dict()


if data.available("mnist"):
    model = network(seed=0, inputs=784)
    model.load_state_dict(parallel.launch_gloo(mnist_member, 4, 600)[0])
    print(f"MNIST: {accuracy(model, data.mnist()[1]):.2%} of 10,000 images")
else:
    print("MNIST is not on this machine: set COURSE_DATA to try it.")

# %% [markdown]
# ### Further reading
#
# Ring all-reduce: Patarasuk and Yuan, *Bandwidth optimal all-reduce algorithms
# for clusters of workstations* (2009). Data parallelism as PyTorch does it,
# buckets included: Li et al., *PyTorch Distributed: experiences on
# accelerating data parallel training* (2020). Learning rates of large batches:
# Goyal et al., *Accurate, large minibatch SGD: training ImageNet in 1 hour*
# (2017). Parameter servers: Dean et al., *Large scale distributed deep
# networks* (2012); Li et al., *Scaling distributed machine learning with the
# parameter server* (2014). Damping by staleness: Zhang, Gupta, Lian and Liu,
# *Staleness-aware async-SGD for distributed deep learning* (2016). Niu, Recht,
# Ré and Wright, *Hogwild!: a lock-free approach to parallelizing stochastic
# gradient descent* (2011). Compression: Lin, Han, Mao, Wang and Dally, *Deep
# gradient compression* (2018); Karimireddy, Rebjock, Stich and Jaggi, *Error
# feedback fixes SignSGD and other gradient compression schemes* (2019). The
# topics follow IE 534 (University of Illinois).
