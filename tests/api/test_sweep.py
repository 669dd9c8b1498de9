"""Many trainings of one table: what is tried, what chooses, and that nothing is lost."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import nullcontext
from itertools import product

import numpy as np
import pytest

import chainrule as cr
from chainrule.api.grid import combinations, read_grid
from chainrule.base.errors import FileError, InputError, UnknownNameError
from chainrule.training.trials import TRIALS

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(60, 2))
TABLE = {"a": X[:, 0], "b": X[:, 1], "y": X[:, 0] * X[:, 1] + 0.1 * RANDOM.normal(size=60)}
QUICK = {"target": "y", "epochs": 4, "engine": "written", "processes": 1}


def results(found):
    """Everything but how long it took."""
    return [(trial.number, trial.settings, trial.score, trial.error, trial.epochs, trial.failure) for trial in found.trials]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hidden=8,16", {"hidden": [8, 16]}),
        ("hidden=8-8,16 activation=tanh,relu", {"hidden": ["8-8", 16], "activation": ["tanh", "relu"]}),
        ("learning_rate=1e-3..1e-1:3", {"learning_rate": [0.001, 0.01, 0.1]}),
        ("learning-rate=0.1..0.5", {"learning_rate": [0.1, 0.2, 0.3, 0.4, 0.5]}),
        ("seed=0..4", {"seed": [0, 1, 2, 3, 4]}),
        ("hidden=1..3:9", {"hidden": [1, 2, 3]}),
        ("hidden=8..128:5,7", {"hidden": [8, 16, 32, 64, 128, 7]}),
        ("learning_rate=(cosine:rate=0.01,steps=900),0.01", {"learning_rate": ["cosine:rate=0.01,steps=900", 0.01]}),
        ("shuffle=true,false", {"shuffle": [True, False]}),
        ({"hidden": [[4, 4], 8], "seed": range(2)}, {"hidden": [[4, 4], 8], "seed": [0, 1]}),
        ({"network": ["../a.toml"], "seed": np.arange(2)}, {"network": ["../a.toml"], "seed": [0, 1]}),
        ("network=../a.toml seed=1", {"network": ["../a.toml"], "seed": [1]}),
        ({"seed": np.arange(2), "learning_rate": "1..2:2"}, {"seed": [0, 1], "learning_rate": [1, 2]}),
    ],
)
def test_a_grid_is_every_combination(text, expected):
    points = combinations(read_grid(text), None, 0)
    assert points == [dict(zip(expected, values, strict=True)) for values in product(*expected.values())]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hidden",
        "hidden=",
        "hidden=8,",
        "=8",
        "hidden=8 hidden=9",
        "learning_rate=1..x",
        "learning_rate=2..1",
        "seed=1..3:1",
        "seed=1..3:x",
    ],
)
def test_what_is_no_grid_is_refused(text):
    with pytest.raises(InputError):
        combinations(read_grid(text), None, 0)


def test_drawn_trials_lie_anywhere_within_the_ranges_and_come_from_the_seed_alone():
    grid = read_grid("learning_rate=1e-4..1e-1 hidden=4..64 activation=tanh,relu")
    points = combinations(grid, 200, 5)
    assert points == combinations(grid, 200, 5) != combinations(grid, 200, 6)
    rates, sizes = np.log10([point["learning_rate"] for point in points]), [point["hidden"] for point in points]
    assert len(set(rates)) > 150
    assert rates.min() >= -4
    assert rates.max() <= -1
    assert abs(rates.mean() + 2.5) < 0.2
    assert set(map(type, sizes)) == {int}
    assert min(sizes) >= 4
    assert max(sizes) <= 64
    assert len(combinations(read_grid("seed=0,1"), 50, 0)) == 2


def test_a_trial_is_the_training_that_one_would_type_and_the_best_is_kept():
    found = cr.sweep(TABLE, grid={"hidden": [1, 6], "learning_rate": [0.001, 0.03]}, validation=0.3, **QUICK)
    assert (found.count, found.measure, len(found.trials)) == (4, "r2", 4)
    for trial in found.trials:
        alone = cr.train(TABLE, target="y", epochs=4, engine="written", validation=0.3, **trial.settings)
        assert (trial.score, trial.error) == (alone.scores["validation"].main[1], alone.outcome["best_error"])
    scores = [trial.score for trial in found.trials]
    assert scores == sorted(scores, reverse=True)
    assert found.best.scores["validation"].main[1] == scores[0]
    assert found.table()["hidden"] == [trial.settings["hidden"] for trial in found.trials]
    assert "r2" in repr(found)
    assert "| 0.03 |" in found._repr_markdown_().replace("$", "")


def test_of_few_rows_each_is_scored_by_the_network_of_the_fold_without_it():
    found = cr.sweep(TABLE, grid={"hidden": [3]}, **QUICK)
    run = cr.train(TABLE, target="y", epochs=4, engine="written", hidden=3)
    assert found.trials[0].error == run.outcome["best_error"]
    guessed = 1 - found.trials[0].error / 0.5  # E = ½ (y − t)² of standardised targets, whose variance is 1
    assert found.trials[0].score == pytest.approx(guessed, abs=0.02)


def test_with_folds_their_mean_is_the_score():
    found = cr.sweep(TABLE, grid={"hidden": [3]}, folds=3, **QUICK)
    folds = [scores.main[1] for name, scores in found.best.scores.items() if name.startswith("fold")]
    assert len(folds) == 3
    assert found.trials[0].score == pytest.approx(np.mean(folds))


def test_the_rows_of_the_test_choose_nothing():
    other = TABLE | {"y": np.where(np.arange(60) >= 45, 100.0, TABLE["y"])}
    grid = {"hidden": [1, 6], "learning_rate": [0.001, 0.03]}
    first, second = (cr.sweep(table, grid=grid, test="last:0.25", **QUICK) for table in (TABLE, other))
    assert results(first) == results(second)
    assert first.best.scores["test"].main != second.best.scores["test"].main


def test_a_trial_that_fails_costs_the_others_nothing():
    found = cr.sweep(TABLE, grid={"learning_rate": [0.01, 1e5], "optimizer": ["sgd"], "activation": ["relu", "nothing"]}, **QUICK)
    assert sorted(bool(trial.failure) for trial in found.trials) == [False, True, True, True]
    assert not found.trials[0].failure
    assert {trial.failure.split()[0] for trial in found.trials[1:]} == {"diverged", "no"}


def test_a_sweep_that_came_to_nothing_stands_in_no_others_way(tmp_path):
    for activation in ("nothing", "nothing", "tanh"):
        with nullcontext() if activation == "tanh" else pytest.raises(InputError, match="no trial came to a model"):
            cr.sweep(TABLE, grid={"activation": [activation]}, output=tmp_path / "best.safetensors", **QUICK)


def test_where_every_trial_fails_the_reason_is_said():
    with pytest.raises(InputError, match="no trial came to a model; the first one failed: no activation is called 'nothing'"):
        cr.sweep(TABLE, grid={"activation": ["nothing"]}, **QUICK)
    with pytest.raises(InputError, match="ask for validation"):
        cr.sweep(TABLE, grid={"hidden": [2]}, **(QUICK | {"until": 1e-3}))


def test_a_sweep_that_was_cut_short_goes_on_with_the_same_numbers(tmp_path):
    path, grid = tmp_path / "best.safetensors", {"hidden": [1, 2, 3, 4]}
    whole = cr.sweep(TABLE, grid=grid, **QUICK)
    ran = []

    def cut(found, trial):
        ran.append(trial.number)
        if len(ran) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cr.sweep(TABLE, grid=grid, output=path, watch=cut, **QUICK)
    assert cr.Model.load(path).network.size in {trial.settings["hidden"] * 4 + 1 for trial in whole.trials}
    assert len((tmp_path / f"best.safetensors{TRIALS}").read_text().splitlines()) == 3
    found = cr.sweep(TABLE, grid=grid, output=path, resume=True, watch=cut, **QUICK)
    assert ran == [1, 2, 3, 4]
    assert results(found) == results(whole)
    assert cr.Model.load(path).start == found.best.start
    again = cr.sweep(TABLE, grid=grid, output=path, resume=True, watch=cut, **QUICK)
    assert len(ran) == 4
    assert results(again) == results(whole)
    with pytest.raises(InputError, match="began with other grid"):
        cr.sweep(TABLE, grid={"hidden": [1]}, output=path, resume=True, **QUICK)
    with pytest.raises(InputError, match="began with other settings"):
        cr.sweep(TABLE, grid=grid, output=path, resume=True, **(QUICK | {"epochs": 5}))


def test_files_in_the_way_are_named(tmp_path):
    path = tmp_path / "best.safetensors"
    with pytest.raises(FileError, match="no sweep began there"):
        cr.sweep(TABLE, grid={"hidden": [1]}, output=path, resume=True, **QUICK)
    table = tmp_path / f"best.safetensors{TRIALS}"
    for content in ("", "{}", '{"format": "other"}', "[1]", '{"format": "chainrule sweep 1", "measure": "r2"}\n{"x": 1}', "\0"):
        table.write_text(content)
        with pytest.raises(FileError, match="no table of trials"):
            cr.sweep(TABLE, grid={"hidden": [1]}, output=path, resume=True, **QUICK)
    with pytest.raises(FileError, match="exists already"):
        cr.sweep(TABLE, grid={"hidden": [1]}, output=path, **QUICK)
    assert cr.sweep(TABLE, grid={"hidden": [1]}, output=path, force=True, **QUICK).best is not None
    assert [json.loads(line) for line in table.read_text().splitlines()][1]["settings"] == {"hidden": 1}


@pytest.mark.parametrize(
    ("asked", "kind", "said"),
    [
        ({"grid": {"target": ["y"]}}, UnknownNameError, "must be the same in every trial"),
        ({"grid": {"hiden": [1]}}, UnknownNameError, "Did you mean 'hidden'"),
        ({"grid": {"hidden": [1]}, "hidden": 3}, InputError, "is set as well"),
        ({"grid": {"hidden": [1]}, "epoch": 3}, UnknownNameError, "Did you mean 'epochs'"),
        ({"grid": {"hidden": range(200), "seed": range(200)}}, InputError, "40,000 combinations"),
        ({"grid": {"hidden": [1]}, "trials": 0}, InputError, "number of trials"),
        ({"grid": {"hidden": [1]}, "cluster": "slurm:x", "processes": None}, InputError, "dask:ADDRESS"),
        ({"grid": {"hidden": [1]}, "resume": True}, InputError, "nothing to go on with"),
        ({"grid": {"hidden": [1]}, "output": "best.model"}, FileError, "safetensors"),
        ({"grid": {"hidden": [1]}, "output": "none/best.safetensors"}, FileError, "no folder none"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_runs(asked, kind, said):
    with pytest.raises(kind, match=said):
        cr.sweep(TABLE, **(QUICK | asked))


OWN = """
import os, signal
import chainrule as cr

@cr.activation
def mine(z):
    return z * cr.sigmoid(z)

@cr.activation
def deadly(z):
    if os.getpid() != PARENT:
        os.kill(os.getpid(), signal.SIGKILL)
    return z
"""


def test_processes_come_to_the_same_also_with_definitions_of_a_persons_own(tmp_path):
    (tmp_path / "own.py").write_text(OWN.replace("PARENT", str(os.getpid())))
    made = cr.load_file(str(tmp_path / "own.py"))
    try:
        grid = {"activation": ["mine", "relu"], "hidden": [2]}
        one, two = (cr.sweep(TABLE, grid=grid, **(QUICK | {"processes": processes})) for processes in (1, 2))
        assert results(one) == results(two)
        if hasattr(signal, "SIGKILL"):
            with pytest.raises(InputError, match="was killed"):
                cr.sweep(TABLE, grid={"activation": ["deadly"], "hidden": [2, 3]}, **(QUICK | {"processes": 2}))
    finally:
        from chainrule.network.definitions import REGISTRY

        for definition in made:
            del REGISTRY["activation"][definition.name]


@pytest.mark.proof
@pytest.mark.filterwarnings("ignore")  # the cluster's own
def test_a_cluster_of_dask_comes_to_the_same():
    from distributed import LocalCluster

    grid = {"hidden": [1, 6, 3]}
    with LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as cluster:
        there = cr.sweep(TABLE, grid=grid, **(QUICK | {"processes": None, "cluster": f"dask:{cluster.scheduler_address}"}))
    assert results(there) == results(cr.sweep(TABLE, grid=grid, **QUICK))
    with pytest.raises(InputError, match="does not answer"):
        cr.sweep(TABLE, grid=grid, **(QUICK | {"processes": None, "cluster": "dask:tcp://127.0.0.1:1"}))


@pytest.mark.proof
@pytest.mark.filterwarnings("ignore")  # the cluster's own
def test_a_cluster_of_ray_comes_to_the_same(tmp_path, monkeypatch):
    monkeypatch.setenv("RAY_AUTH_MODE", "token")  # as is usual; and a token of this cluster's own, not what lies in a person's folder
    monkeypatch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
    pytest.importorskip("ray")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    options = ("--num-cpus", "2", "--include-dashboard", "false", "--disable-usage-stats", "--object-store-memory", str(100 << 20))
    start = (sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", "--node-ip-address", "127.0.0.1")
    with (tmp_path / "said").open("w") as said, subprocess.Popen([*start, "--port", address[10:], *options], stdout=said) as head:
        try:
            while "block forever" not in (tmp_path / "said").read_text():
                assert head.poll() is None
                time.sleep(0.1)
            grid = {"hidden": [1, 6, 3]}
            there = cr.sweep(TABLE, grid=grid, **(QUICK | {"processes": None, "cluster": f"ray:{address}"}))
        finally:
            head.terminate()
    assert results(there) == results(cr.sweep(TABLE, grid=grid, **QUICK))
