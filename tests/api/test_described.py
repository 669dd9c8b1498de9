"""`train` with a network that is described whole: which columns go where, and what does not fit is said in words."""

import numpy as np
import pytest

import chainrule as cr
from chainrule.api.described import fitted_network
from chainrule.base.errors import InputError
from chainrule.network.description import from_toml
from chainrule.preparation.preparation import Preparation

TWO_INPUTS = """
[inputs]
x = {columns = ["a", "colour"]}
v = {columns = ["b"]}

[outputs]
p = {target = "sum", from = "4", loss = "huber"}
q = {target = "product", from = "5", weight = 0.5}

[[layers]]
units = 4
activation = "tanh"

[[layers]]
from = "v"
units = 3
activation = "tanh"

[[layers]]
kind = "join"
from = ["1", "2"]

[[layers]]
from = "3"
units = 1

[[layers]]
from = "3"
units = 1
"""


def table(rows: int = 60) -> dict[str, list]:
    random = np.random.default_rng(0)
    a, b = random.normal(size=(2, rows))
    colours = ["red", "green", "blue"] * (rows // 3)
    return {"b": b.tolist(), "a": a.tolist(), "colour": colours, "sum": (a + b).tolist(), "product": (a * b).tolist()}


def test_columns_go_into_the_inputs_that_name_them():
    data = cr.read(table())
    network, preparation = fitted_network(from_toml(TWO_INPUTS), Preparation.fit(data, ["sum", "product"]), seed=3)
    assert network.wiring.inputs == {"x": 4, "v": 1}
    assert [feature.name for feature in preparation.features] == ["a", "colour", "b"]
    assert (network.seed, network.goals["q"].weight, network.goals["p"].loss.name) == (3, 0.5, "huber")
    x = preparation.x(data)
    assert np.array_equal(network.split(x)[network.derivation.inputs[1]][:, 0], x[:, 4])


def test_a_described_network_is_trained_kept_and_explained(tmp_path):
    path = tmp_path / "two.safetensors"
    model = cr.train(table(), network=from_toml(TWO_INPUTS), output=path, epochs=5, seed=1)
    again = cr.Model.load(path)
    data = cr.read(table())
    assert again.network == model.network
    assert np.array_equal(again.outputs(data), model.outputs(data))
    assert again.predict(data).shape == (60, 2)
    rows = tmp_path / "rows.csv"
    rows.write_text("\n".join(",".join(map(str, line)) for line in [table(), *zip(*table().values(), strict=True)]))
    assert "E = E_p + 0.5 · E_q" in str(cr.problem(path, data=rows, row=3).explain())


@pytest.mark.parametrize(
    "network",
    ["4-5-3", "2x2x1:c2k1-drop0.5-3", cr.Network(4, lambda x: cr.dense(3)(cr.dense(4, "relu")(x) + cr.dense(4)(x)), loss="cross_entropy")],
)
def test_short_forms_and_networks(network, tmp_path):
    model = cr.train("data:iris", target="species", network=network, epochs=3)
    assert model.predict("data:iris").shape == (150,)
    assert model.network.loss.name == "cross_entropy"
    if isinstance(network, str):  # which says neither loss nor output
        assert model.network.layers[-1].activation.name == "softmax"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('"a", "colour"', '"a"'), "the column 'colour' goes into no input"),
        (('["b"]', '["a"]'), "the column 'a' goes into two inputs"),
        (('"colour"', '"color"'), "Did you mean 'colour'?"),
        (('v = {columns = ["b"]}', "v = 1"), "inputs.v says which columns it takes"),
        (('from = "3"\nunits = 1\n\n', 'from = "3"\nunits = 2\n\n'), "the outputs of the network have 3 numbers"),
    ],
)
def test_what_does_not_fit_is_said(change, message):
    with pytest.raises(InputError, match=message.replace("?", r"\?")):
        cr.train(table(), network=from_toml(TWO_INPUTS.replace(*change)), epochs=1)


def test_other_options_do_not_say_what_the_network_is_made_of():
    with pytest.raises(InputError, match="leave out hidden=, or network="):
        cr.train(table(), network=from_toml(TWO_INPUTS), hidden=[3])
    with pytest.raises(InputError, match="no target is named"):
        cr.train(table(), network="4-2-1")


@pytest.mark.parametrize("test", [0.15, "last"])
def test_a_class_of_a_single_row_fits_the_network_in_every_fold(test):
    kinds = ["a", "b"] * 15
    kinds[{"last": -1}.get(test, 3)] = "rare"
    table = {"x": [float(number % 7) for number in range(30)], "kind": kinds}
    with pytest.warns(UserWarning, match="the class rare of kind has a single row"):
        model = cr.train(table, target="kind", network="1-3-3", folds=3, test=test, validation_folds=0, epochs=2, class_weights="balanced")
    assert {"fold 1", "fold 2", "fold 3"} <= set(model.scores)
    assert model.preparation.classes == ("a", "b", "rare")
