"""`python -m hypernetworks figure`: draws a figure from records and mirrors it to wandb."""

import json
import sys
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from hypernetworks.app.media import shown
from hypernetworks.app.mirror import Mirror, start_wandb
from hypernetworks.locations import conf_dir, experiments_dir
from hypernetworks.report.cli import RESULTS, check_folder
from hypernetworks.report.errors import WordsError
from hypernetworks.report.figures import draw, draw_run
from hypernetworks.report.records import RecordError
from hypernetworks.report.usage import Parser


def main(arguments: list[str]) -> int:
    """Status 0, or 1 after one line on stderr."""
    options = _parser().parse_args(arguments)
    try:
        check_folder("--results", options.results, RESULTS)
        out = options.out or options.results / "figures"
        if options.record is None:
            kept = (options.results, options.profile)
            paths = draw(options.figure, experiments_dir(), *kept, out)
        else:
            paths = draw_run(options.figure, experiments_dir(), options.record, out)
    except RecordError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, WordsError) else 1
    for words in json.loads(paths[-1].read_text(encoding="utf-8"))["missing"]:
        print(words, file=sys.stderr)
    for path in paths:
        print(path)
    if options.logger == "wandb":
        _mirror(paths[0], options.figure, options.profile, options.results)
    return 0


def _parser() -> Parser:
    parser = Parser(prog="python -m hypernetworks figure", description=__doc__)
    parser.add_argument("figure", help="2, 8, a6, ...")
    parser.add_argument("--record", type=Path, help="draw it of this run alone: a record's file")
    parser.add_argument("--profile", choices=("demo", "lite", "paper"), default="demo")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="FOLDER")
    parser.add_argument("--out", type=Path, help="default: RESULTS/figures")
    parser.add_argument("--logger", choices=["wandb", "none"], default="wandb")
    return parser


def _mirror(drawn: Path, figure: str, profile: str, results: Path) -> None:
    """Logs a figure's picture, or its text."""
    logger = OmegaConf.load(conf_dir() / "logger" / "wandb.yaml")
    assert isinstance(logger, DictConfig)
    about = {"group": "figures", "job_type": "figure", "name": drawn.stem, "tags": [profile]}
    run = start_wandb(logger, results, **about)
    if run is not None:
        mirror = Mirror(run)
        name, content = f"figure {figure}", drawn.read_bytes()
        mirror.tell(lambda: run.log({name: shown(drawn.suffix, content)}))
        mirror.close(0)
