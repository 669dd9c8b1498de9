"""The judgement of a training of any network, whose gradients were compared with how its own loss changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.base.frozen import replace
from chainrule.checking.evidence import Fault, Saying, Verdict
from chainrule.checking.judgement import BIAS_NEVER_UPDATED


def measured_understood(found: Mapping[str, Any], *, called: bool = False) -> tuple[Saying, ...]:
    """What was understood of it: which loop or, where it was `called`, which function, and what its loss and its parameters are."""
    return (
        Saying("check.measured.function", {"name": found["function"], "line": found["line"]})
        if called
        else Saying("check.measured.training", {"line": found["line"]}),
        Saying("check.measured.loss", {"loss": found["loss"], "line": found["loss_line"], "names": ", ".join(found["names"])}),
    )


def judge_measured(found: Mapping[str, Any]) -> Verdict:
    """The verdict: right where every gradient is how E changes, a mistake for each place where it goes wrong."""
    if found["another"]:
        place = found["faults"][0]["place"]
        known = {
            "loss": found["loss"],
            "line": found["loss_line"],
            "first": place.line,
            "expression": place.expression or found["faults"][0]["quantity"],
        }
        return Verdict("refused", remarks=(Saying("check.refused.another", known),))
    faults = tuple(_fault(one) for one in found["faults"])
    if faults:
        return Verdict("mistakes" if any(one.number is not None for one in faults) else "unknown", faults)
    if found["conventions"]:
        said = tuple(Saying(f"check.convention.{key}", values) for key, values in found["conventions"])
        return Verdict("convention", conventions=said)
    return Verdict("right", remarks=(Saying("check.measured.right", {"count": len(found["names"])}),))


def judge_losses(found: Sequence[Mapping[str, Any]], unread: Sequence[str]) -> Verdict:
    """The verdict on functions that give a loss and its gradients. unread: those that could not be called"""
    several = [judge_measured(one) for one in found]
    kinds = [one.kind for one in several]
    worst = next((kind for kind in ("mistakes", "unknown", "convention", "right") if kind in kinds), "refused")
    remarks = list[Saying]()
    for saying in (saying for one in several for saying in one.remarks):
        if saying not in remarks:
            remarks.append(saying)
    if unread:
        remarks.append(Saying("check.measured.unread", {"names": ", ".join(unread)}))
    return Verdict(
        worst,
        tuple(fault for one in several for fault in one.faults),
        conventions=tuple(saying for one in several for saying in one.conventions),
        remarks=tuple(remarks),
    )


def _fault(one: Mapping[str, Any]) -> Fault:
    quantity = one["quantity"] if one["own"] else f"∂E/∂{one['quantity']}"
    why = (
        Saying("check.why.measured.place", {"quantity": quantity, "line": one["of_line"]})
        if one["of_line"]
        else Saying("check.why.layer.one_place" if one["own"] else "check.why.measured.gradient")
    )
    expected, found = (np.array(one[key], dtype=float) for key in ("expected", "found"))
    follows = tuple(f"∂E/∂{name}" for name in one["follows"] if name != one["quantity"])
    cure = Saying("check.measured.divide", {"expression": one["mean"], "line": one["mean_line"]}) if "mean" in one else None
    return Fault(one["number"], quantity, quantity, why, expected, found, follows=follows, place=one["place"], cure=cure)


def judge_steps(wrong: Sequence[Mapping[str, Any]], before: Verdict) -> Verdict:
    """The verdict on steps that go up, or leave something where it is, of a program whose gradients are right."""
    faults = list[Fault]()
    for one in wrong:
        expected, found = (np.array(one[key], dtype=float) for key in ("expected", "found"))
        key, why = (
            f"{one['path']}_next",
            Saying("check.why.written", {"written": "0" if one["number"] == BIAS_NEVER_UPDATED else "−η ∂E/∂w"}),
        )
        follows = tuple(f"{path}_next" for path in one["follows"])
        faults.append(Fault(one["number"], key, key, why, expected, found, follows=follows, place=one["place"]))
    return replace(before, kind="mistakes", faults=tuple(faults))
