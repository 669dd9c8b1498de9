"""Who watches a training: a function, a notebook; and what an interrupt leaves."""

import os
import signal
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import chainrule as cr
from chainrule.api import watching

ROWS = {"a": [7 * k % 30 for k in range(30)], "b": [k % 7 for k in range(30)], "y": [3.5 * k % 15 for k in range(30)]}
QUICK = {"target": "y", "engine": "written", "hidden": 3, "validation_folds": 0}


def test_a_function_is_called_with_every_report():
    reports = []
    model = cr.train(ROWS, **QUICK, epochs=5, watch=reports.append)
    assert [report.epoch for report in reports] == [1, 2, 3, 4, 5]
    assert tuple(reports) == model.history
    with pytest.raises(cr.InputError, match="watch is a function of a report"):
        cr.train(ROWS, **QUICK, watch="yes")


def test_an_interrupt_returns_the_best_model_so_far(tmp_path):
    def interrupt(report):
        if report.epoch == 7:
            os.kill(os.getpid(), signal.SIGINT)

    model = cr.train(ROWS, **QUICK, epochs=10_000, output=tmp_path / "m.safetensors", watch=interrupt)
    assert model.outcome["reason"] == "interrupted"
    assert model.outcome["epochs"] == 7
    again = cr.Model.load(tmp_path / "m.safetensors")
    assert np.array_equal(again.predict(ROWS), model.predict(ROWS))


def test_who_is_told_to_end_by_the_system_ends(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        cr.train(ROWS, **QUICK, epochs=10_000, watch=lambda report: os.kill(os.getpid(), signal.SIGTERM))


def test_a_notebook_shows_the_curve_while_it_runs(monkeypatch):
    shown = []
    monkeypatch.setattr(watching, "SECONDS", 0.0)
    monkeypatch.setattr(watching, "notebook_output", lambda: lambda html, text: shown.append((html, text)))
    cr.train(ROWS, **QUICK, epochs=3)
    assert len(shown) == 4
    assert "<progress" in shown[2][0]
    assert "epoch 2 / 3" in shown[1][0]
    assert shown[1][1].startswith("epoch 2 / 3 · ")  # where a notebook shows no HTML
    assert "<img" in shown[-1][0]
    assert "<progress" not in shown[-1][0]
    assert "<div>All 3 epochs are done.</div><div>Kept are the weights after epoch 3" in shown[-1][0]
    assert "\nAll 3 epochs are done.\nKept are the weights after epoch 3" in shown[-1][1]


def test_a_notebook_is_known_by_its_kernel(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=SimpleNamespace))
    assert watching.notebook_output() is None


def test_marimo_shows_it_in_place_of_what_it_showed_before(monkeypatch):
    shown = []
    output = SimpleNamespace(replace=shown.append)
    monkeypatch.setitem(sys.modules, "marimo", SimpleNamespace(running_in_notebook=lambda: True, output=output, Html=str))
    watching.notebook_output()("<b>epoch 1</b>", "epoch 1")
    assert shown == ["<b>epoch 1</b>"]
    monkeypatch.setitem(sys.modules, "marimo", SimpleNamespace(running_in_notebook=lambda: False))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=SimpleNamespace))
    assert watching.notebook_output() is None
