"""Values on the way of a learner's program: where they stand, other ones in their place, and how E changes by them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from chainrule.base.arrays import Array
from chainrule.learners.loading import Loaded

STEP = 1e-5
"""By how much a value, or a parameter, is moved."""

Instead: TypeAlias = Callable[[Any, int], Any]
"""What stands in place of a value, from the value and the number of its spot."""

Events: TypeAlias = Sequence[tuple[int, Array]]
"""Spots and the values that they reported, in order."""


def moved_by(value: Array, step: Array) -> Array:
    """The value and what is added to it."""
    return value + step


def moved_within(value: Array, step: Array) -> Array:
    """The value, where it is and under all its names, with something added to it."""
    value += step
    return value


def replaced(value: Array, other: Array) -> Array:
    """The other value."""
    del value
    return other.copy()


def written_over(value: Array, other: Array) -> Array:
    """The value, where it is and under all its names, with the other one's numbers in it."""
    value[...] = other
    return value


class Changed:
    """Changes the value at one spot, in those of its turns for which there is an array. way: from value and array to what stands there."""

    def __init__(self, spot: int, arrays: Mapping[int, Array] | Sequence[Array], way: Callable[[Array, Array], Array] = replaced) -> None:
        self.spot, self.way, self.turn = spot, way, -1
        self.arrays = arrays if isinstance(arrays, Mapping) else dict(enumerate(arrays))

    def __call__(self, value: Any, spot: int) -> Any:
        """What stands there."""
        if spot != self.spot or not isinstance(value, np.ndarray) or value.dtype.kind != "f":
            return value
        self.turn += 1
        return self.way(value, self.arrays[self.turn]) if self.turn in self.arrays else value


def slope(error: Callable[[Instead], float], spot: int, ways: Mapping[int, Array], by: Callable[[Array, Array], Array] = moved_by) -> float:
    """How E changes while the value at a spot moves, in each of these turns its own way. Raises what `error` raises."""
    up, down = (error(Changed(spot, {turn: sign * STEP * way for turn, way in ways.items()}, by)) for sign in (1, -1))
    return (up - down) / (2 * STEP)


def derivative(error: Callable[[Instead], float], spot: int, turn: int, value: Array) -> Array:
    """∂E/∂ the value at a spot in one of its turns, number by number. Raises what `error` raises."""
    ways = np.eye(value.size).reshape(-1, *value.shape)
    return np.array([slope(error, spot, {turn: way}) for way in ways]).reshape(value.shape)


def by_spot(events: Events) -> dict[int, list[tuple[int, Array]]]:
    """The values of each spot, turn by turn, each with its place among all events."""
    found = dict[int, list[tuple[int, Array]]]()
    for place, (spot, value) in enumerate(events):
        found.setdefault(spot, []).append((place, value))
    return found


def statement_spots(loaded: Loaded) -> set[int]:
    """The spots of what is assigned, added or given back as a whole."""
    extents = set[tuple[int, int, int | None, int | None]]()
    for node in ast.walk(loaded.tree):
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return)) and node.value is not None:
            parts = node.value.elts if isinstance(node.value, (ast.Tuple, ast.List)) else [node.value]
            if isinstance(node, ast.Return):  # what is handed on was computed elsewhere
                parts = [one for one in parts if not isinstance(one, (ast.Name, ast.Attribute))]
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):  # np.add.at(dT, x, dout)
            parts = node.value.args
        else:
            continue
        extents.update((one.lineno, one.col_offset, one.end_lineno, one.end_col_offset) for one in parts)
    spots = enumerate(loaded.spots)
    return {number for number, one in spots if not one.target and (one.line, one.start, one.last, one.end) in extents}


def in_place_spots(loaded: Loaded) -> set[int]:
    """The spots of arrays that a statement changes where they are: d of d /= n, of d[range(n), y] -= 1."""
    lines = {
        node.lineno
        for node in ast.walk(loaded.tree)
        if isinstance(node, ast.AugAssign)
        or (isinstance(node, ast.Assign) and any(isinstance(target, ast.Subscript) for target in node.targets))
    }
    return {number for number, one in enumerate(loaded.spots) if one.target and one.line in lines}


def target_at(loaded: Loaded, spot: int) -> str:
    """What a value is assigned to, or added to; empty where it is a part of something."""
    seen = loaded.spots[spot]
    for node in ast.walk(loaded.tree):
        if isinstance(node, (ast.Assign, ast.AugAssign)) and node.lineno <= seen.line:
            extent = (node.value.lineno, node.value.col_offset, node.value.end_lineno, node.value.end_col_offset)
            if extent == (seen.line, seen.start, seen.last, seen.end):
                return ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target)
    return seen.target
