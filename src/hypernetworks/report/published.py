"""The pages that are drawn from the published records, and the check that they still match.

All are pure functions of the records, of `experiments/` and of which figures are drawn: no dates,
no order of files on a disk, nothing of the machine that writes them.
"""

from collections.abc import Callable
from pathlib import Path

from hypernetworks.atomic import write_text
from hypernetworks.report import checksums, records
from hypernetworks.report.claims import load_claims
from hypernetworks.report.claims_table import claims_section, claims_table
from hypernetworks.report.custom import all_tables
from hypernetworks.report.drawn import drawn_fault
from hypernetworks.report.pages import COMMAND, index_page, tables_page
from hypernetworks.report.protocol import Table, load_figures, load_tables
from hypernetworks.report.results_page import best_table, tables_and_figures
from hypernetworks.report.verdicts import verdicts

Blocks = dict[str, Callable[[], str]]  # what stands between the marks of that name


def write_published(results: Path, experiments: Path) -> list[Path]:
    """Writes `results`/published/TABLES.md and INDEX.md anew, adds new files to SHA256SUMS, and
    fills the marked places of README.md and docs/results.md beside `results`, where they are.

    Raises:
        RecordError: if a record or an experiment's file is damaged, or a published file changed.
    """
    folder = results / "published"
    checksums.refuse_changes(folder)
    pages = _pages(results, experiments)
    for path, text in pages.items():
        write_text(path, text)
    sums = checksums.extend(folder)
    return [*pages, sums] if sums else list(pages)


def check_published(results: Path, experiments: Path) -> str | None:
    """What is wrong with the published folder, in one line; None if nothing.

    Every record there must be valid, publishable, at the place that its fields say and whole with
    its curve and arrays; no file may differ from SHA256SUMS; the pages must be what the records
    give, the drawn figures of the records that would be drawn now.
    """
    folder = results / "published"
    try:
        tables = load_tables(experiments)
        for path in sorted(folder.rglob("*.json")):
            fault = _fault(records.read(path), folder, tables)
            if fault is not None:
                return f"{path}: {fault}"
        changed = checksums.fault(folder)
        pages = _pages(results, experiments)
    except records.RecordError as error:
        return str(error)
    for path, text in pages.items():
        if not path.is_file() or path.read_bytes() != text.encode("utf-8"):
            changed = changed or f"{path} is not what the published records give; run: {COMMAND}"
    return changed or drawn_fault(_figures_folder(results), experiments, results)


def _fault(record: records.Record, folder: Path, tables: list[Table]) -> str | None:
    place = records.folder_of(folder, record["table"], record["row"])
    if record.path.parent != place:
        return f"belongs into {place}"
    for table in tables:
        if table.id == record["table"] and table.row(record["row"]) is None:
            return f"table {table.id} has no row {record['row']}"
    for name in (record["curve"], record["arrays"]):
        if name is not None and not (place / name).is_file():
            return f"{name} is missing beside it"
    reason = records.why_not_published(record)
    return f"may not be published: {reason}" if reason else None


def _pages(results: Path, experiments: Path) -> dict[Path, str]:
    tables = all_tables(experiments, results, ("published",))
    folder = results / "published"
    pages = {
        folder / "TABLES.md": tables_page(tables, results),
        folder / "INDEX.md": index_page(tables, folder),
    }
    readme, page = results.parent / "README.md", _figures_folder(results).parent / "results.md"
    figures = load_figures(experiments)
    judged = verdicts(load_claims(experiments, load_tables(experiments), figures), results)
    blocks: dict[Path, Blocks] = {
        readme: {
            "results": lambda: best_table(tables, results),
            "claims": lambda: claims_table(judged),
        },
        page: {
            "claims": lambda: claims_section(judged),
            "results": lambda: tables_and_figures(
                tables, figures, results, _figures_folder(results)
            ),
        },
    }
    for path, of_page in blocks.items():
        text = _filled(path, of_page)
        if text is not None:
            pages[path] = text
    return pages


def _figures_folder(results: Path) -> Path:
    return results.parent / "docs" / "figures"


def _filled(path: Path, blocks: Blocks) -> str | None:
    """The page with what stands between its marks; None where there is no page, or no marks."""
    if not path.is_file():
        return None
    text, marked = _read(path), False
    for mark, write in blocks.items():
        start, end = f"<!-- {mark} -->\n", f"<!-- end of {mark} -->"
        before, found, rest = text.partition(start)
        _, closed, after = rest.partition(end)
        if found and closed:
            text, marked = f"{before}{start}\n{write()}\n\n{end}{after}", True
    return text if marked else None


def _read(page: Path) -> str:
    try:
        return page.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise records.RecordError(f"{page}: no UTF-8 at byte {error.start}") from error
