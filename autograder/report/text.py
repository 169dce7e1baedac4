"""A verdict as text, for terminals and for nbgrader's feedback: signs plus words."""

import textwrap

from ..explain import Mismatch, shortened
from ..verdicts import CaseResult, ExerciseResult, Verdict

WIDTH = 79
SIGNS = {Verdict.PASSED: "✓", Verdict.MISSING: "·", Verdict.SKIPPED: "–"}
AS_ABOVE = "As above."
UNTOUCHED = "The stub is untouched: replace the line that raises."
STUB = "error:NotImplementedError"
SHORT, COMPARABLE = 0.01, 0.1  # seconds: less is noise; enough for a ratio
LONGEST = 700  # characters of a sentence; an answer's own words are in some


def to_text(result: ExerciseResult) -> str:
    """The report of one exercise."""
    lines = [_title(result), "─" * WIDTH]
    if absence := missing(result):
        return "\n".join([*lines, *wrapped(absence)])
    widest = max((len(c.verdict) for c in result.cases), default=0)
    repeated = repeats(result)
    for case in result.cases:
        lines += _case(case, widest, case.name in repeated)
    if result.hint:
        lines += ["", *wrapped(f"Hint: this behaves like “{result.misconception}”.")]
        lines += wrapped(result.hint, "      ")
    if taken := timing(result):
        lines += ["", taken]
    for flag in result.flags:
        lines += [
            "",
            *wrapped(f"Note: {shortened(flag, LONGEST)}", "      ", first=""),
        ]
    return "\n".join(lines)


def missing(result: ExerciseResult) -> str:
    """Why there is nothing to check, in words; "" if there is something."""
    if not result.cases or any(c.verdict != Verdict.MISSING for c in result.cases):
        return ""
    first = result.cases[0].mismatch
    if first is None or first.code == STUB:
        return UNTOUCHED
    return as_sentence(first.sentence)


def summary(result: ExerciseResult) -> str:
    """Cases and points in a line."""
    passed = sum(c.verdict == Verdict.PASSED for c in result.cases)
    cases = "case" if len(result.cases) == 1 else "cases"
    points = "point" if result.points == 1 else "points"
    return (
        f"{passed} of {len(result.cases)} {cases}, "
        f"{result.score:g} of {result.points:g} {points}"
    )


def timing(result: ExerciseResult) -> str:
    """What the cases that passed took, beside the reference; "" if it is not known."""
    timed = [c for c in result.cases if c.verdict == Verdict.PASSED]
    own = sum(c.seconds for c in timed)
    reference = sum(c.reference_seconds for c in timed)
    if not (own and reference):
        return ""
    if max(own, reference) < SHORT:
        return f"Time: under {_duration(SHORT)}, as the reference's."
    times = own / reference
    ratio = f" ({times:.0f} times)" if times >= 2 and own >= COMPARABLE else ""
    return f"Time: {_duration(own)}, the reference's {_duration(reference)}{ratio}."


def _duration(seconds: float) -> str:
    value, unit = (seconds, "s") if seconds >= 1 else (1000 * seconds, "ms")
    return f"{value:.0f} {unit}" if value >= 10 else f"{value:.2g} {unit}"


def explanation(case: CaseResult) -> str:
    """What is wrong with a case, as a sentence."""
    if case.mismatch is None:
        return ""
    wrong = case.mismatch.sentence
    if case.variant:
        wrong = f"right on plain input, but {case.variant} {wrong}"
    return as_sentence(wrong)


def as_sentence(text: str) -> str:
    """With a capital and a full stop; a line of code keeps its own end."""
    text = shortened(text, LONGEST)
    text = text[:1].upper() + text[1:]
    return text if text[-1:] in ".!?)" or ", line " in text else f"{text}."


def remarks(wrong: Mismatch) -> list[str]:
    """What is right, and what the difference looks like."""
    return [as_sentence(text) for text in (wrong.agreed, *wrong.details) if text]


def repeats(result: ExerciseResult) -> set[str]:
    """Names of the cases that are wrong just as the case before them is."""
    found = set()
    before = None
    for case in result.cases:
        wrong = case.mismatch
        own = wrong and (explanation(case), wrong.expected, wrong.got, wrong.details)
        if own and own == before:
            found.add(case.name)
        before = own or before
    return found


def _title(result: ExerciseResult) -> str:
    left = f"{result.name}   {SIGNS.get(result.verdict, '✗')} {result.verdict}"
    right = summary(result)
    gap = max(3, WIDTH - len(left) - len(right))
    return left + " " * gap + right


def _case(case: CaseResult, widest: int, repeated: bool) -> list[str]:
    head = f"{SIGNS.get(case.verdict, '✗')} {case.verdict:<{widest}}  "
    indent = " " * len(head)
    lines = wrapped(case.sentence, indent, first=head)
    wrong = case.mismatch
    if wrong is None:
        return lines
    if repeated:
        return [*lines, indent + AS_ABOVE]
    lines += wrapped(explanation(case), indent)
    if wrong.expected or wrong.got:
        hanging = indent + "            "
        for label, value in (("expected", wrong.expected), ("got", wrong.got)):
            first = f"{indent}  {label:<8}  "
            lines += wrapped(shortened(value, LONGEST), hanging, first=first)
    for detail in remarks(wrong):
        lines += wrapped(detail, indent)
    return lines


def wrapped(text: str, indent: str = "", first: str | None = None) -> list[str]:
    """Lines of a paragraph: the first begins with `first`, all others with `indent`."""
    first = indent if first is None else first
    lines = textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )
    return lines or [first.rstrip()]
