"""Other right answers to the watched assignment."""

import torch


def total__loop(x):
    found = x[0]
    for number in x[1:]:
        found = found + number
    return found


def sides__difference(x):
    return (x[:, 0] - x[:, 1] > 0).long()


def noise__normal(n, generator):
    return torch.zeros(n).normal_(generator=generator)
