"""Outputs that are their own errors, and a given ∂E/∂y: against PyTorch, by every engine, and as documents that claim nothing false."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.engines.test_engines import program_agrees, unrolled_agrees
from tests.network.test_description import DESCRIPTION
from tests.render.test_golden import assert_readable, assert_true
from tests.samples import some
from tests.twins import Case, close

import chainrule as cr
from chainrule.api.figures import figure
from chainrule.api.problems import problem
from chainrule.base.errors import InputError
from chainrule.cli import main
from chainrule.engines.compiled.engine import Compiled
from chainrule.engines.epoch import Written
from chainrule.network.definitions import REGISTRY, definitions, find
from chainrule.network.description import described, from_json, from_toml, to_json, to_toml
from chainrule.network.network import Network
from chainrule.steps.problem import described_problem, problem_from
from chainrule.steps.step import Step

SHEET = """
inputs = 2
loss = "upstream"
gradients = ["x"]

[[layers]]
units = 2
activation = "relu"
bias = false
weights = [[1, 0], [0, 1]]
frozen = ["W"]

[[layers]]
units = 2
bias = false
weights = [[5, 1], [1, 2]]

[data]
x = [[3, -2]]
t = [[-3, 1]]
"""
"""An exercise of a course: z⁽¹⁾ = (3, −2), a⁽¹⁾ = ReLU(z⁽¹⁾), z⁽²⁾ = a⁽¹⁾ W2, and ∂H/∂z⁽²⁾ = (−3, 1) is given."""


def chain(loss: str, **settings: Any) -> Network:
    return Network(3, cr.dense(4, "tanh"), cr.dense(2, "sigmoid"), loss=loss, seed=5, gradients=["x"], **settings)


def branching(loss: Any) -> Network:
    def paths(x: Any, v: Any) -> dict[str, Any]:
        shared = cr.dense(3, "tanh")
        return {"one": cr.dense(2)(shared(x) + shared(v)), "two": cr.dense(1, "sigmoid")(x)}

    return Network({"x": 3, "v": 3}, paths, loss=loss, seed=5, gradients=["v"])


def batch(network: Network, rows: int = 3) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(3)
    return random.normal(size=(rows, network.inputs)).round(2), random.normal(size=(rows, network.outputs)).round(2)


CASES: dict[str, Callable[[], Case]] = {
    "own": lambda: Case(chain("objective"), batch(chain("objective"))[0], np.empty((3, 0))),
    "own, counted as sums": lambda: Case(chain("objective", outputs="mean", batch="sum"), batch(chain("objective"))[0], np.empty((3, 0))),
    "given": lambda: Case(chain("upstream", regularizer="l2"), *batch(chain("upstream"))),
    "given, several": lambda: Case(branching("upstream"), *batch(branching("upstream"))),
    "own and given": lambda: Case(
        branching({"one": "upstream", "two": "objective"}), batch(branching("upstream"), 1)[0], batch(branching("upstream"), 1)[1][:, :2]
    ),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]()


def test_the_exercise_of_a_course() -> None:
    step = problem_from(from_toml(SHEET)).step()
    assert step.gradients["h1"].tolist() == [[-14, -1]]
    assert step.gradients["z1"].tolist() == [[-14, 0]]
    assert step.gradients["W2"].tolist() == [[-9, 3], [0, 0]]
    exact = problem_from(from_toml(SHEET)).step(exact=True)
    assert exact.gradients["x"].tolist() == [[-14, 0]]
    text = str(step.explain(detail="scalar"))
    assert "∂E/∂h = ∂E/∂y · W2ᵀ = [−3, 1] · ⎡5  1⎤ᵀ = [−14, −1]" in text


def test_several_outputs_start_from_several_given_gradients() -> None:
    network = branching("half_squared")
    x, u = batch(network)
    step = network.step({"x": x[:, :3], "v": x[:, 3:]}, upstream={"one": u[:, :2], "two": u[:, 2:]})
    close(np.concatenate([step.gradients["one_y"], step.gradients["two_y"]], axis=1), u)


def test_every_engine_computes_the_same(case: Case) -> None:
    for rule in (find("optimizer", "sgd"), find("optimizer", {"name": "adam", "learning_rate": 0.02, "clip_norm": 0.3})):
        program_agrees(case, rule)
        unrolled_agrees(case, rule)
        step, data = case.step(rule), (case.x, case.t)
        start = (*case.network.parameters.values(), *(np.zeros(shape) for shape in step.update.state_shapes.values()))
        for engine in (Written(case.network, rule), Compiled(case.network, rule)):
            if isinstance(engine, Compiled):
                engine.prepare(data, len(case.x))
            passed = engine.epoch(data, None, len(case.x), start, 0, 1e300, lambda: False)
            for key, value in zip(engine.keys, passed.state, strict=True):
                close(value, {**step.new_parameters, **step.new_states}[key], 1e-10)


def test_descriptions_and_records_lead_back(case: Case) -> None:
    subject = cr.Problem(case.network, case.x, case.t)
    plain = described_problem(subject)
    DESCRIPTION.validate(plain)
    for read, write in ((from_toml, to_toml), (from_json, to_json)):
        again = problem_from(read(write(plain)))
        assert described(again.network) == described(case.network)
        assert again.step().differences(subject.step()) == {}
    step = subject.step()
    assert Step.from_dict(step.to_dict()).differences(step) == {}
    assert step.replay().differences(step) == {}


WAYS = [("overview", "de"), ("matrix", "en"), ("scalar", "de")]


@pytest.mark.parametrize(
    ("name", "detail", "language"),
    some([(name, *way) for way in WAYS for name in ("own", "given", "own and given")], 4),  # each name and each way once
)
def test_documents_are_true_and_claim_no_target(name: str, detail: str, language: str) -> None:
    case = CASES[name]()
    network = case.network.replaced(notation=cr.Notation(language=language))
    document = network.step(case.x, case.t).explain(detail=detail)
    assert_true(document)
    assert_readable(document)
    said = str(document)
    assert not any(word in said for word in ("target", "Zielwert", "to learn", "zu lernen"))


@pytest.mark.parametrize("name", ["own", "given, several"])
def test_figures_show_no_target(name: str) -> None:
    case = CASES[name]()
    subject = cr.Problem(case.network, case.x, case.t)
    for drawing in ("sample", "data", "error", "curve", "rates"):
        assert "<svg" in str(figure(subject, drawing).rendered("svg"))


def test_a_map_of_predictions_needs_no_targets() -> None:
    subject = problem("2-3-2", loss="objective", input="1 2; 3 4")
    assert "<svg" in str(figure(subject, "boundary").rendered("svg"))


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Losses of one's own are forgotten afterwards."""
    monkeypatch.setitem(REGISTRY, "loss", dict(definitions("loss")))


@pytest.mark.usefixtures("own")
def test_a_loss_that_is_summed_over_the_batch_already_is_refused() -> None:
    @cr.loss
    def whole(y: cr.Expression, t: cr.Expression) -> cr.Expression:
        """Σ (y − t)² over a batch."""
        return cr.total((y - t) ** 2, axes=(0, 1))

    with pytest.raises(InputError, match="a loss is one number per output or per example"):
        Network(1, cr.dense(1), loss=whole).step([[1]], [[1]])


@pytest.mark.usefixtures("own")
def test_an_error_below_zero_is_not_called_an_error_that_is_gone() -> None:
    @cr.loss
    def product(y: cr.Expression, t: cr.Expression) -> cr.Expression:
        return y * t

    said = str(Network(1, cr.dense(1), loss=product).with_weights([2, 0]).step([[1]], [[-3]]).explain())
    assert "nothing left to learn" not in said
    assert "The smaller E, the better" in said


def test_given_gradients_on_the_command_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "sheet.toml"
    file.write_text(SHEET.replace('loss = "upstream"\n', "").replace("t = [[-3, 1]]", "t = [[0, 0]]"))
    assert main(["explain", str(file), "--upstream", "-3 1"]) == 0
    assert "∂E/∂x = δ⁽¹⁾ · W1ᵀ = [−14, 0]" in capsys.readouterr().out
    assert main(["code", str(file), "--upstream", "-3 1"]) == 0
    assert "def step(x, u, W1, W2, learning_rate=0.05):" in capsys.readouterr().out
    assert main(["explain", "2-2-1", "--loss", "objective", "--input", "1 2"]) == 0
    assert "The output is its own error" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: problem("2-1", upstream="1", loss="huber"), "upstream= gives ∂E/∂y"),
        (lambda: problem("2-1", loss="objective", target="1"), "target is not needed"),
        (lambda: chain("objective").step([[1, 2, 3]], [[1, 2]]), "every output is its own error"),
        (lambda: chain("half_squared").step([[1, 2, 3]]), "t is missing"),
        (lambda: chain("half_squared").step([[1, 2, 3]], [[1, 2]], upstream=[[1, 2]]), "leave out t"),
        (lambda: chain("upstream", weighted=True).step([[1, 2, 3]], [[1, 2]]), "examples cannot be weighted"),
        (lambda: cr.train({"a": [1.0, 2, 3, 4] * 5, "b": [1.0, 2, 3, 4] * 5}, target="b", loss="objective"), "measures no distance"),
        (lambda: cr.train({"a": [1.0, 2, 3, 4] * 5, "b": [1.0, 2, 3, 4] * 5}, target="b", loss="upstream"), "measures no distance"),
        (lambda: cr.train({"a": [1.0, 2, 3, 4] * 5}, loss="triplet"), r"triplet measures no distance .*; in Python, network\.steps\(x"),
    ],
)
def test_what_makes_no_sense_is_refused(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        make()


def test_what_goes_on_before_the_inputs_is_shown_too() -> None:
    """The layer of an exercise: ∂H/∂z = (−3, 1) is given, and ∂H/∂a of the layer before is wanted."""
    given = {"input": "3 -2", "weights": 'W1="5 1; 1 2"', "weights_as": "inputs-units", "upstream": "-3 1"}
    found = cr.problem("2-2", bias=False, output_activation="identity", **given)
    assert found.step().values["dx"].tolist() == [[-14.0, -1.0]]
    assert "= [−14, −1]" in str(found.explain())
