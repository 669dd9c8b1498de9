"""Gradients that are right though they are not how a program's own E changes: clipped ones, a decay of weights, and multiples."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.learners.loading import Failed
from chainrule.learners.measured import Comparison, Measured, Values
from chainrule.learners.syntax import names_in

Convention = tuple[str, Mapping[str, str]]
"""The key of a convention's sentence, and its values."""


def conventions_beside(comparison: Comparison, measured: Sequence[Measured], *, numbered: bool) -> list[Convention]:
    """How gradients that differ from the slopes of E are right all the same; nothing where they are not.

    numbered  whether a factor that they have in common is a mistake that is known
    """
    if (limit := _clipped_numbers(measured)) is not None:
        return [("clipped.numbers", {"limit": f"{limit:.6g}"})]
    if (clipped := _clipped_lengths(comparison, measured)) is not None:
        way, limit = clipped
        return [(f"clipped.{way}", {"limit": f"{limit:.6g}"})]
    if (factor := _common_factor(measured)) is not None:
        if factor > 0 and (not numbered or _goes_on_adding(comparison)) and _is_constant(comparison, factor):
            return [("measured", {"factor": f"{factor:.6g}"})]
        return []
    if _decays_in_its_step(comparison, measured):
        return [("decay_step", {})]
    if (fitted := _decayed(comparison, measured)) is not None:
        factor, decay = fitted
        multiple = [("measured", {"factor": f"{factor:.6g}"})] if all(one.own for one in measured) and abs(factor - 1) > SAME else []
        return [*multiple, ("decay", {"factor": f"{decay:.6g}"})]
    return []


SAME = 1e-4
"""How far numbers that are the same may be from one another, relatively."""


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= SAME * max(abs(one), abs(other))


def _common_factor(measured: Sequence[Measured]) -> float | None:
    """How many times the slopes of E all gradients are; None where they are no multiple, or several."""
    factors = [one.factor for one in measured if one.slopes.any() or one.given.any()]
    known = [one for one in factors if one is not None]
    return known[0] if known and len(known) == len(factors) and all(_same(one, known[0]) for one in known) else None


def _is_constant(comparison: Comparison, factor: float) -> bool:
    """Is it the same with other parameters? Of a single sample's single output a slope that is there twice is a factor, too."""
    try:
        other = {path: 0.7 * value for path, value in comparison.starts[-1].items()}
        starts = [*comparison.starts[:-1], other]
        again = _common_factor(Comparison(comparison.turn, starts, comparison.loss, comparison.spots, comparison.extract).measured())
    except Failed:
        return False
    return again is not None and _same(again, factor)


def _clipped_numbers(measured: Sequence[Measured]) -> float | None:
    """The limit at which numbers are cut off, where gradients that are not right are cut off ones."""
    wrong = [one for one in measured if not one.right]
    limit = max((float(np.abs(one.given).max()) for one in wrong), default=0.0)
    cut = [one.whole is not None and np.allclose(np.clip(one.whole, -limit, limit), one.given, rtol=0, atol=SAME * limit) for one in wrong]
    return limit if limit > 0 and all(cut) and len({limit, *(float(np.abs(one.given).max()) for one in wrong)}) == 1 else None


def _clipped_lengths(comparison: Comparison, measured: Sequence[Measured]) -> tuple[str, float] | None:
    """The way in which lengths are cut off, and at which: with larger parameters they are as long as before."""
    wrong = [one for one in measured if not one.right]
    if not all(one.factor is not None and 0 < one.factor < 1 for one in wrong):
        return None
    together = _common_factor(measured) is not None
    try:
        larger = {path: 1.5 * value for path, value in comparison.starts[-1].items()}
        again = comparison.extract(comparison.turn, comparison.turn.run([*comparison.starts[:-1], larger]), larger)
    except Failed:
        return None
    before, after = ([gradients[one.path] for one in wrong] for gradients in ({one.path: one.given for one in measured}, _arrays(again)))
    lengths = [[_length(side)] if together else [_length([one]) for one in side] for side in (before, after)]
    limit = lengths[0][0]
    return ("together" if together else "arrays", limit) if all(_same(one, limit) for side in lengths for one in side) else None


def _arrays(given: Mapping[str, tuple[str, Array]]) -> Values:
    return {path: value for path, (_, value) in given.items()}


def _length(several: Sequence[Array]) -> float:
    return float(np.sqrt(sum(float((one * one).sum()) for one in several)))


def _goes_on_adding(comparison: Comparison) -> bool:
    """Is E a sum that earlier turns have begun, as that over the batches of an epoch? Then it is counted otherwise."""
    loaded, spot = comparison.loaded, comparison.loaded.spots[comparison.spots[comparison.loss]]
    line = loaded.loops[comparison.turn.number].line if comparison.turn.number >= 0 else comparison.turn.line
    loop = next((node for node in ast.walk(loaded.tree) if isinstance(node, (ast.For, ast.While)) and node.lineno == line), None)
    if loop is None or not spot.target:
        return False
    added, begun = False, False
    for node in ast.walk(loop):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AugAssign) else []
        if isinstance(node, (ast.Assign, ast.AugAssign)) and any(ast.unparse(target) == spot.target for target in targets):
            itself = isinstance(node, ast.AugAssign) or spot.target in {
                ast.unparse(part) for part in ast.walk(node.value) if _is_read(part)
            }
            added, begun = added or itself, begun or not itself
    return added and not begun


def _is_read(node: ast.AST) -> bool:
    return isinstance(node, (ast.Name, ast.Attribute, ast.Subscript))


def _decayed(comparison: Comparison, measured: Sequence[Measured]) -> tuple[float, float] | None:
    """How many times the slopes of E every gradient is, and how many times its parameter is added to that, where E itself has no such part.

    All matrices have the same decay; what is no matrix may have none. Of a gradient most of which is 0, the rest decays.
    """
    start = comparison.starts[-1]
    events = comparison.turn.run(comparison.starts).events
    squares = [start[one.path] ** 2 for one in measured if start[one.path].ndim > 1]
    early = [value for _, value in events[: comparison.loss + 1]]
    if any(value.shape == square.shape and np.allclose(value, square, rtol=1e-9) for square in squares for value in early):
        return None
    if any(value.size == 1 and _same(float(value.ravel()[0]), float(square.sum())) for square in squares for value in early):
        return None
    parts = {one.path: one.directions @ (start[one.path] * (one.given != 0)).ravel() for one in measured}
    larger = [one for one in measured if len(one.directions) > 2 and one.slopes.any()]
    fitted = [np.linalg.lstsq(np.stack([one.slopes, parts[one.path]], axis=1), one.along, rcond=None)[0] for one in larger]
    factor = next((float(fit[0]) for fit, one in zip(fitted, larger, strict=True) if start[one.path].ndim > 1), 0.0)
    if factor <= 0:
        return None
    decays = dict[str, float]()
    for one in measured:
        rest, part = one.along - factor * one.slopes, parts[one.path]
        decay = float(rest @ part / (part @ part)) if part.any() else 0.0
        if np.abs(rest - decay * part).max() > SAME * max(float(np.abs(one.along).max()), 1e-6):
            return None
        decays[one.path] = decay if abs(decay) * float(np.abs(part).max()) > SAME * float(np.abs(one.along).max()) else 0.0
    matrices = [decays[one.path] for one in measured if start[one.path].ndim > 1]
    decay = max(decays.values())
    alike = all(_same(one, decay) for one in matrices) and all(one == 0 or _same(one, decay) for one in decays.values())
    return (factor, decay / (1.0 if all(one.own for one in measured) else factor)) if decay > 0 and matrices and alike else None


def _decays_in_its_step(comparison: Comparison, measured: Sequence[Measured]) -> bool:
    """Does every parameter step along the whole slope of E, though what is called its gradient lacks the part of the decay?"""
    if not all(one.own and one.whole is not None for one in measured):
        return False
    start, after = comparison.starts[-1], comparison.turn.run(comparison.starts).after
    steps = [((start[one.path] - after[one.path]).ravel(), one.slopes) for one in measured]
    rates = [float(step @ slopes / (slopes @ slopes)) for step, slopes in steps if slopes.any()]
    if not rates or rates[0] <= 0 or not all(_same(rate, rates[0]) for rate in rates):
        return False
    return all(np.allclose(step, rates[0] * slopes, rtol=0, atol=SAME * max(float(np.abs(step).max()), 1e-12)) for step, slopes in steps)


HELD = re.compile(r"reward|advantage|bellman|actor|critic|policy|^td$|td_|stop_?grad", re.IGNORECASE)
"""What programs speak of that hold a part of their loss on the way back on purpose, as the values of a next state."""


def holds_a_part(comparison: Comparison) -> bool:
    """Does a training speak of what learns by targets of its own, that are not differentiated?"""
    return any(HELD.search(name) for name in names_in(comparison.loaded.tree, stored=True))


def independent(first: Comparison, second: Comparison) -> bool:
    """Is neither E a part of the other, as those of two networks are that learn in turns?"""
    return all(_stays(one, other) for one, other in ((first, second), (second, first)))


def _stays(one: Comparison, other: Comparison) -> bool:
    events = other.turn.run(other.starts).events
    spot = events[other.forward_end(events)][0]  # what it is computed by: a number that has a name already is not moved

    def moved(value: Any, number: int) -> Any:
        return value + 1.0 if number == spot else value

    try:
        return one.error(instead=moved) == one.error()
    except Failed:
        return False
