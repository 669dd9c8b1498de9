"""Formulas as plain text on one line: h1 = x1 · w1 + x2 · w2. `chainrule.notation.blocks` lays the same pieces out in lines.

| on paper | here |
| --- | --- |
| subscripts | `w6`, `W[2,3]`, `m_w5` |
| superscripts | layer 2 of h₁ `h1⁽²⁾`, its third sample `h1⁽²⁾ˢ³`, its second call `h1⁽²⁾ᵗ²`, after the update `w6⁺`, transposed `Wᵀ` |
| fractions | `(y − t) / N`, `1/2`, `∂E/∂w1` |
| powers, roots | `e^(−z)`, `(y − t)^2`, `√(a)` |
| cases | `{z if z > 0, otherwise 0.01 · z}` |
| matrices | `[8, 12]`, `[[0.21, 0.19], [0.56, 0.02]]`; with decimal commas `[0,21; 0,19]` |
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from math import inf
from typing import TypeAlias

from chainrule.base.printing import clean
from chainrule.notation import formula as f
from chainrule.notation import parts

Segment: TypeAlias = tuple[str, str | None]
"""Text, and the key of its colour (None: no colour)."""

RELATION, SUM, PRODUCT, INNER, LEVELS = range(5)
"""Where a line ends first: before relations, then after + and −, then after signs of products, then at any other space of that depth."""


RAISED = str.maketrans("0123456789()+", "⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾⁺")
RAISABLE = frozenset("0123456789()+ˢᵗ′")
"""What can stand above a letter, and how it is written there."""


class Break(int):
    """A space where a line may end, and its level: the lowest breaks first, and every bracket around it adds `LEVELS`."""

    __slots__ = ()


Bracketed: TypeAlias = f.Fenced | f.Call | f.Cases
"""What has brackets of its own, which grow where lines stand below each other in them."""

Piece: TypeAlias = Segment | Break | f.Matrix | Bracketed
"""What a line is made of. A matrix of several rows is whole; `inline_matrices` writes it on the line."""


def formula_text(formula: f.Formula, words: Mapping[str, str] = parts.ENGLISH) -> str:
    """The formula on one line.

    >>> formula_text(f.Equation((f.Symbol("h", "1"), f.Row((f.Symbol("x", "1"), f.Operator("·"), f.Symbol("w", "1")))), ("=",)))
    'h1 = x1 · w1'
    """
    return "".join(part for part, _ in segments(formula, words))


def segments(formula: f.Formula, words: Mapping[str, str] = parts.ENGLISH) -> list[Segment]:
    """The formula on one line, cut where the colour changes."""
    return merge_segments(inline_matrices(pieces(formula, words), words))


def merge_segments(parts: Iterable[Segment | Break]) -> list[Segment]:
    """Breaks as spaces, uncoloured neighbours as one."""
    line: list[Segment] = []
    for part in parts:
        text, key = part if isinstance(part, tuple) else (" ", None)
        if line and key is None and line[-1][1] is None:
            line[-1] = (line[-1][0] + text, None)
        elif text:
            line.append((text, key))
    return line


def inline_matrices(parts: Iterable[Piece], words: Mapping[str, str] = parts.ENGLISH) -> Iterator[Segment | Break]:
    """With every matrix on the line."""
    for part in parts:
        if isinstance(part, f.Matrix):
            yield from inline_matrices(_matrix(part.rows, words, 1), words)
        elif isinstance(part, Bracketed):
            yield from inline_matrices(pieces(part, words, 1), words)
        else:
            yield part


def pieces(formula: f.Formula, words: Mapping[str, str] = parts.ENGLISH, depth: int = 0, most: float = inf) -> Iterator[Piece]:
    """Segments, the spaces where lines may break, and what is still whole: matrices of rows, and brackets of more than `most` letters."""

    def inside(*parts: f.Formula | str | Break) -> Iterator[Piece]:
        for part in parts:
            if isinstance(part, str):
                yield part, None
            elif isinstance(part, Break):
                yield part
            else:
                yield from pieces(part, words, depth + 1, most)

    space = Break(LEVELS * depth + INNER)
    held = Break(space + LEVELS)  # in the brackets of this formula
    match formula:
        case f.Matrix() | f.Fenced() | f.Call() | f.Cases() if _is_whole(formula, words, most):
            yield formula
        case f.Symbol():
            yield symbol_text(formula), formula.key or None
        case f.Number():
            yield _number(formula), None
        case f.Operator(sign):
            yield clean(sign), None
        case f.Prose(prose):
            yield from _separated([[(word, None)] for word in clean(prose).split(" ")], "", space)
        case f.Row() | f.Equation() | f.Lines():
            yield from _row(parts.in_a_row(formula), words, depth, most)
        case f.Fraction(above, below) if _is_tight(formula):
            yield from inside(above, "/", below)
        case f.Fraction(above, below):
            yield from inside(_operand(above), space, "/ ", _operand(below))
        case f.Power(base, exponent):
            yield from inside(_base(base), "^", parts.raisable(exponent))
        case f.Root(content):
            yield from inside("√", _radicand(content))
        case f.Fenced(content, left, right):
            yield from inside(clean(left), content, clean(right))
        case f.Call(name, arguments):
            yield from inside(f"{clean(name)}(")
            yield from (*_separated([list(inside(argument)) for argument in arguments], parts.separator(arguments), held), (")", None))
        case f.Cases(condition, first, second):
            given, otherwise = f"{clean(words['if'])} ", f"{clean(words['otherwise'])} "
            yield from inside("{", first, held, given, condition, ",", held, otherwise, second, "}")
        case f.Sum(content, index):
            yield f"Σ{_index(clean(index))} ", None
            yield from pieces(content, words, depth, most)
        case f.Transposed(content):
            yield from inside(parts.parenthesised(content), "ᵀ")
        case f.Derivative(of, by):
            yield from inside("∂", of, "/∂", by)
        case f.Matrix(rows):
            yield from _matrix(rows, words, depth)
        case f.Ellipsis():
            yield from inside("…")


def _is_whole(formula: f.Matrix | Bracketed, words: Mapping[str, str], most: float) -> bool:
    """Is it left to whoever draws it in several lines?"""
    return len(formula.rows) > 1 if isinstance(formula, f.Matrix) else most < inf and len(formula_text(formula, words)) > most


def _number(number: f.Number) -> str:
    if number.power is None:
        return clean(number.digits).replace("-", "−")
    sign, before = parts.before_power(number)
    return f"{sign}{clean(before)}{' · ' * bool(before)}10^{number.power}".replace("-", "−")


def _row(items: Sequence[f.Formula], words: Mapping[str, str], depth: int, most: float) -> Iterator[Piece]:
    for before, item, after in zip((None, *items), items, (*items[1:], None), strict=False):
        if before is not None:
            yield from _space(before, item, depth)
        slashed = isinstance(item, f.Fraction) and _needs_parentheses(before, item, after)
        yield from pieces(f.Fenced(item) if slashed else item, words, depth, most)


def _needs_parentheses(before: f.Formula | None, item: f.Fraction, after: f.Formula | None) -> bool:
    """Would a reader divide by what follows, or read a − after another sign?"""
    if (
        isinstance(before, f.Operator)
        and before.sign in parts.SUMS | parts.PRODUCTS
        and isinstance(item.above, f.Number)
        and parts.is_negative(item.above)
    ):
        return True
    beside = after is not None and not isinstance(after, f.Operator)
    return beside or (isinstance(after, f.Operator) and after.sign in parts.PRODUCTS and not _is_tight(item))


def _space(before: f.Formula, item: f.Formula, depth: int) -> Iterator[Piece]:
    """What stands between neighbours: nothing after a sign of its own or before the places of a part, as in h[2], else a space, which may
    break before a relation and after any other operator.
    """
    if isinstance(item, f.Operator) and not item.prefix:
        level = _level(item.sign)
        yield from () if item.sign in ",;" else [Break(LEVELS * depth + level) if level == RELATION else (" ", None)]
    elif not isinstance(before, f.Operator):
        yield from () if isinstance(item, f.Fenced) and item.left == "[" else [Break(LEVELS * depth + PRODUCT)]
    elif not before.prefix:
        level = INNER if before.sign in ",;" else _level(before.sign)
        yield (" ", None) if level == RELATION else Break(LEVELS * depth + level)


def _is_simple(part: f.Formula) -> bool:
    return isinstance(part, f.Symbol | f.Number) and parts.is_atom(part)


def _radicand(content: f.Formula) -> f.Formula:
    """What stands behind a root sign: a whole number by itself, √2, all else in parentheses."""
    bare = parts.unfenced(content)
    return bare if isinstance(bare, f.Number) and bare.digits.isdecimal() and bare.power is None else f.Fenced(bare)


def _base(base: f.Formula) -> f.Formula:
    """The base of a power: (√2)^3, too."""
    return f.Fenced(base) if isinstance(base, f.Root) and not isinstance(_radicand(base.inside), f.Fenced) else parts.raisable(base)


def _is_tight(fraction: f.Fraction) -> bool:
    """Is it written without spaces: 1/2, h1/N?"""
    return _is_simple(parts.unsigned(fraction.above)) and _is_simple(fraction.below)


def _operand(part: f.Formula) -> f.Formula:
    """Above or below a slash: powers need no parentheses there."""
    return part if isinstance(part, f.Power | f.Transposed) else parts.parenthesised(part)


def _level(sign: str) -> int:
    return SUM if sign in parts.SUMS else PRODUCT if sign in parts.PRODUCTS else RELATION


def _separated(parts: Sequence[Sequence[Piece]], mark: str, space: Break) -> Iterator[Piece]:
    for i, part in enumerate(parts):
        yield from [(mark, None), space, *part] if i else part


def _matrix(rows: tuple[tuple[f.Formula, ...], ...], words: Mapping[str, str], depth: int) -> Iterator[Piece]:
    """On one line: [8, 12] for a single row, else rows between brackets of their own."""
    mark, space = parts.separator(rows), Break(LEVELS * depth + INNER)
    cells = [[list(inline_matrices(pieces(cell, words, depth + 2), words)) for cell in row] for row in rows]
    bracketed = [[("[", None), *_separated(row, mark, Break(space + LEVELS)), ("]", None)] for row in cells]
    yield from bracketed[0] if len(rows) == 1 else [("[", None), *_separated(bracketed, mark, space), ("]", None)]


@lru_cache(maxsize=4096)
def symbol_text(symbol: f.Symbol) -> str:
    """A symbol on one line.

    >>> symbol_text(f.Symbol("W", "2,3", "(1)")), symbol_text(f.Symbol("h", "1", "(2)[3]"))
    ('W⁽¹⁾[2,3]', 'h1⁽²⁾ˢ³')
    >>> symbol_text(f.Symbol("w", "6", "+")), symbol_text(f.Symbol("m", "w5"))
    ('w6⁺', 'm_w5')
    """
    letter, above = clean(symbol.letter), _raised(clean(symbol.superscript))
    inner = parts.owner(symbol.subscript)
    below = symbol_text(inner) if inner else clean(symbol.subscript)
    if "," in below or "[" in below:
        return f"{letter}{above}[{below}]"
    joint = "_" if below and (letter[-1:].isdigit() or not below.isdigit()) else ""
    return f"{letter}{joint}{below}{above}"


def _raised(above: str) -> str:
    """(2) a layer, [3] a sample, ⟨4⟩ a call of a layer, + after the update; what cannot be raised follows ^."""
    small = re.sub(r"⟨(\d+)⟩", r"ᵗ\1", re.sub(r"\[(\d+)\]", r"ˢ\1", above)) if "[" in above or "⟨" in above else above
    return small.translate(RAISED) if RAISABLE.issuperset(small) else f"^({above})"


def _index(index: str) -> str:
    return f"_{index}" if index.isalnum() else f"_({index})" if index else ""
