"""Where the gradients of a training go wrong.

On the way back, the first value in whose place ∂E/∂ a value of the way forward would make every gradient right is where it goes wrong.
"""

from __future__ import annotations

import ast
import contextlib
import itertools
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import replace
from chainrule.learners.changed_values import (
    Changed,
    by_spot,
    derivative,
    in_place_spots,
    moved_by,
    moved_within,
    replaced,
    slope,
    statement_spots,
    target_at,
    written_over,
)
from chainrule.learners.loading import Failed, Loaded
from chainrule.learners.measured import ALL, Comparison, Measured, all_right, is_gradient_of
from chainrule.learners.names import compact
from chainrule.learners.programs import methods_of
from chainrule.learners.training_mistakes import NOT_THROUGH_TIME, WrongValue, mistake_of, same_numbers

MOST_MOVED = 800
"""So many numbers of a value on the way, all its turns together, are moved one by one."""


SEARCH = 5.0
"""Seconds of the processor for the place of a slip."""


def slip_in(comparison: Comparison, measured: Sequence[Measured]) -> WrongValue | None:
    """The first place where other values would make every gradient right; None where there is no single one.

    They are ∂E/∂ a value of the way forward. Where what goes on from turn to turn is added to something, the same is asked of that.
    """
    end = time.process_time() + min(SEARCH, ALL - time.process_time() + comparison.turn.began)
    reported = comparison.turn.run(comparison.starts).events
    events, middle = by_spot(reported), comparison.forward_end(reported)
    statements = statement_spots(comparison.loaded)
    forward = {spot: turns for spot, turns in events.items() if turns[-1][0] < middle and not comparison.loaded.spots[spot].target}
    order = sorted(forward, key=lambda spot: (_size(forward[spot]), spot not in statements))
    derived, same, best = dict[tuple[float, int], list[Array] | None](), dict[int, tuple[float, int]](), list[WrongValue]()
    tried = set[tuple[int, float, int]]()
    backward = [spot for spot in sorted(statements | in_place_spots(comparison.loaded)) if spot in events]
    backward = [spot for spot in backward if events[spot][-1][0] > middle or _is_beside(comparison, spot, [one for _, one in events[spot]])]
    settled = {compact(one.own) for one in measured if one.right}
    left = [spot for spot in backward if compact(target_at(comparison.loaded, spot)) not in settled]
    for spot, of in _pairs(comparison.loaded, sorted(left, key=lambda spot: _size(events[spot])), order):
        values, before = ([value for _, value in turns] for turns in (events[spot], forward[of]))
        if _size(events[spot]) > MOST_MOVED or sorted(one.size for one in before) != sorted(one.size for one in values):
            continue
        if time.process_time() > end:
            break
        if of not in same:
            same[of] = (_signature(comparison, of, before), before[0].size)
        if same[of][0] == 0 or (spot, *same[of]) in tried:
            continue
        tried.add((spot, *same[of]))
        if same[of] not in derived:
            derived[same[of]] = _derivatives(comparison, of, before)
        if (found := derived[same[of]]) is None:
            continue
        for several in (found[::-1], found)[: 1 + (len(found) > 1)]:
            for wanted in _laid_out(several, values):
                slip = _slip(spot, of, events[spot], wanted)
                if slip is not None and _repairs(comparison, measured, spot, wanted):
                    best = sorted([*best, slip], key=lambda one: one.first)
    # What is the derivative of something else is where it stands: the last statement that has it should have made another one of it.
    if not best:
        return None
    known = [several for several in derived.values() if several is not None]
    own = comparison.loaded.functions.keys() | {name for one in comparison.loaded.classes for name in methods_of(comparison.loaded, one)}
    within = [one for one in best if _called_at(comparison.loaded, one.spot) not in own]  # what a function gave was made in it
    best = within or best
    strange = [one for one in best if not _is_derivative(one, known) or mistake_of(comparison, one) == NOT_THROUGH_TIME]
    first = strange[0].first if strange else best[-1].first
    best = [one for one in best if one.first == first]
    chosen = next((one for one in best if mistake_of(comparison, one) is not None), best[0])
    wrong = _handed_on(comparison, measured, chosen, {spot: events[spot] for spot in backward}) or chosen
    way = (value for _, value in reported[middle + 1 : wrong.first] if value.size > 1 and value.any())
    return replace(wrong, late=any(same_numbers(value.ravel(), one.ravel()) for value in way for several in known for one in several))


def _called_at(loaded: Loaded, spot: int) -> str:
    """The name of what is called there; empty where something is computed."""
    match = re.fullmatch(r"(?:[\w.\[\]]*\.)?(\w+)\(.*\)", loaded.spots[spot].text(loaded.code))
    return match[1] if match else ""


def _size(turns: Sequence[tuple[int, Array]]) -> int:
    return sum(value.size for _, value in turns)


def _pairs(loaded: Loaded, backward: Sequence[int], forward: Sequence[int]) -> Iterator[tuple[int, int]]:
    """A value of the way back and one of the way forward each: dc and c first, whose names say that they belong together."""
    targets = {spot: target_at(loaded, spot) for spot in (*backward, *forward)}
    for named in (True, False):
        for spot, of in itertools.product(backward, forward):
            if named == bool(targets[spot] and targets[of] and is_gradient_of(targets[spot], targets[of])):
                yield spot, of


def _is_derivative(slip: WrongValue, known: Sequence[Sequence[Array]]) -> bool:
    """Is a wrong value, where it is wrong for the first time, one of these derivatives?"""
    value = slip.given[slip.turn].ravel()
    return any(one.size == value.size and same_numbers(one.ravel(), value) for several in known for one in several)


def _slip(spot: int, of: int | None, turns: Sequence[tuple[int, Array]], wanted: Sequence[Array]) -> WrongValue | None:
    """These values in place of those that are there; None where they are the same."""
    differing = [place for (place, value), want in zip(turns, wanted, strict=True) if not same_numbers(value, want)]
    return WrongValue(spot, of, [value for _, value in turns], wanted, differing[0]) if differing else None


def _handed_on(
    comparison: Comparison, measured: Sequence[Measured], slip: WrongValue, events: Mapping[int, Sequence[tuple[int, Array]]]
) -> WrongValue | None:
    """What a wrong value gets from the turn before, where that is wrong: with what is missing added to it, all would be right."""
    missing = [want - value for value, want in zip(slip.given, slip.wanted, strict=True)]
    for spot, turns in events.items():
        alike = len(turns) == len(missing) > 1 and all(value.shape == one.shape for (_, value), one in zip(turns, missing, strict=True))
        if not alike or spot == slip.spot:
            continue
        wanted = [value + one for (_, value), one in zip(turns, [*missing[1:], 0 * missing[0]], strict=True)]
        found = _slip(spot, None, turns, wanted)
        if found is not None and found.first < slip.first + len(turns) and _repairs(comparison, measured, spot, wanted):
            return found
    return None


def _laid_out(found: Sequence[Array], values: Sequence[Array]) -> Iterator[list[Array]]:
    """Derivatives in the shapes of what stands there, as they are and transposed; nothing where their sizes are others."""
    if any(one.size != value.size for one, value in zip(found, values, strict=True)):
        return
    yield [one.reshape(value.shape) for one, value in zip(found, values, strict=True)]
    if any(one.ndim == 2 and min(one.shape) > 1 for one in found):
        yield [one.T.reshape(value.shape) for one, value in zip(found, values, strict=True)]


def _is_beside(comparison: Comparison, spot: int, values: Sequence[Array]) -> bool:
    """Is it of the way back, though E is not complete yet: an array that no change of changes E?"""
    by = moved_within if comparison.loaded.spots[spot].target else moved_by
    return values[0].size > 1 and _signature(comparison, spot, values, by) == 0


def _signature(comparison: Comparison, spot: int, values: Sequence[Array], by: Callable[[Array, Array], Array] = moved_by) -> float:
    """How E changes along one direction of all its turns, to six digits: what is equal has the same derivatives, as the terms of a sum."""
    rng = np.random.default_rng(11)
    ways = {turn: rng.normal(size=value.size).reshape(value.shape) for turn, value in enumerate(values)}
    with contextlib.suppress(Failed):  # then it is nothing on the way to the loss
        return float(f"{slope(comparison.error_with, spot, ways, by):.6g}")
    return 0.0


def _derivatives(comparison: Comparison, spot: int, values: Sequence[Array]) -> list[Array] | None:
    """∂E/∂ the value at a spot, turn by turn; None where E does not depend on it."""
    try:
        found = [derivative(comparison.error_with, spot, turn, value) for turn, value in enumerate(values)]
    except Failed:
        return None
    return found if any(one.any() for one in found) else None


def written(comparison: Comparison, one: Measured) -> int | None:
    """The spot of the last statement that gives a gradient its value, or adds to it; None where it has no name.

    One that hands on what a function gave does neither, where there is another.
    """
    loaded, own = comparison.loaded, compact(one.own)
    handed = {node.lineno for node in ast.walk(loaded.tree) if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple)}
    events = comparison.turn.run(comparison.starts).events
    found = [spot for spot, _ in events if own and compact(loaded.spots[spot].target) == own]
    single = [spot for spot in found if loaded.spots[spot].line not in handed]
    known = next(iter((single or found)[::-1]), None)
    if known is not None and known in single:
        return known
    # Under another name, in a function or a method: where the array that is handed on was changed last; else where the step is taken.
    after = comparison.turn.run(comparison.starts).after[one.path]
    for wanted in (one.given, after):
        alike = (place for place, (_, value) in enumerate(events) if value.size > 1 and value.shape == wanted.shape)
        same = (place for place in alike if np.allclose(events[place][1], wanted, rtol=1e-9, atol=0))
        place = next((place for place in same if loaded.spots[events[place][0]].line not in handed), None)
        if place is not None:
            name = loaded.spots[events[place][0]].text(loaded.code)
            parts = [spot for spot, _ in events[:place] if loaded.spots[spot].target.startswith(f"{name}[")]
            return parts[-1] if parts else events[place][0]
        if known is not None:
            return known
    return None


def _repairs(comparison: Comparison, measured: Sequence[Measured], spot: int, wanted: Sequence[Array]) -> bool:
    """Is every gradient right with these values at a spot?"""
    way = written_over if comparison.loaded.spots[spot].target else replaced
    try:
        given = comparison.given(Changed(spot, wanted, way))
    except Failed:
        return False
    return all_right(measured, given)


def multiplied_at(comparison: Comparison, measured: Sequence[Measured], factor: float) -> int | None:
    """Where the first variable on the way back is changed last that has the factor which all gradients have; None without one."""
    loaded, reported = comparison.loaded, comparison.turn.run(comparison.starts).events
    middle, spots = comparison.forward_end(reported), statement_spots(loaded) | in_place_spots(loaded)
    found = dict[str, int]()
    for spot, turns in by_spot(reported).items():
        name = re.split(r"\W", target_at(loaded, spot))[0]
        asked = spot in spots and turns[0][0] > middle and (not found or name in found)
        if asked and _repairs(comparison, measured, spot, [value / factor for _, value in turns]):
            found[name] = spot
    return next(iter(found.values()), None)
