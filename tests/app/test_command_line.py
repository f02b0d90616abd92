"""What the user types: help, the composed configuration, and one clear line for every mistake."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from hypernetworks.app.help import COMMANDS
from hypernetworks.locations import conf_dir

HEAVY = ("torch", "torchvision", "wandb")


def test_help_shows_groups_commands_and_examples(command):
    text = command("--help").stdout
    for word in ("experiment=table7/hyper_cnn", "sweep=table7", "--cfg job", "hyper_cnn, hyper"):
        assert word in text
    assert "table7/ cnn, hyper_cnn" in text
    for name in COMMANDS:
        assert f"  {name}  " in text


def test_alone_it_prints_help_and_trains_nothing(command, tmp_path):
    assert command().stdout == command("--help").stdout
    assert not list(tmp_path.iterdir())


def test_help_lists_the_users_own_choices(command, tmp_path):
    (tmp_path / "conf" / "trainer").mkdir(parents=True)
    (tmp_path / "conf" / "trainer" / "mine.yaml").write_text("lr: 0.1\n")
    for words in (["--config-dir", "conf"], [f"hydra.searchpath=[file://{tmp_path / 'conf'}]"]):
        assert ", mine" in command(*words, "--help").stdout


RUN = "experiment=table7/cnn logger=none trainer.max_steps=2 trainer.eval_every=1 threads=1"
SHOWN = ["--help", "claims", "report", "experiment=table7/cnn --cfg job", RUN, "sample --help"]
SHOWN += ["experiment=table7/cnn --explain trainer.lr", f"-m {RUN} seed=0,1 hydra/launcher=joblib"]


@pytest.mark.parametrize("words", SHOWN)
def test_a_reader_that_has_seen_enough_is_no_error(words, data_dir, tmp_path):
    command = [sys.executable, "-m", "hypernetworks", *words.split()]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    places = {"cwd": tmp_path, "env": {**os.environ, "HYPERNETWORKS_DATA": str(data_dir)}}
    with subprocess.Popen(command, **pipes, **places) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("words", ["--help", "report"])
def test_an_output_that_cannot_be_written_is_one_line(words, tmp_path):
    command = [sys.executable, "-m", "hypernetworks", *words.split()]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert line.endswith("No space left on device")


@pytest.mark.parametrize(
    ("launcher", "settings", "shown"),
    [  # a mark for each byte where names of files are ASCII too, else for each letter
        ("basic", {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, "Gr????e"),
        ("joblib", {"PYTHONIOENCODING": "ascii"}, "Gr??e"),
    ],
)
def test_a_terminal_of_ascii_shows_question_marks(launcher, settings, shown, data_dir, tmp_path):
    """The folder's name stands in the summary of the sweep."""
    places = [f"data_dir={data_dir}", f"results_dir={tmp_path / 'Größe'}"]
    words = ["-m", f"hydra/launcher={launcher}", *RUN.split(), *places]
    done = subprocess.run(
        [sys.executable, "-m", "hypernetworks", *words],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert shown in done.stdout


def test_cfg_job_prints_the_composed_configuration(command):
    options = (
        "experiment=table7/cnn",
        "profile=paper",
        "trainer.lr=0.002",
        "--cfg",
        "job",
        "--resolve",
    )
    config = yaml.safe_load(command(*options).stdout)
    assert config["trainer"]["lr"] == 0.002
    assert config["trainer"]["batch_size"] == 1000
    assert (config["dataset"]["name"], config["dataset"]["pad"]) == ("mnist", 1)
    assert config["profile"] == {"name": "paper", "data": "real", "baseline": False}


@pytest.mark.parametrize("option", ["--help", "--cfg=job"])
def test_composing_imports_nothing_heavy(option, tmp_path):
    """In the same process as the command line, whose modules are then looked at."""
    code = f"""
import sys
sys.argv = ["hypernetworks", "seed=0", {option!r}]
from hypernetworks.app.main import main
try:
    main()
except SystemExit as leave:
    assert not leave.code, leave.code
loaded = [name for name in {HEAVY} if name in sys.modules]
assert not loaded, loaded
"""
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["reprot"], ["'reprot': no command, nor KEY=VALUE; did you mean report?"]),
        (["modle=lstm"], ["modle: unknown key; did you mean model?"]),
        (["experiment=table9/x"], ["table9/x: unknown choice; --help lists what there is"]),
        (["report", "--tabel", "7"], ["unrecognized arguments: --tabel 7"]),
        (["sample"], ["the following arguments are required: run"]),
        (["--cfg", "nope"], ["--cfg", "'nope'", "job"]),
        (["--nope"], ["unrecognized arguments: --nope"]),
        (["--multirun", "--info"], ["--info", "without -m"]),
        (["hydra/launcher=1"], ["hydra/launcher=1: write the name"]),
        (["hydra/job_logging=2.5"], ["hydra/job_logging=2.5: write the name"]),
        (["hydra.verbose=7"], ["hydra.verbose=7: Hydra cannot start with that"]),
        (["hydra.job_logging.root.level=A"], ["hydra.job_logging.root.level=A", "level: 'A'"]),
        (["-m", "results_dir=/proc/nope"], ["/proc/nope"]),
        (["results_dir=/proc/nope"], ["/proc/nope"]),
        (["trainer.lrr=1"], ["trainer.lrr", "trainer.lr"]),
        (["trainer.lr=fast"], ["trainer.lr", "fast"]),
        (["seed=x"], ["seed", "'x'"]),
        (["model=hyper_cn"], ["model=hyper_cn", "hyper_cnn"]),
        (["experiment=table7/hyper_cn"], ["experiment=table7/hyper_cn", "table7/hyper_cnn"]),
        (["profile=papers"], ["profile=papers", "paper"]),
        (["sweep=table77", "seed=0,1"], ["sweep=table77", "table7"]),
        (["-m", "experiment=table7/cnn,table7/cn"], ["experiment=table7/cn:", "table7/cnn"]),
        (["-m", "experiment=glob(table77/*)"], ["glob(table77/*)", "matches nothing"]),
        (["-m", "sweep=table7,table2"], ["sweep=table7,table2", "one sweep", "experiment=a,b"]),
        (["-m", "trainer.lr=interval(0.1,1)"], ["interval() is for", "hydra/sweeper=optuna"]),
        (["experiment=table7"], ["experiment=table7", "sweep=table7"]),
        (["+trainer.foo=1"], ["trainer.foo"]),
        (["++trainer.lrr=1"], ["trainer.lrr", "trainer.lr"]),
        (["~logger"], ["~logger"]),
        (["model=cnn", "model.embedding_size=8"], ["model.embedding_size", "hyper_cnn and"]),
        (["model=hyper_cnn", "model.embeding_size=8"], ["model.embedding_size"]),
        (["trainer"], ["trainer"]),
        (["seed=0,1"], ["seed=0,1", "--multirun"]),
        (["trainer.precision=half"], ["trainer.precision=half", "float32"]),
        (["trainer.optimizer=Adm"], ["trainer.optimizer=Adm", "Adam"]),
        (["device=tpu7"], ["device=tpu7: choose auto, cpu, cuda, cuda:1, mps"]),
        (["dataset.valid_size=1500"], ["dataset.valid_size=1500", "1499"]),
        (["model=cnn,mlp"], ["--multirun"]),
        (["experimnt"], ["experimnt", "KEY=VALUE", "experiment"]),
        (["-m", "hydra/launcher=jobli"], ["hydra/launcher", "jobli", "joblib"]),
        (["hydra/launcher=joblib"], ["hydra/launcher=joblib: is for", "--multirun (-m)"]),
        (["model._target_=os.system"], ["model._target_", "model="]),
        (["dataset.name=other"], ["dataset.name", "dataset="]),
        (["dataset.pad=-1"], ["dataset.pad=-1"]),
        (["dataset.pad=29"], ["dataset.pad=29", "28"]),
        (["dataset.split_seed=99999999999999999999"], ["dataset.split_seed=99"]),
        (
            ["model=lstm"],
            ["model=lstm does not go with dataset=mnist (the default)", "cnn, hyper_"],
        ),
        (["dataset=ptb"], ["model=cnn (the default) does not go with dataset=ptb; model=lstm"]),
        (["model=cnn", "dataset=ptb"], ["model=cnn does not go with dataset=ptb", "hyperrnn do"]),
        (["dataset=text", "model=lstm"], ["dataset.path"]),
        (["+model.depth=10"], ["model.depth", "'+model.depth=10'"]),
        (["model=own", "model._target_=nowhere.Net"], ["nowhere"]),
        (["--explain"], ["--explain needs a key"]),
        (["-m", "model=mlp,cnn", "--cfg", "job"], ["--cfg", "without -m"]),
        (["sweep=table7", "--explain", "trainer.lr"], ["--explain", "without -m and sweep="]),
        (["TABLE=5"], ["TABLE: unknown key"]),
        (["trainer.selection_metric=valid_bpc"], ["valid_bpc", "valid_error"]),
        (["dataset=cifar10", "dataset.l2=-1"], ["dataset.l2=-1"]),
        (["dataset=cifar10", "dataset.l2=nan"], ["dataset.l2=nan"]),
        (["dataset=ptb", "model=lstm", "dataset.reset=1.5"], ["dataset.reset=1.5: choose 0 to 1"]),
        (["dataset=ptb", "model=lstm", "dataset.reset=nan"], ["dataset.reset=nan: choose 0 to 1"]),
        (["experiment=table2/wrn_40_1", "model.widen=0"], ["widen=0"]),
        (["experiment=table2/hyper_wrn_40_1", "model.depth=41"], ["depth=41"]),
        (["experiment=table2/hyper_wrn_40_1", "model.embedding_size=0"], ["embedding_size=0"]),
        (["experiment=table2/wrn_40_1", "trainer.scheduler_args.total_steps=9"], ["total_steps=9"]),
        (["trainer=sgd_steps", "trainer.lr=0.2"], ["trainer.lr=0.2", "lr_table"]),
        (["table=Mine"], ["table=Mine", "lower-case"]),
        (["table=7"], ["table=7: which row? experiment=table7/cnn is one, sweep=table7 runs all"]),
        (["table7"], ["'table7': no command; sweep=table7 runs its rows"]),
        (["compare", "--figur", "x.svg"], ["unrecognized arguments: --figur"]),
        (["outstanding", "TABLE=7"], ["TABLE=7: that is for make; here --table 7"]),
        (["row=A-b"], ["row=A-b"]),
        (["threads=0"], ["threads=0"]),
        (["threads=99999999"], ["threads=99999999"]),
        (["experiment=table3/lstm_1000", "model.num_layers=99999999999"], ["num_layers=999"]),
        (["experiment=table2/wrn_40_1", "model.depth=99999999994"], ["depth=999"]),
        (["seed=-1"], ["seed=-1"]),
        (["seed=9223372036854775808"], ["seed=9223372036854775808"]),
        (["device=meta"], ["device=meta"]),
        (["logger.mode=on"], ["logger.mode=on", "offline"]),
        (["logger.name=first"], ["logger.name", "logger.run_name"]),
        (["trainer.lr=nan"], ["trainer.lr=nan"]),
        (["trainer.lr_table=[[5,abc]]"], ["trainer.lr_table"]),
        (["trainer.optimizer_args.momentun=0.9"], ["momentun"]),
    ],
)
def test_a_mistake_is_one_line_that_names_it(command, arguments, words, tmp_path):
    done = command(*arguments, check=False)
    assert done.returncode != 0
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("error: ")
    assert all(word in lines[0] for word in words), lines[0]
    assert not list(tmp_path.iterdir()), "a refused run left something"


def test_a_broken_configuration_file_is_one_line_that_says_where(tmp_path):
    shutil.copytree(conf_dir(), tmp_path / "conf")
    broken = tmp_path / "conf" / "trainer" / "adam.yaml"
    broken.write_text("lr: {0.1\nbatch_size: 2\n")
    code = (
        "import pathlib, hypernetworks.app.main as m; "
        "import hypernetworks.locations as places; "
        f"places.conf_dir = lambda: pathlib.Path({str(tmp_path / 'conf')!r}); m.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "trainer=adam"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 2
    (line,) = done.stderr.strip().splitlines()
    assert f'"{broken}", line 2' in line


def test_free_arguments_of_an_optimizer_are_keys_like_others(command):
    options = ("trainer.optimizer=SGD", "trainer.optimizer_args.momentum=0.9", "--cfg", "job")
    config = yaml.safe_load(command(*options).stdout)
    assert config["trainer"]["optimizer_args"] == {"momentum": 0.9}


def test_a_folder_that_is_a_file_is_one_line(command, tmp_path):
    (tmp_path / "results").write_text("not a folder")
    done = command("experiment=table7/cnn", "logger=none", check=False)
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "results" in done.stderr


def test_missing_real_data_name_files_source_place_and_demo(command, tmp_path):
    options = ("experiment=table7/cnn", "profile=paper", f"data_dir={tmp_path / 'none'}")
    blocked = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    done = subprocess.run(
        [sys.executable, "-m", "hypernetworks", *options],
        cwd=tmp_path,
        env={**os.environ, **blocked},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    for word in ("train-images-idx3-ubyte", "https://", "MNIST/raw", "HYPERNETWORKS_DATA", "demo"):
        assert word in last
    assert "Traceback" not in done.stderr
    assert not [p for p in (tmp_path / "none").rglob("*") if p.is_file()]


@pytest.mark.parametrize("launcher", ["basic", "joblib"])
def test_threads_that_wait_sleep_in_every_process_of_a_run(launcher, data_dir, tmp_path):
    """Set before torch is imported: its threads read it once."""
    (tmp_path / "policy.py").write_text(
        "import os\n"
        "from pathlib import Path\n"
        "from torch import nn\n"
        "class Net(nn.Linear):\n"
        "    def __init__(self, classes):\n"
        "        Path('policy').write_text(os.environ['OMP_WAIT_POLICY'])\n"
        "        super().__init__(28, classes)\n"
    )
    words = f"-m hydra/launcher={launcher} model=own model._target_=policy.Net logger=none"
    environment = {k: v for k, v in os.environ.items() if k != "OMP_WAIT_POLICY"}
    command = [sys.executable, "-m", "hypernetworks", *words.split(), f"data_dir={data_dir}"]
    subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert (tmp_path / "policy").read_text() == "passive"
