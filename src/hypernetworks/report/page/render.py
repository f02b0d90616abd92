"""The page: all that there is to say, in its template."""

from collections import Counter
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hypernetworks.atomic import write_text
from hypernetworks.report.claims_table import LEGEND
from hypernetworks.report.custom import all_tables
from hypernetworks.report.page.found import sentences
from hypernetworks.report.page.judged import judge, judged
from hypernetworks.report.page.parts import Part, part
from hypernetworks.report.protocol import Figure, Table, load_figures

PLACE = Path("report", "index.html")  # in the results' folder


def write_page(results: Path, experiments: Path) -> Path:
    """Writes the page into the results' folder; the old one stays until the new one is whole.

    Raises:
        RecordError: for a damaged record, array or curve, or a mistake in `experiments`.
        OSError: if it cannot be written.
    """
    path = results / PLACE
    write_text(path, page(results, experiments))
    return path


def page(results: Path, experiments: Path) -> str:
    """The whole page; the same records give the same.

    Raises:
        RecordError: as `write_page` does.
    """
    tables, figures = all_tables(experiments, results), load_figures(experiments)
    parts = _parts(tables, list(figures.values()), results)
    origins = [origin for part in parts for origin in part.origins]
    known = {run.id for origin in origins for run in origin.runs}
    published, yours = judge(experiments, tables, figures, results)
    pairs = zip(published, yours, strict=True)
    loader = PackageLoader("hypernetworks.report", "page")
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, _, _ = loader.get_source(environment, "style.css")
    return environment.get_template("page.html").render(
        style=Markup(style),
        found=sentences(tables, results, origins, published),
        claims=[judged(*pair, known) for pair in pairs],
        legend=LEGEND.replace("`", ""),
        parts=parts,
        known=known,
    )


def _parts(tables: list[Table], figures: list[Figure], results: Path) -> list[Part]:
    """A part a table. Of one's own there may be several of one name, each of its kind of result."""
    seen: Counter[str] = Counter()
    found = []
    for table in tables:
        seen[table.id] += 1
        place = table.id if seen[table.id] == 1 else f"{table.id}-{seen[table.id]}"
        found.append(part(table, place, tables, figures, results))
    return found
