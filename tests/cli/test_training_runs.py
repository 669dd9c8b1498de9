"""chainrule train while it runs: interrupted, killed and resumed; on a terminal."""

import os
import pty
import select
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests import flowers
from tests.flowers import ENDLESS, QUICK, printed, started, train, wait_for, write_rows

import chainrule as cr
from chainrule.base.errors import InputError
from chainrule.base.files import write_whole
from chainrule.cli import main
from chainrule.cli.progress import duration
from chainrule.training.model import Model, checkpoint_path

folder, model = flowers.folder, flowers.model
"""Fixtures: an empty folder with flowers.csv in it, and a model of the flowers there."""


# Interrupted and resumed


@pytest.mark.parametrize("asked", [[signal.SIGINT], [signal.SIGTERM], [signal.SIGHUP, signal.SIGTERM, signal.SIGHUP]])
def test_who_asks_it_to_end_gets_the_best_weights_and_how_to_resume(asked, folder, capsys):
    with started(folder, *ENDLESS) as process:
        assert any(line.startswith("epoch") for line in process.stdout)
        for number in asked:
            process.send_signal(number)
        out, err = process.communicate(timeout=600)
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


def test_a_run_that_ignores_the_end_of_its_terminal_goes_on(folder):
    """As under nohup."""
    with started(folder, *ENDLESS, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)) as process:
        assert any(line.startswith("epoch") for line in process.stdout)
        process.send_signal(signal.SIGHUP)
        assert any(line.split()[1:2] == ["500"] for line in process.stdout)
        process.kill()


def test_an_interrupted_cross_validation_says_how_to_resume(folder, capsys):
    with started(folder, *ENDLESS, "--folds", "3", "--force") as process:
        wait_for(checkpoint_path(folder / "model.safetensors").exists, process)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=600)
    assert (process.returncode, err) == (130, "chainrule: interrupted\n")
    assert out.endswith(f"To go on: chainrule train flowers.csv --target kind {' '.join(ENDLESS)} --folds 3 --resume --force\n")
    _, err = train(capsys, "--resume", "--epochs", "5", code=2)
    assert "goes on with the options that it began with: add" in err
    assert "--folds 3" in err
    out, _ = train(capsys, *ENDLESS, "--folds", "3", "--resume", "--epochs", "5")
    assert "fold 3 of 3" in out
    assert not checkpoint_path("model.safetensors").exists()


def test_two_runs_with_one_output(folder, capsys):
    """The second is refused while the first goes on; what appears meanwhile is not replaced, and the run is not lost."""
    with started(folder, *ENDLESS) as process:
        wait_for(checkpoint_path(folder / "model.safetensors").exists, process)
        for more in ((), ("--force",), ("--resume",)):
            _, err = train(capsys, *more, code=2)
            advice = "wait until it has ended, or write to another file with --output"
            assert err == f"chainrule: another run is making model.safetensors; {advice}.\n"
        (folder / "model.safetensors").write_bytes(b"precious")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=600)
    assert process.returncode == 2
    assert "model.safetensors exists already" in err
    assert "go on with --resume" in err
    assert (folder / "model.safetensors").read_bytes() == b"precious"
    assert sorted(os.listdir(folder)) == ["flowers.csv", "model.safetensors", "model.safetensors.checkpoint"]
    _, err = train(capsys, "--resume", "--epochs", "1", code=2)
    assert "model.safetensors" in err
    (folder / "model.safetensors").unlink()
    train(capsys, "--resume", "--epochs", "1")


def test_a_run_that_goes_on_replaces_its_own_model_alone(folder, capsys):
    with started(folder, *ENDLESS) as process:
        assert any(line.startswith("epoch") for line in process.stdout)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=600)
    train(capsys, "--seed", "5", *QUICK, "-o", "other.safetensors")
    os.replace("other.safetensors", "model.safetensors")
    _, err = train(capsys, "--resume", "--epochs", "1", code=2)
    assert "is not of the run that was cut short: move it away, or replace it with --force" in err
    train(capsys, "--resume", "--force", "--epochs", "1")


def state_of(path):
    """What changes when a file is written anew; None where there is none."""
    return (path.stat().st_ino, path.stat().st_mtime_ns) if path.exists() else None


@pytest.mark.parametrize("endless", [ENDLESS, ENDLESS[:4]], ids=["validation rows", "cross-validation"])
def test_a_killed_run_goes_on_where_it_was(endless, folder, capsys):
    path = checkpoint_path("model.safetensors")
    for _ in range(2):
        before = state_of(path)
        resume = ("--resume",) if before else ()
        with started(folder, *endless, *resume) as process:
            wait_for(lambda path=path, before=before: state_of(path) not in (None, before), process)
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
        wait_for(checkpoint_path(folder / "model.safetensors").exists, process)
        process.kill()
    write_rows("flowers.csv", flowers.flowers(seed=2))
    _, err = train(capsys, "--resume", code=2)
    assert "resume it with the same data" in err


def test_a_reader_that_has_seen_enough_does_not_end_the_training(folder):
    """As `chainrule train … | head -1`."""
    process = started(folder, "--epochs", "300", "--patience", "300")
    assert process.stdout.readline().startswith("flowers.csv: 240 rows")
    process.stdout.close()
    assert process.wait(600) == 0
    assert process.stderr.read() == ""
    process.stderr.close()
    assert Model.load("model.safetensors").outcome["epochs"] == 300


# On a terminal


def on_terminal(folder, *arguments, columns=80, lines=30, interrupt=False):
    """What a terminal of this size is sent."""
    leader, follower = pty.openpty()
    environment = os.environ | {"COLUMNS": str(columns), "LINES": str(lines), "TERM": "xterm-256color"}
    command = [sys.executable, "-m", "chainrule", "train", "flowers.csv", "--target", "kind", *arguments]
    with subprocess.Popen(command, cwd=folder, stdin=follower, stdout=follower, stderr=follower, env=environment) as process:
        os.close(follower)
        sent = b""
        while select.select([leader], [], [], 600)[0]:
            try:
                sent += os.read(leader, 65536)
            except OSError:  # the other side is closed
                break
            if interrupt and sent.count("━".encode()) > 100:
                process.send_signal(signal.SIGINT)
                interrupt = False
        process.wait(600)
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


def test_a_curve_as_svg_needs_nothing_else(folder, capsys, monkeypatch):
    monkeypatch.setattr("chainrule.render.pdf.find_spec", lambda name: None)
    _, err = train(capsys, "--curve", "x.png", code=2)
    assert err == 'chainrule: PNG is set by the package typst, which is not installed: pip install "chainrule[pdf]".\n'
    train(capsys, "--epochs", "3", "--quiet", "--curve", "x.svg")
    assert "validation" in (folder / "x.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize(("seconds", "text"), [(0, "1 s"), (59.4, "59 s"), (60, "1:00 min"), (3599, "59:59 min"), (7325, "2:02 h")])
def test_durations(seconds, text):
    assert duration(seconds) == text


# What a run that goes on may be asked


def test_rows_that_belong_together(folder, capsys):
    rows = [{"patient": f"p{i // 6}", "x": round(i // 6 * 0.37 % 3 + i % 6 / 10, 2), "t": i // 6 * 7 % 13 + 0.5} for i in range(180)]
    write_rows("visits.csv", rows)
    out, _ = printed(["train", "visits.csv", "--target", "t", "--group", "patient", *QUICK], capsys)
    assert "  rows with the same patient are in one part\n" in out
    assert "  left out (as asked): patient\n" in out
    model = Model.load("model.safetensors")
    assert model.plan.group == "patient"
    assert model.scores["test"].rows % 6 == 0
    printed(["explain", "model.safetensors", "--step", "5"], capsys)
    printed(["train", "visits.csv", "--target", "t", "--group", "patient", "--folds", "3", "--force", *QUICK], capsys)
    assert all(scores.rows % 6 == 0 for scores in Model.load("model.safetensors").scores.values())
    assert "not by the target 't'" in printed(["train", "visits.csv", "--target", "t", "--group", "t", "--force"], capsys, 2)[1]
    assert (
        "no column of visits.csv is called 'pat'"
        in printed(["train", "visits.csv", "--target", "t", "--group", "pat", "--force"], capsys, 2)[1]
    )


@pytest.mark.skipif(not os.path.exists("/dev/stdin"), reason="this system has no name for what is piped in")
def test_what_is_piped_in(folder):
    rows = "x,t\n" + "".join(f"{i % 7},{i}.5\n" for i in range(30))
    command = [sys.executable, "-m", "chainrule", "train", "-", "--target", "t", *QUICK]
    done = subprocess.run(command, cwd=folder, input=rows, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("/dev/stdin: 30 rows, 2 columns"), done.stderr


def test_the_last_rows_are_said_to_be_those_that_test(folder, capsys):
    write_rows("days.csv", [{"day": f"2024-01-{1 + i // 4:02} {i % 4}:00", "g": i % 9, "x": i % 7, "t": i + 0.5} for i in range(80)])
    command = ["train", "days.csv", "--target", "t", *QUICK, "--force"]
    advice = "--test last tests on the last ones"
    for options, said in (
        (["--test", "last"], "  the last rows test\n"),
        (["--validation", "last"], "  of the others, the last rows tell when to stop\n"),
        (["--test", "last:0.2", "--validation", "last:0.2"], "  the last rows test, and those before them tell when to stop\n"),
        (["--test", "0", "--validation", "last"], "  of the others, the last rows tell when to stop\n"),
        (["--group", "g"], "  rows with the same g are in one part\n"),
    ):
        out, _ = printed([*command, *options], capsys)
        assert said in out
        assert (advice in " ".join(out.split())) == (options[0] == "--validation")  # nowhere else are they drawn, or is it possible


@pytest.fixture
def cut_short(folder, capsys):
    with started(folder, *ENDLESS, "--seed", "3", "--optimizer", "momentum") as process:
        wait_for(checkpoint_path(folder / "model.safetensors").exists, process)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=600)
    reached = Model.load(checkpoint_path("model.safetensors")).outcome["epochs"]
    return ["--resume", "--epochs", str(reached + 2), "--quiet"]


def test_what_contradicts_the_run_is_refused_by_name(cut_short, folder, capsys):
    for options, message in (
        (["--hidden", "16"], "--hidden 16 contradicts the run, which began with --hidden 8; leave it out, or begin anew with --force."),
        (["--seed", "0"], "--seed 0 contradicts the run, which began with --seed 3"),
        (["--learning-rate", "0.5"], "--learning-rate 0.5 contradicts the run, which began without it"),
        (["--test", "0.3"], "--test 0.3 contradicts the run, which began without it"),
        (["--no-shuffle"], "--no-shuffle contradicts the run"),
        (["--impute", "mean"], "--impute mean contradicts the run, which began without it"),
        (["--drop-missing"], "--drop-missing contradicts the run"),
        (["--network", "1-4-1"], "--network contradicts the run, which began without it; leave it out"),
        (["--activation", "relu"], "--activation relu contradicts the run, which began with --activation tanh, the default"),
        (["--decimal", ","], "--decimal , contradicts the run"),
    ):
        assert message in train(capsys, *cut_short, *options, code=2)[1]
    assert "--target length contradicts" in printed(["train", "flowers.csv", "--target", "length", *cut_short], capsys, 2)[1]
    with pytest.raises(InputError, match=r"hidden=16 contradicts the run"):
        cr.train("flowers.csv", target="kind", hidden=[16], output="model.safetensors", resume=True)
    train(capsys, *cut_short, "--hidden", "8", "--seed", "3", "--validation", "0.2", "--patience", "7")


def test_a_curve_has_the_words_of_its_language(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    asked = ["train", "data:iris", "--target", "species", "--hidden", "2", "--epochs", "3", "--quiet", "-o", "m.safetensors"]
    assert main([*asked, "--curve", "de.svg", "--language", "de"]) == 0
    assert main(["figure", "curve", "m.safetensors", "--language", "de", "-o", "figure.svg"]) == 0
    for name in ("de.svg", "figure.svg"):
        drawn = Path(name).read_text(encoding="utf-8")
        assert "Validierung" in drawn, name
        assert "validation" not in drawn, name
