"""Finding, checking and reading the real data sets; nothing here uses a network."""

import gzip
import hashlib
import os
import pickle
import struct
import tomllib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from course import data
from course.data import catalogue, finding, real
from course.data.catalogue import SOURCES, Source
from course.errors import ArgumentError, DamagedDataError, MissingDataError
from course.torchvision_cure import load_torchvision

ROOT = Path(__file__).resolve().parents[2]
GIVEN = os.environ.get("COURSE_DATA", "")  # read before a fixture changes it
needs_mnist = pytest.mark.skipif(
    not (Path(GIVEN) / "MNIST" / "raw").is_dir() or not GIVEN,
    reason="COURSE_DATA is not set or holds no MNIST",
)


def idx(values):
    """Write an array in the IDX format, gzipped."""
    header = struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
    return gzip.compress(header + values.astype(np.uint8).tobytes())


def put(root, source, contents):
    """Write files of `source` and state their checksums in the catalogue."""
    folder = root / source.folder
    folder.mkdir(parents=True)
    files = []
    for (name, _), content in zip(source.files, contents, strict=True):
        (folder / name).write_bytes(content)
        files.append((name, hashlib.md5(content, usedforsecurity=False).hexdigest()))
    return Source(
        source.name, source.torchvision, source.folder, tuple(files), source.megabytes
    )


@pytest.fixture
def little_mnist(roots, monkeypatch):
    given, _ = roots
    pixels = np.arange(5 * 2 * 3).reshape(5, 2, 3) * 8
    labels = np.array([3, 1, 4, 1, 5])
    arrays = [pixels[:3], labels[:3], pixels[3:], labels[3:]]
    source = put(given, SOURCES["mnist"], [idx(a) for a in arrays])
    monkeypatch.setitem(SOURCES, "mnist", source)
    return pixels, labels


def test_mnist_is_read_from_course_data_as_torchvision_lays_it_out(little_mnist):
    pixels, labels = little_mnist
    train, test = data.mnist()
    assert data.available("mnist")
    assert train.x.shape == (3, 1, 2, 3)
    assert np.allclose(torch.cat([train.flat, test.flat]), pixels.reshape(5, 6) / 255)
    assert torch.cat([train.y, test.y]).tolist() == labels.tolist()


def test_reading_writes_nothing_into_course_data(little_mnist, roots):
    given, cache = roots
    before = sorted(given.rglob("*"))
    data.mnist()
    assert sorted(given.rglob("*")) == before
    assert not cache.exists()


def test_a_file_that_is_not_the_published_one_is_refused(little_mnist, roots):
    path = roots[0] / "MNIST" / "raw" / "t10k-labels-idx1-ubyte.gz"
    right = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    path.write_bytes(b"not it")
    wrong = hashlib.md5(b"not it", usedforsecurity=False).hexdigest()
    with pytest.raises(DamagedDataError) as caught:
        data.mnist()
    assert str(caught.value) == (
        f"{path} is not the published file of mnist: "
        f"its md5 should be {right}, but is {wrong}.\n"
        "Next step: delete the file and load the data set again."
    )


def no_network(monkeypatch, error):
    def dataset(root, download):
        raise error

    fake = SimpleNamespace(MNIST=dataset)
    monkeypatch.setattr(finding, "load_torchvision", lambda submodule: fake)


@pytest.mark.parametrize(
    "error",
    [RuntimeError("Error downloading:\nno route to host"), OSError("no route to host")],
    ids=["torchvision", "system"],
)
def test_offline_the_error_says_what_was_sought_where_and_what_to_do(
    roots, monkeypatch, error
):
    given, cache = roots
    no_network(monkeypatch, error)
    assert not data.available("mnist")
    with pytest.raises(MissingDataError) as caught:
        data.mnist()
    assert str(caught.value) == (
        "The data set mnist is not on this machine, "
        "and downloading it failed: no route to host\n"
        "Looked for: train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, "
        "t10k-images-idx3-ubyte.gz, t10k-labels-idx1-ubyte.gz\n"
        f"in:\n  {given / 'MNIST' / 'raw'}\n  {cache / 'MNIST' / 'raw'}\n"
        "Next step: connect to the network and call course.data.mnist() again "
        "(12 MB), or copy the folder MNIST/raw from another machine and set "
        "COURSE_DATA to the folder that holds it. Without either, "
        "course.data.digits() and course.data.shapes() need no download."
    )


def test_what_is_nowhere_is_downloaded_into_the_cache(roots, monkeypatch):
    _, cache = roots
    content = [idx(np.zeros((2, 2, 2))), idx(np.zeros(2))] * 2

    def dataset(root, download):
        source = put(Path(root), SOURCES["mnist"], content)
        monkeypatch.setitem(SOURCES, "mnist", source)

    fake = SimpleNamespace(MNIST=dataset)
    monkeypatch.setattr(finding, "load_torchvision", lambda submodule: fake)
    with pytest.raises(DamagedDataError):  # the zeros are not the published MNIST
        data.mnist()
    assert len(data.mnist()[0]) == 2
    assert len(list((cache / "MNIST" / "raw").iterdir())) == 4


def test_course_data_comes_before_the_cache(roots):
    assert catalogue.roots() == list(roots)


def test_an_unknown_data_set_is_refused():
    with pytest.raises(ArgumentError) as caught:
        data.available("imagenet")
    assert str(caught.value) == (
        "There is no real data set named 'imagenet'.\n"
        "Next step: use one of mnist, fashion_mnist, cifar10, cifar100."
    )


@pytest.mark.parametrize(
    "raw",
    [b"\0\0\x0d\x01\0\0\0\x01\0", b"\0\0\x08\x01\0\0\0\x02\0", b""],
    ids=["floats", "too short", "empty"],
)
def test_a_file_that_is_no_idx_of_bytes_is_refused(tmp_path, raw):
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(raw))
    with pytest.raises(DamagedDataError) as caught:
        real.read_idx(path)
    assert str(caught.value) == (
        f"{path} should be an IDX file of unsigned bytes, but its header "
        f"{raw[:4].hex()} and its {len(raw)} bytes do not say so.\n"
        "Next step: delete the file and load the data set again."
    )


def test_cifar_is_read_with_channels_first(roots, monkeypatch):
    given, _ = roots
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (6, 3, 32, 32), dtype=np.uint8)
    rows = pixels.reshape(6, -1)
    contents = [{"data": rows[i : i + 1], "labels": [9 - i]} for i in range(6)]
    contents.append({"label_names": list("abcdefghij")})
    source = put(given, SOURCES["cifar10"], [pickle.dumps(c) for c in contents])
    monkeypatch.setitem(SOURCES, "cifar10", source)
    monkeypatch.setattr(finding, "load_torchvision", None)  # nothing to download
    theirs = load_torchvision("datasets").CIFAR10
    monkeypatch.setattr(theirs, "train_list", list(map(list, source.files[:5])))
    monkeypatch.setattr(theirs, "test_list", list(map(list, source.files[5:6])))
    monkeypatch.setattr(theirs, "meta", theirs.meta | {"md5": source.files[6][1]})
    train, test = data.cifar10()
    assert np.allclose(torch.cat([train.x, test.x]), pixels / np.float32(255))
    assert torch.cat([train.y, test.y]).tolist() == [9, 8, 7, 6, 5, 4]
    assert train.classes == tuple("abcdefghij")


def test_the_catalogue_names_every_source_with_the_same_checksums():
    path = ROOT / "data" / "catalogue.toml"
    written = tomllib.loads(path.read_text(encoding="utf-8"))
    assert {"digits", "shapes", *SOURCES} == set(written)
    for name, entry in written.items():
        assert entry["function"] == f"course.data.{name}"
        assert entry["licence"]
        assert sum(file["bytes"] for file in entry["files"]) == entry["bytes"]
    for name in ("mnist", "fashion_mnist"):
        files = tuple((f["name"], f["md5"]) for f in written[name]["files"])
        assert files == SOURCES[name].files


@pytest.mark.parametrize("name", SOURCES)
def test_the_checksums_are_those_of_torchvision(name):
    theirs = getattr(load_torchvision("datasets"), SOURCES[name].torchvision)
    if "mnist" in name:
        expected = theirs.resources
    else:
        meta = (theirs.meta["filename"], theirs.meta["md5"])
        expected = [*map(tuple, theirs.train_list + theirs.test_list), meta]
    assert SOURCES[name].files == tuple(expected)


@needs_mnist
def test_the_real_mnist_has_its_well_known_size_and_mean():
    train, test = data.mnist()
    assert (len(train), len(test)) == (60000, 10000)
    assert train.y[:5].tolist() == [5, 0, 4, 1, 9]
    assert float(train.x.mean()) == pytest.approx(0.1307, abs=5e-5)
