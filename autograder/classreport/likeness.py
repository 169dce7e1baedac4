"""Submissions that look alike: something to look at, never a verdict.

Sources are tokenised by copydetect, names replaced, and compared by their k-grams of
characters, as in winnowing (Schleimer, Wilkerson and Aiken 2003) without the sampling.
What the released notebook holds is left out. So is what more than `MOST` submissions
share: short right answers are alike by nature (MOSS drops common passages in the same
way, its option -m). Each k-gram then links at most MOST students, and the cost grows
with the class, not with its square.

Leaves out code from elsewhere (other years, the web), and comparing what was written in
words.
"""

import io
import itertools
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

K = 30  # characters of tokenised code: eight to twelve tokens
MOST = 10  # submissions that share what still counts; fewer in a small class
LEAST = 60  # k-grams in common
SHARE = 0.3  # of the smaller submission
SHOWN = 20  # of what is alike
CHARACTERS = 60_000  # of a submission that are compared
LINES = 20  # of the longest passage


@dataclass(frozen=True)
class Alike:
    """Submissions of which each is like at least one other.

    Attributes:
        closest: the two most alike; `share` of the smaller one's own code is in both.
        excerpts: the longest passage in common, as each of the two wrote it.
    """

    students: list[str]
    closest: tuple[str, str]
    share: float
    excerpts: tuple[str, str]


def find_alike(sources: Mapping[str, str], released: str) -> list[Alike]:
    """Submissions that share much which few others have, the most alike first.

    Args:
        sources: code by student.
        released: code that everybody was given.
    """
    students = sorted(sources)
    given = _hashes(released)
    own = [np.setdiff1d(_hashes(sources[s]), given) for s in students]
    rare = _rare(own)
    found = []
    for (a, b), count in _counts(rare).items():
        share = count / min(len(own[a]), len(own[b]))
        if count >= LEAST and share >= SHARE:
            found.append((-share, a, b))
    alike = []
    for members in _connected([(a, b) for _, a, b in sorted(found)])[:SHOWN]:
        share, a, b = min(pair for pair in found if set(pair[1:]) <= members)
        who = (students[a], students[b])
        shared = set(rare[a]) & set(rare[b])
        first, second = (_fingerprint(sources[s]) for s in who)
        excerpts = _excerpts(first, second, shared)
        names = [students[m] for m in sorted(members)]
        alike.append(Alike(names, who, float(-share), excerpts))
    return alike


def _connected(pairs: list[tuple[int, int]]) -> list[set[int]]:
    """Sets of what pairs connect, in the order of the pairs."""
    found: list[set[int]] = []
    for pair in pairs:
        touched = [members for members in found if members & set(pair)]
        if not touched:
            found.append(set(pair))
            continue
        touched[0].update(pair, *touched[1:])
        found = [members for members in found if members not in touched[1:]]
    return found


def _fingerprint(source: str) -> Any:
    with warnings.catch_warnings():  # of matplotlib, which it imports
        warnings.simplefilter("ignore")
        from copydetect import CodeFingerprint
    return CodeFingerprint("notebook.py", K, 1, fp=io.StringIO(source[:CHARACTERS]))


def _hashes(source: str) -> Any:
    """The k-grams of a source, sorted, each once."""
    return np.array(sorted(_fingerprint(source).hashes), dtype=np.int64)


def _rare(own: list[Any]) -> list[Any]:
    """Of each submission the k-grams that two or a few more have."""
    if not own:
        return []
    values, counts = np.unique(np.concatenate(own), return_counts=True)
    most = max(3, min(MOST, len(own) // 4))
    kept = values[(counts > 1) & (counts <= most)]
    return [np.intersect1d(hashes, kept, assume_unique=True) for hashes in own]


def _counts(rare: list[Any]) -> dict[tuple[int, int], int]:
    """How many of them each two submissions share."""
    owners: dict[int, list[int]] = {}
    for index, hashes in enumerate(rare):
        for value in hashes.tolist():
            owners.setdefault(value, []).append(index)
    found: dict[tuple[int, int], int] = {}
    for who in owners.values():
        for pair in itertools.combinations(who, 2):
            found[pair] = found.get(pair, 0) + 1
    return found


def _excerpts(first: Any, second: Any, shared: set[int]) -> tuple[str, str]:
    from copydetect import compare_files

    first.hashes = second.hashes = shared
    _, _, slices = compare_files(first, second)
    return _longest(first.raw_code, slices[0]), _longest(second.raw_code, slices[1])


def _longest(source: str, slices: Any) -> str:
    """The longest passage, in whole lines."""
    starts, ends = slices.astype(int)
    longest = int((ends - starts).argmax())
    begin = source.rfind("\n", 0, int(starts[longest])) + 1
    end = source.find("\n", int(ends[longest]))
    passage = source[begin : len(source) if end < 0 else end].splitlines()
    more = ["…"] * (len(passage) > LINES)
    return "\n".join(passage[:LINES] + more)
