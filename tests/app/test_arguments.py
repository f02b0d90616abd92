"""Paths as typed, whatever their characters, through Hydra's own grammar."""

from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from hypernetworks.app.arguments import quoted

PATHS = [
    *("a b", "a=b", "a,b", "a(b)c", "{x}", "[y]", "#", "$HOME", "é", "ends\\", "a\\'b", "a:b"),
    *("'", "'open", '"', '"open', 'q"u(o)te', "'q\"u(o)te", "it's", "null", "1", "true"),
]


@pytest.mark.parametrize("path", PATHS)
def test_any_path_is_the_one_that_was_typed(path):
    override = OverridesParser.create().parse_override(f"results_dir={quoted(path)}")
    assert override.value() == path


def test_home_quotes_interpolations_and_lists_mean_what_they_mean():
    assert quoted("~/runs") == f"'{Path.home()}/runs'"
    assert quoted("'a b'") == "'a b'"
    assert quoted("${oc.env:HOME}/x") == "${oc.env:HOME}/x"
    assert quoted("a,b", sweeping=True) == "a,b"
