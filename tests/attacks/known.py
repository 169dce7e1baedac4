"""Attacks that are known to work on ours, each with the reason.

Their tests are expected to fail: once one passes, it has to be taken out of here, and
the tables in docs/attacks.md are to be written anew.
"""

from collections.abc import Iterable
from typing import Any

import pytest

FIGURE = "a last line that is no number says nothing, as for nbgrader: all points"
REPORTED = "what the observer reports besides values can be forged (docs/security.md)"
ALWAYS = "cases that draw nothing ask for the same on every seed"
# kind of attack, as in the tables: goal: why
KNOWN: dict[str, dict[str, str]] = {
    "figure": dict.fromkeys(
        ("nothing", "the text 5", "a thing that prints as 5"), FIGURE
    ),
    "clever": {
        "an argument changed in place, unnoticed": REPORTED,
        "a wrong device under the right name": REPORTED,
        "the released outputs, sent as observations": ALWAYS,
        "a forbidden call, the watch put away": REPORTED,
    },
    "lazy": {
        "labels looked up in course.data": "the labels that are kept back are in the "
        "library, which students import",
    },
}


def shown(name: Any) -> str:
    return name if isinstance(name, str) else name.__name__


def goals(kind: str, names: Iterable[Any]) -> list[Any]:
    """The goals as parameters; those that are known to work are expected to fail."""
    known = KNOWN.get(kind, {})
    return [
        pytest.param(
            name,
            marks=pytest.mark.xfail(strict=True, reason=known[shown(name)]),
            id=shown(name),
        )
        if shown(name) in known
        else pytest.param(name, id=shown(name))
        for name in names
    ]
