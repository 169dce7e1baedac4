"""Sphinx's settings: the pages of the repository, and a reference made of docstrings.

The pages stay where they are, so a link works on the site as in the repository.
Nothing on the site is fetched from outside; it can be read from a folder.
"""

import inspect
from typing import Any

from pygments.lexers.special import TextLexer

from course import __version__

project = "Deep-learning course"
author = "The deep-learning-course authors"
copyright = author
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
]
root_doc = "README"
include_patterns = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/**"]
exclude_patterns = ["docs/pictures"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
nitpicky = False  # types such as "(N, C) float32" are prose, not references

myst_heading_anchors = 4  # named as the repository view names them
myst_enable_extensions = ["html_image"]

autodoc_member_order = "groupwise"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
default_role = "code"  # docstrings mark names as Markdown does

html_theme = "furo"
html_title = "Deep-learning course"
html_show_sphinx = False
html_copy_source = False
html_additional_pages = {"index": "index.html"}  # leads to README
html_static_path = ["static"]
html_css_files = ["site.css"]
templates_path = ["templates"]

PARTS = {
    "Students": ["docs/student"],
    "Instructors": [
        "docs/instructor",
        "docs/distributed",
        "docs/speed",
        "docs/results",
    ],
    "CI": ["docs/ci"],
    "Authors": ["docs/authoring", "CONTRIBUTING", "CHANGELOG"],
    "Security": ["docs/security", "docs/attacks"],
    "Reference": ["docs/site/autograder", "docs/site/course"],
}
TREE = """
```{{toctree}}
:hidden:
:caption: {}

{}
```
"""


def add_contents(app: Any, docname: str, source: list[str]) -> None:
    """Add the table of contents, which is for the site alone, to the first page."""
    if docname != root_doc:
        return
    named = {page for pages in PARTS.values() for page in pages}
    others = sorted(app.env.found_docs - named - {root_doc})
    for caption, pages in (PARTS | {"More": others}).items():
        if pages:
            source[0] += TREE.format(caption, "\n".join(pages))


def mark_code(
    app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Mark indented blocks as code, as Markdown does; sections follow no empty line."""
    marked: list[str] = []
    text = ""  # the last line that is not empty
    for number, line in enumerate(lines):
        after_empty = number > 0 and not lines[number - 1].strip()
        if line.startswith("    ") and after_empty and not text.startswith(" "):
            marked += ["::", ""]
        marked.append(line)
        text = line or text
    lines[:] = marked


def keep_colons(
    app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Undo what napoleon does to a property: words before a colon are no type."""
    if what == "property":
        lines[:] = inspect.cleandoc(obj.__doc__ or "").splitlines()


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.add_lexer("csv", TextLexer)
    app.connect("source-read", add_contents)
    app.connect("autodoc-process-docstring", mark_code, priority=400)
    app.connect("autodoc-process-docstring", keep_colons, priority=600)
