"""The loop: determinism, resuming, early stopping, weights of examples, and looking into any step."""

import json
import math
import os
import signal
from dataclasses import replace

import numpy as np
import pytest
from tests.runs import SEED, held_out, network, rings, same

import chainrule as cr
from chainrule.base.errors import DescriptionError, InputError, ShapeError
from chainrule.engines import epoch as passes
from chainrule.engines.compiled.engine import Compiled
from chainrule.formula.evaluation import evaluate
from chainrule.training import history
from chainrule.training.history import MOST_REPORTS
from chainrule.training.kept import Kept
from chainrule.training.loop import Training
from chainrule.training.plan import MOST_EPOCHS, NUMBERS_AT_ONCE, Plan, Shuffled

# The loop


def test_the_seed_reaches_an_error_of_1e_12():
    outcome = Training(SEED, [[8, 12]], [[4]], Plan(until=1e-12, optimizer=cr.sgd(0.00767))).run()
    assert outcome.reason == "until"
    assert outcome.last.epoch <= 6
    assert outcome.network.predict([[8, 12]]).item() == pytest.approx(4, abs=1e-6)
    assert outcome.best_error < 1e-12


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "rmsprop", {"name": "adam", "clip_norm": 1.0}, cr.adam(cr.exponential())])
def test_epochs_are_steps_on_batches_one_after_the_other(optimizer):
    """The loop against `Step`, which the rest of the package proves: states, k and schedules go on over batches and epochs."""
    x, t, _ = rings(20)
    training = Training(network(), x, t, Plan(batch_size=8, optimizer=optimizer))
    for _ in range(2):
        training.epoch()
    step, k = None, 0
    random = np.random.default_rng([0, 1])
    for _ in range(2):
        rows = random.permutation(20)
        for start in (0, 8, 16):
            k += 1
            step = training.step_at(k)
            part = rows[start : start + 8]
            assert np.array_equal(step.x, x[part])
            assert np.array_equal(step.t, t[part])
            assert step.number == k
    assert step is not None
    assert k == training.step == 6
    for key, parameter in step.new_parameters.items():
        np.testing.assert_allclose(parameter, dict(zip(training.keys, training.state, strict=True))[key], rtol=1e-12, atol=1e-15)


def test_a_step_of_the_run_has_the_error_of_the_log():
    x, t, _ = rings()
    training = Training(network(), x, t, Plan(batch_size=90))
    for _ in range(5):
        report = training.epoch()
        assert training.step_at(report.step).error == pytest.approx(report.error, rel=1e-13)
    batches = Training(network(), x, t, Plan(batch_size=30))
    report = batches.epoch()
    assert np.mean([batches.step_at(number).error for number in (1, 2, 3)]) == pytest.approx(report.error, rel=1e-13)
    with pytest.raises(DescriptionError):
        training.step_at(0)


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others():
    x, t, _ = rings()
    runs = [Training(network(), x, t, Plan(epochs=20, batch_size=16, seed=seed), **held_out(x, t)) for seed in (1, 1, 2)]
    for run in runs:
        run.run()
    assert same(runs[0].arrays(), runs[1].arrays())
    assert runs[0].history == runs[1].history
    assert not same(runs[0].arrays(), runs[2].arrays())


@pytest.mark.parametrize("rows", [10, NUMBERS_AT_ONCE // 5, NUMBERS_AT_ONCE + 1])
def test_the_order_of_an_epoch_is_the_same_whenever_it_is_asked_for(rows):
    shuffled, again = Shuffled(3, rows), Shuffled(3, rows)
    epochs_at_once = {10: MOST_EPOCHS, NUMBERS_AT_ONCE // 5: 5, NUMBERS_AT_ONCE + 1: 1}[rows]
    assert shuffled.epochs_at_once == epochs_at_once
    orders = [shuffled.order(epoch).tolist() for epoch in range(1, 2 * epochs_at_once + 7)]
    assert len(set(map(tuple, orders))) == len(orders)
    assert all(sorted(order) == list(range(rows)) for order in orders)
    for epoch in (
        epochs_at_once,
        epochs_at_once + 1,
        1,
        2 * epochs_at_once + 5,
        2 * epochs_at_once + 5,
        2 * epochs_at_once + 6,
        epochs_at_once,
    ):
        assert again.order(epoch).tolist() == orders[epoch - 1]


def test_rows_that_are_gathered_in_blocks_are_the_same_rows(monkeypatch):
    x, t, _ = rings()
    runs = []
    for block in (passes.BLOCK, 2000):
        monkeypatch.setattr(passes, "BLOCK", block)
        runs.append(Training(network(), x, t, Plan(epochs=3, batch_size=16)))
        runs[-1].run()
    assert same(runs[0].arrays(), runs[1].arrays())


def test_data_on_a_disk_is_trained_on_like_data_in_memory(tmp_path):
    x, t, _ = rings()
    np.save(tmp_path / "x.npy", x)
    runs = [Training(network(), rows, t, Plan(epochs=3, batch_size=16)) for rows in (x, np.load(tmp_path / "x.npy", mmap_mode="r"))]
    for run in runs:
        run.run()
    assert same(runs[0].arrays(), runs[1].arrays())
    assert runs[0].digest == runs[1].digest


def test_early_stopping_keeps_the_best_weights():
    random = np.random.default_rng(0)
    x, t = random.normal(size=(60, 2)), np.eye(3)[random.integers(3, size=60)]  # nothing to learn but the noise
    training = Training(network(), x[:40], t[:40], Plan(epochs=2000, patience=15, optimizer=cr.adam(0.05)), validation=(x[40:], t[40:]))
    outcome = training.run()
    assert outcome.reason == "patience"
    assert outcome.last.epoch == outcome.best_epoch + 15
    errors = [report.validation_error for report in training.history]
    assert outcome.best_error == min([training.start_error, *errors])
    derivation = outcome.network.derivation
    best = evaluate([derivation.error], {derivation.x: x[40:], derivation.targets[0]: t[40:], **outcome.network.bindings()})[
        derivation.error
    ]
    assert float(best) == pytest.approx(outcome.best_error, rel=1e-12)


@pytest.mark.parametrize(("fall", "epochs", "gained"), [(1e-4, 5, 1), (2e-4, 20, 19), (0.0, 5, 1)])
def test_patience_counts_what_is_learned(fall, epochs, gained, monkeypatch):
    """The error falls by 0.5 at once, then so much an epoch: 0.0005 within four epochs are worth it."""
    x, t, _ = rings()
    training = Training(network(), x[:70], t[:70], Plan(epochs=20, patience=4, engine="written"), **held_out(x, t))
    training.start_error = training.gained_error = 1.0
    training.kept = Kept.at_start(1.0)
    monkeypatch.setattr(training, "judged", lambda state: 0.5 - fall * training.epochs)
    outcome = training.run()
    assert (training.epochs, training.gained_epoch) == (epochs, gained)
    assert outcome.reason == ("epochs" if epochs == 20 else "patience")
    assert outcome.best_epoch == (epochs if fall else 1)


def test_an_infinite_error_is_nothing_gained(monkeypatch):
    x, t, _ = rings()
    training = Training(network(), x[:70], t[:70], Plan(epochs=9, patience=4, engine="written"), **held_out(x, t))
    monkeypatch.setattr(training, "judged", lambda state: math.inf if training.epochs else 0.5)
    training.run()
    assert (training.epochs, training.gained_epoch, training.gained_error, training.best_epoch) == (5, 1, 0.5, 1)


@pytest.mark.parametrize(("still", "epochs"), [(7, 20), (12, 10)])
def test_an_error_that_stands_still_at_first_may_fall_on(still, epochs, monkeypatch):
    """After so many epochs it falls again; patience of 4 ends no run before epoch 10, and then what did not fall within 4."""
    x, t, _ = rings()
    plan = Plan(epochs=20, patience=4, fewest_epochs=10, engine="written")
    training = Training(network(), x[:70], t[:70], plan, **held_out(x, t))
    training.start_error = training.gained_error = 1.0
    training.kept = Kept.at_start(1.0)
    monkeypatch.setattr(training, "judged", lambda state: 0.5 - 0.01 * max(0, training.epochs - still))
    assert (training.run().reason, training.epochs) == ("epochs" if epochs == 20 else "patience", epochs)
    assert Plan.from_dict(plan.to_dict()) == plan


@pytest.mark.parametrize("batch", ["mean", "sum"])
@pytest.mark.parametrize("engine", [passes.Written, Compiled])
def test_the_error_of_many_rows_is_that_of_all_at_once(engine, batch):
    network = cr.Network(2, cr.dense(1), regularizer=cr.l2(0.5), batch=batch)
    rng = np.random.default_rng(1)
    x, t, state = rng.normal(size=(77, 2)), rng.normal(size=(77, 1)), tuple(rng.normal(size=shape) for shape in network.shapes.values())
    graph = network.derivation
    whole = evaluate([graph.error], dict(zip([graph.x, *graph.targets, *graph.parameters], [x, t, *state], strict=True)))[graph.error]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passes, "MEASURED_AT_ONCE", 30)
        assert engine(network, cr.sgd(0.1)).error((x, t), state) == pytest.approx(float(whole), rel=1e-12)


def test_until_is_about_the_training_error_and_heeds_no_patience():
    x, t, _ = rings()
    plan = Plan(epochs=500, patience=1, until=0.05, optimizer=cr.adam(0.05))
    outcome = Training(network(), x[:70], t[:70], plan, **held_out(x, t)).run()
    assert outcome.reason == "until"
    assert outcome.last.error < 0.05
    assert outcome.last.validation_error is not None


def test_schedules_go_on_over_the_epochs():
    x, t, _ = rings(64)
    training = Training(network(), x, t, Plan(batch_size=32, optimizer=cr.sgd(cr.step_decay(rate=0.1, every=3, factor=0.5))))
    rates = [training.epoch().rate for _ in range(4)]
    assert rates == [pytest.approx(0.1 * 0.5 ** ((k - 1) // 3)) for k in (2, 4, 6, 8)]


def test_frozen_parameters_stay():
    x, t, _ = rings()
    frozen = cr.Network(2, cr.dense(6, "tanh", frozen=("W",)), cr.dense(3), loss="cross_entropy")
    outcome = Training(frozen, x, t, Plan(epochs=5)).run()
    assert np.array_equal(outcome.network.parameters["W1"], frozen.parameters["W1"])
    assert not np.array_equal(outcome.network.parameters["W2"], frozen.parameters["W2"])


def test_companions_tell_how_long_to_train_and_no_row_is_lost():
    x, t, _ = rings()
    plan = Plan(epochs=400, batch_size=16, validation_folds=3, patience=20, optimizer=cr.adam(0.05))
    beside = Training(network(), x, t, plan)
    outcome = beside.run()
    assert outcome.reason == "patience"
    places = np.concatenate([one.places for one in beside.fold_networks])
    assert sorted(places) == list(range(len(x)))
    alone = [
        Training(network(), np.delete(x, one.places, 0), np.delete(t, one.places, 0), replace(plan, validation_folds=0),
                 validation=(x[one.places], t[one.places]))
        for one in beside.fold_networks
    ]  # fmt: skip
    for report in beside.history[:10]:
        errors = [run.epoch().validation_error for run in alone]
        assert np.average(errors, weights=[len(one.places) for one in beside.fold_networks]) == pytest.approx(report.validation_error)
    whole = Training(network(), x, t, Plan(epochs=outcome.best_epoch, batch_size=16, optimizer=plan.optimizer))
    whole.run()
    assert all(map(np.array_equal, whole.state, beside.best))


def test_a_run_with_companions_is_resumed_bit_for_bit():
    x, t, _ = rings()
    plan = Plan(epochs=12, batch_size=16, validation_folds=3)
    unbroken, broken = Training(network(), x, t, plan), Training(network(), x, t, plan)
    unbroken.run()
    for _ in range(5):
        broken.epoch()
    resumed = Training.resumed(network(), x, t, plan, broken.arrays(), json.loads(json.dumps(broken.record())))
    resumed.run()
    assert same(unbroken.arrays(), resumed.arrays())
    assert unbroken.history == resumed.history


def test_long_histories_are_thinned_out():
    training = Training(SEED, [[8, 12]], [[4]], Plan(epochs=3 * MOST_REPORTS + 1, optimizer=cr.sgd(0.001)))
    training.run()
    assert MOST_REPORTS / 2 <= len(training.history) <= MOST_REPORTS
    assert len({b.epoch - a.epoch for a, b in zip(training.history, training.history[1:-1], strict=False)}) == 1
    assert training.history[-1].epoch == training.epochs == 3 * MOST_REPORTS + 1


def test_a_long_run_ends_where_a_short_history_would_end_it(monkeypatch):
    """However many reports have been let go, the last one says when the error is low enough."""
    plan = Plan(epochs=10_000, until=1e-9, optimizer=cr.sgd(0.0005))
    ends = []
    for most in (MOST_REPORTS, 8, 9, 10):
        monkeypatch.setattr(history, "MOST_REPORTS", most)
        training = Training(SEED, [[8, 12]], [[4]], plan)
        outcome = training.run()
        assert outcome.reason == "until"
        assert training.history[-1].error == outcome.last.error < 1e-9
        ends.append(training.epochs)
    assert len(set(ends)) == 1
    assert ends[0] % 8, "an epoch that a thinned history would not keep"


# Weights of examples


def test_a_weight_counts_an_example_as_often():
    x, t, _ = rings(12)
    counts = np.arange(12) % 3 + 1.0
    weighted = Training(network(), x, t, Plan(epochs=4, batch_size=12, optimizer="sgd"), weights=counts * 12 / counts.sum())
    repeated = np.repeat(np.arange(12), counts.astype(int))
    often = Training(network(), x[repeated], t[repeated], Plan(epochs=4, batch_size=24, optimizer="sgd"))
    for _ in range(4):
        assert weighted.epoch().error == pytest.approx(often.epoch().error, rel=1e-12)
    for key, parameter in weighted.best_network.parameters.items():
        np.testing.assert_allclose(parameter, often.best_network.parameters[key], rtol=1e-10)


def test_a_weighted_step_is_explained():
    step = network(weighted=True).step([[1, 2], [0, 1]], [[1, 0, 0], [0, 1, 0]], weights=[1, 3])
    for detail in ("overview", "matrix", "scalar"):
        assert str(step.explain(detail=detail))


# Stopped and continued


@pytest.mark.parametrize("optimizer", ["sgd", "nesterov", "adam", cr.sgd(cr.cosine(rate=0.1, steps=60))])
def test_a_run_continued_at_any_epoch_is_an_unbroken_one(optimizer):
    x, t, _ = rings()
    plan = Plan(epochs=12, batch_size=16, patience=5, optimizer=optimizer)
    weights = np.arange(70) % 2 + 0.5
    unbroken = Training(network(), x[:70], t[:70], plan, weights=weights, **held_out(x, t))
    unbroken.run()
    for epoch in range(1, 12, 3):
        first = Training(network(), x[:70], t[:70], plan, weights=weights, **held_out(x, t))
        for _ in range(epoch):
            first.epoch()
        record = json.loads(json.dumps(first.record()))
        second = Training.resumed(network(), x[:70], t[:70], plan, first.arrays(), record, weights=weights, **held_out(x, t))
        second.run()
        assert same(second.arrays(), unbroken.arrays())
        assert second.record() == unbroken.record()


def test_a_thinned_history_is_continued_too(monkeypatch):
    monkeypatch.setattr(history, "MOST_REPORTS", 8)
    plan = Plan(epochs=50, optimizer=cr.sgd(0.001))
    unbroken, first = (Training(SEED, [[8, 12]], [[4]], plan) for _ in range(2))
    unbroken.run()
    for _ in range(21):
        first.epoch()
    second = Training.resumed(SEED, [[8, 12]], [[4]], plan, first.arrays(), first.record())
    second.run()
    assert second.record() == unbroken.record()


def test_a_run_is_not_continued_on_other_data():
    x, t, _ = rings()
    run = Training(network(), x, t, Plan())
    with pytest.raises(InputError, match="other data"):
        Training.resumed(network(), x + 1, t, Plan(), run.arrays(), run.record())
    with pytest.raises(InputError, match="incomplete"):
        Training.resumed(network(), x, t, Plan(), {}, run.record())
    with pytest.raises(InputError, match="began with optimizer = 'adam', not 'momentum'"):
        Training.resumed(network(), x, t, Plan(optimizer="momentum"), run.arrays(), run.record())
    with pytest.raises(InputError, match="incomplete"):
        Training.resumed(network(), x, t, Plan(), run.arrays(), {**run.record(), "epochs": None})


def test_ctrl_c_keeps_the_best_weights_and_the_whole_epochs():
    x, t, _ = rings()
    plan = Plan(epochs=50, batch_size=8, patience=None)
    run = Training(network(), x, t, plan)
    kept = []

    def report(now):
        if now.epoch == 10:
            os.kill(os.getpid(), signal.SIGINT)

    handler = signal.getsignal(signal.SIGINT)
    outcome = run.run(report, lambda training: kept.append((training.arrays(), training.record())), seconds=1e9)
    assert signal.getsignal(signal.SIGINT) is handler
    assert outcome.reason == "interrupted"
    assert outcome.last.epoch == 10
    assert len(kept) == 1
    unbroken = Training(network(), x, t, plan)
    unbroken.run()
    resumed = Training.resumed(network(), x, t, plan, *kept[0])
    assert resumed.run().reason == "epochs"
    assert same(resumed.arrays(), unbroken.arrays())


def test_ctrl_c_within_an_epoch_gives_that_epoch_up(monkeypatch):
    x, t, _ = rings()
    run = Training(network(), x, t, Plan(epochs=5, batch_size=8, engine="written"))
    step, calls = run.engine.program.step, []

    def interrupting(*arguments):
        calls.append(1)
        if len(calls) == 15:  # the third batch of the second epoch
            os.kill(os.getpid(), signal.SIGINT)
        return step(*arguments)

    monkeypatch.setitem(run.engine.program.functions, "step", interrupting)
    outcome = run.run()
    assert (outcome.reason, run.epochs, run.step) == ("interrupted", 1, 12)
    assert len(calls) == 15
    run.run()
    unbroken = Training(network(), x, t, Plan(epochs=5, batch_size=8, engine="written"))
    unbroken.run()
    assert same(run.arrays(), unbroken.arrays())


def test_ctrl_c_twice_ends_at_once():
    x, t, _ = rings()

    def report(now):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        Training(network(), x, t, Plan(epochs=5)).run(report)


# Bad data


def test_data_that_does_not_fit():
    x, t, _ = rings()
    with pytest.raises(ShapeError, match="x needs rows of 2 numbers"):
        Training(network(), x[:, :1], t, Plan())
    with pytest.raises(InputError, match="90 rows but t has 89"):
        Training(network(), x, t[1:], Plan())
    with pytest.raises(InputError, match="row 3, column 2"):
        Training(network(), np.where(x == x[2, 1], np.nan, x), t, Plan())
    with pytest.raises(InputError, match="add up to 1"):
        Training(network(), x, t * 0.5, Plan())
    with pytest.raises(ShapeError):
        Training(network(), x, t, Plan(), weights=np.ones(3))


def test_plans_can_be_changed():
    assert replace(Plan(), epochs=3).epochs == 3
