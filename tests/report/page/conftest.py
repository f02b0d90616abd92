"""The page of made-up records, parsed."""

import pytest
from lxml import html

from hypernetworks.report.page.render import page


@pytest.fixture
def parsed(results, experiments):
    """Parses the page of what lies in `results` now."""
    return lambda: html.document_fromstring(page(results, experiments))


def text_of(element):
    """An element's words, those of two cells apart."""
    return " ".join(" ".join(element.itertext()).split())
