"""Products of matrices: linear layers, attention, and what JAX says as one general product."""

from __future__ import annotations

import math
from typing import Any

from chainrule.formula import primitives as p
from chainrule.formula.expression import Expression
from chainrule.interop.operations.elements import added, finite
from chainrule.interop.operations.shapes import common_shape, known, lettered, matrices_turned, permuted, reshaped, stretched, without
from chainrule.interop.operations.table import JaxCall, UnreadableOperation, jax_operation, operation
from chainrule.network.attention import no_later

PLACE = "a place"
"""Along the axis of the examples, which a product cannot go along."""


@operation("matmul", "mm", "bmm", whole=True, together="product", letter="s")
def product(a: Expression, b: Expression) -> Expression:
    """a @ b, of vectors and of stacks of matrices, as PyTorch has it."""
    if len(a.shape) == 1:
        return without(product(reshaped(a, (1, *a.shape)), b), (-2,))
    if len(b.shape) == 1:
        return without(product(a, reshaped(b, (*b.shape, 1))), (-1,))
    if len(b.shape) == 2:
        return a @ b
    lead = common_shape(a.shape[:-2], b.shape[:-2])
    return stretched(a, (*lead, *a.shape[-2:])) @ stretched(b, (*lead, *b.shape[-2:]))


@operation("linear", whole=True, together="product", letter="z")
def linear(x: Expression, W: Expression, b: Expression | None = None) -> Expression:
    """x Wᵀ + b."""
    z = product(x, matrices_turned(W))
    return z if b is None else added(z, b)


@operation("addmm", "baddbmm", whole=True, together="product", letter="s")
def _addmm(c: Expression, a: Expression, b: Expression, *, beta: float = 1, alpha: float = 1) -> Expression:
    z = product(a, b) if alpha == 1 else alpha * product(a, b)
    return added(z, c if beta == 1 else beta * c)


@operation("scaled_dot_product_attention")
def _attention(
    q: Expression, k: Expression, v: Expression, mask: Any = None, dropout: float = 0.0, is_causal: bool = False, *,
    scale: float | None = None, enable_gqa: bool = False,
) -> Expression:  # fmt: skip
    if dropout:
        raise UnreadableOperation("attention that drops out")
    width = known(q.shape[-1], "attention")
    scores = product(q, matrices_turned(k)) * (1 / math.sqrt(width) if scale is None else scale)
    if is_causal:
        seen = no_later(*(known(extent, "a causal mask") for extent in scores.shape[-2:]))
        scores = p.select(stretched(seen, scores.shape), scores, finite(-math.inf))
    elif mask is not None:
        scores = added(scores, mask)
    shares = p.softmax(lettered("s", scores), axis=len(scores.shape) - 1)
    return product(lettered("a", shares), v)


@operation("bilinear")
def _bilinear(x: Expression, v: Expression, W: Expression, b: Expression | None = None) -> Expression:
    units, rows, columns = (int(extent) for extent in W.shape)
    each = reshaped(product(x, reshaped(permuted(W, (1, 0, 2)), (rows, units * columns))), (*x.shape[:-1], units, columns))
    z = p.total(each * p.spread(v, axes=(len(v.shape) - 1,), sizes=(units,)), axes=(len(each.shape) - 1,))
    return z if b is None else added(z, b)


@jax_operation("dot_general", whole=True)
def _dot_general(a: Expression, b: Expression, call: JaxCall) -> Expression:
    """Σ over some axes, others side by side: as a product of matrices."""
    (over_a, over_b), (along_a, along_b) = call["dimension_numbers"]
    if not a.shape or not b.shape:
        raise UnreadableOperation("a product with equal numbers")
    free_a = [axis for axis in range(len(a.shape)) if axis not in (*over_a, *along_a)]
    free_b = [axis for axis in range(len(b.shape)) if axis not in (*over_b, *along_b)]
    if any(isinstance(a.shape[axis], str) for axis in over_a):
        raise UnreadableOperation("a sum over the examples")
    inner = _count(a, over_a)
    if along_a:
        if any(isinstance(one.shape[axis], str) for one, free in ((a, free_a), (b, free_b)) for axis in free):
            raise UnreadableOperation("a product along examples of one operand alone")
        along, rows, columns = ([one.shape[axis] for axis in axes] for one, axes in ((a, along_a), (a, free_a), (b, free_b)))
        left = reshaped(permuted(a, (*along_a, *free_a, *over_a)), (*along, _count(a, free_a), inner))
        right = reshaped(permuted(b, (*along_b, *over_b, *free_b)), (*along, inner, _count(b, free_b)))
        return reshaped(product(left, right), (*along, *rows, *columns))
    of_examples = [any(isinstance(one.shape[axis], str) for axis in free) for one, free in ((a, free_a), (b, free_b))]
    if all(of_examples):
        raise UnreadableOperation("a product of examples with examples")
    turned = of_examples[1]
    (x, free_x, over_x), (W, free_W, over_W) = ((b, free_b, over_b), (a, free_a, over_a))[:: 1 if turned else -1]
    lead, tail = [x.shape[axis] for axis in free_x], [W.shape[axis] for axis in free_W]
    left = reshaped(permuted(x, (*free_x, *over_x)), (*lead, inner))
    right = reshaped(permuted(W, (*over_W, *free_W)), (inner, _count(W, free_W)))
    z = reshaped(product(left, right), (*lead, *tail))
    return permuted(z, (*range(len(lead), len(lead) + len(tail)), *range(len(lead)))) if turned else z


def _count(x: Expression, axes: Any) -> int:
    """Elements along some axes together. Raises UnreadableOperation."""
    return math.prod(known(x.shape[axis], PLACE) for axis in axes)
