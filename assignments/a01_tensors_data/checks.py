"""Checks of a01: tensors, least squares, neighbours, clusters, components, evaluation.

The learning methods that the cases hand to an answer (a line, a nearest
neighbour, a threshold) stand at the top; the judges of kfold stand before it.
"""

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from autograder import Exercise, Written, up_to_sign


class LargestResult(TorchDispatchMode):
    """Notes the number of elements of the largest tensor that is computed."""

    numel = 0

    @classmethod
    def _should_skip_dynamo(cls):
        # Otherwise the first operator imports torch._dynamo, which takes seconds.
        return False

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        """Run the operator and look at its result."""
        result = func(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor):
            self.numel = max(self.numel, result.numel())
        return result


def average(x, y):
    """Predict the mean target everywhere."""
    return lambda t: y.mean().expand(len(t))


def line(x, y):
    """Least-squares line."""
    dx = x - x.mean()
    slope = (dx * y).sum() / (dx * dx).sum()
    return lambda t: y.mean() + slope * (t - x.mean())


def neighbour(X, y):
    """Label (or target) of the nearest training point."""

    def predict(T):
        d2 = (T[:, None] - X) ** 2
        return y[d2.reshape(len(T), len(X), -1).sum(dim=2).argmin(dim=1)]

    return predict


# ---------------------------------------------------------------- center_columns

center_columns = Exercise("center_columns", points=1)


@center_columns.case
def every_column(center_columns, rng):
    """Every column loses its own mean."""
    return center_columns(rng.normal(5, 3, mean=4.0, std=2.0))


@center_columns.case
def as_many_rows_as_columns(center_columns, rng):
    """A square matrix is centred along the right axis, too."""
    return center_columns(rng.normal(4, 4, mean=1.0))


@center_columns.case
def single_row(center_columns, rng):
    """A single row is its own mean: zeros remain."""
    return center_columns(rng.normal(1, 6))


# --------------------------------------------------------------- sliding_windows

sliding_windows = Exercise("sliding_windows", points=2, forbid=("aten::unfold",))


@sliding_windows.case
def whole_windows(sliding_windows, rng):
    """There are (L - k) // step + 1 windows, with or without a rest."""
    return {
        "no rest": sliding_windows(rng.normal(3, 13), 4, 3),
        "a rest of two": sliding_windows(rng.normal(2, 12), 4, 3),
    }


@sliding_windows.case
def one_window(sliding_windows, rng):
    """A window as long as the row is there once."""
    return sliding_windows(rng.normal(4, 5), 5, 2)


@sliding_windows.case
def slice_of_a_transpose(sliding_windows, rng):
    """x may be a slice of a transposed matrix."""
    x = rng.normal(9, 5).t()[1:4]
    return sliding_windows(x, 3, 2)


@sliding_windows.case(weight=2)
def memory_is_shared(sliding_windows, rng):
    """What is written into x after the call shows in the windows."""
    x = rng.normal(2, 9)
    windows = sliding_windows(x, 4, 2)
    x.copy_(rng.normal(2, 9))
    return windows


@sliding_windows.case
def memory_of_a_transpose_is_shared(sliding_windows, rng):
    """The windows of a transposed matrix share its memory, too."""
    x = rng.normal(8, 3).t()
    windows = sliding_windows(x, 3, 1)
    x.copy_(rng.normal(3, 8))
    return windows


# ------------------------------------------------------------- pairwise_sq_dists

pairwise_sq_dists = Exercise(
    "pairwise_sq_dists",
    points=2,
    forbid=("aten::_cdist_forward", "aten::_euclidean_dist"),
)


@pairwise_sq_dists.case
def all_pairs(pairwise_sq_dists, rng):
    """Every row of X meets every row of Y."""
    return pairwise_sq_dists(rng.normal(4, 3), rng.normal(6, 3, mean=1.0))


@pairwise_sq_dists.case
def as_many_rows(pairwise_sq_dists, rng):
    """With as many rows in Y as in X, rows still belong to X."""
    return pairwise_sq_dists(rng.normal(5, 2), rng.normal(5, 2, std=3.0))


@pairwise_sq_dists.case
def single_point(pairwise_sq_dists, rng):
    """X may be a single point."""
    return pairwise_sq_dists(rng.normal(1, 4), rng.normal(3, 4))


def never_negative(got, expected, secret):
    """A complaint, or None."""
    if not isinstance(got, torch.Tensor) or got.shape != expected.shape:
        return "this is no (N, N) tensor"
    if not bool((got >= 0).all()):
        return f"a squared distance is negative: {got.min().item():.3g}"
    return None


@pairwise_sq_dists.case(judge=never_negative)
def far_from_the_origin(pairwise_sq_dists, rng):
    """Far from the origin, too, no squared distance is negative."""
    X = rng.normal(60, 8, mean=30.0)
    return pairwise_sq_dists(X, X)


def small_tensors(got, expected, secret):
    """A complaint, or None."""
    elements, distances = got
    if elements >= 20 * 25 * 30:
        return f"a tensor as large as all N * M * D differences arises: {elements}"
    close = torch.allclose(distances, expected[1], rtol=1e-3, atol=1e-2)
    return None if close else "the distances themselves are wrong"


@pairwise_sq_dists.case(judge=small_tensors, weight=2)
def no_cube(pairwise_sq_dists, rng):
    """No tensor of N * M * D elements is formed."""
    X, Y = rng.normal(20, 30), rng.normal(25, 30)
    with LargestResult() as largest:
        distances = pairwise_sq_dists(X, Y)
    return largest.numel, distances


# --------------------------------------------------------------------- ridge_fit

ridge_fit = Exercise("ridge_fit", points=3)


@ridge_fit.case
def off_the_origin(ridge_fit, rng):
    """Weights and offset are right for data far from the origin."""
    X = rng.normal(12, 4, mean=2.0)
    y = X @ rng.array([3.0, -2.0, 1.0, 2.0]) + rng.normal(12, mean=5.0)
    w, b = ridge_fit(X, y, 2.5)
    return {"w": w, "b": b}


@ridge_fit.case
def strong_penalty(ridge_fit, rng):
    """A strong penalty leaves little more than the mean target."""
    X, y = rng.normal(7, 2, mean=-1.0), rng.normal(7, mean=3.0)
    w, b = ridge_fit(X, y, 500.0)
    return {"w": w, "b": b}


@ridge_fit.case
def more_features_than_samples(ridge_fit, rng):
    """There may be fewer samples than features."""
    w, b = ridge_fit(rng.normal(3, 5), rng.normal(3, mean=6.0), 1.0)
    return {"w": w, "b": b}


@ridge_fit.case
def repeated_column(ridge_fit, rng):
    """With lam = 0 and a repeated column, w has the smallest norm."""
    column = rng.array([1.0, 2.0, 4.0, 3.0, 0.0, 7.0, 6.0, 1.0])
    other = rng.array([2.0, 0.0, 1.0, 5.0, 3.0, 1.0, 2.0, 2.0])
    X = torch.stack([column, other, column], dim=1)
    w, b = ridge_fit(X, rng.normal(8, mean=2.0), 0.0)
    return {"w": w, "b": b}


# ----------------------------------------------------------------- poly_features

poly_features = Exercise("poly_features", points=1)


@poly_features.case
def powers(poly_features, rng):
    """Column p holds the power p."""
    return poly_features(rng.uniform(5, low=0.5, high=2.0), 3)


@poly_features.case
def zero_and_negative(poly_features, rng):
    """Zero and negative inputs are welcome."""
    x = rng.uniform(3, low=0.5, high=1.5)
    return poly_features(torch.cat([-x, 0 * x, x]), 6)


@poly_features.case
def degree_zero(poly_features, rng):
    """Degree 0 is a column of ones."""
    return poly_features(rng.normal(3), 0)


# ----------------------------------------------------------------- bias_variance

bias_variance = Exercise("bias_variance", points=3)


@bias_variance.case
def straight_lines(bias_variance, rng):
    """Bias and variance of a line that is fitted to a sine."""
    x, x_test = rng.uniform(9, low=-3.0, high=3.0), rng.uniform(4, low=-2.0, high=3.0)
    noise = rng.normal(6, 9, std=1.5)
    bias2, var = bias_variance(line, x, torch.sin, noise, x_test)
    return {"bias2": bias2, "var": var}


@bias_variance.case
def constant_prediction(bias_variance, rng):
    """A constant prediction has variance, and its bias depends on the point."""
    x, x_test = rng.uniform(4, low=-3.0, high=3.0), rng.uniform(7, low=0.0, high=2.0)
    noise = rng.normal(8, 4, std=2.0)
    bias2, var = bias_variance(average, x, torch.sin, noise, x_test)
    return {"bias2": bias2, "var": var}


@bias_variance.case
def nearest_neighbour(bias_variance, rng):
    """Nearest neighbours have little bias and the variance of the noise."""
    x, noise = rng.uniform(12, low=-2.0, high=2.0), rng.normal(5, 12)
    bias2, var = bias_variance(neighbour, x, torch.cos, noise, rng.normal(8))
    return {"bias2": bias2, "var": var}


@bias_variance.case
def one_training_set(bias_variance, rng):
    """A single training set has no variance."""
    x, noise = rng.normal(6), rng.normal(1, 6)
    bias2, var = bias_variance(line, x, torch.square, noise, rng.normal(5))
    return {"bias2": bias2, "var": var}


# ------------------------------------------------------------------- knn_predict

knn_predict = Exercise("knn_predict", points=3)


@knn_predict.case
def three_neighbours(knn_predict, rng):
    """Three neighbours vote."""
    Xtr, ytr = rng.normal(40, 3), rng.integers(0, 4, 40)
    return knn_predict(Xtr, ytr, rng.normal(30, 3, mean=0.5), 3)


@knn_predict.case
def features_in_different_units(knn_predict, rng):
    """A feature with large values counts for more: nothing is scaled."""
    units = rng.array([9.0, 0.3, 1.0, 1.0])
    Xtr, ytr = rng.normal(30, 4) * units, rng.integers(2, 7, 30)
    return knn_predict(Xtr, ytr, rng.normal(12, 4, mean=1.0) * units, 1)


@knn_predict.case
def equal_votes(knn_predict, rng):
    """Of labels with equally many votes the smallest wins."""
    Xtr = rng.array([[0.0], [1.0], [3.0], [6.0], [10.0], [15.0]])
    ytr = torch.tensor([5, 5, 2, 2, 7, 1], device=rng.device)
    return {
        "two of each": knn_predict(Xtr, ytr, rng.array([[0.4], [5.8]]), 4),
        "one of each": knn_predict(Xtr, ytr, rng.array([[16.0]]), 3),
    }


@knn_predict.case
def a_single_query(knn_predict, rng):
    """A point gets the same label when it is asked about alone."""
    Xtr, ytr = rng.normal(25, 2, mean=3.0), rng.integers(0, 3, 25)
    X = rng.normal(8, 2, mean=3.0)
    return [knn_predict(Xtr, ytr, x[None], 5) for x in X]


# ------------------------------------------------------------------------ kmeans

kmeans = Exercise("kmeans", points=4)


@kmeans.case
def four_iterations(kmeans, rng):
    """Centres, assignment and inertia are right after four iterations."""
    X = rng.normal(24, 3, mean=1.0)
    C, assign, inertia = kmeans(X, X[:4] + 0.1, 4)
    return {"C": C, "assign": assign, "inertia": inertia}


@kmeans.case
def points_change_sides(kmeans, rng):
    """The assignment belongs to the centres that are returned."""
    X = rng.array([[0.0], [1.0], [2.0], [10.0]])
    C, assign, inertia = kmeans(X, rng.array([[0.0], [1.0]]), 1)
    return {"C": C, "assign": assign, "inertia": inertia}


@kmeans.case
def empty_cluster(kmeans, rng):
    """A centre without points stays where it is."""
    X = rng.normal(9, 2)
    C0 = torch.cat([X[:2] + 0.1, rng.array([[70.0, -50.0]])])
    C, assign, inertia = kmeans(X, C0, 2)
    return {"C": C, "assign": assign, "inertia": inertia}


@kmeans.case
def no_iteration(kmeans, rng):
    """Without iterations C0 remains, and a tie goes to the first centre."""
    X = rng.array([[0.0, 0.0], [1.0, 0.0], [2.0, 1.0]])
    C, assign, inertia = kmeans(X, rng.array([[2.0, 0.0], [0.0, 0.0]]), 0)
    return {"C": C, "assign": assign, "inertia": inertia}


# --------------------------------------------------------------------------- pca

pca = Exercise("pca", points=4, functions=("pca_fit", "pca_transform", "pca_inverse"))

# orthogonal rows with lengths 6, 3, 1.5: clearly separated variances
STRETCH = [[4.0, 4.0, 2.0], [-2.0, 1.0, 2.0], [0.5, -1.0, 1.0]]


@pca.case
def two_components(pca_fit, rng):
    """The two main directions stand in rows, with their variances."""
    X = rng.normal(25, 3) @ rng.array(STRETCH) + 5
    mu, V, var = pca_fit(X, 2)
    return {"mu": mu, "V": up_to_sign(V, dim=0), "var": var}


@pca.case
def all_components(pca_fit, rng):
    """All directions are asked for, so V is square."""
    X = rng.normal(40, 3) @ rng.array(STRETCH) - 1
    mu, V, var = pca_fit(X, 3)
    return {"mu": mu, "V": up_to_sign(V, dim=0), "var": var}


@pca.case
def new_data(pca_transform, rng):
    """New data are measured from mu along the rows of V."""
    return {
        "three points": pca_transform(
            rng.normal(3, 5), rng.normal(5), rng.normal(2, 5)
        ),
        "one point": pca_transform(rng.normal(1, 4), rng.normal(4), rng.normal(3, 4)),
    }


@pca.case
def back_again(pca_inverse, rng):
    """Coordinates return to the space of the data."""
    return pca_inverse(rng.normal(3, 2), rng.normal(6), rng.normal(2, 6))


@pca.case
def reconstruction(pca_fit, pca_transform, pca_inverse, rng):
    """The three together give the best approximation by two directions."""
    X = rng.normal(6, 9) * rng.array([9.0, 5, 1, 1, 1, 0.5, 0.5, 0.5, 0.5]) + 3
    mu, V, _ = pca_fit(X, 2)
    return pca_inverse(pca_transform(X, mu, V), mu, V)


# ------------------------------------------------------------------------- kfold

kfold = Exercise("kfold", points=2)


def indices(part):
    """The sorted list of a part's indices, or None if it is no index tensor."""
    if not isinstance(part, torch.Tensor) or part.dtype != torch.int64:
        return None
    return sorted(part.tolist()) if part.dim() == 1 else None


def is_list_of_pairs(got, k):
    """Whether this is a list of k pairs of index tensors."""
    if not isinstance(got, list | tuple) or len(got) != k:
        return False
    pairs = [p for p in got if isinstance(p, list | tuple) and len(p) == 2]
    return len(pairs) == k and all(
        indices(part) is not None for p in pairs for part in p
    )


def complaint_about_folds(got, expected):
    """What is wrong with a list of folds, or None."""
    everything = sorted(i for _, valid in expected for i in valid.tolist())
    if not is_list_of_pairs(got, len(expected)):
        return f"this is no list of {len(expected)} pairs of int64 index tensors"
    valid = [i for _, part in got for i in part.tolist()]
    sizes = [len(part) for _, part in got]
    if set(valid) - set(everything):
        return f"a valid part holds an index outside 0, ..., {len(everything) - 1}"
    if len(set(valid)) < len(valid):
        return f"valid parts share indices: {len(valid) - len(set(valid))} too many"
    if len(valid) < len(everything):
        return f"indices are in no valid part: {sorted(set(everything) - set(valid))}"
    if max(sizes) - min(sizes) > 1:
        return f"sizes of the valid parts differ by more than one: {sizes}"
    for train, part in got:
        if set(train.tolist()) & set(part.tolist()):
            return "a train part holds indices of its valid part"
        if sorted(train.tolist() + part.tolist()) != everything:
            return "a train part is not all that is outside its valid part"
    return None


def partition(got, expected, secret):
    """A complaint, or None."""
    return complaint_about_folds(got, expected)


@kfold.case(judge=partition)
def with_a_rest(kfold, rng):
    """Eleven samples make folds of 3, 3, 3 and 2, and nobody is left out."""
    return kfold(11, 4, rng.generator())


@kfold.case(judge=partition)
def leave_one_out(kfold, rng):
    """As many folds as samples: each is held out once."""
    return kfold(5, 5, rng.generator())


@kfold.case(judge=partition)
def two_folds(kfold, rng):
    """Two folds of fifteen samples have 8 and 7."""
    return kfold(15, 2, rng.generator())


def three_draws(got, expected, secret):
    """A complaint, or None."""
    for name, folds in expected.items():
        complaint = complaint_about_folds(got.get(name), folds)
        if complaint:
            return complaint
    members = {n: [indices(valid) for _, valid in got[n]] for n in expected}
    blocks = [list(range(7 * i, 7 * i + 7)) for i in range(4)]
    if members["first"] == blocks:
        return "the folds are consecutive blocks: nothing is shuffled"
    if members["first"] != members["same state"]:
        return "the same state of the generator gives other folds"
    if members["first"] == members["later"]:
        return "a generator that has moved on gives the same folds again"
    return None


@kfold.case(judge=three_draws, weight=2)
def generator_decides(kfold, rng):
    """The state of the generator decides the folds, and it alone."""
    generator, twin = rng.generator(), torch.Generator()
    twin.set_state(generator.get_state())
    return {
        "first": kfold(28, 4, generator),
        "same state": kfold(28, 4, twin),
        "later": kfold(28, 4, generator),
    }


# ---------------------------------------------------------------- cross_validate

cross_validate = Exercise("cross_validate", points=3)


def three_folds(rng, n):
    """Three valid parts of four samples; the rest of n trains."""
    order = rng.permutation(n)
    starts = (0, 4, 8)
    return [(torch.cat([order[:s], order[s + 4 :]]), order[s : s + 4]) for s in starts]


def listening(fit, heard):
    """The same fit, which appends to heard the features it is given."""

    def listening_fit(X, y):
        predict = fit(X, y)
        heard.append(X)
        return lambda T: (heard.append(T), predict(T))[1]

    return listening_fit


@cross_validate.case(weight=2)
def what_the_model_is_given(cross_validate, rng):
    """Features arrive in units of the training part, in both parts."""
    X, y, heard = rng.normal(13, 3, mean=2.0, std=4.0), rng.integers(0, 2, 13), []
    cross_validate(listening(neighbour, heard), X, y, three_folds(rng, 13))
    return {"in turn, what fit and predict are given": heard}


@cross_validate.case
def accuracies(cross_validate, rng):
    """The accuracy is that on the held-out part, one for each fold."""
    X, y = rng.normal(24, 2), rng.integers(0, 2, 24)
    return cross_validate(neighbour, X, y, three_folds(rng, 24))


@cross_validate.case
def constant_feature(cross_validate, rng):
    """A feature that never changes becomes zero, not NaN."""
    X, y, heard = rng.normal(12, 3, mean=1.0), rng.integers(0, 3, 12), []
    X = torch.cat([X, torch.full_like(X[:, :1], 2.0)], dim=1)
    cross_validate(listening(neighbour, heard), X, y, three_folds(rng, 12))
    return {"in turn, what fit and predict are given": heard}


# -------------------------------------------------------------- choose_then_test

choose_then_test = Exercise("choose_then_test", points=2)


def threshold(X, y, setting):
    """Say 1 where the first feature is above the setting."""
    return lambda T: (T[:, 0] > setting).long()


def column(X, y, setting):
    """Say 1 where feature number `setting` is positive."""
    return lambda T: (T[:, setting] > 0).long()


def ladder(rng, n, best, start=0):
    """n points start, start + 2, ...; the label is 1 above start + `best`."""
    X = start + 2 * torch.arange(n, device=rng.device)[:, None].to(rng.dtype)
    return X, (X[:, 0] > start + best).long()


@choose_then_test.case
def three_sets_three_opinions(choose_then_test, rng):
    """The validation set chooses, not train and not test."""
    s = rng.integer(0, 90)
    sets = ladder(rng, 16, 5, s), ladder(rng, 8, 3, s), ladder(rng, 4, 1, s)
    settings = [s + 7, s + 5, s + 3, s + 1]
    setting, accuracy = choose_then_test(threshold, settings, *sets)
    return {"setting": setting, "accuracy": accuracy}


@choose_then_test.case
def equally_good(choose_then_test, rng):
    """Of equally good settings the first is chosen."""
    s = rng.integer(0, 90)
    sets = ladder(rng, 16, 13, s), ladder(rng, 8, 13, s), ladder(rng, 4, 1, s)
    settings = [s + 3, s + 13, s + 12.5, s + 1]
    setting, accuracy = choose_then_test(threshold, settings, *sets)
    return {"setting": setting, "accuracy": accuracy}


@choose_then_test.case
def random_labels(choose_then_test, rng):
    """With random labels the three sets disagree, and the rule still holds."""
    sets = [(rng.normal(n, 6), rng.integers(0, 2, n)) for n in (32, 8, 16)]
    setting, accuracy = choose_then_test(column, [4, 0, 2, 5, 1, 3], *sets)
    return {"setting": setting, "accuracy": accuracy}


@choose_then_test.case
def the_test_set_is_opened_once(choose_then_test, rng):
    """fit never sees valid or test, and predict sees test once."""
    fitted, asked = [], []

    def fit(X, y, setting):
        fitted.append(len(X))
        return lambda T: (asked.append(len(T)), (T[:, 0] > setting).long())[1]

    sets = ladder(rng, 16, 5), ladder(rng, 8, 3), ladder(rng, 4, 1)
    choose_then_test(fit, [7, 5, 3, 1], *sets)
    return {"sizes fitted": fitted, "questions about test": asked.count(4)}


# ----------------------------------------------------------------- repeat_rounds

repeat_rounds = Exercise("repeat_rounds", points=1)


@repeat_rounds.case
def mean_and_spread(repeat_rounds, rng):
    """Mean and sample standard deviation of four rounds."""
    score = {seed: rng.number(0.5, 1.0) for seed in (0, 1, 2, 3, 11, 5, 23, 8)}
    mean, std = repeat_rounds(score.__getitem__, [11, 5, 23, 8])
    return {"mean": mean, "std": std}


@repeat_rounds.case
def two_rounds(repeat_rounds, rng):
    """Two rounds have a spread already."""
    score = {seed: rng.number(-1.0, 1.0) for seed in (0, 1, 7, 4)}
    mean, std = repeat_rounds(score.__getitem__, [7, 4])
    return {"mean": mean, "std": std}


@repeat_rounds.case
def one_call_for_each_seed(repeat_rounds, rng):
    """fn is called once with each seed, in order."""
    calls = []
    repeat_rounds(lambda seed: calls.append(seed) or 0.1 * seed, [3, 9, 4])
    return calls


honest_report = Written("honest_report", points=4)
