"""A figure of the two rows, and runs with what it is drawn from."""

import json

import numpy as np
import pytest

from hypernetworks.report import records
from hypernetworks.report.drawings import DRAWINGS
from hypernetworks.report.figures import draw


@pytest.fixture
def run(make, results):
    """Writes a finished run of a row with arrays and a curve."""

    def write(row, arrays, curve=((100, 3.0), (200, 2.5)), metric="valid_bpc", **fields):
        record = make(row=row, **fields)
        record["selection"]["metric"] = metric
        folder = records.folder_of(results / "runs", record["table"], row)
        folder.mkdir(parents=True, exist_ok=True)
        record |= {"arrays": f"{record['id']}.npz", "curve": f"{record['id']}.curve.jsonl"}
        np.savez(folder / record["arrays"], **arrays)
        lines = [json.dumps({"step": step, metric: value}) + "\n" for step, value in curve]
        (folder / record["curve"]).write_text("".join(lines))
        return records.write(record, folder)

    return write


@pytest.fixture
def figure(experiments):
    """Adds a figure of the two rows."""

    def add(drawing, array=None):
        text = "'99':\n  title: A <figure>\n  paper: section Z\n"
        rows = "table7/cnn" if DRAWINGS[drawing].one_row else "table7/cnn, table7/hyper_cnn"
        text += f"  rows: [{rows}]\n  drawing: {drawing}\n"
        text += f"  array: {array}\n" if array else ""
        with (experiments / "figures.yaml").open("a") as file:
            file.write(text)

    return add


@pytest.fixture
def drawn(experiments, results, tmp_path):
    """Draws the figure: {suffix: content}."""

    def call():
        paths = draw("99", experiments, results, "paper", tmp_path / "out")
        return {"".join(path.suffixes): path.read_bytes() for path in paths}

    return call
