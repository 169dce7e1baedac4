"""Answers of a08: where training starts, how it steps, and what is searched.

Letters: t step (1, 2, ...), g gradient, v velocity, m and s running means of
g and of its square, S standard deviations, R seeds. An optimizer is a class
that is given parameters once and moves them at each `step()`; every one keeps
the state that it needs for each parameter by itself. Left out: parameter
groups, AMSGrad, sparse gradients and everything that makes torch.optim fast
(its loops over parameters are fused).
"""

import math

import torch


def xavier_uniform_(w, gain=1.0):
    """Fill weights with Glorot and Bengio's uniform start.

    Entries are drawn independently from the uniform distribution on
    [-a, a] that has the standard deviation
    gain * sqrt(2 / (fan_in + fan_out)).

    For w (outputs, inputs) of a linear layer, fan_in is the number of inputs
    and fan_out the number of outputs. For w (F, C, kH, kW) of a convolution
    each of them is multiplied by the kernel's area: fan_in = C * kH * kW,
    fan_out = F * kH * kW. A kernel may have any number of axes from one on.

    Args:
        w: (outputs, inputs, ...) at least two axes, any dtype, device and
            memory layout. It may be a parameter, with requires_grad.
        gain: a number above 0.

    Returns:
        w itself, filled in place; autograd notices nothing of it.

    The numbers come from torch's global generator.
    """
    area = math.prod(w.shape[2:])
    fan_in, fan_out = w.shape[1] * area, w.shape[0] * area
    bound = gain * math.sqrt(6 / (fan_in + fan_out))
    with torch.no_grad():
        return w.uniform_(-bound, bound)


def kaiming_normal_(w, mode="fan_in", slope=0.0):
    """Fill weights with He's normal start, made for (leaky) ReLU.

    Entries are drawn independently from the normal distribution with mean 0
    and standard deviation gain / sqrt(fan), where
    gain = sqrt(2 / (1 + slope^2)).

    Args:
        w: (outputs, inputs, ...) as in xavier_uniform_, which also says what
            the fans are: for (F, C, kH, kW) they are C * kH * kW and
            F * kH * kW.
        mode: "fan_in" keeps the size of what passes forward, "fan_out" the
            size of the gradient on its way back.
        slope: of the activation on the negative side; 0 for ReLU.

    Returns:
        w itself, filled in place; autograd notices nothing of it.

    The numbers come from torch's global generator.
    """
    fan = w.shape[1 if mode == "fan_in" else 0] * math.prod(w.shape[2:])
    std = math.sqrt(2 / (1 + slope**2) / fan)
    with torch.no_grad():
        return w.normal_(0, std)


def init_sweep(make_net, stds, seeds, fit, train, test):
    """Train a network from starts of different size and measure each.

    For every standard deviation and every seed: make a new network; then
    call torch.manual_seed(seed) and fill each of its weights, in the order
    of net.parameters(), with normal numbers of mean 0 and this standard
    deviation; train it; and measure how often it is wrong on test points.
    A weight is a parameter with two or more axes. All other parameters
    (biases) stay as make_net made them.

    Args:
        make_net: function without arguments that returns a new network. It
            may draw random numbers itself, and so may fit.
        stds: S positive numbers.
        seeds: R whole numbers. One seed gives the same weights for every
            standard deviation, up to that factor.
        fit: fit(net, x, y) trains net in place.
        train: (x, y), handed on to fit.
        test: (x, y), x: (N, D), y: (N,) int64 classes. net(x) is (N, K)
            scores, the largest of which is the answer.

    Returns:
        S lists of R Python floats: the fraction of wrong answers on test,
        for each standard deviation and each seed.
    """
    x, y = test
    errors = [[] for _ in stds]
    for row, std in zip(errors, stds, strict=True):
        for seed in seeds:
            net = make_net()
            torch.manual_seed(seed)  # after make_net, which may draw, too
            with torch.no_grad():
                for p in net.parameters():
                    if p.dim() > 1:
                        p.normal_(0, std)
            fit(net, *train)
            with torch.no_grad():
                wrong = net(x).argmax(1) != y
            row.append(wrong.float().mean().item())
    return errors


class SGD:
    """Stochastic gradient descent with momentum.

    With the gradient g of a parameter p, each step computes

        g = g + weight_decay * p
        v = momentum * v + (1 - dampening) * g      (v = g the first time)
        g = g + momentum * v  if nesterov, else  v
        p = p - lr * g

    The two middle lines fall away if momentum is 0.

    Args:
        params: iterable of parameters, to be read once (it may be a
            generator). They have any shape, dtype and device.
        lr: step size. It may be changed between two steps by writing to
            the attribute `lr`, and then holds for all that follows.
        momentum, dampening, nesterov, weight_decay: as above. momentum and
            weight_decay are not negative, dampening lies in [0, 1).

    Each parameter has a velocity of its own, and so has each optimizer. What
    is written into `p.grad` after a step does not reach it.
    """

    def __init__(
        self,
        params,
        lr,
        momentum=0.0,
        dampening=0.0,
        nesterov=False,
        weight_decay=0.0,
    ):
        self.params = list(params)
        self.lr = lr
        self.momentum = momentum
        self.dampening = dampening
        self.nesterov = nesterov
        self.weight_decay = weight_decay
        self.velocities = [None] * len(self.params)

    def step(self):
        """Move every parameter once, in place, by its gradient `p.grad`.

        A parameter whose gradient is None is passed over: neither it nor
        its velocity changes (0 is a gradient, None is not). "The first time"
        is the first step in which a parameter has a gradient. The gradients
        stay as they are, and autograd notices nothing of the step.
        """
        with torch.no_grad():
            for i, p in enumerate(self.params):
                if p.grad is None:
                    continue
                g = p.grad + self.weight_decay * p
                if self.momentum:
                    v = self.velocities[i]
                    if v is None:
                        v = g.clone()
                    else:
                        v = self.momentum * v + (1 - self.dampening) * g
                    self.velocities[i] = v
                    g = g + self.momentum * v if self.nesterov else v
                p -= self.lr * g


class Adagrad:
    """Divide by the size of all gradients so far.

    With the gradient g of a parameter p, each step computes, entry by entry,

        s = s + g^2                        (s = 0 in the beginning)
        p = p - lr * g / (sqrt(s) + eps)

    Args:
        params: iterable of parameters, to be read once.
        lr: step size; the attribute `lr` may be changed between steps.
        eps: positive number, added outside the root.
    """

    def __init__(self, params, lr, eps=1e-10):
        self.params = list(params)
        self.lr = lr
        self.eps = eps
        self.sums = [torch.zeros_like(p) for p in self.params]

    def step(self):
        """Move every parameter once, in place, by its gradient `p.grad`.

        A parameter whose gradient is None is passed over, its sum too. The
        gradients stay as they are; autograd notices nothing.
        """
        with torch.no_grad():
            for p, s in zip(self.params, self.sums, strict=True):
                if p.grad is None:
                    continue
                s += p.grad**2
                p -= self.lr * p.grad / (s.sqrt() + self.eps)


class RMSprop:
    """Divide by the size of recent gradients.

    With the gradient g of a parameter p, each step computes, entry by entry,

        s = alpha * s + (1 - alpha) * g^2
        m = alpha * m + (1 - alpha) * g
        p = p - lr * g / (sqrt(s) + eps)           plain
        p = p - lr * g / (sqrt(s - m^2) + eps)     centered

    with s = m = 0 in the beginning. Where rounding makes s - m^2 negative,
    it counts as 0.

    Args:
        params: iterable of parameters, to be read once.
        lr: step size; the attribute `lr` may be changed between steps.
        alpha: how much of the old average is kept, in [0, 1).
        eps: positive number, added outside the root.
        centered: divide by the standard deviation of recent gradients
            rather than by the root of their mean square.
    """

    def __init__(self, params, lr, alpha=0.99, eps=1e-8, centered=False):
        self.params = list(params)
        self.lr = lr
        self.alpha = alpha
        self.eps = eps
        self.centered = centered
        self.squares = [torch.zeros_like(p) for p in self.params]
        self.means = [torch.zeros_like(p) for p in self.params]

    def step(self):
        """Move every parameter once, in place, by its gradient `p.grad`.

        A parameter whose gradient is None is passed over, its averages too.
        The gradients stay as they are; autograd notices nothing.
        """
        state = zip(self.params, self.squares, self.means, strict=True)
        with torch.no_grad():
            for p, s, m in state:
                if p.grad is None:
                    continue
                s.lerp_(p.grad**2, 1 - self.alpha)
                m.lerp_(p.grad, 1 - self.alpha)
                size = (s - m**2).clamp(min=0) if self.centered else s
                p -= self.lr * p.grad / (size.sqrt() + self.eps)


class Adam:
    """Divide a mean of gradients by the root of a mean of their squares.

    With the gradient g of a parameter p, each step computes, entry by entry,

        g = g + weight_decay * p
        m = beta1 * m + (1 - beta1) * g
        s = beta2 * s + (1 - beta2) * g^2
        p = p - lr * m' / (sqrt(s') + eps)
        with m' = m / (1 - beta1^t)  and  s' = s / (1 - beta2^t)

    where m = s = 0 in the beginning, and t counts the steps in which this
    parameter had a gradient: 1 in the first of them.

    Args:
        params: iterable of parameters, to be read once.
        lr: step size; the attribute `lr` may be changed between steps.
        betas: (beta1, beta2), each in [0, 1).
        eps: positive number, added outside the root.
        weight_decay: not negative.
    """

    def __init__(
        self, params, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0
    ):
        self.params = list(params)
        self.lr = lr
        self.betas = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.steps = [0] * len(self.params)
        self.means = [torch.zeros_like(p) for p in self.params]
        self.squares = [torch.zeros_like(p) for p in self.params]

    def step(self):
        """Move every parameter once, in place, by its gradient `p.grad`.

        A parameter whose gradient is None is passed over: it, its averages
        and its count stay as they are. The gradients stay as they are;
        autograd notices nothing.
        """
        beta1, beta2 = self.betas
        with torch.no_grad():
            for i, p in enumerate(self.params):
                if p.grad is None:
                    continue
                self.steps[i] += 1
                t, m, s = self.steps[i], self.means[i], self.squares[i]
                g = p.grad + self.weight_decay * p
                m.lerp_(g, 1 - beta1)
                s.lerp_(g**2, 1 - beta2)
                m_hat = m / (1 - beta1**t)
                s_hat = s / (1 - beta2**t)
                p -= self.lr * m_hat / (s_hat.sqrt() + self.eps)


class AdamW:
    """Adam with weight decay that does not pass through the averages.

    With the gradient g of a parameter p, each step computes, entry by entry,

        p = p - lr * weight_decay * p
        m = beta1 * m + (1 - beta1) * g
        s = beta2 * s + (1 - beta2) * g^2
        p = p - lr * m' / (sqrt(s') + eps)
        with m' = m / (1 - beta1^t)  and  s' = s / (1 - beta2^t)

    where m = s = 0 in the beginning, and t counts the steps in which this
    parameter had a gradient: 1 in the first of them.

    Args:
        params: iterable of parameters, to be read once.
        lr: step size; the attribute `lr` may be changed between steps.
        betas: (beta1, beta2), each in [0, 1).
        eps: positive number, added outside the root.
        weight_decay: not negative.
    """

    def __init__(
        self, params, lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01
    ):
        self.params = list(params)
        self.lr = lr
        self.betas = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.steps = [0] * len(self.params)
        self.means = [torch.zeros_like(p) for p in self.params]
        self.squares = [torch.zeros_like(p) for p in self.params]

    def step(self):
        """Move every parameter once, in place, by its gradient `p.grad`.

        A parameter whose gradient is None is passed over: it, its averages
        and its count stay as they are; it does not decay either. The
        gradients stay as they are; autograd notices nothing.
        """
        beta1, beta2 = self.betas
        with torch.no_grad():
            for i, p in enumerate(self.params):
                if p.grad is None:
                    continue
                self.steps[i] += 1
                t, m, s = self.steps[i], self.means[i], self.squares[i]
                p *= 1 - self.lr * self.weight_decay
                m.lerp_(p.grad, 1 - beta1)
                s.lerp_(p.grad**2, 1 - beta2)
                m_hat = m / (1 - beta1**t)
                s_hat = s / (1 - beta2**t)
                p -= self.lr * m_hat / (s_hat.sqrt() + self.eps)


def lr_at(step, kind, peak, steps, warmup):
    """Say which learning rate a step of the run has.

    Steps are counted from 0; a run has `steps` of them.

    "cosine": in step 0 to warmup - 1 the rate is peak * (step + 1) / warmup,
        so that step warmup - 1 has the peak. From step warmup on it is
        peak * (1 + cos(pi * u)) / 2 with
        u = (step - warmup) / (steps - warmup).
    "step": the same warm-up, then the peak; a tenth of it from half of the
        run on (step >= steps / 2), a hundredth from three quarters on.
    "one-cycle": from peak / 25 in step 0 up to the peak in step warmup - 1,
        and down to peak / 250,000 in step steps - 1. Both ways are half a
        cosine: from a to b it goes as
        a + (b - a) * (1 - cos(pi * u)) / 2,
        where u grows evenly from 0 in the first step of the way to 1 in its
        last.

    After the run (step >= steps) "cosine" is 0, "step" a hundredth of the
    peak, and "one-cycle" peak / 250,000.

    Args:
        step: 0, 1, 2, ...; it may lie beyond the run.
        kind: "cosine", "step" or "one-cycle".
        peak: largest learning rate.
        steps: length of the run.
        warmup: how many steps the rise takes, less than half of `steps`;
            at least 2 for "one-cycle", 0 or more for the other two.

    Returns:
        The learning rate, a Python float.
    """
    if kind == "one-cycle":
        low, end, top = peak / 25, peak / 250_000, warmup - 1
        if step <= top:
            u = step / top
            return low + (peak - low) * (1 - math.cos(math.pi * u)) / 2
        u = min(1.0, (step - top) / (steps - 1 - top))
        return peak + (end - peak) * (1 - math.cos(math.pi * u)) / 2
    if step < warmup:
        return peak * (step + 1) / warmup
    if kind == "step":
        return peak * 0.1 ** ((step >= steps / 2) + (step >= 3 * steps / 4))
    u = min(1.0, (step - warmup) / (steps - warmup))
    return peak * (1 + math.cos(math.pi * u)) / 2


def clip_grad_norm(params, max_norm, eps=1e-6):
    """Shorten the gradient of a whole network, if it is too long.

    The norm is the Euclidean norm over all entries of all gradients
    together, as if they were one long vector. All gradients are multiplied
    by max_norm / (norm + eps) if this factor is below 1; otherwise they stay
    exactly as they are. So the gradient keeps its direction.

    Args:
        params: iterable of parameters, to be read once (it may be a
            generator). Those whose .grad is None do not count; at least one
            has a gradient.
        max_norm: positive number.
        eps: positive number.

    Returns:
        norm: () tensor, dtype and device of the gradients: the norm before
            anything was shortened.

    The tensors in .grad are changed in place.
    """
    grads = [p.grad for p in params if p.grad is not None]
    norm = torch.stack([g.norm() for g in grads]).norm()
    factor = max_norm / (norm + eps)
    if factor < 1:
        for g in grads:
            g.mul_(factor)
    return norm


def random_search(space, budget, evaluate, generator):
    """Try random settings and keep the best.

    Args:
        space: dict from the name of a setting to where it is drawn from:
            ("uniform", low, high), each number between low and high alike;
            ("log", low, high), each factor alike: the logarithm is uniform;
            ("choice", values), each of the values alike.
        budget: how many configurations are tried, at least 1.
        evaluate: evaluate(config) trains with config, a dict from names to
            values, and returns (error on validation data, error on test
            data), two floats. It is called once for each configuration. An
            error is nan if training diverged.
        generator: torch.Generator, the only source of randomness.

    Returns:
        config: the configuration with the smallest validation error, the
            first of them if there are several. One whose validation error is
            nan is never chosen, unless all are nan; then it is the first.
        error: its error on test data, the figure to report.

    Drawn numbers are Python floats, a choice is one of the values itself.
    All settings of all configurations are drawn independently.
    """

    def draw(kind, *where):
        u = torch.rand((), generator=generator, dtype=torch.float64).item()
        if kind == "choice":
            return where[0][int(u * len(where[0]))]
        low, high = where
        if kind == "log":
            return low * (high / low) ** u
        return low + (high - low) * u

    best = None
    for _ in range(budget):
        config = {name: draw(*where) for name, where in space.items()}
        valid, test = evaluate(config)
        rank = math.inf if math.isnan(valid) else valid
        if best is None or rank < best[0]:
            best = rank, config, test
    return best[1], best[2]


def successive_halving(configs, evaluate, epochs, eta=2):
    """Give many settings a little time, and the better ones more.

    In each round every configuration that is still in the race is trained,
    and the best n // eta of the n go on (at least one). The next round
    gives each of them eta times as many epochs. The race is over as soon as
    one is left: nothing is trained any more.

    Args:
        configs: list of configurations, at least one, of any type. It
            stays as it is.
        evaluate: evaluate(config, epochs) trains config for so many epochs,
            from the start, and returns its error on validation data. It is
            called once per round for each one in the race, in the order of
            `configs`. The error is nan if training diverged; that is worse
            than every number.
        epochs: of the first round.
        eta: whole number, at least 2.

    Returns:
        winner: the configuration that is left.
        spent: total number of epochs that were trained.

    Of equal errors the one that comes first in `configs` is better.
    """
    racing, spent = list(range(len(configs))), 0
    while len(racing) > 1:
        errors = {}
        for i in racing:
            error = evaluate(configs[i], epochs)
            errors[i] = math.inf if math.isnan(error) else error
        spent += epochs * len(racing)
        kept = sorted(racing, key=errors.get)[: max(1, len(racing) // eta)]
        racing = sorted(kept)
        epochs *= eta
    return configs[racing[0]], spent
