"""Inputs that broke something once, or that come close to what could break.

Each is a JSON file that says in `says` what it is. Inside of one,
`{"times": 9, "of": x}` stands for x nine times (a text or a list),
`{"deep": 9, "of": {"list": ["HERE"]}}` for a nest of nine levels around null, and a
lone surrogate is written as JSON writes it.

frames/: `frames` are sent, `{"submission": "right", "only": {...}}` standing for the
frames of a submission that have these fields, and the rest being messages (`data`,
`tensors` or a number of `empty_tensors`) or bytes (`hex`). `most` gives the most
points that the exercises may get.
notebooks/: `notebook` or `text` is handed in.
results/: `set` is changed in the result file of a right submission, or `text` is it.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from ..submissions import Frame, Numbers, recorded

HERE = Path(__file__).resolve().parent


def entries(kind: str) -> list[str]:
    """Names of the entries of a kind."""
    return sorted(path.stem for path in (HERE / kind).glob("*.json"))


@cache
def entry(kind: str, name: str) -> Any:
    """An entry, written out."""
    return _grown(json.loads((HERE / kind / f"{name}.json").read_text("utf-8")))


def _grown(value: Any) -> Any:
    if isinstance(value, list):
        return [_grown(v) for v in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"times", "of"}:
        one = _grown(value["of"])
        return (one if isinstance(one, str) else [*one]) * value["times"]
    if value.keys() == {"deep", "of"}:
        before, after = json.dumps(value["of"]).split('"HERE"')
        depth = value["deep"]
        return json.loads(before * depth + "null" + after * depth)
    return {k: _grown(v) for k, v in value.items()}


def sent_bytes(name: str) -> bytes:
    """What an entry of frames/ sends."""
    found = entry("frames", name)
    assignment = found.get("assignment", "f01_every_kind")
    return b"".join(
        part for message in found["frames"] for part in _sent(message, assignment)
    )


def _sent(message: dict[str, Any], assignment: str) -> list[bytes]:
    if "hex" in message:
        return [bytes.fromhex(message["hex"])]
    if "submission" in message:
        only = message.get("only", {})
        return [
            frame.to_bytes()
            for frame in recorded(assignment, message["submission"])
            if only.items() <= frame.data.items()
        ]
    if "empty_tensors" in message:
        many = {
            f"t{i}": Numbers("U8", [0], b"") for i in range(message["empty_tensors"])
        }
        return [Frame(message["data"], many).to_bytes()]
    tensors = {
        name: Numbers(t["dtype"], t["shape"], bytes.fromhex(t["hex"]))
        for name, t in message.get("tensors", {}).items()
    }
    return [Frame(message["data"], tensors).to_bytes()] * message.get("count", 1)
