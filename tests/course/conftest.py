"""What the tests of the course library share."""

import os

os.environ.setdefault("MPLBACKEND", "Agg")

import pytest
import torch

from course.data import Images, catalogue, finding


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """No test may depend on the working directory."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)


@pytest.fixture
def roots(tmp_path, monkeypatch):
    """An empty $COURSE_DATA and an empty cache, in that order."""
    given, cache = tmp_path / "given", tmp_path / "cache"
    given.mkdir()
    monkeypatch.setenv("COURSE_DATA", str(given))
    monkeypatch.setattr(catalogue, "cache", lambda: cache)
    monkeypatch.setattr(finding, "cache", lambda: cache)
    return given, cache


@pytest.fixture
def blobs():
    """Two classes of 2×3 pixels that a linear map separates: 90 and 30 images."""
    rng = torch.Generator().manual_seed(0)
    y = torch.arange(120) % 2
    x = 0.15 * torch.randn(120, 1, 2, 3, generator=rng)
    x = (x + 0.25 + 0.5 * y.view(-1, 1, 1, 1)).clamp(0, 1)
    images = Images(x, y, ("dark", "light"))
    return images.take(slice(30, None)), images.take(slice(30))
