"""train, evaluate, predict and info: what they print and write, in which file, with which exit code; and the bridge to explain."""

import csv
import inspect
import io
import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule.cli import main
from chainrule.cli.commands import chainrule
from chainrule.cli.progress import duration
from chainrule.data import read
from chainrule.errors import FileError
from chainrule.files import write_whole
from chainrule.model import Model, checkpoint_path
from chainrule.outputs import LOGS
from chainrule.step import Step

QUICK = ("--epochs", "12", "--seed", "3")


def flowers(rows=240, seed=1):
    """Two kinds of flowers, told apart by length and colour; a column that numbers the rows, and one that is the same everywhere."""
    random = np.random.default_rng(seed)
    kinds = random.integers(2, size=rows)
    lengths = np.round(random.normal(3 + 2 * kinds, 0.5), 2)
    colours = np.where(random.random(rows) < 0.8, np.array(["blue", "red"])[kinds], "white")
    return [
        {"number": i + 1, "length": x, "colour": c, "garden": "ours", "kind": ("iris", "rose")[k]}
        for i, (x, c, k) in enumerate(zip(lengths, colours, kinds, strict=True))
    ]


def write_rows(path, rows, separator=","):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0], delimiter=separator)
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_rows("flowers.csv", flowers())
    return tmp_path


@pytest.fixture
def model(folder):
    """A small model of the flowers, in a file."""
    cr.train("flowers.csv", target="kind", epochs=12, output="model.safetensors")
    return "model.safetensors"


def printed(arguments, capsys, code=0):
    """What a command prints, on both streams, when it ends with this code."""
    assert main(arguments) == code, capsys.readouterr()
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return out, err


def train(capsys, *arguments, code=0):
    return printed(["train", "flowers.csv", "--target", "kind", *arguments], capsys, code)


# What is printed


def test_training_says_what_was_decided_how_it_went_and_what_is_next(folder, capsys):
    out, err = train(capsys, *QUICK)
    assert err == ""
    for line in (
        "flowers.csv: 240 rows, 5 columns",
        "  target kind: 2 classes (iris, rose)",
        "  numbers, standardised: length",
        "  categories, an input for each value: colour (3 values)",
        "  left out (numbers the rows): number",
        "  left out (constant): garden",
        "wrote model.safetensors",
        "What next:",
        "  chainrule explain model.safetensors --data flowers.csv --row 3",
        "  chainrule predict model.safetensors OTHERS.csv",
    ):
        assert line in out
    epochs = [line for line in out.splitlines() if line.startswith("epoch")]
    assert [line.split()[1] for line in epochs] == ["1", "2", "5", "10", "12"]
    assert all("error" in line and "accuracy" in line for line in epochs)
    assert "always guessing" in out
    assert max(map(len, out.splitlines())) <= 80
    assert "\x1b" not in out


def test_every_next_command_runs(folder, capsys):
    out, _ = train(capsys, *QUICK)
    commands = [line.split() for line in out.splitlines() if line.startswith("  chainrule ")]
    assert len(commands) == 4
    for _, *arguments in commands:
        printed([{"OTHERS.csv": "flowers.csv"}.get(argument, argument) for argument in arguments], capsys)


def test_everything_is_printed_in_german(folder, capsys):
    out, _ = train(capsys, *QUICK, "--language", "de", "--folds", "2", "--impute", "mean")
    assert "Genauigkeit 0," in out
    assert "Ziel kind: 2 Klassen (iris, rose)" in out
    for english in ("epoch", "rows", "error", "wrote", "weights", "target", "standardised", "next", "0."):
        assert english not in out.replace("flowers", "").replace("--target", "")


def test_quiet_says_only_where_the_model_is(folder, capsys):
    assert train(capsys, *QUICK, "--quiet") == ("wrote model.safetensors\n", "")


def test_numbers_are_scored_by_r2(folder, capsys):
    write_rows("lines.csv", [{"a": i % 17, "b": i % 5, "y": 2 * (i % 17) - (i % 5) + 0.5} for i in range(200)])
    out, _ = printed(["train", "lines.csv", "--target", "y", "--until", "1e-4"], capsys)
    assert "The error fell below 0.0001 in epoch" in out
    assert "R² 1.000 (always guessing the mean: " in out
    assert "root mean squared error" in out


def test_several_targets(folder, capsys):
    write_rows("both.csv", [{"a": i % 17, "y": 2.5 * (i % 17), "z": 1.5 - i % 17} for i in range(100)])
    printed(["train", "both.csv", "--target", "y", "--target", "z", "--quiet", *QUICK], capsys)
    assert Model.load("model.safetensors").network.outputs == 2
    out, _ = printed(["predict", "model.safetensors", "both.csv"], capsys)
    assert out.splitlines()[0] == "y,z"


def test_folds_are_scored_and_kept(folder, capsys):
    out, _ = train(capsys, *QUICK, "--folds", "3")
    assert [line.split(":")[0] for line in out.splitlines()[:4]] == ["fold 1 of 3", "fold 2 of 3", "fold 3 of 3", "all 3 folds"]
    assert "±" in out.splitlines()[3]
    assert {"fold 1", "fold 2", "fold 3", "test"} <= set(Model.load("model.safetensors").scores)
    assert "all 3 folds" in printed(["info", "model.safetensors"], capsys)[0]


def test_german_spreadsheets_are_read_as_they_are(folder, capsys):
    """Semicolons, decimal commas, Windows' letters: what Excel writes in Germany."""
    random = np.random.default_rng(0)
    rows = [
        (f"{a:.2f}", g, f"{3 * a + 5 * (g == 'grün'):.1f}") for a, g in zip(random.normal(20, 5, 60), ["grün", "rot"] * 30, strict=True)
    ]
    text = "Länge;Farbe;Größe\r\n" + "".join(";".join(row).replace(".", ",") + "\r\n" for row in rows)
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        (folder / "excel.csv").write_bytes(text.encode(encoding))
        out, _ = printed(["train", "excel.csv", "--target", "Größe", "--force", *QUICK], capsys)
        assert "excel.csv: 60 rows, 3 columns, separator: semicolon, decimal sign: comma" in out
        assert "  numbers, standardised: Länge" in out
    (folder / "excel.csv").write_bytes(text.encode("cp1252"))
    _, err = printed(["train", "excel.csv", "--target", "Größe", "--force", *QUICK], capsys, 2)
    assert "cp1252 fits and would read 'Länge': give --encoding cp1252" in err
    printed(["train", "excel.csv", "--target", "Größe", "--force", "--encoding", "cp1252", *QUICK], capsys)
    out, _ = printed(["predict", "model.safetensors", "excel.csv", "--encoding", "cp1252"], capsys)
    assert len(out.splitlines()) == 61
    (folder / "plain.csv").write_bytes("Höhe;Größe\r\n1,5;2\r\n3;4,5\r\n".encode("cp1252"))
    assert "cp1252 fits" in printed(["explain", "1-2-1", "--data", "plain.csv"], capsys, 2)[1]
    assert "x1 Höhe, t Größe" in printed(["explain", "1-2-1", "--data", "plain.csv", "--encoding", "cp1252"], capsys)[0]
    # The model knows how its own file is read, and says so of another file that is read the same way only when told.
    own, _ = printed(["explain", "model.safetensors", "--step", "3"], capsys)
    named, _ = printed(["explain", "model.safetensors", "--data", "excel.csv", "--encoding", "cp1252", "--step", "3"], capsys)
    assert own == named
    row = ["explain", "model.safetensors", "--data", "excel.csv", "--row", "1"]
    assert "Farbe grün" in printed([*row, "--encoding", "cp1252"], capsys)[0]
    (folder / "copy.csv").write_bytes(text.encode("cp1252"))
    row[3] = "copy.csv"
    assert "cp1252 fits" in printed(row, capsys, 2)[1]
    assert "Farbe grün" in printed([*row, "--encoding", "cp1252"], capsys)[0]


def test_numbers_that_count_the_rows_can_be_asked_for(folder, capsys):
    """The year of each row rises by one, and is left out, unless it is asked for."""
    write_rows("years.csv", [{"year": 1950 + i, "rain": i * 7 % 13, "degrees": 9 + i / 50} for i in range(70)])
    asked = ["train", "years.csv", "--target", "degrees", "--force", "--epochs", "300"]
    out, _ = printed(asked, capsys)
    assert "left out (numbers the rows): year" in out
    assert Model.load("model.safetensors").scores["test"].r2 < 0.5
    out, _ = printed([*asked, "--numbers", "year"], capsys)
    assert "numbers, standardised: year, rain" in out
    assert Model.load("model.safetensors").scores["test"].r2 > 0.9
    assert "is called 'yaer'. Did you mean 'year'?" in printed([*asked, "--numbers", "yaer"], capsys, 2)[1]


def test_the_class_weights_count(folder, capsys):
    """One flower in twenty is a rose, and hardly anything tells it apart: balanced weights find more of them."""
    random = np.random.default_rng(0)
    rose = np.arange(400) % 20 == 0
    lengths = random.normal(3 + 1.0 * rose)
    write_rows("rare.csv", [{"length": round(x, 3), "kind": "rose" if r else "iris"} for x, r in zip(lengths, rose, strict=True)])
    recalls = []
    for options in ((), ("--class-weights", "balanced")):
        printed(["train", "rare.csv", "--target", "kind", "--force", "--epochs", "100", *options], capsys)
        recalls.append(Model.load("model.safetensors").scores["train"].confusion[1, 1])
    assert recalls[0] < recalls[1] > 8


def test_a_target_that_is_not_said_is_asked_for(folder, capsys):
    _, err = printed(["train", "flowers.csv"], capsys, 2)
    columns = "number, length, colour, garden, kind"
    assert err == f"chainrule: no target is named; say which column of flowers.csv is to be predicted (--target): {columns}.\n"


# What is written


def test_the_same_seed_gives_the_same_file(folder, capsys):
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        train(capsys, "--epochs", "5", "--seed", seed, "-o", f"{name}.safetensors")
    a, b, c = ((folder / f"{name}.safetensors").read_bytes() for name in "abc")
    assert a == b != c


@pytest.mark.parametrize("suffix", LOGS)
def test_a_log_holds_every_epoch(suffix, folder, capsys):
    train(capsys, *QUICK, "--log", f"run{suffix}")
    text = (folder / f"run{suffix}").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines()] if suffix == ".jsonl" else list(csv.DictReader(text.splitlines()))
    history = Model.load("model.safetensors").history
    assert [int(row["epoch"]) for row in rows] == list(range(1, 13))
    assert [float(row["error"]) for row in rows] == [report.error for report in history]


@pytest.mark.parametrize("suffix", LOGS)
def test_the_log_of_a_resumed_run_keeps_its_lines(suffix, folder, capsys, monkeypatch):
    """Also those that the history has let go; what the killed run wrote after its last checkpoint is written anew."""
    monkeypatch.setattr("chainrule.history.MOST_REPORTS", 8)
    log = folder / f"run{suffix}"
    with started(folder, *ENDLESS, "--log", log.name) as process:
        wait_for(lambda: log.exists() and log.read_bytes().count(b"\n") > 60)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    reached, before = Model.load(checkpoint_path("model.safetensors")).outcome["epochs"], log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join([*before, before[-1], before[-1][:9]]))
    train(capsys, "--resume", "--epochs", str(reached + 7), "--quiet", "--log", log.name)
    after = log.read_bytes().splitlines(keepends=True)
    assert after[: len(before)] == before
    head = suffix == ".csv"
    assert len(after) == reached + 7 + head
    epochs = [int(line.split(b",")[0].split(b":")[-1]) for line in after[head:]]
    assert epochs == list(range(1, reached + 8))


@pytest.mark.parametrize(("name", "start"), [("curve.png", b"\x89PNG"), ("curve.svg", b"<?xml")])
def test_a_curve_is_drawn_the_same_each_time(name, start, folder, capsys):
    files = []
    for _ in range(2):
        train(capsys, *QUICK, "--curve", name, "--force")
        files.append((folder / name).read_bytes())
    assert files[0].startswith(start)
    assert files[0] == files[1]


def test_a_model_that_exists_is_not_replaced_unasked(model, folder, capsys):
    before = (folder / model).read_bytes()
    _, err = train(capsys, code=2)
    advice = "write to another file with -o (output=), or replace it with --force (force=True)"
    assert err == f"chainrule: model.safetensors exists already; {advice}.\n"
    assert (folder / model).read_bytes() == before
    train(capsys, *QUICK, "--force")
    assert (folder / model).read_bytes() != before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--hidden", "a-b"), "the hidden layers are written as their units with - between, as 16-16, or 0 for none, not 'a-b'."),
        (("--activation", "tahn"), "no activation is called 'tahn'. Did you mean 'tanh'?"),
        (("--loss", "cross_entropy"), "the loss cross_entropy does not fit this task; binary_cross_entropy does."),
        (("--loss", "hinge"), "the loss hinge does not fit this task"),
        (("-o", "model.pt"), "model.pt: a model is written as .safetensors."),
        (("-o", "nowhere/model.safetensors"), "nowhere/model.safetensors cannot be written: there is no folder nowhere."),
        (("--log", "run.txt"), "run.txt: a log is written as .jsonl or .csv; the suffix says which."),
        (("--curve", "curve.gif"), "curve.gif: a curve is drawn as .png or .svg; the suffix says which."),
        (("--resume",), "there is no model.safetensors.checkpoint to resume from"),
        (("--validation", "0.6", "--test", "0.6"), "leave no rows to train on"),
        (("--until", "-1"), "until must be a number greater than 0"),
        (("--class-weights", "fair"), "class_weights"),
        (("--ignore", "colr"), "no column of flowers.csv is called 'colr'. Did you mean 'colour'?"),
        (("--impute", "zero"), "no way to impute is called 'zero'."),
        (("--learning-rate", "fast"), "no schedule is called 'fast'"),
        (("--folds", "1000"), "ask for at most 240"),
        (("--language", "fr"), "'fr' is not one of"),
    ],
)
def test_what_cannot_be_done_is_told_before_anything_is_done(arguments, message, folder, capsys):
    _, err = train(capsys, *arguments, code=2)
    assert message in err
    assert err.count("\n") <= 2
    assert [path.name for path in folder.iterdir()] == ["flowers.csv"]


def test_a_missing_target_offers_the_nearest(folder, capsys):
    _, err = printed(["train", "flowers.csv", "--target", "kinds"], capsys, 2)
    assert "Did you mean 'kind'?" in err


def test_a_full_disk_is_told_and_harms_nothing(model, folder, capsys, monkeypatch):
    before = (folder / model).read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    _, err = train(capsys, *QUICK, "--force", code=2)
    assert "No space left on device" in err
    assert (folder / model).read_bytes() == before
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


@pytest.fixture
def tiny_disk(folder):
    """A folder on a disk of 400 kB, where this system lets one be mounted."""
    place = folder / "tiny"
    place.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", place], capture_output=True, check=False)
    if mount.returncode:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.mark.skipif(not shutil.which("mount") or not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can mount")
@pytest.mark.parametrize("log", ["tiny/run.jsonl", "run.jsonl"])
def test_a_disk_that_fills_up_while_training(log, tiny_disk, folder, capsys):
    """The log, or the checkpoint, that grows with the history, finds no room any more; with room again, the run goes on."""
    whole = ["--epochs", "300", "--quiet"]
    train(capsys, *whole, "-o", "unbroken.safetensors")
    output = "tiny/model.safetensors"
    filler = tiny_disk / "filler"
    room = os.statvfs(tiny_disk)
    filler.write_bytes(bytes(room.f_bavail * room.f_frsize - 48_000))
    _, err = train(capsys, *whole, "-o", output, "--log", log, code=2)
    assert "cannot be written: No space left on device." in err
    assert f"The run up to a moment ago is in {output}.checkpoint: when that is put right, go on with --resume." in err
    assert {path.name for path in tiny_disk.iterdir()} <= {"filler", "model.safetensors.checkpoint", "run.jsonl"}
    filler.unlink()
    train(capsys, "--resume", "--quiet", "-o", output, "--log", log)
    assert (folder / output).read_bytes() == (folder / "unbroken.safetensors").read_bytes()
    assert len((folder / log).read_text(encoding="utf-8").splitlines()) == 300
    assert not checkpoint_path(folder / output).exists()


class FullFile(io.StringIO):
    """A file on a disk that is full after some writing."""

    def write(self, text):
        if self.tell() > 400:
            raise OSError(28, "No space left on device")
        return super().write(text)


def test_a_log_that_cannot_grow_ends_the_run_and_loses_nothing(folder, capsys, monkeypatch):
    opened = Path.open
    monkeypatch.setattr(Path, "open", lambda self, *a, **k: FullFile() if self.name == "run.csv" else opened(self, *a, **k))
    _, err = train(capsys, *QUICK, "--log", "run.csv", code=2)
    assert err.startswith("chainrule: run.csv cannot be written: No space left on device. The run up to a moment ago is in model.safe")
    train(capsys, "--resume", "--quiet")
    assert len(Model.load("model.safetensors").history) == 12


def test_a_curve_that_cannot_be_written_comes_last(folder, capsys, monkeypatch):
    def full(path, content):
        if Path(path).suffix == ".png":
            raise FileError(f"{path} cannot be written: No space left on device.")
        write_whole(path, content)

    monkeypatch.setattr("chainrule.files.write_whole", full)
    out, err = train(capsys, *QUICK, "--curve", "curve.png", code=2)
    assert "wrote model.safetensors" in out
    assert err == "chainrule: curve.png cannot be written: No space left on device.\n"
    assert not checkpoint_path("model.safetensors").exists()


# Divergence


def test_divergence_ends_with_3_a_cause_a_rate_that_works_and_the_best_weights(folder, capsys):
    write_rows("lines.csv", [{"a": i % 17, "b": i % 5, "y": 2 * (i % 17) - (i % 5) + 0.5} for i in range(200)])
    asked = ["train", "lines.csv", "--target", "y", "--hidden", "0", "--optimizer", "sgd", "--epochs", "300"]
    _, err = printed([*asked, "--learning-rate", "50"], capsys, 3)
    assert err.startswith("chainrule: training diverged in step ")
    assert "The learning rate 50 is too large." in err
    assert err.endswith("The best weights so far are in model.safetensors.\n")
    assert Model.load("model.safetensors").outcome["reason"] == "diverged"
    _, german = printed([*asked, "--learning-rate", "50.5", "--force", "--language", "de"], capsys, 3)
    assert "Die Lernrate 50,5 ist zu groß. Diese Rate geht: --learning-rate " in german
    assert german.endswith("Die bisher besten Gewichte stehen in model.safetensors.\n")
    rate = err.split("--learning-rate ")[1].split(".\n")[0].rstrip(".")
    printed([*asked, "--learning-rate", rate, "--force"], capsys)
    assert Model.load("model.safetensors").scores["test"].r2 > 0.9


# Interrupted and resumed


ENDLESS = ("--epochs", "100000", "--patience", "100000", "--validation", "0.2", "--hidden", "8")


def started(folder, *arguments, **options):
    command = [sys.executable, "-m", "chainrule", "train", "flowers.csv", "--target", "kind", *arguments]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def wait_for(condition, seconds=30):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_ctrl_c_keeps_the_best_weights_and_says_how_to_resume(folder, capsys):
    with started(folder, *ENDLESS) as process:
        assert any(line.startswith("epoch") for line in process.stdout)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "")
    command = out.splitlines()[-1]
    assert command == f"To go on: chainrule train flowers.csv --target kind {' '.join(ENDLESS)} --resume"
    stopped = Model.load("model.safetensors")
    assert stopped.outcome["reason"] == "interrupted"
    reached = stopped.outcome["epochs"]

    epochs = str(reached + 7)
    train(capsys, "--resume", "--epochs", epochs, "--quiet")
    assert not checkpoint_path("model.safetensors").exists()
    train(capsys, *ENDLESS, "--epochs", epochs, "--quiet", "-o", "unbroken.safetensors")
    again, unbroken = Model.load("model.safetensors"), Model.load("unbroken.safetensors")
    assert all(np.array_equal(again.network.parameters[key], unbroken.network.parameters[key]) for key in unbroken.network.parameters)
    assert again.history == unbroken.history


@pytest.mark.parametrize("endless", [ENDLESS, ENDLESS[:4]], ids=["validation rows", "companions"])
def test_a_killed_run_goes_on_where_it_was(endless, folder, capsys):
    for _ in range(3):
        resume = ("--resume",) if checkpoint_path("model.safetensors").exists() else ()
        with started(folder, *endless, *resume) as process:
            wait_for(checkpoint_path("model.safetensors").exists)
            time.sleep(0.3 + 0.9 * np.random.default_rng(len(resume)).random())
            process.kill()
    epochs = str(Model.load(checkpoint_path("model.safetensors")).outcome["epochs"] + 5)
    train(capsys, "--resume", "--epochs", epochs, "--quiet")
    train(capsys, *endless, "--epochs", epochs, "--quiet", "-o", "unbroken.safetensors")
    assert (folder / "model.safetensors").read_bytes() == (folder / "unbroken.safetensors").read_bytes()


def test_the_checkpoint_of_a_run_is_not_lost_by_starting_anew(folder, capsys):
    write_whole(checkpoint_path("model.safetensors"), b"precious")
    _, err = train(capsys, code=2)
    assert "go on with it by --resume, or begin anew with --force" in err
    assert checkpoint_path("model.safetensors").read_bytes() == b"precious"


def test_a_resumed_run_needs_the_same_data(folder, capsys):
    with started(folder, *ENDLESS) as process:
        wait_for(checkpoint_path(folder / "model.safetensors").exists)
        process.kill()
    write_rows("flowers.csv", flowers(seed=2))
    _, err = train(capsys, "--resume", code=2)
    assert "resume it with the same data" in err


# On a terminal


def on_terminal(folder, *arguments, columns=80, lines=30, interrupt=False):
    """What a terminal of this size is sent."""
    leader, follower = pty.openpty()
    environment = os.environ | {"COLUMNS": str(columns), "LINES": str(lines), "TERM": "xterm-256color"}
    command = [sys.executable, "-m", "chainrule", "train", "flowers.csv", "--target", "kind", *arguments]
    with subprocess.Popen(command, cwd=folder, stdin=follower, stdout=follower, stderr=follower, env=environment) as process:
        os.close(follower)
        sent = b""
        while select.select([leader], [], [], 30)[0]:
            try:
                sent += os.read(leader, 65536)
            except OSError:  # the other side is closed
                break
            if interrupt and sent.count("━".encode()) > 100:
                process.send_signal(signal.SIGINT)
                interrupt = False
        process.wait(30)
    os.close(leader)
    return sent.decode(), process.returncode


def test_a_terminal_shows_the_curve_and_the_time_left(folder):
    text, code = on_terminal(folder, "--epochs", "300")
    assert code == 0
    for sign in ("╭", "training", "validation", "━", "epoch", "left", "accuracy", "wrote model.safetensors"):
        assert sign in text


def test_ctrl_c_on_a_terminal_leaves_it_in_order(folder):
    text, code = on_terminal(folder, *ENDLESS, interrupt=True)
    assert code == 130
    assert "To go on: chainrule train" in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l"), "the cursor is shown again"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_run_that_fails_on_a_terminal_leaves_it_in_order(folder):
    (folder / "run.jsonl").symlink_to("/dev/full")
    text, code = on_terminal(folder, "--log", "run.jsonl")
    assert code == 2
    assert "run.jsonl cannot be written: No space left on device." in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l"), "the cursor is shown again"


def test_without_uniplot_there_is_one_hint_and_a_line(folder, monkeypatch):
    hidden = folder / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("import sys\nsys.modules['uniplot'] = None\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(hidden), *sys.path]))
    text, code = on_terminal(folder, "--epochs", "300")
    assert code == 0
    assert text.count("pip install 'chainrule[plot]'") == 1
    assert "╭" not in text


def test_a_curve_needs_matplotlib(folder, capsys, monkeypatch):
    monkeypatch.setattr("chainrule.curves.find_spec", lambda name: None)
    _, err = train(capsys, "--curve", "x.png", code=2)
    assert err == "chainrule: a curve is drawn by matplotlib, which is not installed: pip install 'chainrule[plot]'.\n"


@pytest.mark.parametrize(("seconds", "text"), [(0, "1 s"), (59.4, "59 s"), (60, "1:00 min"), (3599, "59:59 min"), (7325, "2:02 h")])
def test_durations(seconds, text):
    assert duration(seconds) == text


# Using a model


def test_evaluate_measures_on_raw_rows(model, capsys):
    write_rows("new.csv", flowers(rows=60, seed=9), separator=";")
    out, err = printed(["evaluate", model, "new.csv"], capsys)
    assert out.startswith("60 rows of new.csv:\n  accuracy ")
    assert err == ""


def test_predictions_are_those_of_python(model, capsys):
    write_rows("new.csv", flowers(rows=60, seed=9))
    out, _ = printed(["predict", model, "new.csv", "--probabilities"], capsys)
    rows = list(csv.DictReader(out.splitlines()))
    loaded = Model.load(model)
    table = read("new.csv", kinds=loaded.preparation.input_kinds)
    y = loaded.predict(table)
    assert [row["kind"] for row in rows] == loaded.preparation.answers(y)["kind"].tolist()
    assert [float(row["kind=rose"]) for row in rows] == y[:, 0].tolist()


def test_predictions_are_written_once(model, folder, capsys):
    out, _ = printed(["predict", model, "flowers.csv", "-o", "out.csv"], capsys)
    assert out == "wrote out.csv\n"
    assert len((folder / "out.csv").read_text().splitlines()) == 241
    _, err = printed(["predict", model, "flowers.csv", "-o", "out.csv"], capsys, 2)
    assert "out.csv exists already" in err
    printed(["predict", model, "flowers.csv", "-o", "out.csv", "--force"], capsys)


def test_a_large_file_is_predicted_in_parts(model, folder, capsys, monkeypatch):
    from chainrule import data

    whole = printed(["predict", model, "flowers.csv"], capsys)[0]
    chunks = data.chunks
    monkeypatch.setattr(data, "chunks", lambda source, **options: chunks(source, rows=7, **options))
    assert printed(["predict", model, "flowers.csv"], capsys)[0] == whole


def test_a_part_that_fails_leaves_no_file(model, folder, capsys):
    rows = flowers()
    rows[-1]["length"] = "long"
    write_rows("bad.csv", rows)
    _, err = printed(["predict", model, "bad.csv", "-o", "out.csv"], capsys, 2)
    assert "row 240" in err
    assert not (folder / "out.csv").exists()


def without(rows, *names):
    return [{name: value for name, value in row.items() if name not in names} for row in rows]


def test_columns_may_come_in_any_order_without_the_target_and_with_others(model, capsys):
    expected = printed(["predict", model, "flowers.csv"], capsys)
    rows = [{"new": "x", **dict(reversed(row.items()))} for row in without(flowers(), "kind", "number", "garden")]
    write_rows("other.csv", rows)
    out, err = printed(["predict", model, "other.csv"], capsys)
    assert out == expected[0]
    assert err == "chainrule: columns that the model does not know are ignored: new\n"


def test_a_column_that_lacks_is_told(model, capsys):
    write_rows("short.csv", without(flowers(), "colour"))
    _, err = printed(["predict", model, "short.csv"], capsys, 2)
    assert "lacks a column of the model: colour" in err


def test_a_category_that_was_never_seen_is_told(model, capsys):
    rows = flowers()
    rows[4]["colour"] = "green"
    write_rows("green.csv", rows)
    out, err = printed(["predict", model, "green.csv"], capsys)
    assert len(out.splitlines()) == 241
    assert "green (1 ×)" in err


def test_numbers_have_no_probabilities(folder, capsys):
    cr.train({"a": np.arange(50.0) % 7, "y": np.arange(50.0) % 7}, target="y", task="regress", epochs=3, output="model.safetensors")
    write_rows("a.csv", [{"a": 1}, {"a": 2}])
    _, err = printed(["predict", "model.safetensors", "a.csv", "--probabilities"], capsys, 2)
    assert "which have no probabilities" in err


def test_info_shows_what_a_model_is(model, capsys):
    out, _ = printed(["info", model], capsys)
    for part in ("trained on flowers.csv", "target kind: 2 classes", "network 4-32-1", "12 epochs", "Test rows", "never seen", "precision"):
        assert part in out
    german, _ = printed(["info", model, "--language", "de"], capsys)
    assert "trainiert mit flowers.csv" in german


@pytest.mark.parametrize("command", ["info", "evaluate", "predict", "explain"])
@pytest.mark.parametrize("content", [None, b"", b"\x00" * 100, b"\xff" * 8 + b"{}", b"\x10\x00\x00\x00\x00\x00\x00\x00" + b"[" * 16])
def test_what_is_no_model_is_told(command, content, folder, capsys):
    if content is not None:
        (folder / "bad.safetensors").write_bytes(content)
    data = ["flowers.csv"] if command in ("evaluate", "predict") else []
    _, err = printed([command, "bad.safetensors", *data], capsys, 2)
    assert "bad.safetensors" in err
    assert err.count("\n") <= 2


# The bridge to explanations


def test_a_row_is_explained_in_the_columns_own_names(model, capsys):
    out, _ = printed(["explain", model, "--data", "flowers.csv", "--row", "3"], capsys)
    row = flowers()[2]
    assert f"length {row['length']:g}, colour {row['colour']}, kind {row['kind']}." in " ".join(out.split())
    assert printed(["explain", model, "--row", "3"], capsys)[0] == out
    assert "colour=blue" in out
    assert "kind=rose" in out


def test_a_row_is_prepared_as_the_model_prepared_its_own(model, folder, capsys):
    printed(["explain", model, "--data", "flowers.csv", "--row", "3", "-o", "step.json"], capsys)
    step, loaded = Step.load("step.json"), Model.load(model)
    x = loaded.preparation.x(read("flowers.csv").take([2]))
    assert np.array_equal(step.x, x)
    assert step.origin["features"] == list(loaded.preparation.feature_names)
    assert np.array_equal(step.prediction, loaded.network.predict(x))


@pytest.mark.parametrize("weights", [(), ("--class-weights", "balanced")])
def test_any_step_of_the_training_is_replayed(weights, folder, capsys):
    train(capsys, *QUICK, *weights, "--batch-size", "16")
    loaded = Model.load("model.safetensors")
    per_epoch = loaded.history[0].step
    errors = []
    for number in range(1, per_epoch + 1):
        printed(["explain", "model.safetensors", "--step", str(number), "-o", "step.json"], capsys)
        errors.append(Step.load("step.json"))
    assert [step.number for step in errors] == list(range(1, per_epoch + 1))
    rows = [len(step.x) for step in errors]
    assert loaded.history[0].error == pytest.approx(float(np.average([step.error for step in errors], weights=rows)), rel=1e-12)
    out, _ = printed(["explain", "model.safetensors", "--data", "flowers.csv", "--step", str(per_epoch)], capsys)
    assert f"step {per_epoch}" in out


def test_a_step_that_was_never_taken_is_told(model, capsys):
    _, err = printed(["explain", model, "--step", "100000"], capsys, 2)
    assert "there is no step 100,000" in err


def test_other_data_are_noticed(model, capsys):
    write_rows("other.csv", flowers(seed=8))
    _, err = printed(["explain", model, "--data", "other.csv", "--step", "3"], capsys, 2)
    assert "not the rows that the model was trained on" in err


# Python


def test_every_option_has_a_python_twin():
    only_here = {"quiet", "language", "definitions"}
    ours = {parameter.name for parameter in chainrule.commands["train"].params} - only_here
    assert ours == set(inspect.signature(cr.train).parameters) - {"watch"}


def test_defaults_are_those_of_python():
    twins = inspect.signature(cr.train).parameters
    for parameter in chainrule.commands["train"].params:
        if parameter.name in ("hidden", "activation", "seed", "shuffle"):
            default = parameter.default if parameter.name != "hidden" else tuple(map(int, parameter.default.split("-")))
            assert default == twins[parameter.name].default


def test_train_in_python(folder):
    model = cr.train("flowers.csv", target="kind", hidden=[8, 8], activation="relu", epochs=30, learning_rate=0.01)
    assert model.network.sizes == (4, 8, 8, 1)
    assert model.scores["test"].accuracy > 0.8
    assert [path.name for path in folder.iterdir()] == ["flowers.csv"]


def test_a_table_larger_than_half_the_memory_gives_the_same_model(folder, monkeypatch):
    small = cr.train("flowers.csv", target="kind", epochs=5)
    monkeypatch.setattr("chainrule.prepare.disk.memory", lambda: 1000)
    large = cr.train("flowers.csv", target="kind", epochs=5)
    for key, numbers in small.network.parameters.items():
        assert np.array_equal(numbers, large.network.parameters[key])
    assert large.scores["test"].to_dict() == small.scores["test"].to_dict()


@pytest.mark.parametrize("seed", range(20))
def test_xor_is_learned_from_any_seed(seed):
    rows = {"a": [0.0, 0, 1, 1], "b": [0.0, 1, 0, 1], "xor": ["no", "yes", "yes", "no"]}
    table = {name: np.array(values) for name, values in rows.items()}
    model = cr.train(table, target="xor", validation=0, test=0, until=0.01, epochs=20_000, seed=seed)
    assert model.outcome["reason"] == "until"
    assert model.scores["train"].accuracy == 1


def test_the_seed_is_learned_to_the_last_digit():
    """ "Repeat until the error is close to zero": one sample, two inputs, a linear network, gradient descent."""
    network = cr.problem("seed").network
    training = cr.Training(network, [[8, 12]], [[4]], cr.Plan(epochs=1000, until=1e-24, optimizer=cr.sgd(0.0076)))
    outcome = training.run()
    assert outcome.reason == "until"
    assert network.continued(outcome.network.parameters).predict([[8, 12]]).item() == pytest.approx(4, rel=1e-12)
    first = training.step_at(1)
    assert first.error == pytest.approx(1.59561248, rel=1e-12)
    assert first.gradients["W2"].ravel() == pytest.approx([-15.00576, -3.144064], rel=1e-12)
