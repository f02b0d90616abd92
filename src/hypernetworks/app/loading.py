"""A trained model by the name of its run: `hypernetworks.load` behind its imports."""

from pathlib import Path
from typing import Any

import torch

from hypernetworks.app.checks import RunError
from hypernetworks.app.found import find_run
from hypernetworks.app.trained import Trained, load_trained
from hypernetworks.loading import LoadError
from hypernetworks.report.records import RecordError
from hypernetworks.training.files import CheckpointError


def loaded(
    run: str, profile: str, results: Path, device: str | torch.device, trust: bool
) -> Trained[Any]:
    """See `hypernetworks.load`."""
    try:
        trained = load_trained(find_run(run, profile, results), trust)
    except (RunError, RecordError, CheckpointError, OSError) as error:
        raise LoadError(str(error)) from error
    try:
        trained.model.to(torch.device(device))
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise LoadError(f"device={device} cannot be used here: {reason}") from error
    return trained
