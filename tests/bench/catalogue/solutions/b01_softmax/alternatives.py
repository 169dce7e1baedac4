"""Other right answers to the softmax assignment."""

import torch
import torch.nn.functional as F


def softmax__loop(z):
    return torch.stack([torch.softmax(row, 0) for row in z])


def softmax__oracle_torch(z):
    return torch.softmax(z, 1)


def log_softmax__loop(z):
    return torch.stack([row - torch.logsumexp(row, 0) for row in z])


def log_softmax__oracle_torch(z):
    return torch.log_softmax(z, 1)


def cross_entropy__loop(z, y):
    losses = [torch.logsumexp(row, 0) - row[k] for row, k in zip(z, y, strict=True)]
    return torch.stack(losses).mean()


def cross_entropy__oracle_torch(z, y):
    return F.cross_entropy(z, y)


def cross_entropy_gradient__in_place(z, y):
    p = torch.softmax(z, dim=1)
    p[torch.arange(len(z), device=z.device), y] -= 1
    return p / len(z)


def cross_entropy_gradient__oracle_autograd(z, y):
    z = z.detach().clone().requires_grad_()
    return torch.autograd.grad(F.cross_entropy(z, y), z)[0]


def soften__loop(z, temperature):
    return torch.stack([torch.softmax(row / temperature, 0) for row in z])


def soften__oracle_power(z, temperature):
    p = torch.softmax(z, dim=1) ** (1 / temperature)
    return p / p.sum(dim=1, keepdim=True)
