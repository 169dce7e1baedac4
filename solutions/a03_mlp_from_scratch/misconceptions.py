"""Wrong answers that students give to a03, each with the sentence that helps.

State that outlives a call (a cache or a buffer shared by all calls) is kept in the two
dicts below, as a student keeps it in a global variable of the notebook.
"""

import numpy as np
import torch
import torch.nn.functional as F

_CACHE = {}
_SUMS = {}


# activations


def act_forward__sigmoid_overflow(x, kind):
    """Your sigmoid is nan for large inputs: exp(x) overflows to infinity, and infinity
    over infinity is nan. Only ever take exp of a number that is not positive: for x < 0
    multiply numerator and denominator of 1 / (1 + exp(-x)) by exp(x)."""
    if kind == "sigmoid":
        y = np.exp(x) / (1 + np.exp(x))
    elif kind == "tanh":
        y = np.tanh(x)
    elif kind == "relu":
        y = np.maximum(x, 0)
    else:
        y = np.where(x > 0, x, np.expm1(np.minimum(x, 0)))
    return y, (x, y)


def act_forward__mask_times_infinity(x, kind):
    """Your ELU is nan for large inputs: it multiplies the unwanted branch by 0, but
    that branch has overflowed, and 0 times infinity is nan. Choose a branch; do not
    multiply by a mask."""
    if kind == "sigmoid":
        e = np.exp(-np.abs(x))
        y = np.where(x >= 0, 1 / (1 + e), e / (1 + e))
    elif kind == "tanh":
        y = np.tanh(x)
    elif kind == "relu":
        y = np.maximum(x, 0)
    else:
        y = x * (x > 0) + (np.exp(x) - 1) * (x <= 0)
    return y, (x, y)


def act_forward__elu_jumps(x, kind):
    """Your ELU jumps at 0: its negative branch is exp(x) - 1, which is 0 at 0 and goes
    to -1, not exp(x), which would be 1 at 0 and positive everywhere."""
    if kind == "sigmoid":
        e = np.exp(-np.abs(x))
        y = np.where(x >= 0, 1 / (1 + e), e / (1 + e))
    elif kind == "tanh":
        y = np.tanh(x)
    elif kind == "relu":
        y = np.maximum(x, 0)
    else:
        y = np.where(x > 0, x, np.exp(np.minimum(x, 0)))
    return y, (x, y)


def act_forward__elu_is_leaky(x, kind):
    """Your ELU is a straight line for negative inputs. That is the leaky ReLU; the E in
    ELU is for exponential: exp(x) - 1."""
    if kind == "sigmoid":
        e = np.exp(-np.abs(x))
        y = np.where(x >= 0, 1 / (1 + e), e / (1 + e))
    elif kind == "tanh":
        y = np.tanh(x)
    elif kind == "relu":
        y = np.maximum(x, 0)
    else:
        y = np.where(x > 0, x, 0.01 * x)
    return y, (x, y)


def act_backward__elu_is_leaky(dy, cache, kind):
    """See act_forward__elu_is_leaky."""
    x, y = cache
    if kind == "sigmoid":
        slope = y * (1 - y)
    elif kind == "tanh":
        slope = 1 - y**2
    elif kind == "relu":
        slope = (x > 0).astype(x.dtype)
    else:
        slope = np.where(x > 0, 1.0, 0.01).astype(x.dtype)
    return dy * slope


def act_forward__one_cache_for_all(x, kind):
    """Your second forward pass overwrites the cache of the first: both calls share one
    variable. Every layer needs its own cache until its backward pass has run."""
    if kind == "sigmoid":
        e = np.exp(-np.abs(x))
        y = np.where(x >= 0, 1 / (1 + e), e / (1 + e))
    elif kind == "tanh":
        y = np.tanh(x)
    elif kind == "relu":
        y = np.maximum(x, 0)
    else:
        y = np.where(x > 0, x, np.expm1(np.minimum(x, 0)))
    _CACHE["x"], _CACHE["y"] = x, y
    return y, _CACHE


def act_backward__one_cache_for_all(dy, cache, kind):
    """See act_forward__one_cache_for_all."""
    x, y = cache["x"], cache["y"]
    if kind == "sigmoid":
        slope = y * (1 - y)
    elif kind == "tanh":
        slope = 1 - y**2
    elif kind == "relu":
        slope = (x > 0).astype(x.dtype)
    else:
        slope = np.exp(np.minimum(x, 0))
    return dy * slope


def act_backward__input_for_output(dy, cache, kind):
    """Your formulas for the slope of sigmoid and tanh are those in terms of the output,
    y (1 - y) and 1 - y^2, but you put the input x into them."""
    x, _ = cache
    if kind == "sigmoid":
        slope = x * (1 - x)
    elif kind == "tanh":
        slope = 1 - x**2
    elif kind == "relu":
        slope = (x > 0).astype(x.dtype)
    else:
        slope = np.exp(np.minimum(x, 0))
    return dy * slope


def act_backward__output_for_input(dy, cache, kind):
    """You evaluate the derivative at the output y, as if the activation had been
    applied twice. The slope belongs to the input x: for tanh it is 1 - tanh(x)^2 = 1 -
    y^2."""
    _, y = cache
    if kind == "sigmoid":
        s = 1 / (1 + np.exp(-y))
        slope = s * (1 - s)
    elif kind == "tanh":
        slope = 1 - np.tanh(y) ** 2
    elif kind == "relu":
        slope = (y > 0).astype(y.dtype)
    else:
        slope = np.exp(np.minimum(y, 0))
    return dy * slope


def act_backward__elu_slope_is_value(dy, cache, kind):
    """For negative inputs you use the ELU's value exp(x) - 1 as its slope. The constant
    falls away when you differentiate: the slope is exp(x), which is y + 1."""
    x, y = cache
    if kind == "sigmoid":
        slope = y * (1 - y)
    elif kind == "tanh":
        slope = 1 - y**2
    elif kind == "relu":
        slope = (x > 0).astype(x.dtype)
    else:
        slope = np.where(x > 0, 1, y).astype(x.dtype)
    return dy * slope


def act_backward__elu_slope_is_relu(dy, cache, kind):
    """Your ELU lets no gradient through where its input is negative, as ReLU does.
    There the slope is exp(x): small far out, but never 0. That is what ELU is for."""
    x, y = cache
    if kind == "sigmoid":
        slope = y * (1 - y)
    elif kind == "tanh":
        slope = 1 - y**2
    else:
        slope = (x > 0).astype(x.dtype)
    return dy * slope


def act_backward__relu_mask_from_dy(dy, cache, kind):
    """Your ReLU keeps the positive entries of dy. Whether a gradient passes is decided
    by the input of the forward pass (x > 0); its own sign does not matter."""
    x, y = cache
    if kind == "sigmoid":
        return dy * y * (1 - y)
    if kind == "tanh":
        return dy * (1 - y**2)
    if kind == "relu":
        return np.maximum(dy, 0)
    return dy * np.exp(np.minimum(x, 0))


def act_backward__relu_slope_at_zero(dy, cache, kind):
    """Your ReLU passes the gradient at x = 0. The kink leaves a choice, and the
    specification makes it: there the derivative is 0."""
    x, y = cache
    if kind == "sigmoid":
        slope = y * (1 - y)
    elif kind == "tanh":
        slope = 1 - y**2
    elif kind == "relu":
        slope = (x >= 0).astype(x.dtype)
    else:
        slope = np.exp(np.minimum(x, 0))
    return dy * slope


def act_backward__forgets_dy(dy, cache, kind):
    """You return the slope of the activation alone. The chain rule multiplies it, entry
    by entry, by the gradient dy that arrives from above."""
    x, y = cache
    if kind == "sigmoid":
        return y * (1 - y)
    if kind == "tanh":
        return 1 - y**2
    if kind == "relu":
        return (x > 0).astype(x.dtype)
    return np.exp(np.minimum(x, 0))


def act_backward__slope_overflows(dy, cache, kind):
    """Your sigmoid's slope is nan for large negative inputs: exp(-x) / (1 + exp(-x))^2
    is infinity over infinity there. Take it from the output: y (1 - y)."""
    x, y = cache
    if kind == "sigmoid":
        slope = np.exp(-x) / (1 + np.exp(-x)) ** 2
    elif kind == "tanh":
        slope = 1 - y**2
    elif kind == "relu":
        slope = (x > 0).astype(x.dtype)
    else:
        slope = np.exp(np.minimum(x, 0))
    return dy * slope


# mlp_forward


def mlp_forward__activates_the_logits(x, params):
    """You apply tanh to the last layer too. Logits are raw scores of any size: a score
    that is held between -1 and 1 can never make the softmax sure."""
    a = x @ params["W1"] + params["b1"]
    h = np.tanh(a)
    logits = np.tanh(h @ params["W2"] + params["b2"])
    return logits, {"x": x, "a": a, "h": h}


def mlp_forward__returns_probabilities(x, params):
    """You return probabilities. Return the logits, before the softmax: the loss works
    on them, because log(softmax) can be computed safely and log of a softmax cannot."""
    a = x @ params["W1"] + params["b1"]
    h = np.tanh(a)
    z = h @ params["W2"] + params["b2"]
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True), {"x": x, "a": a, "h": h}


def mlp_forward__one_cache_for_all(x, params):
    """A second forward pass overwrites the cache that the first one returned. Make a
    new dict in every call."""
    a = x @ params["W1"] + params["b1"]
    h = np.tanh(a)
    _CACHE.clear()
    _CACHE.update(x=x, a=a, h=h)
    return h @ params["W2"] + params["b2"], _CACHE


def mlp_forward__weights_transposed(x, params):
    """You multiply by the transposed weights. W1 is (D, H), inputs first, so the layer
    is x @ W1. With equal sizes the shapes fit either way and hide the mistake."""
    a = x @ params["W1"].T + params["b1"]
    h = np.tanh(a)
    return h @ params["W2"].T + params["b2"], {"x": x, "a": a, "h": h}


def mlp_forward__weights_reshaped(x, params):
    """You turn the weights over with reshape. That makes the shapes fit but shuffles
    the entries: reshape keeps the reading order, transposing does not. W1 is (D, H)
    already; x @ W1 is all that is needed."""
    W1 = params["W1"].T.reshape(params["W1"].shape)
    W2 = params["W2"].T.reshape(params["W2"].shape)
    a = x @ W1 + params["b1"]
    h = np.tanh(a)
    return h @ W2 + params["b2"], {"x": x, "a": a, "h": h}


def mlp_forward__activation_overwrites_a(x, params):
    """Your cache holds tanh(a) under "a": the activation was written over the pre-
    activation, in place or by reusing the name. Keep the two apart."""
    h = np.tanh(x @ params["W1"] + params["b1"])
    return h @ params["W2"] + params["b2"], {"x": x, "a": h, "h": h}


def mlp_forward__no_activation(x, params):
    """Your hidden layer has no tanh. Two linear layers in a row are one linear layer:
    such a network can do no more than softmax regression."""
    a = x @ params["W1"] + params["b1"]
    return a @ params["W2"] + params["b2"], {"x": x, "a": a, "h": a}


def mlp_forward__bias_after_activation(x, params):
    """You add b1 after the tanh. A bias moves the point where the unit switches, so it
    is added before: h = tanh(x W1 + b1)."""
    a = x @ params["W1"]
    h = np.tanh(a) + params["b1"]
    return h @ params["W2"] + params["b2"], {"x": x, "a": a, "h": h}


def mlp_forward__no_bias(x, params):
    """You leave out the biases. Without them every unit switches at the origin."""
    a = x @ params["W1"]
    h = np.tanh(a)
    return h @ params["W2"], {"x": x, "a": a, "h": h}


# mlp_backward


def mlp_backward__bias_not_summed(dlogits, cache, params):
    """Your bias gradients still have a batch axis. One bias serves all N samples, so it
    receives the sum of what each of them sends back."""
    da = (dlogits @ params["W2"].T) * (1 - cache["h"] ** 2)
    return {
        "W1": cache["x"].T @ da,
        "b1": da,
        "W2": cache["h"].T @ dlogits,
        "b2": dlogits,
    }


def mlp_backward__bias_averaged(dlogits, cache, params):
    """You average the bias gradients over the batch while the weights are summed. If
    the loss is a mean, its 1/N is in dlogits already: sum here."""
    da = (dlogits @ params["W2"].T) * (1 - cache["h"] ** 2)
    return {
        "W1": cache["x"].T @ da,
        "b1": da.mean(0),
        "W2": cache["h"].T @ dlogits,
        "b2": dlogits.mean(0),
    }


def mlp_backward__divides_by_n_again(dlogits, cache, params):
    """All your gradients are too small by the factor N. If the loss is a mean, its 1/N
    is in dlogits already; dividing here divides twice."""
    n = len(dlogits)
    da = (dlogits @ params["W2"].T) * (1 - cache["h"] ** 2)
    return {
        "W1": cache["x"].T @ da / n,
        "b1": da.sum(0) / n,
        "W2": cache["h"].T @ dlogits / n,
        "b2": dlogits.sum(0) / n,
    }


def mlp_backward__uses_updated_weights(dlogits, cache, params):
    """You update W2 before you send the gradient through it. The backward pass wants
    the weights that the forward pass used: first all gradients, then all steps."""
    dW2 = cache["h"].T @ dlogits
    da = (dlogits @ (params["W2"] - dW2).T) * (1 - cache["h"] ** 2)
    return {"W1": cache["x"].T @ da, "b1": da.sum(0), "W2": dW2, "b2": dlogits.sum(0)}


def mlp_backward__tanh_twice(dlogits, cache, params):
    """You take the hidden layer h for the pre-activation a: 1 - tanh(h)^2 applies tanh
    twice. The slope is 1 - tanh(a)^2, and tanh(a) is h."""
    da = (dlogits @ params["W2"].T) * (1 - np.tanh(cache["h"]) ** 2)
    return {
        "W1": cache["x"].T @ da,
        "b1": da.sum(0),
        "W2": cache["h"].T @ dlogits,
        "b2": dlogits.sum(0),
    }


def mlp_backward__slope_of_a(dlogits, cache, params):
    """You compute the slope as 1 - a^2. In terms of the output it is 1 - h^2; a is what
    went into the tanh, and can make this negative."""
    da = (dlogits @ params["W2"].T) * (1 - cache["a"] ** 2)
    return {
        "W1": cache["x"].T @ da,
        "b1": da.sum(0),
        "W2": cache["h"].T @ dlogits,
        "b2": dlogits.sum(0),
    }


def mlp_backward__no_slope(dlogits, cache, params):
    """The gradient passes through your tanh unchanged. On its way back it is
    multiplied, entry by entry, by the slope 1 - h^2."""
    da = dlogits @ params["W2"].T
    return {
        "W1": cache["x"].T @ da,
        "b1": da.sum(0),
        "W2": cache["h"].T @ dlogits,
        "b2": dlogits.sum(0),
    }


def mlp_backward__a_for_h(dlogits, cache, params):
    """You compute dW2 from the pre-activation a. The gradient of a weight is its input
    times what comes back, and the input of the second layer is h."""
    da = (dlogits @ params["W2"].T) * (1 - cache["h"] ** 2)
    return {
        "W1": cache["x"].T @ da,
        "b1": da.sum(0),
        "W2": cache["a"].T @ dlogits,
        "b2": dlogits.sum(0),
    }


def mlp_backward__transposed(dlogits, cache, params):
    """Your weight gradients are transposed. A gradient has the shape of its parameter:
    W1 is (D, H), so dW1 is x.T @ da."""
    da = (dlogits @ params["W2"].T) * (1 - cache["h"] ** 2)
    return {
        "W1": da.T @ cache["x"],
        "b1": da.sum(0),
        "W2": dlogits.T @ cache["h"],
        "b2": dlogits.sum(0),
    }


def mlp_backward__spoils_the_cache(dlogits, cache, params):
    """A second call with the same cache gives another result: you square h in place.
    The cache belongs to the forward pass; compute into new arrays."""
    W2_grad = cache["h"].T @ dlogits
    slope = cache["h"]
    slope *= slope
    slope *= -1
    slope += 1
    da = (dlogits @ params["W2"].T) * slope
    return {
        "W1": cache["x"].T @ da,
        "b1": da.sum(0),
        "W2": W2_grad,
        "b2": dlogits.sum(0),
    }


def mlp_backward__b1_before_the_slope(dlogits, cache, params):
    """Your gradient of b1 stops before the tanh. b1 is added to the pre-activation a,
    so what it receives has passed through the slope: sum dl/da, not dl/dh."""
    dh = dlogits @ params["W2"].T
    da = dh * (1 - cache["h"] ** 2)
    return {
        "W1": cache["x"].T @ da,
        "b1": dh.sum(0),
        "W2": cache["h"].T @ dlogits,
        "b2": dlogits.sum(0),
    }


def mlp_backward__bias_keeps_an_axis(dlogits, cache, params):
    """Your bias gradients have shape (1, H) and (1, K). The biases are (H,) and (K,):
    sum without keeping the axis, or a step will quietly reshape the parameter."""
    da = (dlogits @ params["W2"].T) * (1 - cache["h"] ** 2)
    return {
        "W1": cache["x"].T @ da,
        "b1": da.sum(0, keepdims=True),
        "W2": cache["h"].T @ dlogits,
        "b2": dlogits.sum(0, keepdims=True),
    }


# numeric_grad


def numeric_grad__one_sided(f, p, eps):
    """Your difference is one-sided, (f(p + eps) - f(p)) / eps, with an error of order
    eps. Stepping to both sides cancels the even terms and leaves an error of order
    eps^2."""
    q = np.array(p, dtype=np.float64)
    grad = np.zeros(q.shape)
    here = f(q)
    for i in np.ndindex(q.shape):
        old = q[i]
        q[i] = old + eps
        grad[i] = (f(q) - here) / eps
        q[i] = old
    return grad


def numeric_grad__not_restored(f, p, eps):
    """You do not put an entry back before you go on to the next: each difference is
    taken at a point that the earlier entries have already moved."""
    q = np.array(p, dtype=np.float64)
    grad = np.zeros(q.shape)
    for i in np.ndindex(q.shape):
        q[i] += eps
        above = f(q)
        q[i] -= 2 * eps
        grad[i] = (above - f(q)) / (2 * eps)
    return grad


def numeric_grad__restored_by_adding(f, p, eps):
    """You move p itself and add eps again to restore it. Rounding makes p + eps - 2 eps
    + eps differ from p in the last bits: remember the old value and put it back, or
    work on a copy."""
    q = p if p.dtype == np.float64 else p.astype(np.float64)
    grad = np.zeros(q.shape)
    for i in np.ndindex(q.shape):
        q[i] += eps
        above = f(q)
        q[i] -= 2 * eps
        grad[i] = (above - f(q)) / (2 * eps)
        q[i] += eps
    p[...] = q
    return grad


def numeric_grad__single_precision(f, p, eps):
    """You difference in float32: f(p + eps) and f(p - eps) agree in almost all of their
    seven digits, and the difference is left with noise. Work in float64."""
    q = np.array(p, dtype=np.float32)
    grad = np.zeros(q.shape)
    for i in np.ndindex(q.shape):
        old = q[i]
        q[i] = old + eps
        above = np.float32(f(q))
        q[i] = old - eps
        grad[i] = (above - np.float32(f(q))) / (2 * eps)
        q[i] = old
    return grad


def numeric_grad__half_the_width(f, p, eps):
    """Your gradient is twice too large: from p - eps to p + eps the width is 2 eps."""
    q = np.array(p, dtype=np.float64)
    grad = np.zeros(q.shape)
    for i in np.ndindex(q.shape):
        old = q[i]
        q[i] = old + eps
        above = f(q)
        q[i] = old - eps
        grad[i] = (above - f(q)) / eps
        q[i] = old
    return grad


def numeric_grad__moves_all_entries(f, p, eps):
    """You move all entries at once, so every entry of your result is the same sum of
    all partial derivatives. Move one entry at a time."""
    q = np.array(p, dtype=np.float64)
    slope = (f(q + eps) - f(q - eps)) / (2 * eps)
    return np.full(q.shape, slope)


def numeric_grad__moves_a_copy(f, p, eps):
    """For an array that is not contiguous (a transpose, say) your gradient is 0:
    reshape(-1) or ravel() then returns a copy, and f never sees the step. Index the
    array itself, for example with np.ndindex."""
    q = p.astype(np.float64, order="K", copy=False)
    grad = np.zeros(q.shape)
    if q is p:
        q = q.copy(order="K")
    flat = q.reshape(-1)
    for i, old in enumerate(flat.copy()):
        flat[i] = old + eps
        above = f(q)
        flat[i] = old - eps
        grad.reshape(-1)[i] = (above - f(q)) / (2 * eps)
        flat[i] = old
    return grad


# rel_error


def rel_error__zero_by_zero(a, b):
    """Two zero gradients give nan: you divide 0 by 0. They are equal, so the error is
    0."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    with np.errstate(invalid="ignore"):
        size = np.linalg.norm(a) + np.linalg.norm(b)
        return float(np.linalg.norm(a - b) / size)


def rel_error__absolute(a, b):
    """You return the absolute distance. Whether 1e-4 is much depends on the size of the
    gradients: divide by the sum of their norms."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return float(np.linalg.norm(a - b))


def rel_error__relative_to_one(a, b):
    """You divide by the norm of one gradient only: swapping the two changes the result,
    and it can exceed 1. Divide by the sum of both norms."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    size = np.linalg.norm(b)
    return float(np.linalg.norm(a - b) / size) if size else 0.0


def rel_error__floor_below(a, b):
    """A constant in your denominator makes tiny gradients look equal: with 1e-8 added,
    a gradient of 1e-12 with the wrong sign passes. Treat the case 0/0 apart instead."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    size = np.linalg.norm(a) + np.linalg.norm(b) + 1e-8
    return float(np.linalg.norm(a - b) / size)


def rel_error__single_precision(a, b):
    """You square in float32: below 1e-23 the squares vanish, and above 1e19 they are
    infinite. Convert to float64 first."""
    a, b = np.asarray(a, np.float32), np.asarray(b, np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        size = np.sqrt((a**2).sum()) + np.sqrt((b**2).sum())
        return float(np.sqrt(((a - b) ** 2).sum()) / size) if size else 0.0


def rel_error__norms_of_the_difference(a, b):
    """You subtract the norms. Gradients of equal length can point anywhere: take the
    norm of the difference, not the difference of the norms."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    na, nb = np.linalg.norm(a), np.linalg.norm(b)
    return float(abs(na - nb) / (na + nb)) if na + nb else 0.0


def rel_error__entry_by_entry(a, b):
    """You divide entry by entry and take the largest. A single entry that is zero up to
    rounding then decides: take the norms over all entries first, then divide once."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    size = np.abs(a) + np.abs(b)
    return float((np.abs(a - b) / np.where(size, size, 1)).max())


# accumulate_per_sample


def accumulate_per_sample__old_sums_kept(x, y, params):
    """A second call with the same weights gives more than the first: the sums of the
    first are still in your buffers. Start from zero in every call."""
    W1, b1, W2, b2 = (params[k] for k in ("W1", "b1", "W2", "b2"))
    if _SUMS.get("owner") is not W1:
        _SUMS.update({k: np.zeros_like(p) for k, p in params.items()}, owner=W1)
    for x_n, y_n in zip(x, y, strict=True):
        h = np.tanh(x_n @ W1 + b1)
        z = np.tanh(h @ W2 + b2)
        t = np.full_like(z, -0.9)
        t[y_n] = 0.9
        ds = 2 * (z - t) * (1 - z**2)
        da = (W2 @ ds) * (1 - h**2)
        _SUMS["W1"] += np.outer(x_n, da)
        _SUMS["b1"] += da
        _SUMS["W2"] += np.outer(h, ds)
        _SUMS["b2"] += ds
    return {k: _SUMS[k].copy() for k in params}


def accumulate_per_sample__sample_not_zeroed(x, y, params):
    """You add a running sum to a running sum: the first sample counts N times, the
    second N - 1 times. The gradient of a sample starts at zero for every sample; only
    the total carries on."""
    W1, b1, W2, b2 = (params[k] for k in ("W1", "b1", "W2", "b2"))
    grads = {k: np.zeros_like(p) for k, p in params.items()}
    one = {k: np.zeros_like(p) for k, p in params.items()}
    for x_n, y_n in zip(x, y, strict=True):
        h = np.tanh(x_n @ W1 + b1)
        z = np.tanh(h @ W2 + b2)
        t = np.full_like(z, -0.9)
        t[y_n] = 0.9
        ds = 2 * (z - t) * (1 - z**2)
        da = (W2 @ ds) * (1 - h**2)
        one["W1"] += np.outer(x_n, da)
        one["b1"] += da
        one["W2"] += np.outer(h, ds)
        one["b2"] += ds
        for k in grads:
            grads[k] += one[k]
    return grads


def accumulate_per_sample__mean_for_sum(x, y, params):
    """You return the mean over the samples. The loss here is a sum over samples, so its
    gradient is a sum too: do not divide by N."""
    W1, b1, W2, b2 = (params[k] for k in ("W1", "b1", "W2", "b2"))
    grads = {k: np.zeros_like(p) for k, p in params.items()}
    for x_n, y_n in zip(x, y, strict=True):
        h = np.tanh(x_n @ W1 + b1)
        z = np.tanh(h @ W2 + b2)
        t = np.full_like(z, -0.9)
        t[y_n] = 0.9
        ds = 2 * (z - t) * (1 - z**2)
        da = (W2 @ ds) * (1 - h**2)
        grads["W1"] += np.outer(x_n, da) / len(x)
        grads["b1"] += da / len(x)
        grads["W2"] += np.outer(h, ds) / len(x)
        grads["b2"] += ds / len(x)
    return grads


def accumulate_per_sample__last_sample_only(x, y, params):
    """You overwrite the gradient with that of each sample, so that only the last sample
    counts. Add to the sums."""
    W1, b1, W2, b2 = (params[k] for k in ("W1", "b1", "W2", "b2"))
    grads = {k: np.zeros_like(p) for k, p in params.items()}
    for x_n, y_n in zip(x, y, strict=True):
        h = np.tanh(x_n @ W1 + b1)
        z = np.tanh(h @ W2 + b2)
        t = np.full_like(z, -0.9)
        t[y_n] = 0.9
        ds = 2 * (z - t) * (1 - z**2)
        da = (W2 @ ds) * (1 - h**2)
        grads = {"W1": np.outer(x_n, da), "b1": da, "W2": np.outer(h, ds), "b2": ds}
    return grads


def accumulate_per_sample__targets_0_and_1(x, y, params):
    """Your targets are 1 and 0. The output is a tanh, between -1 and 1: the targets
    asked for are +0.9 for the true class and -0.9 for the others."""
    W1, b1, W2, b2 = (params[k] for k in ("W1", "b1", "W2", "b2"))
    grads = {k: np.zeros_like(p) for k, p in params.items()}
    for x_n, y_n in zip(x, y, strict=True):
        h = np.tanh(x_n @ W1 + b1)
        z = np.tanh(h @ W2 + b2)
        t = np.zeros_like(z)
        t[y_n] = 1
        ds = 2 * (z - t) * (1 - z**2)
        da = (W2 @ ds) * (1 - h**2)
        grads["W1"] += np.outer(x_n, da)
        grads["b1"] += da
        grads["W2"] += np.outer(h, ds)
        grads["b2"] += ds
    return grads


def accumulate_per_sample__targets_0_and_9(x, y, params):
    """Your targets are 0.9 and 0. For the classes that are not meant the target is
    -0.9, the other end of the tanh's range, not its middle."""
    W1, b1, W2, b2 = (params[k] for k in ("W1", "b1", "W2", "b2"))
    grads = {k: np.zeros_like(p) for k, p in params.items()}
    for x_n, y_n in zip(x, y, strict=True):
        h = np.tanh(x_n @ W1 + b1)
        z = np.tanh(h @ W2 + b2)
        t = np.zeros_like(z)
        t[y_n] = 0.9
        ds = 2 * (z - t) * (1 - z**2)
        da = (W2 @ ds) * (1 - h**2)
        grads["W1"] += np.outer(x_n, da)
        grads["b1"] += da
        grads["W2"] += np.outer(h, ds)
        grads["b2"] += ds
    return grads


def accumulate_per_sample__targets_1_and_minus_1(x, y, params):
    """Your targets are +1 and -1, which a tanh reaches only at infinity: the weights
    would grow for ever. The targets asked for are +0.9 and -0.9."""
    W1, b1, W2, b2 = (params[k] for k in ("W1", "b1", "W2", "b2"))
    grads = {k: np.zeros_like(p) for k, p in params.items()}
    for x_n, y_n in zip(x, y, strict=True):
        h = np.tanh(x_n @ W1 + b1)
        z = np.tanh(h @ W2 + b2)
        t = np.full_like(z, -1)
        t[y_n] = 1
        ds = 2 * (z - t) * (1 - z**2)
        da = (W2 @ ds) * (1 - h**2)
        grads["W1"] += np.outer(x_n, da)
        grads["b1"] += da
        grads["W2"] += np.outer(h, ds)
        grads["b2"] += ds
    return grads


def accumulate_per_sample__linear_output(x, y, params):
    """Your gradient does not pass through the tanh of the last layer. Here the output
    is z = tanh(...), so on the way back comes its slope, 1 - z^2, too."""
    W1, b1, W2, b2 = (params[k] for k in ("W1", "b1", "W2", "b2"))
    grads = {k: np.zeros_like(p) for k, p in params.items()}
    for x_n, y_n in zip(x, y, strict=True):
        h = np.tanh(x_n @ W1 + b1)
        z = np.tanh(h @ W2 + b2)
        t = np.full_like(z, -0.9)
        t[y_n] = 0.9
        ds = 2 * (z - t)
        da = (W2 @ ds) * (1 - h**2)
        grads["W1"] += np.outer(x_n, da)
        grads["b1"] += da
        grads["W2"] += np.outer(h, ds)
        grads["b2"] += ds
    return grads


def accumulate_per_sample__factor_two_lost(x, y, params):
    """Your gradient is half of what it should be: the derivative of (z - t)^2 is 2 (z -
    t), and this loss has no 1/2 in front to cancel the 2."""
    W1, b1, W2, b2 = (params[k] for k in ("W1", "b1", "W2", "b2"))
    grads = {k: np.zeros_like(p) for k, p in params.items()}
    for x_n, y_n in zip(x, y, strict=True):
        h = np.tanh(x_n @ W1 + b1)
        z = np.tanh(h @ W2 + b2)
        t = np.full_like(z, -0.9)
        t[y_n] = 0.9
        ds = (z - t) * (1 - z**2)
        da = (W2 @ ds) * (1 - h**2)
        grads["W1"] += np.outer(x_n, da)
        grads["b1"] += da
        grads["W2"] += np.outer(h, ds)
        grads["b2"] += ds
    return grads


# sgd_train


def sgd_train__divides_by_n_twice(params, batches, lr):
    """Your steps are too small by the batch size. The mean loss has put 1/n into the
    gradient; dividing lr by n as well divides twice."""
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
        W1 -= lr / len(y) * (x.T @ da)
        b1 -= lr / len(y) * da.sum(0)
        W2 -= lr / len(y) * (h.T @ dz)
        b2 -= lr / len(y) * dz.sum(0)
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}, np.array(losses)


def sgd_train__sums_the_gradient(params, batches, lr):
    """Your steps are too large by the batch size: the gradient is that of the summed
    loss. For the mean, divide by the number of samples in this batch."""
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
        da = (dz @ W2.T) * (1 - h**2)
        W1 -= lr * (x.T @ da)
        b1 -= lr * da.sum(0)
        W2 -= lr * (h.T @ dz)
        b2 -= lr * dz.sum(0)
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}, np.array(losses)


def sgd_train__stale_gradients(params, batches, lr):
    """Your gradients are one step old: each is computed before the previous step has
    been taken. Forward, backward and step belong to the same batch, in this order."""
    p = {k: v.copy() for k, v in params.items()}
    losses, waiting = [], None
    for x, y in batches:
        h = np.tanh(x @ p["W1"] + p["b1"])
        z = h @ p["W2"] + p["b2"]
        z = z - z.max(1, keepdims=True)
        log_p = z - np.log(np.exp(z).sum(1, keepdims=True))
        rows = np.arange(len(y))
        losses.append(-log_p[rows, y].mean())
        dz = np.exp(log_p)
        dz[rows, y] -= 1
        dz /= len(y)
        da = (dz @ p["W2"].T) * (1 - h**2)
        new = {"W1": x.T @ da, "b1": da.sum(0), "W2": h.T @ dz, "b2": dz.sum(0)}
        for k in waiting or ():
            p[k] -= lr * waiting[k]
        waiting = new
    for k in waiting or ():
        p[k] -= lr * waiting[k]
    return p, np.array(losses)


def sgd_train__trains_the_callers_arrays(params, batches, lr):
    """You train the caller's own arrays: dict(params) copies the dict, not the arrays,
    and -= changes them in place. Whoever kept a result for later finds it changed by
    the next call. Copy each array first."""
    p = dict(params)
    losses = []
    for x, y in batches:
        h = np.tanh(x @ p["W1"] + p["b1"])
        z = h @ p["W2"] + p["b2"]
        z = z - z.max(1, keepdims=True)
        log_p = z - np.log(np.exp(z).sum(1, keepdims=True))
        rows = np.arange(len(y))
        losses.append(-log_p[rows, y].mean())
        dz = np.exp(log_p)
        dz[rows, y] -= 1
        dz /= len(y)
        da = (dz @ p["W2"].T) * (1 - h**2)
        p["W1"] -= lr * (x.T @ da)
        p["b1"] -= lr * da.sum(0)
        p["W2"] -= lr * (h.T @ dz)
        p["b2"] -= lr * dz.sum(0)
    return p, np.array(losses)


def sgd_train__updates_w2_too_early(params, batches, lr):
    """You step the second layer before the gradient has gone back through it, so the
    first layer gets a gradient through weights that the forward pass never used.
    Compute all four gradients, then take all four steps."""
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
        W2 -= lr * (h.T @ dz)
        b2 -= lr * dz.sum(0)
        da = (dz @ W2.T) * (1 - h**2)
        W1 -= lr * (x.T @ da)
        b1 -= lr * da.sum(0)
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}, np.array(losses)


def sgd_train__climbs(params, batches, lr):
    """Your loss grows: you add the gradient. It points uphill; subtract it."""
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
        W1 += lr * (x.T @ da)
        b1 += lr * da.sum(0)
        W2 += lr * (h.T @ dz)
        b2 += lr * dz.sum(0)
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}, np.array(losses)


def sgd_train__biases_stay(params, batches, lr):
    """Your biases never move. They are parameters like the weights: four gradients,
    four steps."""
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
        W2 -= lr * (h.T @ dz)
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}, np.array(losses)


def sgd_train__softmax_overflows(params, batches, lr):
    """Large logits make your loss nan or infinite: exp overflows. Subtract the largest
    logit of each row first; the softmax does not notice."""
    W1, b1, W2, b2 = (params[k].copy() for k in ("W1", "b1", "W2", "b2"))
    losses = []
    for x, y in batches:
        h = np.tanh(x @ W1 + b1)
        e = np.exp(h @ W2 + b2)
        p = e / e.sum(1, keepdims=True)
        rows = np.arange(len(y))
        losses.append(-np.log(p[rows, y]).mean())
        dz = p
        dz[rows, y] -= 1
        dz /= len(y)
        da = (dz @ W2.T) * (1 - h**2)
        W1 -= lr * (x.T @ da)
        b1 -= lr * da.sum(0)
        W2 -= lr * (h.T @ dz)
        b2 -= lr * dz.sum(0)
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}, np.array(losses)


def sgd_train__log_of_zero(params, batches, lr):
    """A sample that the network is sure and wrong about gives an infinite loss: its
    probability is rounded to 0 before you take the logarithm. Compute log p directly,
    as z - max - log(sum(exp(z - max)))."""
    W1, b1, W2, b2 = (params[k].copy() for k in ("W1", "b1", "W2", "b2"))
    losses = []
    for x, y in batches:
        h = np.tanh(x @ W1 + b1)
        z = h @ W2 + b2
        p = np.exp(z - z.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        rows = np.arange(len(y))
        with np.errstate(divide="ignore"):
            losses.append(-np.log(p[rows, y]).mean())
        dz = p
        dz[rows, y] -= 1
        dz /= len(y)
        da = (dz @ W2.T) * (1 - h**2)
        W1 -= lr * (x.T @ da)
        b1 -= lr * da.sum(0)
        W2 -= lr * (h.T @ dz)
        b2 -= lr * dz.sum(0)
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}, np.array(losses)


def sgd_train__loss_after_the_step(params, batches, lr):
    """The losses you report are those after each step. Report what the forward pass
    gave, before the step: it costs nothing extra, and the batch has not been learned
    yet."""
    W1, b1, W2, b2 = (params[k].copy() for k in ("W1", "b1", "W2", "b2"))
    losses = []
    for x, y in batches:
        h = np.tanh(x @ W1 + b1)
        z = h @ W2 + b2
        dz = np.exp(z - z.max(1, keepdims=True))
        dz /= dz.sum(1, keepdims=True)
        rows = np.arange(len(y))
        dz[rows, y] -= 1
        dz /= len(y)
        da = (dz @ W2.T) * (1 - h**2)
        W1 -= lr * (x.T @ da)
        b1 -= lr * da.sum(0)
        W2 -= lr * (h.T @ dz)
        b2 -= lr * dz.sum(0)
        z = np.tanh(x @ W1 + b1) @ W2 + b2
        z = z - z.max(1, keepdims=True)
        log_p = z - np.log(np.exp(z).sum(1, keepdims=True))
        losses.append(-log_p[rows, y].mean())
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}, np.array(losses)


def sgd_train__first_batch_size_for_all(params, batches, lr):
    """You divide by the size of the first batch throughout. The last batch of an epoch
    is usually shorter: divide by the number of samples in this batch."""
    W1, b1, W2, b2 = (params[k].copy() for k in ("W1", "b1", "W2", "b2"))
    losses, size = [], None
    for x, y in batches:
        size = size or len(y)
        h = np.tanh(x @ W1 + b1)
        z = h @ W2 + b2
        z = z - z.max(1, keepdims=True)
        log_p = z - np.log(np.exp(z).sum(1, keepdims=True))
        rows = np.arange(len(y))
        losses.append(-log_p[rows, y].sum() / size)
        dz = np.exp(log_p)
        dz[rows, y] -= 1
        dz /= size
        da = (dz @ W2.T) * (1 - h**2)
        W1 -= lr * (x.T @ da)
        b1 -= lr * da.sum(0)
        W2 -= lr * (h.T @ dz)
        b2 -= lr * dz.sum(0)
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}, np.array(losses)


# grad_norms_by_depth


def grad_norms_by_depth__norms_of_weights(weights, x, y, kind):
    """You return the norms of the weights. They say nothing about what learns; asked is
    the norm of the gradient with respect to each weight."""
    return torch.stack([w.detach().norm() for w in weights])


def grad_norms_by_depth__output_first(weights, x, y, kind):
    """Your list runs from output to input, the order in which backpropagation visits
    the layers. Entry 0 belongs to the layer next to the input."""
    act = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "elu": F.elu}[kind]
    weights = [w.detach().clone().requires_grad_() for w in weights]
    h = x
    for w in weights[:-1]:
        h = act(h @ w)
    loss = F.cross_entropy(h @ weights[-1], y)
    grads = torch.autograd.grad(loss, weights)
    return torch.stack([g.norm() for g in reversed(grads)])


def grad_norms_by_depth__squared(weights, x, y, kind):
    """You return squared norms. Take the root: on a log axis a square doubles the slope
    and makes the gradient seem to vanish twice as fast."""
    act = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "elu": F.elu}[kind]
    weights = [w.detach().clone().requires_grad_() for w in weights]
    h = x
    for w in weights[:-1]:
        h = act(h @ w)
    loss = F.cross_entropy(h @ weights[-1], y)
    grads = torch.autograd.grad(loss, weights)
    return torch.stack([(g**2).sum() for g in grads])


def grad_norms_by_depth__mean_size(weights, x, y, kind):
    """You average the absolute entries. The norm is the root of the sum of squares over
    all entries of the matrix."""
    act = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "elu": F.elu}[kind]
    weights = [w.detach().clone().requires_grad_() for w in weights]
    h = x
    for w in weights[:-1]:
        h = act(h @ w)
    loss = F.cross_entropy(h @ weights[-1], y)
    grads = torch.autograd.grad(loss, weights)
    return torch.stack([g.abs().mean() for g in grads])


def grad_norms_by_depth__of_activations(weights, x, y, kind):
    """You measure the gradient with respect to each layer's output. Asked is the
    gradient with respect to its weights, which also contains the size of the layer's
    input."""
    act = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "elu": F.elu}[kind]
    h, outputs = x.detach().clone().requires_grad_(), []
    for i, w in enumerate(weights):
        h = h @ w.detach()
        h = act(h) if i < len(weights) - 1 else h
        outputs.append(h)
    grads = torch.autograd.grad(F.cross_entropy(h, y), outputs)
    return torch.stack([g.norm() for g in grads])


def grad_norms_by_depth__activates_the_logits(weights, x, y, kind):
    """You apply the activation to the last layer too. Its output is the logits, and the
    cross-entropy wants them raw."""
    act = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "elu": F.elu}[kind]
    weights = [w.detach().clone().requires_grad_() for w in weights]
    h = x
    for w in weights:
        h = act(h @ w)
    grads = torch.autograd.grad(F.cross_entropy(h, y), weights)
    return torch.stack([g.norm() for g in grads])


def grad_norms_by_depth__sum_loss(weights, x, y, kind):
    """Your gradients are too large by the factor N: the loss is the mean cross-entropy
    over the batch, not its sum."""
    act = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "elu": F.elu}[kind]
    weights = [w.detach().clone().requires_grad_() for w in weights]
    h = x
    for w in weights[:-1]:
        h = act(h @ w)
    loss = F.cross_entropy(h @ weights[-1], y, reduction="sum")
    grads = torch.autograd.grad(loss, weights)
    return torch.stack([g.norm() for g in grads])


def grad_norms_by_depth__gradients_pile_up(weights, x, y, kind):
    """Your second call returns twice the first: backward() adds to .grad, and you left
    the first gradients on the caller's tensors. Work on detached copies, or use
    torch.autograd.grad, which leaves nothing behind."""
    act = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "elu": F.elu}[kind]
    h = x
    for w in weights[:-1]:
        h = act(h @ w.requires_grad_())
    F.cross_entropy(h @ weights[-1].requires_grad_(), y).backward()
    return torch.stack([w.grad.norm() for w in weights])


def grad_norms_by_depth__plain_numbers(weights, x, y, kind):
    """Your result is built from Python numbers, so it is float32 on the CPU whatever x
    is. Stack the norms as tensors: they know their dtype and device."""
    act = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "elu": F.elu}[kind]
    weights = [w.detach().clone().requires_grad_() for w in weights]
    h = x
    for w in weights[:-1]:
        h = act(h @ w)
    loss = F.cross_entropy(h @ weights[-1], y)
    grads = torch.autograd.grad(loss, weights)
    return torch.tensor([g.norm().item() for g in grads])
