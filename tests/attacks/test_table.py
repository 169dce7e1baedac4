"""docs/attacks.md is whole, and says of no attack on ours that it pays."""

import re

import pytest

from .plain import AS_WEAK
from .side_by_side import KINDS, PAGE
from .table import LESS, MORE, WEAK, deserved, is_known, rows_of, summary


def rows(kind: str) -> dict[str, str]:
    """What ours gives, by attack, as the table has it."""
    found = rows_of(PAGE.read_text(encoding="utf-8"), kind)
    return {attack: ours for attack, _, ours in found}


@pytest.mark.parametrize("kind", KINDS)
def test_every_attack_has_its_row(kind: str) -> None:
    assert [*rows(kind)] == [g.replace("|", "\\|") for g in KINDS[kind].goals]


@pytest.mark.parametrize("kind", KINDS)
def test_no_row_gives_more_than_deserved(kind: str) -> None:
    for attack, ours in rows(kind).items():
        if kind == "plain" and attack in AS_WEAK:
            assert ours.endswith(WEAK)
        elif is_known(kind, attack):
            assert MORE in ours or LESS in ours
        else:
            assert MORE not in ours
            assert not ours.startswith("done"), attack
            assert not ours.startswith("runs"), attack
            assert "are left" not in ours
            found = re.match(r"([\d.]+) of", ours)
            points = float(found[1]) if found else 0.0
            assert points <= deserved(kind, attack), attack


def test_the_security_page_sums_it_up() -> None:
    text = PAGE.with_name("security.md").read_text(encoding="utf-8")
    assert summary(PAGE.read_text(encoding="utf-8")) in text
