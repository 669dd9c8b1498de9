"""Options of definitions: the numbers that they may be, said as their types, and the check that they are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args, get_origin

from chainrule.base.arrays import python_value
from chainrule.base.errors import DescriptionError, quoted
from chainrule.base.frozen import FrozenValue


class Range(FrozenValue):
    """The numbers that an option may be, said as its type: `f(z, *, bend: Annotated[float, Range(above=0)] = 0.5)`."""

    above: float = -math.inf
    at_least: float = -math.inf
    below: float = math.inf
    at_most: float = math.inf

    def __contains__(self, number: float) -> bool:
        return self.above < number < self.below and self.at_least <= number <= self.at_most

    def __str__(self) -> str:
        said = {"greater than": self.above, "at least": self.at_least, "less than": self.below, "at most": self.at_most}
        return " and ".join(f"{words} {bound:,.15g}" for words, bound in said.items() if math.isfinite(bound))


Positive = Annotated[float, Range(above=0)]
NotNegative = Annotated[float, Range(at_least=0)]
Share = Annotated[float, Range(at_least=0, below=1)]
Rate = Annotated[float, Range(above=0, at_most=1e6)]
"""Types of options; nobody means a larger rate than a million."""

LARGEST_MULTIPLIER = 1_000_000
"""Nobody means that one layer learns a million times as fast as another."""


def checked_option(asked: str, value: Any, default: Any, wanted: Any) -> Any:
    """The value, if it is what its default is (a number, a text, a truth value) and its type allows it. Raises DescriptionError.

    asked   what was said, with which messages begin: "adam got epsilon = −1"
    wanted  the type, as `Positive` or `Literal["mean", "sum"]`; None where it is not known
    """
    kind: Any = bool if isinstance(default, bool) else str if isinstance(default, str) else (int, float)
    if not isinstance(value, kind) or isinstance(value, bool) != (kind is bool):
        raise DescriptionError(f"{asked}, which is no {'truth value' if kind is bool else 'text' if kind is str else 'number'}.")
    if get_origin(wanted) is Literal and value not in get_args(wanted):
        words = " or ".join(f'"{word}"' for word in get_args(wanted))
        raise DescriptionError(f"{asked}; it must be {words}.")
    if kind in (bool, str):
        return value
    if not abs(value) < 1e300:  # nor is NaN
        raise DescriptionError(f"{asked}, which is no number to compute with.")
    for allowed in getattr(wanted, "__metadata__", ()):
        if isinstance(allowed, Range) and value not in allowed:
            raise DescriptionError(f"{asked}; it must be {allowed}.")
    return value


def checked_multipliers(rule: str, value: Any) -> dict[str, float] | None:
    """By what an update rule multiplies the rates of layers and parameters, by their names. Raises DescriptionError."""
    value = python_value(value)
    if value is None:
        return None
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        example = '{"hidden1": 0.1, "b2": 2}'
        raise DescriptionError(f"multipliers of rates stand behind names of layers or parameters, as {example}, not {quoted(value)}.")
    for name, factor in value.items():
        if isinstance(factor, bool) or not isinstance(factor, (int, float)) or not 0 < factor <= LARGEST_MULTIPLIER:
            raise DescriptionError(
                f"{rule} got {quoted(factor)} as the multiplier of {name}; it must be a number greater than 0 and at most "
                f"{LARGEST_MULTIPLIER:,}. What is to stay as it is, is frozen."
            )
    return dict(value)
