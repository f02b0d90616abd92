"""Where IAM's lines and lists lie: names, white space, what is missing, counts, swapped lists."""

import logging

import pytest

from hypernetworks.data import iam_layout
from hypernetworks.data.errors import DataError
from hypernetworks.data.iam_layout import COUNTS, Layout, read_list

FORMS = {
    "trainset.txt": ["a01-000u", "a01-000"],
    "testset_v.txt": ["a01-000x"],
    "testset_t.txt": ["b06-000z", "b06-001z", "b06-002z"],
    "testset_f.txt": ["a01-001", "a01-002", "a01-003", "a01-004"],
}


def put(folder, forms=FORMS, lines=2):
    """Lists, and for each form of FORMS files of lines with nothing in them."""
    for name, members in forms.items():
        folder.mkdir(exist_ok=True)
        (folder / name).write_text("\n".join(f" {form}\t" for form in members) + "\r\n\n")
    for form in (form for members in FORMS.values() for form in members):
        inside = folder / "lineStrokes" / form[:3] / form[:7]
        inside.mkdir(parents=True, exist_ok=True)
        for number in range(1, lines + 1):
            (inside / f"{form}-{number:02d}.xml").touch()
    return folder


def test_lists_and_files_by_form(tmp_path):
    found = Layout.of(put(tmp_path))
    assert found.forms == FORMS
    assert list(found.lists) == list(COUNTS)
    assert list(COUNTS)[-1] == iam_layout.VALID == "testset_v.txt"
    train = [path.relative_to(tmp_path).as_posix() for path in found.listed("trainset.txt")]
    assert train == [
        f"lineStrokes/a01/a01-000/a01-000{ending}.xml" for ending in ("u-01", "u-02", "-01", "-02")
    ]
    assert found.unlisted() == 0


def test_lists_may_lie_in_the_folder_that_they_were_unpacked_as(tmp_path):
    put(tmp_path)
    (tmp_path / "task1").mkdir()
    for name in COUNTS:
        (tmp_path / name).rename(tmp_path / "task1" / name)
    assert Layout.of(tmp_path).forms == FORMS


def test_lines_without_a_list_are_counted_and_files_in_the_wrong_place_are_no_lines(tmp_path):
    put(tmp_path, FORMS | {"testset_t.txt": []})
    (tmp_path / "lineStrokes/a01/a01-001/a01-000u-09.xml").touch()
    found = Layout.of(tmp_path)
    assert found.unlisted() == 6
    assert len(found.listed("trainset.txt")) == 4


def test_what_is_missing_is_named_with_where_it_comes_from(tmp_path):
    put(tmp_path)
    (tmp_path / "testset_v.txt").unlink()
    (tmp_path / "testset_f.txt").unlink()
    with pytest.raises(DataError) as refused:
        Layout.of(tmp_path)
    said = str(refused.value)
    assert f"Missing in {tmp_path}: testset_f.txt, testset_v.txt. " in said
    for word in ("register at https://fki", "IAM-OnDB-t1", "HYPERNETWORKS_DATA"):
        assert word in said
    with pytest.raises(DataError, match=r"testset_v\.txt, lineStrokes/\."):
        Layout.of(tmp_path / "nothing")


def test_listed_forms_without_lines_are_an_error_that_counts_them(tmp_path):
    extra = [f"c01-{n:03d}u" for n in range(5)]
    put(tmp_path, FORMS | {"testset_f.txt": extra})
    with pytest.raises(
        DataError, match=r"no lines of 5 of the 11 .*\(c01-000u, c01-001u, c01-002u"
    ):
        Layout.of(tmp_path)


@pytest.mark.parametrize("name", ["testset_v.txt", "trainset.txt"])
def test_a_form_listed_twice_is_an_error(tmp_path, name):
    put(tmp_path, FORMS | {name: [*FORMS[name], "a01-000u"]})
    with pytest.raises(DataError, match=rf"a01-000u stands in trainset.txt and again in {name}"):
        Layout.of(tmp_path)


@pytest.mark.parametrize("row", ["../../etc", "a01-000u-01", "a01-000u.xml", "<html>", "ü"])
def test_a_list_of_something_else(tmp_path, row):
    path = tmp_path / "trainset.txt"
    path.write_bytes(f"a01-000u\n\n{row}\n".encode())
    with pytest.raises(DataError, match=r"trainset.txt: line 3 is no form such as a01-000u"):
        read_list(path)


def warning(tmp_path, caplog, monkeypatch, counts):
    monkeypatch.setattr(iam_layout, "COUNTS", counts)
    with caplog.at_level(logging.WARNING, "hypernetworks"):
        Layout.of(put(tmp_path)).is_whole()
    return [record.getMessage() for record in caplog.records]


OWN = {"trainset.txt": (2, 4), "testset_t.txt": (3, 6), "testset_f.txt": (4, 8)}


def test_the_databases_own_counts_need_no_word(tmp_path, caplog, monkeypatch):
    assert warning(tmp_path, caplog, monkeypatch, {**OWN, "testset_v.txt": (1, 2)}) == []


def test_other_counts_are_one_line(tmp_path, caplog, monkeypatch):
    said = warning(tmp_path, caplog, monkeypatch, {**OWN, "testset_v.txt": (1, 1438)})
    assert said == [
        "IAM is not whole, and numbers of it are none of table 5's: "
        "testset_v.txt has 1 forms and 2 lines instead of 1 and 1,438"
    ]


def test_swapped_lists_are_called_so(tmp_path, caplog, monkeypatch):
    swapped = {"trainset.txt": (2, 4), "testset_t.txt": (4, 8), "testset_f.txt": (3, 6)}
    (said,) = warning(tmp_path, caplog, monkeypatch, {**swapped, "testset_v.txt": (1, 2)})
    assert "testset_t.txt has 3 forms and 6 lines instead of 4 and 8, testset_f.txt has" in said
    assert said.startswith("IAM: ")  # the same lines train
    assert said.endswith("; testset_t.txt and testset_f.txt look swapped")


def test_the_counts_are_the_databases():
    assert sum(lines for _, lines in COUNTS.values()) == 12_179
    assert sum(COUNTS[name][1] for name in COUNTS if name != "testset_v.txt") == 10_741
