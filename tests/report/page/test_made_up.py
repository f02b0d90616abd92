"""The page of made-up records: the user's own, hostile labels, damage, none."""

import json
import shutil

import numpy as np
import pytest

from hypernetworks.report.errors import RecordError
from hypernetworks.report.page.render import page, write_page
from tests.report.page.conftest import text_of

KERNEL = {"second_kernel": np.arange(36.0).reshape(2, 2, 3, 3)}
CURVE = [(10, 8.0), (20, 2.0), (30, 0.9)]
HOSTILE = 'A <b> & "row" </td><script>'


@pytest.fixture
def published(leave):
    def write():
        for seed, value in enumerate((0.6, 0.7, 0.8)):
            leave("cnn", KERNEL, CURVE, seed=seed, value=value)
            leave("hyper_cnn", KERNEL, CURVE, seed=seed, value=value + 0.1)

    return write


@pytest.fixture
def yours(results, leave):
    """The runs of a checkout, with arrays and curves; writes before anything is published."""

    def write(**fields):
        for row, value in (("cnn", 0.5), ("hyper_cnn", 0.55)):
            leave(row, KERNEL, CURVE, value=value, **fields)
        (results / "published").rename(results / "runs")

    return write


def cells(section):
    """{row: {head: cell}} of a section's first table."""
    table = section.xpath(".//table")[0]
    heads = [text_of(head) for head in table.xpath("./thead/tr/th")]
    rows = [[text_of(cell) for cell in row] for row in table.xpath("./tbody/tr")]
    return {row[0]: dict(zip(heads, row, strict=True)) for row in rows}


def test_the_same_records_give_the_same_bytes(published, results, experiments, tmp_path):
    published()
    first = page(results, experiments)
    copied = shutil.copytree(results, tmp_path / "elsewhere" / "results")
    assert page(copied, experiments) == first
    assert str(tmp_path) not in first


def test_numbers_beside_the_papers(published, parsed):
    published()
    whole = parsed()
    rows = cells(whole.get_element_by_id("table-7"))
    assert rows["Hyper Convnet"] == {
        "row": "Hyper Convnet",
        "paper": "0.76",
        "published": "0.80 ± 0.10 (n=3)",
        "published - paper": "+0.04",
        "profile · data": "paper · real",
        "seeds": "0, 1, 2",
        "parameters": "12,544 (second_kernel), DIFFERENT from 4,244",
    }
    paired = whole.xpath("//section[@id='table-7']//table")[1]
    (difference,) = paired.xpath("./tbody/tr")
    # by hand: 0.1 for each seed
    assert [text_of(cell) for cell in difference] == [
        "Hyper Convnet - Normal Convnet",
        "+0.04",
        "+0.10 ± 0.00 (n=3)",
        "+0.10, +0.10, +0.10",
        "paper · real",
    ]


def test_curves_with_the_papers_number_where_it_is_comparable(published, parsed):
    published()
    figure = parsed().xpath("//figure[@class='curves']")[0]
    legend = [text_of(entry) for entry in figure.xpath(".//li")]
    assert legend == [
        "● Normal Convnet",
        "the paper's test_error, 0.72",
        "■ Hyper Convnet",
        "the paper's test_error, 0.76",
    ]
    assert figure.findtext(".//svg/title").startswith("valid_error during training")


def test_shortened_runs_have_no_number_of_the_papers_in_their_curves(leave, parsed):
    leave("cnn", KERNEL, CURVE, profile="lite")
    (figure,) = parsed().xpath("//figure[@class='curves']")
    assert [text_of(entry) for entry in figure.xpath(".//li")] == ["● Normal Convnet, few epochs"]


def test_the_runs_of_this_checkout_stand_beside(yours, published, parsed):
    yours()
    published()
    whole = parsed()
    row = cells(whole.get_element_by_id("table-7"))["Normal Convnet"]
    assert (row["published"], row["yours"]) == ("0.70 ± 0.10 (n=3)", "0.50 (n=1)")
    assert (row["yours - paper"], row["seeds"], row["seeds, yours"]) == ("-0.22", "0, 1, 2", "0")
    legend = [text_of(entry) for entry in whole.xpath("//ul[@class='legend']/li")]
    assert "● Normal Convnet, yours" in legend
    assert "0.50 (n=1)" in {text_of(cell) for cell in whole.xpath("//td[@class='yours']")}
    assert "2 runs of this checkout are shown beside" in text_of(whole.get_element_by_id("found"))
    assert "runs/7/cnn/paper-seed0-1a2b3c4d.json" in text_of(whole.get_element_by_id("provenance"))
    ids = whole.xpath("//@id")
    assert len(ids) == len(set(ids))


def test_generated_data_have_a_part_of_their_own_that_says_so(yours, parsed):
    yours(profile="demo", kind="sample")
    whole = parsed()
    part = whole.get_element_by_id("table-7")
    assert [text_of(h) for h in part.xpath("./h3")] == [
        "The paper's rows",
        "Profile demo",
        "Quoted",
    ]
    assert "GENERATED DATA" in text_of(part.xpath(".//p[@class='notice']")[0])
    assert "GENERATED DATA" in text_of(part.xpath("./figure/figcaption")[-1])
    assert "No run is published here yet." in text_of(whole.get_element_by_id("found"))


def test_a_figure_of_runs_that_stand_behind_no_number_has_no_link(leave, parsed):
    """Of the paper's profile on other data: nothing that a table shows."""
    for row in ("cnn", "hyper_cnn"):
        leave(row, KERNEL, CURVE, kind="part")
    whole = parsed()
    (caption,) = whole.xpath("//figure/figcaption[b]")
    assert text_of(caption).endswith("Of Normal Convnet, Hyper Convnet.")
    assert caption.xpath(".//a") == []


def test_labels_are_text(put, parsed):
    put("published", table="mine", row="odd", label=HOSTILE)
    whole = parsed()
    assert cells(whole.get_element_by_id("table-mine"))[HOSTILE]["published"] == "0.72 (n=1)"
    assert f"{HOSTILE} published" in text_of(whole.get_element_by_id("provenance"))
    assert whole.xpath("//script|//table//b") == []


def test_what_repeats_a_run_of_no_row(put, parsed):
    words = ["model=lstm", "dataset=text", "dataset.path=a b.txt"]
    put(table="custom", row="custom", label="custom", overrides=words, seed=3, profile="lite")
    commands = [text_of(code) for code in parsed().xpath("//section[@class='origin']/p/code")]
    assert commands[-1] == (
        "python -m hypernetworks model=lstm dataset=text 'dataset.path=a b.txt' profile=lite seed=3"
    )


@pytest.mark.parametrize(
    ("profile", "precision", "said"),
    [
        ("paper", "float32", "profile=paper seed=0"),
        ("paper", "bfloat16", "profile=paper trainer.precision=bfloat16 seed=0"),
        ("lite", "bfloat16", "profile=lite seed=0"),  # a part of the row
    ],
)
def test_what_repeats_a_run_of_the_papers_protocol_has_its_precision(
    put, parsed, profile, precision, said
):
    put(profile=profile, precision=precision)
    commands = [text_of(code) for code in parsed().xpath("//section[@class='origin']/p/code")]
    assert commands[-1] == f"python -m hypernetworks experiment=table7/cnn {said}"


def test_sources_that_were_changed_are_no_commit_to_go_back_to(put, make, parsed):
    put(segments=[{**make()["segments"][0], "clean": False}])
    origin = text_of(parsed().xpath("//section[@class='origin']")[0])
    assert "git checkout" not in origin
    assert "1a2b3c4d5e, with changes" in origin


def test_without_any_record(parsed):
    whole = parsed()
    found = text_of(whole.get_element_by_id("found"))
    assert "None has been run either: make reproduce-table" in found
    assert cells(whole.get_element_by_id("table-7"))["Normal Convnet"]["paper"] == "0.72"
    assert "No run stands behind it yet." in text_of(whole.get_element_by_id("provenance"))


def test_a_damaged_curve_is_named_and_leaves_the_old_page(published, results, experiments):
    published()
    path = write_page(results, experiments)
    before = path.read_bytes()
    damaged = results / "published" / "7" / "cnn" / "paper-seed0-1a2b3c4d.curve.jsonl"
    damaged.write_text(json.dumps({"step": 1}))
    with pytest.raises(RecordError, match=str(damaged)):
        write_page(results, experiments)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["index.html"]
