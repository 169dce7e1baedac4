"""A verdict as text, for terminals and for nbgrader's feedback: signs plus words."""

import textwrap

from ..verdicts import CaseResult, ExerciseResult, Verdict

WIDTH = 79
SIGNS = {Verdict.PASSED: "✓", Verdict.MISSING: "·", Verdict.SKIPPED: "–"}
AS_ABOVE = "As above."
UNTOUCHED = "The stub is untouched: replace the line that raises."


def to_text(result: ExerciseResult) -> str:
    """The report of one exercise."""
    lines = [_title(result), "─" * WIDTH]
    if is_untouched(result):
        return "\n".join([*lines, UNTOUCHED])
    widest = max((len(c.verdict) for c in result.cases), default=0)
    repeated = repeats(result)
    for case in result.cases:
        lines += _case(case, widest, case.name in repeated)
    if result.hint:
        lines += ["", *_wrapped(f"Hint: this behaves like “{result.misconception}”.")]
        lines += _wrapped(result.hint, "      ")
    for flag in result.flags:
        lines += ["", *_wrapped(f"Note: {flag}", "      ", first="")]
    return "\n".join(lines)


def is_untouched(result: ExerciseResult) -> bool:
    """Whether nothing was written yet, in any case."""
    return bool(result.cases) and all(
        c.verdict == Verdict.MISSING for c in result.cases
    )


def summary(result: ExerciseResult) -> str:
    """Cases and points in a line."""
    passed = sum(c.verdict == Verdict.PASSED for c in result.cases)
    cases = "case" if len(result.cases) == 1 else "cases"
    points = "point" if result.points == 1 else "points"
    return (
        f"{passed} of {len(result.cases)} {cases}, "
        f"{result.score:g} of {result.points:g} {points}"
    )


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
    text = text[:1].upper() + text[1:]
    return text if text[-1:] in ".!?)" or ", line " in text else f"{text}."


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
    lines = _wrapped(case.sentence, indent, first=head)
    wrong = case.mismatch
    if wrong is None:
        return lines
    if repeated:
        return [*lines, indent + AS_ABOVE]
    lines += _wrapped(explanation(case), indent)
    if wrong.expected or wrong.got:
        hanging = indent + "            "
        lines += _wrapped(wrong.expected, hanging, first=indent + "  expected  ")
        lines += _wrapped(wrong.got, hanging, first=indent + "  got       ")
    for detail in wrong.details:
        lines += _wrapped(as_sentence(detail), indent)
    return lines


def _wrapped(text: str, indent: str = "", first: str | None = None) -> list[str]:
    first = indent if first is None else first
    lines = textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )
    return lines or [first.rstrip()]
