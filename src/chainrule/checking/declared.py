"""What a loss, an activation or a penalty is, asked of its formula and its declarations and never of its name.

So a person's own definition that says what a built-in one says is recognised like it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, cast

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import ChainruleError
from chainrule.base.frozen import Frozen
from chainrule.formula.backprop import local_derivatives
from chainrule.formula.evaluation import evaluate
from chainrule.formula.expression import Expression, Name, as_expression, named, variable
from chainrule.formula.primitives import spread
from chainrule.network.definitions import Bound, definitions
from chainrule.network.derivation import reduced
from chainrule.network.layers import dense
from chainrule.network.network import Network

ONE = as_expression(1)
"""∂E/∂E."""

_SEVERAL = {"outputs": 2, "rows": 3}
"""Sizes at which formulas are looked at."""


class Slope(Frozen):
    """f′ of an activation that works element by element, as an expression.

    z, h   its letters: f′ is written in z, in h = f(z), or in both
    slope  f′
    """

    z: Expression
    h: Expression
    slope: Expression

    @staticmethod
    def of(activation: Bound) -> Slope | None:
        """That of an activation; None of softmax, which is no function of single elements."""
        if not activation.elementwise:
            return None
        z = variable(Name("z"), ("places", 1))
        h = named(Name("h"), activation.apply(z))
        return Slope(z, h, local_derivatives(h, [z], spread(1, axes=(0, 1), sizes=h.shape))[z])

    def at(self, z: Array, h: Array | None = None) -> Array:
        """f′(z), element by element; with h: what comes out where its formula is fed with other numbers for h."""
        if not hasattr(z, "tobytes"):  # what stands in for arrays has no bytes
            return self._computed(z, h)
        key = (id(self), z.tobytes(), b"" if h is None else h.tobytes())
        found = _VALUES.get(key)  # several files may be judged at the same time: what is found here may be gone a moment later
        if found is None:
            if len(_VALUES) >= MOST_VALUES:
                _VALUES.clear()
            _VALUES[key] = found = self._computed(z, h)
        return found.reshape(z.shape)

    def _computed(self, z: Array, h: Array | None) -> Array:
        known = {self.z: z.reshape(-1, 1), **({} if h is None else {self.h: h.reshape(-1, 1)})}
        with np.errstate(all="ignore"):
            return np.broadcast_to(evaluate([self.slope], known)[self.slope], (z.size, 1)).reshape(z.shape)


MOST_VALUES = 2000
"""So many arrays of slopes are kept: a layer's is asked for once for every way in which somebody may have gone on from it."""

_VALUES: dict[tuple[int, bytes, bytes], Array] = {}

_FOUND: dict[tuple[Any, ...], Any] = {}
"""What was found of definitions with their options. A formula that somebody changes is another definition, of the same name or not."""


def _identity(bound: Bound) -> tuple[Any, str]:
    return bound.definition, repr(bound)


def slope_of(activation: Bound) -> Slope | None:
    """That of an activation, derived once."""
    key = ("slope", *_identity(activation))
    if key not in _FOUND:
        _FOUND[key] = Slope.of(activation)
    return cast("Slope | None", _FOUND[key])


# Activations


def sides(activation: Bound) -> tuple[float, float] | None:
    """f′ below and above 0 of an activation that is straight on both sides, as ReLU is: (0, 1); None of any other."""
    slope = slope_of(activation)
    if slope is None:
        return None
    below, above = slope.at(np.array([-0.5, -2.0, -9.0])), slope.at(np.array([0.5, 2.0, 9.0]))
    return (float(below[0]), float(above[0])) if np.ptp(below) == 0 == np.ptp(above) else None


def is_kinked(activation: Bound) -> bool:
    """Is it straight on both sides of 0, and bent there?"""
    found = sides(activation)
    return found is not None and found[0] != found[1]


def is_rectifier(activation: Bound) -> bool:
    """Does it let pass what is above 0, and nothing of what is below?"""
    return sides(activation) == (0.0, 1.0)


def is_straight(activation: Bound) -> bool:
    """Is f(z) = z, up to a factor?"""
    found = sides(activation)
    return found is not None and found[0] == found[1]


# Losses


class LossLetters(Frozen):
    """The letters of a loss, y and t, of so many outputs."""

    y: Expression
    t: Expression

    @staticmethod
    def of(outputs: int) -> LossLetters:
        """For so many outputs."""
        shape = ("batch", outputs)
        return LossLetters(variable(Name("y"), shape), variable(Name("t"), shape))


def loss_values(loss: Bound, y: Array, t: Array) -> Array:
    """The loss by element (batch, outputs), or by sample (batch,)."""
    letters = LossLetters.of(t.shape[1])
    expression = loss.apply(letters.y, letters.t)
    with np.errstate(all="ignore"):
        found: Array = evaluate([expression], {letters.y: y, letters.t: t})[expression]
    return found


def loss_gradient(loss: Bound, y: Array, t: Array, conventions: Any) -> Array:
    """∂E/∂y, as it is written on paper: without a theorem that takes loss and activation together."""
    key = ("gradient", *_identity(loss), t.shape[1], conventions)
    if key not in _FOUND:
        letters = LossLetters.of(t.shape[1])
        error = named(Name("E"), reduced(loss.apply(letters.y, letters.t), conventions, None))
        _FOUND[key] = letters, local_derivatives(error, [letters.y], ONE)[letters.y]
    letters, gradient = _FOUND[key]
    with np.errstate(all="ignore"):
        return np.broadcast_to(evaluate([gradient], {letters.y: y, letters.t: t})[gradient], y.shape)


def square_factor(loss: Bound) -> float:
    """c of a loss with ∂ℓ/∂y = c (y − t): 1 of ½ (y − t)², 2 of (y − t)²; 0 of any other."""
    key = ("square", *_identity(loss))
    if key not in _FOUND:
        rng = np.random.default_rng(0)
        y, t = (rng.uniform(-9, 9, size=(_SEVERAL["rows"], _SEVERAL["outputs"])) for _ in range(2))
        _FOUND[key] = _multiple(_summed_gradient(loss, y, t), y - t)
    return float(_FOUND[key])


def goes_together(loss: Bound, activation: Bound) -> bool:
    """Is ∂E/∂z = y − t with this activation, though neither ∂ℓ/∂y is that nor f′ is 1? Then people write y − t and are right."""
    key = ("together", *_identity(loss), *_identity(activation))
    if key not in _FOUND:
        rng = np.random.default_rng(0)
        z = 3 * rng.normal(size=(_SEVERAL["rows"], _SEVERAL["outputs"]))
        y = _applied(activation, z)
        t = np.eye(_SEVERAL["outputs"])[[0, 1, 0]]
        gradient = None if is_straight(activation) else _summed_gradient(loss, y, t)
        delta = None if gradient is None else through_activation(activation, z, gradient)
        _FOUND[key] = delta is not None and bool(np.isfinite(delta).all()) and np.allclose(delta, y - t, rtol=1e-9, atol=1e-12)
    return bool(_FOUND[key])


def other_losses(output: Bound, loss: Bound, t: Array) -> Iterator[Bound]:
    """Losses that a program with this output may have, beside the one that was assumed, each of another gradient.

    They are those that go together with the output, and half of the squared error, which goes with any; targets are such as a loss takes.
    """
    rng = np.random.default_rng(1)
    y = np.asarray(rng.uniform(0.2, 0.8, size=t.shape))
    if output.definition.gives == "distribution":
        y = np.asarray(y / y.sum(axis=1, keepdims=True))
    met = [_summed_gradient(loss, y, t)]
    for definition in definitions("loss").values():
        other = Bound(definition)
        if not definition.measures or not _fits(definition.targets, t):
            continue
        if not (goes_together(other, output) or square_factor(other) == 1):
            continue
        if square_factor(other) and square_factor(loss):
            continue
        gradient = _summed_gradient(other, y, t)
        if gradient is None or any(known is not None and np.allclose(known, gradient) for known in met):
            continue
        met.append(gradient)
        yield other


def _fits(targets: str, t: Array) -> bool:
    if targets == "signs":
        return bool((np.abs(t) == 1).all())
    if targets == "probabilities":
        return bool(((t >= 0) & (t <= 1)).all())
    return targets in ("distribution", "numbers")


@cache
def _counted() -> Any:
    return Network(1, dense(1), outputs="sum", batch="sum").conventions


def _summed_gradient(loss: Bound, y: Array, t: Array) -> Array | None:
    """∂ℓ/∂y; None where the loss has none, or takes no targets."""
    if not loss.definition.measures:
        return None
    try:
        return loss_gradient(loss, y, t, _counted())
    except ChainruleError:
        return None


def _multiple(found: Array | None, of: Array) -> float:
    if found is None or not np.isfinite(found).all():
        return 0.0
    factor = float(np.vdot(of, found) / np.vdot(of, of))
    return factor if np.allclose(found, factor * of, rtol=1e-9, atol=1e-12) else 0.0


def _applied(activation: Bound, z: Array) -> Array:
    letter = variable(Name("z"), ("places", z.shape[1]))
    h = activation.apply(letter)
    return np.asarray(evaluate([h], {letter: z})[h])


def through_activation(activation: Bound, z: Array, g: Array) -> Array:
    """∂E/∂z from g = ∂E/∂h: g ⊙ f′(z), or the whole Jacobian of a softmax."""
    slope = slope_of(activation)
    if slope is not None:
        with np.errstate(all="ignore"):
            return g * slope.at(z)
    letter, upstream = (variable(Name(name), ("places", z.shape[1])) for name in "zg")
    h = named(Name("h"), activation.apply(letter))
    delta = local_derivatives(h, [letter], upstream)[letter]
    return np.broadcast_to(evaluate([delta], {letter: z, upstream: g})[delta], z.shape)


# Penalties


def strength(rule: Bound | None) -> float:
    """λ of a penalty ½ λ Σ w²; 0 of any other, and where there is none."""
    if rule is None:
        return 0.0
    key = ("strength", *_identity(rule))
    if key not in _FOUND:
        w = variable(Name("w"), ("places", 1))
        penalty = named(Name("r"), rule.apply(w))
        slope = local_derivatives(penalty, [w], ONE)[w]
        values = np.array([[0.5], [-1.0], [2.0]])
        _FOUND[key] = _multiple(np.asarray(evaluate([slope], {w: values})[slope]), values)
    return float(_FOUND[key])
