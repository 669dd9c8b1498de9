"""Averages of the weights: which are evaluated and kept, against sums of its own; and that a run with them goes on as it was."""

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
from tests.runs import network, rings, same

import chainrule as cr
from chainrule.base.errors import InputError
from chainrule.document.words import Words
from chainrule.reports.lines import lines_of_kept
from chainrule.training.loop import Training
from chainrule.training.plan import Plan


def test_averages_of_the_weights_are_judged_and_kept_as_an_independent_sum_says():
    """Every epoch's weights are taken from the run itself; their averages, the errors of these, and which one is kept, are found anew."""
    x, t, _ = rings(80)
    plan = Plan(epochs=60, batch_size=16, patience=None, average_weights=True, optimizer=cr.adam(0.03), precision="float64")
    run = Training(network(), x[:60], t[:60], plan, validation=(x[60:], t[60:]))
    beside = Training(network(), x[:60], t[:60], replace(plan, validation_folds=3))
    mean = [np.array(array) for array in run.evaluated]
    means = {one.places.tobytes(): [np.array(array) for array in run.evaluated] for one in beside.fold_networks}
    best, errors = None, []
    for epoch in range(1, plan.epochs + 1):
        report, after = run.epoch(), beside.epoch()
        share = 1 if epoch <= 10 else 10 / epoch if epoch < 100 else 0.1
        mean = [m * (1 - share) + w * share for m, w in zip(mean, run.state, strict=False)]
        error = _error(mean, run.keys, x[60:], t[60:])
        assert report.validation_error == pytest.approx(error, rel=1e-9)
        errors.append(error)
        best = mean if error == min(errors) else best
        of_folds = []
        for one in beside.fold_networks:
            fold = means[one.places.tobytes()]
            fold[:] = [m * (1 - share) + w * share for m, w in zip(fold, one.state, strict=False)]
            of_folds.append(_error(fold, run.keys, x[one.places], t[one.places]) * len(one.places) / 60)
        assert after.validation_error == pytest.approx(sum(of_folds), rel=1e-9)
    assert run.best_epoch == 1 + int(np.argmin(errors)) > 10
    assert best is not None
    for key, array in zip(run.keys, best, strict=False):
        assert run.best_network.parameters[key] == pytest.approx(array, rel=1e-9, abs=1e-12)
    assert any(not np.allclose(a, b) for a, b in zip(run.evaluated, run.state, strict=False))


def _error(parameters, keys, x, t):
    """The cross-entropy of a 2-6-3 network, in plain NumPy."""
    W1, b1, W2, b2 = (dict(zip(keys, parameters, strict=False))[key] for key in ("W1", "b1", "W2", "b2"))
    z = np.tanh(x @ W1 + b1) @ W2 + b2
    return np.mean(np.log(np.exp(z).sum(axis=1)) - (z * t).sum(axis=1))


@pytest.mark.parametrize("folds", [0, 3])
def test_a_run_with_averages_is_resumed_and_copied_bit_for_bit(folds):
    x, t, _ = rings(80)
    plan = Plan(epochs=26, batch_size=16, validation_folds=folds, average_weights=True, precision="float32")
    held_out = {} if folds else {"validation": (x[60:], t[60:])}
    unbroken, broken = (Training(network(), x[:60], t[:60], plan, **held_out) for _ in range(2))
    unbroken.run()
    for _ in range(15):
        broken.epoch()
    resumed = Training.resumed(network(), x[:60], t[:60], plan, broken.arrays(), json.loads(json.dumps(broken.record())), **held_out)
    copied = pickle.loads(pickle.dumps(broken))
    for run in (resumed, copied):
        run.run()
        assert same(unbroken.arrays(), run.arrays())
        assert unbroken.history == run.history
    with pytest.raises(InputError, match="average_weights"):
        Training.resumed(network(), x[:60], t[:60], replace(plan, average_weights=False), broken.arrays(), broken.record(), **held_out)


def test_where_the_training_error_decides_no_average_is_kept():
    x, t, _ = rings()
    run = Training(network(), x, t, Plan(epochs=30, batch_size=16, until=1e-3, average_weights=True), validation=(x, t))
    run.run()
    assert all(map(np.array_equal, run.evaluated, run.state))


def test_averages_are_refused_where_nothing_judges_them():
    rows = {"a": list(range(90)), "y": [value % 7 / 2 for value in range(90)]}
    for asked in ({"validation_folds": 0}, {"until": 1e-3}):
        with pytest.raises(InputError, match="its validation error says, and none is measured here"):
            cr.train(rows, target="y", epochs=2, average_weights=True, **asked)
    assert not cr.train(rows, target="y", epochs=2, average_weights=False).plan.average_weights
    assert cr.train(rows, target="y", epochs=2).plan.average_weights


@pytest.mark.parametrize(("epochs", "averaged"), [(5, False), (40, True)])
def test_what_is_kept_is_called_an_average_where_it_is_one(epochs, averaged):
    random = np.random.default_rng(2)
    x = random.normal(size=(200, 2))
    model = cr.train({"a": x[:, 0], "b": x[:, 1], "y": x.sum(axis=1)}, target="y", epochs=epochs)
    (line,) = lines_of_kept(Words(), model)
    assert model.outcome["best_epoch"] == epochs
    assert ("moving average" in line) is model.keeps_average is averaged
