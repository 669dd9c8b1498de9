"""How activations, initialisers and theorems are put into words and formulas."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from chainrule.base.frozen import replace
from chainrule.document.document import Block, Equations, Note
from chainrule.explanation.context import Context, paths
from chainrule.formula import primitives as p
from chainrule.formula.backprop import local_derivatives
from chainrule.formula.expression import Expression, Name, as_expression, named, substitute, variable
from chainrule.formula.scalar import Element, Scalars
from chainrule.formula.theorems import Application
from chainrule.formula.tidy import shared, tidy
from chainrule.network.definitions import Bound
from chainrule.network.derivation import BATCH
from chainrule.notation.build import formula
from chainrule.notation.formula import Call, Equation, Formula, Prose, Symbol
from chainrule.notation.labels import Labels
from chainrule.notation.text import formula_text

MOST_OUTPUTS = 4
"""A theorem is proved on paper for networks of up to so many outputs; a sum over more is not read."""


def distribution_text(context: Context, initializer: Bound, shape: tuple[int, ...] | None) -> str:
    """In words, from which distribution a weight matrix was drawn: uniform between −√(6 / (2 + 2)) and √(6 / (2 + 2))."""
    from chainrule.network.initializers import INPUTS, UNITS

    drawn: Any = initializer.apply(INPUTS, UNITS)
    kind = type(drawn).__name__.lower()
    key = f"initializer.{kind}" if f"initializer.{kind}" in context.words.catalogue else "initializer.other"
    bounds = {name: _bound(context, value) for name, value in vars(drawn).items()}
    text = context.plain(key, name=context.called(initializer.definition.bind()), **bounds)
    if shape is None or not depends_on_layer(initializer):
        return text
    return f"{text}, {context.plain('initializer.where', inputs=math.prod(shape[:-1]), units=shape[-1])}"


def depends_on_layer(initializer: Bound) -> bool:
    """Do numbers of the distribution follow from how many inputs and units a layer has?"""
    from chainrule.network.initializers import INPUTS, UNITS

    return any(isinstance(value, Expression) for value in vars(initializer.apply(INPUTS, UNITS)).values())


def constant_start(initializer: Bound) -> float | None:
    """The one number that every weight gets; None where weights are drawn."""
    from chainrule.network.initializers import INPUTS, UNITS, Constant

    start: Any = initializer.apply(INPUTS, UNITS)
    return float(start.value) if isinstance(start, Constant) and not isinstance(start.value, Expression) else None


def _bound(context: Context, value: Any) -> str:
    from chainrule.network.initializers import INPUTS, UNITS

    if not isinstance(value, Expression):
        return context.plain_number(value)
    words = {INPUTS: context.plain("initializer.inputs"), UNITS: context.plain("initializer.units")}
    return formula_text(formula(value, context.labels, lambda node: Prose(words[node]) if node in words else None))


def functions(context: Context) -> list[Block]:
    """What σ, tanh … stand for and their derivatives, for each activation of the network that is a function of one number.

    Where nothing is learned, derivatives are of no use, and are left out.
    """
    layers = context.step.network.layers
    activations = {part.name: part for layer in layers if layer.activation is not None for part in layer.activation.parts}
    z = variable(Name("z"), (BATCH, 2))
    blocks: list[Block] = [
        Equations(tuple(function_lines(context.labels, activation)[: 1 if context.without_target else None]))
        for activation in activations.values()
        if activation.elementwise and activation.apply(z) is not z
    ]
    intro = "functions.alone" if context.without_target else "functions.intro"
    return [context.says(intro), *blocks] if blocks else []


def function_lines(labels: Labels, activation: Bound) -> list[Equation]:
    """f(z) = …, what its name stands for, and f′(z), which the table of primitives gives; of one of two units."""
    z, both = variable(Name("z")), variable(Name("z"), (BATCH, 2))
    one = Scalars({BATCH: 1})
    h = named(Name("h"), tidy(substitute(one(activation.apply(both), (0, 0)), {one(both, (0, 0)): z})))
    value = h.arguments[0]
    whole = labels.label(Name("z"))
    assert isinstance(whole, Symbol)
    number = replace(whole, bold=False)  # one number, not an array

    def written(expression: Expression) -> Formula:
        return formula(expression, labels, lambda node: number if node is z else None)

    sides = [Call("f", (number,)), written(value)]
    if value.primitive.paper is not None:
        sides.append(written(value.primitive.paper(*value.arguments)))
    slope = tidy(local_derivatives(h, [z], as_expression(1))[z])
    return [
        Equation(tuple(sides), ("=",) * (len(sides) - 1)),
        Equation((Call("f′", (number,)), written(substitute(slope, {h: value}))), ("=",)),
    ]


def theorems(context: Context) -> list[Block]:
    """The closed forms that made a derivative short, with their conditions and their proof on this very sample."""
    blocks: list[Block] = []
    for found in context.derivation.theorems:
        result = formula(short_derivative(found, context.derivation.quantities), context.labels)
        text = context.text(f"theorem.{found.theorem.key}", z=formula(found.z, context.labels), result=result)
        blocks += [Note("insight", text), *_proof(context, found.z)]
    return blocks


def short_derivative(found: Application, known: Sequence[Expression]) -> Expression:
    """∂ short form/∂z of each example, with the names of known quantities: y − t."""
    z = variable(Name("z"), found.z.shape)
    short = named(Name("l"), found.short_of(z))
    axes = tuple(range(len(short.shape)))
    slope = local_derivatives(short, [z], p.spread(as_expression(1), axes=axes, sizes=short.shape))[z]
    return shared([tidy(substitute(slope, {z: found.z}))], known)[0]


def _proof(context: Context, z: Expression) -> list[Block]:
    """The long chain from E to the first z, through every output, and the short one; none where it is too long.

    y is never quite 0 or 1: where its float is, and the long form divides by 0, the line goes from letters to the number.
    """
    if z.name is None or context.detail != "scalar" or context.step.t.shape[1] > MOST_OUTPUTS:
        return []
    first = Element(z, (0, 0))
    chains = paths(context.scalars, Element(context.derivation.paper_error, ()), first, MOST_OUTPUTS)
    if not chains:
        return []
    lines = [context.chain_line(first, chains)]
    if context.written_once([Element(context.derivation.error, ()), first, first]) is None:  # else it stands before the chains
        lines.append(context.element_line(context.gradient_of(first)))
    return [context.says("theorem.proof", samples=context.samples), Equations(tuple(lines))]
