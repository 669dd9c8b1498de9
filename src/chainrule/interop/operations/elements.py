"""Functions of one element, or of the elements of several arrays at one place."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from chainrule.formula import primitives as p
from chainrule.formula.expression import Expression
from chainrule.formula.stated import held
from chainrule.interop.operations.shapes import broadcast_together, filled, known, reshaped
from chainrule.interop.operations.table import JaxCall, UnreadableOperation, in_jax, jax_operation, operation
from chainrule.network.definitions import find
from chainrule.network.spatial import LOWEST

element_by_element = partial(operation, together="elements")
"""Declares what is computed of each element by itself."""

ACTIVATIONS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "relu": ("relu", "relu", {}),
    "tanh": ("tanh", "tanh", {}),
    "sigmoid": ("sigmoid", "logistic", {}),
    "silu": ("silu", "", {}),
    "selu": ("selu", "", {}),
    "relu6": ("relu6", "", {}),
    "hardsigmoid": ("hard_sigmoid", "", {}),
    "hardswish": ("hard_swish", "", {}),
    "gelu": ("gelu", "", {"approximate": "none"}),
    "leaky_relu": ("leaky_relu", "", {"slope": 0.01}),
}
"""Activations of ours by PyTorch's name, with JAX's, and PyTorch's defaults for their options."""

FUNCTIONS: dict[str, tuple[str, Callable[[Expression], Expression]]] = {
    "exp": ("exp", p.exp),
    "expm1": ("expm1", p.expm1),
    "log": ("log", p.log),
    "log1p": ("log1p", lambda x: p.log(1 + x)),
    "log2": ("", lambda x: p.log(x) / math.log(2)),
    "sqrt": ("sqrt", p.sqrt),
    "rsqrt": ("rsqrt", lambda x: 1 / p.sqrt(x)),
    "sin": ("sin", p.sin),
    "cos": ("cos", p.cos),
    "abs": ("abs", p.absolute),
    "sign": ("sign", p.sign),
    "floor": ("floor", p.floor),
    "erf": ("erf", p.erf),
    "erfc": ("erfc", lambda x: p.erf1p(-x)),
    "reciprocal": ("", lambda x: 1 / x),
    "square": ("square", lambda x: x**2),
    "mish": ("", lambda x: x * p.tanh(p.softplus(x))),
    "log_sigmoid": ("", lambda x: -p.softplus(-x)),
    "logical_not": ("", lambda x: 1 - x),
}
"""Functions of one number by PyTorch's name, with JAX's."""

COMPARISONS: dict[str, Callable[[Expression, Expression], Expression]] = {
    "gt": p.greater,
    "lt": lambda a, b: p.greater(b, a),
    "ge": lambda a, b: 1 - p.greater(b, a),
    "le": lambda a, b: 1 - p.greater(a, b),
    "ne": lambda a, b: p.greater(a, b) + p.greater(b, a),
    "eq": lambda a, b: 1 - (p.greater(a, b) + p.greater(b, a)),
}
"""By the name that both libraries have for them."""


def _activated(ours: str, defaults: Mapping[str, Any]) -> Callable[..., Expression]:
    def formula(x: Expression, *given: Any, **options: Any) -> Expression:
        chosen = {**dict(zip(defaults, (*given, *list(defaults.values())[len(given) :]), strict=True)), **options}
        result: Expression = find("activation", {"name": ours, **chosen}).apply(x)
        return result

    return formula


for _pytorch, (_ours, _jax, _defaults) in ACTIVATIONS.items():
    element_by_element(_pytorch, jax=_jax)(_activated(_ours, _defaults))
for _pytorch, (_jax, _function) in FUNCTIONS.items():
    element_by_element(_pytorch, jax=_jax)(partial(lambda formula, x: formula(x), _function))
for _name, _comparison in COMPARISONS.items():
    element_by_element(_name, jax=_name)(partial(lambda formula, a, b: formula(*broadcast_together(a, b)), _comparison))


@element_by_element("elu")
def _elu(x: Expression, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0) -> Expression:
    z: Expression = find("activation", {"name": "elu", "alpha": alpha}).apply(x if input_scale == 1 else input_scale * x)
    return z if scale == 1 else scale * z


@element_by_element("softplus", jax="softplus")
def _softplus(x: Expression, beta: float = 1.0, threshold: float = 20.0) -> Expression:
    return p.softplus(x) if beta == 1 else p.softplus(beta * x) / beta


@operation("prelu")
def _prelu(x: Expression, slope: Expression) -> Expression:
    if len(slope.shape) == 1 and len(x.shape) > 1:
        slope = reshaped(slope, (1, *slope.shape, *[1] * (len(x.shape) - 2)))
    x, slope = broadcast_together(x, slope)
    return p.select(x > 0, x, slope * x)


@operation("glu")
def _glu(x: Expression, dim: int = -1) -> Expression:
    axis = dim % len(x.shape)
    half = known(x.shape[axis], "a gated unit") // 2
    return p.part(x, axis=axis, start=0, stop=half) * p.sigmoid(p.part(x, axis=axis, start=half, stop=2 * half))


# Arithmetic


@element_by_element("add", jax=("add", "add_any"), quiet="by a number")
def added(a: Expression, b: Expression, *, alpha: float = 1) -> Expression:
    """a + alpha · b."""
    a, b = broadcast_together(a, b)
    return a + b if alpha == 1 else a + alpha * b


@element_by_element("sub", jax="sub", quiet="by a number")
def subtracted(a: Expression, b: Expression, *, alpha: float = 1) -> Expression:
    """a − alpha · b."""
    a, b = broadcast_together(a, b)
    return a - b if alpha == 1 else a - alpha * b


element_by_element("rsub", quiet="by a number")(lambda a, b, **scale: subtracted(b, a, **scale))


@element_by_element("mul", jax="mul", quiet="by a number")
def multiplied(a: Expression, b: Expression) -> Expression:
    """a ⊙ b."""
    a, b = broadcast_together(a, b)
    return a * b


@element_by_element("div", jax="div", quiet="by a number")
def _div(a: Expression, b: Expression, *, rounding_mode: str | None = None) -> Expression:
    if rounding_mode is not None:
        raise UnreadableOperation(f"division that is rounded ({rounding_mode})")
    a, b = broadcast_together(a, b)
    return a / b


element_by_element("neg", jax="neg", quiet="always")(lambda x: -x)


@element_by_element("pow")
def raised(a: Expression | float, b: Expression | float) -> Expression:
    """a to the power of b, one of which is a number. Raises UnreadableOperation."""
    if isinstance(a, Expression) and isinstance(b, (int, float)):
        return a**b
    if isinstance(b, Expression) and isinstance(a, (int, float)):
        return p.exp(b * math.log(a))
    raise UnreadableOperation("a power whose exponent is computed")


@jax_operation("pow")
def _pow_of_jax(a: Expression, b: Expression, call: JaxCall) -> Expression:
    exponent, base = b.constant, a.constant
    return raised(a if base is None else float(base), b if exponent is None else float(exponent))


in_jax("integer_pow", raised, "y")


# Choices


@element_by_element("maximum", jax="max")
def largest_of(a: Expression, b: Expression) -> Expression:
    """The larger one at each place."""
    return p.maximum(*broadcast_together(a, b))


@element_by_element("minimum", jax="min")
def smallest_of(a: Expression, b: Expression) -> Expression:
    """The smaller one at each place."""
    return p.minimum(*broadcast_together(a, b))


@element_by_element("clamp", "clip")
def clamped(x: Expression, min: Any = None, max: Any = None) -> Expression:  # PyTorch's own names
    """x, but no less and no more than that."""
    x = x if min is None else largest_of(x, min)
    return x if max is None else smallest_of(x, max)


element_by_element("clamp_min")(clamped)
element_by_element("hardtanh")(lambda x, low=-1.0, high=1.0: clamped(x, low, high))
in_jax("clamp", lambda low, x, high: clamped(x, low, high))
element_by_element("logical_and")(multiplied)
element_by_element("logical_or")(largest_of)


@element_by_element("where")
def chosen(condition: Expression, a: Expression | float, b: Expression | float) -> Expression:
    """a where the condition is not 0, b elsewhere."""
    return p.select(*broadcast_together(condition, a, b))


@jax_operation("select_n")
def _select_n(which: Expression, *cases: Any) -> Expression:
    *several, _ = cases
    if len(several) != 2:
        raise UnreadableOperation("a choice between more than two")
    return chosen(which, several[1], several[0])


element_by_element("masked_fill")(lambda x, mask, value: chosen(mask, finite(value), x))


def finite(value: float) -> float:
    """A number that stands for infinity in a softmax: e to the power of it is 0, and no product with it is undefined."""
    return value if math.isfinite(value) else math.copysign(LOWEST, value)


# What leaves elements as they are


@element_by_element(
    "clone", "contiguous", "alias", "to", "_to_copy", "type_as", "lift_fresh_copy", "_assert_tensor_metadata",
    jax=("convert_element_type", "copy", "copy_p", "reduce_precision", "optimization_barrier"), quiet="always",
)  # fmt: skip
def _same(x: Expression, *_: Any, **__: Any) -> Expression:
    return x


element_by_element("detach", "detach_", jax="stop_gradient")(held)


@element_by_element("copy", quiet="always")
def copied(x: Expression, other: Expression | float, non_blocking: bool = False) -> Expression:
    """What stands in an array after something else was written over all of it."""
    return filled(broadcast_together(other, x)[0], x.shape)


@element_by_element("dropout", "feature_dropout", "alpha_dropout", "native_dropout", quiet="always")
def checked_dropout(x: Expression, probability: float, training: bool) -> Expression:
    """x. Raises UnreadableOperation where something is dropped."""
    if training and probability:
        raise UnreadableOperation(
            f"dropout with the probability {probability:g} in training mode, which is another function every time; call model.eval() first"
        )
    return x
