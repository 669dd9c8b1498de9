"""One symbol, one colour, everywhere: which of a few colours each quantity has."""

from __future__ import annotations

import re
from collections.abc import Iterable

from chainrule.document.document import Section
from chainrule.notation.formula import Symbol
from chainrule.notation.parts import everything_in
from chainrule.pictures.shapes import FAMILIES


def colours(sections: Iterable[Section]) -> dict[str, int]:
    """The colour, counted from 0, of each symbol's key that occurs."""
    return of_keys(symbol.key for symbol in everything_in(sections) if isinstance(symbol, Symbol))


def of_keys(keys: Iterable[str]) -> dict[str, int]:
    """The colour of each of these keys that has one."""
    return {key: colour for key in sorted(set(keys)) if (colour := _colour(key)) is not None}


def _colour(key: str) -> int | None:
    if key.startswith(("delta", "dW", "db", "dh", "dy", "dz")):
        return FAMILIES["gradient"]
    if key in FAMILIES:
        return FAMILIES[key]
    if re.match(r"\w+_d[yt]\b", key):
        return FAMILIES["gradient"]
    letter = re.match(r"([A-Za-z])\d*(?:_t\d+)?(\[|$)|\w+_([ytE])(\[|$)", key)
    return FAMILIES.get(letter[1] or letter[3]) if letter else None
