"""Single weights that are frozen or absent: they stay exactly as they are, whatever else a rule does, and absent ones stand nowhere."""

import copy
import itertools
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.graphs import GRAPHS
from tests.render.test_golden import assert_readable, assert_true
from tests.samples import some
from tests.twins import close

import chainrule as cr
from chainrule.api.figures import figure
from chainrule.base.errors import InputError
from chainrule.cli import main
from chainrule.engines.choice import ready_engine
from chainrule.network.definitions import find
from chainrule.network.network import Network

pytestmark = pytest.mark.usefixtures("shorter_runs")

RULES: list[dict[str, Any]] = [
    {"name": "sgd", "learning_rate": 0.1, "clip_value": 0.5},
    {"name": "momentum", "learning_rate": 0.1, "clip_norm": 0.3},
    {"name": "adam", "learning_rate": 0.1, "clip_norm": 0.3},
    {"name": "adamw", "learning_rate": 0.1, "weight_decay": 0.1},
    {"name": "rmsprop", "learning_rate": 0.1},
]


def small(**settings: Any) -> Network:
    numbers: dict[str, Any] = {"W1": [[1, 0], [0.5, 0.25]], "b1": [0.5, 0.25], "W2": [[2], [-1]]}
    network = Network(2, cr.dense(2, "relu"), cr.dense(1), **{"frozen": ["w1", "b1[2]"], "absent": ["w3"], **settings})
    return network.with_parameters(numbers)


@pytest.mark.parametrize("regularizer", ["l1", "l2"])
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["name"])
def test_they_stay_as_they_are(rule: dict[str, Any], regularizer: str) -> None:
    steps = small(regularizer=regularizer).steps([[3, 2], [1, -1]], [[1], [0]], rule)
    for _ in range(20):
        new = next(steps).new_parameters
        assert (new["W1"][0, 0], new["b1"][1], new["W1"][0, 1]) == (1, 0.25, 0)
    assert new["W1"][1, 0] != 0.5


def test_the_gradient_of_a_frozen_weight_is_shown_and_that_of_an_absent_one_is_zero() -> None:
    step, whole = small().step([[3, 2]], [[1]]), small(frozen=[], absent=[]).step([[3, 2]], [[1]])
    assert step.gradients["W1"].tolist() == [[whole.gradients["W1"][0, 0], 0], whole.gradients["W1"][1].tolist()]
    assert whole.gradients["W1"][0, 1] != 0


def test_gradients_are_clipped_by_the_norm_of_what_moves() -> None:
    step = small().step([[3, 2]], [[1]], {"name": "sgd", "clip_norm": 1.0})
    moving = [step.gradients["W1"][1], step.gradients["b1"][:1], step.gradients["W2"].ravel(), step.gradients["b2"]]
    close(step.updates["norm"], np.sqrt(sum((part**2).sum() for part in moving)))


def test_formulas_leave_out_what_is_absent_and_updates_what_is_frozen() -> None:
    document = small().step([[3, 2]], [[1]]).explain(detail="scalar")
    assert_true(document)
    assert_readable(document)
    said = str(document)
    assert "z2⁽¹⁾ = x2 · w4 + b2⁽¹⁾ = 2 · 0.25 + 0.25 = 0.75" in said
    assert "w3" not in said
    assert "∂E/∂w1 = " in said
    assert "\n  w1 ←" not in said
    assert "Left as they are, because the network says so: w1, b2⁽¹⁾." in said
    assert "Of them, 2 are frozen: they keep their values. Beside them, one connection is absent" in " ".join(said.split())
    assert "∂E/∂W1 = M_W1 ⊙ (xᵀ · δ⁽¹⁾)" in said


def test_a_unit_without_any_way_to_the_error_is_no_unit_of_many_ways() -> None:
    network = Network(2, cr.dense(2, "relu"), cr.dense(1), absent=["W1[1,2]", "W2[2,1]"])
    step = network.with_parameters({"W1": [[1, 0], [1, 1]], "W2": [[2], [0]]}).step([[3, 2]], [[1]])
    said = str(step.explain(detail="scalar"))
    assert "∂E/∂w4 = " in said
    assert "There are many ways" not in said


@pytest.mark.parametrize(("detail", "language"), some(itertools.product(["overview", "matrix"], ["en", "de"]), 3))
def test_other_documents_are_true(detail: str, language: str) -> None:
    network = GRAPHS["single weights frozen or absent"].case.network.replaced(notation=cr.Notation(language=language))
    found = GRAPHS["single weights frozen or absent"].case
    document = network.step(found.x, found.t, {"name": "adam", "clip_norm": 0.5}).explain(detail=detail)
    assert_true(document)
    assert_readable(document)


@pytest.mark.parametrize("settings", [{"absent": ["w1"], "frozen": ["w1"]}, {"absent": ["W1"]}, {"frozen": ["W1", "b1"]}])
def test_whatever_is_left_of_a_network_is_explained(settings: dict[str, Any]) -> None:
    document = Network(2, cr.dense(1), **settings).step([[1, 2]], [[1]], "adam").explain(detail="scalar")
    assert_true(document)
    assert_readable(document)
    assert ("W1 was drawn" in str(document)) == (settings != {"absent": ["W1"]})


@pytest.mark.parametrize("name", ["weights", "sample", "network"])
def test_pictures_draw_no_line_for_what_is_absent(name: str) -> None:
    drawn = [str(figure(cr.Problem(small(absent=gone), x, x[:, :1]), name).rendered("svg")) for gone in ([], ["w3"])]
    assert drawn[0].count("<line") + drawn[0].count("<path") > drawn[1].count("<line") + drawn[1].count("<path")


x = np.array([[3.0, 2.0]])


def test_fractions_and_one_weight() -> None:
    exact = small().step([[3, 2]], [[1]], exact=True)
    assert exact.new_parameters["W1"][0].tolist() == [1, 0]
    assert "because the network says so: w1" in str(exact.explain(weight="w1"))
    with pytest.raises(InputError, match="w3 is absent in this network"):
        exact.explain(weight="w3")


def test_a_whole_layer_is_frozen() -> None:
    layers = cr.dense(2, "tanh", frozen=True), cr.dense(1)
    network = Network(2, *layers, frozen=["W2"])
    assert network.frozen == {"W1", "b1", "W2"}
    step = network.step([[3, 2]], [[1]])
    for key in ("W1", "b1", "W2"):
        np.testing.assert_array_equal(step.new_parameters[key], step.parameters[key])
    assert cr.network_from(cr.described(network)) == network


def test_drawn_weights_are_not_drawn_where_they_are_absent() -> None:
    network = Network(3, cr.dense(4), cr.dense(2), absent=["W1[2,3]", "w1"])
    assert network.parameters["W1"][1, 2] == network.parameters["W1"][0, 0] == 0
    assert np.count_nonzero(network.parameters["W1"]) == 10
    assert network.size == 3 * 4 + 4 + 4 * 2 + 2 - 2


def test_machine_code_refuses_them_in_one_line_and_the_program_runs() -> None:
    found = ready_engine("auto", small(), find("optimizer", "sgd"), (x, x[:, :1]), 1)
    assert (found.name, found.written) == ("written", "single weights that are frozen or absent have no machine code")


def test_a_trained_model_keeps_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "\n".join(f"{i % 7},{i % 5},{i % 7 - 2 * (i % 5)}" for i in range(60))
    (tmp_path / "rows.csv").write_text(f"a,b,y\n{rows}\n")
    (tmp_path / "net.toml").write_text(
        'inputs = 2\nabsent = ["w3"]\nfrozen = ["b1[1]", "w1"]\n\n[[layers]]\nunits = 2\nactivation = "tanh"\n\n[[layers]]\nunits = 1\n'
    )
    model = tmp_path / "m.safetensors"
    train = ["train", str(tmp_path / "rows.csv"), "--target", "y", "--network", str(tmp_path / "net.toml"), "--epochs", "5", "--quiet"]
    assert main([*train, "-o", str(model)]) == 0
    trained = cr.Model.load(model).network
    assert (trained.parameters["W1"][0, 1], trained.parameters["b1"][0]) == (0, 0)
    assert trained.kept == {"W1": {(0, 1), (0, 0)}, "b1": {(0,)}}
    assert main(["info", str(model)]) == 0
    assert main(["explain", str(model), "--step", "3"]) == 0
    assert "Beside them, one connection is" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"absent": ["w9"]}, "absent: there is no w9: this network has w1 to w6"),
        ({"frozen": ["W1[3,1]"]}, r"frozen: 'W1\[3,1\]': W1 has 2 × 2 inputs and units"),
        ({"frozen": "w1"}, "frozen must be a list of names, not 'w1'"),
        ({"absent": ["w1"]}, r"W1\[1,1\] is absent, so its number is 0, not 1"),
    ],
)
def test_wrong_names_are_told(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        small(**settings)


def test_pickled_and_copied_as_what_it_is() -> None:
    network = small(frozen=["w1"]).replaced(layers=[cr.dense(2, ["relu", "tanh"]), cr.dense(1)])
    assert pickle.loads(pickle.dumps(network)) == copy.deepcopy(network) == network
