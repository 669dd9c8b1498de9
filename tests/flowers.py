"""Tables of flowers, a model of them, and what the commands of training print: shared by their tests."""

import csv
import subprocess
import sys
import time

import numpy as np
import pytest

import chainrule as cr
from chainrule.cli import main

QUICK = ("--epochs", "12", "--seed", "3")


def flowers(rows=240, seed=1):
    """Two kinds of flowers, distinguished by length and colour; a column that numbers the rows, and one that is the same everywhere."""
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


ENDLESS = ("--epochs", "100000", "--patience", "100000", "--validation", "0.2", "--hidden", "8")


def started(folder, *arguments, **options):
    command = [sys.executable, "-m", "chainrule", "train", "flowers.csv", "--target", "kind", *arguments]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def wait_for(condition, process):
    """Returns when the condition holds; a process that ends before that never meets it."""
    while not condition():
        assert process.poll() is None
        time.sleep(0.02)
