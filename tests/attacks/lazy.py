"""Answers that know nothing of the exercise, for exercises of the course itself."""

import torch

from autograder.assess import assess
from autograder.catalogue import Assignment
from autograder.decide import judge_exercise
from autograder.observe import Observation, given_for, observe, observe_all
from autograder.pack import PUBLIC_SEED, ExercisePack, Expected, expect
from autograder.variants import PLAIN

from .reach import REPOSITORY

GRADING = "a grading seed"
# goal: (assignment, exercise)
TABLES = {
    "a table of the public outputs: receptive_field": (
        "a06_conv_from_scratch",
        "receptive_field",
    ),
    "a table of the public outputs: choose_then_test": (
        "a01_tensors_data",
        "choose_then_test",
    ),
    "a table of the public outputs: poly_features": (
        "a01_tensors_data",
        "poly_features",
    ),
}
NOTHING = {
    "an answer that returns nothing: pairwise_sq_dists": (
        "a01_tensors_data",
        "pairwise_sq_dists",
    ),
    "an answer that returns nothing: center_columns": (
        "a01_tensors_data",
        "center_columns",
    ),
}


def exercise_of(where: tuple[str, str]):
    assignment = Assignment(where[0], REPOSITORY)
    exercise = assignment.checks.exercise(where[1])
    return exercise, assignment.reference(exercise)


def score_of_a_table(where: tuple[str, str]) -> float:
    """What the outputs that travel with the release earn on another seed."""
    exercise, reference = exercise_of(where)
    public = expect(exercise, reference, PUBLIC_SEED)
    asked = expect(exercise, reference, GRADING)
    seen = {
        (name, variant): Observation(tree)
        for name, case in public.cases.items()
        for variant, tree in case.trees.items()
    }
    return _earned(exercise, asked, seen)


def score_of_nothing(where: tuple[str, str]) -> float:
    """What functions that return None earn."""
    exercise, reference = exercise_of(where)
    asked = expect(exercise, reference, GRADING)
    nothing = dict.fromkeys(exercise.functions, lambda *a, **k: None)
    runs = observe_all(exercise, nothing, GRADING, asked.given)
    return _earned(exercise, asked, {(c.name, v.name): o for c, v, o in runs})


def _earned(exercise, asked: ExercisePack, seen) -> float:
    # No random draw lets a table know some cases: those have to be hidden, or few.
    return judge_exercise(exercise, asked, seen).score / exercise.points


def untrained_net_that_looks_labels_up() -> str:
    """What the judge says to labels that the course's own library gives away."""
    exercise, _ = exercise_of(("a06_conv_from_scratch", "train_convnet"))
    case = next(c for c in exercise.cases if c.name == "learns_digits")
    given, secret = given_for(exercise, case, GRADING)

    def predict(params, x):
        import course.data

        _, test = course.data.digits()
        return torch.nn.functional.one_hot(test.y, 10).float()

    answer = {
        "train_convnet": lambda params, batches, lr: (params, []),
        "predict_convnet": predict,
    }
    seen = observe(exercise, case, answer, PLAIN, GRADING, given)
    expected = Expected({"plain": seen.tree}, given=given, secret=secret)
    found = assess(exercise, case, PLAIN, seen, expected)
    return found.sentence if found else "passed"
