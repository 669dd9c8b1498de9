"""What engines compute of a derivation: closed forms that textbooks state, in place of what the rules derive where that is more work."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

from chainrule.base.frozen import Frozen, replace
from chainrule.engines.work import work
from chainrule.formula import primitives as p
from chainrule.formula.backprop import gradients
from chainrule.formula.closed_forms import FormPlace, form_places
from chainrule.formula.expression import Expression, Name, folded, neighbours, order, variable
from chainrule.formula.tidy import shared
from chainrule.network.derivation import Derivation, with_closed_forms
from chainrule.network.network import Network

SAMPLES = 32
"""The rows of a batch for which work is counted; closed forms are shorter for all of them or for none."""


EVERYWHERE = frozenset((p.sigmoid, p.tanh, p.relu, p.softplus, p.exp, p.sin, p.cos, p.absolute, p.sign, p.erf, p.erf1p))
"""Functions of every number, so that none can complain of one that nobody asked for."""


ARITHMETIC = frozenset((p.add, p.subtract, p.multiply, p.negative))
"""What slopes are made of beside them."""

_Function: TypeAlias = "tuple[Any, ...] | Expression | None"
"""A primitive and what it is applied to; a constant; None for x itself."""


class _OfPart(Frozen):
    """function(part): what a node is, if it is made of one part of an array and of constants alone.

    past  whether a quantity lies between them, which has to be there for those who look at it
    """

    function: _Function
    part: Expression
    past: bool = False


def _of_part(node: Expression, known: Mapping[Expression, _OfPart], constants: dict[Any, Expression]) -> _OfPart | None:
    """The node as a function of a part; constants are one node for each number, so that equal functions compare as equal."""
    if node.primitive is p.part:
        return _OfPart(None, node)
    if node.primitive is p.named:
        inner = known.get(node.arguments[0])
        return inner and replace(inner, past=True)
    if node.primitive not in EVERYWHERE | ARITHMETIC:
        return None
    parts = {known[argument].part if argument in known else None for argument in node.arguments if argument.constant is None}
    part = parts.pop() if len(parts) == 1 else None
    if part is None:
        return None
    functions = [
        known[argument].function if argument.constant is None else constants.setdefault(argument.constant, argument)
        for argument in node.arguments
    ]
    past = any(known[argument].past for argument in node.arguments if argument in known)
    return _OfPart((node.primitive, *functions), part, past)


def _has_a_curve(function: _Function) -> bool:
    """Is it more than arithmetic, of which a part costs as much as its share?"""
    return isinstance(function, tuple) and (function[0] in EVERYWHERE or any(map(_has_a_curve, function[1:])))


class Brief(Frozen):
    """A derivation with closed forms in it.

    remarks  which closed form a gradient follows from, by the key of the gradient
    """

    derivation: Derivation
    remarks: Mapping[str, str]


def brief(network: Network) -> Brief:
    """The derivation of a network as engines compute it; its own where no closed form is less work."""
    own = network.derivation
    found = [place for place in form_places(own.error) if place.inside.isdisjoint(own.wanted) and _is_less_work(place)]
    if not found:
        return Brief(own, {})
    remarks = {}
    for place in found:
        first = place.operands[0]
        of = first if first.name is not None else next(neighbours(first), None)
        if of is not None and of.name is not None:
            remarks[of.name.of_gradient.key] = f"by the closed form of {place.form.title}: {place.form.source}"
    return Brief(with_closed_forms(own, found, network.absent), remarks)


def _functions_of_most_of_an_array(roots: Sequence[Expression], forward: Collection[Expression]) -> dict[Expression, _OfPart]:
    """Below `roots`, the nodes that take one function of several parts of an array, which are together at least half of it."""
    known, constants = dict[Expression, _OfPart](), dict[Any, Expression]()
    groups: dict[tuple[_Function, Expression, int], list[Expression]] = {}
    for node in order(*roots):
        found = _of_part(node, known, constants)
        if found is not None:
            known[node] = found
            if node.primitive not in (p.part, p.named) and _has_a_curve(found.function) and not (found.past and node in forward):
                groups.setdefault((found.function, found.part.arguments[0], found.part.parameters["axis"]), []).append(node)
    chosen: dict[Expression, _OfPart] = {}
    for (_, array, axis), nodes in groups.items():
        extents = {(part.parameters["start"], part.parameters["stop"]) for part in (known[node].part for node in nodes)}
        extent = array.shape[axis]
        if len(extents) > 1 and isinstance(extent, int) and 2 * sum(stop - start for start, stop in extents) >= extent:
            chosen |= {node: known[node] for node in nodes}
    return chosen


def with_functions_of_whole_arrays(derivation: Derivation) -> Derivation:
    """The same, where a function of several parts of one array is taken of the array once, and parts of what it gives.

    So the gates of a recurrence are one function of all their net inputs, and so are their slopes s (1 − s). Only where the parts are
    at least half of the array.
    """
    roots = (*derivation.passed, *derivation.gradients, *derivation.asked, *derivation.moving.values())
    replaced = _functions_of_most_of_an_array(roots, {*order(*derivation.passed)})
    if not replaced:
        return derivation
    whole, new = dict[tuple[_Function, Expression], Expression](), dict[Expression, Expression]()

    def of_array(function: _Function, array: Expression) -> Expression:
        if not isinstance(function, tuple):
            return array if function is None else function
        if (function, array) not in whole:
            primitive, *inner = function
            whole[function, array] = primitive(*(of_array(one, array) for one in inner))
        return whole[function, array]

    def value(node: Expression, arguments: list[Expression]) -> Expression:
        if node not in replaced:
            return node.rebuilt(*arguments)
        part = replaced[node].part
        return p.part(of_array(replaced[node].function, new[part.arguments[0]]), **part.parameters)

    folded(roots, new, value)

    def mapped(nodes: tuple[Expression, ...]) -> tuple[Expression, ...]:
        return tuple(new[node] for node in nodes)

    return replace(
        derivation,
        quantities=mapped(derivation.quantities),
        predictions=mapped(derivation.predictions),
        error=new[derivation.error],
        errors=mapped(derivation.errors),
        gradients=mapped(derivation.gradients),
        asked=mapped(derivation.asked),
        moving={parameter: new[moved] for parameter, moved in derivation.moving.items()},
    )


def _is_less_work(place: FormPlace) -> bool:
    """Is the closed form less work than what is derived, where the values of the forward pass are known?"""
    g, known = variable(Name("g"), place.value.shape), order(place.value)
    derived = gradients(place.value, place.operands, seed=g).values()
    one, other = (work(shared([*known, *roots])[len(known) :], SAMPLES, {*known}) for roots in (place.gradients(g), derived))
    return one < other
