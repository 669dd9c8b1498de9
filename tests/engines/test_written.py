"""Programs as they are printed: what stands in them runs by itself, and computes what the graph says."""

import ast
import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest

from chainrule.base.errors import DescriptionError
from chainrule.engines.writer import Writer
from chainrule.engines.written import written_program
from chainrule.formula import primitives as p
from chainrule.formula.backprop import gradients
from chainrule.formula.evaluation import evaluate
from chainrule.formula.expression import Expression, Name, Primitive, Shape, as_expression, named, variable
from chainrule.network.definitions import Definition
from chainrule.network.layers import dense
from chainrule.network.network import Network
from chainrule.network.normalization import batch_norm
from chainrule.network.short_form import short_form


def lines(*quantities: Expression) -> str:
    """The lines that compute some named quantities."""
    writer = Writer(quantities)
    for quantity in quantities:
        writer.write(quantity)
    return "\n".join(writer.lines)


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (p.minimum, "np.minimum(a, b)"),
        (p.maximum, "np.maximum(a, b)"),
        (p.add, "a + b"),
        (p.subtract, "a - b"),
        (p.multiply, "a * b"),
        (p.divide, "a / b"),
        (p.power, "a**b"),
        (p.greater, "a > b"),
        (p.matmul, "a @ b"),
    ],
)
def test_operands_stand_in_their_order(row: Primitive, text: str) -> None:
    a, b = (variable(Name(letter), (2, 2)) for letter in "ab")
    assert lines(named(Name("made"), row(a, b))) == f"made = {text}"


@pytest.mark.parametrize(
    ("shape", "axis", "start", "extent", "text"),
    [
        ((2,), 0, 1, 5, "np.pad(x, ((1, 2),))"),
        ((3, 2), 1, 0, 3, "np.pad(x, ((0, 0), (0, 1)))"),
        ((3, 2), 0, 2, 5, "np.pad(x, ((2, 0), (0, 0)))"),
        (("batch", 2), 1, 1, 4, "np.pad(x, ((0, 0), (1, 1)))"),
        (("batch", 2), 1, 0, 2, "np.pad(x, ((0, 0), (0, 0)))"),
        ((2, 3), 0, 1, "batch", "np.pad(x, ((1, N - 3), (0, 0)))"),
    ],
)
def test_elements_are_put_in_their_place(shape: Shape, axis: int, start: int, extent: int | str, text: str) -> None:
    x = variable(Name("x"), shape)
    placed = named(Name("placed"), p.place(x, axis=axis, start=start, extent=extent))
    assert lines(placed) == f"placed = {text}"
    numbers = np.arange(1.0, 1.0 + math.prod(size := [4 if s == "batch" else int(s) for s in shape])).reshape(size)
    space = {"np": np, "x": numbers, "N": 4}
    exec(lines(placed), space)  # noqa: S102  # our own text
    extra = {} if extent != "batch" else {variable(Name("t"), ("batch",)): np.zeros(4)}
    np.testing.assert_array_equal(space["placed"], evaluate([placed], {x: numbers, **extra})[placed])


def test_a_truth_value_in_its_place_is_a_number() -> None:
    x = variable(Name("x"), (2,))
    doubled = named(Name("doubled"), p.place(x > 0, axis=0, start=1, extent=3) + p.place(x > 0, axis=0, start=0, extent=3))
    space = {"np": np, "x": np.array([1.0, 2.0])}
    exec(lines(doubled), space)  # noqa: S102  # our own text
    np.testing.assert_array_equal(space["doubled"], [1.0, 2.0, 1.0])


def test_a_part_of_a_batch_hands_its_gradient_back() -> None:
    x = variable(Name("x"), ("batch", 2))
    (gradient,) = gradients(named(Name("E"), p.total(p.part(x, axis=0, start=1, stop=3) ** 2, axes=(0, 1))), [x]).values()
    space = {"np": np, "N": 4, "x": np.arange(8.0).reshape(4, 2)}
    exec(lines(gradient), space)  # noqa: S102  # our own text
    np.testing.assert_array_equal(space["dx"], [[0, 0], [4, 6], [8, 10], [0, 0]])


def test_a_network_that_moves_its_units() -> None:
    def turned(z: Expression) -> Expression:
        """The first unit is added to the second."""
        return z + p.place(p.part(z, axis=1, start=0, stop=1), axis=1, start=1, extent=2)

    network = Network(2, dense(2, Definition("activation", "turned", turned)), dense(1), seed=1)
    x, t = np.array([[1.0, 2.0], [0.5, -1.0]]), np.array([[3.0], [1.0]])
    program, step = written_program(network), network.step(x, t)
    found = program.step(x, t, *network.parameters.values())
    for value, wanted in zip(found, (step.error, *step.new_parameters.values()), strict=True):
        np.testing.assert_allclose(value, wanted, rtol=1e-12)


# Numbers that no program, no engine and no paper has.


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan, np.float64("inf")])
def test_a_constant_is_a_finite_number(number: float) -> None:
    with pytest.raises(ValueError, match=f"cannot hold the number {number}"):
        as_expression(number)


def test_a_formula_with_an_infinite_number_is_refused_at_its_place() -> None:
    def capped(z: Expression) -> Expression:
        """No cap at all."""
        return p.minimum(z, math.inf)

    with pytest.raises(DescriptionError, match=r"activation capped \(test_written.py, line \d+\): .* the number inf: write a finite one"):
        Network(1, dense(1, Definition("activation", "capped", capped)))


@pytest.mark.parametrize(
    "formula", [lambda x: 1e200 * as_expression(1e200) * x, lambda x: 1e200 * (1e200 * x), lambda x: x + p.divide(1e300, 1e-300)]
)
def test_constants_that_overflow_together_are_written_one_by_one(formula) -> None:
    x = variable(Name("x"), (2,))
    space = {"np": np, "x": np.array([1.0, -1.0])}
    with np.errstate(all="ignore"):
        (slope,) = gradients(named(Name("E"), p.total(formula(x), axes=(0,))), [x]).values()
        text = lines(slope)
        exec(text, space)  # noqa: S102  # our own text
        np.testing.assert_array_equal(space["dx"], evaluate([slope], {x: space["x"]})[slope])
    assert "inf" not in text


def test_functions_that_numpy_lacks_are_those_of_python():
    functions = written_program(Network(1, dense(1, "gelu"))).functions
    x = np.concatenate([np.linspace(-28, 28, 1001), [0, 1, -1, 1e-10, -1e-300, np.inf, -np.inf]])
    for name in ("erf", "erfc"):
        known = np.array([getattr(math, name)(value) for value in x])
        assert np.abs(functions[name](x) - known).max() < 1e-15
        near = np.abs(known) > 1e-280  # beyond, numbers have fewer digits
        assert functions[name](x)[near] == pytest.approx(known[near], rel=1e-14)
        assert functions[name](x.astype(np.float32)).dtype == np.float32
        single = np.abs(known) > 1e-30
        assert functions[name](x[single].astype(np.float32)) == pytest.approx(
            np.array([getattr(math, name)(value) for value in x[single].astype(np.float32)]), rel=1e-5
        )
        assert np.isnan(functions[name](np.nan))


def test_gates_are_one_function_of_their_array() -> None:
    """Where they are half of it or more; a function of one part is one of that part."""

    def gated(widths: list[int], function: Callable[[Expression], Expression]) -> str:
        def activation(z: Expression) -> Expression:
            starts = [0, *itertools.accumulate(widths)]
            parts = [function(p.part(z, axis=1, start=a, stop=b)) for a, b in itertools.pairwise(starts)]
            return p.join(*parts, p.part(z, axis=1, start=starts[-1], stop=8), axis=1)

        network = Network(2, dense(8, Definition("activation", "gated", activation)), dense(1), seed=1)
        x, t = np.array([[1.0, 2.0], [0.5, -1.0]]), np.array([[3.0], [1.0]])
        program, step = written_program(network), network.step(x, t)
        for value, wanted in zip(
            program.step(x, t, *network.parameters.values()), (step.error, *step.new_parameters.values()), strict=True
        ):
            np.testing.assert_allclose(value, wanted, rtol=1e-12)
        return program.source

    assert "np.exp(-z1))" in gated([2, 3], p.sigmoid)
    assert "np.exp(-z1[:, 0:2]))" in gated([2, 1], p.sigmoid)
    assert "np.tanh(z1[:, 0:5])" in gated([5], p.tanh)
    assert "np.tanh(z1)" in gated([2, 5], p.tanh)


def agrees_with_its_step(network: Network, tokens: int = 0) -> str:
    """The program, of which one step on two rows has been compared with the graph's, in both precisions."""
    random, program = np.random.default_rng(0), written_program(network)
    x = random.integers(0, tokens, (2, network.inputs)).astype(float) if tokens else random.normal(size=(2, network.inputs))
    t = random.normal(size=(2, network.outputs))
    step = network.step(x, t)
    wanted = (step.error, *step.new_parameters.values())
    for dtype, digits in ((np.float64, 1e-12), (np.float32, 1e-4)):
        given = [*network.split(x, t).values(), *network.parameters.values()]
        found = program.step(*(np.asarray(array, dtype) for array in given))
        for value, known in zip(found, wanted, strict=True):
            assert np.asarray(value).dtype == dtype
            np.testing.assert_allclose(value, known, rtol=digits, atol=digits)
    return program.source


def test_what_numpy_does_row_by_row_is_written_otherwise() -> None:
    short, long = (agrees_with_its_step(short_form(f"v{tokens}x3:e4-block2-2"), tokens) for tokens in (5, 300))
    assert "A2 = softmax(S2)" in short
    assert "np.vecdot(dnb2, nb2) / 4" in short
    assert "np.arange(5)" in short
    assert "np.add.at" not in short
    assert "np.add.at" in long


def test_a_softmax_along_short_rows_does_not_overflow() -> None:
    softmax = written_program(short_form("v5x3:e4-block2-2")).functions["softmax"]
    np.testing.assert_array_equal(softmax(np.array([[[1e4, 0, -1e4], [2, 2, -np.inf]]])), [[[1, 0, 0], [0.5, 0.5, 0]]])


def test_slopes_of_gates_are_one_function_of_their_array() -> None:
    """And where a gate has no gradient yet, as that which forgets in the first step, there are zeros."""
    source = agrees_with_its_step(short_form("5x2:lstm3-1"))
    assert source.count("product = sigmoid_t[time] * (1 - sigmoid_t[time])") == 1
    assert "np.zeros((N, 3), x.dtype)" in source
    assert "np.pad" not in source
    assert "h1_t[time] = difference_t[time] * n1_t[time] + u1_t[time] * h1_t[time - 1]" in agrees_with_its_step(short_form("5x2:gru3-1"))


def test_every_variable_of_a_program_is_read() -> None:
    """A running mean, which no gradient moves, has none among the lines."""
    normalised = Network(2, dense(3, "tanh"), batch_norm(), dense(2))
    for network in (normalised, *map(short_form, ("5x2:lstm3-1", "5x2:gru3-1", "v5x3:e4-block2-2", "6x6x1:c2k3p1-p2-3"))):
        for function in ast.parse(agrees_with_its_step(network, 5 * ("T1" in network.parameters))).body:
            if isinstance(function, ast.FunctionDef):
                names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
                given, read = ({name.id for name in names if isinstance(name.ctx, kind)} for kind in (ast.Store, ast.Load))
                assert given <= read
