"""Wrong answers to the softmax assignment."""

import torch


def softmax__no_shift(z):
    """You do not subtract the largest logit, so exp overflows."""
    e = torch.exp(z)
    return e / e.sum(dim=1, keepdim=True)


def softmax__wrong_axis(z):
    """You normalise over the samples; normalise over the classes."""
    return torch.softmax(z, dim=0)


def softmax__in_place(z):
    """You change the caller's logits."""
    z -= z.max(dim=1, keepdim=True).values
    e = torch.exp(z)
    return e / e.sum(dim=1, keepdim=True)


def log_softmax__log_of_softmax(z):
    """You take the logarithm of probabilities that have underflowed to 0."""
    return torch.softmax(z, dim=1).log()


def log_softmax__wrong_axis(z):
    """You normalise over the samples; normalise over the classes."""
    return torch.log_softmax(z, dim=0)


def log_softmax__base_two(z):
    """You use the logarithm to base 2; use the natural one."""
    return torch.log_softmax(z, dim=1) / 0.6931471805599453


def cross_entropy__sum(z, y):
    """You add the samples up; take their mean."""
    log_p = z - z.logsumexp(dim=1, keepdim=True)
    return -log_p.gather(1, y[:, None]).sum()


def cross_entropy__sign(z, y):
    """The sign is missing: log-probabilities are negative."""
    log_p = z - z.logsumexp(dim=1, keepdim=True)
    return log_p.gather(1, y[:, None]).mean()


def cross_entropy__logits(z, y):
    """You forget to normalise: these are logits, not log-probabilities."""
    return -z.gather(1, y[:, None]).mean()


def cross_entropy_gradient__no_mean(z, y):
    """You forget to divide by the number of samples."""
    one_hot = torch.zeros_like(z).scatter(1, y[:, None], 1.0)
    return torch.softmax(z, dim=1) - one_hot


def cross_entropy_gradient__sign(z, y):
    """The sign is reversed: probabilities minus targets."""
    one_hot = torch.zeros_like(z).scatter(1, y[:, None], 1.0)
    return (one_hot - torch.softmax(z, dim=1)) / len(z)


def cross_entropy_gradient__no_target(z, y):
    """You forget to subtract the targets."""
    return torch.softmax(z, dim=1) / len(z)


def soften__multiplied(z, temperature):
    """You multiply by the temperature; divide by it."""
    return torch.softmax(z * temperature, dim=1)


def soften__after(z, temperature):
    """You divide the probabilities, which then do not add up to one."""
    return torch.softmax(z, dim=1) / temperature


def soften__ignored(z, temperature):
    """You ignore the temperature."""
    return torch.softmax(z, dim=1)
