"""Runs of what goes alike, layer by layer or step by step of a sequence: of a long one, its beginning and its end stand for all."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from chainrule.formula.expression import Expression, Name, definition, written_nodes

if TYPE_CHECKING:
    from chainrule.explanation.context import Context

Thing = TypeVar("Thing")

FIRST, LAST, FEWEST = 2, 1, 5
"""Of a run, so many repetitions at its beginning and its end are shown; with fewer in all, each is."""

EVERYTHING = "«--detail overview --all»"
"""The options with which nothing of an overview is left out."""

LONGEST = 64
"""So many things at most make one repetition."""


def shortens(context: Context) -> bool:
    """Are runs shortened here? Where single numbers are shown, each has its own; and with --all nothing is left out."""
    return context.detail == "overview" and context.extent != "all"


def parted(things: Sequence[Thing], kinds: Sequence[Hashable]) -> Iterator[tuple[Sequence[Thing], Sequence[Thing]]]:
    """The things in parts: those that are shown, and those after them that go like them, which may be none.

    >>> list(parted("abcbcbcbcbcbcd", "abcbcbcbcbcbcd"))
    [('abcbc', 'bcbcbc'), ('bcd', '')]
    """
    start = place = 0
    while place < len(kinds):
        size, times = _run(kinds, place)
        if times >= FEWEST:
            left, end = place + FIRST * size, place + (times - LAST) * size
            yield things[start:left], things[left:end]
            start, place = end, place + times * size
        else:
            place += 1
    yield things[start:], things[:0]


def _run(kinds: Sequence[Hashable], place: int) -> tuple[int, int]:
    """How many things repeat from this place on, and how often they stand there; (1, 1) if none do often."""
    for size in range(1, min(LONGEST, (len(kinds) - place) // FEWEST) + 1):
        end = place + size
        while end < len(kinds) and kinds[end] == kinds[end - size]:
            end += 1
        if (times := (end - place) // size) >= FEWEST:
            return size, times
    return 1, 1


def shared_pattern(quantities: Sequence[Expression]) -> list[Hashable]:
    """What is the same of two quantities whose formulas differ in nothing but the numbers of layers, steps and calls in their names."""
    return [_kind(quantity) for quantity in quantities]


def _kind(quantity: Expression) -> Hashable:
    nodes = written_nodes(definition(quantity))
    places = {node: place for place, node in enumerate(nodes)}
    own = _numbers(quantity.own_name)
    parts = (
        (_named(node.name, own), node.shape)
        if node.name is not None
        else (node.primitive.name, node.shape, node.constant, tuple(places[argument] for argument in node.arguments))
        for node in nodes
    )
    return _named(quantity.own_name, own), quantity.shape, tuple(parts)


def _named(name: Name, own: Sequence[int]) -> Hashable:
    """A name, with its numbers as seen from those of another one, where these count the same."""
    numbers = _numbers(name)
    seen = tuple(mine - other for mine, other in zip(numbers, own, strict=True)) if len(numbers) == len(own) else tuple(numbers)
    written = (name.layer is None, name.time is None, name.call is None, re.sub(r"\d+", "", name.scope))
    return name.symbol, name.gradient, name.mark, written, seen


def _numbers(name: Name) -> list[int]:
    known = (name.layer, name.time, name.call, *map(int, re.findall(r"\d+", name.scope)))
    return [number for number in known if number is not None]
