"""The command sweep, as it is typed."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import chainrule as cr
from chainrule.cli import main

GRID = "hidden=2,4 learning_rate=1e-3..1e-1:2"
TYPED = ["sweep", "d.csv", "--target", "y", "--grid", GRID, "--epochs", "5", "--engine", "written", "--processes", "1"]


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [(i % 7, i * 1.3 % 5.3) for i in range(80)]
    Path("d.csv").write_text("a,b,y\n" + "".join(f"{a},{b:.3f},{a * 0.5 - b + 1:.3f}\n" for a, b in rows))


def test_each_trial_is_a_line_and_the_best_one_is_a_model_to_go_on_with(capsys):
    assert main(TYPED) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines[:4]] == ["1/4", "2/4", "3/4", "4/4"]
    assert "hidden 2, learning_rate 0.001: R² " in lines[0]
    assert lines[0].endswith("the best so far")
    table = [line.split() for line in lines[6:10]]
    assert lines[5].split() == ["hidden", "learning_rate", "R²", "error", "epochs", "time"]
    scores = [float(cells[2].replace("−", "-")) for cells in table]
    assert scores == sorted(scores, reverse=True)
    assert any("the 12 rows that were kept for the test and chose nothing" in line for line in lines)
    assert lines[-1] == "wrote best.safetensors, the best model, and best.safetensors.trials.jsonl, every trial"
    best = cr.Model.load("best.safetensors")
    assert best.start.shapes["W1"][1] == int(table[0][0])
    assert main(["evaluate", "best.safetensors", "d.csv"]) == 0
    assert main(TYPED) == 2
    assert "exists already" in capsys.readouterr().err
    assert main([*TYPED, "--force", "--quiet", "--language", "de"]) == 0
    assert capsys.readouterr().out == (
        "geschrieben: best.safetensors, das beste Modell, und best.safetensors.trials.jsonl, alle Versuche\n"
    )


def test_what_failed_is_said_beside_what_did_not(capsys):
    assert main(["sweep", "d.csv", "--target", "y", "--grid", "activation=tanh,nothing", "--epochs", "2", "--processes", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "2/2  activation nothing: failed: no activation is called 'nothing'." in lines[1]
    assert "  1 trial failed" in lines


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_end_it_says_how_to_go_on_and_what_ended_is_kept(number):
    typed = [argument.replace("hidden=2,4", "hidden=2,4 seed=0..400:401") if argument == GRID else argument for argument in TYPED]
    process = subprocess.Popen(
        [sys.executable, "-m", "chainrule", *typed], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )
    for _ in range(3):
        process.stdout.readline()
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "To go on: chainrule sweep d.csv --target y" in errors
    assert errors.rstrip().endswith("--resume")
    kept = [json.loads(line) for line in Path("best.safetensors.trials.jsonl").read_text().splitlines()][1:]
    assert [trial["number"] for trial in kept] == list(range(1, len(kept) + 1))
    assert 3 <= len(kept) < 1604
    assert not list(Path().glob("*.lock"))


def test_interrupted_with_several_processes_it_ends_at_once_too():
    typed = [argument.replace("hidden=2,4", "hidden=2,4 seed=0..400:401") if argument == GRID else argument for argument in TYPED[:-1]]
    process = subprocess.Popen(
        [sys.executable, "-m", "chainrule", *typed, "2"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8", start_new_session=True,
    )  # fmt: skip
    for _ in range(8):  # then all processes are there: one that is being started would answer by itself
        process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "--resume" in errors


@pytest.mark.skipif(os.name == "nt", reason="Windows can hold no signal")
def test_ctrl_c_while_processes_start_is_left_to_the_one_that_starts_them(tmp_path):
    """Each process that tries settings gets the signal of Ctrl-C as soon as it begins."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, sys\nif 'joblib' in ''.join(sys.orig_argv):\n    print('started')\n    os.kill(os.getpid(), signal.SIGINT)\n"
    )
    path = os.pathsep.join([str(tmp_path), *(part for part in sys.path if part)])
    done = subprocess.run(
        [sys.executable, "-m", "chainrule", *TYPED[:-1], "2"],
        env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, encoding="utf-8", timeout=600, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "started" in done.stdout
    assert "4/4" in done.stdout
