"""Answers of a24: the family of deep Q-networks.

Letters: B batch, A actions, K heads, d features, n steps, N stored
transitions, T frames. Q-values of a batch are (B, A), one row per state.
Left out: distributional and noisy networks, a sum tree for priorities (the
probabilities are computed from all N at once), and anything with a policy
of its own (a25).
"""

import torch
from torch import nn


class Replay:
    """Keep the last `capacity` transitions and draw batches of them.

    A transition is one step of an environment: obs, action, reward,
    next_obs, terminated, truncated. Everything is kept on the CPU.

    Args:
        capacity: most transitions that are kept, a positive int.
        obs_shape: tuple, the shape of one observation.
        dtype: torch dtype in which obs and next_obs are kept, for example
            torch.uint8 for images.
    """

    def __init__(self, capacity, obs_shape, dtype):
        self.capacity, self.added = capacity, 0
        self.stored = {
            "obs": torch.zeros(capacity, *obs_shape, dtype=dtype),
            "action": torch.zeros(capacity, dtype=torch.int64),
            "reward": torch.zeros(capacity),
            "next_obs": torch.zeros(capacity, *obs_shape, dtype=dtype),
            "terminated": torch.zeros(capacity, dtype=torch.bool),
            "truncated": torch.zeros(capacity, dtype=torch.bool),
        }

    def __len__(self):
        """Return how many transitions can be drawn now."""
        return min(self.added, self.capacity)

    def add(self, obs, action, reward, next_obs, terminated, truncated):
        """Store one transition; when full, in the place of the oldest.

        Args:
            obs, next_obs: tensor or NumPy array of shape obs_shape. The
                caller may write into both as soon as add returns (many
                environments do): keep a copy. next_obs need not be the
                obs of the next call: after the end of an episode that is
                the first observation of the next one.
            action: int. reward: float. terminated, truncated: bool.
        """
        row = (obs, action, reward, next_obs, terminated, truncated)
        place = self.added % self.capacity
        for kept, value in zip(self.stored.values(), row, strict=True):
            kept[place] = torch.as_tensor(value)
        self.added += 1

    def sample(self, batch, generator):
        """Draw transitions independently, each stored one equally likely.

        The same transition may come twice, and batch may be larger than
        the number of stored transitions. The buffer is left as it is, and
        the caller may write into what is returned.

        Args:
            batch: B, a positive int.
            generator: torch.Generator on the CPU; the only source of
                randomness.

        Returns:
            dict of "obs" (B, *obs_shape) and "next_obs", in the buffer's
            dtype, "action" (B,) int64, "reward" (B,) float32, "terminated"
            and "truncated" (B,) bool. Row i of all six is one transition.
        """
        rows = torch.randint(len(self), (batch,), generator=generator)
        return {name: kept[rows] for name, kept in self.stored.items()}


def epsilon(step, start, end, decay):
    """Return the probability of a random action, falling on a straight line.

    Args:
        step: int, environment steps so far, from 0 to many millions.
        start: probability at step 0.
        end: probability at step `decay` and at every later one. It may
            also lie above start.
        decay: int, positive.

    Returns:
        A Python float; no two steps before `decay` have the same one
        (unless start equals end).
    """
    return start + (end - start) * min(step / decay, 1.0)


def act(q, eps, generator):
    """Choose actions epsilon-greedily, for every row on its own.

    With probability eps a row's action is uniform over ALL A actions (the
    best one included), else it is the best one: the largest Q-value, the
    first of equal ones. Rows are independent of one another.

    Args:
        q: (B, A) Q-values on any device.
        eps: float, 0 to 1. 0 is always greedy, 1 always uniform.
        generator: torch.Generator on the CPU; the only source of
            randomness.

    Returns:
        (B,) int64 on q's device.
    """
    B, A = q.shape
    explores = torch.rand(B, generator=generator) < eps
    anything = torch.randint(A, (B,), generator=generator)
    best = q.argmax(1)
    return torch.where(explores.to(q.device), anything.to(q.device), best)


def td_target(
    r, q_next_target, q_next_online, terminated, truncated, gamma, double
):
    """Compute what the Q-value of the action that was taken should be.

    y = r + gamma * (value of the next state), and y = r where the next
    state is terminal. A truncated episode was only stopped by the clock:
    its next state has a value. A step that is both counts as terminated.

    Args:
        r: (B,) rewards.
        q_next_target: (B, A), the target network's Q-values of next_obs.
        q_next_online: (B, A), the online network's Q-values of next_obs;
            may be None if double is False.
        terminated, truncated: (B,) bool.
        gamma: float, discount.
        double: False: the next state's value is the largest entry of
            q_next_target. True: the online network chooses the action (the
            first of equal ones), the target network says what it is worth.

    Returns:
        (B,) in r's dtype, cut off from the graph: no gradient flows from
        it into either network.
    """
    chooser = q_next_online if double else q_next_target
    best = chooser.argmax(1, keepdim=True)
    value = q_next_target.detach().gather(1, best).squeeze(1)
    return r + gamma * value * ~terminated


def dqn_loss(q, a, y, huber):
    """Average the loss of the actions that were taken.

    With the error e = q[i, a[i]] - y[i], row i costs e^2 / 2. With huber,
    it does so only where |e| <= 1, and |e| - 1/2 beyond.

    Args:
        q: (B, A) Q-values of obs.
        a: (B,) int64, the actions that were taken.
        y: (B,) targets, constants: no gradient flows into them even if
            they require one.
        huber: bool.

    Returns:
        Scalar tensor, the mean over the B rows.
    """
    e = q.gather(1, a.unsqueeze(1)).squeeze(1) - y.detach()
    size = e.abs()
    linear = size - 0.5
    square = 0.5 * e**2
    return (torch.where(size <= 1, square, linear) if huber else square).mean()


class Dueling(nn.Module):
    """Put Q-values together from a state's value and actions' advantages.

    q(s, a) = v(s) + adv(s, a) - mean of adv(s, .) over the actions.

    Both parts are linear in the features and have a bias: the submodules
    are nn.Linear and must be called `value` (one output) and `advantage`
    (A outputs).

    Args:
        d: number of features. A: number of actions.
    """

    def __init__(self, d, A):
        super().__init__()
        ### BEGIN SOLUTION
        self.value = nn.Linear(d, 1)
        self.advantage = nn.Linear(d, A)
        ### END SOLUTION

    def forward(self, x):
        """Map features x (B, d) to Q-values (B, A)."""
        ### BEGIN SOLUTION
        advantage = self.advantage(x)
        centred = advantage - advantage.mean(1, keepdim=True)
        return self.value(x) + centred
        ### END SOLUTION


def bootstrap_loss(q, a, y, mask):
    """Add up the losses of K heads, each on its own share of the batch.

    Head k learns from the rows with mask[i, k] True, and only from them:
    its loss is the mean of (q[i, k, a[i]] - y[i, k])^2 / 2 over THOSE rows,
    and 0 if there are none. The result is the sum over the heads, so that
    each gets the gradient that it would get alone.

    Args:
        q: (B, K, A) Q-values of every head.
        a: (B,) int64, the actions that were taken.
        y: (B, K) targets, each head's own; constants.
        mask: (B, K) bool, drawn when the transitions were stored.

    Returns:
        Scalar tensor, differentiable with respect to q.
    """
    B, K, _ = q.shape
    taken = a.view(B, 1, 1).expand(B, K, 1)
    e = q.gather(2, taken).squeeze(2) - y.detach()
    per_head = (0.5 * e**2 * mask).sum(0) / mask.sum(0).clamp(min=1)
    return per_head.sum()


def nstep(r, terminated, q_last, gamma):
    """Compute n-step targets, up to the end of the episode at most.

    y = r_1 + gamma r_2 + ... + gamma^(n-1) r_n + gamma^n q_last. If step i
    is terminated, its reward is the last one that counts: nothing after it
    belongs to the same episode. (A window never runs past a truncation:
    there the caller makes a shorter one.) Nothing here needs a gradient.

    Args:
        r: (B, n) rewards in the order of time.
        terminated: (B, n) bool; several in a row of r are possible, of
            which the first one counts.
        q_last: (B,) value of the state after step n.
        gamma: float, discount.

    Returns:
        (B,) in r's dtype.
    """
    y = q_last
    for i in reversed(range(r.shape[1])):
        y = r[:, i] + gamma * y * ~terminated[:, i]
    return y


def per_weights(p, alpha, beta):
    """Compute with which probability to replay, and what corrects for it.

    Args:
        p: (N,) priorities, all positive, of every stored transition.
        alpha: float >= 0: 0 is uniform, 1 proportional to p.
        beta: float from 0 (no correction) to 1 (full correction).

    Returns:
        P: (N,), p^alpha divided by its sum.
        w: (N,), (N P)^-beta, divided by the largest of them.
    """
    powered = p**alpha
    P = powered / powered.sum()
    w = (len(p) * P) ** -beta
    return P, w / w.max()


def preprocess(frames):
    """Turn the four frames of one action into one small grey image.

    1. Only the LAST TWO frames count.
    2. Grey level: 0.299 red + 0.587 green + 0.114 blue, rounded.
    3. The larger of the two at each pixel (sprites flicker).
    4. Resize by area: each output pixel is the mean of the rectangle of
       210/84 by 160/84 input pixels that it covers; an input pixel that
       lies in it only in part counts by that part.
    5. Round to the nearest whole number.

    Args:
        frames: (4, 210, 160, 3) uint8, oldest first.

    Returns:
        (84, 84) uint8 from 0 to 255, on the device of frames.
    """

    # (84, size): the part that each input pixel has in an area; rows sum to 1
    def shares(size):
        edge = torch.arange(84, device=frames.device).unsqueeze(1) * size / 84
        pixel = torch.arange(size, device=frames.device)
        upper = torch.minimum(edge + size / 84, pixel + 1)
        return (upper - torch.maximum(edge, pixel)).clamp(min=0) * 84 / size

    red, green, blue = frames[-2:].float().unbind(3)
    grey = (0.299 * red + 0.587 * green + 0.114 * blue).round().amax(0)
    small = shares(210) @ grey @ shares(160).T
    return small.round().to(torch.uint8)


def stack(frames, starts):
    """Show each frame together with the three before it.

    Args:
        frames: (T, H, W) of any dtype, in the order of time.
        starts: (T,) bool, True where a frame is the first of an episode.
            The first frame always is, whatever starts[0] says.

    Returns:
        (T, 4, H, W), frames' dtype: out[t, 3] is frame t, out[t, 2] the one
        before it, and so on. A frame that would belong to an earlier
        episode, or to no episode, is all zeros.
    """
    T = len(frames)
    out = frames.new_zeros(T, 4, *frames.shape[1:])
    episode = starts.cumsum(0)
    for back in range(min(4, T)):
        same = episode[back:] == episode[: T - back]
        out[back:, 3 - back] = frames[: T - back] * same.view(-1, 1, 1)
    return out


def clip_reward(r):
    """Replace rewards by their signs: 1, 0 or -1.

    Args:
        r: tensor of any shape, of whole numbers (any dtype).

    Returns:
        A tensor of r's shape and dtype; r is not changed.
    """
    return torch.sign(r)
