"""Arrays that are never needed at the same time lie in the same place.

An array lives from the first stage that touches it to the last one; then another one may have its place:

>>> from chainrule.engines.compiled.graph.lives import shared_places
>>> shared_places({"a": (0, 1), "b": (1, 2), "c": (2, 4), "d": (2, 3)}, {"a": 64, "b": 128, "c": 64, "d": 128})
({'a': 0, 'b': 64, 'c': 0, 'd': 192}, 320)

c lies where a was; b is still read by the stage that computes d. In the place of an array of its own size, a thread has its rows where they
were before, and need not wait for others. Arrays of other sizes share a place only if they are large: waiting takes less time than they do.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from heapq import heappop, heappush
from itertools import accumulate
from typing import TypeVar

LARGE = 2**18
"""Bytes from which on an array may have the place of one of another size, which grows where it has to."""

Array = TypeVar("Array", bound=Hashable)


def shared_places(lives: Mapping[Array, tuple[int, int]], sizes: Mapping[Array, int]) -> tuple[dict[Array, int], int]:
    """Where each array begins, and how many bytes all of them take.

    lives  the numbers of the first and of the last stage that touches an array
    """
    taken: list[int] = []  # bytes of each place
    place_of: dict[Array, int] = {}
    held: list[tuple[int, int]] = []  # when the life ends of what lies in which place
    free: list[int] = []
    for array, (first, last) in sorted(lives.items(), key=lambda life: life[1][0]):
        while held and held[0][0] < first:
            free.append(heappop(held)[1])
        size = sizes[array]
        fitting = [place for place in free if taken[place] == size or min(size, taken[place]) >= LARGE]
        place = min(fitting, key=lambda place: abs(taken[place] - size), default=len(taken))
        if fitting:
            free.remove(place)
            taken[place] = max(taken[place], size)
        else:
            taken.append(size)
        place_of[array] = place
        heappush(held, (last, place))
    starts = [*accumulate(taken, initial=0)]
    return {array: starts[place] for array, place in place_of.items()}, starts[-1]
