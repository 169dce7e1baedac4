"""Wrong answers that students give to a24, each with the sentence that helps."""

import torch
import torch.nn.functional as F

EDITS = {
    # Replay
    "Replay__draws_empty_places": (
        "You draw from all places of the buffer, also from those that nothing was "
        "stored in yet: a transition of zeros is learned from like any other. Draw "
        "below the number of stored transitions.",
        ("torch.randint(len(self), ", "torch.randint(self.capacity, "),
    ),
    "Replay__forgets_what_lies_ahead": (
        "Once the buffer has gone round you draw only below the place where you write "
        "next. When it is full, every place holds a transition.",
        (
            "torch.randint(len(self), ",
            "torch.randint(self.added % self.capacity or self.capacity, ",
        ),
    ),
    "Replay__overwrites_the_newest": (
        "When your buffer is full, every new transition replaces the one just before "
        "it, and the old ones stay for ever. The oldest has to go: let the place go "
        "round.",
        ("self.added % self.capacity\n", "min(self.added, self.capacity - 1)\n"),
    ),
    "Replay__is_full_and_stays_so": (
        "When your buffer is full, it ignores what is added. The new transition takes "
        "the place of the oldest one.",
        (
            "kept[place] = torch.as_tensor(value)",
            "kept[place] = (\n"
            "                torch.as_tensor(value)\n"
            "                if self.added < self.capacity\n"
            "                else kept[place]\n"
            "            )",
        ),
    ),
    "Replay__last_place_never_drawn": (
        "The last stored transition is never drawn: torch.randint already leaves its "
        "upper end out.",
        ("torch.randint(len(self), ", "torch.randint(max(len(self) - 1, 1), "),
    ),
    "Replay__fields_drawn_apart": (
        "Your observation comes from one transition, and its action or reward from "
        "another: you draw new places for every entry. Draw the places once and take "
        "all six entries from them.",
        (
            "rows = torch.randint(len(self), (batch,), generator=generator)",
            "size = len(self)",
        ),
        (
            "kept[rows] for",
            "kept[torch.randint(size, (batch,), generator=generator)] for",
        ),
    ),
    "Replay__next_is_the_following_row": (
        "You take next_obs from the place that follows. That saves memory, but at the "
        "end of an episode (and where the buffer overwrites its oldest part) what "
        "follows is the start of another episode: store next_obs as it was given.",
        (
            "return {name: kept[rows] for name, kept in self.stored.items()}",
            "found = {name: kept[rows] for name, kept in self.stored.items()}\n"
            "        after = (rows + 1) % len(self)\n"
            '        return {**found, "next_obs": self.stored["obs"][after]}',
        ),
    ),
    "Replay__ends_are_one": (
        "You store one flag, 'done', for both kinds of end. The target needs to know "
        "whether the next state is terminal: keep terminated and truncated apart.",
        (
            "row = (obs, action, reward, next_obs, terminated, truncated)",
            "done = terminated or truncated\n"
            "        row = (obs, action, reward, next_obs, done, done)",
        ),
    ),
    "Replay__whole_rewards": (
        "Your rewards lose their fractions: the buffer stores them as whole numbers. "
        "Rewards are float32.",
        (
            '"reward": torch.zeros(capacity),',
            '"reward": torch.zeros(capacity, dtype=torch.int64),',
        ),
    ),
    "Replay__everything_is_float": (
        "You store observations as float32 whatever dtype says. A million Atari images "
        "of four frames take 28 GB as uint8, and four times as much as float32.",
        (
            '"obs": torch.zeros(capacity, *obs_shape, dtype=dtype)',
            '"obs": torch.zeros(capacity, *obs_shape)',
        ),
        (
            '"next_obs": torch.zeros(capacity, *obs_shape, dtype=dtype)',
            '"next_obs": torch.zeros(capacity, *obs_shape)',
        ),
    ),
    "Replay__global_randomness": (
        "You do not draw with the generator that you are given, so a run cannot be "
        "repeated. Hand it on: generator=generator.",
        ("(batch,), generator=generator)", "(batch,))"),
    ),
    "Replay__reseeds": (
        "You seed the generator anew in every call and draw the same rows for ever. Go "
        "on with it where it stands.",
        (
            "rows = torch",
            "generator.manual_seed(generator.initial_seed())\n        rows = torch",
        ),
    ),
    "Replay__without_repetition": (
        "You draw without repetition, by cutting a permutation. Rows are asked for "
        "independently: the same transition may come twice, and a batch may be larger "
        "than the buffer.",
        (
            "torch.randint(len(self), (batch,), generator=generator)",
            "torch.randperm(len(self), generator=generator)[:batch]",
        ),
    ),
    "Replay__without_repetition_if_possible": (
        "You draw without repetition as long as there are enough transitions. Rows are "
        "asked for independently: the same one may come twice in any batch.",
        (
            "rows = torch.randint(len(self), (batch,), generator=generator)",
            "even = torch.ones(len(self))\n"
            "        rows = even.multinomial(\n"
            "            batch, replacement=batch > len(self), generator=generator\n"
            "        )",
        ),
    ),
    "Replay__shuffled_deck": (
        "You go through the buffer like through a shuffled deck of cards, so that "
        "every transition comes equally often. Rows are asked for independently.",
        (
            "rows = torch.randint(len(self), (batch,), generator=generator)",
            "size = len(self)\n"
            "        decks = [\n"
            "            torch.randperm(size, generator=generator)\n"
            "            for _ in range(batch // size + 1)\n"
            "        ]\n"
            "        rows = torch.cat(decks)[:batch]",
        ),
    ),
    "Replay__a_stretch_in_a_row": (
        "You draw a stretch of consecutive transitions. They are alike, and it was to "
        "get rid of that likeness that we keep a buffer: draw each row by itself.",
        (
            "torch.randint(len(self), (batch,), generator=generator)",
            "(\n"
            "            torch.randint(len(self), (1,), generator=generator)\n"
            "            + torch.arange(batch)\n"
            "        ) % len(self)",
        ),
    ),
    "Replay__one_row_repeated": (
        "All rows of your batch are the same transition: you draw one place, not one "
        "for each row.",
        (
            "(batch,), generator=generator)",
            "(1,), generator=generator).expand(batch)",
        ),
    ),
    "Replay__consumes": (
        "What you have drawn is gone from your buffer. A transition is replayed many "
        "times: sample leaves the buffer as it is.",
        (
            "return {name: kept[rows] for name, kept in self.stored.items()}",
            "found = {name: kept[rows] for name, kept in self.stored.items()}\n"
            "        self.added = max(self.added - batch, 1)\n"
            "        return found",
        ),
    ),
    "Replay__length_keeps_counting": (
        "len() counts everything that was ever added. It should say how many "
        "transitions are there: never more than the capacity.",
        ("return min(self.added, self.capacity)", "return self.added"),
        ("torch.randint(len(self), ", "torch.randint(min(len(self), self.capacity), "),
    ),
    # epsilon
    "epsilon__goes_on_falling": (
        "Your probability goes on below end after step `decay`, and becomes negative. "
        "Stop the line there.",
        ("min(step / decay, 1.0)", "step / decay"),
    ),
    "epsilon__never_rises": (
        "You cut with max(end, ...), which supposes that end lies below start. A "
        "schedule may rise as well: cut the share step / decay at 1.",
        (
            "start + (end - start) * min(step / decay, 1.0)",
            "max(end, start + (end - start) * step / decay)",
        ),
    ),
    "epsilon__exponential": (
        "Your probability falls exponentially. A straight line is asked for, which "
        "reaches end at step `decay`.",
        ("min(step / decay, 1.0)", "(1 - 2.718281828459045 ** (-step / decay))"),
    ),
    "epsilon__whole_division": (
        "Your probability jumps from start to end at step `decay`: // divides whole "
        "numbers. Use /.",
        ("min(step / decay, 1.0)", "min(step // decay, 1)"),
    ),
    "epsilon__float32_step": (
        "You turn the step into a float32, which has 24 bits: from 2^24 (about 17 "
        "million) on, neighbouring steps become equal. Compute with Python's floats.",
        (
            "min(step / decay, 1.0)",
            "min(float(torch.tensor(step, dtype=torch.float32)) / decay, 1.0)",
        ),
    ),
    "epsilon__falls_by_one": (
        "Your line falls by 1 in `decay` steps, wherever it should end. The whole fall "
        "is start - end.",
        ("(end - start) * min(step / decay, 1.0)", "-min(step / decay, 1.0)"),
    ),
    # act
    "act__one_draw_for_the_batch": (
        "You draw once for the whole batch: either all rows explore or none does. Draw "
        "one number for each row.",
        ("torch.rand(B, generator", "torch.rand(1, generator"),
    ),
    "act__one_action_for_the_batch": (
        "All rows that explore take the same random action. Draw an action for each "
        "row.",
        ("torch.randint(A, (B,)", "torch.randint(A, (1,)"),
    ),
    "act__explores_with_one_minus_eps": (
        "You explore with probability 1 - eps: the comparison is the wrong way round.",
        ("< eps", ">= eps"),
    ),
    "act__never_the_best_by_chance": (
        "When you explore you leave the best action out. Exploring is uniform over ALL "
        "actions, so the best one is taken with probability 1 - eps + eps / A.",
        (
            "best = q.argmax(1)",
            "best = q.argmax(1)\n"
            "    other = torch.randint(1, max(A, 2), (B,), generator=generator)\n"
            "    anything = (best + other.to(q.device)) % A",
        ),
    ),
    "act__last_action_never_drawn": (
        "Your random action is never the last one: torch.randint already leaves its "
        "upper end out.",
        ("torch.randint(A, ", "torch.randint(A - 1, "),
    ),
    "act__first_and_last_half_as_often": (
        "Your first and your last action are half as likely as the others: you round "
        "a uniform number. Use torch.randint, or cut the fraction off.",
        (
            "torch.randint(A, (B,), generator=generator)",
            "(torch.rand(B, generator=generator) * (A - 1)).round().long()",
        ),
    ),
    "act__same_rows_explore": (
        "The first eps B rows of your batch explore, always. With a batch of one none "
        "does (or always does). Draw for each row.",
        (
            "explores = torch.rand(B, generator=generator) < eps",
            "explores = torch.arange(B) < int(eps * B)",
        ),
    ),
    "act__exact_share_explores": (
        "Exactly eps B rows of your batch explore, chosen at random. Then the rows are "
        "not independent, and a batch of one explores never (or always).",
        (
            "explores = torch.rand(B, generator=generator) < eps",
            "explores = torch.randperm(B, generator=generator) < int(eps * B)",
        ),
    ),
    "act__worst_action": (
        "You take the action with the smallest Q-value. Q is a return, not a cost.",
        ("q.argmax(1)", "q.argmin(1)"),
    ),
    "act__last_of_equal_ones": (
        "Of equal Q-values you take the last one; the first one is asked for.",
        ("best = q.argmax(1)", "best = A - 1 - q.flip(1).argmax(1)"),
    ),
    "act__global_randomness": (
        "You do not draw with the generator that you are given, so a run cannot be "
        "repeated.",
        ("torch.rand(B, generator=generator)", "torch.rand(B)"),
        ("(B,), generator=generator)", "(B,))"),
    ),
    "act__global_coin": (
        "Your random actions come from the generator, but whether a row explores does "
        "not: a run cannot be repeated. Both draws need generator=generator.",
        ("torch.rand(B, generator=generator)", "torch.rand(B)"),
    ),
    "act__stays_on_the_cpu": (
        "Your actions are on the CPU although the Q-values are on a GPU. Draw on the "
        "CPU, where the generator is, and bring what you drew to q's device.",
        (
            "explores.to(q.device), anything.to(q.device), best)",
            "explores, anything, best.cpu())",
        ),
    ),
    "act__same_draw_twice": (
        "One number decides both whether a row explores and which action it takes. "
        "Among the rows that explore that number is below eps, so that the last "
        "actions are never chosen: draw twice.",
        (
            "explores = torch.rand(B, generator=generator) < eps",
            "u = torch.rand(B, generator=generator)\n    explores = u < eps",
        ),
        ("torch.randint(A, (B,), generator=generator)", "(u * A).long()"),
    ),
    # td_target
    "td_target__bootstraps_after_the_end": (
        "You add the value of the next state also after the episode has terminated. "
        "There is no next state there: y is the reward alone.",
        (" * ~terminated", ""),
    ),
    "td_target__cuts_at_truncation": (
        "You treat a truncated episode like a terminated one. It was only stopped by "
        "the clock: the next state has a value, and y needs it.",
        ("~terminated", "~(terminated | truncated)"),
    ),
    "td_target__flags_swapped": (
        "You cut at truncated steps and go on at terminated ones: it is the other way "
        "round.",
        ("~terminated", "~truncated"),
    ),
    "td_target__truncation_wins": (
        "A step that is both terminated and truncated counts as terminated: the next "
        "state is terminal, whatever the clock says.",
        ("~terminated", "~(terminated & ~truncated)"),
    ),
    "td_target__reward_lost_at_the_end": (
        "At a terminated step your target is 0. The last reward still counts; only the "
        "future is missing.",
        ("r + gamma * value * ~terminated", "(r + gamma * value) * ~terminated"),
    ),
    "td_target__target_chooses_too": (
        "With double you still let the target network choose the action, so it is the "
        "maximum again. The online network chooses, the target network says what that "
        "action is worth.",
        ("q_next_online if double else q_next_target", "q_next_target"),
    ),
    "td_target__online_evaluates": (
        "With double you take the online network's value of its own best action. The "
        "online network only chooses; the value comes from the target network.",
        (
            "value = q_next_target.detach()",
            "value = (q_next_online if double else q_next_target).detach()",
        ),
    ),
    "td_target__roles_swapped": (
        "You have the roles of double Q-learning swapped: the target network chooses "
        "and the online network evaluates.",
        ("q_next_online if double else q_next_target", "q_next_target"),
        (
            "value = q_next_target.detach()",
            "value = (q_next_online if double else q_next_target).detach()",
        ),
    ),
    "td_target__smaller_of_the_two": (
        "You take the smaller of the two networks' maxima. That is the clipped double "
        "Q-learning of TD3; here the online network chooses and the target network "
        "evaluates.",
        (
            "return r",
            "if double:\n"
            "        both = torch.stack([q_next_target, q_next_online]).detach()\n"
            "        value = both.amax(2).amin(0)\n"
            "    return r",
        ),
    ),
    "td_target__always_double": (
        "You let the online network choose although double is False (and it may not "
        "even be there).",
        ("q_next_online if double else q_next_target", "q_next_online"),
    ),
    "td_target__double_the_other_way": (
        "You do double Q-learning when double is False, and the plain maximum when it "
        "is True.",
        ("if double else", "if not double else"),
    ),
    "td_target__gradient_flows": (
        "Your target is connected to the target network's graph: the gradient then "
        "pulls the goal towards the estimate, too. Cut it off, with detach or "
        "torch.no_grad.",
        ("q_next_target.detach()", "q_next_target"),
    ),
    "td_target__not_discounted": (
        "The next state's value is not discounted: gamma is missing.",
        ("gamma * value", "value"),
    ),
    "td_target__reward_discounted": (
        "You discount the reward of this step as well. gamma belongs to the next "
        "state's value only.",
        ("r + gamma * value * ~terminated", "gamma * (r + value * ~terminated)"),
    ),
    "td_target__mean_of_the_values": (
        "You take the mean of the next state's Q-values. A greedy policy takes the "
        "best action, so its value is the largest of them.",
        (
            "return r",
            "if not double:\n"
            "        value = q_next_target.detach().mean(1)\n"
            "    return r",
        ),
    ),
    # dqn_loss
    "dqn_loss__largest_value": (
        "You compare the target with the largest Q-value. The target belongs to the "
        "action that was taken: gather q at a.",
        ("q.gather(1, a.unsqueeze(1)).squeeze(1)", "q.amax(1)"),
    ),
    "dqn_loss__every_row_with_every_row": (
        "You subtract (B,) from (B, 1): that broadcasts to (B, B), every row against "
        "every target. Squeeze the gathered column first.",
        (".squeeze(1) - y", " - y"),
    ),
    "dqn_loss__mean_over_actions_too": (
        "Your mean runs over the actions that were not taken as well: your loss is A "
        "times too small. Divide by B.",
        (".mean()", ".mean() / q.shape[1]"),
    ),
    "dqn_loss__sum": (
        "You add up over the batch. The mean is asked for, so that the step does not "
        "depend on B.",
        (".mean()", ".sum()"),
    ),
    "dqn_loss__error_clipped": (
        "You clip the error and square it: then an error above 1 has no gradient at "
        "all and is never corrected. Huber's loss keeps a slope of 1 there.",
        (
            "torch.where(size <= 1, square, linear)",
            "(0.5 * e.clamp(-1, 1) ** 2)",
        ),
    ),
    "dqn_loss__without_the_half": (
        "Your squares are not halved. With e^2 / 2 the slope is e, and Huber's loss "
        "continues it at |e| = 1 without a kink.",
        ("0.5 * e**2", "e**2"),
    ),
    "dqn_loss__mse_without_the_half": (
        "Your Huber loss is right, the squared one twice too large: F.mse_loss does "
        "not halve the squares. Here a row costs e^2 / 2.",
        ("huber else square)", "huber else 2 * square)"),
    ),
    "dqn_loss__absolute_error": (
        "Your Huber loss is |e| everywhere. Where |e| <= 1 it is e^2 / 2.",
        ("torch.where(size <= 1, square, linear)", "size"),
    ),
    "dqn_loss__branches_swapped": (
        "Your Huber loss is linear inside and quadratic outside: it is the other way "
        "round.",
        ("size <= 1", "size > 1"),
    ),
    "dqn_loss__target_moves": (
        "A gradient flows into your targets. They are constants: detach them.",
        ("y.detach()", "y"),
    ),
    "dqn_loss__always_huber": (
        "You take Huber's loss also when huber is False.",
        (" if huber else square", ""),
    ),
    # Dueling
    "Dueling__advantages_not_centred": (
        "You add value and advantages as they are. Then a constant can move from one "
        "to the other and neither means anything: subtract the advantages' mean.",
        ("advantage - advantage.mean(1, keepdim=True)", "advantage"),
    ),
    "Dueling__mean_cut_off": (
        "The values are right, but the mean that you subtract is cut off from the "
        "graph: then a step for one action moves all advantages, as if nothing were "
        "subtracted.",
        (".mean(1, keepdim=True)", ".mean(1, keepdim=True).detach()"),
    ),
    "Dueling__mean_over_the_batch": (
        "You centre over the batch: a state's Q-values then depend on which other "
        "states are in it. The mean runs over the actions of each row.",
        (".mean(1, keepdim=True)", ".mean(0, keepdim=True)"),
    ),
    "Dueling__mean_over_everything": (
        "You subtract one mean of the whole batch. Each row has a mean of its own, "
        "over its actions.",
        (".mean(1, keepdim=True)", ".mean()"),
    ),
    "Dueling__largest_advantage": (
        "You subtract the largest advantage. The paper gives that as its first idea; "
        "here, as in its experiments, the mean is subtracted.",
        (".mean(1, keepdim=True)", ".amax(1, keepdim=True)"),
    ),
    "Dueling__advantages_returned": (
        "You return the centred advantages; the state's value is missing.",
        ("self.value(x) + centred", "centred"),
    ),
    "Dueling__value_not_from_the_state": (
        "Your value is cut off from the graph: it needs a gradient like any other "
        "part.",
        ("self.value(x) +", "self.value(x).detach() +"),
    ),
    "Dueling__without_bias": (
        "Your layers have no bias. Both parts are linear WITH a bias.",
        ("nn.Linear(d, 1)", "nn.Linear(d, 1, bias=False)"),
        ("nn.Linear(d, A)", "nn.Linear(d, A, bias=False)"),
    ),
    "Dueling__a_value_for_each_action": (
        "Your value has A outputs: then it is a second head of Q-values. A state has "
        "one value.",
        ("nn.Linear(d, 1)", "nn.Linear(d, A)"),
    ),
    # bootstrap_loss
    "bootstrap_loss__mask_ignored": (
        "All your heads learn from all rows. Each head has rows of its own: use the "
        "mask.",
        ("(0.5 * e**2 * mask)", "(0.5 * e**2)"),
        ("mask.sum(0)", "torch.ones_like(mask).sum(0)"),
    ),
    "bootstrap_loss__mask_redrawn": (
        "You draw a new mask. The mask belongs to the transition and was drawn when it "
        "was stored: redrawn at every replay, every head sees everything in the end.",
        (
            "B, K, _ = q.shape",
            "B, K, _ = q.shape\n    mask = (torch.rand(B, K) < 0.5).to(q.device)",
        ),
    ),
    "bootstrap_loss__one_head_learns": (
        "Only your first head learns. Acting uses one head per episode; learning is "
        "for all heads, each on its own rows.",
        ("return per_head.sum()", "return per_head[0]"),
    ),
    "bootstrap_loss__common_target": (
        "All your heads learn the same target, the mean over the heads. Each head has "
        "a target of its own, with its own opinion of what lies ahead.",
        ("y.detach()", "y.detach().mean(1, keepdim=True)"),
    ),
    "bootstrap_loss__one_mean": (
        "You take one mean over all rows that some head sees. Then a head with few "
        "rows gets a small gradient: average within each head, then add up.",
        (
            "per_head.sum()",
            "(0.5 * e**2 * mask).sum() / mask.sum().clamp(min=1)",
        ),
    ),
    "bootstrap_loss__divided_by_the_batch": (
        "You divide each head's sum by B. Divide by the number of rows that the head "
        "sees.",
        ("mask.sum(0).clamp(min=1)", "B"),
    ),
    "bootstrap_loss__without_the_half": (
        "Your squares are not halved: a row costs e^2 / 2.",
        ("0.5 * e**2", "e**2"),
    ),
    "bootstrap_loss__mean_of_the_heads": (
        "You average over the heads. Their losses are added, so that each head gets "
        "the gradient that it would get alone.",
        ("per_head.sum()", "per_head.mean()"),
    ),
    "bootstrap_loss__nan_for_a_blind_head": (
        "A head whose mask is empty makes your loss nan: 0 / 0. Divide by at least 1.",
        (".clamp(min=1)", ""),
    ),
    "bootstrap_loss__sees_what_is_masked": (
        "Your mask is the wrong way round: heads learn from the rows where it is "
        "False.",
        ("e**2 * mask", "e**2 * ~mask"),
        ("mask.sum(0)", "(~mask).sum(0)"),
    ),
    "bootstrap_loss__largest_value": (
        "You compare the targets with the largest Q-value of each head; they belong to "
        "the action that was taken.",
        ("q.gather(2, taken).squeeze(2)", "q.amax(2)"),
    ),
    "bootstrap_loss__target_moves": (
        "A gradient flows into your targets. They are constants: detach them.",
        ("y.detach()", "y"),
    ),
    # nstep
    "nstep__crosses_the_episode": (
        "You add rewards of the next episode: after a terminated step nothing counts.",
        (" * ~terminated[:, i]", ""),
    ),
    "nstep__last_reward_lost": (
        "You drop the reward of the terminated step itself. It is the last one that "
        "counts, and often the only one that is not 0.",
        (
            "r[:, i] + gamma * y * ~terminated[:, i]",
            "(r[:, i] + gamma * y) * ~terminated[:, i]",
        ),
    ),
    "nstep__only_the_last_flag": (
        "You look at the last flag only. An episode may end anywhere in the window.",
        (
            "y = q_last\n",
            "y = q_last * ~terminated[:, -1]\n",
        ),
        (" * ~terminated[:, i]", ""),
    ),
    "nstep__only_the_value_is_cut": (
        "Where the window holds an end you leave the last value out, but go on adding "
        "the rewards behind the end. They belong to the next episode.",
        ("y = q_last\n", "y = q_last * ~terminated.any(1)\n"),
        (" * ~terminated[:, i]", ""),
    ),
    "nstep__the_last_end_counts": (
        "Where a window has two ends you count up to the last one. The first one ends "
        "the episode.",
        (
            " * ~terminated[:, i]",
            " * ~(terminated[:, i] & ~terminated[:, i + 1 :].any(1))",
        ),
    ),
    "nstep__no_bootstrap": (
        "The value of the state after the window is missing: gamma^n q_last.",
        ("y = q_last\n", "y = torch.zeros_like(q_last)\n"),
    ),
    "nstep__backwards": (
        "You discount in the wrong order: the last reward counts fully and the first "
        "one least.",
        ("reversed(range(r.shape[1]))", "range(r.shape[1])"),
    ),
    "nstep__value_discounted_once": (
        "You discount q_last once. It lies n steps ahead: gamma^n.",
        ("y = q_last\n", "y = q_last / gamma ** (r.shape[1] - 1)\n"),
    ),
    "nstep__value_one_step_early": (
        "You discount q_last by gamma^(n-1). It comes after n rewards, so one step "
        "later than the last of them: gamma^n.",
        ("y = q_last\n", "y = q_last / gamma\n"),
    ),
    "nstep__rewards_not_discounted": (
        "You add the rewards without discounting them.",
        (
            "y = q_last\n",
            "y = q_last * gamma ** r.shape[1]\n",
        ),
        ("r[:, i] + gamma * y", "r[:, i] + y"),
    ),
    "nstep__end_shifted": (
        "Your end comes one step late: the flag of a step says that THIS step's "
        "reward is the last one, not the next one's.",
        (
            "* ~terminated[:, i]",
            "* (~terminated[:, i - 1] if i else torch.ones_like(terminated[:, 0]))",
        ),
    ),
    "nstep__comes_back_to_life": (
        "You leave out the step right after an end only; two steps later the next "
        "episode's rewards count again. Once an episode has ended, nothing more of the "
        "window counts: take the running product of the flags.",
        (
            "y = q_last\n",
            "ends = torch.zeros_like(terminated)\n"
            "    ends[:, 1:] = terminated[:, :-1]\n"
            "    n = r.shape[1]\n"
            "    y = gamma**n * q_last * ~terminated[:, -1]\n",
        ),
        (
            "y = r[:, i] + gamma * y * ~terminated[:, i]",
            "y = y + gamma**i * r[:, i] * ~ends[:, i]",
        ),
    ),
    # per_weights
    "per_weights__largest_not_one": (
        "Your weights are not divided by the largest of them, so they may be far above "
        "1 and blow up the steps.",
        ("w / w.max()", "w"),
    ),
    "per_weights__exponent_sign": (
        "Your weights make what is replayed often count even more. They are there to "
        "correct: the exponent is -beta.",
        ("** -beta", "** beta"),
    ),
    "per_weights__sum_to_one": (
        "You divide the weights by their sum. They are divided by the largest one, so "
        "that no step becomes longer.",
        ("w / w.max()", "w / w.sum()"),
    ),
    "per_weights__mean_one": (
        "You divide the weights by their mean. Divide by the largest one, so that no "
        "step becomes longer.",
        ("w / w.max()", "w / w.mean()"),
    ),
    "per_weights__alpha_forgotten": (
        "alpha has no effect on your probabilities: raise the priorities to it.",
        ("p**alpha", "p**1.0"),
    ),
    "per_weights__alpha_afterwards": (
        "You normalise first and raise to alpha afterwards; then the probabilities do "
        "not add up to 1.",
        ("powered = p**alpha", "powered = p"),
        ("P = powered / powered.sum()", "P = (powered / powered.sum()) ** alpha"),
    ),
    "per_weights__weights_of_priorities": (
        "You compute the weights from the priorities, without alpha. They correct for "
        "the probabilities with which you draw: use P.",
        ("(len(p) * P)", "(len(p) * p / p.sum())"),
    ),
    "per_weights__softmax": (
        "You take a softmax of the priorities. P is p^alpha divided by its sum.",
        ("powered = p**alpha", "powered = torch.exp(alpha * (p - p.max()))"),
    ),
    # preprocess
    "preprocess__all_four_frames": (
        "You take the maximum over all four frames: everything that moves leaves a "
        "trail. Only the last two count.",
        ("frames[-2:]", "frames"),
    ),
    "preprocess__last_frame_only": (
        "You use the last frame alone. Some sprites are drawn on every second screen "
        "only and would come and go: take the larger of the last two.",
        ("frames[-2:]", "frames[-1:]"),
    ),
    "preprocess__mean_of_two": (
        "You average the last two frames, so that a sprite that flickers is half as "
        "bright. Take the larger one.",
        (".round().amax(0)", ".round().mean(0)"),
    ),
    "preprocess__largest_colour_first": (
        "You take the maximum for each colour, before it is turned to grey. Two "
        "colours can make a third that neither frame shows: grey first.",
        (
            "frames[-2:].float().unbind(3)",
            "frames[-2:].amax(0, keepdim=True).float().unbind(3)",
        ),
    ),
    "preprocess__shrinks_before_the_maximum": (
        "You shrink both frames and take the larger one afterwards. The mean of the "
        "larger pixels is not the larger of the means: maximum first.",
        (".round().amax(0)", ".round()"),
        ("@ shares(160).T", "@ shares(160).T\n    small = small.amax(0)"),
    ),
    "preprocess__scaled_twice": (
        "You divide by 255 here. The image stays uint8 from 0 to 255 (one byte a "
        "pixel in the buffer); the network divides, once.",
        ("small.round().to(torch.uint8)", "small.round() / 255"),
    ),
    "preprocess__plain_mean_of_colours": (
        "Your grey is the plain mean of the colours. The eye sees green brightest: "
        "0.299, 0.587, 0.114.",
        (
            "(0.299 * red + 0.587 * green + 0.114 * blue)",
            "((red + green + blue) / 3)",
        ),
    ),
    "preprocess__blue_first": (
        "You have red and blue swapped (some libraries store BGR; here it is RGB).",
        ("red, green, blue =", "blue, green, red ="),
    ),
    "preprocess__cut_off": (
        "You cut the fractions off at the end; round to the nearest whole number.",
        ("small.round().to", "small.to"),
    ),
    "preprocess__grey_cut_off": (
        "Your grey levels are cut off (a cast to uint8 does that), so that your image "
        "is up to one level too dark. Round them first.",
        (".round().amax(0)", ".floor().amax(0)"),
    ),
    "preprocess__grey_not_rounded": (
        "Your grey levels are not rounded before the image is shrunk: step 2 rounds, "
        "and step 5 once more.",
        (".round().amax(0)", ".amax(0)"),
    ),
    "preprocess__adaptive_pooling": (
        "You pool with adaptive bins, as F.interpolate(mode='area') and "
        "adaptive_avg_pool2d do: an input pixel that lies in an area only in part "
        "counts fully there. Count it by its part.",
        (
            "small = shares(210) @ grey @ shares(160).T",
            "small = torch.nn.functional.adaptive_avg_pool2d(grey[None], 84)[0]",
        ),
    ),
    "preprocess__bilinear": (
        "You interpolate between the nearest pixels. With areas no pixel is "
        "overlooked; a ball of 2 by 4 pixels could be.",
        (
            "small = shares(210) @ grey @ shares(160).T",
            "small = torch.nn.functional.interpolate(\n"
            "        grey[None, None], (84, 84), mode='bilinear'\n"
            "    )[0, 0]",
        ),
    ),
    "preprocess__antialiased": (
        "You resize with antialias=True: each pixel then counts by its distance, also "
        "outside of the area. Here all of an area counts alike and nothing else does.",
        (
            "small = shares(210) @ grey @ shares(160).T",
            "small = torch.nn.functional.interpolate(\n"
            "        grey[None, None], (84, 84), mode='bilinear', antialias=True\n"
            "    )[0, 0]",
        ),
    ),
    "preprocess__nearest": (
        "You take the nearest pixel and throw the others away: a ball of 2 by 4 pixels "
        "can vanish. Take the mean over the area.",
        (
            "small = shares(210) @ grey @ shares(160).T",
            "small = torch.nn.functional.interpolate(grey[None, None], (84, 84))[0, 0]",
        ),
    ),
    # stack
    "stack__crosses_the_start": (
        "Frames of an earlier episode are still in your stack after a new start: the "
        "network sees a ball fly through two games.",
        (" * same.view(-1, 1, 1)", ""),
    ),
    "stack__newest_first": (
        "Your newest frame comes first. The oldest is first, the newest last.",
        ("out[back:, 3 - back]", "out[back:, back]"),
    ),
    "stack__first_frame_repeated": (
        "You repeat the first frame of the episode where older ones are missing. They "
        "are zeros here.",
        (
            "return out",
            "for t in range(T):\n"
            "        for place in range(3):\n"
            "            if t < 3 - place or (\n"
            "                episode[t - 3 + place] != episode[t]\n"
            "            ):\n"
            "                first = (episode == episode[t]).int().argmax()\n"
            "                out[t, place] = frames[first]\n"
            "    return out",
        ),
    ),
    "stack__one_frame_too_many": (
        "The last frame of the episode before is still in your stacks: starts marks "
        "the first frame of the new one, which is the oldest that may be seen.",
        (
            "episode = starts.cumsum(0)",
            "late = torch.cat([starts[:1], starts[:-1]])\n"
            "    late[0] = False\n"
            "    episode = late.cumsum(0)",
        ),
    ),
    "stack__only_the_start_is_blank": (
        "You leave earlier episodes out in the stack of the first frame only. One and "
        "two frames later they are back.",
        (
            "same = episode[back:] == episode[: T - back]",
            "same = (~starts[back:]) | (back == 0)",
        ),
    ),
    "stack__shifted": (
        "Your stack ends with the frame before: the frame itself belongs to it, as the "
        "last one.",
        (
            "return out",
            "old = out.clone()\n    out[1:], out[:1] = old[:-1], 0\n    return out",
        ),
    ),
    "stack__wraps_around": (
        "Your stack of the first frames holds the last frames of all: torch.roll (or a "
        "negative index) goes round.",
        (
            "return out",
            "for t in range(min(3, T)):\n"
            "        for place in range(3 - t):\n"
            "            if not starts[: t + 1].any():\n"
            "                out[t, place] = frames[(t - 3 + place) % T]\n"
            "    return out",
        ),
    ),
    # clip_reward
    "clip_reward__no_losses": (
        "Your negative rewards become 0: then losing a point costs nothing.",
        ("torch.sign(r)", "r.clamp(0, 1)"),
    ),
    "clip_reward__nan_at_zero": (
        "You divide by the absolute value, which is 0 / 0 where there was no reward, "
        "that is, nearly always.",
        ("torch.sign(r)", "r / r.abs()"),
    ),
    "clip_reward__zero_counts": (
        "A reward of 0 becomes -1 (or 1). No reward stays no reward.",
        (
            "torch.sign(r)",
            "torch.where(r > 0, torch.ones_like(r), -torch.ones_like(r))",
        ),
    ),
    "clip_reward__in_place": (
        "You change the rewards themselves; whoever counts the points will find only "
        "signs. Return a new tensor.",
        ("torch.sign(r)", "r.sign_()"),
    ),
    "clip_reward__scaled": (
        "You divide by the largest reward of the batch. Then the same point is worth "
        "more or less, depending on what else is there; take the sign.",
        ("torch.sign(r)", "(r / r.abs().max()).to(r.dtype)"),
    ),
    "clip_reward__as_float": (
        "Your result is always a float32; keep r's dtype.",
        ("torch.sign(r)", "torch.sign(r).float()"),
    ),
}


class Replay__keeps_references:
    """You keep the arrays that you are given. The environment writes its next
    observation into the same memory, and all your transitions become the last one:
    store a copy."""

    def __init__(self, capacity, obs_shape, dtype):
        self.capacity, self.dtype, self.rows, self.added = capacity, dtype, [], 0

    def __len__(self):
        return len(self.rows)

    def add(self, obs, action, reward, next_obs, terminated, truncated):
        row = (obs, action, reward, next_obs, terminated, truncated)
        if len(self.rows) < self.capacity:
            self.rows.append(row)
        else:
            self.rows[self.added % self.capacity] = row
        self.added += 1

    def sample(self, batch, generator):
        chosen = torch.randint(len(self.rows), (batch,), generator=generator)
        columns = list(zip(*(self.rows[i] for i in chosen), strict=True))
        kinds = (
            *(self.dtype, torch.int64, torch.float32),
            *(self.dtype, torch.bool, torch.bool),
        )
        names = ("obs", "action", "reward", "next_obs", "terminated", "truncated")
        return {
            name: torch.stack([torch.as_tensor(v).to(kind) for v in column])
            for name, kind, column in zip(names, kinds, columns, strict=True)
        }


def stack__along_the_channels_of_time(frames, starts):
    """Your stacks overlap nowhere: you cut the frames into groups of four. Every frame
    has a stack of its own, with the three before it."""
    pad = (-len(frames)) % 4
    blank = frames.new_zeros(pad, *frames.shape[1:])
    groups = torch.cat([frames, blank]).unflatten(0, (-1, 4))
    return groups.repeat_interleave(4, 0)[: len(frames)]


def dqn_loss__one_hot_mean(q, a, y, huber):
    """You compare whole rows, with the target written into the place of the action that
    was taken and zeros elsewhere: that pulls all other Q-values to 0."""
    hot = F.one_hot(a, q.shape[1]).to(q.dtype)
    e = q - hot * y.detach().unsqueeze(1)
    cost = 0.5 * e**2
    if huber:
        cost = torch.where(e.abs() <= 1, cost, e.abs() - 0.5)
    return cost.sum(1).mean()
