"""What engines compute of a derivation: closed forms that textbooks state, in place of what the rules derive where that is more work."""

from __future__ import annotations

from collections.abc import Mapping

from chainrule.base.frozen import Frozen, replace
from chainrule.engines.work import work
from chainrule.formula import primitives as p
from chainrule.formula.backprop import gradients
from chainrule.formula.closed_forms import Place, places
from chainrule.formula.expression import Expression, Name, Primitive, folded, neighbours, order, variable
from chainrule.formula.tidy import shared
from chainrule.network.derivation import Derivation, with_closed_forms
from chainrule.network.network import Network

SAMPLES = 32
"""The rows of a batch for which work is counted; closed forms are shorter for all of them or for none."""


EVERYWHERE = frozenset((p.sigmoid, p.tanh, p.relu, p.softplus, p.exp, p.sin, p.cos, p.absolute, p.sign, p.erf, p.erf1p))
"""Functions of every number, so that none can complain of one that nobody asked for."""


class Brief(Frozen):
    """A derivation with closed forms in it.

    remarks  which closed form a gradient follows from, by the key of the gradient
    """

    derivation: Derivation
    remarks: Mapping[str, str]


def brief(network: Network) -> Brief:
    """The derivation of a network as engines compute it; its own where no closed form is less work."""
    own = network.derivation
    found = [place for place in places(own.error) if place.inside.isdisjoint(own.wanted) and _is_less_work(place)]
    if not found:
        return Brief(own, {})
    remarks = {}
    for place in found:
        first = place.operands[0]
        of = first if first.name is not None else next(neighbours(first), None)
        if of is not None and of.name is not None:
            remarks[of.name.of_gradient.key] = f"by the closed form of {place.form.title}: {place.form.source}"
    return Brief(with_closed_forms(own, found, network.absent), remarks)


def with_functions_of_whole_arrays(derivation: Derivation) -> Derivation:
    """The same, where a function of several parts of one array is taken of the array once, and parts of what it gives.

    So the gates of a recurrence are one function of all their net inputs. Only where the parts are at least half of the array.
    """
    roots = (*derivation.passed, *derivation.gradients, *derivation.asked, *derivation.moving.values())
    parts: dict[tuple[Primitive, Expression, int], list[Expression]] = {}
    for node in order(*roots):
        if node.primitive in EVERYWHERE and node.arguments[0].primitive is p.part:
            (piece,) = node.arguments
            parts.setdefault((node.primitive, piece.arguments[0], piece.parameters["axis"]), []).append(node)
    replaced: set[Expression] = set()
    for (_, array, axis), nodes in parts.items():
        extents = {(node.arguments[0].parameters["start"], node.arguments[0].parameters["stop"]) for node in nodes}
        extent = array.shape[axis]
        if len(extents) > 1 and isinstance(extent, int) and 2 * sum(stop - start for start, stop in extents) >= extent:
            replaced |= {*nodes}
    if not replaced:
        return derivation
    whole: dict[tuple[Primitive, Expression], Expression] = {}

    def value(node: Expression, arguments: list[Expression]) -> Expression:
        if node not in replaced:
            return node.rebuilt(*arguments)
        (piece,) = arguments
        array = piece.arguments[0]
        return p.part(whole.setdefault((node.primitive, array), node.primitive(array)), **piece.parameters)

    new = folded(roots, {}, value)

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


def _is_less_work(place: Place) -> bool:
    """Is the closed form less work than what is derived, where the values of the forward pass are known?"""
    g, known = variable(Name("g"), place.value.shape), order(place.value)
    derived = gradients(place.value, place.operands, seed=g).values()
    one, other = (work(shared([*known, *roots])[len(known) :], SAMPLES, {*known}) for roots in (place.gradients(g), derived))
    return one < other
