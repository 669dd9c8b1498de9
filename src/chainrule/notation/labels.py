"""What each quantity is called on paper: W1[1,2] is w3, b1[2] is b2⁽¹⁾, delta2 is δ⁽²⁾, dW1 is ∂E/∂W₁.

w1, w2 … count unit by unit in the order of the inputs: in a 2-2-1 network w1, w2 lead into h1, w3, w4 into h2, w5, w6 into y. Biases
say their layer and their unit, as b1, b2 … are the vectors of the layers.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import field
from functools import cached_property
from itertools import accumulate

from chainrule.base.frozen import FrozenValue, replace
from chainrule.formula.expression import Expression, Name
from chainrule.formula.primitives import unflat
from chainrule.notation.conventions import PRESETS, Notation
from chainrule.notation.formula import Derivative, Symbol

MOST_NUMBERED = 99
"""Up to so many weights are numbered w1, w2 …; more are written W1[2,3]."""


class Labels(FrozenValue):
    """The letters of one network's quantities in one notation.

    parameters  what the network learns, in its order; empty where there is no network
    quantities  every other named quantity, in the order of computation
    notation    the course's letters
    batch       how many samples: with more than one, an element says which sample it belongs to
    """

    parameters: tuple[Expression, ...] = ()
    quantities: tuple[Expression, ...] = ()
    notation: Notation = PRESETS["seed"]
    batch: int = 1
    _written: dict[Name, Symbol | Derivative] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def layers(self) -> int:
        """How many layers have parameters or quantities of their own."""
        nodes = (*self.parameters, *self.quantities)
        return max((node.name.layer or 0 for node in nodes if node.name is not None), default=0)

    @cached_property
    def _starts(self) -> dict[str, int]:
        """How many weights stand before each matrix."""
        matrices = [node for node in self.parameters if len(node.shape) > 1]
        sizes = (math.prod(int(size) for size in node.shape) for node in matrices)
        return {node.key: before for node, before in zip(matrices, accumulate(sizes, initial=0), strict=False)}

    @cached_property
    def _parameters(self) -> frozenset[Expression]:
        return frozenset(self.parameters)

    @cached_property
    def _known(self) -> dict[str, Expression]:
        return {node.key: node for node in (*self.parameters, *self.quantities)}

    @cached_property
    def numbered(self) -> bool:
        """Are the weights numbered w1, w2 …? Not where there are many of them, nor where something else has the small letter."""
        matrices = [node for node in self.parameters if len(node.shape) > 1]
        small = {self.notation.letter(node.symbol).lower() for node in matrices}
        taken = {self.notation.letter(node.symbol) for node in self._known.values()}
        return 0 < sum(math.prod(int(size) for size in node.shape) for node in matrices) <= MOST_NUMBERED and not small & taken

    @cached_property
    def _one_hidden(self) -> bool:
        """Is there a single hidden layer?"""
        hidden = {node.name.layer for node in self.quantities if node.name is not None and node.symbol == "h"}
        return self.layers <= 2 and len(hidden) < 2

    @cached_property
    def _plain_letters(self) -> Collection[str]:
        """The letters of what belongs to no layer: an input called a, where the notation has a for what a layer gives, too."""
        return {self.notation.letter(node.symbol) for node in self.quantities if node.name is not None and node.name.layer is None}

    @property
    def taken(self) -> Collection[str]:
        """Letters that mean something here beside what they always mean: where e is a quantity, e^x is written exp(x)."""
        return ()

    def label(self, name: Name) -> Symbol | Derivative:
        """How a quantity, or an element of one, is written; a gradient is ∂E/∂ the quantity, or δ for ∂E/∂z."""
        if name not in self._written:
            self._written[name] = self._label(name)
        return self._written[name]

    def _label(self, name: Name) -> Symbol | Derivative:
        if name.gradient and not name.mark:
            if name.symbol == "z":
                return replace(self._symbol(replace(name, gradient=False)), letter=self.notation.letter("delta"), key=self._key(name))
            return Derivative(self.error, self._symbol(replace(name, gradient=False)))
        if name.gradient:
            weight = self._plain(self._symbol(replace(name, gradient=False, mark="")))
            return Symbol("g", weight, superscript="′", key=self._key(name))
        return self._symbol(name)

    @property
    def error(self) -> Symbol:
        """The symbol of the error."""
        return Symbol(self.notation.letter("E"), key="E")

    def _symbol(self, name: Name) -> Symbol:
        marked = name.mark.removesuffix("next").rstrip("_")
        base = self._owned(name, marked) if marked else self._plain_symbol(replace(name, mark="") if name.mark else name)
        return replace(base, superscript=f"{base.superscript}+") if name.mark.endswith("next") else base

    def _owned(self, name: Name, owner: str) -> Symbol:
        """A state of an optimiser: m with the weight it belongs to below."""
        known = self._known.get(owner)
        whole = Name(owner) if known is None or known.name is None else known.name
        index = name.index
        if index is not None and known is not None:  # of a matrix of one row in place of a vector, the place in the row
            index = index[len(index) - len(known.shape) :] if len(index) > len(known.shape) else index
        whole = replace(whole, index=index)
        weight = self._plain(self._plain_symbol(whole))
        return Symbol(self.notation.letter(name.symbol), weight, _time(name), bold=name.index is None, key=self._key(name))

    def _plain(self, symbol: Symbol) -> str:
        return f"{symbol.letter}{symbol.superscript}{symbol.subscript}"

    def _plain_symbol(self, name: Name) -> Symbol:
        known = self._known.get(name.whole.key)
        is_parameter = name.symbol in ("W", "b") if known is None else known in self._parameters
        return replace(self._parameter(name) if is_parameter else self._quantity(name), key=self._key(name))

    def _key(self, name: Name) -> str:
        return (replace(name, mark=name.mark.removesuffix("next").rstrip("_")) if name.mark else name).key

    def _parameter(self, name: Name) -> Symbol:
        letter, layer = self.notation.letter(name.symbol), name.layer or 1
        if not name.index:  # the whole, or the one number that it is
            known = self._known.get(name.key)
            return Symbol(letter, name.scope or str(name.layer or ""), bold=known is None or bool(known.shape))
        as_it_lies = name.whole.key in self._known and len(name.index) == len(self._known[name.whole.key].shape)
        if len(name.index) > 1 and self.numbered and as_it_lies:  # the first axis fastest: unit by unit, in the order of the inputs
            before, number = 1, self._starts[name.whole.key] + 1
            for place, extent in zip(name.index, self._known[name.whole.key].shape, strict=True):
                number, before = number + place * before, before * int(extent)
            return Symbol(letter.lower(), str(number))
        index = name.index if self.notation.vectors == "rows" else name.index[::-1]
        below = ",".join(str(i + 1) for i in index)
        if name.scope:
            return Symbol(letter, f"{name.scope},{below}")
        if len(index) == 1 and self.notation.layers == "subscript":
            return Symbol(letter, f"{layer},{below}")
        return Symbol(letter, below, f"({layer})")

    def _quantity(self, name: Name) -> Symbol:
        letter = self.notation.letter(name.symbol)
        layer = self._layer(name)
        if name.index is None:
            bold = name.symbol in {"x", "t", "y", "z", "h"} or (name.key in self._known and bool(self._known[name.key].shape))
            return Symbol(letter, name.scope, (f"({layer})" if layer else "") + _time(name), bold=bold)
        sample, places = self._places(name)
        alone = not places or self._alone(name, layer)
        below = "" if alone else ",".join(str(place + 1) for place in places)
        above = f"({layer})" if layer and self.notation.layers == "superscript" else ""
        if layer and self.notation.layers == "subscript":
            below = f"{layer},{below}" if below else str(layer)
        below = ",".join(filter(None, (name.scope, below)))
        which = f"[{sample[0] + 1}]" if sample and self.batch > 1 else ""
        above += _time(name)
        return Symbol(letter, below, above + which)

    def _places(self, name: Name) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The sample, where the quantity has samples, and the places within one; a single channel is not counted."""
        known, index = self._known.get(name.whole.key), name.index or ()
        if known is None or len(known.shape) < 2:
            return index[:-1], index[-1:]
        if known.shape[0] != "batch":
            return (), index
        extents = tuple(int(extent) for extent in known.shape[1:])
        if len(index) == 2 and len(extents) > 1:  # a place counted through all axes
            index = (index[0], *unflat(index[1], extents))
        return index[:1], index[1:-1] if len(extents) > 1 and extents[-1] == 1 else index[1:]

    def _alone(self, name: Name, layer: int | None) -> bool:
        """Is this the only unit of an output, or z of one? Such a one needs no number."""
        known = self._known.get(name.whole.key)
        if known is None or known.shape[-1:] != (1,):
            return False
        return (name.symbol in ("y", "t") and not layer) or (name.symbol == "z" and name.layer == self.layers)

    def _layer(self, name: Name) -> int | None:
        """The layer, where neither its name nor the letter alone would tell: h of a single hidden layer needs none."""
        if name.scope:
            return None
        if name.symbol == "y" and self.notation.letter("y") == self.notation.letter("h") and self.layers:
            return self.layers
        if self.notation.letter(name.symbol) in self._plain_letters:
            return name.layer
        if name.layer is None or (name.symbol == "h" and self._one_hidden and self.notation.letter("y") != self.notation.letter("h")):
            return None
        return name.layer if self.layers != 1 else None


class TypedLabels(Labels):
    """The letters of a formula as a person typed them, whatever they mean in a network. Gradients are those of the result.

    letters  every letter of the formula; the result is the last one
    """

    letters: tuple[Expression, ...] = ()

    @property
    def taken(self) -> Collection[str]:
        """The letters that were typed."""
        return {node.symbol for node in self.letters}

    @cached_property
    def _typed(self) -> dict[str, Symbol]:
        """Digits at the end hang below, unless two letters would look alike; a further value of a letter says which it is."""
        lowered = {node.symbol: _lowered(node.symbol) for node in self.letters}
        alike = {pair for pair in lowered.values() if list(lowered.values()).count(pair) > 1}
        return {node.key: self._written_as(node.name, lowered[node.symbol], alike) for node in self.letters if node.name is not None}

    def _written_as(self, name: Name, lowered: tuple[str, str], alike: Collection[tuple[str, str]]) -> Symbol:
        letter, below = (name.symbol, "") if lowered in alike else lowered
        return Symbol(letter, below, "" if name.time is None else f"({name.time})", key=name.key)

    @property
    def error(self) -> Symbol:
        """The symbol of the result."""
        return self._typed[self.letters[-1].key]

    def _label(self, name: Name) -> Symbol | Derivative:
        symbol = self._typed[replace(name, gradient=False).key]
        return Derivative(self.error, symbol) if name.gradient else symbol


def _lowered(symbol: str) -> tuple[str, str]:
    """x1 and x_1 as x with a 1 below."""
    letters = symbol.rstrip("0123456789")
    return letters.removesuffix("_") or letters, symbol[len(letters) :]


def _time(name: Name) -> str:
    """⟨2⟩ of a quantity in the second call of its layer; ⟨2,3⟩ at the third place of a sequence there."""
    if name.time is None:
        return ""
    return f"⟨{name.time}⟩" if name.call is None else f"⟨{name.call},{name.time}⟩"


DEFAULT = Labels()
"""Labels where no network is known."""
