"""Runs whose numbers grow beyond all bounds: what went wrong first, why, and a rate that works."""

import numpy as np
import pytest
from tests.runs import SEED, rings

import chainrule as cr
from chainrule.diagnosis.divergence import Diverged, diverged, undefined_in
from chainrule.training.loop import Overflowed, Training
from chainrule.training.plan import Plan


def caught(training: Training) -> Diverged:
    """Why a run diverges."""
    with pytest.raises(Overflowed) as overflow:
        training.run()
    return diverged(training, overflow.value.step)


# Divergence


def test_the_seed_diverges_at_its_own_rate_and_is_told_one_that_works():
    training = Training(SEED, [[8, 12]], [[4]], Plan(until=1e-12, optimizer=cr.sgd(0.05)))
    error = caught(training)
    assert (
        "in step 4: E became 2.77e+15. The inputs are not scaled: x2 has the size 12 (root of the mean square). "
        "The learning rate 0.05 is too large. With learning_rate" in str(error)
    )
    assert (error.step, error.quantity) == (4, "E")
    assert np.array_equal(training.best_network.parameters["W1"], SEED.parameters["W1"])  # no step had made it better
    again = Training(SEED, [[8, 12]], [[4]], Plan(until=1e-12, optimizer=cr.sgd(error.rate_that_works)))
    assert again.run().reason == "until"


def test_the_first_quantity_that_is_no_number_is_named():
    x, t, _ = rings()
    wild = cr.Network(2, cr.dense(6, "relu"), cr.dense(6, "relu"), cr.dense(3), loss="half_squared")
    training = Training(wild, x, t, Plan(batch_size=16, optimizer=cr.sgd(1e6)))
    error = caught(training)
    assert "The learning rate 1000000 is too large" in str(error)
    assert error.rate_that_works is not None
    assert Training(wild, x, t, Plan(epochs=20, batch_size=16, optimizer=cr.sgd(error.rate_that_works))).run().reason == "epochs"


@cr.activation
def square(z):
    """Grows so fast that the first forward pass overflows."""
    return z**2


def test_a_forward_pass_that_overflows_before_any_step():
    deep = cr.Network(2, *(cr.dense(3, square) for _ in range(12)), cr.dense(1))
    error = caught(Training(deep, [[1e4, 2e4]], [[1]], Plan()))
    assert error.step == 1
    assert error.rate_that_works is None
    assert error.quantity == "h7"
    assert "The inputs are not scaled: x2 has the size 20000" in str(error)
    error = caught(Training(deep.with_weights(np.full(deep.size, 1e60)), [[1, 2]], [[1]], Plan()))
    assert "(W1) are too large at the start" in str(error)


def test_the_step_that_wrote_the_first_infinity_is_named():
    """The forward pass of step 1 is finite; its gradient is not, and neither are the weights that it leaves."""
    single = cr.Network(1, cr.dense(1, bias=False)).with_weights([1e100])
    training = Training(single, [[1e100], [1e100]], [[0], [0]], Plan(batch_size=1, optimizer=cr.sgd(1e6)))
    error = caught(training)
    step = training.step_at(error.step)
    assert step.first_infinite == error.quantity
    assert not np.isfinite(step.values[error.quantity]).all()


def test_the_logarithm_of_nought_is_told():
    """With the target 1 and a prediction of exactly 0, the logarithm is −∞; no theorem shortens it behind a relu."""
    dead = cr.Network(1, cr.dense(1, "relu", bias=False), loss="cross_entropy").with_weights([-1.0])
    assert "cross_entropy takes the logarithm of 0" in str(caught(Training(dead, [[1.0]], [[1.0]], Plan())))


def test_of_several_outputs_the_loss_that_has_no_value_is_told():
    def two(x, v):
        return {"sure": cr.dense(1, "sigmoid", bias=False)(x), "free": cr.dense(1, "identity", bias=False)(v)}

    network = cr.Network({"x": 1, "v": 1}, two, loss=dict.fromkeys(("sure", "free"), "binary_cross_entropy")).with_weights([1.0, -2.0])
    assert "takes the logarithm of −3: the output activation identity" in undefined_in(network.step([[1, 1.5]], [[1, 1]]))


def test_unscaled_inputs_are_the_cause_of_small_rates():
    random = np.random.default_rng(0)
    x = random.normal(size=(40, 2)) * 1000
    error = caught(Training(cr.Network(2, cr.dense(1)), x, x[:, :1], Plan(optimizer=cr.sgd(0.1), epochs=500)))
    assert "The inputs are not scaled: x" in str(error)
    assert "The learning rate 0.1 is too large" in str(error)
    assert error.rate_that_works < 1e-5


def test_divergence_leaves_the_best_weights():
    """A rate that rises: the error falls at first, and then grows beyond all bounds."""

    def rising(k, *, rate=0.002, growth=1.3):
        """A rate that grows."""
        return rate * growth**k

    schedule = cr.schedule(rising)
    training = Training(SEED, [[8, 12]], [[4]], Plan(optimizer=cr.sgd(schedule())))
    with pytest.raises(Overflowed, match=r"in step \d+: .* Lower the learning rate"):
        training.run()
    assert training.best_epoch > 0
    assert training.best_error < 0.01
    y = training.best_network.predict([[8, 12]]).item()
    assert (y - 4) ** 2 / 2 == pytest.approx(training.best_error, rel=1e-9)


def test_training_for_people_tells_the_cause():
    """Folds that are trained beside it, too; a direct call says the step and what to do."""
    random = np.random.default_rng(0)
    table = {"a": random.normal(size=60), "b": random.normal(size=60)}
    for folds in (None, 3):
        with pytest.raises(Diverged, match="learning rate 1000000 is too large"):
            cr.train(table, target="b", optimizer="sgd", learning_rate=1e6, folds=folds)
