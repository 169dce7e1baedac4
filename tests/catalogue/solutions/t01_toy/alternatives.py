"""Other right answers to the toy assignment."""

import numpy as np
import torch


def softmax__loop(z):
    return torch.stack([torch.softmax(row, 0) for row in z])


def softmax__oracle_torch(z):
    return torch.softmax(z, 1)


def center__matrix(x):
    n = len(x)
    return (np.eye(n, dtype=x.dtype) - np.full((n, n), 1 / n, x.dtype)) @ x


def center__oracle_mean(x):
    return np.stack([c - c.sum() / len(c) for c in x.T], 1)


def double__sum(n):
    return n + n


def double__oracle_shift(n):
    return n << 1
