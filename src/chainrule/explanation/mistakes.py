"""Common mistakes here: for the quantities of this step, what people compute in their place, and what that gives in these numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import InputError
from chainrule.base.frozen import replace
from chainrule.checking.given import architecture_of
from chainrule.checking.matching import EDGE_QUANTITIES, rewritings
from chainrule.checking.mistakes import Situation
from chainrule.checking.passes import ProbePass
from chainrule.checking.report import paper_name
from chainrule.document.document import Section, table
from chainrule.explanation.context import Context

NEAR = 1e-9
"""A mistake that changes a number by less than this, relatively, does not show in it."""


def mistakes_section(context: Context) -> Section:
    """A table of the mistakes that would change a number of this step.

    Raises InputError for what is no chain of dense layers, or has no targets.
    """
    step = context.step
    if step.exact:
        raise InputError("common mistakes are computed in floating point: leave out «--exact», or «--mistakes».")
    if not step.network.measures:
        raise InputError("common mistakes are known for losses that compare a prediction with a target; leave out «--mistakes».")
    architecture_of(step.network)
    rows = list(_rows(context, ProbePass.of(step.network, step.x, step.t), float(step.optimizer.options.get("learning_rate") or 0.0)))
    return context.section("mistakes_here", [table(context.words.heads("mistakes_here", "mistake", "quantity", "right", "then"), rows)])


def _rows(context: Context, probe: ProbePass, rate: float) -> Iterator[list[str]]:
    known = set[int]()
    for number in range(len(probe.layers), 0, -1):
        for mistake, key, right, wrong in mistakes_at(probe, number, rate):
            if (
                mistake in known
                or not np.isfinite(wrong).all()
                or right.shape != wrong.shape
                or np.allclose(right, wrong, rtol=NEAR, atol=0)
            ):
                continue
            known.add(mistake)
            place = tuple(np.unravel_index(int(np.argmax(np.abs(right - wrong))), right.shape))
            element = f"[{','.join(str(int(index) + 1) for index in place)}]" if right.size > 1 else ""
            numbers = (f"{float(value[place]):.6g}".replace("-", "−") for value in (right, wrong))
            name = context.words.plain(f"mistake.{mistake}")
            yield [f"{mistake}. {name}", f"{paper_name(key)}{element}", *map(context.words.decimal, numbers)]


def mistakes_at(probe: ProbePass, number: int, rate: Any) -> Iterator[tuple[int, str, Array, Array]]:
    """Number, quantity, right and wrong values of every mistake at a layer; the rest of the calculation is as it should be."""
    layer, truth = probe.layers[number - 1], probe.truth
    last = number == len(probe.layers)
    s = Situation(probe, layer, None if last else probe.layers[number], truth["dy" if last else f"dh{number}"], truth[f"delta{number}"])
    if s.following is not None:
        gn = truth["dy" if number + 1 == len(probe.layers) else f"dh{number + 1}"]
        s = replace(s, gn=gn, dn=truth[f"delta{number + 1}"], moved=s.following.W - rate * truth[f"dW{number + 1}"])
    for edge in (("out", "fused") if last else ("back",)) + ("slope", "weight", "bias"):
        if edge == "fused" and not s.together:
            continue
        key = EDGE_QUANTITIES[edge] if edge == "out" else f"{EDGE_QUANTITIES[edge]}{number}"
        right = truth.get(key)
        for mistake, way in rewritings(edge):
            try:
                with np.errstate(all="ignore"):
                    wrong = way.computes(s)
            except (ValueError, IndexError, TypeError, AssertionError):
                continue
            if right is not None and wrong is not None:
                yield mistake, key, right, wrong
