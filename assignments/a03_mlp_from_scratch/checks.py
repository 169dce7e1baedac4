"""Checks of a03: a multilayer perceptron from scratch."""

from itertools import pairwise

import numpy as np

from autograder import Exercise, Written, at_least, exact
from course import data

KINDS = ("sigmoid", "tanh", "relu", "elu")
DEEP_KINDS = ("sigmoid", "tanh", "elu")


def network(rng, D, H, K, std=1.0):
    """Draw the weights of a network with one hidden layer; no bias is zero."""
    return {
        "W1": rng.normal(D, H, std=std),
        "b1": rng.normal(H),
        "W2": rng.normal(H, K, std=std),
        "b2": rng.normal(K),
    }


def passed_forward(rng, N, D, H, K, std=1.0):
    """Draw a network and the cache that a forward pass leaves."""
    params, x = network(rng, D, H, K, std), rng.normal(N, D)
    a = x @ params["W1"] + params["b1"]
    return rng.normal(N, K), {"x": x, "a": a, "h": np.tanh(a)}, params


# ---- activations

activations = Exercise(
    "activations",
    points=3,
    functions=("act_forward", "act_backward"),
    backend="numpy",
    forbid=("autograd",),
)


@activations.case
def values(act_forward, rng):
    """All four functions have the right value on both sides of 0."""
    x = rng.normal(3, 5, std=2)
    return {kind: act_forward(x, kind)[0] for kind in KINDS}


@activations.case
def slopes(act_forward, act_backward, rng):
    """The gradient that comes back is dy times the slope at x."""
    x, dy = rng.normal(4, 3, std=2), rng.normal(4, 3)
    return {k: act_backward(dy, act_forward(x, k)[1], k) for k in KINDS}


@activations.case
def huge_inputs(act_forward, act_backward, rng):
    """Inputs of ten thousand give neither nan nor inf, forward or backward."""
    x = rng.array([[-1e4, -800.0, -100.0, -1.5], [0.5, 100.0, 800.0, 1e4]])
    dy, found = rng.normal(2, 4), {}
    for kind in KINDS:
        y, cache = act_forward(x, kind)
        found[kind] = [y, act_backward(dy, cache, kind)]
    return found


@activations.case
def at_zero(act_forward, act_backward, rng):
    """At exactly 0 ReLU's slope is 0, and the others' are what their formulas say."""
    x, dy = rng.array([0.0, -0.5, 0.0, 0.5, 0.0]), rng.uniform(5, low=1.0, high=2.0)
    return {k: act_backward(dy, act_forward(x, k)[1], k) for k in KINDS}


@activations.case
def two_layers_in_flight(act_forward, act_backward, rng):
    """A second forward pass leaves the cache of the first alone."""
    dy, found = rng.normal(2, 4), {}
    for kind in KINDS:
        _, first = act_forward(rng.normal(2, 4), kind)
        _, second = act_forward(rng.normal(2, 4), kind)
        found[kind] = [act_backward(dy, c, kind) for c in (second, first)]
    return found


@activations.case
def same_cache_twice(act_forward, act_backward, rng):
    """A cache can be used twice, and the array may have any number of axes."""
    x, dy, found = rng.normal(2, 1, 3), rng.normal(2, 1, 3), {}
    for kind in KINDS:
        y, cache = act_forward(x, kind)
        found[kind] = [y, *(act_backward(dy, cache, kind) for _ in range(2))]
    return found


# ---- mlp_forward

mlp_forward = Exercise("mlp_forward", points=2, backend="numpy")


@mlp_forward.case
def logits_and_cache(mlp_forward, rng):
    """Logits and cache are right for five samples, all sizes different."""
    return mlp_forward(rng.normal(5, 4), network(rng, 4, 6, 3))


@mlp_forward.case
def one_sample(mlp_forward, rng):
    """A batch of one sample keeps its two axes."""
    return mlp_forward(rng.normal(1, 3), network(rng, 3, 2, 4))


@mlp_forward.case
def equal_sizes(mlp_forward, rng):
    """When N, D, H and K are equal, shapes prove nothing; the values must be right."""
    return mlp_forward(rng.normal(4, 4), network(rng, 4, 4, 4))


@mlp_forward.case
def large_logits(mlp_forward, rng):
    """Large weights saturate the hidden units, and logits go far beyond 1."""
    return mlp_forward(rng.normal(3, 6, std=3), network(rng, 6, 5, 2, std=8))


@mlp_forward.case
def two_passes(mlp_forward, rng):
    """A second pass leaves the cache of the first alone."""
    params = network(rng, 2, 5, 3)
    _, first = mlp_forward(rng.normal(4, 2), params)
    _, second = mlp_forward(rng.normal(4, 2), params)
    return first, second


# ---- mlp_backward

mlp_backward = Exercise("mlp_backward", points=4, backend="numpy", forbid=("autograd",))


@mlp_backward.case(weight=2)
def all_four(mlp_backward, rng):
    """All four gradients are right for five samples, all sizes different."""
    return mlp_backward(*passed_forward(rng, 5, 4, 6, 3))


@mlp_backward.case
def one_sample_back(mlp_backward, rng):
    """For a single sample each gradient has the shape of its parameter."""
    return mlp_backward(*passed_forward(rng, 1, 3, 2, 4))


@mlp_backward.case
def equal_sizes_back(mlp_backward, rng):
    """When N, D, H and K are equal, shapes prove nothing; the values must be right."""
    return mlp_backward(*passed_forward(rng, 4, 4, 4, 4))


@mlp_backward.case
def saturated_units(mlp_backward, rng):
    """Hidden units near +1 and -1 pass almost no gradient on to W1."""
    return mlp_backward(*passed_forward(rng, 3, 6, 5, 2, std=4))


@mlp_backward.case
def same_cache_again(mlp_backward, rng):
    """The same cache can be used twice."""
    dlogits, cache, params = passed_forward(rng, 2, 3, 4, 5)
    first = mlp_backward(dlogits, cache, params)
    return first, mlp_backward(dlogits, cache, params), cache


# ---- numeric_grad

numeric_grad = Exercise("numeric_grad", points=2, backend="numpy")


@numeric_grad.case
def every_entry(numeric_grad, rng):
    """Every partial derivative is right, and p is left exactly as it was."""
    p, w = rng.normal(3, 4), rng.normal(3, 4)
    return numeric_grad(lambda q: (np.sin(q) * w).sum(), p, 1e-5), exact(p)


@numeric_grad.case
def large_step(numeric_grad, rng):
    """With a large step on a cubic the figure is that of the central difference."""
    p, w = rng.normal(2, 3), rng.uniform(2, 3, low=1.0, high=2.0)
    return numeric_grad(lambda q: (w * q**3).sum() + q.sum() ** 3, p, 0.5)


@numeric_grad.case
def tiny_step(numeric_grad, rng):
    """With a step of one millionth the differences are taken in float64."""
    p, w = rng.uniform(5, low=1.0, high=3.0), rng.normal(5)
    return numeric_grad(lambda q: 10 + (w * q**2).sum() + q.prod(), p, 1e-6)


@numeric_grad.case
def transposed(numeric_grad, rng):
    """A transposed array is differentiated like any other."""
    p, w = rng.normal(2, 5).T, rng.normal(5, 2)
    return numeric_grad(lambda q: (q * w).sum() ** 2, p, 0.1)


@numeric_grad.case
def one_number(numeric_grad, rng):
    """An array with a single entry and three axes keeps its shape."""
    return numeric_grad(lambda q: np.exp(q).sum(), rng.normal(1, 1, 1), 0.3)


# ---- rel_error

rel_error = Exercise("rel_error", points=1, backend="numpy")


@rel_error.case
def both_ways(rel_error, rng):
    """Swapping the two arrays changes nothing, even if one is much longer."""
    a, b = rng.normal(3, 4), rng.normal(3, 4, std=5)
    return rel_error(a, b), rel_error(b, a)


@rel_error.case
def zeros(rel_error, rng):
    """Two zero gradients are equal; a zero against anything else is an error of 1."""
    a, none = rng.normal(2, 3), rng.array([[0.0] * 3] * 2)
    return rel_error(none, none), rel_error(a, none), rel_error(none, a)


@rel_error.case
def any_scale(rel_error, rng):
    """Gradients of 1e-25 and 1e25 are judged like those of size 1."""
    scales = (1e-25, 1e-9, 1e25)
    return [rel_error(rng.normal(6, std=s), rng.normal(6, std=s)) for s in scales]


@rel_error.case
def equal_and_opposite(rel_error, rng):
    """Equal gradients give 0, opposite ones give 1."""
    a = rng.normal(2, 2, 5)
    return rel_error(a, a), rel_error(a, -a)


# ---- accumulate_per_sample

accumulate_per_sample = Exercise(
    "accumulate_per_sample", points=3, backend="numpy", forbid=("autograd",)
)


@accumulate_per_sample.case
def batch_gradient(accumulate_per_sample, rng):
    """The sum over seven samples is the gradient of the whole batch's loss."""
    params = network(rng, 4, 3, 6)
    return accumulate_per_sample(rng.normal(7, 4), rng.integers(0, 6, 7), params)


@accumulate_per_sample.case
def a_single_sample(accumulate_per_sample, rng):
    """One sample gives its own gradient; the targets are +0.9 and -0.9."""
    params = network(rng, 3, 5, 2)
    return accumulate_per_sample(rng.normal(1, 3), rng.integers(0, 2, 1), params)


@accumulate_per_sample.case
def starts_at_zero(accumulate_per_sample, rng):
    """Each call starts from zero: two halves, then the whole, with the same weights."""
    params = network(rng, 2, 4, 3)
    x, y = rng.normal(6, 2), rng.array([0, 2, 2, 1, 0, 2])
    parts = slice(0, 2), slice(2, 6), slice(0, 6)
    return [accumulate_per_sample(x[s], y[s], params) for s in parts]


@accumulate_per_sample.case
def first_and_last_class(accumulate_per_sample, rng):
    """Classes 0 and K-1 find their column, with the output near its bounds too."""
    params = network(rng, 5, 4, 3, std=2)
    return accumulate_per_sample(rng.normal(3, 5), rng.array([2, 0, 2]), params)


# ---- sgd_train

sgd_train = Exercise("sgd_train", points=4, backend="numpy", forbid=("autograd",))


@sgd_train.case
def one_step(sgd_train, rng):
    """One batch makes one step of lr against the gradient of the mean loss."""
    batch = rng.normal(5, 4), rng.integers(0, 3, 5)
    return sgd_train(network(rng, 4, 6, 3), [batch], 0.7)


@sgd_train.case(weight=2)
def unequal_batches(sgd_train, rng):
    """Batches of 6, 6, 3 and 1 samples make four steps, in order."""
    params = network(rng, 3, 4, 5)
    batches = [(rng.normal(n, 3), rng.integers(0, 5, n)) for n in (6, 6, 3, 1)]
    return sgd_train(params, batches, 0.5)


@sgd_train.case
def carries_on(sgd_train, rng):
    """Training on from a result leaves that result alone; batches may be a stream."""
    params = network(rng, 2, 5, 3)
    batches = [(rng.normal(4, 2), rng.integers(0, 3, 4)) for _ in range(4)]
    first, early = sgd_train(params, iter(batches[:2]), 0.4)
    second, late = sgd_train(first, iter(batches[2:]), 0.4)
    return first, early, second, late


@sgd_train.case
def huge_logits(sgd_train, rng):
    """Logits in the thousands give a finite loss and finite weights."""
    params = network(rng, 3, 4, 5)
    params["W2"] = rng.normal(4, 5, std=3000)
    batches = [(rng.normal(6, 3), rng.integers(0, 5, 6)) for _ in range(2)]
    return sgd_train(params, batches, 1e-3)


def digits(rng):
    """Draw a start and a batch order; keep the test digits back."""
    train, test = data.digits()
    x, y = train.flat.numpy(), train.y.numpy()
    params = {
        "W1": (rng.normal(64, 32) / 8).astype(np.float32),
        "b1": np.zeros(32, np.float32),
        "W2": (rng.normal(32, 10) / 6).astype(np.float32),
        "b2": np.zeros(10, np.float32),
    }
    batches = []
    for _ in range(15):
        order = rng.permutation(len(x))
        batches += [(x[i], y[i]) for i in np.array_split(order, 40)]
    return (params, batches), (test.flat.numpy(), test.y.numpy())


def accuracy_on_unseen_digits(got, secret):
    """Return the fraction of test digits that the trained weights get right."""
    x, y = (np.asarray(v) for v in secret)
    p = {key: np.asarray(v, np.float64) for key, v in got.items()}
    logits = np.tanh(x @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]
    return float((logits.argmax(1) == y).mean())


@sgd_train.case(
    hidden=True,
    given=digits,
    judge=at_least(accuracy_on_unseen_digits, 0.94),
    without=("float64", "strided"),
)
def learns_digits(sgd_train, rng, given):
    """Fifteen epochs on 1,297 digits are enough for 94 % of 500 unseen ones."""
    params, batches = given
    return sgd_train(params, batches, 0.3)[0]


# ---- grad_norms_by_depth

grad_norms_by_depth = Exercise("grad_norms_by_depth", points=3)


def deep(rng, L, D, H, K, gain):
    """Draw L weight matrices with standard deviation gain / sqrt(inputs)."""
    sizes = [D, *[H] * (L - 1), K]
    return [rng.normal(i, o, std=gain / i**0.5) for i, o in pairwise(sizes)]


@grad_norms_by_depth.case
def three_layers(grad_norms_by_depth, rng):
    """Three layers of different sizes give three norms, input side first."""
    weights, x, y = deep(rng, 3, 4, 6, 3, 2.0), rng.normal(5, 4), rng.integers(0, 3, 5)
    return {k: grad_norms_by_depth(weights, x, y, k) for k in DEEP_KINDS}


@grad_norms_by_depth.case
def thirty_layers(grad_norms_by_depth, rng):
    """Thirty layers with small weights give thirty small norms, input side first."""
    weights = deep(rng, 30, 5, 12, 3, 0.8)
    x, y = rng.normal(7, 5), rng.integers(0, 3, 7)
    return {k: grad_norms_by_depth(weights, x, y, k) for k in DEEP_KINDS}


@grad_norms_by_depth.case
def large_weights(grad_norms_by_depth, rng):
    """Thirty layers with large weights give thirty norms, whatever their size."""
    weights = deep(rng, 30, 6, 10, 4, 1.4)
    x, y = rng.normal(8, 6), rng.integers(0, 4, 8)
    return {k: grad_norms_by_depth(weights, x, y, k) for k in DEEP_KINDS}


@grad_norms_by_depth.case
def leaves_no_trace(grad_norms_by_depth, rng):
    """A second call gives the same, and no gradient is left on the caller's weights."""
    weights, x, y = deep(rng, 4, 3, 5, 2, 1.5), rng.normal(1, 3), rng.integers(0, 2, 1)
    first = grad_norms_by_depth(weights, x, y, "elu")
    second = grad_norms_by_depth(weights, x, y, "elu")
    return first, second, [w.grad is None for w in weights]


@grad_norms_by_depth.case
def single_layer(grad_norms_by_depth, rng):
    """One layer is softmax regression: no activation at all."""
    weights, x, y = [rng.normal(4, 3)], rng.normal(6, 4), rng.integers(0, 3, 6)
    return grad_norms_by_depth(weights, x, y, "tanh")


# ---- written

four_starts = Written("four_starts", points=4)
