"""For authors: the proof of the content, and the figures that notebooks quote."""

import json
import os
from typing import TYPE_CHECKING

import typer

from .application import app
from .arguments import AsJson, Jobs, Names
from .exits import Exit

if TYPE_CHECKING:
    from ..authoring.verify import Tally


@app.command()
def verify(
    names: Names = None,
    as_json: AsJson = False,
    jobs: Jobs = 0,
) -> None:
    """Prove the content: references pass, every known mistake is caught and named.

    Example: autograder verify a03
    """
    from .. import catalogue
    from ..authoring import verify as proof

    tallies = {}
    total = proof.Tally()
    chosen = [catalogue.find(n) for n in names or catalogue.names()]
    for assignment, tally in proof.verify_all(chosen, jobs or os.cpu_count() or 1):
        here = f"{assignment.root}/"
        tally.problems = [p.replace(here, "") for p in tally.problems]
        tallies[assignment.name] = tally
        total.add(tally)
        if not as_json:
            _print_tally(assignment.name, tally)
    if as_json:
        parts = {name: tally.to_json() for name, tally in tallies.items()}
        print(json.dumps(total.to_json() | {"assignments": parts}, indent=2))
    else:
        _print_tally("total", total, problems=False)
    raise typer.Exit(Exit.OK if total.ok else Exit.WRONG)


def _print_tally(name: str, tally: "Tally", problems: bool = True) -> None:
    score = 100 * tally.named / tally.misconceptions if tally.misconceptions else 0.0
    print(
        f"{name:<28} exercises {tally.references_passed}/{tally.exercises}"
        f"  misconceptions caught {tally.caught}/{tally.misconceptions}"
        f", named {tally.named} ({score:.0f} %)"
        f"  alternatives {tally.alternatives_passed}/{tally.alternatives}"
        f"  points {tally.points:g}"
    )
    if problems:
        for problem in tally.problems:
            print(f"  ✗ {problem}")


@app.command()
def figures(names: Names = None) -> None:
    """Reproduce the figures that the notebooks quote (real data where found).

    Example: COURSE_DATA=~/data autograder figures a03
    """
    from .. import catalogue

    fell_short = False
    for assignment in [catalogue.find(n) for n in names or catalogue.names()]:
        print(assignment.name)
        for name, (value, floor) in assignment.figures().items():
            short = floor is not None and value < floor
            fell_short |= short
            asked = "" if floor is None else f"   at least {floor:g}"
            print(f"  {name:<44} {value:.4g}{asked}{'   ✗ too low' * short}")
    raise typer.Exit(Exit.WRONG if fell_short else Exit.OK)
