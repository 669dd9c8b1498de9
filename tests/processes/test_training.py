"""A whole training by several processes: the numbers, the decisions and the files of one."""

import numpy as np
import pytest
from tests.processes.threads import together

import chainrule as cr
from chainrule.api.doctor import before
from chainrule.api.watching import Watch
from chainrule.processes import launch
from chainrule.training.agreement import check_versions

random = np.random.default_rng(5)
ROWS = 90
TABLE = {
    "length": random.normal(3, 2, ROWS).tolist(),
    "width": random.normal(-1, 0.1, ROWS).tolist(),
    "colour": [["red", "blue", "green"][i % 3] for i in range(ROWS)],
}
TABLE["kind"] = ["ab"[int(a > 3.5)] for a in TABLE["length"]]
TABLE["size"] = [a * b for a, b in zip(TABLE["length"], TABLE["width"], strict=True)]

SETTINGS = {
    "classes": {"target": "kind", "ignore": "size", "class_weights": "balanced", "validation": 0.2, "epochs": 20, "patience": 3},
    "numbers": {"target": "size", "ignore": "kind", "folds": 2, "epochs": 4, "optimizer": cr.adam(0.01, clip_norm=0.5)},
}


class Seen(Watch):
    """What is said about the rows before a run, and the scores that are asked for while it goes on."""

    def __init__(self):
        self.said, self.scores = (), []

    def begins(self, run, training):
        self.said = run.cautions, [*(before(run) if run.processes is None else run.findings)]

    def epoch(self, report, measure):
        self.measure = measure
        if report.epoch % 2:
            self.scores.append(measure().main)

    def ends(self, model, outcome):
        self.scores.append(self.measure().main)


@pytest.mark.parametrize("name", SETTINGS)
def test_numbers_decisions_and_files_are_those_of_one_process(name, tmp_path):
    settings = {"hidden": 6, "precision": "float64", "engine": "written", **SETTINGS[name]}
    one, several = Seen(), Seen()
    alone = cr.train(TABLE, **settings, watch=one)
    path = tmp_path / "model.safetensors"
    others = {"output": path, "log": tmp_path / "log.csv", "watch": several}
    models = together(2, lambda processes: cr.train(TABLE, **settings, processes=processes, **others))
    assert several.said == one.said
    assert [name for name, _ in several.scores] == [name for name, _ in one.scores]
    assert [score for _, score in several.scores] == pytest.approx([score for _, score in one.scores], rel=1e-9)
    kept = cr.Model.load(path)
    for model in (*models, kept):
        assert [one.epoch for one in model.history] == [one.epoch for one in alone.history]  # so it stopped as early
        assert [one.error for one in model.history] == pytest.approx([one.error for one in alone.history], rel=1e-9)
        assert model.source["digest"] == alone.source["digest"]
        assert (model.preparation, model.outcome["reason"]) == (alone.preparation, alone.outcome["reason"])
        assert model.scores.keys() == alone.scores.keys()
        for part, scores in alone.scores.items():
            assert model.scores[part].rows == scores.rows
            assert model.scores[part].main[1] == pytest.approx(scores.main[1], rel=1e-9)
        for key, numbers in alone.network.parameters.items():
            np.testing.assert_allclose(model.network.parameters[key], numbers, rtol=0, atol=1e-9)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["log.csv", "model.safetensors"]


def test_a_run_goes_on_from_its_checkpoint_with_the_same_bytes(tmp_path, monkeypatch):
    settings = {"target": "kind", "ignore": "size", "hidden": 4, "epochs": 6, "engine": "written", "validation": 0.2}
    whole, cut = tmp_path / "whole.safetensors", tmp_path / "cut.safetensors"
    together(2, lambda processes: cr.train(TABLE, **settings, processes=processes, output=whole))

    def lost(training, report=None, checkpoint=None):
        for _ in range(3):
            training.epoch()
        checkpoint(training)
        raise cr.LostProcessError("another process has ended")

    def cut_short():
        together(2, lambda processes: cr.train(TABLE, **settings, processes=processes, output=cut))

    with monkeypatch.context() as patched:
        patched.setattr(cr.Training, "run", lost)
        with pytest.raises(cr.LostProcessError):
            cut_short()
    monkeypatch.setenv(launch.RESTARTS, "1")  # torchrun has started them anew
    cut_short()
    assert cut.read_bytes() == whole.read_bytes()


def test_other_options_and_data_are_refused_by_name():
    def seeds(processes):
        return cr.train(TABLE, target="kind", epochs=1, seed=processes.rank, processes=processes)

    with pytest.raises(cr.InputError, match=r"process 2 of 2 has another option seed: 1, where process 1 has"):
        together(2, seeds)

    def tables(processes):
        table = {name: values[: ROWS - processes.rank] for name, values in TABLE.items()}
        return cr.train(table, target="kind", epochs=1, processes=processes)

    with pytest.raises(cr.InputError, match=r"process 2 of 2 has other data: 89 rows, columns length, .*, where process 1 has 90 rows"):
        together(2, tables)

    def broken(processes):
        table = {**TABLE, "width": [None if processes.rank and i == 4 else w for i, w in enumerate(TABLE["width"])]}
        return cr.train(table, target="kind", epochs=1, processes=processes)

    with pytest.raises(cr.InputError, match=r"process 2 of 2: the data has 1 missing value .row 5, column 'width'"):
        together(2, broken)

    def versions(processes):
        check_versions(processes, f"1.{processes.rank}")

    with pytest.raises(cr.InputError, match=r"process 2 of 2 has another version of chainrule: 1\.1, where process 1 has 1\.0"):
        together(2, versions)
    with pytest.raises(cr.InputError, match="the engine jax trains in one process"):
        together(2, lambda processes: cr.train(TABLE, target="kind", epochs=1, engine="jax", processes=processes))
    with pytest.raises(cr.InputError, match="rank = 2, count = 2"):
        cr.Processes(lambda flat: flat, 2, 2)


def test_a_run_that_diverges_says_why_as_one_process_does():
    settings = {"target": "size", "ignore": "kind", "optimizer": "sgd", "learning_rate": 1e3, "epochs": 9, "hidden": 4}
    said = []
    for run in (lambda: cr.train(TABLE, **settings), lambda: together(2, lambda one: cr.train(TABLE, **settings, processes=one))):
        with pytest.raises(cr.Diverged) as diverged:
            run()
        said.append((diverged.value.step, diverged.value.quantity))
    assert said[0] == said[1]


def test_launchers_are_known_by_what_they_say(monkeypatch):
    for name in (*launch.TORCH, *(name for names in launch.MPI for name in names), launch.RESTARTS):
        monkeypatch.delenv(name, raising=False)
    assert (launch.launched(), launch.count_said(), launch.restarted()) == (None, 1, False)
    monkeypatch.setenv("PMI_RANK", "3")
    monkeypatch.setenv("PMI_SIZE", "4")
    assert launch.count_said() == 4
    with pytest.raises(cr.InputError, match="run it without torchrun or mpirun"):
        cr.sweep(TABLE, target="kind", grid="hidden=2,3")
    monkeypatch.setenv("PMI_SIZE", "1")
    assert launch.launched() is None


def test_bytes_of_every_process_come_whole(monkeypatch):
    said = [b"", bytes(range(256)), b"one", bytes(1000)]
    for at_once in (97, 2**20):
        monkeypatch.setattr("chainrule.processes.together.BYTES_AT_ONCE", at_once)
        assert together(4, lambda processes: processes.contents(said[processes.rank])) == [said] * 4


def test_averaging_every_few_steps_is_another_algorithm_and_says_so():
    settings = {"target": "kind", "ignore": "size", "hidden": 4, "epochs": 4, "validation": 0.2, "batch_size": 8, "reduce_every": 3}
    runs = []
    for engine in ("written", "auto"):
        one, other = together(2, lambda processes, by=engine: cr.train(TABLE, **settings, engine=by, processes=processes))
        assert one.history == other.history
        assert one.history[-1].error < one.history[0].error
        runs.append(one.history[-1].error)
    assert runs[0] == pytest.approx(runs[1], rel=1e-3)  # in float32
    x, t = np.zeros((1, 4)), np.zeros((1, 1))
    with pytest.raises(cr.InputError, match="several processes took 3 steps each by themselves"):
        one.step_at(x, t, 1)
    with pytest.raises(cr.InputError, match="reduce_every says how often several processes average"):
        cr.train(TABLE, **settings)
