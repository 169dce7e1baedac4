"""Wrong answers that students give to a17, each with the sentence that helps."""

import torch
import torch.nn.functional as F
from torch import nn

EDITS = {
    # ---- rnn_forward
    "rnn_forward__walks_over_the_batch": (
        "Your steps run over the wrong axis: x is (N, T, D), sequence first, and you "
        "walk over the sequences as if they were the steps. Time is axis 1, in what "
        "you read and in what you stack.",
        ("x.unbind(1)", "x"),
        ("torch.stack(states, 1)", "torch.stack(states)"),
    ),
    "rnn_forward__time_axis_in_front": (
        "Your states are right, but they are stacked with time as the first axis: the "
        "result is (N, T, H), sequence first, as the inputs are.",
        ("torch.stack(states, 1)", "torch.stack(states)"),
    ),
    "rnn_forward__starts_from_zero": (
        "You start from zeros and ignore h0: the first state follows from h0 like "
        "every other from the one before.",
        ("h, states = h0, []", "h, states = torch.zeros_like(h0), []"),
    ),
    "rnn_forward__no_recurrence": (
        "Every state of yours follows from h0 and not from the state before: the "
        "result of a step has to become the h of the next.",
        (
            "        h = torch.tanh(x_t @ w_ih.T + h @ w_hh.T + b)\n"
            "        states.append(h)",
            "        states.append(torch.tanh(x_t @ w_ih.T + h0 @ w_hh.T + b))",
        ),
    ),
    "rnn_forward__appends_the_same_tensor": (
        "All your steps show the last state: you keep one tensor, change it in place, "
        "and put it into the list T times. The list then holds T names of one tensor. "
        "Make a new tensor in each step.",
        ("h, states = h0, []", "h, states = h0.detach().clone(), []"),
        (
            "h = torch.tanh(x_t @ w_ih.T + h @ w_hh.T + b)",
            "h.copy_(torch.tanh(x_t @ w_ih.T + h @ w_hh.T + b).detach())",
        ),
    ),
    "rnn_forward__recurrent_weights_transposed": (
        "You apply W_hh transposed. W_hh is square, so no shape complains: with states "
        "in rows, W_hh h is h @ w_hh.T.",
        ("h @ w_hh.T", "h @ w_hh"),
    ),
    "rnn_forward__starts_with_h0": (
        "Your result begins with h_0 and lacks h_T: first compute the new state, then "
        "keep it.",
        (
            "        h = torch.tanh(x_t @ w_ih.T + h @ w_hh.T + b)\n"
            "        states.append(h)",
            "        states.append(h)\n"
            "        h = torch.tanh(x_t @ w_ih.T + h @ w_hh.T + b)",
        ),
    ),
    "rnn_forward__forgets_the_bias": (
        "You leave the bias out: b is added in every step, before the tanh.",
        ("h @ w_hh.T + b)", "h @ w_hh.T)"),
    ),
    "rnn_forward__detaches_the_state": (
        "Your values are right, but the state is cut off from the graph between the "
        "steps, so that autograd sees one step only. Here the gradient has to go all "
        "the way back.",
        ("h @ w_hh.T + b", "h.detach() @ w_hh.T + b"),
    ),
    "rnn_forward__cuts_between_the_steps": (
        "Your values are right, but you cut the state off from the graph before you "
        "hand it on, so that autograd sees one step only. That belongs to truncated "
        "backpropagation, in part 8; here the gradient goes all the way back.",
        ("states.append(h)", "states.append(h)\n        h = h.detach()"),
    ),
    "rnn_forward__keeps_numbers_only": (
        "Your values are right, but what you put into the list is cut off from the "
        "graph: no gradient can go back through what you return.",
        ("states.append(h)", "states.append(h.detach())"),
    ),
    # ---- rnn_backward
    "rnn_backward__forgets_the_carry": (
        "Your gradient stays within each step: what arrives from step t + 1, through "
        "W_hh, is missing. A state acts on the loss directly and by way of all later "
        "states.",
        ("(dh[:, t] + carry)", "dh[:, t]"),
    ),
    "rnn_backward__carry_instead_of_dh": (
        "Only the loss's use of the last state counts in your answer: in every step "
        "add dh[:, t] to what arrives from step t + 1.",
        ("(dh[:, t] + carry)", "(carry if t < x.shape[1] - 1 else dh[:, t])"),
    ),
    "rnn_backward__overwrites_the_weights_gradient": (
        "Your weight gradients are those of the first step alone: the same weights act "
        "in every step, so the contributions of all steps add up. You overwrite them.",
        ("dw_ih +=", "dw_ih ="),
        ("dw_hh +=", "dw_hh ="),
        ("db +=", "db ="),
    ),
    "rnn_backward__tanh_taken_twice": (
        "Your slope is taken at the wrong place: h is already tanh(a), so the slope is "
        "1 - h^2. You put h through tanh once more, as if it were a.",
        ("1 - h[:, t] ** 2", "1 - torch.tanh(h[:, t]) ** 2"),
    ),
    "rnn_backward__no_slope": (
        "You forget to go back through the tanh: multiply what arrives at h_t by "
        "1 - h_t^2 before it goes on to the weights, the input and the state before.",
        (" * (1 - h[:, t] ** 2)", ""),
    ),
    "rnn_backward__carry_transposed": (
        "What you send back to the state before goes through W_hh the wrong way round. "
        "W_hh is square, so no shape complains: forward is h @ w_hh.T, so backward is "
        "da @ w_hh.",
        ('carry = da @ cache["w_hh"]', 'carry = da @ cache["w_hh"].T'),
    ),
    "rnn_backward__state_of_the_same_step": (
        "Your gradient of W_hh pairs the error of step t with h_t: what W_hh was "
        "multiplied with in step t is the state before, h_(t-1).",
        ("da.T @ previous", "da.T @ h[:, t]"),
    ),
    "rnn_backward__first_step_wraps_round": (
        "In the first step you take h[:, -1] for the state before, and that is the "
        "last state: in Python index -1 means the end. Before the first step comes "
        "h0.",
        (" if t > 0 else h0", ""),
    ),
    "rnn_backward__h0_taken_as_zero": (
        "Your gradient of W_hh lacks the first step: you take the state before it to "
        "be zero, and it is h0.",
        ("else h0", "else torch.zeros_like(h0)"),
    ),
    "rnn_backward__divides_by_the_batch": (
        "You average the weight gradients over the batch. The 1/N, if the loss is a "
        "mean, is in dh already: here you sum.",
        ('"w_ih": dw_ih, "w_hh": dw_hh', '"w_ih": dw_ih / len(x), "w_hh": dw_hh'),
        ('dw_hh, "b": db}', 'dw_hh / len(x), "b": db / len(x)}'),
    ),
    "rnn_backward__slope_of_the_step_before": (
        "Your slope is that of the step before: what arrives at h_t goes back through "
        "the tanh that made h_t, whose slope is 1 - h_t^2.",
        ("1 - h[:, t] ** 2", "1 - previous**2"),
    ),
    "rnn_backward__adds_into_dh": (
        "You add what arrives from later steps into dh itself, and dh belongs to the "
        "caller. Add into a tensor of your own.",
        (
            "da = (dh[:, t] + carry) * (1 - h[:, t] ** 2)",
            "dh[:, t] += carry\n        da = dh[:, t] * (1 - h[:, t] ** 2)",
        ),
    ),
    "rnn_backward__h0_gets_the_pre_activation": (
        "What you return for h0 is the gradient at the pre-activation of the first "
        "step: send it through W_hh once more.",
        ('"h0": carry', '"h0": da'),
    ),
    "rnn_backward__carry_past_the_tanh": (
        "What arrives from step t + 1 goes past the tanh in your answer: it arrives at "
        "h_t, as dh does, so add it first and multiply the sum by 1 - h_t^2.",
        (
            "da = (dh[:, t] + carry) * (1 - h[:, t] ** 2)",
            "da = dh[:, t] * (1 - h[:, t] ** 2) + carry",
        ),
    ),
    "rnn_backward__slope_of_a_sigmoid": (
        "You use h (1 - h), the slope of a sigmoid. The squashing function here is "
        "tanh, with slope 1 - h^2.",
        ("(1 - h[:, t] ** 2)", "h[:, t] * (1 - h[:, t])"),
    ),
    "rnn_backward__from_first_to_last": (
        "You walk from the first step to the last: what step t + 1 sends back is not "
        "known then. Begin with the last step.",
        ("reversed(range(x.shape[1]))", "range(x.shape[1])"),
    ),
    "rnn_backward__bias_averaged": (
        "Your gradient of the bias is a mean over the batch; it is the sum, as that of "
        "the weights. The 1/N, if the loss is a mean, is in dh already.",
        ("da.sum(0)", "da.mean(0)"),
    ),
    # ---- jacobian_norms
    "jacobian_norms__wrong_order": (
        "You multiply the steps in the wrong order. The Jacobian of h_T with respect "
        "to h_t is J_T J_(T-1) ... J_(t+1): the latest step stands leftmost, because "
        "it acts last.",
        (
            "J = J @ ((1 - h_t**2)[:, None] * w_hh)",
            "J = ((1 - h_t**2)[:, None] * w_hh) @ J",
        ),
    ),
    "jacobian_norms__frobenius": (
        "You take the Frobenius norm: it is sqrt(H) for the identity. Asked for is the "
        "spectral norm, the largest singular value, which is 1.",
        ("matrix_norm(J, 2)", "matrix_norm(J)"),
    ),
    "jacobian_norms__spectral_radius": (
        "You take the largest eigenvalue. For a matrix that is not normal, what a "
        "change can grow by is the largest singular value, and that may be much more.",
        ("torch.linalg.matrix_norm(J, 2)", "torch.linalg.eigvals(J).abs().max()"),
    ),
    "jacobian_norms__slope_one_step_early": (
        "Each of your steps has the slope of the state that it starts from: from "
        "h_(t-1) to h_t the change passes through the tanh of step t, whose slope is "
        "1 - h_t^2.",
        ("for h_t in h.flip(0):", "for h_t in torch.cat([h[:1], h[:-1]]).flip(0):"),
    ),
    "jacobian_norms__slope_on_the_other_side": (
        "The slope scales the columns of your W_hh, but it belongs on the rows: W_hh "
        "acts first, then the tanh. J_t = diag(1 - h_t^2) W_hh.",
        ("(1 - h_t**2)[:, None] * w_hh", "(1 - h_t**2) * w_hh"),
    ),
    "jacobian_norms__transposed_weights": (
        "You use W_hh transposed: entry (i, j) of a step's Jacobian is "
        "(1 - h_t[i]^2) W_hh[i, j].",
        ("[:, None] * w_hh)", "[:, None] * w_hh.T)"),
    ),
    "jacobian_norms__no_slope": (
        "You take powers of W_hh and forget the tanh: its slope 1 - h_t^2 multiplies "
        "every step.",
        ("((1 - h_t**2)[:, None] * w_hh)", "w_hh"),
    ),
    "jacobian_norms__one_step_too_many": (
        "Your products contain one step too many: from h_t to h_T there are T - t "
        "steps, and none from h_T to itself.",
        (
            "        norms.append(torch.linalg.matrix_norm(J, 2))\n"
            "        J = J @ ((1 - h_t**2)[:, None] * w_hh)  # from h_t to h_{t-1}",
            "        J = J @ ((1 - h_t**2)[:, None] * w_hh)\n"
            "        norms.append(torch.linalg.matrix_norm(J, 2))",
        ),
    ),
    "jacobian_norms__last_state_first": (
        "Your norms are right, but in reverse: the oldest state comes first, and the "
        "last entry is 1.",
        ("torch.stack(norms).flip(0)", "torch.stack(norms)"),
    ),
    "jacobian_norms__single_steps": (
        "You give the norms of single steps. From h_t to h_T there are T - t of them: "
        "multiply their Jacobians.",
        ("J = J @ (", "J = ("),
    ),
    # ---- orthogonal_
    "orthogonal___signs_as_they_come": (
        "Your matrix is orthogonal, but its signs are whatever the QR routine chose: "
        "make the diagonal of R positive by flipping the columns of Q to match. "
        "Otherwise Q is not unique, and not uniformly distributed either.",
        ("r.diagonal().sign()", "1"),
    ),
    "orthogonal___signs_on_the_rows": (
        "The signs of R's diagonal flip the rows of your Q; they belong to its "
        "columns: w = Q R = (Q S)(S R), with S = diag(signs).",
        ("r.diagonal().sign()", "r.diagonal().sign()[:, None]"),
    ),
    "orthogonal___leaves_w_alone": (
        "You return a new matrix and leave w as it was: the underscore at the end of "
        "the name promises that w itself is changed.",
        ("w.copy_(q if tall else q.T)", "w.clone().copy_(q if tall else q.T)"),
    ),
    "orthogonal___recorded_by_autograd": (
        "You change a parameter while autograd is recording, which a leaf does not "
        "allow. Setting starting weights is no part of the computation: switch the "
        "recording off.",
        ("torch.no_grad()", "torch.enable_grad()"),
    ),
    "orthogonal___wide_not_transposed": (
        "Wide matrices are wrong: with more columns than rows, the columns cannot be "
        "orthonormal. Factorise the transpose, and transpose back.",
        ("tall = w.shape[0] >= w.shape[1]", "tall = True"),
    ),
    "orthogonal___moves_w_elsewhere": (
        "You give w a new memory instead of new content. If w is a block of a larger "
        "matrix, say of the weights of an LSTM, the larger matrix keeps its old "
        "numbers. Copy Q into w.",
        (
            "return w.copy_(q if tall else q.T)",
            "w.data = q if tall else q.T\n        return w",
        ),
    ),
    # ---- lstm_forward
    "lstm_forward__order_ifog": (
        "You take the gates in the order i, f, o, g. Torch, and this exercise, stack "
        "them as i, f, g, o.",
        ("a_i, a_f, a_g, a_o = a", "a_i, a_f, a_o, a_g = a"),
        ("[i, f, g, o]", "[i, f, o, g]"),
    ),
    "lstm_forward__cut_as_ifog": (
        "You cut the rows in the order i, f, o, g. Torch, and this exercise, stack "
        "them as i, f, g, o.",
        ("a_i, a_f, a_g, a_o = a", "a_i, a_f, a_o, a_g = a"),
    ),
    "lstm_forward__interleaved_rows": (
        "You take every fourth row for a gate. The rows of a gate stand together: the "
        "first H belong to i, the next H to f, and so on.",
        ("a.chunk(4, dim=1)", "a.unflatten(1, (-1, 4)).unbind(2)"),
    ),
    "lstm_forward__order_figo": (
        "You take the forget gate for the input gate and the other way round: the "
        "rows come in the order i, f, g, o.",
        ("a_i, a_f, a_g, a_o = a", "a_f, a_i, a_g, a_o = a"),
        ("[i, f, g, o]", "[f, i, g, o]"),
    ),
    "lstm_forward__sigmoid_on_g": (
        "Your g goes through a sigmoid: it is no gate but the candidate, what there is "
        "to write, and may be negative. It takes a tanh.",
        ("g = torch.tanh(a_g)", "g = torch.sigmoid(a_g)"),
    ),
    "lstm_forward__cell_not_carried": (
        "Every step of yours starts from c0: the cell of one step has to become the c "
        "of the next. It is the memory.",
        ("c = f * c + i * g", "c = f * c0 + i * g"),
    ),
    "lstm_forward__second_bias_dropped": (
        "You add only one of the two biases: b_ih and b_hh both count.",
        ("h @ w_hh.T + b_hh", "h @ w_hh.T"),
    ),
    "lstm_forward__first_bias_dropped": (
        "You add only one of the two biases: b_ih and b_hh both count.",
        (".T + b_ih + h", ".T + h"),
    ),
    "lstm_forward__no_tanh_on_the_cell": (
        "Your hidden state is o * c. The cell may grow beyond 1, and the hidden state "
        "shall not: h = o * tanh(c).",
        ("h = o * torch.tanh(c)", "h = o * c"),
    ),
    "lstm_forward__old_cell_shown": (
        "Your hidden state shows the cell of the step before: first update c, then "
        "compute h from the new one.",
        (
            "        c = f * c + i * g\n        h = o * torch.tanh(c)",
            "        h = o * torch.tanh(c)\n        c = f * c + i * g",
        ),
    ),
    "lstm_forward__coupled_gates": (
        "You use 1 - i for the forget gate, as a GRU would: here f is a gate of its "
        "own, and the cell can keep the old and write the new at once.",
        ("c = f * c + i * g", "c = (1 - i) * c + i * g"),
    ),
    "lstm_forward__writes_what_is_forgotten": (
        "You write with 1 - f instead of i, as a GRU would: here i is a gate of its "
        "own, and the cell can keep the old and write the new at once.",
        ("c = f * c + i * g", "c = f * c + (1 - f) * g"),
    ),
    "lstm_forward__gates_before_the_squash": (
        "States and cells are right, but the gates that you return are the values "
        "before sigmoid and tanh; asked for are those after.",
        ("torch.cat([i, f, g, o], dim=1)", "a"),
    ),
    # ---- lstm_backward
    "lstm_backward__path_through_the_output_gate_missing": (
        "The output gate gets no gradient in your answer: h = o * tanh(c) depends on o "
        "as well as on c.",
        (
            "da_o = d_h * tanh_c * o * (1 - o)",
            "da_o = torch.zeros_like(o)",
        ),
    ),
    "lstm_backward__cell_carry_not_multiplied_by_f": (
        "What you hand on to the cell before lacks the factor f: c_t = f * c_(t-1) + "
        "..., so the gradient passes the forget gate on its way back.",
        ("carry_c = d_c * f", "carry_c = d_c"),
    ),
    "lstm_backward__cell_of_the_same_step": (
        "Your gradient of the forget gate uses c_t: what f was multiplied with is the "
        "cell before, c_(t-1).",
        ("da_f = d_c * c_before", "da_f = d_c * c[:, t]"),
    ),
    "lstm_backward__no_cell_carry": (
        "Nothing flows back from cell to cell in your answer, only from hidden state "
        "to hidden state. The path along the cells is the one that the LSTM was made "
        "for.",
        ("d_c = carry_c + d_h", "d_c = d_h"),
    ),
    "lstm_backward__no_hidden_carry": (
        "Nothing flows back through W_hh in your answer: h_(t-1) acts on all four "
        "gates of step t.",
        ("d_h = dh[:, t] + carry_h", "d_h = dh[:, t]"),
    ),
    "lstm_backward__g_treated_as_a_gate": (
        "You give g the slope of a sigmoid: g is a tanh, and its slope is 1 - g^2.",
        ("(1 - g**2)", "g * (1 - g)"),
    ),
    "lstm_backward__slope_of_tanh_c_missing": (
        "On the way from h to c you forget the slope of the tanh: h = o * tanh(c), so "
        "dh/dc = o * (1 - tanh(c)^2).",
        ("d_h * o * (1 - tanh_c**2)", "d_h * o"),
    ),
    "lstm_backward__slope_at_the_cell": (
        "On the way from h to c you write 1 - c^2; the slope of tanh(c) is "
        "1 - tanh(c)^2.",
        ("(1 - tanh_c**2)", "(1 - c[:, t] ** 2)"),
    ),
    "lstm_backward__first_step_wraps_round": (
        "In the first step you take the last states for the states before: index -1 "
        "means the end in Python. Before the first step come h0 and c0.",
        ("(h[:, t - 1], c[:, t - 1]) if t else (h0, c0)", "h[:, t - 1], c[:, t - 1]"),
    ),
    "lstm_backward__order_ifog": (
        "You stack the errors of the gates in the order i, f, o, g: the rows of the "
        "weights come as i, f, g, o.",
        ("[da_i, da_f, da_g, da_o]", "[da_i, da_f, da_o, da_g]"),
    ),
    "lstm_backward__i_and_g_exchanged": (
        "You exchange i and g: c = f * c + i * g, so the gradient of i is multiplied "
        "by g, and that of g by i.",
        ("da_i = d_c * g * i * (1 - i)", "da_i = d_c * i * i * (1 - i)"),
        ("da_g = d_c * i * (1 - g**2)", "da_g = d_c * g * (1 - g**2)"),
    ),
    "lstm_backward__overwrites_the_weights_gradient": (
        "Your weight gradients are those of the first step alone: the same weights act "
        "in every step, so the contributions of all steps add up. You overwrite them.",
        ("dw_ih +=", "dw_ih ="),
        ("dw_hh +=", "dw_hh ="),
        ("db +=", "db ="),
    ),
    "lstm_backward__output_gate_sees_the_cell": (
        "Your gradient of the output gate is multiplied by c: h = o * tanh(c), so it "
        "is tanh(c).",
        ("d_h * tanh_c * o", "d_h * c[:, t] * o"),
    ),
    "lstm_backward__carried_h_misses_the_cell": (
        "What comes back through W_hh does not reach the cell in your answer: it is "
        "part of the gradient of h_t, and goes on to o and to c as dh does.",
        ("carry_c + d_h * o", "carry_c + dh[:, t] * o"),
    ),
    "lstm_backward__forget_gate_of_the_wrong_step": (
        "You multiply what comes back from c_(t+1) by f_t: between the two cells "
        "stands f_(t+1), so multiply before you hand it on.",
        ("d_c = carry_c + d_h", "d_c = f * carry_c + d_h"),
        ("carry_c = d_c * f", "carry_c = d_c"),
    ),
    "lstm_backward__c0_gets_the_first_cell": (
        "What you return for c0 is the gradient of c_1: the forget gate of the first "
        "step still stands between the two.",
        ('"c0": carry_c', '"c0": d_c'),
    ),
    "lstm_backward__h0_gets_the_first_state": (
        "What you return for h0 is the gradient of h_1: go back through the gates of "
        "the first step and W_hh once more.",
        ('"h0": carry_h', '"h0": d_h'),
    ),
    # ---- gru_forward
    "gru_forward__z_the_other_way_round": (
        "You exchange z and 1 - z: in torch's convention z keeps, so that "
        "h = (1 - z) * n + z * h. (The paper of Cho et al. has it like torch, that of "
        "Chung et al. the other way.)",
        ("h = (1 - z) * n + z * h", "h = z * n + (1 - z) * h"),
    ),
    "gru_forward__reset_before_the_product": (
        "You reset the state before it is multiplied by W_hh, as the paper does; torch "
        "resets afterwards: r * (W_hn h + b_hn).",
        (
            "n = torch.tanh(u_n + r * v_n)",
            "W_n, b_n = w_hh[-h.shape[1]:], b_hh[-h.shape[1]:]\n"
            "        n = torch.tanh(u_n + (r * h) @ W_n.T + b_n)",
        ),
    ),
    "gru_forward__bias_outside_the_reset": (
        "Your reset gate multiplies W_hn h but not b_hn: the second bias stands "
        "inside, r * (W_hn h + b_hn). This is why a GRU needs two.",
        (
            "n = torch.tanh(u_n + r * v_n)",
            "b_n = b_hh[-h.shape[1]:]\n"
            "        n = torch.tanh(u_n + r * (v_n - b_n) + b_n)",
        ),
    ),
    "gru_forward__order_zrn": (
        "You take z for r and r for z: the rows come in the order r, z, n.",
        ("u_r, u_z, u_n = (x_t", "u_z, u_r, u_n = (x_t"),
        ("v_r, v_z, v_n = (h", "v_z, v_r, v_n = (h"),
    ),
    "gru_forward__reset_ignored": (
        "Your reset gate does nothing: it decides how much of the old state the "
        "candidate n gets to see.",
        ("n = torch.tanh(u_n + r * v_n)", "n = torch.tanh(u_n + v_n)"),
    ),
    "gru_forward__reset_on_everything": (
        "Your reset gate multiplies the input's part of the candidate, too: it acts on "
        "what comes from the state only.",
        ("torch.tanh(u_n + r * v_n)", "torch.tanh(r * (u_n + v_n))"),
    ),
    "gru_forward__starts_from_zero": (
        "You start from zeros and ignore h0.",
        ("h, states = h0, []", "h, states = torch.zeros_like(h0), []"),
    ),
    # ---- sequences of unequal length
    "last_valid__always_the_last": (
        "You take the last column for every sequence: behind a short sequence that is "
        "padding. Each sequence ends at a place of its own.",
        ("h[rows, (lengths - 1).clamp(min=0)]", "h[:, -1].clone()"),
    ),
    "last_valid__one_too_far": (
        "You look at index lengths[n], which is the first step of padding: counting "
        "starts at 0, so the last real step is lengths[n] - 1.",
        ("(lengths - 1).clamp(min=0)", "lengths.clamp(max=h.shape[1] - 1)"),
    ),
    "last_valid__beyond_the_end": (
        "You look at index lengths[n], which is the first step of padding, or beyond "
        "the end where there is none: counting starts at 0, so the last real step is "
        "lengths[n] - 1.",
        ("(lengths - 1).clamp(min=0)", "lengths"),
    ),
    "last_valid__empty_wraps_round": (
        "For a sequence of length 0 you return the last column: index -1 means the end "
        "in Python. It has no state; its row is zero.",
        ("(lengths - 1).clamp(min=0)", "lengths - 1"),
        ("last.masked_fill((lengths == 0)[:, None], 0)", "last"),
    ),
    "last_valid__empty_takes_the_first": (
        "For a sequence of length 0 you return the first column, which is padding. It "
        "has no state; its row is zero.",
        ("last.masked_fill((lengths == 0)[:, None], 0)", "last"),
    ),
    "masked_mean__divides_by_t": (
        "You divide by T: a short sequence then gets a small mean. Divide the sum by "
        "the sequence's own length.",
        ("lengths.clamp(min=1)[:, None]", "h.shape[1]"),
    ),
    "masked_mean__padding_counted": (
        "The padding is in your sum: add up the real steps only.",
        ("h.masked_fill(padded[:, :, None], 0).sum(1)", "h.sum(1)"),
    ),
    "masked_mean__one_step_too_many": (
        "Your mask is off by one: with counting from 0 the real steps are those below "
        "lengths[n], and step lengths[n] is padding already.",
        ("step >= lengths[:, None]", "step > lengths[:, None]"),
    ),
    "masked_mean__zero_by_zero": (
        "A sequence of length 0 gives nan: 0 / 0. Divide by at least 1, and its row is "
        "zero.",
        ("lengths.clamp(min=1)[:, None]", "lengths[:, None]"),
    ),
    "masked_mean__nan_times_zero": (
        "Your mask is multiplied with h, and nan times 0 is nan: what stands in the "
        "padding gets through. Replace the padding instead of multiplying it.",
        (
            "h.masked_fill(padded[:, :, None], 0).sum(1)",
            "(h * ~padded[:, :, None]).sum(1)",
        ),
    ),
    # ---- tbptt
    "tbptt__state_not_cut_off": (
        "Your gradient is that of full backpropagation through time: the state is not "
        "cut off between the pieces. Detach it, and each piece's graph can be freed "
        "before the next one.",
        ("loss.backward()", "loss.backward(retain_graph=True)"),
        ("tuple(s.detach() for s in state)", "tuple(s for s in state)"),
        ("state = state.detach()", "state = state.clone()"),
    ),
    "tbptt__graph_freed_twice": (
        "The second piece goes back into the graph of the first, which is freed "
        "already. Cut the state off from the graph between the pieces: keep its value, "
        "not its history.",
        ("tuple(s.detach() for s in state)", "tuple(s for s in state)"),
        ("state = state.detach()", "state = state.clone()"),
    ),
    "tbptt__state_starts_afresh": (
        "Every piece of yours starts from a zero state: then the network cannot "
        "remember anything beyond a piece. Cut off the gradient, but keep the value.",
        ("model(x_k, state)", "model(x_k, None)"),
    ),
    "tbptt__only_one_state_detached": (
        "You cut off h of an LSTM but not its cell c: the state is a tuple, and both "
        "parts have to be detached.",
        ("loss.backward()", "loss.backward(retain_graph=True)"),
        (
            "tuple(s.detach() for s in state)",
            "(state[0].detach(), state[1])",
        ),
    ),
    "tbptt__rest_dropped": (
        "The short piece at the end is lost: when T is not a multiple of `chunk`, the "
        "steps that are left over are a piece, too.",
        (
            "for x_k, y_k in zip(x.split(chunk, 1), y.split(chunk, 1), strict=True):",
            "for k in range(x.shape[1] // chunk):\n"
            "        x_k, y_k = (v[:, k * chunk : (k + 1) * chunk] for v in (x, y))",
        ),
    ),
    "tbptt__mean_of_each_piece": (
        "You add up the means of the pieces: the loss is one mean over the whole "
        "sequence, so each piece contributes its sum divided by N T K.",
        ('reduction="sum") / y.numel()', 'reduction="mean")'),
    ),
    "tbptt__mean_of_means": (
        "You average the means of the pieces: the steps of a short last piece then "
        "count more than the others. Divide the sum of all squared errors by N T K.",
        (
            'reduction="sum") / y.numel()',
            'reduction="mean") / len(y.split(chunk, 1))',
        ),
    ),
    "tbptt__clears_the_gradient": (
        "You set .grad to zero: what was there before the call, or what earlier pieces "
        "left, is lost. Here the gradients add up, as backward() adds them.",
        ("loss.backward()", "model.zero_grad()\n        loss.backward()"),
    ),
    "tbptt__clears_the_gradient_first": (
        "You set .grad to zero at the start, and what was there before the call is "
        "lost. Here the gradients add up, as backward() adds them; clearing them is "
        "for the caller to do.",
        ("state, total = None,", "model.zero_grad()\n    state, total = None,"),
    ),
    "tbptt__not_divided_by_k": (
        "You divide by the number of steps, N T: the mean is over all entries, so "
        "divide by N T K.",
        ("y.numel()", "(y.shape[0] * y.shape[1])"),
    ),
    "tbptt__loss_of_the_last_piece": (
        "You return the loss of the last piece; asked for is that of the whole "
        "sequence, the sum over the pieces.",
        ("total += loss.detach()", "total = loss.detach()"),
    ),
    "tbptt__pieces_count_again": (
        "You go back from the running total in every piece, so that the gradient of "
        "the first piece is added once for every piece. Go back from the loss of the "
        "piece alone.",
        (
            "loss.backward()",
            "total = total + loss\n        total.backward(retain_graph=True)",
        ),
        ("total += loss.detach()", "pass"),
        ("return total", "return total.detach()"),
    ),
    "tbptt__loss_not_cut_off": (
        "The loss that you return still hangs on the graph: add up its numbers, for "
        "instance loss.detach(), so that nothing is kept for the sake of a figure.",
        ("total += loss.detach()", "total = total + loss"),
    ),
    "tbptt__all_graphs_kept": (
        "Your gradient is right, but the graphs of all the pieces are kept until the "
        "end, so that memory grows with the sequence, which was to be avoided. Go back "
        "at the end of each piece.",
        ("loss.backward()", "total = total + loss"),
        ("total += loss.detach()", "pass"),
        ("    return total", "    total.backward()\n    return total.detach()"),
    ),
    "tbptt__graph_retained": (
        "Your gradient is right, but retain_graph=True keeps a graph that nobody needs "
        "any more while the next one is built. If backward() asked for it, the state "
        "was not cut off.",
        ("loss.backward()", "loss.backward(retain_graph=True)"),
    ),
}


def rnn_forward__writes_into_one_tensor(x, h0, w_ih, w_hh, b):
    """Your values are right, but autograd stops with an error: you write the states
    into one tensor and read the state before from it, so that each step changes in
    place what the one before has saved for the way back. Keep the states in a list and
    stack them at the end."""
    h = x.new_zeros(x.shape[0], x.shape[1] + 1, h0.shape[1])
    h[:, 0] = h0
    for t in range(x.shape[1]):
        h[:, t + 1] = torch.tanh(x[:, t] @ w_ih.T + h[:, t] @ w_hh.T + b)
    return h[:, 1:]


def rnn_forward__result_on_the_cpu(x, h0, w_ih, w_hh, b):
    """Your result is always float32 and on the CPU: torch.zeros(...) alone does not
    know what x is. Stack the states, or give it x's dtype and device."""
    h, states = h0, torch.zeros(*x.shape[:2], h0.shape[1])
    for t in range(x.shape[1]):
        h = torch.tanh(x[:, t] @ w_ih.T + h @ w_hh.T + b)
        states[:, t] = h
    return states


def rnn_forward__torch_does_it(x, h0, w_ih, w_hh, b):
    """You let torch's own cell do the work: here you write the step yourself."""
    cell = nn.RNN(x.shape[2], h0.shape[1], batch_first=True)
    named = {"weight_ih_l0": w_ih, "weight_hh_l0": w_hh, "bias_ih_l0": b}
    named["bias_hh_l0"] = torch.zeros_like(b)
    return torch.func.functional_call(cell, named, (x, h0[None]))[0]


def rnn_backward__lets_autograd_do_it(dh, cache):
    """You run the network again and let autograd differentiate it: here you write the
    derivatives out."""
    names = ("x", "h0", "w_ih", "w_hh", "b")
    leaf = {k: cache[k].detach().clone().requires_grad_() for k in names}
    h, states = leaf["h0"], []
    for x_t in leaf["x"].unbind(1):
        h = torch.tanh(x_t @ leaf["w_ih"].T + h @ leaf["w_hh"].T + leaf["b"])
        states.append(h)
    torch.stack(states, 1).backward(dh)
    return {k: v.grad for k, v in leaf.items()}


def lstm_forward__torch_does_it(x, h0, c0, w_ih, w_hh, b_ih, b_hh):
    """You let torch's own cell do the work: here you write the step yourself."""
    cell = nn.LSTMCell(x.shape[2], h0.shape[1])
    named = {"weight_ih": w_ih, "weight_hh": w_hh, "bias_ih": b_ih, "bias_hh": b_hh}
    state, steps = (h0, c0), []
    for x_t in x.unbind(1):
        a = x_t @ w_ih.T + b_ih + state[0] @ w_hh.T + b_hh
        i, f, g, o = a.chunk(4, 1)
        gates = torch.cat([i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()], 1)
        state = torch.func.functional_call(cell, named, (x_t, state))
        steps.append((*state, gates))
    return tuple(torch.stack(s, 1) for s in zip(*steps, strict=True))


def gru_forward__torch_does_it(x, h0, w_ih, w_hh, b_ih, b_hh):
    """You let torch's own cell do the work: here you write the step yourself."""
    cell = nn.GRU(x.shape[2], h0.shape[1], batch_first=True)
    named = {"weight_ih_l0": w_ih, "weight_hh_l0": w_hh}
    named |= {"bias_ih_l0": b_ih, "bias_hh_l0": b_hh}
    return torch.func.functional_call(cell, named, (x, h0[None]))[0]


def jacobian_norms__product_of_norms(w_hh, h):
    """You multiply the norms of the steps. That is an upper bound only: what one step
    stretches most, the next may shrink. Multiply the matrices, then take the norm."""
    bound, norms = h.new_ones(()), []
    for h_t in h.flip(0):
        norms.append(bound)
        step = (1 - h_t**2)[:, None] * w_hh
        bound = bound * torch.linalg.matrix_norm(step, 2)
    return torch.stack(norms).flip(0)


def jacobian_norms__plain_numbers(w_hh, h):
    """Your result is built from Python numbers, so it is float32 on the CPU whatever h
    is. Stack the norms as tensors: they know their dtype and device."""
    J = torch.eye(h.shape[1]).to(h)
    norms = []
    for h_t in h.flip(0):
        norms.insert(0, torch.linalg.matrix_norm(J, 2).item())
        J = J @ ((1 - h_t**2)[:, None] * w_hh)
    return torch.tensor(norms)


def last_valid__nan_times_zero(h, lengths):
    """You pick the state by multiplying with 0 and 1, and nan times 0 is nan: what
    stands in the padding gets through. Take the state by its index."""
    step = torch.arange(h.shape[1], device=h.device)
    chosen = step == lengths[:, None] - 1
    return (h * chosen[:, :, None]).sum(1)


def orthogonal___polar_factor(w):
    """Your matrix is orthogonal, but another one: you took U V^T of a singular value
    decomposition, the orthogonal matrix that is nearest to w. Asked for is the Q of
    w = Q R."""
    with torch.no_grad():
        u, _, vh = torch.linalg.svd(w, full_matrices=False)
        return w.copy_(u @ vh)


def orthogonal___columns_normalised(w):
    """Your columns have length 1 but are not perpendicular: each has to lose its part
    along the ones before."""
    with torch.no_grad():
        return w.copy_(F.normalize(w, dim=0 if w.shape[0] >= w.shape[1] else 1))


def tbptt__only_the_last_piece_learns(model, x, y, chunk):
    """Only the last piece reaches the parameters: you run the earlier ones without
    autograd. Every piece needs its own backward()."""
    state, total = None, torch.zeros_like(y[0, 0, 0])
    starts = range(0, x.shape[1], chunk)
    for start in starts:
        piece = slice(start, start + chunk)
        with torch.set_grad_enabled(start == starts[-1]):
            out, state = model(x[:, piece], state)
            total = total + F.mse_loss(out, y[:, piece], reduction="sum") / y.numel()
    total.backward()
    return total.detach()
