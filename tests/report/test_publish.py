import pytest

from hypernetworks.report import records
from hypernetworks.report.publish import publish
from hypernetworks.report.published import check_published


def test_a_run_is_copied_with_its_files(put, results, experiments):
    path = put(array=[[1.0, 2.0]])
    curve = path.with_suffix(".curve.jsonl")
    curve.write_text('{"step": 1}\n')
    records.write({**records.read(path), "curve": curve.name}, path.parent)
    [target] = publish([path], results, experiments)
    home = results / "published" / "7" / "cnn"
    assert target == home / path.name
    for file in (path, curve, path.with_suffix(".npz")):
        assert (home / file.name).read_bytes() == file.read_bytes()
    assert len(list(home.iterdir())) == 3
    assert "0.72 (n=1)" in (results / "published" / "TABLES.md").read_text()
    assert check_published(results, experiments) is None


def test_publishing_twice_changes_nothing(put, results, experiments):
    path = put()
    [first] = publish([path], results, experiments)
    before = first.read_bytes()
    assert publish([path], results, experiments) == [first]
    assert first.read_bytes() == before


REFUSED = {
    "generated data": {"kind": "sample", "profile": "demo"},
    "not finished (crashed)": {"status": "running"},  # nobody holds it
    "not finished (interrupted)": {"status": "interrupted"},
    "not finished (diverged)": {"status": "diverged"},
    "overrides (trainer.lr=0.002)": {"overrides": ["trainer.lr=0.002"]},
    "a run of no table": {"table": "custom", "row": "custom"},
}


@pytest.mark.parametrize("reason", REFUSED)
def test_refusals(reason, put, results, experiments):
    path = put(**REFUSED[reason])
    with pytest.raises(records.RecordError) as refusal:
        publish([path], results, experiments)
    assert str(refusal.value) == f"{path}: may not be published: {reason}"
    assert not (results / "published").exists()


@pytest.mark.parametrize(
    ("segment", "reason"),
    [
        ({"commit": None, "clean": False}, "sources without a commit"),
        ({"clean": False}, "sources that differ from their commit"),
    ],
)
def test_one_segment_of_unknown_sources_is_enough(segment, reason, make, put, results, experiments):
    good = make()["segments"][0]
    path = put(segments=[good, {**good, **segment}])
    with pytest.raises(records.RecordError, match=f"may not be published: {reason}"):
        publish([path], results, experiments)
    assert not (results / "published").exists()


def test_one_refusal_stops_all(put, results, experiments):
    paths = [put(seed=0), put(seed=1, status="interrupted")]
    with pytest.raises(records.RecordError):
        publish(paths, results, experiments)
    assert not (results / "published").exists()


def test_missing_files_are_refused(put, results, experiments):
    path = put(array=[[1.0]])
    path.with_suffix(".npz").unlink()
    with pytest.raises(records.RecordError, match=r"seed0-1a2b3c4d\.npz is missing beside it"):
        publish([path], results, experiments)
    assert not (results / "published").exists()


def test_a_damaged_file_is_refused(put, results, experiments):
    path = put(array=[[1.0]])
    sums = {path.with_suffix(".npz").name: "0" * 64}
    records.write({**records.read(path), "files": sums}, path.parent)
    with pytest.raises(records.RecordError, match=r"seed0-1a2b3c4d\.npz: damaged: its SHA-256"):
        publish([path], results, experiments)
    assert not (results / "published").exists()


def test_records_are_immutable(put, results, experiments):
    [target] = publish([put(value=0.7)], results, experiments)
    before = target.read_bytes()
    changed = put(value=0.6)
    with pytest.raises(records.RecordError, match="records are immutable"):
        publish([changed], results, experiments)
    assert target.read_bytes() == before


def test_arrays_are_immutable_too(put, results, experiments):
    publish([put(array=[[1.0]])], results, experiments)
    target = results / "published" / "7" / "cnn" / "paper-seed0-1a2b3c4d.npz"
    before = target.read_bytes()
    with pytest.raises(records.RecordError, match="records are immutable"):
        publish([put(array=[[2.0]])], results, experiments)
    assert target.read_bytes() == before


def test_two_runs_of_one_name_do_not_overwrite_each_other(
    make, put, results, experiments, tmp_path
):
    path = put(value=0.7)
    other = records.write(make(value=0.6), tmp_path / "elsewhere")
    with pytest.raises(records.RecordError, match="records are immutable"):
        publish([path, other], results, experiments)
    target = results / "published" / "7" / "cnn" / path.name
    assert target.read_bytes() == path.read_bytes()
