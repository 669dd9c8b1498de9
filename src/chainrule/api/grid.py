"""Settings to be tried: the values of a grid, as people write them, and the combinations of them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from contextlib import suppress
from itertools import product
from typing import Any

import numpy as np

from chainrule.base.errors import InputError, quoted
from chainrule.base.frozen import FrozenValue
from chainrule.training.plan import check_count

POINTS = 5
"""Values of a range, where nothing else is said."""

WIDE = 10.0
"""A range whose ends differ by such a factor is divided by equal ratios, else by equal differences."""

MOST_TRIALS = 10_000
"""More trainings than this nobody waits for."""


def read_grid(grid: str | Mapping[str, Any]) -> dict[str, list[Any]]:
    """The values of each name; a range stays one, as a `GridRange`. Raises InputError."""
    if isinstance(grid, str):
        pairs = [part.partition("=") for part in grid.split()]
        if not pairs or not all(name and equals and text for name, equals, text in pairs):
            raise InputError(f"a grid is written as name=value,value name=from..to, as hidden=8,16, not {quoted(grid)}.")
        if len({name for name, _, _ in pairs}) < len(pairs):
            raise InputError(f"the grid {quoted(grid)} has a name twice; write all its values after one.")
        grid = {name.replace("-", "_"): text for name, _, text in pairs}
    if not isinstance(grid, Mapping) or not grid:
        raise InputError(f'a grid has values for each name, as {{"hidden": [8, 16]}}, not {quoted(grid)}.')
    return {str(name): _values(str(name), given) for name, given in grid.items()}


def _values(name: str, given: Any) -> list[Any]:
    """The values, and ranges, that stand after a name. Raises InputError."""
    if isinstance(given, str):
        parts = [part.strip().removeprefix("(").removesuffix(")") for part in re.split(r",(?![^()]*\))", given)]
        found = [GridRange.read(name, part) or _value(part) for part in parts]
    elif isinstance(given, (list, tuple, range, np.ndarray)):
        found = [one.item() if isinstance(one, np.generic) else one for one in given]
    else:
        found = [given]
    if not found or "" in found:
        raise InputError(f"the grid has no value for {name}; write {name}=value,value.")
    return found


def _value(text: str) -> Any:
    """A number where it is one; else a name, or sizes as 16-16."""
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    return text


class GridRange(FrozenValue):
    """Numbers from a to b, of which so many are tried in turn; any of them, where trials are drawn."""

    first: float
    last: float
    count: int

    @staticmethod
    def read(name: str, text: str) -> GridRange | None:
        """a..b, or a..b:9. None where it is something else. Raises InputError."""
        start, dots, rest = text.partition("..")
        end, colon, count = rest.partition(":")
        first, last = _value(start), _value(end)
        if not dots or not start or isinstance(first, str):
            return None  # a name, or a path as ../mine.toml
        if isinstance(last, str) or not (math.isfinite(last - first) and first < last):
            raise InputError(f"{name}: a range goes from a number to a larger one, as 1e-3..1e-1, not {quoted(text)}.")
        if colon and not (count.isdecimal() and len(count) < 7 and int(count) > 1):
            raise InputError(f"{name}: a range has 2 values or more, as {start}..{end}:2, not {quoted(text)}.")
        return GridRange(first, last, int(count) if colon else POINTS)

    @property
    def whole(self) -> bool:
        """Are both ends whole numbers?"""
        return isinstance(self.first, int) and isinstance(self.last, int)

    def at(self, part: float) -> Any:
        """The number that stands at that part of the way, from 0 to 1."""
        if self.first > 0 and self.last >= WIDE * self.first:
            value = self.first * (self.last / self.first) ** part
        else:
            value = self.first + (self.last - self.first) * part
        return round(value) if self.whole else float(f"{value:.3g}")

    def values(self) -> list[Any]:
        """So many numbers, or all whole ones where there are fewer."""
        return list(dict.fromkeys(self.at(number / (self.count - 1)) for number in range(self.count)))


def combinations(values: Mapping[str, list[Any]], trials: int | None, seed: int) -> list[dict[str, Any]]:
    """The settings of each trial: every combination, or so many that are drawn, without one twice. Raises InputError."""
    listed = {
        name: [one for part in parts for one in (part.values() if isinstance(part, GridRange) else [part])]
        for name, parts in values.items()
    }
    every = math.prod(map(len, listed.values()))
    if trials is None:
        if every > MOST_TRIALS:
            raise InputError(f"the grid has {every:,} combinations; draw some of them, as «--trials 50».")
        return [dict(zip(listed, combination, strict=True)) for combination in product(*listed.values())]
    check_count("the number of trials", trials, 1)
    random, points = np.random.default_rng([seed, 1]), list[dict[str, Any]]()
    for _ in range(100 * trials):
        parts = {name: parts[random.integers(len(parts))] for name, parts in values.items()}
        point = {name: part.at(random.random()) if isinstance(part, GridRange) else part for name, part in parts.items()}
        if point not in points:
            points.append(point)
        if len(points) == trials:
            break
    return points
