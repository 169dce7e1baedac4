"""Checks of a24: the family of deep Q-networks.

What an answer draws is judged by what must hold of any draw (bounds of six standard
deviations), never by comparing with the reference's own draw.
"""

from functools import cache
from itertools import pairwise

import numpy as np
import torch

from autograder import Exercise, Written, exact, gradient

SIGMAS = 6
# Their grey levels lie 0.3 to 0.45 below an even number: whoever does not round them,
# or cuts them off, gets another image.
COLOURS = np.array(
    [
        *[(0, 7, 101), (8, 7, 150), (0, 37, 140), (24, 36, 239), (155, 30, 137)],
        *[(200, 62, 30), (213, 35, 170), (4, 220, 29), (38, 231, 6), (10, 221, 254)],
        *[(90, 205, 232), (133, 235, 210), (255, 215, 150), (235, 253, 25)],
    ],
    dtype=np.uint8,
)


def unlikely(count, n, p):
    """Whether a count of n independent events of probability p is beyond chance."""
    return abs(count - n * p) > SIGMAS * (n * p * (1 - p)) ** 0.5 + 1


# ---- Replay

Replay = Exercise("Replay", points=4, without=("device",))
NAMES = ("obs", "action", "reward", "next_obs", "terminated", "truncated")


def transition(t):
    """Return the transition number t of a stream whose episodes have four steps.

    Inside an episode next_obs is the observation of the following step.
    """
    last = t % 4 == 3
    obs = np.full((2, 3), t, dtype=np.float32)
    obs[1] += 0.25
    next_obs = obs + (0.5 if last else 1)
    terminated, truncated = last and t % 8 == 3, last and t % 12 == 7
    return obs, t % 5, -t / 2, next_obs, terminated, truncated


def filled(Replay, capacity, count):
    """Make a buffer of that capacity and add `count` transitions."""
    buffer = Replay(capacity, (2, 3), torch.float32)
    for t in range(count):
        buffer.add(*transition(t))
    return buffer


def numbers(batch):
    """Return which transition each row of a drawn batch is."""
    return batch["obs"][:, 0, 0].long()


@cache
def table():
    """Return the columns of the first transitions, more than any case adds."""
    rows = zip(*(transition(t) for t in range(32)), strict=True)
    return {n: torch.from_numpy(np.array(c)) for n, c in zip(NAMES, rows, strict=True)}


def torn(batch):
    """Say what does not belong to the transition that obs belongs to, or None."""
    t = numbers(batch)
    for name, column in table().items():
        if batch[name].shape != column[t].shape:
            return f"{name} has the wrong shape: {tuple(batch[name].shape)}"
        if not torch.equal(batch[name].double(), column[t].double()):
            return f"{name} does not belong to the obs in its row"
    return None


def stored_ones(got, expected, secret):
    """Judge batches of buffers that hold the transitions first..last."""
    for (first, last), batch in zip(expected["held"], got["batches"], strict=True):
        t = numbers(batch)
        if not (t == last).any():
            return "the newest transition is never drawn"
        if (t > last).any() or (batch["obs"][:, 1, 0] != t + 0.25).any():
            return "a row was drawn that nothing was stored in"
        if (t < first).any():
            return "a transition was drawn that had to make room for a newer one"
        if complaint := torn(batch):
            return complaint
        n, p = len(expected["batches"][0]["obs"]), 1 / (last - first + 1)
        counts = [int((t == k).sum()) for k in range(first, last + 1)]
        if len(t) != n or any(unlikely(c, n, p) for c in counts):
            return "the stored transitions are not equally likely"
    return None


@Replay.case
def one_transition(Replay, rng):
    """A buffer with room for four draws the one transition that it has."""
    buffer = Replay(4, (2, 3), rng.dtype)
    empty = len(buffer)
    row = rng.normal(2, 3), 7, rng.number(-1, 1), rng.normal(2, 3), True, False
    buffer.add(*row)
    return empty, len(buffer), buffer.sample(5, rng.generator())


@Replay.case(judge=stored_ones)
def half_full(Replay, rng):
    """A buffer that is not full draws what it holds, all equally often."""
    sizes = [(7, 4), (6, 5)]
    return {
        "held": [(0, count - 1) for _, count in sizes],
        "batches": [filled(Replay, *s).sample(1000, rng.generator()) for s in sizes],
    }


@Replay.case(judge=stored_ones)
def full(Replay, rng):
    """A full buffer draws its last transitions, once and twice round as well."""
    sizes = [(5, 5), (5, 6), (5, 13), (4, 8), (1, 3)]
    return {
        "held": [(count - size, count - 1) for size, count in sizes],
        "batches": [filled(Replay, *s).sample(1000, rng.generator()) for s in sizes],
    }


@Replay.case
def lengths(Replay, rng):
    """len() counts what can be drawn, never more than the capacity."""
    return [len(filled(Replay, 5, count)) for count in (0, 1, 4, 5, 6, 12)]


@Replay.case
def kinds(Replay, rng):
    """Each entry comes in its dtype, whatever was added: images stay uint8."""
    buffer = Replay(3, (4, 2, 2), torch.uint8)
    obs, after = rng.integers(0, 256, 2, 4, 2, 2).to(torch.uint8)
    buffer.add(obs, 300, -1, after, False, True)
    wide = Replay(3, (2,), torch.float32)
    wide.add(np.array([0.5, -2.0]), 0, 1, np.array([1, 2]), True, True)
    return [b.sample(2, rng.generator()) for b in (buffer, wide)]


@Replay.case
def arrays_reused(Replay, rng):
    """The caller writes into its arrays after add, and into what was drawn."""
    array, tensor = np.arange(3, dtype=np.float32), torch.arange(3.0) + 10
    found = []
    for pair in ((array, tensor), (tensor, array)):
        buffer = Replay(1, (3,), torch.float32)
        buffer.add(pair[0], 1, 0.5, pair[1], False, False)
        array += 100
        tensor += 100
        drawn = buffer.sample(2, rng.generator())
        found.append({name: value.clone() for name, value in drawn.items()})
        for value in drawn.values():
            value.zero_()
        found.append(buffer.sample(2, rng.generator()))
    return found


def as_the_generator_says(got, expected, secret):
    """Judge batches drawn with equal, used and different generators."""
    first, same, then, other = (numbers(b) for b in got)
    if not torch.equal(first, same):
        return "two generators with the same seed draw different batches"
    if torch.equal(first, then):
        return "a generator that is used twice draws the same batch twice"
    if torch.equal(first, other):
        return "generators with different seeds draw the same batch"
    return None


@Replay.case(judge=as_the_generator_says)
def generators(Replay, rng):
    """The generator decides what is drawn, and nothing else does."""
    buffer = filled(Replay, 20, 30)
    seed = rng.integer(0, 1000)
    one, two, three = (torch.Generator().manual_seed(s) for s in (seed, seed, seed + 1))
    return [buffer.sample(40, g) for g in (one, two, one, three)]


def independent(got, expected, secret):
    """Judge whether rows depend on one another, or are spread too evenly."""
    t = numbers(got["large"])
    n = len(numbers(expected["large"]))
    if len(t) != n or len(got["small"]["obs"]) != len(expected["small"]["obs"]):
        return "a batch has another size than was asked for"
    hits = torch.bincount((t[1:] - t[:-1]) % 8, minlength=8)
    if hits[1] > n / 2:
        return "rows come in the order in which they were stored"
    if any(unlikely(int(h), n - 1, 1 / 8) for h in hits):
        return "a row depends on the row before it"
    counts = torch.bincount(t % 8, minlength=8).double()
    if ((counts - n / 8) ** 2).sum() / (n / 8) < 0.02:  # by chance: one in 10^8
        return "the rows are too evenly spread to be drawn independently"
    small = numbers(got["small"])
    if any(unlikely(int((small == k).sum()), len(small), 1 / 8) for k in range(8)):
        return "small batches do not reach every transition equally often"
    sixes = numbers(got["sixes"]).view(40, 6).sort(1).values
    if not (sixes[:, 1:] == sixes[:, :-1]).any():  # by chance: one in 10^44
        return "no transition ever comes twice in a batch of six out of eight"
    return None


@Replay.case(judge=independent, without=("float64", "strided"))
def draws(Replay, rng):
    """Rows are independent: in a large batch, and in many of six and of one."""
    buffer, generator = filled(Replay, 8, 8), rng.generator()
    large = buffer.sample(2000, generator)
    small = [buffer.sample(1, generator)["obs"] for _ in range(150)]
    sixes = [buffer.sample(6, generator)["obs"] for _ in range(40)]
    return {"large": large} | {
        name: {"obs": torch.cat(drawn)}
        for name, drawn in (("small", small), ("sixes", sixes))
    }


# ---- epsilon

epsilon = Exercise("epsilon", points=1)


@epsilon.case
def falling(epsilon, rng):
    """From start to end on a straight line, and level after that."""
    steps = (0, 1, 250, 500, 999, 1000, 1001, 50_000)
    return [epsilon(s, rng.number(0.8, 1), rng.number(0, 0.2), 1000) for s in steps]


@epsilon.case
def rising(epsilon, rng):
    """A schedule may rise or stay level, too."""
    steps = (0, 3, 7, 8)
    return [[epsilon(s, low, 0.5, 7) for s in steps] for low in (0.1, 0.5)]


def strictly_falling(got, expected, secret):
    """Judge probabilities of neighbouring steps."""
    if len(got) != len(expected):
        return "not one probability for each step"
    if any(b >= a for a, b in pairwise(got)):
        return "neighbouring steps get the same probability"
    return None


@epsilon.case(judge=strictly_falling)
def far_along(epsilon, rng):
    """After twenty million steps every step still makes a difference."""
    first = 20_000_000 + rng.integer(0, 1000)
    return [epsilon(first + i, 1.0, 0.01, 50_000_000) for i in range(6)]


# ---- act

# A loop over the rows is right, and a thousand times slower on a busy machine.
act = Exercise("act", points=2, slow=5000)


@act.case
def greedy(act, rng):
    """With eps 0 the best action is chosen in each row, the first of equal ones."""
    ties = rng.array([[1.0, 3.0, 3.0, 0.0], [2.0, 2.0, 2.0, 2.0]])
    sets = [rng.normal(7, 4), rng.normal(1, 5), ties]
    return [act(q, 0.0, rng.generator()) for q in sets]


def as_often_as_eps_says(got, expected, secret):
    """Judge the frequency of each action, in either half of the batch."""
    actions, best, A = got["actions"], expected["best"], expected["A"]
    if actions.shape != best.shape or actions.dtype != best.dtype:
        return "not one int64 action for each row"
    if actions.min() < 0 or actions.max() >= A:
        return "an action does not exist"
    if expected["eps"] == 1 and len(actions.unique()) < A:
        single = len(actions.unique()) == 1
        return "all rows act alike" if single else "an action is never chosen"
    for k in range(A):
        p = expected["eps"] / A + (1 - expected["eps"]) * float(
            (best == k).double().mean()
        )
        if unlikely(int((actions == k).sum()), len(best), p):
            return "the actions are not equally likely when a row explores"
    behind = (actions - best) % A
    n = len(best) // 2
    for half in (behind[:n], behind[n : 2 * n]):
        for k in range(A):
            p = expected["eps"] / A + (1 - expected["eps"]) * (k == 0)
            if unlikely(int((half == k).sum()), n, p):
                what = "best action" if k == 0 else "other actions"
                often = "more" if int((half == k).sum()) > n * p else "less"
                return f"the {what} is taken {often} often than eps says"
    return None


@act.case(judge=as_often_as_eps_says)
def now_and_then(act, rng):
    """With eps 0.4 a row in 2.5 explores, and then ANY action is equally likely."""
    q = rng.normal(3000, 3)
    actions = act(q, 0.4, rng.generator())
    return {"actions": actions, "best": q.argmax(1), "A": 3, "eps": 0.4}


@act.case(judge=as_often_as_eps_says)
def always(act, rng):
    """With eps 1 the Q-values do not matter at all."""
    q = rng.normal(2000, 4)
    actions = act(q, 1.0, rng.generator())
    return {"actions": actions, "best": q.argmax(1), "A": 4, "eps": 1.0}


@act.case(judge=as_often_as_eps_says, without=("float64", "strided", "device"))
def row_by_row(act, rng):
    """A batch of one row explores as often as a large one does."""
    q, generator = rng.normal(500, 3), rng.generator()
    actions = torch.cat([act(row, 0.5, generator) for row in q.split(1)])
    return {"actions": actions, "best": q.argmax(1), "A": 3, "eps": 0.5}


def rows_apart(got, expected, secret):
    """Judge actions drawn with equal and used generators, and neighbouring rows."""
    first, same, then = got
    if not torch.equal(first, same):
        return "two generators with the same seed choose differently"
    if torch.equal(first, then):
        return "a generator that is used twice chooses the same actions twice"
    hits = int((first[1:] == first[:-1]).sum())  # the best one is random, too
    if unlikely(hits, len(expected[0]) - 1, 1 / 3):
        return "a row's action depends on the row before it"
    return None


def thrice(act, rng, eps):
    """Choose with two equal generators, and with the first of them once more."""
    q, seed = rng.normal(600, 3), rng.integer(0, 1000)
    one, two = (torch.Generator().manual_seed(seed) for _ in range(2))
    return [act(q, eps, generator) for generator in (one, two, one)]


@act.case(judge=rows_apart)
def chosen_apart(act, rng):
    """The generator decides, and every row is drawn by itself."""
    return thrice(act, rng, 1.0)


@act.case(judge=rows_apart)
def explores_apart(act, rng):
    """The generator also decides whether a row explores."""
    return thrice(act, rng, 0.6)


# ---- td_target

# gamma * (1 - terminated.float()) is how most programs say it, and right; in float64 it
# loses digits that no program of this kind needs. The same holds for nstep.
td_target = Exercise("td_target", points=4, without=("float64",))


def steps(rng, B, A):
    """Draw rewards and both networks' values of B next states."""
    return rng.normal(B), rng.normal(B, A, std=3), rng.normal(B, A, std=3)


@td_target.case
def going_on(td_target, rng):
    """Inside an episode y is the reward plus the largest target value, discounted."""
    r, target, online = steps(rng, 7, 4)
    on = rng.array([False] * 7)
    return [td_target(r, target, q, on, on, 0.9, False) for q in (online, None)]


@td_target.case
def double(td_target, rng):
    """Double: the online network chooses, the target network says what it is worth."""
    r, target, online = steps(rng, 9, 4)
    on = rng.array([False] * 9)
    return td_target(r, target, online, on, on, 0.9, True)


@td_target.case(weight=2)
def ends(td_target, rng):
    """Terminated steps have no future; steps that are only truncated have one."""
    r, target, online = steps(rng, 8, 3)
    terminated = rng.array([False, True] * 4)
    truncated = rng.array([False, False, True, True] * 2)
    given = r, target, online, terminated, truncated, 0.8
    return {"plain": td_target(*given, False), "double": td_target(*given, True)}


@td_target.case
def single_and_equal(td_target, rng):
    """A batch of one, a discount of 1, and equal values (the first one is chosen)."""
    r, target, _ = steps(rng, 1, 3)
    online, on = rng.array([[0.0, 2.0, 2.0]]), rng.array([False])
    return [td_target(r, target, online, on, on, 1.0, flag) for flag in (False, True)]


@td_target.case
def constant(td_target, rng):
    """No gradient flows from the target into either network."""
    r, on = rng.normal(5), rng.array([False] * 5)
    nets = rng.normal(5, 3, grad=True), rng.normal(5, 3, grad=True)
    found = [td_target(r, *nets, on, on, 0.9, flag) for flag in (False, True)]
    return [(y, y.requires_grad) for y in found], [q.requires_grad for q in nets]


# ---- dqn_loss

dqn_loss = Exercise("dqn_loss", points=2)


@dqn_loss.case
def small_and_large_errors(dqn_loss, rng):
    """Errors below and far above 1, squared and with Huber's loss."""
    q, a, y = rng.normal(9, 3, std=4), rng.integers(0, 3, 9), rng.normal(9)
    return dqn_loss(q, a, y, False), dqn_loss(q, a, y, True)


@dqn_loss.case
def below_one(dqn_loss, rng):
    """Where all errors are below 1 the two losses are equal."""
    q, a = rng.uniform(6, 4, high=0.9), rng.integers(0, 4, 6)
    y = rng.uniform(6, high=0.9)
    return dqn_loss(q, a, y, False), dqn_loss(q, a, y, True)


@dqn_loss.case
def one_row(dqn_loss, rng):
    """A batch of one, and the worst action of five."""
    q, y = rng.array([[3.0, -2.0, 5.0, 0.5, 1.0]]), rng.normal(1)
    return [dqn_loss(q, rng.array([1]), y, huber) for huber in (False, True)]


@dqn_loss.case
def gradient_of_the_loss(dqn_loss, rng):
    """Only the actions that were taken get a gradient, the targets get none."""
    q, y = rng.normal(8, 3, std=3, grad=True), rng.normal(8, grad=True)
    a = rng.integers(0, 3, 8)
    return [gradient(dqn_loss(q, a, y, huber), q, y) for huber in (False, True)]


# ---- Dueling

Dueling = Exercise("Dueling", points=2)


def drawn(Dueling, rng, d, A):
    """Make a head and draw its weights, whatever order it made them in."""
    head = Dueling(d, A)
    rng.fill(head.value)
    rng.fill(head.advantage)
    return head


@Dueling.case
def parts(Dueling, rng):
    """The parts are called value and advantage, with one and with A outputs."""
    head = Dueling(5, 3)
    return {name: list(p.shape) for name, p in sorted(head.named_parameters())}


@Dueling.case
def together(Dueling, rng):
    """Q-values are the value plus the centred advantages."""
    return drawn(Dueling, rng, 4, 3)(rng.normal(6, 4))


@Dueling.case
def one_state(Dueling, rng):
    """A batch of one keeps its two axes, and a single action has no advantage."""
    one = drawn(Dueling, rng, 3, 5)(rng.normal(1, 3))
    return one, drawn(Dueling, rng, 2, 1)(rng.normal(4, 2))


@Dueling.case
def gradient_of_the_parts(Dueling, rng):
    """Features and both parts get their gradient."""
    head, x = drawn(Dueling, rng, 4, 3), rng.normal(5, 4, grad=True)
    weights = head.value.weight, head.advantage.weight, head.advantage.bias
    return gradient(head(x), x, *weights)


# ---- bootstrap_loss

bootstrap_loss = Exercise("bootstrap_loss", points=3)
MASK = [
    [True, False, False, True, False],
    [True, True, False, True, False],
    [False, True, False, True, True],
    [True, False, False, True, False],
]


def heads(rng, B, K, A):
    """Draw Q-values, actions and targets of K heads."""
    q = rng.normal(B, K, A, std=2, grad=True)
    return q, rng.integers(0, A, B), rng.normal(B, K)


@bootstrap_loss.case
def unequal_shares(bootstrap_loss, rng):
    """Each head averages over its own rows; one has all of them, one has none."""
    return bootstrap_loss(*heads(rng, 4, 5, 3), rng.array(MASK))


@bootstrap_loss.case
def everything(bootstrap_loss, rng):
    """With every row in every mask the result is a sum of K means."""
    mask = rng.array([[True] * 2] * 7)
    return bootstrap_loss(*heads(rng, 7, 2, 3), mask)


@bootstrap_loss.case
def one_row_or_none(bootstrap_loss, rng):
    """A batch of one, which some heads may not see; a batch that nobody may."""
    some, nobody = rng.array([[True, False, True]]), rng.array([[False] * 3] * 2)
    one = bootstrap_loss(*heads(rng, 1, 3, 4), some)
    return one, bootstrap_loss(*heads(rng, 2, 3, 4), nobody)


@bootstrap_loss.case(weight=2)
def gradient_of_each_head(bootstrap_loss, rng):
    """A head gets a gradient at the taken actions of its own rows, and only there."""
    q, a, y = heads(rng, 4, 5, 3)
    return gradient(bootstrap_loss(q, a, y, rng.array(MASK)), q)


@bootstrap_loss.case
def targets_are_constant(bootstrap_loss, rng):
    """No gradient flows into the targets."""
    q, a, _ = heads(rng, 4, 5, 3)
    y = rng.normal(4, 5, grad=True)
    return gradient(bootstrap_loss(q, a, y, rng.array(MASK)), y)


# ---- nstep

nstep = Exercise("nstep", points=2, without=("float64",))


@nstep.case
def inside(nstep, rng):
    """Inside an episode all n rewards and the last value count."""
    return nstep(rng.normal(5, 4), rng.array([[False] * 4] * 5), rng.normal(5), 0.9)


@nstep.case(weight=2)
def to_the_end(nstep, rng):
    """The reward of the terminal step counts, and nothing after it does."""
    last = [2, 0, 1, 2, 0, 1]  # also a window with two ends: the first one counts
    terminated = [[i == t or (t == 0 and i == 2) for i in range(3)] for t in last]
    return nstep(rng.normal(6, 3), rng.array(terminated), rng.normal(6), 0.8)


@nstep.case
def one_step(nstep, rng):
    """With n = 1 it is the ordinary target."""
    return nstep(rng.normal(2, 1), rng.array([[False], [True]]), rng.normal(2), 0.7)


@nstep.case
def long_window(nstep, rng):
    """A window of twelve steps, a batch of one, and no discount."""
    window = rng.normal(1, 12), rng.array([[False] * 12]), rng.normal(1)
    return nstep(*window, 1.0), nstep(*window, 0.5)


# ---- per_weights

per_weights = Exercise("per_weights", points=2)


@per_weights.case
def tempered(per_weights, rng):
    """Probabilities and weights for alpha 0.6 and beta 0.4."""
    return per_weights(rng.uniform(7, low=0.1, high=3.0), 0.6, 0.4)


@per_weights.case
def extremes(per_weights, rng):
    """alpha 0 is uniform, beta 0 corrects nothing, beta 1 corrects fully."""
    p = rng.uniform(5, low=0.1, high=3.0)
    return [per_weights(p, *pair) for pair in ((0.0, 0.7), (1.3, 0.0), (1.0, 1.0))]


@per_weights.case
def far_apart(per_weights, rng):
    """Priorities from a thousandth to a thousand, and a single transition."""
    p = rng.array([0.001, 0.1, 1.0, 30.0, 1000.0])
    return per_weights(p, 0.5, 0.8), per_weights(rng.array([4.0]), 0.7, 0.5)


# ---- preprocess

preprocess = Exercise("preprocess", points=2)


def bands(rng):
    """Draw four screens of bands, 40 pixels wide, 3 and 2 rows high.

    An area lies in one band or in two of them, at 1 to 4: the mean of whole numbers
    is a multiple of 0.2, and no order of additions rounds it differently.
    """
    drawn = rng.integers(0, len(COLOURS), 4, 42, 2, 4)
    rows = torch.cat([drawn[:, :, :1]] * 3 + [drawn[:, :, 1:]] * 2, 2).flatten(1, 2)
    return torch.from_numpy(COLOURS).to(rng.device)[rows.repeat_interleave(40, 2)]


@preprocess.case
def coloured(preprocess, rng):
    """Four screens of coloured bands become one small grey image."""
    return preprocess(bands(rng))


@preprocess.case
def grain(preprocess, rng):
    """Every pixel counts by its part, also one that lies in two or four areas."""
    # Means of multiples of 80 are at least a tenth away from the next half.
    grey = rng.integers(0, 4, 4, 210, 160, 1) * 80
    return preprocess(grey.expand(-1, -1, -1, 3).to(torch.uint8))


@preprocess.case
def flickering(preprocess, rng):
    """A sprite that only one of the last two frames shows is seen; older ones not."""
    frames = torch.zeros_like(bands(rng))
    frames[0, 5:60, 3:40] = 240
    frames[2, 20:47, 100:131] = 240
    frames[3, 120:149, 60:64] = 240
    return preprocess(frames)


@preprocess.case
def bright(preprocess, rng):
    """White stays 255, and a ramp of grey keeps its place and direction."""
    white = torch.full_like(bands(rng), 255)
    ramp = torch.zeros_like(white)
    ramp[:, 100:] = 80
    ramp[:, :, 100:] += 160
    return preprocess(white), preprocess(ramp)


# ---- stack

stack = Exercise("stack", points=1)


@stack.case
def two_episodes(stack, rng):
    """No frame of an earlier episode is seen."""
    starts = [i in (0, 3, 4) for i in range(10)]
    return stack(rng.normal(10, 3, 2), rng.array(starts))


@stack.case
def short(stack, rng):
    """One, two or three frames; the first is a first one, whatever starts says."""
    sets = [rng.integers(1, 255, T, 2, 5).to(torch.uint8) for T in (1, 2, 3)]
    return [stack(f, rng.array([False] * len(f))) for f in sets]


@stack.case
def new_every_time(stack, rng):
    """Episodes of one frame see only that frame."""
    return stack(rng.normal(5, 1, 3), rng.array([True] * 5))


# ---- clip_reward

clip_reward = Exercise("clip_reward", points=1)


@clip_reward.case
def points_of_games(clip_reward, rng):
    """Rewards of any size become 1, 0 or -1."""
    return exact(clip_reward(rng.array([0.0, 7.0, -1.0, 400.0, -25.0, 1.0, 0.0])))


@clip_reward.case
def any_shape(clip_reward, rng):
    """Whole numbers stay whole numbers, in any shape."""
    return clip_reward(rng.integers(-30, 30, 3, 1, 4)), clip_reward(rng.array(-8.0))


cut_or_end = Written("cut_or_end", points=2)

one_head_per_episode = Written("one_head_per_episode", points=2)
