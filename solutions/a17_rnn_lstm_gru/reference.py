"""Answers of a17: recurrent networks, their gradients and their reach.

Letters: N sequences, T steps, D inputs, H hidden units, K outputs. Parameters
have the names and the layout of torch's own cells: w_ih is (H, D) and w_hh is
(H, H), with the rows of several gates stacked, and a step computes
`x_t @ w_ih.T + h @ w_hh.T`. Left out: several layers, both directions,
peepholes, and dropout between the steps.
"""

import torch
import torch.nn.functional as F


def rnn_forward(x, h0, w_ih, w_hh, b):
    """Run a plain recurrent network over a batch of sequences.

    For t = 1, ..., T:  h_t = tanh(W_ih x_t + W_hh h_{t-1} + b), and h_0 is
    given.

    Args:
        x: (N, T, D) inputs: sequence, step, feature; T is at least 1.
        h0: (N, H) state before the first step, one per sequence.
        w_ih: (H, D) weights from the input.
        w_hh: (H, H) weights from the previous state.
        b: (H,) bias.

    Returns:
        (N, T, H), dtype and device of x: the states h_1, ..., h_T. h_0 is
        not among them.

    Autograd must find its way back to all five arguments. None of them is
    changed. torch.nn.RNN and RNNCell are what you write here, so they are
    not allowed.
    """
    h, states = h0, []
    for x_t in x.unbind(1):
        h = torch.tanh(x_t @ w_ih.T + h @ w_hh.T + b)
        states.append(h)
    return torch.stack(states, 1)


def rnn_backward(dh, cache):
    """Backpropagate through time in the network of rnn_forward.

    Args:
        dh: (N, T, H). dh[:, t] is the gradient of the loss with respect to
            the state of that step *through the loss's own use of it*. What
            reaches the state through later steps is for you to add.
        cache: dict of what the forward pass saw, to be left unchanged:
            "x" (N, T, D), "h0" (N, H), "h" (N, T, H) (the states that
            rnn_forward returns), "w_ih" (H, D), "w_hh" (H, H), "b" (H,).

    Returns:
        Dict of the gradients of the loss, each in the shape of what it
        belongs to: "x" (N, T, D), "h0" (N, H), "w_ih" (H, D),
        "w_hh" (H, H), "b" (H,). Dtype and device are those of x.

    If the loss is a mean over the batch, the 1/N is in dh already. Write the
    derivatives out: autograd is not allowed.
    """
    x, h0, h = cache["x"], cache["h0"], cache["h"]
    dx, dw_ih = torch.zeros_like(x), torch.zeros_like(cache["w_ih"])
    dw_hh, db = torch.zeros_like(cache["w_hh"]), torch.zeros_like(cache["b"])
    carry = torch.zeros_like(h0)  # dl/dh_t by way of step t + 1
    for t in reversed(range(x.shape[1])):
        previous = h[:, t - 1] if t > 0 else h0
        da = (dh[:, t] + carry) * (1 - h[:, t] ** 2)
        dx[:, t] = da @ cache["w_ih"]
        dw_ih += da.T @ x[:, t]
        dw_hh += da.T @ previous
        db += da.sum(0)
        carry = da @ cache["w_hh"]
    return {"x": dx, "h0": carry, "w_ih": dw_ih, "w_hh": dw_hh, "b": db}


def jacobian_norms(w_hh, h):
    """Measure how strongly the last state depends on each of the states.

    The network is that of rnn_forward, for a single sequence. A small
    change of h_t changes the last state h_T by the Jacobian, the (H, H)
    matrix with entries d h_T[i] / d h_t[j], times that change.

    Args:
        w_hh: (H, H) weights from the previous state.
        h: (T, H) the states h_1, ..., h_T that the network went through.

    Returns:
        (T,), dtype and device of h. Entry t - 1 is the spectral norm (the
        largest singular value: the factor by which the most favourable
        small change grows) of the Jacobian of h_T with respect to h_t. The
        last entry belongs to h_T itself and is 1.

    Work it out from the states: autograd is not allowed. Nothing is changed.
    """
    J = torch.eye(h.shape[1], dtype=h.dtype, device=h.device)
    norms = []
    for h_t in h.flip(0):
        norms.append(torch.linalg.matrix_norm(J, 2))
        J = J @ ((1 - h_t**2)[:, None] * w_hh)  # from h_t to h_{t-1}
    return torch.stack(norms).flip(0)


def orthogonal_(w):
    """Make a matrix orthogonal, in place.

    w holds random numbers when it comes, drawn by the caller. Factorise
    w = Q R, where the columns of Q (R, C) are orthonormal and R (C, C) is
    upper triangular with a *positive* diagonal: this makes Q unique, and
    uniformly distributed if the numbers were normal. Then write Q into w. If
    w has more columns than rows, do the same with the transpose, so that
    the rows come out orthonormal.

    Args:
        w: (R, C) matrix of full rank. It may be a parameter
            (requires_grad=True): changing it must not be recorded by
            autograd, and it stays the leaf that it was. It may be a block
            of a larger matrix, which then has the new block.

    Returns:
        w itself, the same tensor with new content.

    torch.nn.init.orthogonal_ is not allowed.
    """
    tall = w.shape[0] >= w.shape[1]
    with torch.no_grad():
        q, r = torch.linalg.qr(w if tall else w.T)
        q = q * r.diagonal().sign()
        return w.copy_(q if tall else q.T)


def lstm_forward(x, h0, c0, w_ih, w_hh, b_ih, b_hh):
    """Run a long short-term memory over a batch of sequences.

    One step, from (h, c) of the step before:

        a = W_ih x_t + b_ih + W_hh h + b_hh, cut into four: a_i a_f a_g a_o
        i = sigmoid(a_i)    f = sigmoid(a_f)    g = tanh(a_g)
        o = sigmoid(a_o)    c_t = f * c + i * g    h_t = o * tanh(c_t)

    Args:
        x: (N, T, D) inputs, T at least 1.
        h0: (N, H) hidden state before the first step.
        c0: (N, H) cell before the first step.
        w_ih: (4H, D) weights from the input: rows 0 to H-1 for i, then H
            rows each for f, g and o, in this order.
        w_hh: (4H, H) weights from the hidden state, rows in the same order.
        b_ih: (4H,) bias, in the same order.
        b_hh: (4H,) a second bias, in the same order.

    Returns:
        h: (N, T, H) hidden states h_1, ..., h_T.
        c: (N, T, H) cells c_1, ..., c_T.
        gates: (N, T, 4H) the values of i, f, g, o (after sigmoid and tanh),
            in this order along the last axis.

    Dtype and device are those of x. Autograd must find its way back to all
    arguments; none of them is changed. torch.nn.LSTM and LSTMCell are not
    allowed.
    """
    h, c, steps = h0, c0, []
    for x_t in x.unbind(1):
        a = x_t @ w_ih.T + b_ih + h @ w_hh.T + b_hh
        a_i, a_f, a_g, a_o = a.chunk(4, dim=1)
        i, f, o = torch.sigmoid(a_i), torch.sigmoid(a_f), torch.sigmoid(a_o)
        g = torch.tanh(a_g)
        c = f * c + i * g
        h = o * torch.tanh(c)
        steps.append((h, c, torch.cat([i, f, g, o], dim=1)))
    h, c, gates = (torch.stack(s, 1) for s in zip(*steps, strict=True))
    return h, c, gates


def lstm_backward(dh, cache):
    """Backpropagate through time in the network of lstm_forward.

    Args:
        dh: (N, T, H). dh[:, t] is the gradient of the loss with respect to
            h of that step through the loss's own use of it. The loss uses
            no cell directly.
        cache: dict of what the forward pass saw, to be left unchanged:
            "x" (N, T, D), "h0" and "c0" (N, H), "h" and "c" (N, T, H) and
            "gates" (N, T, 4H) as lstm_forward returns them, "w_ih" (4H, D),
            "w_hh" (4H, H), and "b" (4H,), the sum of the two biases.

    Returns:
        Dict of the gradients of the loss, each in the shape of what it
        belongs to: "x" (N, T, D), "h0" (N, H), "c0" (N, H),
        "w_ih" (4H, D), "w_hh" (4H, H), and "b" (4H,), which both biases
        share. Dtype and device are those of x.

    Write the derivatives out: autograd is not allowed.
    """
    x, h0, c0, h, c = (cache[k] for k in ("x", "h0", "c0", "h", "c"))
    dx, dw_ih = torch.zeros_like(x), torch.zeros_like(cache["w_ih"])
    dw_hh, db = torch.zeros_like(cache["w_hh"]), torch.zeros_like(cache["b"])
    carry_h, carry_c = torch.zeros_like(h0), torch.zeros_like(c0)
    for t in reversed(range(x.shape[1])):
        h_before, c_before = (h[:, t - 1], c[:, t - 1]) if t else (h0, c0)
        i, f, g, o = cache["gates"][:, t].chunk(4, dim=1)
        tanh_c = torch.tanh(c[:, t])
        d_h = dh[:, t] + carry_h
        d_c = carry_c + d_h * o * (1 - tanh_c**2)
        da_i = d_c * g * i * (1 - i)
        da_f = d_c * c_before * f * (1 - f)
        da_g = d_c * i * (1 - g**2)
        da_o = d_h * tanh_c * o * (1 - o)
        da = torch.cat([da_i, da_f, da_g, da_o], dim=1)
        dx[:, t] = da @ cache["w_ih"]
        dw_ih += da.T @ x[:, t]
        dw_hh += da.T @ h_before
        db += da.sum(0)
        carry_h = da @ cache["w_hh"]
        carry_c = d_c * f
    states = {"x": dx, "h0": carry_h, "c0": carry_c}
    return {**states, "w_ih": dw_ih, "w_hh": dw_hh, "b": db}


def gru_forward(x, h0, w_ih, w_hh, b_ih, b_hh):
    """Run a gated recurrent unit over a batch of sequences.

    One step, from h of the step before, in the convention of torch:

        u = W_ih x_t + b_ih, cut into three: u_r, u_z, u_n
        v = W_hh h + b_hh,   cut into three: v_r, v_z, v_n
        r = sigmoid(u_r + v_r)        z = sigmoid(u_z + v_z)
        n = tanh(u_n + r * v_n)       h_t = (1 - z) * n + z * h

    Args:
        x: (N, T, D) inputs, T at least 1.
        h0: (N, H) state before the first step.
        w_ih: (3H, D) weights from the input: H rows each for r, z and n, in
            this order.
        w_hh: (3H, H) weights from the state, rows in the same order.
        b_ih: (3H,) bias beside W_ih, in the same order.
        b_hh: (3H,) bias beside W_hh, in the same order.

    Returns:
        (N, T, H), dtype and device of x: the states h_1, ..., h_T.

    Autograd must find its way back to all arguments; none of them is
    changed. torch.nn.GRU and GRUCell are not allowed.
    """
    h, states = h0, []
    for x_t in x.unbind(1):
        u_r, u_z, u_n = (x_t @ w_ih.T + b_ih).chunk(3, dim=1)
        v_r, v_z, v_n = (h @ w_hh.T + b_hh).chunk(3, dim=1)
        r = torch.sigmoid(u_r + v_r)
        z = torch.sigmoid(u_z + v_z)
        n = torch.tanh(u_n + r * v_n)
        h = (1 - z) * n + z * h
        states.append(h)
    return torch.stack(states, 1)


def last_valid(h, lengths):
    """Pick the state after the last real step of each padded sequence.

    Args:
        h: (N, T, H) states. Sequence n has lengths[n] real steps, at the
            front; what follows is padding and may hold anything, even nan.
        lengths: (N,) int64, each from 0 to T.

    Returns:
        (N, H), dtype and device of h: h[n, lengths[n] - 1]. A sequence of
        length 0 has no state, and its row is zero.

    h is not changed. Gradients reach the states that were picked, and are
    zero elsewhere.
    """
    rows = torch.arange(len(h), device=h.device)
    last = h[rows, (lengths - 1).clamp(min=0)]
    return last.masked_fill((lengths == 0)[:, None], 0)


def masked_mean(h, lengths):
    """Average the states over the real steps of each padded sequence.

    Args:
        h: (N, T, H) states. Sequence n has lengths[n] real steps, at the
            front; what follows is padding and may hold anything, even nan
            (nan times 0 is nan).
        lengths: (N,) int64, each from 0 to T.

    Returns:
        (N, H), dtype and device of h: the mean of h[n, t] over t below
        lengths[n]. The row of a sequence of length 0 is zero.

    h is not changed. Gradients reach the real steps, and are zero elsewhere.
    """
    step = torch.arange(h.shape[1], device=h.device)
    padded = step >= lengths[:, None]  # (N, T)
    total = h.masked_fill(padded[:, :, None], 0).sum(1)
    return total / lengths.clamp(min=1)[:, None]


def tbptt(model, x, y, chunk):
    """Compute the gradient of a long sequence by truncated backpropagation.

    The loss is the mean, over all N T K entries of the whole sequence, of
    the squared error. Go through the sequence from left to right in pieces
    of `chunk` steps. The state at the end of a piece is where the next piece
    starts, but no gradient passes from one piece into the one before: what
    an error says about earlier pieces is left out.

    Args:
        model: a module. model(x, state) takes (N, any number of steps, D)
            and a state, and returns outputs (N, as many steps, K) and the
            state after the last step. The state is a tensor or, if the
            model is an LSTM, a tuple (h, c) of tensors; None starts from
            zeros.
        x: (N, T, D) inputs.
        y: (N, T, K) targets.
        chunk: number of steps in a piece, at least 1. The last piece is
            shorter if T is not a multiple of it.

    Returns:
        The loss over the whole sequence: a tensor of shape (), cut off from
        the graph, or a Python number.

    The gradient is *added* to .grad of the model's parameters, as backward()
    does. No step is made: the parameters keep their values. The
    graph of a piece is freed before the next piece is computed.
    """
    state, total = None, torch.zeros_like(y[0, 0, 0])
    for x_k, y_k in zip(x.split(chunk, 1), y.split(chunk, 1), strict=True):
        out, state = model(x_k, state)
        loss = F.mse_loss(out, y_k, reduction="sum") / y.numel()
        loss.backward()
        total += loss.detach()
        if isinstance(state, tuple):
            state = tuple(s.detach() for s in state)
        else:
            state = state.detach()
    return total
