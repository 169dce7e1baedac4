"""Answers of a01: tensors, least squares, neighbours, clusters, components.

Letters: N, M rows (samples), D features, K clusters or classes, L length of a
signal, R data sets, q components. Left out: what the notebook takes from
`course` (data sets, plots) and every speed-up beyond plain tensor code.
"""

import torch
import torch.nn.functional as F


def center_columns(X):
    """Subtract from every column its mean.

    Args:
        X: (N, D) float tensor. It stays as it is: return a new tensor.

    Returns:
        (N, D): every column of X minus the mean of that column.
    """
    return X - X.mean(dim=0)


def sliding_windows(x, k, step):
    """Cut every row of x into windows, without copying a single number.

    Window i of a row holds its elements i * step, ..., i * step + k - 1.
    Only whole windows count: a rest at the end of the row is left out.

    Args:
        x: (N, L) tensor. Any strides: it may be a transposed matrix or a
            slice of a larger one.
        k: length of a window, 1 <= k <= L.
        step: distance between the starts of neighbouring windows, >= 1.

    Returns:
        (N, (L - k) // step + 1, k): a view on the memory of x. Whoever
        writes into x afterwards sees the change in the windows.

    Tensor.unfold would do it in one word and is switched off here.
    torch.as_strided is what you are looking for.
    """
    n, length = x.shape
    row, column = x.stride()
    count = (length - k) // step + 1
    # one window to the right = `step` columns; one element = one column
    return x.as_strided((n, count, k), (row, step * column, column))


def pairwise_sq_dists(X, Y):
    """Squared Euclidean distance of every row of X to every row of Y.

    Args:
        X: (N, D) float tensor.
        Y: (M, D) float tensor.

    Returns:
        (N, M): entry (i, j) is the sum of squares of X[i] - Y[j]. Never
        negative, whatever the rounding.

    No tensor of N * M * D elements may arise on the way.
    torch.cdist is switched off.
    """
    x_norms = (X * X).sum(dim=1, keepdim=True)  # (N, 1)
    y_norms = (Y * Y).sum(dim=1)  # (M,)
    # the difference of nearly equal numbers may come out below zero
    return (x_norms + y_norms - 2 * X @ Y.T).clamp(min=0)


def ridge_fit(X, y, lam):
    """Linear regression with a penalty on the size of the weights.

    Minimise   sum_i (y[i] - X[i] @ w - b)^2  +  lam * sum_j w[j]^2
    over w and b. The offset b is not penalised, and the first term is a
    sum over the samples, not a mean.

    Args:
        X: (N, D) float tensor.
        y: (N,) targets.
        lam: penalty, a Python float >= 0.

    Returns:
        w: (D,) weights. With lam = 0 and linearly dependent columns many w
            are equally good: return the one with the smallest norm, which
            is also the limit for lam -> 0.
        b: () offset.
    """
    d = X.shape[1]
    x_mean, y_mean = X.mean(dim=0), y.mean()
    # lam * |w|^2 is the squared error of d more samples: sqrt(lam) * w = 0
    extra = lam**0.5 * torch.eye(d, dtype=X.dtype, device=X.device)
    A = torch.cat([X - x_mean, extra])
    t = torch.cat([y - y_mean, y.new_zeros(d)])
    w = torch.linalg.pinv(A) @ t
    return w, y_mean - x_mean @ w


def poly_features(x, deg):
    """Powers of x, from the constant to x^deg.

    Args:
        x: (N,) float tensor, of any sign.
        deg: highest power, an int >= 0.

    Returns:
        (N, deg + 1): column p is x to the power p; 0^0 is 1.
    """
    return x[:, None] ** torch.arange(deg + 1, device=x.device)


def bias_variance(fit, x, f_true, noise, x_test):
    """Squared bias and variance of a learning method, by simulation.

    There are R training sets. They share the inputs x and differ in the
    noise: the targets of set r are f_true(x) + noise[r]. Fit the method to
    each of them and look at the R predictions at every test input.

    Args:
        fit: fit(x, y) with (N,) tensors returns a function predict, and
            predict(t) is (M,) for t (M,).
        x: (N,) training inputs.
        f_true: the true function, from (M,) to (M,).
        noise: (R, N).
        x_test: (M,) test inputs.

    Returns:
        bias2: (), the squared distance from the mean prediction to f_true,
            averaged over the test inputs.
        var: (), the variance of the predictions over the R training sets
            (sum of squares divided by R), averaged over the test inputs.
    """
    clean, truth = f_true(x), f_true(x_test)
    models = [fit(x, clean + e) for e in noise]
    predictions = torch.stack([predict(x_test) for predict in models])
    mean = predictions.mean(dim=0)  # (M,): over the training sets
    bias2 = ((mean - truth) ** 2).mean()
    var = ((predictions - mean) ** 2).mean()
    return bias2, var


def knn_predict(Xtr, ytr, X, k):
    """Classify by a vote of the k nearest training points.

    The distance is Euclidean, on the features as they come: no scaling.
    If several labels get the same number of votes, the smallest wins.

    Args:
        Xtr: (M, D) training points.
        ytr: (M,) int64 labels >= 0; not every label need occur.
        X: (N, D) points to classify.
        k: number of neighbours, 1 <= k <= M.

    Returns:
        (N,) int64 labels.

    Equal distances do not occur in the checks.
    """
    nearest = torch.cdist(X, Xtr).argsort(dim=1)[:, :k]  # (N, k)
    votes = F.one_hot(ytr[nearest]).sum(dim=1)  # (N, largest label + 1)
    return votes.argmax(dim=1)  # the first of several maxima


def kmeans(X, C0, iters):
    """Lloyd's algorithm: assign points to centres, move the centres, repeat.

    One iteration assigns every point to its nearest centre (of several
    equally near ones the first) and then moves every centre to the mean of
    its points. A centre without points stays where it is.

    Args:
        X: (N, D) points.
        C0: (K, D) starting centres. They stay as they are.
        iters: number of iterations, >= 0.

    Returns:
        C: (K, D) centres after the last iteration.
        assign: (N,) int64, the nearest of these final centres.
        inertia: (iters + 1,), the sum over all points of the squared
            distance to the nearest centre: inertia[t] belongs to the
            centres after t iterations, inertia[0] to C0.
    """
    C, inertia = C0.clone(), []
    for t in range(iters + 1):
        d2 = ((X[:, None] - C) ** 2).sum(dim=2)  # (N, K)
        nearest, assign = d2.min(dim=1)
        inertia.append(nearest.sum())
        if t == iters:
            break
        for j in range(len(C)):
            if (assign == j).any():
                C[j] = X[assign == j].mean(dim=0)
    return C, assign, torch.stack(inertia)


def pca_fit(X, q):
    """Find the q directions in which the data vary most.

    Args:
        X: (N, D) data, N >= 2.
        q: number of components, 1 <= q <= min(N, D).

    Returns:
        mu: (D,) mean of the rows.
        V: (q, D) with orthonormal rows, the direction of largest variance
            first. The sign of a row is free.
        var: (q,) variance of the data along each row of V (sum of squares
            divided by N - 1).
    """
    mu = X.mean(dim=0)
    _, s, Vh = torch.linalg.svd(X - mu, full_matrices=False)
    return mu, Vh[:q], s[:q] ** 2 / (len(X) - 1)


def pca_transform(X, mu, V):
    """Coordinates of data in the basis V.

    Args:
        X: (N, D) data, not necessarily those that mu and V come from.
        mu: (D,) mean and V: (q, D) directions, from pca_fit.

    Returns:
        (N, q) coordinates.
    """
    return (X - mu) @ V.T


def pca_inverse(Z, mu, V):
    """Back from coordinates to the space of the data.

    Args:
        Z: (N, q) coordinates.
        mu: (D,) mean and V: (q, D) directions, from pca_fit.

    Returns:
        (N, D) points; what lies outside the q directions is lost.
    """
    return mu + Z @ V


def kfold(n, k, generator):
    """Split 0, ..., n - 1 at random into k folds for cross-validation.

    Args:
        n: number of samples.
        k: number of folds, 2 <= k <= n.
        generator: torch.Generator, the only source of randomness. Do not
            reseed it.

    Returns:
        A list of k pairs (train, valid) of int64 index tensors. Every index
        is in exactly one valid; the sizes of the valid parts differ by at
        most one. train holds all other indices, in any order.
    """
    order = torch.randperm(n, generator=generator)
    folds = order.tensor_split(k)  # sizes differ by at most one
    rest = [torch.cat(folds[:i] + folds[i + 1 :]) for i in range(k)]
    return list(zip(rest, folds, strict=True))


def cross_validate(fit, X, y, folds):
    """Accuracy on each held-out fold, with features standardised honestly.

    For every fold: compute mean and standard deviation (divided by n - 1)
    of each feature on the training part, standardise both parts with them,
    fit on the training part, predict the valid part. A feature that is
    constant on the training part is centred and not divided.

    Args:
        fit: fit(X, y) returns predict, and predict(X) returns labels. Call
            each once per fold.
        X: (N, D) features.
        y: (N,) int64 labels.
        folds: list of pairs (train, valid) of index tensors.

    Returns:
        A list of Python floats, the share of right labels in each fold.
    """
    scores = []
    for train, valid in folds:
        mean, std = X[train].mean(dim=0), X[train].std(dim=0)
        std = torch.where(std > 0, std, torch.ones_like(std))
        predict = fit((X[train] - mean) / std, y[train])
        right = predict((X[valid] - mean) / std) == y[valid]
        scores.append(right.double().mean().item())
    return scores


def choose_then_test(fit, settings, train, valid, test):
    """Choose a setting on validation data, then open the test set once.

    Fit every setting on train. The one with the highest accuracy on valid
    is chosen, the first of several equally good ones. Do not fit again.

    Args:
        fit: fit(X, y, setting) returns predict, and predict(X) labels.
        settings: list of hyper-parameter values.
        train, valid, test: pairs (X, y) of (N, D) features and (N,) labels,
            with a different N each.

    Returns:
        setting: the chosen element of settings.
        accuracy: its share of right labels on test, a Python float. predict
            is called on the test inputs once, for the chosen setting only.
    """

    def accuracy(predict, X, y):
        return (predict(X) == y).double().mean().item()

    models = [fit(*train, setting) for setting in settings]
    scores = [accuracy(predict, *valid) for predict in models]
    best = scores.index(max(scores))  # the first of several maxima
    return settings[best], accuracy(models[best], *test)


def repeat_rounds(fn, seeds):
    """Repeat an experiment and report mean and spread.

    Args:
        fn: fn(seed) runs the experiment and returns a Python float.
        seeds: list of at least two ints. Call fn once with each, in order.

    Returns:
        mean: Python float, over the rounds.
        std: Python float, the sample standard deviation of the rounds (sum
            of squares divided by the number of rounds minus one).
    """
    scores = torch.tensor([fn(seed) for seed in seeds], dtype=torch.float64)
    return scores.mean().item(), scores.std().item()
