"""Equations cut into lines that a page holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from chainrule.notation.blocks import text_block
from chainrule.notation.formula import Call, Equation, Fenced, Formula, Fraction, Operator, Row
from chainrule.notation.parts import PRODUCTS, SUMS, held, separator

COMMAS = frozenset(",;")

WIDE = 70
"""Letters of a fraction, written on one line, that are too many for a page."""


def lines_of(equation: Equation) -> list[Row]:
    """The left side with the first relation and side, and every further relation with its side."""
    left, *sides = equation.sides
    pairs = zip(equation.relations, sides, strict=True)
    rights = [(Operator(relation), *_spread(side)) for relation, side in pairs]
    return [Row((left, *rights[0])), *map(Row, rights[1:])] if rights else [Row((left,))]


def _spread(side: Formula) -> Iterator[Formula]:
    """What stands side by side, with fractions that no line holds as (…) / 4, which lines can part."""
    for item in side.items if isinstance(side, Row) else (side,):
        if isinstance(item, Fraction) and text_block(item).width > WIDE:
            yield from (held(item.above), Operator("/"), held(item.below))
        else:
            yield item


def with_short_lines(equation: Equation, columns: int) -> Equation:
    """The equation with its sides in lines of about so many letters: where one goes on, the relation before the next line is "".

    >>> from chainrule.notation.formula import Number
    >>> sum_of = Row((Number("1.5"), Operator("+"), Number("2.5")))
    >>> with_short_lines(Equation((Number("4"), sum_of), ("=",)), 6).relations
    ('=', '')
    """
    left, *sides = equation.sides
    room, cut, relations = columns - formulas_width((left,)), [], []
    for relation, side in zip(equation.relations, sides, strict=True):
        lines = broken(tuple(_spread(side)), room)
        cut += [Row(line) for line in lines]
        relations += [relation, *[""] * (len(lines) - 1)]
    return Equation((left, *cut), tuple(relations))


def broken(items: Sequence[Formula], columns: int, most: int | None = None) -> list[tuple[Formula, ...]]:
    """A side in lines of about so many letters: they end after + and −, then after signs of products, then inside brackets, where the
    commas of what stands side by side come first.

    most  letters of a bracket in which no line ends, where that is more than a line: the format makes it smaller
    """
    most = columns if most is None else most
    if formulas_width(items) <= columns:
        return [tuple(items)]
    for signs in (COMMAS, SUMS, PRODUCTS):
        chunks = _chunks(items, signs)
        if len(chunks) > 1:
            return _filled([line for chunk in chunks for line in broken(chunk, columns, most)], columns)
    opened = [part for item in items for part in _opened(item, most)]
    return broken(opened, columns, most) if len(opened) > len(items) else [tuple(items)]


def formulas_width(items: Iterable[Formula]) -> int:
    """Letters that formulas side by side take, matrices drawn in rows and columns."""
    return text_block(Row(tuple(items))).width


def _chunks(items: Sequence[Formula], signs: frozenset[str]) -> list[list[Formula]]:
    """What stands between signs outside of brackets; each sign ends its chunk."""
    chunks: list[list[Formula]] = [[]]
    for place, item in enumerate(items):
        chunks[-1].append(item)
        if isinstance(item, Operator) and item.sign in signs and not item.prefix and 0 < place < len(items) - 1:
            chunks.append([])
    return chunks


def _filled(chunks: Iterable[Sequence[Formula]], columns: int) -> list[tuple[Formula, ...]]:
    lines: list[tuple[Formula, ...]] = []
    for chunk in chunks:
        if lines and formulas_width((*lines[-1], *chunk)) <= columns:
            lines[-1] = (*lines[-1], *chunk)
        else:
            lines.append(tuple(chunk))
    return lines


def _opened(item: Formula, most: int) -> tuple[Formula, ...]:
    """Brackets as signs, where they have more letters."""
    if (
        isinstance(item, Fenced)
        and isinstance(item.inside, Row)
        and item.left + item.right in ("()", "[]")
        and formulas_width((item,)) > most
    ):
        return (Operator(item.left), *item.inside.items, Operator(item.right))
    if isinstance(item, Call) and not item.name and len(item.arguments) > 1 and formulas_width((item,)) > most:
        comma = Operator(separator(item.arguments))
        parts = (part for argument in item.arguments for part in (comma, *(argument.items if isinstance(argument, Row) else (argument,))))
        return (Operator("("), *tuple(parts)[1:], Operator(")"))
    return (item,)
