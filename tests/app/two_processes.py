"""Run by torchrun from test_translation_processes.py: this process's part in a case.

python -m tests.app.two_processes FOLDER CASE: record and checkpoint under FOLDER/two.
"""

import sys
from pathlib import Path

from hypernetworks.app.params import compose_words
from hypernetworks.app.run import run
from tests.app.conftest import SMALL

CASES = {
    # The last batch of an epoch is smaller, and none divides.
    "lstm": ("model=lstm", "trainer.batch_size=31"),
    "hyper": ("model=layernorm_hyperlstm", "trainer.batch_size=100", "trainer.accumulate=2"),
}


def train(folder: Path, results: str, name: str, *more: str) -> None:
    """A case, on the text in FOLDER/text."""
    words = [f"dataset.path={folder / 'text'}", f"results_dir={folder / results}", "logger=none"]
    words += ["dataset=parallel_text", "dataset.subwords=150", "dataset.dropout=0"]
    words += ["dataset.beam=1", "model.hidden_size=16", "table=mine", f"row={name}", *SMALL]
    # SGD, since Adam turns a gradient's last bit into a whole step where it is nearly 0
    words += ["trainer.optimizer=SGD", "trainer.lr=0.5", "trainer.max_steps=12", "device=cpu"]
    run(compose_words(*words, "trainer.eval_every=12", "quiet=true", *CASES[name], *more))


if __name__ == "__main__":
    train(Path(sys.argv[1]), "two", sys.argv[2])
