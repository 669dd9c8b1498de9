"""The precision of a run: its numbers are of that kind, its file says so, and its steps are replayed from those very numbers."""

from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file

import chainrule as cr
from chainrule.base.errors import DescriptionError, UnknownNameError
from chainrule.training.loop import Training
from chainrule.training.model import Model
from chainrule.training.plan import Plan

PLAN = Plan(epochs=6, batch_size=16, optimizer=cr.adam(0.02), validation_folds=2, precision="float32")


def data():
    random = np.random.default_rng(0)
    x = random.normal(size=(50, 3))
    return x, np.sin(x[:, :1]) + 0.1 * random.normal(size=(50, 1))


def run(plan, activation="tanh"):
    training = Training(cr.Network(3, cr.dense(5, activation), cr.dense(1), seed=1), *data(), plan)
    training.run()
    return training


@pytest.mark.parametrize("engine", ["compiled", "written"])
@pytest.mark.parametrize("activation", ["tanh", "leaky_relu", "gelu", "softplus"])
def test_every_number_of_the_run_has_it_and_rounding_is_all_that_differs(engine, activation):
    single, double = (run(replace(PLAN, engine=engine, precision=precision), activation) for precision in ("float32", "float64"))
    for training, dtype in ((single, np.float32), (double, np.float64)):
        assert {array.dtype for array in (*training.data, *training.arrays().values())} == {np.dtype(dtype)}
    far = max(np.abs(a - b).max() for a, b in zip(single.state, double.state, strict=True))
    assert 0 < far < 1e-4
    assert all(parameter.dtype == np.float64 for parameter in single.best_network.parameters.values())


@pytest.mark.parametrize("engine", ["compiled", "written"])
def test_a_step_is_replayed_from_the_very_numbers_of_the_run(engine):
    training = run(replace(PLAN, engine=engine))
    steps = [training.step_at(number) for number in (7, 8)]
    for key, parameter in steps[1].parameters.items():
        assert np.array_equal(parameter, parameter.astype(np.float32))
        assert np.abs(steps[0].new_parameters[key] - parameter).max() <= 1e-6 * np.abs(parameter).max()
    assert steps[0].origin["precision"] == "float32"
    assert cr.Step.from_dict(steps[0].to_dict()).origin["precision"] == "float32"
    assert not steps[0].differences(steps[0].replay())
    assert "computed in float32" in str(steps[0].explain(detail="matrix"))
    assert "precision" not in run(replace(PLAN, engine=engine, precision="float64")).step_at(7).origin


def test_a_run_that_goes_on_has_the_same_numbers():
    unbroken, first = run(PLAN), run(replace(PLAN, epochs=3))
    again = Training.resumed(first.start, *data(), PLAN, first.arrays(), first.record())
    again.run()
    assert all(np.array_equal(array, again.arrays()[key]) for key, array in unbroken.arrays().items())
    with pytest.raises(cr.InputError, match="precision = 'float32', not 'float64'"):
        Training.resumed(first.start, *data(), replace(PLAN, precision="float64"), first.arrays(), first.record())


def test_the_file_says_it_and_loses_nothing(tmp_path):
    training = run(PLAN)
    Model.of(training).save(tmp_path / "m.safetensors")
    read = Model.load(tmp_path / "m.safetensors")
    assert read.plan.precision == "float32"
    assert {array.dtype for array in load_file(tmp_path / "m.safetensors").values()} == {np.dtype(np.float32)}
    for key, parameter in training.best_network.parameters.items():
        assert np.array_equal(read.network.parameters[key], parameter)
    x, t = data()
    assert not read.step_at(x, t, 9).differences(training.step_at(9))
    assert Plan.from_dict({name: value for name, value in PLAN.to_dict().items() if name != "precision"}).precision == "float64"


def test_many_rows_are_predicted_as_few_ones_are():
    network = cr.Network(3, cr.dense(200, "tanh"), cr.dense(200, "tanh"), cr.dense(1), seed=1)
    x = np.random.default_rng(1).normal(size=(90_000, 3))
    y = Model(network, network, Plan(precision="float32")).outputs(x)
    assert y.dtype == np.float64
    assert 0 < np.abs(y[:20] - network.predict(x[:20])).max() < 1e-5


def test_estimators_take_that_of_their_rows():
    x, t = data()
    for rows, wanted, precision in ((x, None, "float64"), (x.astype(np.float32), None, "float32"), (x, "float32", "float32")):
        fitted = cr.ChainruleRegressor([4], max_iter=300, learning_rate=0.02, precision=wanted, engine="written").fit(rows, t.ravel())
        assert fitted.model_.plan.precision == precision


def test_what_is_too_fine_for_it_is_refused():
    with pytest.raises(DescriptionError, match=r"until = 1e-14 is finer .* precision=\"float64\""):
        Plan(until=1e-14, precision="float32")
    with pytest.raises(UnknownNameError, match="float64"):
        Plan(precision="double")
