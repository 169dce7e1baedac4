"""The command line. Exit codes: 0 all well, 1 the content or a grade is broken, 2 misuse."""

import json
import sys
from typing import Annotated

import typer

from .errors import AutograderError

app = typer.Typer(
    add_completion=True,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def _top() -> None:
    """Releases, checks and grades the course's assignments."""


Names = Annotated[
    list[str] | None, typer.Argument(help="Assignments; all of them by default.")
]


@app.command()
def verify(
    names: Names = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Prove the content: references pass, every known mistake is caught and named."""
    from . import catalogue
    from .authoring import verify as proof

    tallies = {}
    total = proof.Tally()
    chosen = [catalogue.find(n) for n in names or catalogue.names()]
    for assignment in chosen:
        tally = proof.verify(assignment)
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
    raise typer.Exit(0 if total.ok else 1)


def _print_tally(name: str, tally: "object", problems: bool = True) -> None:
    from .authoring.verify import Tally

    assert isinstance(tally, Tally)
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


def main() -> None:
    """Run the command line; a user's error is one line and exit code 2."""
    try:
        app()
    except AutograderError as error:
        print(f"autograder: {error}", file=sys.stderr)
        sys.exit(2)
