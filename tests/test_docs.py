"""docs/: the API pages have every public name, links lead to files and headings that are there.

`make docs` checks the same and more with mkdocs, which these tests do without.
"""

import importlib
import inspect
import re

import pytest

import hypernetworks
from tests.conftest import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```|^    .*?$|`[^`\n]+`", re.DOTALL | re.MULTILINE)
SHOWN = re.compile(r"^::: (\S+)$", re.MULTILINE)
ENTRY = re.compile(r"^ {4}(\S.*?):", re.MULTILINE)


def anchors(page):
    """Those of a page's headings, as GitHub and the site make them."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_and_headings_that_are_there(page):
    for link in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
        path, _, anchor = link.partition("#")
        if not path.startswith("http"):
            there = page.parent / path if path else page
            assert there.exists(), link
            assert not anchor or anchor in anchors(there), link


def test_every_page_has_its_place_in_the_site():
    order = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert [page.name for page in PAGES if f": {page.relative_to(ROOT)}\n" not in order] == []


def documented():
    pages = (ROOT / "docs" / "api").glob("*.md")
    return [name for page in pages for name in SHOWN.findall(page.read_text(encoding="utf-8"))]


def found(name):
    """What a dotted name stands for."""
    owner, _, last = name.rpartition(".")
    return getattr(importlib.import_module(owner), last)


def test_the_api_pages_have_every_public_name_once():
    names = documented()
    assert len(names) == len(set(names))
    assert {f"hypernetworks.{name}" for name in hypernetworks.__all__} <= set(names)


@pytest.mark.parametrize("name", documented())
def test_what_is_shown_is_documented_and_its_arguments_are_its_own(name):
    thing = found(name)
    members = [m for key, m in vars(thing).items() if inspect.isfunction(m) and key[0] != "_"]
    for part in [thing, *(members if inspect.isclass(thing) else [])]:
        words = inspect.getdoc(part) or ""
        assert words or part is not thing
        of_arguments = re.search(r"^Args:\n((?: {4}.*\n?|\n(?= {4}))+)", words, re.MULTILINE)
        if of_arguments:
            told = ENTRY.findall(of_arguments[1])
            assert set(told) <= set(inspect.signature(part).parameters), part
