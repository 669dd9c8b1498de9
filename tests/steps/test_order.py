"""Steps that learn from some of the samples each: their numbers, what is carried from step to step, and how the run is told."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.samples import examples

import chainrule as cr
from chainrule.cli import main
from chainrule.render.plain import plain
from chainrule.steps.order import Order, read_order

TWO: dict[str, Any] = {
    "activation": "sigmoid", "output_activation": "sigmoid", "weights": [0.1] * 5, "input": "1 0; 0 1", "target": "1; 0",
    "optimizer": "momentum:momentum=0.9", "learning_rate": 0.3,
}  # fmt: skip


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def test_two_samples_one_after_the_other_with_momentum_as_plain_numpy_does_them() -> None:
    W, b, v, c = np.full(2, 0.1), 0.1, 0.1, 0.1
    velocity = np.zeros(5)
    for step in cr.problem("2-1-1", **TWO).steps(order="1; 2", epochs=3):
        row = (step.number - 1) % 2
        x, t = np.eye(2)[row], 1 - row
        h = sigmoid(x @ W + b)
        y = sigmoid(h * v + c)
        delta = (y - t) * y * (1 - y)
        inner = delta * v * h * (1 - h)
        velocity = 0.9 * velocity + np.array([*(inner * x), inner, delta * h, delta])
        np.testing.assert_allclose(step.error, (y - t) ** 2 / 2, rtol=1e-12)
        np.testing.assert_allclose(step.prediction, [[y]], rtol=1e-12)
        W, b, v, c = W - 0.3 * velocity[:2], b - 0.3 * velocity[2], v - 0.3 * velocity[3], c - 0.3 * velocity[4]
        after = np.concatenate([step.new_parameters[key].ravel() for key in ("W1", "b1", "W2", "b2")])
        np.testing.assert_allclose(after, [*W, b, v, c], rtol=1e-12)
    assert step.number == 6


batches = st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=5, unique=True), min_size=1, max_size=4)


@given(batches, st.integers(1, 3), st.sampled_from(["sgd", "momentum", "adam", "adagrad"]), st.integers(0, 99), st.booleans())
@examples(30)
def test_each_step_goes_on_from_where_the_one_before_it_ended(order: Any, epochs: int, optimizer: str, seed: int, weighted: bool) -> None:
    network = cr.Network(2, cr.dense(3, "tanh"), cr.dense(2), seed=seed, weighted=weighted)
    random = np.random.default_rng(seed)
    problem = cr.Problem(
        network, random.normal(size=(5, 2)), random.normal(size=(5, 2)), cr.network.definitions.find("optimizer", optimizer)
    )
    taken = list(problem.steps(order=order, epochs=epochs))
    assert len(taken) == len(order) * epochs
    before, states = network.parameters, {key: np.zeros_like(value) for key, value in taken[0].states.items()}
    for number, step in enumerate(taken, start=1):
        places = [row - 1 for row in order[(number - 1) % len(order)]]
        assert step.number == number
        np.testing.assert_array_equal(step.x, problem.x[places])
        np.testing.assert_array_equal(step.t, problem.t[places])
        assert all(np.array_equal(step.parameters[key], before[key]) for key in before)
        assert all(np.array_equal(step.states[key], states[key]) for key in states)
        assert step.replay().differences(step) == {}
        before, states = step.new_parameters, step.new_states
    text = "; ".join(" ".join(map(str, batch)) for batch in order)
    again = list(problem.steps(order=text, epochs=epochs))
    assert all(one.differences(other) == {} for one, other in zip(taken, again, strict=True))


def test_all_rows_in_each_step_are_the_steps_on_the_whole_batch() -> None:
    problem = cr.problem("xor", optimizer="adam")
    whole = problem.steps()
    for step in problem.steps(order="1-4", epochs=3):
        assert step.differences(next(whole)) == {}


def test_an_order_in_fractions() -> None:
    problem = cr.problem("seed", input="8 12; 1 1", target="4; 0", learning_rate=0.001)
    exact = list(problem.steps(exact=True, order=[1, 2], epochs=2))
    assert all(step.exact for step in exact)
    for one, other in zip(exact, problem.steps(order=[1, 2], epochs=2), strict=True):
        np.testing.assert_allclose(float(one.error), other.error, rtol=1e-9)
    assert "All steps in a table" in plain(problem.explain(order=[1, 2], exact=True))


@pytest.mark.parametrize(
    ("order", "epochs", "message"),
    [
        ("", None, "names the rows of each step"),
        ("1;;2", None, "every step of an order needs rows"),
        ("1; x", None, "not 'x'"),
        ("0; 1", None, "row 0, but the batch has rows 1 to 4"),
        ("1; 5", None, "row 5, but the batch has rows 1 to 4"),
        ("3-1", None, "no range"),
        ("1 1; 2", None, "row 1 twice"),
        ([[1], "2"], None, "needs rows, as"),
        ([[1], [True]], None, "row True"),
        ("1; 2", 0, "epochs is a whole number from 1"),
        ("1; 2", 10**6, "epochs is a whole number from 1 to 50000"),
    ],
)
def test_what_is_no_order_is_answered(order: Any, epochs: int | None, message: str) -> None:
    with pytest.raises(cr.InputError, match=message):
        cr.problem("xor").explain(order=order, epochs=epochs)


def test_orders_are_read() -> None:
    assert read_order("1-3; 4, 2", 4, 2) == Order(((1, 2, 3), (4, 2)), 2)
    order = read_order([1, [2, 3]], 3, 2)
    assert [(order.rows(step), order.epoch(step)) for step in range(1, 5)] == [((1,), 1), ((2, 3), 1), ((1,), 2), ((2, 3), 2)]


def test_a_run_without_an_order_or_of_a_record_has_no_epochs() -> None:
    problem = cr.problem("xor")
    with pytest.raises(cr.InputError, match="give one"):
        problem.explain(epochs=2)
    for options in ({"order": "1"}, {"epochs": 2}, {"order": "1", "step": 2}):
        with pytest.raises(cr.InputError, match="its own rows"):
            problem.step().explain(**options)
    with pytest.raises(cr.InputError, match="the run ends before step 5"):
        problem.explain(order="1; 2", epochs=2, step=5)


# How it is told


def words(document: Any) -> str:
    return " ".join(plain(document).split())


def test_every_step_is_worked_through_and_stands_in_the_tables() -> None:
    problem = cr.problem("2-1-1", **TWO)
    steps = list(problem.steps(order="1; 2", epochs=2))
    text = words(problem.explain(order="1; 2", epochs=2))
    assert "The samples are taken in this order" not in text
    assert "2 times, the samples are taken in this order: 1; 2." in text
    assert "goes on from step to step, too: v." in text
    assert "The samples are taken in this order: (1, 2)." in words(problem.explain(order="1 2"))
    for step in steps:
        number = step.number
        assert f"Step {number}: sample {2 - number % 2}" in text
        assert f" {number} {(number + 1) // 2} {2 - number % 2} {step.prediction.item():.6g} {step.error:.6g}" in text
        w1 = f"{float(step.new_parameters['W1'][0, 0]):.6f}"
        assert f" {number} {w1}" in text
    whole = problem.network.continued(steps[-1].new_parameters).step(problem.x, problem.t)
    assert f" 2 {whole.error:.6g}" in text
    assert "Which learning rates" not in text


def test_one_step_in_full_says_where_its_weights_come_from() -> None:
    problem = cr.problem("2-1-1", **TWO)
    text = words(problem.explain(order="1; 2", epochs=2, step=3))
    assert "This is step 3 of 4, in epoch 2 of 2. It learns from sample 1 alone. Its weights are those that step 2 left." in text
    assert "So is what the optimiser keeps: v." in text
    for shown in ("The chain rule, for every weight", "The second forward pass"):
        assert shown in text
    for hidden in ("Which learning rates", "Repeating until", "is shown at the end"):
        assert hidden not in text
    german = words(cr.problem("xor", notation="german").explain(order="1 2; 3 4", step=2))
    assert "Das ist Schritt 2 von 2, in Epoche 1 von 1. Er lernt allein aus den Beispielen 3, 4." in german


def test_a_long_run_shows_its_ends_and_says_how_many_are_left_out() -> None:
    text = words(cr.problem("xor").explain(order="1; 2; 3; 4", epochs=50))
    assert "168 more steps between the first and the last ones are not listed; step=N shows any of them." in text.replace("`", "")
    assert "The first 6 steps are worked through above." in text
    large = words(cr.problem("3-5-2", input="1 2 3; 0 1 0", target="1 0; 0 1").explain(order="2; 1"))
    assert "The 32 weights after each step are too many to list" in large


def test_a_run_that_overflows_ends_with_a_word() -> None:
    text = words(cr.problem("seed", input="8 12; 4 1", target="4; 2", learning_rate=5).explain(order="1; 2", epochs=20))
    assert "the numbers have left the range of floating point. A smaller learning_rate= helps." in text.replace("`", "")


def test_the_command_line_and_the_record(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["explain", "xor", "--order", "1 2; 3 4", "--epochs", "2"]
    assert main([*asked, "--step", "3", "-o", str(tmp_path / "step.json")]) == 0
    record = json.loads((tmp_path / "step.json").read_text(encoding="utf-8"))
    assert record["batch"]["x"] == [[0, 0], [0, 1]]
    assert record["origin"]["order"] == {"batches": [[1, 2], [3, 4]], "epochs": 2}
    capsys.readouterr()
    texts = []
    for arguments in (["explain", str(tmp_path / "step.json")], [*asked, "--step", "3"]):
        assert main(arguments) == 0
        texts.append(capsys.readouterr().out.partition("2. The data")[2])
    assert texts[0] == texts[1]
    assert "This is step 3 of 4" in texts[0]
    again = words(cr.problem(tmp_path / "step.json").explain(step=2))
    assert "This is step" not in again
    assert main([*asked, "--steps", "2"]) == 0
    assert "Step 2: samples 3, 4" in capsys.readouterr().out
    assert main([*asked, "--step", "5", "-o", str(tmp_path / "step.json")]) == 2
    assert main(["explain", "xor", "--epochs", "2"]) == 2


@pytest.mark.parametrize("order", [5, {"batches": [[]], "epochs": 1}, {"batches": "x", "epochs": 1}, {"batches": [[1]]}])
def test_a_damaged_order_in_a_record_says_nothing(order: Any) -> None:
    record = cr.problem("seed").step().to_dict()
    record["origin"]["order"] = order
    assert "in epoch" not in plain(cr.Step.from_dict(record).explain())
