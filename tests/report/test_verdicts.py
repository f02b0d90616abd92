"""Verdicts of seeds made by hand: each side of each bound, and what is never evidence."""

import pytest

from hypernetworks.report.claims import load_claims
from hypernetworks.report.claims_table import claimed, claims_section, seen, terminal_claims, what
from hypernetworks.report.protocol import load_figures, load_tables
from hypernetworks.report.published import check_published, write_published
from hypernetworks.report.records import RecordError
from hypernetworks.report.verdicts import verdicts, weakest
from tests.report.conftest import RECORD

LINE = "  - {metric: test_error, rows: [table7/hyper_cnn, table7/cnn], %s}\n"


@pytest.fixture
def judge(experiments, results):
    """The one verdict of a claim with these bounds: `judge("above: 0")`; several: a conjunction."""

    def call(*bounds, **options):
        lines = "".join(LINE % bound for bound in bounds)
        text = f"C1:\n  says: It is so\n  paper: section Z\n  comparisons:\n{lines}"
        if bounds:
            (experiments / "claims.yaml").write_text(text)
        tables, figures = load_tables(experiments), load_figures(experiments)
        [found] = verdicts(load_claims(experiments, tables, figures), results, **options)
        return found

    return call


@pytest.fixture
def seeds(put):
    """Publishes pairs of runs whose differences are these, by seed."""

    def write(*differences, tree="published", **fields):
        for seed, difference in enumerate(differences):
            put(tree, seed=seed, value=5.0 + seed, **fields)
            put(tree, seed=seed, row="hyper_cnn", value=5.0 + seed + difference, **fields)

    return write


# The interval of 1, 2, 3 is -0.48 to 4.48, that of 1.9, 2.0, 2.1 is 1.75 to 2.25.
@pytest.mark.parametrize(
    ("differences", "bounds", "verdict"),
    [
        ((1.9, 2.0, 2.1), "above: 0", "holds"),
        ((1.9, 2.0, 2.1), "below: 0", "does not hold"),
        ((1.9, 2.0, 2.1), "above: 1.7, below: 2.3", "holds"),
        ((1.9, 2.0, 2.1), "above: 1.8", "not enough seeds"),
        ((1.9, 2.0, 2.1), "above: 2.3", "does not hold"),  # significantly smaller than stated
        ((1.9, 2.0, 2.1), "above: 0, below: 1.7", "does not hold"),  # significantly larger
        ((1.0, 2.0, 3.0), "above: 0", "not enough seeds"),
        ((1.0, 2.0, 3.0), "below: 0", "not enough seeds"),
        ((-1.9, -2.0, -2.1), "above: 0", "does not hold"),
        ((-0.1, 0.1), "above: 0", "not enough seeds"),  # a tie
        ((0.0, 0.0, 0.0), "above: 0", "not enough seeds"),
        ((0.5, 0.5), "above: 0", "not enough seeds"),  # equal: nothing is known of how seeds differ
        ((0.5, 0.5), "below: 0", "not enough seeds"),
        ((0.5, 0.51), "above: 0", "holds"),  # 0.505 -+ 12.71 * 0.00707 / sqrt(2)
        ((50.0,), "above: 0", "not enough seeds"),  # one seed, however far
        ((-50.0,), "above: 0", "not enough seeds"),
        ((), "above: 0", "not run"),
    ],
)
def test_a_comparison(differences, bounds, verdict, judge, seeds):
    seeds(*differences)
    found = judge(bounds)
    assert found.verdict == verdict
    assert found.comparisons[0].verdict == verdict
    assert list(found.comparisons[0].values.values()) == pytest.approx(list(differences))


def test_what_a_verdict_says_of_its_evidence(judge, seeds):
    seeds(0.1, 0.2, 0.15, profile="lite", kind="prefix")
    found = judge("below: 0.1")
    [compared] = found.comparisons
    assert (found.profile, found.kinds, found.about) == ("lite", ["prefix"], "lite · prefix")
    assert (compared.spread.n, compared.spread.mean) == (3, pytest.approx(0.15))
    assert compared.interval == pytest.approx((0.0258, 0.2742), abs=1e-4)
    assert sorted(compared.runs) == [0, 1, 2]
    assert {record["row"] for record in compared.records} == {"cnn", "hyper_cnn"}
    assert [record["seed"] for record in compared.runs[1]] == [1, 1]
    assert what(compared) == "test_error: Small Hyper Convnet - Normal Convnet, few epochs"
    assert (claimed(compared), seen(compared)) == (
        "below 0.1",
        "+0.15 ± 0.05 (n=3), from +0.03 to +0.27",
    )


def test_rows_are_paired_by_seed(judge, put):
    for seed in (0, 1):
        put("published", seed=seed)
    for seed in (2, 3):
        put("published", seed=seed, row="hyper_cnn")
    assert judge("above: 0").verdict == "not run"
    put("published", seed=1, row="hyper_cnn", value=1.0)
    found = judge("above: 0")
    assert found.verdict == "not enough seeds"
    assert list(found.comparisons[0].values) == [1]


def test_profiles_are_never_mixed(judge, put):
    """Seed 0 is of the paper's profile in both rows, seeds 1 and 2 in one of each."""
    for seed, (cnn, hyper) in enumerate([("paper", "paper"), ("paper", "lite"), ("lite", "paper")]):
        put("published", seed=seed, value=1.0, profile=cnn)
        put("published", seed=seed, value=2.0 + seed, row="hyper_cnn", profile=hyper)
    found = judge("above: 0")
    assert (found.verdict, found.profile) == ("not enough seeds", "paper")
    assert list(found.comparisons[0].values) == [0]
    assert judge("above: 0", profile="lite").verdict == "not run"


@pytest.mark.parametrize(
    "other",
    [{"kind": "real"}, {"kind": "prefix", "checksums": {"t10k-images-idx3-ubyte": "0" * 32}}],
)
def test_data_are_never_mixed(other, judge, put):
    data = {**RECORD["data"], **other}
    for seed in (0, 1, 2):
        put("published", seed=seed, profile="lite", kind="prefix")
        of = {"kind": other["kind"], "data": data, "value": 2.0 + seed}
        put("published", seed=seed, row="hyper_cnn", profile="lite", **of)
    assert judge("above: 0").verdict == "not run"


def test_the_profile_is_the_one_with_more_seeds_whatever_they_say(judge, seeds):
    seeds(1.9, 2.0, 2.1, profile="lite")
    assert (judge("above: 0").verdict, judge("above: 0").profile) == ("holds", "lite")
    seeds(1.0)  # one seed of the paper's profile is no evidence
    assert (judge("above: 0").verdict, judge("above: 0").profile) == ("holds", "lite")
    assert judge("above: 0", profile="paper").verdict == "not enough seeds"
    seeds(-1.0, 1.0)  # two are, and leave the claim open
    assert (judge("above: 0").verdict, judge("above: 0").profile) == ("not enough seeds", "paper")
    assert judge("above: 0", profile="lite").verdict == "holds"


def test_a_single_seed_is_named_with_its_profile(judge, seeds):
    seeds(1.0, profile="lite")
    assert (judge("above: 0").verdict, judge("above: 0").about) == (
        "not enough seeds",
        "lite · real",
    )


def test_a_claim_is_as_good_as_its_weakest_comparison(judge, seeds):
    seeds(1.9, 2.0, 2.1)
    assert judge("above: 0", "below: 3").verdict == "holds"
    assert judge("above: 0", "below: 2.2").verdict == "not enough seeds"
    found = judge("above: 0", "below: 2.2", "below: 1")
    assert found.verdict == "does not hold"
    each = [compared.verdict for compared in found.comparisons]
    assert each == ["holds", "not enough seeds", "does not hold"]


@pytest.mark.parametrize(
    ("each", "whole"),
    [
        (["holds", "holds"], "holds"),
        (["holds", "not run"], "not enough seeds"),
        (["not run", "not run"], "not run"),
        (["not enough seeds", "not run"], "not enough seeds"),
        (["not run", "does not hold"], "does not hold"),
    ],
)
def test_the_weakest(each, whole):
    assert weakest(each) == whole


def test_exact_numbers_need_one_run_alone(judge, put):
    put("published", parameters={"total": 9, "second_kernel": 12544})
    put("published", row="hyper_cnn", parameters={"total": 8, "second_kernel": 4244})
    found = judge()  # the claim as conftest writes it
    metric, parameters = found.comparisons
    assert (metric.verdict, parameters.verdict) == ("not enough seeds", "holds")
    assert seen(parameters) == "0.34"
    assert list(parameters.values.values()) == [4244 / 12544]


def test_an_exact_number_that_is_not_the_claimed_one(judge, put):
    for row in ("cnn", "hyper_cnn"):
        put("published", row=row)
    assert judge().comparisons[1].verdict == "does not hold"
    assert judge().verdict == "does not hold"


def test_runs_of_this_checkout_are_judged_when_asked(judge, seeds):
    seeds(1.9, 2.0, 2.1, tree="runs", profile="demo", kind="sample")
    assert judge("above: 0").verdict == "not run"
    found = judge("above: 0", profile="demo", tree="runs")
    assert (found.verdict, found.about) == ("holds", "demo · generated")


def test_what_may_not_stand_beside_the_paper_does_not_count(judge, seeds):
    seeds(1.9, 2.0, 2.1, kind="prefix")
    assert judge("above: 0").verdict == "not run"


def test_overridden_and_unfinished_runs_do_not_count(judge, seeds):
    seeds(1.9, 2.0, 2.1, profile="lite", overrides=["trainer.lr=0.1"])
    assert judge("above: 0").verdict == "not run"
    seeds(1.9, 2.0, profile="lite", status="interrupted")
    assert judge("above: 0").verdict == "not run"


def test_a_damaged_record_is_one_line(judge, seeds, results):
    seeds(1.9, 2.0, 2.1)
    path = next((results / "published").glob("7/cnn/*seed1*.json"))
    path.write_text(path.read_text().replace('"value": 6.0', '"value": 9.0'))
    with pytest.raises(RecordError, match=r"seed1.*: \$\.checksum is of another record"):
        judge("above: 0")
    path.write_text(path.read_text()[:200])
    with pytest.raises(RecordError, match=r"seed1.*: cannot be read as JSON"):
        judge("above: 0")


def test_the_words_of_a_verdict(judge, seeds):
    seeds(1.9, 2.0, 2.1, profile="lite")
    found = [judge("above: 0", "below: 1.5")]
    text = terminal_claims(found)
    assert text.startswith("C1: DOES NOT HOLD (holds: 1, does not hold: 1; lite · real)\n")
    assert "It is so (section Z)" in text
    page = claims_section(found)
    assert "\n### C1: does not hold\n" in page
    row = next(line for line in page.splitlines() if "below 1.5" in line)
    assert [cell.strip() for cell in row.strip("|").split("|")] == [
        "test_error: Small Hyper Convnet - Normal Convnet, few epochs",
        "below 1.5",
        "+2.00 ± 0.10 (n=3), from +1.75 to +2.25",
        "does not hold",
        "lite · real",
    ]


def test_the_pages_are_held_to_the_verdicts(judge, seeds, results, experiments):
    judge("above: 0")
    seeds(1.9, 2.0)
    readme = results.parent / "README.md"
    readme.write_text("# T\n\n<!-- claims -->\n<!-- end of claims -->\n\nThe rest.\n")
    write_published(results, experiments)
    text = readme.read_text()
    assert text.startswith("# T\n\n<!-- claims -->\n\n|")
    assert text.endswith("|\n\n<!-- end of claims -->\n\nThe rest.\n")
    assert "| C1 | It is so            | holds     | paper · real     |" in text
    assert check_published(results, experiments) is None
    readme.write_text(text.replace("| holds  ", "| not run"))
    assert str(check_published(results, experiments)).startswith(f"{readme} is not what")
    write_published(results, experiments)
    judge("above: 5")  # another claim, another verdict
    assert str(check_published(results, experiments)).startswith(f"{readme} is not what")
