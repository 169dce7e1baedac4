"""One browser per session; every test is skipped with a reason where there is none."""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from ..grading.conftest import _toy_catalogue, released_once, school  # noqa: F401
from .chromium import Window, new_window, running_browser, why_not

HERE = Path(__file__).resolve().parent
FAILED = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark this folder's tests, and skip them where they cannot run."""
    reason = why_not()
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("browser")
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, object, object]:
    """Note whether a test failed, for the window that it opened."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """A headless Chromium."""
    with running_browser() as running:
        yield running


@pytest.fixture
def window(browser, request: pytest.FixtureRequest) -> Iterator[Window]:
    """A window; what it showed last is kept if the test fails."""
    with new_window(browser) as opened:
        yield opened
        if request.node.stash.get(FAILED, False):
            opened.shot(f"failed-{request.node.name}")
