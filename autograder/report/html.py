"""A verdict as HTML for Jupyter: readable on light and dark pages, and when read aloud.

Everything from an answer is escaped and shortened. Styles stand in the elements,
because feedback pages and some viewers drop style sheets; text takes the page's own
colour, and only badges, whose white letters bring their own background, are coloured.
"""

from collections.abc import Iterator
from html import escape

from ..explain import Mismatch, shortened
from ..verdicts import CaseResult, ExerciseResult, Verdict
from .curves import curves
from .pictures import pictures
from .text import (
    AS_ABOVE,
    LONGEST,
    SIGNS,
    explanation,
    missing,
    remarks,
    repeats,
    summary,
    timing,
)

# White letters on each have a contrast of at least 4.5.
GREEN, RED, GREY, OCHRE = "#1a7f37", "#c4342b", "#656d76", "#8f5e00"
COLOURS = {
    Verdict.PASSED: GREEN,
    Verdict.MISSING: GREY,
    Verdict.SKIPPED: GREY,
    Verdict.TIMED_OUT: OCHRE,
    Verdict.OUT_OF_MEMORY: OCHRE,
    Verdict.BROKEN: OCHRE,
}
LINE = "1px solid rgba(128,128,128,.35)"
FAINT = "opacity:.75"
SMALL = "font-size:.9em"
BARE = "float:none;width:auto;font-weight:400"  # JupyterLab floats what a list holds
SIDE_BY_SIDE = 30  # characters of two values that fit a line
MONO = (
    "font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.92em"
)


def to_html(result: ExerciseResult) -> str:
    """The report of one exercise."""
    parts = [_header(result), _hint(result)]
    if absence := missing(result):
        parts.append(_paragraph(absence))
    else:
        cases = "".join(_cases(result))
        style = "list-style:none;margin:.5em 0 0;padding:0"
        parts.append(f'<ul style="{style}">{cases}</ul>')
    if taken := timing(result):
        parts.append(_paragraph(taken, f"{SMALL};{FAINT}"))
    for flag in result.flags:
        parts.append(_paragraph(f"Note: {flag}", f"{SMALL};{FAINT}"))
    label = escape(f"Check of {result.name}: {result.verdict}", quote=True)
    style = (
        f"border:{LINE};border-radius:8px;padding:.7em 1em .5em;margin:.4em 0;"
        "max-width:46em;line-height:1.45"
    )
    return f'<section aria-label="{label}" style="{style}">{"".join(parts)}</section>'


def _header(result: ExerciseResult) -> str:
    return (
        '<div style="display:flex;flex-wrap:wrap;align-items:baseline;gap:.3em .8em">'
        f'<strong style="{MONO};font-size:1.1em">{_shown(result.name)}</strong>'
        f"{_badge(result.verdict)}"
        f'<span style="margin-left:auto;{FAINT}">{summary(result)}</span></div>'
    )


def _badge(verdict: Verdict) -> str:
    colour = COLOURS.get(verdict, RED)
    style = (
        f"background:{colour};color:#fff;border-radius:1em;padding:.1em .7em;"
        "font-size:.78em;font-weight:600;letter-spacing:.03em;white-space:nowrap"
    )
    sign = f'<span aria-hidden="true">{SIGNS.get(verdict, "✗")} </span>'
    return f'<span style="{style}">{sign}{_words(verdict)}</span>'


def _words(verdict: Verdict) -> str:
    return str(verdict).replace("_", " ")


def _cases(result: ExerciseResult) -> Iterator[str]:
    """List items; only the first wrong case has pictures, or they bury the words."""
    repeated = repeats(result)
    pictured = False
    for case in result.cases:
        if case.name in repeated:
            yield _item(case, _paragraph(AS_ABOVE))
            continue
        shown = "" if pictured else _excerpt(case.mismatch)
        pictured = pictured or bool(shown)
        yield _item(case, _mismatch(case) + shown)


def _excerpt(wrong: Mismatch | None) -> str:
    if wrong is None or wrong.excerpt is None:
        return ""
    draw = curves if wrong.excerpt.expected.dim() == 1 else pictures
    return draw(wrong.excerpt)


def _item(case: CaseResult, below: str) -> str:
    style = (
        f"margin:0;padding:.3em 0;border-top:{LINE};display:flex;flex-wrap:wrap;"
        "gap:.2em .8em;align-items:baseline"
    )
    passed = case.verdict == Verdict.PASSED
    state = f'<span style="{FAINT}">✓ passed</span>' if passed else _badge(case.verdict)
    return (
        f'<li style="{style}">'
        f'<div style="flex:0 0 6.4em;text-align:right">{state}</div>'
        '<div style="flex:1 1 16em;min-width:0">'
        f"{_shown(case.sentence)}{below}</div></li>"
    )


def _mismatch(case: CaseResult) -> str:
    wrong = case.mismatch
    if wrong is None:
        return ""
    parts = [_paragraph(explanation(case), "font-weight:600")]
    if wrong.expected or wrong.got:
        parts.append(_table(wrong.expected, wrong.got))
    parts += [_paragraph(remark) for remark in remarks(wrong)]
    return "".join(parts)


def _paragraph(text: str, style: str = "") -> str:
    wrap = "margin:.3em 0 0;overflow-wrap:anywhere"
    return f'<p style="{wrap};{style}">{_shown(text)}</p>'


def _shown(text: str) -> str:
    """An answer's words, or ours: escaped, and no longer than anybody reads."""
    return escape(shortened(text, LONGEST))


def _table(expected: str, got: str) -> str:
    """Two labelled values: side by side if they are short."""
    short = len(expected) + len(got) <= SIDE_BY_SIDE
    columns = "repeat(3,max-content) 1fr" if short else "max-content 1fr"
    rows = "".join(
        f'<dt style="{FAINT};{BARE};margin:0 0 0 {left}">{label}</dt>'
        f'<dd style="{BARE};margin:0;overflow-wrap:anywhere;{MONO}">'
        f"{_shown(value)}</dd>"
        for label, value, left in (
            ("expected", expected, "0"),
            ("got", got, "1.2em" if short else "0"),
        )
    )
    style = (
        f"display:grid;grid-template-columns:{columns};gap:.1em .9em;"
        "align-items:baseline;"
        "margin:.4em 0 0;padding:.4em .8em;border-radius:5px;"
        "width:auto;box-sizing:border-box;background:rgba(128,128,128,.12)"
    )
    return f'<dl style="{style}">{rows}</dl>'


def _hint(result: ExerciseResult) -> str:
    if not result.hint:
        return ""
    style = (
        "margin:.8em 0 0;padding:.6em .9em;border-left:4px solid #d29922;"
        "border-radius:0 5px 5px 0;background:rgba(210,153,34,.14)"
    )
    return (
        f'<div role="note" style="{style}"><strong>Hint.</strong> This behaves like '
        f"<em>{_shown(result.misconception)}</em>. {escape(result.hint)}</div>"
    )
