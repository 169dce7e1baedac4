"""The whole loop on a small class: release, hand in, grade, feedback, reports."""

import os
import shutil
import sys
import time
from pathlib import Path

from . import catalogue
from .authoring.answers import (
    alternative_answer,
    fill,
    hand_in,
    misconception_answer,
    reference_answer,
)
from .catalogue import Assignment
from .classreport.facts import gather
from .classreport.page import page_path, to_page
from .errors import CourseDirectoryError
from .files import write_atomically
from .gradebook import api
from .gradebook.course import CONFIG, Course
from .grading.run import grade_class
from .report.table import class_table

ASSIGNMENT = "a03_mlp_from_scratch"
SYNTAX_ERROR = "def {name}(x:\n    return x\n"
RAISES = "def {name}(*args, **kwargs):\n    return args[0].no_such_attribute\n"
ENDLESS = "def {name}(*args, **kwargs):\n    while True:\n        pass\n"
EXIT = "import os\n\ndef {name}(*args, **kwargs):\n    os._exit(0)\n"
BOMB = "def {name}(*args, **kwargs):\n    return bytearray(10**12)\n"


def run_demo(folder: Path | None = None) -> None:
    """Run every step and print what happened and what to open."""
    start = time.perf_counter()
    assignment = catalogue.find(ASSIGNMENT)
    root = _fresh(folder or assignment.root / "build" / "demo")
    course = Course.init(root)
    print(f"1. course directory      {_short(root)}")
    release = course.release(assignment)
    print(f"2. released              {_short(release)}")
    students = hand_in_class(course, assignment)
    print(f"3. handed in             {len(students)} notebooks")
    graded = grade_class(course, assignment.name)
    print("4. graded in the jail\n")
    print(class_table(graded.results.values()), end="\n\n")
    for problem in graded.problems:
        print(problem)
    api.generate_feedback(course.root, assignment.name)
    pages = sorted((root / "feedback").glob(f"*/{assignment.name}/*.html"))
    print(f"5. feedback              {len(pages)} pages")
    report = page_path(course.root, assignment.name)
    write_atomically(report, to_page(gather(course, assignment.name)).encode())
    print(f"6. class report          {_short(report)}\n\nOpen:")
    print(f"  {_short(report)}   what the instructor reads")
    print(f"  {_short(release / (assignment.name + '.ipynb'))}   what students get")
    for page in (p for p in pages if p.parts[-3] in {"cleo", "gus"}):
        print(f"  {_short(page)}   what {page.parts[-3]} reads")
    jupyter = os.path.relpath(Path(sys.executable).parent / "jupyter", root)
    print(f"  nbgrader's formgrader: cd {_short(root)} && {jupyter} lab")
    print(f"\n{time.perf_counter() - start:.0f} s")


def _fresh(root: Path) -> Path:
    """An empty folder; only a former demonstration is ever cleared."""
    if root.exists() and any(root.iterdir()):
        if not (root / CONFIG).exists() or root.name != "demo":
            raise CourseDirectoryError(
                f"{root} is not empty and no former demonstration; name a new folder."
            )
        shutil.rmtree(root)
    return root


def _short(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def hand_in_class(course: Course, assignment: Assignment) -> list[str]:
    """Ten students: right answers, known mistakes, and every way to go wrong."""
    released = course.root / "release" / assignment.name / f"{assignment.name}.ipynb"
    exercises = list(assignment.checks.exercises.values())
    right = {e.name: reference_answer(assignment, e) for e in exercises}
    right |= dict.fromkeys(assignment.checks.written, "Because the gradient is zero.")
    second = exercises[1]

    def instead(template: str) -> dict[str, str]:
        return right | {second.name: template.format(name=second.functions[0])}

    class_answers = {
        "ada": right,
        "ben": right | _alternatives(assignment),
        "cleo": right | _mistakes(assignment, 0),
        "dan": right | _mistakes(assignment, 1, len(exercises) // 2),
        "eve": {},
        "fay": instead(SYNTAX_ERROR),
        "gus": instead(ENDLESS),
        "hal": instead(EXIT),
        "ida": instead(BOMB),
        "jon": instead(RAISES),
    }
    for student, answers in class_answers.items():
        notebook = fill(released, answers)
        hand_in(course.root, student, assignment.name, notebook)
    return list(class_answers)


def _alternatives(assignment: Assignment) -> dict[str, str]:
    found = {}
    for exercise in assignment.checks.exercises.values():
        slugs = [s for s in assignment.alternatives(exercise) if "oracle" not in s]
        found[exercise.name] = alternative_answer(assignment, exercise, slugs[0])
    return found


def _mistakes(
    assignment: Assignment, which: int, count: int | None = None
) -> dict[str, str]:
    found = {}
    for exercise in list(assignment.checks.exercises.values())[:count]:
        slug = assignment.misconceptions(exercise)[which].slug
        found[exercise.name] = misconception_answer(assignment, exercise, slug)
    return found
