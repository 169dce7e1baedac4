"""Grades do not depend on the seed, on how many grade at a time, or on where."""

from autograder.grading.grade import Grader
from autograder.jail.job import Cell

from .conftest import School

IMPORTS = Cell("import numpy as np\nimport torch")
SEEDS = [f"seed {number}" for number in range(10)]


def klass(school: School) -> dict[str, dict[str, str]]:
    """Answers of a class: the reference, every alternative, every known mistake."""
    found = {"the reference": school.right()}
    for exercise in school.assignment.checks.exercises.values():
        for slug in school.assignment.alternatives(exercise):
            answers = school.alternative(exercise.name, slug)
            found[f"{exercise.name}, {slug}"] = answers
        for mistake in school.assignment.misconceptions(exercise):
            answers = school.mistake(exercise.name, mistake.slug)
            found[f"{exercise.name}, {mistake.slug}"] = answers
    return found


def test_ten_seeds_give_the_same_grades(school: School) -> None:
    graders = [Grader(school.assignment, seed) for seed in SEEDS]
    for student, answers in klass(school).items():
        cells = [IMPORTS, *(Cell(text, name) for name, text in answers.items())]
        results = [grader.grade(student, cells) for grader in graders]
        grades = {
            (
                tuple(result.scores.items()),
                tuple(e.misconception for e in result.exercises.values()),
            )
            for result in results
        }
        assert len(grades) == 1, student
        assert not any(result.flags for result in results)
