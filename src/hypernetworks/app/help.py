"""What `python -m hypernetworks --help` prints: runs, commands, groups."""

from hypernetworks.app.choices import choices

COMMANDS = {
    "report": "print the tables from the records there are, and write all of it as a page",
    "claims": "say which of the paper's claims hold, of the published records",
    "table": "print them alone",
    "compare": "your runs beside each other: what differs, metrics, seeds, curves, CSV",
    "figure": "draw a figure of the paper from records",
    "sample": "a text from a trained character model",
    "write": "lines of handwriting from a trained model, as pictures and points",
    "translate": "sentences in the other language, by a trained translation model",
    "params": "count every row's parameters against the paper's",
    "reproduce": "run a table's rows side by side, then print it (make reproduce-table)",
    "outstanding": "list what has no record yet, and what it would take on this device",
    "reproduce-next": "run the most useful of it within some hours, then go on another day",
    "dashboard": "a workspace and a report on wandb, or their JSON (make dashboard)",
    "publish": "copy finished records among the published ones",
    "index": "write the pages that are drawn from the published records",
    "check": "hold published records and pages to each other",
}

TEXT = """\
Reproduces "HyperNetworks" (Ha, Dai & Le, 2017): one run leaves one record.

  {program} model=hyperlstm dataset=ptb                    any model on any data set that fits it
  {program} experiment=table7/hyper_cnn                    a row, on generated data (profile=demo)
  {program} experiment=table7/cnn profile=paper seed=1     the paper's protocol
  {program} sweep=table7 profile=paper seed=0,1,2          a table, as a Hydra multirun
  {program} -m model=lstm,hyperlstm dataset=ptb,enwik8 trainer.lr=0.001,0.002
  {program} dataset=text dataset.path=my.txt model=lstm    your own text; dataset=images likewise
  {program} experiment=table7/cnn --cfg job --resolve      the composed configuration
  {program} experiment=table3/lstm_1000 --explain trainer.lr    where a value comes from

Commands ({program} COMMAND --help):
{commands}

Groups (GROUP=CHOICE):
{groups}

Any value of the configuration can be set as KEY=VALUE, for example trainer.max_epochs=5,
device=cuda, threads=1, data_dir=/data, results_dir=/results, force=true, quiet=true.
Your own files: --config-dir FOLDER, with experiment/, model/, trainer/ ... in it as in conf/.
Launchers: hydra/launcher=joblib, slurm, ray. Completion: eval "$(hypernetworks -sc install=bash)".
Every table: make reproduce-table; make help. Hydra's own options: --hydra-help.
"""


def help_text(program: str) -> str:
    """The text, with the choices of the arguments' whole search path."""
    width = max(map(len, COMMANDS))
    commands = "\n".join(f"  {name.ljust(width)}  {about}" for name, about in COMMANDS.items())
    groups = {group: ", ".join(names) for group, names in choices().items()}
    groups["experiment"] = _by_table(choices()["experiment"])
    shown = "\n".join(f"  {group.ljust(width)}  {names}" for group, names in groups.items())
    return TEXT.format(program=program, commands=commands, groups=shown)


def _by_table(names: list[str]) -> str:
    tables: dict[str, list[str]] = {}
    for name in names:
        table, _, row = name.rpartition("/")
        tables.setdefault(table, []).append(row)
    indent = "\n" + " " * (max(map(len, COMMANDS)) + 4)
    return indent.join(f"{table}/ {', '.join(rows)}" for table, rows in tables.items())
