"""Closed forms equal the long forms that they replace, for any numbers; and are safe where the long ones are not."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.samples import examples
from tests.twins import close

from chainrule.base.errors import InputError
from chainrule.formula import primitives as p
from chainrule.formula.backprop import gradients
from chainrule.formula.evaluation import evaluate
from chainrule.formula.expression import Expression, Name, order, variable
from chainrule.formula.theorems import THEOREMS, Theorem, applications, shortened
from chainrule.network import registration
from chainrule.network.definitions import REGISTRY
from chainrule.network.layers import dense
from chainrule.network.losses import focal
from chainrule.network.network import Network

ROWS_SUM_TO_ONE = "rows_sum_to_one"
theorems = pytest.mark.parametrize("theorem", THEOREMS, ids=lambda theorem: theorem.key)
pairs = pytest.mark.parametrize("theorem", [t for t in THEOREMS if "any" not in t.key and not t.numbers], ids=lambda theorem: theorem.key)
PAIRS = [
    ("softmax_cross_entropy", "cross_entropy", "softmax"),
    ("softmax_kl", "kl", "softmax"),
    ("sigmoid_binary_cross_entropy", "binary_cross_entropy", "sigmoid"),
    ("sigmoid_focal", "focal", "sigmoid"),
]


def numbers(theorem: Theorem, seed: int, shape: tuple[int, int], spread: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    """Any z, and a t for which the theorem holds."""
    random = np.random.default_rng(seed)
    t = random.uniform(0, 1, shape)
    if theorem.condition == ROWS_SUM_TO_ONE:
        t /= t.sum(axis=1, keepdims=True)
    return random.normal(0, spread, shape), t


@theorems
@examples(40)
@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(1, 4), units=st.integers(1, 5))
def test_long_and_short_form_and_their_derivatives_agree(theorem: Theorem, seed: int, rows: int, units: int) -> None:
    z, t = variable(Name("z"), ("batch", units)), variable(Name("t"), ("batch", units))
    options = np.random.default_rng(seed + 2).uniform(0, 3, len(theorem.numbers))
    long, short = (form(z, t, *map(float, options)) for form in (theorem.long, theorem.short))
    g = variable(Name("g"), long.shape)
    slopes = [gradients(form, [z], g)[z] for form in (long, short)]
    z_numbers, t_numbers = numbers(theorem, seed, (rows, units))
    upstream = np.random.default_rng(seed + 1).normal(size=(rows,) if len(long.shape) == 1 else (rows, units))
    values = evaluate([long, short, *slopes], {z: z_numbers, t: t_numbers, g: upstream})
    np.testing.assert_allclose(values[short], values[long], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(values[slopes[1]], values[slopes[0]], rtol=1e-9, atol=1e-12)


@pairs
@pytest.mark.parametrize("outputs", ["sum", "mean"])
@pytest.mark.parametrize("batch", ["sum", "mean"])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_gradient_of_the_rewritten_network_is_y_minus_t(theorem: Theorem, outputs: str, batch: str, weighted: bool) -> None:
    _, loss, _ = next(pair for pair in PAIRS if pair[0] == theorem.key)
    network = Network(2, dense(3), loss=loss, seed=3, outputs=outputs, batch=batch, weighted=weighted)
    x, t = np.random.default_rng(0).normal(size=(4, 2)), numbers(theorem, 1, (4, 3))[1]
    s = np.array([0.5, 1, 2, 0]) if weighted else None
    step = network.step(x, t, weights=s)
    assert [found.theorem.key for found in network.derivation.theorems] == [theorem.key]
    counted = (1 if batch == "sum" else 4) * (1 if outputs == "sum" or theorem.condition == ROWS_SUM_TO_ONE else 3)
    close(step.gradients["z1"], (step.prediction - t) * (1 if s is None else s[:, None]) / counted, 1e-12)
    assert "log" not in {node.primitive.name for node in order(*network.derivation.gradients)}


@pairs
@pytest.mark.parametrize("size", [10.0, 745.0, 1e4])
def test_large_net_inputs_stay_finite(theorem: Theorem, size: float) -> None:
    _, loss, _ = next(pair for pair in PAIRS if pair[0] == theorem.key)
    network = Network(1, dense(2, bias=False, weights=[[size, -size]]), loss=loss)
    for t in ([1.0, 0.0], [0.0, 1.0], [0.25, 0.75]):
        step = network.step([[1.0], [-1.0]], [t, t])
        for key, value in step.everything.items():
            assert np.isfinite(value).all(), key
    step = network.step([[1.0]], [[0.0, 1.0]])
    assert step.error == pytest.approx(2 * size, rel=1e-3)


@pytest.mark.parametrize("gamma", [0.5, 2.0, 3.5])
@pytest.mark.parametrize("size", [10.0, 745.0, 1e4])
def test_a_focal_loss_of_large_net_inputs_is_finite_and_right(size: float, gamma: float) -> None:
    network = Network(1, dense(2, bias=False, weights=[[size, -size]]), loss=focal(gamma=gamma, alpha=0.3))
    for t in ([1.0, 0.0], [0.0, 1.0]):
        step = network.step([[1.0], [-1.0]], [t, t])
        for key, value in step.everything.items():
            assert np.isfinite(value).all(), key
    step = network.step([[1.0]], [[0.0, 1.0]])  # both are wrong: −ln of what is right is its size
    assert step.error == pytest.approx(size, rel=1e-3)
    np.testing.assert_allclose(step.gradients["W1"], [[0.7, -0.3]], rtol=0.2 if size < 100 else 1e-9)


@pytest.mark.parametrize(("key", "loss", "output"), PAIRS)
def test_the_paper_error_keeps_the_long_form_with_the_same_value(key: str, loss: str, output: str) -> None:
    network = Network(2, dense(3, "tanh"), dense(2, output), loss=loss, regularizer="l2", seed=1)
    derivation = network.derivation
    x, t = np.random.default_rng(0).normal(size=(3, 2)), np.array([[0.3, 0.7], [1, 0], [0.5, 0.5]])
    values = evaluate([derivation.paper_error, derivation.error], {derivation.x: x, derivation.targets[0]: t, **network.bindings()})
    assert values[derivation.error] == pytest.approx(values[derivation.paper_error], rel=1e-13)
    assert "log" in {node.primitive.name for node in order(derivation.paper_error)}
    assert [found.theorem.key for found in derivation.theorems] == [key]


@pytest.mark.parametrize(("loss", "output"), [("cross_entropy", "sigmoid"), ("binary_cross_entropy", "softmax"), ("squared", "softmax")])
def test_other_pairs_are_left_as_they_are(loss: str, output: str) -> None:
    assert not Network(2, dense(3, output), loss=loss).derivation.theorems


def test_nothing_is_rewritten_where_nothing_matches() -> None:
    z, t = variable(Name("z"), ("batch", 2)), variable(Name("t"), ("batch", 2))
    for formula in (z * t, -(z + t), THEOREMS[0].long(z, t).arguments[0]):
        assert shortened(formula) is formula
        assert not list(applications(formula))


def test_targets_that_do_not_add_up_to_one_are_refused_with_their_row() -> None:
    network = Network(2, dense(3), loss="cross_entropy")
    with pytest.raises(InputError, match=r"row 2 adds up to 1\.5"):
        network.step([[1, 2], [3, 4]], [[1, 0, 0], [0.5, 0.5, 0.5]])


def test_without_the_theorem_any_targets_will_do() -> None:
    network = Network(2, dense(3, "sigmoid"), loss="cross_entropy", seed=1)
    step = network.step([[1, 2]], [[0.5, 0.5, 0.5]])
    assert step.error == pytest.approx(-0.5 * np.log(step.prediction).sum())


@pytest.mark.usefixtures("shorter_runs")
@pytest.mark.parametrize(("weight", "smoothing"), [(2.0, 0.0), (1.0, 0.1), (3.0, 0.2)])
def test_what_a_loss_makes_of_the_targets_need_not_add_up_to_one(weight: float, smoothing: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(REGISTRY, "loss", dict(REGISTRY["loss"]))

    @registration.loss(output="softmax", targets="distribution")
    def smoothed(y: Expression, t: Expression) -> Expression:
        """−Σ (weight · t + smoothing) ln y."""
        return -p.total((weight * t + smoothing) * p.log(y), axes=(1,))

    network = Network(2, dense(3), loss=smoothed, seed=2)
    x, t = np.array([[1, 2], [0.5, -1]]), np.array([[1, 0, 0], [0.2, 0.3, 0.5]])
    step = network.step(x, t)
    made = weight * t + smoothing
    assert step.error == pytest.approx(-(made * np.log(step.prediction)).sum(axis=1).mean())
    close(step.gradients["z1"], (made.sum(axis=1, keepdims=True) * step.prediction - made) / 2, 1e-12)
    note = " ".join(str(step.explain(detail="scalar")).split())
    assert re.search(r"the derivative of the cross-entropy by z is \(Σ_j .*\) ⊙ y − \(", note)
