"""What engines compute of a derivation: closed forms that textbooks state, in place of what the rules derive where that is more work."""

from __future__ import annotations

from collections.abc import Mapping

from chainrule.base.frozen import Frozen
from chainrule.engines.work import work
from chainrule.formula.backprop import gradients
from chainrule.formula.closed_forms import Place, places
from chainrule.formula.expression import Name, neighbours, order, variable
from chainrule.formula.tidy import shared
from chainrule.network.derivation import Derivation, with_closed_forms
from chainrule.network.network import Network

SAMPLES = 32
"""The rows of a batch for which work is counted; closed forms are shorter for all of them or for none."""


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
        of = first if first.name is not None else next(neighbours(first))
        assert of.name is not None
        remarks[of.name.of_gradient.key] = f"by the closed form of {place.form.title}: {place.form.source}"
    return Brief(with_closed_forms(own, found, network.absent), remarks)


def _is_less_work(place: Place) -> bool:
    """Is the closed form less work than what is derived, where the values of the forward pass are known?"""
    g, known = variable(Name("g"), place.value.shape), order(place.value)
    derived = gradients(place.value, place.operands, seed=g).values()
    one, other = (work(shared([*known, *roots])[len(known) :], SAMPLES, {*known}) for roots in (place.gradients(g), derived))
    return one < other
