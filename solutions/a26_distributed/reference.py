"""Answers of a26: training on several workers at once.

Letters: P workers, D numbers in a vector, N samples, K non-zero features of
a sample, T steps. A worker's number, its rank, counts from 0 to P-1. "The
chunks" of a vector are always what `x.tensor_split(P)` gives: P pieces in
order, the first D % P of them one number longer, empty ones if D < P. Left
out: several machines, failures, groups of workers, and pipelines, which
split a model instead of the data.
"""

import math

import torch

from course import parallel


def comm_time(P, nbytes, alpha, beta, algo):
    """Predict how long an all-reduce takes.

    One message of m bytes over a link takes alpha + m * beta seconds.
    Messages over different links travel at the same time; every worker can
    send one message and receive one at the same time.

    Args:
        P: how many workers, at least 1.
        nbytes: size of the vector that is summed.
        alpha: seconds before the first byte of a message arrives (latency).
        beta: seconds per byte, the inverse of the bandwidth.
        algo: one of
            "ring": 2 (P - 1) rounds, one after the other. In each, every
                worker sends one chunk of nbytes / P (a real number: do not
                round) to its neighbour.
            "tree": the vectors are added up in pairs, then in pairs of
                pairs ..., until one worker has the sum, and go back the
                same way. Each of the two ways takes as few rounds as will
                do: a round halves the number of vectors, rounding up; its
                messages hold the whole vector.
            "server": all P workers send their whole vector to a server, a
                machine of its own, and get the sum back from it. The
                server has one link, over which all these messages pass one
                after the other.

    Returns:
        Seconds, a float. With one worker, ring and tree cost nothing; the
        server still costs its two messages.
    """
    if algo == "ring":
        return 2 * (P - 1) * (alpha + nbytes / P * beta)
    if algo == "tree":
        rounds = (P - 1).bit_length()  # log2, rounded up, without rounding
        return 2.0 * rounds * (alpha + nbytes * beta)
    return 2.0 * P * (alpha + nbytes * beta)


def ring_sim(xs):
    """Carry out a ring all-reduce, all workers in one process.

    2 (P - 1) steps. In step t = 0, 1, ... worker r sends chunk
    (r - t) mod P of what it holds to worker (r + 1) mod P; all send at the
    same time. The chunks are those of tensor_split: P pieces in order, the
    first D mod P of them one number longer, some empty if D < P. In the
    first P - 1 steps (reduce-scatter) the receiver adds what comes to its
    own chunk of that number; in the others (all-gather) it overwrites its
    own chunk.

    Args:
        xs: (P, D), row r is the vector of worker r. It is not changed.

    Returns:
        half: (P, D), row r is what worker r holds after the first P - 1
            steps. If P is 1, that is xs.
        out: (P, D), what the workers hold at the end: each the sum.
        sends: (2 (P - 1), P) int64 on the device of xs, the number of the
            chunk that worker r sends in step t at [t, r].
    """
    P = len(xs)
    rank = torch.arange(P, device=xs.device)
    step = torch.arange(2 * (P - 1), device=xs.device)
    sends = (rank - step[:, None]) % P
    half, out = xs.clone(), xs.clone()
    for t in range(2 * (P - 1)):
        for r in range(P):
            c = (r - t) % P
            mine = out[r].tensor_split(P)[c]
            theirs = out[(r + 1) % P].tensor_split(P)[c]
            if t < P - 1:
                theirs += mine
            else:
                theirs.copy_(mine)
        if t == P - 2:
            half = out.clone()
    return half, out, sends


def ring_all_reduce(x, rank, world, send, recv):
    """Take part in a ring all-reduce, as one of its workers.

    Every worker runs this function at the same time, with its own x. The
    steps are those of ring_sim: in step t = 0 ... 2 * world - 3 send chunk
    (rank - t) mod world to the right neighbour (rank + 1) mod world, and
    receive a chunk, (rank - 1 - t) mod world, from the left one; add it in
    the first world - 1 steps, overwrite with it in the others. The chunks
    are those of x.tensor_split(world).

    Args:
        x: (D,) this worker's vector. It is not changed.
        rank: this worker's number.
        world: how many workers there are. One is possible.
        send: send(tensor, to) begins to send a tensor to worker `to` and
            returns a handle at once. The tensor must not be changed before
            handle.wait() has returned, which may be as late as when the
            receiver has taken the message. Wait for every handle before
            you return.
        recv: recv(tensor, source) waits for the next message from worker
            `source` and overwrites the tensor, which must have the
            message's shape. Empty chunks are sent and received, too.

    Returns:
        (D,) a new tensor, the sum over all workers: the same bits on every
        worker.
    """
    out = x.clone()
    chunks = out.tensor_split(world)
    left, right = (rank - 1) % world, (rank + 1) % world
    for t in range(2 * (world - 1)):
        mine = chunks[(rank - t) % world]
        theirs = chunks[(rank - 1 - t) % world]
        came = torch.empty_like(theirs)
        handle = send(mine, right)  # first send, then receive: no deadlock
        recv(came, left)
        if t < world - 1:
            theirs += came
        else:
            theirs.copy_(came)
        handle.wait()
    return out


def broadcast_params(model, broadcast):
    """Give every worker the model of worker 0.

    All workers call this at the same time, each with its own model of the
    same architecture. Afterwards every parameter, frozen ones included, and
    every buffer (persistent or not, whatever its dtype) of every worker
    holds the numbers of worker 0's. The tensors of the model stay the same
    objects and are overwritten in place.

    Args:
        model: a torch.nn.Module.
        broadcast: broadcast(tensor, source) overwrites the tensor with the
            one that worker `source` gives. All workers must call it equally
            often, with tensors of equal shapes and dtypes.

    Returns:
        Nothing.
    """
    with torch.no_grad():
        for tensor in [*model.parameters(), *model.buffers()]:
            broadcast(tensor, 0)


def average_grads(model, n, all_reduce):
    """Replace a worker's gradients by those of the whole batch.

    Every worker has computed the gradient of the MEAN loss over the n
    samples of its own shard. Afterwards every worker has, in the `.grad` of
    its parameters, the gradient of the mean loss over the samples of all
    workers: sum_r n_r g_r / sum_r n_r.

    Args:
        model: a torch.nn.Module; all workers have the same architecture.
            Parameters with requires_grad=False are left out and keep
            `.grad` as it is. For the others `.grad` may be None, on some
            workers or on all: the shard did not use the parameter, and its
            gradient counts as zero.
        n: number of samples of this worker's shard. It may be 0, and all
            gradients None; not on all workers.
        all_reduce: all_reduce(tensor) overwrites the tensor with the sum
            over all workers. All workers must call it equally often, with
            tensors of equal shapes and dtypes.

    Returns:
        Nothing. In the end every parameter that requires a gradient has
        one, in the parameter's shape, dtype and accuracy: n / sum_r n_r,
        rounded to float32, is too coarse for a float64 model.
    """
    params = [p for p in model.parameters() if p.requires_grad]
    total = params[0].new_tensor(n, requires_grad=False)
    all_reduce(total)
    for p in params:
        grad = torch.zeros_like(p) if p.grad is None else p.grad * n
        all_reduce(grad)
        p.grad = grad / total


def topk_compress(g, k, residual):
    """Choose the k entries of a gradient that are sent; remember the rest.

    What was not sent in earlier steps is not lost: first it is added to the
    gradient, then the k entries of the sum that are largest in absolute
    value are chosen. (Which of several equal ones does not matter.)

    Args:
        g: the gradient, any shape.
        k: how many entries to send, 0 to the number of entries of g.
        residual: shape of g, what is left from earlier steps.

    Returns:
        sent: shape of g: the chosen entries of g + residual, 0 elsewhere.
        residual: shape of g: what is left now; 0 where an entry was sent.

    Neither g nor the residual that you are given is changed.
    """
    wanted = g + residual
    flat = wanted.flatten()
    chosen = flat.abs().topk(k).indices
    sent = torch.zeros_like(flat)
    sent[chosen] = flat[chosen]
    sent = sent.reshape(g.shape)
    return sent, wanted - sent


class ParameterServer:
    """Hold the weights, and apply gradients in the order in which they come.

    Attributes:
        version: how many updates were applied so far, at first 0.
    """

    def __init__(self, w, lr, damped=False):
        """Start from weights.

        Args:
            w: (D,) starting weights. The caller's tensor never changes.
            lr: step size.
            damped: whether a stale gradient makes a smaller step.
        """
        self.w = w.clone()
        self.lr = lr
        self.damped = damped
        self.version = 0

    def pull(self):
        """Hand out a copy of the current weights.

        Returns:
            w: (D,) a copy, which later updates do not change.
            version: the number of updates that are in it, an int.
        """
        return self.w.clone(), self.version

    def push(self, grad, version):
        """Apply a gradient to the current weights, however old it is.

        The weights go down by lr * grad, or, if damped, by
        lr / (1 + staleness) * grad, and the version up by one.

        Args:
            grad: (D,) gradient at weights that were pulled earlier. It is
                not changed.
            version: the version that came with those weights.

        Returns:
            The staleness, an int: how many updates were applied since those
            weights were pulled, this one not counted.
        """
        staleness = self.version - version
        lr = self.lr / (1 + staleness) if self.damped else self.lr
        self.w -= lr * grad
        self.version += 1
        return staleness


def simulate(server, grad, schedule):
    """Play asynchronous training in a given order of events.

    At the start every worker that occurs in the schedule pulls. Then, for
    each entry of the schedule, that worker finishes: it computes the
    gradient at the weights that it pulled last, pushes it together with
    their version, and pulls again.

    Args:
        server: an object with pull() -> (w, version) and
            push(grad, version) -> staleness, like ParameterServer, on which
            nothing was done yet.
        grad: function of weights (D,) that returns the gradient (D,).
        schedule: list of T worker numbers, any ints, in the order in which
            they finish.

    Returns:
        path: (T + 1, D), the server's weights at the start and after each
            push.
        staleness: list of T ints, what the pushes returned.
    """
    held = {worker: server.pull() for worker in schedule}
    path, staleness = [server.pull()[0]], []
    for worker in schedule:
        w, version = held[worker]
        staleness.append(server.push(grad(w), version))
        held[worker] = server.pull()
        path.append(held[worker][0])
    return torch.stack(path), staleness


def delayed_sgd(x0, grad, lr, tau, steps):
    """Descend along gradients that are tau steps old.

    x_{k+1} = x_k - lr * grad(x_{k - tau}), where x_j is x0 for j < 0.

    Args:
        x0: starting point, any shape. It is not changed.
        grad: function of a point that returns a tensor of its shape; call
            it once in a step.
        lr: step size.
        tau: the delay, an int; 0 is plain gradient descent.
        steps: how many steps to make, at least 1.

    Returns:
        (steps + 1, *shape of x0) the points x_0 to x_steps.
    """
    path = [x0]
    for k in range(steps):
        path.append(path[k] - lr * grad(path[max(k - tau, 0)]))
    return torch.stack(path)


def max_stable_lr(tau, lam):
    """Find the step size up to which delayed descent converges.

    The function that is minimised is the quadratic
    f(x) = 1/2 sum_i lam_i x_i^2, and the step that of delayed_sgd. Below
    the returned step size x_k goes to 0 from every start; above it, from
    almost every start, it does not.

    Args:
        tau: the delay, an int, at least 0.
        lam: (D,) tensor of curvatures, all positive, in any order.

    Returns:
        The step size, a float.
    """
    angle = math.pi / (2 * (2 * tau + 1))
    return 2 * math.sin(angle) / float(lam.max())


def hogwild(w, idx, y, orders, lr, dloss):
    """Train sparse linear weights in several processes, without any lock.

    Sample i has K features that are 1, number idx[i, 0] to idx[i, K - 1],
    all different; its other features are 0. Its score is
    z = sum_k w[idx[i, k]]. Worker r is a process of its own that makes one
    step for each sample number in orders[r], in that order: it reads the
    weights of the sample's features from the memory that all workers
    share, calls dloss(z, y[i]) once, and subtracts lr times the result from
    those K weights in that memory, as they are then: another worker may
    have changed them since they were read, and that change must not be
    undone. All other weights are left alone. The workers run side by side.

    Args:
        w: (D,) starting weights. The caller's tensor is not changed.
        idx: (N, K) int64 feature numbers.
        y: (N,) targets.
        orders: list of lists of ints, one for each worker; they may have
            different lengths.
        lr: step size.
        dloss: dloss(z, y) -> derivative of a sample's loss with respect to
            its score; all are tensors with a single number, no axes.

    Returns:
        (D,) the weights when all workers are done.

    parallel.shared and parallel.launch do what you need.
    """
    w = parallel.shared(w)

    def worker(rank):
        for i in orders[rank]:
            features = idx[i]
            step = lr * dloss(w[features].sum(), y[i])
            w[features] -= step

    parallel.launch(worker, len(orders))
    return w
