"""The identities that a reader applies silently, one by one; and that none of them changes a value."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.formula import primitives as p
from chainrule.formula.evaluation import evaluate
from chainrule.formula.expression import Expression, Name, Shape, as_expression, named, variable
from chainrule.formula.tidy import tidy

HALF = Fraction(1, 2)
MATRIX = ("batch", 3)


def piece(x: Expression, start: int, stop: int) -> Expression:
    """Some columns of an array."""
    return p.part(x, axis=1, start=start, stop=stop)


def placed(x: Expression, start: int) -> Expression:
    """Columns among zeros."""
    return p.place(x, axis=1, start=start, extent=3)


a, b, c = (variable(Name(letter)) for letter in "abc")
A, B = (variable(Name(letter), MATRIX) for letter in "AB")
N = p.size(dimension="batch")
positive = A > 0
rows = variable(Name("r"), (MATRIX[0],))
of_rows = p.spread(rows, axes=(1,), sizes=(MATRIX[1],))


def filled(number: Any, shape: Shape = MATRIX) -> Expression:
    """An array of one number."""
    return p.spread(number, axes=tuple(range(len(shape))), sizes=shape)


def alike(one: Any, other: Any) -> bool:
    """The same operations on the same letters and numbers, of the same shape. An integer is no fraction and no float."""
    one, other = as_expression(one), as_expression(other)
    if one.name is not None:
        return one is other
    return (
        one.primitive is other.primitive
        and repr(one.parameters) == repr(other.parameters)
        and one.shape == other.shape
        and len(one.arguments) == len(other.arguments)
        and all(map(alike, one.arguments, other.arguments))
    )


def written(expression: Expression) -> str:
    """As the graph stands: `repr` would tidy it."""
    if expression.name is not None or not expression.arguments:
        return str(expression.name or next(iter(expression.parameters.values())))
    return f"{expression.primitive.name}({', '.join(written(argument) for argument in expression.arguments)})"


IDENTITIES: list[tuple[Expression, Any]] = [
    # Sums and differences.
    (as_expression(2) + 3, 5),
    (as_expression(2) - 3, -1),
    (a + 0, a),
    (0 + a, a),
    (0 - a, -a),
    (A + 0, A),
    (0 - A, -A),
    (a + -b, a - b),
    (-a + b, b - a),
    (-a + -b, -a - b),
    (a / c - b / c, (a - b) / c),
    (A / N - B / N, (A - B) / N),
    (a / b - a / c, a / b - a / c),
    (a / c + b / c, a / c + b / c),
    # Products.
    (as_expression(2) * 3, 6),
    (HALF * as_expression(2), 1),
    (as_expression(0.5) * 2, 1.0),
    (0 * a, 0),
    (a * 0, 0),
    (0 * A, filled(0)),
    (1 * a, a),
    (a * 1, a),
    (-1 * a, -a),
    (a * -1, -a),
    (a * 2, 2 * a),
    (2 * (3 * a), 6 * a),
    (2 * (HALF * A), A),
    (2 * (a * 3), 6 * a),
    (-a * b, -(a * b)),
    (a * -b, -(a * b)),
    (-a * -b, a * b),
    (1 / a * b, b / a),
    (b * (1 / a), b / a),
    (1 / N * A, A / N),
    (2 / N * A, (2 * A) / N),
    (2 / N * (3 * A), (6 * A) / N),
    (2 / N * filled(N), filled(2 / N * N)),
    (a / b * c, a / b * c),
    (a / N * A, a / N * A),
    (A / N * B, A / N * B),
    # Quotients.
    (a / 1, a),
    (as_expression(3) / 4, Fraction(3, 4)),
    (as_expression(4) / 2, 2),
    (as_expression(1.0) / 4, 0.25),
    (as_expression(3) / 0, as_expression(3) / 0),
    (-a / b, -(a / b)),
    (a / b / c, a / (b * c)),
    (a / (b / c), (a * c) / b),
    (A * (B / N) / (2 * B), (A * B) / (2 * (N * B))),
    (p.total(-(A * (B / of_rows)), axes=(1,)) / a, -(p.total(A * B, axes=(1,)) / (rows * a))),
    (p.total(A / B, axes=(1,)) / c, p.total(A / B, axes=(1,)) / c),  # each term has a divisor of its own
    (a / (b * p.sqrt(b)), a / b ** Fraction(3, 2)),
    (filled(a / 4) * (2 * A), filled(a / 2) * A),
    (filled(a / 4) * (3 * A), filled(a / 4) * (3 * A)),
    # Signs.
    (-as_expression(2), -2),
    (p.negative(-a), a),
    (-filled(a), filled(-a)),
    (-filled(-a), filled(a)),
    # Powers.
    (a**1, a),
    (a**2, a**2),
    (p.sqrt(a) ** 2, a),
    (filled(p.sqrt(a)) ** 2, filled(a)),
    (p.sqrt(a) ** 3, p.sqrt(a) ** 3),
    # What moves elements.
    (p.transpose(A, axes=(0, 1)), A),
    (p.transpose(A, axes=(1, 0)), p.transpose(A, axes=(1, 0))),
    (p.swapped(p.swapped(A)), A),
    (p.spread(filled(a, (3,)), axes=(0,), sizes=("batch",)), filled(a)),
    (p.total(filled(0), axes=(0,)), filled(0, (3,))),
    (p.total(A, axes=(0,)), p.total(A, axes=(0,))),
    (
        placed(piece(A, 0, 1), 0) + placed(piece(B, 1, 3), 1),
        p.join(piece(A, 0, 1), piece(B, 1, 3), axis=1),
    ),
    (
        placed(piece(A, 2, 3), 2) + placed(piece(A, 0, 1), 0) + placed(piece(B, 1, 2), 1),
        p.join(piece(A, 0, 1), piece(B, 1, 2), piece(A, 2, 3), axis=1),
    ),
    (
        placed(piece(A, 0, 1), 0) + placed(piece(B, 1, 2), 1) + placed(piece(A, 2, 3), 2),
        p.join(piece(A, 0, 1), piece(B, 1, 2), piece(A, 2, 3), axis=1),
    ),
    (placed(piece(A, 0, 2), 0) + placed(piece(B, 1, 2), 1), placed(piece(A, 0, 2), 0) + placed(piece(B, 1, 2), 1)),
    # Choices.
    (p.select(a > 0, 1, 1), 1),
    (p.select(a > 0, 1, 0), p.select(a > 0, 1, 0)),
    (p.select(positive, filled(1), filled(1)), filled(1)),
    (p.select(a > 0, b, b), p.select(a > 0, b, b)),
    # A stretched number is a plain one where its partner has the shape, and else is stretched once.
    (A + filled(2), A + 2),
    (filled(2) * A, 2 * A),
    (A / filled(N), A / N),
    (A + filled(a), A + filled(a)),
    (filled(2) + filled(3), filled(5)),
    (p.exp(filled(2)), filled(p.exp(2))),
    (p.exp(filled(a)), p.exp(filled(a))),
    # From the leaves upward.
    (p.exp(a + 0) * (b + b * 0), p.exp(a) * b),
    (HALF * (2 * (a + -b)) ** 1, a - b),
]


@pytest.mark.parametrize(("given", "wanted"), IDENTITIES, ids=lambda side: written(as_expression(side)))
def test_identities(given: Expression, wanted: Any) -> None:
    found = tidy(given)
    assert alike(found, wanted), f"{written(found)} in place of {written(as_expression(wanted))}"
    assert found.shape == given.shape


def test_named_quantities_are_left_whole() -> None:
    q = named(Name("q"), a + 0)
    assert tidy(q) is q
    assert tidy(1 * q) is q
    assert alike(tidy(q + 0 * a), q)


def test_what_is_tidy_stays_the_same_node() -> None:
    graph = (p.exp(A) / N + B) @ p.swapped(A)
    assert tidy(graph) is graph


# Whatever the graph, its value and its shape stay.

NUMBERS = {a: np.asarray(0.7), b: np.asarray(-1.3), c: np.asarray(2.1)}
ARRAYS = {A: np.array([[0.4, -0.2, 1.5], [-2.0, 0.3, 0.9]]), B: np.array([[1.1, 0.6, -0.8], [0.2, -1.7, 2.3]])}
divisors = st.sampled_from([1, -1, 2, HALF, 0.25, c, N, B, filled(2), filled(N)]).map(as_expression)
leaves = divisors | st.sampled_from([0, a, b, A, filled(0), filled(1), filled(-1), filled(b)]).map(as_expression)


def grown(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    """Larger graphs, of the rows of the table that there are identities for."""
    return (
        st.builds(lambda row, x, y: row(x, y), st.sampled_from([p.add, p.subtract, p.multiply]), inner, inner)
        | st.builds(p.divide, inner, divisors)
        | st.builds(p.power, inner, st.integers(0, 2))
        | st.builds(p.select, st.just(positive), inner, inner)
        | inner.map(p.negative)
        | inner.map(lambda x: p.total(x, axes=(0,)) if x.shape == MATRIX else x)
        | st.builds(lambda x, y: x / p.total(y, axes=(0,)) if x.shape == y.shape[1:] == MATRIX[1:] else x, inner, inner)
        | inner.map(lambda x: p.spread(x, axes=(0,), sizes=MATRIX[:1]) if x.shape == MATRIX[1:] else x)
        | inner.map(lambda x: x * p.sqrt(x * x))
        | inner.map(lambda x: p.swapped(p.swapped(x)) if x.shape == MATRIX else x)
    )


@given(graph=st.recursive(leaves, grown, max_leaves=12))
def test_no_identity_changes_a_value_or_a_shape(graph: Expression) -> None:
    simpler = tidy(graph)
    assert simpler.shape == graph.shape
    values = evaluate([graph, simpler], NUMBERS | ARRAYS)
    np.testing.assert_allclose(values[simpler], values[graph], rtol=1e-9, atol=1e-9)
    assert alike(tidy(simpler), simpler), f"{written(graph)} became {written(simpler)} and then {written(tidy(simpler))}"


def test_a_number_over_what_is_summed_is_no_array() -> None:
    graph = p.total(1 / B, axes=(0,)) / p.total(A, axes=(0,))
    values = evaluate([graph, tidy(graph)], ARRAYS)
    np.testing.assert_allclose(values[tidy(graph)], values[graph])
    root = as_expression(-2) * p.sqrt(as_expression(-2))
    assert tidy(root).primitive is not p.constant
