"""Right answers to a08 written another way; the oracles are torch's own."""

import math
from itertools import chain, repeat

import torch
import torch._dynamo  # torch.optim would load it later, while a case is watched
from torch import nn
from torch.optim import lr_scheduler

# ---- init


def xavier_uniform___shifted_rand(w, gain=1.0):
    fan_out, fan_in, *kernel = w.shape
    for side in kernel:
        fan_in, fan_out = fan_in * side, fan_out * side
    std = gain * (2 / (fan_in + fan_out)) ** 0.5
    w.data.copy_((2 * torch.rand_like(w) - 1) * 3**0.5 * std)
    return w


def kaiming_normal___shifted_rand(w, mode="fan_in", slope=0.0):
    inputs, outputs = w[0].numel(), w[:, 0].numel()
    fan = {"fan_in": inputs, "fan_out": outputs}[mode]
    gain = (2 / (1 + slope * slope)) ** 0.5
    w.data = torch.randn(w.shape, dtype=w.dtype, device=w.device) * gain / fan**0.5
    return w


def xavier_uniform___oracle_torch(w, gain=1.0):
    return nn.init.xavier_uniform_(w, gain)


def kaiming_normal___oracle_torch(w, mode="fan_in", slope=0.0):
    return nn.init.kaiming_normal_(w, a=slope, mode=mode)


# ---- init_sweep


def init_sweep__weights_at_once(make_net, stds, seeds, fit, train, test):
    def error(std, seed):
        net = make_net()
        generator = torch.random.manual_seed(seed)
        for name, p in net.named_parameters():
            if "bias" not in name:
                drawn = torch.empty(p.shape, dtype=p.dtype).normal_(generator=generator)
                p.data.copy_(std * drawn)
        fit(net, train[0], train[1])
        right = torch.eq(net(test[0]).max(1).indices, test[1])
        return 1 - right.double().mean().item()

    return [[error(std, seed) for seed in seeds] for std in stds]


def init_sweep__oracle_torch_init(make_net, stds, seeds, fit, train, test):
    errors = []
    for std in stds:
        errors.append([])
        for seed in seeds:
            net = make_net()
            torch.manual_seed(seed)
            net.apply(lambda m, std=std: _fill(m, std))
            fit(net, *train)
            scores = net(test[0]).detach().cpu().numpy()
            wrong = scores.argmax(1) != test[1].cpu().numpy()
            errors[-1].append(wrong.mean().item())
    return errors


def _fill(module, std):
    if isinstance(module, (nn.Conv1d, nn.Linear)):
        nn.init.normal_(module.weight, 0, std)


# ---- optimizers: the oracles are torch.optim


class _Torch:
    """An optimizer of torch behind the interface of this assignment."""

    kind = torch.optim.SGD

    def __init__(self, params, lr, **options):
        self.inner = self.kind(params, lr=lr, **options)

    @property
    def lr(self):
        return self.inner.param_groups[0]["lr"]

    @lr.setter
    def lr(self, lr):
        self.inner.param_groups[0]["lr"] = lr

    def step(self):
        self.inner.step()


class SGD__oracle_torch(_Torch):
    kind = torch.optim.SGD


class Adagrad__oracle_torch(_Torch):
    kind = torch.optim.Adagrad


class RMSprop__oracle_torch(_Torch):
    """torch lets a negative variance become nan; there the root counts as 0."""

    kind = torch.optim.RMSprop

    @torch.no_grad()
    def step(self):
        (group,) = self.inner.param_groups
        moved = [p for p in group["params"] if p.grad is not None]
        before = [p.clone() for p in moved]
        self.inner.step()
        for p, old in zip(moved, before, strict=True):
            without_root = old - group["lr"] / group["eps"] * p.grad
            p.copy_(torch.where(p.isnan(), without_root, p))


class Adam__oracle_torch(_Torch):
    kind = torch.optim.Adam


class AdamW__oracle_torch(_Torch):
    kind = torch.optim.AdamW


class SGD__velocity_on_the_side:
    """Velocities in a dict, found by the parameter itself."""

    def __init__(
        self,
        params,
        lr,
        momentum=0.0,
        dampening=0.0,
        nesterov=False,
        weight_decay=0.0,
    ):
        self.params, self.lr, self.velocity = [*params], lr, {}
        self.settings = momentum, 1 - dampening, nesterov, weight_decay

    @torch.no_grad()
    def step(self):
        mu, weight, nesterov, decay = self.settings
        for p in filter(lambda p: p.grad is not None, self.params):
            g = torch.add(p.grad, p, alpha=decay)
            if p in self.velocity:
                self.velocity[p].mul_(mu).add_(g, alpha=weight)
            else:
                self.velocity[p] = g.clone()
            v = self.velocity[p]
            p.add_(g.add(v, alpha=mu) if nesterov else (v if mu else g), alpha=-self.lr)


class SGD__velocity_as_data:
    """Everything on detached tensors; the velocity starts when it is first needed."""

    def __init__(self, params, lr, momentum=0, dampening=0, nesterov=0, weight_decay=0):
        self.pairs = [(p, []) for p in params]
        self.lr, self.mu, self.damp = lr, momentum, dampening
        self.nesterov, self.decay = nesterov, weight_decay

    def step(self):
        for p, past in self.pairs:
            if p.grad is None:
                continue
            g = p.grad.detach() + p.detach() * self.decay
            past.append((past[-1] * self.mu + g - g * self.damp) if past else g)
            v = past[-1] if self.mu else g
            move = g + v * self.mu if self.nesterov else v
            p.data -= move * self.lr


class Adagrad__addcdiv:
    def __init__(self, params, lr, eps=1e-10):
        self.state = {p: torch.zeros_like(p) for p in params}
        self.lr, self.eps = lr, eps

    def step(self):
        for p, s in self.state.items():
            if p.grad is not None:
                s.addcmul_(p.grad, p.grad)
                p.data.addcdiv_(p.grad, s.sqrt().add_(self.eps), value=-self.lr)


class RMSprop__addcdiv:
    def __init__(self, params, lr, alpha=0.99, eps=1e-8, centered=False):
        self.state = {p: (torch.zeros_like(p), torch.zeros_like(p)) for p in params}
        self.lr, self.alpha, self.eps, self.centered = lr, alpha, eps, centered

    def step(self):
        for p, (s, m) in self.state.items():
            if p.grad is None:
                continue
            g = p.grad
            s.mul_(self.alpha).addcmul_(g, g, value=1 - self.alpha)
            m.mul_(self.alpha).add_((1 - self.alpha) * g)
            size = torch.relu(s - m.square()) if self.centered else s
            p.data.addcdiv_(g, size.sqrt() + self.eps, value=-self.lr)


class Adam__one_fraction:
    """The corrections are folded into step and eps, as in the paper's section 2."""

    def __init__(self, params, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        self.params, self.state = list(params), {}
        self.lr, self.betas, self.eps, self.decay = lr, betas, eps, weight_decay

    def step(self):
        b1, b2 = self.betas
        for p in self.params:
            if p.grad is None:
                continue
            zero = torch.zeros_like(p.data)
            t, m, s = self.state.get(p, (0, zero, zero))
            g = p.grad + self.decay * p.data
            t, m, s = t + 1, b1 * m + (1 - b1) * g, b2 * s + (1 - b2) * g.square()
            self.state[p] = t, m, s
            root = math.sqrt(1 - b2**t)
            rate = self.lr * root / (1 - b1**t)
            p.data.sub_(rate * m / (s.sqrt() + self.eps * root))


class AdamW__one_fraction:
    """Decay and step in one expression, from the old weights."""

    def __init__(self, params, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        self.params, self.state = list(params), {}
        self.lr, self.betas, self.eps, self.decay = lr, betas, eps, weight_decay

    def step(self):
        b1, b2 = self.betas
        for p in self.params:
            if p.grad is None:
                continue
            zero = torch.zeros_like(p.data)
            t, m, s = self.state.get(p, (0, zero, zero))
            t, g = t + 1, p.grad
            m, s = b1 * m + (1 - b1) * g, b2 * s + (1 - b2) * g * g
            self.state[p] = t, m, s
            ratio = m / (1 - b1**t) / (torch.sqrt(s / (1 - b2**t)) + self.eps)
            p.data.copy_(p.data - self.lr * (self.decay * p.data + ratio))


# ---- lr_at


def lr_at__complex_plane(step, kind, peak, steps, warmup):
    def swing(a, b, u):  # the real part of a half turn
        return a + (b - a) * (1 - complex(-1) ** max(0.0, min(1.0, u))).real / 2

    if kind == "one-cycle":
        last = warmup - 1
        rising = swing(peak / 25, peak, step / last)
        falling = swing(peak, peak / 25e4, (step - last) / (steps - warmup))
        return rising if step <= last else falling
    if step + 1 <= warmup:
        return (step + 1) * (peak / warmup)
    if kind == "cosine":
        return swing(peak, 0.0, (step - warmup) / (steps - warmup))
    return peak / (1, 1, 10, 100)[min(3, 4 * step // steps)]


def lr_at__oracle_torch(step, kind, peak, steps, warmup):
    def followed(schedule, t):
        for _ in range(t):
            optimizer.step()
            schedule.step()
        return optimizer.param_groups[0]["lr"]

    optimizer = torch.optim.SGD([torch.zeros(1)], lr=peak)
    if kind == "one-cycle":
        share = warmup / steps
        cycle = lr_scheduler.OneCycleLR(optimizer, peak, steps, pct_start=share)
        return followed(cycle, min(step, steps - 1))
    if step < warmup - 1:
        rise = lr_scheduler.LinearLR(optimizer, 1 / warmup, 1.0, warmup - 1)
        return followed(rise, step)
    if kind == "cosine":
        fall = lr_scheduler.CosineAnnealingLR(optimizer, steps - warmup)
        return followed(fall, max(0, min(step, steps) - warmup))
    stairs = [math.ceil(steps / 2), math.ceil(3 * steps / 4)]
    return followed(lr_scheduler.MultiStepLR(optimizer, stairs), step)


# ---- clip_grad_norm


def clip_grad_norm__one_long_vector(params, max_norm, eps=1e-6):
    params = [p for p in params if p.grad is not None]
    norm = torch.cat([p.grad.flatten() for p in params]).square().sum().sqrt()
    factor = torch.clamp(max_norm / (norm + eps), max=1.0)
    for p in params:
        p.grad *= factor
    return norm


def clip_grad_norm__oracle_torch(params, max_norm, eps=1e-6):
    # torch fixes eps at 1e-6; another one is a question of which norm is allowed
    params = list(params)
    norm = nn.utils.get_total_norm([p.grad for p in params if p.grad is not None])
    allowed = max_norm * (norm + 1e-6) / (norm + eps)
    nn.utils.clip_grads_with_norm_(params, float(allowed), norm)
    return norm


# ---- random_search


def random_search__all_drawn_first(space, budget, evaluate, generator):
    def column(kind, *where):
        u = torch.rand(budget, generator=generator, dtype=torch.float64)
        if kind == "choice":
            picks = torch.randint(len(where[0]), (budget,), generator=generator)
            return [where[0][i] for i in picks.tolist()]
        a, b = (math.log(x) if kind == "log" else x for x in where)
        found = torch.lerp(torch.full_like(u, a), torch.full_like(u, b), u)
        return (found.exp() if kind == "log" else found).tolist()

    columns = {name: column(*where) for name, where in space.items()}
    configs = [{name: columns[name][i] for name in space} for i in range(budget)]
    results = [evaluate(config) for config in configs]
    order = [(valid != valid, valid if valid == valid else 0) for valid, _ in results]
    best = order.index(min(order))
    return configs[best], results[best][1]


def random_search__oracle_quantiles(space, budget, evaluate, generator):
    normal = torch.distributions.Normal(0.0, 1.0)
    best, config_of_best, test_of_best = math.inf, None, None
    for _ in range(budget):
        config = {}
        for name, (kind, *where) in space.items():
            drawn = torch.randn((), generator=generator, dtype=torch.float64)
            u = normal.cdf(drawn).item()
            if kind == "choice":
                config[name] = where[0][math.floor(u * len(where[0]))]
            elif kind == "log":
                low, high = map(math.log10, where)
                config[name] = 10 ** (low + u * (high - low))
            else:
                config[name] = (1 - u) * where[0] + u * where[1]
        valid, test = evaluate(config)
        if config_of_best is None or valid < best:
            config_of_best, test_of_best = config, test
            best = valid if valid == valid else math.inf
    return config_of_best, test_of_best


# ---- successive_halving


def successive_halving__recursive(configs, evaluate, epochs, eta=2):
    if len(configs) == 1:
        return configs[0], 0
    found = [evaluate(config, epochs) for config in configs]
    ranks = torch.tensor([math.inf if e != e else e for e in found]).argsort(
        stable=True
    )
    going_on = set(ranks[: max(1, len(configs) // eta)].tolist())
    rest = [config for i, config in enumerate(configs) if i in going_on]
    winner, spent = successive_halving__recursive(rest, evaluate, epochs * eta, eta)
    return winner, spent + epochs * len(configs)


def successive_halving__oracle_knockout(configs, evaluate, epochs, eta=2):
    # removes the worst one by one: the last among equals, and what diverged first
    racing, spent = dict(enumerate(configs)), 0
    for budget in chain.from_iterable(repeat(epochs * eta**k, 1) for k in range(99)):
        if len(racing) == 1:
            break
        errors = {i: evaluate(config, budget) for i, config in racing.items()}
        spent += budget * len(racing)
        for _ in range(len(racing) - max(1, len(racing) // eta)):
            worst = max(racing, key=lambda i: (errors[i] != errors[i], errors[i], i))
            if errors[worst] != errors[worst]:
                worst = max(i for i in racing if errors[i] != errors[i])
            del racing[worst]
    return next(iter(racing.values())), spent
