"""One run: from a composed configuration to a finished record."""

import logging
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from torch import nn

from hypernetworks.app.build import (
    Experiment,
    build_experiment,
    build_model,
    check_fit,
    count_parameters,
)
from hypernetworks.app.checks import RunError, check_config
from hypernetworks.app.identity import RunFiles, deviations, locate
from hypernetworks.app.listeners import MetricsListener, ProgressListener, log_to, progress_bar
from hypernetworks.app.outcome import RunRecord, write_arrays, write_curve
from hypernetworks.app.tracking import open_tracker
from hypernetworks.data.errors import DataError
from hypernetworks.locations import checkout_root
from hypernetworks.report import provenance, records
from hypernetworks.report.records import RecordError
from hypernetworks.training.devices import Placement, placement
from hypernetworks.training.files import CheckpointError, MetricsFile
from hypernetworks.training.loop import Loop
from hypernetworks.training.optim import build_optimizer, build_scheduler
from hypernetworks.training.settings import SettingsError, TrainerSettings
from hypernetworks.training.stopping import Diverged, Interrupted, StopFlag, stop_on_signals

log = logging.getLogger("hypernetworks")


# OSError: a full disk, a folder that may not be written; its own message names the file.
FORESEEN = (
    DataError,
    SettingsError,
    CheckpointError,
    Diverged,
    RecordError,
    RunError,
    OSError,
)


def run_or_explain(cfg: DictConfig) -> float | None:
    """`run`, as Hydra's job.

    A single run leaves with one line. In a sweep the error goes to Hydra instead, which runs the
    remaining rows before it fails.
    """
    try:
        return run(cfg)
    except FORESEEN as error:
        if HydraConfig.get().mode is RunMode.RUN:
            raise SystemExit(f"error: {error}") from None
        raise


def run(cfg: DictConfig) -> float | None:
    """Runs a configuration to its end, resuming what an earlier call began.

    Returns:
        the best value of the selection metric, for Hydra's optimising sweepers; None if
        `trainer.max_time` stopped the run before its first evaluation.
    """
    settings = OmegaConf.to_object(cfg.trainer)
    assert isinstance(settings, TrainerSettings)
    check_config(cfg)
    with ExitStack() as stack:
        if cfg.threads is not None:
            # The next row of a sweep may say nothing of threads.
            stack.callback(torch.set_num_threads, torch.get_num_threads())
            torch.set_num_threads(cfg.threads)
        place = stack.enter_context(placement(cfg.device))
        found = records.find(Path(cfg.results_dir) / "runs", cfg.table, cfg.row, cfg.profile.name)
        files = locate(cfg, {record["id"]: record["status"] for record in found})
        earlier = next((record for record in found if record["id"] == files.id), None)
        if earlier and earlier["status"] == "finished":
            return _finished_already(earlier)
        # Whatever cannot be built is refused before the run has a folder.
        experiment = build_experiment(cfg, place)
        torch.manual_seed(cfg.seed)
        model = build_model(cfg, place.device).to(memory_format=torch.channels_last)
        check_fit(cfg, model, experiment)
        _check_schedule(model, settings, len(experiment.train))
        if place.leads:
            files.folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(_lock(files))
            stack.enter_context(log_to(files.folder / "log.txt", cfg.quiet))
            # Another process may have run it while this one waited for its data.
            earlier = records.read(files.record) if files.record.exists() else None
        earlier = place.from_lead(earlier)
        if earlier and earlier["status"] == "finished":
            return _finished_already(earlier)
        try:
            return _train(cfg, settings, place, files, earlier, experiment, model)
        except FORESEEN as error:
            if HydraConfig.initialized() and HydraConfig.get().mode is RunMode.MULTIRUN:
                log.error("%s/%s %s: %s", cfg.table, cfg.row, files.id, error)
            raise
        except Exception:
            log.exception("%s/%s %s failed", cfg.table, cfg.row, files.id)
            raise


def _finished_already(record: records.Record) -> float | None:
    source = provenance.source_state(checkout_root())["source_hash"]
    same = record["segments"][-1]["source_hash"] == source
    log.info(
        "%s: finished already%s; force=true runs it again",
        record.path,
        "" if same else ", with other sources than these",
    )
    return record["selection"]["value"]


def _train(
    cfg: DictConfig,
    settings: TrainerSettings,
    place: Placement,
    files: RunFiles,
    earlier: dict[str, Any] | None,
    experiment: Experiment,
    model: nn.Module,
) -> float | None:
    if place.rank:
        # Every process starts with the same weights and then draws its own dropout masks.
        torch.manual_seed(cfg.seed + 1_000_003 * place.rank)
    data = (experiment.train, experiment.valid)
    loop = Loop(model, experiment.task, *data, settings, place, files.checkpoint, files.id)
    if place.leads:
        overrides = HydraConfig.get().overrides.task if HydraConfig.initialized() else []
        record = RunRecord.open(
            cfg,
            files,
            earlier,
            experiment.provenance,
            count_parameters(model),
            place,
            loop.progress,
            deviations(list(overrides)),
            len(experiment.train),
            experiment.examples,
        )
        _lead(cfg, loop, experiment, record)
    else:
        with stop_on_signals() as stop:
            loop.run(stop)
        _obey(stop, loop)
    return loop.progress.best_value


def _lead(cfg: DictConfig, loop: Loop, experiment: Experiment, record: RunRecord) -> None:
    """Trains as the process that shows, writes and mirrors the run."""
    files, settings, first = record.files, loop.settings, loop.progress.step
    label = f"{cfg.table}/{cfg.row} {files.id}"
    total = _total_steps(settings, len(experiment.train))
    metrics = MetricsFile(files.folder / "metrics.jsonl")
    metrics.cut_after(first)
    log.info("%s: %s", label, "resumes" if first else "starts")
    with (
        open_tracker(cfg, files, record.value) as tracker,
        progress_bar(first, total, label, cfg.quiet) as bar,
        stop_on_signals() as stop,
    ):
        shown = ProgressListener(bar, settings.selection_metric, first, total)
        loop.listeners += [MetricsListener(metrics), shown, tracker, record]
        status, error = "failed", None
        try:
            status = "finished" if loop.run(stop) else "time_limit"
            if status == "finished":
                _evaluate(loop, experiment, record)
                write_arrays(experiment.task.arrays(loop.model), files)
                write_curve(metrics, files)
        except KeyboardInterrupt as interrupt:
            status = "interrupted"
            log.warning("%s: %s", label, interrupt)
            raise
        except Exception as failure:
            status = "diverged" if isinstance(failure, Diverged) else "failed"
            error = str(failure) or type(failure).__name__
            raise
        finally:
            record.close(status, error)
            tracker.finish(record.value, files)
    _report(label, record.value)
    _obey(stop, loop)


def _obey(stop: StopFlag, loop: Loop) -> None:
    """A signal that came too late to stop this run still stops the rest of a sweep."""
    if stop.signum is not None:
        raise Interrupted(loop.progress.step, stop.signum)


def _evaluate(loop: Loop, experiment: Experiment, record: RunRecord) -> None:
    """Final metrics with the best weights: the one time that the test split is read."""
    for split, batches in experiment.finals.items():
        record.add_metrics(split, loop.evaluate(batches), experiment.task.units)
    if experiment.baseline is not None:
        baseline = experiment.baseline()
        found = experiment.task.evaluate(baseline, experiment.finals["test"])
        record.add_baseline(baseline.name, found, experiment.task.units)


def _report(label: str, record: dict[str, Any]) -> None:
    if record["status"] == "time_limit":
        log.info("%s: time limit at step %d; the same command resumes", label, record["steps"])
        return
    shown = ", ".join(f"{k} {m['value']:.4g} {m['unit']}" for k, m in record["metrics"].items())
    sample = record["data"]["kind"] == "sample"
    warning = " (SAMPLE DATA: not comparable with the paper)" if sample else ""
    log.info("%s: %s after %d steps%s", label, shown, record["steps"], warning)


def _check_schedule(model: nn.Module, settings: TrainerSettings, steps_an_epoch: int) -> None:
    """Builds optimiser and schedule, which name what is wrong with them."""
    scheduler = build_scheduler(build_optimizer(model, settings), settings)
    total, own = _total_steps(settings, steps_an_epoch), getattr(scheduler, "total_steps", None)
    if own is not None and own < total:
        raise RunError(f"trainer.scheduler_args.total_steps={own}: training takes {total} steps")


def _total_steps(settings: TrainerSettings, steps_an_epoch: int) -> int:
    by_epochs = settings.max_epochs * steps_an_epoch if settings.max_epochs else None
    return min(n for n in (by_epochs, settings.max_steps) if n is not None)


def _lock(files: RunFiles) -> FileLock:
    lock = FileLock(files.folder / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise RunError(f"{files.folder}: another process is running this; wait for it") from error
    return lock
