"""What our pipeline gives to every attack, as the tests ask it too."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from autograder import catalogue
from autograder.catalogue import Assignment
from autograder.gradebook import api
from autograder.gradebook.course import Course
from autograder.gradebook.neutral import neutralise
from autograder.grading import plain as engine
from autograder.grading.grade import Grader
from autograder.grading.jailer import Jailer
from autograder.grading.run import Graded, grade_class
from autograder.jail.job import Cell, Job

from ..grading.conftest import CATALOGUE, TOY, School
from . import clever, forged, hand_ins, lazy, pages, plain, reach
from .conftest import RIGHT, SETUP, WATCHED, WRONG, attack, told

SEED = "seed of the attacks"
Held = dict[str, tuple[float, float]]


@contextmanager
def toy_catalogue() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_REPOSITORY", str(CATALOGUE))
        yield patch


def plain_class(root: Path) -> tuple[dict[str, float], list[str]]:
    """Scores by goal, and problems, of one class; a cell may take two seconds."""
    course = Course.init(root)
    plain.write_sources(course.root)
    students = plain.hand_in_everything(plain.PlainSchool(course.root))
    problems = []
    with toy_catalogue() as patch:
        patch.setattr(engine, "Job", partial(Job, cell_seconds=2.0))
        for kind in plain.TESTS:
            api.generate_assignment(course.root, kind)
            problems += grade_class(course, kind).problems
    held = {kind: api.scores(course.root, kind) for kind in plain.TESTS}
    return {g: held[kind][s][0] for g, (s, kind) in students.items()}, problems


def odd_class(released: Path, root: Path) -> tuple[School, Graded, Held]:
    """A class in which everybody but ada handed in oddly."""
    with toy_catalogue():
        shutil.copytree(released, root)
        school = School(Course.open(root), catalogue.find(TOY))
        school.hand_in("ada", school.notebook(school.right()))
        for way in hand_ins.DESERVED:
            path = school.hand_in(way.__name__, school.notebook({}))
            way(school, path)
        graded = grade_class(school.course, TOY)
        return school, graded, api.scores(root, TOY)


def earned(grader: Grader, watched: Grader, goal: str) -> Any:
    """The result of a clever attack."""
    own = clever.ATTACKS[goal]
    chosen = watched if own.exercise in clever.WATCHED_ONES else grader
    cells = [Cell(SETUP), Cell(own.cell), Cell(own.answer, own.exercise)]
    return chosen.grade("mallory", cells)


def reading(path: Path) -> str:
    """Code that reads a file or a folder."""
    if path.is_dir():
        return f"os.listdir({str(path)!r})"
    return f"open({str(path)!r}, 'rb').read(10)"


def warm_pid(jailer: Jailer) -> int:
    """The warm process: what was started, or what runs inside its namespaces."""
    assert jailer._warm._process
    pid = jailer._warm._process.pid
    while b"bwrap" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]:
        pid = int(_below(pid).pop())
    return pid


def left_running(jailer: Jailer) -> set[str]:
    """What is below the warm process between submissions: nothing should be."""
    return _below(warm_pid(jailer))


def _below(pid: int) -> set[str]:
    return set(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def excess(jailer: Jailer, goal: str) -> str:
    """What is said of a cell that takes too much."""
    job = Job(
        "plain",
        "",
        [Cell(SETUP), Cell(reach.TOO_MUCH[goal][0])],
        cell_seconds=4,
        megabytes=300,
    )
    outcome = jailer.run(job)
    assert set(outcome.bad_cells) <= {1}
    return outcome.bad_cells.get(1, "")


def new_school(root: Path) -> School:
    """A course directory in which the toy was released."""
    course = Course.init(root)
    course.release(Assignment(TOY, CATALOGUE))
    return School(course, Assignment(TOY, CATALOGUE))


def repeats_the_report(school: School) -> float:
    """What a second hand-in earns that repeats what the report on the first told."""
    with toy_catalogue():
        school.hand_in("mallory", school.notebook({"double": WRONG}))
        first = grade_class(school.course, TOY).results["mallory"]
        api.generate_feedback(school.course.root, TOY)
        told = first.exercises["check-double"].cases[0].mismatch
        assert told
        again = f"def double(n):\n    return {told.expected}\n"
        school.hand_in("mallory", school.notebook({"double": again}))
        return sum(grade_class(school.course, TOY).results["mallory"].scores.values())


def active_pieces() -> dict[str, bool]:
    """Whether a piece of a notebook is active in the page, by goal."""
    marks, cells = {}, []
    for goal, text in pages.MARKDOWN.items():
        marks[f"markdown: {goal}"] = mark = f"MARK{len(marks)}END"
        cells.append(new_markdown_cell(text.replace(pages.BAD, mark)))
    for goal, data in pages.OUTPUTS.items():
        marks[f"output: {goal}"] = mark = f"MARK{len(marks)}END"
        own = {k: str(v).replace(pages.BAD, mark) for k, v in data.items()}
        output = new_output("display_data", data=own)
        cells.append(new_code_cell("1", outputs=[output]))
    notebook = new_notebook(cells=cells)
    neutralise(notebook, set())
    page, _ = HTMLExporter(template_name="classic").from_notebook_node(notebook)
    active = " ".join(pages.read(page, "MARK").active)
    return {goal: mark in active for goal, mark in marks.items()}


def our_results() -> dict[str, dict[str, str]]:
    """What to write into the tables, by kind and goal."""
    with tempfile.TemporaryDirectory() as folder, toy_catalogue():
        return _results(Path(folder))


def _results(folder: Path) -> dict[str, dict[str, str]]:
    grader = Grader(Assignment(TOY, CATALOGUE), SEED)
    watched = Grader(Assignment("t02_watched", WATCHED), SEED)
    found = _of_plain(folder)

    def score(most: float, run: Callable[[], Any]) -> str:
        return f"{sum(run().scores.values()):g} of {most:g}"

    found["cells"] = {
        goal: score(1, lambda cell=cell: attack(grader, cell))
        for goal, cell in forged.CELLS.items()
    }
    found["answers"] = {
        goal: score(1, lambda text=text: attack(grader, "", text))
        for goal, text in forged.ANSWERS.items()
    }
    points = {"double": 1, "center": 3, "softmax": 2, "total": 2, "sides": 2}
    points["noise"] = 2
    found["clever"] = {
        goal: score(points[a.exercise], lambda goal=goal: earned(grader, watched, goal))
        for goal, a in clever.ATTACKS.items()
    }
    found["lazy"] = _lazy(folder, grader)
    found |= _reach(folder, grader)
    found["pages"] = {
        goal: "runs" if active else "shown" for goal, active in active_pieces().items()
    }
    return found


def _of_plain(folder: Path) -> dict[str, dict[str, str]]:
    scores, _ = plain_class(folder / "plain")
    words = {goal: f"{points:g} of 5" for goal, points in scores.items()}
    return {"plain": words, "figure": words}


def _lazy(folder: Path, grader: Grader) -> dict[str, str]:
    found = {g: lazy.score_of_a_table(where) for g, where in lazy.TABLES.items()}
    found |= {g: lazy.score_of_nothing(where) for g, where in lazy.NOTHING.items()}
    words = {goal: f"{share:.0%} of the points" for goal, share in found.items()}
    words["labels looked up in course.data"] = (
        f"{lazy.untrained_net_that_looks_labels_up()}: that case of five"
    )
    again = repeats_the_report(new_school(folder / "told"))
    words["what the first report told"] = f"{again:g} of 1"
    return words


def _reach(folder: Path, grader: Grader) -> dict[str, dict[str, str]]:
    released = new_school(folder / "released").course.root
    school, graded, held = odd_class(released, folder / "odd")
    refused = {p.split(":")[0] for p in graded.problems}
    root = school.course.root
    path = f"path = {str(root / 'gradebook.db')!r}"
    harm = f"import resource as r\nGRADER = {os.getpid()}"
    return {
        "hand in": {
            plain.words(way): f"{held[way.__name__][0]:g} of 6"
            if way.__name__ in graded.results
            else "the submission is lost: a line for the instructor"
            if way.__name__ in refused and deserved is not None
            else "refused, with a line for the instructor"
            for way, deserved in hand_ins.DESERVED.items()
        },
        "read": {
            goal: _error(told(grader, reading(root / path)))
            for goal, path in reach.TO_READ.items()
        },
        "alter": {
            goal: _error(told(grader, code, path))
            for goal, code in reach.TO_ALTER.items()
        },
        "harm": {
            goal: _error(told(grader, code, harm))
            for goal, code in reach.TO_HARM.items()
        },
        "network": {
            goal: _error(told(grader, code, "import socket as s"))
            for goal, code in reach.NETWORK.items()
        },
        "outlive": {goal: _outlived(grader, goal) for goal in reach.TO_OUTLIVE},
        "too much": {
            goal: f"the cell {excess(grader.jailer, goal) or 'raises an error'}"
            for goal in reach.TOO_MUCH
        },
        "heavy": {
            goal: f"{sum(attack(grader, cell, RIGHT).scores.values()):g} of 1"
            for goal, cell in reach.HEAVY.items()
        },
    }


def _outlived(grader: Grader, goal: str) -> str:
    points = sum(attack(grader, reach.TO_OUTLIVE[goal], WRONG).scores.values())
    time.sleep(0.3)  # what is seen at once may be on its way out
    still = "processes are left" if left_running(grader.jailer) else "nothing is left"
    return f"{points:g} of 1; {still}"


def _error(words: str) -> str:
    """The name of the exception; a ValueError of ours is an answer that came out."""
    name, _, message = words.partition(":")
    if name == "ValueError" and "not allowed" not in message:
        return f"done:{message}"
    return name
