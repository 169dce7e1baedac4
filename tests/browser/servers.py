"""A JupyterLab of a test's own: a free port, its own folders, and nothing left of it.

Starting is waited for by asking the server; if it does not come up, it is ended and
started once more on another port, and the reason is printed.
"""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

TOKEN = "browser-tests"
FOLDERS = ("CONFIG", "DATA", "RUNTIME")
STARTING = 180.0  # seconds; alone on a machine it takes 3
NBGRADER = "@jupyter/nbgrader"  # its part of JupyterLab; students do not have it
OVERRIDES = {  # nothing that pops up, nothing that asks the network
    "@jupyterlab/apputils-extension:notification": {
        "checkForUpdates": False,
        "doNotDisturbMode": True,
        "fetchNews": "false",
    },
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
}
OPTIONS = (
    "--no-browser",
    "--allow-root",
    "--LabApp.expose_app_in_browser=True",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.news_url=",
    "--MappingKernelManager.kernel_info_timeout=300",  # else it gives up after 60 s
    "--ServerApp.ip=127.0.0.1",
    "--ServerApp.port_retries=0",
    f"--IdentityProvider.token={TOKEN}",
)


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab.

    Attributes:
        root: the folder that it shows.
        url: where it is.
        log: what it wrote.
    """

    root: Path
    url: str
    log: Path

    def page(self, path: str) -> str:
        """The address of a page of it."""
        return f"{self.url}/{path}?token={TOKEN}"


@contextmanager
def jupyter_lab(
    root: Path, private: Path, without: tuple[str, ...] = ()
) -> Iterator[Lab]:
    """A JupyterLab that shows a folder; everything it started ends with it.

    Args:
        root: the folder.
        private: where it keeps settings, state and log.
        without: installed extensions that it does not load.
    """
    for attempt in (1, 2):
        log = private / f"lab-{attempt}.log"
        port = _free_port()
        own = private / f"lab-{attempt}"
        _set_up(own, without)
        process = _start(root, own, port, log)
        try:
            url = f"http://127.0.0.1:{port}"
            reason = _wait_until_up(process, url)
            if reason is None:
                yield Lab(root, url, log)
                return
            print(f"JupyterLab did not come up ({reason}):\n{_tail(log)}")
        finally:
            _end(process)
    raise RuntimeError(f"JupyterLab did not come up twice: {reason}\n{_tail(log)}")


def _set_up(private: Path, without: tuple[str, ...]) -> None:
    """Folders and settings, before it starts."""
    lab = private / "config" / "labconfig"
    for folder in (
        lab,
        private / "app-settings",
        *(private / f.lower() for f in FOLDERS),
    ):
        folder.mkdir(parents=True, exist_ok=True)
    (private / "app-settings" / "overrides.json").write_text(json.dumps(OVERRIDES))
    disabled = {"disabledExtensions": dict.fromkeys(without, True)}
    (lab / "page_config.json").write_text(json.dumps(disabled))


def _start(
    root: Path, private: Path, port: int, log: Path
) -> "subprocess.Popen[bytes]":
    folders = {name: private / name.lower() for name in FOLDERS}
    own = {f"JUPYTER_{name}_DIR": str(path) for name, path in folders.items()}
    own |= {
        "JUPYTERLAB_SETTINGS_DIR": str(private / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(private / "workspaces"),
        "IPYTHONDIR": str(private / "ipython"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    command = [sys.executable, "-m", "jupyterlab", *OPTIONS]
    command += [f"--ServerApp.port={port}", f"--ServerApp.root_dir={root}"]
    command += [f"--LabApp.app_settings_dir={private / 'app-settings'}"]
    with log.open("wb") as sink:
        return subprocess.Popen(
            command, cwd=root, env=os.environ | own, stdout=sink, stderr=sink
        )


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait_until_up(process: "subprocess.Popen[bytes]", url: str) -> str | None:
    """None once the server answers, else why it does not."""
    patience = time.monotonic() + STARTING
    while time.monotonic() < patience:
        if process.poll() is not None:
            return f"it ended with {process.returncode}"
        try:
            address = f"{url}/api/status?token={TOKEN}"
            with urllib.request.urlopen(address, timeout=10):
                return None
        except OSError:
            time.sleep(0.2)
    return f"no answer in {STARTING:.0f} s"


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the server and what it started: kernels are in sessions of their own."""
    try:
        started = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        started = []
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for child in started:
        if child.is_running():
            child.kill()
    psutil.wait_procs(started, timeout=10)


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-3000:]
