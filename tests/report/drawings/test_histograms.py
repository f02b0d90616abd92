import numpy as np
import pytest

from hypernetworks.report.drawings.histograms import saturated
from hypernetworks.report.records import RecordError


def test_histograms_say_what_is_saturated(run, figure, drawn, monkeypatch):
    from matplotlib.axes import Axes

    said = []
    real = Axes.text

    def listen(self, x, y, text, **options):
        said.append(text)
        return real(self, x, y, text, **options)

    monkeypatch.setattr(Axes, "text", listen)
    share = np.zeros(100)
    share[[0, 94, 95, 99]] = [0.25, 0.5, 0.125, 0.125]
    for row in ("cnn", "hyper_cnn"):
        run(row, {"phi_c": share})
    figure("histograms", "phi_c")
    assert set(drawn()) == {".png", ".svg", ".json"}
    assert said == ["|phi(c)| > 0.9: 50.0%"] * 2


def test_parts_without_a_border_at_nine_tenths_are_refused():
    assert saturated(np.full(20, 0.05)) == pytest.approx(0.1)
    with pytest.raises(RecordError, match="7 parts"):
        saturated(np.full(7, 1 / 7))
