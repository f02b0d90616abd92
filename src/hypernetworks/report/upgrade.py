"""Records of version 1 in the form of version 2, in memory: their files are never touched.

Version 1 is history, so everything about it is frozen here: the import paths that named models, the
keys and their defaults, the metrics that the two tasks selected by. The defaults are those of the
day version 2 began; what became of them since must not change what these runs were.
"""

from typing import Any

from hypernetworks.report.errors import RecordError
from hypernetworks.report.provenance import config_hash

IMAGES = {
    "hypernetworks.MnistConvnet": "cnn",
    "hypernetworks.HyperMnistConvnet": "hyper_cnn",
    "hypernetworks.MLP": "mlp",
    "hypernetworks.CoordinateMLP": "coordinate_mlp",
    "hypernetworks.static.wide_resnet.WideResNet": "resnet",
    "hypernetworks.static.wide_resnet.hyper_wide_resnet": "hyper_resnet",
}
CHARACTERS = {
    "hypernetworks.recurrent.character_model.lstm": "lstm",
    "hypernetworks.recurrent.character_model.hyper_lstm": "hyperlstm",
}
DROPOUT = ("input_dropout", "output_dropout", "recurrent_dropout", "hyper_recurrent_dropout")
_RECURRENT = {"num_layers": 1} | dict.fromkeys(DROPOUT, 0.0)
_RESNET = {"depth": 40, "widen": 1}
MODELS: dict[str, dict[str, Any]] = {
    "cnn": {},
    "hyper_cnn": {"embedding_size": 4, "hidden_size": None},
    "mlp": {},
    "coordinate_mlp": {"hidden_size": 25},
    "resnet": _RESNET,
    "hyper_resnet": {**_RESNET, "embedding_size": 64},
    "lstm": _RECURRENT,
    "layernorm_lstm": _RECURRENT,
    "hyperlstm": _RECURRENT,
    "layernorm_hyperlstm": _RECURRENT,
}
_IMAGES = {"valid_size": 5000, "split_seed": 0}
DATASETS: dict[str, dict[str, Any]] = {
    "mnist": {**_IMAGES, "pad": 0},
    "cifar10": {**_IMAGES, "pad": 2, "flip": True, "l2": 0.0005},
    "ptb": {"form": "characters", "window": 100, "valid_streams": 64, "symbols": 50},
    "enwik8": {"prefix": None, "window": 250, "valid_streams": 64, "symbols": 205},
}
TEXTS = ("ptb", "enwik8")
TRAINER: dict[str, Any] = {
    "optimizer": "Adam",
    "optimizer_args": {},
    "lr_table": None,
    "scheduler": None,
    "scheduler_args": {},
    "max_epochs": None,
    "max_steps": None,
    "clip_norm": None,
    "precision": "float32",
    "eval_every": None,
    "selection_metric": None,
    "patience": None,
}
FREE = ("baseline_order", "checkpoint_every", "log_every", "max_time")  # no part of what a run is


def upgrade(record: dict[str, Any]) -> dict[str, Any]:
    """A valid record of version 1 as one of version 2; the given one stays as it is.

    Raises:
        RecordError: if its configuration lacks what version 1 always had.
    """
    try:
        return _upgraded(record)
    except (KeyError, TypeError, AttributeError) as error:
        raise RecordError(f"$.config is none of version 1 ({error!r})") from error


def _upgraded(record: dict[str, Any]) -> dict[str, Any]:
    old = record["config"]
    config = {
        **old,
        "model": _model(old["model"]),
        "dataset": _dataset(old["dataset"], old["model"]),
        "trainer": _trainer(old["trainer"], old["dataset"]["name"]),
    }
    protocol = _protocol(config)
    better = old["trainer"]["selection_better"]
    return {
        "throughput": None,  # which the first records lack
        **record,
        "schema_version": 2,
        "label": config["paper"].get("label", record["row"]),
        "config": config,
        "protocol": protocol,
        "config_hash": config_hash(protocol),
        "selection": {**record["selection"], "better": better},
        "headline": _headline(record["table"], config["dataset"]["name"]),
    }


def _model(old: dict[str, Any]) -> dict[str, Any]:
    """`name` for `_target_`, sizes and dropout rates multiplied by `scale`."""
    model = {
        k: v for k, v in old.items() if k not in ("_target_", "layer_norm", "scale", "symbols")
    }
    target = old["_target_"]
    if target in IMAGES:
        return {"name": IMAGES[target], **model}
    if target not in CHARACTERS:
        return dict(old)  # of the user's own
    scale = old.get("scale", 1.0)
    for size in ("hidden_size", "hyper_size"):
        if size in model:
            model[size] = max(1, round(model[size] * scale))
    model |= {rate: model[rate] * scale for rate in DROPOUT if rate in model}
    norm = "layernorm_" if old.get("layer_norm") else ""
    return {"name": norm + CHARACTERS[target], **model}


def _dataset(old: dict[str, Any], model: dict[str, Any]) -> dict[str, Any]:
    """The number of symbols was the model's."""
    return {**old, "symbols": model["symbols"]} if "symbols" in model else dict(old)


def _trainer(old: dict[str, Any], dataset: str) -> dict[str, Any]:
    """The metric of selection is left to the task where it is the task's."""
    trainer = {key: value for key, value in old.items() if key != "selection_better"}
    if trainer["selection_metric"] == ("valid_bpc" if dataset in TEXTS else "valid_error"):
        del trainer["selection_metric"]
    return trainer


def _protocol(config: dict[str, Any]) -> dict[str, Any]:
    model, dataset, trainer = config["model"], config["dataset"], config["trainer"]
    return {
        "table": config["table"],
        "row": config["row"],
        "profile": config["profile"]["name"],
        "data": config["profile"]["data"],
        "model": _canonical(model, MODELS.get(model.get("name"), {})),
        "dataset": _canonical(dataset, DATASETS.get(dataset["name"], {})),
        "trainer": _canonical(trainer, TRAINER),
    }


def _canonical(part: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """Without what has its default, and without what is free to differ."""
    missing = object()
    kept = {key: value for key, value in part.items() if key not in FREE}
    return {key: value for key, value in kept.items() if defaults.get(key, missing) != value}


def _headline(table: str, dataset: str) -> list[str]:
    if dataset in TEXTS:
        return ["test_bpc", "valid_bpc"]
    return ["test_accuracy"] if table == "a1" else ["test_error"]
