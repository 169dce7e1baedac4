"""The jail of an ordinary user: less is allowed to make it, and it holds."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.jail import lock

pytestmark = pytest.mark.skipif(
    os.getuid() != 0 or lock.landlock_version() < 1,
    reason="all other tests are run by an ordinary user already",
)
REPOSITORY = Path(__file__).resolve().parents[2]
NOBODY = 65534

GRADING = """
import json, os, sys
from autograder.grading.jailer import Jailer, frames
from autograder.jail.job import Cell, Job

cell = '''
import os, socket
def tried(*attempts):
    for attempt in attempts:
        try:
            yield repr(attempt())
        except Exception as error:
            yield type(error).__name__
raise ValueError(*tried(
    os.getuid,
    lambda: open("mine", "w").write("abc"),
    lambda: open(%r).read(),
    lambda: open("/etc/passwd").read(),
    lambda: open("/tmp/theirs", "w"),
    lambda: os.chmod("/tmp", 0o700),
    lambda: os.kill(os.getppid(), 0),
    socket.socket,
))
'''
with Jailer() as jailer:
    outcome = jailer.run(Job("plain", "", [Cell(cell)]))
    (content, _), *_ = frames(outcome)
print(json.dumps([os.getuid(), outcome.ending, content["error"][1]]))
"""


def as_nobody(code: str, without: str) -> subprocess.CompletedProcess[str]:
    """Run Python as an ordinary user, who may not know where it lies.

    Where Python lies below a closed folder, as /root, another takes its place for this
    one process: one that holds no more than Python.
    """
    steps = ["set -e"]
    for needed in (Path(sys.base_prefix).resolve(), REPOSITORY):
        closed = [p for p in needed.parents if not p.stat().st_mode & 0o001]
        if closed:
            where, top = shlex.quote(str(needed)), shlex.quote(str(closed[-1]))
            steps += [
                "hold=$(mktemp -d)",
                f"mount --rbind {where} $hold",
                f"mount -t tmpfs -o mode=755 none {top}",
                f"mkdir -p {where}",
                f"mount --move $hold {where}",
                "rmdir $hold",
            ]
    steps.append(
        f"exec setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups "
        f"{shlex.quote(sys.executable)} -B -c {shlex.quote(code)}"
    )
    return subprocess.run(
        [
            "unshare",
            "--mount",
            "--propagation",
            "private",
            "sh",
            "-c",
            "\n".join(steps),
        ],
        capture_output=True,
        text=True,
        cwd="/",
        env={
            "PATH": os.environ["PATH"],
            "HOME": "/nonexistent",
            "OMP_NUM_THREADS": "1",
            "AUTOGRADER_WITHOUT": without,
        },
    )


@pytest.mark.parametrize("without", ["", "namespaces"])
def test_it_holds_for_an_ordinary_user(without: str) -> None:
    if as_nobody("import autograder.jail.lock", "").returncode != 0:
        pytest.skip("an ordinary user cannot read Python or the repository here")
    secret = str(REPOSITORY / "README.md")
    run = as_nobody(GRADING % secret, without)
    assert run.returncode == 0, run.stderr
    user, ending, found = json.loads(run.stdout)
    assert (user, ending) == (NOBODY, "")
    own_user, written, *refused = eval(found)
    assert (own_user, written) == (str(NOBODY), "3")
    if lock.landlock_version() < lock.CONFINES_SIGNALS:
        refused[4] = "PermissionError"
    assert set(refused) <= {"PermissionError", "FileNotFoundError"}, refused
