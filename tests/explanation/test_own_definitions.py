"""Definitions of one's own are explained at every level of detail and truly, or refused in words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from tests.equations import check
from tests.render.test_golden import written
from tests.samples import some

import chainrule as cr
from chainrule.base.errors import ChainruleError
from chainrule.formula.expression import Expression
from chainrule.gradient_check.prove import prove
from chainrule.network.definitions import REGISTRY


@pytest.fixture(autouse=True)
def registry_left_as_it_was() -> Iterator[None]:
    before = {kind: dict(table) for kind, table in REGISTRY.items()}
    yield
    for kind, table in before.items():
        REGISTRY[kind].clear()
        REGISTRY[kind].update(table)


def softmax_of_sigmoid(z: Expression) -> Expression:
    return cr.softmax(cr.sigmoid(z))


def tempered(z: Expression) -> Expression:
    return cr.softmax(z / 2)


def softmax_twice(z: Expression) -> Expression:
    return cr.softmax(cr.softmax(z))


def centred(z: Expression) -> Expression:
    return z - cr.mean(z, axes=(0,))


def layer_normed(z: Expression) -> Expression:
    apart = z - cr.mean(z, axis=-1, keepdims=True)
    return apart / cr.sqrt(cr.mean(apart**2, axis=-1, keepdims=True) + 0.01)


def with_sum(z: Expression) -> Expression:
    return z + cr.total(z, axes=(0, 1))


def flat(z: Expression) -> Expression:
    return 0 * z + 1


ACTIVATIONS = [softmax_of_sigmoid, tempered, softmax_twice, centred, layer_normed, with_sum, flat]


def itself(y: Expression, t: Expression) -> Expression:
    return y


def nothing(y: Expression, t: Expression) -> Expression:
    return 0 * y


def length(y: Expression, t: Expression) -> Expression:
    return cr.sqrt(cr.total((y - t) ** 2, axes=(1,)) + 0.1)


def softmax_inside(y: Expression, t: Expression) -> Expression:
    return -cr.total(t * cr.log(cr.softmax(y)), axes=(1,))


def against_the_mean(y: Expression, t: Expression) -> Expression:
    return (y - cr.mean(y, axes=(0,)) - t) ** 2


LOSSES = [itself, nothing, length, softmax_inside, against_the_mean]


def explained(network: cr.Network) -> None:
    """`prove` explains it at the other levels of detail."""
    step = network.step([[0.5], [-2]], [[1, 0], [0.5, 0.5]])
    verdicts = [check(equation) for _, equation in written(step.explain(detail="scalar"))]
    assert [false for verdict in verdicts for false in verdict.false] == []


@pytest.mark.parametrize(
    "activation", some(ACTIVATIONS, lambda function: function is softmax_of_sigmoid), ids=lambda function: function.__name__
)
def test_an_activation_is_explained_and_passes_the_check(activation) -> None:
    own = cr.activation(activation)
    prove(own).demand()
    explained(cr.Network(1, cr.dense(2, own), loss="squared", seed=1))


@pytest.mark.parametrize("loss", some(LOSSES, lambda function: function is length), ids=lambda function: function.__name__)
def test_a_loss_is_explained_and_passes_the_check(loss) -> None:
    own = cr.loss(loss)
    prove(own).demand()
    explained(cr.Network(1, cr.dense(2), loss=own, seed=1))


@pytest.mark.parametrize("activation", [softmax_of_sigmoid, tempered], ids=lambda function: function.__name__)
def test_a_short_derivative_is_that_by_what_the_softmax_is_taken_of(activation) -> None:
    network = cr.Network(2, cr.dense(2, cr.activation(activation)), loss="cross_entropy", seed=1)
    step = network.step([[1, 2]], [[1, 0]])
    note = " ".join(str(step.explain(detail="scalar")).split())
    assert f"by {'σ(z)' if activation is softmax_of_sigmoid else 'z/2'} is y − t, because" in note
    y, z = step.prediction, step.before["z1"]
    slope = 1 / (1 + np.exp(-z)) * (1 - 1 / (1 + np.exp(-z))) if activation is softmax_of_sigmoid else 0.5
    np.testing.assert_allclose(step.gradients["z1"], (y - [[1, 0]]) * slope, rtol=1e-12)


def test_a_loss_with_a_softmax_of_its_own_has_a_derivative_by_y() -> None:
    network = cr.Network(2, cr.dense(2), loss=cr.loss(softmax_inside), seed=1)
    step = network.step([[1, 2]], [[1, 0]])
    assert "the derivative of the cross-entropy by y is softmax(y) − t" in " ".join(str(step.explain()).split())


def test_samples_that_depend_on_each_other_have_no_shares() -> None:
    network = cr.Network(2, cr.dense(1, cr.activation(centred)), loss="squared", seed=1)
    text = str(network.step([[1, 2], [3, 5]], [[1], [0]]).explain(detail="scalar"))
    assert "What each sample brings" not in text
    assert "∂E/∂w1" in text


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (cr.total, "total needs the axes that it runs over, but none was given"),
        (lambda z: cr.total(z, axes=(1,)), "gives ('batch',); a sum keeps its shape with keepdims=True"),
        (lambda z: z / cr.total(z, axes=(1,)), "a sum keeps its shape with keepdims=True"),
        (lambda z: cr.total(z, axis=2, keepdims=True), "total is asked to run over axis 2, but z⁽¹⁾ has 2 axes"),
        (lambda z: cr.mean(z, axes="units"), "mean takes axes as whole numbers, as axes=(1,), but was given 'units'"),
        (cr.maximum, "maximum takes 2 operands (a, b), but was given 1"),
        (lambda z: cr.mean(z, axes=(0, 1), axis=1), "both axes and axis were given"),
    ],
)
def test_wrong_arguments_are_told_in_words(body, message: str) -> None:
    def own(z: Expression) -> Expression:
        return body(z)

    with pytest.raises(ChainruleError) as caught:
        cr.Network(2, cr.dense(2, cr.activation(own)), loss="squared").step([[1, 2]], [[1, 0]])
    assert message in str(caught.value)


def test_a_loss_of_another_shape_is_refused() -> None:
    def turned(y: Expression, t: Expression) -> Expression:
        return cr.total((y - t) ** 2, axes=(0,))

    with pytest.raises(cr.ShapeError, match=r"the loss turned gives the shape \(2,\) for predictions"):
        cr.Network(2, cr.dense(2), loss=cr.loss(turned)).step([[1, 2]], [[1, 0]])
