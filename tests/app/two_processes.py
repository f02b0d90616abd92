"""Run by torchrun from test_processes.py: this process's part in all cases, one after another.

python -m tests.app.two_processes FOLDER DATA: records and checkpoints under FOLDER/two, of runs
that stopped after a step under FOLDER/begun.
"""

import sys
from pathlib import Path

from hypernetworks.app.params import compose_words
from hypernetworks.app.run import run
from hypernetworks.models import writing
from hypernetworks.tasks import characters
from tests.app.conftest import SMALL

TRANSLATION = (
    *("dataset=parallel_text", "dataset.subwords=150", "dataset.dropout=0", "dataset.beam=1"),
    *("model.hidden_size=16", "trainer.max_steps=12", "trainer.eval_every=12"),
)
# No dropout: each process draws its own.
WITHOUT = ("model.input_dropout=0", "model.output_dropout=0", "model.recurrent_dropout=0")
CASES = {
    # The last batch of an epoch is the last step, of 8 images.
    "images": ("experiment=table7/hyper_cnn", "dataset.valid_size=1300", "trainer.batch_size=64"),
    # An epoch is two windows: in the second the streams go on, after it they begin anew.
    "characters": (
        *("dataset=text", "model=hyperlstm", "model.hidden_size=12", "model.hyper_size=4"),
        *("trainer.batch_size=10", "dataset.window=400", "dataset.valid_streams=4"),
        *("trainer.lr=0.5", *WITHOUT),
    ),
    # The last batch of an epoch is smaller, and none divides.
    "handwriting": (
        *("experiment=table5/ln_hyperlstm_900", "trainer.batch_size=31", "model.hidden_size=16"),
        *WITHOUT,
    ),
    "lstm": (*TRANSLATION, "model=lstm", "trainer.batch_size=31"),
    "hyper": (
        *(*TRANSLATION, "model=layernorm_hyperlstm"),
        *("trainer.batch_size=100", "trainer.accumulate=2"),
    ),
}
ONE_STEP = "trainer.max_time=1e-4"
BEGUN = ("characters", "handwriting")


def train(folder: Path, data: str, results: str, name: str, *more: str) -> None:
    """A case; the text of the translations in FOLDER/text."""
    places = [f"results_dir={folder / results}", f"data_dir={data}", "logger=none"]
    # SGD, since Adam turns a gradient's last bit into a whole step where it is nearly 0
    words = [*SMALL, "trainer.optimizer=SGD", "trainer.lr=0.1", "trainer.max_steps=4"]
    words += ["trainer.eval_every=2", "trainer.optimizer_args={}", "device=cpu", "quiet=true"]
    if TRANSLATION[0] in CASES[name]:
        places.append(f"dataset.path={folder / 'text'}")
        words.append("trainer.lr=0.5")
    elif name == "characters":
        places.append(f"dataset.path={folder / 'text' / 'train.en'}")
    run(compose_words(*words, *CASES[name], *places, "table=mine", f"row={name}", *more))


if __name__ == "__main__":
    characters.SAMPLE, writing.POINTS = 100, 50  # seconds of a run, of no interest here
    place, data_dir = Path(sys.argv[1]), sys.argv[2]
    for case in CASES:
        train(place, data_dir, "two", case)
    for case in BEGUN:
        train(place, data_dir, "begun", case, ONE_STEP)
