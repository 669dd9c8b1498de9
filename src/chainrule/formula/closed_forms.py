"""Closed forms of gradients that textbooks state: what back-propagation through several formulas always comes to.

A closed form says that the gradient which the rules derive equals a short formula, for any numbers and any shape. Nothing is computed
with it: the derivation stays what it is, and the tests prove each form against it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from chainrule.base.frozen import FrozenValue
from chainrule.formula import primitives as p
from chainrule.formula.expression import Expression


class ClosedForm(FrozenValue):
    """`gradients(g, *operands)` is what ∂E/∂ each operand is, where g = ∂E/∂ `value(*operands)`.

    key     its name in catalogues of words
    source  where it is stated
    """

    key: str
    value: Callable[..., Expression]
    gradients: Callable[..., tuple[Expression, ...]]
    source: str


def normalised(x: Expression, axes: Sequence[int], epsilon: float) -> Expression:
    """n = (x − μ) / √(v + ε), with μ and v over some axes."""
    centred = x - _again(p.mean(x, axes=tuple(axes)), x, axes)
    return centred / _deviation(x, axes, epsilon)


def normalised_gradient(g: Expression, x: Expression, axes: Sequence[int], epsilon: float) -> Expression:
    """∂E/∂x = (g − mean g − n · mean(g ⊙ n)) / √(v + ε), where n is `normalised`."""
    n = normalised(x, axes, epsilon)
    common = _again(p.mean(g, axes=tuple(axes)), x, axes)
    along = _again(p.mean(g * n, axes=tuple(axes)), x, axes)
    return (g - common - n * along) / _deviation(x, axes, epsilon)


def _deviation(x: Expression, axes: Sequence[int], epsilon: float) -> Expression:
    centred = x - _again(p.mean(x, axes=tuple(axes)), x, axes)
    return _again(p.sqrt(p.mean(centred**2, axes=tuple(axes)) + epsilon), x, axes)


def _again(x: Expression, like: Expression, axes: Sequence[int]) -> Expression:
    return p.spread(x, axes=tuple(axes), sizes=tuple(like.shape[axis] for axis in axes))


def attended(q: Expression, k: Expression, v: Expression) -> Expression:
    """A V, with A = softmax(Q Kᵀ / √d) along the last axis."""
    return _shares(q, k) @ v


def attended_gradients(g: Expression, q: Expression, k: Expression, v: Expression) -> tuple[Expression, ...]:
    """∂E/∂S = A ⊙ (g Vᵀ − Σ A ⊙ g Vᵀ); then ∂E/∂Q = ∂E/∂S K / √d, ∂E/∂K = ∂E/∂Sᵀ Q / √d and ∂E/∂V = Aᵀ g."""
    shares, last = _shares(q, k), len(q.shape) - 1
    blame = g @ p.swapped(v)
    common = p.total(shares * blame, axes=(last,))
    scores = shares * (blame - p.spread(common, axes=(last,), sizes=(shares.shape[last],)))
    root = math.sqrt(int(q.shape[-1]))
    return scores @ k / root, p.swapped(scores) @ q / root, p.swapped(shares) @ g


def _shares(q: Expression, k: Expression) -> Expression:
    return p.softmax(q @ p.swapped(k) / math.sqrt(int(q.shape[-1])), axis=len(q.shape) - 1)


def _of_axes(axes: Callable[[Expression], Sequence[int]]) -> tuple[Callable[..., Expression], Callable[..., tuple[Expression, ...]]]:
    """Value and gradient of a normalisation over the axes of a signal."""
    return (
        lambda x, epsilon=1e-5: normalised(x, axes(x), epsilon),
        lambda g, x, epsilon=1e-5: (normalised_gradient(g, x, axes(x), epsilon),),
    )


CLOSED_FORMS = (
    ClosedForm("batch_norm", *_of_axes(lambda x: range(len(x.shape) - 1)), "Ioffe & Szegedy (2015), section 3"),
    ClosedForm("layer_norm", *_of_axes(lambda x: (len(x.shape) - 1,)), "Ba, Kiros & Hinton (2016), supplementary material"),
    ClosedForm("attention", attended, attended_gradients, "Dao et al. (2022), FlashAttention, appendix B.2"),
)
