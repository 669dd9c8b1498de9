"""Where the backward pass of a layer goes wrong: the first value by whose replacement every one of its gradients would be right.

What a backward pass gives is linear in the values on its way. So whether other numbers at one place would make all gradients right is a
question of least squares, asked of each statement. Of statements that follow from each other all answer yes; the first of them whose value
is no derivative of the forward pass is where it goes wrong, and those derivatives are measured: values of the forward pass are moved.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import Frozen
from chainrule.learners.changed_values import Changed, Events, Instead, by_spot, derivative, slope, statement_spots
from chainrule.learners.layer_functions import Called, Pair, by_symbol, layer_pairs
from chainrule.learners.loading import Failed, Loaded, TooLong, draw_anew, running

T = TypeVar("T")

PATIENCE = 6.0
"""Seconds of the processor for a search."""

MOST_UNKNOWNS = 400
"""Numbers of a statement, all its turns together, that are replaced at once."""

NEAR = 1e-6
"""How far a value may be from a measured derivative, and how much of what is wrong may be left, relatively."""

TURNS = 2
"""Directions in which a derivative is measured: a value is it where it agrees in all of them."""


class Repairs(Frozen):
    """By what a wrong value can be made one with which every gradient is right.

    effects  how each number of it changes the gradients, all of them in a vector; missing: what these lack
    added    the least that has to be added to it; unique: whether nothing else does
    """

    effects: Array
    missing: Array
    added: Array
    unique: bool

    def by(self, added: Array) -> bool:
        """Is every gradient right when this is added?"""
        return float(np.abs(self.effects @ added - self.missing).max()) <= 10 * NEAR * float(np.abs(self.missing).max())


class LayerSlip:
    """The search in one pair, called as the layer that it was read as, with the gradients that it should give."""

    def __init__(self, loaded: Loaded, pair: Pair, plain: Mapping[str, Any], wanted: Mapping[str, Array]) -> None:
        self.loaded, self.pair, self.plain, self.wanted = loaded, pair, plain, wanted
        self.probe = plain["probes"][0]
        self.seeds = {symbol: np.array(value, dtype=float) for symbol, value in self.probe["seeds"][0].items()}
        self._end = time.process_time() + PATIENCE
        self._measured: dict[int, list[list[float]]] = {}
        self._forward: dict[int, list[tuple[int, Array]]] = {}

    def place(self) -> int | None:
        """The spot at which it goes wrong; None where no single one explains everything.

        Of statements that follow from each other, those before it have right values, as derivatives are, and would have to be what is no
        derivative; it is the first that is none itself, or for which a derivative would make everything right.
        """
        found, events = self._gradients()
        missing = self._flat(self.wanted) - self._flat(found)
        doubled, turns = by_spot(self._gradients(times=2.0)[1]), by_spot(events)
        best, chosen = len(events), None
        candidates = sorted(statement_spots(self.loaded) & turns.keys(), key=lambda spot: turns[spot][0][0])
        for linear in (True, False):  # what does not depend on what arrives at all, where that was left out
            for spot in candidates if chosen is None else ():
                places, values = zip(*turns[spot], strict=True)
                upstream = [twice for _, twice in doubled.get(spot, ())]
                pairs = zip(upstream, values, strict=False)
                follows = len(upstream) >= len(values) and all(np.allclose(twice, 2 * value, rtol=1e-9) for twice, value in pairs)
                if places[0] >= best or follows != linear or not any(value.any() for value in values):
                    continue
                repairs = self._repairs(spot, values, missing)
                if repairs is None:
                    continue
                strange = [place for place, old in zip(places, values, strict=True) if linear and not self._is_derivative(old)]
                meant = self._first_meant(repairs, values, places)
                if (first := min([*strange[:1], *meant], default=best)) < best:
                    best, chosen = first, spot
        return chosen

    def _passed(self, passes: Callable[[Called], T], instead: Instead | None, *, backward: bool) -> tuple[T, Events]:
        """What a pass of the pair gives, with the arrays of its probe, and the values on its way, with others in place of some.

        Raises Failed, TooLong after the time for a search.
        """
        if time.process_time() > self._end:
            raise TooLong
        recorder = self.loaded.recorder
        with running():
            draw_anew()
            called = Called(self.loaded, self.pair, self.plain, self.probe)
            if backward:
                called.forward()
            recorder.begin()
            recorder.on, recorder.instead = instead is None, instead
            try:
                given = passes(called)
            finally:
                recorder.on, recorder.instead = False, None
        return given, recorder.values

    def _gradients(self, instead: Instead | None = None, times: float = 1.0) -> tuple[dict[str, Array], Events]:
        """What the backward pass gives, and the values on its way."""
        seeds = {symbol: times * value for symbol, value in self.seeds.items()}
        named, events = self._passed(lambda called: by_symbol(called.backward(seeds), called), instead, backward=True)
        return {symbol: value for symbol, (_, value) in named.items()}, events

    def _results(self, instead: Instead | None = None) -> tuple[list[Array], Events]:
        """What the forward pass gives, and the values on its way."""
        return self._passed(Called.forward, instead, backward=False)

    def _error(self, instead: Instead) -> float:
        """Σ ∂E/∂y · y, whose derivatives the backward pass gives."""
        pairs = zip(self.plain["results"], self._results(instead)[0], strict=False)
        return sum(float(np.vdot(self.seeds[symbol], value.reshape(self.seeds[symbol].shape))) for symbol, value in pairs)

    def _flat(self, gradients: Mapping[str, Array]) -> Array:
        return np.concatenate([gradients[symbol].ravel() for symbol in self.wanted])

    def _repairs(self, spot: int, values: Sequence[Array], missing: Array) -> Repairs | None:
        """What has to be added at this spot, in all its turns, for every gradient to be right; None where nothing does that."""
        if sum(value.size for value in values) > MOST_UNKNOWNS:
            return None
        start, columns = self._flat(self._gradients(Changed(spot, values))[0]), list[Array]()
        for turn, value in enumerate(values):
            for place in range(value.size):
                moved = value.copy()
                moved.flat[place] += 1.0
                others = [*values[:turn], moved, *values[turn + 1 :]]
                columns.append(self._flat(self._gradients(Changed(spot, others))[0]) - start)
        effects = np.stack(columns, axis=1)
        added, _, rank, _ = np.linalg.lstsq(effects, missing, rcond=1e-10)
        found = Repairs(effects, missing, added, unique=rank == len(added))
        return found if found.by(added) else None

    def _first_meant(self, repairs: Repairs, values: Sequence[Array], places: Sequence[int]) -> list[int]:
        """The first turn in which a derivative should stand where something else does; empty where those would be no derivatives."""
        ends = np.cumsum([value.size for value in values])[:-1]
        parts = zip(places, values, np.split(repairs.added, ends), strict=True)
        changed = [
            (place, value + part.reshape(value.shape))
            for place, value, part in parts
            if np.abs(part).max() > NEAR * max(np.abs(value).max(), np.abs(part).max())
        ]
        if all(self._is_derivative(new) for _, new in changed):
            return [place for place, _ in changed[:1]]
        if repairs.unique or len(values) > 1:
            return []
        (value,) = values
        return list(places) if any(repairs.by(one.ravel() - value.ravel()) for one in self._derivatives(value.size)) else []

    def _derivatives(self, size: int) -> Iterator[Array]:
        """∂E/∂ each value of that size on the forward pass, as it is and transposed."""
        for spot, turn, value in self._values_forward(size):
            found = derivative(self._error, spot, turn, value)
            yield from (found, found.T)

    def _is_derivative(self, value: Array) -> bool:
        """Is it ∂E/∂ something on the forward pass, as a whole or at one place where that is used, as it is or transposed?"""
        given = [*self.seeds.values(), *self.wanted.values()]
        turned = (value.ravel(), value.T.ravel())
        if any(np.allclose(np.sort(one, axis=None), np.sort(value, axis=None), rtol=NEAR) for one in given if one.size == value.size):
            return True
        size = value.size
        if size not in self._measured:
            self._measured[size] = list(self._measure(size))
        ways = _directions(size)
        scale = NEAR * 10 * float(np.linalg.norm(value)) + 1e-9
        return any(
            all(abs(float(way @ one) - slope) <= scale for way, slope in zip(ways, slopes, strict=True))
            for slopes in self._measured[size]
            for one in turned
        )

    def _measure(self, size: int) -> Iterator[list[float]]:
        """How E changes with each value of that size on the forward pass, along a few directions."""
        for spot, turn, value in self._values_forward(size):
            slopes = [slope(self._error, spot, {turn: way.reshape(value.shape)}) for way in _directions(size)]
            if any(slopes):
                yield slopes

    def _values_forward(self, size: int) -> Iterator[tuple[int, int, Array]]:
        """The values of that size on the way forward, each with its spot and its turn there."""
        self._forward = self._forward or by_spot(self._results()[1])
        for spot, turns in self._forward.items():
            yield from ((spot, turn, value) for turn, (_, value) in enumerate(turns) if value.size == size)


def _directions(size: int) -> list[Array]:
    return [np.random.default_rng([size, turn]).normal(size=size) for turn in range(TURNS)]


def layer_slip(loaded: Loaded, name: str, plain: Mapping[str, Any], wanted: Mapping[str, Array]) -> dict[str, Any]:
    """The line and the expression at which the backward pass of a pair goes wrong; empty where that is at no single place.

    name    of the pair; plain: the layer as which it was read
    wanted  the right gradients on the first of its probes, in the program's writing
    """
    pair = next((one for one in layer_pairs(loaded) if one.name == name), None)
    if pair is None:
        return {}
    try:
        with np.errstate(all="ignore"):
            spot = LayerSlip(loaded, pair, plain, wanted).place()
    except (Failed, TooLong):
        return {}
    return {} if spot is None else {"line": loaded.spots[spot].line, "expression": loaded.spots[spot].text(loaded.code)}
