"""Other right answers of a01; those named oracle are independent proofs."""

import math
import statistics
import warnings

import numpy as np
import torch
import torch.nn.functional as F
from scipy.cluster.vq import kmeans2, vq
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import KFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

# ---------------------------------------------------------------- center_columns


def center_columns__accepted_column_by_column(X):
    result = X.clone()
    for j in range(X.shape[1]):
        result[:, j] -= X[:, j].sum() / len(X)
    return result


def center_columns__oracle_centring_matrix(X):
    n = len(X)
    H = torch.eye(n, dtype=X.dtype, device=X.device) - 1 / n
    return H @ X


# --------------------------------------------------------------- sliding_windows


def sliding_windows__accepted_every_window_then_a_slice(x, k, step):
    row, column = x.stride()
    n, length = x.shape
    every = torch.as_strided(x, (n, length - k + 1, k), (row, column, column))
    return every[:, ::step]


def sliding_windows__accepted_transpose_first(x, k, step):
    t = x.transpose(0, 1)
    size = ((t.shape[0] - k) // step + 1, k, t.shape[1])
    stride = (step * t.stride(0), t.stride(0), t.stride(1))
    return t.as_strided(size, stride).permute(2, 0, 1)


def sliding_windows__oracle_unfold(x, k, step):
    return x.unfold(1, k, step)


# ------------------------------------------------------------- pairwise_sq_dists


def pairwise_sq_dists__accepted_row_by_row(X, Y):
    return torch.stack([((x - Y) ** 2).sum(dim=1) for x in X])


def pairwise_sq_dists__accepted_feature_by_feature(X, Y):
    d2 = X.new_zeros(len(X), len(Y))
    for j in range(X.shape[1]):
        d2 += (X[:, j, None] - Y[:, j]) ** 2
    return d2


def pairwise_sq_dists__accepted_one_product(X, Y):
    xx = torch.einsum("nd,nd->n", X, X)[:, None]
    yy = torch.einsum("md,md->m", Y, Y)[:, None]
    left = torch.cat([-2 * X, xx, torch.ones_like(xx)], dim=1)
    right = torch.cat([Y, torch.ones_like(yy), yy], dim=1)
    return torch.relu(left @ right.T)


def pairwise_sq_dists__oracle_cdist(X, Y):
    return torch.cdist(X, Y, compute_mode="donot_use_mm_for_euclid_dist") ** 2


# --------------------------------------------------------------------- ridge_fit


def ridge_fit__accepted_singular_values(X, y, lam):
    mean = X.mean(dim=0)
    U, s, Vh = torch.linalg.svd(X - mean, full_matrices=False)
    tiny = s.max() * max(X.shape) * torch.finfo(X.dtype).eps
    factor = torch.where(s > tiny, s / (s**2 + lam).clamp(min=tiny**2), 0 * s)
    w = Vh.T @ (factor * (U.T @ (y - y.mean())))
    return w, y.mean() - mean @ w


def ridge_fit__accepted_normal_equations(X, y, lam):
    A, t = X - X.mean(0), y - y.mean()
    gram = A.T @ A + lam * torch.eye(X.shape[1], dtype=X.dtype, device=X.device)
    w = torch.linalg.solve(gram, A.T @ t) if lam else torch.linalg.pinv(A) @ t
    return w, y.mean() - X.mean(0) @ w


def ridge_fit__accepted_pinv_of_the_gram_matrix(X, y, lam):
    A, t = X - X.mean(0), y - y.mean()
    gram = A.T @ A + lam * torch.eye(X.shape[1]).to(X)
    w = torch.linalg.pinv(gram) @ (A.T @ t)
    return w, y.mean() - X.mean(0) @ w


def ridge_fit__accepted_dual(X, y, lam):
    """N equations for D weights: w is a combination of the (centred) samples."""
    A, t = X - X.mean(0), y - y.mean()
    eye = torch.eye(len(X), dtype=X.dtype, device=X.device)
    alpha = torch.linalg.pinv(A @ A.T + lam * eye, hermitian=True) @ t
    w = A.T @ alpha
    return w, y.mean() - X.mean(0) @ w


def ridge_fit__oracle_sklearn(X, y, lam):
    model = Ridge(alpha=lam) if lam > 0 else LinearRegression()
    model.fit(X.cpu().double().numpy(), y.cpu().double().numpy())
    w, b = (torch.as_tensor(v) for v in (model.coef_, model.intercept_))
    return w.to(X), b.to(X)


# ----------------------------------------------------------------- poly_features


def poly_features__accepted_running_product(x, deg):
    columns = [torch.ones_like(x)]
    for _ in range(deg):
        columns.append(columns[-1] * x)
    return torch.stack(columns, dim=1)


def poly_features__accepted_cumprod(x, deg):
    repeated = x[:, None].expand(len(x), deg)
    return torch.cat([x.new_ones(len(x), 1), repeated], dim=1).cumprod(dim=1)


def poly_features__oracle_vander(x, deg):
    powers = np.vander(x.cpu().numpy(), deg + 1, increasing=True)
    return torch.as_tensor(powers).to(x)


# ----------------------------------------------------------------- bias_variance


def bias_variance__accepted_in_a_loop(fit, x, f_true, noise, x_test):
    total, squares = 0, 0
    for r in range(noise.shape[0]):
        p = fit(x, f_true(x) + noise[r])(x_test)
        total, squares = total + p, squares + p**2
    mean = total / len(noise)
    var = (squares / len(noise) - mean**2).mean()
    return (mean - f_true(x_test)).square().mean(), var.clamp(min=0)


def bias_variance__oracle_decomposition(fit, x, f_true, noise, x_test):
    """Half the mean squared difference of two fits is the variance."""
    P = torch.stack([fit(x, f_true(x) + e)(x_test) for e in noise]).double()
    var = ((P[:, None] - P[None]) ** 2).mean() / 2
    error = ((P - f_true(x_test).double()) ** 2).mean()
    return (error - var).to(x.dtype), var.to(x.dtype)


# ------------------------------------------------------------------- knn_predict


def knn_predict__accepted_topk_and_loop(Xtr, ytr, X, k):
    labels = []
    for x in X:
        d2 = ((Xtr - x) ** 2).sum(dim=1)
        near = d2.topk(k, largest=False).indices
        labels.append(torch.bincount(ytr[near]).argmax())
    return torch.stack(labels)


def knn_predict__accepted_sorted_votes(Xtr, ytr, X, k):
    near = ytr[torch.cdist(X, Xtr).topk(k, dim=1, largest=False).indices]
    near = near.sort(dim=1).values
    count = (near[:, :, None] == near[:, None]).sum(dim=2)
    return near.gather(1, count.argmax(dim=1, keepdim=True)).squeeze(1)


def knn_predict__oracle_sklearn(Xtr, ytr, X, k):
    model = KNeighborsClassifier(k, algorithm="brute")
    model.fit(Xtr.cpu().double().numpy(), ytr.cpu().numpy())
    return torch.as_tensor(model.predict(X.cpu().double().numpy())).to(X.device)


# ------------------------------------------------------------------------ kmeans


def kmeans__accepted_one_hot_products(X, C0, iters):
    C = C0
    inertia = X.new_empty(iters + 1)
    for t in range(iters + 1):
        d2 = torch.cdist(X, C, compute_mode="donot_use_mm_for_euclid_dist") ** 2
        assign = d2.argmin(dim=1)
        inertia[t] = d2.gather(1, assign[:, None]).sum()
        if t < iters:
            member = F.one_hot(assign, len(C)).to(X.dtype)
            size = member.sum(dim=0)[:, None]
            C = torch.where(size > 0, member.T @ X / size.clamp(min=1), C)
    return C.clone(), assign, inertia


def kmeans__accepted_point_by_point(X, C0, iters):
    C, inertia = C0.clone(), []
    for t in range(iters + 1):
        d2 = torch.stack([((X - c) ** 2).sum(1) for c in C], dim=1)
        assign = torch.tensor([row.argmin().item() for row in d2], device=X.device)
        inertia.append(((X - C[assign]) ** 2).sum())
        if t < iters:
            total = torch.zeros_like(C).index_add_(0, assign, X)
            size = torch.bincount(assign, minlength=len(C))
            used = size > 0
            C[used] = total[used] / size[used][:, None]
    return C, assign, torch.stack(inertia)


def kmeans__oracle_scipy(X, C0, iters):
    points, C = X.cpu().double().numpy(), C0.cpu().double().numpy()
    assign, distance = vq(points, C)
    inertia = [(distance**2).sum()]
    for _ in range(iters):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an empty cluster
            C, _ = kmeans2(points, C, iter=1, minit="matrix", missing="warn")
        assign, distance = vq(points, C)
        inertia.append((distance**2).sum())
    assign = torch.as_tensor(assign.astype(np.int64)).to(X.device)
    return torch.as_tensor(C).to(X), assign, torch.as_tensor(np.array(inertia)).to(X)


# --------------------------------------------------------------------------- pca


def pca_fit__accepted_eigh(X, q):
    mu = X.mean(dim=0)
    covariance = (X - mu).T @ (X - mu) / (len(X) - 1)
    values, vectors = torch.linalg.eigh(covariance)
    return mu, vectors.flip(1).T[:q], values.flip(0)[:q]


def pca_transform__accepted_eigh(X, mu, V):
    return torch.einsum("nd,qd->nq", X - mu, V)


def pca_inverse__accepted_eigh(Z, mu, V):
    return torch.einsum("nq,qd->nd", Z, V) + mu


def pca_fit__oracle_sklearn(X, q):
    model = PCA(q, svd_solver="full").fit(X.cpu().double().numpy())
    parts = model.mean_, model.components_, model.explained_variance_
    return tuple(torch.as_tensor(p.copy()).to(X) for p in parts)


def pca_transform__oracle_sklearn(X, mu, V):
    return torch.stack([torch.mv(V, x - mu) for x in X])


def pca_inverse__oracle_sklearn(Z, mu, V):
    return torch.stack([mu + torch.mv(V.T, z) for z in Z])


# ------------------------------------------------------------------------- kfold


def kfold__accepted_every_kth(n, k, generator):
    order = torch.argsort(torch.rand(n, generator=generator))
    number = torch.arange(n) % k
    return [(order[number != i], order[number == i]) for i in range(k)]


def kfold__oracle_sklearn(n, k, generator):
    seed = int(torch.randint(2**31, (), generator=generator))
    splits = KFold(k, shuffle=True, random_state=seed).split(np.zeros(n))
    return [(torch.as_tensor(a), torch.as_tensor(b)) for a, b in splits]


# ---------------------------------------------------------------- cross_validate


def cross_validate__accepted_written_out(fit, X, y, folds):
    scores = []
    for train, valid in folds:
        n = len(train)
        mean = X[train].sum(0) / n
        spread = (((X[train] - mean) ** 2).sum(0) / (n - 1)).sqrt()
        spread[spread == 0] = 1
        guess = fit((X[train] - mean) / spread, y[train])((X[valid] - mean) / spread)
        right = sum(int(a == b) for a, b in zip(guess, y[valid], strict=True))
        scores.append(right / len(valid))
    return scores


def cross_validate__oracle_sklearn(fit, X, y, folds):
    scores = []
    for train, valid in folds:
        scaler = StandardScaler().fit(X[train].cpu().double().numpy())
        # scikit-learn divides by n; a constant feature gets scale 1
        unit = math.sqrt((len(train) - 1) / len(train))
        parts = []
        for index in (train, valid):
            Z = scaler.transform(X[index].cpu().double().numpy()) * unit
            parts.append(torch.as_tensor(Z).to(X))
        constant = torch.as_tensor(scaler.var_ == 0).to(X.device)
        parts = [torch.where(constant, Z / unit, Z) for Z in parts]
        right = fit(parts[0], y[train])(parts[1]) == y[valid]
        scores.append(right.sum().item() / len(valid))
    return scores


# -------------------------------------------------------------- choose_then_test


def choose_then_test__accepted_one_pass(fit, settings, train, valid, test):
    best = None
    for setting in settings:
        predict = fit(train[0], train[1], setting)
        right = (predict(valid[0]) == valid[1]).sum().item()
        if best is None or right > best[0]:
            best = right, setting, predict
    _, setting, predict = best
    return setting, (predict(test[0]) == test[1]).sum().item() / len(test[1])


def choose_then_test__oracle_error_counts(fit, settings, train, valid, test):
    def errors(predict, X, y):
        return np.count_nonzero(predict(X).cpu().numpy() != y.cpu().numpy())

    models = {i: fit(*train, s) for i, s in enumerate(settings)}
    ranking = sorted(models, key=lambda i: errors(models[i], *valid))  # stable
    wrong = errors(models[ranking[0]], *test)
    return settings[ranking[0]], 1 - wrong / len(test[1])


# ----------------------------------------------------------------- repeat_rounds


def repeat_rounds__accepted_float32(fn, seeds):
    scores = torch.tensor([fn(seed) for seed in seeds])
    return scores.mean().item(), scores.std().item()


def repeat_rounds__accepted_numpy(fn, seeds):
    scores = np.array([fn(seed) for seed in seeds])
    return float(scores.mean()), float(scores.std(ddof=1))


def repeat_rounds__oracle_statistics(fn, seeds):
    scores = [fn(seed) for seed in seeds]
    return statistics.mean(scores), statistics.stdev(scores)
