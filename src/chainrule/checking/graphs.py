"""The verdict on an engine of one number a node: whether it adds up what comes from every use of a value, in the order that this needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.base.frozen import replace
from chainrule.checking.evidence import Fault, Place, Saying, Verdict


def judge_graphs(
    answers: Sequence[Mapping[str, Any]], place: Place | None = None, steps: Mapping[str, Any] | None = None, again: Place | None = None
) -> Verdict:
    """What the gradients of small graphs come to, and those of a training.

    answers  of each graph: "written", "several" and "ordered" (whether a value is used more than once, and one that is computed), the
             gradients "expected" and "found", and whether they are "right"
    place    where gradients are set in place of added up, if anywhere
    steps    the gradients "found" in the second step of a training, and those "expected", where they begin from zeros
    again    where that step goes backward
    """
    wrong = [one for one in answers if not one["right"]]
    if not wrong and steps is not None:
        expected, found = (np.array(steps[key], dtype=float) for key in ("expected", "found"))
        if np.abs(found - expected).max() > 1e-9 * max(float(np.abs(expected).max()), 1e-300):
            why, shown = Saying("check.why.graph.kept"), "∂E/∂w"
            return Verdict("mistakes", (Fault(35, shown, shown, why, expected, found, place=again),))
    if not wrong:
        return Verdict("right", remarks=(Saying("check.graph.right", {"count": len(answers)}),))
    single = [one for one in wrong if not one["several"]]
    placed = [one for one in single if one.get("place")]  # a / b may be wrong because of a · b⁻¹
    first = (placed or single or wrong)[0]
    explained = sum(not one["right"] for one in answers if one["several"] or single)
    fault = _fault(first, None if single else 36, explained, len(answers))
    if single:
        where = first.get("place")
        return Verdict("unknown", (fault if where is None else replace(fault, place=Place(where[0], where[2], where[1])),))
    ordered = place is None and all(one["ordered"] for one in wrong)
    key = "check.why.graph.order" if ordered else "check.why.graph.overwritten"
    why = Saying(key, {"written": first["written"]})
    return Verdict("mistakes", (_fault(first, 36, explained, len(answers), why, None if ordered else place),))


def _fault(
    one: Mapping[str, Any], number: int | None, agreeing: int, count: int, why: Saying | None = None, place: Place | None = None
) -> Fault:
    quantity = f"∂({one['written']})"
    expected, found = (np.array(one[key], dtype=float) for key in ("expected", "found"))
    said = why or Saying("check.why.unknown")
    return Fault(number, quantity, quantity, said, expected, found, agreeing=agreeing, probes=count, place=place)
