"""`make params`: every row's parameter count against the paper's, nothing allocated."""

import sys
from typing import Any

from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf
from tabulate import tabulate

from hypernetworks.app.build import builder_of
from hypernetworks.app.build.models import count_parameters
from hypernetworks.app.experiments import in_paper_order, of_paper, row_names
from hypernetworks.app.main import register
from hypernetworks.locations import conf_dir
from hypernetworks.report.usage import Parser


def compose_row(experiment: str, profile: str = "paper", *overrides: str) -> DictConfig:
    """The configuration of a row, as the command line would compose it."""
    return compose_words(f"experiment={experiment}", f"profile={profile}", *overrides)


def compose_words(*words: str) -> DictConfig:
    """The configuration that these words of the command line compose."""
    register()
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        return compose("config", list(words))


def compare(experiment: str) -> list[list[Any]]:
    """[row, part, ours, exact, verdict] for each part that the row states a count for; a row of a
    table of our own need not."""
    cfg = compose_row(experiment)
    counts = count_parameters(builder_of(cfg).full_size(cfg))
    exact: Any = OmegaConf.to_container(cfg.paper).get("params_exact", {})  # type: ignore[union-attr]
    lines = []
    for part, expected in exact.items():
        ours = counts.get(part)
        lines.append([experiment, part, ours, expected, "ok" if ours == expected else "MISMATCH"])
    verdict = "MISMATCH: no params_exact" if of_paper(experiment) else "ok"
    return lines or [[experiment, "total", counts["total"], None, verdict]]


def main(arguments: list[str]) -> int:
    """Prints the counts; status 1 if one of them is not the paper's."""
    parser = Parser(prog="python -m hypernetworks params", description=__doc__)
    parser.add_argument("--quiet", action="store_true", help="print mismatches only")
    options = parser.parse_args(arguments)
    lines = [line for name in in_paper_order(row_names()) for line in compare(name)]
    wrong = [line for line in lines if line[-1] != "ok"]
    if not options.quiet or wrong:
        headers = ["row", "part", "ours", "expected", ""]
        print(tabulate(lines, headers, intfmt=",", missingval="-"))
    for line in wrong:
        print(f"error: {line[0]}: {line[1]}: {line[2]}, expected {line[3]}", file=sys.stderr)
    return 1 if wrong else 0
