"""Markdown with formulas as HTML that runs nothing and loads nothing.

Formulas become MathML, which every browser draws without help: latex2mathml makes it (a
small library in pure Python; KaTeX and MathJax need a browser, matplotlib's mathtext
knows less TeX and gives pictures that no screen reader reads). What it makes is written
anew here, element by element, as it lets HTML in `\\text{}` and links through. Raw HTML
is shown as text, pictures only if they are attached.
"""

import html
import re
from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

from mistune import HTMLRenderer, Markdown
from mistune.plugins.math import math
from mistune.plugins.table import table

LONGEST_FORMULA = 600  # characters
MOST_FORMULAS = 300
PICTURES = ("image/png", "image/jpeg")
WEB = ("http://", "https://", "mailto:")
ELEMENTS = {
    *("math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "ms", "mstyle", "mpadded"),
    *("mfrac", "msqrt", "mroot", "msub", "msup", "msubsup", "munder", "mover"),
    *("munderover", "mtable", "mtr", "mtd", "mphantom", "merror", "menclose"),
}
ATTRIBUTES = {
    *("display", "displaystyle", "scriptlevel", "mathvariant", "stretchy", "accent"),
    *("fence", "form", "separator", "linethickness", "columnalign", "rowspacing"),
    *("columnspacing", "width", "height", "depth", "minsize", "maxsize", "notation"),
    *("lspace", "rspace", "movablelimits", "largeop", "symmetric"),
}
PLAIN = re.compile(r"[\w.%+ -]{0,40}")


def to_html(text: str, attachments: Mapping[str, Mapping[str, str]] = {}) -> str:
    """A text of anybody's as HTML.

    Args:
        text: Markdown, formulas between dollar signs.
        attachments: pictures of its cell: name -> type -> base64.
    """
    renderer = _Words(attachments)
    return str(Markdown(renderer, plugins=[math, table, renderer.formulas])(text))


class _Words(HTMLRenderer):  # type: ignore[misc, unused-ignore]
    def __init__(self, attachments: Mapping[str, Mapping[str, str]]) -> None:
        super().__init__(escape=True)
        self._attachments, self._left = attachments, MOST_FORMULAS

    def formulas(self, markdown: Any) -> None:
        """Draw what mistune's own plugin has found."""
        self.register("inline_math", lambda own, tex: self._formula(tex, "inline"))
        self.register("block_math", lambda own, tex: self._formula(tex, "block"))

    def _formula(self, tex: str, display: str) -> str:
        self._left -= 1
        if self._left < 0:
            return f"<code>{html.escape(tex)}</code>"
        return formula(tex, display)

    def link(self, text: str, url: str, title: str | None = None) -> str:
        if not url.lower().startswith(WEB):
            return text
        return f'<a rel="noopener noreferrer" href="{html.escape(url)}">{text}</a>'

    def image(self, text: str, url: str, title: str | None = None) -> str:
        alt = html.escape(re.sub(r"<[^>]*>", "", text), quote=True)
        found = self._attachments.get(url.removeprefix("attachment:"), {})
        for kind in PICTURES:
            if data := found.get(kind):
                source = f"data:{kind};base64,{''.join(str(data).split())}"
                return f'<img alt="{alt}" src="{html.escape(source)}">'
        return f"<em>[picture: {alt}]</em>"

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        level = min(6, level + 3)  # below the page's own
        return f"<h{level}>{text}</h{level}>\n"


def formula(tex: str, display: str = "inline") -> str:
    """TeX as MathML; as it is written where it cannot be read."""
    from latex2mathml.converter import convert_to_element

    try:
        if len(tex) > LONGEST_FORMULA:
            raise ValueError("too long")
        # Of LaTeX's names for it latex2mathml knows this one.
        made = convert_to_element(tex.replace("{aligned}", "{align*}"), display=display)
        return _written(made)
    except Exception:  # IndexError, RecursionError and its own kinds
        return f"<code>{html.escape(tex)}</code>"


def _written(element: Element) -> str:
    inside = html.escape(html.unescape(element.text or ""))
    inside += "".join(map(_written, element))
    tail = html.escape(html.unescape(element.tail or ""))
    if element.tag not in ELEMENTS:
        return inside + tail
    attributes = "".join(
        f' {name}="{value}"'
        for name, value in element.attrib.items()
        if name in ATTRIBUTES and PLAIN.fullmatch(value)
    )
    return f"<{element.tag}{attributes}>{inside}</{element.tag}>{tail}"
