"""An exception that an answer raised, in words, with the student's own lines."""

import linecache
import os
import sysconfig
import traceback
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import torch

MAX_MESSAGE = 500
LINES = 3
# How torch says that memory is used up, where it is no MemoryError.
MEMORY = ("can't allocate memory", "not enough memory", "out of memory")


@dataclass
class Fault:
    """An exception that an answer raised, in words.

    Attributes:
        type: name of its class; "MemoryError" whatever ran out of memory.
        message: what it says, cut to 500 characters.
        where: the answer's own lines that led there, innermost last.
    """

    type: str
    message: str
    where: list[str] = field(default_factory=list)


def fault_of(error: BaseException, case_file: str) -> Fault:
    """Describe an exception.

    Args:
        error: the exception, with its traceback.
        case_file: the file of the case: the answer's frames are below it.
    """
    name = "MemoryError" if _is_memory(error) else type(error).__name__
    return Fault(name[:80], _message(error), _lines(error, case_file))


def _is_memory(error: BaseException) -> bool:
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    text = _message(error).lower()
    return isinstance(error, RuntimeError) and any(m in text for m in MEMORY)


def _message(error: BaseException) -> str:
    try:
        return str(error)[:MAX_MESSAGE]
    except BaseException:  # an answer's own exception may do anything here
        return "(its message could not be read)"


def _lines(error: BaseException, case_file: str) -> list[str]:
    found = []
    inside = False
    for frame, number in traceback.walk_tb(error.__traceback__):
        code = frame.f_code
        if code.co_filename == case_file:
            inside = True
        elif inside and is_answer(code.co_filename):
            found.append((code, number))
    return [
        f"{code.co_name}, line {number}: "
        f"{linecache.getline(code.co_filename, number).strip()}"
        for code, number in found[-LINES:]
    ]


@cache
def is_answer(filename: str) -> bool:
    """Whether a file is neither a library nor ours: a notebook's cell, for example."""
    if filename.startswith("<frozen") or "site-packages" in filename:
        return False
    return not os.path.normcase(filename).startswith(_libraries())


@cache
def _libraries() -> tuple[str, ...]:
    ours = Path(__file__).parent
    paths = sysconfig.get_paths()
    folders: list[str | Path] = [
        *(paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")),
        *torch.__path__,
        *np.__path__,
        ours,
        ours.parent / "course",
    ]
    return tuple(os.path.normcase(os.path.join(folder, "")) for folder in folders)
