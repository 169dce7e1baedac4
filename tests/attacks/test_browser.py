"""What a student writes must not run in the browser of who looks at it.

Everything is handed in at once; the feedback page and nbconvert's own page of the
autograded notebook (what formgrader shows) are then read as a browser reads them.
"""

import base64
import json
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output, new_raw_cell

from autograder.gradebook import api
from autograder.gradebook.neutral import neutral_text
from autograder.grading.run import grade_class

from ..grading.conftest import TOY, School

BAD = "EVIL"
SCRIPT = f"<script>alert('{BAD}')</script>"
IMAGE = f"<img src=x onerror=\"alert('{BAD}')\">"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9"
PNG += "awAAAABJRU5ErkJggg=="
SVG = f"<svg xmlns='http://www.w3.org/2000/svg' onload=\"alert('{BAD}')\"/>"
MARKDOWN = {
    "a script": SCRIPT,
    "an event": IMAGE,
    "a link": f"[{BAD}](javascript:alert('{BAD}'))",
    "a link with an entity": f"[{BAD}](javascript&#58;alert('{BAD}'))",
    "a link with a named entity": f"[{BAD}](javascript&colon;alert('{BAD}'))",
    "a link with a backslash": f"[{BAD}](javascript\\:alert('{BAD}'))",
    "a link in capitals": f"[{BAD}](JaVaScRiPt:alert('{BAD}'))",
    "a link by reference": f"[{BAD}]\n\n[{BAD}]: javascript:alert('{BAD}')",
    "a bare link": f"<javascript:alert('{BAD}')>",
    "TeX that links": f"$\\href{{javascript:alert('{BAD}')}}{{x}}$",
    "an attribute that breaks out": f'![a](x "y\\" onerror=alert(`{BAD}`) z=\\"")',
    "a code span that breaks out": f'`<a title="` onclick=alert(`{BAD}`) x="`">',
    "a heading that breaks out": f'# a" onclick="alert(`{BAD}`)',
    "a frame": f'<iframe srcdoc="{SCRIPT.replace(chr(34), "")}"></iframe>',
    "a form": f"<form action='https://{BAD}.example'><button>Save</button></form>",
    "a style": f"<style>body {{ background: url(//{BAD}) }}</style>",
    "a drawing": SVG,
    "a comment": f"<!-- --!>{SCRIPT}<!-- -->",
}
OUTPUTS = {
    "HTML": {"text/html": SCRIPT + IMAGE},
    "JavaScript": {"application/javascript": f"alert('{BAD}')"},
    "a drawing": {"image/svg+xml": SVG},
    "markdown": {"text/markdown": SCRIPT + MARKDOWN["a link"]},
    "TeX": {"text/latex": MARKDOWN["TeX that links"]},
    "a picture that is none": {"image/png": f'x" onerror="alert(`{BAD}`)'},
    "a widget": {"application/vnd.jupyter.widget-view+json": {"model_id": SCRIPT}},
    "text": {"text/plain": SCRIPT},
}
RAISES = f"""
def double(n):
    raise ValueError("{SCRIPT}" + '''{IMAGE}''' + "$\\\\href{{javascript:{BAD}}}x$")
"""
KEYS = f"def center(x):\n    return {{'''{SCRIPT}{IMAGE}''': x}}\n"
TYPE = f"def softmax(z):\n    return type('''{SCRIPT}''', (), {{}})()\n"


def evil(school: School):
    notebook = school.notebook({"double": RAISES, "center": KEYS, "softmax": TYPE})
    notebook.metadata["title"] = f"</title>{SCRIPT}"
    notebook.metadata["kernelspec"] = {"name": SCRIPT, "display_name": SCRIPT}
    notebook.metadata["language_info"] = {"name": SCRIPT, "pygments_lexer": SCRIPT}
    notebook.metadata["widgets"] = {
        "application/vnd.jupyter.widget-state+json": {"state": {"a": SCRIPT}}
    }
    for text in MARKDOWN.values():
        notebook.cells.append(new_markdown_cell(text))
        notebook.cells.append(new_raw_cell(text, metadata={"raw_mimetype": ""}))
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "why":
            cell.source = SCRIPT + IMAGE
    outputs = [new_output("display_data", data=d) for d in OUTPUTS.values()]
    outputs.append(new_output("display_data", data={"image/png": PNG}))
    outputs[-1].metadata = {"image/png": {"width": f'1" onerror="{BAD}'}}
    outputs.append(new_output("stream", name="stdout", text="plain words" + SCRIPT))
    outputs.append(new_output("stream", name=f'x"><b onclick={BAD}>', text=IMAGE))
    outputs.append(
        new_output("error", ename=SCRIPT, evalue=IMAGE, traceback=[SCRIPT, IMAGE])
    )
    cell = new_code_cell("print('output of mine')", outputs=outputs)
    cell.execution_count = SCRIPT
    cell.id = f'x" onclick="{BAD}'
    cell.metadata = {"tags": [f'x" onclick="{BAD}'], "name": SCRIPT, "jupyter": SCRIPT}
    attached = {
        "a.svg": {"image/svg+xml": base64.b64encode(SVG.encode()).decode()},
        "b.png": {f'image/png" onerror="{BAD}': PNG, "image/png": f'x" onerror="{BAD}'},
    }
    text = "![a](attachment:a.svg) ![b](attachment:b.png)"
    notebook.cells += [cell, new_markdown_cell(text, attachments=attached)]
    return notebook


class Reader(HTMLParser):
    """What of a page could run: scripts, events, links, frames."""

    def __init__(self) -> None:
        super().__init__()
        self.active: list[str] = []
        self.text: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag, attrs) -> None:
        self._inside = tag if tag in {"script", "style", "title"} else ""
        for name, value in attrs:
            runs = name.startswith("on") or tag in {"iframe", "form", "svg", "object"}
            scheme = "".join((value or "").lower().split())
            if runs or scheme.startswith(("javascript:", "vbscript:", "data:text")):
                self.active.append(f"<{tag} {name}={value}>")

    def handle_endtag(self, tag) -> None:
        self._inside = ""

    def handle_data(self, data) -> None:
        if self._inside in {"script", "style", "title"} and BAD in data:
            self.active.append(f"{self._inside}: {data}")
        if not self._inside:
            self.text.append(data)


@pytest.fixture(scope="module")
def pages(released_once: Path, tmp_path_factory: pytest.TempPathFactory):
    """Both pages, read; and the autograded notebook."""
    import shutil

    from autograder import catalogue
    from autograder.gradebook.course import Course

    from ..grading.conftest import CATALOGUE

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_REPOSITORY", str(CATALOGUE))
        root = tmp_path_factory.mktemp("browser") / "course"
        shutil.copytree(released_once, root)
        school = School(Course.open(root), catalogue.find(TOY))
        path = school.hand_in("eve", school.notebook({}))
        path.write_text(json.dumps(evil(school)))
        graded = grade_class(school.course, TOY)
        assert graded.problems == []
        assert sum(graded.results["eve"].scores.values()) == 0
        api.generate_feedback(root, TOY)
    feedback = (root / "feedback" / "eve" / TOY / f"{TOY}.html").read_text()
    notebook = nbformat.read(root / "autograded" / "eve" / TOY / f"{TOY}.ipynb", 4)
    plain, _ = HTMLExporter(template_name="classic").from_notebook_node(notebook)
    return {"feedback": read(feedback), "formgrader": read(plain)}, notebook


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    return reader


@pytest.mark.parametrize("page", ["feedback", "formgrader"])
def test_a_page_runs_nothing_of_a_student(pages, page: str) -> None:
    own = [a for a in pages[0][page].active if BAD in a]
    assert own == []


@pytest.mark.parametrize("page", ["feedback", "formgrader"])
def test_a_page_shows_the_words_and_the_picture(pages, page: str) -> None:
    text = "".join(pages[0][page].text)
    assert "plain words" in text
    assert f"alert('{BAD}')" in text  # as text
    kept = [o for c in pages[1].cells for o in c.get("outputs", [])]
    assert any("image/png" in o.get("data", {}) for o in kept)


def test_only_our_reports_are_html(pages) -> None:
    found = [
        (cell.source, output.data["text/html"])
        for cell in pages[1].cells
        for output in cell.get("outputs", [])
        if "text/html" in output.get("data", {})
    ]
    assert [source for source, _ in found] == [
        "check(softmax)",
        "check(center)",
        "check(double)",
    ]
    for _, page in found:
        assert page.startswith('<div class="tex2jax_ignore mathjax_ignore">')
        assert read(page).active == []


@pytest.mark.parametrize("name", MARKDOWN)
def test_markdown_is_made_harmless(name: str) -> None:
    from nbconvert.filters.markdown_mistune import markdown2html_mistune

    page = markdown2html_mistune(neutral_text(MARKDOWN[name]))
    assert read(page).active == []
    assert "\\href" not in page


def test_ordinary_markdown_is_left_as_it_is() -> None:
    text = "# A title\n\n*Because* $a < b$ & so on: `x[1:2]`, [a](https://b.c).\n"
    assert neutral_text(text) == text
