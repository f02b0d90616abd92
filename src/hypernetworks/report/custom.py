"""Tables of the user's own: known from their records alone."""

from collections.abc import Collection, Iterable
from pathlib import Path

from hypernetworks.report import records
from hypernetworks.report.aggregate import created
from hypernetworks.report.folders import in_order
from hypernetworks.report.protocol import Metric, Row, Shortening, Table, load_tables

DIGITS = {"percent": 2, "bits": 3}  # by unit
OTHERWISE = 4
TREES = ("published", "runs")


def all_tables(experiments: Path, results: Path, trees: Collection[str] = TREES) -> list[Table]:
    """The tables that have a folder, then the user's own that have records in these trees."""
    tables = load_tables(experiments)
    known = {table.id for table in tables}
    # The others' folders alone are read: a damaged record of one table is no other's concern.
    folders = [folder for tree in trees for folder in sorted((results / tree).glob("[a-z0-9]*"))]
    paths = [p for f in folders if f.name not in known for p in sorted(f.glob("*/*-seed*.json"))]
    return [*tables, *custom_tables(records.read_each(paths), known)]


def custom_tables(found: Iterable[records.Record], known: Collection[str]) -> list[Table]:
    """The tables of the records whose table is none of the known ones: one for each kind of
    result, since texts and images have no number in common."""
    by_table: dict[str, dict[tuple[str, ...], list[records.Record]]] = {}
    for record in sorted(found, key=created):
        if record["table"] not in known:
            kinds = by_table.setdefault(record["table"], {})
            kinds.setdefault(tuple(record["headline"]), []).append(record)
    return [_table(id_, of) for id_ in in_order(by_table) for of in by_table[id_].values()]


def row_key(record: records.Record) -> str:
    """What tells the rows of a table apart: their names, or the configurations of unnamed runs."""
    return str(record["config_hash"][:8] if records.unnamed(record) else record["row"])


def name_of(record: records.Record) -> str:
    """The label of a run; of an unnamed one, what it trained on what, and the settings typed."""
    if not records.unnamed(record) or record["label"] != records.NO_TABLE:
        return str(record["label"])
    model, dataset = record["protocol"]["model"], record["protocol"]["dataset"]
    model_name = str(model.get("name") or model.get("_target_", "model")).rpartition(".")[2]
    chosen = [word for word in record["overrides"] if not word.startswith(("model=", "dataset="))]
    what = f"{model_name} on {dataset.get('name', 'data')}"
    return ", ".join([what, *chosen, row_key(record)])


def _table(id_: str, found: list[records.Record]) -> Table:
    """found: by time, so that later labels are the ones that count."""
    title = "runs of no table" if id_ == records.NO_TABLE else "of your own"
    rows = {row_key(record): Row(row_key(record), name_of(record)) for record in found}
    labels: dict[str, dict[str, str]] = {}
    for record in found:
        labels.setdefault(record["profile"], {})[row_key(record)] = name_of(record)
    names = dict.fromkeys(name for record in found for name in record["headline"])
    return Table(
        id=id_,
        title=title,
        paper=None,
        metrics=tuple(metric_of(name, found) for name in names),
        quoted=(),
        rows=tuple(rows[key] for key in sorted(rows)),
        profiles={profile: Shortening(None, of_rows) for profile, of_rows in labels.items()},
    )


def metric_of(name: str, found: list[records.Record]) -> Metric:
    """Its unit is that of the records that have it, or the same of another split; its direction
    that of the same metric where runs are selected by it."""
    base = name.rpartition("_")[2]
    alike = [m["unit"] for r in found for n, m in r["metrics"].items() if n.endswith(f"_{base}")]
    units = [r["metrics"][name]["unit"] for r in found if name in r["metrics"]] or alike
    selections = [record["selection"] for record in found]
    better = [s["better"] for s in selections if s["metric"].rpartition("_")[2] == base]
    unit = units[-1] if units else "unit unknown"
    return Metric(name, unit, better[-1] if better else None, DIGITS.get(unit, OTHERWISE))
