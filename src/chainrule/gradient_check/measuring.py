"""Derivatives, derived and measured: by differences, and by a complex step where the formula is analytic."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import InputError
from chainrule.formula import primitives as p
from chainrule.formula.backprop import gradients
from chainrule.formula.evaluation import evaluate
from chainrule.formula.expression import Expression, Name, Shape, order, variable
from chainrule.gradient_check.checks import EXACT, MEASURED, Check, compared, failure, scale_of, shape_text

Assignment: TypeAlias = dict[Expression, Array]
Derive: TypeAlias = Callable[[Expression, Sequence[Expression], Expression], Mapping[Expression, Expression]]

SIZES = {"batch": 2}
"""The numbers that stand for symbolic sizes here."""

DOMAINS: tuple[tuple[str, Callable[[np.random.Generator, tuple[int, ...]], Array]], ...] = (
    ("any number", lambda random, shape: random.normal(0, 3, shape)),
    ("above 0", lambda random, shape: random.uniform(0.2, 3, shape)),
    ("between 0 and 1", lambda random, shape: random.uniform(0.1, 0.9, shape)),
)
"""Where numbers are drawn from: the first domain in which a formula has a value."""

_DRAWS = 40
_NOT_ANALYTIC = {"absolute", "sign", "floor", "erf", "erf1p", "softplus", "log_cosh"}  # their values use |x|, ⌊x⌋ or real numbers only


def derivatives(
    what: str,
    of: Expression,
    by: Sequence[Expression],
    random: np.random.Generator,
    derive: Derive = gradients,
    others: Sequence[Expression] = (),
) -> Iterator[Check]:
    """∂of/∂ each of `by`, derived, against differences and, where the formula is analytic, a complex step.

    of      any expression of variables
    by      the variables to derive by; `others` are further variables in `of`
    """
    labels = {x: f"∂{what}/∂{x.name} ({x.name}: {shape_text(x.shape)})" for x in by}
    weights = variable(Name("weights"), of.shape)
    try:
        derived = derive(of, by, weights)
    except InputError as error:
        yield from (failure(label, str(error), str(x.name)) for x, label in labels.items())
        return
    seen = list(dict.fromkeys((*by, *others)))
    for _, draw in DOMAINS:
        for _ in range(_DRAWS):
            numbers = {x: draw(random, sizes_of(x.shape)) for x in seen}
            if not has_finite_value(of, numbers):
                break
            weighted = random.uniform(0.5, 1.5, sizes_of(of.shape)) * random.choice((-1.0, 1.0), sizes_of(of.shape))
            measured = [_measured(of, x, numbers, weighted) for x in by]
            if all(m is not None for m in measured):
                yield from _judged(labels, of, derived, {**numbers, weights: weighted}, weighted, measured)
                return
    nowhere = "there was no place without a kink, a pole or NaN to measure it at."
    yield from (failure(label, nowhere, str(x.name)) for x, label in labels.items())


def _judged(
    labels: Mapping[Expression, str],
    of: Expression,
    derived: Mapping[Expression, Expression],
    numbers: Assignment,
    weighted: Array,
    measured: Sequence[Array | None],
) -> Iterator[Check]:
    values = evaluate([derived[x] for x in labels], numbers)
    analytic = all(node.primitive.name not in _NOT_ANALYTIC for node in order(of))
    for (x, label), differences in zip(labels.items(), measured, strict=True):
        assert differences is not None
        got = np.asarray(values[derived[x]])
        yield compared(label, got, differences, MEASURED, "the formula", "differences", by=(str(x.name), numbers[x]))
        if analytic:
            steps = _complex_step(of, x, numbers, weighted)
            yield compared(f"{label}, by a complex step", got, steps, EXACT, "the formula", "a complex step", by=(str(x.name), numbers[x]))


def _measured(of: Expression, x: Expression, numbers: Assignment, weights: Array, h: float = 1e-3) -> Array | None:
    """∂(Σ weights · of)/∂x by central differences; None where they cannot be trusted."""

    def central(index: tuple[int, ...], h: float) -> float:
        return float(_moved(of, x, numbers, weights, index, h) - _moved(of, x, numbers, weights, index, -h)) / (2 * h)

    first, second = np.zeros(numbers[x].shape), np.zeros(numbers[x].shape)
    for index in np.ndindex(first.shape):
        coarse, middle, fine = (central(index, h / divisor) for divisor in (1, 2, 4))
        first[index], second[index] = (4 * middle - coarse) / 3, (4 * fine - middle) / 3
    # Where a value is flat, as erf is at −4, differences hold little but the rounding of the value itself.
    rounding = 2 * np.finfo(np.float64).eps * float(np.sum(np.abs(weights * evaluate([of], numbers)[of]))) / h
    agree = np.abs(first - second) + rounding <= MEASURED / 2 * scale_of(second)  # NaN agrees with nothing
    return second if agree.all() else None


def _complex_step(of: Expression, x: Expression, numbers: Assignment, weights: Array, h: float = 1e-30) -> Array:
    """∂(Σ weights · of)/∂x as Im E(x + ih) / h: nothing is subtracted, so nothing is lost."""
    result = np.zeros(numbers[x].shape)
    for index in np.ndindex(result.shape):
        result[index] = np.imag(_moved(of, x, numbers, weights, index, h * 1j)) / h
    return result


def _moved(of: Expression, x: Expression, numbers: Assignment, weights: Array, index: tuple[int, ...], by: complex) -> Any:
    """Σ weights · of where one element of x is moved."""
    moved = numbers[x].astype(np.result_type(numbers[x], type(by)))
    moved[index] += by
    return np.sum(weights * evaluate([of], {**numbers, x: moved})[of])


def random_operands(of: Expression, operands: Sequence[Expression], random: np.random.Generator) -> Assignment | None:
    """Numbers for which `of` has a value, or None."""
    for _, draw in DOMAINS:
        numbers = {x: draw(random, sizes_of(x.shape)) for x in operands}
        if has_finite_value(of, numbers):
            return numbers
    return None


def has_finite_value(of: Expression, numbers: Assignment) -> bool:
    """Has a formula a value for these numbers?"""
    if of.primitive is p.variable:
        return True
    return bool(np.isfinite(evaluate([of], numbers)[of]).all())


def lettered_variables(shapes: Sequence[Shape]) -> list[Expression]:
    """Variables a, b … of these shapes."""
    return [variable(Name(letter), shape) for letter, shape in zip("abcd", shapes, strict=False)]


def sizes_of(shape: Shape) -> tuple[int, ...]:
    """The shape in numbers."""
    return tuple(SIZES[dimension] if isinstance(dimension, str) else dimension for dimension in shape)
