"""What public functions take: a network, a problem, a step or a model where any of them will do, and a sentence where it will not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.base.errors import InputError

NETWORK = cr.Network(2, cr.dense(2, "tanh"), cr.dense(1), seed=1)
PROBLEM = cr.problem("2-2-1")
STEP = NETWORK.step([[1.0, 2.0]], [[3.0]])
SUBJECTS = {"network": NETWORK, "problem": PROBLEM, "step": STEP, "name": "2-2-1", "description": cr.described(NETWORK)}


@pytest.fixture(scope="module")
def model() -> cr.Model:
    return cr.train({"a": np.arange(40.0), "b": np.arange(40.0) ** 2}, target="b", epochs=1, hidden=2, validation_folds=0)


@pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS)
def test_what_is_a_network_with_or_without_rows_is_shown(subject: Any) -> None:
    assert "∂E/∂w1" in str(cr.explain(subject, weight="w1"))
    assert cr.figure(subject, "network").title
    assert cr.page(subject).startswith("<!DOCTYPE html>")
    assert cr.problem(subject).network.outputs == 1


def test_a_model_is_shown_as_its_file_is(model: cr.Model) -> None:
    assert "∂E/∂w1" in str(cr.explain(model, weight="w1"))
    assert cr.problem(model).features == ("a",)
    assert cr.figure(model, "curve").title


def test_a_problem_keeps_its_batch_and_numbers() -> None:
    again = cr.problem(PROBLEM, learning_rate=0.2)
    assert PROBLEM.x is not None
    np.testing.assert_array_equal(again.x, PROBLEM.x)
    for key, value in PROBLEM.network.parameters.items():
        np.testing.assert_array_equal(again.network.parameters[key], value)
    assert cr.problem(STEP).x is STEP.x


@pytest.mark.parametrize("given", [NETWORK, PROBLEM, STEP])
def test_a_network_is_had_of_everything_that_has_one(given: Any) -> None:
    assert isinstance(cr.network_from(given), cr.Network)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cr.figure("network", NETWORK), r"behind what it is of: figure\(network, 'network'\)"),
        (lambda: cr.figure(STEP.explain(), "network"), "Document is no network; give a Network, a Problem, a Step"),
        (lambda: cr.explain(cr.read("data:iris")), "Table is no network; give a Network, a Problem, a Step"),
        (lambda: cr.described(STEP), "a network is needed, and this is 'Step'; its network is .network"),
        (lambda: cr.write_onnx(PROBLEM, Path("x.onnx")), "a network is needed, and this is 'Problem'; its network is .network"),
        (lambda: cr.described_problem(NETWORK), r"this is 'Network'; described\(network\) is of a network"),
        (lambda: cr.network_from("2-2-1"), r"a network is problem\('2-2-1'\).network"),
        (lambda: cr.train(NETWORK, target="a"), "a Network is no table; give a file, a data frame"),
        (lambda: cr.train(object(), target="a"), "an object is no table"),
        (lambda: cr.report(NETWORK), "a report is of a trained model, or of its file, and not of 'Network'"),
        (lambda: cr.prove(NETWORK), "Network is no definition and no primitive"),
        (lambda: cr.check(NETWORK), "what is checked is a file of somebody's program or numbers, and not 'Network'"),
        (lambda: cr.example(NETWORK), "no example is called 'Network"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_with_what_does(call: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()
