"""Other right answers to a17, among them the independent oracles.

The oracles let torch do it: its own cells forward, autograd backward, the Jacobian by
torch.autograd.functional, Gram and Schmidt or Cholesky for the orthogonal matrix.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn

# rnn_forward


def rnn_forward__einsum(x, h0, w_ih, w_hh, b):
    drive = torch.einsum("ntd,hd->nth", x, w_ih) + b
    states = [h0]
    for t in range(x.size(1)):
        recurrent = torch.einsum("nj,ij->ni", states[-1], w_hh)
        states.append((drive[:, t] + recurrent).tanh())
    return torch.cat([s.unsqueeze(1) for s in states[1:]], dim=1)


def rnn_forward__writes_what_it_does_not_read(x, h0, w_ih, w_hh, b):
    # in place, but no step reads what another one wrote
    states = x.new_empty(x.shape[0], x.shape[1], h0.shape[1])
    h = h0
    for t in range(x.shape[1]):
        h = torch.tanh(F.linear(x[:, t], w_ih, b) + F.linear(h, w_hh))
        states[:, t] = h
    return states


def rnn_forward__time_first(x, h0, w_ih, w_hh, b):
    states = []
    for x_t in x.transpose(0, 1):
        joint = torch.cat([x_t, h0], dim=-1)
        h0 = F.linear(joint, torch.cat([w_ih, w_hh], dim=1), b).tanh()
        states += [h0]
    return torch.stack(states).transpose(0, 1)


def rnn_forward__oracle_torch(x, h0, w_ih, w_hh, b):
    flat = [w_ih, w_hh, b, torch.zeros_like(b)]
    return torch.rnn_tanh(x, h0[None], flat, True, 1, 0.0, False, False, True)[0]


# rnn_backward


def rnn_backward__collects_then_multiplies(dh, cache):
    x, h0, h = cache["x"], cache["h0"], cache["h"]
    before = torch.cat([h0[:, None], h[:, :-1]], dim=1)
    arriving, found = torch.zeros_like(h0), []
    for t in range(h.shape[1] - 1, -1, -1):
        found.insert(0, (arriving + dh[:, t]) * (1 - h[:, t]) * (1 + h[:, t]))
        arriving = F.linear(found[0], cache["w_hh"].T)
    da = torch.stack(found, 1)  # (N, T, H)
    return {
        "b": da.sum((0, 1)),
        "w_hh": torch.einsum("nti,ntj->ij", da, before),
        "w_ih": torch.einsum("nth,ntd->hd", da, x),
        "h0": arriving,
        "x": da @ cache["w_ih"],
    }


def rnn_backward__sequence_by_sequence(dh, cache):
    x, h, w_ih, w_hh = (cache[k] for k in ("x", "h", "w_ih", "w_hh"))
    dx, dh0 = torch.empty_like(x), torch.empty_like(cache["h0"])
    grads = {"w_ih": w_ih * 0, "w_hh": w_hh * 0, "b": w_hh[0] * 0}
    for n in range(x.shape[0]):
        delta = dh.new_zeros(dh.shape[2])
        for t in range(x.shape[1])[::-1]:
            before = cache["h0"][n] if t == 0 else h[n, t - 1]
            da = (dh[n, t] + delta) * (1 - h[n, t].square())
            grads["w_ih"] += torch.outer(da, x[n, t])
            grads["w_hh"] += torch.outer(da, before)
            grads["b"] += da
            dx[n, t] = w_ih.T @ da
            delta = w_hh.T @ da
        dh0[n] = delta
    return {"x": dx, "h0": dh0, **grads}


def rnn_backward__oracle_autograd(dh, cache):
    names = ("x", "h0", "w_ih", "w_hh", "b")
    leaf = {k: cache[k].detach().clone().requires_grad_() for k in names}
    flat = [leaf["w_ih"], leaf["w_hh"], leaf["b"], torch.zeros_like(cache["b"])]
    state = leaf["h0"][None]
    out = torch.rnn_tanh(leaf["x"], state, flat, True, 1, 0.0, False, False, True)[0]
    grads = torch.autograd.grad(out, leaf.values(), dh)
    return dict(zip(names, grads, strict=True))


# jacobian_norms


def jacobian_norms__from_every_state(w_hh, h):
    steps = [torch.diag(1 - row * row) @ w_hh for row in h]
    norms = []
    for t in range(len(h)):
        product = torch.eye(len(w_hh)).to(h)
        for step in steps[t + 1 :]:
            product = step @ product
        norms.append(torch.linalg.svdvals(product)[0])
    return torch.stack(norms)


def jacobian_norms__of_the_gram_matrix(w_hh, h):
    norms = h.new_ones(len(h))
    back = None
    for t in range(len(h) - 1, 0, -1):
        step = w_hh.T * (1 - h[t] ** 2)  # transposed: backwards, as in part 2
        back = step if back is None else step @ back
        norms[t - 1] = torch.linalg.eigvalsh(back @ back.T)[-1].sqrt()
    return norms


def jacobian_norms__oracle_autograd(w_hh, h):
    found = []
    for t in range(len(h)):

        def last(state, rows=h[t:]):
            for before, seen in pairwise(rows):
                # the bias with which the network goes through the given states
                bias = torch.atanh(seen) - w_hh @ before
                state = torch.tanh(w_hh @ state + bias)
                # rounding errors would grow as the norms do: back to the given state
                state = seen + (state - state.detach())
            return state

        J = torch.autograd.functional.jacobian(last, h[t].detach())
        found.append(torch.linalg.svdvals(J).max())
    return torch.stack(found)


# orthogonal_


def orthogonal___through_data(w):
    flip = w.shape[0] < w.shape[1]
    a = w.data.T.clone() if flip else w.data.clone()
    q, r = torch.linalg.qr(a)
    q = q @ torch.diag(torch.sign(torch.diagonal(r)))
    w.data[...] = q.T if flip else q
    return w


def orthogonal___oracle_gram_schmidt(w):
    wide = w.shape[0] < w.shape[1]
    rows = w.detach().clone() if wide else w.detach().T.clone()
    done = []
    for v in rows:
        for _ in range(2):  # twice is enough, in floating point
            for q in done:
                v = v - (q @ v) * q
        done.append(v / v.norm())
    made = torch.stack(done)
    with torch.no_grad():
        w.copy_(made if wide else made.T)
    return w


# lstm_forward


def lstm_forward__one_matrix(x, h0, c0, w_ih, w_hh, b_ih, b_hh):
    H = h0.shape[1]
    weight = torch.cat([w_ih, w_hh], 1)
    hs, cs, gates = [h0], [c0], []
    for t in range(x.shape[1]):
        joint = torch.cat([x[:, t], hs[-1]], 1)
        a = F.linear(joint, weight, b_ih + b_hh)
        i, f, o = (a[:, k * H : (k + 1) * H].sigmoid() for k in (0, 1, 3))
        g = a[:, 2 * H : 3 * H].tanh()
        cs.append(torch.addcmul(f * cs[-1], i, g))
        hs.append(o * cs[-1].tanh())
        gates.append(torch.hstack([i, f, g, o]))
    return tuple(torch.stack(s, dim=1) for s in (hs[1:], cs[1:], gates))


def lstm_forward__gates_on_an_axis(x, h0, c0, w_ih, w_hh, b_ih, b_hh):
    N, T, _ = x.shape
    drive = (x @ w_ih.T + b_ih + b_hh).unflatten(-1, (4, -1))  # (N, T, 4, H)
    h, c, all_h, all_c, all_gates = h0, c0, [], [], []
    for t in range(T):
        a = drive[:, t] + (h @ w_hh.T).view(N, 4, -1)
        s = torch.sigmoid(a)
        values = torch.stack([s[:, 0], s[:, 1], a[:, 2].tanh(), s[:, 3]], 1)
        c = values[:, 1] * c + values[:, 0] * values[:, 2]
        h = values[:, 3] * c.tanh()
        all_h.append(h)
        all_c.append(c)
        all_gates.append(values.flatten(1))
    return torch.stack(all_h, 1), torch.stack(all_c, 1), torch.stack(all_gates, 1)


def lstm_forward__oracle_torch_cell(x, h0, c0, w_ih, w_hh, b_ih, b_hh):
    state, hs, cs, gates = (h0, c0), [], [], []
    for x_t in x.unbind(1):
        a = F.linear(x_t, w_ih, b_ih) + F.linear(state[0], w_hh, b_hh)
        squash = (torch.sigmoid, torch.sigmoid, torch.tanh, torch.sigmoid)
        pieces = zip(squash, a.chunk(4, 1), strict=True)
        gates.append(torch.cat([f(p) for f, p in pieces], 1))
        state = torch.lstm_cell(x_t, state, w_ih, w_hh, b_ih, b_hh)
        hs.append(state[0])
        cs.append(state[1])
    return torch.stack(hs, 1), torch.stack(cs, 1), torch.stack(gates, 1)


# lstm_backward


def lstm_backward__collects_then_multiplies(dh, cache):
    x, h, c, gates = (cache[k] for k in ("x", "h", "c", "gates"))
    i, f, g, o = gates.chunk(4, -1)
    h_before = torch.cat([cache["h0"][:, None], h[:, :-1]], 1)
    c_before = torch.cat([cache["c0"][:, None], c[:, :-1]], 1)
    th = c.tanh()
    slopes = torch.cat([i - i**2, f - f**2, 1 - g**2, o - o**2], -1)
    from_h = from_c = torch.zeros_like(cache["h0"])
    found = []
    for t in reversed(range(h.shape[1])):
        at_h = dh[:, t] + from_h
        at_c = from_c + at_h * o[:, t] / torch.cosh(c[:, t]) ** 2
        pieces = at_c * g[:, t], at_c * c_before[:, t], at_c * i[:, t]
        found.append(torch.cat([*pieces, at_h * th[:, t]], -1) * slopes[:, t])
        from_h, from_c = found[-1] @ cache["w_hh"], at_c * f[:, t]
    da = torch.stack(found[::-1], 1)
    return {
        "x": da @ cache["w_ih"],
        "h0": from_h,
        "c0": from_c,
        "w_ih": torch.einsum("nta,ntd->ad", da, x),
        "w_hh": torch.einsum("nta,nth->ah", da, h_before),
        "b": da.sum((0, 1)),
    }


def lstm_backward__oracle_autograd(dh, cache):
    names = ("x", "h0", "c0", "w_ih", "w_hh", "b")
    leaf = {k: cache[k].detach().clone().requires_grad_() for k in names}
    flat = [leaf["w_ih"], leaf["w_hh"], leaf["b"], torch.zeros_like(cache["b"])]
    states = (leaf["h0"][None], leaf["c0"][None])
    out = torch.lstm(leaf["x"], states, flat, True, 1, 0.0, False, False, True)[0]
    grads = torch.autograd.grad(out, leaf.values(), dh)
    return dict(zip(names, grads, strict=True))


# gru_forward


def gru_forward__slices(x, h0, w_ih, w_hh, b_ih, b_hh):
    H = h0.shape[1]
    states = [h0]
    for t in range(x.shape[1]):
        u, v = F.linear(x[:, t], w_ih, b_ih), F.linear(states[-1], w_hh, b_hh)
        rz = torch.sigmoid(u[:, : 2 * H] + v[:, : 2 * H])
        r, z = rz[:, :H], rz[:, H:]
        n = (u[:, 2 * H :] + r * v[:, 2 * H :]).tanh()
        states.append(n + z * (states[-1] - n))
    return torch.stack(states[1:], dim=1)


def gru_forward__matrix_by_matrix(x, h0, w_ih, w_hh, b_ih, b_hh):
    (W_r, W_z, W_n), (U_r, U_z, U_n) = w_ih.chunk(3), w_hh.chunk(3)
    (b_r, b_z, b_n), (d_r, d_z, d_n) = b_ih.chunk(3), b_hh.chunk(3)
    out = []
    for x_t in x.unbind(dim=1):
        r = torch.sigmoid(x_t @ W_r.T + h0 @ U_r.T + b_r + d_r)
        z = torch.sigmoid(x_t @ W_z.T + h0 @ U_z.T + b_z + d_z)
        n = torch.tanh(x_t @ W_n.T + b_n + r * (h0 @ U_n.T + d_n))
        h0 = torch.lerp(n, h0, z)
        out.append(h0)
    return torch.stack(out, 1)


def gru_forward__oracle_torch(x, h0, w_ih, w_hh, b_ih, b_hh):
    flat = [w_ih, w_hh, b_ih, b_hh]
    return torch.gru(x, h0[None], flat, True, 1, 0.0, False, False, True)[0]


# last_valid, masked_mean


def last_valid__gather(h, lengths):
    index = (lengths - 1).clamp(min=0).view(-1, 1, 1).expand(-1, 1, h.shape[2])
    picked = h.gather(1, index).squeeze(1)
    return torch.where(lengths.view(-1, 1) > 0, picked, torch.zeros_like(picked))


def last_valid__loop(h, lengths):
    rows = []
    for states, length in zip(h, lengths.tolist(), strict=True):
        none = torch.zeros_like(states[0])
        rows.append(states[length - 1] if length else none)
    return torch.stack(rows)


def last_valid__oracle_padded_in_front(h, lengths):
    # a zero state in front of everything: index `length` is then right for 0, too
    longer = F.pad(h, (0, 0, 1, 0))
    step = torch.arange(longer.shape[1], device=h.device)
    chosen = (step == lengths[:, None])[..., None]
    return longer.masked_fill(~chosen, 0).sum(1)


def masked_mean__where(h, lengths):
    real = (torch.arange(h.shape[1], device=h.device)[None] < lengths[:, None])[
        ..., None
    ]
    total = torch.where(real, h, torch.zeros_like(h)).sum(dim=1)
    count = real.sum(dim=1).to(h.dtype)
    return total / torch.maximum(count, torch.ones_like(count))


def masked_mean__loop(h, lengths):
    rows = []
    for states, length in zip(h, lengths.tolist(), strict=True):
        none = torch.zeros_like(states[0])
        rows.append(states[:length].mean(0) if length else none)
    return torch.stack(rows)


def masked_mean__oracle_nested(h, lengths):
    pieces = [states[:n].sum(0) for states, n in zip(h, lengths.tolist(), strict=True)]
    return torch.stack(
        [p / max(n, 1) for p, n in zip(pieces, lengths.tolist(), strict=True)]
    )


# tbptt


def tbptt__slices(model, x, y, chunk):
    state, losses = None, []
    for start in range(0, x.shape[1], chunk):
        stop = min(start + chunk, x.shape[1])
        out, state = model(x[:, start:stop], state)
        error = (out - y[:, start:stop]).square().sum() / y.numel()
        error.backward()
        losses.append(error.detach())
        if isinstance(state, torch.Tensor):
            state = state.data
        else:
            state = (state[0].detach(), state[1].detach())
    return torch.stack(losses).sum()


def tbptt__weighted_means(model, x, y, chunk):
    total, state = 0.0, None
    while x.shape[1] > 0:
        if total == 0.0 and state is None:
            T = x.shape[1]
        piece, x = x[:, :chunk], x[:, chunk:]
        target, y = y[:, :chunk], y[:, chunk:]
        if isinstance(state, (tuple, list)):
            state = tuple(s.detach() for s in state)
        elif state is not None:
            state = state.detach()
        out, state = model(piece, state)
        loss = nn.MSELoss()(out, target) * piece.shape[1] / T
        loss.backward()
        total = total + loss.item()
    return total


def tbptt__oracle_from_the_start(model, x, y, chunk):
    # each piece from the state that a run without autograd reaches, in any order
    params, total = list(model.parameters()), 0.0
    for start in reversed(range(0, x.shape[1], chunk)):
        piece, state = slice(start, start + chunk), None
        if start > 0:
            with torch.no_grad():
                state = model(x[:, :start])[1]
        share = ((model(x[:, piece], state)[0] - y[:, piece]) ** 2).sum() / y.numel()
        for p, g in zip(params, torch.autograd.grad(share, params), strict=True):
            p.grad = g if p.grad is None else p.grad + g
        total += share.item()
    return total
