"""The claims' file: as written, and every mistake as one line."""

import pytest

from hypernetworks.locations import experiments_dir
from hypernetworks.report.claims import load_claims
from hypernetworks.report.protocol import load_figures, load_tables
from hypernetworks.report.published import check_published, write_published
from hypernetworks.report.records import RecordError


def loaded(experiments):
    return load_claims(experiments, load_tables(experiments), load_figures(experiments))


def test_a_claim_as_written(experiments):
    [claim] = loaded(experiments)
    assert (claim.id, claim.paper) == ("C1", "section Z")
    assert claim.says == "A generated kernel of a third of the weights is as good"
    metric, parameters = claim.comparisons
    assert (metric.quantity.words, metric.quantity.exact) == ("test_error", False)
    assert [row.id for row in metric.rows] == ["hyper_cnn", "cnn"]
    assert (metric.above, metric.below) == (None, 0.1)
    words = (parameters.quantity.words, parameters.quantity.exact)
    assert words == ("parameters (second_kernel)", True)


FIGURE = '{figure: "2", rows: [table7/hyper_cnn, table7/cnn], below: 0.1}'
METRIC = "{metric: test_error, rows: [table7/hyper_cnn, table7/cnn], below: 0.1}"
FAULTS = [
    ("table7/hyper_cnn, table7/cnn", "table8/hyper_cnn, table8/cnn", "no table 'table8'; did you"),
    ("table7/hyper_cnn", "table7/hyper", "no row of table7 'hyper'; did you mean hyper_cnn?"),
    ("table7/hyper_cnn", "table2/hyper_cnn", "different rows of one table, like table7/cnn"),
    ("table7/hyper_cnn", "table7/cnn", "different rows of one table"),
    ("[table7/hyper_cnn, table7/cnn]", "[]", "different rows of one table"),
    ("[table7/hyper_cnn, table7/cnn]", "[table7/cnn]", "2 are compared, not 1"),
    ("[table7/hyper_cnn, table7/cnn]", "table7/cnn", "key 'rows' must be of type list"),
    ("metric: test_error", "metric: test_bpc", "no metric of the table 'test_bpc'; "),
    ("metric: test_error", "metric: 5", "key 'metric' must be of type str"),
    ("metric: test_error", "error: test_error", "the keys are metric, parameters, figure, at,"),
    ("metric: test_error, ", "", "one of the keys metric, parameters, figure, not 0"),
    ("metric: test_error", 'metric: test_error, figure: "2"', "figure, not 2"),
    ("metric: test_error", "metric: test_error, at: spaces", "key 'at' belongs to a figure"),
    (METRIC, "word", "'word': the keys are"),
    (METRIC, "[word]", "['word']: the keys are"),
    (METRIC, FIGURE, "of figure 2 (kernels) nothing is measured"),
    (METRIC, FIGURE.replace('"2"', '"22"'), "no figure '22'; did you mean 2?"),
    (METRIC, FIGURE.replace("figure", "at: spaces, figure"), "'at' does not belong to figure 2"),
    (", below: 0.1", "", "a bound is missing"),
    ("below: 0.1", "below: some", "key 'below' must be of type float"),
    ("below: 0.1", "below: .inf", "bounds must be finite numbers"),
    ("below: 0.1", "below: 0.1, above: 0.1", "nothing lies above 0.1 and below 0.1"),
    ("parameters: second_kernel", "parameters: third", "no part that is counted of hyper_cnn"),
    ("says: A", "words: A", "key 'C1.says' is missing"),
    ("paper: section Z", "paper: 4", "key 'C1.paper' must be of type str"),
    ("comparisons:", "comparison:", "key 'C1.comparisons' is missing"),
    ("C1:", "C1: [", "cannot be read"),
]


@pytest.mark.parametrize(("old", "new", "message"), FAULTS)
def test_a_mistake_is_one_line_that_names_it(old, new, message, experiments):
    path = experiments / "claims.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(RecordError) as refusal:
        loaded(experiments)
    text = str(refusal.value)
    assert text.startswith(f"{path}: ")
    assert message in text
    assert "\n" not in text


def test_a_row_that_the_figure_does_not_show_is_refused(experiments):
    figures = (experiments / "figures.yaml").read_text().replace("kernels", "filters")
    (experiments / "figures.yaml").write_text(figures.replace(", table7/cnn]", "]"))
    (experiments / "figures.yaml").write_text(figures.replace("table7/cnn, ", ""))
    path = experiments / "claims.yaml"
    path.write_text(path.read_text().replace(METRIC, FIGURE))
    with pytest.raises(RecordError, match="no row of table7 in figure 2 'cnn'; did you mean"):
        loaded(experiments)


def test_a_claim_without_comparisons_is_refused(experiments):
    path = experiments / "claims.yaml"
    path.write_text("C1: {says: Something, paper: there, comparisons: []}\n")
    with pytest.raises(RecordError, match=r"key 'C1\.comparisons' names none"):
        loaded(experiments)


def test_the_check_says_so(put, results, experiments):
    put("published")
    write_published(results, experiments)
    assert check_published(results, experiments) is None
    path = experiments / "claims.yaml"
    path.write_text(path.read_text().replace("table7/cnn", "table7/cnnn", 1))
    message = f"{path}: C1, comparison 1: no row of table7 'cnnn'; did you mean cnn? there are: "
    assert check_published(results, experiments) == f"{message}cnn, hyper_cnn"


def test_the_projects_claims_are_nine_and_agree_with_the_papers_own_numbers():
    """What the paper claims, its tables have: where a comparison is of a metric or of parameters,
    the numbers of its rows lie within the bounds."""
    claims = loaded(experiments_dir())
    assert [claim.id for claim in claims] == [f"C{number}" for number in range(1, 10)]
    checked = 0
    for claim in claims:
        for comparison in claim.comparisons:
            words, rows = comparison.quantity.words, comparison.rows
            metric = words in {metric.name for metric in comparison.table.metrics}
            if metric:
                value = rows[0].values[words] - rows[1].values[words]
            elif words.startswith("parameters"):
                part = words.removeprefix("parameters").strip(" ()") or "total"
                value = rows[0].params_exact[part] / rows[1].params_exact[part]
            else:
                continue
            checked += 1
            assert comparison.above is None or comparison.above < value, (claim.id, words)
            assert comparison.below is None or value < comparison.below, (claim.id, words)
    assert checked > 25
