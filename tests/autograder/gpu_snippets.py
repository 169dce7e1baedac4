"""What a GPU takes and what it refuses: snippets for a real and a pretended one.

Each snippet gets `x` (3, 4) float32 and `i` (3,) int64 on the GPU, `c` (3, 4) and `k`
(3,) on the CPU, `s` a CPU tensor without axes; it returns a tensor, whose place is part
of what is expected.
"""

import copy

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


class Double(torch.autograd.Function):
    """Writes its own backward pass, which builds a tensor on the gradient's device."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return 2 * x

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * 2 + torch.zeros(x.shape, device=grad.device)


def into(target, value):
    target[0] = value
    return target


def replaced(target, value):
    target.data = value
    return target


def trained(x, make):
    model = nn.Linear(4, 2).to(x.device)
    optimizer = make(model.parameters())
    for _ in range(2):
        optimizer.zero_grad()
        F.cross_entropy(model(x), torch.tensor([0, 1, 1], device=x.device)).backward()
        optimizer.step()
    return model.weight


def gradient_of(f, x):
    x = x.detach().requires_grad_()
    f(x).sum().backward()
    return x.grad


def augmented(x, y):
    x += y
    return x


GPU_TAKES = {
    "sum": lambda x, **_: x.sum(),
    "same device": lambda x, i, **_: x[:, i],
    "zeros on its device": lambda x, **_: x + torch.zeros(4, device=x.device),
    "arange by name": lambda x, **_: x + torch.arange(4, device="cuda"),
    "with device": lambda x, **_: x + _ones_in_context(x),
    "new_zeros": lambda x, **_: x + x.new_zeros(4),
    "new_tensor": lambda x, **_: x + x.new_tensor([1.0, 2.0, 3.0, 4.0]),
    "full_like": lambda x, **_: x + torch.full_like(x, 2.0),
    "randn_like": lambda x, **_: 0 * torch.randn_like(x),
    "to other": lambda x, c, **_: c.to(x) + x,
    "to device and dtype": lambda x, k, **_: k.to(x.device, torch.float32) + x[:, 0],
    "cuda": lambda x, c, **_: c.cuda() + x,
    "module to, by keyword": lambda x, **_: nn.LayerNorm(4).to(device=x.device)(x),
    "module to, dtype too": lambda x, **_: nn.LayerNorm(4).to(
        device=x.device, dtype=x.dtype
    )(x),
    "data replaced": lambda x, **_: replaced(torch.zeros_like(x), x) + 1,
    "CPU number": lambda x, s, **_: x * s,
    "number of the CPU first": lambda x, s, **_: s - x,
    "where with CPU number": lambda x, s, **_: torch.where(x > 0, x, s),
    "masked_fill with CPU number": lambda x, s, **_: x.masked_fill(x > 0, s),
    "CPU index": lambda x, k, **_: x[:, k],
    "CPU indices in a write": lambda x, k, **_: augmented_at(x.clone(), k),
    "range as index": lambda x, i, **_: x[range(3), i],
    "CPU tensor assigned": lambda x, c, **_: into(x.clone(), c[0]),
    "CPU number assigned": lambda x, s, **_: into(x.clone(), s),
    "masked write": lambda x, **_: masked(x.clone()),
    "view writes through": lambda x, **_: through_a_view(x.clone()),
    "in place": lambda x, **_: x.clone().add_(1).mul_(2).clamp_(min=0),
    "in-place transpose": lambda x, **_: x.clone().t_() + 0,
    "out": lambda x, **_: torch.add(x, x, out=torch.empty_like(x)),
    "one_hot": lambda i, **_: F.one_hot(i, 4),
    "one_hot unsized": lambda i, **_: F.one_hot(i),
    "eye": lambda x, **_: x @ torch.eye(4, device=x.device),
    "stack of numbers": lambda x, **_: torch.stack([row.sum() for row in x]),
    "tensor of numbers is on the CPU": lambda x, **_: torch.tensor([x[0, 0], x[1, 1]]),
    "tensor of items": lambda x, **_: torch.tensor([x[0, 0].item()], device=x.device),
    "as_tensor of a list": lambda x, **_: torch.as_tensor([1.0], device=x.device) + x,
    "einsum": lambda x, **_: torch.einsum("ij,kj->ik", x, x),
    "softmax": lambda x, **_: x.softmax(1),
    "cross_entropy": lambda x, i, **_: F.cross_entropy(x, i),
    "conv1d": lambda x, **_: F.conv1d(x[None], torch.ones(2, 3, 2, device=x.device)),
    "unfold": lambda x, **_: F.unfold(x[None, None], 2),
    "topk": lambda x, **_: x.topk(2).values,
    "sort": lambda x, **_: x.sort(dim=1).indices,
    "nonzero": lambda x, **_: (x > 0).nonzero(),
    "bincount": lambda i, **_: torch.bincount(i, minlength=5),
    "scatter_add": lambda x, i, **_: x.new_zeros(5).scatter_add(0, i, x[:, 0]),
    "index_add": lambda x, i, **_: x.new_zeros(5, 4).index_add(0, i, x),
    "svd": lambda x, **_: torch.linalg.svdvals(x),
    "solve": lambda x, **_: torch.linalg.solve(x @ x.T + torch.eye(3).to(x), x),
    "cdist": lambda x, **_: torch.cdist(x, x),
    "split": lambda x, **_: torch.cat(x.split(2, dim=1)[::-1], dim=1),
    "loop over rows": lambda x, **_: sum(row for row in x),
    "Python control flow": lambda x, **_: x if x.sum() > -1e9 else -x,
    "deepcopy": lambda x, **_: copy.deepcopy(x),
    "detach and clone": lambda x, **_: x.detach().clone(),
    "type": lambda x, **_: x.type(torch.float64),
    "double": lambda x, **_: x.double() + 1,
    "back to the CPU": lambda x, c, **_: x.cpu() + c,
    "to cpu": lambda x, c, **_: x.to("cpu") + c,
    "numpy of the CPU copy": lambda x, **_: torch.from_numpy(x.cpu().numpy()),
    "numpy by force": lambda x, **_: torch.from_numpy(x.numpy(force=True)),
    "tolist": lambda x, **_: torch.tensor(x.tolist()),
    "says cuda": lambda x, **_: torch.tensor(
        [x.is_cuda, x.device.type == "cuda", x.get_device() == 0, not x.is_cpu]
    ),
    "factory while no tensor is near": lambda x, c, **_: c + torch.ones(4),
    "backward": lambda x, **_: gradient_of(lambda y: y**2, x),
    "autograd.grad": lambda x, **_: autograd_grad(x),
    "own Function": lambda x, **_: gradient_of(Double.apply, x),
    "own Function, grad": lambda x, **_: autograd_grad(x, Double.apply),
    "backward through .to": lambda c, x, **_: gradient_of(lambda y: y.to(x.device), c),
    "checkpoint": lambda x, **_: gradient_of(checkpointed, x),
    "Linear": lambda x, **_: 0 * nn.Linear(4, 2, device=x.device)(x),
    "Module.to": lambda x, **_: 0 * nn.Sequential(nn.Linear(4, 2)).to(x.device)(x),
    "Module.to(device=)": lambda x, **_: (
        0 * nn.Linear(4, 2).to(device=x.device, dtype=x.dtype)(x)
    ),
    "LSTM": lambda x, **_: 0 * nn.LSTM(4, 5).to(x.device)(x[:, None])[0],
    "GRU": lambda x, **_: 0 * nn.GRU(4, 5).to(x.device)(x[:, None])[0],
    "attention": lambda x, **_: (
        0 * nn.MultiheadAttention(4, 2).to(x.device)(x, x, x)[0]
    ),
    "sdpa": lambda x, **_: F.scaled_dot_product_attention(x[None], x[None], x[None]),
    "encoder layer": lambda x, **_: (
        0 * nn.TransformerEncoderLayer(4, 2, 8).to(x.device)(x[:, None])
    ),
    "BatchNorm": lambda x, **_: nn.BatchNorm1d(4).to(x.device)(x),
    "LayerNorm": lambda x, **_: nn.LayerNorm(4).to(x.device)(x),
    "Embedding": lambda i, x, **_: 0 * nn.Embedding(5, 2).to(x.device)(i),
    "Dropout": lambda x, **_: 0 * F.dropout(x),
    "SGD": lambda x, **_: 0 * trained(x, lambda p: torch.optim.SGD(p, 0.1, 0.9)),
    "Adam": lambda x, **_: 0 * trained(x, torch.optim.Adam),
    "AdamW, one by one": lambda x, **_: (
        0 * trained(x, lambda p: torch.optim.AdamW(p, foreach=False))
    ),
    "clip_grad_norm": lambda x, **_: clipped(x),
    "no_grad": torch.no_grad()(lambda x, **_: x + 1),
    "vmap": lambda x, **_: torch.vmap(lambda row: row.sum())(x),
    "func.grad": lambda x, **_: torch.func.grad(lambda y: (y**3).sum())(x),
    "jacrev": lambda x, **_: torch.func.jacrev(torch.sin)(x[0]),
    "complex": lambda x, **_: torch.fft.fft(x).abs(),
    "bool reductions": lambda x, **_: (x > 0).all() | (x > 0).any(),
    "cumsum flip roll": lambda x, **_: x.cumsum(1).flip(0).roll(1, 1),
    "triu": lambda x, **_: torch.triu(torch.ones(4, 4, device=x.device), 1),
    "linspace": lambda x, **_: torch.linspace(0, 1, 4, device=x.device) + x,
    "multinomial": lambda x, **_: 0 * torch.multinomial(x.softmax(1), 2),
    "cat": lambda x, **_: torch.cat([x, x]),
    "meshgrid": lambda x, **_: torch.meshgrid(x[0], x[1], indexing="ij")[0],
    "pad": lambda x, **_: F.pad(x, (1, 1)),
    "interpolate": lambda x, **_: F.interpolate(x[None, None], scale_factor=2),
    "repeat_interleave": lambda x, **_: x.repeat_interleave(2, 0),
    "unique": lambda i, **_: i.unique(),
    "tensor_split of indices": lambda i, **_: torch.isin(i, i),
    "len, size, format": lambda x, **_: x * len(x) + x.size(0) + len(f"{x.sum():.2f}"),
    "iter of items": lambda x, **_: x * max(float(v) for v in x.flatten()),
    "requires_grad factory": lambda x, **_: (
        torch.ones(4, device=x.device, requires_grad=True) * x
    ),
}


def _ones_in_context(x):
    with torch.device(x.device):
        return torch.ones(4)


def augmented_at(x, k):
    x[range(3), k] -= 1
    return x


def masked(x):
    x[x > 0] = 0
    x[x < -1] += 1
    return x


def through_a_view(x):
    x[1][2] = 7
    x.view(-1)[0] += 5
    x.T[3] *= 2
    return x


def autograd_grad(x, f=torch.sin):
    x = x.detach().requires_grad_()
    return torch.autograd.grad(f(x).sum(), x)[0]


def checkpointed(x):
    return torch.utils.checkpoint.checkpoint(torch.sin, x, use_reentrant=False)


def clipped(x):
    model = nn.Linear(4, 2).to(x.device)
    model(x).sum().backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    return 0 * model.weight.grad


GPU_REFUSES = {
    "data from the CPU": lambda x, c, **_: replaced(torch.zeros_like(x), c) + x,
    "CPU matrix": lambda x, c, **_: x + c,
    "forgotten device": lambda x, **_: x + torch.zeros(4),
    "forgotten device in matmul": lambda x, **_: x @ torch.eye(4),
    "model on the CPU": lambda x, **_: nn.Linear(4, 2)(x),
    "labels on the CPU": lambda x, k, **_: F.cross_entropy(x, k),
    "cat": lambda x, c, **_: torch.cat([x, c]),
    "stack of mixed numbers": lambda x, s, **_: torch.stack([x[0, 0], s]),
    "where": lambda x, c, **_: torch.where(x > 0, x, c),
    "gather": lambda x, k, **_: x.gather(1, k[:, None]),
    "index of a CPU tensor": lambda c, i, **_: c[i],
    "scatter": lambda x, c, i, **_: x.new_zeros(5).scatter_add(0, i, c[:, 0]),
    "adding to a CPU tensor": lambda c, x, **_: augmented(c.clone(), x),
    "adding to a CPU number": lambda s, x, **_: augmented(s.clone(), x[0, 0]),
    "mask of the CPU": lambda x, c, **_: x.masked_fill(c > 0, 0.0),
    "conv": lambda x, **_: F.conv1d(x[None], torch.ones(2, 3, 2)),
    "numpy": lambda x, **_: torch.from_numpy(x.numpy()),
    "np.asarray": lambda x, **_: torch.from_numpy(np.asarray(x)),
    "np.exp": lambda x, **_: torch.from_numpy(np.exp(x)),
    "numpy after detach": lambda x, **_: torch.from_numpy(x.detach().numpy()),
    "CPU generator": lambda x, **_: torch.randn(
        4, generator=torch.Generator(), device=x.device
    ),
    "einsum": lambda x, c, **_: torch.einsum("ij,ij->i", x, c),
    "out on the CPU": lambda x, **_: torch.add(x, x, out=torch.empty(3, 4)),
    "mixture in an own Function": lambda x, **_: Mixed.apply(x),
    "LSTM state on the CPU": lambda x, **_: nn.LSTM(4, 5).to(x.device)(
        x[:, None], (torch.zeros(1, 1, 5), torch.zeros(1, 1, 5))
    )[0],
    "cdist": lambda x, c, **_: torch.cdist(x, c),
    "solve": lambda x, c, **_: torch.linalg.lstsq(x, c).solution,
    "embedding": lambda x, k, **_: F.embedding(k, x),
    "bincount weights": lambda i, c, **_: torch.bincount(i, c[:, 0]),
    "tensor of numbers": lambda x, **_: x[:, :2] * torch.tensor([x[0, 0], x[1, 1]]),
}


class Mixed(torch.autograd.Function):
    """Builds a tensor on the wrong device in its forward pass."""

    @staticmethod
    def forward(ctx, x):
        return x + torch.zeros(4)
