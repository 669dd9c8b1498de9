"""What each quantity is called on paper: W1[1,2] is w3, delta2 is δ⁽²⁾, dW1 is ∂E/∂W₁.

w1, w2 … count unit by unit in the order of the inputs: in a 2-2-1 network w1, w2 lead into h1, w3, w4 into h2, w5, w6 into y.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from chainrule.formula.expression import Name
from chainrule.notation.conventions import PRESETS, Notation
from chainrule.notation.formula import Derivative, Symbol

MOST_NUMBERED = 99
"""Up to so many weights are numbered w1, w2 …; more are written W1[2,3]."""


@dataclass(frozen=True)
class Labels:
    """The letters of one network's quantities in one notation.

    sizes     inputs and units of every layer; empty where there is no network
    notation  the course's letters
    batch     how many samples: with more than one, an element says which sample it belongs to
    """

    sizes: tuple[int, ...] = ()
    notation: Notation = PRESETS["seed"]
    batch: int = 1
    _known: dict[Name, Symbol | Derivative] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def layers(self) -> int:
        """How many layers have weights."""
        return max(len(self.sizes) - 1, 0)

    @property
    def numbered(self) -> bool:
        """Are the weights numbered w1, w2 …?"""
        return 0 < sum(a * b for a, b in zip(self.sizes, self.sizes[1:], strict=False)) <= MOST_NUMBERED

    def label(self, name: Name) -> Symbol | Derivative:
        """How a quantity, or an element of one, is written; a gradient is ∂E/∂ the quantity, or δ for ∂E/∂z."""
        if name not in self._known:
            self._known[name] = self._label(name)
        return self._known[name]

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

    def weight(self, layer: int, source: int, unit: int) -> int:
        """The number of a weight, from 1: unit by unit, in the order of the inputs (all counted from 0 but the layer)."""
        before = sum(a * b for a, b in zip(self.sizes[: layer - 1], self.sizes[1:layer], strict=True))
        return before + unit * self.sizes[layer - 1] + source + 1

    def _symbol(self, name: Name) -> Symbol:
        marked = name.mark.removesuffix("next").rstrip("_")
        base = self._owned(name, marked) if marked else self._plain_symbol(replace(name, mark=""))
        return replace(base, superscript=f"{base.superscript}+") if name.mark.endswith("next") else base

    def _owned(self, name: Name, owner: str) -> Symbol:
        """A state of an optimiser: m with the weight it belongs to below."""
        whole = Name(owner[0], int(owner[1:]) if owner[1:].isdigit() else None, name.index)
        weight = self._plain(self._plain_symbol(whole))
        return Symbol(self.notation.letter(name.symbol), weight, bold=name.index is None, key=self._key(name))

    def _plain(self, symbol: Symbol) -> str:
        return f"{symbol.letter}{symbol.superscript}{symbol.subscript}"

    def _plain_symbol(self, name: Name) -> Symbol:
        writer = {"W": self._weight, "b": self._bias}.get(name.symbol, self._quantity)
        return replace(writer(name), key=self._key(name))

    def _key(self, name: Name) -> str:
        return replace(name, mark=name.mark.removesuffix("next").rstrip("_")).key

    def _weight(self, name: Name) -> Symbol:
        letter, layer = self.notation.letter("W"), name.layer or 1
        if name.index is None:
            return Symbol(letter, str(name.layer or ""), bold=True)
        source, unit = name.index
        if self.numbered:
            return Symbol(letter.lower(), str(self.weight(layer, source, unit)))
        below = f"{source + 1},{unit + 1}" if self.notation.vectors == "rows" else f"{unit + 1},{source + 1}"
        return Symbol(letter, below, f"({layer})")

    def _bias(self, name: Name) -> Symbol:
        letter, layer = self.notation.letter("b"), name.layer or 1
        if name.index is None:
            return Symbol(letter, str(name.layer or ""), bold=True)
        if self.numbered:
            return Symbol(letter, str(sum(self.sizes[1:layer]) + name.index[0] + 1))
        return Symbol(letter, str(name.index[0] + 1), f"({layer})")

    def _quantity(self, name: Name) -> Symbol:
        letter = self.notation.letter(name.symbol)
        layer = self._layer(name)
        if name.index is None:
            arrays = {"x", "t", "y", "z", "h"}
            return Symbol(letter, "", f"({layer})" if layer else "", bold=name.symbol in arrays)
        *sample, unit = name.index if name.index else (None,)
        alone = unit is None or (name.symbol in "yt" and self.layers and self.sizes[-1] == 1 and not layer) or self._single(name)
        below = "" if alone else str(int(unit) + 1)  # type: ignore[arg-type]  # alone where there is no unit
        above = f"({layer})" if layer and self.notation.layers == "superscript" else ""
        if layer and self.notation.layers == "subscript":
            below = f"{layer},{below}" if below else str(layer)
        which = f"[{int(sample[0]) + 1}]" if sample and self.batch > 1 else ""
        return Symbol(letter, below, above + which)

    def _single(self, name: Name) -> bool:
        """Is this the only unit of its layer? z of a single output needs no number."""
        return name.symbol == "z" and name.layer == self.layers and self.sizes[-1:] == (1,)

    def _layer(self, name: Name) -> int | None:
        """The layer, where the letter alone would not tell: h of a single hidden layer needs none."""
        if name.symbol == "y" and self.notation.letter("y") == self.notation.letter("h") and self.layers:
            return self.layers
        if name.layer is None or (name.symbol == "h" and self.layers <= 2 and self.notation.letter("y") != self.notation.letter("h")):
            return None
        return name.layer if self.layers != 1 else None


DEFAULT = Labels()
"""Labels where no network is known."""
