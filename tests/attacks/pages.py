"""What a student may put into a notebook for the browser of whoever looks at it."""

import base64
from html.parser import HTMLParser

from nbformat.v4 import new_code_cell, new_markdown_cell, new_output, new_raw_cell

from ..grading.conftest import School

BAD = "EVIL"
SCRIPT = f"<script>alert('{BAD}')</script>"
IMAGE = f"<img src=x onerror=\"alert('{BAD}')\">"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9"
PNG += "awAAAABJRU5ErkJggg=="
SVG = f"<svg xmlns='http://www.w3.org/2000/svg' onload=\"alert('{BAD}')\"/>"
# goal: a markdown cell
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
# goal: the data of an output
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


# A drawing is none of them: ours are drawn in the page, and what could run in one of a
# student's is an event, a link or one of these.
ACTIVE = {"iframe", "form", "object", "embed", "foreignobject", "animate", "set", "use"}


class Reader(HTMLParser):
    """What of a page could run: scripts, events, links, frames."""

    def __init__(self, mark: str = BAD) -> None:
        super().__init__()
        self.mark = mark
        self.active: list[str] = []
        self.text: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag, attrs) -> None:
        self._inside = tag if tag in {"script", "style", "title"} else ""
        for name, value in attrs:
            runs = name.startswith("on") or tag in ACTIVE
            scheme = "".join((value or "").lower().split())
            if runs or scheme.startswith(("javascript:", "vbscript:", "data:text")):
                self.active.append(f"<{tag} {name}={value}>")

    def handle_endtag(self, tag) -> None:
        self._inside = ""

    def handle_data(self, data) -> None:
        if self._inside in {"script", "style", "title"} and self.mark in data:
            self.active.append(f"{self._inside}: {data}")
        if not self._inside:
            self.text.append(data)


def read(page: str, mark: str = BAD) -> Reader:
    """What of a page could run; text in scripts counts if the mark is in it."""
    reader = Reader(mark)
    reader.feed(page)
    return reader
