"""Every attack on stock nbgrader and on ours; writes docs/attacks.md.

    .venv/bin/python tests/attacks/side_by_side.py            runs what is new
    .venv/bin/python tests/attacks/side_by_side.py --anew     runs all of it

What stock gives is kept in build/attacks-stock.json. Left out of stock's column is
what would harm the machine for real: it says "not run".
"""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    os.environ.setdefault("OMP_NUM_THREADS", "1")

from tests.attacks import clever, forged, hand_ins, lazy, pages, plain, reach
from tests.attacks.conftest import RIGHT, WRONG
from tests.attacks.stock import Ran, Stock

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "docs" / "attacks.md"
KEPT = REPOSITORY / "build" / "attacks-stock.json"
NONE, NOT_RUN = "–", "not run"
AT_ONCE = 2


@dataclass(frozen=True)
class Kind:
    """A table: its attacks, how stock is asked, and how that is shown.

    `stock` gives the arguments of `Stock.run`, or the words that stand there instead.
    """

    title: str
    text: str
    goals: list[str]
    stock: Callable[[str], dict | str]
    shows: Callable[[Ran], str] = lambda ran: ran.score


def is_ours(code: str) -> bool:
    """Whether an attack is on parts that stock nbgrader does not have."""
    return any(word in code for word in ("autograder", "send(", "all_of(", "claim("))


def before_a_wrong_answer(cells: dict[str, str]) -> Callable[[str], dict | str]:
    def ask(goal: str) -> dict | str:
        if is_ours(cells[goal]):
            return NONE
        return {"handed_in": plain.notebook("asserts", WRONG, cells[goal])}

    return ask


def as_an_answer(answers: dict[str, str], kind: str = "asserts"):
    def ask(goal: str) -> dict | str:
        if is_ours(answers[goal]):
            return NONE
        if goal == "a tensor that is one number":  # 100 GB, once it is compared
            return NOT_RUN
        return {"kind": kind, "handed_in": plain.notebook(kind, answers[goal])}

    return ask


def heavy(goal: str) -> dict | str:
    if goal not in {
        "too many open files",
        "a huge cell",
        "a deep source",
        "half a character",
        "a null",
        "a thousand files",
    }:
        return NOT_RUN
    return {"handed_in": plain.notebook("asserts", RIGHT, reach.HEAVY[goal])}


def clever_ones(goal: str) -> dict | str:
    attack = clever.ATTACKS[goal]
    if attack.exercise != "double" or is_ours(attack.cell + attack.answer):
        return NONE
    return {"handed_in": plain.notebook("asserts", attack.answer, attack.cell)}


def tried(codes: dict, define: str, left_out: set[str]) -> Callable[[str], dict | str]:
    def ask(goal: str) -> dict | str:
        if goal in left_out:
            return NOT_RUN
        return {"handed_in": None, "code": codes[goal], "define": define}

    return ask


def to_read(goal: str) -> dict | str:
    path = str(reach.TO_READ[goal]).replace("t01_toy", "asserts")
    if "a06" in path or ".autograder" in path or "solutions" in path:
        return NONE
    if not path.startswith("/"):
        path = "{root}/" + path.replace("/ada/", "/mallory/")
    read = "(os.listdir if os.path.isdir(path) else lambda p: open(p, 'rb').read(10))"
    return {"handed_in": None, "code": f"{read}(path)", "define": f"path = '{path}'"}


def cell_that_stays(goal: str) -> dict | str:
    if goal == "a process that forks and ends, all the time":
        return NOT_RUN
    return {"handed_in": plain.notebook("asserts", WRONG, reach.TO_OUTLIVE[goal])}


def too_much(goal: str) -> dict | str:
    if goal != "time":
        return NOT_RUN
    return {"handed_in": plain.notebook("asserts", WRONG, reach.TOO_MUCH[goal][0])}


WAYS = {plain.words(way): way for way in hand_ins.DESERVED}
PLAIN_WAYS = {plain.words(way): way for way in plain.WAYS}


def handed_in(ways: dict) -> Callable[[str], dict | str]:
    def ask(goal: str) -> dict | str:
        return {"handed_in": plain.notebook("asserts", WRONG), "way": ways[goal]}

    return ask


def reached(ran: Ran) -> str:
    return ran.told or "nothing was heard of it"


def left(ran: Ran) -> str:
    still = "processes are left" if ran.left else "nothing is left"
    return f"{ran.score}; {still}"


KINDS = {
    "plain": Kind(
        "Tests beside the student's code",
        "Plain nbgrader notebooks: an assert and an `allclose`, 5 points, a wrong "
        "answer. Ours runs the tests beside the student's code, too, and is as weak as "
        "nbgrader where it says so.",
        [*plain.CELLS, *plain.ANSWERS, *PLAIN_WAYS],
        lambda goal: (
            before_a_wrong_answer(plain.CELLS)
            if goal in plain.CELLS
            else as_an_answer(plain.ANSWERS)
            if goal in plain.ANSWERS
            else handed_in(PLAIN_WAYS)
        )(goal),
    ),
    "figure": Kind(
        "A test cell whose last value is the score",
        "Plain nbgrader notebooks with partial credit: the last line is "
        "`5 - abs(double(3) - 6)`. What a wrong answer makes of it; the last three "
        "rows are right answers.",
        [*plain.FIGURES, *plain.NOISE],
        as_an_answer(plain.FIGURES | plain.NOISE, "figure"),
    ),
    "cells": Kind(
        "Cells before a wrong answer",
        "From here on the right column is about assignments of our own kind. On the "
        "left the same cell in a plain notebook, where it has a meaning there.",
        [*forged.CELLS],
        before_a_wrong_answer(forged.CELLS),
    ),
    "answers": Kind(
        "Answers that are none",
        "`double` should return twice a number.",
        [*forged.ANSWERS],
        as_an_answer(forged.ANSWERS),
    ),
    "clever": Kind(
        "By somebody who has read the engine",
        "Most are about parts that stock nbgrader does not have.",
        [*clever.ATTACKS],
        clever_ones,
    ),
    "lazy": Kind(
        "Answers that know nothing",
        "On exercises of the course itself.",
        [
            *lazy.TABLES,
            *lazy.NOTHING,
            "labels looked up in course.data",
            "what the first report told",
        ],
        lambda goal: NONE,
    ),
    "hand in": Kind(
        "Submissions that are more than a notebook",
        "Links, other files, other cells, odd names. Right is what has all answers "
        "right and is only handed in oddly.",
        [*WAYS],
        handed_in(WAYS),
    ),
    "read": Kind(
        "What can be read",
        "",
        [*reach.TO_READ],
        to_read,
        reached,
    ),
    "alter": Kind(
        "What can be done to gradebook.db",
        "",
        [*reach.TO_ALTER],
        tried(reach.TO_ALTER, "path = '{root}/gradebook.db'", set()),
        reached,
    ),
    "harm": Kind(
        "What can be done to the grader and the machine",
        "",
        [*reach.TO_HARM],
        tried(
            reach.TO_HARM,
            "import resource as r\nGRADER = os.getppid()",
            {
                "an urgent class of its own",
                "the raw disk",
                "another user",
                "a new root",
                "the clock",
            },
        ),
        reached,
    ),
    "network": Kind(
        "What can be connected to",
        "",
        [*reach.NETWORK],
        tried(reach.NETWORK, "import socket as s", {"names", "the bus"}),
        reached,
    ),
    "outlive": Kind(
        "What goes on afterwards",
        "Stock is looked at when nbgrader ends, ours 0.3 seconds after the result.",
        [*reach.TO_OUTLIVE],
        cell_that_stays,
        left,
    ),
    "too much": Kind("What takes too much", "", [*reach.TOO_MUCH], too_much),
    "heavy": Kind(
        "What is much, and allowed",
        "The answer after it is right.",
        [*reach.HEAVY],
        heavy,
    ),
    "pages": Kind(
        "What runs in the browser of who looks at the feedback",
        "",
        [
            *(f"markdown: {goal}" for goal in pages.MARKDOWN),
            *(f"output: {goal}" for goal in pages.OUTPUTS),
        ],
        lambda goal: "",
    ),
}


def stock_results() -> dict[str, dict[str, str]]:
    """What stock nbgrader gives, by kind and goal; what is known is not run again."""
    found: dict[str, dict[str, str]] = {name: {} for name in KINDS}
    if KEPT.exists() and "--anew" not in sys.argv:
        found |= json.loads(KEPT.read_text())
    jobs = [(k, g, a) for k, g, a in _jobs() if g not in found[k]]
    if not jobs and found["pages"]:
        return found
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        stock = Stock(Path(folder))

        def run(number: int) -> None:
            kind, goal, asked = jobs[number]
            ran = stock.run(str(number), asked.pop("kind", "asserts"), **asked)
            found[kind][goal] = KINDS[kind].shows(ran).replace(folder, "...")
            print(f"{number + 1}/{len(jobs)} {kind}: {goal}: {found[kind][goal]}")
            KEPT.write_text(json.dumps(found, indent=1))

        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(run, range(len(jobs))))
        found["pages"] = found["pages"] or stock.pages()
    KEPT.write_text(json.dumps(found, indent=1))
    return found


def _jobs() -> Iterator[tuple[str, str, dict]]:
    for name, kind in KINDS.items():
        for goal in kind.goals:
            asked = kind.stock(goal)
            if isinstance(asked, dict):
                yield name, goal, asked


def main() -> None:
    """Run what is to be run; write the page, and its summary into security.md."""
    from tests.attacks.ours import our_results
    from tests.attacks.table import page, put_summary

    KEPT.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(stock_results(), our_results()))
    put_summary(PAGE, PAGE.with_name("security.md"))


if __name__ == "__main__":
    main()
