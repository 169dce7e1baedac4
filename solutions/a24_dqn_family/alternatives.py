"""Other right answers to a24, among them the independent oracles.

The oracles take torch's own losses, pooling and padding where there are any, or walk
through the definition one number at a time.
"""

import math
from collections import deque

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

NAMES = ("obs", "action", "reward", "next_obs", "terminated", "truncated")


# Replay


class Replay__accepted_deque:
    def __init__(self, capacity, obs_shape, dtype):
        kinds = (dtype, torch.int64, torch.float32, dtype, torch.bool, torch.bool)
        self.kinds, self.rows = kinds, deque(maxlen=capacity)

    def __len__(self):
        return len(self.rows)

    def add(self, *row):
        pairs = zip(row, self.kinds, strict=True)
        self.rows.append(
            [torch.tensor(np.array(v)).to(kind).clone() for v, kind in pairs]
        )

    def sample(self, batch, generator):
        drawn = torch.rand(batch, generator=generator, dtype=torch.float64)
        rows = [self.rows[int(u * len(self.rows))] for u in drawn]
        columns = zip(NAMES, zip(*rows, strict=True), strict=True)
        return {name: torch.stack(column) for name, column in columns}


class Replay__oracle_numpy:
    def __init__(self, capacity, obs_shape, dtype):
        self.dtype, self.capacity, self.rows = dtype, capacity, []

    def __len__(self):
        return len(self.rows)

    def add(self, obs, action, reward, next_obs, terminated, truncated):
        copies = np.array(obs, copy=True), np.array(next_obs, copy=True)
        self.rows.append((copies[0], action, reward, copies[1], terminated, truncated))
        self.rows = self.rows[-self.capacity :]

    def sample(self, batch, generator):
        even = torch.ones(len(self.rows), dtype=torch.float64)
        chosen = even.multinomial(batch, replacement=True, generator=generator)
        columns = list(zip(*(self.rows[i] for i in chosen.tolist()), strict=True))
        kinds = (self.dtype, torch.int64, torch.float32, self.dtype)
        found = {
            name: torch.from_numpy(np.array(column))
            for name, column in zip(NAMES, columns, strict=True)
        }
        for name, kind in zip(NAMES, kinds, strict=False):
            found[name] = found[name].to(kind)
        return found


# epsilon


def epsilon__two_branches(step, start, end, decay):
    if step >= decay:
        return end
    left = 1 - step / decay
    return left * start + (1 - left) * end


def epsilon__oracle_interp(step, start, end, decay):
    return float(np.interp(step, [0, decay], [start, end]))


# act


def act__row_by_row(q, eps, generator):
    chosen = []
    for row in q:
        if torch.rand((), generator=generator).item() < eps:
            chosen.append(torch.randint(q.shape[1], (), generator=generator).item())
        else:
            chosen.append(row.argmax().item())
    return torch.tensor(chosen, device=q.device)


def act__accepted_reused_draw(q, eps, generator):
    # given u < eps, u / eps is uniform again
    u = torch.rand(len(q), generator=generator, dtype=torch.float64).to(q.device)
    anything = (u / max(eps, 1e-30) * q.shape[1]).long().clamp(max=q.shape[1] - 1)
    actions = q.max(1).indices
    actions[u < eps] = anything[u < eps]
    return actions


def act__oracle_policy(q, eps, generator):
    B, A = q.shape
    policy = torch.full((B, A), eps / A, dtype=torch.float64)
    policy += (1 - eps) * F.one_hot(q.cpu().argmax(1), A)
    return policy.multinomial(1, generator=generator).squeeze(1).to(q.device)


# td_target


def td_target__masked(
    r, q_next_target, q_next_online, terminated, truncated, gamma, double
):
    rows = torch.arange(len(r), device=r.device)
    with torch.no_grad():
        if double:
            value = q_next_target[rows, q_next_online.max(dim=1)[1]]
        else:
            value = q_next_target.max(dim=1)[0]
        return r + gamma * value.masked_fill(terminated, 0.0)


def td_target__float_flags(
    r, q_next_target, q_next_online, terminated, truncated, gamma, double
):
    if double:
        hot = F.one_hot(q_next_online.argmax(-1), q_next_online.shape[-1])
        value = (q_next_target * hot).sum(-1)
    else:
        value = q_next_target.amax(-1)
    return (r + gamma * (1 - terminated.float()) * value).detach()


def td_target__oracle_row_by_row(
    r, q_next_target, q_next_online, terminated, truncated, gamma, double
):
    found = []
    for i in range(len(r)):
        y, values = r[i].item(), q_next_target[i].tolist()
        if not terminated[i].item():
            scores = q_next_online[i].tolist() if double else values
            y += gamma * values[scores.index(max(scores))]
        found.append(y)
    return torch.tensor(found, dtype=r.dtype)


# dqn_loss


def dqn_loss__indexed(q, a, y, huber):
    e = q[torch.arange(len(a), device=q.device), a] - y.detach()
    near = e.abs().clamp(max=1)
    cost = near * (e.abs() - near / 2) if huber else e * e / 2
    return cost.sum() / len(a)


def dqn_loss__one_hot(q, a, y, huber):
    chosen = (q * F.one_hot(a, q.shape[1])).sum(1)
    measure = nn.SmoothL1Loss() if huber else nn.MSELoss()
    loss = measure(chosen, y.detach())
    return loss if huber else loss / 2


def dqn_loss__oracle_torch(q, a, y, huber):
    chosen = torch.take_along_dim(q, a[:, None], 1)[:, 0]
    if huber:
        return F.huber_loss(chosen, y.detach())
    return 0.5 * F.mse_loss(chosen, y.detach())


# Dueling


class Dueling__advantage_first(nn.Module):
    def __init__(self, d, A):
        super().__init__()
        self.advantage = nn.Linear(d, A)
        self.value = nn.Linear(d, 1)

    def forward(self, x):
        adv = self.advantage(x)
        return self.value(x).expand_as(adv) + (adv - adv.mean(-1).unsqueeze(-1))


class Dueling__oracle_one_matrix(nn.Module):
    def __init__(self, d, A):
        super().__init__()
        self.value, self.advantage = nn.Linear(d, 1), nn.Linear(d, A)

    def forward(self, x):
        # q is linear in x: centre the columns of the weights themselves
        w, b = self.advantage.weight, self.advantage.bias
        A = len(b)
        centre = torch.eye(A, dtype=w.dtype, device=w.device) - 1 / A
        weight, bias = centre @ w + self.value.weight, centre @ b + self.value.bias
        return F.linear(x, weight, bias)


# bootstrap_loss


def bootstrap_loss__head_by_head(q, a, y, mask):
    rows = torch.arange(len(a), device=q.device)
    total = 0.0 * q.sum()
    for k in range(q.shape[1]):
        mine = mask[:, k]
        if mine.any():
            e = q[rows, k, a][mine] - y[mine, k].detach()
            total = total + (e**2).mean() / 2
    return total


def bootstrap_loss__weights(q, a, y, mask):
    chosen = q[torch.arange(len(a), device=q.device), :, a]
    share = mask.to(q.dtype) / mask.sum(0, keepdim=True).clamp_min(1)
    return (share * (chosen - y.detach()).square()).sum() / 2


def bootstrap_loss__oracle_mse(q, a, y, mask):
    B, K, A = q.shape
    hot = F.one_hot(a, A)[:, None, :].expand(B, K, A).bool()
    chosen = q[hot].view(B, K)
    losses = [
        0.5 * F.mse_loss(chosen[mask[:, k], k], y.detach()[mask[:, k], k])
        for k in range(K)
        if mask[:, k].sum() > 0
    ]
    return sum(losses, (q * 0).sum())


# nstep


def nstep__survival(r, terminated, q_last, gamma):
    n = r.shape[1]
    alive = (1 - terminated.float()).cumprod(1)
    before = torch.cat([torch.ones_like(alive[:, :1]), alive[:, :-1]], 1)
    powers = gamma ** torch.arange(n, device=r.device, dtype=r.dtype)
    return (r * before * powers).sum(1) + gamma**n * alive[:, -1] * q_last


def nstep__oracle_row_by_row(r, terminated, q_last, gamma):
    found = []
    for rewards, ends, last in zip(
        r.tolist(), terminated.tolist(), q_last.tolist(), strict=True
    ):
        stop = ends.index(True) + 1 if True in ends else len(rewards)
        y = math.fsum(gamma**i * rewards[i] for i in range(stop))
        found.append(y if True in ends else y + gamma ** len(rewards) * last)
    return torch.tensor(found, dtype=r.dtype)


# per_weights


def per_weights__smallest_probability(p, alpha, beta):
    P = p.pow(alpha) / p.pow(alpha).sum()
    return P, (P.min() / P).pow(beta)


def per_weights__oracle_logarithms(p, alpha, beta):
    log_P = torch.log_softmax(alpha * p.log(), 0)
    log_w = -beta * (math.log(len(p)) + log_P)
    return log_P.exp(), (log_w - log_w.max()).exp()


# preprocess


def preprocess__accepted_whole_numbers(frames):
    weights = torch.tensor([299, 587, 114], device=frames.device)
    grey = (frames[2:].long() * weights).sum(-1)
    grey = torch.div(grey + 500, 1000, rounding_mode="floor")
    grey = torch.maximum(grey[0], grey[1]).double()
    rows = grey.repeat_interleave(2, 0).unflatten(0, (84, 5)).mean(1)
    both = rows.repeat_interleave(21, 1).unflatten(1, (84, 40)).mean(2)
    return torch.floor(both + 0.5).to(torch.uint8)


def preprocess__running_sums(frames):
    # the mean over an interval from the integral at its two ends
    def shrink(x):  # along the last axis
        size = x.shape[-1]
        total = F.pad(x.cumsum(-1), (1, 0))
        at = torch.arange(85, device=x.device, dtype=x.dtype) * (size / 84)
        low = at.floor().long().clamp(max=size - 1)
        part = at - low
        integral = total[..., low] * (1 - part) + total[..., low + 1] * part
        return integral.diff() * (84 / size)

    luma = torch.tensor([0.299, 0.587, 0.114], device=frames.device)
    grey = (frames[-2:].double() @ luma.double()).round().max(0)[0]
    return shrink(shrink(grey).T).T.round().byte()


def preprocess__oracle_repeat_and_pool(frames):
    # 210 * 2 / 5 = 84 and 160 * 21 / 40 = 84
    weights = torch.tensor([[0.299, 0.587, 0.114]], dtype=torch.float64)
    grey = F.conv2d(
        frames[-2:].permute(0, 3, 1, 2).double(), weights.view(1, 3, 1, 1)
    ).round()
    grey = torch.maximum(grey[:1], grey[1:])
    large = F.interpolate(grey, (420, 3360), mode="nearest")
    return F.avg_pool2d(large, (5, 40))[0, 0].round().to(torch.uint8)


# stack


def stack__running_window(frames, starts):
    blank = torch.zeros_like(frames[0])
    window, found = [blank] * 4, []
    for frame, first in zip(frames, starts, strict=True):
        window = [blank] * 3 + [frame] if first else [*window[1:], frame]
        found.append(torch.stack(window))
    return torch.stack(found)


def stack__padded(frames, starts):
    T = len(frames)
    first = starts.clone()
    first[0] = True
    at = torch.arange(T, device=frames.device)
    began = torch.where(first, at, torch.zeros_like(at)).cummax(0).values
    wanted = at[:, None] + torch.arange(-3, 1, device=frames.device)
    seen = wanted >= began[:, None]
    return frames[wanted.clamp(min=0)] * seen[..., None, None]


def stack__oracle_frame_by_frame(frames, starts):
    out = frames.new_zeros(len(frames), 4, *frames.shape[1:])
    flags = [True, *starts.tolist()[1:]]
    for t in range(len(frames)):
        i = t
        for place in (3, 2, 1, 0):
            out[t, place] = frames[i]
            if flags[i]:
                break
            i -= 1
    return out


# clip_reward


def clip_reward__clamp(r):
    return r.clamp(-1, 1)


def clip_reward__comparisons(r):
    return (r > 0).to(r.dtype) - (r < 0).to(r.dtype)


def clip_reward__oracle_numpy(r):
    return torch.from_numpy(np.array(np.sign(r.numpy())))
