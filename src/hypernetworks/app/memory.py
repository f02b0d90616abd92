"""Where memory runs out: one line, for a run with what of its configuration to lower."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from omegaconf import DictConfig, OmegaConf

from hypernetworks.app.checks import RunError

# What torch's allocator for the CPU says, in a RuntimeError like any other.
SIGNS = ("can't allocate memory", "not enough memory", "Storage size calculation overflowed")
# What memory grows with, of whichever a configuration has.
LOWER = {
    "trainer": ("batch_size",),
    "dataset": ("window", "valid_streams", "size", "symbols"),
    "model": ("hidden_size", "hyper_size", "embedding_size", "num_layers", "depth", "widen"),
}


def ran_out(error: BaseException) -> bool:
    """Whether an error is one of memory, of the machine or of a GPU."""
    known = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return known or (isinstance(error, RuntimeError) and any(sign in str(error) for sign in SIGNS))


@contextmanager
def memory_explained(cfg: DictConfig) -> Iterator[None]:
    """Raises RunError, naming the keys to lower, where memory runs out within."""
    keys = [f"{group}.{name}" for group, names in LOWER.items() for name in names]
    values = [f"{k}={OmegaConf.select(cfg, k)}" for k in keys if OmegaConf.select(cfg, k)]
    with memory_enough(f"for this run; lower one of {', '.join(values)}"):
        yield


@contextmanager
def memory_enough(what_for: str) -> Iterator[None]:
    """Raises RunError where memory runs out within.

    Args:
        what_for: goes on after "not enough memory", and says what to do.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not ran_out(error):
            raise
        raise RunError(f"not enough memory {what_for}") from error
