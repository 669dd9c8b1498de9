"""Where the gradients of a training go wrong, and by which mistake; and what is wrong with its steps, where they are right.

On the way back, the first value in whose place ∂E/∂ a value of the way forward would make every gradient right is where it goes wrong.
"""

from __future__ import annotations

import ast
import contextlib
import itertools
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import Frozen
from chainrule.learners.beside_loss import Convention, conventions_beside, holds_a_part, independent
from chainrule.learners.layer_slips import Moved, Replaced, is_array, statement_spots
from chainrule.learners.loading import Loaded, TooLong
from chainrule.learners.measured import (
    ALL,
    STEP,
    Comparison,
    Measured,
    Ran,
    Turn,
    Values,
    comparisons,
    named,
    stepped,
)
from chainrule.learners.names import LOSS, as_kind, compact
from chainrule.learners.scripts import scripts
from chainrule.learners.syntax import called_name, names_in

MOST_MOVED = 800
"""So many numbers of a value on the way, all its turns together, are moved one by one."""

SEARCH = 5.0
"""Seconds of the processor for the place of a slip."""

ALMOST_ALL = 0.99
"""The part of its numbers in which a step goes against its gradient: a few are nothing but rounding."""


class WrongValue(Frozen):
    """What a value of the way back should be, in each of its turns: ∂E/∂ the value at a spot on the way forward, where there is one.

    first  where among the values of a turn it is wrong for the first time
    """

    spot: int
    of: int | None
    given: Sequence[Array]
    wanted: Sequence[Array]
    first: int


def slip_in(comparison: Comparison, measured: Sequence[Measured]) -> WrongValue | None:
    """The first place where other values would make every gradient right; None where there is no single one.

    They are ∂E/∂ a value of the way forward. Where what goes on from turn to turn is added to something, the same is asked of that.
    """
    end = time.process_time() + min(SEARCH, ALL - time.process_time() + comparison.turn.began)
    reported = comparison.turn.run(comparison.starts).events
    events, middle = _turns(reported), comparison.forward_end(reported)
    statements = statement_spots(comparison.loaded)
    forward = {spot: turns for spot, turns in events.items() if turns[-1][0] < middle and not comparison.loaded.spots[spot].target}
    order = sorted(forward, key=lambda spot: (sum(value.size for _, value in forward[spot]), spot not in statements))
    derived, same, best = dict[tuple[float, int], list[Array] | None](), dict[int, tuple[float, int]](), list[WrongValue]()
    backward = [spot for spot in events if spot in statements | in_place_spots(comparison.loaded) and events[spot][-1][0] > middle]
    settled = {compact(one.own) for one in measured if one.right}
    for spot in sorted(backward, key=lambda spot: sum(value.size for _, value in events[spot])):
        values = [value for _, value in events[spot]]
        if compact(_target(comparison.loaded, spot)) in settled:
            continue
        tried = set[tuple[float, int]]()
        for of in order if sum(value.size for value in values) <= MOST_MOVED else ():
            turns = forward[of]
            if len(turns) != len(values) or any(one.size != value.size for (_, one), value in zip(turns, values, strict=True)):
                continue
            if time.process_time() > end:
                break
            before = [value for _, value in turns]
            if of not in same:
                same[of] = (_signature(comparison, of, before), before[0].size)
            if same[of][0] == 0 or same[of] in tried:
                continue
            tried.add(same[of])
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
    strange = [one for one in best if not _is_derivative(one, known) or mistake_of(comparison, one) == NOT_THROUGH_TIME]
    first = strange[0].first if strange else best[-1].first
    best = [one for one in best if one.first == first]
    chosen = next((one for one in best if mistake_of(comparison, one) is not None), best[0])
    return _handed_on(comparison, measured, chosen, {spot: events[spot] for spot in backward}) or chosen


def _is_derivative(slip: WrongValue, known: Sequence[Sequence[Array]]) -> bool:
    """Is a wrong value, where it is wrong for the first time, one of these derivatives?"""
    turn = next(place for place, pair in enumerate(zip(slip.given, slip.wanted, strict=True)) if not _alike(*pair))
    value = slip.given[turn].ravel()
    orders = (order for several in known if len(several) == len(slip.given) for order in (several, several[::-1]))
    return any(order[turn].size == value.size and _alike(order[turn].ravel(), value) for order in orders)


def _slip(spot: int, of: int | None, turns: Sequence[tuple[int, Array]], wanted: Sequence[Array]) -> WrongValue | None:
    """These values in place of those that are there; None where they are the same."""
    differing = [place for (place, value), want in zip(turns, wanted, strict=True) if not _alike(value, want)]
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


def in_place_spots(loaded: Loaded) -> set[int]:
    """The spots of arrays that a statement changes where they are: d of d /= n, of d[range(n), y] -= 1."""
    lines = {node.lineno for node in ast.walk(loaded.tree) if isinstance(node, ast.AugAssign)}
    lines |= {
        node.lineno
        for node in ast.walk(loaded.tree)
        if isinstance(node, ast.Assign) and any(isinstance(target, ast.Subscript) for target in node.targets)
    }
    return {number for number, one in enumerate(loaded.spots) if one.target and one.line in lines}


def _turns(events: Sequence[tuple[int, Array]]) -> dict[int, list[tuple[int, Array]]]:
    found = dict[int, list[tuple[int, Array]]]()
    for place, (spot, value) in enumerate(events):
        found.setdefault(spot, []).append((place, value))
    return found


def _laid_out(found: Sequence[Array], values: Sequence[Array]) -> Iterator[list[Array]]:
    """Derivatives in the shapes of what stands there, as they are and transposed."""
    yield [one.reshape(value.shape) for one, value in zip(found, values, strict=True)]
    if any(one.ndim == 2 and min(one.shape) > 1 for one in found):
        yield [one.T.reshape(value.shape) for one, value in zip(found, values, strict=True)]


def _signature(comparison: Comparison, spot: int, values: Sequence[Array]) -> float:
    """How E changes along one direction of all its turns, to six digits: what is equal has the same derivatives, as the terms of a sum."""
    rng = np.random.default_rng(11)
    way = [rng.normal(size=value.size).reshape(value.shape) for value in values]
    with contextlib.suppress(Exception, TooLong):  # whatever a learner's program raises: then it is nothing on the way to the loss
        up, down = (comparison.error(instead=Shift(spot, [sign * STEP * one for one in way])) for sign in (1, -1))
        return float(f"{(up - down) / (2 * STEP):.6g}")
    return 0.0


class Shift:
    """Adds something to the value at one spot in each of its turns."""

    def __init__(self, spot: int, steps: Sequence[Array]) -> None:
        self.spot, self.steps, self.turn = spot, steps, -1

    def __call__(self, value: Any, spot: int) -> Any:
        """The value with what is added to it."""
        if spot != self.spot or not is_array(value):
            return value
        self.turn += 1
        return value + self.steps[self.turn]


def _derivatives(comparison: Comparison, spot: int, values: Sequence[Array]) -> list[Array] | None:
    """∂E/∂ the value at a spot, turn by turn; None where E does not depend on it."""
    found = list[Array]()
    try:
        for turn, value in enumerate(values):
            slopes = np.zeros(value.size)
            for place in range(value.size):
                both = []
                for sign in (1, -1):
                    moved = np.array(value)
                    moved.flat[place] += sign * STEP
                    both.append(comparison.error(instead=Moved(spot, turn, moved - value)))
                slopes[place] = (both[0] - both[1]) / (2 * STEP)
            found.append(slopes.reshape(value.shape))
    except (Exception, TooLong):  # noqa: BLE001  # whatever a learner's program raises where other numbers come than it has computed
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


class WrittenOver:
    """Writes other values into the array at one spot, turn by turn."""

    def __init__(self, spot: int, values: Sequence[Array]) -> None:
        self.spot, self.values, self.turn = spot, values, -1

    def __call__(self, value: Any, spot: int) -> Any:
        """The value, where it is, with other numbers in it."""
        if spot == self.spot and is_array(value):
            self.turn += 1
            if self.turn < len(self.values):
                value[...] = self.values[self.turn]
        return value


def _repairs(comparison: Comparison, measured: Sequence[Measured], spot: int, wanted: Sequence[Array]) -> bool:
    """Is every gradient right with these values at a spot?"""
    try:
        given = comparison.given(WrittenOver(spot, wanted) if comparison.loaded.spots[spot].target else Replaced(spot, wanted))
    except (Exception, TooLong):  # noqa: BLE001  # whatever a learner's program raises where other numbers come than it has computed
        return False
    return all(one.path in given and one.fits(given[one.path][1]) for one in measured)


def _alike(one: Array, other: Array) -> bool:
    scale = max(float(np.abs(one).max(initial=0.0)), float(np.abs(other).max(initial=0.0)))
    return one.shape == other.shape and bool(np.abs(one - other).max(initial=0.0) <= 1e-4 * scale)


SLOPES: Mapping[str, Callable[[Array], Array]] = {
    "tanh of h": lambda h: 1 - h * h,
    "sigmoid of h": lambda h: h * (1 - h),
    "relu": lambda z: (z > 0) * 1.0,
    "tanh of z": lambda z: 1 - np.tanh(z) ** 2,
    "sigmoid of z": lambda z: 1 / (2 + np.exp(z) + np.exp(-z)),
}
"""Derivatives of activations, as people write them."""


def mistake_of(comparison: Comparison, slip: WrongValue) -> int | None:
    """The mistake that a wrong value is, in the table of mistakes; None where it is none that is known.

    The first turn in which it is wrong tells: what comes after it may be wrong because of it.
    """
    reported, every = comparison.turn.run(comparison.starts).events, list(zip(slip.given, slip.wanted, strict=True))
    turn = next(place for place, pair in enumerate(every) if not _alike(*pair))
    pairs = every[turn : turn + 1]
    if (factor := factor_of(*(one.ravel() for one in pairs[0]))) is not None:
        return number_of_factor(factor, reported)
    if all(one.ndim == 2 and min(one.shape) > 1 and _alike(one.T.reshape(other.shape), other) for one, other in pairs):
        return 16
    lacking = pairs[0][0] - pairs[0][1]
    for matrix in comparison.starts[-1].values():
        if matrix.shape == lacking.shape and factor_of(lacking.ravel(), matrix.ravel()) is not None:
            return 37
        if matrix.ndim == 2 and len({*matrix.shape}) == 1 and any(_turned_round(matrix, pairs, rows=rows) for rows in (True, False)):
            return 15
    if (number := _by_slopes(reported[: comparison.forward_end(reported)], slip, turn)) is not None:
        return number
    if turn == 1 and not any(_alike(*pair) for pair in every[1:]):
        return NOT_THROUGH_TIME
    of = next((value for spot, value in reported if spot == slip.of), np.zeros(0))
    if any(np.array_equal(of, one) for one in comparison.starts[-1].values()) and all(_same_side(*pair) for pair in pairs):
        return 17
    return None


NOT_THROUGH_TIME = 120


def factor_of(given: Array, wanted: Array) -> float | None:
    """How many times what is wanted something is; None where it is no multiple."""
    length = float(wanted @ wanted)
    factor = float(given @ wanted) / length if length else 0.0
    return factor if abs(factor) > 1e-9 and _alike(given, factor * wanted) else None


def number_of_factor(factor: float, events: Sequence[tuple[int, Array]]) -> int | None:
    """The mistake of which a factor speaks: a sign, 2 or ½, or one of the sizes that occur."""
    sizes = {size for _, value in events for size in value.shape} | {len(several) for several in _turns(events).values()}

    def near(value: float) -> bool:
        return abs(factor - value) < 1e-4 * abs(value)

    if near(-1):
        return 9
    if near(2) or near(0.5):
        return 11
    powers = {power for size in sizes if size for power in (size, size * size)}  # twice, where it is multiplied by what it is divided by
    return 12 if any(near(power) for power in powers) else 13 if any(near(1 / power) for power in powers) else None


def _turned_round(matrix: Array, pairs: Sequence[tuple[Array, Array]], *, rows: bool) -> bool:
    """Was a square matrix not transposed before it was multiplied?"""
    if abs(np.linalg.det(matrix)) < 1e-12:
        return False
    back = np.linalg.solve(matrix, matrix.T).T if rows else matrix @ np.linalg.inv(matrix.T)
    turned = (
        (one, other @ np.linalg.inv(matrix.T) @ matrix if rows else back @ other) for one, other in pairs if _fits(other, matrix, rows)
    )
    found = [_alike(one, other) for one, other in turned]
    return bool(found) and all(found)


def _fits(value: Array, matrix: Array, rows: bool) -> bool:
    return value.ndim > 0 and value.shape[-1 if rows else 0] == len(matrix)


def _same_side(given: Array, wanted: Array) -> bool:
    """Have two products of a column and a row one of them in common?"""
    if given.ndim != 2 or not given.any() or not wanted.any() or np.linalg.matrix_rank(wanted, tol=1e-6) >= min(wanted.shape):
        return False
    rank = np.linalg.matrix_rank(wanted, tol=1e-6)
    return any(np.linalg.matrix_rank(np.concatenate([given, wanted], axis=axis), tol=1e-6) == rank for axis in (0, 1))


def _by_slopes(events: Sequence[tuple[int, Array]], slip: WrongValue, turn: int) -> int | None:
    """A slope that is missing (2), that is there once more (28), of h where z belongs (4) or of z where h does (5), or another one (6)."""
    several, masks, seen = list[tuple[str, int, Array]](), list[Array](), set[bytes]()
    for spot, turns in _turns(events).items():
        alike = len(turns) == len(slip.given) and all(one.size == given.size for (_, one), given in zip(turns, slip.given, strict=True))
        for order in (turns, turns[::-1]) if alike else ():
            values = order[turn][1].ravel()
            if (key := values.tobytes()) not in seen:
                seen.add(key)
                masks += [values] if len({*values, 0.0}) == 2 and 0.0 in values and not {*values} <= {0.0, 1.0} else []
                with np.errstate(all="ignore"):
                    several += [(kind, spot, slope(values)) for kind, slope in SLOPES.items()]
    several = [one for one in several if np.isfinite(one[2]).all() and np.ptp(one[2]) > 1e-9]
    given, wanted = slip.given[turn].ravel(), slip.wanted[turn].ravel()
    if any(_alike(given * mask, wanted) for mask in masks):
        return 41
    if any(_alike(given * slope, wanted) for _, _, slope in several):
        return 2
    if any(_alike(given, wanted * slope) for _, _, slope in several):
        return 28
    for (first, spot, wrong), (second, other, right) in itertools.permutations(several, 2):
        if first != second and _alike(given * right, wanted * wrong):
            pair = (first.partition(" of ")[2], second.partition(" of ")[2])
            same = first.partition(" ")[0] == second.partition(" ")[0]
            return 4 if same and pair == ("z", "h") and spot == other else 5 if same and pair == ("h", "z") and spot == other else 6
        if first == second and _alike(given * right, wanted * wrong):
            return 4 if first.endswith("z") else 5 if first.endswith("h") else 53
    return None


def number_of_gradient(comparison: Comparison, one: Measured) -> int | None:
    """The mistake that a wrong gradient is, where nothing before it is wrong."""
    reported, whole, start = comparison.turn.run(comparison.starts).events, one.whole, comparison.starts[-1][one.path]
    if one.factor is not None:
        return number_of_factor(one.factor, reported)
    if whole is None:
        return None
    if whole.ndim == 2 and len({*whole.shape}) == 1 and _alike(one.given.T, whole):
        return 16
    if factor_of((one.given - whole).ravel(), start.ravel()) is not None:
        return 37
    if start.size > 1 and np.ptp(one.given) < 1e-12 < np.ptp(whole) and abs(one.given.flat[0] - whole.sum()) < 1e-6 * abs(whole.sum()):
        return 22
    for turns in _turns(reported).values():
        parts = [value for _, value in turns if value.shape == whole.shape]
        if len(parts) == len(turns) > 1 and _alike(parts[-1], one.given) and _alike(np.sum(parts, axis=0), whole):
            return 36
    return None


# What is said of it


def measured_answers(loaded: Loaded) -> dict[str, Any]:
    """What was found of the trainings of a file: of that which has a loss, or whose gradients are right; nothing without one."""
    best: dict[str, Any] = {}
    by_line = itertools.groupby(comparisons(loaded), key=lambda one: one.turn.line)
    for _, several in by_line:
        judged = list[tuple[Comparison, list[Measured]]]()
        for comparison in several:
            with contextlib.suppress(Exception, TooLong):  # whatever a learner's program raises
                judged.append((comparison, comparison.measured()))
        if not judged:
            continue
        comparison, measured = max(judged, key=lambda one: sum(each.right for each in one[1]))
        measured = _by_losses_of_their_own(comparison, measured, judged)
        named = LOSS.search(loaded.spots[comparison.spots[comparison.loss]].target)
        if measured and (named or 2 * sum(one.right for one in measured) > len(measured)) and len(measured) > best.get("count", 0):
            best = {"count": len(measured), **_told(comparison, measured)}
    return best


def _by_losses_of_their_own(
    comparison: Comparison, measured: Sequence[Measured], judged: Sequence[tuple[Comparison, Sequence[Measured]]]
) -> list[Measured]:
    """With what is right by another loss, that is no part of this one: two networks may learn in turns, each by its own."""
    right = {one.path: one for one in measured if one.right}
    if len(right) < len(measured):
        for other, several in judged:
            better = {one.path: one for one in several if one.right and one.given.any() and one.path not in right}
            if better and independent(comparison, other):
                right.update(better)
    return [right.get(one.path, one) for one in measured]


def _told(comparison: Comparison, measured: Sequence[Measured]) -> dict[str, Any]:
    loaded, turn = comparison.loaded, comparison.turn
    spot = loaded.spots[comparison.spots[comparison.loss]]
    wrong = [one for one in measured if not one.right]
    conventions, faults = list[Convention](), list[dict[str, Any]]()
    if wrong:
        known = measured[0].factor is not None and number_of_factor(measured[0].factor, turn.run(comparison.starts).events) is not None
        conventions = conventions_beside(comparison, measured, numbered=known)
    if wrong and not conventions:
        faults = _faults(comparison, measured, wrong)
    else:
        faults = _step_faults(comparison, measured, twice=not conventions)
    return {
        "line": turn.line,
        "function": turn.script.function,
        "loss": spot.target or spot.text(loaded.code),
        "loss_line": spot.line,
        "names": [one.path for one in measured],
        "conventions": conventions,
        # Where nothing fits E, and no mistake that is known makes it fit, something else than E may be what is trained.
        "another": bool(faults)
        and all(one["number"] is None for one in faults)
        and (len(wrong) == len(measured) or holds_a_part(comparison)),
        "faults": faults,
    }


def _faults(comparison: Comparison, measured: Sequence[Measured], wrong: Sequence[Measured]) -> list[dict[str, Any]]:
    loaded = comparison.loaded
    reported = comparison.turn.run(comparison.starts)
    slip = slip_in(comparison, measured)
    if slip is not None:
        spot = loaded.spots[slip.spot]
        place = next(place for place, pair in enumerate(zip(slip.given, slip.wanted, strict=True)) if not _alike(*pair))
        return [
            {
                "number": mistake_of(comparison, slip),
                "quantity": _value_named(loaded, slip.spot if slip.of is None else slip.of),
                "of_line": 0 if slip.of is None else loaded.spots[slip.of].line,
                "own": slip.of is None,
                "line": spot.line,
                "expression": spot.text(loaded.code),
                "expected": slip.wanted[place].tolist(),
                "found": slip.given[place].tolist(),
                "follows": [one.path for one in wrong],
            }
        ]
    factors = {None if one.factor is None else round(one.factor, 5) for one in measured}
    if len(factors) == 1 and None not in factors:  # all of them alike
        factor = next(iter(factors)) or 1.0
        number, at = number_of_factor(factor, reported.events), _multiplied(comparison, measured, factor)
        at = written(comparison, wrong[0]) if at is None else at
        return [_fault(comparison, wrong[0], number, at, [one.path for one in wrong[1:]])]
    begins = stepped(reported, comparison.starts[-1])
    late = [one for one in wrong if (_place_of(comparison, reported, one) or 0) > begins]
    if late and len(late) == len(wrong):
        return [_fault(comparison, late[0], 1, reported.events[begins][0], [one.path for one in late[1:]])]
    return [_fault(comparison, one, number_of_gradient(comparison, one), written(comparison, one), []) for one in wrong]


def _multiplied(comparison: Comparison, measured: Sequence[Measured], factor: float) -> int | None:
    """Where the first variable on the way back is changed last that has the factor which all gradients have; None without one."""
    loaded, reported = comparison.loaded, comparison.turn.run(comparison.starts).events
    middle, spots = comparison.forward_end(reported), statement_spots(loaded) | in_place_spots(loaded)
    found = dict[str, int]()
    for spot, turns in _turns(reported).items():
        name = re.split(r"\W", _target(loaded, spot))[0]
        asked = spot in spots and turns[0][0] > middle and (not found or name in found)
        if asked and _repairs(comparison, measured, spot, [value / factor for _, value in turns]):
            found[name] = spot
    return next(iter(found.values()), None)


def _place_of(comparison: Comparison, ran: Ran, one: Measured) -> int | None:
    own = compact(one.own)
    found = [place for place, (spot, _) in enumerate(ran.events) if own and compact(comparison.loaded.spots[spot].target) == own]
    return found[-1] if found else None


def _fault(comparison: Comparison, one: Measured, number: int | None, spot: int | None, follows: Sequence[str]) -> dict[str, Any]:
    loaded, whole = comparison.loaded, one.whole
    seen = None if spot is None else loaded.spots[spot]
    return {
        "number": number,
        "quantity": one.path,
        "of_line": 0,
        "own": False,
        "line": comparison.turn.line if seen is None else seen.line,
        "expression": "" if seen is None else seen.text(loaded.code),
        "expected": (one.slopes if whole is None else whole).tolist(),
        "found": (one.directions @ one.given.ravel() if whole is None else one.given).tolist(),
        "follows": list(follows),
    }


def _wrong_steps(ran: Ran, start: Values, given: Mapping[str, tuple[str, Array]]) -> list[tuple[int | None, str, int | None]]:
    """Parameters that step along their gradients, or with none: the number of the mistake, the parameter, and the spot of the step."""
    steps = {path: start[path] - ran.after[path] for path in given}
    left = [path for path, (_, gradient) in given.items() if not steps[path].any() and gradient.any()]
    if left and len(left) < len(given):
        return [(25 if as_kind(compact(path), "b") or _is_row(start[path]) else None, path, None) for path in left]
    found = list[tuple[int | None, str, int | None]]()
    for path, (own, gradient) in given.items():
        moved = (np.abs(steps[path]) > 1e-12) & (np.abs(gradient) > 1e-12)
        if own and moved.any() and (np.sign(steps[path]) == -np.sign(gradient))[moved].mean() > ALMOST_ALL:
            spots = [spot for spot, value in ran.events if np.array_equal(value, ran.after[path])]
            found.append((9, path, spots[0] if spots else None))
    return found


def _is_row(value: Array) -> bool:
    return value.ndim == 1 or (value.ndim == 2 and 1 in value.shape)


def steps_against(loaded: Loaded, function: str) -> list[dict[str, Any]]:
    """What is wrong with the steps of a training, by gradients that come straight from a function that is known to be right."""
    calls = [
        node
        for node in ast.walk(loaded.tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and called_name(node.value) == function
    ]
    roots = {name for node in calls for target in node.targets for name in names_in(target, stored=True)}
    for script, changed in scripts(loaded) if roots else ():
        try:
            turn = Turn(script, changed, time.process_time())
            start = {path: place.get() for path, place in turn.places.items()}
            ran = turn.run([start])
        except (Exception, TooLong):  # noqa: BLE001  # whatever a learner's loop raises
            continue
        given = {path: one for path, one in named(turn, ran, start).items() if re.split(r"\W", one[0])[0] in roots}
        found = _wrong_steps(ran, start, given)
        for number, path, spot in found[:1] if number_known(found) else ():
            line = next((node.lineno for node in calls), script.loop.lineno) if spot is None else loaded.spots[spot].line
            text = "" if spot is None else loaded.spots[spot].text(loaded.code)
            return [
                {"number": number, "path": path, "line": line, "expression": text, "follows": [one[1] for one in found[1:]],
                 "expected": (start[path] - 1e-3 * given[path][1]).tolist(), "found": ran.after[path].tolist()}
            ]  # fmt: skip
    return []


def number_known(found: Sequence[tuple[int | None, str, int | None]]) -> bool:
    """Have all of them a number, and the same?"""
    return len({number for number, _, _ in found}) == 1 and found[0][0] is not None


def _step_faults(comparison: Comparison, measured: Sequence[Measured], *, twice: bool) -> list[dict[str, Any]]:
    """What is wrong with the steps, where the gradients are right: their direction (9), or gradients that go on growing (35).

    twice  whether a second turn tells more
    """
    ran, start = comparison.turn.run(comparison.starts), comparison.starts[-1]
    given = {one.path: (one.own, one.given) for one in measured}
    aside = _wrong_steps(ran, start, given)
    named = LOSS.search(comparison.loaded.spots[comparison.spots[comparison.loss]].target)
    if len(aside) == len(given) and not named:  # a likelihood is climbed
        return []
    if aside:
        known = {one.path: one for one in measured}
        several = [(number, known[path], spot) for number, path, spot in aside]
        number, one, spot = several[0]
        return [
            _fault(comparison, one, number, written(comparison, one) if spot is None else spot, [two.path for _, two, _ in several[1:]])
        ]
    if comparison.turn.number < 0 or not twice:
        return []
    rng = np.random.default_rng(17)
    second = {path: value + 0.1 * rng.normal(size=value.shape) for path, value in start.items()}
    try:
        spots = [spot for spot, _ in comparison.turn.run([start, second]).events]
        if len(spots) <= comparison.loss or spots[comparison.loss] != comparison.spots[comparison.loss]:
            return []
        again = Comparison(comparison.turn, [start, second], comparison.loss, spots, comparison.extract)
        wrong = [one for one in again.measured() if not one.right]
    except (Exception, TooLong):  # noqa: BLE001  # whatever a learner's program raises where other numbers come than it has computed
        return []
    first = {one.path: one.given for one in measured}
    sums = [one for one in wrong if one.whole is not None and _alike(one.given - first[one.path], one.whole)]
    return [_fault(again, sums[0], 35, written(again, sums[0]), [one.path for one in sums[1:]])] if sums else []


def _value_named(loaded: Loaded, spot: int) -> str:
    """What a value is called: by what it is assigned to, else as it is written."""
    return _target(loaded, spot) or loaded.spots[spot].text(loaded.code)


def _target(loaded: Loaded, spot: int) -> str:
    """What a value is assigned to, or added to; empty where it is a part of something."""
    seen = loaded.spots[spot]
    for node in ast.walk(loaded.tree):
        if isinstance(node, (ast.Assign, ast.AugAssign)) and node.lineno <= seen.line:
            extent = (node.value.lineno, node.value.col_offset, node.value.end_lineno, node.value.end_col_offset)
            if extent == (seen.line, seen.start, seen.last, seen.end):
                return ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target)
    return seen.target
