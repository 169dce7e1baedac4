"""The class report as one HTML page that needs nothing but itself.

What students wrote is escaped by the template engine, and a content policy lets no
script run but ours. Leaves out links: the page may be opened anywhere.
"""

import base64
import hashlib
from pathlib import Path

from markupsafe import Markup

from ..report.table import LETTERS
from ..report.templates import environment
from .charts import VERDICTS, histogram, verdict_bars
from .facts import ClassReport

TEMPLATES = Path(__file__).parent / "templates"
MANY = 12  # students that are listed before the rest is folded


def to_page(report: ClassReport) -> str:
    """The page."""
    templates = environment(TEMPLATES)
    templates.filters["figure"] = figure
    templates.filters["percent"] = percent
    templates.filters["breakable"] = breakable
    style, script = _text("page.css"), _text("sort.js")
    exercises = [i.name for i in report.items if _is_exercise(report, i.name)]
    return templates.get_template("page.html.jinja").render(
        report=report,
        style=Markup(style),
        script=Markup(script),
        script_hash=_hash(script),
        scores=histogram([p.score for p in report.people], report.most),
        verdicts=verdict_bars(exercises, [p.verdicts for p in report.people]),
        used=[
            v for v in VERDICTS if any(v in p.verdicts.values() for p in report.people)
        ],
        letters={str(v): letter for v, letter in LETTERS.items()},
        many=MANY,
        late=any(p.penalty for p in report.people),
        hard=[c for c in report.cases if c.reading.startswith("nearly")],
        easy=[c for c in report.cases if c.reading.startswith("nobody")],
        named=[m for m in report.mistakes if m.name],
        unnamed=[m for m in report.mistakes if not m.name],
    )


def _text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    """As a content policy names a script."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _is_exercise(report: ClassReport, name: str) -> bool:
    return any(p.verdicts.get(name) in VERDICTS for p in report.people)


def figure(value: float | None, digits: int = 2) -> str:
    """A number with so many digits after the point at most; a dash if undefined."""
    if value is None:
        return "–"
    return f"{value:.{digits}f}".rstrip("0").rstrip(".") or "0"


def percent(value: float | None) -> str:
    """A share; a dash if undefined."""
    return "–" if value is None else f"{100 * value:.0f} %"


def breakable(name: str) -> Markup:
    """A name that may be broken after an underscore."""
    return Markup("<wbr>").join(f"{part}_" for part in name.split("_"))[:-1]


def page_path(root: Path, assignment: str) -> Path:
    """Where the report of an assignment lies in a course directory."""
    return root / "reports" / f"{assignment}.html"
