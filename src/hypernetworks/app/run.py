"""One run: from a composed configuration to a finished record."""

import logging
import os
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import torch
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from hypernetworks.app import rows
from hypernetworks.app.build import build
from hypernetworks.app.checks import RunError, check_config, check_device
from hypernetworks.app.direction import check_direction
from hypernetworks.app.identity import RunFiles, deviations, locate, protocol
from hypernetworks.app.lead import lead, obey
from hypernetworks.app.listeners import log_to, only_errors
from hypernetworks.app.memory import memory_explained
from hypernetworks.app.outcome import Run, RunRecord
from hypernetworks.app.threads import threads_of
from hypernetworks.data.errors import DataError
from hypernetworks.holder import HeldError, Hold, refuse_if_held
from hypernetworks.locations import checkout_root
from hypernetworks.report import provenance, records
from hypernetworks.report.folders import folder_name
from hypernetworks.report.provenance import config_hash
from hypernetworks.report.records import RecordError
from hypernetworks.training import processes
from hypernetworks.training.devices import Placement, placement
from hypernetworks.training.files import CheckpointError
from hypernetworks.training.loop import Loop
from hypernetworks.training.optim import build_optimizer
from hypernetworks.training.precision import computed_in
from hypernetworks.training.schedule import build_scheduler
from hypernetworks.training.selection import selection_of
from hypernetworks.training.settings import SettingsError, TrainerSettings
from hypernetworks.training.steps import total_steps
from hypernetworks.training.stopping import Diverged, Interrupted, stop_on_signals
from hypernetworks.training.together import FailedElsewhere, LeftAlone

log = logging.getLogger("hypernetworks")


# OSError: a full disk, a folder that may not be written; its own message names the file.
FORESEEN = (
    DataError,
    SettingsError,
    CheckpointError,
    Diverged,
    RecordError,
    RunError,
    FailedElsewhere,
    HeldError,
    OSError,
)


def run_or_explain(cfg: DictConfig) -> float | None:
    """`run`, as Hydra's job.

    A single run leaves with one line. In a sweep the error goes to Hydra instead, which runs the
    remaining rows before it fails. Of several processes that fail alike the leading one says it,
    and its status counts.
    """
    try:
        return rows.as_row(partial(run, cfg), label_of(cfg), Interrupted)
    except LeftAlone as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        os._exit(1)  # Python's own end may wait for those who wait for this process
    except FORESEEN as error:
        if not processes.leads():
            return None
        if rows.board() is None:
            raise SystemExit(f"error: {error}") from None
        if isinstance(error, HeldError):
            log.warning("%s: %s", label_of(cfg), error)
        raise


def label_of(cfg: DictConfig) -> str:
    """What a run is called where several are shown: its row, else what it is; profile and seed."""
    name = f"{cfg.table}/{cfg.row}"
    if cfg.table == "custom":
        model = cfg.model.get("name") or cfg.model.get("_target_")
        number = f"#{HydraConfig.get().job.num} " if rows.board() else ""
        name = f"{number}{model} on {cfg.dataset.name}"
    return f"{name} {cfg.profile.name} seed {cfg.seed}"


def run(cfg: DictConfig) -> float | None:
    """Runs a configuration to its end, resuming what an earlier call began.

    Returns:
        the best value of the selection metric in training, for Hydra's optimising sweepers (what
        is better, lower or higher, the record's `selection` says); None if `trainer.max_time`
        stopped the run before its first evaluation.
    """
    check_device(cfg.device)
    with ExitStack() as stack:
        stack.callback(torch.set_num_threads, torch.get_num_threads())  # for a sweep's next row
        torch.set_num_threads(cfg.threads or torch.get_num_threads())
        place = stack.enter_context(placement(cfg.device))
        if not place.leads:
            stack.enter_context(only_errors())
        check_config(cfg)
        settings = OmegaConf.to_object(cfg.trainer)
        assert isinstance(settings, TrainerSettings)
        files, earlier = _found(cfg, place)
        rows.note_record(label_of(cfg), files.record)
        if earlier and earlier["status"] == "finished" and not _may_have_changed(cfg):
            return _finished_already(earlier)
        with place.alike():
            if place.leads:
                refuse_if_held(files.folder)  # before the minutes that preparing data may take
        # Whatever cannot be built is refused before the run has a folder.
        with place.alike(), memory_explained(cfg):
            prepared = prepare(cfg, settings, place, files)
            if earlier:
                _check_data(earlier, prepared.experiment.provenance)
        torch.set_num_threads(threads_of(prepared, earlier))
        hold = None
        with place.alike():
            if place.leads:
                files.folder.mkdir(parents=True, exist_ok=True)
                hold = Hold(files.folder)
                stack.callback(hold.release)
                hidden = cfg.quiet or rows.in_line()
                label = label_of(cfg) if rows.board() else None
                stack.enter_context(log_to(files.folder / "log.txt", hidden, label))
                # Another process may have run it while this one waited for its data.
                earlier = records.read(files.record) if files.record.exists() else None
        earlier = place.from_lead(earlier)
        if earlier and earlier["status"] == "finished":
            return _finished_already(earlier)
        try:
            with memory_explained(cfg):
                return _train(prepared, earlier, hold)
        except FORESEEN as error:
            if place.leads and rows.board() is not None:
                log.error("%s: %s", files.id, error)
            raise
        except Exception:
            log.exception("%s/%s %s failed", cfg.table, cfg.row, files.id)
            raise


def _found(cfg: DictConfig, place: Placement) -> tuple[RunFiles, records.Record | None]:
    """The run's files, and its record if there is one: in all processes what the leading one sees.

    Raises:
        RunError: if the processes were given different runs.
    """
    runs = place.gather((config_hash(protocol(cfg)), cfg.seed))
    if len(set(runs)) > 1:
        raise RunError("the processes of this run have different configurations; give all the same")
    found = None
    with place.alike():
        if place.leads:
            of_row = records.find(
                Path(cfg.results_dir) / "runs", cfg.table, cfg.row, cfg.profile.name
            )
            files = locate(cfg, of_row)
            found = files, next((r for r in of_row if r["id"] == files.id), None)
    return place.from_lead(found)


def _may_have_changed(cfg: DictConfig) -> bool:
    """Whether the data are a user's own files, not those that a checksum in the code knows."""
    return "path" in cfg.dataset or (
        cfg.dataset.task == "handwriting" and cfg.profile.data != "sample"
    )


def _finished_already(record: records.Record) -> float | None:
    source = provenance.source_state(checkout_root())["source_hash"]
    same = record["segments"][-1]["source_hash"] == source
    log.info(
        "%s: finished already%s; force=true runs it again",
        record.path,
        "" if same else ", with other sources than these",
    )
    return record["selection"]["value"]


def _check_data(earlier: records.Record, now: dict[str, Any]) -> None:
    """A run that is resumed, or was finished with a user's own files, is one of the same data."""
    if earlier["data"]["checksums"] != now["checksums"]:
        over = earlier["status"] == "finished"
        remedy = "force=true runs it again" if over else "put them back, or remove the record"
        raise RunError(f"{earlier.path}: the data are not those that this run had; {remedy}")


def prepare(cfg: DictConfig, settings: TrainerSettings, place: Placement, files: RunFiles) -> Run:
    """Everything that a run needs, built and checked, with nothing left on the disk."""
    experiment, model = build(cfg, place)
    selection = selection_of(settings, experiment.task, experiment.evaluations)
    check_direction(*selection)
    optimizer = build_optimizer(model, settings)
    steps = total_steps(settings, len(experiment.train))
    scheduler = build_scheduler(optimizer, settings, steps)
    return Run(
        cfg, settings, place, files, experiment, model, optimizer, scheduler, selection, steps
    )


def loop_of(run: Run) -> Loop:
    """The loop of a run, at the checkpoint if it has one."""
    return Loop(
        run.model,
        run.experiment.task,
        run.experiment.train,
        run.experiment.evaluations,
        run.optimizer,
        run.scheduler,
        run.settings,
        run.place,
        run.files.checkpoint,
        run.files.id,
    )


def _train(run: Run, earlier: dict[str, Any] | None, hold: Hold | None) -> float | None:
    """Trains it as the process that holds it, or as another of the same run."""
    place = run.place
    if place.rank:
        # Every process starts with the same weights and then draws its own dropout masks.
        torch.manual_seed(run.cfg.seed + 1_000_003 * place.rank)
    loop = loop_of(run)
    with place.alike():
        record = _open_record(run, earlier, loop, hold) if hold is not None else None
    if record is not None:
        lead(run, loop, record)
    else:
        with stop_on_signals() as stop:
            loop.run(stop)
        obey(stop, loop)
    return loop.progress.best_value


def _open_record(run: Run, earlier: dict[str, Any] | None, loop: Loop, hold: Hold) -> RunRecord:
    overrides = HydraConfig.get().overrides.task if HydraConfig.initialized() else []
    if computed_in(run.settings.precision, run.place.device) != run.settings.precision:
        log.warning("no bfloat16 units here: its products are computed in float32")
    of_paper = run.cfg.profile.name == "paper" and folder_name(run.cfg.table) != run.cfg.table
    named = deviations(list(overrides), of_paper)
    return RunRecord.open(run, earlier, loop.progress, named, hold)
