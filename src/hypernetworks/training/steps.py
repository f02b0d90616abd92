"""How batches make steps, and steps a run."""

from hypernetworks.training.settings import TrainerSettings

# Readings of a run, where nobody says otherwise; and the most steps between two of them.
READINGS, SPARSEST = 100, 50


def steps_an_epoch(batches: int, accumulate: int) -> int:
    """Optimiser steps of an epoch of so many batches: the last one may be of fewer batches."""
    return -(-batches // accumulate)


def total_steps(settings: TrainerSettings, batches: int) -> int:
    """Steps of a whole run whose epochs have so many batches, unless its patience ends it."""
    epochs, an_epoch = settings.max_epochs, steps_an_epoch(batches, settings.accumulate)
    limits = (None if epochs is None else epochs * an_epoch, settings.max_steps)
    return min(limit for limit in limits if limit is not None)


def steps_a_reading(settings: TrainerSettings, batches: int) -> int:
    """Steps between two readings of a run whose epochs have so many batches."""
    return settings.log_every or max(1, min(SPARSEST, total_steps(settings, batches) // READINGS))
