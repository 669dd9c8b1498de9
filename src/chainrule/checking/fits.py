"""Fits: how what a program gave follows from a candidate, by a factor that can be read and perhaps a penalty."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import Frozen
from chainrule.checking.factors import Factor, FactorSizes, read_factor
from chainrule.checking.passes import ProbePass
from chainrule.checking.probed import Probed, gradient_key


class Fit(Frozen):
    """How what somebody has follows from a candidate: factor × candidate + penalty × parameter.

    factor   None where both are zero, so that anything fits
    penalty  None where there is none
    far      the largest deviation, relative to the terms
    """

    factor: Factor | None
    penalty: Factor | None = None
    far: float = 0.0


Terms: TypeAlias = "Callable[[int], tuple[Array | None, float]]"
"""What somebody may have on a probe, by its place, with the size of the terms that were added up for it.

It is computed when it is asked for: most carriers do not give what was given on the first probe, and need not be known on the others.
"""


def largest_magnitude(array: Array | None) -> float:
    """max |a|; 0 of nothing."""
    return 0.0 if array is None else float(np.abs(array).max(initial=0.0))


def fitted(probed: Sequence[Probed], number: int, edge: str, terms: Terms) -> Fit | None:
    """The factor, and the penalty, by which values become what was given, on all probes; None where there are none."""
    plain = _fitted(probed, number, edge, terms, penalty=False)
    return plain if plain is not None else _fitted(probed, number, edge, terms, penalty=True)


def _fitted(probed: Sequence[Probed], number: int, edge: str, terms: Terms, *, penalty: bool) -> Fit | None:
    key = gradient_key(edge, number)
    factors, penalties, extents, far, given = list[float](), list[float](), list[FactorSizes](), 0.0, False
    blurred = 0.0
    common: Array | None = None
    for place, one in enumerate(probed):
        found = one.gradient(key)
        if found is None:
            continue
        given = True
        value, size = terms(place)
        if value is not None and value.ndim != found.ndim and value.squeeze().shape == found.squeeze().shape:
            found = found.reshape(value.shape)
        if value is None or value.shape != found.shape or not np.isfinite(found).all():
            return None
        layer = one.probe.layers[number - 1]
        parameter = layer.W if edge == "weight" else layer.b
        floor = one.floor(parameter)
        largest = float(np.abs(found).max(initial=0.0))
        tolerance = one.observation.exact_to
        if not penalty and largest <= max(floor, tolerance * size * 1e-3) and largest_magnitude(value) <= tolerance * size:
            continue  # zero against zero
        if penalty and (parameter is None or parameter.shape != value.shape or not parameter.any()):
            return None
        if not value.any():
            return None
        columns = [value.ravel(), *([parameter.ravel()] if penalty and parameter is not None else [])]
        if penalty and found.size <= 2 and common is None:
            common = _common_numbers(probed, number, edge, [terms(other)[0] for other in range(len(probed))])
            if common is None:
                return None
        if penalty:
            own = np.linalg.lstsq(np.stack(columns, axis=1), found.ravel(), rcond=None)[0] if found.size > 2 else common
            numbers = [float(one) for one in own] if own is not None else []
        else:
            numbers = [_ratio(value, found)]
        made = sum(c * column for c, column in zip(numbers, columns, strict=True))
        allowed = (
            tolerance * (abs(float(numbers[0])) * size + (abs(float(numbers[1])) * largest_magnitude(parameter) if penalty else 0)) + floor
        )
        deviation = float(np.abs(found.ravel() - made).max())
        if deviation > max(allowed, 1e-12 * largest) or abs(numbers[0]) * size < 1e-12 * largest:
            return None
        far = max(far, deviation / max(largest, 1e-300))
        blurred = max(blurred, one.observation.rounded_to / max(largest, 1e-300))
        factors.append(float(numbers[0]))
        extents.append(one.extent(number))
        if penalty:
            penalties.append(float(numbers[1]))
    if not given:
        return None
    if not factors:
        return None if penalty else Fit(None)
    loose = max(1e-7, 1e3 * max(one.observation.exact_to for one in probed), 2 * blurred)
    factor = read_factor(factors, extents, exact_to=loose)
    weight = _read_penalty(probed[0].probe, penalties, extents, 100 * loose) if penalty else None
    if factor is None or (penalty and weight is None):
        return None
    return Fit(factor, weight, far)


def _common_numbers(probed: Sequence[Probed], number: int, edge: str, values: Sequence[Array | None]) -> Array | None:
    """A factor and a penalty that are the same on all probes: of a layer whose one or two numbers tell neither from the other."""
    columns, wanted = list[Array](), list[Array]()
    for one, value in zip(probed, values, strict=True):
        found, layer = one.gradient(gradient_key(edge, number)), one.probe.layers[number - 1]
        parameter = layer.W if edge == "weight" else layer.b
        if found is None or value is None or parameter is None or not found.size == value.size == parameter.size:
            return None
        columns.append(np.stack([value.ravel(), parameter.ravel()], axis=1))
        wanted.append(found.ravel())
    rows = np.concatenate(columns)
    if len(rows) < 4 or not np.isfinite(rows).all():
        return None
    return np.asarray(np.linalg.lstsq(rows, np.concatenate(wanted), rcond=None)[0])


def _read_penalty(probe: ProbePass, numbers: Sequence[float], extents: Sequence[FactorSizes], exact_to: float) -> Factor | None:
    """How many times the penalty's derivative λ W is there; where no λ is known, what λ is, perhaps over N."""
    known = probe.penalty
    if known:
        return read_factor([number / known for number in numbers], extents, exact_to=exact_to)
    whole = read_factor(numbers, extents, exact_to=exact_to)
    if whole is not None:
        return whole
    times_rows = [number * extent.rows for number, extent in zip(numbers, extents, strict=True)]
    found = read_factor(times_rows, extents, exact_to=exact_to)
    return None if found is None else found / Factor(rows=1)


def _ratio(value: Array, found: Array) -> float:
    flat = value.ravel()
    return float(flat @ found.ravel() / (flat @ flat))
