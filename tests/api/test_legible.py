"""What is drawn to be read is round, so that a person can compute along; what is drawn to train is not touched."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.network.definitions import find
from chainrule.network.initializers import distribution
from chainrule.render.plain import plain


@pytest.mark.parametrize(
    "initializer", ["glorot_uniform", "he_normal", "orthogonal", "uniform:low=-0.01,high=0.02", "normal:deviation=0.0003"]
)
@pytest.mark.parametrize("source", ["2-3-1", "30-20-4", "1-1-1"])
def test_weights_that_are_drawn_to_be_read_are_round(source: str, initializer: str) -> None:
    drawn = cr.problem(source, initializer=initializer, seed=3).network
    raw = drawn.replaced()
    for key, start in drawn.initializers.items():
        decimals = distribution(start).decimals(*drawn.shapes[key])
        assert decimals >= 2
        np.testing.assert_array_equal(drawn.parameters[key], np.round(drawn.parameters[key], decimals))
        np.testing.assert_allclose(drawn.parameters[key], raw.parameters[key], atol=0.51 * 10.0**-decimals)
        assert not np.signbit(drawn.parameters[key][drawn.parameters[key] == 0]).any()


@pytest.mark.parametrize(("deviation", "decimals"), [(5, 2), (0.2, 2), (0.19, 3), (0.02, 3), (0.0199, 4), (2e-5, 6)])
def test_the_narrower_the_start_the_more_decimals(deviation: float, decimals: int) -> None:
    assert distribution(find("initializer", {"name": "normal", "deviation": deviation})).decimals(4, 3) == decimals


def test_training_and_networks_of_ones_own_are_drawn_as_they_come() -> None:
    own = cr.Network(2, cr.dense(3, "tanh"), cr.dense(1), seed=5)
    assert (own.parameters["W1"] != np.round(own.parameters["W1"], 6)).all()
    np.testing.assert_array_equal(cr.problem(own).network.parameters["W1"], own.parameters["W1"])


def test_drawn_numbers_that_are_round_have_exact_steps() -> None:
    problem = cr.problem("2-3-1", activation="relu", seed=1)
    step = problem.step(exact=True)
    assert all(value.denominator <= 100 for value in step.parameters["W1"].ravel())


@pytest.mark.parametrize(
    ("source", "said"), [("2-2-1", "rounded to 2 decimals"), ("300-40-1", "rounded, to 2 to 3 decimals"), ("seed", "")]
)
def test_the_text_says_to_how_many_decimals(source: str, said: str) -> None:
    problem = cr.problem(source, initializer=None if source == "seed" else "he_normal")
    text = " ".join(plain(problem.explain(detail="overview")).split())
    assert (said in text) if said else ("decimals" not in text)
    assert "decimals" not in plain(cr.problem("2-2-1", initializer="constant").explain())
