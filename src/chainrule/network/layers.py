"""Layers: from the expression of what goes in to the expressions of what comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chainrule.base.display import Displayed
from chainrule.base.errors import DescriptionError, ShapeError, quoted
from chainrule.formula.expression import Expression
from chainrule.network.definitions import Bound, Wanted, find

MOST_UNITS = 10**7
"""Nobody means more units than this; refused before memory is taken."""


@dataclass(frozen=True)
class Dense(Displayed):
    """A layer of `units` neurons, each of which sees every input: z = x W + b, h = f(z).

    units        how many neurons
    activation   f; None until a network decides (tanh inside, what fits the loss at the end)
    bias         whether there is a b
    initializer  how W starts where no numbers are given; b starts at zero
    given        numbers for "W" (inputs × units) and "b" (units)
    frozen       which of "W" and "b" the update leaves alone
    """

    units: int
    activation: Bound | None = None
    bias: bool = True
    initializer: Bound | None = None
    given: Mapping[str, Any] = field(default_factory=dict, compare=False)
    frozen: tuple[str, ...] = ()

    def shapes(self, inputs: int) -> dict[str, tuple[int, ...]]:
        """The shapes of the parameters for so many inputs."""
        return {"W": (inputs, self.units), **({"b": (self.units,)} if self.bias else {})}


def dense(
    units: int,
    activation: Wanted | None = None,
    *,
    bias: bool | Sequence[float] = True,
    weights: Any = None,
    initializer: Wanted | None = None,
    frozen: Sequence[str] = (),
) -> Dense:
    """A dense layer for a `Network`: z = x W + b, h = f(z).

    x : (batch, inputs)    W : (inputs, units)    b : (units,)    z, h : (batch, units)

    bias     True, False, or its numbers
    weights  numbers of the shape (inputs, units), instead of an initialiser
    frozen   ("b",) keeps b as it is, ("W",) keeps W

    Raises DescriptionError or UnknownNameError.
    Source: Rumelhart, Hinton & Williams (1986), eq. 1.
    """
    given = {} if weights is None else {"W": weights}
    if not isinstance(bias, bool):
        given["b"] = bias
    return Dense(
        units=checked_size(units, "units of a layer"),
        activation=None if activation is None else find("activation", activation),
        bias=bias is not False,
        initializer=None if initializer is None else find("initializer", initializer),
        given=given,
        frozen=_checked_frozen(frozen),
    )


def _checked_frozen(frozen: Sequence[str]) -> tuple[str, ...]:
    for name in frozen:
        if name not in ("W", "b"):
            raise DescriptionError(f'frozen names "W" or "b", not {quoted(name)}.')
    return tuple(frozen)


def checked_size(size: object, what: str) -> int:
    """A whole number from 1 to `MOST_UNITS`. Raises DescriptionError."""
    if isinstance(size, bool) or not isinstance(size, int):
        raise DescriptionError(f"the number of {what} must be a whole number, not {quoted(size)}.")
    if size < 1:
        raise DescriptionError(f"the number of {what} must be at least 1, not {quoted(size)}.")
    if size > MOST_UNITS:
        raise DescriptionError(f"{quoted(size)} {what} are more than this can hold; the limit is {MOST_UNITS:,}.")
    return size


def net_input(x: Expression, W: Expression, b: Expression | None) -> Expression:
    """z = x W + b. Raises ShapeError in the words of the layer if x and W do not fit."""
    if x.shape[-1] != W.shape[0]:
        raise ShapeError(f"{W} expects {W.shape[0]} inputs, but {x} has {x.shape[-1]}.")
    return x @ W if b is None else x @ W + b
