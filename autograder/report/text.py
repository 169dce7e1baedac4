"""A verdict as text, for terminals and for nbgrader's feedback."""

import textwrap

from ..verdicts import CaseResult, ExerciseResult, Verdict

WIDTH = 79
SIGNS = {Verdict.PASSED: "✓", Verdict.MISSING: "·", Verdict.SKIPPED: "–"}
WIDEST = max(len(v) for v in Verdict)


def to_text(result: ExerciseResult) -> str:
    """The report of one exercise."""
    passed = sum(c.verdict == Verdict.PASSED for c in result.cases)
    title = (
        f"{result.name}: {result.verdict}   {passed} of {len(result.cases)} cases"
        f"   {result.score:g} of {result.points:g} points"
    )
    lines = [title, "─" * min(len(title), WIDTH)]
    if result.verdict == Verdict.MISSING:
        lines.append("The stub is untouched: replace the line that raises.")
        return "\n".join(lines)
    for case in result.cases:
        lines += _case(case)
    if result.hint:
        lines += ["", *_wrapped(f"Hint ({result.misconception}): {result.hint}", "  ")]
    lines += [line for flag in result.flags for line in _wrapped(f"Note: {flag}", "  ")]
    return "\n".join(lines)


def _case(case: CaseResult) -> list[str]:
    sign = SIGNS.get(case.verdict, "✗")
    head = f"{sign} {case.verdict:<6}  "
    lines = _wrapped(head + case.sentence, " " * len(head), first="")
    wrong = case.mismatch
    if wrong is None:
        return lines
    where = f" {case.variant}" if case.variant else ""
    about = f"right on plain input, but{where}: " if case.variant else ""
    lines += _wrapped(about + wrong.sentence, "    ")
    if wrong.expected or wrong.got:
        lines.append(f"      expected  {wrong.expected}")
        lines.append(f"      got       {wrong.got}")
    for detail in wrong.details:
        lines += _wrapped(detail, "    ")
    return lines


def _wrapped(text: str, indent: str, first: str | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
    )
