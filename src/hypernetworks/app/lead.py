"""The process of a run that shows, writes and mirrors it, from its first step to its record."""

import logging
from collections.abc import Iterable, Iterator
from typing import Any

from hypernetworks.app import rows
from hypernetworks.app.listeners import (
    MetricsListener,
    ProgressListener,
    bar_over,
    progress_bar,
)
from hypernetworks.app.memory import memory_explained
from hypernetworks.app.outcome import Run, RunRecord, write_arrays, write_curve
from hypernetworks.app.tracking import open_tracker
from hypernetworks.holder import HeldError
from hypernetworks.training.files import MetricsFile
from hypernetworks.training.loop import Loop
from hypernetworks.training.stopping import Diverged, Interrupted, StopFlag, stop_on_signals
from hypernetworks.training.together import lost

log = logging.getLogger("hypernetworks")


def lead(run: Run, loop: Loop, record: RunRecord) -> None:
    """Trains as the process that shows, writes and mirrors the run."""
    cfg, files, first = run.cfg, run.files, loop.progress.step
    # In a sweep the log's lines begin with the row already.
    label = files.id if rows.board() else f"{cfg.table}/{cfg.row} {files.id}"
    hidden = cfg.quiet or rows.board() is not None
    metrics = MetricsFile(files.folder / "metrics.jsonl")
    metrics.cut_after(first)
    if first and not loop.state.curve:  # checkpoints of before had none
        loop.state.curve = [line for line in metrics.lines() if "epoch" in line]
    log.info("%s: %s", label, "resumes" if first else "starts")
    with (
        open_tracker(run, record.value, loop.progress) as tracker,
        progress_bar(first, run.steps, label, hidden) as bar,
        stop_on_signals() as stop,
    ):
        asked = rows.stopped()
        if asked is not None:
            stop(asked, None)
        shown = ProgressListener(bar, run.selection[0], first, run.steps)
        loop.listeners += [MetricsListener(metrics), shown, tracker, record]
        status, error = "failed", None
        try:
            with memory_explained(cfg):
                ended = loop.run(stop)
                if ended:
                    _evaluate(run, loop, record, stop, hidden)
                    write_arrays(run.experiment.task.arrays(loop.model), files)
                    write_curve(loop.state.curve, files)
            status = "finished" if ended else "time_limit"
        except KeyboardInterrupt as interrupt:
            status = "interrupted"
            log.warning("%s: %s", label, str(interrupt) or "interrupted; the same command resumes")
            raise
        except Exception as failure:
            status = "diverged" if isinstance(failure, Diverged) else "failed"
            error = str(failure) or type(failure).__name__
            if lost(failure):
                error = "another process of this run ended before its time"
            raise
        finally:
            _close(record, status, error)
            tracker.finish(record.value, files)
    _report(label, record.value)
    obey(stop, loop, status == "finished")


def _close(record: RunRecord, status: str, error: str | None) -> None:
    """Closes the record; a disk that is full for it too, or another process that has the run by
    now, does not hide what ended the run."""
    try:
        record.close(status, error)
    except (OSError, HeldError) as failure:
        if status in ("finished", "time_limit"):
            raise
        log.warning("the record stays as it was: %s", failure)


def obey(stop: StopFlag, loop: Loop, finished: bool = False) -> None:
    """A signal that came too late to stop training stops what comes after it; of a run that is
    finished, the rest of its sweep."""
    if stop.signum is not None:
        raise Interrupted(loop.progress.step, stop.signum, finished)


def _evaluate(run: Run, loop: Loop, record: RunRecord, stop: StopFlag, hidden: bool) -> None:
    """Final metrics with the best weights: the one time that the test split is read.

    Raises:
        Interrupted: at a signal; the record then has none of them, and the next call all.
    """

    def until_asked(batches: Iterable[Any], name: str, total: int) -> Iterator[Any]:
        for batch in bar_over(batches, name, total, hidden):
            obey(stop, loop)
            yield batch

    experiment = run.experiment
    at_end = [evaluation for evaluation in experiment.evaluations if evaluation.at_end]
    log.info("evaluating with the weights of step %s", loop.progress.best_step)
    record.add_metrics(loop.evaluate_all(at_end, until_asked))
    if experiment.baseline is not None:
        baseline, shown = experiment.baseline(), experiment.task.headline[0]
        (of_table,) = [e for e in at_end if shown in e.measures(experiment.task)]
        found = experiment.task.evaluate(baseline, of_table.batches, of_table.metrics)
        named = {f"{of_table.name}_{metric}": value for metric, value in found.items()}
        record.add_baseline(str(baseline.name), named)


def _report(label: str, record: dict[str, Any]) -> None:
    if record["status"] == "time_limit":
        log.info("%s: time limit at step %d; the same command resumes", label, record["steps"])
        return
    shown = ", ".join(f"{k} {m['value']:.4g} {m['unit']}" for k, m in record["metrics"].items())
    generated = record["data"]["kind"] == "sample"
    warning = " (GENERATED DATA: not comparable with the paper)" if generated else ""
    log.info("%s: %s after %d steps%s", label, shown, record["steps"], warning)
