"""Which mistake a wrong value, or a wrong gradient, of a training is: what it is beside what it should be tells."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import Frozen
from chainrule.learners.changed_values import Events, by_spot
from chainrule.learners.measured import Comparison, Measured
from chainrule.learners.reporting import Spot
from chainrule.learners.syntax import called_name


class WrongValue(Frozen):
    """What a value of the way back should be, in each of its turns: ∂E/∂ the value at a spot on the way forward, where there is one.

    first  where among the values of a turn it is wrong for the first time
    late   whether something on the way back is right before that, so that it begins at this very E
    """

    spot: int
    of: int | None
    given: Sequence[Array]
    wanted: Sequence[Array]
    first: int
    late: bool = False

    @property
    def turn(self) -> int:
        """In which of its turns it is wrong for the first time."""
        return next(turn for turn, pair in enumerate(zip(self.given, self.wanted, strict=True)) if not same_numbers(*pair))


def same_numbers(one: Array, other: Array) -> bool:
    """Are these the same numbers, but for how exactly derivatives are measured?"""
    scale = max(float(np.abs(one).max(initial=0.0)), float(np.abs(other).max(initial=0.0)))
    return one.shape == other.shape and bool(np.abs(one - other).max(initial=0.0) <= 1e-4 * scale)


SLOPES: Mapping[str, Callable[[Array], Array]] = {
    "tanh of h": lambda h: 1 - h * h,
    "sigmoid of h": lambda h: h * (1 - h),
    "relu": lambda z: (z > 0) * 1.0,
    "tanh of z": lambda z: 1 - np.tanh(z) ** 2,
    "sigmoid of z": lambda z: 1 / (2 + np.exp(z) + np.exp(-z)),
    "softplus of z": lambda z: 1 / (1 + np.exp(-z)),
}
"""Derivatives of activations, as people write them."""


def mistake_of(comparison: Comparison, slip: WrongValue) -> int | None:
    """The mistake that a wrong value is, in the table of mistakes; None where it is none that is known.

    The first turn in which it is wrong tells: what comes after it may be wrong because of it.
    """
    reported, every = comparison.turn.run(comparison.starts).events, list(zip(slip.given, slip.wanted, strict=True))
    turn = slip.turn
    pairs = every[turn : turn + 1]
    if (factor := factor_of(*(one.ravel() for one in pairs[0]))) is not None:
        return number_of_factor(factor, reported)
    if all(one.ndim == 2 and min(one.shape) > 1 and same_numbers(one.T.reshape(other.shape), other) for one, other in pairs):
        return 16
    lacking = pairs[0][0] - pairs[0][1]
    for matrix in comparison.starts[-1].values():
        if matrix.shape == lacking.shape and factor_of(lacking.ravel(), matrix.ravel()) is not None:
            return 37
        if matrix.ndim == 2 and len({*matrix.shape}) == 1 and any(_turned_round(matrix, pairs, rows=rows) for rows in (True, False)):
            return 15
    if (number := _by_slopes(reported[: comparison.forward_end(reported)], slip, turn)) is not None:
        return number
    if turn == 1 and not any(same_numbers(*pair) for pair in every[1:]) and _goes_through_time(comparison, slip, reported):
        return NOT_THROUGH_TIME
    of = next((value for spot, value in reported if spot == slip.of), np.zeros(0))
    if any(np.array_equal(of, one) for one in comparison.starts[-1].values()) and all(_same_side(*pair) for pair in pairs):
        return 17
    return None


NOT_DIVIDED, NOT_THROUGH_TIME = 12, 120
"""Mistakes that are asked for by their numbers."""


def _goes_through_time(comparison: Comparison, slip: WrongValue, reported: Events) -> bool:
    """Do the turns share their parameters, as those of a sequence do? Those of the layers of a network each have their own."""
    start = comparison.starts[-1]
    before = [value for spot, value in reported if spot == slip.of]
    for path, value in start.items():
        events = comparison.turn.run([*comparison.starts[:-1], {**start, path: value + 0.01}]).events
        after = [value for spot, value in events if spot == slip.of]
        changed = [place for place, pair in enumerate(zip(before, after, strict=False)) if not np.array_equal(*pair)]
        if changed and changed[0] > 1:
            return False
    return True


def factor_of(given: Array, wanted: Array) -> float | None:
    """How many times what is wanted something is; None where it is no multiple."""
    length = float(wanted @ wanted)
    factor = float(given @ wanted) / length if length else 0.0
    return factor if abs(factor) > 1e-9 and same_numbers(given, factor * wanted) else None


def number_of_factor(factor: float, events: Events) -> int | None:
    """The mistake of which a factor speaks: a sign, 2 or ½, or one of the sizes that occur."""
    shapes = {value.shape for _, value in events}
    axes = {size for shape in shapes for size in shape} | {len(several) for several in by_spot(events).values()}
    several = {int(np.prod(shape[:count])) for shape in shapes for count in range(2, len(shape) + 1)}  # as all tokens of a batch

    def near(value: float) -> bool:
        return abs(factor - value) < 1e-4 * abs(value)

    if near(-1):
        return 9
    if near(2) or near(0.5):
        return 11
    powers = (axes | several | {size * size for size in axes}) - {0}  # twice, where it is multiplied by what it is divided by
    return NOT_DIVIDED if any(near(power) for power in powers) else 13 if any(near(1 / power) for power in powers) else None


def mean_in(comparison: Comparison, factor: float) -> Spot | None:
    """Where so many numbers become their mean on the way to E: where a mean is taken, or a division makes them so much smaller."""
    loaded, reported = comparison.loaded, comparison.turn.run(comparison.starts).events
    values = dict(reported[: comparison.forward_end(reported) + 1])
    spots = {(one.line, one.start, one.last, one.end): number for number, one in enumerate(loaded.spots) if not one.target}

    def value_of(node: ast.expr) -> Array | None:
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            return np.array(float(node.value))
        return values.get(spots.get((node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0), -1))

    for node in ast.walk(loaded.tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            before, after = value_of(node.left), value_of(node)
            found = before is not None and after is not None and same_numbers(before, factor * after)
        elif isinstance(node, ast.Call) and called_name(node) in ("mean", "average"):
            summed = node.func.value if isinstance(node.func, ast.Attribute) and not node.args else (node.args or [node])[0]
            before, after = value_of(summed), value_of(node)
            found = before is not None and after is not None and abs(before.size - factor * after.size) < 1e-3
        else:
            continue
        if found:
            return loaded.spots[spots[node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0]]
    return None


def _turned_round(matrix: Array, pairs: Sequence[tuple[Array, Array]], *, rows: bool) -> bool:
    """Was a square matrix not transposed before it was multiplied?"""
    if abs(np.linalg.det(matrix)) < 1e-12:
        return False
    back = np.linalg.solve(matrix, matrix.T).T if rows else matrix @ np.linalg.inv(matrix.T)
    turned = (
        (one, other @ np.linalg.inv(matrix.T) @ matrix if rows else back @ other) for one, other in pairs if _fits(other, matrix, rows)
    )
    found = [same_numbers(one, other) for one, other in turned]
    return bool(found) and all(found)


def _fits(value: Array, matrix: Array, rows: bool) -> bool:
    return value.ndim > 0 and value.shape[-1 if rows else 0] == len(matrix)


def _same_side(given: Array, wanted: Array) -> bool:
    """Have two products of a column and a row one of them in common?"""
    if given.ndim != 2 or not given.any() or not wanted.any() or np.linalg.matrix_rank(wanted, tol=1e-6) >= min(wanted.shape):
        return False
    rank = np.linalg.matrix_rank(wanted, tol=1e-6)
    return any(np.linalg.matrix_rank(np.concatenate([given, wanted], axis=axis), tol=1e-6) == rank for axis in (0, 1))


def _by_slopes(events: Events, slip: WrongValue, turn: int) -> int | None:
    """A slope that is missing (2), that is there once more (28), of h where z belongs (4) or of z where h does (5), or another one (6)."""
    several, masks, seen = list[tuple[str, int, Array]](), list[Array](), set[bytes]()
    for spot, turns in by_spot(events).items():
        fitting = len(turns) == len(slip.given) and all(one.size == given.size for (_, one), given in zip(turns, slip.given, strict=True))
        for order in (turns, turns[::-1]) if fitting else ():
            values = order[turn][1].ravel()
            if values.size == slip.given[turn].size and (key := values.tobytes()) not in seen:
                seen.add(key)
                masks += [values] if len({*values, 0.0}) == 2 and 0.0 in values and not {*values} <= {0.0, 1.0} else []
                with np.errstate(all="ignore"):
                    several += [(kind, spot, slope(values)) for kind, slope in SLOPES.items()]
    several = [one for one in several if np.isfinite(one[2]).all() and np.ptp(one[2]) > 1e-9]
    given, wanted = slip.given[turn].ravel(), slip.wanted[turn].ravel()
    if any(same_numbers(given * mask, wanted) for mask in masks):
        return 41
    if any(same_numbers(given * slope, wanted) for _, _, slope in several):
        return 2
    if any(same_numbers(given, wanted * slope) for _, _, slope in several):
        return 28
    for (first, spot, wrong), (second, other, right) in itertools.permutations(several, 2):
        if first != second and same_numbers(given * right, wanted * wrong):
            pair = (first.partition(" of ")[2], second.partition(" of ")[2])
            same = first.partition(" ")[0] == second.partition(" ")[0]
            return 4 if same and pair == ("z", "h") and spot == other else 5 if same and pair == ("h", "z") and spot == other else 6
        if first == second and same_numbers(given * right, wanted * wrong):
            return 4 if first.endswith("z") else 5 if first.endswith("h") else 53
    return None


def number_of_gradient(comparison: Comparison, one: Measured) -> int | None:
    """The mistake that a wrong gradient is, where nothing before it is wrong."""
    reported, whole, start = comparison.turn.run(comparison.starts).events, one.whole, comparison.starts[-1][one.path]
    if one.factor is not None:
        return number_of_factor(one.factor, reported)
    if whole is None:
        return None
    if whole.ndim == 2 and len({*whole.shape}) == 1 and same_numbers(one.given.T, whole):
        return 16
    if factor_of((one.given - whole).ravel(), start.ravel()) is not None:
        return 37
    if start.size > 1 and np.ptp(one.given) < 1e-12 < np.ptp(whole) and abs(one.given.flat[0] - whole.sum()) < 1e-6 * abs(whole.sum()):
        return 22
    for turns in by_spot(reported).values():
        parts = [value for _, value in turns if value.shape == whole.shape]
        if len(parts) == len(turns) > 1 and same_numbers(parts[-1], one.given) and same_numbers(np.sum(parts, axis=0), whole):
            return 36
    return None
