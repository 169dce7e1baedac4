"""The 1797 digits of 8×8 pixels that ship with scikit-learn: no network needed."""

import numpy as np
import torch

from course.data.images import Images

TEST_SIZE = 500


def digits() -> tuple[Images, Images]:
    """Return scikit-learn's digits, always split in the same way.

    Returns:
        train: 1297 images, x (1297, 1, 8, 8), y (1297,).
        test: 500 images, x (500, 1, 8, 8), y (500,).

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits
    (UCI, 1998, CC BY 4.0), the part of 1797 that was its test set.
    """
    from sklearn.datasets import load_digits

    raw = load_digits()
    # RandomState's stream is frozen by NumPy, so the split never changes.
    order = np.random.RandomState(0).permutation(len(raw.target))
    x = torch.tensor(raw.images[order], dtype=torch.float32).div(16).unsqueeze(1)
    y = torch.tensor(raw.target[order], dtype=torch.int64)
    images = Images(x, y, tuple("0123456789"))
    return images.take(slice(TEST_SIZE, None)), images.take(slice(TEST_SIZE))
