"""Answers of a03: a multilayer perceptron from scratch.

Letters: N batch, D features, H hidden units, K classes, L layers. Rows are
samples, so a layer computes `x @ W + b` with W: (inputs, outputs). Parameters
of the network with one hidden layer are a dict {"W1": (D, H), "b1": (H,),
"W2": (H, K), "b2": (K,)}. Left out: other losses, momentum, weight decay (a08)
and any automatic differentiation (a05), except in grad_norms_by_depth, which
uses PyTorch's.
"""

import numpy as np
import torch
import torch.nn.functional as F


def act_forward(x, kind):
    """Apply an activation function to every entry.

    Args:
        x: array of any shape, float32 or float64.
        kind: "sigmoid" 1 / (1 + exp(-x)), "tanh", "relu" max(x, 0), or
            "elu" (x where x > 0, exp(x) - 1 elsewhere).

    Returns:
        y: array, the shape and dtype of x. Finite for every finite x,
            however large: test 10,000 and -10,000.
        cache: whatever act_backward wants to know; its form is yours.
            Each call returns a cache of its own: several layers run
            forward before the first one runs backward.

    x is not changed.
    """
    if kind == "sigmoid":
        # exp of a non-positive number cannot overflow
        e = np.exp(-np.abs(x))
        y = np.where(x >= 0, 1 / (1 + e), e / (1 + e))
    elif kind == "tanh":
        y = np.tanh(x)
    elif kind == "relu":
        y = np.maximum(x, 0)
    else:
        y = np.where(x > 0, x, np.expm1(np.minimum(x, 0)))
    return y, (x, y)


def act_backward(dy, cache, kind):
    """Send a gradient back through an activation function.

    Args:
        dy: gradient of the loss with respect to y, the shape of y.
        cache: what act_forward returned beside y. It is not changed: a
            second call with the same cache gives the same result.
        kind: as in act_forward.

    Returns:
        dx: gradient of the loss with respect to x, shape and dtype of x,
            finite for every finite x. At x = 0, where ReLU has a kink,
            its derivative is taken to be 0 (PyTorch does the same).
    """
    x, y = cache
    if kind == "sigmoid":
        slope = y * (1 - y)
    elif kind == "tanh":
        slope = 1 - y**2
    elif kind == "relu":
        slope = (x > 0).astype(x.dtype)
    else:
        slope = np.exp(np.minimum(x, 0))
    return dy * slope


def mlp_forward(x, params):
    """Run a network with one hidden layer of tanh units.

    Args:
        x: (N, D) inputs, one sample per row.
        params: {"W1": (D, H), "b1": (H,), "W2": (H, K), "b2": (K,)}.

    Returns:
        logits: (N, K), the raw scores: no activation on the last layer.
        cache: a new dict {"x": the inputs (N, D), "a": (N, H), "h": (N, H)}
            with the pre-activation a = x W1 + b1 and the hidden layer
            h = tanh(a), both needed on the way back.

    Nothing is changed: neither x, nor params, nor an earlier call's cache.
    """
    a = x @ params["W1"] + params["b1"]
    h = np.tanh(a)
    logits = h @ params["W2"] + params["b2"]
    return logits, {"x": x, "a": a, "h": h}


def mlp_backward(dlogits, cache, params):
    """Backpropagate through the network of mlp_forward.

    Args:
        dlogits: (N, K), gradient of the loss with respect to the logits.
            If the loss is a mean over the batch, the 1/N is in there
            already.
        cache: {"x": (N, D), "a": (N, H), "h": (N, H)} of the forward pass.
        params: the weights that the forward pass used.

    Returns:
        {"W1": (D, H), "b1": (H,), "W2": (H, K), "b2": (K,)}: the gradient
        of the loss with respect to each parameter, each in the shape of its
        parameter, also when N is 1.

    Nothing is changed: neither the cache, nor params, nor dlogits. Write
    the derivatives out; autograd is not there to help.
    """
    da = (dlogits @ params["W2"].T) * (1 - cache["h"] ** 2)
    return {
        "W1": cache["x"].T @ da,
        "b1": da.sum(0),
        "W2": cache["h"].T @ dlogits,
        "b2": dlogits.sum(0),
    }


def numeric_grad(f, p, eps):
    """Estimate a gradient by central differences.

    Entry i of the result is (f(p + eps e_i) - f(p - eps e_i)) / (2 eps),
    where e_i is 1 at entry i and 0 elsewhere: two evaluations per entry.

    Args:
        f: function of one array of p's shape that returns one number.
        p: array of any shape, float32 or float64, the point at which to
            differentiate. It need not be contiguous in memory: it may be
            the transpose of another array.
        eps: step, a positive number.

    Returns:
        (shape of p) float64. The differences cancel most digits, so f is
        called on float64 arrays whatever p's dtype.

    When you return, p holds exactly what it held before, to the last bit.
    """
    q = np.array(p, dtype=np.float64)
    grad = np.zeros(q.shape)
    for i in np.ndindex(q.shape):
        old = q[i]
        q[i] = old + eps
        above = f(q)
        q[i] = old - eps
        below = f(q)
        q[i] = old  # adding eps again would leave a rounding error
        grad[i] = (above - below) / (2 * eps)
    return grad


def rel_error(a, b):
    """Measure the distance of two gradients relative to their size.

    The figure is |a - b| / (|a| + |b|), where |.| is the Euclidean norm
    over all entries: 0 for equal gradients, 1 for a sign error, and the
    same when both are scaled. The scale may be anything from 1e-25 to 1e25,
    and a float32 cannot hold such squares: compute in float64.

    Args:
        a: array of any shape, float32 or float64.
        b: array of a's shape.

    Returns:
        A number between 0 and 1; 0.0 if a and b are both zero everywhere.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    size = np.sqrt((a**2).sum()) + np.sqrt((b**2).sum())
    return float(np.sqrt(((a - b) ** 2).sum()) / size) if size else 0.0


def accumulate_per_sample(x, y, params):
    """Add up the gradient of the squared error, one sample after the other.

    The network is z = tanh(tanh(x W1 + b1) W2 + b2): tanh on both layers.
    The target t of a sample is +0.9 for its class and -0.9 for every other
    class. The loss is the SUM over samples and classes of (z - t)^2.

    Args:
        x: (N, D) inputs.
        y: (N,) int64, the class of each sample, 0 to K-1.
        params: {"W1": (D, H), "b1": (H,), "W2": (H, K), "b2": (K,)}.

    Returns:
        Dict with the keys of params: gradient of the loss with respect to
        each parameter, in its shape and dtype. The sums start at zero in
        every call.

    Loop over the samples: forward one, backward one, add. The result must
    be what one pass over the whole batch gives. params are not changed.
    """
    W1, b1, W2, b2 = (params[k] for k in ("W1", "b1", "W2", "b2"))
    grads = {k: np.zeros_like(p) for k, p in params.items()}
    for x_n, y_n in zip(x, y, strict=True):
        h = np.tanh(x_n @ W1 + b1)
        z = np.tanh(h @ W2 + b2)
        t = np.full_like(z, -0.9)
        t[y_n] = 0.9
        ds = 2 * (z - t) * (1 - z**2)
        da = (W2 @ ds) * (1 - h**2)
        grads["W1"] += np.outer(x_n, da)
        grads["b1"] += da
        grads["W2"] += np.outer(h, ds)
        grads["b2"] += ds
    return grads


def sgd_train(params, batches, lr):
    """Train the network of mlp_forward by stochastic gradient descent.

    For each batch in turn: compute the loss, which is the MEAN over the
    batch of the softmax cross-entropy of the logits, and its gradient with
    respect to all four parameters; then subtract lr times the gradient from
    all four at once. Write forward and backward pass out in here, so that
    this exercise does not hang on your earlier ones.

    Args:
        params: {"W1": (D, H), "b1": (H,), "W2": (H, K), "b2": (K,)}, the
            starting point. The caller's dict and arrays stay as they are.
        batches: iterable of pairs (x, y), x: (n, D) and y: (n,) int64, to
            be read once, in order. n may differ from batch to batch.
        lr: step size, a number.

    Returns:
        params: a new dict of new arrays, same dtype, which a later call
            that starts from them leaves as they are.
        losses: (number of batches,) array, dtype of params: the loss on
            each batch just before its step. Finite, also when the logits
            are in the thousands.
    """
    W1, b1, W2, b2 = (params[k].copy() for k in ("W1", "b1", "W2", "b2"))
    losses = []
    for x, y in batches:
        h = np.tanh(x @ W1 + b1)
        z = h @ W2 + b2
        z = z - z.max(1, keepdims=True)
        log_p = z - np.log(np.exp(z).sum(1, keepdims=True))
        rows = np.arange(len(y))
        losses.append(-log_p[rows, y].mean())
        dz = np.exp(log_p)
        dz[rows, y] -= 1
        dz /= len(y)
        da = (dz @ W2.T) * (1 - h**2)
        W1 -= lr * (x.T @ da)
        b1 -= lr * da.sum(0)
        W2 -= lr * (h.T @ dz)
        b2 -= lr * dz.sum(0)
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}, np.array(losses)


def grad_norms_by_depth(weights, x, y, kind):
    """Measure how much gradient reaches each layer of a deep network.

    The network has L layers without biases: h_0 = x, and
    h_l = act(h_{l-1} W_l), except that the last layer has no activation:
    its output is the logits. The loss is the mean cross-entropy.

    Args:
        weights: list of L tensors, (D, H), then (H, H), ..., at last (H, K).
        x: (N, D) inputs.
        y: (N,) int64, classes 0 to K-1.
        kind: "sigmoid", "tanh" or "elu" (PyTorch's: alpha is 1).

    Returns:
        (L,) tensor, dtype and device of x, without a graph: entry l is the
        Euclidean norm (not its square) of the gradient of the loss with
        respect to weights[l], so the layer next to the input comes first.

    Use autograd. The caller's tensors stay as they are (no .grad appears on
    them), and the same call gives the same result twice.
    """
    act = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "elu": F.elu}[kind]
    weights = [w.detach().clone().requires_grad_() for w in weights]
    h = x
    for w in weights[:-1]:
        h = act(h @ w)
    loss = F.cross_entropy(h @ weights[-1], y)
    grads = torch.autograd.grad(loss, weights)
    return torch.stack([g.norm() for g in grads])
