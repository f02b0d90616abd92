"""docs/tour.md: its blocks run one after another, and print what stands below them."""

import os
import re
import subprocess
import sys

import pytest
from PIL import Image

from tests.conftest import ROOT

BLOCK = re.compile(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", re.DOTALL)
MEASURED = re.compile(r"\d+\.\d+")
END = "end of block\n"


def test_the_tour_prints_and_draws_what_it_shows(tmp_path):
    blocks = BLOCK.findall((ROOT / "docs" / "tour.md").read_text(encoding="utf-8"))
    assert len(blocks) > 5
    code = "".join(f"{code}\nprint({END!r}, end='')\n" for code, _ in blocks)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    *printed, rest = done.stdout.split(END)
    assert not rest
    for found, (_, shown) in zip(printed, blocks, strict=True):
        assert MEASURED.sub("#", found) == MEASURED.sub("#", shown)
        numbers = [list(map(float, MEASURED.findall(text))) for text in (found, shown)]
        assert numbers[0] == pytest.approx(numbers[1], rel=0.2)
    sizes = []
    for folder in (tmp_path, ROOT / "docs" / "figures"):
        with Image.open(folder / "tour-gates.png") as picture:
            sizes.append(picture.size)
    assert sizes[0] == sizes[1]
