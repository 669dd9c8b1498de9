"""What a layer's function is called with: its owner, which declares the layer's parameters and names its quantities."""

from __future__ import annotations

from functools import partial
from operator import is_
from typing import Any

from chainrule.base.errors import DescriptionError, ShapeError, quoted
from chainrule.base.frozen import Frozen, replace
from chainrule.formula.expression import Expression, Name, named, order, substitute, variable
from chainrule.network.definitions import Bound, find
from chainrule.network.layers import Layer, columns, whole_size


class Parameter(Frozen):
    """What a layer learns.

    variable  W1, with its shape
    start     what draws it where no numbers are given; None starts at zero
    layer     the layer that owns it
    moving    what it is after a step, where no gradient moves it: a running mean
    """

    variable: Expression
    start: Bound | None
    layer: Layer
    moving: Expression | None = None


class Mask(Frozen):
    """What is drawn anew for every step of a training: 1 / share where a unit stays, 0 where it is dropped.

    variable  (batch, …)
    share     how many stay
    """

    variable: Expression
    share: float


class Owner:
    """What a layer's function declares its parameters and names its quantities with, in one call of the layer.

    number    which of the layers it is, from 1
    time      which of its calls this is, from 1, where it is called several times
    declared  the parameters that layers have declared so far, by symbol
    declares  whether it has declared or named anything: only such layers are counted
    suffix    what is added to its symbols: of a part of a layer that has several alike, as the two directions of one
    alone     whether the layer is called on nothing, so that it can be no more than its parameter
    masks     those that it has drawn
    made      the quantities that it has named, in their order
    """

    def __init__(
        self,
        layer: Layer,
        number: int,
        time: int | None,
        declared: dict[Layer, dict[str, Parameter]],
        *,
        training: bool = True,
        suffix: str = "",
        alone: bool = False,
    ) -> None:
        self.alone = alone
        self.layer, self.number, self.time, self.declared = layer, number, time, declared
        self.scope = layer.name if layer.kind.scoped else ""
        self.declares, self.asked, self._training, self.suffix = False, False, training, suffix
        self.masks: list[Mask] = []
        self.made: list[Expression] = []
        self.outer: Owner | None = None

    @property
    def training(self) -> bool:
        """Is this what is trained, or what predicts? A layer that asks is two functions, of one set of parameters."""
        self.asked = True
        return self._training if self.outer is None else self.outer.training

    def inner(self, suffix: str) -> Owner:
        """An owner of the same layer whose symbols end so."""
        self.declares = True
        made = Owner(self.layer, self.number, self.time, self.declared, training=self._training, suffix=self.suffix + suffix)
        made.masks, made.made, made.outer = self.masks, self.made, self
        return made

    def running(self, symbol: str, value: Expression, share: float, start: float) -> Expression:
        """A number that follows a value from step to step: r ← (1 − share) r + share · value. No gradient moves it.

        start  what it is before the first step
        """
        self.parameter(symbol, *map(whole_size, value.shape), start=find("initializer", {"name": "constant", "value": start}), fixed=True)
        own = self.declared[self.layer]
        found = own[symbol + self.suffix]
        if self.training:
            own[symbol + self.suffix] = replace(found, moving=(1 - share) * found.variable + share * value)
        return found.variable

    def mask(self, symbol: str, like: Expression, share: float) -> Expression:
        """Numbers of the shape of a signal, drawn for every step: 1 / share with probability `share`, otherwise 0."""
        self.declares = True
        drawn = variable(self._name(symbol), like.shape)
        self.masks.append(Mask(drawn, share))
        return drawn

    def _name(self, symbol: str, time: int | None = None) -> Name:
        """The name of a quantity; where a layer with times of its own is called several times, it says which call, too."""
        call = None if time is None else self.time
        return Name(symbol + self.suffix, self.number, time=self.time if time is None else time, scope=self.scope, call=call)

    def parameter(self, symbol: str, *shape: int, start: Any = None, fixed: bool = False) -> Expression:
        """A parameter: the same one in every call of the layer.

        start  what draws it, as "glorot_uniform"; None: zeros. The layer's own initialiser replaces a start, not zeros
        fixed  the start is replaced by nothing

        Raises DescriptionError, ShapeError.
        """
        self.declares = True
        own, symbol = self.declared.setdefault(self.layer, {}), symbol + self.suffix
        if symbol not in own:
            chosen = None if fixed else self.layer.initializer
            drawn = None if start is None else chosen or find("initializer", start)
            own[symbol] = Parameter(variable(self._name_of(symbol), shape), drawn, self.layer)
        found = own[symbol].variable
        if found.shape != shape:
            raise ShapeError(f"{found} has the shape {found.shape}, but is called for {shape}: a shared layer needs inputs of one size.")
        return found

    def _name_of(self, symbol: str) -> Name:
        """A layer that is called as its parameter, decoder.mask, is that parameter: mask of decoder."""
        parent, _, last = self.scope.rpartition(".")
        return Name(symbol, scope=parent) if self.alone and last == symbol else Name(symbol, self.number, scope=self.scope)

    def of(self, layer: Layer, symbol: str) -> Expression:
        """A parameter of another layer that was called before. Raises DescriptionError."""
        if not isinstance(layer, Layer):
            raise DescriptionError(f"{self.layer.kind.name} needs the {symbol} of a layer, not of {quoted(layer)}.")
        if symbol not in self.declared.get(layer, {}):
            raise DescriptionError(f"{self.layer!r} uses {symbol} of {layer!r}, which is not called before it or has no {symbol}.")
        self.declares = True
        return self.declared[layer][symbol].variable

    def named(self, symbol: str, expression: Expression, time: int | None = None) -> Expression:
        """A quantity of its own: formulas write its name, and chains of derivatives stop at it.

        time  which step through a sequence it belongs to, from 1
        """
        self.declares = True
        self.made.append(named(self._name(symbol, time), expression))
        return self.made[-1]

    def linear(self, x: Expression, units: int, weights: str = "W", bias: str | None = "b", *, start: Any = "glorot_uniform") -> Expression:
        """z = x W + b.

        weights, bias  the symbols of the parameters; without a bias, None

        Raises ShapeError in the words of the layer if x and W do not fit.
        """
        z = x @ self.parameter(weights, columns(x), units, start=start)
        return z if bias is None else z + self.parameter(bias, units)

    def activated(self, activation: Any, z: Expression, symbol: str = "", time: int | None = None) -> Expression:
        """f(z), where z becomes a quantity of its own unless f leaves it as it is.

        symbol  names the result, too; that of a layer as a whole is named by the network
        time    as of `named`
        """
        rule = find("activation", activation)
        own = self.named("z" if not symbol or time is not None else f"z_{symbol}", z, time)
        h = rule.apply(own)
        if h.shape != own.shape:
            raise ShapeError(
                f"the activation {rule.name} must give as many numbers as it is given, {own.shape}, but gives {h.shape}"
                f"{'; a sum keeps its shape with keepdims=True.' if len(h.shape) < len(own.shape) else '.'}"
            )
        h = z if h is own else numbered(h, own, self.number, self.time if time is None else time)
        return self.named(symbol, h, time) if symbol else h


def numbered(formula: Expression, operand: Expression, layer: int | None, time: int | None = None) -> Expression:
    """The formula of a definition for one layer: what it names for itself (q) belongs to this layer (q1), as every layer has its own."""
    renamed = {operand: operand}
    for node in order(formula, wall=partial(is_, operand)):
        if node.primitive.name == "named" and node.name is not None and node is not operand:
            renamed[node] = named(replace(node.name, layer=layer, time=time), substitute(node.arguments[0], renamed))
    return substitute(formula, renamed)
