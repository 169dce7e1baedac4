"""When a wrong answer gets a misconception's hint, and when it had better not."""

import torch

from autograder.exercise import Exercise
from autograder.misconceptions import Misconception, observe_misconceptions
from autograder.pack import expect

from .conftest import SEED, judged


def exercise_with_cases(*shapes):
    """One case per shape: f on a matrix of that shape."""
    exercise = Exercise("f", points=len(shapes))
    for shape in shapes:
        exercise.case(case_of(shape))
    return exercise


def case_of(shape):
    def case(f, rng):
        """It is right."""
        return f(rng.normal(*shape))

    case.__name__ = f"on_{shape[0]}_by_{shape[1]}"
    return case


def right(x):
    return x.softmax(1)


def wrong_axis(x):
    return x.softmax(0)


def recognised(answer, *shapes):
    exercise = exercise_with_cases(*shapes)
    pack = expect(exercise, {"f": right}, SEED)
    known = [Misconception("wrong_axis", "The other axis.", {"f": wrong_axis})]
    observe_misconceptions(exercise, pack, known, SEED)
    return judged(exercise, pack, answer).misconception


SHAPES = (2, 3), (4, 5), (3, 2), (5, 1)


def wrong_for(*shapes):
    """The misconception on these shapes, right on the others."""
    return lambda x: wrong_axis(x) if tuple(x.shape) in shapes else right(x)


def test_an_answer_that_behaves_like_it_in_every_case_gets_the_hint():
    assert recognised(wrong_axis, *SHAPES) == "wrong axis"


def test_an_answer_that_is_right_in_one_of_its_cases_gets_it_too():
    assert recognised(wrong_for(*SHAPES[:3]), *SHAPES) == "wrong axis"


def test_an_answer_that_is_right_in_most_of_them_does_not():
    """What it shares with the misconception is more likely an accident."""
    assert recognised(wrong_for(SHAPES[0]), *SHAPES) == ""


def test_an_answer_with_another_mistake_besides_does_not():
    def answer(x):
        return x if tuple(x.shape) == SHAPES[1] else wrong_axis(x)

    assert recognised(answer, *SHAPES) == ""


def test_a_right_answer_is_like_none():
    assert recognised(lambda x: torch.softmax(x, -1), *SHAPES) == ""
