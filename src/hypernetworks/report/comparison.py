"""Runs beside each other: what differs between their configurations, and what came of it.

Runs of one metric on the same data set, of the same kind, make a table; a line of it is a
configuration with all its seeds. Lines are ordered by what was selected by, never by a test metric.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tabulate import tabulate

from hypernetworks.report.aggregate import created, spread, state_of
from hypernetworks.report.custom import metric_of
from hypernetworks.report.protocol import Metric
from hypernetworks.report.provenance import config_hash
from hypernetworks.report.records import Record, shown_kind, unnamed

# Of the protocol: what stands in a line's name, or above its table.
SAID = ("table", "row", "data", "dataset.name")
DATA = "data"  # the settings' key of what the data's checksums are


@dataclass(frozen=True)
class Line:
    """The runs of a configuration, of each seed the newest; its settings, full and in words."""

    runs: tuple[Record, ...]
    settings: dict[str, Any]

    @property
    def name(self) -> str:
        """ "7/cnn", or of a run without a row what its id has of the configuration."""
        run = self.runs[0]
        return run.configuration if unnamed(run) else f"{run['table']}/{run['row']}"

    @property
    def finished(self) -> list[Record]:
        return [run for run in self.runs if run["status"] == "finished"]

    def state(self) -> str:
        """How the runs that are not finished ended, or where they are."""
        others = {r["seed"]: state_of(r) for r in self.runs if r["status"] != "finished"}
        if len(self.runs) == 1:
            return next(iter(others.values()), "finished")
        return "; ".join(f"seed {seed} {state}" for seed, state in others.items()) or "finished"

    def selected(self) -> list[float]:
        """The best readings of what the runs were selected by; of unfinished ones if all are."""
        runs = self.finished or self.runs
        values = [run["selection"]["value"] for run in runs]
        return [float(value) for value in values if value is not None]

    def shown(self, keys: Iterable[str]) -> dict[str, str]:
        """The settings of these keys in words, without those that it has not."""
        return {key: _words(self.settings[key]) for key in keys if key in self.settings}


@dataclass(frozen=True)
class Comparison:
    """Lines that can be compared, the best first; `keys` are the settings in which they differ."""

    metrics: tuple[Metric, ...]
    selection: Metric
    about: str
    lines: tuple[Line, ...]
    keys: tuple[str, ...]

    def text(self) -> str:
        """A heading, and a line a configuration."""
        names = [f"{metric.name},\n{metric.unit}" for metric in self.metrics]
        names.append(f"{self.selection.name},\nbest in training")
        keys = [key.replace(".", ".\n", 1) for key in self.keys]
        header = ["run", *keys, *names, "steps", "seconds", "parameters", "state"]
        rows = [self._row(line) for line in self.lines]
        table = tabulate(rows, header, tablefmt="simple", disable_numparse=True)
        order = f"{self.selection.better} {self.selection.name} first"
        return f"{self.about}; {order}\n{table}"

    def _row(self, line: Line) -> list[str]:
        shown = line.shown(self.keys)
        numbers = [_spread(metric, _values(line, metric.name)) for metric in self.metrics]
        return [
            line.name,
            *(shown.get(key, "") for key in self.keys),
            *numbers,
            _spread(self.selection, line.selected()),
            _range([run["steps"] for run in line.runs]),
            _range([round(run["wall_seconds"]) for run in line.runs]),
            f"{line.runs[0]['parameters']['total']:,}",
            line.state(),
        ]


def compare(found: Iterable[Record]) -> list[Comparison]:
    """The comparisons that there are among runs, those of the first run first."""
    groups: dict[tuple[Any, ...], list[Record]] = {}
    for run in found:
        data, selection = run["data"], run["selection"]["metric"]
        key = (tuple(run["headline"]), selection, data["name"], data["kind"])
        groups.setdefault(key, []).append(run)
    return [_comparison(of_group) for of_group in groups.values()]


def _comparison(found: list[Record]) -> Comparison:
    headline, selection, data = (found[0][key] for key in ("headline", "selection", "data"))
    selected_by = metric_of(selection["metric"], found)
    lines = _lines(found)
    sign = -1 if selection["better"] == "higher" else 1

    def place(line: Line) -> tuple[bool, float]:
        values = line.selected()
        return not line.finished, sign * spread(values).mean if values else float("inf")

    return Comparison(
        metrics=tuple(metric_of(name, found) for name in headline),
        selection=Metric(
            selection["metric"], selected_by.unit, selection["better"], selected_by.digits
        ),
        about=f"{', '.join(headline)} on {data['name']}, {shown_kind(data['kind'])} data",
        lines=tuple(sorted(lines, key=place)),
        keys=_differing(lines),
    )


def _lines(found: list[Record]) -> list[Line]:
    """A line for each configuration on the same data."""
    runs: dict[tuple[str, str], dict[int, Record]] = {}
    for run in sorted(found, key=created):
        line = (run["config_hash"], config_hash(run["data"]["checksums"]))
        runs.setdefault(line, {})[run["seed"]] = run
    of_all = {key: [of_seed[seed] for seed in sorted(of_seed)] for key, of_seed in runs.items()}
    typed = {name for of_line in of_all.values() for name in _flat(of_line[0]["protocol"])}
    return [
        Line(tuple(of_line), {**_settings(of_line[0], typed), DATA: data[:8]})
        for (_, data), of_line in of_all.items()
    ]


def _settings(run: Record, names: Iterable[str]) -> dict[str, Any]:
    """What a run has of these; a protocol leaves out defaults, which its configuration has."""
    has = _flat(run["config"]) | _flat(run["protocol"])
    found = {name: has[name] for name in sorted(names) if name in has and name not in SAID}
    return {name.removesuffix(".name"): value for name, value in found.items()}


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in settings.items():
        name = f"{prefix}{key}"
        found |= _flat(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return found


def _differing(lines: Sequence[Line]) -> tuple[str, ...]:
    names = dict.fromkeys(name for line in lines for name in line.settings)
    missing = object()
    values = {name: [line.settings.get(name, missing) for line in lines] for name in names}
    return tuple(n for n, of_all in values.items() if any(v != of_all[0] for v in of_all))


def _values(line: Line, metric: str) -> list[float]:
    measured = [run["metrics"][metric] for run in line.finished if metric in run["metrics"]]
    return [float(found["value"]) for found in measured]


def _spread(metric: Metric, values: list[float]) -> str:
    return spread(values).text(metric.digits) if values else "-"


def _range(numbers: list[int]) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _words(value: Any) -> str:
    """As it is typed on the command line."""
    if isinstance(value, float):
        return f"{value:.4g}"
    return json.dumps(value) if value is None or isinstance(value, bool) else str(value)
