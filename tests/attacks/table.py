"""docs/attacks.md: a table for each kind of attack."""

import re
import textwrap
from pathlib import Path
from typing import Any

from . import plain
from .known import KNOWN
from .side_by_side import KINDS, NONE

Results = dict[str, dict[str, str]]
MORE = "**more than deserved**"
LESS = "**less than deserved**"
WEAK = "as weak as nbgrader"
INTRODUCTION = """\
# Attacks, on stock nbgrader and on ours

Every attack that the test suite knows (`tests/attacks/`), what stock nbgrader 0.9.6
gives in its default settings, and what ours gives. Both columns were run. The page is
written by `tests/attacks/side_by_side.py`; a test sees to it that no attack is missing.
What the jail does and does not do is said in [security.md](security.md).

On the left each attack is a submission of its own, to an assignment with one exercise
(`double`, which returns twice a number) and one test cell worth 5 points. On the right
it is the same code in an assignment of our own kind, unless the heading says
otherwise, on a machine with namespaces and cgroups. The answer is wrong and deserves
nothing, unless the row says what it deserves.

- "{none}": stock has nothing of the kind to attack.
- "not run": it would harm the machine for real.
- "done": the code did what it wanted. A name like `PermissionError` is what it was told
  instead.
- "{more}": the attack works on ours; why is said below the table. Its
  test is expected to fail, and tells once it is repaired.
"""


def page(stock: Results, ours: Results) -> str:
    """The whole page."""
    return "\n".join([_introduction(stock), *(_section(k, stock, ours) for k in KINDS)])


def _introduction(stock: Results) -> str:
    rows = sum(len(kind.goals) for kind in KINDS.values())
    run = sum(len(found) for found in stock.values())
    full = [
        goal
        for name in KINDS
        for goal in stock[name]
        if stock[name][goal].startswith("5 of 5") and deserved(name, goal) == 0
    ]
    text = INTRODUCTION.format(none=NONE, more=MORE)
    return text + (
        f"\n{rows} attacks, {run} of them run on stock nbgrader. "
        f"It gives full marks to {len(full)} wrong answers.\n"
    )


def _section(name: str, stock: Results, ours: Results) -> str:
    kind = KINDS[name]
    lines = [f"## {kind.title}", "", *_filled(kind.text)]
    lines += ["| attack | stock nbgrader gives | ours gives |", "| --- | --- | --- |"]
    for goal in kind.goals:
        asked = kind.stock(goal)
        left = stock[name].get(goal) or (asked if isinstance(asked, str) else "")
        lines.append(f"| {_row(name, goal, left, ours[name][goal])} |")
    reasons = sorted({why for g, why in KNOWN.get(name, {}).items() if g in _own(name)})
    return "\n".join([*lines, "", *(_reason(why) for why in reasons)])


def _filled(text: str) -> list[str]:
    return [*textwrap.wrap(text, 88), ""] if text else []


def _own(name: str) -> set[str]:
    goals = KINDS[name].goals
    return {*goals, *(goal.replace(" ", "_") for goal in goals)}


def _reason(why: str) -> str:
    return f"Known: {why}.\n"


def _row(name: str, goal: str, left: str, right: str) -> str:
    if name == "plain" and goal in plain.AS_WEAK:
        right += f": {WEAK}"
    elif is_known(name, goal):
        right += f", {LESS if 'lost' in right else MORE}"
    if (most := deserved(name, goal)) and f" {most:g}" not in right:
        right += f", {most:g} deserved"
    left = left.split(":")[0] if left.startswith("done") else left
    return " | ".join(cell.replace("|", "\\|") for cell in (goal, left, right))


HARM = ("done", "runs", "hangs", "the submission is lost", "processes are left")
SUMMARY = (
    "| kind of attack | attacks | run on stock | work there | work on ours |\n"
    "| --- | --- | --- | --- | --- |\n"
)


def summary(text: str) -> str:
    """The page in a table: how many attacks of each kind work, there and here."""
    lines = []
    for name, kind in KINDS.items():
        rows = rows_of(text, name)
        ran = [row for row in rows if row[1] not in (NONE, "not run")]
        there = sum(_works(name, goal, left) for goal, left, _ in ran)
        here = sum(MORE in right or WEAK in right for *_, right in rows)
        cells = (kind.title, len(rows), len(ran), there, here)
        lines.append("| " + " | ".join(map(str, cells)) + " |\n")
    return SUMMARY + "".join(lines)


def put_summary(attacks: Path, security: Path) -> None:
    """Write the table anew where it stands in the page about security."""
    text = security.read_text(encoding="utf-8")
    start = text.index(SUMMARY.splitlines()[0])
    end = text.index("\n\n", start) + 1
    table = summary(attacks.read_text(encoding="utf-8"))
    security.write_text(text[:start] + table + text[end:], encoding="utf-8")


def rows_of(text: str, name: str) -> list[list[str]]:
    """Attack, what stock gives and what ours gives, as the page has them."""
    table = text.split(f"## {KINDS[name].title}\n")[1].split("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("| ")][2:]
    return [re.split(r"(?<!\\) \| ", line.strip("| ")) for line in lines]


def _works(name: str, goal: str, left: str) -> bool:
    """Whether an attack pays on stock, or harms."""
    if any(harm in left for harm in HARM):
        return True
    points = re.match(r"([\d.]+) of", left)
    return bool(points) and float(points[1]) > 5 * deserved(name, goal)


def is_known(name: str, goal: str) -> bool:
    own = KNOWN.get(name, {})
    return goal in own or goal.replace(" ", "_") in own


def deserved(name: str, goal: str) -> float:
    """Points that an attack's answer deserves by itself."""
    from . import clever, hand_ins

    ways: dict[str, Any] = {plain.words(w): d for w, d in hand_ins.DESERVED.items()}
    if name in {"plain", "figure"}:
        return plain.deserved(goal)
    if name == "clever":
        return clever.ATTACKS[goal].deserved
    if name == "hand in":
        return float(ways[goal] or 0)
    return 1.0 if name == "heavy" else 0.0
