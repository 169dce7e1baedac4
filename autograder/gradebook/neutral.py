"""Taking out of a submission what a browser would run when somebody looks at it.

Formgrader and feedback pages show markdown, outputs and metadata as nbconvert does,
which trusts them. Kept are the words, pictures as PNG and JPEG, and text outputs; HTML
of a student's is shown as text.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output

from ..cells import encodable

MAX_TEXT = 200_000  # characters of one output
MAX_PICTURE = 10_000_000
PICTURES = ("image/png", "image/jpeg")
MAX_WORDS = 10_000  # characters of a markdown cell: its page takes time with the square
COMMON = {"cell_type", "id", "source", "metadata"}
FIELDS = {
    "code": COMMON | {"outputs", "execution_count"},
    "markdown": COMMON | {"attachments"},
    "raw": COMMON,
}
TAG = re.compile(r"<(?=[a-zA-Z/!?])")
ATTACHED = re.compile(r"(attachment)(\s*\\?:)([^)\s]*)")
SCRIPT = re.compile(r"(script)(\s*\\?:)", re.IGNORECASE)
ENTITY = re.compile(r"&(?=#|\w+;)")


def neutralise(notebook: Any, untouched: set[str]) -> None:
    """Change a notebook so that no page made from it runs anything of its author's.

    Args:
        notebook: as handed in; changed in place.
        untouched: sources of released cells, which stay as they are.
    """
    notebook.cells = [c for c in notebook.cells if c.get("cell_type") in tuple(FIELDS)]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    language = {"name": "python"}
    notebook.metadata = NotebookNode(kernelspec=kernel, language_info=language)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for name in notebook.keys() - {"cells", "metadata", "nbformat", "nbformat_minor"}:
        del notebook[name]
    ids: set[str] = set()
    for index, cell in enumerate(notebook.cells):
        for name in cell.keys() - FIELDS[cell.cell_type]:
            del cell[name]
        cell.source = encodable(cell.source)
        if not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", str(cell.get("id", ""))):
            cell.id = f"renamed-{index}"
        while cell.id in ids:
            cell.id = f"{cell.id[:50]}-{index}"
        ids.add(cell.id)
        if not isinstance(cell.get("metadata"), dict):
            cell.metadata = NotebookNode()
        if cell.cell_type == "code":
            cell.execution_count = _count(cell.get("execution_count"))
            outputs = cell.get("outputs")
            outputs = outputs if isinstance(outputs, list) else []
            cell.outputs = [o for output in outputs if (o := _output(output))]
            continue
        _keep_pictures(cell)
        if cell.source not in untouched:
            text = neutral_text(cell.source[:MAX_WORDS])
            cell.source = _without_lost(text, set(cell.get("attachments", ())))


def neutral_text(text: str) -> str:
    """Markdown that holds no HTML, no link that runs anything, no TeX that links."""
    text = ENTITY.sub("& ", TAG.sub("< ", text))
    return SCRIPT.sub(r"\1 \2", text).replace("\\href", "\\text")


def _without_lost(text: str, names: set[str]) -> str:
    """Without references to attachments that are gone: nbconvert gives up on them."""

    def checked(found: re.Match[str]) -> str:
        whole, name = found.group(0), found.group(3)
        return whole if whole == f"attachment:{name}" and name in names else "gone"

    return ATTACHED.sub(checked, text)


def _count(value: Any) -> int | None:
    return value if type(value) is int else None


def _keep_pictures(cell: Any) -> None:
    """Attachments of a markdown cell: only what is a picture."""
    attachments = cell.pop("attachments", None)
    if not isinstance(attachments, Mapping):
        return
    kept = {
        str(name): NotebookNode(pictures)
        for name, bundle in attachments.items()
        if isinstance(bundle, Mapping) and (pictures := _pictures(bundle))
    }
    if kept:
        cell.attachments = NotebookNode(kept)


def _output(output: Any) -> Any:
    """An output anew, of text and pictures; None if nothing is left."""
    if not isinstance(output, Mapping):
        return None
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return new_output("stream", name=name, text=_text(output.get("text")))
    if kind == "error":
        name, value = (_text(output.get(k)) for k in ("ename", "evalue"))
        lines = output.get("traceback")
        trace = [_text(t) for t in lines] if isinstance(lines, list) else []
        return new_output("error", ename=name, evalue=value, traceback=trace)
    data = output.get("data")
    if kind not in {"display_data", "execute_result"} or not isinstance(data, Mapping):
        return None
    kept = _pictures(data)
    if plain := _text(data.get("text/plain")):
        kept["text/plain"] = plain
    return new_output("display_data", data=kept) if kept else None


def _text(value: Any) -> str:
    if isinstance(value, list):
        value = "".join(v for v in value if isinstance(v, str))
    return encodable(value[:MAX_TEXT]) if isinstance(value, str) else ""


def _pictures(bundle: Mapping[str, Any]) -> dict[str, str]:
    kept = {}
    for kind in PICTURES:
        data = bundle.get(kind)
        data = "".join(map(str, data)) if isinstance(data, list) else data
        if isinstance(data, str) and 0 < len(data) <= MAX_PICTURE and _is_base64(data):
            kept[kind] = data
    return kept


def _is_base64(data: str) -> bool:
    try:
        base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True
