"""Known wrong answers of a01, each with the sentence that helps."""

import torch
import torch.nn.functional as F

# ---------------------------------------------------------------- center_columns


def center_columns__means_of_rows(X):
    """You subtract the mean of each row. A column is a feature: its mean runs over the
    N rows, so dimension 0 is the one to disappear.
    """
    return X - X.mean(dim=1, keepdim=True)


def center_columns__one_mean_for_all(X):
    """You subtract a single number, the mean of all entries. Each column has a mean of
    its own: a vector of D numbers.
    """
    return X - X.mean()


def center_columns__in_place(X):
    """You write the result into X itself. The caller still needs the old numbers: an
    assignment such as -= changes X, a difference makes a new tensor.
    """
    X -= X.mean(dim=0)
    return X


def center_columns__divides_by_the_spread(X):
    """You also divide by the standard deviation. Centring moves the data and does not
    stretch them.
    """
    return (X - X.mean(dim=0)) / (X.std(dim=0, correction=0) + 1e-8)


# --------------------------------------------------------------- sliding_windows


def sliding_windows__copies(x, k, step):
    """Your numbers are right but they are copies. Windows that overlap can share the
    memory of x if only shape and strides are chosen for it.
    """
    n = (x.shape[1] - k) // step + 1
    return torch.stack([x[:, i * step : i * step + k] for i in range(n)], dim=1)


def sliding_windows__one_window_short(x, k, step):
    """You lose the last window. If k = L there is no room to move, and still there is
    one window: count positions, not moves.
    """
    n = (x.shape[1] - k) // step
    row, column = x.stride()
    return x.as_strided((len(x), n, k), (row, step * column, column))


def sliding_windows__assumes_contiguous_strides(x, k, step):
    """You take L and 1 for the strides of x. That holds for a freshly made matrix only:
    a transposed or sliced one has other strides, so ask x for them.
    """
    n, length = x.shape
    count = (length - k) // step + 1
    return x.as_strided((n, count, k), (length, step, 1))


def sliding_windows__contiguous_first(x, k, step):
    """You make x contiguous first. For a transposed x that is a copy, and the windows
    then share memory with the copy, not with x.
    """
    x = x.contiguous()
    n, length = x.shape
    count = (length - k) // step + 1
    return x.as_strided((n, count, k), (length, step, 1))


def sliding_windows__reshapes_for_permutes(x, k, step):
    """The shape is right and the numbers are in the wrong places: a reshape reads the
    elements in their old order and deals them out anew. To exchange axes, permute them.
    """
    row, column = x.stride()
    count = (x.shape[1] - k) // step + 1
    by_window = x.as_strided((count, len(x), k), (step * column, row, column))
    return by_window.reshape(len(x), count, k)


def sliding_windows__ignores_the_step(x, k, step):
    """Your windows start at 0, 1, 2, ... Neighbouring windows start `step` elements
    apart: this is the stride of the window axis.
    """
    row, column = x.stride()
    count = (x.shape[1] - k) // step + 1
    return x.as_strided((len(x), count, k), (row, column, column))


def sliding_windows__step_inside_the_window(x, k, step):
    """You stretch the window: its elements are `step` apart, and the windows start side
    by side. It is the windows that move by `step`; their elements are neighbours.
    """
    count = (x.shape[1] - k) // step + 1
    start = torch.arange(count, device=x.device)[:, None]
    index = start + step * torch.arange(k, device=x.device)
    return x[:, index.clamp(max=x.shape[1] - 1)]


# ------------------------------------------------------------- pairwise_sq_dists


def pairwise_sq_dists__not_clamped(X, Y):
    """Some of your squared distances are negative. Two large, nearly equal numbers are
    subtracted, and the rounding error that is left can have either sign: cut it off at
    zero.
    """
    return (X * X).sum(1, keepdim=True) + (Y * Y).sum(1) - 2 * X @ Y.T


def pairwise_sq_dists__root_taken(X, Y):
    """You return distances. The squared ones are asked for: leave the root out."""
    d2 = (X * X).sum(1, keepdim=True) + (Y * Y).sum(1) - 2 * X @ Y.T
    return d2.clamp(min=0).sqrt()


def pairwise_sq_dists__norms_on_the_wrong_side(X, Y):
    """You add the norms of X along the columns and those of Y along the rows. The
    result has a row for each row of X, so the norms of X form a column (N, 1). With N =
    M no error warns you.
    """
    d2 = (X * X).sum(1) + (Y * Y).sum(1, keepdim=True) - 2 * X @ Y.T
    return d2.clamp(min=0)


def pairwise_sq_dists__builds_the_cube(X, Y):
    """Your numbers are right, but you form all N * M * D differences at once. Expand
    the square: two vectors of norms and one matrix product are enough.
    """
    return ((X[:, None] - Y) ** 2).sum(dim=2)


def pairwise_sq_dists__cross_term_once(X, Y):
    """You subtract the scalar product once. The square of x - y contains it twice."""
    d2 = (X * X).sum(1, keepdim=True) + (Y * Y).sum(1) - X @ Y.T
    return d2.clamp(min=0)


def pairwise_sq_dists__transposed(X, Y):
    """Your result is transposed: rows belong to X, columns to Y."""
    d2 = (Y * Y).sum(1, keepdim=True) + (X * X).sum(1) - 2 * Y @ X.T
    return d2.clamp(min=0)


# --------------------------------------------------------------------- ridge_fit


def ridge_fit__bias_penalised(X, y, lam):
    """You penalise the offset b too. Then the fit depends on where the targets have
    their zero: a huge penalty should leave b at the mean of y, not at 0.
    """
    n, d = X.shape
    A = torch.cat([X, X.new_ones(n, 1)], dim=1)
    A = torch.cat([A, lam**0.5 * torch.eye(d + 1, dtype=X.dtype, device=X.device)])
    w = torch.linalg.pinv(A) @ torch.cat([y, y.new_zeros(d + 1)])
    return w[:d], w[d]


def ridge_fit__penalty_times_n(X, y, lam):
    """Your penalty is N times too strong: you seem to take the mean of the squared
    errors. The objective here is their sum.
    """
    n, d = X.shape
    x_mean, y_mean = X.mean(0), y.mean()
    extra = (lam * n) ** 0.5 * torch.eye(d, dtype=X.dtype, device=X.device)
    A = torch.cat([X - x_mean, extra])
    w = torch.linalg.pinv(A) @ torch.cat([y - y_mean, y.new_zeros(d)])
    return w, y_mean - x_mean @ w


def ridge_fit__penalty_over_n(X, y, lam):
    """Your penalty is N times too weak: the sum of squares is asked for, so lam stands
    beside the sum, undivided.
    """
    n, d = X.shape
    x_mean, y_mean = X.mean(0), y.mean()
    extra = (lam / n) ** 0.5 * torch.eye(d, dtype=X.dtype, device=X.device)
    A = torch.cat([X - x_mean, extra])
    w = torch.linalg.pinv(A) @ torch.cat([y - y_mean, y.new_zeros(d)])
    return w, y_mean - x_mean @ w


def ridge_fit__explicit_inverse(X, y, lam):
    """You invert a matrix (or solve with it) that has no inverse when lam = 0 and
    columns of X depend on each other. The pseudo-inverse of the data matrix gives the
    solution of smallest norm.
    """
    x_mean, y_mean = X.mean(0), y.mean()
    A = X - x_mean
    gram = A.T @ A + lam * torch.eye(X.shape[1], dtype=X.dtype, device=X.device)
    w = torch.linalg.inv(gram) @ (A.T @ (y - y_mean))
    return w, y_mean - x_mean @ w


def ridge_fit__not_centred(X, y, lam):
    """You fit w to the raw data, as if b were 0, and add b afterwards. The two must be
    found together: subtract the means of X and y first, then b drops out of the
    problem.
    """
    d = X.shape[1]
    A = torch.cat([X, lam**0.5 * torch.eye(d, dtype=X.dtype, device=X.device)])
    w = torch.linalg.pinv(A) @ torch.cat([y, y.new_zeros(d)])
    return w, y.mean() - X.mean(0) @ w


def ridge_fit__offset_is_the_mean_target(X, y, lam):
    """Your w is right and b is the mean of y. That is the prediction at the mean of X;
    at X = 0 the weights have moved it by the mean of X times w.
    """
    d = X.shape[1]
    extra = lam**0.5 * torch.eye(d, dtype=X.dtype, device=X.device)
    A = torch.cat([X - X.mean(0), extra])
    w = torch.linalg.pinv(A) @ torch.cat([y - y.mean(), y.new_zeros(d)])
    return w, y.mean()


# ----------------------------------------------------------------- poly_features


def poly_features__no_constant(x, deg):
    """The column of ones is missing: the powers start at 0."""
    return x[:, None] ** torch.arange(1, deg + 1, device=x.device)


def poly_features__highest_first(x, deg):
    """Your powers run downwards. Column p is the power p, so the ones come first."""
    return x[:, None] ** torch.arange(deg, -1, -1, device=x.device)


def poly_features__one_power_short(x, deg):
    """The highest power is missing: deg + 1 columns hold the powers 0 to deg, both
    included.
    """
    return x[:, None] ** torch.arange(deg, device=x.device)


def poly_features__base_and_exponent_swapped(x, deg):
    """You raise the column number to the power x. It is x that is raised."""
    return torch.arange(deg + 1, dtype=x.dtype, device=x.device) ** x[:, None]


def poly_features__through_the_logarithm(x, deg):
    """You take a logarithm on the way: negative inputs become NaN. A whole-number power
    needs products only.
    """
    p = torch.arange(deg + 1, dtype=x.dtype, device=x.device)
    return torch.exp(p * x.log()[:, None])


# ----------------------------------------------------------------- bias_variance


def bias_variance__variance_over_test_points(fit, x, f_true, noise, x_test):
    """Your variance runs over the test points: it measures how curved the prediction
    is. Variance asks how much the prediction at one point changes from training set to
    training set.
    """
    P = torch.stack([fit(x, f_true(x) + e)(x_test) for e in noise])
    bias2 = ((P.mean(0) - f_true(x_test)) ** 2).mean()
    return bias2, P.var(dim=1, correction=0).mean()


def bias_variance__bias_not_squared(fit, x, f_true, noise, x_test):
    """You average the bias without squaring it: positive and negative errors at
    different test points cancel.
    """
    P = torch.stack([fit(x, f_true(x) + e)(x_test) for e in noise])
    bias = (P.mean(0) - f_true(x_test)).mean()
    return bias, P.var(dim=0, correction=0).mean()


def bias_variance__noise_in_the_bias(fit, x, f_true, noise, x_test):
    """You compare with the noisy targets at the training inputs, so the noise is
    counted as bias. Bias is measured against the true function, at the test inputs.
    """
    ys = [f_true(x) + e for e in noise]
    P = torch.stack([fit(x, y)(x_test) for y in ys])
    at_train = torch.stack([fit(x, y)(x) for y in ys])
    bias2 = ((at_train - torch.stack(ys)) ** 2).mean()
    return bias2, P.var(dim=0, correction=0).mean()


def bias_variance__squares_before_averaging(fit, x, f_true, noise, x_test):
    """Your bias contains the variance: you square each prediction's error and average
    then. First average the predictions over the training sets, then square the error of
    this mean.
    """
    P = torch.stack([fit(x, f_true(x) + e)(x_test) for e in noise])
    bias2 = ((P - f_true(x_test)) ** 2).mean()
    return bias2, P.var(dim=0, correction=0).mean()


def bias_variance__divides_by_r_minus_one(fit, x, f_true, noise, x_test):
    """You divide the variance by R - 1. Divided by R, squared bias and variance add up
    exactly to the mean squared error, and this is what is asked.
    """
    P = torch.stack([fit(x, f_true(x) + e)(x_test) for e in noise])
    bias2 = ((P.mean(0) - f_true(x_test)) ** 2).mean()
    return bias2, ((P - P.mean(0)) ** 2).sum(0).mean() / max(len(P) - 1, 1)


def bias_variance__same_noise_each_time(fit, x, f_true, noise, x_test):
    """All your training sets are the same one, so nothing varies. Training set r has
    the noise of row r.
    """
    P = torch.stack([fit(x, f_true(x) + noise[0])(x_test) for _ in noise])
    bias2 = ((P.mean(0) - f_true(x_test)) ** 2).mean()
    return bias2, P.var(dim=0, correction=0).mean()


def bias_variance__returns_the_spread(fit, x, f_true, noise, x_test):
    """You return standard deviation and absolute bias, that is, roots. Squares are what
    adds up.
    """
    P = torch.stack([fit(x, f_true(x) + e)(x_test) for e in noise])
    bias = (P.mean(0) - f_true(x_test)).abs().mean()
    return bias, P.std(dim=0, correction=0).mean()


# ------------------------------------------------------------------- knn_predict


def knn_predict__farthest(Xtr, ytr, X, k):
    """You let the farthest points vote. Sorting (or topk) must pick the smallest
    distances.
    """
    far = torch.cdist(X, Xtr).argsort(dim=1, descending=True)[:, :k]
    return F.one_hot(ytr[far]).sum(1).argmax(1)


def knn_predict__ties_to_the_last_label(Xtr, ytr, X, k):
    """When labels have equally many votes you return the largest of them; the smallest
    is asked for.
    """
    near = torch.cdist(X, Xtr).argsort(dim=1)[:, :k]
    votes = F.one_hot(ytr[near]).sum(1)
    return votes.shape[1] - 1 - votes.flip(1).argmax(1)


def knn_predict__ties_to_the_nearest(Xtr, ytr, X, k):
    """When labels have equally many votes you let the nearest neighbour decide.
    Sensible, but the specification says: the smallest label.
    """
    near = ytr[torch.cdist(X, Xtr).argsort(dim=1)[:, :k]]
    count = (near[:, :, None] == near[:, None, :]).sum(2)
    return near.gather(1, count.argmax(1, keepdim=True))[:, 0]


def knn_predict__test_statistics(Xtr, ytr, X, k):
    """You standardise the points to classify with their own mean and spread. A point's
    label must not depend on which other points are asked about; and no scaling is asked
    for.
    """
    a = (Xtr - Xtr.mean(0)) / (Xtr.std(0, correction=0) + 1e-8)
    b = (X - X.mean(0)) / (X.std(0, correction=0) + 1e-8)
    return F.one_hot(ytr[torch.cdist(b, a).argsort(dim=1)[:, :k]]).sum(1).argmax(1)


def knn_predict__standardises(Xtr, ytr, X, k):
    """You standardise the features first. Often a good idea, but it changes the
    distance: here the features are used as they come.
    """
    mean, std = Xtr.mean(0), Xtr.std(0, correction=0) + 1e-8
    d = torch.cdist((X - mean) / std, (Xtr - mean) / std)
    return F.one_hot(ytr[d.argsort(dim=1)[:, :k]]).sum(1).argmax(1)


def knn_predict__averages_labels(Xtr, ytr, X, k):
    """You average the labels of the neighbours. Labels are names, not amounts: between
    class 0 and class 4 there is no class 2. Count votes.
    """
    near = ytr[torch.cdist(X, Xtr).argsort(dim=1)[:, :k]]
    return near.to(X.dtype).mean(1).round().long()


def knn_predict__nearest_only(Xtr, ytr, X, k):
    """You ask the nearest neighbour only, whatever k is."""
    return ytr[torch.cdist(X, Xtr).argmin(1)]


# ------------------------------------------------------------------------ kmeans


def kmeans__empty_cluster_becomes_nan(X, C0, iters):
    """A centre without points becomes NaN: the mean of nothing is 0/0. Such a centre
    stays where it is.
    """
    C, inertia = C0.clone(), []
    for _ in range(iters):
        d2 = ((X[:, None] - C) ** 2).sum(dim=2)
        inertia.append(d2.min(dim=1).values.sum())
        C = torch.stack([X[d2.argmin(1) == j].mean(0) for j in range(len(C))])
    d2 = ((X[:, None] - C) ** 2).sum(dim=2)
    inertia.append(d2.min(dim=1).values.sum())
    return C, d2.argmin(1), torch.stack(inertia)


def kmeans__empty_cluster_moves_to_zero(X, C0, iters):
    """A centre without points jumps to the origin: an empty sum divided by one. It
    should stay where it is.
    """
    C, inertia = C0.clone(), []
    for t in range(iters + 1):
        d2 = ((X[:, None] - C) ** 2).sum(dim=2)
        inertia.append(d2.min(dim=1).values.sum())
        if t < iters:
            member = F.one_hot(d2.argmin(1), len(C)).to(X.dtype)
            C = member.T @ X / member.sum(0).clamp(min=1)[:, None]
    return C, d2.argmin(1), torch.stack(inertia)


def kmeans__assignment_not_refreshed(X, C0, iters):
    """The assignment you return is older than the centres you return: after the last
    move of the centres, points may be nearer to another one. Assign once more.
    """
    C, inertia = C0.clone(), []
    assign = ((X[:, None] - C) ** 2).sum(dim=2).argmin(1)
    inertia.append(((X - C[assign]) ** 2).sum())
    for _ in range(iters):
        d2 = ((X[:, None] - C) ** 2).sum(dim=2)
        assign = d2.argmin(1)
        for j in range(len(C)):
            if (assign == j).any():
                C[j] = X[assign == j].mean(0)
        inertia.append(((X[:, None] - C) ** 2).sum(2).min(1).values.sum())
    return C, assign, torch.stack(inertia)


def kmeans__inertia_with_the_old_assignment(X, C0, iters):
    """After moving the centres you measure the inertia with the assignment from before
    the move. It belongs to the nearest centre: assign again, then sum.
    """
    C = C0.clone()
    d2 = ((X[:, None] - C) ** 2).sum(dim=2)
    inertia = [d2.min(dim=1).values.sum()]
    for _ in range(iters):
        assign = ((X[:, None] - C) ** 2).sum(dim=2).argmin(1)
        for j in range(len(C)):
            if (assign == j).any():
                C[j] = X[assign == j].mean(0)
        inertia.append(((X - C[assign]) ** 2).sum())
    assign = ((X[:, None] - C) ** 2).sum(dim=2).argmin(1)
    return C, assign, torch.stack(inertia)


def kmeans__inertia_of_the_old_centres(X, C0, iters):
    """Your inertia lags one move behind: you measure with the centres from before the
    move, so the last entry does not belong to the centres you return.
    """
    C = C0.clone()
    d2 = ((X[:, None] - C) ** 2).sum(dim=2)
    inertia = [d2.min(dim=1).values.sum()]
    for _ in range(iters):
        d2 = ((X[:, None] - C) ** 2).sum(dim=2)
        assign = d2.argmin(1)
        for j in range(len(C)):
            if (assign == j).any():
                C[j] = X[assign == j].mean(0)
        inertia.append(d2.min(dim=1).values.sum())
    assign = ((X[:, None] - C) ** 2).sum(dim=2).argmin(1)
    return C, assign, torch.stack(inertia)


def kmeans__mean_over_the_wrong_axis(X, C0, iters):
    """All coordinates of your centres are equal: you average over the features as well.
    The mean of a cluster runs over its points and leaves D numbers.
    """
    C, inertia = C0.clone(), []
    for t in range(iters + 1):
        d2 = ((X[:, None] - C) ** 2).sum(dim=2)
        inertia.append(d2.min(dim=1).values.sum())
        for j in range(len(C)):
            if t < iters and (d2.argmin(1) == j).any():
                C[j] = X[d2.argmin(1) == j].mean()
    return C, d2.argmin(1), torch.stack(inertia)


def kmeans__mean_inertia(X, C0, iters):
    """You divide the inertia by N. It is a sum over the points."""
    C, inertia = C0.clone(), []
    for t in range(iters + 1):
        d2 = ((X[:, None] - C) ** 2).sum(dim=2)
        inertia.append(d2.min(dim=1).values.mean())
        for j in range(len(C)):
            if t < iters and (d2.argmin(1) == j).any():
                C[j] = X[d2.argmin(1) == j].mean(0)
    return C, d2.argmin(1), torch.stack(inertia)


def kmeans__inertia_without_squares(X, C0, iters):
    """Your inertia sums distances. It sums squared distances: these are what the mean
    minimises.
    """
    C, inertia = C0.clone(), []
    for t in range(iters + 1):
        d2 = ((X[:, None] - C) ** 2).sum(dim=2)
        inertia.append(d2.min(dim=1).values.sqrt().sum())
        for j in range(len(C)):
            if t < iters and (d2.argmin(1) == j).any():
                C[j] = X[d2.argmin(1) == j].mean(0)
    return C, d2.argmin(1), torch.stack(inertia)


def kmeans__moves_the_starting_centres(X, C0, iters):
    """You move the centres inside C0. The caller's tensor must stay as it is: work on a
    copy.
    """
    C, inertia = C0, []
    for t in range(iters + 1):
        d2 = ((X[:, None] - C) ** 2).sum(dim=2)
        inertia.append(d2.min(dim=1).values.sum())
        for j in range(len(C)):
            if t < iters and (d2.argmin(1) == j).any():
                C[j] = X[d2.argmin(1) == j].mean(0)
    return C, d2.argmin(1), torch.stack(inertia)


# --------------------------------------------------------------------------- pca


def pca_fit__no_centring(X, q):
    """You do not subtract the mean before looking for directions: the first one then
    points from the origin to the cloud instead of along the cloud.
    """
    _, s, Vh = torch.linalg.svd(X, full_matrices=False)
    return X.mean(0), Vh[:q], s[:q] ** 2 / (len(X) - 1)


def pca_fit__ascending(X, q):
    """Your directions are those of the smallest variance: eigh sorts upwards. The
    largest comes first.
    """
    mu = X.mean(0)
    values, vectors = torch.linalg.eigh((X - mu).T @ (X - mu) / (len(X) - 1))
    return mu, vectors[:, :q].T, values[:q]


def pca_fit__rows_of_the_eigenvector_matrix(X, q):
    """You take rows of the matrix of eigenvectors. eigh returns eigenvectors as
    columns: pick columns, then transpose.
    """
    mu = X.mean(0)
    values, vectors = torch.linalg.eigh((X - mu).T @ (X - mu) / (len(X) - 1))
    return mu, vectors.flip(1)[:q], values.flip(0)[:q]


def pca_fit__columns_for_rows(X, q):
    """Your V is transposed: (D, q) with directions as columns. V is (q, D), a direction
    in each row.
    """
    mu = X.mean(0)
    values, vectors = torch.linalg.eigh((X - mu).T @ (X - mu) / (len(X) - 1))
    return mu, vectors.flip(1)[:, :q], values.flip(0)[:q]


def pca_transform__columns_for_rows(X, mu, V):
    return (X - mu) @ V


def pca_inverse__columns_for_rows(Z, mu, V):
    return mu + Z @ V.T


def pca_fit__divides_by_n(X, q):
    """You divide the variance by N; N - 1 is asked for, as the mean was estimated from
    the same data.
    """
    mu = X.mean(0)
    _, s, Vh = torch.linalg.svd(X - mu, full_matrices=False)
    return mu, Vh[:q], s[:q] ** 2 / len(X)


def pca_fit__singular_values_for_variances(X, q):
    """You return singular values. The variance along a direction is the squared
    singular value divided by N - 1.
    """
    mu = X.mean(0)
    _, s, Vh = torch.linalg.svd(X - mu, full_matrices=False)
    return mu, Vh[:q], s[:q]


def pca_transform__mean_not_subtracted(X, mu, V):
    """Your coordinates are measured from the origin: subtract mu before projecting."""
    return X @ V.T


def pca_transform__own_mean(X, mu, V):
    """You centre new data with their own mean. They belong in the coordinate system of
    the training data: subtract the mu that was handed in.
    """
    return (X - X.mean(0)) @ V.T


def pca_inverse__mean_not_added(Z, mu, V):
    """Your reconstruction lies around the origin: the mean that was subtracted must
    come back.
    """
    return Z @ V


# ------------------------------------------------------------------------- kfold


def kfold__overlapping(n, k, generator):
    """You draw each valid part anew, so the same sample is validated twice and another
    never. Shuffle once, then cut.
    """
    folds = [torch.randperm(n, generator=generator)[: n // k] for _ in range(k)]
    rest = torch.arange(n)
    return [(rest[~torch.isin(rest, f)], f) for f in folds]


def kfold__loses_the_rest(n, k, generator):
    """If n is no multiple of k you leave samples out: n // k times k is less than n.
    Give the rest to some of the folds, one each.
    """
    order = torch.randperm(n, generator=generator)
    folds = [order[i * (n // k) : (i + 1) * (n // k)] for i in range(k)]
    return [(order[~torch.isin(order, f)], f) for f in folds]


def kfold__rest_into_the_last_fold(n, k, generator):
    """All that remains of n / k goes into your last fold, which grows too large. Spread
    it: sizes differ by at most one.
    """
    order = torch.randperm(n, generator=generator)
    size = n // k
    folds = [order[i * size : (i + 1) * size] for i in range(k - 1)]
    folds.append(order[(k - 1) * size :])
    return [(order[~torch.isin(order, f)], f) for f in folds]


def kfold__not_shuffled(n, k, generator):
    """Your folds are consecutive blocks. Data often come sorted by class: shuffle the
    indices first, with the generator.
    """
    order = torch.arange(n)
    return [(order[~torch.isin(order, f)], f) for f in order.tensor_split(k)]


def kfold__ignores_the_generator(n, k, generator):
    """You shuffle with the global source of randomness. The same state of the generator
    must give the same folds: pass it on to the function that shuffles.
    """
    order = torch.randperm(n)
    return [(order[~torch.isin(order, f)], f) for f in order.tensor_split(k)]


def kfold__reseeds(n, k, generator):
    """You set a seed inside. Then every caller gets the same folds, and repeating the
    experiment repeats the split: use the generator as it comes.
    """
    order = torch.randperm(n, generator=torch.Generator().manual_seed(0))
    return [(order[~torch.isin(order, f)], f) for f in order.tensor_split(k)]


def kfold__trains_on_everything(n, k, generator):
    """Your training parts contain the valid part. What is validated must be unseen:
    leave it out.
    """
    order = torch.randperm(n, generator=generator)
    return [(order, f) for f in order.tensor_split(k)]


def kfold__train_and_valid_swapped(n, k, generator):
    """Your pairs are the wrong way round: first the large training part, then the small
    valid part.
    """
    order = torch.randperm(n, generator=generator)
    return [(f, order[~torch.isin(order, f)]) for f in order.tensor_split(k)]


# ---------------------------------------------------------------- cross_validate


def cross_validate__scales_before_the_split(fit, X, y, folds):
    """You compute mean and spread from all samples, the held-out ones included: a leak.
    Everything that is estimated, the scaling too, is estimated from the training part.
    """
    std = X.std(dim=0)
    Z = (X - X.mean(dim=0)) / torch.where(std > 0, std, torch.ones_like(std))
    scores = []
    for train, valid in folds:
        right = fit(Z[train], y[train])(Z[valid]) == y[valid]
        scores.append(right.double().mean().item())
    return scores


def cross_validate__scales_valid_by_itself(fit, X, y, folds):
    """You standardise the valid part with its own mean and spread. The model has learnt
    in the units of the training part: use the same ones for new data.
    """
    scores = []
    for train, valid in folds:
        Z = []
        for part in (X[train], X[valid]):
            std = part.std(dim=0)
            std = torch.where(std > 0, std, torch.ones_like(std))
            Z.append((part - part.mean(dim=0)) / std)
        right = fit(Z[0], y[train])(Z[1]) == y[valid]
        scores.append(right.double().mean().item())
    return scores


def cross_validate__does_not_scale(fit, X, y, folds):
    """You hand over the features as they are. Standardise them with the mean and spread
    of the training part.
    """
    scores = []
    for train, valid in folds:
        right = fit(X[train], y[train])(X[valid]) == y[valid]
        scores.append(right.double().mean().item())
    return scores


def cross_validate__valid_not_scaled(fit, X, y, folds):
    """You standardise the training part and forget the valid part. Both go through the
    same transformation.
    """
    scores = []
    for train, valid in folds:
        mean, std = X[train].mean(dim=0), X[train].std(dim=0)
        std = torch.where(std > 0, std, torch.ones_like(std))
        predict = fit((X[train] - mean) / std, y[train])
        right = predict(X[valid]) == y[valid]
        scores.append(right.double().mean().item())
    return scores


def cross_validate__fits_on_everything(fit, X, y, folds):
    """Your model is fitted on all samples, so it has seen what it is asked about. Fit
    on the training part only.
    """
    scores = []
    for train, valid in folds:
        mean, std = X[train].mean(dim=0), X[train].std(dim=0)
        std = torch.where(std > 0, std, torch.ones_like(std))
        predict = fit((X - mean) / std, y)
        right = predict((X[valid] - mean) / std) == y[valid]
        scores.append(right.double().mean().item())
    return scores


def cross_validate__scores_the_training_part(fit, X, y, folds):
    """You measure the accuracy on the training part. What counts is the part that the
    model has not seen.
    """
    scores = []
    for train, _ in folds:
        mean, std = X[train].mean(dim=0), X[train].std(dim=0)
        std = torch.where(std > 0, std, torch.ones_like(std))
        Z = (X[train] - mean) / std
        scores.append((fit(Z, y[train])(Z) == y[train]).double().mean().item())
    return scores


def cross_validate__constant_feature_becomes_nan(fit, X, y, folds):
    """A feature that is constant on the training part has spread 0, and you divide by
    it. Such pixels exist in every image set: leave them undivided.
    """
    scores = []
    for train, valid in folds:
        mean, std = X[train].mean(dim=0), X[train].std(dim=0)
        predict = fit((X[train] - mean) / std, y[train])
        right = predict((X[valid] - mean) / std) == y[valid]
        scores.append(right.double().mean().item())
    return scores


# -------------------------------------------------------------- choose_then_test


def choose_then_test__chosen_on_test(fit, settings, train, valid, test):
    """You choose the setting by its accuracy on the test set. Then the test set has
    helped to build the model, and its accuracy promises too much. Choose on valid.
    """
    models = [fit(*train, s) for s in settings]
    scores = [(m(test[0]) == test[1]).double().mean().item() for m in models]
    best = scores.index(max(scores))
    return settings[best], scores[best]


def choose_then_test__chosen_on_train(fit, settings, train, valid, test):
    """You choose the setting that fits the training data best: this rewards learning by
    heart. Choose on valid.
    """
    models = [fit(*train, s) for s in settings]
    scores = [(m(train[0]) == train[1]).double().mean().item() for m in models]
    predict = models[scores.index(max(scores))]
    accuracy = (predict(test[0]) == test[1]).double().mean().item()
    return settings[scores.index(max(scores))], accuracy


def choose_then_test__reports_validation(fit, settings, train, valid, test):
    """You report the accuracy on valid. The winner of a contest looks better there than
    it is: this is why the test set exists.
    """
    models = [fit(*train, s) for s in settings]
    scores = [(m(valid[0]) == valid[1]).double().mean().item() for m in models]
    return settings[scores.index(max(scores))], max(scores)


def choose_then_test__reports_the_best_test(fit, settings, train, valid, test):
    """Your choice is right, but the accuracy you report is the highest that any setting
    reaches on test. Report that of the chosen setting, and leave the others alone.
    """
    models = [fit(*train, s) for s in settings]
    scores = [(m(valid[0]) == valid[1]).double().mean().item() for m in models]
    on_test = [(m(test[0]) == test[1]).double().mean().item() for m in models]
    return settings[scores.index(max(scores))], max(on_test)


def choose_then_test__peeks(fit, settings, train, valid, test):
    """Your figures are right, but you compute the test accuracy of every setting. A
    number that is not on the screen cannot tempt anybody: open the test set once, for
    the chosen setting.
    """
    models = [fit(*train, s) for s in settings]
    scores = [(m(valid[0]) == valid[1]).double().mean().item() for m in models]
    on_test = [(m(test[0]) == test[1]).double().mean().item() for m in models]
    best = scores.index(max(scores))
    return settings[best], on_test[best]


def choose_then_test__ties_to_the_last(fit, settings, train, valid, test):
    """Of several equally good settings you take the last; the first is asked for."""
    models = [fit(*train, s) for s in settings]
    scores = [(m(valid[0]) == valid[1]).double().mean().item() for m in models]
    best = max(range(len(scores)), key=lambda i: (scores[i], i))
    accuracy = (models[best](test[0]) == test[1]).double().mean().item()
    return settings[best], accuracy


# ----------------------------------------------------------------- repeat_rounds


def repeat_rounds__same_seed_each_round(fn, seeds):
    """Every round gets the same seed, so all rounds are one round and the spread is 0.
    Hand each round its own seed.
    """
    scores = torch.tensor([fn(seeds[0]) for _ in seeds], dtype=torch.float64)
    return scores.mean().item(), scores.std().item()


def repeat_rounds__counts_for_seeds(fn, seeds):
    """You number the rounds 0, 1, 2, ... and use the number as seed. The seeds are
    handed in: use them.
    """
    rounds = range(len(seeds))
    scores = torch.tensor([fn(i) for i in rounds], dtype=torch.float64)
    return scores.mean().item(), scores.std().item()


def repeat_rounds__population_std(fn, seeds):
    """You divide by the number of rounds. The mean was estimated from the same rounds,
    so divide by one less, or a few rounds look steadier than they are.
    """
    scores = torch.tensor([fn(seed) for seed in seeds], dtype=torch.float64)
    return scores.mean().item(), scores.std(correction=0).item()


def repeat_rounds__standard_error(fn, seeds):
    """You divide the spread by the root of the number of rounds. This is the
    uncertainty of the mean; the spread of a single round is asked for.
    """
    scores = torch.tensor([fn(seed) for seed in seeds], dtype=torch.float64)
    return scores.mean().item(), scores.std().item() / len(scores) ** 0.5


def repeat_rounds__best_round(fn, seeds):
    """You report the best round. With enough rounds the best is always good: report the
    mean.
    """
    scores = torch.tensor([fn(seed) for seed in seeds], dtype=torch.float64)
    return scores.max().item(), scores.std().item()
