"""What would be lost of a notebook if it were handed in now, and what is worth knowing.

Told from the notebook's text and from what came of running it. What an editor has not
saved cannot be seen.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..catalogue import CHECKS
from ..cells import UNANSWERED, encodable, fingerprint, grade_id, role_of
from ..explain import shortened
from ..names import defined_in, functions_in
from ..report.text import UNTOUCHED, missing
from ..verdicts import Verdict
from .reading import Work
from .running import Run, raised

UNDEFINED = re.compile(r"name '(\w+)' is not defined")
NO_MODULE = re.compile(r"No module named '(\w+)'")
SHOWN = re.compile(rf"^(\w+) +\S ({'|'.join(Verdict)})\b", re.MULTILINE)


@dataclass(frozen=True)
class Loss:
    """One thing to look at before handing in.

    `serious` if something would not be graded at all, whatever the checks say.
    """

    text: str
    serious: bool = False


def losses(work: Work, run: Run) -> list[Loss]:
    """All that was found, the serious first, none twice."""
    found = [
        *_file(work),
        *_untouched(run),
        *_written(work),
        *_answers(work),
        *_cells(work, run),
        *_undefined_in_answers(work, run),
        *_order(work),
        *_stale(work, run),
    ]
    return sorted(dict.fromkeys(found), key=lambda loss: not loss.serious)


def _file(work: Work) -> Iterator[Loss]:
    name = f"{work.release.name}.ipynb"
    if work.path.name != name:
        yield Loss(
            f"only a file called {name} is graded: rename {work.path.name}", True
        )
    if fingerprint(work.folder / CHECKS) != work.release.checks:
        yield Loss(f"{CHECKS} is not the released one; grading uses its own")


def _untouched(run: Run) -> Iterator[Loss]:
    names = [n for n, result in run.results.items() if missing(result) == UNTOUCHED]
    if names:
        yield Loss(f"untouched stubs: {', '.join(names)}", True)


def _written(work: Work) -> Iterator[Loss]:
    for name in work.checks.written:
        if not is_answered(work, name):
            yield Loss(f"{name}: the written question has no answer", True)


def is_answered(work: Work, name: str) -> bool:
    """Whether there is something for a person to read."""
    texts = [c["source"] for c in work.cells if grade_id(c) == name]
    return bool(texts) and texts[-1].strip() not in {"", UNANSWERED}


def _answers(work: Work) -> Iterator[Loss]:
    for name, exercise in work.checks.exercises.items():
        own = [c for c in work.cells if grade_id(c) == name]
        if not own:
            yield Loss(f"{name}: the cell of its answer is gone")
        elif own[-1].get("cell_type") != "code":
            yield Loss(f"{name}: the cell of its answer is no code cell any more", True)
        for function in exercise.functions:
            places = [
                str(place_of(work, cell.source))
                for cell in work.to_run
                if function in functions_in(cell.source)
            ]
            if len(places) > 1:
                yield Loss(
                    f"{function} is defined in cells {' and '.join(places)}; what the "
                    "last of them leaves is graded"
                )


def place_of(work: Work, source: str) -> int:
    """The number of a cell in the notebook, from 1; 0 if it is not there."""
    sources = [encodable(cell["source"]) for cell in work.cells]
    return sources.index(source) + 1 if source in sources else 0


def _cell(work: Work, number: int) -> str:
    """A cell by number and first line, from its place in what is run."""
    source = work.to_run[number].source
    first = next((li.strip() for li in source.splitlines() if li.strip()), "")
    place = place_of(work, source)
    return f"cell {place} ({shortened(first, 40)})" if place else "the set-up cell"


def _cells(work: Work, run: Run) -> Iterator[Loss]:
    """Cells outside the answers that would not run when graded."""
    for number, how in run.left_out.items():
        if not work.to_run[number].grade_id:
            yield Loss(f"{_cell(work, number)} {how}; it is left out")
    for number, error in run.errors.items():
        if not work.to_run[number].grade_id:
            why = _explained(work, error[1], number)
            yield Loss(f"{_cell(work, number)} raises {raised(error)}{why}")


def _undefined_in_answers(work: Work, run: Run) -> Iterator[Loss]:
    for name, result in run.results.items():
        for wrong in (case.mismatch for case in result.cases):
            found = wrong and UNDEFINED.search(wrong.sentence)
            if found and (why := _explained(work, found[0], len(work.to_run))):
                yield Loss(f"{name}: {found[0]}{why}")


def _explained(work: Work, message: str, before: int) -> str:
    """Where an undefined name, or a missing module, comes from; "" for other errors."""
    if found := NO_MODULE.search(message):
        module = found[1]
        if list(work.folder.glob(f"{module}.py")) or (work.folder / module).is_dir():
            return f"; only the notebook is graded: move the code of {module} into it"
        return ""
    if not (found := UNDEFINED.search(message)):
        return ""
    return _origin(work, found[1], before)


def _origin(work: Work, name: str, before: int) -> str:
    run = {cell.source for cell in work.to_run if not cell.definitions_only}
    for place, cell in enumerate(work.cells, start=1):
        if cell.get("cell_type") != "code" or name not in defined_in(cell["source"]):
            continue
        if encodable(cell["source"]) not in run:
            return (
                f"; {name} is made in cell {place}, a demonstration, which grading "
                "does not run: make it in the answer, or in a cell of your own"
            )
        later = [c.source for c in work.to_run[before + 1 :]]
        if encodable(cell["source"]) in later:
            return f"; {name} is made further below, in cell {place}: move that up"
        return ""
    return (
        f"; no cell of the notebook makes {name} (deleted, or renamed?): your kernel "
        "may still hold it. Restart it and run all cells"
    )


def _order(work: Work) -> Iterator[Loss]:
    """Cells that were run in another order than they stand."""
    latest = (0, 0)
    for place, cell in enumerate(work.cells, start=1):
        count = cell.get("execution_count")
        if cell.get("cell_type") != "code" or type(count) is not int:
            continue
        if count < latest[0]:
            yield Loss(
                f"cell {place} was last run before cell {latest[1]}, which stands "
                "above it; grading runs them from top to bottom. Restart the kernel "
                "and run all cells"
            )
            return
        latest = count, place


def _stale(work: Work, run: Run) -> Iterator[Loss]:
    """Reports in the notebook that say something else than the check says now."""
    for cell in work.cells:
        for name, verdict in SHOWN.findall(_text_of(cell)):
            now = run.results.get(name)
            if now and verdict != now.verdict:
                yield Loss(
                    f"{name} is {now.verdict} now, and the notebook still shows "
                    f"{verdict}: its outputs are older than its cells, or it was not "
                    "saved since"
                )


def _text_of(cell: dict[str, object]) -> str:
    """What stands in a check's output, as plain text."""
    texts = []
    outputs = cell["outputs"] if role_of(cell) != "demo" else []
    for output in outputs if isinstance(outputs, list) else []:
        data = output.get("data") if isinstance(output, dict) else None
        plain = data.get("text/plain") if isinstance(data, dict) else None
        texts.append("".join(plain) if isinstance(plain, list) else plain)
    return "\n".join(text for text in texts if isinstance(text, str))
