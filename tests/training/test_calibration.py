"""Temperatures: found anew by brute force, divided out of the kept weights, and without effect where no classes are told."""

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
from chainrule.training.calibration import HIGHEST, calibrated_layer, temperature
from chainrule.training.loop import Training
from chainrule.training.plan import Plan


def log_loss(z, t, s=None):
    z = np.hstack([0 * z, z]) if z.shape[1] == 1 else z
    t = np.hstack([1 - t, t]) if t.shape[1] == 1 else t
    top = z.max(axis=1, keepdims=True)
    return np.average((np.log(np.exp(z - top).sum(axis=1)) + top[:, 0]) - (z * t).sum(axis=1), weights=s)


@pytest.mark.parametrize("classes", [1, 2, 5])
@pytest.mark.parametrize("sureness", [0.3, 2.0, 6.0, 500.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_temperature_is_that_of_a_search_through_all(classes, sureness, weighted):
    """Logits of which a third tells another class than the targets: none of the temperatures tried has a lower log loss."""
    random = np.random.default_rng(classes)
    labels, told = random.integers(0, max(2, classes), (2, 200))
    told = np.where(random.random(200) < 0.65, labels, told)
    one_hot = (lambda k: k[:, None]) if classes == 1 else (lambda k: np.eye(classes)[k])
    z = sureness * (one_hot(told) - 0.5 + random.normal(0, 0.3, (200, classes)))
    t, s = one_hot(labels).astype(float), random.random(200) if weighted else None
    found = temperature(z, t, s)
    tried = np.exp(np.linspace(0, np.log(HIGHEST), 4000))
    losses = [log_loss(z / T, t, s) for T in tried]
    assert found == pytest.approx(tried[np.argmin(losses)], rel=2e-3)
    assert log_loss(z / found, t, s) <= min(losses) + 1e-12


def noisy(rows=120):
    """Rings of which every fourth row is of another class than it lies on, so that networks grow too sure."""
    x, _, labels = rings(rows)
    labels = np.where(np.arange(rows) % 4 == 1, (labels + 1) % 3, labels)
    return x, np.eye(3)[labels], labels


def plan_of(**settings):
    return Plan(**{"epochs": 80, "batch_size": 16, "patience": None, "calibrate": True, "optimizer": cr.adam(0.05), **settings})


def logits(parameters, keys, x):
    W1, b1, W2, b2 = (np.asarray(dict(zip(keys, parameters, strict=False))[key], dtype=float) for key in ("W1", "b1", "W2", "b2"))
    return np.tanh(x @ W1 + b1) @ W2 + b2


@pytest.mark.parametrize("average", [False, True])
def test_epochs_are_judged_behind_their_temperature_and_kept_divided_by_it(average):
    """Temperatures and errors of every epoch, of one part and of folds, by a program of its own."""
    x, t, _ = noisy()
    apart = Training(network(), x[:80], t[:80], plan_of(average_weights=average), validation=(x[80:], t[80:]))
    beside = Training(network(), x, t, plan_of(average_weights=average, validation_folds=3))
    plain = Training(network(), x, t, replace(beside.plan, calibrate=False))
    kept = []
    for _ in range(apart.plan.epochs):
        for run in (apart, beside):
            report = run.epoch()
            parts = run.fold_networks or [run]
            held_out = [one.held_out for one in run.fold_networks] or [run.validation]
            z = np.concatenate([logits(one.evaluated, run.keys, part[0]) for one, part in zip(parts, held_out, strict=True)])
            told = np.concatenate([part[1] for part in held_out])
            T = temperature(z, told)
            assert run.temperature == pytest.approx(T, rel=1e-5)
            assert report.validation_error == pytest.approx(log_loss(z / T, told), rel=1e-6)
            if run is apart:
                kept.append((report.validation_error, T, [np.array(array) for array in run.evaluated]))
        plain.epoch()
        assert all(map(np.array_equal, plain.state, beside.state))  # training goes on as it would without
    best = int(np.argmin([error for error, *_ in kept]))
    assert apart.best_epoch == best + 1
    assert apart.best_temperature == pytest.approx(kept[best][1], rel=1e-5)
    assert max(T for _, T, _ in kept) > 1.1
    for key, array in zip(apart.keys, kept[best][2], strict=False):
        by = apart.best_temperature if key in ("W2", "b2") else 1
        assert apart.best_network.parameters[key] == pytest.approx(array / by, rel=1e-12)


@pytest.mark.parametrize("folds", [0, 3])
def test_a_calibrated_run_is_resumed_and_copied_bit_for_bit(folds):
    x, t, _ = noisy()
    plan = plan_of(epochs=40, validation_folds=folds, average_weights=True, precision="float32")
    held_out = {} if folds else {"validation": (x[80:], t[80:])}
    unbroken, broken = (Training(network(), x[:80], t[:80], plan, **held_out) for _ in range(2))
    unbroken.run()
    assert unbroken.temperature > 1
    for _ in range(35):
        broken.epoch()
    record = json.loads(json.dumps(broken.record()))
    for run in (
        Training.resumed(network(), x[:80], t[:80], plan, broken.arrays(), record, **held_out),
        pickle.loads(pickle.dumps(broken)),
    ):
        assert (run.temperature, run.best_temperature) == (broken.temperature, broken.best_temperature)
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
    model, plain = (cr.train(rows, target="y", epochs=100, learning_rate=0.03, calibrate=calibrate) for calibrate in (None, False))
    said = f"{model.outcome['temperature']:.2f}".rstrip("0")
    assert float(said) > 1
    for language, begun, number in (("en", "are divided by T = ", said), ("de", "sind durch T = ", said.replace(".", ","))):
        words = Words(language)
        assert f"{begun}{number}" in words.decimal(list(lines_of_kept(words, model))[-1])
        assert len(list(lines_of_kept(words, plain))) == 1


def test_a_step_tells_that_the_epoch_is_judged_with_the_last_layer_divided():
    x, t, _ = noisy()
    run = Training(network(), x, t, plan_of(validation_folds=3))
    last, first = run.step_at(run.steps_per_epoch), run.step_at(1)
    assert "W2, b2 divided by a temperature" in " ".join(str(last.explain(detail="matrix")).split())
    assert "temperature" not in str(first.explain(detail="matrix"))
