"""Every file, page and heading that the pages name exists."""

import re

import pytest

from autograder import catalogue

from .pages import PAGES, ROOT, anchors, inline, links, table

TOP = {p.name for p in ROOT.iterdir()} | {"build", ".venv", "data"}
# Named as examples, or made while working.
MADE = re.compile(r"^(build|\.venv)(/|$)|a99_tiny|<|\$|\.\./dl-2026")


PATHS = [
    f
    for f in inline()
    if "/" in f.text and " " not in f.text and f.text.split("/")[0] in TOP
]


@pytest.mark.parametrize("found", PATHS, ids=str)
def test_named_paths_exist(found):
    if not MADE.search(found.text):
        assert list(ROOT.glob(found.text.rstrip("/"))), found


@pytest.mark.parametrize("found", links(), ids=str)
def test_links_lead_somewhere(found):
    target, _, anchor = found.text.partition("#")
    assert "://" not in target, "link to nothing outside the repository"
    path = (found.page.parent / target).resolve() if target else found.page
    assert path.exists()
    if anchor:
        assert anchor in anchors(path)


def test_readme_lists_every_assignment():
    assert table("README.md", "name") == catalogue.names()


def test_readme_lists_every_page():
    linked = {(f.page.parent / f.text).resolve() for f in links()}
    assert set(PAGES) - {ROOT / "README.md"} <= linked


def test_readme_lists_every_folder():
    ours = {"assignments", "solutions", "course", "autograder", "data", "docs", "tests"}
    assert ours <= {row.rstrip("/") for row in table("README.md", "path")}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_pages_name_no_one_elses_machine(page):
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"(?<![\w.])/(home|root|work|tmp|Users)/", text)


@pytest.mark.parametrize(
    "picture", sorted((ROOT / "docs" / "pictures").iterdir()), ids=lambda p: p.name
)
def test_pictures_are_small_and_shown(picture):
    assert picture.stat().st_size <= 150_000
    shown = {(f.page.parent / f.text).resolve() for f in links()}
    assert picture in shown
