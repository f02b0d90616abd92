"""What the pages say of rows, their differences and figures, against records and by hand."""

import re

import numpy as np
import pytest

from hypernetworks.report.columns import published_column
from hypernetworks.report.differences import differences, order
from hypernetworks.report.figure_numbers import of_figure
from hypernetworks.report.protocol import Row, Table, load_figures, load_tables
from hypernetworks.report.results_page import NONE, best_table, tables_and_figures


@pytest.fixture
def page(experiments, results, tmp_path):
    """docs/results.md's block."""

    def render():
        tables, figures = load_tables(experiments), load_figures(experiments)
        return tables_and_figures(tables, figures, results, tmp_path / "docs" / "figures")

    return render


def cells(text, start):
    line = next(line for line in text.splitlines() if line.startswith(f"| {start}"))
    return [cell.strip() for cell in line.split("|")[1:-1]]


def test_rows_and_differences(page, put):
    baseline = {"name": "ridge", "metrics": {"test_error": {"value": 21.5, "unit": "percent"}}}
    for seed, (cnn, hyper) in enumerate([(0.7, 0.8), (0.6, 0.8), (0.8, 1.1)]):
        put("published", seed=seed, value=cnn)
        put("published", seed=seed, row="hyper_cnn", value=hyper, baseline=baseline)
    text = page()
    assert cells(text, "Normal Convnet") == [
        "Normal Convnet",
        "paper · real",
        "0.72",
        "0.70 ± 0.10 (n=3)",
        "-0.02",
        "12,544 (second_kernel)",
        "1.5 + 1.5 + 1.5",
        "NVIDIA H100",
    ]
    # by hand: 0.1, 0.2, 0.3
    assert cells(text, "Hyper Convnet - Normal Convnet") == [
        "Hyper Convnet - Normal Convnet",
        "paper · real",
        "+0.04",
        "+0.20 ± 0.10 (n=3)",
        "+0.10, +0.20, +0.30",
    ]
    assert "- ridge, the baseline (paper · real): 21.50." in text.splitlines()


def test_shortened_rows_are_not_compared_with_the_papers_numbers(page, put):
    put("published", value=0.9, profile="lite", kind="prefix")
    text = page()
    assert "ours - paper" not in text
    assert cells(text, "Normal Convnet, few")[1:4] == ["lite · prefix", "0.72", "0.90 (n=1) prefix"]


def test_a_row_of_the_papers_protocol_stays_beside_the_shortened_ones(
    page, experiments, results, put
):
    put("published", value=0.7)
    for seed, (cnn, hyper) in enumerate([(0.9, 1.0), (0.8, 1.1)]):
        put("published", seed=seed, value=cnn, profile="lite")
        put("published", seed=seed, row="hyper_cnn", value=hyper, profile="lite")
    text = page()
    assert cells(text, "Normal Convnet ")[1:5] == ["paper · real", "0.72", "0.70 (n=1)", "-0.02"]
    assert cells(text, "Normal Convnet, few")[3] == "0.85 ± 0.07 (n=2)"
    # by hand: 0.1, 0.3
    assert cells(text, "Small Hyper Convnet - Normal Convnet, few")[-1] == "+0.10, +0.30"
    best = best_table(load_tables(experiments), results)
    assert ("0.70 (n=1)" in best, "0.85" in best) == (True, False)
    put("published", row="hyper_cnn", value=0.8)
    assert "lite ·" not in page(), "every row has the paper's protocol"


def test_a_stand_ins_numbers_are_there_without_the_papers(page, experiments, results, put):
    put("published", value=0.9, profile="lite", kind="stand-in")
    put("published", row="hyper_cnn", value=1.0, profile="lite", kind="stand-in")
    text = page()
    # Not even an empty column for the paper's.
    assert cells(text, "Normal Convnet, few")[1:3] == ["lite · stand-in", "0.90 (n=1) stand-in"]
    assert cells(text, "Small Hyper Convnet")[2] == "1.00 (n=1) stand-in"
    assert "+0.10 (n=1)" in text
    assert not re.search(r"0\.72|0\.76|0\.04", text)
    assert not re.search(r"0\.72|0\.76", best_table(load_tables(experiments), results))


def test_a_cell_of_the_papers_names_another_precision_than_float32(page, put):
    put("published", value=0.7)
    put("published", row="hyper_cnn", value=0.8, precision="bfloat16")
    put("published", row="hyper_cnn", value=0.8, precision="bfloat16", profile="lite")
    text = page()
    assert cells(text, "Normal Convnet")[3] == "0.70 (n=1)"
    assert cells(text, "Hyper Convnet")[3] == "0.80 (n=1) bfloat16"
    assert "Hyper Convnet - Normal Convnet" not in text
    before = "2020-01-01T10:00:00+00:00"
    put("published", row="hyper_cnn", value=0.9, attempt=2, created=before)
    text = page()
    assert cells(text, "Hyper Convnet")[3] == "0.90 (n=1)", "float32 comes first"
    assert "+0.20 (n=1)" in text


def test_seeds_and_profiles_are_paired_with_their_own(experiments, results, put):
    put("published", seed=0)
    put("published", seed=1, row="hyper_cnn")
    put("published", seed=0, row="hyper_cnn", profile="lite")
    [table] = load_tables(experiments)
    assert differences(table, published_column(table, results, "paper")) == []


def test_the_order_of_rows(experiments, results, put):
    [table] = load_tables(experiments)
    # The paper: a 1, b 2, c 3; here b is the best: of the pairs ab, ac, bc the first is turned.
    rows = tuple(Row(id_, id_.upper(), n, {"test_error": n}) for n, id_ in enumerate("abc"))
    table = Table("7", "T", "P", table.metrics, (), rows, {})
    for row, value in {"a": 0.5, "b": 0.4, "c": 0.6}.items():
        put("published", row=row, value=value)
    column = published_column(table, results, "paper")
    expected = "2 of 3 pairs of rows are in the paper's order; in the other order: A and B."
    assert order(table, column) == expected
    assert order(table, published_column(table, results, "lite")) is None


def test_pictures_are_linked_where_they_are_drawn(page, put, tmp_path):
    put("published")
    folder = tmp_path / "docs" / "figures"
    assert "figures/" not in page()
    folder.mkdir(parents=True)
    for name in ("figure2-paper.png", "figure2-paper.json", "figure22-paper.png"):
        (folder / name).write_bytes(b"")
    assert page().count("(figures/") == 1
    assert "![Figure 2: Two kernels](figures/figure2-paper.png)" in page()
    for name in ("figure2-paper.svg", "figure2-paper.animated.svg", "figure2-paper.html"):
        (folder / name).write_bytes(b"")
    assert "![Figure 2: Two kernels](figures/figure2-paper.animated.svg)" in page()
    assert "\n[Figure 2: Two kernels](figures/figure2-paper.html)" in page()
    assert page().count("(figures/") == 3


def said(experiments, results, drawing, rows, array=None):
    with (experiments / "figures.yaml").open("a") as file:
        file.write(f"'99': {{title: T, paper: P, rows: [{rows}], drawing: {drawing}")
        file.write(f", array: {array}}}\n" if array else "}\n")
    figure = load_figures(experiments)["99"]
    return of_figure(figure, load_tables(experiments), results)


def test_when_a_row_is_where_the_other_ends(leave, experiments, results):
    leave("cnn", {}, [(100, 3.0), (200, 2.5)], profile="lite")
    leave("hyper_cnn", {}, [(100, 2.6), (150, 2.5), (200, 2.0)], profile="lite")
    profile, text = said(experiments, results, "curves", "table7/cnn, table7/hyper_cnn")
    assert profile == "lite"
    assert text == (
        "Small Hyper Convnet is after 150 steps where Normal Convnet, few epochs ends (after 200)"
    )


def test_saturation_and_changes(leave, experiments, results):
    share = np.zeros(100)
    share[[0, 50, 99]] = [0.25, 0.5, 0.25]
    arrays = {
        "phi": share,
        "text": np.frombuffer(b"\na[ ", np.uint8).astype(np.int64),
        "weight_change": np.array([[1.0, 2, 3, 4], [2, 2, 3, 8]]),
    }
    leave("cnn", arrays, [])
    found = said(experiments, results, "histograms", "table7/cnn", "phi")
    assert found == ("paper", "the share of |phi(c)| > 0.9: Normal Convnet 50.0%")
    text = (
        (experiments / "figures.yaml")
        .read_text()
        .replace("histograms, array: phi", "gates, array: text")
    )
    (experiments / "figures.yaml").write_text(text)
    # by hand: a letter of 1/2, 1, 1, 1/2 of the largest, a bracket of 1
    figure = load_figures(experiments)["99"]
    assert of_figure(figure, load_tables(experiments), results) == (
        "paper",
        "Normal Convnet, of each gate's largest change: mean change at letters 0.75, brackets 1.00",
    )


def test_changes_within_and_between_strokes(leave, experiments, results):
    line = np.array([[[0, 0, 0], [9, 0, 1], [5, 5, 0], [1, 0, 0]]])
    leave("cnn", {"ink": line, "weight_change": np.array([[1.0, 2], [2, 4], [0, 1]])}, [])
    # by hand: 1/2 and 1/2 within the first stroke, 1 and 1 to the next, 0 and 1/4 within it
    assert said(experiments, results, "pen", "table7/cnn", "ink") == (
        "paper",
        "Normal Convnet, of each gate's largest change: "
        "mean change within strokes 0.31, from stroke to stroke 1.00",
    )


TRANSLATED = """
'99': {title: Sentences, rows: [table7/cnn, table7/hyper_cnn], drawing: translations, array: made}
"""


def of_sentences(*made, source="A|b* <i>c</i> \\ 5_000"):
    lines = [f"{source}\tRéf. {number}\t{text}" for number, text in enumerate(made)]
    return {"made": np.frombuffer("\n".join(lines).encode(), np.uint8)}


def test_translations_stand_side_by_side_after_the_rows(leave, experiments, page):
    with (experiments / "figures.yaml").open("a") as file:
        file.write(TRANSLATED)
    leave("cnn", of_sentences("[un](x)", "deux"), [], profile="lite", kind="part")
    assert "Figure 99" not in page(), "a row is missing"
    leave("hyper_cnn", of_sentences("`one`", ""), [], profile="lite", kind="part", seed=3)
    text = page()
    above, _, below = text.partition("Figure 99: Sentences (")
    assert "| Hyper Convnet" in above or "| Small Hyper Convnet" in above
    assert below.startswith(
        "Normal Convnet, few epochs: profile lite, part data, seed 0; "
        "Small Hyper Convnet: profile lite, part data, seed 3).\n\n| source | "
    )
    head, _, *rows = [line for line in below.splitlines() if line.startswith("|")]
    assert head == "| source | reference | Normal Convnet, few epochs | Small Hyper Convnet |"
    # A reader of Markdown: cells end at bars without a backslash, which it takes from the others.
    cells = [re.split(r"(?<!\\) ?\| ?", row.strip("| ").replace("\\\\", "/")) for row in rows]
    shown = [[re.sub(r"\\([!-/:-@[-`{-~])", r"\1", cell) for cell in row] for row in cells]
    assert shown[0] == ["A|b* <i>c</i> / 5_000", "Réf. 0", "[un](x)", "`one`"]
    assert shown[1][:3] == ["A|b* <i>c</i> / 5_000", "Réf. 1", "deux"]
    assert not re.search(r"(?<!\\)[*<>`_\[\]]", "".join(rows).replace("\\\\", ""))


def test_translations_of_other_sentences_are_told_and_not_shown(leave, experiments, page):
    with (experiments / "figures.yaml").open("a") as file:
        file.write(TRANSLATED)
    leave("cnn", of_sentences("un"), [])
    leave("hyper_cnn", of_sentences("one", source="else"), [])
    assert (
        "\n\nFigure 99: Normal Convnet and Hyper Convnet did not translate the same sentences, or "
        "have other references: run both again on the same data."
    ) in page()
    assert "| source |" not in page()


def test_figures_without_numbers_or_runs(leave, experiments, results):
    tables = load_tables(experiments)
    assert of_figure(load_figures(experiments)["2"], tables, results) is None
    assert said(experiments, results, "curves", "table7/cnn") is None


def test_nothing_published(experiments, results):
    assert best_table(load_tables(experiments), results) == NONE
