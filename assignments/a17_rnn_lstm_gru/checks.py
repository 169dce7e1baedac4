"""Checks of a17: recurrent networks, their gradients, and how far these reach."""

from weakref import WeakSet

import torch
from torch.autograd.graph import saved_tensors_hooks

from autograder import Exercise, Written, gradient
from course.nn import Recurrent


def weights(rng, gates, D, H, std=0.7, grad=False):
    """Draw w_ih and w_hh of a cell with that many gates."""
    shapes = (gates * H, D), (gates * H, H)
    return [rng.normal(*shape, std=std, grad=grad) for shape in shapes]


def differentiable(rng, N, T, D, H, gates, states=1):
    """Draw the arguments of a cell with gradients: x, states, weights, two biases."""
    x = rng.normal(N, T, D, grad=True)
    first = [rng.normal(N, H, std=0.5, grad=True) for _ in range(states)]
    biases = [rng.normal(gates * H, grad=True) for _ in range(2)]
    return [x, *first, *weights(rng, gates, D, H, grad=True), *biases]


# ---- rnn_forward

rnn_forward = Exercise(
    "rnn_forward",
    points=2,
    forbid=(
        "torch.nn.RNN",
        "torch.nn.RNNCell",
        "torch.rnn_tanh",
        "torch.rnn_tanh_cell",
    ),
)


@rnn_forward.case
def several_sequences(rnn_forward, rng):
    """Three sequences of five steps: every state follows from the one before."""
    x, h0 = rng.normal(3, 5, 2), rng.normal(3, 4)
    return rnn_forward(x, h0, *weights(rng, 1, 2, 4), rng.normal(4))


@rnn_forward.case
def all_sizes_equal(rnn_forward, rng):
    """When N, T, D and H are equal, shapes prove nothing; the values must be right."""
    x, h0 = rng.normal(4, 4, 4), rng.normal(4, 4)
    return rnn_forward(x, h0, *weights(rng, 1, 4, 4), rng.normal(4))


@rnn_forward.case
def a_single_step(rnn_forward, rng):
    """One sequence of one step keeps its three axes."""
    x, h0 = rng.normal(1, 1, 3), rng.normal(1, 2)
    return rnn_forward(x, h0, *weights(rng, 1, 3, 2), rng.normal(2))


@rnn_forward.case
def silence(rnn_forward, rng):
    """Without input and bias the first state lives on."""
    x, b = rng.array([[[0.0] * 2] * 6] * 3), rng.array([0.0] * 5)
    return rnn_forward(x, rng.normal(3, 5), *weights(rng, 1, 2, 5, std=0.4), b)


@rnn_forward.case
def autograd_can_follow(rnn_forward, rng):
    """Autograd finds its way back through all the steps to all five arguments."""
    x, h0, w_ih, w_hh, b, _ = differentiable(rng, 2, 4, 3, 5, 1)
    return gradient(rnn_forward(x, h0, w_ih, w_hh, b), x, h0, w_ih, w_hh, b)


# ---- rnn_backward

rnn_backward = Exercise("rnn_backward", points=4, forbid=("autograd",))


def ran(rng, N, T, D, H, std=0.7):
    """Draw a network and the cache that its forward pass leaves."""
    x, h0, b = rng.normal(N, T, D), rng.normal(N, H), rng.normal(H)
    w_ih, w_hh = weights(rng, 1, D, H, std)
    states = [h0]
    for t in range(T):
        states.append(torch.tanh(x[:, t] @ w_ih.T + states[-1] @ w_hh.T + b))
    h = torch.stack(states[1:], 1)
    return {"x": x, "h0": h0, "h": h, "w_ih": w_ih, "w_hh": w_hh, "b": b}


@rnn_backward.case(weight=2)
def every_step_counts(rnn_backward, rng):
    """All five gradients are right when the loss looks at every state."""
    return rnn_backward(rng.normal(3, 5, 4), ran(rng, 3, 5, 2, 4))


@rnn_backward.case
def only_the_last_step_counts(rnn_backward, rng):
    """A loss on the last state alone reaches back to the first input."""
    last = rng.array([[[0.0]] * 5 + [[1.0]]]) * rng.normal(2, 1, 3)
    return rnn_backward(last, ran(rng, 2, 6, 4, 3))


@rnn_backward.case
def all_sizes_equal_back(rnn_backward, rng):
    """When N, T, D and H are equal, shapes prove nothing; the values must be right."""
    return rnn_backward(rng.normal(4, 4, 4), ran(rng, 4, 4, 4, 4))


@rnn_backward.case
def a_single_step_back(rnn_backward, rng):
    """With a single step, h0 is the state before; nothing comes from later."""
    return rnn_backward(rng.normal(1, 1, 2), ran(rng, 1, 1, 3, 2))


@rnn_backward.case
def saturated_states(rnn_backward, rng):
    """Through states near +1 and -1 almost nothing passes."""
    return rnn_backward(rng.normal(2, 3, 5), ran(rng, 2, 3, 4, 5, std=2))


# ---- jacobian_norms

jacobian_norms = Exercise("jacobian_norms", points=2, forbid=("autograd",))


@jacobian_norms.case
def six_states(jacobian_norms, rng):
    """Six states of four units give six norms, the oldest state first."""
    return jacobian_norms(rng.normal(4, 4, std=0.7), rng.uniform(6, 4, low=-0.9))


@jacobian_norms.case
def steps_of_unlike_size(jacobian_norms, rng):
    """Some steps are saturated and some are not: each slope acts in its own step."""
    h = rng.uniform(5, 3, low=-1, high=1) * rng.array([[1], [0.1], [0.9], [0.2], [1.0]])
    return jacobian_norms(rng.normal(3, 3), h)


@jacobian_norms.case
def forty_states(jacobian_norms, rng):
    """Over forty steps the norms shrink with small weights and grow with large ones."""
    w, h = rng.normal(6, 6, std=0.4), rng.uniform(40, 6, low=-0.6, high=0.6)
    return {"small": jacobian_norms(w * 0.7, h), "large": jacobian_norms(w * 1.5, h)}


@jacobian_norms.case
def the_last_state_alone(jacobian_norms, rng):
    """The last state depends on itself with norm 1, however many units it has."""
    w = rng.normal(3, 3)
    return [jacobian_norms(w, rng.uniform(T, 3, low=-1.0)) for T in (1, 2)]


# ---- orthogonal_

orthogonal_ = Exercise(
    "orthogonal_", points=2, mutates=True, forbid=("torch.nn.init.orthogonal_",)
)


@orthogonal_.case
def square(orthogonal_, rng):
    """A square matrix of normal numbers becomes the Q of its factorisation."""
    w = rng.normal(5, 5)
    orthogonal_(w)
    return w


@orthogonal_.case
def tall_and_wide(orthogonal_, rng):
    """Tall matrices get orthonormal columns, wide ones orthonormal rows."""
    found = {}
    for name, shape in {"tall": (6, 3), "wide": (2, 5), "row": (1, 4)}.items():
        w = rng.normal(*shape, std=2)
        orthogonal_(w)
        found[name] = w
    return found


@orthogonal_.case
def the_same_tensor(orthogonal_, rng):
    """What comes back is the tensor that was given."""
    w = rng.normal(3, 4)
    return {"same": orthogonal_(w) is w, "content": w}


@orthogonal_.case
def a_block_of_a_matrix(orthogonal_, rng):
    """A block of a larger matrix changes where it lies, and the rest stays."""
    large = rng.normal(6, 3)
    orthogonal_(large[2:5])
    return large


@orthogonal_.case
def a_parameter(orthogonal_, rng):
    """A parameter can be changed, and training can start from it."""
    w = rng.normal(4, 4, grad=True)
    orthogonal_(w)
    return {"leaf": w.is_leaf, "gradient": gradient(w**3, w)}


# ---- lstm_forward

lstm_forward = Exercise(
    "lstm_forward",
    points=3,
    forbid=("torch.nn.LSTM", "torch.nn.LSTMCell", "torch.lstm", "torch.lstm_cell"),
)


def lstm_arguments(rng, N, T, D, H, std=0.7):
    """Draw everything that lstm_forward takes."""
    biases = [rng.normal(4 * H) for _ in range(2)]
    h0, c0 = rng.normal(N, H, std=0.5), rng.normal(N, H)
    return [rng.normal(N, T, D), h0, c0, *weights(rng, 4, D, H, std), *biases]


def parts(outputs):
    """Name the outputs, so that a report can say which is wrong, missing or extra."""
    return dict(zip(("h", "c", "gates", "one too many"), outputs, strict=False))


@lstm_forward.case(weight=2)
def states_and_gates(lstm_forward, rng):
    """Three sequences of five steps: hidden states, cells and gates are right."""
    return parts(lstm_forward(*lstm_arguments(rng, 3, 5, 2, 4)))


@lstm_forward.case
def four_of_each(lstm_forward, rng):
    """When N, T, D and H are equal, shapes prove nothing; the values must be right."""
    return parts(lstm_forward(*lstm_arguments(rng, 4, 4, 4, 4)))


@lstm_forward.case
def one_step_one_unit(lstm_forward, rng):
    """A single step of a single unit keeps its three axes."""
    return parts(lstm_forward(*lstm_arguments(rng, 1, 1, 3, 1)))


@lstm_forward.case
def a_cell_beyond_one(lstm_forward, rng):
    """A cell may grow far beyond 1; only the hidden state is bounded."""
    args = lstm_arguments(rng, 2, 6, 3, 5, std=0.3)
    args[-1] = rng.uniform(20, low=2.0, high=3.0)
    return parts(lstm_forward(*args))


@lstm_forward.case
def autograd_can_follow_lstm(lstm_forward, rng):
    """Autograd finds its way back from hidden states and cells to all arguments."""
    args = differentiable(rng, 2, 3, 2, 3, gates=4, states=2)
    h, c, _ = lstm_forward(*args)
    return gradient(h + 2 * c, *args)


# ---- lstm_backward

lstm_backward = Exercise("lstm_backward", points=4, forbid=("autograd",))


def lstm_ran(rng, N, T, D, H, std=0.7):
    """Draw a network and the cache that its forward pass leaves."""
    x, h0, c0, w_ih, w_hh, *b = lstm_arguments(rng, N, T, D, H, std)
    h, c, steps = h0, c0, []
    for t in range(T):
        a = x[:, t] @ w_ih.T + h @ w_hh.T + sum(b)
        i, f, g, o = a.reshape(N, 4, H).unbind(1)
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        c = f * c + i * g
        h = o * c.tanh()
        steps.append([h, c, torch.cat([i, f, g, o], 1)])
    h, c, gates = (torch.stack([s[k] for s in steps], 1) for k in range(3))
    cache = {"x": x, "h0": h0, "c0": c0, "h": h, "c": c, "gates": gates}
    return {**cache, "w_ih": w_ih, "w_hh": w_hh, "b": sum(b)}


@lstm_backward.case(weight=2)
def every_hidden_state_counts(lstm_backward, rng):
    """All six gradients are right when the loss looks at every hidden state."""
    return lstm_backward(rng.normal(3, 5, 4), lstm_ran(rng, 3, 5, 2, 4))


@lstm_backward.case
def only_the_last_counts(lstm_backward, rng):
    """A loss on the last hidden state alone reaches back to the first input."""
    last = rng.array([[[0.0]] * 5 + [[1.0]]]) * rng.normal(2, 1, 3)
    return lstm_backward(last, lstm_ran(rng, 2, 6, 4, 3))


@lstm_backward.case
def four_of_each_back(lstm_backward, rng):
    """When N, T, D and H are equal, shapes prove nothing; the values must be right."""
    return lstm_backward(rng.normal(4, 4, 4), lstm_ran(rng, 4, 4, 4, 4))


@lstm_backward.case
def one_step_back(lstm_backward, rng):
    """With a single step, h0 and c0 are the states before."""
    return lstm_backward(rng.normal(1, 1, 2), lstm_ran(rng, 1, 1, 3, 2))


@lstm_backward.case
def open_and_closed_gates(lstm_backward, rng):
    """Gates near 0 and near 1 pass almost nothing back to their weights."""
    return lstm_backward(rng.normal(2, 4, 5), lstm_ran(rng, 2, 4, 3, 5, std=2))


# ---- gru_forward

gru_forward = Exercise(
    "gru_forward",
    points=2,
    forbid=("torch.nn.GRU", "torch.nn.GRUCell", "torch.gru", "torch.gru_cell"),
)


def gru_arguments(rng, N, T, D, H, std=0.7):
    """Draw everything that gru_forward takes."""
    biases = [rng.normal(3 * H) for _ in range(2)]
    return [rng.normal(N, T, D), rng.normal(N, H), *weights(rng, 3, D, H, std), *biases]


@gru_forward.case
def several_sequences_gru(gru_forward, rng):
    """Three sequences of five steps: every state follows from the one before."""
    return gru_forward(*gru_arguments(rng, 3, 5, 2, 4))


@gru_forward.case
def equal_sizes_gru(gru_forward, rng):
    """When N, T, D and H are equal, shapes prove nothing; the values must be right."""
    return gru_forward(*gru_arguments(rng, 4, 4, 4, 4))


@gru_forward.case
def one_step_one_unit_gru(gru_forward, rng):
    """A single step of a single unit keeps its three axes."""
    return gru_forward(*gru_arguments(rng, 1, 1, 2, 1))


@gru_forward.case
def both_biases(gru_forward, rng):
    """The two biases do different things: one is inside the reset, one is not."""
    x, h0, w_ih, w_hh, b_ih, b_hh = gru_arguments(rng, 2, 3, 3, 5)
    first = gru_forward(x, h0, w_ih, w_hh, 3 * b_ih, b_hh)
    return first, gru_forward(x, h0, w_ih, w_hh, b_ih, 3 * b_hh)


@gru_forward.case
def autograd_can_follow_gru(gru_forward, rng):
    """Autograd finds its way back through all the steps to all arguments."""
    args = differentiable(rng, 2, 3, 2, 4, gates=3)
    return gradient(gru_forward(*args), *args)


# ---- sequences of unequal length

last_valid = Exercise("last_valid", points=1)
masked_mean = Exercise("masked_mean", points=1)
NAN = float("nan")


@last_valid.case
def lengths_of_all_kinds(last_valid, rng):
    """Lengths 1, 3 and T pick the first, the third and the last state."""
    return last_valid(rng.normal(4, 5, 3), rng.array([3, 1, 5, 4]))


@last_valid.case
def an_empty_sequence(last_valid, rng):
    """A sequence of length 0 gives a row of zeros, whatever its padding holds."""
    h = rng.normal(3, 4, 2) + rng.array([[[0.0]] * 4, [[NAN]] * 4, [[0.0]] * 4])
    return last_valid(h, rng.array([2, 0, 4]))


@last_valid.case
def one_sequence(last_valid, rng):
    """A batch of one keeps its axis."""
    return last_valid(rng.normal(1, 3, 4), rng.array([2]))


@last_valid.case
def gradient_of_the_last(last_valid, rng):
    """The gradient arrives at the state that was picked, and nowhere else."""
    h = rng.normal(3, 4, 2, grad=True)
    return gradient(last_valid(h, rng.array([4, 0, 2])), h)


@masked_mean.case
def means_of_all_lengths(masked_mean, rng):
    """Each mean is taken over the sequence's own steps."""
    return masked_mean(rng.normal(4, 5, 3), rng.array([3, 1, 5, 4]))


@masked_mean.case
def an_empty_mean(masked_mean, rng):
    """A sequence of length 0 gives a row of zeros."""
    return masked_mean(rng.normal(3, 4, 2), rng.array([2, 0, 4]))


@masked_mean.case
def padding_may_be_nan(masked_mean, rng):
    """What stands in the padding does not matter, even if it is nan."""
    h = rng.normal(2, 4, 3) + rng.array([[[0.0], [0.0], [NAN], [NAN]], [[0.0]] * 4])
    return masked_mean(h, rng.array([2, 4]))


@masked_mean.case
def gradient_of_the_mean(masked_mean, rng):
    """Each real step gets its share of the gradient, padding gets zero."""
    h = rng.normal(3, 4, 2, grad=True)
    return gradient(masked_mean(h, rng.array([4, 0, 3])), h)


# ---- tbptt

tbptt = Exercise("tbptt", points=3, mutates=True)


def learned(tbptt, rng, kind, N, T, chunk, times=1):
    """Run tbptt on a random network; return its loss and what is in .grad then."""
    model = rng.fill(Recurrent(kind, 2, 4, 3), std=0.6)
    x, y = rng.normal(N, T, 2), rng.normal(N, T, 3)
    losses = [tbptt(model, x, y, chunk) for _ in range(times)]
    losses = [torch.as_tensor(v, dtype=rng.dtype, device=rng.device) for v in losses]
    return {"loss": losses, **{name: p.grad for name, p in model.named_parameters()}}


class Saved:
    """A tensor that the graph of a call keeps for the way back."""

    def __init__(self, tensor, call):
        self.tensor, self.call = tensor, call


class Watchful(Recurrent):
    """A network that sees at each call how many graphs of earlier calls are left."""

    def watch(self):
        """Begin to count: `left` is the largest number that was seen."""
        self.alive, self.calls, self.left = WeakSet(), 0, 0
        return self

    def forward(self, x, state=None):
        """Run as ever."""
        self.left = max(self.left, len({saved.call for saved in self.alive}))
        self.calls += 1
        with saved_tensors_hooks(self.save, lambda saved: saved.tensor):
            return super().forward(x, state)

    def save(self, tensor):
        """Keep a tensor for the way back."""
        saved = Saved(tensor.detach(), self.calls)
        self.alive.add(saved)
        return saved


@tbptt.case
def pieces_of_three(tbptt, rng):
    """Nine steps in three pieces: the state passes on, the gradient does not."""
    return learned(tbptt, rng, "rnn", 2, 9, 3)


@tbptt.case
def a_short_last_piece(tbptt, rng):
    """Seven steps in pieces of three: the last step counts like every other."""
    return learned(tbptt, rng, "gru", 3, 7, 3)


@tbptt.case
def two_states(tbptt, rng):
    """An LSTM carries two states, and both are cut off."""
    return learned(tbptt, rng, "lstm", 2, 6, 4)


@tbptt.case
def one_piece(tbptt, rng):
    """A piece longer than the sequence is ordinary backpropagation through time."""
    return learned(tbptt, rng, "lstm", 1, 4, 10)


@tbptt.case
def gradients_add_up(tbptt, rng):
    """A second call adds its gradient to what is in .grad, as backward() does."""
    return learned(tbptt, rng, "rnn", 2, 5, 2, times=2)


@tbptt.case
def graphs_are_freed(tbptt, rng):
    """A piece's graph is freed before the next piece, and the loss has none."""
    model = rng.fill(Watchful("gru", 2, 4, 3), std=0.6).watch()
    loss = tbptt(model, rng.normal(2, 8, 2), rng.normal(2, 8, 3), 3)
    on_a_graph = getattr(loss, "requires_grad", False)
    return {"graphs left": model.left, "loss is cut off": not on_a_graph}


# ---- written

why_add = Written("why_add", points=3)
blind_spot = Written("blind_spot", points=3)
