"""The identities that a reader applies silently: 1·x, x + 0, −(−x), ½·2, (xᵀ)ᵀ, and a value computed twice.

Not a computer-algebra system: terms keep their order, nothing is expanded and nothing is factored out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

from chainrule.formula.expression import Expression, PlainNumber, Shape, depends_on_variable, order, written_nodes
from chainrule.formula.primitives import (
    add,
    constant,
    divide,
    join,
    matmul,
    multiply,
    negative,
    place,
    power,
    spread,
    sqrt,
    subtract,
    swapped,
    total,
    transpose,
)


def tidy(expression: Expression) -> Expression:
    """The same value with the silent identities applied, from the leaves upward; named quantities are left whole."""
    done: dict[Expression, Expression] = {}
    for node in written_nodes(expression):
        done[node] = node if node.name is not None else _step(node.rebuilt(*(done[argument] for argument in node.arguments)))
    return done[expression]


def shared(roots: Sequence[Expression], known: Iterable[Expression] = ()) -> list[Expression]:
    """The same graphs in which each value is computed once; one that was given a name before is written by that name."""
    nodes: dict[object, Expression] = {}
    keys: dict[Expression, object] = {}
    done: dict[Expression, Expression] = {}
    for node in order(*known, *roots):
        twin = node.rebuilt(*(done[argument] for argument in node.arguments))
        inner = twin.arguments[0] if twin.primitive.name == "named" else None
        if inner is not None and inner.name == twin.name:
            done[node] = inner
            continue
        parameters = tuple(sorted((key, repr(value)) for key, value in twin.parameters.items()))
        key = (twin.primitive.name, twin.arguments, parameters, twin.shape)
        done[node] = nodes.setdefault(key, twin)
        keys.setdefault(done[node], key)
        if inner is not None and inner.name is None:
            nodes[keys[inner]] = done[node]
    return [done[root] for root in roots]


def _step(node: Expression) -> Expression:
    """One node whose arguments are tidy already."""
    arguments = tuple(_bare(argument) if node.primitive.elementwise else argument for argument in node.arguments)
    if node.primitive.elementwise and any(argument.shape == node.shape for argument in arguments):
        node = node.rebuilt(*arguments)
    elif node.primitive.elementwise and node.shape and not any(argument.shape for argument in arguments):
        return spread(_step(node.rebuilt(*arguments)), axes=tuple(range(len(node.shape))), sizes=node.shape)
    rule = _RULES.get(node.primitive.name)
    result = rule(*node.arguments, **node.parameters) if rule else None
    if result is None or result is node:
        return node
    if result.shape != node.shape:
        result = spread(result, axes=tuple(range(len(node.shape))), sizes=node.shape)
    return _step(result) if result.arguments else result


def _bare(expression: Expression) -> Expression:
    """A stretched number as the number itself: an elementwise partner gives it its shape."""
    if expression.primitive is spread and not expression.arguments[0].shape and _numeric(expression.arguments[0]):
        return expression.arguments[0]
    return expression


def _numeric(expression: Expression) -> bool:
    return not depends_on_variable(expression)


def _value(expression: Expression) -> PlainNumber | None:
    """The number of a constant, stretched or not."""
    return _bare(expression).constant


def _number(value: PlainNumber) -> Expression | None:
    """A constant; None where floats overflow, which is left to those who compute."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Fraction) and value.denominator == 1:
        value = value.numerator
    return constant(number=value)


def _ratio(a: PlainNumber, b: PlainNumber) -> PlainNumber:
    return a / b if isinstance(a, float) or isinstance(b, float) else Fraction(a) / Fraction(b)


def _add(a: Expression, b: Expression) -> Expression | None:
    x, y = _value(a), _value(b)
    if x is not None and y is not None:
        return _number(x + y)
    if x == 0:
        return b
    if y == 0:
        return a
    if a.primitive is place and b.primitive is place and (side_by_side := _side_by_side(a, b)) is not None:
        return side_by_side
    if a.primitive is add and b.primitive is place and (found := _among(a, b)) is not None:
        return found
    if b.primitive is negative:
        return subtract(a, b.arguments[0])
    if a.primitive is negative:
        return subtract(b, a.arguments[0])
    return None


def _among(a: Expression, b: Expression) -> Expression | None:
    """A part of an axis that follows, or is followed by, one of the terms of a sum of such parts: the sum with both in one place."""
    first, second = a.arguments
    if second.primitive is place and (both := _side_by_side(second, b)) is not None:
        return _step(add(first, both))
    if first.primitive is place and (both := _side_by_side(first, b)) is not None:
        return _step(add(both, second))
    if first.primitive is add and (both := _among(first, b)) is not None:
        return _step(add(both, second))
    return None


def _side_by_side(a: Expression, b: Expression) -> Expression | None:
    """Two parts of one axis that follow each other, each among zeros: both in one place, or the whole where nothing is left over."""
    (first,), (second,), axis = a.arguments, b.arguments, a.parameters["axis"]
    if axis != b.parameters["axis"]:
        return None
    if a.parameters["start"] > b.parameters["start"]:
        a, b, first, second = b, a, second, first
    size = first.shape[axis]
    if not isinstance(size, int) or a.parameters["start"] + size != b.parameters["start"]:
        return None
    pieces = [
        piece
        for one in (first, second)
        for piece in (one.arguments if one.primitive is join and one.parameters["axis"] == axis else (one,))
    ]
    both = join(*pieces, axis=axis)
    return both if both.shape == a.shape else place(both, axis=axis, start=a.parameters["start"], extent=a.shape[axis])


def _subtract(a: Expression, b: Expression) -> Expression | None:
    x, y = _value(a), _value(b)
    if x is not None and y is not None:
        return _number(x - y)
    if x == 0:
        return negative(b)
    if a.primitive is divide and b.primitive is divide and a.arguments[1] is b.arguments[1] and a.shape == b.shape:
        return divide(tidy(subtract(a.arguments[0], b.arguments[0])), a.arguments[1])
    return None


def _multiply(a: Expression, b: Expression) -> Expression | None:
    x, y = _value(a), _value(b)
    if x is not None and y is not None:
        return _number(x * y)
    for number, other in ((x, b), (y, a)):
        if number == 0:
            return _number(0)
        if number == 1:
            return other
        if number == -1:
            return negative(other)
    if y is not None:
        return multiply(b, a)
    if x is not None and b.primitive is multiply and (inner := _value(b.arguments[0])) is not None:
        return None if (product := _number(x * inner)) is None else multiply(product, b.arguments[1])
    if b.primitive is multiply and (factor := _value(b.arguments[0])) and (quotient := _scaled(factor, a)) is not None:
        return tidy(multiply(quotient, b.arguments[1]))
    if a.primitive is negative:
        return negative(tidy(multiply(a.arguments[0], b)))
    if b.primitive is negative:
        return negative(tidy(multiply(a, b.arguments[0])))
    for reciprocal, other in ((a, b), (b, a)):
        if reciprocal.primitive is divide and _value(reciprocal.arguments[0]) == 1:
            return divide(other, reciprocal.arguments[1])
    if a.primitive is divide and not a.shape and b.shape and not _numeric(b):
        return divide(tidy(multiply(a.arguments[0], b)), a.arguments[1])
    for whole, root in ((a, b), (b, a)):
        if root.primitive is sqrt and root.arguments[0] is whole and not _numeric(whole):
            return power(whole, constant(number=Fraction(3, 2)))
    return None


def _scaled(number: PlainNumber, x: Expression) -> Expression | None:
    """2 · (a/4) as a/2, stretched or not; None where x is no quotient by a number, or the numbers leave no whole one."""
    if x.primitive is spread:
        inner = _scaled(number, x.arguments[0])
        return None if inner is None else spread(inner, **x.parameters)
    divisor = _value(x.arguments[1]) if x.primitive is divide else None
    if not divisor:
        return None
    a, divided, times = x.arguments[0], _ratio(divisor, number), _ratio(number, divisor)
    if divided == int(divided):
        return tidy(divide(a, constant(number=int(divided))))
    return tidy(multiply(constant(number=int(times)), a)) if times == int(times) else None


def _divide(a: Expression, b: Expression) -> Expression | None:
    x, y = _value(a), _value(b)
    if y == 1:
        return a
    if x is not None and y is not None and y != 0:
        return _number(_ratio(x, y))
    if a.primitive is negative:
        return negative(tidy(divide(a.arguments[0], b)))
    if not _numeric(a) and (quotient := _one_quotient(a)) is not None:  # (a/b) / c = a / (b · c)
        above, below = quotient
        first, last = b.arguments if b.primitive is multiply and _value(b.arguments[0]) is not None else (constant(number=1), b)
        return tidy(divide(above, multiply(first, multiply(below, last))))
    if b.primitive is divide and not _numeric(b):
        return divide(tidy(multiply(a, b.arguments[1])), b.arguments[0])
    return None


def _one_quotient(x: Expression) -> tuple[Expression, Expression] | None:
    """Numerator and denominator of a quotient, of a product with one, or of a sum of such that are all divided by the same."""
    if x.name is not None or not x.arguments:
        return None
    first, *others = x.arguments
    if x.primitive is divide:
        return first, others[0]
    if x.primitive is multiply:
        for place, factor in enumerate(x.arguments):
            if (found := _one_quotient(factor)) is not None:
                above, below = found
                return x.rebuilt(*(above if i == place else other for i, other in enumerate(x.arguments))), below
        return None
    found = _one_quotient(first) if x.primitive in (negative, spread, total) else None
    if found is None or found[0].shape != first.shape:  # a number above is as long as no array
        return None
    above, below = found
    if x.primitive is negative:
        return negative(above), below
    if x.primitive is spread:
        return x.rebuilt(above), x.rebuilt(below) if below.shape else below
    if below.primitive is spread and below.parameters["axes"] == x.parameters["axes"]:
        sign, terms = (negative, above.arguments[0]) if above.primitive is negative else (tidy, above)
        return sign(x.rebuilt(terms)), below.arguments[0]
    return None


def _negative(a: Expression) -> Expression | None:
    if (x := _value(a)) is not None:
        return _number(-x)
    if a.primitive is spread and not a.arguments[0].shape:
        return spread(tidy(negative(a.arguments[0])), **a.parameters)
    return a.arguments[0] if a.primitive is negative else None


def _power(a: Expression, n: Expression) -> Expression | None:
    if _value(n) == 2:  # what has a root is not negative
        if a.primitive is sqrt:
            return a.arguments[0]
        if a.primitive is spread and a.arguments[0].primitive is sqrt:
            return spread(a.arguments[0].arguments[0], **a.parameters)
    return a if _value(n) == 1 else None


def _transpose(x: Expression, axes: tuple[int, ...]) -> Expression | None:
    if axes == tuple(range(len(axes))):
        return x
    if x.primitive is transpose:
        (inner,), before = x.arguments, x.parameters["axes"]
        return transpose(inner, axes=tuple(before[axis] for axis in axes))
    turned = (*range(len(axes) - 2), len(axes) - 1, len(axes) - 2)
    if x.primitive is matmul and axes == turned and x.arguments[0].primitive is transpose:  # (Aᵀ B)ᵀ = Bᵀ A
        a, b = x.arguments
        return matmul(tidy(swapped(b)), tidy(swapped(a)))
    return None


def _select(condition: Expression, a: Expression, b: Expression) -> Expression | None:
    chosen, x, y = _value(condition), _value(a), _value(b)
    if chosen is not None and not condition.shape and a.shape == b.shape:
        return a if chosen else b
    return a if x is not None and x == y else None


def _greater(a: Expression, b: Expression) -> Expression | None:
    x, y = _value(a), _value(b)
    return None if x is None or y is None or a.shape or b.shape else constant(number=int(x > y))


def _spread(x: Expression, axes: tuple[int, ...], sizes: Shape) -> Expression | None:
    if x.primitive is spread and not x.arguments[0].shape:
        full = spread(x, axes=axes, sizes=sizes).shape
        return spread(x.arguments[0], axes=tuple(range(len(full))), sizes=full)
    return None


def _total(x: Expression, axes: tuple[int, ...]) -> Expression | None:
    return _number(0) if _value(x) == 0 else None


_RULES: dict[str, Callable[..., Expression | None]] = {
    rule.__name__.removeprefix("_"): rule
    for rule in (_add, _subtract, _multiply, _divide, _negative, _power, _transpose, _select, _greater, _total, _spread)
}
