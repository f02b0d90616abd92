"""`python -m hypernetworks translate`: each line as beam search finds it, and clear refusals."""

import io
import os
import shutil
import sys

import pytest
import torch
from torch.nn.utils.rnn import pack_sequence

from hypernetworks.app import main as door
from hypernetworks.app import translate
from hypernetworks.app.build import models
from hypernetworks.app.found import TRANSLATION, find_run
from hypernetworks.app.params import compose_words
from hypernetworks.app.run import run
from hypernetworks.app.sample import main as sample
from hypernetworks.app.trained import load_translation_model
from hypernetworks.app.translate import main
from hypernetworks.data.generated import translations
from hypernetworks.data.subwords import END, Subwords
from hypernetworks.models.beam import beam_search
from hypernetworks.report.records import find, write
from hypernetworks.training.files import Checkpoint
from tests.app.conftest import SMALL
from tests.app.test_sample import edited

SEARCH = {"beam": 3, "alpha": 0.9, "beta": 0.1}
SENTENCES = [english for english, _ in translations.draw(13, 5)]
TEXT = "".join(f"{sentence}\n" for sentence in SENTENCES).encode()


@pytest.fixture(scope="module")
def ran(data_dir, tmp_path_factory):
    """The results of two runs of a row, seeds 0 and then 1, of a model that listens: it starts so
    far from 0 that other sentences give other translations."""
    folder = tmp_path_factory.mktemp("ran")
    translations.write(folder / "text", 200, 10, names=("train", "valid", "test"))
    words = [f"data_dir={data_dir}", f"results_dir={folder / 'results'}", "logger=none"]
    words += ["table=mine", "row=lstm", "model=lstm", "model.hidden_size=16", *SMALL]
    words += ["dataset=parallel_text", f"dataset.path={folder / 'text'}", "dataset.subwords=150"]
    words += ["dataset.init_range=1", *(f"dataset.{key}={SEARCH[key]}" for key in SEARCH)]
    for seed in range(2):
        run(compose_words(*words, "trainer.max_steps=2", f"seed={seed}"))
    (last,) = (record for record in find(folder / "results") if record["seed"] == 1)
    later = last["created"].replace(last["created"][:4], "2099", 1)  # than within the same second
    write({**last, "created": later}, last.path.parent)
    return folder / "results"


@pytest.fixture
def trained(ran, tmp_path):
    """The arguments that find a copy of the runs."""
    shutil.copytree(ran, tmp_path / "results")
    return ["mine/lstm", "--results", str(tmp_path / "results")]


@pytest.fixture
def said(trained, capfdbinary, monkeypatch):
    """The lines that are written for what stands in stdin, and what is told on stderr."""

    def translated(content=TEXT, *arguments):
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
            assert main([*trained, *arguments]) == 0
        out, err = capfdbinary.readouterr()
        assert out.endswith(b"\n") or not out
        return out.decode().split("\n")[:-1], err.decode()

    return translated


@pytest.fixture
def alone(trained, tmp_path):
    """A sentence's translation by beam search, with nothing beside it."""
    record = find_run("mine/lstm", "demo", tmp_path / "results", TRANSLATION)
    trained = load_translation_model(record)
    model, subwords = trained.model, trained.subwords

    def found(sentence, **search):
        (ids,) = subwords.encode([sentence])
        source = pack_sequence([torch.tensor([*ids, END])])
        (translation,) = beam_search(model, source, **{**SEARCH, **search})
        return subwords.decode(translation.symbols)

    return found


def test_every_line_is_what_beam_search_finds_for_it_alone(said, alone, tmp_path):
    """In the order of the lines, by the newest run of the row, searched as that run was."""
    lines, told = said()
    assert lines == [alone(sentence) for sentence in SENTENCES]
    assert len(set(lines)) > len(lines) // 2
    (newest,) = (r for r in find(tmp_path / "results") if r["seed"] == 1)
    step = newest["selection"]["step"]
    expected = f"weights of step {step}, real data, beam 3, alpha 0.9, beta 0.1\n"
    assert told == f"{newest.path}: {expected}"


def test_a_file_a_records_file_and_any_windows_give_the_same(
    said, trained, tmp_path, capfdbinary, monkeypatch
):
    lines, _ = said()
    (tmp_path / "text.en").write_bytes(TEXT)
    monkeypatch.setattr(translate, "WINDOW", 5)
    monkeypatch.setattr(translate, "AT_ONCE", 2)
    (newest,) = (r for r in find(tmp_path / "results") if r["seed"] == 1)
    assert main([str(newest.path), str(tmp_path / "text.en")]) == 0
    assert capfdbinary.readouterr().out.decode().splitlines() == lines


def test_the_search_is_that_of_the_command_line(said, alone):
    greedy, told = said(TEXT, "--beam", "1")
    assert greedy == [alone(sentence, beam=1) for sentence in SENTENCES]
    assert "beam 1, alpha 0.9, beta 0.1" in told
    wide, told = said(TEXT, "--beam", "8", "--alpha", "5", "--beta", "3")
    assert wide == [alone(sentence, beam=8, alpha=5, beta=3) for sentence in SENTENCES]
    assert "beam 8, alpha 5, beta 3" in told
    assert len({tuple(lines) for lines in (greedy, wide, said()[0])}) == 3


def test_the_translation_is_text(said):
    """Of words between single spaces, without the marks of subwords."""
    text = " ".join(said()[0])
    assert "\u2581" not in text
    assert text == " ".join(text.split())


LINES = {
    "empty lines": (b"\nHello.\n\n \t\n", ["", "Hello.", "", ""]),
    "no text": (b"", []),
    "no newline at the end": (b"Hello.", ["Hello."]),
    "CRLF": (b"The cat.\r\nThe law.\r\n", ["The cat.", "The law."]),
    "a mark of byte order": (b"\xef\xbb\xbfThe cat.\n", ["The cat."]),
    "U+2028": ("The\u2028cat.\n".encode(), ["The cat."]),
    "other ends of lines": (b"The\x0bcat\x0csees\xc2\x85me.\n", ["The cat sees me."]),
    "a carriage return": (b"The\rcat.\n", ["The cat."]),
    "characters that nobody saw": ("\u4e2d\u6587 \x00!\n".encode(), ["\u4e2d\u6587 \x00!"]),
    "nothing that is seen": ("\u200b\n".encode(), [""]),
}


@pytest.mark.parametrize(("content", "sentences"), LINES.values(), ids=LINES)
def test_a_line_of_the_input_is_one_of_the_output(said, alone, content, sentences):
    assert said(content)[0] == [alone(sentence) if sentence else "" for sentence in sentences]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--beam", "0"], "--beam=0: it must be a whole number, at least 1"),
        (["--beam", "257"], "--beam=257: choose 1 to 256"),
        (["--alpha", "nan"], "--alpha=nan: "),
        (["--alpha", "-1"], "--alpha=-1.0: "),
        (["--alpha", "1e300"], "--alpha=1e+300: "),
        (["--beta", "inf"], "--beta=inf: "),
        (["--beta", "1e300"], "--beta=1e+300: "),
        (["nowhere.en"], "nowhere.en cannot be read: No such file"),
        (["."], ". cannot be read: Is a directory"),
        (["--results", "nowhere"], "--results nowhere: there is no such folder"),
        (["--profile", "paper"], "no run of profile paper with a checkpoint"),
    ],
)
def test_what_cannot_be_translated_is_one_line(trained, arguments, message, capsys):
    assert main([*trained, *arguments]) == (2 if message.startswith("--") else 1)
    assert message in refused(capsys)


def refused(capsys):
    """The one line that was told; nothing else was."""
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    return captured.err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"One.\na\xff\n", "line 2 is no UTF-8 (invalid start byte at its byte 1)"),
        (b"One.\n\n" + 100_000 * b"x" + b"\n", "line 3 has 100,000 characters"),
    ],
)
def test_a_line_that_is_no_sentence_is_named(
    trained, content, message, tmp_path, capsys, monkeypatch
):
    """And no other line is translated."""
    path = tmp_path / "text.en"
    path.write_bytes(content)
    assert main([*trained, str(path)]) == 1
    assert f"{path}: {message}" in refused(capsys)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert main(trained) == 1
    assert f"error: stdin: {message}" in refused(capsys)


def test_a_closed_input_is_one_line(trained, capsys, monkeypatch):
    """As the shell's `<&-` leaves it."""
    monkeypatch.setattr(sys, "stdin", None)
    assert main(trained) == 1
    assert "stdin is closed" in refused(capsys)


def test_a_closed_output_is_one_line(trained, capsys, monkeypatch, tmp_path):
    """As the shell's `>&-` leaves it; each of those that write bytes to it."""
    for command in ("sample", "translate"):
        monkeypatch.setattr(sys, "argv", ["hypernetworks", command, *trained])
        monkeypatch.setattr(sys, "stdout", None)
        with pytest.raises(SystemExit) as left:
            door.main()
        monkeypatch.undo()
        assert left.value.code == 1
        assert "standard output is closed" in refused(capsys)


def test_a_model_larger_than_the_memory_is_one_line(trained, tmp_path, capsys, monkeypatch):
    source = tmp_path / "text.en"
    source.write_text("the sun\n")
    monkeypatch.setattr(models, "memory_of", lambda device: 1000)
    assert main([*trained, str(source)]) == 1
    assert "not enough memory for the model of " in refused(capsys)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("table6/gnmt_lst", "did you mean table6/gnmt_lstm"),
        ("table6/gnmt_lstm", "experiment=table6/gnmt_lstm profile=demo trains one"),
        ("gnmt_lstm", "give a row, such as"),
        ("nowhere.json", "nowhere.json"),
    ],
)
def test_a_run_that_there_is_not(trained, name, message, capsys):
    assert main([name, *trained[1:]]) == 1
    assert message in refused(capsys)


def test_a_run_of_another_task_is_refused_by_each(trained, small, tmp_path, capsys):
    run(small("table_a1/mlp"))
    assert main(["table_a1/mlp", *trained[1:]]) == 1
    told = "a run on mnist, no sentence pairs: not a translation model's run"
    assert told in refused(capsys)
    assert sample(trained) == 1
    assert "a run on parallel_text, no text: not a character model's run" in refused(capsys)


@pytest.fixture
def record(trained, tmp_path):
    """Of the run that `trained` finds."""
    return find_run("mine/lstm", "demo", tmp_path / "results", TRANSLATION)


def test_a_subword_model_that_is_not_the_records_is_refused(trained, record, capsys):
    checkpoint = Checkpoint(record.path.parent / record["id"] / "checkpoint.pt")
    state = checkpoint.load()
    other = Subwords.train([side for pair in translations.draw(300, 9) for side in pair], 150)
    for content, told in (
        (other.model, f"its subword model has the SHA-256 {other.sha256}, the record says "),
        (b"nonsense", "holds no subword model"),
        (b"", "holds no subword model"),
    ):
        state["processes"][0]["task"]["subwords"] = torch.tensor(list(content), dtype=torch.uint8)
        checkpoint.save(state)
        assert main(trained) == 1
        assert told in refused(capsys)
    del state["processes"][0]["task"]["subwords"]
    checkpoint.save(state)
    assert main(trained) == 1
    assert f"{checkpoint.path} holds no subword model" in refused(capsys)


def test_a_checkpoint_that_is_lost_or_damaged_is_named(trained, record, capsys):
    checkpoint = Checkpoint(record.path.parent / record["id"] / "checkpoint.pt")
    checkpoint.save(checkpoint.load() | {"best_weights": {}})
    assert main(trained) == 1
    assert f"error: {checkpoint.path} does not hold" in refused(capsys)
    for path in checkpoint.path.parent.glob("checkpoint*.pt"):
        path.unlink()
    assert main([str(record.path)]) == 1
    assert f"its checkpoint, {checkpoint.path}, is not there" in refused(capsys)


def of_the_data_set(**changes):
    return lambda fields: fields["config"]["dataset"].update(changes)


ODD = {
    "no layers": lambda fields: fields["config"]["dataset"].pop("layers"),
    "layers that are none": of_the_data_set(layers="many"),
    "other layers": of_the_data_set(layers=3),
    "a rate that is none": of_the_data_set(dropout=None),
    "a beam that is none": of_the_data_set(beam="wide"),
    "no beam": of_the_data_set(beam=0),
    "a list": of_the_data_set(alpha=[1]),
    "a penalty that is none": of_the_data_set(beta=None),
    "another model": lambda fields: fields["config"]["model"].update(name="hyperlstm"),
    "a checksum that is none": lambda fields: fields["data"]["split"].update(subwords={}),
    "no subwords": lambda fields: fields["data"]["split"].pop("subwords"),
}


@pytest.mark.parametrize("change", ODD.values(), ids=ODD)
def test_a_record_edited_by_hand_is_one_line(trained, record, change, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TEXT)))
    edited(record.path, change)
    assert main([str(record.path)]) == 1
    refused(capsys)


def test_a_reader_that_leaves_ends_it_quietly(trained, tmp_path, capfd, monkeypatch):
    """As `| head -1` does: what comes after is written to nobody."""
    (tmp_path / "text.en").write_bytes(TEXT)
    end, start = os.pipe()
    os.close(end)
    monkeypatch.setattr(translate, "WINDOW", 5)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(
        sys, "argv", ["hypernetworks", "translate", *trained, f"{tmp_path}/text.en"]
    )
    with os.fdopen(start, "w") as pipe, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", pipe)
        door.main()
    told = capfd.readouterr().err
    assert told.count("\n") == 1
    assert "weights of step" in told


def test_the_command_line_knows_it(command):
    done = command("translate", "table6/gnmt_lstm", check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: table6/gnmt_lstm: no run of profile demo")
    assert "--beam" in command("translate", "--help").stdout
