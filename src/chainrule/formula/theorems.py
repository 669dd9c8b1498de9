"""Closed forms: what a long formula always equals.

A theorem says `long(z, t) = short(z, t)` wherever its condition holds. Engines compute the short form, which neither overflows nor
takes the logarithm of zero, and whose derivative is short too; explanations write the long form and prove the short one.
The derivative is not stated anywhere: it follows from the short form by the rules that every formula obeys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from chainrule.base.frozen import FrozenValue
from chainrule.formula import primitives as p
from chainrule.formula.expression import Expression, Name, Primitive, Shape, definition, order, substitute, variable


class Theorem(FrozenValue):
    """`long(z, t) = short(z, t)`, perhaps with further numbers: `long(z, t, gamma)`.

    key        its name in catalogues of words
    has        an operation that the long form has
    condition  what must hold of t, as a key for catalogues of words; empty where it always holds. Of targets as they are given it can
               be checked; of what a loss makes of them it is not assumed
    numbers    the letters of the further numbers, which are options of a loss
    """

    key: str
    long: Callable[..., Expression]
    short: Callable[..., Expression]
    has: Primitive
    condition: str = ""
    numbers: tuple[str, ...] = ()


def _cross_entropy_of_softmax(z: Expression, t: Expression) -> Expression:
    last = len(z.shape) - 1
    return -p.total(t * p.log(p.softmax(z, axis=last)), axes=(last,))


def _cross_entropy_from_z(z: Expression, t: Expression) -> Expression:
    last = len(z.shape) - 1
    return p.logsumexp(z, axis=last) - p.total(t * z, axes=(last,))


def _cross_entropy_of_any_targets(z: Expression, t: Expression) -> Expression:
    last = len(z.shape) - 1
    return p.total(t, axes=(last,)) * p.logsumexp(z, axis=last) - p.total(t * z, axes=(last,))


def _binary_cross_entropy_of_sigmoid(z: Expression, t: Expression) -> Expression:
    y = p.sigmoid(z)
    return -(t * p.log(y) + (1 - t) * p.log(1 - y))


def _kl_of_softmax(z: Expression, t: Expression) -> Expression:
    last = len(z.shape) - 1
    return p.total(t * p.log(p.select(t > 0, t / p.softmax(z, axis=last), 1)), axes=(last,))


def _kl_from_z(z: Expression, t: Expression) -> Expression:
    last = len(z.shape) - 1
    return _cross_entropy_from_z(z, t) + p.total(t * p.log(p.select(t > 0, t, 1)), axes=(last,))


def _focal_of_sigmoid(z: Expression, t: Expression, gamma: Expression, alpha: Expression, rest: Expression) -> Expression:
    y = p.sigmoid(z)
    return -(alpha * t * (1 - y) ** gamma * p.log(y) + rest * (1 - t) * y**gamma * p.log(1 - y))


def _focal_from_z(z: Expression, t: Expression, gamma: Expression, alpha: Expression, rest: Expression) -> Expression:
    # ln σ(z) = −softplus(−z), and so σ(z)^γ = exp(−γ softplus(−z)), whose derivative is one at any γ.
    one, other = p.softplus(-z), p.softplus(z)
    return alpha * t * p.exp(-gamma * other) * one + rest * (1 - t) * p.exp(-gamma * one) * other


THEOREMS = (
    Theorem("softmax_cross_entropy", _cross_entropy_of_softmax, _cross_entropy_from_z, p.softmax, condition="rows_sum_to_one"),
    Theorem("softmax_cross_entropy_of_any_targets", _cross_entropy_of_softmax, _cross_entropy_of_any_targets, p.softmax),
    Theorem("softmax_kl", _kl_of_softmax, _kl_from_z, p.softmax, condition="rows_sum_to_one"),
    Theorem("sigmoid_binary_cross_entropy", _binary_cross_entropy_of_sigmoid, lambda z, t: p.softplus(z) - t * z, p.sigmoid),
    Theorem("sigmoid_focal", _focal_of_sigmoid, _focal_from_z, p.sigmoid, numbers=("gamma", "alpha", "rest")),
)


class Application(FrozenValue):
    """A theorem found in a graph: `place` is the long form there; z, t and numbers are what the theorem calls so."""

    theorem: Theorem
    place: Expression
    z: Expression
    t: Expression
    numbers: tuple[Expression, ...] = ()

    @property
    def short(self) -> Expression:
        """What replaces the long form."""
        return self.short_of(self.z)

    def short_of(self, z: Expression) -> Expression:
        """The short form for another z."""
        return self.theorem.short(z, self.t, *self.numbers)


def applications(expression: Expression) -> Iterator[Application]:
    """Every place below `expression` where a theorem applies, with the first one that does."""
    nodes = order(expression)
    shapes = dict.fromkeys(node.shape for node in nodes if node.name is not None)
    operations = {node.primitive for node in nodes}
    patterns = [(theorem, _holes(theorem, shape)) for theorem in THEOREMS if theorem.has in operations for shape in shapes]
    forms = [(theorem, theorem.long(*holes), holes) for theorem, holes in patterns]
    for node in nodes:
        for theorem, long, holes in forms:
            found: dict[Expression, Expression] = {}
            if not matches(long, node, found, holes):
                continue
            z, t, *numbers = (found[hole] for hole in holes)
            if not theorem.condition or t.primitive is p.variable:
                yield Application(theorem, node, z, t, tuple(numbers))
                break


def _holes(theorem: Theorem, shape: Shape) -> tuple[Expression, ...]:
    """Letters for z and t of a shape, and for the further numbers."""
    return variable(Name("z"), shape), variable(Name("t"), shape), *(variable(Name(letter)) for letter in theorem.numbers)


def shortened(expression: Expression) -> Expression:
    """The same value with every long form replaced by its short one."""
    return substitute(expression, {found.place: found.short for found in applications(expression)})


def matches(pattern: Expression, node: Expression, found: dict[Expression, Expression], holes: tuple[Expression, ...]) -> bool:
    """Does `node` have the form of `pattern`, with one expression for each hole? They are put into `found`."""
    if pattern.primitive is p.spread and pattern.arguments[0] in holes and node.constant is not None:
        pattern = pattern.arguments[0]  # a letter is spread over an array, a number needs not be
    if pattern in holes:
        before = found.setdefault(pattern, node)
        same = before is node or (node.constant is not None and before.constant == node.constant)
        return same and pattern.shape == node.shape
    inner = definition(node)
    return (
        pattern.primitive is inner.primitive
        and dict(pattern.parameters) == dict(inner.parameters)
        and len(pattern.arguments) == len(inner.arguments)
        and all(matches(a, b, found, holes) for a, b in zip(pattern.arguments, inner.arguments, strict=True))
    )
