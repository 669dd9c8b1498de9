"""What a derivation and an update are made of, by name; and one name for one quantity."""

from collections.abc import Callable
from typing import Any

import pytest

from chainrule.base.errors import DescriptionError
from chainrule.formula import primitives as p
from chainrule.formula.expression import Expression, Name, as_expression, neighbours, variable
from chainrule.network.definitions import Definition, find
from chainrule.network.derivation import Conventions, Derivation
from chainrule.network.layers import dense
from chainrule.network.network import Network
from chainrule.network.normalization import dropout, layer_norm
from chainrule.network.optimizers import let
from chainrule.network.recurrence import gru
from chainrule.network.update import Update, network_update, update
from chainrule.network.wiring import sequence

# One name, one quantity.


def network_of(kind: str, function: Callable[..., Any], **settings: Any) -> Derivation:
    """The derivation of a network with a definition of one's own."""
    bound = Definition(kind, function.__name__, function).bind()
    hidden = bound if kind == "activation" else "tanh"
    own = {} if kind == "activation" else {kind: bound}
    return Network(2, dense(2, hidden), dense(1), **own, **settings).derivation


def test_two_quantities_of_one_name_are_refused() -> None:
    def twice(z: Expression) -> Expression:
        """Two formulas, one name."""
        return let("q", p.sin(z)) + let("q", p.cos(z))

    with pytest.raises(DescriptionError, match=r"two quantities are called q1: sin\(z.*\) and cos\(z.*\); give the one that is yours"):
        network_of("activation", twice)


def test_a_quantity_named_like_a_gradient_is_refused() -> None:
    def wave(z: Expression) -> Expression:
        """The gradient of q is dq."""
        return let("dq", p.sin(let("q", z * z)))

    with pytest.raises(DescriptionError, match="two quantities are called dq1"):
        network_of("activation", wave)


@pytest.mark.parametrize("kind", ["regularizer", "loss"])
def test_a_quantity_of_another_definition_is_refused(kind: str) -> None:
    def square(z: Expression) -> Expression:
        """A name for what is squared."""
        return let("q", z * z)

    def penalty(W: Expression) -> Expression:
        """The same name for something else."""
        return p.total(let("q", abs(W)), axes=(0, 1))

    def distance(y: Expression, t: Expression) -> Expression:
        """The name of the first layer's."""
        return let("q1", y - t) ** 2

    other = {"regularizer": penalty, "loss": distance}[kind]
    own = {kind: Definition(kind, "own", other).bind()}
    with pytest.raises(DescriptionError, match="two quantities are called q1"):
        network_of("activation", square, **own)


def test_one_formula_under_one_name_is_one_quantity() -> None:
    def square(z: Expression) -> Expression:
        """Written twice, computed once."""
        return let("q", p.sin(z)) * let("q", p.sin(z))

    derivation = network_of("activation", square)
    assert [node.key for node in derivation.quantities] == ["z1", "q1", "h1", "y"]


def rule_of(function: Callable[..., Any]) -> Update:
    """The update of a small network by a rule of one's own."""
    return network_update(Network(2, dense(1)), Definition("optimizer", function.__name__, function).bind())


def test_a_rule_s_quantity_named_like_its_state_is_refused() -> None:
    def rule(w: Expression, g: Expression, q: Expression, *, learning_rate: float = 0.1) -> tuple[Expression, ...]:
        """q is a state and something else."""
        new = q + let("q", g * g)
        return w - learning_rate * new, new

    with pytest.raises(DescriptionError, match="two quantities are called q_W1: a variable and "):
        rule_of(rule)


def test_a_schedule_s_quantity_named_like_an_option_is_refused() -> None:
    def falling(k: Expression, *, rate: float = 0.1) -> Expression:
        """decay is an option of adamw."""
        return rate / let("decay", k)

    schedule = Definition("schedule", "falling", falling).bind()
    with pytest.raises(DescriptionError, match="two quantities are called decay"):
        network_update(Network(2, dense(1)), find("optimizer", "adamw").definition.bind(learning_rate=schedule))


# A derivation and an update, by name.


def test_what_a_derivation_holds() -> None:
    derivation = Network(2, dense(3, "tanh"), dense(2, "softmax"), loss="cross_entropy", regularizer="l2", weighted=True).derivation
    assert [node.key for node in derivation.data] == ["x", "t", "s"]
    assert [node.shape for node in derivation.data] == [("batch", 2), ("batch", 2), ("batch",)]
    assert [node.key for node in derivation.parameters] == ["W1", "b1", "W2", "b2"]
    assert [node.key for node in derivation.quantities] == ["z1", "h1", "z2", "y"]
    assert [node.key for node in derivation.backward] == ["delta2", "dh1", "delta1", "dW1", "db1", "dW2", "db2"]
    assert [node.key for node in derivation.gradients] == ["dW1", "db1", "dW2", "db2"]
    assert derivation.prediction.key == "y"
    assert derivation.error.key == derivation.paper_error.key == "E"
    assert set(derivation.named) == {
        node.key for node in (*derivation.data, *derivation.parameters, *derivation.quantities, *derivation.backward)
    } | {"E"}
    assert derivation.gradient(derivation.quantities[1]).key == "dh1"
    assert derivation.gradient(derivation.x) is None
    assert derivation.gradient(derivation.x + 1) is None


def test_examples_have_no_weights_unless_the_conventions_say_so() -> None:
    derivation = Network(2, dense(1, "identity")).derivation
    assert derivation.weights is None
    assert [node.key for node in derivation.data] == ["x", "t"]
    assert Conventions() == Conventions(outputs="sum", batch="mean", weighted=False)


def test_a_layer_without_a_curve_has_no_net_input_of_its_own() -> None:
    derivation = Network(2, dense(2, "identity", bias=False), dense(1, "sigmoid")).derivation
    assert [node.key for node in derivation.quantities] == ["h1", "z2", "y"]
    assert [node.key for node in derivation.parameters] == ["W1", "W2", "b2"]


def test_what_an_update_holds() -> None:
    network = Network(2, dense(1, "tanh"))
    rule = network_update(network, find("optimizer", {"name": "adam", "clip_norm": 2.0, "clip_value": 0.5}))
    assert {letter.key: number for letter, number in rule.options.items()} == {
        "learning_rate": 0.001,
        "beta1": 0.9,
        "beta2": 0.999,
        "epsilon": 1e-8,
    }
    assert rule.rate.key == "learning_rate"
    assert rule.norm.key == "norm"
    first, second = rule.parameters
    assert [part.parameter.key for part in rule.parameters] == ["W1", "b1"]
    assert first.gradient.key == "dW1_clipped"
    assert [state.key for state in first.states] == ["m_W1", "v_W1"]
    assert [state.shape for state in second.states] == [(1,), (1,)]
    assert [state.key for state in first.new_states] == ["m_W1_next", "v_W1_next"]
    assert first.new.key == "W1_next"
    assert [node.key for node in neighbours(first.new)] == ["W1", "learning_rate", "m_hat_W1", "v_hat_W1", "epsilon"]
    assert [root.key for root in rule.roots] == [
        "learning_rate",
        *(f"{name}_next" for name in ("m_W1", "v_W1", "W1", "m_b1", "v_b1", "b1")),
    ]


def test_an_update_without_clipping_or_with_a_schedule() -> None:
    network = Network(2, dense(1))
    rule = network_update(network, find("optimizer", {"name": "sgd", "learning_rate": {"name": "warmup", "steps": 5}}))
    assert rule.norm is None
    assert rule.options == {}
    assert [part.gradient for part in rule.parameters] == list(network.derivation.gradients)
    assert rule.rate.key == "learning_rate"
    assert [node.key for node in neighbours(rule.rate)] == ["k"]


def test_a_rule_has_to_return_what_it_is_asked_for() -> None:
    def forgetful(w: Expression, g: Expression, v: Expression) -> Expression:
        """One state in, none out."""
        return w - g - v

    def single(w: Expression, g: Expression) -> Expression:
        """A number in place of a matrix."""
        return as_expression(0.5)

    with pytest.raises(DescriptionError, match="forgetful has 1 state but returns 0"):
        rule_of(forgetful)
    with pytest.raises(DescriptionError, match="single returns a single number"):
        rule_of(single)


def test_only_numbers_among_the_options_become_letters() -> None:
    def rule(w: Expression, g: Expression, *, learning_rate: float = 0.1, upward: bool = False, form: str = "plain") -> Expression:
        """The other options are plain values for the rule to ask."""
        return w + learning_rate * g if upward or form != "plain" else w - learning_rate * g

    found = rule_of(rule)
    assert [letter.key for letter in found.options] == ["learning_rate"]
    assert repr(found.parameters[0].new.arguments[0]) == "W1 − η · ∂E/∂W1"


def test_a_rule_without_a_learning_rate_has_the_rate_nought() -> None:
    def still(w: Expression, g: Expression) -> Expression:
        """Nothing moves."""
        return w

    rule = rule_of(still)
    assert rule.rate.constant == 0
    assert update(find("optimizer", {"name": "sgd", "clip_norm": 1.0}), [], []).norm is None
    w, g = variable(Name("w")), variable(Name("w", gradient=True))
    assert update(find("optimizer", "sgd"), [w], [g]).parameters[0].new.key == "w_next"


def test_layers_have_one_number_in_training_and_in_what_predicts():
    """Also behind a dropout, which computes nothing where it drops nothing: names of two layers would be the same."""
    network = Network(sequence(2, 3), dropout(0.5), gru(2), layer_norm(), dense(2))
    names = {quantity.key for quantity in network.inference.quantities}
    assert {"mu3", "h3"} <= names <= {quantity.key for quantity in network.derivation.quantities}
