"""Formulas as text, read into trees."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any


class NotRead(Exception):
    """This is no formula of the kind that is read here."""


PLACE = r"\[\w+(?:,\w+)*\]"
SYMBOL = rf"(?:(?!ᵀ)[^\W\d_]|‖(?:(?!‖).)+‖)(?:(?!ᵀ)\w|[⁽⁾⁺′∞\u0300-\u036f\u20d7])*(?:{PLACE}|\[\w+{PLACE}\])?"
"""A letter with its marks and its place: h1, W⁽²⁾[1,2], ℓ∞; or with the parameter that it belongs to, v[b[1,1]]."""
TOKEN = re.compile(
    rf"""\s*(?:
    (?P<number>\d+(?:[.,]\d+)?)
  | (?P<derivative>∂{SYMBOL}/∂{SYMBOL})
  | (?P<function>ln\ cosh|(?:(?!ᵀ)[^\W\d_])+\w*)(?=\()
  | (?P<symbol>Σ_\w+|Σ|{SYMBOL})
  | (?P<sign>[-−+·⊙/^()\[\]{{}}|,;>√⌊⌋ᵀ…⋮⋱∞])
)""",
    re.VERBOSE,
)
RELATIONS = "=≈←"


@dataclass(frozen=True)
class Literal:
    """A number as it is printed; the unit is the weight of its last digit."""

    value: Fraction
    unit: Fraction
    place: int


Tree = Any
"""A Literal, or a tuple of a kind and parts."""


def tokens(text: str) -> list[tuple[str, str]]:
    """The tokens up to the first thing that is none."""
    found, position = [], 0
    while position < len(text.rstrip()) and (match := TOKEN.match(text, position)):
        kind = match.lastgroup or ""
        found.append((kind, match[kind]))
        position = match.end()
    if position < len(text.rstrip()):
        found.append(("end", text[position:]))
    return found


class Parser:
    """Recursive descent: sums of products of powers."""

    def __init__(self, found: list[tuple[str, str]]) -> None:
        self.found, self.position = found, 0

    def peek(self, ahead: int = 0) -> str:
        place = self.position + ahead
        return self.found[place][1] if place < len(self.found) else ""

    def take(self, *wanted: str) -> str:
        if wanted and self.peek() not in wanted:
            raise NotRead(f"{wanted} expected, not {self.peek()!r}")
        self.position += 1
        return self.found[self.position - 1][1]

    def whole(self) -> Tree:
        tree = self.sum()
        if self.position < len(self.found):
            raise NotRead(self.peek())
        return tree

    def sum(self) -> Tree:
        tree = self.product()
        while self.peek() in ("+", "−", "-"):
            sign = self.take()
            tree = ("+" if sign == "+" else "−", tree, self.product())
        return tree

    def product(self) -> Tree:
        tree = self.signed()
        while True:
            if self.peek() in ("·", "⊙", "/"):
                tree = (self.take(), tree, self.signed())
            elif self.peek().startswith("Σ"):  # (1/N) Σ …
                tree = ("·", tree, self.signed())
            else:
                return tree

    def signed(self) -> Tree:
        if self.peek() in ("−", "-"):
            self.take()
            return ("negative", self.signed())
        if self.peek().startswith("Σ"):
            return ("total", self.take(), self.product())
        return self.power()

    def power(self) -> Tree:
        tree = self.atom()
        while self.peek() in ("^", "ᵀ", "["):
            sign = self.take()
            tree = ("transposed", tree) if sign == "ᵀ" else ("^", tree, self.exponent()) if sign == "^" else ("part", tree, *self.places())
        return tree

    def places(self) -> tuple[int, int]:
        """2] or 2…5], after the bracket."""
        first = last = self.whole_number()
        if self.peek() == "…":
            self.take()
            last = self.whole_number()
        self.take("]")
        return first, last

    def whole_number(self) -> int:
        if not self.peek().isdigit():
            raise NotRead(f"a place expected, not {self.peek()!r}")
        return int(self.take())

    def exponent(self) -> Tree:
        if self.peek() in ("−", "-"):
            self.take()
            return ("negative", self.atom())
        return self.atom()

    def atom(self) -> Tree:
        if self.position >= len(self.found):
            raise NotRead("nothing")
        kind, token = self.found[self.position]
        self.position += 1
        if kind == "number":
            return literal(token, self.position)
        if kind in ("symbol", "derivative"):
            return ("symbol", token)
        if kind == "function":
            return ("call", token, *self.arguments())
        closing = {"(": ")", "|": "|", "⌊": "⌋"}.get(token)
        if closing:
            tree = self.sum()
            if token == "(" and self.peek() in (",", ";"):
                return ("joined", tree, *self.others())
            self.take(closing)
            return {"(": tree, "|": ("call", "abs", tree), "⌊": ("call", "floor", tree)}[token]
        if token == "√":
            return ("call", "√", *(self.arguments() if self.peek() == "(" else [self.atom()]))
        if token == "[":
            return self.bracket()
        if token == "{":
            return self.cases()
        if token in "…⋮⋱∞":
            return ("unknown", token)
        raise NotRead(token)

    def arguments(self) -> list[Tree]:
        self.take("(")
        return [self.sum(), *self.others()]

    def others(self) -> list[Tree]:
        """What stands after the first of several in parentheses."""
        found = []
        while self.peek() in (",", ";"):
            self.take()
            found.append(self.sum())
        self.take(")")
        return found

    def bracket(self) -> Tree:
        """[a > b], [8, 12] or [[1, 2], [3, 4]]."""
        first = self.sum()
        if self.peek() == ">":
            self.take()
            tree = (">", first, self.sum())
            self.take("]")
            return tree
        cells = [first]
        while self.peek() in (",", ";"):
            self.take()
            cells.append(self.sum())
        self.take("]")
        if all(isinstance(cell, tuple) and cell[0] == "matrix" for cell in cells):
            return ("matrix", *(row for cell in cells for row in cell[1:]))
        return ("matrix", tuple(cells))

    def cases(self) -> Tree:
        first = self.sum()
        self.take("if", "wenn")
        left = self.sum()
        condition = (">", left, self.sum()) if self.peek() == ">" and self.take() else left
        self.take(",")
        self.take("otherwise", "sonst")
        second = self.sum()
        self.take("}")
        return ("cases", condition, first, second)


def literal(token: str, place: int) -> Literal:
    whole, _, decimals = token.replace(",", ".").partition(".")
    return Literal(Fraction(f"{whole}.{decimals or 0}"), Fraction(1, 10 ** len(decimals)), place)


def parsed(text: str) -> Tree:
    """The tree of a formula. Raises NotRead."""
    return Parser(tokens(text)).whole()
