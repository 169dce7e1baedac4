"""Checks of a26: training on several workers at once."""

import os
import time
from functools import partial

import torch

from autograder import Exercise, Written, at_least
from course import parallel

# Starting processes takes a twentieth of a second: such cases run once.
ONCE = ("again", "float64", "strided", "device")

# ---- comm_time

comm_time = Exercise("comm_time", points=2)
LINK = {"alpha": 2e-4, "beta": 1e-8}


def times(comm_time, P, nbytes, alpha=LINK["alpha"], beta=LINK["beta"]):
    """Predict for all three ways."""
    ways = ("ring", "tree", "server")
    return {a: comm_time(P, nbytes, alpha, beta, a) for a in ways}


@comm_time.case
def sixteen_workers(comm_time, rng):
    """Sixteen workers sum 40 MB."""
    return times(comm_time, 16, 40_000_000)


@comm_time.case
def odd_numbers_of_workers(comm_time, rng):
    """Numbers of workers that are no power of two, or just one more."""
    return [times(comm_time, P, 1_000_003) for P in (3, 7, 9, 12, 33)]


@comm_time.case
def powers_of_two(comm_time, rng):
    """A tree over a power of two has no round too many."""
    return [times(comm_time, P, 5_000) for P in (2, 4, 8, 64, 1024)]


@comm_time.case
def latency_alone(comm_time, rng):
    """A message without bytes still takes its latency, in each round."""
    return [times(comm_time, P, 0) for P in (2, 5, 8)]


@comm_time.case
def bandwidth_alone(comm_time, rng):
    """Without latency only the bytes that pass over a link count."""
    return [times(comm_time, P, 12_345_678, alpha=0.0) for P in (2, 5, 8)]


@comm_time.case
def a_single_worker(comm_time, rng):
    """One worker has nobody to talk to, but a server."""
    return times(comm_time, 1, 1_000)


# ---- ring_sim

ring_sim = Exercise("ring_sim", points=2)


@ring_sim.case
def divisible(ring_sim, rng):
    """Four workers sum vectors of eight numbers."""
    return ring_sim(rng.normal(4, 8))


@ring_sim.case
def not_divisible(ring_sim, rng):
    """Three workers sum vectors of eight numbers: two chunks are one longer."""
    return ring_sim(rng.normal(3, 8))


@ring_sim.case
def fewer_numbers_than_workers(ring_sim, rng):
    """Five workers sum vectors of three numbers: some chunks are empty."""
    return ring_sim(rng.normal(5, 3))


@ring_sim.case
def one_and_two_workers(ring_sim, rng):
    """A single worker has nothing to do; two exchange halves."""
    return ring_sim(rng.normal(1, 4)), ring_sim(rng.normal(2, 5))


# ---- ring_all_reduce

ring_all_reduce = Exercise(
    "ring_all_reduce", points=4, processes=3, without=("device",)
)


def ring(ring_all_reduce, xs, run=parallel.rehearse):
    """Let each worker take part: its result, what it sent, whether all agree."""

    def work(net):
        mine = xs[net.rank]
        out = ring_all_reduce(mine, net.rank, net.world, net.send, net.recv)
        return out, net.sent

    found = run(work, len(xs))
    same = [torch.equal(out, found[0][0]) for out, _ in found]
    return {"out": [out for out, _ in found], "sent": [n for _, n in found]} | {
        "the same bits": same
    }


@ring_all_reduce.case
def four_workers(ring_all_reduce, rng):
    """Four workers hold the same sum, and each has sent 3/2 of a vector."""
    return ring(ring_all_reduce, rng.normal(4, 12))


@ring_all_reduce.case
def chunks_of_different_lengths(ring_all_reduce, rng):
    """Chunks may have different lengths, and be empty."""
    return [ring(ring_all_reduce, rng.normal(3, D)) for D in (11, 2)]


@ring_all_reduce.case
def one_and_two(ring_all_reduce, rng):
    """One worker keeps what it has; with two, both neighbours are the same."""
    return [ring(ring_all_reduce, rng.normal(P, 5)) for P in (1, 2)]


@ring_all_reduce.case
def small_messages(ring_all_reduce, rng):
    """On a network that takes small messages at once the result is the same."""
    return ring(
        ring_all_reduce, rng.normal(3, 7), partial(parallel.rehearse, eager=True)
    )


@ring_all_reduce.case(without=ONCE)
def over_gloo(ring_all_reduce, rng):
    """Three processes that talk over gloo do the same."""
    xs = rng.normal(3, 1003)
    ring(ring_all_reduce, xs)  # a deadlock would show here, at once
    return ring(ring_all_reduce, xs, parallel.launch_gloo)


# ---- data_parallel

data_parallel = Exercise(
    "data_parallel",
    points=4,
    functions=("broadcast_params", "average_grads"),
    mutates=True,
    processes=2,
    without=("device",),
)


def small_model(rng):
    """Draw a model with all that a model can have."""
    model = torch.nn.Module()
    for name, shape in {"w": (4, 3), "b": (3,), "head": (3, 2)}.items():
        model.register_parameter(name, torch.nn.Parameter(rng.normal(*shape)))
    frozen = torch.nn.Parameter(rng.normal(2), requires_grad=False)
    model.register_parameter("frozen", frozen)
    model.register_buffer("mean", rng.normal(3))
    model.register_buffer("seen", rng.integers(0, 100, 1))
    model.register_buffer("cache", rng.normal(2), persistent=False)
    return model


def with_grads(rng, used):
    """Draw a model and gradients for the named parameters."""
    model = small_model(rng)
    for name in used:
        p = getattr(model, name)
        p.grad = rng.normal(*p.shape)
    return model


def averaged(average_grads, models, counts):
    """Let all workers average: the gradients of each, by name."""

    def work(net):
        average_grads(models[net.rank], counts[net.rank], net.all_reduce)

    parallel.rehearse(work, len(models))
    return [{k: p.grad for k, p in m.named_parameters()} for m in models]


@data_parallel.case
def all_get_the_model_of_worker_0(broadcast_params, rng):
    """Parameters, frozen ones too, and buffers of all kinds are worker 0's."""
    models = [small_model(rng) for _ in range(3)]
    before = [t for m in models for t in (*m.parameters(), *m.buffers())]
    parallel.rehearse(lambda net: broadcast_params(models[net.rank], net.broadcast), 3)
    after = [t for m in models for t in (*m.parameters(), *m.buffers())]
    return after, [x is y for x, y in zip(before, after, strict=True)]


@data_parallel.case
def equal_shards(average_grads, rng):
    """With shards of equal size the gradients are averaged."""
    models = [with_grads(rng, ("w", "b", "head")) for _ in range(3)]
    return averaged(average_grads, models, [4, 4, 4])


@data_parallel.case
def unequal_shards(average_grads, rng):
    """Shards of 5, 1 and 2 samples count by their size."""
    models = [with_grads(rng, ("w", "b", "head")) for _ in range(3)]
    return averaged(average_grads, models, [5, 1, 2])


@data_parallel.case
def unused_on_one_worker(average_grads, rng):
    """A parameter that one shard did not use has a zero gradient there."""
    used = [("w", "b", "head"), ("w", "head"), ("w", "b")]
    models = [with_grads(rng, names) for names in used]
    return averaged(average_grads, models, [2, 3, 2])


@data_parallel.case
def an_empty_shard(average_grads, rng):
    """A worker without samples, and a parameter that nobody used, take part."""
    models = [with_grads(rng, names) for names in ((), ("w", "b"))]
    return averaged(average_grads, models, [0, 3])


@data_parallel.case(without=ONCE)
def over_gloo_too(broadcast_params, average_grads, rng):
    """Two processes with gloo hold the weights of worker 0 and one gradient."""
    models, x = [small_model(rng) for _ in range(2)], rng.normal(5, 4)
    shards = [x[:3], x[3:]]

    def work(net):
        model, shard = models[net.rank], shards[net.rank]
        broadcast_params(model, net.broadcast)
        with torch.no_grad():  # by hand: no autograd in a fork, where there are GPUs
            error = (shard @ model.w + model.b) / len(shard)
            model.w.grad, model.b.grad = shard.T @ error, error.sum(0)
        average_grads(model, len(shard), net.all_reduce)
        return [(p.detach(), p.grad) for p in model.parameters()]

    return parallel.launch_gloo(work, 2, seconds=5)


# ---- topk_compress

topk_compress = Exercise("topk_compress", points=2)


@topk_compress.case
def some_of_them(topk_compress, rng):
    """Three of eleven entries are sent, large negative ones among them."""
    return topk_compress(rng.normal(11), 3, rng.normal(11))


@topk_compress.case
def of_any_shape(topk_compress, rng):
    """A matrix keeps its shape; the choice is over all its entries."""
    return topk_compress(rng.normal(3, 5), 4, rng.normal(3, 5))


@topk_compress.case
def a_large_residual_decides(topk_compress, rng):
    """What was kept back for long is sent although the gradient is small."""
    g, residual = rng.array([0.1, 2.0, -0.2, 1.0]), rng.array([-3.0, 0.0, 0.3, -1.5])
    return topk_compress(g, 2, residual)


@topk_compress.case
def five_steps(topk_compress, rng):
    """Over five steps nothing is lost: sent and kept add up to the gradients."""
    residual, found = rng.array([0.0] * 7), []
    for _ in range(5):
        sent, residual = topk_compress(rng.normal(7), 2, residual)
        found.append([sent, residual])
    return found


@topk_compress.case
def nothing_and_everything(topk_compress, rng):
    """Nothing is sent with k = 0, and everything with k = the number of entries."""
    return [topk_compress(rng.normal(2, 3), k, rng.normal(2, 3)) for k in (0, 6)]


# ---- parameter_server

parameter_server = Exercise(
    "parameter_server", points=3, functions=("ParameterServer", "simulate")
)


@parameter_server.case
def pushes_and_pulls(ParameterServer, rng):
    """Gradients are applied as they come, and staleness counts what came between."""
    server, found = ParameterServer(rng.normal(5), 0.3), []
    for version in (0, 0, 1, 3, 0):
        found.append(server.push(rng.normal(5), version))
        found.append(server.pull())
    return found, server.version


@parameter_server.case
def damped_steps(ParameterServer, rng):
    """A damped server makes smaller steps along staler gradients."""
    server, found = ParameterServer(rng.normal(3), 0.8, damped=True), []
    for version in (0, 0, 0, 3):
        found.append(server.push(rng.normal(3), version))
        found.append(server.pull())
    return found


@parameter_server.case
def a_copy_is_a_copy(ParameterServer, rng):
    """Weights that were pulled, or given at the start, stay as they are."""
    w = rng.normal(4)
    server = ParameterServer(w, 0.5)
    early, _ = server.pull()
    server.push(rng.normal(4), 0)
    late, _ = server.pull()
    late += 1
    return w, early, server.pull()


def bowl(rng, D):
    """Draw a quadratic with its minimum away from 0; return its gradient."""
    A, centre = rng.normal(D, D), rng.normal(D)
    return lambda w: A.T @ (A @ (w - centre))


@parameter_server.case
def one_worker_is_plain_descent(ParameterServer, simulate, rng):
    """A single worker's gradients are never stale."""
    server = ParameterServer(rng.normal(3), 0.05)
    return simulate(server, bowl(rng, 3), [4, 4, 4, 4])


@parameter_server.case
def workers_in_turn(ParameterServer, simulate, rng):
    """Three workers in turn: after the first round every gradient is two old."""
    server = ParameterServer(rng.normal(4), 0.05)
    return simulate(server, bowl(rng, 4), [0, 1, 2, 0, 1, 2, 0, 1])


@parameter_server.case
def a_slow_worker(ParameterServer, simulate, rng):
    """A worker that is slow brings a gradient that is old, damped or not."""
    w, grad, order = rng.normal(2), bowl(rng, 2), [7, 7, 3, 7, 7, 7, 3, 5, 3]
    servers = (ParameterServer(w, 0.1, damped) for damped in (False, True))
    return [simulate(server, grad, order) for server in servers]


# ---- delayed_sgd

delayed_sgd = Exercise("delayed_sgd", points=2)


@delayed_sgd.case
def no_delay(delayed_sgd, rng):
    """Without delay it is gradient descent."""
    return delayed_sgd(rng.normal(3), bowl(rng, 3), 0.05, 0, 6)


@delayed_sgd.case
def two_steps_late(delayed_sgd, rng):
    """The gradient is taken two steps back, at the start for the first three."""
    return delayed_sgd(rng.normal(4), bowl(rng, 4), 0.05, 2, 7)


@delayed_sgd.case
def later_than_the_run(delayed_sgd, rng):
    """With a delay longer than the run all gradients are those of the start."""
    return delayed_sgd(rng.normal(2), bowl(rng, 2), 0.1, 9, 4)


@delayed_sgd.case
def a_matrix(delayed_sgd, rng):
    """A point may be a matrix; the delay may equal the number of steps."""
    lam = rng.uniform(2, 3, low=0.5, high=2.0)
    return delayed_sgd(rng.normal(2, 3), lambda x: lam * x + x**3, 0.1, 3, 3)


@delayed_sgd.case
def one_gradient_for_each_step(delayed_sgd, rng):
    """The gradient is computed once in a step, and in the right places."""
    asked, x0 = [], rng.normal(2)

    def grad(x):
        asked.append(x.clone())
        return x * x

    delayed_sgd(x0, grad, 0.1, 1, 4)
    return asked


# ---- max_stable_lr

max_stable_lr = Exercise("max_stable_lr", points=2)


@max_stable_lr.case
def plain_descent(max_stable_lr, rng):
    """Without delay the limit is 2 over the curvature."""
    return [max_stable_lr(0, rng.array([lam])) for lam in (0.25, 1.0, 3.0)]


@max_stable_lr.case
def delays_up_to_ten(max_stable_lr, rng):
    """The limit falls with the delay as the formula says."""
    lam = rng.uniform(1, low=0.5, high=2.0)
    return [max_stable_lr(tau, lam) for tau in range(11)]


@max_stable_lr.case
def several_curvatures(max_stable_lr, rng):
    """With several curvatures all directions have to converge."""
    return [max_stable_lr(t, rng.uniform(5, low=0.2, high=4.0)) for t in (1, 4)]


@max_stable_lr.case
def long_delays(max_stable_lr, rng):
    """For long delays the limit is close to pi / (2 tau lambda)."""
    return [max_stable_lr(tau, rng.array([0.5, 2.0, 1.0])) for tau in (100, 5000)]


# ---- hogwild

hogwild = Exercise(
    "hogwild", points=3, processes=3, without=("float64", "strided", "device")
)
PATIENCE_SECONDS = 10.0


def in_turns(orders):
    """A derivative that lets two workers take turns, wherever it is called.

    A worker has then read its weights, but not written them. Worker 0 waits here for
    worker 1 to be as far; worker 1 waits until worker 0 has written, and read what it
    needs for its next step. So every run has the same interleaving. The target of a
    sample is its number.
    """
    notebook, steps = os.getpid(), [len(order) for order in orders]
    reached, calls = (parallel.shared(torch.zeros(n)) for n in (2, 1 + sum(steps)))

    def dloss(z, y):
        if os.getpid() == notebook:
            raise ChildProcessError("the workers are no processes of their own")
        sample = int(y)
        calls[sample] += 1
        if calls[sample] > 1:
            raise RuntimeError("dloss was called twice for the same sample")
        rank = int(sample in orders[1])
        k = orders[rank].index(sample) + 1
        reached[rank] = k
        wanted = k + rank
        if wanted <= steps[1 - rank]:
            until(lambda: reached[1 - rank] >= wanted)
        return torch.tanh(z - y / 4)

    return dloss


def until(ready):
    """Wait for another worker."""
    late = time.monotonic() + PATIENCE_SECONDS
    while not ready():
        if time.monotonic() > late:
            raise TimeoutError("the workers do not run side by side")
        time.sleep(1e-5)


def started_together():
    """A derivative, always 1, for two workers of which none begins alone.

    The target of a sample is its worker's rank.
    """
    notebook, who = os.getpid(), parallel.shared(torch.zeros(2, dtype=torch.int64))

    def dloss(z, y):
        if os.getpid() == notebook:
            raise ChildProcessError("the workers are no processes of their own")
        if who[int(y)] not in (0, os.getpid()):
            raise RuntimeError("two workers took the same sample")
        who[int(y)] = os.getpid()
        until(who.all)
        return torch.ones_like(z)

    return dloss


@hogwild.case
def one_worker(hogwild, rng):
    """One worker visits its samples in its order, some of them twice."""
    w, idx, y = rng.normal(6), rng.array([[0, 3], [1, 5], [3, 5]]), rng.normal(3)
    out = hogwild(w, idx, y, [[2, 0, 1, 2, 0]], 0.5, lambda z, y: torch.tanh(z - y))
    return out, w


@hogwild.case(without=ONCE)
def two_that_never_meet(hogwild, rng):
    """Two workers without a common feature, one of them with more samples."""
    idx = rng.array([[0, 2, 4], [4, 0, 6], [1, 3, 5], [2, 6, 0], [7, 5, 3]])
    orders, w, y = [[3, 0, 1], [4, 2]], rng.normal(9), rng.array([0.0, 1, 2, 3, 4])
    return hogwild(w, idx, y, orders, 0.3, in_turns(orders))


@hogwild.case(weight=2, without=ONCE)
def two_that_meet(hogwild, rng):
    """Two workers with common features see each other's changes, and undo none."""
    idx = rng.array([[0, 1], [1, 2], [0, 3], [2, 1], [1, 0], [2, 3]])
    orders, w, y = (
        [[4, 1, 0], [3, 2, 5]],
        rng.normal(5),
        rng.array([0.0, 1, 2, 3, 4, 5]),
    )
    return hogwild(w, idx, y, orders, 0.4, in_turns(orders))


@hogwild.case(without=ONCE)
def among_many_others(hogwild, rng):
    """Two workers that write at the same time leave all other weights alone."""
    # Enough of all that who writes the whole vector meets the other one for certain.
    D, K = 500_000, 100
    idx = rng.permutation(D)[: 2 * K].view(2, K)
    out = hogwild(
        torch.zeros(D),
        idx,
        rng.array([0.0, 1.0]),
        [[0] * 200, [1] * 200],
        0.5,
        started_together(),
    )
    return {
        "no step of 0.5 is lost": bool((out[idx] == -100).all()),
        "weights that changed": int((out != 0).sum()),
    }


def clicks(rng):
    """Draw sparse samples with labels from weights; keep a part of them back."""
    w = rng.normal(40)
    w = 2 * (w - w.mean())  # about as many samples of either label
    idx = torch.stack([rng.permutation(40)[:6] for _ in range(600)])
    y = (w[idx].sum(1) > 0).float()
    orders = [rng.permutation(300)[:200].tolist() for _ in range(3)]
    start = torch.zeros(40)
    return (start, idx[:300], y[:300], orders, idx[300:]), y[300:]


def accuracy_on_unseen_samples(got, secret):
    """Return the fraction of unseen samples whose score has the right sign."""
    z, y = torch.as_tensor(got), torch.as_tensor(secret)
    return float(((z > 0) == (y > 0.5)).double().mean())


@hogwild.case(
    given=clicks, judge=at_least(accuracy_on_unseen_samples, 0.75), without=ONCE
)
def three_learn_together(hogwild, rng, given):
    """Three workers learn to tell samples apart, although they meet now and then."""
    w, idx, y, orders, unseen = given
    out = hogwild(w, idx, y, orders, 0.3, lambda z, y: torch.sigmoid(z) - y)
    return out[unseen].sum(1)


# ---- written

linear_scaling = Written("linear_scaling", points=3)
which_way = Written("which_way", points=3)
