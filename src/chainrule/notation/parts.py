"""What every printer of formulas asks: is this one sign or several, what stands in this letter, can this text be printed?"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from typing import TypeAlias

from chainrule.base.frozen import FrozenValue, replace
from chainrule.notation.formula import Call, Ellipsis, Equation, Fenced, Formula, Lines, Matrix, Number, Operator, Prose, Root, Row, Symbol

ENGLISH: Mapping[str, str] = {"if": "if", "otherwise": "otherwise"}
"""The words inside formulas; another language replaces the values."""

SUMS, PRODUCTS = frozenset("+−±"), frozenset("·⊙×⋆∗")
"""Signs by how tightly they bind; every other sign is a relation."""

Paint: TypeAlias = Callable[[str], str]
"""From a symbol's key to its colour as a format says it, a name or a function; "" for none."""

PLAIN = {str, int, float, bool, type(None), Fraction}
"""What formulas hold beside formulas."""

ACCENTS = {"\u0302": "hat", "\u0303": "tilde", "\u0304": "bar", "\u0307": "dot", "\u0308": "ddot", "\u20d7": "vec"}
"""Combining marks over letters, and what mathematicians call them."""


def is_negative(number: Number) -> bool:
    """Does it begin with a minus?"""
    return number.digits.startswith(("−", "-"))


def before_power(number: Number) -> tuple[str, str]:
    """Sign and digits before · 10^power: of 1 · 10⁻⁸ and −1 · 10⁻⁸ nothing but the sign.

    >>> before_power(Number("−2.5", 3)), before_power(Number("−1", 3))
    (('', '−2.5'), ('−', ''))
    """
    bare = number.digits.lstrip("−-")
    return ("−" if is_negative(number) else "", "") if bare == "1" else ("", number.digits)


def unsigned(formula: Formula) -> Formula:
    """A number without its minus; any other formula as it is."""
    return replace(formula, digits=formula.digits[1:]) if isinstance(formula, Number) and is_negative(formula) else formula


def is_atom(formula: Formula) -> bool:
    """Does it hold together without parentheses?"""
    match formula:
        case Number():
            return formula.power is None and not is_negative(formula)
        case Symbol() | Fenced() | Call() | Root() | Matrix() | Prose() | Ellipsis():
            return True
    return False


def parenthesised(formula: Formula) -> Formula:
    """In parentheses, unless it holds together without."""
    return formula if is_atom(formula) else Fenced(formula)


def raisable(base: Formula) -> Formula:
    """The base of a power: in parentheses, too, where something is raised already."""
    return Fenced(base) if isinstance(base, Symbol) and base.superscript else parenthesised(base)


def unfenced(formula: Formula) -> Formula:
    """Without the parentheses around it, where something else already groups it."""
    return formula.inside if isinstance(formula, Fenced) and (formula.left, formula.right) == ("(", ")") else formula


def in_a_row(formula: Row | Equation | Lines) -> tuple[Formula, ...]:
    """What stands side by side, relations among it."""
    if isinstance(formula, Row):
        return formula.items
    if isinstance(formula, Lines):
        return tuple(item for line in formula.lines for item in (line.items if isinstance(line, Row) else (line,)))
    pairs = zip(formula.relations, formula.sides[1:], strict=True)
    return (formula.sides[0], *(item for relation, side in pairs for item in (Operator(relation), side)))


def everything_in(formulas: Iterable[object]) -> Iterator[FrozenValue]:
    """Formulas, and all that they are made of."""
    waiting = list(formulas)
    while waiting:
        part = waiting.pop()
        kind = type(part)
        if kind is tuple:
            waiting += part  # type: ignore[arg-type]  # mypy does not see that it is one
        elif kind not in PLAIN and isinstance(part, FrozenValue):
            yield part
            waiting += part.__dict__.values()


def has_decimal_comma(formulas: Iterable[object]) -> bool:
    """Is there a number with a decimal comma inside? Then commas cannot separate."""
    return any(isinstance(part, Number) and "," in part.digits for part in everything_in(formulas))


def separator(formulas: Iterable[object]) -> str:
    """What stands between arguments: a comma, or a semicolon among numbers with decimal commas."""
    return ";" if has_decimal_comma(formulas) else ","


def letter_parts(letter: str) -> tuple[str, str, str]:
    """A letter's base, accent and what stands below: digits, or the letter that says whose it is.

    >>> letter_parts("m̂"), letter_parts("β₁"), letter_parts("WQ"), letter_parts("z_f")
    (('m', 'hat', ''), ('β', '', '1'), ('W', '', 'Q'), ('z', '', 'f'))
    """
    if owned := re.fullmatch(r"([^\W\d_])(?:(?<=[A-Z])|(?=[A-Z])|_(?=.))([^\W\d_])", letter):
        return owned[1], "", owned[2]
    base = letter.rstrip("₀₁₂₃₄₅₆₇₈₉")
    below = "".join(str(unicodedata.digit(c)) for c in letter[len(base) :])
    apart = unicodedata.normalize("NFD", base)
    if len(apart) == 2 and apart[1] in ACCENTS:
        return apart[0], ACCENTS[apart[1]], below
    return (base, "", below) if base else (letter, "", "")


def owner(subscript: str) -> Symbol | None:
    """The symbol that a subscript names: W(1)2,3 below the m of an optimiser. None for "1", "2,3", "new".

    >>> owner("W(1)2,3"), owner("2,3")
    (Symbol(letter='W', subscript='2,3', superscript='(1)', bold=False, key=''), None)
    """
    if not subscript[:1].isalpha():
        return None
    found = re.fullmatch(r"([^\W\d_]\W?)((?:[(\[]\d+[)\]])*)([\d,]*)", subscript)
    return Symbol(found[1], found[3], found[2]) if found else None
