"""What a run leaves: its record, beside it the curve and the arrays of its figures."""

import io
import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler

from hypernetworks.app.build.experiment import Experiment
from hypernetworks.app.build.models import count_parameters
from hypernetworks.app.identity import RunFiles, protocol, search_path
from hypernetworks.atomic import write_bytes, write_text
from hypernetworks.holder import Hold
from hypernetworks.locations import checkout_root
from hypernetworks.report import provenance, records
from hypernetworks.training.devices import Placement
from hypernetworks.training.precision import computed_in
from hypernetworks.training.settings import TrainerSettings
from hypernetworks.training.state import Progress

log = logging.getLogger("hypernetworks")
PACKAGES = (
    *("torch", "torchvision", "numpy", "hydra-core", "omegaconf", "wandb", "hypernetworks"),
    *("sentencepiece", "sacremoses", "sacrebleu"),
)


@dataclass(frozen=True)
class Run:
    """All parts of a run, built and checked.

    selection: the metric that chooses the weights to keep, and which values are better. steps: of
    the whole training, unless its patience ends it.
    """

    cfg: DictConfig
    settings: TrainerSettings
    place: Placement
    files: RunFiles
    experiment: Experiment
    model: nn.Module
    optimizer: torch.optim.Optimizer
    scheduler: LRScheduler
    selection: tuple[str, str]
    steps: int


@dataclass
class RunRecord:
    """The record of a run in progress; on the disk from the first step on.

    hold: what says that the run is still this process's; without it nothing more is written.
    """

    value: dict[str, Any]
    run: Run
    progress: Progress
    seconds_before: float
    hold: Hold

    @classmethod
    def open(
        cls,
        run: Run,
        earlier: dict[str, Any] | None,
        progress: Progress,
        overrides: list[str],
        hold: Hold,
    ) -> "RunRecord":
        """Starts the record, or goes on with the one of an earlier, unfinished invocation."""
        cfg, files, place = run.cfg, run.files, run.place
        source, doubt = provenance.examine(checkout_root())
        segments = _segments(earlier, progress)
        _warn_of_doubtful_sources(cfg.profile.name, doubt, source["source_hash"], segments)
        device = device_name(place.device)
        segment = {
            **source,
            "device": device,
            "computed_in": computed_in(cfg.trainer.precision, place.device),
            "started": _now(),
            "first_step": progress.step,
            "last_step": progress.step,
            "seconds": 0.0,
        }
        identity, metric = protocol(cfg), run.selection
        value = {
            "schema_version": 2,
            "id": files.id,
            "table": cfg.table,
            "row": cfg.row,
            "label": cfg.label or cfg.paper.get("label") or cfg.row,
            "profile": cfg.profile.name,
            "seed": cfg.seed,
            "status": "running",
            "stop_reason": None,
            "error": None,
            "data": run.experiment.provenance,
            "config": _config_without_paths(cfg),
            "protocol": identity,
            "config_hash": provenance.config_hash(identity),
            "overrides": overrides,
            "versions": {**provenance.versions(*PACKAGES), "cuda": torch.version.cuda},
            "machine": {
                **provenance.machine(),
                "device": device,
                "device_count": place.world,
                "threads": torch.get_num_threads(),
            },
            "precision": cfg.trainer.precision,
            "parameters": count_parameters(run.model),
            "segments": [*segments, segment],
            "wall_seconds": progress.seconds,
            "steps": progress.step,
            "epochs": progress.epoch,
            "throughput": None,
            "selection": {"metric": metric[0], "better": metric[1], "value": None, "step": None},
            "headline": list(run.experiment.task.headline),
            "metrics": {},
            "baseline": None,
            "curve": None,
            "arrays": None,
            "created": earlier["created"] if earlier else _now(),
            "finished": None,
        }
        if own := search_path():
            value["search_path"] = own
        record = cls(value, run, progress, progress.seconds, hold)
        records.write(value, files.home)
        return record

    def add_metrics(self, found: dict[str, float]) -> None:
        """Those of the final evaluations, by their full names."""
        self.value["metrics"] |= self._with_units(found)

    def add_baseline(self, name: str, found: dict[str, float]) -> None:
        self.value["baseline"] = {"name": name, "metrics": self._with_units(found)}

    def _with_units(self, found: dict[str, float]) -> dict[str, Any]:
        experiment = self.run.experiment
        of = {n: m for e in experiment.evaluations for n, m in e.measures(experiment.task).items()}
        return {name: {"value": value, "unit": of[name].unit} for name, value in found.items()}

    def step(self, step: int) -> None:
        """Before a checkpoint may be written; the record is written again at evaluations."""
        self.hold.confirm_after_a_pause()

    def log(self, step: int, metrics: dict[str, float]) -> None:
        """Keeps the record of a run in progress up to date."""
        if "epoch" in metrics:
            self._write()

    def close(self, status: str, error: str | None) -> None:
        """Writes how and where this invocation ended."""
        value = self.value
        value["status"], value["error"] = status, error
        files = {"curve": self.run.files.curve, "arrays": self.run.files.arrays}
        there = {kind: path for kind, path in files.items() if path.exists()}
        value |= {kind: there[kind].name if kind in there else None for kind in files}
        value["files"] = {p.name: records.sha256(p.read_bytes()) for p in there.values()}
        value["finished"] = _now() if status == "finished" else None
        self._write()

    def _write(self) -> None:
        self.hold.confirm()
        value, progress = self.value, self.progress
        value["stop_reason"] = progress.stop_reason
        value["steps"], value["epochs"] = progress.step, progress.epoch
        value["wall_seconds"] = progress.seconds
        value["throughput"] = self._throughput()
        value["selection"]["value"] = progress.best_value
        value["selection"]["step"] = progress.best_step
        value["segments"][-1]["last_step"] = progress.step
        value["segments"][-1]["seconds"] = progress.seconds - self.seconds_before
        records.write(value, self.run.files.home)

    def _throughput(self) -> dict[str, Any] | None:
        """What training reads a second; the evaluations' time is not counted."""
        progress, (count, name) = self.progress, self.run.experiment.examples
        seconds = progress.seconds - progress.evaluating
        if seconds <= 0:
            return None
        epochs = progress.epoch + progress.batch / len(self.run.experiment.train)
        return {"value": epochs * count / seconds, "unit": f"{name}/s"}


def write_arrays(arrays: dict[str, Tensor], files: RunFiles) -> None:
    """Saves what the figures show of a model: numbers in 16 bits, since they are pictures; whole
    numbers as they are."""
    if arrays:
        content = io.BytesIO()
        kept: dict[str, Any] = {
            name: (array.half() if array.is_floating_point() else array).cpu().numpy()
            for name, array in arrays.items()
        }
        np.savez_compressed(content, **kept)
        write_bytes(files.arrays, content.getvalue())


def write_curve(curve: list[dict[str, float]], files: RunFiles) -> None:
    """Saves the evaluations of the run, one JSON object a line."""
    write_text(files.curve, "".join(json.dumps(reading) + "\n" for reading in curve))


def _segments(earlier: dict[str, Any] | None, progress: Progress) -> list[dict[str, Any]]:
    """The segments of the invocations before this one."""
    segments = list(earlier["segments"]) if earlier and progress.step else []
    # Behind a damaged checkpoint lies the one of an invocation before.
    segments = [segment for segment in segments if segment["first_step"] <= progress.step]
    if segments:
        # A killed invocation could not write where it ended: at the checkpoint, for us.
        segments[-1]["last_step"] = progress.step
        before = sum(segment["seconds"] for segment in segments[:-1])
        segments[-1]["seconds"] = max(0.0, progress.seconds - before)
    return segments


def _warn_of_doubtful_sources(
    profile: str, doubt: str | None, source_hash: str, segments: list[dict[str, Any]]
) -> None:
    """Says at the start what would keep a long run from being published at its end."""
    if profile == "demo":
        return
    if doubt is not None:
        log.warning("this run cannot be published: %s", doubt)
    if any(segment["source_hash"] != source_hash for segment in segments):
        log.warning("this run cannot be published: the sources changed since it began")


def _config_without_paths(cfg: DictConfig) -> dict[str, Any]:
    config: Any = OmegaConf.to_container(cfg, resolve=True)
    return {k: v for k, v in config.items() if k not in ("data_dir", "results_dir")}


def device_name(device: torch.device) -> str:
    """As records have it: a GPU's own name."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return "CPU" if device.type == "cpu" else device.type


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
