"""Checks of a08: starts, optimizers, schedules, search.

Optimizers are handed their gradients, so that each step's effect is seen by itself: all
parameters, in one row, after some of ten steps. eps is large (1e-3 to 0.5) wherever its
place in the formula matters; with 1e-8 nobody could tell.
"""

import math
from string import ascii_lowercase

import torch
from torch import nn

from autograder import Exercise, Written, exact, same_distribution

# ---- init

init = Exercise(
    "init",
    points=3,
    functions=("xavier_uniform_", "kaiming_normal_"),
    mutates=True,
    forbid=(
        "torch.nn.init.xavier_uniform_",
        "torch.nn.init.kaiming_normal_",
        "torch.nn.init._calculate_fan_in_and_fan_out",
    ),
)
# Two sizes are told apart from half as many samples if signs are left out; that the
# distributions are symmetric is seen where they are kept.
MODES = ("fan_in", "fan_out")
HERE = ("strided", "device")  # shown by the exercise's other cases
PLAIN = ("float64", *HERE)  # only where no float is compared as close


@init.case(without=("float64", "strided"))
def xavier_linear(xavier_uniform_, rng):
    """A linear layer's weights follow Glorot's distribution; the gain scales them."""
    wide, tall = rng.normal(10, 90), rng.normal(60, 15)
    starts = [xavier_uniform_(wide), xavier_uniform_(tall, 3.0)]
    return [same_distribution(w.abs()) for w in starts]


@init.case(without=PLAIN)
def xavier_kernel(xavier_uniform_, rng):
    """A kernel's area counts, in two dimensions and in one."""
    two, one = rng.normal(12, 5, 2, 6), rng.normal(12, 15, 4)
    return [same_distribution(xavier_uniform_(w)) for w in (two, one)]


def fills_the_bounds(got, expected, secret):
    """Complain unless the extremes, in units of the bound, are close to -1 and 1."""
    lowest, highest = (float(x) for x in got)
    if max(-lowest, highest) > 1.001:
        return f"a weight lies outside the bounds: {lowest:.4g}, {highest:.4g} of 1"
    if min(-lowest, highest) < 0.99:
        return f"the weights do not reach the bounds: {lowest:.4g}, {highest:.4g} of 1"
    return None


@init.case(judge=fills_the_bounds, without=PLAIN)
def xavier_bounds(xavier_uniform_, rng):
    """The weights fill the interval of the uniform distribution and nothing else."""
    w = xavier_uniform_(rng.normal(60, 90), 0.5) / (0.5 * math.sqrt(6 / 150))
    return w.min(), w.max()


@init.case(without=("float64", "strided"))
def kaiming_linear(kaiming_normal_, rng):
    """A linear layer's weights follow He's distribution in both modes."""
    return {
        m: same_distribution(kaiming_normal_(rng.normal(30, 80), m).abs())
        for m in MODES
    }


@init.case(without=PLAIN)
def kaiming_kernel(kaiming_normal_, rng):
    """A kernel's area counts in both modes."""
    drawn = {m: rng.normal(12, 4, 3, 5) for m in MODES}
    return {m: same_distribution(kaiming_normal_(w, m)) for m, w in drawn.items()}


@init.case(without=PLAIN)
def kaiming_slope(kaiming_normal_, rng):
    """A leaky ReLU needs smaller weights; the sign of its slope does not matter."""
    drawn = {slope: rng.normal(30, 40) for slope in (3.0, -3.0)}
    return {
        slope: same_distribution(kaiming_normal_(w, slope=slope).abs())
        for slope, w in drawn.items()
    }


@init.case
def in_place(xavier_uniform_, kaiming_normal_, rng):
    """A parameter is filled in place and returned, and autograd notices nothing."""
    found = {}
    for name, fill in (("xavier", xavier_uniform_), ("kaiming", kaiming_normal_)):
        w = rng.normal(7, 5, mean=100.0, grad=True)
        returned = fill(w)
        found[name] = {
            "w is filled": bool((w.detach().abs() < 50).all()),
            "w is returned": returned is w,
            "w is a parameter": w.is_leaf and w.requires_grad,
        }
    return found


@init.case(without=PLAIN)
def fresh_numbers(xavier_uniform_, kaiming_normal_, rng):
    """Two layers of the same size get different numbers."""
    found = {}
    for name, fill in (("xavier", xavier_uniform_), ("kaiming", kaiming_normal_)):
        one, other = rng.normal(6, 4), rng.normal(6, 4)
        fill(one), fill(other)
        found[f"{name}: alike"] = bool((one == other).any())
    return found


# ---- init_sweep

init_sweep = Exercise("init_sweep", points=2)


class Wires(nn.Module):
    """A convolution and a linear layer; their biases are given, weights are drawn."""

    def __init__(self, biases):
        super().__init__()
        where = {"device": biases.device, "dtype": biases.dtype}
        self.first = nn.Conv1d(20, 25, 1, **where)
        self.last = nn.Linear(25, 3, **where)
        with torch.no_grad():
            self.first.bias.copy_(biases[:25])
            self.last.bias.copy_(biases[25:])

    def forward(self, x):
        """Map x (N, 20) to (N, 3) scores."""
        return self.last(torch.tanh(self.first(x[:, :, None])[:, :, 0]))


def points(rng, n):
    """Draw n points with a class each."""
    return rng.normal(n, 20), rng.integers(0, 3, n)


def swept(init_sweep, rng, stds, seeds, more=0):
    """Sweep without training; note every network that fit is given.

    make_net draws the weights, and `more` numbers each time than the time before.
    """
    nets, biases = [], rng.normal(28)

    def make_net():
        torch.rand(more * len(nets))
        return Wires(biases)

    def fit(net, x, y):
        nets.append(net)
        torch.rand(len(nets))

    init_sweep(make_net, stds, seeds, fit, points(rng, 2), points(rng, 2))
    return nets


@init_sweep.case(without=("strided",))
def errors_on_test(init_sweep, rng):
    """Errors are fractions of the test points, a row per standard deviation."""
    first, lasts = rng.normal(25, 20, 1), list(rng.normal(6, 3, 25))

    def fit(net, x, y):  # sets all weights, so it does not matter how they were drawn
        with torch.no_grad():
            net.first.weight.copy_(first)
            net.last.weight.copy_(lasts.pop())

    biases, train, test = rng.normal(28), points(rng, 25), points(rng, 40)
    return init_sweep(lambda: Wires(biases), [0.1, 1], [5, 6, 7], fit, train, test)


@init_sweep.case(without=PLAIN)
def what_is_trained(init_sweep, rng):
    """A new network is trained each time, on the training points."""
    nets, given, biases = [], [], rng.normal(28)

    def fit(net, x, y):
        nets.append(net)
        given.append([x, y])

    train, test = points(rng, 9), points(rng, 9)
    init_sweep(lambda: Wires(biases), [0.5, 2], [0, 1], fit, train, test)
    return len({id(net) for net in nets}), given


@init_sweep.case(without=("float64", "strided"))
def weights_and_biases(init_sweep, rng):
    """Weights have the standard deviation that was asked for; biases stay."""
    found = {}
    for std in (0.01, 5.0):
        nets = swept(init_sweep, rng, [std], range(2))
        weights = torch.stack([net.first.weight for net in nets])
        found[f"std {std}"] = same_distribution(weights)
        found[f"biases {std}"] = [exact(net.first.bias) for net in nets]
    return found


@init_sweep.case(without=HERE)
def same_draws(init_sweep, rng):
    """A seed gives the same weights up to the standard deviation; others differ."""
    nets = swept(init_sweep, rng, [1.0, 4.0], [3, 8])
    one, two, one_large, two_large = (net.last.weight for net in nets)
    ratios = [one_large / one, two_large / two]
    return {"ratios": ratios, "all seeds alike": bool((one == two).all())}


@init_sweep.case(without=HERE)
def seeded_last(init_sweep, rng):
    """What make_net draws for itself does not change the weights of a seed."""
    small, large = swept(init_sweep, rng, [0.5, 2.0], [4], more=3)
    return large.last.weight / small.last.weight


# ---- optimizers

NOTED = (1, 2, 3, 5, 10)  # after these steps the parameters are looked at


TORCHS = (
    *("torch.optim.SGD", "torch.optim.sgd.sgd"),
    *("torch.optim.Adagrad", "torch.optim.adagrad.adagrad"),
    *("torch.optim.RMSprop", "torch.optim.rmsprop.rmsprop"),
    *("torch.optim.Adam", "torch.optim.adam.adam"),
    *("torch.optim.AdamW", "torch.optim.adamw.adamw"),
)


def parameters(rng):
    """Draw four parameters: two of the same shape, one of them a single number."""
    shapes = ((3, 4), (5,), (5,), ())
    return [rng.normal(*shape, grad=True) for shape in shapes]


def gradients(rng, params, steps):
    """Draw the gradients of every step, large ones and small ones."""
    sizes = (1.0, 0.1, 5.0, 1.0)
    drawn = [
        rng.normal(steps, *p.shape, std=s) for p, s in zip(params, sizes, strict=True)
    ]
    return [list(row) for row in zip(*drawn, strict=True)]


def row(params):
    """Copy all parameters, one behind the other: (23,)."""
    return torch.cat([p.detach().flatten() for p in params])


def path(optimizer, params, grads):
    """Hand over gradients step by step; note where the parameters are."""
    found = {}
    for t, gradient in enumerate(grads, 1):
        for p, g in zip(params, gradient, strict=True):
            p.grad = g
        optimizer.step()
        if t in NOTED:
            found[f"after step {t}"] = row(params)
    return found


def steered(build, rng, steps=10):
    """Let an optimizer take steps; it gets its parameters as a stream."""
    params = parameters(rng)
    return path(build(p for p in params), params, gradients(rng, params, steps))


def with_gaps(build, rng):
    """Let an optimizer take steps with gradients of which some are None, one is 0."""
    params = parameters(rng)
    grads = gradients(rng, params, 5)
    for t in (0, 1, 3):
        grads[t][0] = None
    grads[2][1] = grads[4][2] = None
    grads[3][1] = torch.zeros_like(params[1])
    for gradient in grads:
        gradient[3] = None
    return path(build(params), params, grads)


def slowed_down(build, rng):
    """Take two steps, write another learning rate, take two more."""
    params = parameters(rng)
    optimizer = build(params)
    first = path(optimizer, params, gradients(rng, params, 2))
    optimizer.lr = 0.02
    return first, path(optimizer, params, gradients(rng, params, 2))


def left_alone(build, rng):
    """Show what a step must leave as it is, and what it must move in place."""
    params = parameters(rng)
    views = [p.detach() for p in params]  # they share the parameters' memory
    path(build(params), params, gradients(rng, params, 2))
    return {
        "gradients": [p.grad for p in params],
        "in place": views,
        "leaves": [p.is_leaf and p.requires_grad for p in params],
    }


def side_by_side(build, rng):
    """Let two optimizers take turns."""
    one, two = parameters(rng), parameters(rng)
    first, second = build(one), build(two)
    found = []
    for _ in range(2):
        found.append(path(first, one, gradients(rng, one, 1)))
        found.append(path(second, two, gradients(rng, two, 1)))
    return found


sgd = Exercise("SGD", points=4, mutates=True, forbid=TORCHS)


@sgd.case(without=HERE)
def plain_steps(SGD, rng):
    """Without momentum each step goes lr times the gradient downhill."""
    return steered(lambda params: SGD(params, 0.3, dampening=0.4), rng, steps=3)


@sgd.case(without=HERE)
def momentum(SGD, rng):
    """Ten steps with momentum lead to the right place."""
    return steered(lambda params: SGD(params, 0.1, momentum=0.8), rng)


@sgd.case(without=HERE)
def dampening(SGD, rng):
    """Dampening weakens every gradient but the first."""
    return steered(lambda p: SGD(p, 0.1, momentum=0.8, dampening=0.3), rng, 5)


@sgd.case(without=HERE)
def nesterov(SGD, rng):
    """Nesterov's momentum uses the velocity that has just been updated."""
    return steered(lambda p: SGD(p, 0.1, momentum=0.7, nesterov=True), rng, 5)


@sgd.case(without=HERE)
def weight_decay(SGD, rng):
    """Weight decay belongs to the gradient that the velocity collects."""
    found = {}
    for options in ({}, {"momentum": 0.6}):
        options["weight_decay"] = 0.4
        found[str(options)] = steered(lambda p, o=options: SGD(p, 0.2, **o), rng, 3)
    return found


@sgd.case
def sgd_gaps(SGD, rng):
    """A parameter without a gradient rests, and so does its velocity; one whose
    gradient is 0 rolls on."""
    options = {"momentum": 0.9, "dampening": 0.2, "weight_decay": 0.1}
    return with_gaps(lambda params: SGD(params, 0.1, **options), rng)


@sgd.case(without=HERE)
def sgd_slowed_down(SGD, rng):
    """A new learning rate holds for the velocity of earlier steps, too."""
    return slowed_down(lambda params: SGD(params, 0.5, momentum=0.9), rng)


@sgd.case(without=HERE)
def sgd_in_place(SGD, rng):
    """Gradients stay as they are; parameters move in place."""
    return left_alone(lambda p: SGD(p, 0.1, momentum=0.9, weight_decay=0.5), rng)


@sgd.case(without=HERE)
def sgd_overwritten(SGD, rng):
    """The velocity stays when the next gradient is written over the last one."""
    params = parameters(rng)
    optimizer, found = SGD(params, 0.1, momentum=0.9), []
    for t, gradient in enumerate(gradients(rng, params, 3)):
        for p, g in zip(params, gradient, strict=True):
            p.grad = p.grad.copy_(g) if t else g
        optimizer.step()
        found.append(row(params))
    return found


@sgd.case(without=HERE)
def two_sgds(SGD, rng):
    """Two optimizers know nothing of each other."""
    return side_by_side(lambda params: SGD(params, 0.1, momentum=0.9), rng)


adagrad = Exercise("Adagrad", points=1, mutates=True, forbid=TORCHS)


@adagrad.case(without=HERE)
def adagrad_path(Adagrad, rng):
    """Ten steps lead to the right place."""
    return steered(lambda params: Adagrad(params, 0.2, eps=1e-3), rng)


@adagrad.case(without=HERE)
def adagrad_eps(Adagrad, rng):
    """eps may be tiny or large; it is added outside the root."""
    return [
        steered(lambda params, e=eps: Adagrad(params, 0.2, eps=e), rng, steps=3)
        for eps in (1e-10, 0.5)
    ]


@adagrad.case
def adagrad_gaps(Adagrad, rng):
    """A parameter without a gradient rests, and so does its sum."""
    return with_gaps(lambda params: Adagrad(params, 0.2, eps=1e-3), rng)


@adagrad.case(without=HERE)
def adagrad_slowed_down(Adagrad, rng):
    """A new learning rate holds from the next step on."""
    return slowed_down(lambda params: Adagrad(params, 0.5, eps=0.1), rng)


@adagrad.case(without=HERE)
def adagrad_in_place(Adagrad, rng):
    """Gradients stay as they are; parameters move in place."""
    return left_alone(lambda params: Adagrad(params, 0.2), rng)


rmsprop = Exercise("RMSprop", points=2, mutates=True, forbid=TORCHS)


@rmsprop.case(without=HERE)
def rmsprop_path(RMSprop, rng):
    """Ten steps lead to the right place."""
    return steered(lambda p: RMSprop(p, 0.02, alpha=0.8, eps=1e-3), rng)


@rmsprop.case(without=HERE)
def rmsprop_eps(RMSprop, rng):
    """eps may be tiny or large; it is added outside the root."""
    return [
        steered(lambda params, e=eps: RMSprop(params, 0.02, eps=e), rng, steps=3)
        for eps in (1e-8, 0.5)
    ]


@rmsprop.case(without=HERE)
def rmsprop_centered(RMSprop, rng):
    """The centered version divides by a standard deviation."""
    options = {"alpha": 0.7, "eps": 0.1, "centered": True}
    return steered(lambda params: RMSprop(params, 0.02, **options), rng)


@rmsprop.case(without=PLAIN)
def rmsprop_constant(RMSprop, rng):
    """The centered version survives gradients that never change: no nan."""
    p = rng.normal(50, grad=True)
    p.grad = rng.normal(50)
    optimizer = RMSprop([p], 0.01, alpha=0.5, eps=0.1, centered=True)
    for _ in range(40):  # by then only rounding is left of s - m^2
        optimizer.step()
    return bool(p.detach().isfinite().all())


@rmsprop.case
def rmsprop_gaps(RMSprop, rng):
    """A parameter without a gradient rests, and so do its averages; one whose
    gradient is 0 does not."""
    options = {"alpha": 0.9, "eps": 1e-2, "centered": True}
    return with_gaps(lambda params: RMSprop(params, 0.02, **options), rng)


@rmsprop.case(without=HERE)
def rmsprop_slowed_down(RMSprop, rng):
    """A new learning rate holds from the next step on."""
    return slowed_down(lambda p: RMSprop(p, 0.5, alpha=0.9, eps=0.1), rng)


@rmsprop.case(without=HERE)
def rmsprop_in_place(RMSprop, rng):
    """Gradients stay as they are; parameters move in place."""
    return left_alone(lambda p: RMSprop(p, 0.2, eps=0.1, centered=True), rng)


adam = Exercise("Adam", points=3, mutates=True, forbid=TORCHS)


@adam.case(without=HERE)
def adam_path(Adam, rng):
    """Ten steps lead to the right place."""
    return steered(lambda p: Adam(p, 0.1, betas=(0.8, 0.97), eps=1e-3), rng)


@adam.case(without=HERE)
def adam_eps(Adam, rng):
    """eps may be tiny or large; it is added outside the root."""
    return [
        steered(lambda params, e=eps: Adam(params, 0.1, eps=e), rng, steps=3)
        for eps in (1e-8, 0.5)
    ]


@adam.case(without=HERE)
def adam_without_memory(Adam, rng):
    """With betas of 0 nothing is remembered: each step is about lr long."""
    return steered(lambda p: Adam(p, 0.1, betas=(0.0, 0.0), eps=1e-3), rng, steps=3)


@adam.case(without=HERE)
def adam_decay(Adam, rng):
    """Weight decay belongs to the gradient and passes through both averages."""
    options = {"betas": (0.7, 0.9), "eps": 1e-3, "weight_decay": 0.4}
    return steered(lambda params: Adam(params, 0.05, **options), rng, steps=3)


@adam.case
def adam_gaps(Adam, rng):
    """A parameter without a gradient rests: its averages and its count, too. One
    whose gradient is 0 does not."""
    options = {"betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": 0.1}
    return with_gaps(lambda params: Adam(params, 0.1, **options), rng)


@adam.case(without=HERE)
def adam_slowed_down(Adam, rng):
    """A new learning rate holds for the averages of earlier steps, too."""
    return slowed_down(lambda params: Adam(params, 0.5, eps=0.1), rng)


@adam.case(without=HERE)
def adam_in_place(Adam, rng):
    """Gradients stay as they are; parameters move in place."""
    return left_alone(lambda p: Adam(p, 0.1, eps=1e-3, weight_decay=0.5), rng)


@adam.case(without=HERE)
def two_adams(Adam, rng):
    """Two optimizers know nothing of each other."""
    return side_by_side(lambda params: Adam(params, 0.1, eps=0.01), rng)


adamw = Exercise("AdamW", points=1, mutates=True, forbid=TORCHS)


@adamw.case(without=HERE)
def adamw_decay(AdamW, rng):
    """Weights shrink by lr times the decay; the averages know nothing of it."""
    options = {"betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": 0.5}
    return steered(lambda params: AdamW(params, 0.1, **options), rng)


@adamw.case(without=HERE)
def adamw_eps(AdamW, rng):
    """A large eps is added outside the root."""
    options = {"betas": (0.9, 0.95), "eps": 0.5, "weight_decay": 0.2}
    return steered(lambda params: AdamW(params, 0.1, **options), rng, steps=3)


@adamw.case
def adamw_gaps(AdamW, rng):
    """A parameter without a gradient rests: it does not decay either."""
    options = {"betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": 0.7}
    return with_gaps(lambda params: AdamW(params, 0.1, **options), rng)


@adamw.case(without=HERE)
def adamw_slowed_down(AdamW, rng):
    """A new learning rate changes the decay, too."""
    return slowed_down(lambda p: AdamW(p, 0.5, eps=0.1, weight_decay=0.6), rng)


@adamw.case(without=HERE)
def adamw_in_place(AdamW, rng):
    """Gradients stay as they are; parameters move in place."""
    return left_alone(lambda p: AdamW(p, 0.1, eps=1e-3, weight_decay=0.5), rng)


# ---- lr_at

lr_at = Exercise("lr_at", points=2)


def rates(lr_at, kind, steps, warmup):
    """Ask for every step of a run and for some after it."""
    after = (steps, steps + 3, 2 * steps, 5 * steps)
    return {
        "run": [lr_at(t, kind, 0.6, steps, warmup) for t in range(steps)],
        "after": [lr_at(t, kind, 0.6, steps, warmup) for t in after],
    }


@lr_at.case
def cosine(lr_at, rng):
    """The cosine starts after the warm-up; without a warm-up it starts at once."""
    return {f"warm-up {w}": rates(lr_at, "cosine", 17, w) for w in (5, 1, 0)}


@lr_at.case
def stairs(lr_at, rng):
    """The stairs come at half and at three quarters of runs of any length."""
    runs = ((20, 3), (21, 4), (22, 0), (23, 1))
    return {f"{n} steps": rates(lr_at, "step", n, warmup) for n, warmup in runs}


@lr_at.case
def one_cycle(lr_at, rng):
    """One cycle goes up along half a cosine and down along another."""
    runs = ((19, 5), (10, 2), (30, 9))
    return {f"{n} steps": rates(lr_at, "one-cycle", n, warmup) for n, warmup in runs}


@lr_at.case
def peaks(lr_at, rng):
    """A peak of any size is reached in the last step of the warm-up."""
    peak, kinds = rng.number(2.0, 3.0), ("cosine", "step", "one-cycle")
    return {kind: [lr_at(t, kind, peak, 12, 4) for t in (0, 2, 3, 4)] for kind in kinds}


# ---- clip_grad_norm

clip = Exercise(
    "clip_grad_norm",
    points=2,
    mutates=True,
    forbid=(
        "torch.nn.utils.clip_grad_norm_",
        "torch.nn.utils.get_total_norm",
        "torch.nn.utils.clip_grads_with_norm_",
    ),
)


def with_gradients(rng):
    """Draw parameters and their gradients, which are returned beside them."""
    params = parameters(rng)
    grads = gradients(rng, params, 1)[0]
    for p, g in zip(params, grads, strict=True):
        p.grad = g
    return params, grads


@clip.case
def too_long(clip_grad_norm, rng):
    """A gradient that is too long is shortened, whatever eps is."""
    found = {}
    for eps in (1e-6, 0.7):
        params, grads = with_gradients(rng)
        found[f"eps {eps}"] = clip_grad_norm(params, 1.5, eps), grads
    return found


@clip.case
def default_eps(clip_grad_norm, rng):
    """Without being asked, eps is a millionth: tiny gradients show it."""
    p = rng.normal(3, 2, grad=True)
    p.grad = rng.normal(3, 2, std=1e-5)
    return clip_grad_norm([p], 4e-6), p.grad


@clip.case
def short_enough(clip_grad_norm, rng):
    """A gradient that is short enough stays exactly as it is."""
    params, grads = with_gradients(rng)
    return clip_grad_norm(params, 1000.0, 0.5), grads


@clip.case
def just_below(clip_grad_norm, rng):
    """The factor decides: with a large eps it is below 1 for a norm of 5, too."""
    p = rng.array([0.0, 0.0], grad=True)
    p.grad = rng.array([3.0, -4.0])
    return clip_grad_norm([p], 5.5, 1.0), p.grad


@clip.case
def one_is_missing(clip_grad_norm, rng):
    """Parameters without a gradient do not count; parameters may be a stream."""
    params, grads = with_gradients(rng)
    params[1].grad = None
    norm = clip_grad_norm((p for p in params), 0.5)
    return norm, grads, [p.grad is None for p in params]


# ---- random_search

random_search = Exercise("random_search", points=2)


def tried(random_search, generator, space, budget=800):
    """Note what is tried in a search in which all are equally good."""
    configs = []

    def evaluate(config):
        configs.append(dict(config))
        return 0.5, 0.5

    random_search(space, budget, evaluate, generator)
    columns = {name: [config[name] for config in configs] for name in space}
    return {k: torch.tensor(v, dtype=torch.float64) for k, v in columns.items()}


@random_search.case
def where_numbers_lie(random_search, rng):
    """Uniform settings are uniform; the logarithms of log-uniform ones are."""
    space = {"rate": ("log", 1e-4, 10.0), "momentum": ("uniform", 0.5, 0.9)}
    found = tried(random_search, rng.generator(), space)
    return [same_distribution(x) for x in (found["rate"].log(), found["momentum"])]


def equally_frequent(got, expected, secret):
    """Complain unless each of three values makes a third of 800 (5 sigma)."""
    counts = [int((got == value).sum()) for value in (16, 64, 512)]
    if sum(counts) != 800:
        return "what is chosen is not one of the values"
    if max(abs(c - 800 / 3) for c in counts) > 5 * math.sqrt(800 * 2 / 9):
        return f"the values of a choice are not equally frequent: {counts}"
    return None


@random_search.case(judge=equally_frequent)
def choices(random_search, rng):
    """Every value of a choice is drawn equally often."""
    space = {"width": ("choice", [16, 64, 512])}
    return tried(random_search, rng.generator(), space)["width"]


def unrelated(got, expected, secret):
    """Complain if two rows are correlated (5 sigma)."""
    r = float(torch.corrcoef(got).fill_diagonal_(0.0).abs().max())
    if not r < 5 / math.sqrt(got.shape[1]):
        return f"two settings hang together: correlation {r:.2f}"
    return None


@random_search.case(judge=unrelated)
def independent(random_search, rng):
    """One setting says nothing about another."""
    space = {"a": ("uniform", 0.0, 1.0), "b": ("uniform", -3.0, 5.0)}
    space |= {"c": ("log", 0.5, 2.0), "d": ("log", 1.0, 3.0)}
    return torch.stack(list(tried(random_search, rng.generator(), space, 200).values()))


@random_search.case
def repeatable(random_search, rng):
    """A generator with the same seed gives the same trials, another one others."""
    seed, space = rng.integer(0, 1000), {"x": ("uniform", 0.0, 1.0)}
    one, same, other = (
        tried(random_search, torch.Generator().manual_seed(s), space, 3)["x"]
        for s in (seed, seed, seed + 1)
    )
    return {"same": bool((one == same).all()), "other": bool((one == other).all())}


def choice(random_search, rng, valid, test):
    """Search with errors that are given; say which trial was chosen."""
    seen = []

    def evaluate(config):
        seen.append(config["x"])
        return valid[len(seen) - 1], test[len(seen) - 1]

    space = {"x": ("uniform", 0.0, 1.0)}
    config, error = random_search(space, len(valid), evaluate, rng.generator())
    return {"trials": len(seen), "chosen": seen.index(config["x"]), "error": error}


@random_search.case
def best_on_validation(random_search, rng):
    """The best on validation data is chosen, and its test error is reported."""
    valid, test = [0.6, 0.3, 0.2, 0.4], [0.1, 0.5, 0.35, 0.9]
    return choice(random_search, rng, valid, test)


@random_search.case
def first_of_equals(random_search, rng):
    """Of several equally good configurations the first is chosen."""
    return choice(random_search, rng, [0.5, 0.25, 0.7, 0.25], [0.1, 0.4, 0.3, 0.2])


@random_search.case
def diverged(random_search, rng):
    """A training that diverged is chosen only if all did."""
    nan = math.nan
    return [
        choice(random_search, rng, [nan, 0.9, 0.4, nan], [0.1, 0.2, 0.3, nan]),
        choice(random_search, rng, [0.8, nan, 0.4], [0.7, 0.2, 0.6]),
        choice(random_search, rng, [nan, nan], [0.3, 0.2]),
    ]


# ---- successive_halving

successive_halving = Exercise("successive_halving", points=2)
NAMES = ascii_lowercase[:11]


def race(successive_halving, error, epochs, eta=2, names=NAMES):
    """Run a race in which error(name, epochs) decides; note every training."""
    trained, configs = [], list(names)

    def evaluate(name, budget):
        trained.append([name, budget])
        return error(name, budget)

    winner, spent = successive_halving(configs, evaluate, epochs, eta)
    found = {"winner": winner, "spent": spent, "trained": trained}
    return found | {"configs are as before": configs == list(names)}


def ranked(rng):
    """Give every name an error of its own."""
    return dict(zip(NAMES, (rng.permutation(11) / 11).tolist(), strict=True))


@successive_halving.case
def halves(successive_halving, rng):
    """The better half of each round goes on, with twice the epochs."""
    errors = ranked(rng)
    return race(successive_halving, lambda name, epochs: errors[name], 3)


@successive_halving.case
def late_bloomers(successive_halving, rng):
    """What counts is the error of this round, not that of earlier ones."""
    early, late = ranked(rng), ranked(rng)
    return race(
        successive_halving,
        lambda name, epochs: early[name] if epochs == 2 else late[name] / 10,
        2,
    )


@successive_halving.case
def thirds(successive_halving, rng):
    """With eta 3 a third goes on, with three times the epochs; 12 leaves one."""
    errors = ranked(rng)
    return [
        race(successive_halving, lambda name, epochs: errors[name], 4, eta)
        for eta in (3, 5, 12)
    ]


@successive_halving.case
def equals(successive_halving, rng):
    """Of equals those go on that come first."""
    return race(successive_halving, lambda name, epochs: 0.5, 1)


@successive_halving.case
def some_diverged(successive_halving, rng):
    """What diverged is worse than every number; if all did, the first one wins."""
    nan = math.nan
    return [
        race(successive_halving, lambda n, _: nan if n in "acde" else 2 - len(n), 1),
        race(successive_halving, lambda name, epochs: nan, 1, names="xyz"),
    ]


@successive_halving.case
def nobody_else(successive_halving, rng):
    """A single configuration wins without any training."""
    return race(successive_halving, lambda name, epochs: 0.5, 7, names="z")


# ---- written

twenty_layers = Written("twenty_layers", points=3)
decoupled = Written("decoupled", points=3)
