import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from hypernetworks.report.drawings.moving import moving
from hypernetworks.report.records import RecordError

from .small import written

SVG = "{http://www.w3.org/2000/svg}"


def test_a_line_and_a_row_of_bars_a_gate(run, figure, drawn, monkeypatch):
    from matplotlib.axes import Axes

    bars, said = [], []
    real = Axes.vlines

    def vlines(self, x, low, high, **options):
        bars.append((x, high, self.get_xlim))
        return real(self, x, low, high, **options)

    monkeypatch.setattr(Axes, "vlines", vlines)
    monkeypatch.setattr(Axes, "text", lambda self, x, y, text, **_: said.append(text))
    arrays = written()
    run("cnn", arrays)
    figure("pen", "strokes")
    assert set(drawn()) == {".png", ".svg", ".animated.svg", ".json"}
    where = arrays["strokes"][0, :, 0].astype(float).cumsum()
    changes = arrays["weight_change"].astype(float)
    assert len(bars) == 4
    for gate, (x, high, limits) in enumerate(bars):
        np.testing.assert_allclose(x, where[1:])
        np.testing.assert_allclose(high, changes[:, gate] / changes[:, gate].max())
        assert limits() == bars[0][2]()
    assert said == [f"largest {largest:.3g}" for largest in changes.max(0)]


def test_changes_that_do_not_fit_the_line_are_refused(run, figure, drawn, tmp_path):
    arrays = written()
    run("cnn", arrays | {"weight_change": arrays["weight_change"][1:]})
    figure("pen", "strokes")
    with pytest.raises(RecordError, match=r"changes of shape \(7, 4\) for 9 points"):
        drawn()
    assert not (tmp_path / "out").exists()


def test_the_moving_file_needs_nothing_from_elsewhere(run, figure, drawn):
    run("cnn", written(), label="x", kind="sample")
    figure("pen", "strokes")
    content = drawn()[".animated.svg"]
    page = content.decode()
    ElementTree.fromstring(page)
    assert "A &lt;figure&gt;" in page
    assert "GENERATED DATA" in page
    assert "firebrick" in page
    assert not re.search(r"<script|@import|url\(|href|nan|\binf\b", page)
    assert drawn()[".animated.svg"] == content


def beats(page):
    """[(when it appears in percent, its paths)] of a moving file."""
    whens = dict(re.findall(r"@keyframes (b\d+)\{0%\{visibility:hidden\}([\d.]+)%", page))
    groups = ElementTree.fromstring(page).findall(f"{SVG}g")[0].findall(f"{SVG}g")
    named = [(group.get("style").removeprefix("animation-name:"), group) for group in groups]
    return [(float(whens[name]), group.findall(f"{SVG}path")) for name, group in named]


def test_ink_and_bars_appear_when_the_pen_is_there():
    arrays = written()
    line, changes = arrays["strokes"][0], arrays["weight_change"].astype(float)
    found = beats(moving("Title\nabout", "black", line, changes))
    places = line[:, :2].astype(float).cumsum(0)
    scale = 1104 / np.ptp(places[:, 0])
    x = (places - places.min(0))[:, 0] * scale + 60
    seconds = len(line) / 60 + 3.5
    assert len(found) == len(line)
    for point, (when, paths) in enumerate(found):
        assert when == pytest.approx(100 * point / 60 / seconds, abs=0.01)
        ink = [path for path in paths if path.get("class") == "ink"]
        assert len(ink) == (point not in (0, 5))
        for path in ink:
            assert float(path.get("d").partition("L")[2].split()[0]) == pytest.approx(
                x[point], abs=0.1
            )
        bars = [path.get("d") for path in paths if path.get("class") == "bar"]
        assert len(bars) == 4
        for gate, bar in enumerate(bars if point else []):
            height = float(bar.partition("v")[2])
            assert float(bar[1:].split()[0]) == pytest.approx(x[point], abs=0.1)
            share = changes[point - 1, gate] / changes[:, gate].max()
            assert height == pytest.approx(-46 * share, abs=0.1)


def test_a_model_without_scaling_vectors_has_ink_alone():
    page = moving("Title", "black", written()["strokes"][0], None)
    assert 'class="bar"' not in page
    assert page.count('class="ink"') == 7


def test_a_long_line_stays_small():
    generator = np.random.default_rng(0)
    line = np.concatenate([generator.normal(9, 20, (700, 2)), np.zeros((700, 1))], 1)
    page = moving("Title", "black", line, np.abs(generator.normal(size=(699, 4))))
    assert len(page) < 400_000
    assert len(beats(page)) == 350


@pytest.mark.parametrize("line", [np.zeros((5, 3)), np.ones((4, 3))])
def test_odd_lines_move_too(line):
    page = moving("Odd", "black", line, np.zeros((len(line) - 1, 1)))
    ElementTree.fromstring(page)
    assert "nan" not in page
