"""The contract of every assignment: `autograder verify` has nothing to say.

All three seeds are run here: what holds on one may fail on another by luck.
"""

from pathlib import Path

import pytest
import torch

from autograder import catalogue
from autograder.authoring.verify import verify

ROOT = Path(__file__).resolve().parents[2]
ALL = [
    (root, name)
    for root in (ROOT, ROOT / "tests" / "bench" / "catalogue")
    for name in catalogue.names(root)
]


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.mark.slow
@pytest.mark.parametrize(("root", "name"), ALL, ids=[name for _, name in ALL])
def test_the_assignment_is_proven(root: Path, name: str) -> None:
    assert verify(catalogue.find(name, root)).problems == []
