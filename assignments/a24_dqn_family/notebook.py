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
# # The family of deep Q-networks
#
# In 2013 a network learned to play Atari games from nothing but pixels and
# the score. Its learning rule was 24 years old. What made it work were a
# handful of tricks, the last of them from 2015, that stop the rule from
# blowing up when the table of values is replaced by a network: a memory, a
# second network that stands still, a loss that does not panic. In the years
# after, each weakness of that DQN got a remedy with a name: double, dueling,
# n-step, prioritised, bootstrapped.
# Nearly all of them are a few lines. Here you write those lines, balance a
# pole with them, dive for a treasure that the plain method never finds, and
# end with everything that is needed to train on Pong.
#
# | part | you write | points |
# | --- | --- | --- |
# | 1 | a replay memory | 4 |
# | 2 | a schedule for exploring, and a policy that uses it | 3 |
# | 3 | the target, plain and double | 4 |
# | 4 | the loss | 2 |
# | 5 | a dueling head | 2 |
# | 6 | nothing: CartPole; one answer in words | 2 |
# | 7 | the loss of many heads, for deep sea; one answer in words | 5 |
# | 8 | n-step targets | 2 |
# | 9 | prioritised replay | 2 |
# | 10 | what Atari needs: images, stacks, rewards | 4 |
#
# Below each exercise is a cell that checks your answer. Every exercise
# stands on its own. The plots use your answers, so a cell between two
# exercises may stop with `NotImplementedError` until those above are done.
#
# The letters: $B$ transitions in a batch, $A$ actions, $K$ heads. Q-values
# of a batch are a tensor $(B, A)$: one row per state, one column per action.

# %% tags=["setup"]
import copy
import importlib.util
import math
import time

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import course
from autograder import check
from course import rl, train, viz

course.require_version("0.1")
train.no_spin()  # small networks: one thread is faster than many

# %% [markdown]
# ## 1. A memory
#
# An agent in state $s$ takes action $a$, gets reward $r$ and finds itself in
# $s'$. It wants to know $Q(s, a)$: what it will earn from here on if it
# takes $a$ now and acts as well as possible afterwards, with everything that
# lies $k$ steps ahead discounted by $\gamma^k$. The best values satisfy
# Bellman's equation,
#
# $$ Q(s, a) = \mathbb{E}\big[\, r + \gamma \max_{a'} Q(s', a') \,\big], $$
#
# and Q-learning (Watkins, 1989) turns it into a rule: move $Q(s, a)$ a little
# towards $y = r + \gamma \max_{a'} Q(s', a')$ after every step. One tuple
# $(s, a, r, s')$ is all that a step of learning needs. It does not
# matter which policy produced it: that is called *off-policy*, and it is why
# old steps can be used again.
#
# A network wants batches of independent samples. The steps of an episode
# are the opposite: the pole that leans left now leans left in the next step
# as well. So the steps go into a memory, and batches are drawn from it at
# random (Lin, 1992). Each step is used many times, and the batch is a mix of
# situations.
#
# Three things go wrong in nearly every first version. Environments reuse
# their arrays, so a memory of *references* ends up with a million copies
# of the last frame. After the end of an episode the next observation that
# you see is the *start of another one*, which is not the $s'$ of the last
# step. And there are two kinds of end, which part 3 must be able to tell
# apart: the memory keeps both flags.

# %% exercise="Replay"

# %% [markdown]
# **Before you run the next cell, write down**: we let a random policy push
# the cart for 2,000 steps and look at the angle of the pole, first in 100
# steps in a row, then in 100 rows of a batch. What is the correlation of
# neighbours, roughly, in the first case? In the second?

# %%
env = rl.make("CartPole-v1", seed=0)
memory = Replay(2000, (4,), torch.float32)
obs, _ = env.reset()
for _ in range(2000):
    action = env.action_space.sample()
    after, reward, terminated, truncated, _ = env.step(action)
    memory.add(obs, action, reward, after, terminated, truncated)
    obs = after
    if terminated or truncated:
        obs, _ = env.reset()

in_a_row = []
obs, _ = env.reset(seed=1)
while len(in_a_row) < 100:
    in_a_row.append(obs[2])
    obs, _, terminated, truncated, _ = env.step(env.action_space.sample())
    if terminated or truncated:
        obs, _ = env.reset()
drawn = memory.sample(100, torch.Generator().manual_seed(0))["obs"][:, 2]

_, axes = plt.subplots(1, 2, figsize=(9, 3), sharey=True, layout="constrained")
for ax, name, angle in zip(
    axes,
    ("100 steps in a row", "100 rows of a batch"),
    (np.array(in_a_row), drawn.numpy()),
    strict=True,
):
    r = np.corrcoef(angle[:-1], angle[1:])[0, 1]
    title = f"{name}: neighbours correlate with {r:.2f}"
    viz.curves({"": angle}, "row", title=title, ax=ax)
axes[0].set_ylabel("angle of the pole (rad)")
plt.show()

# %% [markdown]
# A network that is trained on the left picture learns about poles that lean
# to the left, then forgets them while it learns about poles that lean to the
# right. The right picture is what stochastic gradient descent was made for.
# (What correlation is left there is chance: among 100 independent rows
# it is 0 give or take 0.1.)
#
# ## 2. Curiosity, the simple kind
#
# An agent that always takes what looks best never finds out what else there
# is. The oldest remedy: with probability $\varepsilon$ do something random.
# $\varepsilon$ starts at 1, when the Q-values mean nothing, and falls on a
# straight line to a small number, where it stays.

# %% exercise="epsilon"

# %% [markdown]
# The policy acts for a whole batch of states at once, because soon eight
# games will be played side by side. Every row decides for itself. (And mind
# the convention: a random action is *any* action, the best one included.)

# %% exercise="act"

# %% [markdown]
# **Before you run the next cell, write down**: with $A = 4$ actions and
# $\varepsilon = 0.1$, how often is the best action taken?

# %%
steps = torch.arange(0, 20_001, 50)
schedule = [epsilon(s, 1.0, 0.04, 5000) for s in steps.tolist()]
q = torch.randn(100_000, 4)
generator = torch.Generator().manual_seed(0)
shares = torch.linspace(0, 1, 11)
best = [
    (act(q, e, generator) == q.argmax(1)).float().mean()
    for e in shares.tolist()
]
_, axes = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
viz.curves(
    {"": (steps, schedule)},
    "step of the environment",
    "epsilon",
    title="the schedule of part 6",
    ax=axes[0],
)
axes[0].locator_params("x", nbins=5)
viz.curves(
    {
        "1 - ε + ε / 4": (steps / 20_000, 1 - 0.75 * steps / 20_000),
        "measured": (shares, best),
    },
    "epsilon",
    "share of best actions",
    title="four actions",
    ax=axes[1],
)
axes[1].set_ylim(0, 1.05)
plt.show()

# %% [markdown]
# Even at $\varepsilon = 1$ the best action is taken in a quarter of the
# cases, by luck; at 0.1 it is 92.5 %.
#
# ## 3. The target
#
# Now the rule itself. Two networks of the same form are at work. The
# *online* network is trained. The *target* network, a copy that follows
# slowly, says what the next state is worth. Without it the goal would move
# with every step towards it, and a network generalises: raising $Q(s, a)$
# raises $Q(s', a')$, too, because $s'$ looks nearly like $s$. For the same
# reason no gradient may flow through the target: it is a number to be
# reached, not a thing to be moved.
#
# ### An optimist by construction
#
# Here is the derivation that matters. Suppose that all actions in $s'$ are
# worth the same, $Q^*(s', a') = v$, and our estimates are off by independent
# errors of mean zero: $Q(s', a') = v + e_{a'}$. Then
#
# $$ \mathbb{E}\big[\max_{a'} Q(s', a')\big]
#    = v + \mathbb{E}\big[\max_{a'} e_{a'}\big] \;\ge\;
#    v + \max_{a'} \mathbb{E}[e_{a'}] = v . $$
#
# The maximum of noisy numbers is too large on average (Jensen: max is
# convex), although not one of them is. For $A$ normal errors of size
# $\sigma$ the excess is at most $\sigma\sqrt{2 \ln A}$, and grows like it. It
# does not average out: it goes into the next target, is discounted once,
# and goes into the one after.
#
# The fault is that the *same* errors choose the action and say what it is
# worth. So let one estimate choose and another one value: with
# $\hat a = \arg\max_{a'} Q_1(s', a')$ and errors of $Q_2$ that are
# independent of those of $Q_1$,
#
# $$ \mathbb{E}\big[Q_2(s', \hat a)\big]
#    = \mathbb{E}\Big[\,\mathbb{E}\big[v + e^{(2)}_{\hat a}
#      \,\big|\, \hat a\,\big]\Big] = v . $$
#
# That is double Q-learning (van Hasselt, 2010). Double DQN (van Hasselt, Guez
# and Silver, 2016) takes what is there: the online network chooses, the
# target network values. (Their errors are not independent, the one is an
# older copy of the other. It helps all the same.)
#
# ### Two ends
#
# When the pole has fallen, nothing comes after: the episode is
# *terminated*, and $y = r$. But most environments also stop the clock, after
# 500 steps for instance. Such an episode is *truncated*: the last state is as
# good as it looks, and its value belongs into the target. An agent that
# takes the bell for death learns that balancing well ends badly.

# %% exercise="td_target"

# %% [markdown]
# **Before you run the next cell, write down** two numbers.
#
# 1. All values are 0, errors have size 1. How large is the plain target on
#    average for $A = 2$ actions, and for $A = 18$ (Atari's joystick)?
# 2. A world with one state and one action pays 1 in every step, for ever;
#    $\gamma = 0.95$, so its value is 20. On average every twentieth step is
#    truncated. What value does an agent learn that takes truncation for
#    termination?

# %%
counts = [2, 3, 4, 6, 9, 12, 18, 32]
plain, doubled = [], []
generator = torch.Generator().manual_seed(0)
for A in counts:
    one, two = (torch.randn(20_000, A, generator=generator) for _ in range(2))
    r, on = torch.zeros(20_000), torch.zeros(20_000, dtype=torch.bool)
    plain.append(td_target(r, one, None, on, on, 1.0, False).mean())
    doubled.append(td_target(r, one, two, on, on, 1.0, True).mean())

values = {"kept apart": [0.0], "truncated = terminated": [0.0]}
r, yes = torch.ones(1), torch.tensor([True])
for name, history in values.items():
    flags = (~yes, yes) if name == "kept apart" else (yes, ~yes)
    for _ in range(100):
        q = torch.tensor([[history[-1]]])
        going_on = td_target(r, q, None, ~yes, ~yes, 0.95, False)
        stopped = td_target(r, q, None, *flags, 0.95, False)
        history.append((0.95 * going_on + 0.05 * stopped).item())

_, axes = plt.subplots(1, 2, figsize=(10, 3.2), layout="constrained")
bound = [math.sqrt(2 * math.log(A)) for A in counts]
viz.curves(
    {
        "plain": (counts, plain),
        "double": (counts, doubled),
        "bound": (counts, bound),
    },
    "actions",
    "mean target (the truth is 0)",
    title="the maximum of noise",
    ax=axes[0],
)
viz.curves(
    {k: (range(101), v) for k, v in values.items()},
    "sweeps",
    "learned value (the truth is 20)",
    title="the bell is not death",
    ax=axes[1],
)
plt.show()
print(f"2 actions: {plain[0]:.2f}, 18 actions: {plain[6]:.2f}")
print("learned values:", {k: round(v[-1], 2) for k, v in values.items()})

# %% [markdown]
# Two actions: $1/\sqrt{\pi} \approx 0.56$. Eighteen: 1.82, nearly two
# standard deviations out of nothing. And the mortal agent believes in half
# of its future: $1/(1 - 0.95 \cdot 0.95) = 10.26$ in the place of 20,
# because for it the world goes on with probability 0.95 only. Both curves on
# the right settle, nothing looks broken, no error is raised. Such mistakes
# are found by checks, or not at all.
#
# ## 4. The loss
#
# The network puts out $A$ numbers, of which one was tried. The error is
# $e = Q(s, a) - y$ at the action that was taken; about the other actions
# this step says nothing.
#
# Early on, errors are wild. With $e^2/2$ the gradient is $e$, and a single
# surprise of size 100 throws the network about. Huber's loss (1964) is
# quadratic near 0 and continues as a straight line: its gradient is
# $e$ clipped to $[-1, 1]$. The Nature paper (Mnih and others, 2015) found it
# helpful to "clip the error term", which many read as: clip the *error*,
# then square.

# %% exercise="dqn_loss"

# %% [markdown]
# **Before you run the next cell, sketch** the gradient for the three losses:
# squared, Huber, and "clip, then square". At which error does the third one
# stop to learn?

# %%
e = torch.linspace(-4, 4, 401).unsqueeze(1)
zero, first = torch.zeros(401), torch.zeros(401, dtype=torch.int64)


def cost_and_slope(cost_of):
    q = e.clone().requires_grad_()
    costs = torch.stack([cost_of(row) for row in q.split(1)])
    return costs.detach(), torch.autograd.grad(costs.sum(), q)[0].squeeze(1)


losses = {
    "squared": lambda q: dqn_loss(q, first[:1], zero[:1], False),
    "Huber": lambda q: dqn_loss(q, first[:1], zero[:1], True),
    "clip, then square": lambda q: (q.clamp(-1, 1) ** 2 / 2).mean(),
}
drawn = {name: cost_and_slope(cost_of) for name, cost_of in losses.items()}
_, axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
for i, (ax, what) in enumerate(zip(axes, ("loss", "gradient"), strict=True)):
    curves = {name: (e.squeeze(1), pair[i]) for name, pair in drawn.items()}
    viz.curves(curves, "error e", what, ax=ax)
axes[0].set_ylim(-0.2, 5)
plt.show()

# %% [markdown]
# Where the error is larger than 1, the third loss is flat: what is most
# wrong is never corrected. The bug is quiet, because small errors
# are still learned from.
#
# ## 5. Value and advantage
#
# In most states it hardly matters what you do. A plain head must still learn
# each of its $A$ numbers apart, from the steps in which that action was
# taken. A dueling head (Wang and others, 2016) splits them,
#
# $$ Q(s, a) = v(s) + \Big( \mathrm{adv}(s, a)
#    - \frac{1}{A} \sum_{a'} \mathrm{adv}(s, a') \Big), $$
#
# so that every step, whatever the action, teaches the state's value $v(s)$.
# Why subtract the mean? Without it, $v + 10$ and $\mathrm{adv} - 10$ give
# the same Q: the split would mean nothing. With it, $v(s)$ is the mean of
# the Q-values (add the equation up over $a$), and the split is unique.

# %% exercise="Dueling"

# %% [markdown]
# ## 6. All together: a pole
#
# CartPole pays 1 for every step until the pole falls, and rings the bell
# after 500. A random policy gets about 22. Everything that you have
# written goes into one loop. The target network follows softly: after
# each update it moves 5 % of the way to the online network. Rewards are
# small and of one size here, so the squared loss will do.


# %%
def follow(target, net, share):
    """Move the target network's parameters towards those of `net`."""
    with torch.no_grad():
        torch._foreach_lerp_(
            list(target.parameters()), list(net.parameters()), share
        )


def train_cartpole(steps, seed, double=True):
    """Train; return the network and (step, return) of every episode."""
    train.seed_all(seed)
    generator = torch.Generator().manual_seed(seed)
    env = rl.make("CartPole-v1", seed)
    net = nn.Sequential(
        nn.Linear(4, 64),
        nn.ReLU(),
        nn.Linear(64, 64),
        nn.ReLU(),
        Dueling(64, 2),
    )
    target = copy.deepcopy(net)
    optimizer = torch.optim.Adam(net.parameters(), fused=True)
    memory = Replay(50_000, (4,), torch.float32)
    episodes, earned = [], 0
    obs, _ = env.reset()
    for step in range(steps):
        with torch.no_grad():
            q = net(torch.from_numpy(obs).unsqueeze(0))
        eps = epsilon(step, 1.0, 0.04, 5000)
        action = act(q, eps, generator).item()
        after, reward, terminated, truncated, _ = env.step(action)
        memory.add(obs, action, reward, after, terminated, truncated)
        obs, earned = after, earned + reward
        if terminated or truncated:
            episodes.append((step, earned))
            (obs, _), earned = env.reset(), 0
        if step < 500 or step % 2:
            continue
        for group in optimizer.param_groups:  # smaller and smaller steps
            group["lr"] = 1e-3 * (1 - step / steps)
        b = memory.sample(64, generator)
        with torch.no_grad():
            nexts = target(b["next_obs"]), net(b["next_obs"])
        ends = b["terminated"], b["truncated"]
        y = td_target(b["reward"], *nexts, *ends, 0.99, double)
        loss = dqn_loss(net(b["obs"]), b["action"], y, huber=False)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        follow(target, net, 0.05)
    return net, episodes


def greedy(net):
    return lambda obs: net(obs).argmax(1)


# %% [markdown]
# **Before you run the next cell, write down**: rewards are 1 per step and
# $\gamma = 0.99$. What will the Q-values of a good network be, at the most?

# %%
began = time.perf_counter()
net, episodes = train_cartpole(train.budget(20_000, smallest=900), seed=0)
took = time.perf_counter() - began
unseen = rl.make("CartPole-v1", seed=1000)
scores = rl.evaluate(unseen, greedy(net), episodes=10, seed=0)
print(f"ten new episodes: {scores.mean():.0f} steps on average, {took:.0f} s")

episode = rl.play(unseen, greedy(net), seed=5)
with torch.no_grad():
    features = net[:-1](episode.obs)
    q = net[-1](features)
    v = net[-1].value(features).squeeze(1)
_, axes = plt.subplots(1, 3, figsize=(13, 3.4), layout="constrained")
x, y = (torch.tensor(column) for column in zip(*episodes, strict=True))
viz.curves(
    {"": (x, y)}, "step", "return", title="training episodes", ax=axes[0]
)
axes[0].locator_params("x", nbins=5)
viz.curves(
    {"Q(left)": q[:, 0], "Q(right)": q[:, 1], "value": v},
    "step",
    "Q",
    title="one greedy episode: what the network believes",
    ax=axes[1],
)
axes[1].axhline(100, color="#777777", lw=0.8, ls="--")
viz.curves(
    {"": episode.obs[:, 0]},
    "step",
    "position of the cart",
    title="the same episode: where the cart is",
    ax=axes[2],
)
for rim in (-2.4, 2.4):
    axes[2].axhline(rim, color="#777777", lw=0.8, ls="--")
plt.show()

# %% [markdown]
# A pole that stands for ever is worth $1 / (1 - 0.99) = 100$, the dashed
# line in the middle. No Q-value can be larger, yet with the reference's
# answers the network begins its episode with nearly 200. Estimates that are
# learned from estimates feed on one another, and taking the choice from
# another network removes only a part of the optimism. The *order* of the
# Q-values is good all the same: the policy lasts about ten times as long
# as a random one. Only plots of Q beside the truth show such things.
#
# The three curves of that plot can hardly be told apart: the state's value
# is large, the advantage of one action is tiny, and it is all that the
# policy sees. That is the situation for which the dueling head was made.
#
# On the right: why do episodes end after 200 or 300 steps, although the pole
# stands upright? The cart rolls slowly towards the rim of its track (dashed),
# where the episode ends as well. What happens 200 steps from now weighs
# $0.99^{200} = 0.13$, and disappears under errors of this size.
#
# Do not trust one run, nor the seeds with which a setting was chosen. With
# these settings the reference lasted between 221 and 234 steps from the
# three seeds with which we chose them (means of ten new episodes), and
# between 199 and 291 from three fresh ones. Other settings that we tried,
# with Huber's loss, a slower target network and up to 30,000 steps, ended
# anywhere between 78 and 500 steps, depending on the seed. Reports of DQN on
# a single seed are worth little; Henderson and others (2018) show how little.
#
# ### A question in words
#
# A colleague trains on a `CartPole` whose clock stops after 100 steps
# instead of 500 ($\gamma = 0.99$), and writes
# `done = terminated or truncated` into the memory. (1) Towards which value
# do the Q-values of a policy that never lets the pole fall go then, if the
# time is not part of the observation? Argue with the share of steps that
# are last ones, as in part 3, and give a number. (2) The greedy policy may
# still be good. Why? And name a change of the environment in which the same
# mistake makes the greedy policy itself wrong. (3) She repairs it by adding
# the time to the observation. Is `done` right now? About ten lines.

# %% [markdown] written="cut_or_end"

# %% [markdown]
# ## 7. Diving deep
#
# Some rewards are not found by accident. *Deep sea* is a grid of
# $N \times N$ cells. You start at the top left, go one row down in every
# step, to the left or to the right. A step to the right costs
# $0.01/N$. At the bottom right lies a chest worth 1: only the one path
# that always goes right reaches it, and every step of it looks like a
# loss. Which action means "right" is shuffled from cell to cell, so nothing
# can be generalised.
#
# A random dive finds the chest with probability $2^{-N}$. And
# $\varepsilon$-greedy is worse than that: what it learns first is that
# going right costs.
#
# Bootstrapped DQN (Osband, Blundell, Pritzel and Van Roy, 2016) keeps $K$
# heads, $K$ different opinions. At the start of an *episode* it picks one
# head and follows it to the end. Each head believes in something else
# where nothing is known yet, so each dives with a plan, and if the plan
# fails, that head has learned something. To keep the opinions different,
# each transition is shown to some of the heads only: a *mask* of $K$ coin
# tosses, drawn once, when the transition is stored. (It is the bootstrap of
# statistics: $K$ data sets drawn from one.)

# %% exercise="bootstrap_loss"

# %% [markdown]
# The network below is $K$ small networks in one, each with a fixed random
# function added to it, the *prior* (Osband, Aslanides and Cassirer, 2018). The
# trainable part learns to cancel the prior where there are data; elsewhere
# the prior remains, as an opinion. The mask rides in the memory as part of
# the observation, so your `Replay` needs no change.


# %%
class Heads(nn.Module):
    """K networks with one hidden layer: (B, d) -> (B, K, A)."""

    def __init__(self, K, d, A, hidden=32):
        super().__init__()
        self.w1 = nn.Parameter(torch.randn(K, d, hidden))
        self.b1 = nn.Parameter(torch.zeros(K, 1, hidden))
        self.w2 = nn.Parameter(torch.randn(K, hidden, A) / hidden**0.5)
        self.b2 = nn.Parameter(torch.zeros(K, 1, A))

    def forward(self, x):
        hidden = (x @ self.w1 + self.b1).relu()  # (K, B, hidden)
        return (hidden @ self.w2 + self.b2).transpose(0, 1)


class WithPrior(nn.Module):
    """Heads that are trained, plus heads that are not."""

    def __init__(self, K, d, A, scale):
        super().__init__()
        self.trained, self.scale = Heads(K, d, A), scale
        self.prior = Heads(K, d, A).requires_grad_(False)

    def forward(self, x):
        return self.trained(x) + self.scale * self.prior(x)


def dive(size, episodes, seed, K, prior=1.0, share=0.5):
    """Train K heads (K = 1: epsilon-greedy); return returns and visits.

    Each transition is shown to that share of the heads.
    """
    train.seed_all(seed)
    generator = torch.Generator().manual_seed(seed)
    env, d = rl.DeepSea(size, seed), size * size
    net = WithPrior(K, d, 2, scale=prior if K > 1 else 0.0)
    target = copy.deepcopy(net)
    optimizer = torch.optim.Adam(net.trained.parameters(), 1e-2, fused=True)
    memory = Replay(20_000, (d + K,), torch.float32)
    returns, visits = torch.zeros(episodes), torch.zeros(size, size)
    for i in range(episodes):
        head = torch.randint(K, (), generator=generator)
        eps = 0.0 if K > 1 else epsilon(i, 1.0, 0.05, episodes // 2)
        (obs, _), terminated = env.reset(), False
        while not terminated:
            visits[env.row, env.column] += 1
            with torch.no_grad():
                q = net(torch.from_numpy(obs).unsqueeze(0))[:, head]
            action = act(q, eps, generator).item()
            after, reward, terminated, truncated, _ = env.step(action)
            mask = torch.rand(K, generator=generator) < (share if K > 1 else 1)
            memory.add(
                *(np.append(obs, mask), action, reward),
                *(np.append(after, mask), terminated, truncated),
            )
            obs, returns[i] = after, returns[i] + reward
        for _ in range(size // 2 if len(memory) >= 64 else 0):
            learn_heads(net, target, optimizer, memory, d, generator)
    return returns, visits


def learn_heads(net, target, optimizer, memory, d, generator):
    """Do one update of all heads."""
    b = memory.sample(64, generator)
    obs, mask = b["obs"][:, :d], b["obs"][:, d:].bool()
    B, K = mask.shape
    with torch.no_grad():
        nexts = [f(b["next_obs"][:, :d]).flatten(0, 1) for f in (target, net)]
    step = [
        b[name].repeat_interleave(K)
        for name in ("reward", "terminated", "truncated")
    ]
    y = td_target(step[0], *nexts, *step[1:], 0.99, double=True).view(B, K)
    loss = bootstrap_loss(net(obs), b["action"], y, mask)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    follow(target.trained, net.trained, 0.05)


# %% [markdown]
# **Before you run the next cell, write down**: 600 dives into a sea of
# $N = 15$. How many of them would find the chest if all were random? Where
# will the two agents have been most often?

# %%
size, dives = 15, train.budget(600, smallest=24)
began = time.perf_counter()
found = {
    "ε-greedy": dive(size, dives, seed=0, K=1),
    "ten heads": dive(size, dives, seed=0, K=10),
}
print(f"{time.perf_counter() - began:.0f} s")

_, axes = plt.subplots(1, 3, figsize=(13, 3.6), layout="constrained")
viz.curves(
    {
        name: (returns > 0.5).float().cumsum(0)
        for name, (returns, _) in found.items()
    },
    "dive",
    "chests so far",
    ax=axes[0],
)
for ax, (name, (_, visits)) in zip(axes[1:], found.items(), strict=True):
    seen = torch.where(visits > 0, visits, torch.nan).log10()
    viz.heatmap(seen, f"{name}: log10 of visits", "column", "row", ax=ax)
    ax.images[0].set_clim(0, math.log10(dives))  # the same colours in both
plt.show()

# %% [markdown]
# A random dive succeeds once in $2^{15} = 32{,}768$, so 600 of them find the
# chest with a probability of 2 %. The map of ε-greedy is darkest towards the
# lower right and ends before the corner: each further column is a rarer
# accident. Ten heads go and look: cells near the diagonal
# are no rare places for them. Once *one* head has dived to the chest, each
# step of that dive teaches about half of the heads, and they follow.
#
# From three seeds the reference's ten heads found the chest in all cases, for
# the first time in dive 360 to 420; ε-greedy found it in none.
#
# Which of its parts does it? Take them away (`prior=0.0`, `share=1.0`).
# Without the priors the reference's ten heads found the chest from none of
# three seeds: heads that have seen nothing but costs agree on them, masks or
# not. With priors and *without* masks they found it from all, and sooner, in
# dive 166 to 248. Nothing in this sea is random, so a mask only hides data;
# the opinions are kept apart by the priors. The masks' time comes when
# rewards are noisy and a head should not trust the few that it has seen.
#
# ### A question in words
#
# (1) What would happen if a new head were picked in every *step* of a dive
# rather than once per dive? Estimate the probability that a dive of $N$
# steps reaches the chest when, in cells that are not yet known, half of the
# heads prefer "right". A single head is not luckier at the start: why does
# one head per dive find the chest all the same, after far fewer than $2^N$
# dives? (2) A student redraws the masks whenever a batch is sampled. What do
# the heads have in common after many updates, where there are data and where
# there are none? In which kind of world is exploring worse for it, and why?
# (3) Suppose that all heads get a *common* target, the mean of theirs. Which
# part of a head's opinion is then still its own, and which is averaged away?
# (In this small sea the reference found the chest from three seeds with a
# common target as well.) About ten lines.

# %% [markdown] written="one_head_per_episode"

# %% [markdown]
# ## 8. Looking further ahead
#
# With $y = r + \gamma \max Q$ a reward travels back one step per update.
# An $n$-step target takes $n$ real rewards before it trusts a guess:
#
# $$ y = r_1 + \gamma r_2 + \dots + \gamma^{n-1} r_n
#    + \gamma^n \max_{a'} Q(s_{n+1}, a'). $$
#
# The price: the rewards in between came from the policy of that time, so for
# $n > 1$ the target is not off-policy any more. With small $n$ everybody
# lives with it.

# %% exercise="nstep"

# %% [markdown]
# **Before you run the next cell, write down**: a corridor of 20 cells, a
# reward of 1 at its end, all values 0. Every sweep computes the targets of
# all cells from the values of the sweep before. In how many cells has the
# news arrived after three sweeps, for $n = 1$, 3 and 8?

# %%
cells = 20


def sweep(values, n, gamma=0.9):
    """Compute n-step targets of all cells, walking to the right."""
    at = torch.arange(cells).unsqueeze(1) + torch.arange(n)  # (cells, n)
    last = at == cells - 1
    after = torch.cat([values, torch.zeros(n)])[torch.arange(cells) + n]
    return nstep(last.float(), last, after, gamma)


arrived = {}
for n in (1, 3, 8):
    values = torch.zeros(cells)
    for _ in range(3):
        values = sweep(values, n)
    arrived[f"n = {n}"] = values
ax = viz.curves(
    arrived, "cell", "value after three sweeps", title="news travels n cells"
)
ax.set_xticks(range(2, cells + 1, 3))
plt.show()

# %% [markdown]
# $3n$ cells, of course: 3, 9, and all 20 of them.
#
# ## 9. What is worth remembering
#
# Most transitions teach nothing new. Prioritised replay (Schaul, Quan,
# Antonoglou and Silver, 2016) draws those more often whose last error
# $|e|$ was large: with priority $p_i = |e_i| + \text{a little}$,
#
# $$ P_i = \frac{p_i^\alpha}{\sum_j p_j^\alpha}, \qquad
#    w_i = \frac{(N P_i)^{-\beta}}{\max_j (N P_j)^{-\beta}} . $$
#
# Drawing unevenly changes what is being minimised. A transition that is drawn
# $N P_i$ times too often should count $1/(N P_i)$, and with $\beta = 1$
# the expected gradient is that of uniform replay again:
# $\sum_i P_i\, \frac{1}{N P_i}\, g_i = \frac1N \sum_i g_i$. Dividing by the
# largest weight makes steps shorter, never longer.

# %% exercise="per_weights"

# %% [markdown]
# The *blind cliffwalk* of the same paper shows it best: in each of $n$ cells
# one action goes on and the other one falls; the reward waits at the end. The
# memory holds every walk of a random policy once, so the step that was
# paid is one among about $2^{n+1}$.
#
# **Before you run the next cell, write down** how many times more updates
# uniform replay will need than prioritised replay for $n = 10$.


# %%
def cliffwalk(n):
    """Every step of all 2^n random walks: cell and whether it went on."""
    steps = []
    for walk in range(2**n):
        for cell in range(n):
            went_on = bool(walk >> cell & 1)
            steps.append((cell, went_on))
            if not went_on:
                break
    return steps


def updates_needed(n, alpha, beta, seed, most=60_000):
    """Count single updates until all values are right to 0.05."""
    steps, gamma, lr = cliffwalk(n), 0.9, 0.25
    generator = torch.Generator().manual_seed(seed)
    right = gamma ** (n - 1 - np.arange(n))
    q = np.zeros(n + 1)  # of going on; falling is worth 0 for sure
    p = torch.ones(len(steps))
    for count in range(1, most):
        if count % 32 == 1:  # P and w of the last 32 updates will do
            P, w = per_weights(p, alpha, beta)
            rows = torch.multinomial(P, 32, True, generator=generator)
        i = rows[count % 32].item()
        cell, went_on = steps[i]
        y = (cell == n - 1) + gamma * q[cell + 1] if went_on else 0.0
        error = y - (q[cell] if went_on else 0.0)
        p[i] = abs(error) + 0.001
        if went_on:
            q[cell] += lr * w[i].item() * error
            if np.abs(q[:n] - right).max() < 0.05:
                break
    return count


lengths = [4, 6, 8, 10] if train.budget(1, 0) else [2, 4]
settings = {
    "uniform": (0.0, 0.0),
    "prioritised, β = 0": (1.0, 0.0),
    "prioritised, β = 0.5": (1.0, 0.5),
}
needed = {name: [] for name in settings}
for n in lengths:
    for name, pair in settings.items():
        runs = [updates_needed(n, *pair, seed) for seed in range(3)]
        needed[name].append(np.median(runs))
viz.curves(
    {name: (lengths, counts) for name, counts in needed.items()},
    "cells n",
    "updates needed",
    logy=True,
    title="blind cliffwalk (median of 3)",
)
plt.show()
print({name: int(counts[-1]) for name, counts in needed.items()})

# %% [markdown]
# For ten cells uniform replay needs some 33,000 updates and the greedy
# memory ($\beta = 0$) some 4,000. Uniform replay has to wait for the one
# paid step, 1 among 2,046, then for a step of the cell before it, 2 among
# 2,046, and so on, several times each, since every update covers a quarter
# of the way only. The priorities go where the news is. With
# $\beta = 0.5$ most of the gain remains, at the price of shorter steps; in
# a short corridor, where every step is drawn soon enough anyway, that
# price is all that is left. This corridor is not noisy. Where rewards are,
# a large error may be plain bad luck, and a memory with $\beta = 0$
# would replay bad luck for ever.
#
# ## 10. Atari
#
# A game of Atari's VCS draws 210 × 160 pixels in 128 colours, sixty times a
# second. The network of the Nature paper (Mnih and others, 2015) sees
# something else: four grey images of 84 × 84 pixels, fifteen times a second.
#
# 1. An action is held for four screens, and only the last two are looked at:
#    the machine could not draw all sprites at once, so many blink. Of the
#    two, each pixel's brighter value is kept.
# 2. The image is shrunk *by area*: every pixel has its share, so that a ball
#    of two by four pixels is dimmed, but never lost. $160/84$ is not a whole
#    number: most areas hold parts of pixels. Shrinking is linear and
#    separate in the two directions, so it is two matrix products, with a
#    matrix that says which part of input pixel $j$ lies in area $i$.
# 3. One image shows where the ball is, but not where it flies. Four do.
# 4. Games pay between 1 and thousands of points. The sign of the reward is
#    all that the network is told; then one learning rate does for all games.

# %% exercise="preprocess"

# %% exercise="stack"

# %% exercise="clip_reward"

# %% [markdown]
# Does your image agree with the one that the Arcade Learning Environment
# (Bellemare and others, 2013) makes by itself? It is the package `ale-py`,
# which comes with the course's optional extra `atari`; without it the next
# cells say so and go on.
#
# **Before you run the next cell, write down**: what will you see in the
# difference of the newest and the oldest image of a stack?

# %%
HAS_ATARI = importlib.util.find_spec("ale_py") is not None


def show_pong():
    import ale_py
    import gymnasium

    gymnasium.register_envs(ale_py)
    env = rl.make(
        "ALE/Pong-v5", seed=0, frameskip=1, repeat_action_probability=0.0
    )
    screens = [[env.reset(seed=0)[0]] * 4]
    theirs = rl.atari("pong", noop_max=0, use_fire_reset=False)
    seen = theirs.reset()[0]
    for _ in range(24):
        screens.append([env.step(2)[0] for _ in range(4)])
        seen = theirs.step(np.array([2]))[0]
    images = torch.stack(
        [preprocess(torch.from_numpy(np.array(s))) for s in screens]
    )
    starts = torch.zeros(len(images), dtype=torch.bool)
    mine = stack(images, starts)[-1].float()
    off = (mine - torch.from_numpy(seen[0]).float()).abs().max()
    print(f"largest difference to ALE's own image: {off:.0f} grey levels")
    _, axes = plt.subplots(1, 3, figsize=(10, 3.6), layout="constrained")
    axes[0].imshow(screens[-1][-1])
    axes[1].imshow(mine[3], cmap="gray", vmin=0, vmax=255)
    axes[2].imshow(mine[3] - mine[0], cmap="coolwarm", vmin=-150, vmax=150)
    titles = "the screen", "what the network sees", "newest minus oldest"
    for ax, title in zip(axes, titles, strict=True):
        ax.set_title(title, fontsize=10)
        ax.axis("off")
    plt.show()


if HAS_ATARI:
    show_pong()
else:
    print('Not here: python -m pip install "deep-learning-course[atari]"')

# %% [markdown]
# The ball and the paddle appear twice, in two colours: where they are and
# where they were. That is their velocity.
#
# ## 11. The challenge: Pong and Breakout
#
# Below is the whole of it. As it stands it plays a few hundred steps, to
# show that it runs. **On a machine with a GPU set `FULL = True`** (and
# choose the game): ten million steps of the agent, forty million screens, a
# fifth of what the Nature paper took. Then play with everything that you have
# built: double, dueling, n steps, priorities. Published agents of this
# family end above 18 in Pong (the best score is 21, random play
# gets about -20.7) and in the hundreds in Breakout (random play: under 2).
#
# After the end of a game this vector environment ignores one action
# and shows the first image of the next game. That step never happened,
# and must not enter the memory: mind the variable `over`.

# %%
FULL = False
GAME = "pong"  # or "breakout"


class NatureNet(nn.Module):
    """The network of the Nature paper, with your head."""

    def __init__(self, A):
        super().__init__()
        self.body = nn.Sequential(
            *(nn.Conv2d(4, 32, 8, 4), nn.ReLU()),
            *(nn.Conv2d(32, 64, 4, 2), nn.ReLU()),
            *(nn.Conv2d(64, 64, 3, 1), nn.ReLU()),
            *(nn.Flatten(), nn.Linear(3136, 512), nn.ReLU()),
        )
        self.head = Dueling(512, A)

    def forward(self, x):
        return self.head(self.body(x.float() / 255))  # here, and only here


def train_atari(game, steps, begin, capacity, copies=8, seed=0):
    """Train on a game; return the network and (step, score) of each game.

    A memory of 100,000 transitions takes 5.6 GB.
    """
    device = train.pick_device()
    train.seed_all(seed)
    generator = torch.Generator().manual_seed(seed)
    env = rl.atari(game, copies, seed, reward_clipping=False)
    net = NatureNet(env.single_action_space.n).to(device)
    target = copy.deepcopy(net)
    optimizer = torch.optim.Adam(net.parameters(), 1e-4, eps=1.5e-4)
    memory = Replay(capacity, (4, 84, 84), torch.uint8)
    scores, points = [], np.zeros(copies)
    obs, _ = env.reset()
    over = np.zeros(copies, dtype=bool)
    for step in range(0, steps, copies):
        with torch.no_grad():
            q = net(torch.from_numpy(obs).to(device))
        eps = epsilon(step, 1.0, 0.01, max(steps // 10, 1))
        actions = act(q, eps, generator).cpu().numpy()
        after, rewards, terminated, truncated, _ = env.step(actions)
        signs = clip_reward(torch.from_numpy(rewards).float()).tolist()
        for i in np.flatnonzero(~over):
            memory.add(
                *(obs[i], int(actions[i]), signs[i], after[i]),
                *(bool(terminated[i]), bool(truncated[i])),
            )
        points += np.where(over, 0, rewards)
        obs, over = after, terminated | truncated
        scores += [(step, points[i]) for i in np.flatnonzero(over)]
        points[over] = 0
        if len(memory) < begin:
            continue
        for _ in range(max(copies // 4, 1)):
            b = memory.sample(32, generator)
            b = {name: value.to(device) for name, value in b.items()}
            with torch.no_grad():
                nexts = target(b["next_obs"]), net(b["next_obs"])
            ends = b["terminated"], b["truncated"]
            y = td_target(b["reward"], *nexts, *ends, 0.99, True)
            loss = dqn_loss(net(b["obs"]), b["action"], y, huber=True)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if step // 8000 != (step + copies) // 8000:
            target.load_state_dict(net.state_dict())
    env.close()
    return net, scores


if HAS_ATARI:
    began = time.perf_counter()
    if FULL:
        _, scores = train_atari(GAME, 10_000_000, 50_000, 100_000)
        x, y = zip(*scores, strict=True)
        viz.curves({"": (x, y)}, "step", "points", title=GAME)
        plt.show()
    else:
        _, scores = train_atari(GAME, train.budget(400, 240), 200, 1000)
    print(f"{GAME}: {time.perf_counter() - began:.0f} s")
else:
    print('Not here: python -m pip install "deep-learning-course[atari]"')

# %% [markdown]
# ### Pitfalls, in one place
#
# - $\max$ over noisy values is optimistic. Print the mean Q-value beside the
#   return: if it climbs above $1/(1-\gamma)$ times the largest reward, it is
#   inflated, as in part 6.
# - `terminated` cuts, `truncated` does not. `done = terminated or truncated`
#   belongs into the loop, never into the target.
# - The step after an end that a vector environment plays by itself is
#   not a transition.
# - Evaluate with another environment, other seeds and without exploring, and
#   show several runs. The best run is an anecdote.
#
# ### Sources
#
# The assignment follows the sixth homework of IE 534 (University of
# Illinois). Q-learning: Watkins, *Learning from Delayed Rewards* (1989).
# Replay: Lin, *Self-improving reactive agents based on reinforcement
# learning, planning and teaching* (1992). DQN: Mnih and others,
# *Human-level control through deep reinforcement learning* (2015). Double:
# van Hasselt, *Double Q-learning* (2010); van Hasselt, Guez and Silver,
# *Deep reinforcement learning with double Q-learning* (2016). Dueling: Wang
# and others, *Dueling network architectures for deep reinforcement learning*
# (2016). Priorities: Schaul and others, *Prioritized experience replay*
# (2016). Heads: Osband and others, *Deep exploration via bootstrapped DQN*
# (2016), and *Randomized prior functions for deep reinforcement learning*
# (2018). Two kinds of end: Pardo and others, *Time limits in reinforcement
# learning* (2018). All of it in one agent: Hessel and others, *Rainbow:
# combining improvements in deep reinforcement learning* (2018). Honest
# figures: Henderson and others, *Deep reinforcement learning that matters*
# (2018). The environment: Bellemare and others, *The arcade learning
# environment* (2013), and Machado and others, *Revisiting the arcade learning
# environment* (2018).
