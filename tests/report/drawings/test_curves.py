import pytest

from hypernetworks.report.figures import draw
from hypernetworks.report.records import RecordError


def test_curves_of_all_rows(run, figure, experiments, results, tmp_path, monkeypatch):
    from matplotlib.axes import Axes

    lines = []
    real = Axes.plot

    def listen(self, *data, **options):
        lines.append((*data, options["label"]))
        return real(self, *data, **options)

    titles = []
    monkeypatch.setattr(Axes, "plot", listen)
    monkeypatch.setattr(Axes, "set_title", lambda self, text, **_: titles.append(text))
    run("cnn", {}, profile="lite", parameters={"total": 12})
    run("hyper_cnn", {}, curve=((100, 2.0),), profile="lite", parameters={"total": 1234})
    figure("curves")
    paths = draw("99", experiments, results, "lite", tmp_path / "out")
    assert [path.suffix for path in paths] == [".png", ".svg", ".json"]
    assert lines[:2] == [
        ([100, 200], [3.0, 2.5], "Normal Convnet, few epochs"),
        ([100], [2.0], "Small Hyper Convnet"),
    ]
    assert titles[0] == "A <figure>\nprofile lite, real data, seed 0"


@pytest.mark.parametrize(
    "text",
    [
        '{"step": 100}',
        "[1]",
        "3",
        '"x"',
        '{"step": Infinity, "valid_bpc": 1}',
        '{"step": 1, "valid_bpc": NaN}',
        '{"step": 1, "valid_bpc": {}}',
        "[" * 100_000,
        "\x00",
    ],
)
def test_a_damaged_curve_is_named(text, run, figure, drawn):
    path = run("cnn", {}).with_suffix(".curve.jsonl")
    run("hyper_cnn", {})
    path.write_text(f"{text}\n")
    figure("curves")
    with pytest.raises(RecordError, match=r"curve.jsonl: no curve of valid_bpc"):
        drawn()
