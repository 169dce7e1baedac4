"""Reports say the same in a terminal and in Jupyter, and escape what students write."""

import re
import struct
import zlib
from html.parser import HTMLParser

import pytest
import torch

from autograder.excerpt import Excerpt, excerpt
from autograder.explain import Mismatch
from autograder.report import to_html, to_text
from autograder.report.curves import curves
from autograder.report.html import GREEN, GREY, OCHRE, RED
from autograder.report.pictures import pictures, rgb_png
from autograder.verdicts import CaseResult, ExerciseResult, Verdict

RULE = "─" * 79
EVIL = "<script>alert('&')</script>"


def result(*cases, **fields):
    return ExerciseResult("softmax", 3, list(cases), **fields)


def case(verdict, mismatch=None, sentence="Rows sum to one.", **fields):
    name = fields.pop("name", sentence)
    return CaseResult(name, sentence, verdict, mismatch=mismatch, **fields)


WRONG = Mismatch(
    "value",
    "the output is wrong in 2 of 6 values, worst at [0, 1]",
    "0.25",
    "0.5",
    ["your values are 2 times the expected ones, everywhere"],
)

TEXTS = {
    "passed": (
        result(case(Verdict.PASSED)),
        """\
softmax   ✓ PASSED                                   1 of 1 case, 3 of 3 points
{rule}
✓ PASSED  Rows sum to one.""",
    ),
    "missing": (
        result(case(Verdict.MISSING), case(Verdict.MISSING, sentence="More.")),
        """\
softmax   · MISSING                                 0 of 2 cases, 0 of 3 points
{rule}
The stub is untouched: replace the line that raises.""",
    ),
    "values": (
        result(case(Verdict.PASSED), case(Verdict.FAILED, WRONG, "No overflow.")),
        """\
softmax   ✗ FAILED                                1 of 2 cases, 1.5 of 3 points
{rule}
✓ PASSED  Rows sum to one.
✗ FAILED  No overflow.
          The output is wrong in 2 of 6 values, worst at [0, 1].
            expected  0.25
            got       0.5
          Your values are 2 times the expected ones, everywhere.""",
    ),
    "a variant": (
        result(
            case(
                Verdict.FAILED,
                Mismatch(
                    "dtype", "the output has the wrong dtype", "float64", "float32"
                ),
                variant="with float64 input",
            )
        ),
        """\
softmax   ✗ FAILED                                 0 of 1 case, 1.5 of 3 points
{rule}
✗ FAILED  Rows sum to one.
          Right on plain input, but with float64 input the output has the wrong
          dtype.
            expected  float64
            got       float32""",
    ),
    "an error, a stub, and a hint": (
        result(
            case(
                Verdict.ERRORED,
                Mismatch(
                    "error:ValueError",
                    "your answer raised ValueError: no!",
                    details=["in softmax, line 2: raise ValueError('no!')"],
                ),
            ),
            case(Verdict.MISSING, sentence="The other function, too."),
            misconception="forgets the sum",
            hint="You forget to divide. " * 5,
        ),
        """\
softmax   ✗ ERRORED                                 0 of 2 cases, 0 of 3 points
{rule}
✗ ERRORED  Rows sum to one.
           Your answer raised ValueError: no!
           In softmax, line 2: raise ValueError('no!')
· MISSING  The other function, too.

Hint: this behaves like “forgets the sum”.
      You forget to divide. You forget to divide. You forget to divide. You
      forget to divide. You forget to divide.""",
    ),
    "the same twice": (
        result(
            case(Verdict.FAILED, WRONG, "One."),
            case(Verdict.FAILED, WRONG, "Two."),
            flags=["a cell was skipped"],
        ),
        """\
softmax   ✗ FAILED                                  0 of 2 cases, 0 of 3 points
{rule}
✗ FAILED  One.
          The output is wrong in 2 of 6 values, worst at [0, 1].
            expected  0.25
            got       0.5
          Your values are 2 times the expected ones, everywhere.
✗ FAILED  Two.
          As above.

Note: a cell was skipped""",
    ),
}


@pytest.mark.parametrize(("shown", "text"), TEXTS.values(), ids=TEXTS)
def test_text(shown, text):
    assert to_text(shown) == text.format(rule=RULE)


@pytest.mark.parametrize("shown", [t[0] for t in TEXTS.values()], ids=TEXTS)
def test_text_fits_a_terminal(shown):
    assert max(map(len, to_text(shown).splitlines())) <= 79


class Page(HTMLParser):
    """Reads a page; counts what is open, and collects the words."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.words = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in {"img", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words += data + " "


@pytest.mark.parametrize("shown", [t[0] for t in TEXTS.values()], ids=TEXTS)
def test_html_is_well_formed(shown):
    assert Page(to_html(shown)).open == []


def plain_words(text):
    return set(re.findall(r"[A-Za-z0-9]+", text.lower()))


@pytest.mark.parametrize("shown", [t[0] for t in TEXTS.values()], ids=TEXTS)
def test_html_says_what_text_says(shown):
    assert plain_words(to_text(shown)) <= plain_words(Page(to_html(shown)).words)


def test_everything_is_escaped():
    evil = Mismatch(EVIL, EVIL, EVIL, EVIL, [EVIL])
    shown = result(
        case(Verdict.FAILED, evil, EVIL), misconception=EVIL, hint=EVIL, flags=[EVIL]
    )
    shown.name = EVIL
    tags = {tag for tag, _ in Page(to_html(shown)).tags}
    assert "script" not in tags


def test_a_screen_reader_hears_the_verdict_first():
    tag, attributes = Page(to_html(TEXTS["values"][0])).tags[0]
    assert (tag, attributes["aria-label"]) == ("section", "Check of softmax: FAILED")


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("colour", [GREEN, RED, GREY, OCHRE])
def test_white_letters_can_be_read_on_every_badge(colour):
    assert 1.05 / (luminance(colour) + 0.05) >= 4.5


# Pictures


def test_a_png_holds_the_pixels():
    pixels = torch.arange(2 * 3 * 3, dtype=torch.uint8).reshape(2, 3, 3)
    data = rgb_png(pixels)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", data[16:24]) == (3, 2)
    start = data.index(b"IDAT") + 4
    rows = zlib.decompress(data[start : data.index(b"IEND") - 8])
    assert rows == b"\0" + bytes(range(9)) + b"\0" + bytes(range(9, 18))


def shown_as_picture(expected, got):
    page = pictures(Excerpt(expected.double(), got.double(), (0, 1)))
    return [a["alt"] for t, a in Page(page).tags if t == "img"]


def test_pictures_have_words():
    expected = torch.arange(64.0).reshape(8, 8)
    assert shown_as_picture(expected, expected.T) == [
        "expected values as a picture, black 0, white 63",
        "got values as a picture, black 0, white 63",
        "difference values as a picture, orange 49",
    ]


STRANGE = {
    "nan": torch.full((8, 7), torch.nan),
    "infinite": torch.full((8, 7), torch.inf),
    "constant": torch.ones(8, 7),
    "huge": torch.full((8, 7), 1e308, dtype=torch.float64),
}


@pytest.mark.parametrize("got", STRANGE.values(), ids=STRANGE)
def test_strange_values_can_be_pictured(got):
    assert len(shown_as_picture(torch.ones(8, 7), got)) == 3


@pytest.mark.parametrize("got", STRANGE.values(), ids=STRANGE)
def test_strange_values_can_be_drawn_as_a_curve(got):
    drawn = curves(Excerpt(torch.ones(7).double(), got[0].double(), (3,)))
    places = re.findall(r"[ML]([0-9.-]+) ([0-9.-]+)", drawn)
    assert len(places) >= 7  # of what was expected
    for x, y in places:
        assert 0 <= float(x) <= 440
        assert 0 <= float(y) <= 130


def test_a_curve_has_words_and_lines_that_differ_without_colour():
    shown = Excerpt(torch.zeros(9), torch.arange(9.0), (8,), "[1, :]")
    page = Page(curves(shown))
    assert page.open == []
    assert "Expected and got as curves over 9 values" in page.words
    assert "0 is expected and 8 came" in page.words
    assert "shown is [1, :]" in page.words
    assert sum("stroke-dasharray" in a for t, a in page.tags if t == "path") == 2


def test_a_small_matrix_is_shown_in_figures():
    words = Page(pictures(Excerpt(torch.eye(2), torch.ones(2, 2), (0, 1)))).words
    assert " ".join(words.split()) == (
        "expected 1 0 0 1 got 1 1 1 1 Underlined: the worst element."
    )


PARTS = {
    "a matrix": ((8, 9), (3, 4), (8, 9), "", (3, 4)),
    "one of many": ((2, 3, 8, 9), (1, 2, 3, 4), (8, 9), "[1, 2, :, :]", (3, 4)),
    "a large one": ((200, 9), (150, 4), (64, 9), "[118:182, :]", (32, 4)),
    "a row": ((1, 9), (0, 4), (9,), "", (4,)),
    "a column of many": ((4, 9, 1), (2, 7, 0), (4, 9), "", (2, 7)),
    "a long sequence": ((1000,), (999,), (240,), "[760:1000]", (239,)),
}


@pytest.mark.parametrize(
    ("shape", "place", "size", "part", "inside"), PARTS.values(), ids=PARTS
)
def test_what_is_shown_holds_the_worst_element(shape, place, size, part, inside):
    expected, got = torch.zeros(shape), torch.zeros(shape)
    got[place] = 1
    shown = excerpt(expected, got, int(got.flatten().argmax()))
    assert (tuple(shown.got.shape), shown.part) == (size, part)
    assert shown.worst == inside
    assert float(shown.got[inside]) == 1


@pytest.mark.parametrize("shape", [(), (1,), (3,), (1, 1, 3), (0,), (0, 5)])
def test_what_is_told_better_in_figures_is_not_shown(shape):
    assert excerpt(torch.zeros(shape), torch.ones(shape), 0) is None


def test_only_the_first_wrong_case_is_pictured():
    def wrong(text):
        shown = Excerpt(torch.ones(8, 8), torch.zeros(8, 8))
        return Mismatch("value", text, excerpt=shown)

    shown = result(
        case(Verdict.FAILED, wrong("a"), "One."),
        case(Verdict.FAILED, wrong("b"), "Two."),
    )
    assert to_html(shown).count("<img ") == 3


# Time, absence, length


TIMES = {
    "too short to measure": (0.004, 0.001, "Time: under 10 ms, as the reference's."),
    "alike": (0.15, 0.12, "Time: 150 ms, the reference's 120 ms."),
    "slower": (1.5, 0.1, "Time: 1.5 s, the reference's 100 ms (15 times)."),
}


@pytest.mark.parametrize(("own", "reference", "text"), TIMES.values(), ids=TIMES)
def test_the_time_stands_beside_the_reference(own, reference, text):
    passed = case(Verdict.PASSED, seconds=own, reference_seconds=reference)
    wrong = case(Verdict.FAILED, WRONG, seconds=9.0, reference_seconds=1.0)
    assert to_text(result(passed, wrong)).endswith(text)
    assert text in Page(to_html(result(passed, wrong))).words


def test_a_function_that_is_gone_is_not_called_an_untouched_stub():
    gone = Mismatch("MISSING", "the notebook does not define softmax")
    shown = result(case(Verdict.MISSING, gone), case(Verdict.MISSING, gone, "More."))
    for text in (to_text(shown), Page(to_html(shown)).words):
        assert "The notebook does not define softmax." in text
        assert "stub" not in text


def test_an_answer_cannot_fill_the_page():
    long = "x<" * 100_000
    shown = result(
        case(Verdict.FAILED, Mismatch(long, long, long, long, [long])), flags=[long]
    )
    assert len(to_html(shown)) < 20_000
    assert len(to_text(shown)) < 20_000


def test_results_survive_json():
    shown = TEXTS["an error, a stub, and a hint"][0]
    assert ExerciseResult.from_json(shown.to_json()) == shown
