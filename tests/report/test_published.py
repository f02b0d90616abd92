import re

import pytest

from hypernetworks.report.published import check_published, write_published
from hypernetworks.report.records import RecordError


@pytest.fixture
def published(put, results, experiments):
    """A published folder with three seeds of one row, and its two pages."""
    paths = [
        put("published", seed=s, value=v, array=[[1.0]]) for s, v in enumerate((0.6, 0.7, 0.8))
    ]
    put("published", row="hyper_cnn", profile="lite", value=0.9)
    write_published(results, experiments)
    return paths


def test_the_tables_page(published, results):
    text = (results / "published" / "TABLES.md").read_text()
    assert "## Table 7: Two networks" in text
    row = next(line for line in text.splitlines() if line.startswith("| Normal Convnet"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells == [
        "Normal Convnet",
        "0.72",
        "0.70 ± 0.10 (n=3)",
        "paper · real",
        "0, 1, 2",
        "12,544 (second_kernel)",
    ]
    assert "yours" not in text
    provenance = next(line for line in text.splitlines() if line.startswith("- Normal Convnet: "))
    assert provenance.startswith("- Normal Convnet: commit 1a2b3c4d5e; NVIDIA H100; data mnist ")
    assert provenance.endswith("; configuration 1a2b3c4d; 1.5 + 1.5 + 1.5 minutes.")


def test_lite_runs_have_a_section_of_their_own(published, results):
    text = (results / "published" / "TABLES.md").read_text()
    paper, lite = text.split("### Table 7, profile lite")
    assert re.search(r"\| Hyper Convnet +\| 0.76 +\| 0.90 lite \(n=1\) +\| lite · real", paper)
    assert re.search(r"\| Small Hyper Convnet +\| 0.76 +\| 0.90 \(n=1\) +\| lite · real", lite)
    assert "- Small Hyper Convnet: commit 1a2b3c4d5e; " in lite
    assert lite.count("Profile lite: a shortened protocol") == 2


def test_the_index_lists_every_run(published, results):
    text = (results / "published" / "INDEX.md").read_text()
    lines = [line for line in text.splitlines() if line.startswith("| 7")]
    assert "4 published runs." in text
    assert len(lines) == 4
    cells = [cell.strip() for cell in lines[2].strip("|").split("|")]
    assert cells == [
        "7",
        "cnn",
        "paper",
        "real",
        "2",
        "test_error 0.80",
        "1100",
        "1.5",
        "1a2b3c4d5e",
        "NVIDIA H100",
        "[paper-seed2-1a2b3c4d](7/cnn/paper-seed2-1a2b3c4d.json)",
    ]
    assert (results / "published" / "7/cnn/paper-seed2-1a2b3c4d.json").is_file()


def test_writing_again_changes_nothing(published, results, experiments):
    before = {p: p.read_bytes() for p in (results / "published").glob("*.md")}
    write_published(results, experiments)
    assert {p: p.read_bytes() for p in (results / "published").glob("*.md")} == before
    assert check_published(results, experiments) is None


def test_runs_of_this_checkout_do_not_matter(published, put, results, experiments):
    put("runs", seed=7, value=50.0)
    assert check_published(results, experiments) is None


def test_nothing_published_is_a_state_too(results, experiments):
    write_published(results, experiments)
    assert "not run" in (results / "published" / "TABLES.md").read_text()
    assert "0 published runs." in (results / "published" / "INDEX.md").read_text()
    assert check_published(results, experiments) is None


def test_a_stale_page_is_found(published, results, experiments):
    page = results / "published" / "TABLES.md"
    page.write_text(page.read_text().replace("0.70 ± 0.10", "0.60 ± 0.10"))
    message = check_published(results, experiments)
    assert message is not None
    assert message.startswith(f"{page} is not what the published records give")


def test_pages_that_are_no_text_are_one_line(published, results, experiments):
    page = results / "published" / "TABLES.md"
    page.write_bytes(b"\xff")
    assert str(check_published(results, experiments)).startswith(f"{page} is not what")
    write_published(results, experiments)
    readme = results.parent / "README.md"
    readme.write_bytes(b"\xff")
    assert check_published(results, experiments) == f"{readme}: no UTF-8 at byte 0"


def test_a_missing_page_is_found(published, results, experiments):
    (results / "published" / "INDEX.md").unlink()
    assert "INDEX.md" in str(check_published(results, experiments))


def tamper(path, old, new):
    """Edits a record, and takes out its checksum as somebody would who knows of it."""
    lines = path.read_text().splitlines(keepends=True)
    text = "".join(line for line in lines if '"checksum":' not in line)
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_record_is_held_to_its_own_checksum(published, results, experiments):
    published[0].write_text(published[0].read_text().replace('"value": 0.6', '"value": 0.5'))
    message = f"{published[0]}: $.checksum is of another record: damaged or edited by hand"
    message += "; move it away, and run it again if it is yours"
    assert check_published(results, experiments) == message


def test_a_tampered_number_is_found(published, results, experiments):
    tamper(published[0], '"value": 0.6', '"value": 0.5')
    message = f"{published[0]}: not what SHA256SUMS says; published files are immutable"
    assert check_published(results, experiments) == message
    with pytest.raises(RecordError) as refusal:
        write_published(results, experiments)
    assert str(refusal.value) == message


def test_tampering_shows_in_the_pages_too(published, results, experiments):
    tamper(published[0], '"value": 0.6', '"value": 0.5')
    (results / "published" / "SHA256SUMS").unlink()
    assert "not in SHA256SUMS" in str(check_published(results, experiments))
    write_published(results, experiments)
    assert "0.67 ± 0.15 (n=3)" in (results / "published" / "TABLES.md").read_text()


TAMPERED = [
    ('"seed": 0', '"seed": 5', "$.id"),
    ('"status": "finished"', '"status": "done"', "$.status"),
    ('"clean": true', '"clean": false', "may not be published: sources that differ"),
    ('"kind": "real"', '"kind": "sample"', "may not be published: generated data"),
    ('"row": "cnn"', '"row": "mlp"', "edited by hand?"),
    ('"lr": 0.001\n', '"lr": 0.002\n', "$.config_hash is not the hash of $.protocol"),
]


@pytest.mark.parametrize(("old", "new", "message"), TAMPERED)
def test_a_tampered_record_is_found(old, new, message, published, results, experiments):
    path = published[0]
    tamper(path, old, new)
    found = check_published(results, experiments)
    assert found is not None
    assert found.startswith(f"{path}: ")
    assert message in found


def test_missing_arrays_are_found(published, results, experiments):
    published[1].with_suffix(".npz").unlink()
    assert "paper-seed1-1a2b3c4d.npz is missing beside it" in str(
        check_published(results, experiments)
    )


def test_a_row_without_an_experiment_is_found(published, put, results, experiments):
    put("published", row="forgotten")
    assert "table 7 has no row forgotten" in str(check_published(results, experiments))


def test_a_stray_json_file_is_found(published, results, experiments):
    (results / "published" / "7" / "notes.json").write_text("{}")
    assert "notes.json: $.schema_version: None is not known" in str(
        check_published(results, experiments)
    )


def test_the_readme_holds_the_results_between_its_marks(published, results, experiments):
    readme = results.parent / "README.md"
    readme.write_text("# Title\n\n<!-- results -->\nold\n<!-- end of results -->\n\nThe rest.\n")
    message = check_published(results, experiments)
    assert "README.md is not what the published records give" in message
    assert readme in write_published(results, experiments)
    text = readme.read_text()
    assert text.startswith("# Title\n\n<!-- results -->\n")
    assert text.endswith("<!-- end of results -->\n\nThe rest.\n")
    assert "old" not in text
    assert "0.70 ± 0.10 (n=3)" in text
    assert check_published(results, experiments) is None


def test_a_record_at_another_place_is_found(published, results, experiments):
    other = published[0].parent.with_name("elsewhere")
    published[0].parent.rename(other)
    assert f"belongs into {published[0].parent}" in str(check_published(results, experiments))


def test_a_table_of_ones_own_is_published_too(published, put, results, experiments):
    put("published", table="mine", row="wide", label="A wide one", value=1.234)
    write_published(results, experiments)
    assert check_published(results, experiments) is None
    text = (results / "published" / "TABLES.md").read_text()
    assert "## Table mine: of your own" in text
    assert "| A wide one | 1.23 (n=1)" in text
    assert "- A wide one: commit 1a2b3c4d5e; " in text
    assert "| mine    | wide" in (results / "published" / "INDEX.md").read_text()


def test_the_readme_has_one_line_for_each_row_with_numbers(published, results, experiments):
    readme = results.parent / "README.md"
    readme.write_text("<!-- results -->\n<!-- end of results -->\n")
    write_published(results, experiments)
    lines = [line.split("|")[1:-1] for line in readme.read_text().splitlines() if "| 7" in line]
    assert [[cell.strip() for cell in line] for line in lines] == [
        *[
            [
                "7",
                "Normal Convnet",
                "test_error, percent",
                "0.72",
                "0.70 ± 0.10 (n=3)",
                "paper · real",
            ]
        ],
        *[["7", "Small Hyper Convnet", "test_error, percent", "0.76", "0.90 (n=1)", "lite · real"]],
    ]


def test_a_page_without_marks_is_left_alone(published, results, experiments):
    readme = results.parent / "README.md"
    readme.write_text("# Nothing here\n")
    assert readme not in write_published(results, experiments)
    assert readme.read_text() == "# Nothing here\n"
