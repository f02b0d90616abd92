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
from torch import Tensor

from hypernetworks.app.identity import RunFiles, protocol
from hypernetworks.locations import checkout_root
from hypernetworks.report import provenance, records
from hypernetworks.report.atomic import write_bytes, write_text
from hypernetworks.training.devices import Placement
from hypernetworks.training.files import MetricsFile
from hypernetworks.training.loop import Progress

log = logging.getLogger("hypernetworks")
PACKAGES = ("torch", "torchvision", "numpy", "hydra-core", "omegaconf", "wandb", "hypernetworks")


@dataclass
class RunRecord:
    """The record of a run in progress; on the disk from the first step on."""

    value: dict[str, Any]
    files: RunFiles
    progress: Progress
    seconds_before: float
    steps_an_epoch: int
    examples: tuple[int, str]

    @classmethod
    def open(
        cls,
        cfg: DictConfig,
        files: RunFiles,
        earlier: dict[str, Any] | None,
        data: dict[str, Any],
        parameters: dict[str, int],
        place: Placement,
        progress: Progress,
        overrides: list[str],
        steps_an_epoch: int,
        examples: tuple[int, str],
    ) -> "RunRecord":
        """Starts the record, or goes on with the one of an earlier, unfinished invocation."""
        source = provenance.source_state(checkout_root())
        segments = _segments(earlier, progress)
        _warn_of_doubtful_sources(cfg.profile.name, source, segments)
        device = _device_name(place.device)
        segment = {
            **source,
            "device": device,
            "started": _now(),
            "first_step": progress.step,
            "last_step": progress.step,
            "seconds": 0.0,
        }
        machine = provenance.machine()
        value = {
            "schema_version": 1,
            "id": files.id,
            "table": cfg.table,
            "row": cfg.row,
            "profile": cfg.profile.name,
            "seed": cfg.seed,
            "status": "running",
            "stop_reason": None,
            "error": None,
            "data": data,
            "config": _config_without_paths(cfg),
            "config_hash": provenance.config_hash(protocol(cfg)),
            "overrides": overrides,
            "versions": {**provenance.versions(*PACKAGES), "cuda": torch.version.cuda},
            "machine": {
                **machine,
                "device": device,
                "device_count": place.world,
                "threads": torch.get_num_threads(),
            },
            "precision": cfg.trainer.precision,
            "parameters": parameters,
            "segments": [*segments, segment],
            "wall_seconds": progress.seconds,
            "steps": progress.step,
            "epochs": progress.epoch,
            "throughput": None,
            "selection": {"metric": cfg.trainer.selection_metric, "value": None, "step": None},
            "metrics": {},
            "baseline": None,
            "curve": None,
            "arrays": None,
            "created": earlier["created"] if earlier else _now(),
            "finished": None,
        }
        record = cls(value, files, progress, progress.seconds, steps_an_epoch, examples)
        records.write(value, files.home)
        return record

    def add_metrics(self, split: str, found: dict[str, float], units: dict[str, str]) -> None:
        for name, value in found.items():
            self.value["metrics"][f"{split}_{name}"] = {"value": value, "unit": units[name]}

    def add_baseline(self, name: str, found: dict[str, float], units: dict[str, str]) -> None:
        metrics = {f"test_{k}": {"value": v, "unit": units[k]} for k, v in found.items()}
        self.value["baseline"] = {"name": name, "metrics": metrics}

    def step(self, step: int) -> None:
        """The record is written again at evaluations."""

    def log(self, step: int, metrics: dict[str, float]) -> None:
        """Keeps the record of a run in progress up to date."""
        if "epoch" in metrics:
            self._write()

    def close(self, status: str, error: str | None) -> None:
        """Writes how and where this invocation ended."""
        value = self.value
        value["status"], value["error"] = status, error
        value["curve"] = self.files.curve.name if self.files.curve.exists() else None
        value["arrays"] = self.files.arrays.name if self.files.arrays.exists() else None
        value["finished"] = _now() if status == "finished" else None
        self._write()

    def _write(self) -> None:
        value, progress = self.value, self.progress
        value["stop_reason"] = progress.stop_reason
        value["steps"], value["epochs"] = progress.step, progress.epoch
        value["wall_seconds"] = progress.seconds
        value["throughput"] = self._throughput()
        value["selection"]["value"] = progress.best_value
        value["selection"]["step"] = progress.best_step
        value["segments"][-1]["last_step"] = progress.step
        value["segments"][-1]["seconds"] = progress.seconds - self.seconds_before
        records.write(value, self.files.home)

    def _throughput(self) -> dict[str, Any] | None:
        """What training reads a second; the evaluations' time is not counted."""
        progress, (count, name) = self.progress, self.examples
        seconds = progress.seconds - progress.evaluating
        if seconds <= 0:
            return None
        epochs = progress.epoch + progress.batch / self.steps_an_epoch
        return {"value": epochs * count / seconds, "unit": f"{name}/s"}


def write_arrays(arrays: dict[str, Tensor], files: RunFiles) -> None:
    """Saves what the figures show of a model; in 16 bits, since they are pictures."""
    if arrays:
        content = io.BytesIO()
        halves: dict[str, Any] = {k: v.cpu().half().numpy() for k, v in arrays.items()}
        np.savez_compressed(content, **halves)
        write_bytes(files.arrays, content.getvalue())


def write_curve(metrics: MetricsFile, files: RunFiles) -> None:
    """Saves the evaluations of the run, one JSON object a line."""
    lines = [json.dumps(line) + "\n" for line in metrics.lines() if "epoch" in line]
    write_text(files.curve, "".join(lines))


def _segments(earlier: dict[str, Any] | None, progress: Progress) -> list[dict[str, Any]]:
    """The segments of the invocations before this one."""
    segments = list(earlier["segments"]) if earlier and progress.step else []
    if segments:
        # A killed invocation could not write where it ended: at the checkpoint, for us.
        segments[-1]["last_step"] = progress.step
        segments[-1]["seconds"] = progress.seconds - sum(s["seconds"] for s in segments[:-1])
    return segments


def _warn_of_doubtful_sources(
    profile: str, source: dict[str, Any], segments: list[dict[str, Any]]
) -> None:
    """Says at the start what would keep a long run from being published at its end."""
    if profile == "demo":
        return
    if source["commit"] is None or not source["clean"]:
        log.warning("the sources differ from their commit: this run cannot be published")
    if any(segment["source_hash"] != source["source_hash"] for segment in segments):
        log.warning("the sources changed since this run began: it cannot be published")


def _config_without_paths(cfg: DictConfig) -> dict[str, Any]:
    config: Any = OmegaConf.to_container(cfg, resolve=True)
    return {k: v for k, v in config.items() if k not in ("data_dir", "results_dir")}


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return "CPU" if device.type == "cpu" else device.type


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
