"""Answers of a10: residual and dense networks, and transfer.

Letters: N images, C channels, H height, W width, K classes, L layers, g
growth. Modules have the parameter names that their docstrings state, so that
the weights of one implementation can be loaded into another. Left out:
bottleneck blocks, pre-activation, compression of dense blocks, other
normalisations (a09).
"""

import copy

import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call


def grad_norms(model, x, y):
    """Measure how much gradient reaches each layer's weights.

    The loss is the mean cross-entropy of model(x) and y. Weights are the
    parameters with two axes or more (of convolutions and linear layers);
    biases and the vectors of batch normalisation are left out.

    Args:
        model: module from x to logits (N, K), in training or in evaluation
            mode; measure it in the mode that it has.
        x: (N, ...) inputs.
        y: (N,) int64, classes 0 to K-1.

    Returns:
        (L,) tensor, dtype and device of x, without a graph: the Euclidean
        norm (not its square) of the loss's gradient with respect to each
        weight, in the order of model.parameters(). Frozen weights
        (requires_grad is False) are measured, too.

    A measurement changes nothing: the model's mode, its parameters and
    their requires_grad, its buffers (running statistics!) and whatever
    .grad its parameters hold are afterwards what they were before.
    """
    tensors = {k: v.detach().clone() for k, v in model.state_dict().items()}
    weights = [
        tensors[name].requires_grad_()
        for name, p in model.named_parameters()
        if p.dim() > 1
    ]
    loss = F.cross_entropy(functional_call(model, tensors, (x,)), y)
    grads = torch.autograd.grad(loss, weights)
    return torch.stack([g.norm() for g in grads])


class BasicBlock(nn.Module):
    """Residual block of two 3x3 convolutions (He et al. 2015, figure 2).

    With F(x) = bn2(conv2(relu(bn1(conv1(x))))), the output is
    relu(F(x) + shortcut(x)). The caller's x is not changed.

    Args:
        cin: channels of the input.
        cout: channels of the output, and between the two convolutions.
        stride: of the first convolution; the second one has stride 1.

    Attributes, by which the parameters get their names:
        conv1, conv2: nn.Conv2d, 3x3, padding 1, no bias.
        bn1, bn2: nn.BatchNorm2d.
        shortcut: has no parameters and returns x as it is, if the input
            has the shape of the output (stride 1 and cin == cout). Else
            nn.Sequential of a 1x1 nn.Conv2d with the block's stride,
            without padding or bias, and an nn.BatchNorm2d.

    Shapes: forward maps x (N, cin, H, W) to (N, cout, H', W'), where H' is
    H / stride, rounded up.
    """

    def __init__(self, cin, cout, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(cout)
        self.conv2 = nn.Conv2d(cout, cout, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(cout)
        self.shortcut = nn.Identity()
        if stride != 1 or cin != cout:
            self.shortcut = nn.Sequential(
                nn.Conv2d(cin, cout, 1, stride, bias=False),
                nn.BatchNorm2d(cout),
            )

    def forward(self, x):
        h = F.relu(self.bn1(self.conv1(x)))
        h = self.bn2(self.conv2(h))
        return F.relu(h + self.shortcut(x))


class ResNet(nn.Module):
    """Stages of blocks; each later stage halves the image.

    Args:
        block: called as block(cin, cout, stride), with three positional
            arguments, returns a module from (N, cin, H, W) to
            (N, cout, H / stride, W / stride).
        depths: number of blocks of each stage, each at least 1.
        widths: channels of each stage, as many entries as depths.
        classes: K.
        in_channels: C, channels of the images.

    Attributes, by which the parameters get their names:
        stem: nn.Sequential of a 3x3 nn.Conv2d from C to widths[0] channels
            (padding 1, no bias), an nn.BatchNorm2d and an nn.ReLU.
        stages: nn.Sequential with one nn.Sequential of blocks for each
            stage. Every block of stage i has widths[i] output channels.
            The first block of every stage but the first has stride 2; all
            other blocks have stride 1.
        head: nn.Linear from widths[-1] to K.

    Shapes: forward maps x (N, C, H, W) to logits (N, K): stem, stages, the
    mean over all places of each channel, head. H and W may be any size.
    """

    def __init__(self, block, depths, widths, classes, in_channels=3):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, widths[0], 3, padding=1, bias=False),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(),
        )
        self.stages = nn.Sequential()
        cin = widths[0]
        for i, (depth, width) in enumerate(zip(depths, widths, strict=True)):
            stage = nn.Sequential()
            for j in range(depth):
                stride = 2 if i > 0 and j == 0 else 1
                stage.append(block(cin, width, stride))
                cin = width
            self.stages.append(stage)
        self.head = nn.Linear(cin, classes)

    def forward(self, x):
        x = self.stages(self.stem(x))
        return self.head(x.mean((2, 3)))


class DenseBlock(nn.Module):
    """Layers that each see all earlier feature maps (Huang et al. 2016).

    Layer i (i = 0, 1, ...) is batch normalisation, ReLU, and a 3x3
    convolution from cin + i * growth to growth channels. Its input is the
    concatenation, along the channels, of the block's input x and the
    outputs of layers 0 to i-1, in this order.

    Args:
        cin: channels of the input.
        growth: g, channels that each layer adds.
        count: number of layers.

    Attributes, by which the parameters get their names:
        layers: nn.ModuleList of one nn.Sequential for each layer:
            nn.BatchNorm2d, nn.ReLU, nn.Conv2d (3x3, padding 1, no bias).

    Shapes: forward maps x (N, cin, H, W) to (N, cin + count * growth, H, W):
    x, then the outputs of all layers in order. The caller's x is not
    changed.
    """

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
        for layer in self.layers:
            x = torch.cat((x, layer(x)), dim=1)
        return x


class Transition(nn.Module):
    """What lies between two dense blocks: fewer channels, half the size.

    Batch normalisation, ReLU, a 1x1 convolution, and the mean of windows of
    2x2 pixels with stride 2 (of an odd size, the last row or column falls
    away).

    Args:
        cin: channels of the input.
        cout: channels of the output.

    Attributes, by which the parameters get their names:
        norm: nn.BatchNorm2d.
        conv: nn.Conv2d, 1x1, no bias.

    Shapes: forward maps x (N, cin, H, W) to (N, cout, H // 2, W // 2). The
    caller's x is not changed.
    """

    def __init__(self, cin, cout):
        super().__init__()
        self.norm = nn.BatchNorm2d(cin)
        self.conv = nn.Conv2d(cin, cout, 1, bias=False)

    def forward(self, x):
        return F.avg_pool2d(self.conv(F.relu(self.norm(x))), 2)


def load_partial(model, state):
    """Copy what fits from a state dict into a model, and say what did not.

    An entry of state fits if model.state_dict() has an entry with exactly
    the same name and exactly the same shape. Fitting entries are copied,
    parameters and buffers alike.

    Args:
        model: any module; changed in place. Its parameters stay the same
            objects, with their dtype, device and requires_grad: an
            optimizer that holds them goes on working.
        state: dict from names to tensors, of any dtype. It is not changed,
            and the model shares no memory with it afterwards.

    Returns:
        missing: list of names of model.state_dict() that got no value, in
            its order.
        unexpected: list of names of state that were not used, in its order.
        A name whose shapes differ stands in both lists.
    """
    own = model.state_dict()
    fitting = {
        name
        for name, value in state.items()
        if name in own and own[name].shape == value.shape
    }
    with torch.no_grad():
        for name in fitting:
            own[name].copy_(state[name])
    missing = [name for name in own if name not in fitting]
    unexpected = [name for name in state if name not in fitting]
    return missing, unexpected


def freeze(model, until):
    """Freeze the children of a model from the first one up to a given one.

    model.named_children() are the parts of a model, in order. Those up to
    and including the one with the name `until` are frozen:

    - none of their parameters requires a gradient any more;
    - from now on they compute as in evaluation mode, whatever mode the
      model is put into afterwards: batch normalisation uses its running
      statistics and leaves them as they are, dropout drops nothing. In
      particular a later model.train() does not wake them up. It is enough
      that this holds whenever model is called.

    The children behind `until`, and model's own mode, stay as they are. An
    optimizer's business (weight decay!) is not yours here.

    Args:
        model: any module; changed in place.
        until: name of one of its children.

    Returns:
        None.

    Raises:
        ValueError: model has no child named until. Nothing is frozen then.
    """
    children = dict(model.named_children())
    if until not in children:
        raise ValueError(f"expected one of {list(children)}, got {until!r}")

    def stay_in_evaluation(child, inputs):
        child.eval()  # just before each use: this undoes a model.train()

    for name, child in children.items():
        child.requires_grad_(False)
        child.register_forward_pre_hook(stay_in_evaluation)
        if name == until:
            return


def param_groups(model, lr_body, lr_head):
    """Sort parameters into two groups with learning rates of their own.

    The head is model.head; the body is everything else. Frozen parameters
    (requires_grad is False) are in no group; every other parameter is in
    exactly one. A parameter that head and body share counts as the head's.

    Args:
        model: module with an attribute head, itself a module.
        lr_body: learning rate of the body.
        lr_head: learning rate of the head.

    Returns:
        A list of two dicts {"params": list of parameters, "lr": number} for
        an optimizer of torch, the body first. The parameters are those of
        the model (no copies), in the order of model.parameters(). A group
        may be empty, if all of its part is frozen.
    """
    head = {id(p) for p in model.head.parameters()}
    trainable = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in trainable if id(p) not in head], "lr": lr_body},
        {"params": [p for p in trainable if id(p) in head], "lr": lr_head},
    ]


def fold_bn(conv, bn):
    """Merge a batch normalisation into the convolution before it.

    In evaluation mode bn(conv(x)) is itself one convolution; return it.

    Args:
        conv: nn.Conv2d with any stride, padding, padding mode, dilation and
            groups, with or without bias.
        bn: nn.BatchNorm2d over conv's output channels, with weight and
            bias; its running statistics count, whatever mode it is in.

    Returns:
        A new nn.Conv2d with conv's settings, dtype and device, and with a
        bias, that maps every x to what bn(conv(x)) is in evaluation mode.

    conv and bn stay as they are, and share no memory with the result.
    """
    scale = bn.weight / torch.sqrt(bn.running_var + bn.eps)
    shift = bn.bias - scale * bn.running_mean
    if conv.bias is not None:
        shift = shift + scale * conv.bias
    folded = copy.deepcopy(conv)
    folded.weight = nn.Parameter(conv.weight * scale.view(-1, 1, 1, 1))
    folded.bias = nn.Parameter(shift)
    return folded
