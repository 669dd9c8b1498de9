"""Activations, losses, regularisers and initialisers against differences, PyTorch and SymPy.

Whatever is registered is tested: a new definition needs no change here, unless it is built in and PyTorch has it under a name.
"""

import math
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.samples import examples, some
from torch.nn import functional as F

from chainrule.base.errors import DescriptionError
from chainrule.formula.backprop import gradients
from chainrule.formula.evaluation import evaluate
from chainrule.formula.expression import PRIMITIVES, Expression, Name, Shape, named, order, variable
from chainrule.formula.scalar import Scalars
from chainrule.formula.tidy import tidy
from chainrule.gradient_check.prove import prove
from chainrule.network import initializers
from chainrule.network.definitions import KINDS, REGISTRY, Bound, Definition, find
from chainrule.network.optimizers import let
from chainrule.network.registration import optimizer

for kind in KINDS:
    if kind != "initializer":
        find(kind, {"activation": "tanh", "loss": "squared", "regularizer": "l2", "optimizer": "sgd", "schedule": "constant"}[kind])

OFF = 1.0005
shapes = st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple)
seeds = st.integers(0, 2**32 - 1)


def registered(*kinds: str) -> list[Any]:
    """Every definition of some kinds, and what is left over of them under other options."""
    found = [definition.bind() for kind in kinds for definition in REGISTRY[kind].values()]
    variants = [REGISTRY["activation"]["gelu"].bind(approximate="tanh"), REGISTRY["loss"]["huber"].bind(delta=0.3)]
    found += [variant for variant in variants if variant.definition.kind in kinds]
    return [pytest.param(bound, id=f"{bound.definition.kind}-{bound}") for bound in found]


@pytest.mark.parametrize("bound", some([param.values[0] for param in registered(*KINDS)], 13, ids=str))
def test_every_definition_is_right(bound: Bound) -> None:
    prove(bound).demand()


@pytest.mark.parametrize("bound", registered("activation", "loss", "regularizer"))
@examples(15)
@given(shape=shapes, seed=seeds)
def test_derivatives_over_shapes_and_values(bound: Bound, shape: Shape, seed: int) -> None:
    prove(bound, shapes=[shape], seed=seed).demand()


@pytest.mark.parametrize("bound", registered("activation", "loss", "regularizer"))
def test_a_derivative_wrong_by_five_parts_in_ten_thousand_is_rejected(bound: Bound) -> None:
    for operand in bound.definition.operands:

        def wrong(of: Expression, wrt: Sequence[Expression], seed: Expression, operand: str = operand) -> Mapping[Expression, Expression]:
            return {x: OFF * g if str(x.name) == operand else g for x, g in gradients(of, wrt, seed).items()}

        assert {check.by for check in prove(bound, derive=wrong).failures} == {operand}


@pytest.mark.parametrize("definition", [definition for kind in KINDS for definition in REGISTRY[kind].values()], ids=str)
def test_every_definition_says_its_formula(definition: Definition) -> None:
    assert definition.summary.endswith((".", ":"))
    assert definition.options.keys().isdisjoint(definition.operands)


# PyTorch, in float64.

ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "identity": lambda z: 1 * z,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "selu": F.selu,
    "gelu": F.gelu,
    "gelu(approximate='tanh')": lambda z: F.gelu(z, approximate="tanh"),
    "silu": F.silu,
    "softplus": F.softplus,
    "softsign": F.softsign,
    "softmax": lambda z: torch.softmax(z, -1),
    "hard_sigmoid": lambda z: F.hardtanh(z / 6 + 0.5, 0.0, 1.0),  # the backward pass of F.hardsigmoid rounds 1/6 to float32
    "hard_tanh": F.hardtanh,
    "hard_swish": F.hardswish,
    "relu6": F.relu6,
}


def class_cross_entropy(z: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(z.movedim(-1, 1), t.movedim(-1, 1), reduction="none") if z.ndim > 1 else F.cross_entropy(z, t, reduction="none")


def masked_cross_entropy(y: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """Step by step, as a loop; the numbers of the classes of steps that do not count are −100, as torch has it."""
    if y.ndim < 3:
        return -torch.sum(t * torch.log(y), -1)
    classes = torch.where(t.sum(-1) > 0, t.argmax(-1), -100)
    each = F.nll_loss(torch.log(y).flatten(0, -2), classes.flatten(), reduction="none").reshape(t.shape[:-1]).flatten(1)
    return each.sum(1) / (classes != -100).flatten(1).sum(1).clamp(min=1)


LOSSES: dict[str, Callable[..., torch.Tensor]] = {
    "half_squared": lambda y, t: F.mse_loss(y, t, reduction="none") / 2,
    "squared": lambda y, t: F.mse_loss(y, t, reduction="none"),
    "absolute": lambda y, t: F.l1_loss(y, t, reduction="none"),
    "huber": lambda y, t: F.huber_loss(y, t, reduction="none"),
    "huber(delta=0.3)": lambda y, t: F.huber_loss(y, t, reduction="none", delta=0.3),
    "log_cosh": lambda y, t: torch.log(torch.cosh(y - t)),
    "binary_cross_entropy": lambda y, t: F.binary_cross_entropy(y, t, reduction="none"),
    "binary_cross_entropy_from_logits": lambda y, t: F.binary_cross_entropy_with_logits(y, t, reduction="none"),
    "cross_entropy": lambda y, t: -torch.sum(t * torch.log(y), -1),
    "cross_entropy_from_logits": class_cross_entropy,
    "hinge": lambda y, t: torch.relu(1 - t * y),
    "squared_hinge": lambda y, t: torch.relu(1 - t * y) ** 2,
    "kl": lambda y, t: F.kl_div(torch.log(y), t, reduction="none").sum(-1),
    "smoothed_cross_entropy": lambda y, t: -torch.sum((0.9 * t + 0.1 / t.shape[-1]) * torch.log(y), -1),
    "sequence_cross_entropy": masked_cross_entropy,
    "focal": lambda y, t: torch.where(t == 1, -0.25 * (1 - y) ** 2 * torch.log(y), -0.75 * y**2 * torch.log(1 - y)),
    "cosine_distance": lambda y, t: 1 - F.cosine_similarity(y, t, -1),
    "contrastive": lambda y, t: torch.where(t == 1, torch.relu(1 - y) ** 2, y**2) / 2,
    "triplet": lambda y, *_: torch.relu(y + 1),
    "objective": lambda y, *_: 1 * y,
    "upstream": lambda y, u: (y * u).sum(),
}
REGULARIZERS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "l1": lambda W: 0.01 * torch.linalg.vector_norm(W, 1),
    "l2": lambda W: 0.005 * torch.linalg.vector_norm(W) ** 2,
    "elastic_net": lambda W: 0.01 * torch.linalg.vector_norm(W, 1) + 0.005 * torch.linalg.vector_norm(W) ** 2,
}
TORCH: dict[str, Mapping[str, Callable[..., torch.Tensor]]] = {"activation": ACTIVATIONS, "loss": LOSSES, "regularizer": REGULARIZERS}


def built_in(*kinds: str) -> list[Any]:
    return [param for param in registered(*kinds) if param.values[0].definition.function.__module__.startswith("chainrule.")]


def torch_name(bound: Bound) -> str:
    return repr(bound) if bound.given else bound.name


def close(ours: Any, theirs: Any, tolerance: float = 1e-9) -> None:
    """Equal to so many parts of the largest magnitude, or but for rounding of numbers near 1."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=max(tolerance * float(np.abs(theirs).max(initial=0)), 1e-14))


def numbers_for(bound: Bound, shape: Shape, random: np.random.Generator) -> list[np.ndarray]:
    """z or W of any size; for losses y and perhaps t, probabilities where they must be."""
    if bound.definition.kind != "loss":
        return [random.normal(0, 4, shape)]
    if not bound.definition.has_target:
        return [random.normal(0, 2, shape)]
    if bound.definition.targets == "steps":
        classes = random.integers(-1, shape[-1], shape[:-1])  # −1: the step does not count
        return [random.uniform(0.01, 0.99, shape), np.asarray(classes[..., None] == np.arange(int(shape[-1])), dtype=float)]
    if bound.definition.targets == "pairs":
        return [random.uniform(0, 2, shape), random.choice((0.0, 1.0), shape)]
    if bound.name == "focal":
        return [random.uniform(0.01, 0.99, shape), random.choice((0.0, 1.0), shape)]
    if bound.name in ("cross_entropy", "binary_cross_entropy", "kl", "smoothed_cross_entropy"):
        return [random.uniform(0.01, 0.99, shape), random.choice((0.0, 0.2, 1.0), shape)]
    if bound.name.endswith("from_logits"):
        return [random.normal(0, 8, shape), random.uniform(0, 1, shape)]
    return [random.normal(0, 2, shape), random.choice((-1.0, 1.0), shape)]


@pytest.mark.parametrize("bound", built_in("activation", "loss", "regularizer"))
@examples(25)
@given(shape=shapes, seed=seeds)
def test_like_torch(bound: Bound, shape: Shape, seed: int) -> None:
    random = np.random.default_rng(seed)
    numbers = numbers_for(bound, shape, random)
    letters = [variable(Name(operand), shape) for operand in bound.definition.operands]
    tensors = [torch.tensor(number, requires_grad=index == 0) for index, number in enumerate(numbers)]
    theirs = TORCH[bound.definition.kind][torch_name(bound)](*tensors)
    weights = np.asarray(random.normal(size=tuple(theirs.shape)))
    theirs.backward(torch.tensor(weights))
    result = bound.apply(*letters)
    g = variable(Name("g"), result.shape)
    derived = gradients(result, letters[:1], g)[letters[0]]
    values = evaluate([result, derived], {**dict(zip(letters, numbers, strict=True)), g: weights})
    close(values[result], theirs.detach())
    close(values[derived], tensors[0].grad)


# SymPy, on one number or one row of two.


def to_sympy(expression: Expression, letters: Mapping[str, sympy.Expr]) -> sympy.Expr:
    """A scalar formula in SymPy, functions written out as they stand on paper."""
    done: dict[Expression, sympy.Expr] = {}
    for node in order(expression):
        name, arguments = node.primitive.name, [done[argument] for argument in node.arguments]
        if node.constant is not None:
            done[node] = sympy.nsimplify(node.constant) if not isinstance(node.constant, float) else sympy.Float(repr(node.constant), 30)
        elif name == "variable":
            done[node] = letters[str(node.name)]
        elif node.primitive.paper is not None:
            formula = node.primitive.paper(*(variable(Name(f"argument{i}")) for i, _ in enumerate(arguments)))
            done[node] = to_sympy(formula, {f"argument{i}": argument for i, argument in enumerate(arguments)})
        else:
            done[node] = SYMPY[name](*arguments)
    return done[expression]


SYMPY: dict[str, Callable[..., sympy.Expr]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "negative": lambda a: -a,
    "power": lambda a, n: a**n,
    "sqrt": sympy.sqrt,
    "exp": sympy.exp,
    "expm1": lambda x: sympy.exp(x) - 1,
    "log": sympy.log,
    "sin": sympy.sin,
    "cos": sympy.cos,
    "erf": sympy.erf,
    "erf1p": lambda x: 1 + sympy.erf(x),
    "absolute": lambda x: sympy.Piecewise((x, x > 0), (-x, True)),
    "maximum": lambda a, b: sympy.Piecewise((a, a > b), (b, True)),
    "minimum": lambda a, b: sympy.Piecewise((a, a < b), (b, True)),
    "greater": sympy.Gt,
    "select": lambda c, a, b: sympy.Piecewise((a, c), (b, True)),
    "named": lambda x: x,
}


@pytest.mark.parametrize("name", sorted(name for name, primitive in PRIMITIVES.items() if primitive.paper))
def test_paper_forms_like_sympy(name: str) -> None:
    z, symbol = variable(Name("z")), sympy.Symbol("z", real=True)
    node = PRIMITIVES[name](z)
    agree_with_sympy(node, [z], to_sympy(node, {"z": symbol}), [symbol], [(-2.3,), (-0.4,), (0.7,), (3.1,)])


@pytest.mark.parametrize("bound", built_in("activation", "loss", "regularizer"))
def test_like_sympy(bound: Bound) -> None:
    operands, reader = bound.definition.operands, Scalars({})
    arrays = [variable(Name(operand), (2,)) for operand in operands]
    result = bound.apply(*arrays)
    one = tidy(reader(result, (1,) * len(result.shape)))
    letters = [reader(array, (i,)) for array in arrays for i in range(2)]
    symbols = [sympy.Symbol(str(letter.name), real=True) for letter in letters]
    points = [point[: len(letters)] for point in ((0.3, 0.8, 0.2, 0.6), (0.9, 0.05, 0.7, 0.4))]
    if bound.definition.kind != "loss":
        points = [(-2.5, 1.5), (0.4, -0.7), (3.7, 7.5), (-4.0, -3.5)]
    formula = to_sympy(one, {str(letter.name): symbol for letter, symbol in zip(letters, symbols, strict=True)})
    agree_with_sympy(one, letters, formula, symbols, points)


def agree_with_sympy(
    node: Expression, letters: Sequence[Expression], formula: sympy.Expr, symbols: Sequence[sympy.Symbol], points: Sequence[Sequence[float]]
) -> None:
    """Value and every derivative at some points, SymPy's with thirty digits."""
    derived = gradients(named(Name("f"), node), letters)
    for point in points:
        values = evaluate([node, *derived.values()], {letter: np.asarray(x) for letter, x in zip(letters, point, strict=True)})
        exact = {symbol: sympy.Float(x, 30) for symbol, x in zip(symbols, point, strict=True)}
        assert float(values[node]) == pytest.approx(float(formula.subs(exact).evalf(30)), rel=1e-11, abs=1e-14)
        for letter, symbol in zip(letters, symbols, strict=True):
            slope = float(sympy.diff(formula, symbol).subs(exact).evalf(30))
            assert float(values[derived[letter]]) == pytest.approx(slope, rel=1e-11, abs=1e-14)


# As they are written.

FORMULAS = [
    ("activation", "sigmoid", "σ(z)"),
    ("activation", "tanh", "tanh(z)"),
    ("activation", "relu", "ReLU(z)"),
    ("activation", "leaky_relu", "{z if z > 0, otherwise 0.01 · z}"),
    ("activation", "elu", "{z if z > 0, otherwise 1 · (e^z − 1)}"),
    ("activation", "selu", "1.0507009873554805 · {z if z > 0, otherwise 1.6732632423543772 · (e^z − 1)}"),
    ("activation", "gelu", "1/2 · z ⊙ (1 + erf(z / √2))"),
    ("activation", "silu", "z ⊙ σ(z)"),
    ("activation", "softplus", "softplus(z)"),
    ("activation", "softsign", "z / (1 + |z|)"),
    ("activation", "softmax", "softmax(z)"),
    ("activation", "hard_sigmoid", "max(0, min(1, z/6 + 1/2))"),
    ("activation", "hard_tanh", "max(−1, min(1, z))"),
    ("activation", "hard_swish", "z ⊙ max(0, min(1, z/6 + 1/2))"),
    ("activation", "relu6", "max(0, min(6, z))"),
    ("loss", "half_squared", "1/2 · (y − t)^2"),
    ("loss", "squared", "(y − t)^2"),
    ("loss", "absolute", "|y − t|"),
    ("loss", "huber", "{δ · (|y − t| − δ · 1/2) if |y − t| > δ, otherwise 1/2 · (y − t)^2}"),
    ("loss", "log_cosh", "ln cosh(y − t)"),
    ("loss", "binary_cross_entropy", "−(t ⊙ ln(y) + (1 − t) ⊙ ln(1 − y))"),
    ("loss", "binary_cross_entropy_from_logits", "softplus(y) − t ⊙ y"),
    ("loss", "cross_entropy", "−Σ_j t ⊙ ln(y)"),
    ("loss", "cross_entropy_from_logits", "(Σ_j t) ⊙ logsumexp(y) − (Σ_j t ⊙ y)"),
    ("loss", "hinge", "max(0, 1 − t ⊙ y)"),
    ("loss", "squared_hinge", "max(0, 1 − t ⊙ y)^2"),
    ("loss", "kl", "Σ_j t ⊙ ln({t/y if t > 0, otherwise 1})"),
    ("regularizer", "l1", "rate · (Σ |W|)"),
    ("regularizer", "l2", "1/2 · rate · (Σ W^2)"),
    ("regularizer", "elastic_net", "l1 · (Σ |W|) + 1/2 · l2 · (Σ W^2)"),
    ("optimizer", "sgd", "w − η · g"),
    ("optimizer", "momentum", "w − η · (μ · v + g), μ · v + g"),
    ("optimizer", "nesterov", "w − η · (g + μ · (μ · v + g)), μ · v + g"),
    ("optimizer", "adagrad", "w − (η · g) / (√(s + g^2) + ε), s + g^2"),
    ("optimizer", "rmsprop", "w − (η · g) / (√(ρ · s + (1 − ρ) · g^2) + ε), ρ · s + (1 − ρ) · g^2"),
    ("optimizer", "adam", "w − η · m̂ / (√(v̂) + ε), β₁ · m + (1 − β₁) · g, β₂ · v + (1 − β₂) · g^2"),
    ("optimizer", "adamw", "w − η · ρ · w − η · m̂ / (√(v̂) + ε), β₁ · m + (1 − β₁) · g, β₂ · v + (1 − β₂) · g^2"),
    ("schedule", "step_decay", "rate · factor^⌊(k − 1) / every⌋"),
    ("schedule", "exponential", "rate · factor^(k − 1)"),
    ("schedule", "cosine", "floor + ((rate − floor) / 2) · (1 + cos(π · (k − 1) / steps))"),
    ("schedule", "warmup", "rate · min(1, k/steps)"),
]


@pytest.mark.parametrize(("kind", "name", "formula"), FORMULAS)
def test_a_definition_is_written_as_in_its_source(kind: str, name: str, formula: str) -> None:
    """With letters for its options, but in activations, whose options stand as numbers."""
    bound = find(kind, name)
    shape = {"schedule": (), "regularizer": (2, 3)}.get(kind, ("batch", 3))
    operands = [variable(Name(operand), () if operand == "k" else shape) for operand in bound.definition.operands]
    letters = {option: variable(Name(option)) for option, number in bound.options.items() if isinstance(number, (int, float))}
    result = bound.apply(*operands, **({} if kind == "activation" else letters))
    assert ", ".join(map(repr, result if isinstance(result, tuple) else (result,))) == formula


DEFAULTS = [
    ("initializer", "constant", {"value": 0.1}),
    ("initializer", "uniform", {"low": -0.5, "high": 0.5}),
    ("initializer", "normal", {"mean": 0.0, "deviation": 0.1}),
    ("initializer", "orthogonal", {"gain": 1.0}),
    ("optimizer", "sgd", {"learning_rate": 0.05}),
    ("optimizer", "momentum", {"learning_rate": 0.05, "momentum": 0.9}),
    ("optimizer", "nesterov", {"learning_rate": 0.05, "momentum": 0.9}),
    ("schedule", "constant", {"rate": 0.05}),
    ("schedule", "step_decay", {"rate": 0.05, "every": 10, "factor": 0.5}),
    ("schedule", "exponential", {"rate": 0.05, "factor": 0.99}),
    ("schedule", "cosine", {"rate": 0.05, "steps": 100, "floor": 0.0}),
    ("schedule", "warmup", {"rate": 0.05, "steps": 10}),
    ("schedule", "one_cycle", {"rate": 0.05, "steps": 100, "rise": 0.3, "start_divisor": 25.0, "end_divisor": 10000.0}),
]
"""Of definitions that PyTorch has with the same defaults, comparisons with it find out."""


@pytest.mark.parametrize(("kind", "name", "defaults"), DEFAULTS)
def test_the_defaults_of_a_definition(kind: str, name: str, defaults: dict[str, Any]) -> None:
    common = {"clip_value": None, "clip_norm": None, "multipliers": None} if kind == "optimizer" else {}
    assert find(kind, name).options == defaults | common


def test_a_cycle_is_written_with_its_end_as_a_bound() -> None:
    assert "cos(π · min(1, (k − 1 − 29) / 70))" in repr(find("schedule", "one_cycle").apply(variable(Name("k"))))


def test_half_a_wave_has_no_rounding_dust() -> None:
    rate = find("schedule", {"name": "cosine", "rate": 0.1, "floor": 0.01}).apply(variable(Name("k")))
    assert repr(rate).startswith("0.01 + 0.045 · (1 + cos(")


# Far out, and at the edges.


def at(bound: Bound, *numbers: list[list[float]]) -> tuple[np.ndarray, np.ndarray]:
    """The value and the gradient (by the first operand) of a definition for a batch of rows."""
    letters = [variable(Name(operand), ("batch", len(numbers[0][0]))) for operand in bound.definition.operands]
    result = bound.apply(*letters)
    g = variable(Name("g"), result.shape)
    derived = gradients(result, letters[:1], g)[letters[0]]
    bindings = dict(zip(letters, map(np.asarray, numbers), strict=True))
    values = evaluate([result, derived], {**bindings, g: np.ones(len(numbers[0]) if len(result.shape) == 1 else np.shape(numbers[0]))})
    return values[result], values[derived]


@pytest.mark.parametrize(
    ("activation", "point", "slope"),
    [
        ("relu", 0.0, 0.0),
        ("leaky_relu", 0.0, 0.01),
        ({"name": "elu", "alpha": 2.0}, 0.0, 2.0),
        ("selu", 0.0, 1.0507009873554805 * 1.6732632423543772),
        ("softsign", 0.0, 1.0),
        ("hard_sigmoid", -3.0, 1 / 6),
        ("hard_sigmoid", 3.0, 1 / 6),
        ("hard_tanh", -1.0, 1.0),
        ("hard_tanh", 1.0, 1.0),
        ("hard_swish", -3.0, -1 / 2),
        ("hard_swish", 3.0, 3 / 2),
        ("relu6", 0.0, 1.0),
        ("relu6", 6.0, 1.0),
    ],
)
def test_the_slope_of_an_activation_at_a_corner(activation: Any, point: float, slope: float) -> None:
    assert at(find("activation", activation), [[point]])[1] == pytest.approx(np.array([[slope]]))


@pytest.mark.parametrize(
    ("name", "y", "t", "slope"),
    [
        ("absolute", 2.0, 2.0, 0.0),
        ("huber", 3.0, 2.0, 1.0),
        ("huber", 1.0, 2.0, -1.0),
        ("hinge", 1.0, 1.0, -1.0),
        ("hinge", -1.0, -1.0, 1.0),
        ("squared_hinge", 1.0, 1.0, 0.0),
    ],
)
def test_the_slope_of_a_loss_at_a_corner(name: str, y: float, t: float, slope: float) -> None:
    assert at(find("loss", name), [[y]], [[t]])[1] == pytest.approx(np.array([[slope]]))


@pytest.mark.parametrize("bound", registered("activation"))
def test_activations_are_finite_far_out(bound: Bound) -> None:
    for result in at(bound, [[-1000.0, -40.0, 0.0, 40.0, 1000.0]]):
        assert np.isfinite(result).all()


@pytest.mark.parametrize("name", ["binary_cross_entropy_from_logits", "cross_entropy_from_logits", "log_cosh", "huber", "hinge"])
def test_losses_of_any_number_are_finite_far_out(name: str) -> None:
    for result in at(find("loss", name), [[-1000.0, 1000.0, 0.0], [1000.0, 0.0, 1.0]], [[0.0, 1.0, 0.0], [0.0, 1.0, 0.0]]):
        assert np.isfinite(result).all()


def test_cross_entropy_from_logits_of_a_sure_mistake() -> None:
    loss, slope = at(find("loss", "cross_entropy_from_logits"), [[1000.0, 0.0]], [[0.0, 1.0]])
    assert loss == pytest.approx([1000.0])
    assert slope == pytest.approx(np.array([[1.0, -1.0]]))


@pytest.mark.parametrize("name", ["binary_cross_entropy", "cross_entropy", "kl"])
def test_entropies_are_finite_where_a_target_is_nought(name: str) -> None:
    loss, slope = at(find("loss", name), [[0.25, 0.75]], [[0.0, 1.0]])
    assert np.isfinite(slope).all()
    assert loss.sum() == pytest.approx(-2 * math.log(0.75) if name == "binary_cross_entropy" else -math.log(0.75))


def test_kl_of_a_prediction_that_is_right_is_nought() -> None:
    loss, _ = at(find("loss", "kl"), [[0.0, 0.25, 0.75]], [[0.0, 0.25, 0.75]])
    assert loss == pytest.approx([0.0])


def test_cross_entropy_from_logits_holds_for_targets_that_do_not_add_up_to_one() -> None:
    z, t = [[0.3, -1.2, 2.0]], [[1.0, 1.0, 0.5]]
    probabilities = np.exp(z) / np.exp(z).sum()
    loss, _ = at(find("loss", "cross_entropy_from_logits"), z, t)
    assert loss == pytest.approx(-(np.asarray(t) * np.log(probabilities)).sum(axis=1))


# Initialisers.

BOUNDS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "glorot_uniform": torch.nn.init.xavier_uniform_,
    "glorot_normal": torch.nn.init.xavier_normal_,
    "he_uniform": lambda W: torch.nn.init.kaiming_uniform_(W, nonlinearity="relu"),
    "he_normal": lambda W: torch.nn.init.kaiming_normal_(W, nonlinearity="relu"),
    "lecun_uniform": lambda W: torch.nn.init.kaiming_uniform_(W, nonlinearity="linear"),
    "lecun_normal": lambda W: torch.nn.init.kaiming_normal_(W, nonlinearity="linear"),
}


def sample(name: str, inputs: int, units: int, **options: float) -> np.ndarray:
    start = initializers.distribution(find("initializer", {"name": name, **options}))
    return start.sample(np.random.default_rng(0), inputs, units)


@pytest.mark.parametrize("name", sorted(BOUNDS))
def test_weights_spread_as_in_torch(name: str) -> None:
    ours, theirs = sample(name, 300, 200), BOUNDS[name](torch.empty(200, 300, dtype=torch.float64)).numpy()
    assert ours.std() == pytest.approx(theirs.std(), rel=0.02)
    if name.endswith("uniform"):
        assert np.abs(ours).max() == pytest.approx(np.abs(theirs).max(), rel=0.001)
    assert abs(ours.mean()) < 0.01 * ours.std() * 3


def test_bounds_are_formulas() -> None:
    start = initializers.distribution(find("initializer", "glorot_uniform"))
    assert isinstance(start, initializers.Uniform)
    assert [str(node.name) for node in order(start.high) if node.name] == ["inputs", "units"]
    assert initializers.bound_value(start.high, inputs=4, units=2) == 1.0


@pytest.mark.parametrize(("inputs", "units"), [(5, 3), (3, 5), (4, 4)])
def test_orthogonal_columns_or_rows(inputs: int, units: int) -> None:
    W = sample("orthogonal", inputs, units, gain=2.0)
    product = W.T @ W if inputs >= units else W @ W.T
    np.testing.assert_allclose(product, 4 * np.eye(min(inputs, units)), atol=1e-12)


def test_orthogonal_matrices_favour_no_direction() -> None:
    random = np.random.default_rng(0)
    corner = [initializers.Orthogonal(1).sample(random, 2, 2)[0, 0] for _ in range(2000)]
    assert abs(np.mean(corner)) < 0.05


def test_the_same_seed_draws_the_same_weights() -> None:
    np.testing.assert_array_equal(sample("he_normal", 3, 2), sample("he_normal", 3, 2))


def test_constant_weights() -> None:
    assert (sample("zeros", 2, 3) == 0).all()
    assert (sample("constant", 2, 3, value=0.25) == 0.25).all()
    assert np.abs(sample("uniform", 20, 30, low=-0.1, high=0.3)).max() <= 0.3


@pytest.mark.parametrize("start", [initializers.Uniform(1.0, 0.0), initializers.Normal(0.0, -1.0)], ids=str)
def test_distributions_that_cannot_be(start: initializers.Distribution) -> None:
    with pytest.raises(DescriptionError, match="cannot be drawn"):
        start.sample(np.random.default_rng(0), 2, 2)


@pytest.mark.parametrize("name", ["t", "N", "W1", "dW1", "delta2", "np", "q[1]", "a b", "class"])
def test_a_name_that_a_quantity_has_is_refused(name):
    with pytest.raises(DescriptionError, match="cannot be called"):
        let(name, variable(Name("w")) * 2)


def test_a_name_that_is_taken_is_refused_at_once():
    """Also where nothing has asked for the built-in definitions before."""
    program = "import chainrule\n@chainrule.activation\ndef relu(z):\n    return z\n"
    ended = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert "there is already an activation called 'relu'" in ended.stderr


def test_an_option_named_like_a_quantity_is_refused(monkeypatch):
    monkeypatch.setitem(REGISTRY, "optimizer", dict(REGISTRY["optimizer"]))
    with pytest.raises(DescriptionError, match="cannot be called 'N'"):

        @optimizer
        def wrong(w, g, *, N=1.0):
            return w - N * g
