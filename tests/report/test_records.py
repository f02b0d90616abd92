import hashlib
import json
import math
import random
from pathlib import Path

import pytest

from hypernetworks.report import records


def test_round_trip(make, tmp_path):
    record = make(seed=3)
    path = records.write(record, tmp_path / "7" / "cnn")
    assert path == tmp_path / "7" / "cnn" / "paper-seed3-1a2b3c4d.json"
    found = records.read(path)
    assert found == record
    assert found.path == path
    assert path.read_text().startswith('{\n  "arrays": null,\n  "baseline"')
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_no_commit_a_cuda_version_and_a_baseline_are_valid(make, tmp_path):
    record = make()
    record["segments"][0] |= {"commit": None, "clean": False}
    record["versions"]["cuda"] = "13.0"
    record["baseline"] = {"name": "linear", "metrics": record["metrics"]}
    assert records.read(records.write(record, tmp_path))["segments"][0]["commit"] is None


BROKEN = {
    "$.status": {"status": "done"},
    "$.seed": {"seed": -1},
    "$.table": {"table": "Mine"},
    "$.label": {"label": "two\nlines"},
    "$.headline": {"headline": []},
    "$.protocol": {"protocol": {}},
    "$.selection": {"selection": {"metric": "valid_error", "value": 1, "step": 1}},
    "$.row": {"row": "Hyper CNN"},
    "$.schema_version": {"schema_version": 1},
    "$.stop_reason": {"stop_reason": None},  # of a finished run
    "$.metrics": {"metrics": {}},  # of a finished run
    "$.finished": {"finished": None},  # of a finished run
    "$.created": {"created": "2025-01-01T10:00:00+02:00"},
    "$.segments": {"segments": []},
    "$.parameters.total": {"parameters": {"total": 1.5}},
    "$.curve": {"curve": "../elsewhere.jsonl"},
    "$.metrics.test_error.value": {"metrics": {"test_error": {"value": "0.7", "unit": "percent"}}},
    "$.data.kind": {"data": {"name": "mnist", "kind": "fake", "checksums": {}, "split": {}}},
    "$.config_hash": {"config_hash": "not hexadecimal"},
    "$.versions.numpy": {"versions": {"python": "3", "torch": "2", "cuda": None, "numpy": 2}},
    "$.overrides[0]": {"overrides": [1]},
}


@pytest.mark.parametrize("field", BROKEN)
def test_schema_refusals_name_file_and_field(field, make, tmp_path):
    record = {**make(), **BROKEN[field]}
    path = tmp_path / f"{record['id']}.json"
    with pytest.raises(records.RecordError) as refusal:
        records.write(record, tmp_path)
    assert str(refusal.value).startswith(f"{path}: {field}: ")
    assert "\n" not in str(refusal.value)
    assert not path.exists()


def test_unknown_and_missing_fields_are_named(make, tmp_path):
    with pytest.raises(records.RecordError, match="'host' was unexpected"):
        records.write({**make(), "host": "here"}, tmp_path)
    record = make()
    del record["versions"]["torch"]
    with pytest.raises(records.RecordError, match=r"\$\.versions: 'torch' is a required property"):
        records.write(record, tmp_path)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_nan_is_refused_by_name(bad, make, tmp_path):
    record = make()
    record["config"] = {"trainer": {"betas": [0.9, bad]}}
    with pytest.raises(records.RecordError, match=r"\$\.config\.trainer\.betas\[1\]"):
        records.write(record, tmp_path)


def test_the_id_must_fit_profile_and_seed(make, tmp_path):
    with pytest.raises(records.RecordError, match=r"\$\.id: 'paper-seed0-1a2b3c4d' does not start"):
        records.write({**make(), "seed": 1}, tmp_path)


def test_a_renamed_file_is_refused(make, tmp_path):
    path = records.write(make(), tmp_path)
    with pytest.raises(records.RecordError, match=r"\$\.id"):
        records.read(path.rename(tmp_path / "paper-seed0-00000000.json"))


def test_damaged_json_is_one_line(tmp_path):
    path = tmp_path / "demo-seed0-1a2b3c4d.json"
    path.write_text('{"id": ')
    with pytest.raises(records.RecordError, match="cannot be read as JSON") as refusal:
        records.read(path)
    assert str(refusal.value).startswith(f"{path}: ")


def test_nan_in_a_file_is_refused(make, tmp_path):
    path = records.write(make(), tmp_path)
    path.write_text(path.read_text().replace("0.72", "NaN"))
    with pytest.raises(records.RecordError, match=r"\$\.metrics\.test_error\.value: NaN"):
        records.read(path)


def test_a_failing_write_leaves_the_old_file(make, tmp_path, monkeypatch):
    path = records.write(make(value=0.7), tmp_path)
    before = path.read_bytes()

    def fail(self, target):
        raise OSError("no space left")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="no space left"):
        records.write(make(value=0.8), tmp_path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(records.RecordError):
        records.write({**make(), "seed": "x"}, tmp_path)
    assert path.read_bytes() == before


def test_find_filters_and_sees_only_records(put, results):
    first = put(seed=0)
    second = put(seed=1)
    other = put(row="hyper_cnn", profile="lite")
    (first.parent / "paper-seed0-1a2b3c4d.curve.jsonl").write_text("{}\n")
    (first.parent / "paper-seed0-1a2b3c4d").mkdir()
    (first.parent / "paper-seed0-1a2b3c4d" / "notes.json").write_text("[]")
    runs = results / "runs"
    assert [record.path for record in records.find(runs)] == [first, second, other]
    assert [r.path for r in records.find(runs, "7", "cnn")] == [first, second]
    assert [r.path for r in records.find(runs, profile="lite")] == [other]
    assert records.find(runs, "a1") == []
    assert records.find(results / "published") == []


def change_segment(record, **fields):
    record["segments"].append({**record["segments"][0], **fields})
    return record


def test_what_may_stand_beside_the_paper(make):
    assert records.why_not_paper(make()) is None
    reasons = {
        "profile lite": make(profile="lite"),
        "generated data": make(kind="sample"),
        "prefix data": make(kind="prefix"),
        "stand-in data": make(kind="stand-in"),
        "not finished (running)": make(status="running"),
        "overrides (trainer.lr=0.002)": make(overrides=["trainer.lr=0.002"]),
        "sources without a commit": change_segment(make(), commit=None),
        "sources that differ from their commit": change_segment(make(), clean=False),
        "a run of no table": make(table="custom"),
    }
    assert [records.why_not_paper(record) for record in reasons.values()] == list(reasons)


def test_the_schema_itself_is_valid():
    from jsonschema import Draft202012Validator

    path = Path(records.__file__).with_name("record.schema.json")
    schema = json.loads(path.read_text())
    Draft202012Validator.check_schema(schema)
    assert set(schema["properties"]) - set(schema["required"]) == {
        *("checksum", "files", "search_path"),
    }


def test_no_flipped_bit_of_a_record_is_read_as_other_numbers(make, tmp_path):
    """What differs neither in a field nor in a number, such as a space, may be read."""
    record = make()
    path = records.write(record, tmp_path)
    content, draw, refused = path.read_bytes(), random.Random(0), 0
    for bit in draw.sample(range(8 * len(content)), 300):
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        try:
            assert records.read(path) == record
        except records.RecordError:
            refused += 1
    assert refused > 200


def test_a_record_of_before_has_no_checksum(make, tmp_path):
    record = make()
    assert records.read(written(record, tmp_path)) == record


def test_a_file_beside_a_record_is_held_to_its_checksum(make, tmp_path):
    (tmp_path / "a.npz").write_bytes(b"right")
    said = {"arrays": "a.npz", "files": {"a.npz": hashlib.sha256(b"right").hexdigest()}}
    record = records.read(records.write({**make(), **said}, tmp_path))
    assert record.content("a.npz") == b"right"
    (tmp_path / "a.npz").write_bytes(b"wrong")
    with pytest.raises(records.RecordError, match=r"a\.npz: damaged: its SHA-256"):
        record.content("a.npz")
    (tmp_path / "a.npz").unlink()
    with pytest.raises(records.RecordError, match=r"a\.npz: cannot be read"):
        record.content("a.npz")


def written(record, tmp_path):
    """The file of a record that `write` would refuse."""
    path = tmp_path / f"{record['id']}.json"
    path.write_text(json.dumps(record))
    return path


@pytest.mark.parametrize("field", ["table", "row", "profile"])
def test_a_protocol_that_the_fields_contradict_is_refused(field, make, tmp_path):
    record = make()
    record["protocol"][field] = "other"
    with pytest.raises(records.RecordError, match=rf"\$\.protocol\.{field} is 'other'.*by hand"):
        records.read(written(record, tmp_path))


def test_a_hash_of_another_protocol_is_refused(make, tmp_path):
    record = make()
    record["protocol"]["trainer"]["lr"] = 0.5
    path = written(record, tmp_path)
    with pytest.raises(records.RecordError) as refusal:
        records.read(path)
    message = "$.config_hash is not the hash of $.protocol: edited by hand?"
    assert str(refusal.value) == f"{path}: {message}"


IMPOSSIBLE = {
    "a text that nests": '{"a":' * 100_000,
    "a record that nests": '{"schema_version": 2, "config": ' + "[" * 900 + "]" * 900 + "}",
    "a number of 5000 digits": '{"schema_version": ' + "9" * 5000 + "}",
    "no object": "[1]",
    "another version": '{"schema_version": 3}',
    "a version that is no number": '{"schema_version": true}',
    "bytes": "\udcff",
}


@pytest.mark.parametrize("text", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_what_is_no_record_is_one_line(text, tmp_path):
    path = tmp_path / "demo-seed0-1a2b3c4d.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(records.RecordError) as refusal:
        records.read(path)
    assert str(refusal.value).startswith(f"{path}: ")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("number", ["1e999", "9" * 400])
def test_numbers_that_no_float_holds_are_refused(number, make, tmp_path):
    path = records.write(make(), tmp_path)
    path.write_text(path.read_text().replace("0.72", number))
    with pytest.raises(records.RecordError, match=r"\$\.metrics\.test_error\.value: NaN, infinity"):
        records.read(path)


def test_times_that_never_were_are_refused(make, tmp_path):
    with pytest.raises(records.RecordError, match=r"\$\.created: '2025-13-01.*' is no time"):
        records.write(make(created="2025-13-01T10:00:00+00:00"), tmp_path)


def test_a_table_of_ones_own_and_parts_of_the_data(make, tmp_path):
    record = make(table="mine", kind="part")
    assert records.read(records.write(record, tmp_path)) == record


def test_the_hash_in_the_id_is_the_records_configuration(put):
    assert records.read(put(attempt=3)).configuration == "1a2b3c4d"
