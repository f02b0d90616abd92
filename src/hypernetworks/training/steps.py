"""How batches make steps, and steps a run."""

from hypernetworks.training.settings import TrainerSettings


def steps_an_epoch(batches: int, accumulate: int) -> int:
    """Optimiser steps of an epoch of so many batches: the last one may be of fewer batches."""
    return -(-batches // accumulate)


def total_steps(settings: TrainerSettings, batches: int) -> int:
    """Steps of a whole run whose epochs have so many batches, unless its patience ends it."""
    epochs, an_epoch = settings.max_epochs, steps_an_epoch(batches, settings.accumulate)
    limits = (None if epochs is None else epochs * an_epoch, settings.max_steps)
    return min(limit for limit in limits if limit is not None)
