"""Time is taken outside: an answer's own clock may have been replaced."""

from autograder.grading.grade import Grader
from autograder.grading.jailer import Jailer, timed_frames
from autograder.jail.job import Cell, Job, Outcome, send_frame
from autograder.verdicts import Verdict

from .conftest import School

SETUP = Cell("import numpy as np\nimport torch")
FALSE_CLOCK = "import time\nsleep, now = time.sleep, time.monotonic\n" + "\n".join(
    f"time.{name} = lambda: 0.0" for name in ("perf_counter", "time", "monotonic")
)
SLOW = "def double(n):\n    sleep(1.2)\n    return 2 * n\n"
# Before it answers, it sends the supervisor something, so that time seems to pass.
CHATTY = """
import os, json
def send(data):
    frame = json.dumps(data).encode()
    frame = len(frame).to_bytes(8, "big") + frame + (2).to_bytes(8, "little") + b"{}"
    os.write(PIPE, len(frame).to_bytes(8, "big") + frame)
def find_pipe():
    import stat
    return next(f for f in range(3, 256) if is_pipe(f))
def is_pipe(f):
    try:
        return os.fstat(f).st_mode & 0o170000 == 0o010000
    except OSError:
        return False
PIPE = find_pipe()
seen = {"tree": None, "fault": None, "seconds": 0.0}
def double(n):
    for _ in range(9):
        sleep(0.1)
        for data in (%s):
            send(data)
    return 2 * n
"""
SENT = {
    "cells": '{"cell": 0, "error": None},',
    "other cases": '{"exercise": "double", "case": str(now()), "variant": "plain", '
    '"observation": seen},',
    "the same case": '{"exercise": "softmax", "case": "one_row", "variant": "plain", '
    '"observation": seen},',
    "endings": '{"exercise": str(now()), "status": 0, "seconds": 1},'
    '{"exercise": "softmax", "status": 0, "seconds": 1},',
}


def graded(school: School, jailer: Jailer, *cells: Cell):
    grader = Grader(school.assignment, school.course.seed, jailer=jailer)
    return grader.grade("mallory", [SETUP, *cells])


def test_a_slow_answer_with_a_false_clock_does_not_pass(school, jailer) -> None:
    result = graded(school, jailer, Cell(FALSE_CLOCK), Cell(SLOW, "double"))
    (case,) = result.exercises["check-double"].cases
    assert case.verdict is Verdict.FAILED
    assert "slower than the reference" in case.mismatch.sentence
    assert case.seconds >= 0.9


def test_words_in_between_gain_no_time(school: School, jailer: Jailer) -> None:
    for what, sent in SENT.items():
        cells = Cell(FALSE_CLOCK), Cell(CHATTY % sent, "double")
        (case,) = graded(school, jailer, *cells).exercises["check-double"].cases
        assert case.verdict is Verdict.FAILED, what


def test_an_exercise_that_was_declared_over_gets_no_more(school, jailer) -> None:
    """Its observations would come after an ending that nobody but the jail sends."""
    early = '{"exercise": "double", "status": 0, "seconds": 1},'
    cells = Cell(FALSE_CLOCK), Cell(CHATTY % early, "double")
    (case,) = graded(school, jailer, *cells).exercises["check-double"].cases
    assert case.verdict is not Verdict.PASSED


def test_an_honest_answer_keeps_its_own_seconds(school, jailer) -> None:
    cells = [Cell(source, name) for name, source in school.right().items()]
    result = graded(school, jailer, *cells)
    assert sum(result.scores.values()) == 6
    assert all(c.seconds < 0.25 for e in result.exercises.values() for c in e.cases)


def test_frames_come_with_their_time(jailer: Jailer) -> None:
    code = "import time\ntime.sleep(0.5)"
    outcome = jailer.run(Job("plain", "", [Cell("1"), Cell(code), Cell("2")]))
    times = [when for _, _, when in timed_frames(outcome)]
    assert times == sorted(times)
    assert times[1] - times[0] > 0.4
    assert times[2] - times[1] < 0.3


def test_a_frame_is_there_when_the_last_of_it_is(tmp_path) -> None:
    with open(tmp_path / "frames", "wb") as file:
        send_frame(file.fileno(), {"a": 1}, {})
        first = file.tell()
        send_frame(file.fileno(), {"b": 2}, {})
    data = (tmp_path / "frames").read_bytes()
    marks = [(first - 1, 1.0), (first, 2.0), (len(data), 3.0)]
    outcome = Outcome({}, "", data, marks)
    assert [when for _, _, when in timed_frames(outcome)] == [2.0, 3.0]
    assert [w for _, _, w in timed_frames(Outcome({}, "", data))] == [0.0, 0.0]
