"""`hypernetworks.load`: the suite's trained models, for Python."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from hypernetworks.app.trained import Trained

SUITE = "pip install 'hypernetworks[suite]'"


class LoadError(Exception):
    """A trained model that cannot be loaded; one line says why, and what to do."""


def load(
    run: str | Path,
    *,
    profile: str = "demo",
    results: str | Path = "results",
    device: "str | torch.device" = "cpu",
    trust: bool = False,
) -> "Trained[Any]":
    """The trained model of a run, in evaluation mode, with what is needed to use it.

    It needs the record and, in the folder beside it, the checkpoint; not the data. The checkpoint
    is held to its checksum and can run no code.

    Args:
        run: a record's file (`results/runs/3/lstm_1000/demo-seed0-1a2b3c4d.json`), its run's folder
            (the same without `.json`), or a row such as "table3/lstm_1000": its newest finished run
            under `results`, in this profile.
        profile: of a row.
        results: where a row's runs are looked for, in the folder `runs`.
        device: where the model is.
        trust: whether a model class that the record names may be imported and run.
    Returns:
        model, step, task, config and record, and what the task needs beside them (`alphabet` of
        characters, `moments` of handwriting, `subwords` of translation; `image_shape`, `classes`
        and `prepare` of images).
    Raises:
        LoadError: in one line, if there is no such run or device, or if record or checkpoint are
            missing, damaged, of a newer version, or do not belong to each other.
        ImportError: if the suite's packages are not installed.
    """
    try:
        from hypernetworks.app.loading import loaded
    except ModuleNotFoundError as missing:
        raise ImportError(f"{missing.name} is not installed; load needs the suite: {SUITE}") from (
            missing
        )
    return loaded(str(run), profile, Path(results), device, trust)
