"""Every row of the table of primitives: its value and its derivative against differences, PyTorch and its own index notation."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.samples import examples

from chainrule.base.errors import ShapeError
from chainrule.formula import primitives as p
from chainrule.formula.backprop import gradients
from chainrule.formula.evaluation import evaluate
from chainrule.formula.expression import PRIMITIVES, Name, Primitive, Shape, as_expression, order, variable
from chainrule.formula.scalar import Scalars
from chainrule.gradient_check.measuring import derivatives
from chainrule.gradient_check.prove import Proof, prove

ELEMENTWISE = sorted(name for name, primitive in PRIMITIVES.items() if primitive.elementwise)
STRUCTURAL = sorted(name for name, primitive in PRIMITIVES.items() if primitive.pullback)
OFF = 1.0005

shapes = st.lists(st.integers(1, 4), max_size=3).map(tuple)
seeds = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("name", sorted(PRIMITIVES))
def test_every_primitive_is_right(name: str) -> None:
    prove(PRIMITIVES[name]).demand()


@pytest.mark.parametrize("name", ELEMENTWISE)
@examples(30)
@given(shape=shapes, seed=seeds)
def test_elementwise_over_shapes_and_values(name: str, shape: Shape, seed: int) -> None:
    prove(PRIMITIVES[name], shapes=[shape], seed=seed).demand()


def test_differences_of_a_flat_value_are_not_trusted() -> None:
    """Drawn first: erf at −4.3, where differences are the rounding of −1."""
    prove(PRIMITIVES["erf"], shapes=[()], seed=2_611_573_992).demand()


WRITTEN = {
    "add": "a + b",
    "subtract": "a − b",
    "multiply": "a ⊙ b",
    "divide": "a/b",
    "negative": "−a",
    "power": "a^b",
    "sqrt": "√(a)",
    "exp": "e^a",
    "expm1": "e^a − 1",
    "log": "ln(a)",
    "sin": "sin(a)",
    "cos": "cos(a)",
    "absolute": "|a|",
    "sign": "sign(a)",
    "floor": "⌊a⌋",
    "maximum": "max(a, b)",
    "minimum": "min(a, b)",
    "greater": "[a > b]",
    "select": "{b if a, otherwise c}",
    "sigmoid": "σ(a)",
    "tanh": "tanh(a)",
    "relu": "ReLU(a)",
    "softplus": "softplus(a)",
    "log_cosh": "ln cosh(a)",
    "erf": "erf(a)",
    "erf1p": "1 + erf(a)",
}


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_how_an_elementwise_row_is_written(name: str) -> None:
    operands = [variable(Name(letter), ("batch", 2)) for letter in "abc"][: PRIMITIVES[name].slope.__code__.co_argcount - 1]
    assert repr(PRIMITIVES[name](*operands)) == WRITTEN[name]


def test_how_the_other_rows_are_written() -> None:
    a, b = (variable(Name(letter), ("batch", 2)) for letter in "ab")
    assert repr(p.total(a, axes=(0,))) == "Σ_n a"
    assert repr(p.mean(a, axes=(0, 1))) == "(1 / (2 · N)) Σ a"
    assert repr(p.swapped(a) @ b) == "aᵀ · b"
    assert repr(p.softmax(a, axis=1)) == "softmax(a)"
    assert repr(p.logsumexp(a, axis=1)) == "logsumexp(a)"
    assert repr(p.spread(p.total(a, axes=(0,)), axes=(0,), sizes=("batch",))) == "Σ_n a"


def test_index_notation_leaves_out_what_is_nought_and_writes_no_factor_1() -> None:
    a, b, one_hot = variable(Name("a"), (2, 3)), variable(Name("b"), (3, 2)), variable(Name("e"), (2, 3))
    read = Scalars({}, known={one_hot: {(0, 1): 1}})
    assert [node.key for node in order(read(a @ b, (1, 0))) if node.name] == ["a[2,1]", "b[1,1]", "a[2,2]", "b[2,1]", "a[2,3]", "b[3,1]"]
    assert read(one_hot @ b, (0, 1)).key == "b[2,2]"
    assert read(one_hot @ b, (1, 1)).constant == 0
    assert read(p.swapped(a) @ one_hot, (2, 1)).key == "a[1,3]"
    assert read(p.total(p.swapped(a) @ one_hot, axes=(1,)), (2,)).key == "a[1,3]"
    assert read(p.mean(variable(Name("c"), (1, 2)), axes=(0,)), (1,)).key == "c[1,2]"


# Test the tester: what is wrong by 0.05 % must be rejected.


def wrong_slope(primitive: Primitive, position: int) -> Primitive:
    def slope(*arguments: Any) -> Any:
        right = list(primitive.slope(*arguments))
        right[position] = OFF * as_expression(right[position])
        return tuple(right)

    return replace(primitive, slope=slope)


def slopes_to_falsify() -> list[tuple[str, int]]:
    """Every slope but those that are not there, and those that are zero: zero times 1.0005 is right."""
    found = []
    for name in ELEMENTWISE:
        operands = [variable(Name(letter), (2,)) for letter in "abc"][: PRIMITIVES[name].slope.__code__.co_argcount - 1]
        slopes = PRIMITIVES[name].slope(*operands, PRIMITIVES[name](*operands))
        found += [
            (name, position) for position, slope in enumerate(slopes) if slope is not None and not (isinstance(slope, int) and slope == 0)
        ]
    return found


@pytest.mark.parametrize(("name", "position"), slopes_to_falsify())
def test_a_wrong_slope_is_rejected(name: str, position: int) -> None:
    report = prove(wrong_slope(PRIMITIVES[name], position))
    letter = "abc"[position]
    assert {check.by for check in report.failures} == {letter}


@pytest.mark.parametrize("name", ["absolute", "exp", "relu", "sigmoid", "tanh"])
def test_a_slope_of_nought_is_rejected(name: str) -> None:
    assert not prove(replace(PRIMITIVES[name], slope=lambda x, y: (0,))).passed


@pytest.mark.parametrize("name", ["floor", "greater", "sign"])
def test_a_slope_that_should_be_nought_is_rejected(name: str) -> None:
    assert not prove(replace(PRIMITIVES[name], slope=lambda *arguments: (0.0005,) * (len(arguments) - 1))).passed


@pytest.mark.parametrize("name", [name for name in STRUCTURAL if name != "at_largest"])
def test_a_wrong_pullback_is_rejected(name: str) -> None:
    right = PRIMITIVES[name].pullback
    for position in range(2 if name == "matmul" else 1):

        def pullback(*arguments: Any, position: int = position, **parameters: Any) -> Any:
            carried = list(right(*arguments, **parameters))
            carried[position] = OFF * carried[position]
            return tuple(carried)

        assert not prove(replace(PRIMITIVES[name], pullback=pullback)).passed


@pytest.mark.parametrize("name", [name for name in STRUCTURAL if PRIMITIVES[name].element])
def test_a_wrong_index_notation_is_rejected(name: str) -> None:
    right = PRIMITIVES[name].element
    report = prove(replace(PRIMITIVES[name], element=lambda *a, **k: OFF * right(*a, **k)))
    assert [check.what for check in report.failures]
    assert all("index notation" in check.what for check in report.failures)


@pytest.mark.parametrize("name", [name for name in ELEMENTWISE if PRIMITIVES[name].paper])
def test_a_wrong_formula_on_paper_is_rejected(name: str) -> None:
    right = PRIMITIVES[name].paper
    report = prove(replace(PRIMITIVES[name], paper=lambda z: OFF * right(z)))
    assert report.failures
    assert all("on paper" in check.what for check in report.failures)


# PyTorch says the same, in float64.

TORCH: dict[str, Callable[..., torch.Tensor]] = {
    "add": torch.add,
    "subtract": torch.sub,
    "multiply": torch.mul,
    "divide": torch.div,
    "negative": torch.neg,
    "power": lambda a, n: torch.pow(a, n.detach()),
    "sqrt": torch.sqrt,
    "exp": torch.exp,
    "log": torch.log,
    "sin": torch.sin,
    "cos": torch.cos,
    "absolute": torch.abs,
    "sign": torch.sign,
    "floor": torch.floor,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "greater": lambda a, b: (a > b).double() + 0 * a + 0 * b,
    "select": lambda c, a, b: torch.where(c > 0, a, b) + 0 * c,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "softplus": torch.nn.functional.softplus,
    "log_cosh": lambda e: torch.log(torch.cosh(e)),
    "erf": torch.erf,
    "erf1p": lambda x: 1 + torch.erf(x),
    "expm1": torch.expm1,
}
POSITIVE = {"power", "sqrt", "log", "divide"}


def close(ours: Any, theirs: Any, tolerance: float = 1e-9) -> None:
    """Equal to so many parts of the largest magnitude, but for the rounding of numbers near 1: 1 − tanh², ln cosh of a small number."""
    ours, theirs = np.asarray(ours), np.asarray(theirs.detach() if isinstance(theirs, torch.Tensor) else theirs)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance * float(np.abs(theirs).max(initial=0)) + 1e-15)


def test_torch_knows_every_elementwise_primitive() -> None:
    assert sorted(TORCH) == ELEMENTWISE


@pytest.mark.parametrize("name", ELEMENTWISE)
@examples(30)
@given(shape=shapes, seed=seeds)
def test_elementwise_like_torch(name: str, shape: Shape, seed: int) -> None:
    random = np.random.default_rng(seed)
    letters = [variable(Name(letter), shape) for letter in "abc"][: PRIMITIVES[name].slope.__code__.co_argcount - 1]
    numbers = [np.asarray(random.uniform(0.2, 3, shape) if name in POSITIVE else random.normal(0, 3, shape)) for _ in letters]
    node = PRIMITIVES[name](letters[0] > 0, *letters[1:]) if name == "select" else PRIMITIVES[name](*letters)
    wrt = letters[:1] if name == "power" else letters
    seed_letter, weights = variable(Name("g"), shape), np.asarray(random.normal(size=shape))
    ours = gradients(node, wrt, seed_letter)
    values = evaluate([node, *ours.values()], {**dict(zip(letters, numbers, strict=True)), seed_letter: weights})
    tensors = [torch.tensor(number, requires_grad=True) for number in numbers]
    theirs = TORCH[name](*tensors)
    theirs.backward(torch.tensor(weights))
    close(values[node], theirs)
    for letter, tensor in zip(wrt, tensors, strict=False):
        close(values[ours[letter]], tensor.grad)


axis_cases = st.lists(st.integers(1, 3), min_size=1, max_size=3).flatmap(
    lambda shape: st.tuples(st.just(tuple(shape)), st.integers(0, len(shape) - 1), st.permutations(range(len(shape))))
)


@given(case=axis_cases, seed=seeds)
def test_rows_over_axes_like_torch(case: tuple[Shape, int, list[int]], seed: int) -> None:
    shape, axis, permutation = case
    extent, many = shape[axis], tuple(permutation[: axis + 1])
    pairs: list[tuple[Any, Callable[[torch.Tensor], torch.Tensor]]] = [
        (lambda x: p.total(x, axes=many), lambda x: x.sum(many)),
        (lambda x: p.mean(x, axes=many), lambda x: x.mean(many)),
        (lambda x: p.softmax(x, axis=axis), lambda x: x.softmax(axis)),
        (lambda x: p.logsumexp(x, axis=axis), lambda x: x.logsumexp(axis)),
        (lambda x: p.transpose(x, axes=tuple(permutation)), lambda x: x.permute(*permutation)),
        (lambda x: p.reshape(x, sizes=(int(np.prod(shape)),)), lambda x: x.reshape(-1)),
        (lambda x: p.part(x, axis=axis, start=extent // 2, stop=extent), lambda x: x.narrow(axis, extent // 2, extent - extent // 2)),
        (lambda x: p.spread(x, axes=(axis,), sizes=(4,)), lambda x: x.unsqueeze(axis).expand(*shape[:axis], 4, *shape[axis:])),
        (lambda x: p.place(x, axis=axis, start=1, extent=extent + 3), lambda x: padded(x, axis)),
    ]
    random = np.random.default_rng(seed)
    for ours, theirs in pairs:
        agree(ours, theirs, [random.normal(0, 3, shape)], random)


def padded(x: torch.Tensor, axis: int) -> torch.Tensor:
    before, after = ((*x.shape[:axis], count, *x.shape[axis + 1 :]) for count in (1, 2))
    return torch.cat([x.new_zeros(before), x, x.new_zeros(after)], axis)


@given(lead=st.lists(st.integers(1, 3), max_size=2), sizes=st.tuples(*[st.integers(1, 4)] * 3), seed=seeds)
def test_matmul_like_torch(lead: list[int], sizes: tuple[int, int, int], seed: int) -> None:
    rows, inner, columns = sizes
    random = np.random.default_rng(seed)
    agree(lambda a, b: a @ b, torch.matmul, [random.normal(size=(*lead, rows, inner)), random.normal(size=(*lead, inner, columns))], random)


def agree(ours: Any, theirs: Any, numbers: list[np.ndarray], random: np.random.Generator) -> None:
    """Value and gradients of one function, here and in PyTorch."""
    letters = [variable(Name(letter), number.shape) for letter, number in zip("abc", numbers, strict=False)]
    tensors = [torch.tensor(number, requires_grad=True) for number in numbers]
    node, result = ours(*letters), theirs(*tensors)
    weights = random.normal(size=tuple(result.shape))
    g = variable(Name("g"), node.shape)
    derived = gradients(node, letters, g)
    values = evaluate([node, *derived.values()], {**dict(zip(letters, numbers, strict=True)), g: np.asarray(weights)})
    result.backward(torch.as_tensor(weights))
    close(values[node], result)
    for letter, tensor in zip(letters, tensors, strict=True):
        close(values[derived[letter]], tensor.grad)


# What shapes do.


@pytest.mark.parametrize(("left", "right"), [((2, 3), (4, 2)), ((3,), (3, 2)), ((2, 2, 3), (4, 3, 2)), ((2, 3), (2, 3, 2))])
def test_a_matrix_product_that_does_not_fit(left: Shape, right: Shape) -> None:
    with pytest.raises(ShapeError, match="columns on the left"):
        variable(Name("A"), left) @ variable(Name("B"), right)


def test_operands_of_different_shapes_are_spread_visibly() -> None:
    total = variable(Name("A"), ("batch", 3)) + variable(Name("b"), (3,))
    assert total.shape == ("batch", 3)
    assert total.arguments[1].primitive is p.spread
    with pytest.raises(ShapeError, match="add needs operands of one shape"):
        variable(Name("A"), (2, 3)) + variable(Name("b"), (2,))


def test_the_size_of_the_batch_is_counted_in_a_mean() -> None:
    x = variable(Name("x"), ("batch", 2))
    derived = gradients(p.mean(x, axes=(0, 1)), [x])[x]
    for rows in (1, 5):
        assert evaluate([derived], {x: np.ones((rows, 2))})[derived] == pytest.approx(np.full((rows, 2), 1 / (2 * rows)))


def test_select_hands_the_gradient_to_the_side_that_was_taken() -> None:
    z = variable(Name("z"), (3,))
    (check, *_) = derivatives("h", p.select(z > 0, z**2, 3 * z), [z], np.random.default_rng(0))
    assert check.passed


def test_a_report_says_what_was_compared() -> None:
    report = prove(p.tanh)
    assert isinstance(report, Proof)
    assert str(report).startswith("tanh: 20 checks passed")
