"""UNIPEN's lines, held to the rows that others made of the original files."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from hypernetworks.data import unipen
from hypernetworks.data.lines import Selection
from tests.conftest import ROOT
from tests.data.test_unipen import put

REAL = Path(os.environ.get("HYPERNETWORKS_TEST_UNIPEN", ROOT.parent / "shared" / "data" / "unipen"))
# The rows of the three excerpts' segments.
EXCERPTS = [11293, 11294, 11295, *range(19994, 20003), 5, 6]
LIKE_IAM = Selection(200, 1500, min_strokes=5, min_characters=12)


class Rows:
    """The rows of the file with all of them."""

    def __init__(self, path):
        arrays = dict(np.load(path))
        self.offsets, self.writer, self.single = (
            arrays[name] for name in ("offsets", "writer", "nrows")
        )
        self.single = self.single == 1
        lifts = np.unpackbits(arrays["eos"])[: len(arrays["dx"])]
        self.points = np.stack([arrays["dx"], arrays["dy"], lifts], 1).astype(np.int64)
        self.text = arrays["text"].tobytes().decode().split("\n")

    def __getitem__(self, row):
        """(T, 3), y up."""
        return self.points[self.offsets[row] : self.offsets[row + 1]]

    def characters(self, row):
        return len(self.text[row]) if self.single[row] else -1


@pytest.fixture(scope="module")
def real():
    if not REAL.is_dir():
        pytest.skip(f"no UNIPEN in {REAL}; set HYPERNETWORKS_TEST_UNIPEN to a folder of its rows")
    return Rows(REAL / "unipen_lines.npz")


def original(line):
    """A line (T, 3) as integers with y up."""
    return (line * torch.tensor([1, -1, 1])).long().numpy()


def written(folder, real, writers):
    """Writes rows in UNIPEN's format, a file and an include a writer; returns their numbers."""
    order = []
    for writer in writers:
        name, components = f"d/w{writer:03d}.dat", 0
        head, ink = [f".INCLUDE {name}"], [f".WRITER_ID w{writer}", ".COORD X Y"]
        for row in np.flatnonzero(real.writer == writer):
            order.append(int(row))
            points = real[row]
            places = points[:, :2].cumsum(0)
            ends = np.flatnonzero(points[:, 2]) + 1
            for stroke in np.split(places, ends[:-1]):
                ink += [".PEN_DOWN", *(f"{x} {y}" for x, y in stroke.tolist()), ".PEN_UP"]
            text = real.text[row].replace("\\", "\\\\").replace('"', '\\"')
            label = f' "{text}"' if real.single[row] else ""
            head.append(f".SEGMENT TEXT {components}-{components + len(ends) - 1} ?{label}")
            components += len(ends)
        put(folder, {f"data/8/{name}": "\n".join(head), f"include/{name}": "\n".join(ink)})
    return order


def test_excerpts_of_original_files_give_the_rows_that_are_known(real, tmp_path):
    shutil.copytree(REAL / "excerpt", tmp_path / "x", copy_function=shutil.copyfile)
    for folder in (tmp_path / "x").rglob("*/"):
        folder.chmod(0o755)
    (tmp_path / "x").chmod(0o755)
    lines = unipen.read(tmp_path / "x", divide=True).lines
    assert [original(lines.line(row)).tolist() for row in range(len(lines))] == [
        real[row].tolist() for row in EXCERPTS
    ]
    assert lines.characters.tolist() == [real.characters(row) for row in EXCERPTS]
    assert lines.groups.tolist() == [0] * 3 + [1] * 9 + [2] * 2
    assert len(unipen.read(tmp_path / "x", divide=False).lines) == len(EXCERPTS) - 1


def test_rows_written_as_segments_are_read_again(real, tmp_path):
    order = written(tmp_path, real, range(0, 430, 29))
    found = unipen.read(tmp_path, divide=False)
    lines = found.lines
    assert found.counts == {"segments": len(order), "lines": len(order), "writers": 15}
    assert np.array_equal(original(lines.points), np.concatenate([real[row] for row in order]))
    assert lines.lengths.tolist() == [len(real[row]) for row in order]
    assert lines.characters.tolist() == [real.characters(row) for row in order]
    numbers = real.writer[order]
    assert np.array_equal(lines.groups.numpy(), np.unique(numbers, return_inverse=True)[1])


def test_the_rule_leaves_rows_with_a_text_whole(real, tmp_path):
    order = written(tmp_path, real, range(0, 430, 29))
    whole, divided = (unipen.read(tmp_path, divide).lines for divide in (False, True))
    like_iam = [lines[LIKE_IAM.of(lines)] for lines in (whole, divided)]
    assert torch.equal(like_iam[0].points, like_iam[1].points)
    assert len(like_iam[0]) == sum(
        real.characters(row) >= 12 and 200 <= len(real[row]) <= 1500 and real[row][:, 2].sum() >= 5
        for row in order
    )
