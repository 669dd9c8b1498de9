"""What is wrong in a forward pass: the first quantity that differs, and what people compute in place of y."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from chainrule.base.arrays import Array
from chainrule.checking.evidence import Fault, Saying
from chainrule.checking.passes import ProbePass
from chainrule.checking.probed import Probed


def forward_fault(probed: Sequence[Probed]) -> Fault | None:
    """The first quantity of the forward pass that is wrong, in the order of computation; None where none is."""
    keys = [key for key in probed[0].probe.truth if key[0] in "zhy"]
    for key in keys:
        for place, one in enumerate(probed):
            found = one.observation.quantities.get(key)
            if found is None:
                continue
            expected, found = one.probe.truth[key], np.asarray(found, dtype=float)
            if not _close(found, expected, one.observation.exact_to, one.observation.rounded_to):
                return _fault(probed, place, key, expected, found)
    return None


def _close(found: Array, expected: Array, exact_to: float, rounded_to: float = 0.0) -> bool:
    if found.size == expected.size and found.shape != expected.shape and sorted(found.squeeze().shape) == sorted(expected.squeeze().shape):
        found = found.reshape(expected.shape)
    largest = float(np.abs(expected).max(initial=0.0))
    return found.shape == expected.shape and bool(
        np.all(np.abs(found - expected) <= max(exact_to * 10, 1e-9) * largest + 1.5 * rounded_to + 1e-12)
    )


def _fault(probed: Sequence[Probed], place: int, key: str, expected: Array, found: Array) -> Fault:
    number, written = None, ""
    if key == "y":
        for candidate, text, computes in FORWARD:
            if all(_computes_y(computes, one) for one in probed):
                number, written = candidate, text
                break
    layer = int(key[1:]) if key[1:].isdigit() else len(probed[0].probe.layers)
    known = {"quantity": key, "written": written}
    why = Saying("check.why.forward" if number is None else "check.why.written", known)
    return Fault(number, key, key, why, expected, found, (layer,), probe=place, probes=len(probed))


def _computes_y(computes: Callable[[ProbePass], Array | None], one: Probed) -> bool:
    found, candidate = one.observation.quantities.get("y"), computes(one.probe)
    return found is None or (candidate is not None and _close(np.asarray(found), candidate, one.observation.exact_to))


def _softmax(z: Array, axis: int) -> Array:
    raised = np.exp(z - z.max(axis=axis, keepdims=True))
    return np.asarray(raised / raised.sum(axis=axis, keepdims=True))


def _if_softmax(probe: ProbePass, value: Array) -> Array | None:
    return value if probe.layers[-1].activation.definition.gives == "distribution" else None


FORWARD: tuple[tuple[int, str, Callable[[ProbePass], Array | None]], ...] = (
    (30, "softmax(softmax(z))", lambda probe: _if_softmax(probe, _softmax(probe.layers[-1].h, 1))),
    (31, "softmax(z, axis=0)", lambda probe: _if_softmax(probe, _softmax(probe.layers[-1].z, 0))),
    (31, "e^z / Σ_n Σ_k e^z", lambda probe: _if_softmax(probe, np.exp(probe.layers[-1].z) / np.exp(probe.layers[-1].z).sum())),
)
"""What people compute in place of y: the number of the mistake, as it is written, and its numbers."""
