"""Ways from the error to a weight, found from the weight upwards; and the uses of a weight that stands at many places.

A weight of a convolution is used at every place, one of a recurrence at every step, a row of an embedding wherever its token stands:
there its gradient is a sum over its uses, of which many bring nothing.
"""

from __future__ import annotations

from chainrule.base.frozen import FrozenValue, replace
from chainrule.document.document import Block, Equations
from chainrule.explanation.context import Context, paths
from chainrule.formula.expression import Expression, definition, neighbours, written_nodes
from chainrule.formula.scalar import Element
from chainrule.notation.formula import Equation
from chainrule.notation.worked import worked

FEW_NUMBERS = 400
"""In a step of so many numbers ways are looked for from above, and every one is shown, whatever it carries."""

MOST_SHOWN = 3
"""Uses of a weight that are worked out: those that bring most."""

FEW_USES = 6
"""So many uses are a sum that is read as it stands."""


class Use(FrozenValue):
    """One term of the gradient of a weight: δ⁽²⁾ · h⁽¹⁾ of one place.

    term   what it brings, in letters
    worth  and as a number
    """

    term: Expression
    worth: float


def has_many_numbers(context: Context) -> bool:
    """Has the step more numbers than are looked through one by one?"""
    return sum(value.size for value in context.step.values.values()) > FEW_NUMBERS


def ways(context: Context, weight: Element, most: int, sample: int | None = None) -> list[list[Element]] | None:
    """Every way from E to a weight, of one sample if that is asked for; None if there are more than `most`.

    In a large step ways that carry 0 are left out.
    """
    top = Element(context.derivation.error, ())
    if not has_many_numbers(context) or context.derivation.errors:
        return paths(context.scalars, top, weight, most, sample=sample)
    direct = set(neighbours(definition(context.derivation.error)))
    found: list[list[Element]] = []

    def users(element: Element) -> list[Element]:
        """What an element goes into, wherever that makes a difference to E."""
        above = [user for user in users_of(context, element, sample) if context.before.arrays[context.gradient_of(user).key][user.index]]
        return [*above, *([top] if element.quantity in direct else [])]

    def walk(element: Element, path: list[Element]) -> bool:
        """On to E; False where too many ways are found."""
        if element == top:
            found.append([top, *path])
            return len(found) <= most
        above = users(element)
        return len(above) <= most and all(walk(user, [element, *path]) for user in above)

    return found if walk(weight, []) else None


def users_of(context: Context, element: Element, sample: int | None = None) -> list[Element]:
    """What an element goes into, of one sample if that is asked for: its gradient is computed from theirs."""
    behind = context.derivation.behind
    letters = [context.scalars.element(one) for one in _letters(context, context.gradient_of(element)) if context.scalars.has(one)]
    above = [Element(behind[one.key], one.index) for one in letters if one.key in behind]
    return [one for one in above if sample is None or one.quantity.shape[:1] != ("batch",) or one.index[0] == sample]


def _letters(context: Context, gradient: Element) -> list[Expression]:
    inner = context.scalars.definition(gradient)
    return [inner] if context.scalars.has(inner) else list(neighbours(inner))


def uses_of(context: Context, weight: Element) -> list[Use]:
    """What each use of a weight brings to its gradient."""
    return terms_of(context, context.gradient_of(weight))


def terms_of(context: Context, gradient: Element) -> list[Use]:
    """The terms of the sum that a gradient is."""
    return [Use(term, worth_of(context, term)) for term in _terms(context.scalars.definition(gradient))]


def _terms(expression: Expression) -> list[Expression]:
    """a and b and c of a + b + c."""
    terms, pending = [], [expression]
    while pending:
        node = pending.pop()
        if node.name is None and node.primitive.name == "add":
            pending += [node.arguments[1], node.arguments[0]]
        else:
            terms.append(node)
    return terms


def worth_of(context: Context, term: Expression) -> float:
    """The number that an expression of single letters is."""
    from chainrule.formula.evaluation import value_of

    letters = [node for node in written_nodes(term) if node.name is not None]
    numbers = {letter: _number(context, letter) for letter in letters}
    return float(value_of(term, numbers))


def _number(context: Context, letter: Expression) -> float:
    element = context.scalars.element(letter)
    return float(context.step.values[element.key][element.index])


def use_blocks(context: Context, weight: Element) -> list[Block]:
    """A weight with many uses: how many there are, how many of them bring nothing, and the largest; nothing where they are few."""
    uses = uses_of(context, weight)
    if len(uses) <= FEW_USES:
        return []
    bringing = sorted((use for use in uses if use.worth), key=lambda use: -abs(use.worth))
    gradient = context.gradient_of(weight)
    letters = {"weight": context.letter(weight), "gradient": context.letter(gradient)}
    counts = {"count": len(uses), "bringing": len(bringing), "nothing": len(uses) - len(bringing), "shown": min(MOST_SHOWN, len(bringing))}
    total = context.worked_line(context.letter(gradient), context.scalars.variable(gradient), context.scalars.variable(gradient))
    lines = tuple(use_line(context, use) for use in bringing[:MOST_SHOWN])
    key = "uses.none" if not bringing else "uses.all" if len(bringing) <= MOST_SHOWN else "uses"
    blocks: list[Block] = [context.says(key, **letters, **counts)]
    return [*blocks, *([Equations(lines)] if lines else []), Equations((total,))]


def use_line(context: Context, use: Use) -> Equation:
    """δ[2,3] · x[4,1] = 0.12 · 0.4 = 0.048: one use, with what it brings."""
    from chainrule.notation.build import formula

    line = worked(formula(use.term, context.labels), use.term, context.before, context.labels)
    return line if line.sides[0] != line.sides[1] else replace(line, sides=line.sides[1:], relations=line.relations[1:])
