"""Wrong answers that students give to a26, each with the sentence that helps."""

EDITS = {
    # comm_time
    "comm_time__whole_vector_round_the_ring": (
        "Your ring sends the whole vector in every round. It is cut into P chunks, "
        "and each round carries one of them: that is the point of the ring.",
        ("(alpha + nbytes / P * beta)", "(alpha + nbytes * beta)"),
    ),
    "comm_time__ring_of_p_rounds": (
        "Your ring makes 2 P rounds. A sum of P numbers takes P - 1 additions, and "
        "the last of P workers is reached after P - 1 hand-overs.",
        ("return 2 * (P - 1) * (alpha", "return 2 * P * (alpha"),
    ),
    "comm_time__ring_one_way": (
        "Your ring stops half way: after P - 1 rounds every worker has the sum of "
        "one chunk only. It takes as many rounds again to hand the sums round.",
        ("return 2 * (P - 1) * (alpha", "return (P - 1) * (alpha"),
    ),
    "comm_time__latency_once": (
        "You count the latency of the ring once. The rounds wait for each other, so "
        "each of them costs its own alpha.",
        (
            "return 2 * (P - 1) * (alpha + nbytes / P * beta)",
            "return (2 * alpha + 2 * (P - 1) / P * nbytes * beta) * (P > 1)",
        ),
    ),
    "comm_time__latency_shared_out": (
        "You divide the latency by P along with the bytes. A chunk is shorter than "
        "the vector, but a message has its full latency, however short it is.",
        ("(alpha + nbytes / P * beta)", "(alpha + nbytes * beta) / P"),
    ),
    "comm_time__tree_rounds_down": (
        "Your tree has a round too few when P is no power of two: three vectors need "
        "two rounds, since the odd one out waits for the second.",
        ("(P - 1).bit_length()", "P.bit_length() - 1"),
    ),
    "comm_time__tree_one_round_more": (
        "Your tree has a round too many when P is a power of two: two vectors are "
        "one sum after one round. Take the logarithm, rounded up, of P.",
        ("(P - 1).bit_length()", "P.bit_length() * (P > 1)"),
    ),
    "comm_time__tree_only_up": (
        "Your tree adds the vectors up and leaves the sum with one worker. The "
        "others want it too: the way back takes as many rounds again.",
        ("return 2.0 * rounds", "return 1.0 * rounds"),
    ),
    "comm_time__server_links_at_once": (
        "Your server receives the vectors of all workers at the same time. It has "
        "one link: P messages come in over it one after the other, and P go out.",
        ("return 2.0 * P * (alpha", "return 2.0 * (alpha"),
    ),
    "comm_time__a_fraction_of_a_round": (
        "Your tree makes a fraction of a round. Three vectors need two rounds, not "
        "1.58: take the logarithm, rounded up.",
        ("(P - 1).bit_length()", "math.log2(P)"),
    ),
    "comm_time__rounds_the_chunks": (
        "You round the size of a chunk to whole bytes. The model takes nbytes / P as "
        "it is.",
        ("alpha + nbytes / P", "alpha + nbytes // P"),
    ),
    "comm_time__whole_vector_passes_each_link": (
        "Your ring sends nbytes in all. A worker sends 2 (P - 1) chunks, nearly two "
        "vectors: one while the sums are formed, one while they are handed round.",
        (
            "return 2 * (P - 1) * (alpha + nbytes / P * beta)",
            "return 2 * (P - 1) * alpha + nbytes * beta",
        ),
    ),
    "comm_time__a_worker_is_the_server": (
        "You count P - 1 messages each way, as if one of the workers were the server. "
        "It is a machine of its own: all P workers send to it.",
        ("return 2.0 * P * (alpha", "return 2.0 * (P - 1) * (alpha"),
    ),
    "comm_time__server_hands_out_once": (
        "Your server takes P messages in but sends a single one out. Each worker "
        "gets its own copy, over the same link, one after the other.",
        ("return 2.0 * P * (alpha", "return (P + 1.0) * (alpha"),
    ),
    # ring_sim
    "ring_sim__chunks_run_the_other_way": (
        "Your chunk number grows with the step: worker r sends chunk r + t. It must "
        "fall, (r - t) mod P, so that a worker passes on what it has just received.",
        ("(rank - step[:, None]) % P", "(rank + step[:, None]) % P"),
        ("c = (r - t) % P", "c = (r + t) % P"),
    ),
    "ring_sim__drops_the_remainder": (
        "Your chunks all have D // P numbers, and the last D % P numbers are in none "
        "of them. Cut with tensor_split.",
        (
            "mine = out[r].tensor_split(P)[c]",
            "n = xs.shape[1] // P\n            mine = out[r][c * n : c * n + n]",
        ),
        ("out[(r + 1) % P].tensor_split(P)[c]", "out[(r + 1) % P][c * n : c * n + n]"),
    ),
    "ring_sim__cuts_elsewhere": (
        "You cut the vector elsewhere: your longer chunks are not the first ones. All "
        "have to cut alike; here the first D mod P chunks are one number longer, as "
        "tensor_split does it.",
        (
            "out[r].tensor_split(P)[c]",
            "out[r][c * xs.shape[1] // P : (c + 1) * xs.shape[1] // P]",
        ),
        (
            "out[(r + 1) % P].tensor_split(P)[c]",
            "out[(r + 1) % P][c * xs.shape[1] // P : (c + 1) * xs.shape[1] // P]",
        ),
    ),
    "ring_sim__mean_for_sum": (
        "Your workers end with the mean. An all-reduce sums; who wants a mean "
        "divides afterwards, and may want other weights than 1/P.",
        ("return half, out, sends", "return half, out / P, sends"),
    ),
    "ring_sim__one_step_short": (
        "Your reduce-scatter ends a step early: after P - 2 steps no chunk has been "
        "through all workers. The first P - 1 steps add.",
        ("if t < P - 1:", "if t < P - 2:"),
    ),
    "ring_sim__adds_to_the_end": (
        "Your workers go on adding in the second half. From step P - 1 on what comes "
        "is a finished sum: the receiver overwrites its own chunk.",
        ("if t < P - 1:", "if t < 2 * P:"),
    ),
    "ring_sim__half_is_a_view": (
        "Your first result shows the end, not the half-way state: it is the same "
        "memory, which the later steps overwrite. Keep a copy.",
        ("half = out.clone()", "half = out"),
    ),
    "ring_sim__sends_to_the_left": (
        "Your workers send to their left neighbour, r - 1. The ring goes the other "
        "way round: worker r sends to worker (r + 1) mod P.",
        ("out[(r + 1) % P].tensor", "out[(r - 1) % P].tensor"),
    ),
    "ring_sim__changes_its_input": (
        "You add into the rows of xs themselves. The vectors belong to the caller: "
        "work on a copy.",
        ("half, out = xs.clone(), xs.clone()", "half, out = xs.clone(), xs"),
    ),
    # ring_all_reduce
    "ring_all_reduce__waits_before_it_receives": (
        "Your workers all wait until their message is taken, and nobody takes one: a "
        "deadlock. Begin to send, then receive, and wait for the handle only then.",
        (
            "handle = send(mine, right)  #",
            "handle = send(mine, right)\n        handle.wait()  #",
        ),
    ),
    "ring_all_reduce__receives_first": (
        "Your workers all wait to receive before anybody has sent: a deadlock. Begin "
        "to send first.",
        (
            "handle = send(mine, right)  # first send, then receive: no deadlock",
            "",
        ),
        ("recv(came, left)", "recv(came, left)\n        handle = send(mine, right)"),
    ),
    "ring_all_reduce__buffer_reused_too_early": (
        "You change a tensor while it is being sent: what comes into your only "
        "buffer overwrites the message that is still to leave. Receive into another "
        "one, or wait for the handle first.",
        (
            "came = torch.empty_like(theirs)",
            "came = torch.empty_like(out)[: len(theirs)]\n"
            "        box = torch.zeros_like(out[: max(len(mine), len(theirs))])\n"
            "        box[: len(mine)] = mine",
        ),
        ("send(mine, right)", "send(box[: len(mine)], right)"),
        ("recv(came, left)", "box.zero_()\n        recv(came, left)"),
    ),
    "ring_all_reduce__no_wrap": (
        "Your last worker sends to a worker that is not there: its right neighbour "
        "is worker 0. Count modulo world.",
        ("(rank - 1) % world, (rank + 1) % world\n", "rank - 1, rank + 1\n"),
    ),
    "ring_all_reduce__never_waits": (
        "You do not wait for your handles. The last message may still be on its way "
        "when you return, and the caller is free to change the tensor.",
        ("        handle.wait()\n    return out", "    return out"),
    ),
    "ring_all_reduce__passes_whole_vectors": (
        "You pass whole vectors round and add them up: right, but every worker sends "
        "P - 1 vectors where chunks need less than two, and since each adds in "
        "another order, the results differ in their last bits.",
        ("chunks = out.tensor_split(world)", "passing = x.clone()"),
        ("range(2 * (world - 1))", "range(world - 1)"),
        ("mine = chunks[(rank - t) % world]", "mine = passing.clone()"),
        ("theirs = chunks[(rank - 1 - t) % world]", "theirs = passing"),
        (
            "        if t < world - 1:\n            theirs += came\n"
            "        else:\n            theirs.copy_(came)",
            "        theirs.copy_(came)\n        out += came",
        ),
    ),
    "ring_all_reduce__cuts_elsewhere": (
        "You cut the vector elsewhere: your longer chunks are not the first ones. All "
        "have to cut alike; here the first D mod P chunks are one number longer, as "
        "tensor_split does it.",
        (
            "out.tensor_split(world)",
            "[out[c * len(x) // world : (c + 1) * len(x) // world] "
            "for c in range(world)]",
        ),
    ),
    "ring_all_reduce__mean_for_sum": (
        "Your workers end with the mean. An all-reduce sums; who wants a mean "
        "divides afterwards.",
        ("    return out", "    return out / world"),
    ),
    "ring_all_reduce__one_step_short": (
        "Your reduce-scatter is a step short: the first world - 1 steps add what "
        "comes, and only the later ones overwrite.",
        ("if t < world - 1:", "if t < world - 2:"),
    ),
    "ring_all_reduce__adds_what_it_sent": (
        "You add what comes to the chunk that you are sending. From the left comes "
        "the chunk before it, (rank - 1 - t) mod world.",
        ("chunks[(rank - 1 - t) % world]", "chunks[(rank - t) % world]"),
    ),
    "ring_all_reduce__drops_the_remainder": (
        "Your chunks all have D // world numbers, and the last D % world numbers are "
        "in none of them. Cut with tensor_split.",
        (
            "out.tensor_split(world)",
            "[out[c * (len(x) // world) : (c + 1) * (len(x) // world)] "
            "for c in range(world)]",
        ),
    ),
    "ring_all_reduce__changes_x": (
        "You add into x itself. It belongs to the caller: work on a copy.",
        ("out = x.clone()", "out = x"),
    ),
    # data_parallel
    "broadcast_params__forgets_the_buffers": (
        "You send the parameters but not the buffers: a batch normalisation's "
        "running statistics would differ from worker to worker.",
        ("[*model.parameters(), *model.buffers()]", "[*model.parameters()]"),
    ),
    "broadcast_params__state_dict_only": (
        "You send what is in the state_dict. Buffers that are not persistent are not "
        "in it, and the model computes with them all the same.",
        ("[*model.parameters(), *model.buffers()]", "model.state_dict().values()"),
    ),
    "broadcast_params__trainable_only": (
        "You send the parameters that are trained. Frozen ones were drawn at random "
        "on each worker, too.",
        (
            "[*model.parameters(), *model.buffers()]",
            "[*(p for p in model.parameters() if p.requires_grad), *model.buffers()]",
        ),
    ),
    "broadcast_params__everybody_is_the_source": (
        "You send copies of your tensors round and forget to keep what came: "
        "broadcast overwrites the tensor that it is given, so give it the model's "
        "own.",
        ("broadcast(tensor, 0)", "broadcast(tensor.clone(), 0)"),
    ),
    "average_grads__sum_left": (
        "You leave the weighted sum as it is. Divide by the number of samples of all "
        "workers, or every step is that many times too long.",
        ("p.grad = grad / total", "p.grad = grad"),
    ),
    "average_grads__every_shard_counts_the_same": (
        "You average over workers, whatever the size of their shards. A mean over "
        "five samples says five times as much as one over a single sample: weight by "
        "n.",
        ("total = params[0].new_tensor(n, ", "total = params[0].new_tensor(1, "),
        ("else p.grad * n", "else p.grad"),
    ),
    "average_grads__not_weighted_before_the_sum": (
        "You sum the gradients as they are and divide by the number of all samples. "
        "Each is a mean over its shard: multiply by n first.",
        ("else p.grad * n", "else p.grad"),
    ),
    "average_grads__weighted_after_the_sum": (
        "You weight the sum of all gradients by your own share of the samples. Each "
        "worker's gradient has a weight of its own: multiply before you sum.",
        ("else p.grad * n", "else p.grad"),
        ("p.grad = grad / total", "p.grad = grad * n / total"),
    ),
    "average_grads__skips_what_is_none": (
        "You skip a parameter whose gradient is None. Another worker may have one, "
        "and waits for you in all_reduce: take part with zeros.",
        (
            "        grad = torch.zeros_like(p) if p.grad is None else p.grad * n\n",
            "        if p.grad is None:\n            continue\n"
            "        grad = p.grad * n\n",
        ),
    ),
    "average_grads__leaves_none": (
        "A worker that did not use a parameter takes part, but keeps no gradient for "
        "it. Then it makes another step than the others, and the models drift apart.",
        (
            "p.grad = grad / total",
            "p.grad = None if p.grad is None else grad / total",
        ),
    ),
    "average_grads__frozen_get_gradients": (
        "You give frozen parameters a gradient of zero. They were not asked for one: "
        "leave out what has requires_grad=False.",
        (
            "[p for p in model.parameters() if p.requires_grad]",
            "list(model.parameters())",
        ),
    ),
    # topk_compress
    "topk_compress__forgets_the_residual": (
        "You choose and send from the gradient alone. What was kept back in earlier "
        "steps is added to it first, or it is lost for ever.",
        ("wanted = g + residual", "wanted = g.clone()"),
    ),
    "topk_compress__signed": (
        "You choose the largest entries with their sign, so that large negative ones "
        "stay behind. Choose by absolute value.",
        ("flat.abs().topk(k)", "flat.topk(k)"),
    ),
    "topk_compress__sends_magnitudes": (
        "You send absolute values. They serve to choose; what is sent has its sign.",
        ("sent[chosen] = flat[chosen]", "sent[chosen] = flat[chosen].abs()"),
    ),
    "topk_compress__chooses_before_it_adds": (
        "You choose by the gradient and add the residual afterwards. Then an entry "
        "whose gradient is always small is never sent, however much has been kept "
        "back.",
        ("flat.abs().topk(k)", "g.flatten().abs().topk(k)"),
    ),
    "topk_compress__residual_of_this_step_only": (
        "Your new residual is what this gradient left; what had been kept back "
        "before is gone. Keep what is left of the sum.",
        ("return sent, wanted - sent", "return sent, torch.where(sent == 0, g, 0)"),
    ),
    "topk_compress__residual_keeps_what_was_sent": (
        "Your residual still holds what was sent, which will be sent again. Subtract "
        "it.",
        ("return sent, wanted - sent", "return sent, wanted"),
    ),
    "topk_compress__row_by_row": (
        "You choose k entries in each row. The choice is over all entries of the "
        "tensor.",
        (
            "flat = wanted.flatten()",
            "flat = wanted.reshape(-1, wanted.shape[-1])",
        ),
        (
            "flat.abs().topk(k).indices",
            "flat.abs().topk(min(k, flat.shape[1]), 1).indices",
        ),
        (
            "sent[chosen] = flat[chosen]",
            "sent.scatter_(1, chosen, flat.gather(1, chosen))",
        ),
    ),
    # parameter_server
    "ParameterServer__counts_itself": (
        "Your staleness counts the update that is being made. A gradient at the "
        "current weights is not stale at all: 0.",
        (
            "staleness = self.version - version",
            "staleness = self.version - version + 1",
        ),
    ),
    "ParameterServer__returns_it_too_late": (
        "You compute the staleness that you return after the version has gone up, so "
        "that it counts this update, too.",
        ("return staleness", "return self.version - version"),
    ),
    "ParameterServer__hands_out_the_original": (
        "Your pull hands out the server's own tensor: later updates change what a "
        "worker thinks that it has pulled. Hand out a copy.",
        ("return self.w.clone(), self.version", "return self.w, self.version"),
    ),
    "ParameterServer__works_on_the_callers_weights": (
        "You train the tensor that the caller gave. Start from a copy.",
        ("self.w = w.clone()", "self.w = w"),
    ),
    "ParameterServer__refuses_stale_gradients": (
        "You drop gradients that are stale. Here every gradient is applied, however "
        "old it is; only a damped server makes its step smaller.",
        ("self.w -= lr * grad", "self.w -= lr * grad * (staleness == 0)"),
    ),
    "ParameterServer__damps_always": (
        "You make the step of a stale gradient smaller although damped is False.",
        (
            "lr = self.lr / (1 + staleness) if self.damped else self.lr",
            "lr = self.lr / (1 + staleness)",
        ),
    ),
    "ParameterServer__divides_by_staleness": (
        "You divide by the staleness itself, and a fresh gradient by max(1, 0). A "
        "damped step is lr / (1 + staleness).",
        ("self.lr / (1 + staleness)", "self.lr / max(1, staleness)"),
    ),
    "ParameterServer__version_stands_still": (
        "Your version does not count the updates, so nothing ever looks stale.",
        ("self.version += 1", "self.version += 0"),
    ),
    "simulate__pulls_before_it_pushes": (
        "Your worker takes fresh weights before it computes its gradient. In the "
        "meantime others have pushed: it computes with what it pulled last.",
        ("w, version = held[worker]", "w, version = server.pull()"),
    ),
    "simulate__never_pulls_again": (
        "Your workers go on with the weights of the start. After each push a worker "
        "pulls again.",
        ("        held[worker] = server.pull()\n", ""),
        ("path.append(held[worker][0])", "path.append(server.pull()[0])"),
    ),
    "simulate__current_version_for_old_weights": (
        "You push an old gradient with the server's current version, so the server "
        "takes it for fresh. The version belongs to the weights that were pulled.",
        ("server.push(grad(w), version)", "server.push(grad(w), server.pull()[1])"),
    ),
    # delayed_sgd
    "delayed_sgd__fresh_gradient": (
        "You step along the gradient at the current point. Here it comes tau steps "
        "late: it belongs to x_{k - tau}.",
        ("path[max(k - tau, 0)]", "path[k]"),
    ),
    "delayed_sgd__one_step_later_still": (
        "Your gradient is one step older than it should be: with tau = 0 it must be "
        "the current one.",
        ("path[max(k - tau, 0)]", "path[max(k - tau - 1, 0)]"),
    ),
    "delayed_sgd__one_step_too_fresh": (
        "Your gradient is one step fresher than it should be: with tau = 1 it is that "
        "of the point before, x_{k - 1}.",
        ("path[max(k - tau, 0)]", "path[min(max(k - tau + 1, 0), k)]"),
    ),
    "delayed_sgd__waits_for_the_first": (
        "Your point rests for tau steps until the first gradient arrives. In the "
        "first steps the gradient at x0 is used: x_j is x0 for j < 0.",
        (
            "lr * grad(path[max(k - tau, 0)])",
            "lr * (k >= tau) * grad(path[max(k - tau, 0)])",
        ),
    ),
    "delayed_sgd__history_reversed": (
        "You look tau places from the beginning of the history, not from its end.",
        ("path[max(k - tau, 0)]", "path[min(tau, k)]"),
    ),
    "delayed_sgd__counts_from_the_end": (
        "In the first steps k - tau is negative, and Python takes a negative index "
        "from the end of the list: the newest points. Use x0 there.",
        (
            "path[max(k - tau, 0)]",
            "path[(k - tau) if k >= tau else (k - tau) % (k + 1)]",
        ),
    ),
    "delayed_sgd__steps_from_the_old_point": (
        "You make the step from the old point. The gradient is old; it is applied to "
        "the current point.",
        ("path.append(path[k] - lr", "path.append(path[max(k - tau, 0)].clone() - lr"),
        ("grad(path[max(k - tau, 0)])", "grad(path[max(k - tau, 0)].clone())"),
    ),
    "delayed_sgd__start_left_out": (
        "Your result does not begin with x0: it has a point too few.",
        ("return torch.stack(path)", "return torch.stack(path[1:])"),
    ),
    # max_stable_lr
    "max_stable_lr__forgets_the_delay": (
        "You return 2 / lambda whatever the delay. That is the limit without one; "
        "with a delay the step pushes on after the minimum has been passed.",
        ("math.sin(angle)", "math.copysign(1, angle)"),
    ),
    "max_stable_lr__off_by_one_delay": (
        "Your limit is that of another delay. Check it with tau = 0, where it is 2 / "
        "lambda.",
        ("(2 * (2 * tau + 1))", "(2 * (2 * tau + 3))"),
    ),
    "max_stable_lr__mean_curvature": (
        "You use the mean curvature. All directions have to converge, so the "
        "steepest decides.",
        ("lam.max()", "lam.mean()"),
    ),
    "max_stable_lr__smallest_curvature": (
        "You use the smallest curvature. That direction allows the longest step; the "
        "steepest one has diverged by then.",
        ("lam.max()", "lam.min()"),
    ),
    "max_stable_lr__divides_by_the_delay": (
        "You divide 2 / lambda by 1 + tau. The limit falls roughly like that, but "
        "follow the derivation: for long delays it is pi / (2 tau lambda).",
        ("math.sin(angle)", "math.copysign(1, angle)"),
        ("/ float(lam.max())", "/ (1 + tau) / float(lam.max())"),
    ),
    "max_stable_lr__small_angle": (
        "You replace the sine by its angle, which is close for long delays only: "
        "with tau = 0 you get pi / lambda.",
        ("math.sin(angle)", "angle"),
    ),
    "max_stable_lr__first_curvature": (
        "You use the first curvature. They come in any order: the largest decides.",
        ("lam.max()", "lam[0]"),
    ),
    # hogwild
    "hogwild__not_in_shared_memory": (
        "Your weights are not in shared memory: each process trains a copy of its "
        "own, which ends with it, and the notebook's weights stay where they were.",
        ("w = parallel.shared(w)", "w = w.clone()"),
    ),
    "hogwild__everybody_the_same_order": (
        "All your workers visit the samples of worker 0. Each has its own list, "
        "orders[rank].",
        ("orders[rank]:", "orders[0]:"),
    ),
    "hogwild__writes_the_whole_vector": (
        "You write the whole vector back, and with it old values of weights that "
        "another worker has changed meanwhile. Write only the sample's own weights.",
        (
            "        for i in orders[rank]:\n",
            "        for i in orders[rank]:\n            own = w.clone()\n",
        ),
        ("w[features] -= step", "own[features] -= step\n            w.copy_(own)"),
    ),
    "hogwild__subtracts_in_a_copy": (
        "You subtract in a copy of the whole vector and write that back, and with it "
        "old values of weights that another worker has just changed. Write only the "
        "sample's own weights.",
        (
            "w[features] -= step",
            "own = w.clone()\n            own[features] -= step\n"
            "            w.copy_(own)",
        ),
    ),
    "hogwild__writes_back_what_it_read": (
        "You write back what you had read, less the step: changes that another "
        "worker made in between are undone. Subtract from what is there when you "
        "write. (In w[f] -= lr * dloss(...) Python reads w[f] first and calls dloss "
        "then: compute the step in a line of its own.)",
        (
            "step = lr * dloss(w[features].sum(), y[i])",
            "own = w[features]\n            step = lr * dloss(own.sum(), y[i])",
        ),
        ("w[features] -= step", "w[features] = own - step"),
    ),
    "hogwild__adds_up_at_the_end": (
        "Your workers train on copies and add their changes to the shared weights at "
        "the end. Then nobody learns from anybody meanwhile: read and write the "
        "shared weights in every step.",
        (
            "    def worker(rank):\n",
            "    def worker(rank):\n        start = w.clone()\n"
            "        own = start.clone()\n",
        ),
        ("dloss(w[features]", "dloss(own[features]"),
        (
            "            w[features] -= step",
            "            own[features] -= step\n        w.add_(own - start)",
        ),
    ),
    "hogwild__climbs": (
        "You add the step. A loss falls against its derivative: subtract.",
        ("w[features] -= step", "w[features] += step"),
    ),
    "hogwild__trains_the_callers_weights": (
        "You train in the caller's tensor after all: it must stay as it was.",
        ("    w = parallel.shared(w)\n", "    given, w = w, parallel.shared(w)\n"),
        ("    return w", "    given.copy_(w)\n    return w"),
    ),
}


def hogwild__no_processes(w, idx, y, orders, lr, dloss):
    """Your workers take their turns in the notebook's own process. Launch one process
    for each list of samples."""
    w = w.clone()
    for order in orders:
        for i in order:
            w[idx[i]] -= lr * dloss(w[idx[i]].sum(), y[i])
    return w


class ParameterServer__loses_updates:
    """Your push sets the weights to those that were pulled, less the step: what others
    pushed in between is lost. Subtract from the current weights."""

    def __init__(self, w, lr, damped=False):
        self.history = [w.clone()]
        self.lr, self.damped = lr, damped
        self.version = 0

    def pull(self):
        return self.history[-1].clone(), self.version

    def push(self, grad, version):
        staleness = self.version - version
        lr = self.lr / (1 + staleness) if self.damped else self.lr
        self.history.append(self.history[version] - lr * grad)
        self.version += 1
        return staleness
