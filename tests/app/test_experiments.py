"""Every experiment file: composed in all profiles, counted at full size (trained: test_demo.py)."""

from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

from hypernetworks.app import params
from hypernetworks.app.build import build, builder_of
from hypernetworks.app.experiments import in_paper_order, row_names, rows_of_sweep
from hypernetworks.app.params import compose_row
from hypernetworks.data import cifar10
from hypernetworks.data.images import channel_moments
from hypernetworks.locations import experiments_dir
from hypernetworks.report.folders import folder_name, tables_in
from hypernetworks.report.protocol import load_figures
from hypernetworks.training.devices import placement
from tests.app.conftest import composed

EXPERIMENTS = in_paper_order(row_names())
OWN = tuple(table for table in tables_in(experiments_dir()) if folder_name(table) == table)
assert len(OWN) >= 5  # tables of our own: they need no shortening


def full_size(cfg):
    return builder_of(cfg).full_size(cfg)


@pytest.mark.parametrize("profile", ["demo", "lite", "paper"])
@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_composes_in_all_profiles(experiment, profile):
    cfg = composed(experiment, profile)
    assert not OmegaConf.missing_keys(cfg)
    shortened = cfg.label is not None and cfg.label != cfg.paper.label
    whole = {"paper", "lite"} if cfg.table in OWN else {"paper"}
    assert shortened == (profile not in whole), "a shortened row says so in its label"
    assert experiment == f"{folder_name(cfg.table)}/{cfg.row}"
    of_own = {"multi30k": "stand-in", "enwik8_quarter": "prefix"}
    in_lite = {"4": "prefix", "5": "stand-in", "6": "part", **of_own}.get(cfg.table, "real")
    whole_data = of_own.get(cfg.table, "real")
    expected = {"demo": "sample", "lite": in_lite, "paper": whole_data}[profile]
    assert cfg.profile.data == expected


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_counts_parameters_without_allocating(experiment):
    model = full_size(composed(experiment, "paper"))
    assert all(p.is_meta for p in model.parameters())
    assert all(line[-1] == "ok" for line in params.compare(experiment))


def figures_of(table, row):
    return [f for f in load_figures(experiments_dir()).values() if (table, row) in f.rows]


def test_figures_12_and_13_show_a_kernel_of_each_group_learned_and_generated():
    arrays = {f.id: f.array for f in figures_of("2", "wrn_40_1")}
    assert arrays == {f.id: f.array for f in figures_of("2", "hyper_wrn_40_1")}
    for row in ("wrn_40_1", "hyper_wrn_40_1"):
        found = full_size(compose_row(f"table2/{row}", "paper")).arrays()
        assert found[arrays["12"]].shape == (16, 16, 3, 3)
        assert found[arrays["13"]].shape == (32, 32, 3, 3)


def test_table_2_trains_on_what_its_protocol_says(small):
    """Crops, mirror images and L2 reach the batches and the loss; validation and test have none."""
    cfg = small("table2/hyper_wrn_40_1")
    with placement("cpu") as place:
        experiment, _ = build(cfg, place)
    train, (valid, test) = experiment.train, (e.batches for e in experiment.evaluations)
    assert [(e.name, e.when) for e in experiment.evaluations] == [
        ("valid", "always"),
        ("test", "end"),
    ]
    assert (experiment.task.l2, train.pad, train.flip, train.batch_size) == (5e-4, 2, True, 50)
    assert [(b.pad, b.flip, b.shuffle) for b in (valid, test)] == [(0, False, False)] * 2
    images = cifar10.load(Path(cfg.data_dir), "sample", 500).train
    for batches in (train, valid, test):
        for found, expected in zip(batches.scale, channel_moments(images), strict=True):
            assert torch.equal(found.flatten(), expected)


def test_paper_protocol_of_table_7():
    for row in ("cnn", "hyper_cnn"):
        cfg = compose_row(f"table7/{row}", "paper")
        trainer = cfg.trainer
        assert (trainer.optimizer, trainer.lr, trainer.batch_size) == ("Adam", 0.001, 1000)
        assert (trainer.selection_metric, trainer.lr_table, trainer.scheduler) == (None,) * 3
        assert (trainer.patience, trainer.max_epochs) == (20, 100)
        assert (cfg.dataset.valid_size, cfg.dataset.pad) == (5000, 1)


def test_paper_protocol_of_table_2():
    for k in (1, 2):
        plain, hyper = (compose_row(f"table2/{kind}wrn_40_{k}", "paper") for kind in ("", "hyper_"))
        for cfg in (plain, hyper):
            dataset = cfg.dataset
            assert (dataset.valid_size, dataset.pad, dataset.flip, dataset.l2) == (
                5000,
                2,
                True,
                5e-4,
            )
            assert (cfg.model.depth, cfg.model.widen, cfg.trainer.batch_size) == (40, k, 128)
            assert (cfg.trainer.precision, cfg.trainer.clip_norm) == ("float32", None)
        sgd, adam = plain.trainer, hyper.trainer
        assert sgd.optimizer == "SGD"
        assert sgd.optimizer_args == {"momentum": 0.9, "nesterov": True}
        rates = [0.1, 0.02, 0.004, 0.0008, 0.00016]
        assert sgd.lr_table == [[28000 * (n + 1), rate] for n, rate in enumerate(rates)]
        assert adam.optimizer == "Adam"
        rates = [0.002, 0.001, 0.0002, 0.00005]
        assert adam.lr_table == [[168000 * (n + 1), rate] for n, rate in enumerate(rates)]
        assert (sgd.max_steps, adam.max_steps) == (140_000, 672_000)
        assert hyper.model.embedding_size == 64


def test_paper_protocol_of_table_3():
    keep = {"ln_hyperlstm_1000_large": 0.85, "ln_hyperlstm_2x1000": 0.80}
    for experiment in EXPERIMENTS:
        table, row = experiment.split("/")
        if table != "table3":
            continue
        cfg = compose_row(experiment, "paper")
        trainer = cfg.trainer
        assert (trainer.optimizer, trainer.lr, trainer.clip_norm) == ("Adam", 0.001, 1.0)
        assert (trainer.batch_size, cfg.dataset.window, trainer.patience) == (128, 100, 10)
        assert (cfg.dataset.form, trainer.precision) == ("characters", "float32")
        for rate in ("input_dropout", "output_dropout", "recurrent_dropout"):
            assert cfg.model[rate] == pytest.approx(1 - keep.get(row, 0.9))
        if "hyper" in row:
            assert cfg.model.hyper_size == 128
            assert cfg.model.embedding_size == (
                4 if row in ("hyperlstm_1000", "ln_hyperlstm_1000") else 16
            )


def test_paper_protocol_of_table_4():
    keep = {"lstm_1800": 1, "lstm_2000": 1, "ln_hyperlstm_2048": 0.85}
    for experiment in EXPERIMENTS:
        table, row = experiment.split("/")
        if table != "table4":
            continue
        cfg = compose_row(experiment, "paper")
        trainer, model = cfg.trainer, cfg.model
        assert (trainer.optimizer, trainer.lr, trainer.clip_norm) == ("Adam", 0.001, 1.0)
        large = row == "ln_hyperlstm_2048"
        assert (trainer.batch_size, cfg.dataset.window) == (128, 300 if large else 250)
        assert (trainer.patience, trainer.precision, cfg.dataset.prefix) == (5, "float32", None)
        assert (model.input_dropout, model.output_dropout) == (0, 0)
        assert model.recurrent_dropout == pytest.approx(1 - keep.get(row, 0.9))
        if "hyper" in row:
            assert (model.hyper_size, model.embedding_size) == (512 if large else 256, 64)
            assert model.hyper_recurrent_dropout == (0.15 if large else 0)


def test_lite_rows_of_table_4_share_their_steps_their_scale_and_the_prefix():
    rows = [compose_row(e, "lite") for e in EXPERIMENTS if e.startswith("table4/")]
    shared = {(c.trainer.max_steps, c.dataset.prefix, c.dataset.window) for c in rows}
    assert (len(rows), shared) == (6, {(6400, 4154399, 100)})
    check_scale(rows, 8)
    check_lite_trainers(rows)
    hyper = [cfg.model.embedding_size for cfg in rows if "embedding_size" in cfg.model]
    assert hyper == [8, 8, 8]  # an eighth, as the units


def test_lite_rows_of_table_3_share_their_steps_and_their_scale():
    rows = [compose_row(e, "lite") for e in EXPERIMENTS if e.startswith("table3/")]
    assert len(rows) == 8
    assert {cfg.trainer.max_steps for cfg in rows} == {9600}
    check_scale(rows, 4)
    check_lite_trainers(rows)


def test_lite_rows_of_table_2_share_their_steps_and_their_cycle():
    rows = [compose_row(e, "lite") for e in EXPERIMENTS if e.startswith("table2/")]
    assert len(rows) == 4
    for cfg in rows:
        trainer, rate = cfg.trainer, 0.002 if "hyper" in cfg.row else 0.1
        assert trainer.optimizer == ("Adam" if "hyper" in cfg.row else "SGD")
        assert (trainer.scheduler, trainer.lr_table) == ("OneCycleLR", None)
        assert trainer.scheduler_args == {"max_lr": rate, "total_steps": 4224}
        assert (trainer.max_steps, trainer.batch_size, trainer.precision) == (4224, 128, "bfloat16")
        assert (cfg.model.depth, cfg.profile.baseline) == (40, True)


def check_scale(rows, divisor):
    """Units, hyper units and dropout rates are a part of the paper's row."""
    for cfg in rows:
        paper = compose_row(f"table{cfg.table}/{cfg.row}", "paper").model
        assert f"/{divisor} units" in cfg.label
        for key in ("hidden_size", "hyper_size"):
            assert cfg.model.get(key, 0) == max(round(paper.get(key, 0) / divisor), 0)
        for key in (key for key in paper if key.endswith("dropout")):
            assert cfg.model[key] == paper[key] / divisor


def check_lite_trainers(rows):
    """One rate, one schedule to its end, one batch size, one precision for all rows."""
    for cfg in rows:
        trainer = cfg.trainer
        assert (trainer.lr, trainer.batch_size, trainer.precision) == (0.006, 32, "bfloat16")
        assert trainer.scheduler_args == {"T_max": trainer.max_steps}
        assert (cfg.dataset.window, trainer.patience, cfg.profile.baseline) == (100, None, True)


def test_sweeps_are_the_folders():
    assert rows_of_sweep("table7") == ["table7/cnn", "table7/hyper_cnn"]
    assert rows_of_sweep("all") == [row for row in EXPERIMENTS if row.startswith("table")]
    assert rows_of_sweep("figure8") == ["table_a1/mlp", "table_a1/coord_mlp"]


def test_a_wrong_count_fails(monkeypatch, capsys):
    monkeypatch.setattr(params, "count_parameters", lambda model: {"second_kernel": 1, "total": 2})
    monkeypatch.setattr(params, "row_names", lambda: ["table7/cnn"])
    assert params.main(["--quiet"]) == 1
    assert "table7/cnn: second_kernel: 1, expected 12544" in capsys.readouterr().err
