"""Networks that are graphs: against PyTorch, by every engine, in fractions, in training, and there and back as descriptions and records."""

import itertools
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
from tests.samples import some
from tests.twins import close

import chainrule as cr
from chainrule.cli import main
from chainrule.network import layers
from chainrule.network.definitions import find
from chainrule.network.description import described, from_json, from_toml, network_of_description, to_json, to_toml
from chainrule.network.network import Network
from chainrule.steps.step import Step

pytestmark = pytest.mark.usefixtures("shorter_runs")


@pytest.fixture(params=GRAPHS)
def graph(request: pytest.FixtureRequest) -> Graph:
    return GRAPHS[request.param]


RULES = [{"name": "adam", "learning_rate": 0.02}, {"name": "momentum", "learning_rate": 0.02, "clip_norm": 0.2}]


def test_gradients_are_those_of_torch(graph: Graph) -> None:
    assert graph.case.step().prediction.shape[0] == graph.rows
    graph.compare()


@pytest.mark.parametrize(("name", "rule"), some(itertools.product(GRAPHS, RULES), 3, lambda case: f"{case[0]}-{case[1]['name']}"))
def test_the_program_and_the_unrolled_loop_compute_what_keep_computes(name: str, rule: dict[str, Any]) -> None:
    program_agrees(GRAPHS[name].case, find("optimizer", rule))
    unrolled_agrees(GRAPHS[name].case, find("optimizer", rule))


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


@pytest.mark.parametrize("name", some(["two outputs", "siamese", "gate", "weighted", "a layer called three times"], 4))
def test_every_equation_of_its_document_is_true(name: str) -> None:
    found = GRAPHS[name].case
    document = found.step({"name": "adam", "learning_rate": 0.01}).explain(detail="scalar")
    assert_readable(document)
    assert assert_true(document) >= 20
    assert "part(" not in str(document)


def test_one_bias_for_a_whole_layer_is_explained_by_its_name() -> None:
    assert "b1 ← b1 − η · ∂E/∂b1" in str(GRAPHS["one bias a layer"].case.step().explain(weight="b1"))
