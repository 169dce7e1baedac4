"""A notebook in JupyterLab, driven as a person would, state by state.

Every step acts and then looks whether the act shows; if it does not, it acts again.
JupyterLab drops a command that comes before kernel and notebook are ready, so nothing
is taken to have happened because it was asked for.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .chromium import PATIENCE, Window
from .servers import Lab

STEP = 60.0  # seconds after which an act that does not show is repeated
LOADING = 120.0  # the same, where the act is to load the page
ALL = 3 * LOADING

# What a test may know of the notebook: null while there is none.
STATE = """() => {
    const app = window.jupyterapp;
    const panel = app?.shell?.currentWidget;
    const kernel = panel?.sessionContext?.session?.kernel;
    if (!panel?.content?.widgets || !panel.sessionContext.isReady || !kernel) {
        return null;
    }
    return {
        path: panel.context.path,
        kernel: kernel.connectionStatus === 'connected' ? kernel.status : 'away',
        cells: panel.content.widgets.map(cell => ({
            id: cell.model.getMetadata('nbgrader')?.grade_id ?? '',
            code: cell.model.type === 'code',
            source: cell.model.sharedModel.getSource(),
            count: cell.model.executionCount ?? null,
            pending: cell.model.executionState === 'running'
                || (cell.inputPrompt?.executionCount ?? '') === '*',
            outputs: cell.model.outputs ? cell.model.outputs.toJSON() : [],
        })),
    };
}"""
# Commands are heard once the kernel has answered something; not waited for for ever,
# as what was sent over a connection that was lost is never answered.
ANSWERS = """async () => {
    const context = window.jupyterapp.shell.currentWidget.sessionContext;
    const enough = new Promise(resolve => setTimeout(resolve, 30000));
    const answer = async () => {
        await context.ready;
        await context.session.kernel.requestKernelInfo();
    };
    await Promise.race([answer(), enough]);
}"""
EXECUTE = "name => { void window.jupyterapp.commands.execute(name); }"
INDEX = """id => window.jupyterapp.shell.currentWidget.content.widgets.findIndex(
    cell => cell.model.getMetadata('nbgrader')?.grade_id === id)"""
SHOW = """async index => {
    const notebook = window.jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = index;
    await notebook.scrollToItem(index, 'start');
}"""


@dataclass
class Notebook:
    """The notebook that a JupyterLab shows in a window."""

    window: Window
    lab: Lab

    def open(self, path: str) -> None:
        """Open a notebook and wait for its kernel."""
        page = self.window.page
        address = self.lab.page(f"lab/tree/{path}")
        page.goto(address, wait_until="domcontentloaded")
        self._until(
            lambda s: s["path"] == path and s["kernel"] == "idle",
            f"{path} open, with an idle kernel",
            act=lambda: page.goto(address, wait_until="domcontentloaded"),
            step=LOADING,
        )
        page.evaluate(ANSWERS)
        page.locator(".jp-Notebook .jp-Cell").first.wait_for()

    def run_all(self) -> None:
        """Run all cells, as the menu does, and wait for the last that runs."""
        first = next(i for i, c in enumerate(self.state()["cells"]) if c["code"])
        before = self.state()["cells"][first]["count"] or 0

        def ran(state: dict[str, Any]) -> bool:
            fresh = (state["cells"][first]["count"] or 0) > before
            waiting = any(c["pending"] for c in state["cells"])
            return fresh and not waiting and state["kernel"] == "idle"

        def act() -> None:
            self.window.page.evaluate(ANSWERS)
            self.window.page.evaluate(EXECUTE, "notebook:run-all-cells")

        act()
        self._until(ran, "all cells run", act=act, unless=_at_work)

    def write(self, grade_id: str, text: str) -> None:
        """Replace a cell's text, with the keyboard."""
        page = self.window.page
        cell = self.cell(grade_id)

        def act() -> None:
            self.show(grade_id)
            cell.locator(".cm-content").click()
            page.keyboard.press("Control+a")
            page.keyboard.insert_text(text)

        act()
        self._until(
            lambda s: _cell(s, grade_id)["source"] == text, "the text typed", act=act
        )

    def reads(self, grade_id: str, text: str) -> None:
        """Wait until a person reads this under a cell."""
        from playwright.sync_api import expect

        self.show(grade_id)
        area = self.cell(grade_id).locator(".jp-OutputArea").first
        expect(area).to_contain_text(text, timeout=PATIENCE)

    def cell(self, grade_id: str) -> Any:
        """The locator of a cell, by nbgrader's name of it."""
        index = self.window.page.evaluate(INDEX, grade_id)
        assert index >= 0, f"there is no cell {grade_id}"
        return self.window.page.locator(".jp-Notebook .jp-Cell").nth(index)

    def show(self, grade_id: str) -> None:
        """Scroll to a cell."""
        self.window.page.evaluate(SHOW, self.window.page.evaluate(INDEX, grade_id))

    def state(self) -> Any:
        """Path, kernel and cells; None while no notebook is there."""
        from playwright.sync_api import Error

        try:
            return self.window.page.evaluate(STATE)
        except Error:  # the page is being loaded
            return None

    def _until(
        self,
        true: Callable[[Any], bool],
        what: str,
        act: Callable[[], None],
        unless: Callable[[Any], bool] = lambda state: False,
        step: float = STEP,
    ) -> None:
        """Look until something is true; act again when it takes long."""
        start = again = time.monotonic()
        state = None
        while time.monotonic() - start < ALL:
            state = self.state()
            if state is not None and true(state):
                return
            if time.monotonic() - again > step:
                if state is None or not unless(state):
                    print(f"after {time.monotonic() - start:.0f} s not yet: {what}")
                    act()
                again = time.monotonic()
            self.window.page.wait_for_timeout(100)
        raise AssertionError(f"not in {ALL:.0f} s: {what}; last seen: {state}")


def _at_work(state: Any) -> bool:
    return bool(state["kernel"] == "busy")


def _cell(state: Any, grade_id: str) -> Any:
    return next(c for c in state["cells"] if c["id"] == grade_id)
