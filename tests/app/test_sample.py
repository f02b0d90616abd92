"""`python -m hypernetworks sample`: text from a checkpoint, reproducibly, and clear refusals."""

import json
import shutil
import subprocess
import sys

import pytest

from hypernetworks.app.build import models
from hypernetworks.app.params import compose_row
from hypernetworks.app.run import run
from hypernetworks.app.sample import main
from hypernetworks.report.records import find
from hypernetworks.training.files import Checkpoint, load_checkpoint
from tests.app.conftest import SMALL


@pytest.fixture(scope="module")
def ran(data_dir, tmp_path_factory):
    """The results of a run of six steps."""
    results = tmp_path_factory.mktemp("ran") / "results"
    places = (f"data_dir={data_dir}", f"results_dir={results}")
    run(compose_row("table3/ln_lstm_1000", "demo", "logger=none", *places, *SMALL))
    return results


@pytest.fixture
def trained(ran, tmp_path):
    """The arguments that find a copy of the run."""
    shutil.copytree(ran, tmp_path / "results")
    return ["table3/ln_lstm_1000", "--results", str(tmp_path / "results")]


def drawn(arguments, capfdbinary):
    assert main(arguments) == 0
    return capfdbinary.readouterr()


def test_the_same_seed_draws_the_same_text(trained, capfdbinary):
    out, err = drawn([*trained, "--length", "60", "--prime", "the bank"], capfdbinary)
    assert out.startswith(b"the bank")
    assert len(out) == len(b"the bank") + 60 + 1
    assert b"generated data, seed 0, temperature 1" in err
    assert drawn([*trained, "--length", "60", "--prime", "the bank"], capfdbinary)[0] == out
    assert drawn([*trained, "--length", "60", "--seed", "1"], capfdbinary)[0] != out


def test_temperature_zero_needs_no_seed(trained, capfdbinary):
    cold = [*trained, "--length", "30", "--temperature", "0"]
    one, two = (drawn([*cold, "--seed", seed], capfdbinary)[0] for seed in "01")
    assert one == two


def test_a_records_file_is_as_good_as_its_row(trained, tmp_path, capfdbinary):
    (record,) = find(tmp_path / "results")
    by_file = drawn([str(record.path), "--length", "20"], capfdbinary)[0]
    assert by_file == drawn([*trained, "--length", "20"], capfdbinary)[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--length", "0"], "--length 0: it must be at least 1"),
        (["--temperature", "-1"], "--temperature -1.0: it must be 0 or more"),
        (["--temperature", "nan"], "--temperature nan"),
        (["--prime", "\udcc3"], r"b'\xc3'"),
        (["--seed", "-1"], "--seed -1: choose 0 to"),
        (["--prime", ""], ": it is empty; there are"),
        (["--prime", "the §"], "is no known symbol; there are "),
        (["--results", "/etc/hostname"], "--results /etc/hostname: it is no folder"),
        (["--results", "nowhere"], "--results nowhere: there is no such folder"),
        (["--profile", "paper"], "no run of profile paper with a checkpoint"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(trained, arguments, message, capsys):
    # What the command line alone says is a mistake in its words.
    assert main([*trained, *arguments]) == (2 if message.startswith("--") else 1)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert message in captured.err
    assert captured.err.count("\n") == 1


def test_a_run_that_is_no_text_or_lost_its_checkpoint_is_refused(small, tmp_path, capsys):
    results = str(tmp_path / "results")
    run(small("table_a1/mlp"))
    assert main(["table_a1/mlp", "--results", results]) == 1
    assert "a run on mnist, no text: not a character model's run" in capsys.readouterr().err
    (record,) = find(tmp_path / "results")
    checkpoint = record.path.parent / record["id"] / "checkpoint.pt"
    checkpoint.unlink()
    assert main([str(record.path)]) == 1
    assert f"its checkpoint, {checkpoint}, is not there" in capsys.readouterr().err
    assert main(["lstm_1000"]) == 1
    assert "give a row, such as table3/lstm_1000" in capsys.readouterr().err


def test_a_damaged_checkpoint_is_named(trained, tmp_path, capsys):
    (record,) = find(tmp_path / "results")
    checkpoint = record.path.parent / record["id"] / "checkpoint.pt"
    checkpoint.write_bytes(checkpoint.read_bytes()[:100])
    assert main(trained) == 1
    assert f"error: {checkpoint} cannot be loaded" in capsys.readouterr().err


def edited(path, change):
    """A record edited by hand, by somebody who takes out its checksum."""
    fields = json.loads(path.read_text())
    fields.pop("checksum", None)
    change(fields)
    path.write_text(json.dumps(fields))


ODD = {
    "no model": lambda fields: fields["config"].pop("model"),
    "a data set that is none": lambda fields: fields["config"].update(dataset=3),
    "a model without a name": lambda fields: fields["config"]["model"].pop("name"),
    "another model": lambda fields: fields["config"]["model"].update(name="lstm"),
    "another size": lambda fields: fields["config"]["model"].update(hidden_size=7),
    "an odd size": lambda fields: fields["config"]["model"].update(hidden_size="many"),
    "an alphabet that is none": lambda fields: fields["data"]["split"].update(alphabet=3),
    "symbols that are none": lambda fields: fields["config"]["dataset"].update(symbols="x"),
}


def test_a_record_edited_by_hand_is_one_line(trained, tmp_path, capsys):
    (record,) = find(tmp_path / "results")
    before = record.path.read_text()
    for change in ODD.values():
        edited(record.path, change)
        assert main(trained) == 1
        found = capsys.readouterr().err
        assert found.startswith("error: ")
        assert found.count("\n") == 1
        record.path.write_text(before)


def test_weights_of_another_model_are_refused(trained, tmp_path, capsys):
    (record,) = find(tmp_path / "results")
    checkpoint = Checkpoint(record.path.parent / record["id"] / "checkpoint.pt")
    state = checkpoint.load()
    for key, value in {"best_weights": {}, "progress": {"step": "x"}}.items():
        checkpoint.save(state | {key: value})
        assert main(trained) == 1
        assert f"error: {checkpoint.path} does not hold" in capsys.readouterr().err


def test_the_checkpoint_before_a_damaged_one_is_taken(trained, tmp_path, capfdbinary, caplog):
    text, _ = drawn([*trained, "--length", "20"], capfdbinary)
    (record,) = find(tmp_path / "results")
    checkpoint = record.path.parent / record["id"] / "checkpoint.pt"
    checkpoint.rename(checkpoint.with_name("checkpoint.previous.pt"))
    assert drawn([*trained, "--length", "20"], capfdbinary)[0] == text
    checkpoint.write_bytes(b"damaged")
    caplog.clear()
    assert drawn([*trained, "--length", "20"], capfdbinary)[0] == text
    (line,) = caplog.messages
    assert line.startswith(f"{checkpoint} cannot be loaded")


def test_weights_that_nobody_chose_yet_are_refused(small, tmp_path, capsys):
    run(small("table3/lstm_1000", "trainer.max_time=0.0001"))
    assert main(["table3/lstm_1000", "--results", str(tmp_path / "results")]) == 1
    assert "not evaluated yet" in capsys.readouterr().err


def test_another_runs_checkpoint_is_refused(trained, tmp_path, capsys):
    (record,) = find(tmp_path / "results")
    checkpoint = record.path.parent / record["id"] / "checkpoint.pt"
    state = load_checkpoint(checkpoint)
    Checkpoint(checkpoint).save(state | {"identity": "another"})
    assert main(trained) == 1
    assert f"{checkpoint} belongs to another run" in capsys.readouterr().err


def test_a_model_larger_than_the_memory_is_one_line(trained, capsys, monkeypatch):
    monkeypatch.setattr(models, "memory_of", lambda device: 1000)
    assert main(trained) == 1
    line = capsys.readouterr().err
    assert line.startswith("error: not enough memory for the model of ")
    assert line.count("\n") == 1


def test_the_command_line_knows_it(command):
    done = command("sample", "table3/lstm_1000", check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: table3/lstm_1000: no run of profile demo")
    assert "--temperature" in command("sample", "--help").stdout


def test_a_text_of_any_length_is_written_as_it_is_drawn(trained, tmp_path):
    """Its reader sees the first of it at once, and may leave."""
    command = [sys.executable, "-m", "hypernetworks", "sample", *trained, "--length", str(10**20)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([*command, "--prime", "the bank"], **pipes) as process:
        assert process.stdout.read(100).startswith(b"the bank")
        process.stdout.close()
        assert process.stderr.read().count(b"\n") == 1
    assert process.returncode == 0


def test_of_a_row_with_images_and_text_it_takes_the_text(small, tmp_path, capsys):
    named = ("table=mine", "row=mixed")
    run(small("table3/ln_lstm_1000", *named))
    run(small("table_a1/mlp", *named))
    assert main(["mine/mixed", "--length", "3", "--results", str(tmp_path / "results")]) == 0


def test_a_row_that_there_is_not_is_guessed_at(tmp_path, capsys):
    results = ["--results", str(tmp_path)]
    assert main(["table3/ln_hyperlstm_100", *results]) == 1
    assert "did you mean table3/ln_hyperlstm_1000" in capsys.readouterr().err
    assert main(["table3/lstm_1000", *results]) == 1
    assert "experiment=table3/lstm_1000 profile=demo trains one" in capsys.readouterr().err
    assert main(["custom/custom", *results]) == 1
    assert "trains one" not in capsys.readouterr().err
