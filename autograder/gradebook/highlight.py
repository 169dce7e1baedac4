"""A student's code with its keywords in colour, on light and on dark pages."""

from functools import cache

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

LIGHT, DARK = "xcode", "github-dark"


def highlighted(source: str) -> Markup:
    """Code as HTML; Pygments escapes it."""
    made = highlight(source, PythonLexer(stripnl=True), HtmlFormatter(nowrap=True))
    return Markup(made)


@cache
def styles() -> str:
    """The style sheet, for code in `.code`."""
    light, dark = (
        HtmlFormatter(style=style, nobackground=True).get_style_defs(".code")
        for style in (LIGHT, DARK)
    )
    return f"{light}\n@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}\n"
