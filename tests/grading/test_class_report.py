"""The class report: what it counts, and that nothing of a student's is active in it."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from autograder.classreport import charts, counts, facts, items, likeness, outliers
from autograder.classreport.page import to_page
from autograder.gradebook.course import Course
from autograder.grading.results import SubmissionResult
from autograder.grading.run import grade_class
from autograder.verdicts import CaseResult, ExerciseResult, Verdict

from .conftest import TOY, School
from .test_command_line import run

HOSTILE = "<script>alert(1)</script>"


def case(verdict=Verdict.PASSED, name="plain", variant="", seconds=0.0) -> CaseResult:
    return CaseResult(name, "It holds.", verdict, variant=variant, seconds=seconds)


def result(student: str, *cases: CaseResult, mistake: str = "") -> SubmissionResult:
    exercise = ExerciseResult(
        "softmax", 2, list(cases), mistake, "Divide." * bool(mistake)
    )
    made = SubmissionResult(student, TOY, TOY, "key")
    made.exercises["check-softmax"] = exercise
    made.scores["check-softmax"] = exercise.score
    return made


# Item analysis


def test_facility_is_the_mean_share_of_the_points() -> None:
    (item,) = items.analyse([{"a": 1.0}, {"a": 2.0}], {"a": 2})
    assert item.facility == 0.75


def test_discrimination_is_the_correlation_with_the_rest() -> None:
    rows = [{"a": float(i), "b": float(i), "c": float(-i)} for i in range(6)]
    found = {i.name: i for i in items.analyse(rows, {"a": 5, "b": 5, "c": 5})}
    # The rest of a is b + c = 0 for everybody: undefined. The rest of c is 2 i.
    assert found["a"].discrimination is None
    assert found["c"].discrimination == pytest.approx(-1)
    assert (found["c"].reading, found["c"].is_contrary) == ("negative", True)


def test_an_ungraded_question_has_no_facility() -> None:
    found = items.analyse([{"a": 1.0}], {"a": 1, "essay": 4})
    assert found[1] == items.Item("essay", 4, None, None, 0)


def test_a_handful_of_students_discriminates_nothing() -> None:
    rows = [{"a": float(i), "b": float(i)} for i in range(4)]
    assert items.analyse(rows, {"a": 3, "b": 3})[0].discrimination is None


# Cases and mistakes


def test_a_case_is_counted_over_the_answers_that_were_attempted() -> None:
    found = counts.count_cases(
        [
            result("ada", case()),
            result("bob", case(Verdict.FAILED)),
            result("cleo", case(Verdict.FAILED, variant="in float64")),
            result("eve", case(Verdict.MISSING)),
            result("fay", case(Verdict.BROKEN)),
        ]
    )
    assert [(c.passed, c.variant_only, c.wrong) for c in found] == [(1, 1, 1)]


@pytest.mark.parametrize(
    ("right", "wrong", "reading"),
    [
        (1, 4, "nearly everyone fails"),
        (5, 0, "nobody fails"),
        (2, 3, ""),
        (0, 4, ""),  # too few to say anything
    ],
)
def test_a_case_reads_as(right: int, wrong: int, reading: str) -> None:
    own = [result(f"r{i}", case()) for i in range(right)]
    own += [result(f"w{i}", case(Verdict.FAILED)) for i in range(wrong)]
    assert counts.count_cases(own)[0].reading == reading


def test_mistakes_are_ranked_and_those_without_a_name_come_last() -> None:
    wrong = case(Verdict.FAILED)
    own = [result(s, wrong) for s in ("ada", "bob", "cleo")]
    own += [result("dan", wrong, mistake="rare")]
    own += [result(s, wrong, mistake="common") for s in ("eve", "fay")]
    found = counts.count_mistakes(own)
    assert [(m.name, m.students) for m in found] == [
        ("common", ["eve", "fay"]),
        ("rare", ["dan"]),
        ("", ["ada", "bob", "cleo"]),
    ]


def test_an_answer_ten_times_as_slow_stands_out() -> None:
    own = [result(f"s{i}", case(seconds=0.1)) for i in range(5)]
    own += [result("slow", case(seconds=2.0)), result("so so", case(seconds=0.5))]
    own += [result("endless", case(Verdict.TIMED_OUT))]
    assert [(o.student, o.what) for o in outliers.find_outliers(own)] == [
        ("endless", "stopped: too long"),
        ("slow", ""),
    ]


# Likeness

OWN = [
    """
def mean(values):
    total = 0.0
    for value in values:
        total += value
    return total / max(1, len(values)) if values else float("nan")

def spread(values):
    total = [(value - mean(values)) ** 2 for value in values]
    return (sum(total) / (len(values) - 1)) ** 0.5
""",
    """
import functools, operator

def average(xs):
    n = len(xs)
    return functools.reduce(operator.add, xs, 0) * (1 / n) if n > 0 else None

both = {k: average(v) for k, v in table.items() if not k.startswith("_")}
""",
    """
class Mean:
    def __init__(self):
        self.seen, self.sum = 0, 0

    def update(self, x):
        self.seen += 1
        self.sum = self.sum + x

    def __float__(self):
        return self.sum / self.seen
""",
    """
from statistics import fmean

answer = [fmean(row) for row in zip(*table)][::-1]
assert all(isinstance(a, float) and a >= 0 for a in answer), "no mean below 0"
print("\\n".join(f"{a:>10.3f}" for a in sorted(answer, reverse=True)[:3]))
""",
]


def renamed(source: str) -> str:
    return source.replace("total", "s").replace("values", "data").replace("value", "d")


def test_a_copy_with_other_names_is_found() -> None:
    sources = dict(zip("abcd", OWN, strict=True)) | {
        "copy": "# mine\n" + renamed(OWN[0])
    }
    (found,) = likeness.find_alike(sources, "")
    assert (found.closest, found.share) == (("a", "copy"), 1.0)
    assert "total += value" in found.excerpts[0]
    assert "s += d" in found.excerpts[1]


def test_copies_of_one_another_are_shown_once() -> None:
    sources = dict(zip("abcd", OWN, strict=True)) | {"copy": OWN[0], "third": OWN[0]}
    sources |= {"other": OWN[2]}
    found = [one.students for one in likeness.find_alike(sources, "")]
    assert found == [["a", "copy", "third"], ["c", "other"]]


def test_what_was_released_is_not_alike() -> None:
    sources = {"a": OWN[0] + OWN[1], "b": OWN[0] + OWN[2], "c": OWN[3]}
    assert likeness.find_alike(sources, OWN[0]) == []
    assert likeness.find_alike(sources, "") != []


def test_what_many_share_is_not_alike() -> None:
    sources = {f"s{i}": OWN[0] for i in range(8)}
    assert likeness.find_alike(sources, "") == []


def test_submissions_without_code_are_compared_with_nobody() -> None:
    assert likeness.find_alike({"a": "", "b": "x", "c": ""}, "") == []


# Charts


def test_the_histogram_counts_everybody() -> None:
    chart = charts.histogram([0, 3, 9.99, 10], 10)
    assert (
        chart.description == "Students: 1 with 0 to 1, 1 with 3 to 4, 2 with 9 to 10."
    )


def test_a_row_of_verdicts_is_as_long_as_the_others() -> None:
    own = [{"a": "PASSED", "b": "FAILED"}, {"a": "PASSED", "b": "PASSED"}]
    bars = charts.verdict_bars(["a", "b"], own).rectangles
    wide = [sum(r.width for r in bars if r.title.startswith(n)) for n in "ab"]
    assert wide[0] == pytest.approx(wide[1])


# The whole of it


@pytest.fixture
def graded(school: School) -> Course:
    wrong = school.mistake("softmax", "wrong_axis")
    for student, answers in {
        "ada": school.right() | {"why": "Because."},
        "bob": wrong,
        "cleo": wrong,
        "eve": {},
    }.items():
        school.hand_in(student, school.notebook(answers))
    assert grade_class(school.course, TOY).problems == []
    return school.course


def test_the_report_tells_what_the_class_gets_wrong(graded: Course) -> None:
    report = facts.gather(graded, TOY)
    named = [(m.name, m.students) for m in report.mistakes]
    assert named == [("wrong axis", ["bob", "cleo"])]
    assert report.blank == ["eve"]
    assert report.waiting == ["ada"]
    assert {p.student: p.score for p in report.people}["ada"] == 6
    assert report.most == 8


def test_points_by_hand_count(graded: Course) -> None:
    from autograder.gradebook import api

    with api.gradebook(graded.root) as gradebook:
        grades = gradebook.find_submission_notebook(TOY, TOY, "ada").grades
        essay = next(g for g in grades if g.needs_manual_grade)
        essay.manual_score, essay.needs_manual_grade = 1.5, False
        gradebook.db.commit()
    report = facts.gather(graded, TOY)
    assert {p.student: p.score for p in report.people}["ada"] == 7.5
    assert report.waiting == []


def test_who_was_not_graded_or_handed_in_nothing_is_flagged(graded: Course) -> None:
    from autograder.gradebook import api

    with api.gradebook(graded.root) as gradebook:
        gradebook.update_or_create_student("zoe")
    (graded.root / "submitted" / "late" / TOY).mkdir(parents=True)
    flags = facts.gather(graded, TOY).flags
    assert {(f.student, f.kind) for f in flags} == {
        ("late", "not graded"),
        ("zoe", "missing"),
    }


class Page(HTMLParser):
    """What stands in a page: tags, and where they lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.outside: list[str] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in {"src", "href"} and not str(value).startswith("#"):
                self.outside.append(str(value))
            if name == "id":
                self.ids.append(str(value))


def hostile(report: facts.ClassReport) -> facts.ClassReport:
    report.flags = [facts.Flag(HOSTILE, "other", HOSTILE)]
    report.waiting = [HOSTILE]
    report.blank = [HOSTILE]
    report.alike = [likeness.Alike([HOSTILE], (HOSTILE, HOSTILE), 1.0, (HOSTILE,) * 2)]
    report.outliers = [outliers.Outlier(HOSTILE, HOSTILE, HOSTILE, 1, 1)]
    report.mistakes = [counts.Mistake(HOSTILE, HOSTILE, HOSTILE, [HOSTILE] * 20)]
    report.cases = [
        counts.CaseCount(HOSTILE, HOSTILE, HOSTILE, True, reasons=[HOSTILE])
    ]
    report.items = [items.Item(HOSTILE, 1, 0.5, None, 1)]
    report.people = [
        facts.Person(HOSTILE, 1, 0, {HOSTILE: 1.0}, {HOSTILE: "PASSED"}, 0)
    ]
    return report


def test_nothing_of_a_students_is_active_in_the_page(graded: Course) -> None:
    plain = Page(to_page(facts.gather(graded, TOY)))
    text = to_page(hostile(facts.gather(graded, TOY)))
    page = Page(text)
    assert plain.tags.count("script") == page.tags.count("script") == 1
    assert HOSTILE not in text
    assert text.count("&lt;script&gt;") > 20


def test_the_page_needs_nothing_but_itself(graded: Course) -> None:
    page = Page(to_page(facts.gather(graded, TOY)))
    assert page.outside == []
    assert len(page.ids) == len(set(page.ids))


def test_only_our_script_may_run(graded: Course) -> None:
    import base64
    import hashlib

    text = to_page(facts.gather(graded, TOY))
    (script,) = re.findall(r"<script>(.*?)</script>", text, flags=re.S)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in text


def test_the_command_writes_a_page_and_says_where(graded: Course) -> None:
    code, line = run("report", TOY, "--course", str(graded.root))
    assert (code, line) == (0, str(graded.root / "reports" / f"{TOY}.html"))
    assert "class report" in Path(line).read_text()


def test_the_same_as_json(graded: Course) -> None:
    root = str(graded.root)
    code, text = run("report", TOY, "--json", "--without-likeness", "--course", root)
    data = json.loads(text)
    assert code == 0
    assert data["mistakes"][0]["students"] == ["bob", "cleo"]
    assert data["alike"] is None


def test_a_report_before_grading_says_what_to_do(school: School) -> None:
    assert run("report", TOY, "--course", str(school.course.root)) == (
        2,
        f"autograder: {TOY} has no results yet; run 'autograder grade {TOY}' first.",
    )


def test_plain_test_cells_are_items(school: School) -> None:
    for student, points in {"ada": 3.0, "bob": 1.0}.items():
        made = SubmissionResult(student, "plain", "plain", "key", scores={"q1": points})
        made.notes["q1"] = "AssertionError"
        made.save(school.course.results)
    report = facts.gather(school.course, "plain")
    assert [(p.student, p.scores) for p in report.people] == [
        ("ada", {"q1": 3.0}),
        ("bob", {"q1": 1.0}),
    ]
    assert report.cases == []
    assert "test cells, not cases" in to_page(report)


def test_a_group_counts_once_and_its_members_are_not_missing(school: School) -> None:
    (school.course.root / "groups.csv").write_text("group,student\nred,ada\nred,bob\n")
    school.hand_in("ada", school.notebook(school.right()))
    assert grade_class(school.course, TOY).problems == []
    report = facts.gather(school.course, TOY)
    assert [p.student for p in report.people] == ["ada"]
    assert report.flags == []
