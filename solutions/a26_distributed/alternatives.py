"""Right answers to a26 written another way; oracles are independent proofs."""

import math
import multiprocessing
from fractions import Fraction

import numpy as np
import torch

from course import parallel

# comm_time


def comm_time__accepted_formulas(P, nbytes, alpha, beta, algo):
    return {
        "ring": 2 * (P - 1) * alpha + 2 * (P - 1) / P * nbytes * beta,
        "tree": 2 * math.ceil(math.log2(P)) * (alpha + nbytes * beta),
        "server": 2 * (P * alpha + P * nbytes * beta),
    }[algo]


def comm_time__oracle_counts_messages(P, nbytes, alpha, beta, algo):
    # Plays the algorithms, with exact arithmetic.
    alpha, beta, size = Fraction(alpha), Fraction(beta), Fraction(nbytes)
    if algo == "server":
        return float(sum(alpha + size * beta for _ in range(2 * P)))
    seconds, left = Fraction(0), P
    if algo == "tree":
        while left > 1:
            left -= left // 2
            seconds += 2 * (alpha + size * beta)
        return float(seconds)
    for _ in ("reduce", "gather"):  # a chunk visits one more worker in each round
        visited = 1
        while visited < P:
            seconds, visited = seconds + alpha + size / P * beta, visited + 1
    return float(seconds)


# ring_sim


def ring_sim__chunk_by_chunk(xs):
    P, D = xs.shape
    edges = torch.arange(D, device=xs.device).tensor_split(P)
    half, sends = xs.clone(), []
    for t in range(2 * P - 2):
        sends.append([(r - t) % P for r in range(P)])
    for c, places in enumerate(edges):
        for r in range(1, P):
            now, before = (c + r) % P, (c + r - 1) % P
            half[now, places] = half[now, places] + half[before, places]
    out = half.clone()
    for c, places in enumerate(edges):
        out[:, places] = half[(c - 1) % P, places]
    sends = torch.tensor(sends, dtype=torch.int64, device=xs.device)
    return half, out, sends.reshape(2 * P - 2, P)


def ring_sim__oracle_partial_sums(xs):
    # After P - 1 steps worker r holds of chunk c the sum of workers c, c + 1, ..., r.
    P, D = xs.shape
    chunk = torch.cat(
        [
            torch.full((len(p),), c)
            for c, p in enumerate(torch.arange(D).tensor_split(P))
        ]
    )
    steps, ranks = torch.arange(2 * P - 2), torch.arange(P)
    far = (ranks[:, None] - chunk) % P  # how many workers chunk c has come from
    half = torch.zeros_like(xs)
    for back in range(P):
        half += torch.where(far >= back, xs.roll(back, 0), 0)
    return half, xs.sum(0).repeat(P, 1), (ranks - steps[:, None]) % P


# ring_all_reduce


def ring_all_reduce__two_loops(x, rank, world, send, recv):
    edges = np.cumsum([0] + [len(c) for c in x.tensor_split(world)])
    out = x.detach().clone()

    def pieces(t):
        for c in ((rank - t) % world, (rank - t - 1) % world):
            yield slice(edges[c], edges[c + 1])

    def swap(mine, theirs):
        came = torch.zeros(theirs.stop - theirs.start, dtype=x.dtype)
        handle = send(out[mine].clone(), (rank + 1) % world)
        recv(came, rank - 1 if rank else world - 1)
        handle.wait()
        return came

    for t in range(world - 1):
        mine, theirs = pieces(t)
        out[theirs] = out[theirs] + swap(mine, theirs)
    for t in range(-1, world - 2):
        mine, theirs = pieces(t)
        out[theirs] = swap(mine, theirs)
    return out


def ring_all_reduce__waits_at_the_end(x, rank, world, send, recv):
    chunks, handles = [c.clone() for c in x.tensor_split(world)], []
    for t in range(2 * world - 2):
        handles.append(send(chunks[(rank - t) % world], (rank + 1) % world))
        c = (rank - t - 1) % world
        came = torch.empty_like(chunks[c])
        recv(came, (rank + world - 1) % world)
        chunks[c] = chunks[c] + came if t + 1 < world else came
    for handle in handles:
        handle.wait()
    return torch.cat(chunks)


def ring_all_reduce__oracle_even_and_odd(x, rank, world, send, recv):
    # Blocking throughout: even workers send first, odd ones receive first. With an odd
    # number of workers the last and the first are both even: one of them starts.
    out, chunks = x.clone(), None
    chunks = out.tensor_split(world)
    right, left = (rank + 1) % world, (rank - 1) % world
    for t in range(2 * (world - 1)):
        mine, c = chunks[(rank - t) % world], chunks[(rank - t - 1) % world]
        came = c.clone()
        if rank % 2 == 0:
            send(mine, right).wait()
            recv(came, left)
        else:
            recv(came, left)
            send(mine, right).wait()
        c.copy_(c + came if t < world - 1 else came)
    return out


# data_parallel


def broadcast_params__names(model, broadcast):
    for _, p in model.named_parameters():
        broadcast(p.data, 0)
    for _, b in model.named_buffers():
        broadcast(b, 0)


def average_grads__one_bucket(model, n, all_reduce):
    params = [p for p in model.parameters() if p.requires_grad]
    parts = [(torch.zeros_like(p) if p.grad is None else p.grad) * n for p in params]
    count = torch.full((1,), n, dtype=params[0].dtype, device=params[0].device)
    bucket = torch.cat([count, *(g.flatten() for g in parts)])
    all_reduce(bucket)
    mean = bucket[1:] / bucket[0]
    for p, g in zip(params, mean.split([p.numel() for p in params]), strict=True):
        p.grad = g.view(p.shape).clone()


def average_grads__weights_first(model, n, all_reduce):
    wanted = [p for p in model.parameters() if p.requires_grad]
    total = torch.tensor([n])
    all_reduce(total)
    share = n / total.item()
    for p in wanted:
        if p.grad is None:
            p.grad = torch.zeros_like(p)
        p.grad.mul_(share)
        all_reduce(p.grad)


def broadcast_params__oracle_zeros_elsewhere(model, broadcast):
    for module in model.modules():
        for own in (module._parameters, module._buffers):
            for tensor in own.values():
                source = tensor.detach().clone()
                broadcast(source, 0)
                tensor.detach().set_(source)
                tensor.data = source


def average_grads__oracle_float64(model, n, all_reduce):
    count = torch.tensor(float(n), dtype=torch.float64)
    all_reduce(count)
    for p in model.parameters():
        if not p.requires_grad:
            continue
        total = torch.zeros(p.shape, dtype=torch.float64)
        if p.grad is not None:
            for _ in range(n):  # as if each sample had brought the mean
                total += p.grad.double()
        all_reduce(total)
        p.grad = (total / count).to(p.dtype)


# topk_compress


def topk_compress__sorts(g, k, residual):
    total = (g + residual).reshape(-1)
    order = torch.argsort(total.abs(), descending=True)
    rest = total.clone()
    rest[order[:k]] = 0
    return (total - rest).reshape(g.shape), rest.reshape(g.shape)


def topk_compress__oracle_ranks(g, k, residual):
    # An entry is sent if fewer than k are larger: all pairs compared.
    total = residual + g
    size = total.flatten().abs()
    larger = (size[None, :] > size[:, None]).sum(1).view(total.shape)
    keep = larger < k
    return torch.where(keep, total, 0), torch.where(keep, 0, total)


# parameter_server


class ParameterServer__keeps_a_list:
    def __init__(self, w, lr, damped=False):
        self.all = [w.detach().clone()]
        self.lr, self.damped = lr, damped

    @property
    def version(self):
        return len(self.all) - 1

    def pull(self):
        return self.all[-1].clone(), self.version

    def push(self, grad, version):
        late = self.version - version
        factor = self.lr * (1 / (1 + late) if self.damped else 1)
        self.all.append(self.all[-1] - factor * grad)
        return late


def simulate__keeps_a_list(server, grad, schedule):
    start = server.pull()
    copies, path, found = {}, [start[0]], []
    for worker in schedule:
        w, version = copies.get(worker, start)
        found.append(int(server.push(grad(w), version)))
        copies[worker] = server.pull()
        path.append(copies[worker][0].clone())
    return torch.stack(path), found


class ParameterServer__oracle_sum_of_steps:
    def __init__(self, w, lr, damped=False):
        self.start, self.steps = w.clone(), []
        self.lr, self.damped = lr, damped
        self.version = 0

    def pull(self):
        w = self.start.double()
        for factor, grad in self.steps:
            w = w - factor * grad.double()
        return w.to(self.start.dtype), self.version

    def push(self, grad, version):
        late = len(self.steps) - version
        self.steps.append((self.lr / (late + 1 if self.damped else 1), grad.clone()))
        self.version = len(self.steps)
        return late


def simulate__oracle_sum_of_steps(server, grad, schedule):
    # A worker's weights are those after its previous push: found by looking back.
    path, versions, found = [server.pull()[0]], [], []
    for t, worker in enumerate(schedule):
        back = [s for s in range(t) if schedule[s] == worker]
        version = back[-1] + 1 if back else 0
        versions.append(version)
        found.append(server.push(grad(path[version]), version))
        path.append(server.pull()[0])
    return torch.stack(path), [t - v for t, v in enumerate(versions)]


# delayed_sgd


def delayed_sgd__queue(x0, grad, lr, tau, steps):
    x, queue, path = x0.clone(), [x0] * (tau + 1), [x0.clone()]
    for _ in range(steps):
        x = x - lr * grad(queue[0])
        queue = [*queue[1:], x]
        path.append(x)
    return torch.stack(path, 0)


def delayed_sgd__oracle_recursion(x0, grad, lr, tau, steps):
    gradients = {}

    def at(k):
        return x0 if k <= 0 else at(k - 1) - lr * gradients[k - 1]

    for k in range(steps):
        gradients[k] = grad(at(k - tau))
    return torch.stack([at(k) for k in range(steps + 1)])


# max_stable_lr


def max_stable_lr__cosine(tau, lam):
    top = max(lam.tolist())
    return 2 / top * math.cos(math.pi * tau / (2 * tau + 1))


def max_stable_lr__oracle_first_root_on_the_circle(tau, lam):
    # z^{tau+1} - z^tau + a = 0: on the circle a = |1 - z|, and the phase must fit.
    low, high = 0.0, math.pi  # the phase of z^tau (1 - z) passes 0 in between

    def phase(angle):
        return tau * angle + (angle - math.pi) / 2

    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if phase(middle) < 0 else (low, middle)
    return abs(1 - complex(math.cos(low), math.sin(low))) / float(lam.max())


# hogwild


def hogwild__index_add(w, idx, y, orders, lr, dloss):
    common = parallel.shared(w.clone())

    def visit(order):
        for i in order:
            score = common.index_select(0, idx[i]).sum()
            change = torch.full((idx.shape[1],), -lr * float(dloss(score, y[i])))
            common.index_add_(0, idx[i], change.to(common.dtype))

    parallel.launch(lambda rank: visit(orders[rank]), len(orders))
    return common.clone()


def hogwild__oracle_multiprocessing(w, idx, y, orders, lr, dloss):
    # Python's own shared arrays and processes, one number at a time.
    context = multiprocessing.get_context("fork")
    array = context.RawArray("d", w.double().tolist())

    def work(order):
        torch.set_num_threads(1)
        for i in order:
            z = torch.tensor(sum(array[j] for j in idx[i].tolist()), dtype=w.dtype)
            step = lr * float(dloss(z, y[i]))
            for j in idx[i].tolist():
                array[j] -= step

    processes = [context.Process(target=work, args=(order,)) for order in orders]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return torch.tensor(list(array), dtype=w.dtype)
