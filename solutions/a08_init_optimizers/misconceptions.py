"""Wrong answers that students give to a08, each with the sentence that helps.

Most are edits of the reference; what stands at the end as a whole is another way of
thinking.
"""

import torch

_SHARED = {}  # state that outlives an optimizer, as in a global variable

EDITS = {
    # ---- init
    "xavier_uniform___forgets_the_kernel": (
        "Your fans are those of a linear layer: for a kernel each output sees C * kH "
        "* kW numbers, so both fans are multiplied by the kernel's area.",
        ("area = math.prod(w.shape[2:])", "area = 1"),
    ),
    "xavier_uniform___std_for_bound": (
        "You use the standard deviation as the bound. A uniform distribution on [-a, "
        "a] has the standard deviation a / sqrt(3), so a is larger by sqrt(3).",
        ("math.sqrt(6 /", "math.sqrt(2 /"),
    ),
    "xavier_uniform___sum_for_mean": (
        "Your weights are too small by sqrt(2): the variance is one over the MEAN of "
        "the two fans, that is, 2 over their sum.",
        ("math.sqrt(6 /", "math.sqrt(3 /"),
    ),
    "xavier_uniform___gain_squared": (
        "Your gain enters twice. It multiplies the standard deviation (and the "
        "bound); only the variance has its square.",
        ("bound = gain *", "bound = gain**2 *"),
    ),
    "xavier_uniform___one_fan": (
        "Your bound knows only the number of inputs. Glorot's start is a compromise "
        "between forward and backward pass: it takes the mean of both fans.",
        ("6 / (fan_in + fan_out)", "3 / fan_in"),
    ),
    "xavier_uniform___normal": (
        "Your weights have the right size but the wrong shape: they are drawn from a "
        "normal distribution, and this start is uniform.",
        ("w.uniform_(-bound, bound)", "w.normal_(0, bound / math.sqrt(3))"),
    ),
    "xavier_uniform___only_positive": (
        "All of your weights are positive. The interval is symmetric, from -a to a.",
        ("w.uniform_(-bound, bound)", "w.uniform_(0, bound)"),
    ),
    "xavier_uniform___new_tensor": (
        "You return new weights and leave the old ones in the layer: whoever calls "
        "you for its effect trains from the old start. Write into w.",
        ("w.uniform_(-bound, bound)", "torch.empty_like(w).uniform_(-bound, bound)"),
    ),
    "xavier_uniform___returns_nothing": (
        "You fill the weights and return nothing. Hand back w, so that a call can "
        "stand where the weights are needed.",
        ("return w.uniform_(", "w.uniform_("),
    ),
    "xavier_uniform___own_seed": (
        "You seed the generator yourself, so that every layer of a size gets the same "
        "numbers (and so does every repetition). Seeding is the caller's business.",
        ("bound = gain", "torch.manual_seed(0)\n    bound = gain"),
    ),
    "kaiming_normal___returns_nothing": (
        "You fill the weights and return nothing. Hand back w, so that a call can "
        "stand where the weights are needed.",
        ("return w.normal_(", "w.normal_("),
    ),
    "kaiming_normal___fans_swapped": (
        "You take fan_in for fan_out. In w (outputs, inputs, ...) the number of "
        "inputs is the SECOND size: w.shape[1].",
        ('1 if mode == "fan_in" else 0', '0 if mode == "fan_in" else 1'),
    ),
    "kaiming_normal___forgets_the_kernel": (
        "Your fan is that of a linear layer: for a kernel each output sees C * kH * "
        "kW numbers, so the fan is multiplied by the kernel's area.",
        (" * math.prod(w.shape[2:])", ""),
    ),
    "kaiming_normal___ignores_mode": (
        "Your start is the same in both modes: fan_out counts where the size of the "
        "gradient is to be kept.",
        ('w.shape[1 if mode == "fan_in" else 0]', "w.shape[1]"),
    ),
    "kaiming_normal___variance_for_std": (
        "You hand the variance to a function that wants the standard deviation, and "
        "so your weights are far too small. Take the root.",
        (
            "math.sqrt(2 / (1 + slope**2) / fan)",
            "2 / (1 + slope**2) / fan",
        ),
    ),
    "kaiming_normal___slope_not_squared": (
        "Your gain has the slope itself in it. What counts is the mean square of the "
        "output, and the negative half contributes the SQUARE of the slope to it.",
        ("slope**2", "abs(slope)"),
    ),
    "kaiming_normal___ignores_slope": (
        "Your gain is always sqrt(2), that of a plain ReLU. A leaky one lets some of "
        "the negative half through, and needs less.",
        ("2 / (1 + slope**2)", "2"),
    ),
    "kaiming_normal___without_gain": (
        "Your standard deviation is 1 / sqrt(fan), which suits a linear layer. A "
        "ReLU halves the mean square, and the factor 2 in the gain makes up for it.",
        ("2 / (1 + slope**2) / fan", "1 / (1 + slope**2) / fan"),
    ),
    # ---- init_sweep
    "init_sweep__biases_too": (
        "You draw the biases anew, too. Only parameters with two or more axes are "
        "weights; what has one axis stays as make_net made it.",
        ("if p.dim() > 1:", "if True:"),
    ),
    "init_sweep__only_matrices": (
        "You fill weights with two axes only. The kernel of a convolution has three or "
        "more, and is a weight as well.",
        ("if p.dim() > 1:", "if p.dim() == 2:"),
    ),
    "init_sweep__seeds_before_making": (
        "You seed before the network is made. Making it draws numbers, too, and not "
        "always as many: seed between make_net and the weights.",
        ("net = make_net()", "torch.manual_seed(seed)\n            net = make_net()"),
        ("torch.manual_seed(seed)  # after make_net, which may draw, too", "pass"),
    ),
    "init_sweep__a_list_for_each_seed": (
        "You return a list for each seed. Asked for is one for each standard "
        "deviation, with an error for each seed in it.",
        ("return errors", "return [list(column) for column in zip(*errors)]"),
    ),
    "init_sweep__training_error": (
        "You measure the error on the training points. They tell what was learned by "
        "heart; compare starts on points that training has not seen.",
        ("x, y = test", "x, y = train"),
    ),
    "init_sweep__variance_for_std": (
        "Your weights have the square of the standard deviation that was asked for: "
        "normal_ takes the standard deviation, not the variance.",
        ("p.normal_(0, std)", "p.normal_(0, std**2)"),
    ),
    "init_sweep__accuracy": (
        "You return the fraction of RIGHT answers. An error is the fraction of wrong "
        "ones.",
        ("net(x).argmax(1) != y", "net(x).argmax(1) == y"),
    ),
    "init_sweep__one_seed": (
        "All of your seeds give the same start: the generator is seeded with "
        "something else than the seed at hand. Repetitions that repeat nothing have "
        "no spread.",
        ("manual_seed(seed)  #", "manual_seed(0)  #"),
    ),
    "init_sweep__seeds_never": (
        "Your starts do not depend on the seeds in any way that could be repeated: "
        "call torch.manual_seed just before you draw the weights, every time.",
        ("torch.manual_seed(seed)  # after make_net, which may draw, too", "pass"),
    ),
    "init_sweep__scaled_by_fan": (
        "You divide the standard deviation by sqrt(fan). Here it is given, and the "
        "point of the sweep is to find out what is right.",
        ("p.normal_(0, std)", "p.normal_(0, std / p.shape[1] ** 0.5)"),
    ),
    # ---- SGD
    "SGD__damps_the_first": (
        "Your velocity starts at 0, so that dampening weakens the first gradient, "
        "too. The first time the velocity IS the gradient.",
        ("v = g.clone()", "v = (1 - self.dampening) * g"),
    ),
    "SGD__first_for_all": (
        "You decide by the optimizer's first step whether a velocity is new. A "
        "parameter whose first gradient comes later has its own first time.",
        (
            "self.velocities = [None] * len(self.params)",
            "self.velocities = [0.0] * len(self.params)\n        self.started = False",
        ),
        ("if v is None:", "if not self.started:"),
        ("p -= self.lr * g", "p -= self.lr * g\n            self.started = True"),
    ),
    "SGD__damps_without_momentum": (
        "You compute a velocity even if momentum is 0, and then dampening weakens "
        "plain gradients. Without momentum both middle lines fall away.",
        ("if self.momentum:", "if True:"),
    ),
    "SGD__keeps_the_gradient_itself": (
        "Your first velocity IS the tensor p.grad, not a copy of it. Where gradients "
        "are zeroed or written in place, your velocity changes with them: clone.",
        (
            "g = p.grad + self.weight_decay * p",
            "g = p.grad + self.weight_decay * p if self.weight_decay else p.grad",
        ),
        ("v = g.clone()", "v = g"),
        (
            "v = self.momentum * v + (1 - self.dampening) * g",
            "v.mul_(self.momentum).add_(g, alpha=1 - self.dampening)",
        ),
    ),
    "SGD__zero_is_none": (
        "You pass over a gradient that is 0. That is not None: the velocity goes on "
        "carrying the parameter, and weight decay goes on shrinking it.",
        ("if p.grad is None:", "if p.grad is None or not p.grad.any():"),
    ),
    "SGD__ignores_dampening": (
        "Your velocity takes up the whole gradient every time: dampening weakens "
        "each one but the first.",
        ("(1 - self.dampening) * g", "g"),
    ),
    "SGD__averages": (
        "Your velocity is an average of gradients: the new gradient has the factor 1 "
        "- momentum. Here it is a sum; the factor is 1 - dampening.",
        ("(1 - self.dampening) * g", "(1 - self.momentum) * g"),
    ),
    "SGD__nesterov_is_plain": (
        "Your Nesterov step is that of plain momentum. Perhaps you add momentum "
        "times the OLD velocity to the gradient: but that sum is the new velocity, "
        "and nothing looks ahead. Update the velocity first, then add momentum times "
        "the new one to g.",
        ("g + self.momentum * v if self.nesterov else v", "v"),
    ),
    "SGD__decays_after_momentum": (
        "Your weight decay bypasses the velocity: it is added to the step instead of "
        "to the gradient, before the momentum.",
        ("g = p.grad + self.weight_decay * p", "g = p.grad.clone()"),
        ("p -= self.lr * g", "p -= self.lr * (g + self.weight_decay * p)"),
    ),
    "SGD__grows_weights": (
        "Your weight decay makes weights grow. The penalty's gradient, weight_decay "
        "* p, is added to g; the minus sign comes with the step.",
        ("p.grad + self.weight_decay * p", "p.grad - self.weight_decay * p"),
    ),
    "SGD__none_is_zero": (
        "You treat a missing gradient as zero: the parameter decays, and its "
        "velocity goes on carrying it. None means: this parameter had no part in the "
        "loss; pass it over.",
        (
            "                if p.grad is None:\n                    continue\n",
            "",
        ),
        ("g = p.grad +", "g = (0 if p.grad is None else p.grad) +"),
    ),
    "SGD__stops_at_none": (
        "Your loop ends at the first parameter without a gradient, and those behind "
        "it are not moved. Pass over that one only.",
        ("continue", "break"),
    ),
    "SGD__rate_in_the_velocity": (
        "Your velocity collects lr * g instead of g. As long as lr is constant "
        "nobody can tell; when it falls, the velocity goes on at the old rate.",
        ("v = g.clone()", "v = self.lr * g"),
        ("(1 - self.dampening) * g", "(1 - self.dampening) * self.lr * g"),
        (
            "g + self.momentum * v if self.nesterov else v",
            "g + self.momentum * v / self.lr if self.nesterov else v / self.lr",
        ),
    ),
    "SGD__old_rate": (
        "A learning rate that is written to `lr` has no effect on you. Read the "
        "attribute in every step.",
        ("self.lr = lr", "self.lr = self.first_lr = lr"),
        ("p -= self.lr * g", "p -= self.first_lr * g"),
    ),
    "SGD__changes_the_gradients": (
        "You add the weight decay into p.grad itself. Whoever reads or accumulates "
        "gradients after the step finds something else there; compute in a new "
        "tensor.",
        (
            "g = p.grad + self.weight_decay * p",
            "g = p.grad.add_(self.weight_decay * p)",
        ),
    ),
    "SGD__climbs": (
        "You go uphill: the gradient points to where the loss grows. Subtract it.",
        ("p -= self.lr * g", "p += self.lr * g"),
    ),
    "SGD__forgets_momentum": (
        "Your velocity is never carried over: each step starts from its own "
        "gradient. Keep the velocity of each parameter until the next step.",
        ("self.velocities[i] = v\n", "pass\n"),
    ),
    "SGD__one_velocity": (
        "All parameters of one shape share a velocity. Each parameter needs its own: "
        "keep one per parameter, found by its position in the list.",
        ("self.velocities = [None] * len(self.params)", "self.velocities = {}"),
        ("self.velocities[i]\n", "self.velocities.get(p.shape)\n"),
        ("self.velocities[i] = v\n", "self.velocities[p.shape] = v\n"),
    ),
    "SGD__rebinds": (
        "You put a new tensor in the place of the parameter's data. The numbers are "
        "right, but what shared its memory (a view, a tied weight) keeps the old "
        "ones: move it in place.",
        ("p -= self.lr * g", "p.data = p - self.lr * g"),
    ),
    "SGD__moves_copies": (
        "Your parameters never move: you compute new tensors and keep them to "
        "yourself, while the network goes on with the old ones. Change them in "
        "place.",
        ("p -= self.lr * g", "self.params[i] = p - self.lr * g"),
    ),
    "SGD__reads_the_stream_twice": (
        "Your parameters are a generator, and after the first loop it is empty. Make "
        "a list of them in the constructor.",
        ("self.params = list(params)", "self.params = params"),
        ("[None] * len(self.params)", "{}"),
        ("self.velocities[i]\n", "self.velocities.get(i)\n"),
    ),
    # ---- Adagrad
    "Adagrad__sums_gradients": (
        "You sum the gradients, and they cancel; a sum can even be negative, and its "
        "root nan. Sum their squares.",
        ("s += p.grad**2", "s += p.grad.abs()"),
    ),
    "Adagrad__eps_inside": (
        "Your eps is under the root, where it counts as its own root: 0.001 becomes "
        "0.03. Add it outside.",
        ("(s.sqrt() + self.eps)", "(s + self.eps).sqrt()"),
    ),
    "Adagrad__forgets_the_root": (
        "You divide by the sum of squares itself. Take its root, so that numerator "
        "and denominator are of the same kind.",
        ("s.sqrt() + self.eps", "s + self.eps"),
    ),
    "Adagrad__divides_first": (
        "You divide by the size of EARLIER gradients: the present one has to be in "
        "the sum before you divide (the first step would be divided by eps alone).",
        ("s += p.grad**2", "pass"),
        (
            "p -= self.lr * p.grad / (s.sqrt() + self.eps)",
            "p -= self.lr * p.grad / (s.sqrt() + self.eps)\n"
            "                s += p.grad**2",
        ),
    ),
    "Adagrad__one_number": (
        "You divide all entries of a parameter by one number, the norm of its "
        "gradients. Adagrad keeps a sum for every entry.",
        ("s += p.grad**2", "s += (p.grad**2).sum()"),
    ),
    "Adagrad__forgets_the_past": (
        "Your sum holds the present gradient only, so that every step is lr long. "
        "Add to what is there.",
        ("s += p.grad**2", "s.copy_(p.grad**2)"),
    ),
    "Adagrad__sums_by_position": (
        "When a gradient is missing your sums are shifted: the second parameter is "
        "divided by the first one's sum. Keep pairs of parameter and state together.",
        (
            "for p, s in zip(self.params, self.sums, strict=True):",
            "for p, s in zip([p for p in self.params if p.grad is not None], "
            "self.sums, strict=False):",
        ),
    ),
    # ---- RMSprop
    "RMSprop__alpha_swapped": (
        "alpha and 1 - alpha have changed places: alpha is the share of the OLD "
        "average that is kept.",
        ("s.lerp_(p.grad**2, 1 - self.alpha)", "s.lerp_(p.grad**2, self.alpha)"),
        ("m.lerp_(p.grad, 1 - self.alpha)", "m.lerp_(p.grad, self.alpha)"),
    ),
    "RMSprop__sums": (
        "Your average only grows, as in Adagrad: the old one is not multiplied by "
        "alpha.",
        ("s.lerp_(p.grad**2, 1 - self.alpha)", "s += (1 - self.alpha) * p.grad**2"),
    ),
    "RMSprop__whole_squares": (
        "You add the whole square to the shrunken average. It is a weighted mean: "
        "the new square has the weight 1 - alpha.",
        (
            "s.lerp_(p.grad**2, 1 - self.alpha)",
            "s.mul_(self.alpha).add_(p.grad**2)",
        ),
    ),
    "RMSprop__eps_inside": (
        "Your eps is under the root, where it counts as its own root: 0.001 becomes "
        "0.03. Add it outside.",
        ("(size.sqrt() + self.eps)", "(size + self.eps).sqrt()"),
    ),
    "RMSprop__averages_gradients": (
        "You average the gradients, not their squares, so that gradients of both "
        "signs cancel and the step becomes huge.",
        ("s.lerp_(p.grad**2, 1 - self.alpha)", "s.lerp_(p.grad.abs(), 1 - self.alpha)"),
    ),
    "RMSprop__never_centered": (
        "Your centered version is the plain one: subtract the square of the mean "
        "gradient.",
        ("(s - m**2).clamp(min=0) if self.centered else s", "s"),
    ),
    "RMSprop__nan_for_negative": (
        "Where gradients hardly change, s - m^2 is 0 up to rounding, and sometimes "
        "below it: the root is nan, and so is the parameter for ever. Clamp at 0.",
        (".clamp(min=0)", ""),
    ),
    "RMSprop__mean_not_squared": (
        "You subtract the mean gradient from the mean square. A variance is the mean "
        "square minus the SQUARE of the mean.",
        ("(s - m**2)", "(s - m)"),
    ),
    "RMSprop__corrects_the_start": (
        "You divide the averages by 1 - alpha^t. That is Adam's idea; RMSprop lets "
        "its averages start at 0, and its first steps are long.",
        ("self.centered = centered", "self.centered, self.t = centered, {}"),
        (
            "size = (s - m**2).clamp(min=0) if self.centered else s",
            "t = self.t[id(p)] = self.t.get(id(p), 0) + 1\n"
            "                s_, m_ = (a / (1 - self.alpha**t) for a in (s, m))\n"
            "                size = (s_ - m_**2).clamp(min=0) if self.centered else s_",
        ),
    ),
    "RMSprop__none_is_zero": (
        "You treat a missing gradient as zero, and the averages fade. None means: "
        "this parameter had no part in the loss; pass it over, state and all.",
        (
            "                if p.grad is None:\n                    continue\n",
            "                if p.grad is None:\n"
            "                    s *= self.alpha\n"
            "                    m *= self.alpha\n"
            "                    continue\n",
        ),
    ),
    # ---- Adam
    "Adam__no_correction": (
        "You do not correct the averages. They start at 0 and are far too small in "
        "the first steps; 1 - beta^t is the share that has been filled by step t.",
        ("m / (1 - beta1**t)", "m"),
        ("s / (1 - beta2**t)", "s"),
    ),
    "Adam__corrects_one": (
        "You correct the mean, but not the mean square: in the first steps you "
        "divide by a size that is far too small.",
        ("s / (1 - beta2**t)", "s"),
    ),
    "Adam__one_step_late": (
        "Your count is one too small: the first step has t = 0, and you dodge the "
        "division by zero. Count before you correct: the first step has t = 1.",
        ("m / (1 - beta1**t)", "m / ((1 - beta1 ** (t - 1)) or 1)"),
        ("s / (1 - beta2**t)", "s / ((1 - beta2 ** (t - 1)) or 1)"),
    ),
    "Adam__one_step_early": (
        "Your count is one too large: the first step has t = 1, and there 1 - beta^t "
        "is 1 - beta, the very factor with which the gradient came in.",
        ("m / (1 - beta1**t)", "m / (1 - beta1 ** (t + 1))"),
        ("s / (1 - beta2**t)", "s / (1 - beta2 ** (t + 1))"),
    ),
    "Adam__eps_inside": (
        "Your eps is under the root, where it counts as its own root: 0.001 becomes "
        "0.03. Add it outside.",
        ("(s_hat.sqrt() + self.eps)", "(s_hat + self.eps).sqrt()"),
    ),
    "Adam__zero_is_none": (
        "You pass over a gradient that is 0. That is not None: the averages take it "
        "up, the step counts, and the mean of earlier gradients moves the parameter.",
        ("if p.grad is None:", "if p.grad is None or not p.grad.any():"),
    ),
    "Adam__eps_before_correction": (
        "You add eps to the root before the correction, so that it is corrected, "
        "too: in the first steps it counts several times. Correct the mean square "
        "first.",
        (
            "(s_hat.sqrt() + self.eps)",
            "((s.sqrt() + self.eps) / (1 - beta2**t) ** 0.5)",
        ),
    ),
    "Adam__betas_swapped": (
        "Your two betas have changed places: the first belongs to the mean of "
        "gradients, the second to the mean of their squares.",
        ("beta1, beta2 = self.betas", "beta2, beta1 = self.betas"),
    ),
    "Adam__decoupled": (
        "Your weight decay shrinks the weights directly. That is AdamW; in Adam it "
        "is part of the gradient and passes through both averages.",
        ("g = p.grad + self.weight_decay * p", "g = p.grad"),
        (
            "t, m, s =",
            "p *= 1 - self.lr * self.weight_decay\n                t, m, s =",
        ),
    ),
    "Adam__decays_the_mean_only": (
        "Your weight decay is in the mean of the gradients, but not in the mean of "
        "their squares. g is one thing: the same in both lines.",
        ("s.lerp_(g**2,", "s.lerp_(p.grad**2,"),
    ),
    "Adam__one_count": (
        "Your parameters share one count of steps. A parameter that had no gradient "
        "so far has averages at 0, and its own t still to begin.",
        ("self.steps = [0] * len(self.params)", "self.count = 0"),
        (
            "beta1, beta2 = self.betas",
            "beta1, beta2 = self.betas\n        self.count += 1",
        ),
        ("self.steps[i] += 1", "pass"),
        ("t, m, s = self.steps[i],", "t, m, s = self.count,"),
    ),
    "Adam__counts_parameters": (
        "Your count goes up with every parameter, not with every step: the second "
        "parameter is in step 2 before the first step is over.",
        ("self.steps = [0] * len(self.params)", "self.count = 0"),
        ("self.steps[i] += 1", "self.count += 1"),
        ("t, m, s = self.steps[i],", "t, m, s = self.count,"),
    ),
    "Adam__corrects_for_good": (
        "You write the corrected averages back, so that the next step corrects them "
        "once more. The correction is for this step only; the running averages go on "
        "without it.",
        ("m_hat = m / (1", "m_hat = m.div_(1"),
        ("s_hat = s / (1", "s_hat = s.div_(1"),
    ),
    "Adam__keyed_by_value": (
        "Your state is looked up by the parameter's values, and they change in every "
        "step: nothing is ever found again, so every step is the first.",
        ("self.steps[i] += 1", "self.steps[i] = 1"),
        (
            "t, m, s = self.steps[i], self.means[i], self.squares[i]",
            "t, m, s = 1, self.means[i].mul_(0), self.squares[i].mul_(0)",
        ),
    ),
    "Adam__root_of_everything": (
        "You divide the corrected mean by the mean square itself. Take its root, so "
        "that numerator and denominator are of the same kind.",
        ("s_hat.sqrt() + self.eps", "s_hat + self.eps"),
    ),
    "Adam__changes_the_gradients": (
        "You add the weight decay into p.grad itself. Whoever reads or accumulates "
        "gradients after the step finds something else there; compute in a new "
        "tensor.",
        (
            "g = p.grad + self.weight_decay * p",
            "g = p.grad.add_(self.weight_decay * p)",
        ),
    ),
    # ---- AdamW
    "AdamW__is_adam": (
        "Your weight decay goes through the averages, and is divided by the root "
        "like the gradient: that is Adam's L2. Here it shrinks the weights directly.",
        (
            "p *= 1 - self.lr * self.weight_decay\n",
            "g = p.grad + self.weight_decay * p\n",
        ),
        ("m.lerp_(p.grad, 1", "m.lerp_(g, 1"),
        ("s.lerp_(p.grad**2, 1", "s.lerp_(g**2, 1"),
    ),
    "AdamW__decays_without_rate": (
        "Your weights shrink by weight_decay in each step, whatever the learning "
        "rate. The factor is 1 - lr * weight_decay.",
        ("1 - self.lr * self.weight_decay", "1 - self.weight_decay"),
    ),
    "AdamW__decays_afterwards": (
        "You decay the weights after the step, and the step decays with them. Shrink "
        "first, then step.",
        ("p *= 1 - self.lr * self.weight_decay\n", "pass\n"),
        (
            "p -= self.lr * m_hat / (s_hat.sqrt() + self.eps)",
            "p -= self.lr * m_hat / (s_hat.sqrt() + self.eps)\n"
            "                p *= 1 - self.lr * self.weight_decay",
        ),
    ),
    "AdamW__decays_without_gradient": (
        "You shrink parameters that have no gradient. One that had no part in the "
        "loss is passed over altogether.",
        (
            "                if p.grad is None:\n                    continue\n",
            "                if p.grad is None:\n"
            "                    p *= 1 - self.lr * self.weight_decay\n"
            "                    continue\n",
        ),
    ),
    "AdamW__no_decay": (
        "Your weights do not decay at all.",
        ("p *= 1 - self.lr * self.weight_decay\n", "pass\n"),
    ),
    "AdamW__eps_inside": (
        "Your eps is under the root, where it counts as its own root: 0.001 becomes "
        "0.03. Add it outside.",
        ("(s_hat.sqrt() + self.eps)", "(s_hat + self.eps).sqrt()"),
    ),
    # ---- lr_at
    "lr_at__starts_at_zero": (
        "Your warm-up starts with a rate of 0, so that the first step does nothing, "
        "and reaches the peak one step late. Step 0 has peak / warmup.",
        ("return peak * (step + 1)", "return peak * step"),
    ),
    "lr_at__warms_one_too_long": (
        "Your warm-up has one step too many: steps 0 to warmup - 1 belong to it, and "
        "step warmup is the first of the fall.",
        ("if step < warmup:", "if step <= warmup:"),
    ),
    "lr_at__rises_again": (
        "After the end of the run your cosine rises again. Training often goes on a "
        "step or two longer than planned: hold u at 1.",
        (
            "u = min(1.0, (step - warmup) / (steps - warmup))",
            "u = (step - warmup) / (steps - warmup)",
        ),
        (
            "u = min(1.0, (step - top) / (steps - 1 - top))",
            "u = (step - top) / (steps - 1 - top)",
        ),
    ),
    "lr_at__cosine_from_the_start": (
        "Your cosine counts from step 0, so that it jumps down at the end of the "
        "warm-up. It starts where the warm-up ends.",
        ("min(1.0, (step - warmup) / (steps - warmup))", "min(1.0, step / steps)"),
    ),
    "lr_at__whole_stairs": (
        "Your stairs come too early in runs whose length is odd or no multiple of "
        "four: an integer division rounds half of the run down.",
        ("(step >= steps / 2) +", "(step >= steps // 2) +"),
        ("3 * steps / 4", "3 * steps // 4"),
    ),
    "lr_at__stairs_late": (
        "Your stairs come one step late: the rate has fallen IN the step that is "
        "half of the run, not only after it.",
        ("(step >= steps / 2) +", "(step > steps / 2) +"),
        ("step >= 3 * steps / 4", "step > 3 * steps / 4"),
    ),
    "lr_at__stairs_after_the_warm_up": (
        "You cut what is left after the warm-up into halves and quarters. The stairs "
        "are counted from the start of the run.",
        ("(step >= steps / 2) +", "(step - warmup >= (steps - warmup) / 2) +"),
        ("step >= 3 * steps / 4", "step - warmup >= 3 * (steps - warmup) / 4"),
    ),
    "lr_at__cosine_ends_early": (
        "Your cosine is 0 in the last step of the run, which is then wasted. It is 0 "
        "in the step after it: divide by steps - warmup.",
        (
            "u = min(1.0, (step - warmup) / (steps - warmup))",
            "u = min(1.0, (step - warmup) / (steps - 1 - warmup))",
        ),
    ),
    "lr_at__straight_cycle": (
        "Your one cycle goes up and down in straight lines. Both ways are half a "
        "cosine.",
        (
            "low + (peak - low) * (1 - math.cos(math.pi * u)) / 2",
            "low + (peak - low) * u",
        ),
        (
            "peak + (end - peak) * (1 - math.cos(math.pi * u)) / 2",
            "peak + (end - peak) * u",
        ),
    ),
    "lr_at__ends_where_it_began": (
        "Your one cycle ends at the rate at which it began. It goes down much "
        "further, to peak / 250,000: the last steps are there to settle.",
        ("peak / 250_000", "peak / 25"),
    ),
    "lr_at__peak_of_one": (
        "Your rates belong to a peak of 1. Multiply by the peak.",
        ('    if kind == "one-cycle":', '    peak = 1.0\n    if kind == "one-cycle":'),
    ),
    "lr_at__peaks_late": (
        "Your one cycle reaches the peak one step late: the rise takes `warmup` "
        "steps, counted from 0, so the last of them is step warmup - 1.",
        ("warmup - 1\n        if", "warmup\n        if"),
    ),
    # ---- clip_grad_norm
    "clip_grad_norm__each_by_itself": (
        "You shorten each gradient by its own norm. Then the direction of the whole "
        "changes: all of them get the same factor, from the norm of all together.",
        (
            "            g.mul_(factor)",
            "            g.mul_((max_norm / (g.norm() + eps)).clamp(max=1))",
        ),
    ),
    "clip_grad_norm__always": (
        "You also stretch gradients that are short: the factor may not exceed 1.",
        ("if factor < 1:", "if True:"),
    ),
    "clip_grad_norm__returns_the_new_norm": (
        "You return the norm after shortening. The one before is worth watching: it "
        "tells how often you clip, and by how much.",
        ("return norm", "return torch.stack([g.norm() for g in grads]).norm()"),
    ),
    "clip_grad_norm__a_python_number": (
        "You return a Python number. Return the norm as the tensor that it is: on a "
        "GPU a number makes the program wait in every step.",
        ("return norm", "return norm.item()"),
    ),
    "clip_grad_norm__without_eps": (
        "Your factor ignores eps. It keeps the division harmless when the norm is "
        "tiny.",
        ("factor = max_norm / (norm + eps)", "factor = max_norm / norm"),
    ),
    "clip_grad_norm__sum_of_norms": (
        "You add up the norms of the gradients. The norm of the whole is the root of "
        "the sum of their SQUARES.",
        (
            "torch.stack([g.norm() for g in grads]).norm()",
            "sum(g.norm() for g in grads)",
        ),
    ),
    "clip_grad_norm__clips_values": (
        "You cut each entry at max_norm. That changes the direction; here all "
        "entries are multiplied by one factor.",
        ("g.mul_(factor)", "g.clamp_(-max_norm, max_norm)"),
    ),
    "clip_grad_norm__new_gradients": (
        "You compute shortened gradients and throw them away: those in .grad stay "
        "long. Change them in place.",
        ("g.mul_(factor)", "g = g * factor"),
    ),
    "clip_grad_norm__compares_norms": (
        "You compare the norm with max_norm, and not the factor with 1. With an eps "
        "that counts the two are different things.",
        ("if factor < 1:", "if norm > max_norm:"),
    ),
    "clip_grad_norm__largest_entry": (
        "Your norm is the largest entry. What is asked for is the Euclidean norm.",
        (
            "torch.stack([g.norm() for g in grads]).norm()",
            "torch.stack([g.abs().max() for g in grads]).max()",
        ),
    ),
    # ---- random_search
    "random_search__log_is_uniform": (
        "You draw log settings like uniform ones: between 0.0001 and 10 nine in ten "
        "are then larger than 1. Draw the logarithm evenly.",
        ("low * (high / low) ** u", "low + (high - low) * u"),
    ),
    "random_search__powers_of_ten": (
        "Your log settings are whole powers of ten. Any exponent between the ends is "
        "as good as another, not only whole ones.",
        (
            "low * (high / low) ** u",
            "low * 10 ** int(u * (math.log10(high / low) + 1))",
        ),
    ),
    "random_search__keeps_the_worst": (
        "You keep the configuration with the LARGEST error.",
        ("rank < best[0]", "rank > best[0]"),
    ),
    "random_search__chooses_on_test": (
        "You choose by the error on test data, and then report it: the smallest of "
        "many is too good to be true. Choose on validation data.",
        ("math.isnan(valid) else valid", "math.isnan(test) else test"),
    ),
    "random_search__pair_turned_round": (
        "You read what evaluate returns the wrong way round: the error on validation "
        "data comes first, that on test data second.",
        ("valid, test = evaluate", "test, valid = evaluate"),
    ),
    "random_search__reports_validation": (
        "You report the validation error of the best. It was chosen because that one "
        "was small; the honest figure is its error on test data.",
        ("best = rank, config, test", "best = rank, config, valid"),
    ),
    "random_search__last_of_equals": (
        "Of several equally good configurations you keep the last; asked for is the "
        "first.",
        ("rank < best[0]", "rank <= best[0]"),
    ),
    "random_search__trusts_nan": (
        "A training that diverged at the very start of your search stays the best "
        "for ever: no number is smaller than nan. Treat nan as infinitely bad.",
        ("math.inf if math.isnan(valid) else valid", "valid"),
    ),
    "random_search__one_too_few": (
        "You try one configuration too few.",
        ("range(budget)", "range(budget - 1)"),
    ),
    "random_search__own_dice": (
        "Your numbers do not come from the generator that is handed over, and so "
        "nobody can repeat your search.",
        ("torch.rand((), generator=generator,", "torch.rand((),"),
    ),
    "random_search__along_the_diagonal": (
        "You draw one number for all settings of a configuration, so that you search "
        "along a diagonal of the space. Draw a number for every setting.",
        (
            "config = {name: draw(*where) for name, where in space.items()}",
            "state = generator.get_state()\n"
            "        config = {\n"
            "            name: generator.set_state(state) and draw(*where)\n"
            "            for name, where in space.items()\n"
            "        }",
        ),
    ),
    "random_search__ends_are_rare": (
        "The first and the last value of a choice come half as often as the others: "
        "you round. Cut the interval into equal parts.",
        ("int(u * len(where[0]))", "round(u * (len(where[0]) - 1))"),
    ),
    # ---- successive_halving
    "successive_halving__keeps_the_worst": (
        "You keep those with the LARGEST errors.",
        ("key=errors.get)", "key=lambda i: -errors[i])"),
    ),
    "successive_halving__same_epochs": (
        "Every round of yours is as short as the first. The point is to spend on the "
        "survivors what the others no longer need: eta times as many epochs.",
        ("epochs *= eta", "pass"),
    ),
    "successive_halving__always_doubles": (
        "You double the epochs, whatever eta is. Those who are left get eta times as "
        "many.",
        ("epochs *= eta", "epochs *= 2"),
    ),
    "successive_halving__always_halves": (
        "You keep half, whatever eta is. A part of one in eta goes on.",
        ("len(racing) // eta", "len(racing) // 2"),
    ),
    "successive_halving__rounds_up": (
        "You round up, and too many go on. n // eta rounds down (but keep one).",
        (
            "max(1, len(racing) // eta)",
            "max(1, min(len(racing) - 1, -(-len(racing) // eta)))",
        ),
    ),
    "successive_halving__adds_errors": (
        "You add up the errors of all rounds. What counts is this round alone: those "
        "of earlier ones come from shorter trainings.",
        ("        errors = {}\n", ""),
        ("    while len", "    errors = {}\n    while len"),
        ("error\n        spent", "errors.get(i, 0) + error\n        spent"),
    ),
    "successive_halving__empties_the_list": (
        "You remove configurations from the list that you were handed: the caller's "
        "candidates are gone after the race. Work on a copy.",
        (
            "    return configs[racing[0]], spent",
            "    configs[:] = [configs[racing[0]]]\n    return configs[0], spent",
        ),
    ),
    "successive_halving__trains_the_winner": (
        "You train the winner once more. With one left the race is over.",
        (
            "    return configs[racing[0]], spent",
            "    evaluate(configs[racing[0]], epochs)\n"
            "    return configs[racing[0]], spent + epochs",
        ),
    ),
    "successive_halving__trusts_nan": (
        "You sort nan like a number, but it compares with nothing, and the order is "
        "then left to chance. Treat nan as infinitely bad.",
        ("math.inf if math.isnan(error) else error", "error"),
    ),
    "successive_halving__counts_rounds": (
        "You count the epochs of a round once, although every configuration in the "
        "race is trained for so many.",
        ("epochs * len(racing)", "epochs"),
    ),
    "successive_halving__in_order_of_rank": (
        "Your survivors are trained in the order of their rank. Keep the order in "
        "which they stand in configs; it also decides between equals.",
        ("racing = sorted(kept)", "racing = kept"),
    ),
}


def init_sweep__one_net(make_net, stds, seeds, fit, train, test):
    """You make the network once and go on training it. Biases that were trained from
    one start are part of the next; make a new network for every run."""
    x, y = test
    net, errors = make_net(), []
    for std in stds:
        errors.append([])
        for seed in seeds:
            torch.manual_seed(seed)
            for p in net.parameters():
                if p.dim() > 1:
                    p.data.normal_(0, std)
            fit(net, *train)
            errors[-1].append((net(x).argmax(1) != y).float().mean().item())
    return errors


class SGD__state_of_the_class:
    """Your optimizers share their velocities: a dict that belongs to the class, or to
    the notebook, outlives them all. State belongs to the object: make it in the
    constructor."""

    def __init__(
        self,
        params,
        lr,
        momentum=0.0,
        dampening=0.0,
        nesterov=False,
        weight_decay=0.0,
    ):
        self.params, self.lr = list(params), lr
        self.momentum, self.dampening = momentum, dampening
        self.nesterov, self.weight_decay = nesterov, weight_decay

    def step(self):
        """Move every parameter once."""
        for i, p in enumerate(self.params):
            if p.grad is None:
                continue
            g = p.grad + self.weight_decay * p.detach()
            if self.momentum:
                v = _SHARED.get(i)
                fresh = v is None or v.shape != g.shape or v.device != g.device
                new = (
                    g.clone() if fresh else self.momentum * v + (1 - self.dampening) * g
                )
                _SHARED[i] = new
                g = g + self.momentum * new if self.nesterov else new
            p.data -= self.lr * g
