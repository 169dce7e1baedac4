"""The zip file that an instructor uploads to Gradescope as the autograder.

It holds the engine, the course library and the one assignment with its solutions:
Gradescope keeps it from students, and in its container the jail does.
"""

import json
import secrets
import zipfile
from collections.abc import Iterator
from pathlib import Path

from ..catalogue import Assignment

INSIDE = "repository"
SETTINGS = "settings.json"
LONG_AGO = (2000, 1, 1, 0, 0, 0)  # so that the same files give the same zip file
SETUP = f"""\
#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the image.
set -euo pipefail
apt-get update
for version in 3.11 3.12 3.13; do
    apt-get install -y "python$version" "python$version-venv" && break
done
"python$version" -m venv /autograder/venv
cd /autograder/source/{INSIDE}
/autograder/venv/bin/python -m pip install -c constraints.txt -e '.[instructor]'
/autograder/venv/bin/autograder doctor || true  # says whether there is a jail here
"""
RUN = f"""\
#!/usr/bin/env bash
# Gradescope runs this for each submission.
export COURSE_REPOSITORY=/autograder/source/{INSIDE} OMP_NUM_THREADS=1
exec /autograder/venv/bin/autograder gradescope run
"""
PACKAGING = ("pyproject.toml", "constraints.txt", "README.md", "data/catalogue.toml")


def build(assignment: Assignment, path: Path, trust: bool = False) -> None:
    """Write the zip file.

    Args:
        assignment: with its solutions.
        path: the file.
        trust: run submissions without the jail; if the container allows none.
    """
    settings = {
        "assignment": assignment.name,
        "seed": secrets.token_hex(16),
        "trust_students": trust,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, "setup.sh", SETUP, 0o755)
        _add(archive, "run_autograder", RUN, 0o755)
        _add(archive, SETTINGS, json.dumps(settings, indent=1), 0o600)
        for file in _files(assignment):
            inside = f"{INSIDE}/{file.relative_to(assignment.root).as_posix()}"
            _add(archive, inside, file.read_bytes(), 0o644)


def _add(archive: zipfile.ZipFile, name: str, content: str | bytes, mode: int) -> None:
    entry = zipfile.ZipInfo(name, LONG_AGO)
    entry.external_attr = mode << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)


def _files(assignment: Assignment) -> Iterator[Path]:
    """What grading this assignment needs, wherever the packages are."""
    yield from (p for n in PACKAGING if (p := assignment.root / n).is_file())
    for package in ("autograder", "course"):
        for path in sorted((assignment.root / package).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path
    yield from assignment.files()
