"""The graph: names, operators, shapes, walks, values computed once, and its gradients by name."""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chainrule.base.errors import InputError, ShapeError
from chainrule.formula import primitives as p
from chainrule.formula.backprop import gradients, local_derivatives
from chainrule.formula.evaluation import evaluate
from chainrule.formula.expression import (
    PRIMITIVES,
    Name,
    as_expression,
    broadcast,
    consumers,
    definition,
    depends_on_variable,
    named,
    neighbours,
    order,
    substitute,
    variable,
)
from chainrule.formula.tidy import shared

a, b = variable(Name("a")), variable(Name("b"))
A, B = variable(Name("A"), (2, 3)), variable(Name("B"), (2, 3))


# Names.


@pytest.mark.parametrize(
    ("name", "key"),
    [
        (Name("x"), "x"),
        (Name("W", 1), "W1"),
        (Name("W", 1, gradient=True), "dW1"),
        (Name("z", 2, gradient=True), "delta2"),
        (Name("v", mark="W1"), "v_W1"),
        (Name("W", 1, gradient=True, mark="clipped"), "dW1_clipped"),
        (Name("h", 1, (0, 1)), "h1[1,2]"),
        (Name("b", 3).at(0), "b3[1]"),
        (Name("b", 3, (0,)).whole, "b3"),
        (Name("z", 1).of_gradient, "delta1"),
    ],
)
def test_the_key_of_a_name(name: Name, key: str) -> None:
    assert name.key == str(name) == key


def test_what_has_a_name() -> None:
    q = named(Name("q", 2), a + b)
    assert (q.name, q.key, q.symbol) == (Name("q", 2), "q2", "q")
    assert (a + b).name is None
    assert (a + b).symbol == ""
    with pytest.raises(ValueError, match="add has no name"):
        (a + b).key  # noqa: B018  # to ask is enough
    assert as_expression(3).constant == 3
    assert a.constant is None
    assert definition(named(Name("r"), q)) is q


# Operators.

OPERATORS: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "+": (operator.add, "add"),
    "-": (operator.sub, "subtract"),
    "*": (operator.mul, "multiply"),
    "/": (operator.truediv, "divide"),
    "**": (operator.pow, "power"),
    ">": (operator.gt, "greater"),
}


@pytest.mark.parametrize("sign", OPERATORS)
def test_python_s_operators_keep_the_order_of_their_operands(sign: str) -> None:
    apply, row = OPERATORS[sign]
    for node, operands in ((apply(a, b), (a, b)), (apply(a, 2), (a, 2)), (apply(2, a), (2, a))):
        assert node.primitive is PRIMITIVES[row]
        assert [operand if operand.constant is None else operand.constant for operand in node.arguments] == list(operands)


def test_operators_of_other_signs() -> None:
    assert (a < b).primitive is p.greater
    assert (a < b).arguments == (b, a)
    assert (-a).primitive is p.negative
    assert abs(a).primitive is p.absolute
    assert (A @ p.swapped(B)).primitive is p.matmul
    assert as_expression(a) is a
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(a)


# Shapes.


def test_stretching_is_explicit_for_what_a_gradient_can_pass() -> None:
    row, N = variable(Name("row"), (3,)), p.size(dimension="batch")
    assert broadcast(a, b, operation="add") == (a, b)
    assert broadcast(A, B, operation="add") == (A, B)
    assert (A * 2).arguments[1].shape == ()
    assert (A / N).arguments[1] is N
    for stretched, axes, sizes in (
        ((A + row).arguments[1], (0,), (2,)),
        ((A * a).arguments[1], (0, 1), (2, 3)),
        ((a - A).arguments[0], (0, 1), (2, 3)),
    ):
        assert stretched.primitive is p.spread
        assert (stretched.parameters["axes"], stretched.parameters["sizes"]) == (axes, sizes)
    two = (row + A + 1).arguments[0]
    assert two.shape == (2, 3)
    with pytest.raises(ShapeError, match=r"multiply needs operands of one shape, but was given \(2, 3\) and \(2,\)"):
        A * variable(Name("column"), (2,))
    with pytest.raises(ShapeError, match="one shape"):
        A + variable(Name("other"), (3, 3))


def test_what_depends_on_a_variable() -> None:
    assert depends_on_variable(a + 1)
    assert depends_on_variable(named(Name("one"), as_expression(1)))
    assert not depends_on_variable(2 / p.size(dimension="batch"))


# Walks.


def test_arguments_come_before_what_uses_them_and_walls_hide_what_is_below() -> None:
    inner = named(Name("inner"), a * b)
    outer = inner + p.exp(inner)
    assert order(outer) == [a, b, inner.arguments[0], inner, outer.arguments[1], outer]
    assert order(outer, wall=lambda node: node is inner) == [inner, outer.arguments[1], outer]
    assert order(a, outer, a)[:2] == [a, b]
    assert order() == []


def test_users_are_those_among_the_nodes_given() -> None:
    product = a * b
    total = product + a
    assert consumers([a, b, product, total]) == {a: [product, total], b: [product], product: [total], total: []}
    assert consumers([product, total]) == {product: [total], total: []}
    assert consumers([(square := a * a), a]) == {square: [], a: [square, square]}


def test_neighbours_are_the_names_in_a_definition() -> None:
    inner = named(Name("inner"), a * b)
    outer = named(Name("outer"), inner + p.exp(inner) + a)
    assert list(neighbours(outer)) == [inner, a]
    assert list(neighbours(inner)) == [a, b]
    assert list(neighbours(named(Name("again"), inner))) == [inner]
    assert list(neighbours(inner + 1)) == [inner]


def test_substitution_keeps_what_it_does_not_touch() -> None:
    left, right = p.exp(a), p.log(b)
    changed = substitute(left + right, {b: a})
    assert changed.arguments[0] is left
    assert changed.arguments[1].arguments == (a,)
    assert substitute(left, {b: a}) is left
    assert substitute(left, {left: right}) is right
    assert substitute(p.total(A, axes=(0,)), {A: B}).parameters == {"axes": (0,)}


# Each value once.


def test_a_value_computed_twice_is_one_node() -> None:
    (root,) = shared([p.exp(a + b) * p.exp(a + b)])
    assert root.arguments[0] is root.arguments[1]
    (root,) = shared([p.exp(a + b) * p.exp(b + a)])
    assert root.arguments[0] is not root.arguments[1]
    once, other = shared([p.spread(a, axes=(0,), sizes=(3,)), p.spread(a, axes=(0,), sizes=(4,))])
    assert once is not other


def test_what_has_a_name_is_written_by_it() -> None:
    q = named(Name("q"), p.exp(a))
    first, second = shared([p.exp(a) + 1, q], known=[q])
    assert first.arguments[0] is q
    assert second is q
    assert shared([named(Name("q"), q)], known=[q]) == [q]
    r = named(Name("r"), q)
    assert shared([r, p.exp(a)], known=[q]) == [r, q]


# Gradients.


def test_gradients_are_named_and_nought_where_nothing_depends() -> None:
    h = named(Name("h", 1), A * B)
    E = named(Name("E"), p.total(h * h, axes=(0, 1)))
    found = gradients(E, [A, h, a, variable(Name("C", 2), (2, 3))])
    assert [g.key for g in found.values()] == ["dA", "dh1", "da", "dC2"]
    numbers = {A: np.ones((2, 3)), B: np.full((2, 3), 2.0)}
    values = evaluate(list(found.values()), numbers)
    assert [np.asarray(values[g]).tolist() for g in found.values()] == [[[8.0] * 3] * 2, [[4.0] * 3] * 2, 0.0, [[0.0] * 3] * 2]


def test_a_value_used_twice_has_one_gradient() -> None:
    h = named(Name("h"), p.tanh(A))
    dA = gradients(named(Name("E"), p.mean(h + p.sin(h) * h, axes=(0, 1))), [A])[A]
    assert [node.key for node in order(dA) if node.name is not None].count("dh") == 1


def test_the_gradient_of_a_quantity_by_itself_is_its_seed() -> None:
    E, g = named(Name("E"), a * a), variable(Name("g"))
    assert gradients(E, [E])[E].constant == 1
    assert gradients(E, [E], g)[E] is g
    assert local_derivatives(E, [a], g)[a].name is None


def test_names_are_walls_for_the_factors_of_a_chain() -> None:
    h = named(Name("h"), a * a)
    y = named(Name("y"), h * b + a)
    g = variable(Name("g"))
    factors = local_derivatives(y, [h, a], g)
    values = evaluate(list(factors.values()), {a: np.asarray(3.0), b: np.asarray(5.0), g: np.asarray(1.0)})
    assert [float(values[factor]) for factor in factors.values()] == [5.0, 1.0]


def test_the_upstream_gradient_stands_before_the_slope() -> None:
    z, g = variable(Name("z"), (2, 3)), variable(Name("g"), (2, 3))
    h = named(Name("h"), p.tanh(z))
    carried = local_derivatives(h, [z], g)[z]
    assert carried.primitive is p.multiply
    assert carried.arguments[0] is g
    assert repr(carried.arguments[1]) == "1 − h^2"


def test_there_is_no_derivative_by_an_exponent() -> None:
    with pytest.raises(InputError, match="power has no derivative for the argument that depends on a"):
        gradients(named(Name("E"), p.total(2 ** p.spread(a, axes=(0,), sizes=(2,)), axes=(0,))), [a])
    with pytest.raises(InputError, match="depends on a"):
        gradients(named(Name("E"), 2**a), [a])
