"""Other right answers to a03, among them the independent oracles.

The oracles let torch do it: autograd for the derivatives, torch's own layers and losses
for the values, np.gradient for the central differences; a complex step proves the
backward pass without any autograd.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

# activations: the cache may be the output alone, the slope, a closure ...


def act_forward__keeps_the_output(x, kind):
    y = {
        "sigmoid": lambda: 0.5 * (1 + np.tanh(x / 2)),
        "tanh": lambda: np.tanh(x),
        "relu": lambda: x * (x > 0),
        "elu": lambda: np.maximum(x, 0) + np.exp(np.minimum(x, 0)) - 1,
    }[kind]()
    return y, y


def act_backward__keeps_the_output(dy, cache, kind):
    y = cache
    if kind == "sigmoid":
        return dy * y * (1 - y)
    if kind == "tanh":
        return dy * (1 + y) * (1 - y)
    if kind == "relu":
        return np.where(y > 0, dy, 0)
    return np.where(y > 0, dy, dy * (y + 1))


def act_forward__accepted_overflow_to_zero(x, kind):
    # 1 / (1 + inf) is 0, which is right; the warning is all that is wrong
    with np.errstate(over="ignore"):
        if kind == "sigmoid":
            y = 1 / (1 + np.exp(-x))
            slope = y * (1 - y)
        elif kind == "tanh":
            y = np.tanh(x)
            slope = 1 - y * y
        elif kind == "relu":
            y = np.where(x < 0, 0, x)
            slope = np.sign(y)
        else:
            e = np.exp(x)
            y = np.where(x > 0, x, e - 1)
            slope = np.where(x > 0, 1, e)
    return y.astype(x.dtype), slope.astype(x.dtype)


def act_backward__accepted_overflow_to_zero(dy, cache, kind):
    return dy * cache


def act_forward__in_place_on_copies(x, kind):
    y = x.copy()
    if kind == "sigmoid":
        low, high = x < 0, x >= 0
        y[high] = 1 / (1 + np.exp(-x[high]))
        y[low] = np.exp(x[low]) / (1 + np.exp(x[low]))
    elif kind == "tanh":
        np.tanh(x, out=y)
    elif kind == "relu":
        y[y < 0] = 0
    else:
        y[x < 0] = np.expm1(x[x < 0])
    return y, {"x": x.copy(), "y": y.copy(), "kind": kind}


def act_backward__in_place_on_copies(dy, cache, kind):
    dx, x, y = dy.copy(), cache["x"], cache["y"]
    if kind == "sigmoid":
        dx *= y
        dx *= 1 - y
    elif kind == "tanh":
        dx -= dx * y**2
    elif kind == "relu":
        dx[x <= 0] = 0
    else:
        dx[x < 0] *= np.exp(x[x < 0])
    return dx


def act_forward__oracle_torch(x, kind):
    act = {
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "relu": torch.relu,
        "elu": F.elu,
    }[kind]
    t = torch.from_numpy(np.array(x)).requires_grad_()
    y = act(t)
    return y.detach().numpy(), (t, y)


def act_backward__oracle_torch(dy, cache, kind):
    t, y = cache
    upstream = torch.from_numpy(np.array(dy))
    return torch.autograd.grad(y, t, upstream, retain_graph=True)[0].numpy()


# mlp_forward


def mlp_forward__bias_as_a_column(x, params):
    one = np.ones((len(x), 1), x.dtype)
    a = np.hstack([x, one]) @ np.vstack([params["W1"], params["b1"]])
    h = np.tanh(a)
    logits = np.hstack([h, one]) @ np.vstack([params["W2"], params["b2"]])
    return logits, {"x": x, "a": a, "h": h}


def mlp_forward__einsum(x, params):
    cache = {"x": x}
    cache["a"] = np.einsum("nd,dh->nh", x, params["W1"]) + params["b1"][None]
    cache["h"] = 1 - 2 / (np.exp(2 * cache["a"]) + 1)
    logits = np.einsum("nh,hk->nk", cache["h"], params["W2"])
    logits += params["b2"]
    return logits, cache


def mlp_forward__oracle_torch(x, params):
    t = {k: torch.from_numpy(np.array(p)) for k, p in params.items()}
    a = F.linear(torch.from_numpy(np.array(x)), t["W1"].T, t["b1"])
    h = torch.tanh(a)
    logits = F.linear(h, t["W2"].T, t["b2"])
    return logits.numpy(), {"x": x, "a": a.numpy(), "h": h.numpy()}


# mlp_backward


def mlp_backward__sample_by_sample(dlogits, cache, params):
    grads = {k: np.zeros_like(p) for k, p in params.items()}
    for x, a, h, dz in zip(cache["x"], cache["a"], cache["h"], dlogits, strict=True):
        da = params["W2"].dot(dz) / np.cosh(a) ** 2
        grads["W2"] += h[:, None] * dz
        grads["b2"] += dz
        grads["W1"] += x[:, None] * da
        grads["b1"] += da
    return grads


def mlp_backward__einsum(dlogits, cache, params):
    slope = 1 - np.square(cache["h"])
    da = np.einsum("nk,hk,nh->nh", dlogits, params["W2"], slope)
    return {
        "b2": np.einsum("nk->k", dlogits),
        "W2": np.einsum("nh,nk->hk", cache["h"], dlogits),
        "b1": np.einsum("nh->h", da),
        "W1": np.einsum("nd,nh->dh", cache["x"], da),
    }


def mlp_backward__oracle_autograd(dlogits, cache, params):
    leaves = {k: torch.from_numpy(np.array(p)) for k, p in params.items()}
    for p in leaves.values():
        p.requires_grad_()
    x = torch.from_numpy(np.array(cache["x"]))
    h = torch.tanh(x @ leaves["W1"] + leaves["b1"])
    logits = h @ leaves["W2"] + leaves["b2"]
    logits.backward(torch.from_numpy(np.array(dlogits)))
    return {k: p.grad.numpy() for k, p in leaves.items()}


def mlp_backward__oracle_complex_step(dlogits, cache, params):
    # f(p + ih) = f(p) + ih f'(p) + ...: a finite difference without a subtraction
    x, step, grads = cache["x"], 1e-30, {}
    for key, p in params.items():
        grads[key] = np.zeros_like(p)
        for i in np.ndindex(p.shape):
            q = {k: v.astype(np.complex128) for k, v in params.items()}
            q[key][i] += 1j * step
            logits = np.tanh(x @ q["W1"] + q["b1"]) @ q["W2"] + q["b2"]
            grads[key][i] = (dlogits * logits).sum().imag / step
    return grads


# numeric_grad


def numeric_grad__remembers_the_bits(f, p, eps):
    grad = np.empty(p.shape)
    for i in np.ndindex(p.shape):
        step = np.zeros(p.shape)
        step[i] = eps
        grad[i] = (f(p + step) - f(p - step)) / (eps + eps)
    return grad


def numeric_grad__flat(f, p, eps):
    start = np.asarray(p, dtype=np.float64).flatten()
    grad = []
    for i in range(start.size):
        two = []
        for sign in (1, -1):
            moved = start.copy()
            moved[i] += sign * eps
            two.append(f(moved.reshape(p.shape)))
        grad.append((two[0] - two[1]) / 2 / eps)
    return np.array(grad).reshape(p.shape)


def numeric_grad__oracle_np_gradient(f, p, eps):
    point = p.astype(np.float64)
    grad = np.zeros(p.shape)
    for i in np.ndindex(p.shape):
        unit = np.zeros(p.shape)
        unit[i] = 1.0
        values = [f(point + s * eps * unit) for s in (-1, 0, 1)]
        grad[i] = np.gradient(values, eps)[1]
    return grad


# rel_error


def rel_error__scaled_first(a, b):
    top = max(np.abs(a).max(), np.abs(b).max())
    if top == 0:
        return 0.0
    a, b = np.ravel(a) / np.float64(top), np.ravel(b) / np.float64(top)
    return np.linalg.norm(a - b) / (np.linalg.norm(a) + np.linalg.norm(b))


def rel_error__oracle_hypot(a, b):
    a = [float(v) for v in np.nditer(a)] if np.ndim(a) else [float(a)]
    b = [float(v) for v in np.nditer(b)] if np.ndim(b) else [float(b)]
    size = math.hypot(*a) + math.hypot(*b)
    return math.dist(a, b) / size if size > 0 else 0.0


# accumulate_per_sample


def accumulate_per_sample__batch_at_once(x, y, params):
    h = np.tanh(x @ params["W1"] + params["b1"])
    z = np.tanh(h @ params["W2"] + params["b2"])
    sign = 2 * (np.arange(z.shape[1]) == y[:, None]) - 1
    ds = (2 * (z - 0.9 * sign) * (1 - z**2)).astype(z.dtype)
    da = (ds @ params["W2"].T) * (1 - h**2)
    return {"W1": x.T @ da, "b1": da.sum(0), "W2": h.T @ ds, "b2": ds.sum(0)}


def accumulate_per_sample__slices_of_one(x, y, params):
    grads = None
    for n in range(x.shape[0]):
        row, label = x[n : n + 1], int(y[n])
        h = np.tanh(row @ params["W1"] + params["b1"])
        z = np.tanh(h @ params["W2"] + params["b2"])
        err = z + 0.9
        err[0, label] -= 1.8
        ds = 2 * err / np.cosh(h @ params["W2"] + params["b2"]) ** 2
        da = ds @ params["W2"].T * (1 - h * h)
        new = {"W1": row.T @ da, "b1": da[0], "W2": h.T @ ds, "b2": ds[0]}
        grads = new if grads is None else {k: grads[k] + new[k] for k in grads}
    return grads


def accumulate_per_sample__oracle_autograd(x, y, params):
    leaves = {k: torch.from_numpy(np.array(p)) for k, p in params.items()}
    for p in leaves.values():
        p.requires_grad_()
    h = torch.tanh(torch.from_numpy(np.array(x)) @ leaves["W1"] + leaves["b1"])
    z = torch.tanh(h @ leaves["W2"] + leaves["b2"])
    hot = F.one_hot(torch.from_numpy(np.array(y)), z.shape[1]).to(z.dtype)
    ((z - (1.8 * hot - 0.9)) ** 2).sum().backward()
    return {k: p.grad.numpy() for k, p in leaves.items()}


# sgd_train


def sgd_train__functions_inside(params, batches, lr):
    def loss_and_grads(p, x, y):
        h = np.tanh(x @ p["W1"] + p["b1"])
        z = h @ p["W2"] + p["b2"]
        target = np.eye(z.shape[1], dtype=z.dtype)[y]
        top = z.max(axis=1, keepdims=True)
        total = top + np.log(np.exp(z - top).sum(axis=1, keepdims=True))
        loss = ((total - z) * target).sum() / len(x)
        dz = (np.exp(z - total) - target) / len(x)
        da = dz @ p["W2"].T * (1 - h) * (1 + h)
        return loss, {"W1": x.T @ da, "b1": da.sum(0), "W2": h.T @ dz, "b2": dz.sum(0)}

    losses = []
    for x, y in batches:
        loss, grads = loss_and_grads(params, x, y)
        losses.append(loss)
        params = {k: params[k] - lr * grads[k] for k in params}
    params = {k: np.array(p) for k, p in params.items()}
    return params, np.asarray(losses, dtype=params["W1"].dtype)


def sgd_train__oracle_torch(params, batches, lr):
    p = {k: torch.from_numpy(np.array(v)).requires_grad_() for k, v in params.items()}
    optimizer = torch.optim.SGD(p.values(), lr=lr)
    losses = []
    for x, y in batches:
        x, y = torch.from_numpy(np.array(x)), torch.from_numpy(np.array(y))
        optimizer.zero_grad()
        logits = torch.tanh(x @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]
        loss = F.cross_entropy(logits, y)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach().numpy())
    return {k: v.detach().numpy() for k, v in p.items()}, np.array(losses)


# grad_norms_by_depth


def grad_norms_by_depth__modules(weights, x, y, kind):
    layers = []
    for w in weights:
        linear = nn.Linear(*w.shape, bias=False, device=w.device, dtype=w.dtype)
        with torch.no_grad():
            linear.weight.copy_(w.T)
        layers += [linear, {"tanh": nn.Tanh, "elu": nn.ELU}.get(kind, nn.Sigmoid)()]
    net = nn.Sequential(*layers[:-1])
    nn.CrossEntropyLoss()(net(x), y).backward()
    found = [m.weight.grad for m in net if isinstance(m, nn.Linear)]
    return torch.stack([(g * g).sum().sqrt() for g in found])


def grad_norms_by_depth__oracle_by_hand(weights, x, y, kind):
    inputs, slopes = [x.detach()], []
    for w in weights[:-1]:
        a = inputs[-1] @ w.detach()
        if kind == "tanh":
            inputs.append(torch.tanh(a))
            slopes.append(1 - torch.tanh(a) ** 2)
        elif kind == "sigmoid":
            inputs.append(1 / (1 + torch.exp(-a)))
            slopes.append(inputs[-1] * (1 - inputs[-1]))
        else:
            inputs.append(torch.where(a > 0, a, torch.expm1(a.clamp(max=0))))
            slopes.append(torch.exp(a.clamp(max=0)))
    logits = inputs[-1] @ weights[-1].detach()
    d = (torch.softmax(logits, 1) - F.one_hot(y, logits.shape[1])) / len(y)
    norms = []
    for i in reversed(range(len(weights))):
        norms.insert(0, torch.linalg.vector_norm(inputs[i].T @ d))
        if i:
            d = (d @ weights[i].detach().T) * slopes[i - 1]
    return torch.stack(norms)
