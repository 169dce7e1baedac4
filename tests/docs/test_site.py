"""The site: it builds without a warning, holds everything, and needs no network."""

import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from .pages import PAGES, ROOT

PACKAGES = (
    "autograder",
    "course.data",
    "course.nn",
    "course.parallel",
    "course.train",
    "course.viz",
)
LOADED = re.compile(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=\"(?:https?:)?//")


def build(source: Path, target: Path) -> "subprocess.CompletedProcess[str]":
    """What `make docs` does."""
    options = ["--quiet", "--fail-on-warning", "-c", str(source / "docs" / "site")]
    command = [sys.executable, "-m", "sphinx", *options, str(source), str(target)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("site")
    built = build(ROOT, target)
    assert built.returncode == 0, built.stderr
    return target


def test_every_page_is_on_the_site(site):
    for page in PAGES:
        assert (site / page.relative_to(ROOT)).with_suffix(".html").is_file()


def test_the_first_address_leads_to_the_first_page(site):
    assert "url=README.html" in (site / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_in_the_reference(site, package):
    page = site / "docs" / "site" / f"{package.split('.')[0]}.html"
    text = page.read_text(encoding="utf-8")
    for name in import_module(package).__all__:
        assert f'id="{package}.{name}"' in text, f"{name} has no entry"


def test_nothing_is_loaded_from_outside(site):
    for page in site.rglob("*.html"):
        assert not LOADED.search(page.read_text(encoding="utf-8")), page.name
    for sheet in site.rglob("*.css"):
        assert not re.search(r"@import|url\(\W*(https?:)?//", sheet.read_text()), sheet


@pytest.mark.parametrize(
    "fault", ["[gone](docs/gone.md)", "[gone](docs/student.md#no-such-heading)"]
)
def test_a_link_that_leads_nowhere_is_an_error(tmp_path, fault):
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    for slow in (tmp_path / "docs" / "site").glob("*.rst"):
        slow.write_text("Title\n=====\n")
    for name in ("CONTRIBUTING.md", "CHANGELOG.md"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "README.md").write_text(f"# First page\n\n{fault}\n")
    built = build(tmp_path, tmp_path / "site")
    assert built.returncode != 0
    assert "README.md:3: WARNING" in built.stderr
