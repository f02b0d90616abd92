"""What the user sees of a run: lines in the log, a bar on terminals only, silence when quiet."""

import logging
import os
import pty
import re
import subprocess
import sys
import termios

import pytest

from hypernetworks.app.run import run
from tests.app.conftest import SMALL

EVALUATION = re.compile(
    r"epoch [\d.]+  step 2  train_loss [\d.]+  lr .*valid_error .*left \d\d:\d\d"
)


def test_the_log_has_plain_lines(small, tmp_path):
    logging.getLogger().setLevel(logging.INFO)
    run(small("table7/cnn"))
    (log,) = (tmp_path / "results").rglob("log.txt")
    text = log.read_text()
    assert EVALUATION.search(text)
    assert "GENERATED DATA: not comparable with the paper" in text
    assert "\r" not in text
    assert "it/s" not in text


def test_pipes_get_no_bar_and_quiet_gets_nothing(command):
    loud = command("experiment=table7/cnn", "logger=none", *SMALL)
    assert EVALUATION.search(loud.stdout)
    assert "step/s" not in loud.stdout + loud.stderr
    quiet = command("experiment=table7/cnn", "logger=none", "seed=1", "quiet=true", *SMALL)
    assert (quiet.stdout, quiet.stderr) == ("", "")


def on_a_terminal(tmp_path, *words):
    """What a terminal of 120 columns shows of `python -m hypernetworks` with these words."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 120))
    command = [sys.executable, "-m", "hypernetworks", *words, "logger=none"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 4096):
                shown += part
        except OSError:
            pass  # the terminal is closed when the program ends
    os.close(ours)
    assert process.returncode == 0, shown
    return shown.decode()


def test_a_terminal_gets_a_bar_with_speed_and_metric(data_dir, tmp_path):
    options = ["experiment=table7/cnn", f"data_dir={data_dir}", *SMALL, "trainer.max_steps=40"]
    text = on_a_terminal(tmp_path, *options)
    assert re.search(r"7/cnn demo-seed0-\w+: +\d+%.*\d+/40 .*step/s", text)
    assert "valid_error=" in text


@pytest.mark.parametrize("launcher", ["basic", "joblib"])
def test_a_sweep_gets_one_line_on_a_terminal_and_ends_with_its_summary(
    data_dir, tmp_path, launcher
):
    rows = "experiment=table7/cnn,table_a1/mlp"
    options = [rows, f"data_dir={data_dir}", *SMALL, f"hydra/launcher={launcher}"]
    text = on_a_terminal(tmp_path, "-m", *options)
    # Both rows may end within one drawing of the bar: 1/2 is not always seen.
    assert re.search(r"rows: +0%.*0/2", text)
    assert re.search(r"rows: 100%.*2/2", text)
    assert "epoch" not in text
    assert "step/s" not in text
    for word in ("7/cnn", "a1/mlp", "test_error", "results/runs/7/cnn/demo-seed0-"):
        assert word in text
