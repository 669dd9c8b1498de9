"""The notation of a course: its letters, vectors as rows or columns, decimal sign, language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, fields
from typing import Any

from chainrule.base.arrays import python_value
from chainrule.base.display import Displayed
from chainrule.base.errors import DescriptionError, UnknownNameError
from chainrule.base.frozen import FrozenValue

PRIMES = {"a": "", "b": "′"}
"""What stands behind a letter that a layer has twice, as gammaa and gammab: in a block with two normalisations γ and γ′."""

LETTERS = {
    "x": "x",
    "t": "t",
    "y": "y",
    "E": "E",
    "z": "z",
    "h": "h",
    "W": "W",
    "b": "b",
    "theta": "θ",
    "gamma": "γ",
    "shift": "β",
    **{letter + part: letter + prime for letter in "cvnl" for part, prime in PRIMES.items()},  # of normalisations
    "delta": "δ",
    "learning_rate": "η",
    "batch": "N",
    "k": "k",
    "momentum": "μ",
    "beta1": "β₁",
    "beta2": "β₂",
    "epsilon": "ε",
    "decay": "ρ",
    "weight_decay": "λ",
    "m_hat": "m̂",
    "v_hat": "v̂",
    "mu": "μ",
    "mu_ahead": "μ′",
    "momentum_decay": "ψ",
    "length": "ℓ",
    "length_limit": "ℓ∞",
    "reliance": "r",
    "norm": "‖g‖",
    "w": "w",
    "g": "g",
}
"""The letter of each quantity where nothing else is said. A weight of W is written with the small letter."""

CHOICES = {
    "vectors": ("rows", "columns"),
    "decimal": ("point", "comma"),
    "language": ("en", "de"),
    "layers": ("superscript", "subscript"),
}


class Notation(Displayed, FrozenValue):
    """How formulas and numbers are written.

    letters   quantity → letter, where it differs from `LETTERS`: {"learning_rate": "α", "y": "ŷ"}
    vectors   "rows" (x W + b, one sample a row) or "columns" (W x + b, one sample a column)
    decimal   "point" or "comma"
    language  "en" or "de"
    layers    how elements say their layer where there are several: "superscript" h₁⁽²⁾ or "subscript" h₂,₁
    digits    significant digits of rounded numbers
    exact     True prints fractions

    Raises UnknownNameError or DescriptionError.
    """

    letters: Mapping[str, str] = field(default_factory=dict)
    vectors: str = "rows"
    decimal: str = "point"
    language: str = "en"
    layers: str = "superscript"
    digits: int = 6
    exact: bool = False

    def __post_init__(self) -> None:
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise UnknownNameError(f"choice for notation.{name}", str(getattr(self, name)), allowed)
        object.__setattr__(self, "digits", python_value(self.digits))
        if isinstance(self.digits, bool) or not isinstance(self.digits, int) or not 1 <= self.digits <= 17:
            raise DescriptionError(f"notation.digits must be a whole number from 1 to 17, not {self.digits!r}.")
        if not isinstance(self.exact, bool):
            raise DescriptionError(f"notation.exact must be true or false, not {self.exact!r}.")
        self._check_letters()

    def _check_letters(self) -> None:
        if not isinstance(self.letters, Mapping):
            raise DescriptionError('notation.letters must be a table such as {learning_rate = "α"}.')
        for quantity, letter in self.letters.items():
            if quantity not in LETTERS:
                raise UnknownNameError("quantity with a letter of its own", quantity, LETTERS)
            if not isinstance(letter, str) or not letter.strip() or len(letter) > 12:
                raise DescriptionError(f"the letter of {quantity} must be a short text, not {letter!r}.")
        main = {quantity: self.letter(quantity) for quantity in ("x", "t", "y", "E", "z", "h", "W", "b", "delta", "learning_rate", "batch")}
        taken: dict[str, str] = {}
        for quantity, letter in main.items():
            if letter in taken and {quantity, taken[letter]} != {"y", "h"}:
                both = f"{taken[letter]} and {quantity}"
                raise DescriptionError(f"notation gives {both} the same letter, {letter}; choose another for one of them.")
            taken[letter] = quantity

    def letter(self, quantity: str) -> str:
        """The letter of a quantity; one without an entry is written by its own name."""
        own, base = self.letters.get(quantity, LETTERS.get(quantity)), quantity[:-1]
        if own is None and len(base) > 1 and base in LETTERS and quantity[-1] in PRIMES:
            return self.letter(base) + PRIMES[quantity[-1]]
        return quantity if own is None else own

    def to_dict(self) -> dict[str, Any]:
        """What differs from the default, as in a description."""
        default = Notation()
        changed = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != getattr(default, f.name)}
        return {key: dict(value) if isinstance(value, Mapping) else value for key, value in changed.items()}

    @staticmethod
    def from_dict(settings: Mapping[str, Any]) -> Notation:
        """From a table of a description; `preset` names one of `PRESETS` to start from. Raises UnknownNameError, DescriptionError."""
        known = [f.name for f in fields(Notation)]
        for key in settings:
            if key not in (*known, "preset"):
                raise UnknownNameError("setting of notation", key, [*known, "preset"])
        start = preset(settings["preset"]) if "preset" in settings else Notation()
        base = {f.name: getattr(start, f.name) for f in fields(Notation)}
        given = {key: value for key, value in settings.items() if key != "preset"}
        if isinstance(given.get("letters"), Mapping):
            given["letters"] = {**start.letters, **given["letters"]}
        return Notation(**{**base, **given})


PRESETS = {
    "seed": Notation(),
    "nielsen": Notation(letters={"E": "C", "h": "a", "y": "a", "t": "y"}, vectors="columns"),
    "ng": Notation(letters={"E": "J", "h": "a", "y": "ŷ", "t": "y", "learning_rate": "α", "batch": "m"}, vectors="columns"),
    "bishop": Notation(letters={"h": "z", "z": "a"}, vectors="columns"),
    "german": Notation(decimal="comma", language="de"),
}
"""Notations of well-known courses: Nielsen (2015), Ng's lectures, Bishop (2006); `german` is the default with comma and German words."""


def preset(name: str) -> Notation:
    """A notation by its name. Raises UnknownNameError."""
    if not isinstance(name, str) or name not in PRESETS:
        raise UnknownNameError("notation", str(name), PRESETS)
    return PRESETS[name]
