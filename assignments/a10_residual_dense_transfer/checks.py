"""Checks of a10: residual and dense networks, and transfer."""

import torch
import torch.nn.functional as F
from torch import nn

from autograder import Exercise, Written, exact, gradient


def shapes(module):
    """Names and shapes of everything that a module's state dict holds."""
    state = module.state_dict()
    return {name: list(state[name].shape) for name in sorted(state)}


def statistics(module):
    """Buffers by name: running statistics, and how many batches they saw."""
    return dict(sorted(module.named_buffers()))


# ---- grad_norms

grad_norms = Exercise("grad_norms", points=3)


class Mixing(nn.Linear):
    """A linear layer whose weight goes by another name."""

    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs)
        self.matrix = self.weight
        del self.weight

    def forward(self, x):
        """Map x (N, inputs) to (N, outputs)."""
        return F.linear(x, self.matrix, self.bias)


class Tower(nn.Module):
    """Linear layers with skips, narrow and deep, normalised or not."""

    def __init__(self, blocks, classes=4, norm=nn.BatchNorm1d):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(3, 3) for _ in range(blocks))
        self.norms = nn.ModuleList(norm(3) for _ in range(blocks))
        self.head = Mixing(3, classes)

    def forward(self, x):
        """Map x (N, 3) to logits (N, classes)."""
        for layer, norm in zip(self.layers, self.norms, strict=True):
            x = x + torch.tanh(norm(layer(x)))
        return self.head(x)


def small_cnn(rng):
    """A convolution, a normalisation and a linear layer, all sizes different."""
    layers = (
        nn.Conv2d(2, 3, (3, 2)),
        nn.BatchNorm2d(3),
        nn.Tanh(),
        nn.Flatten(),
        nn.Linear(18, 5),
    )
    return rng.fill(nn.Sequential(*layers))


@grad_norms.case
def weights_only(grad_norms, rng):
    """A convolution and a linear layer give two norms, the input's side first."""
    model, x, y = small_cnn(rng), rng.normal(4, 2, 5, 3), rng.integers(0, 5, 4)
    found = grad_norms(model, x, y)
    return {"norms": found, "has a graph": getattr(found, "requires_grad", False)}


@grad_norms.case
def in_evaluation_mode(grad_norms, rng):
    """In evaluation mode a single sample is measured with the running statistics."""
    model, x, y = small_cnn(rng).eval(), rng.normal(1, 2, 5, 3), rng.integers(0, 5, 1)
    return grad_norms(model, x, y), model.training


@grad_norms.case(without=("again", "float64", "strided", "device"))
def thirty_blocks(grad_norms, rng):
    """Thirty blocks and a head give 31 norms, in the order of the parameters."""
    model, x = rng.fill(Tower(30, norm=nn.Identity)), rng.normal(6, 3)
    return grad_norms(model, x, rng.integers(0, 4, 6))


@grad_norms.case
def leaves_no_trace(grad_norms, rng):
    """Statistics and .grad are afterwards what they were, and so is a second result."""
    model, x, y = rng.fill(Tower(2)), rng.normal(5, 3), rng.integers(0, 4, 5)
    for p in model.parameters():
        p.grad = torch.ones_like(p)
    first, second = grad_norms(model, x, y), grad_norms(model, x, y)
    kept = {name: exact(p.grad) for name, p in model.named_parameters()}
    return first, second, kept, statistics(model), model.training


@grad_norms.case(without=("float64", "strided"))
def frozen_weights_too(grad_norms, rng):
    """A frozen weight is measured like the others, and stays frozen."""
    model, x = rng.fill(Tower(2, classes=2)), rng.normal(3, 3)
    model.layers[0].requires_grad_(False)
    found = grad_norms(model, x, rng.integers(0, 2, 3))
    untouched = [p.grad is None for p in model.parameters()]
    return found, [p.requires_grad for p in model.parameters()], untouched


# ---- BasicBlock

BasicBlock = Exercise("BasicBlock", points=3)


@BasicBlock.case
def block_parameters(BasicBlock):
    """Parameters and buffers have the names and shapes of the specification."""
    kinds = {"same": (4, 4, 1), "wider": (3, 5, 1), "smaller": (4, 4, 2)}
    return {kind: shapes(BasicBlock(*sizes)) for kind, sizes in kinds.items()}


@BasicBlock.case(weight=2)
def same_shape(BasicBlock, rng):
    """Where input and output have one shape, x itself is added, then comes the ReLU."""
    block = rng.fill(BasicBlock(4, 4)).eval()
    x = rng.normal(2, 4, 5, 3, grad=True)
    out = block(x)
    return out, gradient(out, x)


@BasicBlock.case
def wider_and_smaller(BasicBlock, rng):
    """More channels and stride 2: a projection is added, of odd sizes too."""
    block = rng.fill(BasicBlock(3, 5, 2)).eval()
    x = rng.normal(1, 3, 7, 4, grad=True)
    out = block(x)
    return out, gradient(out, x)


@BasicBlock.case(without=("float64", "strided", "device"))
def halved_to_one_pixel(BasicBlock, rng):
    """An image of 2x2 pixels becomes a single one on both ways."""
    return rng.fill(BasicBlock(2, 2, 2)).eval()(rng.normal(2, 2, 2, 2))


@BasicBlock.case(without=("float64", "strided"))
def wider_only(BasicBlock, rng):
    """More channels at stride 1 need the projection as well."""
    return rng.fill(BasicBlock(2, 3, 1)).eval()(rng.normal(2, 2, 3, 4))


@BasicBlock.case
def in_training(BasicBlock, rng):
    """In training, batch statistics normalise, and the running ones move."""
    block = rng.fill(BasicBlock(3, 2, 2))
    out = block(rng.normal(4, 3, 5, 6))
    return out, statistics(block)


# ---- ResNet

ResNet = Exercise("ResNet", points=4)


class Probe(nn.Module):
    """A stand-in for a residual block: one convolution."""

    def __init__(self, cin, cout, stride, /):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, 3, stride, padding=1)

    def forward(self, x):
        """Map x (N, cin, H, W) to (N, cout, H / stride, W / stride)."""
        return torch.tanh(self.conv(x))


@ResNet.case
def builds_blocks(ResNet):
    """Blocks get channels and stride by position, the right ones, in order."""
    built = []

    def block(cin, cout, stride, /):
        built.append([cin, cout, stride])
        return Probe(cin, cout, stride)

    ResNet(block, (2, 1, 3), (4, 6, 5), 7)
    return built


@ResNet.case
def network_parameters(ResNet):
    """Parameters and buffers have the names and shapes of the specification."""
    return shapes(ResNet(Probe, (1, 2), (3, 5), 4)), shapes(
        ResNet(Probe, (1,), (2,), 3, 1)
    )


@ResNet.case(weight=2)
def logits(ResNet, rng):
    """Three stages give the right logits for images that are not square."""
    net = rng.fill(ResNet(Probe, (1, 2, 1), (3, 5, 4), 6)).eval()
    return net(rng.normal(2, 3, 9, 12))


@ResNet.case(without=("float64", "device"))
def any_size(ResNet, rng):
    """The same network takes images of several sizes."""
    net = rng.fill(ResNet(Probe, (1, 1), (2, 3), 4, in_channels=1)).eval()
    return [net(rng.normal(n, 1, h, w)) for n, h, w in ((1, 7, 5), (3, 4, 8))]


@ResNet.case(without=("float64", "strided", "device"))
def single_pixel(ResNet, rng):
    """Images of one pixel have one place to average over."""
    net = rng.fill(ResNet(Probe, (1, 1), (3, 2), 5, in_channels=2)).eval()
    return net(rng.normal(3, 2, 1, 1))


@ResNet.case
def whole_network_trains(ResNet, rng):
    """In training, the gradient reaches the images, and the statistics move."""
    net = rng.fill(ResNet(Probe, (2, 1), (3, 2), 3, in_channels=2))
    x = rng.normal(4, 2, 6, 5, grad=True)
    out = net(x)
    return out, gradient(out, x), statistics(net)


# ---- dense

dense = Exercise("dense", points=4, functions=("DenseBlock", "Transition"))


@dense.case
def dense_parameters(DenseBlock, Transition):
    """Parameters and buffers have the names and shapes of the specification."""
    return shapes(DenseBlock(3, 2, 4)), shapes(Transition(5, 3))


@dense.case(weight=2)
def three_layers(DenseBlock, rng):
    """Three layers: x comes first, then what each layer adds, oldest first."""
    block = rng.fill(DenseBlock(3, 2, 3)).eval()
    x = rng.normal(2, 3, 4, 5, grad=True)
    out = block(x)
    return out, gradient(out, x)


@dense.case
def other_sizes(DenseBlock, rng):
    """One layer that adds more than there was, and no layer at all."""
    x = rng.normal(1, 2, 3, 5)
    return [rng.fill(DenseBlock(2, *sizes)).eval()(x) for sizes in ((4, 1), (3, 0))]


@dense.case(without=("float64", "strided", "device"))
def as_many_again(DenseBlock, rng):
    """A layer that doubles the channels adds to the channels, and to nothing else."""
    return rng.fill(DenseBlock(2, 2, 1)).eval()(rng.normal(3, 2, 4, 5))


@dense.case
def dense_in_training(DenseBlock, Transition, rng):
    """In training, batch statistics normalise, and the running ones move."""
    block, transition = rng.fill(DenseBlock(2, 3, 2)), rng.fill(Transition(8, 3))
    out = block(rng.normal(3, 2, 4, 2))
    return out, statistics(block), transition(out), statistics(transition)


@dense.case(weight=2)
def transition_of_odd_size(Transition, rng):
    """Half the size, odd rows and columns fall away, and the gradient is right."""
    transition = rng.fill(Transition(4, 3)).eval()
    x = rng.normal(2, 4, 7, 6, grad=True)
    out = transition(x)
    return out, gradient(out, x)


# ---- load_partial

load_partial = Exercise("load_partial", points=3, without=("strided",))


def model_for(rng, classes=3, extra=False):
    """A small network with normalisation, filled; its head has `classes` outputs.

    It also has a buffer that no state dict holds.
    """
    parts = {"body": nn.Linear(4, 5), "norm": nn.BatchNorm1d(5)}
    if extra:
        parts["more"] = nn.Linear(5, 5)
    model = nn.Sequential(nn.ModuleDict(parts), nn.Linear(5, classes))
    model.register_buffer("scratch", torch.zeros(2), persistent=False)
    return rng.fill(model)


def state_for(rng, classes=3):
    """A state dict for such a network, with numbers of its own."""
    model, state = model_for(rng, classes), {}
    for name, value in model.state_dict().items():
        floating = value.is_floating_point()
        state[name] = rng.normal(*value.shape) if floating else value + 7
    return state


@load_partial.case(without=("float64", "device"))
def everything_fits(load_partial, rng):
    """Where all fits, parameters and buffers are copied, and both lists are empty."""
    model, state = model_for(rng), state_for(rng)
    lists = load_partial(model, state)
    return [list(names) for names in lists], model.state_dict()


@load_partial.case(weight=2)
def another_head(load_partial, rng):
    """A head of another size is left alone, and its names stand in both lists."""
    model, state = model_for(rng, 3), state_for(rng, 6)
    missing, unexpected = load_partial(model, state)
    return {"missing": missing, "unexpected": unexpected, "model": model.state_dict()}


@load_partial.case(without=("float64", "device"))
def other_layers(load_partial, rng):
    """Layers that one side lacks are reported, and the state keeps its entries."""
    model = model_for(rng, extra=True)
    state = dict(reversed(state_for(rng).items())) | {"old": rng.normal(2)}
    missing, unexpected = load_partial(model, state)
    return {"missing": missing, "unexpected": unexpected, "state": list(state)}, (
        model.state_dict()
    )


@load_partial.case(without=("float64", "device"))
def as_many_numbers(load_partial, rng):
    """As many numbers in another shape do not fit."""
    model, state = model_for(rng), state_for(rng)
    state["0.body.weight"] = rng.normal(5, 4).T
    state["1.weight"] = rng.normal(1, 3, 5)
    lists = load_partial(model, state)
    return [list(names) for names in lists], model.state_dict()


@load_partial.case(without=("float64", "device"))
def single_number(load_partial, rng):
    """A single number does not fit a vector, although it could be spread over it."""
    model, state = model_for(rng), state_for(rng)
    state["0.body.bias"] = rng.array(2.5)
    lists = load_partial(model, state)
    return [list(names) for names in lists], model.state_dict()


@load_partial.case(without=("float64", "device"))
def shares_nothing(load_partial, rng):
    """What happens to the state later on does not reach the model, nor back."""
    model, state = model_for(rng), state_for(rng)
    load_partial(model, state)
    with torch.no_grad():
        state["0.body.weight"].zero_()
        model[1].bias.fill_(3)
    return model.state_dict(), state


@load_partial.case
def same_parameters(load_partial, rng):
    """Parameters stay the objects they were, in their dtype, frozen or not."""
    model, state = model_for(rng), state_for(rng)
    model[1].bias.requires_grad_(False)
    before = list(model.parameters())
    load_partial(model, {name: value.half() for name, value in state.items()})
    after = list(model.parameters())
    same = [p is q for p, q in zip(before, after, strict=True)]
    flags = [[p.requires_grad, p.is_leaf, p.grad_fn is None] for p in after]
    return same, flags, model.state_dict()


# ---- freeze

freeze = Exercise("freeze", points=3, without=("strided",))


def three_parts():
    """Stem, body and what follows; normalisation also sits deeper, and dropout."""
    parts = {
        "stem": nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Dropout(0.5)),
        "body": nn.Sequential(nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5))),
        "body_norm": nn.BatchNorm1d(5),
        "head": nn.Linear(5, 2),
    }
    model = nn.Sequential()
    for name, part in parts.items():
        model.add_module(name, part)
    return model


def open_parameters(model):
    """Which parameters still require a gradient."""
    return {name: p.requires_grad for name, p in model.named_parameters()}


@freeze.case
def gradients_stop(freeze):
    """Parameters up to the named child are frozen, those behind it are not."""
    found = []
    for until in ("stem", "body", "head"):
        model = three_parts()
        freeze(model, until)
        found.append(open_parameters(model))
    return found


@freeze.case(weight=2)
def statistics_stand_still(freeze, rng):
    """After a later model.train(), frozen statistics are used and stand still."""
    model = rng.fill(three_parts())
    freeze(model, "body")
    model.train()
    out = [model(rng.normal(6, 4, mean=2.0)) for _ in range(2)]
    return out, statistics(model)


@freeze.case
def mode_comes_and_goes(freeze, rng):
    """Evaluation and back to training: what is frozen stays so, the rest trains."""
    model, x = rng.fill(three_parts()), rng.normal(5, 4)
    freeze(model, "stem")
    model.eval()
    tested = model(x)
    model.train()
    trained = model(x)
    return tested, trained, statistics(model), model.training


@freeze.case
def learns_behind(freeze, rng):
    """Steps against the gradient move the open parameters, and only them."""
    model, x = rng.fill(three_parts()), rng.normal(7, 4)
    freeze(model, "stem")
    for _ in range(2):
        F.cross_entropy(model(x), rng.integers(0, 2, 7)).backward()
        with torch.no_grad():
            for p in model.parameters():
                p -= 0.5 * (0 if p.grad is None else p.grad)
                p.grad = None
    return model.state_dict()


@freeze.case
def mode_of_the_rest(freeze):
    """The model's own mode stays, and so does that of the open parts."""
    model = three_parts()
    freeze(model, "stem")
    trained = model.training, model.body_norm.training, model.head.training
    model = three_parts().eval()
    freeze(model, "body")
    return trained, (model.training, model.body_norm.training, model.head.training)


@freeze.case
def unknown_child(freeze):
    """An unknown name raises a ValueError, and nothing has been frozen."""
    model, raised = three_parts(), "nothing"
    for name in ("tail", "body.0"):
        try:
            freeze(model, name)
        except ValueError:
            raised = "ValueError"
    return raised, open_parameters(model)


# ---- param_groups

param_groups = Exercise("param_groups", points=2)


class Named(nn.Module):
    """A network whose head is not its last child."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
        self.head = nn.Sequential(nn.Linear(5, 4), nn.Linear(4, 2))
        self.scale = nn.Parameter(torch.ones(1))
        self.head_norm = nn.LayerNorm(5)
        self.body = nn.Linear(4, 5)


def described(model, groups):
    """Groups with the names of their parameters in place of the parameters.

    Read twice, as an optimizer and a printed list of the groups would.
    """
    names = {id(p): name for name, p in model.named_parameters()}
    found = []
    for g in groups:
        params = [names.get(id(p), "a stranger") for p in g["params"]]
        again = len(list(g["params"]))
        found.append({"params": params, "read again": again, "lr": g["lr"]})
    return found


@param_groups.case
def body_then_head(param_groups):
    """Every parameter is in one group, the body's first, with its learning rate."""
    model = Named()
    return described(model, param_groups(model, 0.25, 2.0))


@param_groups.case
def without_the_frozen(param_groups):
    """Frozen parameters are in no group."""
    model = Named()
    model.stem.requires_grad_(False)
    model.head[0].bias.requires_grad_(False)
    return described(model, param_groups(model, 0.5, 0.125))


@param_groups.case
def all_of_the_body_frozen(param_groups):
    """With a body that is frozen throughout, its group is there and empty."""
    model = Named().requires_grad_(False)
    model.head.requires_grad_(True)
    return described(model, param_groups(model, 0.5, 4.0))


@param_groups.case
def shared_parameter(param_groups):
    """A weight that body and head share is the head's, and stands there once."""
    model = Named()
    model.body.bias = model.head_norm.bias
    model.head[1].weight = model.stem[0].weight
    return described(model, param_groups(model, 1.0, 3.0))


@param_groups.case
def one_step(param_groups, rng):
    """A step of one unit moves each parameter of the model by its own rate."""
    model = rng.fill(Named())
    model.stem[0].requires_grad_(False)
    with torch.no_grad():
        for group in param_groups(model, 0.25, 2.0):
            for p in group["params"]:
                p -= group["lr"]
    return model.state_dict()


# ---- fold_bn

fold_bn = Exercise("fold_bn", points=3)


def normalised(rng, *sizes, eps=1e-2, **options):
    """A convolution and its batch normalisation, both filled."""
    pair = nn.Sequential(
        nn.Conv2d(*sizes, **options), nn.BatchNorm2d(sizes[1], eps=eps)
    )
    return tuple(rng.fill(pair))


@fold_bn.case
def without_bias(fold_bn, rng):
    """A convolution without a bias gets one; weight and bias are right."""
    folded = fold_bn(*normalised(rng, 2, 3, (3, 2), bias=False))
    return folded.weight, folded.bias, folded(rng.normal(2, 2, 5, 4))


@fold_bn.case
def with_bias(fold_bn, rng):
    """The bias of the convolution goes through the normalisation, too."""
    folded = fold_bn(*normalised(rng, 3, 3, 3, padding=1))
    return folded.weight, folded.bias, folded(rng.normal(1, 3, 3, 4))


@fold_bn.case
def all_settings(fold_bn, rng):
    """Stride, padding and its mode, dilation and groups are the convolution's."""
    options = {"stride": (2, 1), "padding": (1, 2), "dilation": 2, "groups": 2}
    options["padding_mode"] = "reflect"
    folded = fold_bn(*normalised(rng, 4, 6, 3, **options))
    return folded(rng.normal(2, 4, 7, 6)), folded.groups


@fold_bn.case
def large_eps(fold_bn, rng):
    """Variances near zero and a large eps give finite, right weights."""
    conv, bn = normalised(rng, 2, 4, 1, eps=0.5)
    bn.running_var.mul_(1e-3)
    folded = fold_bn(conv, bn)
    return folded.weight, folded.bias


@fold_bn.case
def originals_stay(fold_bn, rng):
    """Both parts stay as they were, also when the result changes later on."""
    conv, bn = normalised(rng, 2, 3, 2)
    folded = fold_bn(conv, bn)
    with torch.no_grad():
        folded.weight.zero_()
        folded.bias.fill_(1)
    mode = conv.training, bn.training
    return conv.state_dict(), bn.state_dict(), mode, folded is conv


# ---- written

gradient_highway = Written("gradient_highway", points=3)
what_to_transfer = Written("what_to_transfer", points=3)
