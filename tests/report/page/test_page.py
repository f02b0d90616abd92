"""The page of the published records, as a browser gets it."""

import itertools
import re
from collections import Counter
from statistics import mean, stdev

import pytest
from lxml import html

from hypernetworks.report.claims import load_claims
from hypernetworks.report.page.render import page
from hypernetworks.report.protocol import load_figures, load_tables
from hypernetworks.report.records import find
from hypernetworks.report.verdicts import verdicts
from tests.conftest import ROOT
from tests.report.page.conftest import text_of

PUBLISHED = ROOT / "results" / "published"
EXPERIMENTS = ROOT / "experiments"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    results = tmp_path_factory.mktemp("page") / "results"
    results.mkdir()
    (results / "published").symlink_to(PUBLISHED)
    return page(results, EXPERIMENTS)


@pytest.fixture(scope="module")
def whole(written):
    return html.document_fromstring(written)


def words(text):
    """Those with a digit: numbers, hashes, profiles' sizes."""
    found = {word.strip("|,;:.()*#") for word in text.split()}
    return {word for word in found if re.search(r"\d", word)}


def test_every_number_of_the_tables_is_there(whole):
    tables = words((PUBLISHED / "TABLES.md").read_text())
    assert len(tables) > 300
    assert tables - words(text_of(whole)) == set()


def test_its_size(written):
    assert len(written.encode()) < 10e6


def test_it_loads_nothing(written, whole):
    links = [(e.tag, value) for e, _, value, _ in whole.iterlinks()]
    assert [link for link in links if not link[1].startswith(("#", "data:"))] == []
    style = whole.findtext(".//style")
    assert "url(" not in style
    assert "@import" not in style
    assert "<script" not in written


def test_ids_are_unique_and_links_lead_somewhere(whole):
    ids = Counter(whole.xpath("//@id"))
    assert [id_ for id_, count in ids.items() if count > 1] == []
    links = {link.removeprefix("#") for link in whole.xpath("//@href") if link.startswith("#")}
    drawn = " ".join(whole.xpath("//svg//@*"))
    assert (links | set(re.findall(r"url\(#(.+?)\)", drawn))) - set(ids) == set()


def test_every_number_of_ours_leads_to_its_runs(whole):
    behind = set(whole.xpath("//section[@id='provenance']//@id"))
    cells = 0
    for table in whole.xpath("//section[@class='part']//table"):
        heads = [text_of(head) for head in table.xpath("./thead/tr/th")]
        for row in table.xpath("./tbody/tr"):
            for head, cell in zip(heads, row, strict=True):
                if "published" in head and text_of(cell) not in ("-", "not run"):
                    (link,) = cell.xpath("./a/@href")
                    assert link.removeprefix("#") in behind
                    cells += 1
    assert cells > 100


@pytest.fixture(scope="module")
def convnets():
    """The runs of table 7's plain convnet, the newest last, and what its cell says of them."""
    records = sorted(find(PUBLISHED, "7", "cnn", "paper"), key=lambda record: record["created"])
    errors = [record["metrics"]["test_error"]["value"] for record in records]
    return records, f"{mean(errors):.2f} ± {stdev(errors):.2f} (n={len(errors)})"


def test_what_stands_behind_a_number(whole, convnets):
    records, cell = convnets
    (link,) = whole.xpath(f"//section[@id='table-7']//a[.='{cell}']/@href")
    origin = text_of(whole.get_element_by_id(link.removeprefix("#")))
    newest = records[-1]
    seeds = ",".join(str(seed) for seed in sorted(record["seed"] for record in records))
    for part in (
        f"git checkout {newest['segments'][-1]['commit']}",
        f"python -m hypernetworks -m experiment=table7/cnn profile=paper seed={seeds}",
        "train-images-idx3-ubyte",
        "trainer.batch_size=1000",
        f"published/7/cnn/{newest['id']}.json",
        '"platform": "Linux',
        "torch 2.",
    ):
        assert part in origin, part


def test_pictures_have_words_for_those_who_do_not_see_them(whole):
    images, drawn = whole.xpath("//img"), whole.xpath("//svg")
    assert len(images) > 10
    assert all(len(image.get("alt")) > 40 for image in images)
    assert len(drawn) > 5
    assert all(svg.get("role") == "img" and svg.findtext("title") for svg in drawn)
    assert any(image.get("src").startswith("data:image/svg+xml") for image in images)  # the pen
    assert all(table.findtext("caption") for table in whole.xpath("//table"))


def test_its_headings_and_language(whole):
    levels = [int(heading.tag[1]) for heading in whole.xpath("//h1|//h2|//h3|//h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert whole.get("lang") == "en"
    assert whole.xpath("//meta[@name='viewport']")


def test_every_table_and_figure_that_there_is(whole):
    tables, figures = load_tables(EXPERIMENTS), load_figures(EXPERIMENTS)
    assert whole.xpath("//section[@class='part']/@id") == [f"table-{table.id}" for table in tables]
    captions = " ".join(text_of(caption) for caption in whole.xpath("//figcaption"))
    records = {(path.parts[-3], path.parts[-2]) for path in PUBLISHED.glob("*/*/*.npz")}
    for id_, figure in figures.items():
        there = all(row in records for row in figure.rows)
        assert (f"Figure {id_}." in captions) == there, id_


def test_the_claims_and_their_verdicts(whole):
    tables, figures = load_tables(EXPERIMENTS), load_figures(EXPERIMENTS)
    judged = verdicts(load_claims(EXPERIMENTS, tables, figures), PUBLISHED.parent)
    shown = [text_of(summary) for summary in whole.xpath("//details[@class='claim']/summary")]
    assert len(judged) == len(shown)
    for verdict, text in zip(judged, shown, strict=True):
        assert text.startswith(f"{verdict.claim.id} {verdict.verdict} {verdict.about}")
        assert text.endswith(verdict.claim.says)


def test_what_was_found_is_in_words(whole, convnets):
    found = text_of(whole.get_element_by_id("found"))
    assert re.search(r"\d+ runs are published, of \d+ rows\.", found)
    assert f"Normal Convnet {convnets[1]}, in the paper 0.72" in found
    assert "Of the paper's claims" in found


def luminance(color):
    parts = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first, second):
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_contrast(whole, scheme):
    """As WCAG's level AA has it: 4.5 of text, 3 of lines."""
    blocks = re.findall(r":root \{(.*?)\}", whole.findtext(".//style"), re.DOTALL)
    colors = dict(re.findall(r"--(\w+): (#\w{6})", blocks[scheme]))
    texts = ("ink", "soft", "link", "yours", "warn", "good", "open")
    for ground in ("paper", "card"):
        assert all(contrast(colors[name], colors[ground]) >= 4.5 for name in texts)
    rows = [color for name, color in colors.items() if name.startswith("row")]
    assert len(rows) == 10
    assert all(contrast(color, colors["paper"]) >= 3 for color in rows)
