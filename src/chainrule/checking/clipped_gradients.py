"""Gradients that a program clips on purpose: each number, each array or all of them together, at a length of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import Frozen, replace
from chainrule.checking.evidence import Observation
from chainrule.checking.probed import Probed

LOOSE = 1e-9
"""How far lengths may be from the limit, relatively."""

WAYS = ("numbers", "arrays", "together")
"""What the limit may hold for."""


class ClippedGradients(Frozen):
    """Gradients whose lengths are cut off.

    way           what the limit holds for, of WAYS
    limit         the greatest length
    observations  the answers as they would be without it; those in which nothing tells that are left out
    """

    way: str
    limit: float
    observations: Sequence[Observation]


def clipped_gradients(probed: Sequence[Probed]) -> ClippedGradients | None:
    """How the gradients are clipped, where they are the right ones, or one multiple of them, up to a limit; None where they are not."""
    for way in WAYS:
        pairs = [list(_parts(one, way)) for one in probed]
        limit = max((float(np.linalg.norm(found)) for parts in pairs for found, _ in parts), default=0.0)
        if not limit:
            return None
        factors = [_factor(parts, limit) for parts in pairs]
        known = [(one, factor) for one, factor in zip(probed, factors, strict=True) if factor is not None]
        cut = sum(any(_at(found, limit) for found, _ in parts) for parts in pairs)
        if len(known) > 1 and cut > 1 and all(_explained(parts, limit, factor) for parts, factor in zip(pairs, factors, strict=True)):
            return ClippedGradients(way, limit, [_without_limit(one, factor) for one, factor in known])
    return None


def _parts(one: Probed, way: str) -> Iterator[tuple[Array, Array]]:
    """What was given and what is right, part by part, each of which the limit may hold for."""
    keys = [key for key in one.observation.quantities if key[:2] in ("dW", "db") and key in one.probe.truth]
    pairs = [(one.gradient(key), one.probe.truth[key]) for key in keys]
    arrays = [(found.ravel(), truth.ravel()) for found, truth in pairs if found is not None and found.shape == truth.shape]
    if way == "numbers":
        yield from ((found, truth) for pair in arrays for found, truth in zip(*(side[:, None] for side in pair), strict=True))
    elif way == "arrays":
        yield from arrays
    elif arrays:
        yield np.concatenate([found for found, _ in arrays]), np.concatenate([truth for _, truth in arrays])


def _at(found: Array, limit: float) -> bool:
    return bool(np.linalg.norm(found) >= limit * (1 - LOOSE))


def _factor(parts: Sequence[tuple[Array, Array]], limit: float) -> float | None:
    """How many times the right one the parts are that are not clipped; None where that is none of them."""
    free = [part for part in parts if not _at(part[0], limit)]
    below = sum(float(truth @ truth) for _, truth in free)
    return sum(float(found @ truth) for found, truth in free) / below if below else None


def _explained(parts: Sequence[tuple[Array, Array]], limit: float, factor: float | None) -> bool:
    """Is every part the right one, times the factor, cut off at the limit?"""
    for found, truth in parts:
        made = truth * (1.0 if factor is None else factor)
        length = float(np.linalg.norm(made))
        if _at(found, limit) and length and (factor is None or length >= limit * (1 - 1e-6)):
            made = made * (limit / length)
        if np.abs(found - made).max(initial=0.0) > 1e-7 * limit:
            return False
    return True


def _without_limit(one: Probed, factor: float) -> Observation:
    quantities = {
        key: one.probe.truth[key] * factor if key[:2] in ("dW", "db") and key in one.probe.truth else value
        for key, value in one.observation.quantities.items()
    }
    return replace(one.observation, quantities=quantities, after=())
