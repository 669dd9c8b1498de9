"""Equations cut into lines that a page holds.

A line ends after a sign at the outermost level of its side, never inside a bracket, above a bar or under a root. What is too long there
for any line stands in lines of its own below each other, as one piece, around which brackets and bars grow (`notation.formula.Lines`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chainrule.base.frozen import replace
from chainrule.notation.formula import (
    Call,
    Cases,
    Derivative,
    Equation,
    Fenced,
    Formula,
    Fraction,
    Lines,
    Matrix,
    Number,
    Operator,
    Power,
    Root,
    Row,
    Sum,
    Symbol,
    Transposed,
    row,
)
from chainrule.notation.parts import PRODUCTS, SUMS, before_power, in_a_row, is_atom, separator
from chainrule.notation.text import formula_text

COMMAS, QUOTIENTS = frozenset(",;"), frozenset("/")

LOOSE, TIGHT, MARK, FENCE = 2.4, 1.5, 1.0, 0.8
"""Letters that a sign takes with the space around it: + − =, · and /, a comma; and one bracket."""

SMALL = 0.7
"""How large what is raised or lowered is."""

NARROWEST = 16.0
"""Letters of a line inside brackets, at least: still shorter ones would be many."""


def letters_across(formula: Formula) -> float:
    """How wide a formula is as it is set on a page, in digits; the sides of an equation stand below each other.

    >>> letters_across(Number("0.21")), letters_across(Fraction(Number("0.21"), Symbol("N")))
    (4.0, 4.5)
    """
    match formula:
        case Symbol(letter, subscript, superscript):
            return len(letter) + SMALL * max(len(subscript), len(superscript))
        case Number(digits, power):
            before = before_power(formula)[1] if power is not None else digits
            return len(before) + (0.0 if power is None else 2 + TIGHT * bool(before) + SMALL * len(str(power)))
        case Operator(sign, prefix):
            return 1.5 if prefix else MARK if sign in COMMAS else TIGHT if sign in PRODUCTS | QUOTIENTS else LOOSE
        case Row(items):
            return sum(map(letters_across, items))
        case Equation((left, *sides)):
            return letters_across(left) + max((LOOSE + letters_across(side) for side in sides), default=0.0)
        case Lines(lines):
            return max(map(letters_across, lines))
        case Fraction(above, below):
            return 0.5 + max(letters_across(above), letters_across(below))
        case Derivative(of, by):
            return 1.5 + max(letters_across(of), letters_across(by))
        case Power(base, exponent):
            return letters_across(base) + 2 * FENCE * (not is_atom(base)) + SMALL * letters_across(exponent)
        case Transposed(inside):
            return letters_across(inside) + 2 * FENCE * (not is_atom(inside)) + SMALL
        case Root(inside) | Sum(inside):
            return 2 + letters_across(inside)
        case Fenced(inside):
            return 2 * FENCE + letters_across(inside)
        case Call(name, arguments):
            return len(name) + 2 * FENCE + sum(map(letters_across, arguments)) + MARK * (len(arguments) - 1)
        case Cases(condition, first, second):
            return 12 + max(letters_across(first), letters_across(second)) + letters_across(condition)
        case Matrix(rows):
            columns = zip(*rows, strict=False)
            return 2 * FENCE + sum(1.5 + max(map(letters_across, column)) for column in columns)
    return float(len(formula_text(formula)))


def lines_of(equation: Equation, columns: float) -> list[Row]:
    """The left side with the first relation and side, and every further relation with its side; no piece of a side is wider than a line."""
    left, *sides = equation.sides
    room = columns - letters_across(left) - LOOSE
    lines = [Row((Operator(relation), *_fitted(_items(side), room))) for relation, side in zip(equation.relations, sides, strict=True)]
    return [Row((left, *lines[0].items)), *lines[1:]] if lines else [Row((left,))]


def with_short_lines(equation: Equation, columns: float) -> Equation:
    """The equation with its sides in lines of about so many letters: where one goes on, the relation before the next line is "".

    >>> sum_of = Row((Number("1.5"), Operator("+"), Number("2.5")))
    >>> with_short_lines(Equation((Number("4"), sum_of), ("=",)), 9).relations
    ('=', '')
    """
    left, *sides = equation.sides
    room, cut, relations = columns - letters_across(left) - LOOSE, [], []
    for relation, side in zip(equation.relations, sides, strict=True):
        lines = broken(_items(side), room)
        cut += [row(*line) for line in lines]
        relations += [relation, *[""] * (len(lines) - 1)]
    return Equation((left, *cut), tuple(relations))


def broken(items: Sequence[Formula], columns: float) -> list[tuple[Formula, ...]]:
    """What stands side by side in lines of about so many letters: they end after commas, then after + and −, then after signs of
    products, then after /.
    """
    if _width(items) <= columns:
        return [tuple(items)]
    for signs in (COMMAS, SUMS, PRODUCTS, QUOTIENTS):
        chunks = _chunks(items, signs)
        if len(chunks) > 1:
            return _filled([line for chunk in chunks for line in broken(chunk, columns)], columns)
    return [_fitted(items, columns - _width(item for item in items if isinstance(item, Operator)))]


def _fitted(items: Sequence[Formula], columns: float) -> tuple[Formula, ...]:
    """The same, what is wider than a line in lines of its own."""
    return tuple(_stacked(item, columns) for item in items)


def _stacked(formula: Formula, columns: float) -> Formula:
    """The formula, what is too long in its brackets, or beside its bar, in lines below each other."""
    if letters_across(formula) <= columns:
        return formula

    def inside(part: Formula, taken: float = 0.0) -> Formula:
        return _stacked(part, max(NARROWEST, columns - taken))

    match formula:
        case Row(items):
            lines = broken(items, columns)
            return row(*lines[0]) if len(lines) == 1 else Lines(tuple(row(*line) for line in lines))
        case Fraction(above, below):
            return Fraction(inside(above, 0.5), inside(below, 0.5))
        case Fenced(content):
            return replace(formula, inside=inside(content, 2 * FENCE))
        case Call(name, (argument,)):
            return Call(name, (inside(argument, len(name) + 2 * FENCE),))
        case Call(name, arguments):
            mark = Operator(separator(arguments))
            listed = row(*[part for argument in arguments for part in (mark, argument)][1:])
            return Call(name, (inside(listed, len(name) + 2 * FENCE),))
        case Power(base, exponent):
            return Power(inside(base, 2 * FENCE + SMALL * letters_across(exponent)), exponent)
        case Root(content) | Sum(content) | Transposed(content):
            return replace(formula, inside=inside(content, 2))
        case Cases(condition, first, second):
            return Cases(condition, inside(first, 12 + letters_across(condition)), inside(second, 12 + letters_across(condition)))
    return formula


def _items(side: Formula) -> tuple[Formula, ...]:
    return in_a_row(side) if isinstance(side, Row) else (side,)


def _width(items: Iterable[Formula]) -> float:
    return sum(map(letters_across, items))


def _chunks(items: Sequence[Formula], signs: frozenset[str]) -> list[list[Formula]]:
    """What stands between signs outside of brackets; each sign ends its chunk."""
    chunks: list[list[Formula]] = [[]]
    for place, item in enumerate(items):
        chunks[-1].append(item)
        if isinstance(item, Operator) and item.sign in signs and not item.prefix and 0 < place < len(items) - 1:
            chunks += [[]] * (item.sign not in QUOTIENTS or isinstance(items[place + 1], Fenced))  # what follows a short divisor is none
    return chunks


def _filled(chunks: Iterable[Sequence[Formula]], columns: float) -> list[tuple[Formula, ...]]:
    lines: list[tuple[Formula, ...]] = []
    for chunk in chunks:
        if lines and _width((*lines[-1], *chunk)) <= columns:
            lines[-1] = (*lines[-1], *chunk)
        else:
            lines.append(tuple(chunk))
    return lines
