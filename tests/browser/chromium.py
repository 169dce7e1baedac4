"""The system's Chromium, driven by Playwright; only this machine can be reached.

Playwright's own browsers are never downloaded.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "build" / "screenshots"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
HERE = re.compile(r"^(http://127\.0\.0\.1[:/]|file:|data:|blob:|about:)")
PATIENCE = 240_000  # milliseconds; two processors may be busy with other tests
ARGUMENTS = [
    "--no-sandbox",  # it cannot be set up by root, nor in most containers
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--font-render-hinting=none",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


def chromium() -> str | None:
    """The path of an installed Chromium."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


def why_not() -> str | None:
    """Why no browser can be driven here, if so."""
    if find_spec("playwright") is None:
        return "playwright is not installed (make setup installs it)"
    if chromium() is None:
        return "no Chromium is installed (apt-get install chromium)"
    return None


@dataclass
class Window:
    """A page, and the addresses outside this machine that it asked for."""

    page: "Page"
    asked_outside: list[str] = field(default_factory=list)

    def guard(self, route: "Route") -> None:
        """Let only this machine be reached; nothing then waits for a network."""
        if HERE.match(route.request.url):
            route.continue_()
        else:
            self.asked_outside.append(route.request.url)
            route.abort()

    def shot(self, name: str, full_page: bool = False) -> Path:
        """Keep a screenshot as an artefact of the build."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        path = SHOTS / f"{name}.png"
        self.page.screenshot(path=path, full_page=full_page)
        return path


@contextmanager
def running_browser() -> Iterator["Browser"]:
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=ARGUMENTS, timeout=PATIENCE
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def new_window(
    browser: "Browser",
    width: int = 1280,
    height: int = 900,
    *,
    dark: bool = False,
    scale: float = 1,
) -> Iterator[Window]:
    """A window with cookies of its own; `scale`: pixels of the screen per pixel."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        device_scale_factor=scale,
    )
    context.set_default_timeout(PATIENCE)
    window = Window(context.new_page())
    context.route("**/*", window.guard)
    try:
        yield window
    finally:
        context.close()
