"""What differs between runs, and what came of it."""

from hypernetworks.report import records
from hypernetworks.report.comparison import compare

UNNAMED = {"table": "custom", "row": "custom", "label": "custom"}
BITS = {"test_bpc": {"value": 1.5, "unit": "bits"}}


def selected(value, better="lower"):
    return {"metric": "valid_error", "better": better, "value": value, "step": 9}


def compared(paths):
    return compare(records.read(path) for path in paths)


def cells(comparison):
    """The table's lines as {header: cell}; headers lie in two lines of text."""
    _, *lines = comparison.text().splitlines()
    (rule,) = [line for line in lines if set(line) <= {"-", " "}]
    ends, start = [], 0
    for column in rule.split("  "):
        ends.append((start, start + len(column)))
        start += len(column) + 2
    cut = [[line[a:b].strip() for a, b in ends] for line in lines if line != rule]
    first, second, *rows = cut
    header = [f"{a} {b}".strip() for a, b in zip(first, second, strict=True)]
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_a_line_a_configuration_with_its_seeds_and_what_differs(put):
    for seed, value in enumerate((0.7, 0.8)):
        put(**UNNAMED, trainer={"lr": 0.1}, seed=seed, value=value, selection=selected(0.9))
    path = put(**UNNAMED, trainer={"lr": 0.25}, seed=2, selection=selected(0.5), steps=2000)
    (comparison,) = compared(sorted(path.parent.glob("*.json")))
    assert comparison.about == "test_error on mnist, real data"
    best, other = cells(comparison)
    assert best == {
        "run": records.read(path).configuration,
        "trainer. lr": "0.25",
        "test_error, percent": "0.72 (n=1)",
        "valid_error, best in training": "0.50 (n=1)",
        "steps": "2,000",
        "seconds": "90",
        "parameters": "28,234",
        "state": "finished",
    }
    assert other["trainer. lr"] == "0.1"
    assert other["test_error, percent"] == "0.75 ± 0.07 (n=2)"


def test_a_default_that_a_protocol_leaves_out_is_that_of_the_configuration(put):
    paths = [put(**UNNAMED, seed=0, trainer={"clip_norm": 1.0}), put(**UNNAMED, seed=1)]
    lines = cells(compared(paths)[0])
    assert {line["trainer. clip_norm"] for line in lines} == {"1", "null"}
    assert "trainer. lr" not in lines[0], "it is the same in both"


def test_runs_of_other_metrics_data_sets_and_kinds_are_other_tables(put):
    data = {"name": "cifar10", "kind": "real", "checksums": {}, "split": {}}
    paths = [put(), put(row="hyper_cnn"), put(row="a", kind="sample"), put(row="b", data=data)]
    paths.append(put(row="c", headline=["test_bpc"], metrics=BITS, value=1.5))
    assert [[line.name for line in c.lines] for c in compared(paths)] == [
        ["7/cnn", "7/hyper_cnn"],
        ["7/a"],
        ["7/b"],
        ["7/c"],
    ]


def test_the_same_configuration_on_other_data_is_another_line(make):
    one, two = make(), make(seed=1)
    two["data"]["checksums"] = {"a": "ab" * 16}
    (comparison,) = compare([records.Record(one, None), records.Record(two, None)])
    assert comparison.keys == ("data",)
    assert len(comparison.lines) == 2


def test_of_a_seed_that_ran_twice_the_newest_counts(put):
    paths = [put(value=0.5), put(value=0.6, attempt=2, created="2025-01-02T10:00:00+00:00")]
    (line,) = cells(compared(paths)[0])
    assert line["test_error, percent"] == "0.60 (n=1)"


def test_what_did_not_finish_is_shown_as_such_and_last(put):
    paths = [
        put(row="a", status="diverged", selection=selected(0.1)),
        put(row="b", seed=0),
        put(row="b", seed=1, status="failed"),
        put(row="c", status="interrupted", steps=7, selection=selected(None)),
        put(row="d", status="running", steps=3),
    ]
    lines = {line["run"]: line for line in cells(compared(paths)[0])}
    assert list(lines) == ["7/b", "7/a", "7/d", "7/c"]
    assert [lines[name]["state"] for name in lines] == [
        "seed 1 failed",
        "diverged",
        "crashed at step 3",
        "interrupted at step 7",
    ]
    assert lines["7/b"]["test_error, percent"] == "0.72 (n=1)"
    assert lines["7/a"]["test_error, percent"] == "-"
    assert lines["7/a"]["valid_error, best in training"] == "0.10 (n=1)"
    assert lines["7/c"]["valid_error, best in training"] == "-"


def test_where_higher_is_better_the_highest_comes_first(put):
    paths = [put(row=f"r{n}", selection=selected(n, "higher")) for n in range(3)]
    (comparison,) = compared(paths)
    assert [line.name for line in comparison.lines] == ["7/r2", "7/r1", "7/r0"]
    assert "; higher valid_error first" in comparison.text()


def test_nothing_to_compare():
    assert compare([]) == []
