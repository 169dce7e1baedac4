"""The command line.

Exit codes: 0 all well, 1 the content or a grade is broken, 2 misuse, 130 stopped.
"""

import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, NoReturn, cast

import typer

from .errors import AutograderError
from .startup import importing

if TYPE_CHECKING:
    from .authoring.verify import Tally
    from .grading.run import Graded

STOPPED = 130  # by Ctrl-C
INSTRUCTORS = {"jupytext", "nbformat", "nbgrader"}  # not in a student's package

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
    jobs: Annotated[int, typer.Option(help="Processes; one per core if 0.")] = 0,
) -> None:
    """Prove the content: references pass, every known mistake is caught and named."""
    from . import catalogue
    from .authoring import verify as proof

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
    raise typer.Exit(0 if total.ok else 1)


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
    from . import catalogue

    fell_short = False
    for assignment in [catalogue.find(n) for n in names or catalogue.names()]:
        print(assignment.name)
        for name, (value, floor) in assignment.figures().items():
            short = floor is not None and value < floor
            fell_short |= short
            asked = "" if floor is None else f"   at least {floor:g}"
            print(f"  {name:<44} {value:.4g}{asked}{'   ✗ too low' * short}")
    raise typer.Exit(int(fell_short))


CoursePath = Annotated[
    Path, typer.Option("--course", help="The course directory.", show_default=True)
]
AssignmentName = Annotated[str, typer.Argument(help="Name, or how it begins.")]
Students = Annotated[list[str] | None, typer.Argument(help="Students; all by default.")]
Trust = Annotated[bool, typer.Option(help="Run submissions without the jail.")]
AtATime = Annotated[int, typer.Option(help="At a time, at most; one per core if 0.")]


@app.command()
def init(folder: Path) -> None:
    """Make a course directory: nbgrader's configuration, a gradebook, a secret seed.

    Example: autograder init ~/dl-2026
    """
    from .gradebook.course import Course

    course = Course.init(folder)
    print(f"{course.root} is ready; next: autograder release NAME --course {folder}")


@app.command()
def release(
    names: Annotated[list[str], typer.Argument(help="Assignments to release.")],
    course: CoursePath = Path(),
    overwrite: Annotated[
        bool, typer.Option(help="Overwrite files that were changed by hand.")
    ] = False,
) -> None:
    """Build assignments and their students' versions.

    Example: autograder release a01 a03 --course ~/dl-2026
    """
    from . import catalogue
    from .gradebook.course import Course

    opened = Course.open(course)
    for assignment in [catalogue.find(n) for n in names]:
        folder = opened.release(assignment, overwrite)
        print(f"{folder} is what students get")


@app.command()
def grade(
    name: AssignmentName,
    students: Students = None,
    course: CoursePath = Path(),
    trust_students: Trust = False,
    jobs: AtATime = 0,
    scheduler: Annotated[
        str, typer.Option(help="A Dask scheduler, such as tcp://host:8786.")
    ] = "",
) -> None:
    """Grade submissions into result files and the gradebook, and print the class.

    Example: autograder grade a03 --course ~/dl-2026
    """
    from .gradebook.manifest import PRIVATE
    from .grading.process import start_ahead

    if (course / PRIVATE).is_dir() and not scheduler:
        start_ahead(trust_students)  # it imports torch while we do
    with importing():
        from .gradebook.course import Course
        from .grading.run import grade_class
        from .report.progress import Progress
        from .report.table import class_table

    opened = Course.open(course)
    full = _full_name(name, opened.root)
    chosen = students or opened.students(full)
    try:
        with Progress(len(chosen)) as progress:
            graded = grade_class(
                opened,
                full,
                chosen,
                trust_students,
                progress.through,
                jobs,
                _warn,
                scheduler,
            )
    except KeyboardInterrupt:
        _warn("stopped; what is graded is kept: run the command again to go on")
        raise typer.Exit(STOPPED) from None
    print(class_table(graded.results.values()))
    _end(graded)


def _end(graded: "Graded") -> NoReturn:
    """Say what could not be graded; the exit code says it, too."""
    for problem in graded.problems:
        _warn(problem)
    if graded.problems:
        raise typer.Exit(2)
    raise typer.Exit(1 if graded.broken else 0)


def _warn(line: str) -> None:
    print(f"autograder: {line}", file=sys.stderr)


def _full_name(name: str, root: Path) -> str:
    """An assignment of the catalogue, or one that only the course directory has."""
    from . import catalogue

    if (root / "source" / name).is_dir():
        return name
    return catalogue.find(name).name


@app.command()
def regrade(
    name: AssignmentName,
    students: Students = None,
    course: CoursePath = Path(),
    store: Annotated[
        bool, typer.Option("--apply", help="Store and import the new results.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    trust_students: Trust = False,
    jobs: AtATime = 0,
) -> None:
    """Say whose score a corrected check changes, and why; --apply stores it.

    Example: autograder regrade a03 --course ~/dl-2026
    """
    with importing():
        from .gradebook.course import Course
        from .grading.regrade import regrade_class
        from .report.changes import changes_text
        from .report.progress import Progress

    opened = Course.open(course)
    full = _full_name(name, opened.root)
    chosen = students or opened.students(full)
    try:
        with Progress(len(chosen)) as progress:
            through = progress.through
            regraded = regrade_class(
                opened, full, chosen, store, trust_students, through, jobs, _warn
            )
    except KeyboardInterrupt:
        kept = "what is graded is kept: 'autograder grade' goes on"
        _warn(f"stopped; {kept if store else 'nothing was stored'}")
        raise typer.Exit(STOPPED) from None
    if as_json:
        print(json.dumps({"assignment": full} | regraded.to_json(), indent=2))
    else:
        print(changes_text(regraded))
    _end(regraded.graded)


@app.command()
def feedback(name: AssignmentName, course: CoursePath = Path()) -> None:
    """Write every student's feedback pages.

    Example: autograder feedback a03 --course ~/dl-2026
    """
    with importing():
        from .gradebook import api
        from .gradebook.course import Course

    opened = Course.open(course)
    full = _full_name(name, opened.root)
    api.generate_feedback(opened.root, full)
    for page in sorted((opened.root / "feedback").glob(f"*/{full}/*.html")):
        print(page)


@app.command()
def demo(
    folder: Annotated[
        Path | None, typer.Argument(help="Where; build/demo by default.")
    ] = None,
) -> None:
    """Run the whole loop on a small class, from release to feedback."""
    from .demo import run_demo

    run_demo(folder)


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what this machine provides for grading, by trying it."""
    from . import doctor as look

    findings = list(look.examine())
    if as_json:
        print(json.dumps(look.as_json(findings), indent=2))
    else:
        print(look.as_text(findings))
    raise typer.Exit(0 if look.can_grade(findings) else 1)


def main() -> None:
    """Run the command line; a user's error is one line and exit code 2."""
    # An optional part of jsonschema, for internationalised addresses: imports for 1 s.
    sys.modules.setdefault("rfc3987_syntax", cast(ModuleType, None))
    try:
        app()
    except AutograderError as error:
        print(f"autograder: {error}", file=sys.stderr)
        sys.exit(2)
    except ModuleNotFoundError as error:
        if error.name not in INSTRUCTORS:
            raise
        print(
            f"autograder: {error.name} is not installed, this is a student's package; "
            "run the command in the .venv of the course's repository.",
            file=sys.stderr,
        )
        sys.exit(2)
