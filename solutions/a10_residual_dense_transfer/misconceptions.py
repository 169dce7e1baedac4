"""Known wrong answers of a10, each with the sentence that helps.

Most of them are edits of the reference; functions are those that think differently.
"""

import copy

import torch
import torch.nn.functional as F
from torch import nn

EDITS = {
    # ---- grad_norms
    "grad_norms__counts_biases": (
        "You measure every parameter, biases and the vectors of batch normalisation "
        "included. Asked are the weights only: parameters with two axes or more.",
        ("if p.dim() > 1", "if p.dim() > 0"),
    ),
    "grad_norms__by_name": (
        'You take parameters whose names end in "weight". A scale of batch '
        "normalisation is called so, too, and it is a vector. Count the axes.",
        ("if p.dim() > 1", "if name.endswith('weight')"),
    ),
    "grad_norms__by_name_and_axes": (
        'A weight need not be called "weight": here the one of the last layer is '
        "called matrix. Two axes or more are all that counts.",
        ("if p.dim() > 1", "if p.dim() > 1 and name.endswith('weight')"),
    ),
    "grad_norms__convolutions_only": (
        "You measure parameters with more than two axes, and so convolutions only. "
        "The weight of a linear layer has two axes and counts as well.",
        ("if p.dim() > 1", "if p.dim() > 2"),
    ),
    "grad_norms__keeps_a_graph": (
        "Your norms still carry a graph, and with it all activations stay in memory. "
        "Nobody differentiates them: leave out create_graph, or detach the result.",
        ("grad(loss, weights)", "grad(loss, weights, create_graph=True)"),
    ),
    "grad_norms__norms_of_the_weights": (
        "You return the norms of the weights themselves. What trains a layer is the "
        "gradient of the loss with respect to them.",
        ("g.norm() for g in grads", "w.norm() for w in weights"),
    ),
    "grad_norms__squared": (
        "Your norms are squared: the Euclidean norm is the root of the sum of squares.",
        ("g.norm()", "g.square().sum()"),
    ),
    "grad_norms__root_mean_square": (
        "You take the root of the mean square, so large layers look small. The norm "
        "is the root of the sum over all entries, not of their mean.",
        ("g.norm()", "g.square().mean().sqrt()"),
    ),
    "grad_norms__mean_absolute": (
        "You average the absolute values of the gradient's entries. The Euclidean norm "
        "is the root of the sum of their squares.",
        ("g.norm()", "g.abs().mean()"),
    ),
    "grad_norms__backwards": (
        "Your norms come in the order of the backward pass, the output's side first. "
        "Keep the order of model.parameters().",
        ("g in grads", "g in grads[::-1]"),
    ),
    "grad_norms__sum_over_the_batch": (
        "Your norms are N times too large: the loss is the mean over the batch, not "
        "the sum.",
        ("(x,)), y)", '(x,)), y, reduction="sum")'),
    ),
    "grad_norms__spectral": (
        "You ask for a matrix norm (the largest singular value). Treat all entries of "
        "a weight as one long vector.",
        ("g.norm()", "torch.linalg.matrix_norm(g.flatten(1), 2)"),
    ),
    "grad_norms__plain_numbers": (
        "Your result is built from Python numbers, so it is float32 on the CPU, "
        "whatever x is. Stack the norms as tensors: they know their dtype and device.",
        (
            "torch.stack([g.norm() for g in grads])",
            "torch.tensor([g.norm().item() for g in grads])",
        ),
    ),
    # ---- BasicBlock
    "BasicBlock__relu_before_the_addition": (
        "You apply the last ReLU to F(x) before you add the shortcut: then a block can "
        "only ever add. Add first, then apply the ReLU.",
        ("self.bn2(self.conv2(h))", "F.relu(self.bn2(self.conv2(h)))"),
        ("F.relu(h + self.shortcut(x))", "h + self.shortcut(x)"),
    ),
    "BasicBlock__relu_on_both": (
        "You apply a ReLU to F(x) before the addition and another one after it. F(x) "
        "must be free to be negative: only the sum goes through a ReLU.",
        ("self.bn2(self.conv2(h))", "F.relu(self.bn2(self.conv2(h)))"),
    ),
    "BasicBlock__no_last_relu": (
        "The sum leaves your block as it is. The block ends with a ReLU of the sum.",
        ("F.relu(h + self.shortcut(x))", "h + self.shortcut(x)"),
    ),
    "BasicBlock__no_shortcut": (
        "Your block returns relu(F(x)): nothing is added, so this is a plain network. "
        "Add shortcut(x) before the last ReLU.",
        ("h + self.shortcut(x)", "h"),
    ),
    "BasicBlock__no_relu_between": (
        "There is no ReLU between your two convolutions, so together they are one "
        "linear map. Apply it after bn1.",
        ("F.relu(self.bn1(self.conv1(x)))", "self.bn1(self.conv1(x))"),
    ),
    "BasicBlock__relu_on_the_shortcut": (
        "You apply a ReLU to the shortcut's result before the addition: the negative "
        "half of x is lost. Only the sum goes through a ReLU.",
        ("h + self.shortcut(x)", "h + F.relu(self.shortcut(x))"),
    ),
    "BasicBlock__identity_with_other_channels": (
        "Your shortcut is a projection only where the stride is not 1. A block with "
        "other channels than its input needs one as well: x and F(x) have different "
        "shapes there.",
        ("stride != 1 or cin != cout", "stride != 1"),
    ),
    "BasicBlock__identity_with_stride": (
        "Your shortcut is a projection only where the channels change. With stride 2, "
        "F(x) has half the size of x, so x must be projected as well.",
        ("stride != 1 or cin != cout", "cin != cout"),
    ),
    "BasicBlock__projects_only_if_both": (
        "You project only if both stride and channels change. One of them is enough "
        "for x not to fit.",
        ("stride != 1 or cin != cout", "stride != 1 and cin != cout"),
    ),
    "BasicBlock__always_projects": (
        "You project x even where it fits as it is. The point of the block is that "
        "x passes unchanged: without parameters wherever that is possible.",
        ("if stride != 1 or cin != cout", "if True"),
    ),
    "BasicBlock__shortcut_with_bias": (
        "The 1x1 convolution of your shortcut has a bias. A normalisation follows, "
        "which subtracts it again: leave it out.",
        (
            "nn.Conv2d(cin, cout, 1, stride, bias=False)",
            "nn.Conv2d(cin, cout, 1, stride)",
        ),
    ),
    "BasicBlock__shortcut_of_3x3": (
        "The convolution of your shortcut is 3x3. It only has to change the number of "
        "channels and the size, and looks at single pixels: 1x1, without padding.",
        (
            "nn.Conv2d(cin, cout, 1, stride, bias=False)",
            "nn.Conv2d(cin, cout, 3, stride, padding=1, bias=False)",
        ),
    ),
    "BasicBlock__relu_before_bn1": (
        "Between your convolutions the ReLU comes before the normalisation. The order "
        "is conv1, bn1, ReLU.",
        ("F.relu(self.bn1(self.conv1(x)))", "self.bn1(F.relu(self.conv1(x)))"),
    ),
    "BasicBlock__shortcut_without_stride": (
        "The 1x1 convolution of your shortcut has stride 1, so its result is larger "
        "than F(x). Give it the block's stride.",
        (
            "nn.Conv2d(cin, cout, 1, stride, bias=False)",
            "nn.Conv2d(cin, cout, 1, bias=False)",
        ),
    ),
    "BasicBlock__shortcut_without_norm": (
        "Your projection is a bare convolution. Its output must be normalised like "
        "that of the other branch, so that neither drowns the other.",
        (
            "nn.Conv2d(cin, cout, 1, stride, bias=False),\n"
            "                nn.BatchNorm2d(cout),",
            "nn.Conv2d(cin, cout, 1, stride, bias=False),",
        ),
    ),
    "BasicBlock__stride_in_both": (
        "Both of your convolutions have the block's stride. Only the first one makes "
        "the image smaller.",
        (
            "nn.Conv2d(cout, cout, 3, padding=1",
            "nn.Conv2d(cout, cout, 3, stride, padding=1",
        ),
    ),
    "BasicBlock__stride_in_the_second": (
        "You put the stride into the second convolution. It belongs to the first one, "
        "which then also makes the second one cheaper.",
        (
            "nn.Conv2d(cin, cout, 3, stride, padding=1",
            "nn.Conv2d(cin, cout, 3, padding=1",
        ),
        (
            "nn.Conv2d(cout, cout, 3, padding=1",
            "nn.Conv2d(cout, cout, 3, stride, padding=1",
        ),
    ),
    "BasicBlock__with_biases": (
        "Your 3x3 convolutions have biases. Batch normalisation subtracts the mean "
        "right after them, so a bias has no effect: bias=False.",
        ("stride, padding=1, bias=False", "stride, padding=1"),
        ("cout, 3, padding=1, bias=False", "cout, 3, padding=1"),
    ),
    "BasicBlock__one_norm_for_both": (
        "One batch normalisation serves both convolutions, so their statistics are "
        "mixed. Each convolution needs one of its own.",
        ("self.bn2(self.conv2(h))", "self.bn1(self.conv2(h))"),
    ),
    "BasicBlock__writes_into_x": (
        "You add F(x) into the caller's tensor, in place. The shortcut hands on x "
        "itself, and others still need it: make a new tensor with +.",
        (
            "return F.relu(h + self.shortcut(x))",
            "out = self.shortcut(x)\n        out += h\n        return F.relu(out)",
        ),
    ),
    "BasicBlock__relu_writes_into_x": (
        "An in-place ReLU runs over x before the shortcut reads it: the negative half "
        "of x is lost on both ways, for you and for the caller. In place is allowed "
        "only on tensors that nobody needs any more.",
        (
            "h = F.relu(self.bn1(self.conv1(x)))",
            "h = F.relu(self.bn1(self.conv1(x.relu_())))",
        ),
    ),
    "BasicBlock__named_downsample": (
        "Your shortcut has another name (torchvision's is called downsample). "
        "Parameters travel by name: call the attribute shortcut, as specified.",
        ("self.shortcut = nn.Identity()", "self.downsample = nn.Identity()"),
        ("self.shortcut = nn.Sequential(", "self.downsample = nn.Sequential("),
        ("self.shortcut(x)", "self.downsample(x)"),
    ),
    # ---- ResNet
    "ResNet__stride_in_every_block": (
        "Every block of your later stages has stride 2, so the image shrinks with "
        "each block. Only the first block of a stage makes it smaller.",
        ("2 if i > 0 and j == 0 else 1", "2 if i > 0 else 1"),
    ),
    "ResNet__stride_in_the_first_stage": (
        "Your first stage has stride 2 already. It works at the full size; each "
        "later stage halves it.",
        ("if i > 0 and j == 0", "if j == 0"),
    ),
    "ResNet__no_stride": (
        "All of your blocks have stride 1, so every stage works at the full size. The "
        "first block of each stage but the first has stride 2.",
        ("2 if i > 0 and j == 0 else 1", "1"),
    ),
    "ResNet__stride_in_the_last_block": (
        "You put stride 2 into the last block of a stage. It belongs to the first "
        "one, so that the rest of the stage works at the smaller size.",
        ("2 if i > 0 and j == 0 else 1", "2 if i > 0 and j == depth - 1 else 1"),
    ),
    "ResNet__channels_not_updated": (
        "Every block of a stage is built with the channels of the stage before. After "
        "the first block the input has the stage's own width.",
        (
            "                cin = width\n            self.stages.append(stage)",
            "            cin = width\n            self.stages.append(stage)",
        ),
    ),
    "ResNet__channels_of_the_stem": (
        "All stages are built as if their input came from the stem. A stage's first "
        "block takes what the stage before gives.",
        (
            "block(cin, width, stride)",
            "block(widths[0] if j == 0 else width, width, stride)",
        ),
    ),
    "ResNet__one_block_for_each_stage": (
        "Each of your stages has a single block. Stage i has depths[i] of them.",
        ("range(depth)", "range(1)"),
    ),
    "ResNet__one_block_repeated": (
        "You build one block and put it into the stage several times, so its weights "
        "are shared. Every place needs a block of its own.",
        (
            "stage.append(block(cin, width, stride))",
            "again = block(cin, width, stride) if j < 2 else again\n"
            "                stage.append(again)",
        ),
    ),
    "ResNet__flattens": (
        "You flatten the feature maps for the head, which then fits one size of image "
        "at best. Take the mean over all places first.",
        ("x.mean((2, 3))", "x.flatten(1)"),
    ),
    "ResNet__maximum": (
        "You take the maximum over all places. Asked is the mean.",
        ("x.mean((2, 3))", "x.amax((2, 3))"),
    ),
    "ResNet__sums_over_places": (
        "You add up over all places, so logits grow with the image. Take the mean.",
        ("x.mean((2, 3))", "x.sum((2, 3))"),
    ),
    "ResNet__mean_over_channels": (
        "What the head wants is one number for each channel: the mean over all of its "
        "places, height and width, however many there are. You average over something "
        "else: over the channels, or over windows of a fixed size.",
        ("x.mean((2, 3))", "x.mean(1).flatten(1)"),
    ),
    "ResNet__probabilities": (
        "You return probabilities. The head's output are logits: the loss applies the "
        "softmax itself.",
        ("self.head(x.mean((2, 3)))", "self.head(x.mean((2, 3))).softmax(1)"),
    ),
    "ResNet__stem_without_relu": (
        "Your stem has no ReLU behind its normalisation.",
        (
            "nn.BatchNorm2d(widths[0]),\n            nn.ReLU(),",
            "nn.BatchNorm2d(widths[0]),",
        ),
    ),
    "ResNet__stem_with_bias": (
        "The convolution of your stem has a bias. The normalisation behind it takes "
        "it away again: leave it out.",
        ("widths[0], 3, padding=1, bias=False", "widths[0], 3, padding=1"),
    ),
    "ResNet__stem_without_norm": (
        "Your stem has no normalisation between its convolution and its ReLU.",
        ("            nn.BatchNorm2d(widths[0]),\n", ""),
    ),
    "ResNet__stride_by_keyword": (
        "You hand the stride over by its name. Another block may call it something "
        "else: pass all three arguments by position.",
        ("block(cin, width, stride)", "block(cin, width, stride=stride)"),
    ),
    "ResNet__blocks_in_one_row": (
        "Your stages are one long row of blocks. Put the blocks of each stage into an "
        "nn.Sequential of its own: names like stages.1.0 come from there.",
        ("self.stages.append(stage)", "self.stages.extend(stage)"),
    ),
    "ResNet__stem_of_large_images": (
        "Your stem has stride 2, as for photographs. Images of 32x32 pixels are small "
        "enough: stride 1.",
        (
            "nn.Conv2d(in_channels, widths[0], 3, padding=1",
            "nn.Conv2d(in_channels, widths[0], 3, 2, padding=1",
        ),
    ),
    "ResNet__always_three_channels": (
        "Your stem takes three channels, whatever in_channels says.",
        ("nn.Conv2d(in_channels,", "nn.Conv2d(3,"),
    ),
    "ResNet__blocks_in_a_plain_list": (
        "Your blocks stand in a plain Python list, so their parameters are not the "
        "network's: no optimiser, no .to(device) and no checkpoint sees them. Use "
        "nn.Sequential or nn.ModuleList.",
        ("self.stages = nn.Sequential()", "self.stages = []"),
        ("stage = nn.Sequential()", "stage = []"),
        (
            "x = self.stages(self.stem(x))",
            "x = self.stem(x)\n        for stage in self.stages:\n"
            "            for block in stage:\n                x = block(x)",
        ),
    ),
    # ---- dense
    "DenseBlock__wrong_axis": (
        "You concatenate along the wrong axis. The channels are axis 1; axis 0 is the "
        "batch, which must not grow.",
        ("dim=1", "dim=0"),
    ),
    "DenseBlock__concatenates_places": (
        "You concatenate along the height. The new maps are further channels of the "
        "same places: axis 1.",
        ("dim=1", "dim=2"),
    ),
    "DenseBlock__newest_first": (
        "You put the newest maps in front. x comes first, then the layers in order; "
        "otherwise each weight meets another channel than in the specification.",
        ("(x, layer(x))", "(layer(x), x)"),
    ),
    "DenseBlock__only_the_new": (
        "Your block returns the new maps without x. The output holds everything: "
        "cin + count * growth channels.",
        (
            "for layer in self.layers:",
            "cin = x.shape[1]\n        for layer in self.layers:",
        ),
        ("return x", "return x[:, cin:]"),
    ),
    "DenseBlock__convolution_first": (
        "Your layers convolve first and normalise the new maps. Here normalisation and "
        "ReLU come before the convolution, over all channels that came in.",
        (
            "nn.BatchNorm2d(cin + i * growth),\n                nn.ReLU(),\n",
            "",
        ),
        (
            "growth, 3, padding=1, bias=False),",
            "growth, 3, padding=1, bias=False),\n"
            "                nn.BatchNorm2d(growth),\n                nn.ReLU(),",
        ),
    ),
    "DenseBlock__norm_over_the_growth": (
        "Your normalisation is built for `growth` channels. It stands in front of the "
        "convolution, where all cin + i * growth channels arrive.",
        ("nn.BatchNorm2d(cin + i * growth)", "nn.BatchNorm2d(growth)"),
    ),
    "DenseBlock__same_channels_for_all": (
        "Besides the cin channels of x, layer i sees the i * growth channels that the "
        "layers before it added: build it for all of them, and feed it all of them.",
        (
            "nn.BatchNorm2d(cin + i * growth),",
            "nn.BatchNorm2d(cin),",
        ),
        ("nn.Conv2d(cin + i * growth, growth", "nn.Conv2d(cin, growth"),
    ),
    "DenseBlock__relu_first": (
        "Your layers begin with the ReLU. The normalisation comes first.",
        ("                nn.ReLU(),\n", ""),
        (
            "                nn.BatchNorm2d(cin + i * growth),\n",
            "                nn.ReLU(),\n"
            "                nn.BatchNorm2d(cin + i * growth),\n",
        ),
    ),
    "DenseBlock__without_relu": (
        "There is no ReLU in your layers, so the block is linear.",
        ("nn.ReLU()", "nn.Identity()"),
    ),
    "DenseBlock__relu_writes_into_x": (
        "An in-place ReLU changes the maps that later layers and the caller still "
        "need. In place is safe only behind the normalisation, which makes a new "
        "tensor.",
        ("torch.cat((x, layer(x)), dim=1)", "torch.cat((x.relu_(), layer(x)), dim=1)"),
    ),
    "DenseBlock__with_bias": (
        "Your convolutions have biases; the specification has none.",
        ("padding=1, bias=False", "padding=1"),
    ),
    "Transition__takes_the_maximum": (
        "Your transition takes the maximum of each window; asked is the mean.",
        ("avg_pool2d", "max_pool2d"),
    ),
    "Transition__norm_after_the_convolution": (
        "Your transition normalises after the convolution. The norm comes first and "
        "has cin channels; then ReLU, convolution, mean.",
        ("self.norm = nn.BatchNorm2d(cin)", "self.norm = nn.BatchNorm2d(cout)"),
        ("self.conv(F.relu(self.norm(x)))", "F.relu(self.norm(self.conv(x)))"),
    ),
    "Transition__pools_before_the_relu": (
        "You take the mean before the ReLU. Mean and 1x1 convolution may change "
        "places, but not mean and ReLU: positive and negative values would cancel "
        "first.",
        (
            "F.avg_pool2d(self.conv(F.relu(self.norm(x))), 2)",
            "self.conv(F.relu(F.avg_pool2d(self.norm(x), 2)))",
        ),
    ),
    "Transition__without_relu": (
        "There is no ReLU in your transition.",
        ("F.relu(self.norm(x))", "self.norm(x)"),
    ),
    "Transition__keeps_the_size": (
        "Your transition keeps the size. Windows of 2x2 are averaged with stride 2.",
        (", 2)", ", 1)"),
    ),
    "Transition__strided_convolution": (
        "You skip three pixels of four by a strided convolution. Asked is the mean of "
        "each window of 2x2.",
        (
            "nn.Conv2d(cin, cout, 1, bias=False)",
            "nn.Conv2d(cin, cout, 1, 2, bias=False)",
        ),
        (
            "F.avg_pool2d(self.conv(F.relu(self.norm(x))), 2)",
            "self.conv(F.relu(self.norm(x)))",
        ),
    ),
    "Transition__rounds_up": (
        "For odd sizes you round up. The last row or column falls away: H // 2.",
        ("self.norm(x))), 2)", "self.norm(x))), 2, ceil_mode=True)"),
    ),
    # ---- load_partial
    "load_partial__swapped": (
        "You return the two lists in the wrong order: first the names of the model "
        "that got no value, then those of the state that were not used.",
        ("return missing, unexpected", "return unexpected, missing"),
    ),
    "load_partial__silent_skip": (
        "An entry of another shape is skipped without a word. Its name belongs into "
        "both lists: nobody should believe that the head has been loaded.",
        (
            "if name not in fitting]\n    unexpected",
            "if name not in state]\n    unexpected",
        ),
        (
            "[name for name in state if name not in fitting]",
            "[name for name in state if name not in own]",
        ),
    ),
    "load_partial__mismatch_only_missing": (
        "A name whose shapes differ is missing in the model, and you say so. It is "
        "also an entry of the state that was not used: unexpected.",
        (
            "[name for name in state if name not in fitting]",
            "[name for name in state if name not in own]",
        ),
    ),
    "load_partial__mismatch_only_unexpected": (
        "A name whose shapes differ was not used, and you say so. The model's entry "
        "of that name got no value either: it is missing.",
        (
            "[name for name in own if name not in fitting]",
            "[name for name in own if name not in state]",
        ),
    ),
    "load_partial__names_that_loaded": (
        "You list the names that were loaded. Asked are those that were not.",
        (
            "[name for name in own if name not in fitting]",
            "[name for name in own if name in fitting]",
        ),
        (
            "[name for name in state if name not in fitting]",
            "[name for name in state if name in fitting]",
        ),
    ),
    "load_partial__sorted": (
        "Your lists are sorted by the alphabet. Keep the order of model.state_dict() "
        "and of state: it is the order of the layers.",
        ("return missing, unexpected", "return sorted(missing), sorted(unexpected)"),
    ),
    "load_partial__fits_by_count": (
        "You compare numbers of entries and reshape. A (5, 3) weight that is poured "
        "into (3, 5) is scrambled: name and shape must be the same.",
        ("own[name].shape == value.shape", "own[name].numel() == value.numel()"),
        (
            "own[name].copy_(state[name])",
            "own[name].copy_(state[name].reshape(own[name].shape))",
        ),
    ),
    "load_partial__fits_by_axes": (
        "Part of the shape is not the shape: neither as many axes nor as many numbers "
        "make an entry fit. Compare .shape itself.",
        ("own[name].shape == value.shape", "own[name].dim() == value.dim()"),
    ),
    "load_partial__unsaved_buffers": (
        "You collect parameters and buffers yourself, and so a buffer that is never "
        "saved (persistent=False) is reported as missing. What counts is what "
        "model.state_dict() holds, in its order.",
        (
            "own = model.state_dict()",
            "own = dict(model.named_parameters()) | dict(model.named_buffers())",
        ),
    ),
    "load_partial__same_dtype_only": (
        "You leave out entries of another dtype. Name and shape decide; the numbers "
        "are converted as they are copied.",
        (
            "own[name].shape == value.shape",
            "own[name].shape == value.shape and own[name].dtype == value.dtype",
        ),
    ),
    "load_partial__by_name_only": (
        "You copy whatever has the right name, and stumble over a head of another "
        "size. Compare the shapes before you copy.",
        ("if name in own and own[name].shape == value.shape", "if name in own"),
    ),
    "load_partial__gradient_recorded": (
        "Autograd watches you write into a parameter and refuses, as it should. "
        "Loading is no part of the computation: wrap it in torch.no_grad().",
        (
            "own = model.state_dict()",
            "own = dict(model.named_parameters()) | dict(model.named_buffers())",
        ),
        ("torch.no_grad()", "torch.enable_grad()"),
    ),
    "load_partial__forgets_the_buffers": (
        "You go through model.named_parameters(): running means and variances are "
        "buffers and stay behind, and the loaded network computes something else. "
        "model.state_dict() has both.",
        (
            "own = model.state_dict()",
            "own = {k: p.data for k, p in model.named_parameters()}",
        ),
    ),
    "load_partial__forgets_the_counter": (
        "You leave out what is not floating, and with it num_batches_tracked. Copy "
        "every entry that fits.",
        ("if name in own and", "if name in own and value.is_floating_point() and"),
    ),
    "load_partial__only_the_head_is_left": (
        "You leave out the last layer by its name or place, whatever its shape. What "
        "fits is loaded, the head as well.",
        ("if name in own and", "if name in own and not name.startswith('1.') and"),
    ),
    "load_partial__empties_the_state": (
        "You remove entries from the caller's dict as you go. It may be loaded into "
        "another model next: leave it as it is, or work on dict(state).",
        (
            "return missing, unexpected",
            "for name in fitting:\n        del state[name]\n"
            "    return missing, unexpected",
        ),
    ),
    "load_partial__shares_memory": (
        "The model's parameters are the state's own tensors now: training the one "
        "changes the other. Copy the values into the model's tensors.",
        (
            "own[name].copy_(state[name])",
            "tensors = dict(model.named_parameters()) | dict(model.named_buffers())\n"
            "            tensors[name].data = state[name]",
        ),
    ),
    "load_partial__takes_over_the_dtype": (
        "The model's parameters take over the dtype of the state (here half "
        "precision). Copy the values; dtype and device stay the model's.",
        (
            "own[name].copy_(state[name])",
            "tensors = dict(model.named_parameters()) | dict(model.named_buffers())\n"
            "            tensors[name].data = state[name].clone()",
        ),
    ),
    # ---- freeze
    "freeze__only_the_parameters": (
        "No parameter is trained, but batch normalisation still normalises by the "
        "batch, and its running statistics drift to the new data: requires_grad says "
        "nothing about buffers. The frozen parts must stay in evaluation mode.",
        ("child.register_forward_pre_hook(stay_in_evaluation)", "pass"),
    ),
    "freeze__until_the_next_train": (
        "You put the frozen parts into evaluation mode once. The next model.train(), "
        "and every training loop calls it, wakes them up again. Make it last: by a "
        "forward pre-hook, or by replacing the child's train method.",
        ("child.register_forward_pre_hook(stay_in_evaluation)", "child.eval()"),
    ),
    "freeze__attribute_on_the_module": (
        "The frozen parts compute as in evaluation mode, but their parameters still "
        "require gradients. If you have set requires_grad on a module: it has no such "
        "switch, Python makes a new attribute that nobody reads. Set it on each "
        "parameter, or call child.requires_grad_(False), with an underscore.",
        ("child.requires_grad_(False)", "child.requires_grad = False"),
    ),
    "freeze__not_the_named_one": (
        "You stop before the named child. It is to be frozen as well.",
        (
            "    for name, child in children.items():\n",
            "    for name, child in children.items():\n"
            "        if name == until:\n            return\n",
        ),
        (
            "(stay_in_evaluation)\n        if name == until:\n            return",
            "(stay_in_evaluation)",
        ),
    ),
    "freeze__only_the_named_one": (
        "You freeze the named child alone. The children before it are frozen too: "
        "otherwise the ground moves under it.",
        (
            "        child.requires_grad_(False)",
            "        if name != until:\n            continue\n"
            "        child.requires_grad_(False)",
        ),
    ),
    "freeze__by_prefix": (
        "You freeze parameters by how their names begin, and body_norm.weight begins "
        "with body, too. Go through the child's own parameters.",
        (
            "        child.requires_grad_(False)\n",
            "        for k, p in model.named_parameters():\n"
            "            if k.startswith(name):\n"
            "                p.requires_grad_(False)\n",
        ),
    ),
    "freeze__norms_only": (
        "You keep the normalisations of the frozen parts in evaluation mode, and "
        "nothing else: dropout still drops. Switch the whole child.",
        (
            "        child.register_forward_pre_hook(stay_in_evaluation)\n",
            "        for part in child.modules():\n"
            "            if isinstance(part, nn.BatchNorm1d):\n"
            "                part.register_forward_pre_hook(stay_in_evaluation)\n",
        ),
    ),
    "freeze__everything": (
        "You freeze the whole model, head included: nothing is left to learn.",
        ("        if name == until:\n            return", "        pass"),
    ),
    "freeze__behind_instead": (
        "You freeze what lies behind the named child and leave the beginning open. It "
        "is the other way round: early layers are general, the end is new.",
        (
            "    for name, child in children.items():",
            "    for name, child in reversed(children.items()):",
        ),
    ),
    "freeze__unknown_is_ignored": (
        "A name that is no child's passes in silence, and the whole model is frozen: "
        "one typing error, and nothing trains. Look first, and raise a ValueError.",
        ("if until not in children:", "if False:"),
    ),
    "freeze__complains_too_late": (
        "You raise the ValueError after the loop, when everything has been frozen "
        "already. Look for the name first.",
        ("if until not in children:", "if False:"),
        ("            return", "            return\n    raise ValueError(until)"),
    ),
    "freeze__key_error": (
        "An unknown name ends in another error than the ValueError that is asked for.",
        ("raise ValueError(", "raise KeyError("),
    ),
    "freeze__hook_returns_the_module": (
        "Your pre-hook returns a value (eval() returns the module), and what a forward "
        "pre-hook returns replaces the input. Let it return nothing.",
        ("child.eval()  #", "return child.eval()  #"),
    ),
    "freeze__whole_model_in_evaluation": (
        "You put the whole model into evaluation mode: the parts that still learn no "
        "longer normalise by their batch. Only the frozen children are meant.",
        (
            "    for name, child in children.items():",
            "    model.train = lambda mode=True: model\n    model.eval()\n"
            "    for name, child in children.items():",
        ),
    ),
    # ---- param_groups
    "param_groups__rates_swapped": (
        "The body has the head's learning rate, and the other way round.",
        ('(p) not in head], "lr": lr_body', '(p) not in head], "lr": lr_head'),
        ('(p) in head], "lr": lr_head', '(p) in head], "lr": lr_body'),
    ),
    "param_groups__head_first": (
        "Your groups come in the wrong order: the body's is first.",
        ("lr_head},\n    ]", "lr_head},\n    ][::-1]"),
    ),
    "param_groups__head_missing": (
        "The head is in no group, so it keeps its random weights for ever.",
        ("if id(p) in head]", "if False]"),
    ),
    "param_groups__head_twice": (
        "The head's parameters are in both groups. The body is everything but the "
        "head; torch's optimisers refuse a parameter that comes twice.",
        ("if id(p) not in head]", "]"),
    ),
    "param_groups__one_rate": (
        "Both groups have the same learning rate.",
        ('"lr": lr_head', '"lr": lr_body'),
    ),
    "param_groups__frozen_included": (
        "Frozen parameters are in your groups. They get no gradient; with weight decay "
        "some optimisers would shrink them all the same.",
        ("if p.requires_grad", "if True"),
    ),
    "param_groups__by_name": (
        'You look for "head" at the beginning of the names, and so take head_norm, '
        "which is no part of model.head, for the head. Ask model.head itself.",
        (
            "id(p) for p in model.head.parameters()",
            "id(p) for k, p in model.named_parameters() if k.startswith('head')",
        ),
    ),
    "param_groups__by_name_with_dot": (
        'You sort by names that begin with "head.". A parameter that is shared has one '
        "name only, the first, and that is the body's. Ask model.head itself.",
        (
            "id(p) for p in model.head.parameters()",
            "id(p) for k, p in model.named_parameters() if k.startswith('head.')",
        ),
    ),
    "param_groups__compares_numbers": (
        "`p in a_list` asks p == q for each q, and torch compares number by number. "
        "Whether two parameters are the same object is told by id(p), or by a set.",
        (
            "{id(p) for p in model.head.parameters()}",
            "list(model.head.parameters())",
        ),
        ("id(p) not in head", "p not in head"),
        ("if id(p) in head", "if p in head"),
    ),
    "param_groups__generators": (
        "Your groups hold generators, which are empty once they have been read. "
        "Make lists of them.",
        (
            "[p for p in trainable if id(p) not in head]",
            "(p for p in trainable if id(p) not in head)",
        ),
        (
            "[p for p in trainable if id(p) in head]",
            "(p for p in trainable if id(p) in head)",
        ),
    ),
    "param_groups__last_child": (
        "You take the model's last child for the head. The head is model.head, "
        "wherever it was defined.",
        ("model.head.parameters()", "list(model.children())[-1].parameters()"),
    ),
    "param_groups__children_only": (
        "Your body is made from the other children of the model: parameters that "
        "belong to the model itself (here: scale) are in no group.",
        (
            "for p in model.parameters() if p.requires_grad",
            "for c in model.children() for p in c.parameters() if p.requires_grad",
        ),
    ),
    "param_groups__copies": (
        "Your groups hold copies of the parameters. An optimiser would move the "
        "copies, and the model would never change.",
        ("trainable = [p for p", "trainable = [nn.Parameter(p.detach()) for p"),
    ),
    "param_groups__drops_the_empty": (
        "You leave out a group without parameters. Two groups are asked for, also if "
        "one of them is empty: then they can be told apart by their place.",
        ("    return [", "    return [g for g in ["),
        (
            'if id(p) in head], "lr": lr_head},\n    ]',
            'if id(p) in head], "lr": lr_head},\n    ] if g["params"]]',
        ),
    ),
    # ---- fold_bn
    "fold_bn__forgets_eps": (
        "You divide by the root of the variance without eps. Batch normalisation adds "
        "it in evaluation mode, too.",
        ("bn.running_var + bn.eps", "bn.running_var"),
    ),
    "fold_bn__eps_outside_the_root": (
        "You add eps to the standard deviation. It belongs under the root, to the "
        "variance.",
        (
            "torch.sqrt(bn.running_var + bn.eps)",
            "(torch.sqrt(bn.running_var) + bn.eps)",
        ),
    ),
    "fold_bn__divides_by_the_variance": (
        "You divide by the variance. Normalising divides by its root.",
        ("torch.sqrt(bn.running_var + bn.eps)", "(bn.running_var + bn.eps)"),
    ),
    "fold_bn__forgets_the_bias": (
        "The convolution's own bias is lost. It goes through the normalisation with "
        "everything else.",
        ("if conv.bias is not None:", "if False:"),
    ),
    "fold_bn__bias_not_scaled": (
        "You add the convolution's bias as it is. The normalisation scales it like the "
        "rest of the convolution's output.",
        ("shift + scale * conv.bias", "shift + conv.bias"),
    ),
    "fold_bn__forgets_gamma": (
        "You leave out bn.weight, the scale that the normalisation has learned.",
        ("bn.weight / torch", "1 / torch"),
    ),
    "fold_bn__forgets_beta": (
        "You leave out bn.bias, the shift that the normalisation has learned.",
        ("bn.bias - scale * bn.running_mean", "-scale * bn.running_mean"),
    ),
    "fold_bn__mean_not_scaled": (
        "You subtract the running mean as it is. It is subtracted before the scaling, "
        "so behind it scale * mean has to go.",
        ("scale * bn.running_mean", "bn.running_mean"),
    ),
    "fold_bn__adds_the_mean": (
        "The running mean has the wrong sign: normalising subtracts it.",
        ("bn.bias - scale", "bn.bias + scale"),
    ),
    "fold_bn__scales_input_channels": (
        "You scale along the input channels of the kernel. The normalisation acts on "
        "the output channels, which are axis 0 of the weight.",
        ("scale.view(-1, 1, 1, 1)", "scale.view(-1, 1, 1)"),
    ),
    "fold_bn__changes_the_convolution": (
        "You change the convolution that you were given. It may be trained on: build a "
        "new one.",
        ("copy.deepcopy(conv)", "conv"),
    ),
    "fold_bn__default_settings": (
        "Your new convolution has torch's default settings. Stride, padding, dilation "
        "and groups are those of the old one.",
        (
            "copy.deepcopy(conv)",
            "nn.Conv2d(conv.in_channels, conv.out_channels, conv.kernel_size)",
        ),
    ),
    "fold_bn__forgets_the_groups": (
        "Your new convolution has the old stride and padding, but not its dilation and "
        "groups.",
        (
            "copy.deepcopy(conv)",
            "nn.Conv2d(conv.in_channels, conv.out_channels, conv.kernel_size, "
            "conv.stride, conv.padding)",
        ),
    ),
    "fold_bn__forgets_the_padding_mode": (
        "Your new convolution pads with zeros. padding_mode is one of the settings: "
        "the old one may reflect or repeat its border.",
        (
            "copy.deepcopy(conv)",
            "nn.Conv2d(conv.in_channels, conv.out_channels, conv.kernel_size, "
            "conv.stride, conv.padding, conv.dilation, conv.groups)",
        ),
    ),
    "fold_bn__switches_the_norm": (
        "You put the caller's normalisation into evaluation mode. Its running "
        "statistics can be read in any mode: leave it as it is.",
        ("    scale = bn", "    bn.eval()\n    scale = bn"),
    ),
    "fold_bn__weight_left_alone": (
        "Only the bias takes part in your folding. The kernel of each output channel "
        "is scaled as well.",
        ("conv.weight * scale.view(-1, 1, 1, 1)", "conv.weight.clone()"),
    ),
}


# ---- grad_norms


def grad_norms__gradients_pile_up(model, x, y):
    """backward() adds to the gradients that are there already, so your norms depend on
    what happened before. Let torch.autograd.grad return fresh ones, or work on a
    copy."""
    was = [p.requires_grad for p in model.parameters()]
    model.requires_grad_(True)
    F.cross_entropy(model(x), y).backward()
    for p, flag in zip(model.parameters(), was, strict=True):
        p.requires_grad_(flag)
    return torch.stack([p.grad.norm() for p in model.parameters() if p.dim() > 1])


def grad_norms__clears_the_gradients(model, x, y):
    """Your numbers are right, but you call zero_grad() on the caller's model: the
    gradients that it held are lost, and yours stay behind. Use torch.autograd.grad, or
    work on a copy."""
    was = [p.requires_grad for p in model.parameters()]
    model.requires_grad_(True)
    model.zero_grad()
    F.cross_entropy(model(x), y).backward()
    for p, flag in zip(model.parameters(), was, strict=True):
        p.requires_grad_(flag)
    return torch.stack([p.grad.norm() for p in model.parameters() if p.dim() > 1])


def grad_norms__statistics_move(model, x, y):
    """Your numbers are right, but each measurement is a forward pass in training mode,
    which moves the running statistics of batch normalisation. Work on a copy, or put
    the buffers back."""
    weights = [p for p in model.parameters() if p.dim() > 1]
    was = [w.requires_grad for w in weights]
    for w in weights:
        w.requires_grad_(True)
    grads = torch.autograd.grad(F.cross_entropy(model(x), y), weights)
    for w, flag in zip(weights, was, strict=True):
        w.requires_grad_(flag)
    return torch.stack([g.norm() for g in grads])


def grad_norms__switches_to_training(model, x, y):
    """You measure in training mode, whatever mode the model is in. In evaluation mode
    batch normalisation uses its running statistics, and the gradient is another one."""
    model = copy.deepcopy(model).train().requires_grad_(True)
    model.zero_grad()
    F.cross_entropy(model(x), y).backward()
    return torch.stack([p.grad.norm() for p in model.parameters() if p.dim() > 1])


def grad_norms__switches_to_evaluation(model, x, y):
    """You measure in evaluation mode, whatever mode the model is in. In training, batch
    normalisation uses the batch's own statistics, and the gradient flows through
    them."""
    model = copy.deepcopy(model).eval().requires_grad_(True)
    model.zero_grad()
    F.cross_entropy(model(x), y).backward()
    return torch.stack([p.grad.norm() for p in model.parameters() if p.dim() > 1])


def grad_norms__leaves_out_the_frozen(model, x, y):
    """You leave out weights that do not require a gradient. They are to be measured as
    well: work on a copy in which everything requires one."""
    model = copy.deepcopy(model)
    model.zero_grad()
    F.cross_entropy(model(x), y).backward()
    weights = [p for p in model.parameters() if p.dim() > 1]
    return torch.stack([w.grad.norm() for w in weights if w.requires_grad])


# ---- dense


class DenseBlock__feeds_only_the_last(nn.Module):
    """Each of your layers sees only the output of the layer before. A dense layer sees
    everything: concatenate x and all earlier outputs."""

    def __init__(self, cin, growth, count):
        super().__init__()
        inputs = [cin] + [growth] * max(0, count - 1)
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.BatchNorm2d(n),
                nn.ReLU(),
                nn.Conv2d(n, growth, 3, padding=1, bias=False),
            )
            for n in inputs[:count]
        )

    def forward(self, x):
        found = [x]
        for layer in self.layers:
            found.append(layer(found[-1]))
        return torch.cat(found, dim=1)


class DenseBlock__adds(nn.Module):
    """You add the maps, as a residual block does. A dense block keeps them side by
    side: concatenate along the channels."""

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
        total = 0
        for layer in self.layers:
            new = layer(x)
            total = total + new
            x = torch.cat((x, total), dim=1)
        return x


# ---- load_partial


def load_partial__by_position(model, state):
    """You pair the entries by their place. Names are what tells them apart: one layer
    more or less, and every weight lands in its neighbour."""
    own = model.state_dict()
    fitting, used = set(), set()
    for (name, value), (other, new) in zip(own.items(), state.items(), strict=False):
        if value.shape == new.shape:
            value.copy_(new)
            fitting.add(name)
            used.add(other)
    missing = [name for name in own if name not in fitting]
    return missing, [name for name in state if name not in used]


def load_partial__copies_until_it_breaks(model, state):
    """You try to copy and take it for a fit if no error comes. copy_ broadcasts: a
    single number fills a whole vector without a word. Compare the shapes."""
    own = model.state_dict()
    fitting = set()
    for name in state:
        try:
            own[name].copy_(state[name])
            fitting.add(name)
        except (KeyError, RuntimeError):
            continue
    missing = [name for name in own if name not in fitting]
    return missing, [name for name in state if name not in fitting]


def load_partial__strict_is_false(model, state):
    """You leave it to load_state_dict(strict=False). It forgives missing and unexpected
    names, but raises an error where shapes differ, and that is the head's case."""
    found = model.load_state_dict(state, strict=False)
    return list(found.missing_keys), list(found.unexpected_keys)


def load_partial__reports_of_the_filtered(model, state):
    """You filter the state and report what load_state_dict says about the rest. What
    you had filtered out is reported nowhere: it was not used, so it is unexpected."""
    own = model.state_dict()
    fitting = {
        name: value
        for name, value in state.items()
        if name in own and own[name].shape == value.shape
    }
    found = model.load_state_dict(fitting, strict=False)
    return list(found.missing_keys), list(found.unexpected_keys)


def load_partial__stops_at_the_first(model, state):
    """You stop at the first entry that does not fit; what comes behind it is not
    loaded."""
    own = model.state_dict()
    fitting = set()
    for name, value in state.items():
        if name not in own or own[name].shape != value.shape:
            break
        own[name].copy_(value)
        fitting.add(name)
    missing = [name for name in own if name not in fitting]
    return missing, [name for name in state if name not in fitting]


def load_partial__new_parameters(model, state):
    """You put new parameters in the place of the old ones. An optimiser that holds the
    old ones goes on training tensors that nobody uses: copy into them instead."""
    own = model.state_dict()
    fitting = [k for k, v in state.items() if k in own and own[k].shape == v.shape]
    for name in fitting:
        path, _, last = name.rpartition(".")
        part = model.get_submodule(path)
        new = state[name].detach().clone().to(own[name])
        if isinstance(getattr(part, last), nn.Parameter):
            new = nn.Parameter(new, requires_grad=getattr(part, last).requires_grad)
        setattr(part, last, new)
    missing = [name for name in own if name not in fitting]
    return missing, [name for name in state if name not in fitting]


def load_partial__wakes_frozen_parameters(model, state):
    """What was frozen requires a gradient after your loading. Copy the values and leave
    requires_grad as it is."""
    own = model.state_dict()
    fitting = [k for k, v in state.items() if k in own and own[k].shape == v.shape]
    for name in fitting:
        own[name].copy_(state[name])
    model.requires_grad_(True)
    missing = [name for name in own if name not in fitting]
    return missing, [name for name in state if name not in fitting]


# ---- freeze


def freeze__momentum_zero(model, until):
    """You stop the running statistics (momentum 0, or track_running_stats = False), but
    in training the batch's own statistics still normalise, and dropout still drops. The
    frozen parts must compute as in evaluation mode."""
    children = dict(model.named_children())
    if until not in children:
        raise ValueError(until)
    for name, child in children.items():
        child.requires_grad_(False)
        for part in child.modules():
            if isinstance(part, nn.BatchNorm1d):
                part.momentum = 0.0
        if name == until:
            return


def freeze__top_level_norms_only(model, until):
    """You keep only those layers in evaluation mode that are direct children of the
    frozen part. Normalisation also sits deeper, in blocks within stages: go through all
    modules, or switch the whole child."""

    def stay(part, inputs):
        part.eval()

    children = dict(model.named_children())
    if until not in children:
        raise ValueError(until)
    for name, child in children.items():
        child.requires_grad_(False)
        for part in child.children():
            if not isinstance(part, nn.Sequential):
                part.register_forward_pre_hook(stay)
        if name == until:
            return
