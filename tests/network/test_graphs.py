"""Networks that are graphs: against PyTorch, by every engine, in fractions, in training, and there and back as descriptions and records."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.engines.test_engines import program_agrees, steps_of, unrolled_agrees
from tests.graphs import GRAPHS, Graph
from tests.network.test_description import DESCRIPTION, STEP
from tests.render.test_golden import assert_readable, assert_true
from tests.twins import close

import chainrule as cr
from chainrule.cli import main
from chainrule.network import layers
from chainrule.network.definitions import REGISTRY, Definition, definitions, find
from chainrule.network.description import described, from_json, from_toml, network_of_description, to_json, to_toml
from chainrule.network.network import Network
from chainrule.steps.step import Step


@pytest.fixture(params=GRAPHS)
def graph(request: pytest.FixtureRequest) -> Graph:
    return GRAPHS[request.param]


RULES = [{"name": "adam", "learning_rate": 0.02}, {"name": "momentum", "learning_rate": 0.02, "clip_norm": 0.2}]


def test_gradients_are_those_of_torch(graph: Graph) -> None:
    assert graph.case.step().prediction.shape[0] == graph.rows
    graph.compare()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["name"])
def test_the_program_and_the_unrolled_loop_compute_what_keep_computes(graph: Graph, rule: dict[str, Any]) -> None:
    program_agrees(graph.case, find("optimizer", rule))
    unrolled_agrees(graph.case, find("optimizer", rule))


@pytest.mark.parametrize("name", [name for name, graph in GRAPHS.items() if graph.exact])
def test_fractions_and_floats_agree(name: str) -> None:
    found = GRAPHS[name].case
    exact, floats = found.step(exact=True), found.step()
    for key, value in floats.everything.items():
        close(exact.everything[key], value, 1e-12)


def test_a_description_leads_back_to_the_network(graph: Graph) -> None:
    network = graph.case.network
    DESCRIPTION.validate(described(network))
    for read, write in ((from_toml, to_toml), (from_json, to_json)):
        assert network_of_description(read(write(described(network)))) == network
    assert network.replaced(seed=3) == network.replaced(seed=3)
    assert network.replaced(seed=3) != network


def test_a_record_leads_back_to_the_step(graph: Graph) -> None:
    step = steps_of(graph.case, find("optimizer", "adam"), 2)[1]
    STEP.validate(step.to_dict())
    DESCRIPTION.validate(step.to_dict()["network"])
    read = Step.from_dict(json.loads(json.dumps(step.to_dict(), allow_nan=False)))
    assert read.differences(step) == {}
    assert read.replay().differences(step) == {}


def test_training_goes_on(graph: Graph) -> None:
    """The error falls; a training that is taken up again ends as one that was never broken off; every step of it can be shown."""
    found = graph.case
    plan = cr.Plan(epochs=6, batch_size=2, optimizer=find("optimizer", RULES[0]), engine="written")
    whole, first = (cr.Training(found.network, found.x, found.t, plan, weights=found.s) for _ in range(2))
    assert whole.run().best_error < whole.start_error
    for _ in range(3):
        first.epoch()
    record = json.loads(json.dumps(first.record(), allow_nan=False))
    resumed = cr.Training.resumed(found.network, found.x, found.t, plan, first.arrays(), record, weights=found.s)
    resumed.run()
    for key, value in resumed.arrays().items():
        np.testing.assert_array_equal(value, whole.arrays()[key])
    step = whole.step_at(3)
    assert step.number == 3
    assert step.replay().differences(step) == {}


OWN = """
import chainrule as cr


@cr.layer
def mixed(own, x, *, part=0.5):
    \"\"\"part · tanh(x W + b) + (1 − part) · x.\"\"\"
    return part * own.activated("tanh", own.linear(x, x.shape[-1])) + (1 - part) * x
"""


def test_a_layer_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Named on the command line, it stands in a description, and is explained, written as a program and differentiated like ours."""
    monkeypatch.setattr(layers, "KINDS", dict(layers.KINDS))
    (tmp_path / "mine.py").write_text(OWN, encoding="utf-8")
    (tmp_path / "net.toml").write_text('inputs = 2\n[[layers]]\nkind = "mixed"\npart = 0.25\n[[layers]]\nunits = 1\n', encoding="utf-8")
    own = ["--definitions", str(tmp_path / "mine.py")]
    assert main(["explain", str(tmp_path / "net.toml"), "--input", "1 2", "--target", "3", *own]) == 0
    assert "h = 0.25 · tanh(z⁽¹⁾) + 0.75 · x" in capsys.readouterr().out
    assert main(["code", str(tmp_path / "net.toml"), *own]) == 0
    assert "0.25 * np.tanh(z1) + 0.75 * x" in capsys.readouterr().out
    network = Network(2, layers.KINDS["mixed"](part=0.25), layers.dense(1), seed=4)
    Graph(lambda: network, lambda p, x: (0.25 * torch.tanh(x @ p.W1 + p.b1) + 0.75 * x) @ p.W2 + p.b2).compare()


@pytest.fixture
def given_gradient(monkeypatch: pytest.MonkeyPatch) -> Definition:
    """E = Σ t y, whose derivative by y is t."""
    monkeypatch.setitem(REGISTRY, "loss", dict(definitions("loss")))

    @cr.loss
    def given_gradient(y: Any, t: Any) -> Any:
        """ℓ = t y: ∂ℓ/∂y is t."""
        return t * y

    return given_gradient


def test_a_start_from_a_given_gradient(given_gradient: Definition) -> None:
    """∂H/∂z2 = (−3, 1), z1 = (3, −2), W2 = [[5, 1], [1, 2]], ReLU: what an exercise asks for."""
    first = layers.dense(2, "relu", bias=False, weights=[[1, 0], [0, 1]], frozen=["W"])
    network = Network(2, first, layers.dense(2, bias=False, weights=[[5, 1], [1, 2]]), loss=given_gradient, gradients=["x"])
    step = network.step([[3, -2]], [[-3, 1]], exact=True)
    assert step.gradients["y"].tolist() == [[-3, 1]]
    assert step.gradients["h1"].tolist() == [[-14, -1]]
    assert step.gradients["z1"].tolist() == step.gradients["x"].tolist() == [[-14, 0]]
    assert step.gradients["W2"].tolist() == [[-9, 3], [0, 0]]


def test_an_output_that_is_its_own_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """E = y takes no target; another output beside it keeps its own."""
    monkeypatch.setitem(REGISTRY, "loss", dict(definitions("loss")))

    @cr.loss
    def itself(y: Any, t: Any) -> Any:
        """ℓ = y."""
        return y

    def network(x: Any) -> Any:
        h = layers.dense(2, "tanh")(x)
        return {"cost": layers.dense(1)(h), "guess": layers.dense(1)(h)}

    graph = Graph(
        lambda: Network(2, network, loss={"cost": itself, "guess": "half_squared"}, gradients=["x"]),
        lambda p, x: {"cost": torch.tanh(x @ p.W1 + p.b1) @ p.W2 + p.b2, "guess": torch.tanh(x @ p.W1 + p.b1) @ p.W3 + p.b3},
        lambda y, t: y["cost"].sum(1) + ((y["guess"] - t[:, 1:]) ** 2).sum(1) / 2,
    )
    graph.compare()
    program_agrees(graph.case, find("optimizer", "sgd"))
    unrolled_agrees(graph.case, find("optimizer", "sgd"))
    document = graph.case.step().explain()
    assert_readable(document)
    assert assert_true(document) > 20


def test_both_ways_of_a_direct_link() -> None:
    """XOR with one hidden unit: each input reaches the output by the unit and by itself, and the gradients by the inputs add both."""
    network = GRAPHS["one hidden unit and direct links"].case.network
    step = network.step([[1, 0]], [[1]])
    delta, slope = step.gradients["z2"], step.before["h1"] * (1 - step.before["h1"])
    W1, W2 = network.parameters["W1"], network.parameters["W2"]
    close(step.gradients["x"], delta * W2[:2].T + delta * W2[2] * slope * W1.T)


DIRECT = """
inputs = 2
loss = "half_squared"
gradients = ["x"]

[[layers]]
name = "hidden"
units = 1
activation = "sigmoid"
weights = [[6.3], [6.3]]
bias = [-2.2]

[[layers]]
kind = "join"
from = ["x", "hidden"]

[[layers]]
units = 1
activation = "sigmoid"
weights = [[-4.2], [-4.2], [9.4]]
bias = [-6.3]

[data]
x = [[1, 0], [1, 1]]
t = [[1], [0]]

[optimizer]
name = "sgd"
learning_rate = 0.5
"""
"""XOR with one hidden unit, whose inputs lead to the output as well."""


def test_a_described_network_with_direct_links_against_numpy() -> None:
    step = cr.problem_from(from_toml(DIRECT)).step()
    x, t = np.array([[1.0, 0], [1, 1]]), np.array([[1.0], [0]])
    W1, W2 = np.array([[6.3], [6.3]]), np.array([[-4.2], [-4.2], [9.4]])
    h = 1 / (1 + np.exp(-(x @ W1 - 2.2)))
    y = 1 / (1 + np.exp(-(np.hstack([x, h]) @ W2 - 6.3)))
    delta2 = (y - t) / 2 * y * (1 - y)
    delta1 = delta2 @ W2[2:].T * h * (1 - h)
    close(step.before["y"], y)
    close(step.gradients["x"], delta2 @ W2[:2].T + delta1 @ W1.T)
    close(step.new_parameters["W1"], W1 - 0.5 * x.T @ delta1)
    close(step.new_parameters["W2"], W2 - 0.5 * np.hstack([x, h]).T @ delta2)
    said = str(step.explain(detail="scalar"))
    assert "δ⁽²⁾ · W2ᵀ" in said
    assert "∂E/∂x = " in said


EXAMPLES = {
    "residual": ({"y": [[0.5]], "sum": [[2, 2.5]], "E": 0.125}, {"W1": [[-0.25, 0.1], [-0.5, 0.2]], "W2": [[-1], [-1.25]]}),
    "two-inputs": ({"y": [[0]], "both": [[1, 2]], "E": 0.5}, {"W1": [[-1.2], [-0.8]], "W2": [[0.8]], "W3": [[-1], [-2]]}),
    "tied": ({"y": [[-0.03, 0.02]], "E": 2.49065}, {"W1": [[0.19], [0.372]]}),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_by_hand(name: str) -> None:
    step = cr.problem(name).step()
    values, gradients = EXAMPLES[name]
    for key, value in values.items():
        np.testing.assert_allclose(step.before[key], value, atol=1e-15)
    for key, value in gradients.items():
        np.testing.assert_allclose(step.gradients[key], value, atol=1e-15)


@pytest.mark.parametrize("name", ["two outputs", "siamese", "gate", "weighted", "a layer called three times"])
def test_every_equation_of_its_document_is_true(name: str) -> None:
    found = GRAPHS[name].case
    document = found.step({"name": "adam", "learning_rate": 0.01}).explain(detail="scalar")
    assert_readable(document)
    assert assert_true(document) >= 20
    assert "part(" not in str(document)


def test_one_bias_for_a_whole_layer_has_the_sum_of_its_units_as_gradient() -> None:
    W, V, x, t = (
        np.array([[0.1, 0.4], [-0.2, 0.3], [0.5, -0.1]]),
        np.array([[0.2, -0.3], [0.6, 0.1]]),
        np.array([[1.0, -2.0, 0.5]]),
        [[0.1, 0.9]],
    )
    layers = [cr.dense(2, "sigmoid", bias="shared", weights=W, numbers={"b": 0.5}), cr.dense(2, "sigmoid", bias="shared", weights=V)]
    step = cr.Network(3, *layers).step(x, t, cr.sgd(0.5))
    h = 1 / (1 + np.exp(-(x @ W + 0.5)))
    y = 1 / (1 + np.exp(-(h @ V)))
    outer = (y - t) * y * (1 - y)
    inner = (outer @ V.T) * h * (1 - h)
    assert float(step.gradients["b1"]) == pytest.approx(inner.sum(), rel=1e-12)
    assert float(step.gradients["b2"]) == pytest.approx(outer.sum(), rel=1e-12)
    assert float(step.new_parameters["b1"]) == pytest.approx(0.5 - 0.5 * inner.sum(), rel=1e-12)
    assert "b1" in str(step.explain(weight="b1"))
