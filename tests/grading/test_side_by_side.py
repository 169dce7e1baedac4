"""Several submissions are graded at a time; nobody can tell from the results."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from autograder.gradebook import api
from autograder.grading import crew
from autograder.grading.jailer import Jailer, shared_jailer
from autograder.grading.run import Graded, grade_class
from autograder.jail.job import Cell, Job

from .conftest import TOY, School

EXIT = "import os\n\ndef double(n):\n    os._exit(0)\n"


def handed_in(school: School) -> School:
    for number in range(3):
        school.hand_in(f"right{number}", school.notebook(school.right()))
    wrong = school.notebook(school.mistake("softmax", "wrong_axis"))
    school.hand_in("wrong", wrong)
    school.hand_in("gone", school.notebook(school.right() | {"double": EXIT}))
    school.hand_in("empty", school.notebook({}))
    school.hand_in("torn", school.notebook({})).write_text("{")
    return school


def without_times(graded: Graded) -> dict[str, object]:
    found = {}
    for student, result in graded.results.items():
        for exercise in result.exercises.values():
            for case in exercise.cases:
                case.seconds = 0.0
        verdicts = {k: e.to_json() for k, e in result.exercises.items()}
        found[student] = (result.key, result.scores, result.flags, verdicts)
    return found


def test_one_at_a_time_and_three_at_a_time_agree(school: School, monkeypatch) -> None:
    handed_in(school)
    alone = grade_class(school.course, TOY, jobs=1)
    book = api.scores(school.course.root, TOY)
    for path in school.course.results.rglob("*.json"):
        path.unlink()
    monkeypatch.setattr(crew, "WORTH_STARTING", 0)
    together = grade_class(school.course, TOY, jobs=3)
    assert without_times(together) == without_times(alone)
    assert list(together.results) == sorted(together.results)
    assert api.scores(school.course.root, TOY) == book
    assert len(together.problems) == 1
    assert together.problems[0].startswith("torn: ")


def test_the_students_are_named_in_order_as_they_are_through(school: School) -> None:
    handed_in(school)
    said: list[str] = []
    grade_class(
        school.course, TOY, jobs=3, say=lambda student, result: said.append(student)
    )
    assert said == ["empty", "gone", "right0", "right1", "right2", "torn", "wrong"]


def test_another_warm_process_is_started_if_enough_is_left_to_do(
    monkeypatch,
) -> None:
    monkeypatch.setattr(crew, "WORTH_STARTING", 1.0)

    def piece(seconds: float, used: set[Jailer]) -> Callable[[Jailer], None]:
        def work(jailer: Jailer) -> None:
            used.add(jailer)
            time.sleep(seconds)

        return work

    for seconds, most in [(0.0, 1), (0.1, 2)]:
        used: set[Jailer] = set()
        with crew.Crew(2, pieces=40) as workers:
            done = [workers.start(piece(seconds, used)) for _ in range(12)]
            assert all(d.result() is None for d in done)
        assert len(used) == most


def test_what_is_graded_is_not_graded_again(school: School, monkeypatch) -> None:
    handed_in(school)
    first = grade_class(school.course, TOY, jobs=2)

    def not_again(*_: object) -> None:
        raise AssertionError("graded again")

    monkeypatch.setattr(Jailer, "run", not_again)
    again = grade_class(school.course, TOY, jobs=2)
    assert without_times(again) == without_times(first)


def test_threads_may_share_a_warm_process(school: School) -> None:
    """As when an import has to grade again what a crew grades beside it."""

    def run(count: int) -> int:
        job = Job("plain", "", [Cell("x = 1")] * count)
        return len(shared_jailer().run(job).frames)

    counts = range(1, 13)
    alone = [run(count) for count in counts]
    assert len(set(alone)) == len(counts)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(run, counts)) == alone
