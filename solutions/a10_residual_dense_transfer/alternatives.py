"""Other right answers of a10; those named oracle prove the reference independently."""

import copy
from itertools import pairwise, takewhile

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

# ---- grad_norms


def grad_norms__copies_the_model(model, x, y):
    model = copy.deepcopy(model)
    model.requires_grad_(True)
    model.zero_grad()
    F.cross_entropy(model(x), y).backward()
    return torch.stack([p.grad.norm() for p in model.parameters() if p.ndim >= 2])


def grad_norms__puts_everything_back(model, x, y):
    buffers = [b.clone() for b in model.buffers()]
    weights = [p for p in model.parameters() if p.ndim > 1]
    flags = [p.requires_grad for p in weights]
    for p in weights:
        p.requires_grad = True
    grads = torch.autograd.grad(F.cross_entropy(model(x), y), weights)
    for p, flag in zip(weights, flags, strict=True):
        p.requires_grad = flag
    with torch.no_grad():
        for b, before in zip(model.buffers(), buffers, strict=True):
            b.copy_(before)
    return torch.stack([(g**2).sum().sqrt() for g in grads])


def grad_norms__oracle_outer_products(model, x, y):
    """Each weight's gradient from what goes in and the gradient of what comes out."""
    model, seen = copy.deepcopy(model).requires_grad_(True), {}

    def note(layer, inputs, output):
        seen[layer] = inputs[0].detach(), output

    layers = [m for m in model.modules() if isinstance(m, (nn.Linear, nn.Conv2d))]
    for layer in layers:
        layer.register_forward_hook(note)
    loss = F.cross_entropy(model(x), y)
    norms = []
    for layer in layers:
        h, out = seen[layer]
        delta = torch.autograd.grad(loss, out, retain_graph=True)[0]
        if isinstance(layer, nn.Conv2d):
            h = F.unfold(h, layer.kernel_size)
            norms.append((delta.flatten(2) @ h.transpose(1, 2)).sum(0).norm())
        else:
            norms.append((delta.T @ h).norm())
    return torch.stack(norms)


# ---- BasicBlock


class BasicBlock__in_sequence(nn.Module):
    def __init__(self, cin, cout, stride=1):
        super().__init__()
        self.bn2 = nn.BatchNorm2d(cout)
        self.bn1 = nn.BatchNorm2d(cout)
        self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.relu = nn.ReLU(inplace=True)
        self.shortcut = nn.Sequential()  # an empty one returns what it gets
        if (stride, cin) != (1, cout):
            self.shortcut.append(nn.Conv2d(cin, cout, 1, stride, bias=False))
            self.shortcut.append(nn.BatchNorm2d(cout))

    def forward(self, x):
        out = self.shortcut(x)
        out = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x))))) + out
        return self.relu(out)


class BasicBlock__oracle_formulas(nn.Module):
    """Convolutions as matrix products, normalisation as a formula."""

    def __init__(self, cin, cout, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(cout)
        self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(cout)
        self.shortcut = nn.Sequential()
        if stride > 1 or cin != cout:
            self.shortcut.append(nn.Conv2d(cin, cout, 1, stride, bias=False))
            self.shortcut.append(nn.BatchNorm2d(cout))
        self.stride = stride

    def _normalised(self, x, w, bn, stride):
        k = w.shape[-1]
        rows = (x.shape[2] - 1) // stride + 1
        cols = F.unfold(x, k, padding=k // 2, stride=stride)
        z = (w.flatten(1) @ cols).unflatten(2, (rows, -1))
        var, mean = bn.running_var, bn.running_mean
        if self.training:
            var, mean = torch.var_mean(z, (0, 2, 3), correction=0)
            count = z.numel() // z.shape[1]
            unbiased = var.detach() * count / (count - 1)
            bn.running_mean.lerp_(mean.detach(), bn.momentum)
            bn.running_var.lerp_(unbiased, bn.momentum)
            bn.num_batches_tracked += 1
        z = (z - mean[:, None, None]) / (var + bn.eps).sqrt()[:, None, None]
        return z * bn.weight[:, None, None] + bn.bias[:, None, None]

    def forward(self, x):
        h = self._normalised(x, self.conv1.weight, self.bn1, self.stride)
        h = self._normalised(h.clamp(min=0), self.conv2.weight, self.bn2, 1)
        if len(self.shortcut):
            conv, bn = self.shortcut
            x = self._normalised(x, conv.weight, bn, self.stride)
        return (h + x).clamp(min=0)


# ---- ResNet


class ResNet__lists_of_blocks(nn.Module):
    def __init__(self, block, depths, widths, classes, in_channels=3):
        super().__init__()
        inputs = [widths[0], *widths[:-1]]
        self.stages = nn.Sequential(
            *(
                nn.Sequential(
                    block(before, width, 1 if i == 0 else 2),
                    *(block(width, width, 1) for _ in range(depth - 1)),
                )
                for i, (depth, before, width) in enumerate(
                    zip(depths, inputs, widths, strict=True)
                )
            )
        )
        conv = nn.Conv2d(in_channels, widths[0], 3, 1, 1, bias=False)
        self.stem = nn.Sequential(conv, nn.BatchNorm2d(widths[0]), nn.ReLU(True))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(widths[-1], classes)

    def forward(self, x):
        out = self.stem(x)
        for stage in self.stages:
            out = stage(out)
        return self.head(torch.flatten(self.pool(out), 1))


class ResNet__oracle_functional(nn.Module):
    """Stem and head by their formulas, from the same named parameters."""

    def __init__(self, block, depths, widths, classes, in_channels=3):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, widths[0], 3, padding=1, bias=False),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(),
        )
        chain = [
            widths[0],
            *(w for w, d in zip(widths, depths, strict=True) for _ in range(d)),
        ]
        starts = [sum(depths[:i]) for i in range(1, len(depths))]
        blocks = [
            block(*chain[i : i + 2], 2 if i in starts else 1)
            for i in range(len(chain) - 1)
        ]
        cuts = [0, *starts, len(blocks)]
        self.stages = nn.Sequential(
            *(nn.Sequential(*blocks[a:b]) for a, b in pairwise(cuts))
        )
        self.head = nn.Linear(chain[-1], classes)

    def forward(self, x):
        conv, bn, _ = self.stem
        if bn.training:
            bn.num_batches_tracked += 1
        cols = F.unfold(x, 3, padding=1)
        z = (conv.weight.flatten(1) @ cols).unflatten(2, x.shape[2:])
        z = F.batch_norm(
            z, bn.running_mean, bn.running_var, bn.weight, bn.bias, bn.training
        )
        z = z.clamp(min=0)
        for stage in self.stages:
            for block in stage:
                z = block(z)
        pooled = z.flatten(2).sum(2) / (z.shape[2] * z.shape[3])
        return torch.einsum("nc,kc->nk", pooled, self.head.weight) + self.head.bias


# ---- dense


class DenseBlock__keeps_a_list(nn.Module):
    def __init__(self, cin, growth, count):
        super().__init__()
        self.layers = nn.ModuleList()
        for _ in range(count):
            conv = nn.Conv2d(cin, growth, 3, 1, 1, bias=False)
            norm, relu = nn.BatchNorm2d(cin), nn.ReLU(inplace=True)
            self.layers.append(nn.Sequential(norm, relu, conv))
            cin += growth

    def forward(self, x):
        found = [x]
        for layer in self.layers:
            found.append(layer(torch.hstack(found)))
        return torch.hstack(found)


class Transition__keeps_a_list(nn.Module):
    """The mean and a 1x1 convolution may change places: both are linear."""

    def __init__(self, cin, cout):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, kernel_size=1, bias=False)
        self.norm = nn.BatchNorm2d(cin)
        self.pool = nn.AvgPool2d(2)

    def forward(self, x):
        return self.conv(self.pool(torch.relu(self.norm(x))))


class DenseBlock__oracle_sum_of_convolutions(nn.Module):
    """A convolution of a concatenation is a sum of convolutions of its parts."""

    def __init__(self, cin, growth, count):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.BatchNorm2d(cin + i * growth),
                nn.ReLU(),
                nn.Conv2d(cin + i * growth, growth, 3, padding=1, bias=False),
            )
            for i in range(count)
        )

    def forward(self, x):
        maps = [x]
        for norm, _, conv in self.layers:
            if norm.training:
                norm.num_batches_tracked += 1
            total, start = 0, 0
            for m in maps:
                part = slice(start, start + m.shape[1])
                start += m.shape[1]
                z = F.batch_norm(
                    m,
                    norm.running_mean[part],
                    norm.running_var[part],
                    norm.weight[part],
                    norm.bias[part],
                    norm.training,
                    norm.momentum,
                    norm.eps,
                )
                total = total + F.conv2d(z.relu(), conv.weight[:, part], padding=1)
            maps.append(total)
        return torch.cat(maps, 1)


class Transition__oracle_sum_of_convolutions(nn.Module):
    """One convolution with a 2x2 kernel of equal weights and stride 2."""

    def __init__(self, cin, cout):
        super().__init__()
        self.norm = nn.BatchNorm2d(cin)
        self.conv = nn.Conv2d(cin, cout, 1, bias=False)

    def forward(self, x):
        kernel = self.conv.weight.expand(-1, -1, 2, 2) / 4
        return F.conv2d(self.norm(x).relu(), kernel, stride=2)


# ---- load_partial


def load_partial__filters_first(model, state):
    own = model.state_dict()
    good = {k: v for k, v in state.items() if k in own and v.shape == own[k].shape}
    missing = model.load_state_dict(good, strict=False).missing_keys
    return missing, [k for k in state if k not in good]


def load_partial__oracle_entry_by_entry(model, state):
    tensors = dict(model.named_parameters()) | dict(model.named_buffers())
    missing, used = [], set()
    for name in model.state_dict():
        new, old = state.get(name), tensors[name]
        if new is None or tuple(new.shape) != tuple(old.shape):
            missing.append(name)
            continue
        old.data[...] = new.to(old.dtype)
        used.add(name)
    return missing, [name for name in state if name not in used]


# ---- freeze


def freeze__replaces_train(model, until):
    names = [name for name, _ in model.named_children()]
    if until not in names:
        raise ValueError(f"{until} is not a child of the model")
    for name in names[: names.index(until) + 1]:
        child = getattr(model, name)
        for p in child.parameters():
            p.requires_grad = False
        child.eval()
        child.train = lambda mode=True, child=child: child


def freeze__oracle_frozen_forward(model, until):
    """Runs each frozen child in evaluation mode, whatever its flag says."""
    children = list(model.named_children())
    if all(name != until for name, _ in children):
        raise ValueError(until)
    behind = takewhile(lambda pair: pair[0] != until, children[::-1])
    for _, child in children[: len(children) - len(list(behind))]:
        for p in child.parameters():
            p.requires_grad_(False)

        def forward(x, child=child, own=child.forward):
            modes = [(m, m.training) for m in child.modules()]
            child.eval()
            out = own(x)
            for m, mode in modes:
                m.training = mode
            return out

        child.forward = forward


# ---- param_groups


def param_groups__by_membership(model, lr_body, lr_head):
    head = set(model.head.parameters())
    groups = {"body": [], "head": []}
    for p in model.parameters():
        if p.requires_grad:
            groups["head" if p in head else "body"].append(p)
    return [
        {"params": groups["body"], "lr": lr_body},
        {"params": groups["head"], "lr": lr_head},
    ]


def param_groups__oracle_by_marking(model, lr_body, lr_head):
    """Writes into the head's parameters which group they are in, and reads it there."""
    groups = [{"params": [], "lr": lr_body}, {"params": [], "lr": lr_head}]
    for p in model.parameters():
        p.group = 0
    for p in model.head.parameters():
        p.group = 1
    for p in filter(lambda p: p.requires_grad, model.parameters()):
        groups[p.group]["params"].append(p)
    for p in model.parameters():
        del p.group
    return groups


# ---- fold_bn


def fold_bn__builds_a_new_one(conv, bn):
    folded = nn.Conv2d(
        conv.in_channels,
        conv.out_channels,
        conv.kernel_size,
        conv.stride,
        conv.padding,
        conv.dilation,
        conv.groups,
        bias=True,
        padding_mode=conv.padding_mode,
        device=conv.weight.device,
        dtype=conv.weight.dtype,
    )
    with torch.no_grad():
        scale = bn.weight * (bn.running_var + bn.eps).rsqrt()
        bias = 0 if conv.bias is None else conv.bias
        folded.weight.copy_(torch.einsum("f,fcij->fcij", scale, conv.weight))
        folded.bias.copy_(bn.bias + scale * (bias - bn.running_mean))
    return folded


def fold_bn__oracle_torch(conv, bn):
    conv, bn = copy.deepcopy(conv).eval(), copy.deepcopy(bn).eval()
    return fuse_conv_bn_eval(conv, bn)


def fold_bn__oracle_probing(conv, bn):
    """Reads the affine map off by what it does to the channels of zero and one."""
    bn = copy.deepcopy(bn).eval()
    folded = copy.deepcopy(conv)
    with torch.no_grad():
        plain = torch.zeros_like(bn.running_mean).view(1, -1, 1, 1)
        at_zero = bn(plain)
        slope = (bn(plain + 1) - at_zero).view(-1, 1, 1, 1)
        own = plain if conv.bias is None else conv.bias.view(1, -1, 1, 1)
        folded.weight = nn.Parameter(slope * conv.weight)
        folded.bias = nn.Parameter(bn(own).flatten())
    return folded
