"""What a run says of its sources as it starts."""

import pytest

from hypernetworks.app import outcome
from hypernetworks.app.run import run


@pytest.mark.parametrize("profile", ["demo", "lite", "paper"])
def test_what_keeps_a_run_from_being_published_is_told_at_its_start(
    small, monkeypatch, caplog, profile
):
    state = {"commit": None, "clean": False, "source_hash": "1" * 64}
    monkeypatch.setattr(outcome.provenance, "examine", lambda root: (state, "git says: no"))
    run(small("table7/cnn", "trainer.max_time=0.0001", f"profile.name={profile}"))
    told = [text for text in caplog.messages if "published" in text]
    assert told == ["this run cannot be published: git says: no"] * (profile != "demo")
