"""Source code is parsed by one thread at a time."""

import ast
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from autograder import source
from autograder.grading.unusual import unusual
from autograder.jail.job import Cell


def test_threads_do_not_parse_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """CPython 3.11 now and then gives a SystemError if they do."""
    inside, most = [0], [0]
    parse = ast.parse

    def slow(text: str) -> ast.Module:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.01)
        inside[0] -= 1
        return parse(text)

    monkeypatch.setattr(source.ast, "parse", slow)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(unusual, [[Cell("import gc")]] * 8))
    assert found == [["cell 1 imports gc"]] * 8
    assert most == [1]


def test_a_syntax_error_leaves_it_open_for_the_next() -> None:
    with pytest.raises(SyntaxError):
        source.parsed("def f(")
    assert ast.unparse(source.parsed("x=1")) == "x = 1"
