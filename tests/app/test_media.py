"""What a run leaves for figures, as wandb shows it."""

import numpy as np
import pytest
import wandb

from hypernetworks.app.media import media_of, names_of
from hypernetworks.report.records import Record
from tests.report.conftest import RECORD
from tests.report.drawings.small import sampled, written


@pytest.fixture
def shown(tmp_path):
    """The media of a run that left these arrays."""

    def media(**arrays):
        np.savez(tmp_path / "run.npz", **arrays)
        return media_of(Record({**RECORD, "arrays": "run.npz"}, tmp_path / "run.json"))

    return media


def test_a_sampled_text_is_a_page_and_so_are_its_gates(shown):
    text = np.frombuffer(b"a <b>\n", np.uint8).astype(np.int64)
    found = shown(sample=text)
    assert list(found) == ["text"]
    assert isinstance(found["text"], wandb.Html)
    assert "a &lt;b&gt;" in found["text"].html
    with_gates = shown(**sampled())
    assert set(with_gates) == {"text", "gates"} == set(names_of("sample"))
    assert "<svg" in with_gates["gates"].html or "<span" in with_gates["gates"].html


def test_phi_is_a_histogram(shown):
    found = shown(phi_c=np.full(100, 0.01))
    assert set(found) == set(names_of("phi_c"))
    assert isinstance(found["phi_c"], wandb.Image)


def test_handwriting_is_ink_not_filters(shown):
    lines = written()
    found = shown(**lines)
    assert set(found) == {"handwriting", "pen"} == set(names_of("strokes"))
    assert all(isinstance(image, wandb.Image) for image in found.values())
    assert set(shown(strokes=lines["strokes"])) == {"handwriting"}


def test_kernels_are_mosaics_by_their_own_name(shown):
    found = shown(second_kernel=np.ones((2, 3, 5, 5)), hidden_filters=np.ones((4, 7, 7)))
    assert set(found) == {*names_of("second_kernel"), *names_of("hidden_filters")}
    assert found["second_kernel"].image.size == (11, 17)  # 2 tiles across, 3 down, a pixel between


def test_translations_are_a_table(shown):
    text = b"A dog.\tUn chien.\tUn chat.\nTwo.\tDeux.\tDeux.\n"
    found = shown(translations=np.frombuffer(text, np.uint8))
    (name,) = names_of("translations")
    assert found[name].columns == ["source", "reference", "translation"]
    assert found[name].data == [["A dog.", "Un chien.", "Un chat."], ["Two.", "Deux.", "Deux."]]
