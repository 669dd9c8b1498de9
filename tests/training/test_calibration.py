"""Temperatures: found anew by brute force, divided out of the kept weights, and without effect where no classes are told."""

import json
import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
from tests.runs import network, rings, same

import chainrule as cr
from chainrule.base.errors import InputError
from chainrule.document.words import Words
from chainrule.reports.lines import lines_of_kept
from chainrule.training.calibration import HIGHEST, calibrated_layer, temperature
from chainrule.training.kept import Kept
from chainrule.training.loop import Training
from chainrule.training.plan import Plan


def log_loss(z, t, s=None):
    z = np.hstack([0 * z, z]) if z.shape[1] == 1 else z
    t = np.hstack([1 - t, t]) if t.shape[1] == 1 else t
    top = z.max(axis=1, keepdims=True)
    return np.average((np.log(np.exp(z - top).sum(axis=1)) + top[:, 0]) - (z * t).sum(axis=1), weights=s)


@pytest.mark.parametrize("classes", [1, 2, 5])
@pytest.mark.parametrize(("sureness", "weighted"), [(0.3, True), (2.0, False), (6.0, True), (500.0, False)])
def test_the_temperature_is_that_of_a_search_through_all(classes, sureness, weighted):
    """Logits of which a third tells another class than the targets: none of the temperatures tried has a lower log loss."""
    random = np.random.default_rng(classes)
    labels, told = random.integers(0, max(2, classes), (2, 200))
    told = np.where(random.random(200) < 0.65, labels, told)
    one_hot = (lambda k: k[:, None]) if classes == 1 else (lambda k: np.eye(classes)[k])
    z = sureness * (one_hot(told) - 0.5 + random.normal(0, 0.3, (200, classes)))
    t, s = one_hot(labels).astype(float), random.random(200) if weighted else None
    found = temperature(z, t, s)
    tried = np.exp(np.linspace(0, np.log(HIGHEST), 600))
    losses = [log_loss(z / T, t, s) for T in tried]
    assert found == pytest.approx(tried[np.argmin(losses)], rel=1e-2)
    assert log_loss(z / found, t, s) <= min(losses) + 1e-12


def noisy(rows=120):
    """Rings of which every eighth row is of another class than it lies on, so that networks grow too sure."""
    x, _, labels = rings(rows)
    labels = np.where(np.arange(rows) % 8 == 1, (labels + 1) % 3, labels)
    return x, np.eye(3)[labels], labels


def plan_of(**settings):
    return Plan(**{"epochs": 120, "batch_size": 16, "patience": None, "calibrate": True, "optimizer": cr.adam(0.05), **settings})


def logits(parameters, keys, x):
    W1, b1, W2, b2 = (np.asarray(dict(zip(keys, parameters, strict=False))[key], dtype=float) for key in ("W1", "b1", "W2", "b2"))
    return np.tanh(x @ W1 + b1) @ W2 + b2


@pytest.mark.parametrize("average", [False, True])
@pytest.mark.parametrize("folds", [0, 3])
def test_divided_weights_are_kept_where_they_are_clearly_better_than_any_undivided(folds, average):
    """Temperatures and errors of every epoch, and which of them is kept, by a program of its own."""
    x, t, _ = noisy()
    parts = {} if folds else {"validation": (x[80:], t[80:])}
    rows = slice(None if folds else 80)
    plan = plan_of(average_weights=average, validation_folds=folds)
    run, plain = (Training(network(), x[rows], t[rows], replace(plan, calibrate=calibrate), **parts) for calibrate in (True, False))
    seen = [(run.start_error, None)]
    start, kept = run.start_error, (0, run.start_error, 1.0)
    for epoch in range(1, plan.epochs + 1):
        report, usual = run.epoch(), plain.epoch()
        assert all(map(np.array_equal, plain.state, run.state))  # training goes on as it would without
        assert report.validation_error == usual.validation_error
        networks = run.fold_networks or [run]
        held_out = [one.held_out for one in run.fold_networks] or [run.validation]
        z = np.concatenate([logits(one.evaluated, run.keys, part[0]) for one, part in zip(networks, held_out, strict=True)])
        told = np.concatenate([part[1] for part in held_out])
        T = temperature(z, told)
        error, divided = log_loss(z, told), log_loss(z / T, told)
        assert report.validation_error == pytest.approx(error, rel=1e-6)
        seen.append((error, [np.array(array) for array in run.evaluated]))
        lowest = min(one for one, _ in seen)
        if error == lowest:
            kept = (epoch, error, 1.0) if error < kept[1] else kept
        elif epoch % 10 == 0 and divided < kept[1] and lowest - divided > (start - divided) / 50:
            kept = epoch, divided, T
    epoch, error, T = kept
    assert run.best_epoch == epoch
    assert run.best_error == pytest.approx(error, rel=1e-6)
    assert run.kept.temperature == pytest.approx(T, rel=1e-5)
    assert T > 1.1
    assert run.best_error < min(one for one, _ in seen) == pytest.approx(plain.best_error, rel=1e-6)
    for key, array in zip(run.keys, seen[epoch][1], strict=False):
        assert run.best_network.parameters[key] == pytest.approx(array / (run.kept.temperature if key in ("W2", "b2") else 1), rel=1e-12)


def test_where_no_temperature_is_clearly_better_the_same_weights_are_kept_as_without():
    x, t, _ = rings(120)
    run, plain = (Training(network(), x, t, plan_of(validation_folds=3, calibrate=calibrate)) for calibrate in (True, False))
    run.run(), plain.run()
    assert run.kept.temperature == 1
    assert run.best_epoch == plain.best_epoch
    assert same(run.best_network.parameters, plain.best_network.parameters)


def test_what_is_kept_at_the_edges():
    """Infinite and NaN errors, and a lower undivided error that comes later."""
    start = Kept.at_start(math.nan)
    assert start.after(1, math.nan, math.nan, 2.0, math.nan) is start
    first = start.after(1, 1.0, 0.9, 1.5, math.inf)
    assert first == Kept(1, 1.0, 1.0, 1.0)
    assert first.after(2, 1.1, 0.97, 2.0, 3.0) is first  # 0.03 is less than a fiftieth of 2.03
    divided = first.after(2, 1.1, 0.8, 2.0, 3.0)
    assert divided == Kept(2, 0.8, 2.0, 1.0)
    lower = divided.after(3, 0.95, 0.7, 1.2, 3.0)
    assert lower == Kept(2, 0.8, 2.0, 0.95)
    assert lower.after(4, 0.79, 0.79, 1.0, 3.0) == Kept(4, 0.79, 1.0, 0.79)
    for one in (start, first, divided, lower):
        assert Kept.from_dict(json.loads(json.dumps(one.to_dict()))) == one


@pytest.mark.parametrize("folds", [0, 3])
def test_a_calibrated_run_is_resumed_and_copied_bit_for_bit(folds):
    x, t, _ = noisy()
    plan = plan_of(validation_folds=folds, average_weights=True, precision="float32")
    held_out = {} if folds else {"validation": (x[80:], t[80:])}
    unbroken, broken = (Training(network(), x[:80], t[:80], plan, **held_out) for _ in range(2))
    unbroken.run()
    assert unbroken.kept.temperature > 1
    for _ in range(35):
        broken.epoch()
    record = json.loads(json.dumps(broken.record()))
    for run in (
        Training.resumed(network(), x[:80], t[:80], plan, broken.arrays(), record, **held_out),
        pickle.loads(pickle.dumps(broken)),
    ):
        assert run.kept == broken.kept
        run.run()
        assert same(unbroken.arrays(), run.arrays())
        assert unbroken.record() == run.record()
    with pytest.raises(InputError, match="calibrate"):
        Training.resumed(network(), x[:80], t[:80], replace(plan, calibrate=False), broken.arrays(), broken.record(), **held_out)


def test_only_a_dense_layer_of_its_own_before_one_softmax_or_sigmoid_is_divided():
    shared, dense = cr.dense(3), cr.dense
    tells = [
        (cr.Network(2, dense(4, "tanh"), dense(3), loss="cross_entropy"), True),
        (cr.Network(2, dense(3), loss="cross_entropy_from_logits"), True),
        (cr.Network(2, dense(4, "tanh"), dense(1), loss="binary_cross_entropy"), True),
        (cr.Network(2, dense(1), loss="binary_cross_entropy_from_logits"), True),
        (cr.Network(2, dense(2), loss="binary_cross_entropy"), False),
        (cr.Network(2, dense(3)), False),
        (cr.Network(2, dense(3, "softmax"), loss="half_squared"), False),
        (cr.Network(2, dense(3), loss="cross_entropy", regularizer="l2"), False),
        (cr.Network(2, dense(3), loss="cross_entropy", frozen=["W1[1,1]"]), False),
        (cr.Network(3, lambda x: shared(shared(x)), loss="cross_entropy_from_logits"), False),
        (cr.Network(2, lambda x: {"one": dense(3)(x), "two": dense(2)(x)}, loss="cross_entropy"), False),
        (cr.Network(3, lambda x: cr.multiply()(dense(3)(x), dense(3)(x)), loss="cross_entropy_from_logits"), False),
    ]
    for one, told in tells:
        assert (calibrated_layer(one) is not None) is told, one


def test_numbers_are_learned_as_without_and_what_cannot_be_is_refused():
    x = np.random.default_rng(1).normal(size=(90, 2))
    numbers, classes = ({"a": x[:, 0], "b": x[:, 1], "y": y} for y in (x.sum(axis=1), np.where(x[:, 0] > x[:, 1], "p", "q")))
    usual, without = (cr.train(numbers, target="y", epochs=20, calibrate=calibrate) for calibrate in (None, False))
    assert same(usual.network.parameters, without.network.parameters)
    assert usual.plan == without.plan
    with pytest.raises(InputError, match="one softmax or one sigmoid"):
        cr.train(numbers, target="y", epochs=2, calibrate=True)
    for asked in ({"validation_folds": 0}, {"until": 1e-3}):
        with pytest.raises(InputError, match="validation rows or folds that decide"):
            cr.train(classes, target="y", epochs=2, calibrate=True, **asked)
        assert not cr.train(classes, target="y", epochs=2, **asked).plan.calibrate
    assert cr.train(classes, target="y", epochs=2).plan.calibrate


def test_what_was_divided_is_said():
    x, _, labels = noisy()
    rows = {"a": x[:, 0], "b": x[:, 1], "y": np.array(["p", "q", "r"])[labels]}
    for settings in ({}, {"average_weights": False}):
        model = cr.train(rows, target="y", epochs=100, learning_rate=0.03, **settings)
        said = f"{model.outcome['temperature']:.2f}".rstrip("0")
        assert float(said) > 1
        for language, words_of_it in (
            ("en", f"divided by the temperature T = {said}:"),
            ("de", f"Temperatur T = {said} geteilt:".replace(".", ",")),
        ):
            words = Words(language)
            assert words_of_it in words.decimal(list(lines_of_kept(words, model))[-1])
    plain = cr.train(rows, target="y", epochs=100, learning_rate=0.03, calibrate=False)
    assert "temperature" not in str(list(lines_of_kept(Words("en"), plain)))
