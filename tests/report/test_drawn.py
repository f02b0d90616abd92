import json

import numpy as np
import pytest

from hypernetworks.report.drawn import drawn_fault
from hypernetworks.report.figures import draw


@pytest.fixture
def fault(put, results, experiments, tmp_path):
    """What is wrong with a drawn figure of published runs."""
    for row in ("cnn", "hyper_cnn"):
        put("published", row=row, array=np.ones((2, 2, 3, 3)))
    draw("2", experiments, results, "paper", tmp_path / "figures")
    return lambda: drawn_fault(tmp_path / "figures", experiments, results)


def test_a_figure_of_what_is_published(fault, tmp_path):
    assert fault() is None
    (tmp_path / "figures" / "figure2-paper.svg").unlink()  # not every form is kept
    assert fault() is None


def test_another_picture_is_found(fault, tmp_path):
    (tmp_path / "figures" / "figure2-paper.png").write_bytes(b"painted")
    assert "figure2-paper.png is not as it was drawn" in fault()
    assert "figure again: python -m hypernetworks figure 2 --profile paper --out " in fault()


def test_newer_records_and_other_labels_are_found(fault, put, experiments):
    path = experiments / "table7" / "cnn.yaml"
    before = path.read_text()
    path.write_text(before.replace("Normal Convnet", "Plain"))
    assert "not drawn from what is published now" in fault()
    path.write_text(before)
    created = "2025-06-01T00:00:00Z"
    put("published", seed=1, array=np.ones((2, 2, 3, 3)), created=created)
    assert "not drawn from what is published now" in fault()


DAMAGED = ["", "[]", "{}", "3", "[" * 100_000, json.dumps({"files": {}, "figure": "2"})]
DAMAGED += [json.dumps({"files": odd, "figure": "2"}) for odd in (3, [1], {"": 1}, {"../a": 1})]


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_origin_is_one_line(text, fault, tmp_path):
    path = tmp_path / "figures" / "figure2-paper.json"
    path.write_text(text)
    assert fault().startswith(f"{path}: does not say what is drawn")


def test_nothing_drawn(experiments, results, tmp_path):
    assert drawn_fault(tmp_path / "missing", experiments, results) is None
