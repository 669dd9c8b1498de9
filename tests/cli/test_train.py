"""chainrule train: what it prints and writes, in which file, with which exit code."""

import csv
import io
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest
from tests import flowers
from tests.flowers import ENDLESS, QUICK, printed, started, train, wait_for, write_rows

from chainrule.base.errors import FileError
from chainrule.base.files import write_whole
from chainrule.training.model import Model, checkpoint_path
from chainrule.training.outputs import LOGS

folder, model = flowers.folder, flowers.model
"""Fixtures: an empty folder with flowers.csv in it, and a model of the flowers there."""


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
    # The model knows how its own file is read, and another one that is no text in UTF-8.
    own, _ = printed(["explain", "model.safetensors", "--step", "3"], capsys)
    named, _ = printed(["explain", "model.safetensors", "--data", "excel.csv", "--encoding", "cp1252", "--step", "3"], capsys)
    assert own == named
    row = ["explain", "model.safetensors", "--data", "excel.csv", "--row", "1"]
    assert "Farbe grün" in printed([*row, "--encoding", "cp1252"], capsys)[0]
    (folder / "copy.csv").write_bytes(text.encode("cp1252"))
    row[3] = "copy.csv"
    assert "Farbe grün" in printed(row, capsys)[0]
    (folder / "copy.csv").write_bytes(text.encode("utf-8"))
    assert "Farbe grün" in printed(row, capsys)[0]
    assert len(printed(["predict", "model.safetensors", "excel.csv"], capsys)[0].splitlines()) == 61


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
    monkeypatch.setattr("chainrule.training.history.MOST_REPORTS", 8)
    log = folder / f"run{suffix}"
    with started(folder, *ENDLESS, "--log", log.name) as process:
        wait_for(lambda: log.exists() and log.read_bytes().count(b"\n") > 60, process)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=600)
    reached, before = Model.load(checkpoint_path("model.safetensors")).outcome["epochs"], log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join([*before, before[-1], before[-1][:9]]))
    train(capsys, "--resume", "--epochs", str(reached + 7), "--quiet", "--log", log.name)
    after = log.read_bytes().splitlines(keepends=True)
    assert after[: len(before)] == before
    head = suffix == ".csv"
    assert len(after) == reached + 7 + head
    epochs = [int(line.split(b",")[0].split(b":")[-1]) for line in after[head:]]
    assert epochs == list(range(1, reached + 8))


@pytest.mark.parametrize(("name", "start"), [("curve.png", b"\x89PNG"), ("curve.svg", b"<svg")])
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
    advice = "write to another file, or replace it with --force"
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
        (("--loss", "binary_cross_entropy_from_logits"), "the loss binary_cross_entropy_from_logits does not fit this task"),
        (("--loss", "contrastive"), "contrastive compares two examples with each other, which training on a table does not offer;"),
        (("--loss", "masked_cross_entropy"), "sequence_cross_entropy compares every step of a sequence, which training"),
        (("-o", "model.pt"), "model.pt: a model is written as .safetensors."),
        (("-o", "nowhere/model.safetensors"), "nowhere/model.safetensors cannot be written: there is no folder nowhere."),
        (("--log", "run.txt"), "run.txt: a log is written as .jsonl or .csv; the suffix says which."),
        (("--curve", "curve.gif"), "'curve.gif': the suffix says the format; .gif is unknown. Known: .svg, .png, .pdf."),
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

    monkeypatch.setattr("chainrule.base.files.write_whole", full)
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
    assert "Die Lernrate 50,5 ist zu groß. In einer Simulation dieses Laufs mit --learning-rate " in german
    assert german.endswith("Die bisher besten Gewichte stehen in model.safetensors.\n")
    rate = err.split("--learning-rate ")[1].split(", the error falls")[0]
    printed([*asked, "--learning-rate", rate, "--force"], capsys)
    assert Model.load("model.safetensors").scores["test"].r2 > 0.9


def test_what_runs_in_time(folder, capsys):
    """Dates become inputs when asked, and the last rows test."""
    rows = [{"day": f"{i % 28 + 1:02}-{('Jan', 'Feb', 'Mar', 'Apr')[i // 28]}-2024", "y": 3 * i + 0.5} for i in range(112)]
    write_rows("days.csv", rows)
    assert "--dates year,month,weekday,hour" in printed(["train", "days.csv", "--target", "y"], capsys, 2)[1]
    asked = ["train", "days.csv", "--target", "y", "--dates", "days,weekday", "--test", "last", "--validation", "last", *QUICK]
    out, _ = printed(asked, capsys)
    assert "  of the dates in day: weekday, count of days\n" in out
    loaded = Model.load("model.safetensors")
    assert loaded.plan.test_last
    assert loaded.plan.validation_last
    assert loaded.scores["test"].mean[0] == pytest.approx(np.mean([row["y"] for row in rows[-17:]]))
    printed(["explain", "model.safetensors", "--step", "3"], capsys)
    assert "12-Feb-2024" in printed(["explain", "model.safetensors", "--row", "40"], capsys)[0]
    assert "von den Datumsangaben in day: Wochentag, Zahl der Tage" in printed(["info", "model.safetensors", "--language", "de"], capsys)[0]
