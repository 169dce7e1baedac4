"""Wrong answers that are edits of the reference: a line of it, wrong in one way.

    EDITS = {
        "softmax__forgets_the_shift": (
            "You exponentiate the logits as they are: ...",
            ("z - z.max(dim, keepdim=True).values", "z"),
        ),
    }

Leaves out everything that is no local change: such an answer is a function of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from .authoring.stub import answer_source
from .errors import AuthoringError


@dataclass(frozen=True)
class Edited:
    """A reference's function or class after an edit."""

    source: str
    implementation: Any


def function_of(name: str, functions: Sequence[str]) -> str:
    """Which of the functions `function__slug` is about; "" if none.

    A name may itself end in an underscore, as `xavier_uniform_` does.
    """
    for function in sorted(functions, key=len, reverse=True):
        rest = name.removeprefix(f"{function}__")
        if rest != name and rest and not rest.startswith("_"):
            return function
    return ""


def edited(
    edits: Mapping[str, Any], path: Path, reference: Path, module: ModuleType
) -> dict[str, Edited]:
    """Everything in EDITS, by name.

    Args:
        edits: function__slug -> (hint, (old, new), ...).
        path: the file that holds them, for complaints.
        reference: the file whose definitions they change.
        module: the same file, imported; edited code runs in a copy of its names.

    Raises:
        AuthoringError: an edit does not say what it is to say, or does not fit.
    """
    return {
        name: _edited(name, entry, path, reference, module)
        for name, entry in edits.items()
    }


def _edited(
    name: str, entry: Any, path: Path, reference: Path, module: ModuleType
) -> Edited:
    where = f"{path}: EDITS[{name!r}]"
    function = function_of(name, [n for n in vars(module) if not n.startswith("_")])
    if not function:
        raise AuthoringError(
            f"{where} begins with no name of reference.py; call it function__slug."
        )
    if not _is_entry(entry):
        raise AuthoringError(
            f"{where} is not (hint, (old, new), ...); write the sentence that helps, "
            "then pairs of strings."
        )
    hint, *pairs = entry
    source = answer_source(reference, (function,))
    for old, new in pairs:
        if (times := source.count(old)) != 1:
            raise AuthoringError(
                f"{where}: {old!r} occurs {times} times in {function}, not once; "
                "quote more of the line, or less."
            )
        source = source.replace(old, new)
    names = dict(vars(module))
    try:
        exec(compile(source, f"<{name}>", "exec"), names)
    except SyntaxError as error:
        raise AuthoringError(
            f"{where} makes no Python of {function}: {error.msg} in line "
            f"{error.lineno}; correct its second strings."
        ) from None
    names[function].__doc__ = hint
    return Edited(source, names[function])


def _is_entry(entry: Any) -> bool:
    return (
        isinstance(entry, tuple)
        and len(entry) > 1
        and isinstance(entry[0], str)
        and all(
            isinstance(pair, tuple)
            and len(pair) == 2
            and all(isinstance(text, str) for text in pair)
            for pair in entry[1:]
        )
    )
