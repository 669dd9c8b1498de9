"""Formulas as lines of text: matrices in rows and columns, and long equations wrapped to a width."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import TypeAlias

from chainrule.base.frozen import FrozenValue
from chainrule.notation.formula import Call, Cases, Ellipsis, Fenced, Formula, Matrix, Number, Prose, row
from chainrule.notation.parts import ENGLISH, separator
from chainrule.notation.text import LEVELS, RELATION, Bracketed, Break, Piece, Segment, inline_matrices, merge_segments, pieces, segments

FENCES = {"(": "⎛⎜⎝", ")": "⎞⎟⎠", "[": "⎡⎢⎣", "]": "⎤⎥⎦", "{": "⎧⎪⎩", "⌊": "⎢⎢⎣", "⌋": "⎥⎥⎦", "|": "│││", "‖": "‖‖‖"}
"""Each bracket where it is several lines tall: its first line, those between, its last."""

SHARES, NARROWEST = (0.85, 0.6), 16
"""Of a line, how much a bracket may take that has to be tall, tried in this order; and letters of a line in it, at least."""


class TextBlock(FrozenValue):
    """Lines of segments; `base` counts from 0 and is the line on which the formula's neighbours stand."""

    lines: tuple[tuple[Segment, ...], ...]
    base: int = 0

    @cached_property
    def width(self) -> int:
        """Columns of the widest line."""
        return max(line_width(line) for line in self.lines)


TextPart: TypeAlias = Segment | Break | TextBlock


def text_block(formula: Formula, words: Mapping[str, str] = ENGLISH) -> TextBlock:
    r"""The formula with its matrices drawn in rows and columns; everything else stands on the base line.

    >>> weights = text_block(Matrix(((Number("8.25"), Number("−1")), (Number("12"), Number("0.5")))))
    >>> print(*("".join(text for text, _ in line) for line in weights.lines), sep="\n")
    ⎡ 8.25  −1  ⎤
    ⎣12      0.5⎦
    """
    return _joined(_drawn(pieces(formula, words), words))


def wrapped(formula: Formula, width: int, words: Mapping[str, str] = ENGLISH) -> list[list[Segment]]:
    """The formula as a block, broken into lines of at most `width` columns.

    Relations go below each other; sides that are still too long break after + and −, then after signs of products. What stands in
    brackets that no layout gets on a line stands in lines below each other, between brackets as tall as they are. A matrix too wide to be
    drawn is written on one line and broken. A line is longer only where a single symbol or number is.
    """
    lines: list[list[Segment]] = []
    for tried in _tries(formula, width, words):
        for lines in _layouts(tried, width):
            if all(line_width(line) <= width for line in lines):
                return lines
    return lines


def _tries(formula: Formula, width: int, words: Mapping[str, str]) -> Iterator[list[TextPart]]:
    """The parts of a formula with brackets on one line, with tall ones, and where that is too wide, too, with brackets that break; then all
    of it with matrices in rows of text.
    """
    for draw in (_drawn, inline_matrices):
        parts: list[TextPart] = list(draw(pieces(formula, words), words))
        yield _unbroken(parts)
        rooms = [max(NARROWEST, int(share * width)) for share in SHARES] if draw is _drawn else []
        tall = [list(_drawn(pieces(formula, words, most=room), words, room)) for room in rooms]
        yield from map(_unbroken, tall)
        yield from tall
        yield parts


def _unbroken(parts: Iterable[TextPart]) -> list[TextPart]:
    """Parts with no break in brackets."""
    return [(" ", None) if isinstance(part, Break) and part >= LEVELS else part for part in parts]


def line_width(line: Iterable[Segment]) -> int:
    """Columns a line takes in a terminal."""
    width = 0
    for part, _ in line:
        width += len(part) if part.isascii() else _columns(part)
    return width


@lru_cache(maxsize=4096)
def _columns(part: str) -> int:
    """Columns of a text."""
    return sum(map(_column, part))


@lru_cache(maxsize=1024)
def _column(character: str) -> int:
    """A combining mark takes none, a wide character two."""
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


# --- Blocks ----------------------------------------------------------------------------------------------------------


def _drawn(parts: Iterable[Piece], words: Mapping[str, str], most: int = 0) -> Iterator[TextPart]:
    """With every matrix as a block, and every bracket that was left whole, its lines of at most `most` letters."""
    for part in parts:
        yield _matrix(part, words) if isinstance(part, Matrix) else _tall(part, words, most) if isinstance(part, Bracketed) else part


def _tall(bracket: Bracketed, words: Mapping[str, str], most: int) -> TextBlock:
    """What stands in brackets in lines below each other, and the brackets as tall as that."""
    match bracket:
        case Cases(condition, first, second):
            chosen = (row(first, Prose(words["if"]), condition), row(second, Prose(words["otherwise"])))
            return _fenced([line for one in chosen for line in _lines((one,), words, most - 2)], "{", "")
        case Fenced(inside, left, right):
            return _fenced(_lines((inside,), words, most - 2), left, right)
        case Call(name, arguments):
            return _joined([(name, None), _fenced(_lines(arguments, words, most - len(name) - 2), "(", ")")])


def _lines(listed: Sequence[Formula], words: Mapping[str, str], most: int) -> list[list[Segment]]:
    """Formulas in lines of at most so many letters, which end after the commas between them where they can."""
    room, parts = max(NARROWEST, most), list[TextPart]()
    for formula in listed:
        parts += [(separator(listed), None), Break(-1)] * bool(parts)
        parts += _unbroken(_drawn(pieces(formula, words, most=room), words, room))
    return _stacked((0, line) for line in _filled(parts, room, room))


def _fenced(lines: Sequence[list[Segment]], left: str, right: str) -> TextBlock:
    """Lines between two signs that are as tall as all of them."""
    wide, last = max(map(line_width, lines)), len(lines) - 1

    def grown(sign: str, place: int) -> str:
        return FENCES.get(sign, 3 * sign)[1 if 0 < place < last else 2 * (place > 0)] if sign and last else sign

    drawn = (
        [(grown(left, place), None), *line, (" " * (wide - line_width(line)) + grown(right, place), None)]
        for place, line in enumerate(lines)
    )
    return TextBlock(tuple(_trimmed(merge_segments(line)) for line in drawn), last // 2)


def _joined(parts: Iterable[TextPart]) -> TextBlock:
    """Parts side by side on one base line."""
    parts = list(parts)
    plain = [part for part in parts if not isinstance(part, TextBlock)]
    if len(plain) == len(parts):
        return TextBlock((_trimmed(merge_segments(plain)),))
    blocks = [part if isinstance(part, TextBlock) else TextBlock((tuple(merge_segments([part])),)) for part in parts]
    above = max((b.base for b in blocks), default=0)
    below = max((len(b.lines) - b.base for b in blocks), default=1)
    return TextBlock(tuple(_trimmed(merge_segments(_across(blocks, i))) for i in range(-above, below)), above)


def _across(blocks: Iterable[TextBlock], i: int) -> Iterator[Segment]:
    """Line `i` from the base line through all blocks."""
    for b in blocks:
        line = b.lines[b.base + i] if 0 <= b.base + i < len(b.lines) else ()
        yield from line
        yield " " * (b.width - line_width(line)), None


def _trimmed(line: list[Segment]) -> tuple[Segment, ...]:
    """Without blanks at its end."""
    while line and not line[-1][0].strip(" "):
        line = line[:-1]
    return (*line[:-1], (line[-1][0].rstrip(" "), line[-1][1])) if line else ()


def _matrix(matrix: Matrix, words: Mapping[str, str]) -> TextBlock:
    """A matrix of several rows between tall brackets."""
    wide, last = max(map(len, matrix.rows)), len(matrix.rows) - 1
    columns = [_aligned([row[j] if j < len(row) else Prose("") for row in matrix.rows], words) for j in range(wide)]
    lines = []
    for i in range(last + 1):
        left, right = ("⎡", "⎤") if i == 0 else ("⎣", "⎦") if i == last else ("⎢", "⎥")
        cells = [part for column in columns for part in (("  ", None), *column[i])][1:]
        lines.append(tuple(merge_segments([(left, None), *cells, (right, None)])))
    return TextBlock(tuple(lines), last // 2)


def _aligned(cells: Sequence[Formula], words: Mapping[str, str]) -> list[list[Segment]]:
    """Cells of one width: numbers right-aligned on their decimal point, everything else centred."""
    lines = [_cell(cell, words) for cell in cells]
    widths = [line_width(line) for line in lines]
    points = [_point(line) if isinstance(cell, Number) else None for cell, line in zip(cells, lines, strict=True)]
    before = max((point for point in points if point is not None), default=0)
    after = max((w - point for w, point in zip(widths, points, strict=True) if point is not None), default=0)
    width = max(before + after, *widths)
    start = (width - before - after + 1) // 2 + before
    starts = [(width - w) // 2 if point is None else start - point for w, point in zip(widths, points, strict=True)]
    return [[(" " * s, None), *line, (" " * (width - s - w), None)] for s, line, w in zip(starts, lines, widths, strict=True)]


def _cell(cell: Formula, words: Mapping[str, str]) -> list[Segment]:
    if isinstance(cell, Ellipsis):
        return [({"vertical": "⋮", "diagonal": "⋱"}.get(cell.direction, "…"), None)]
    return segments(cell, words)


def _point(line: list[Segment]) -> int:
    """Columns before the decimal point or comma, or before the power of ten."""
    return _columns(re.split(r"[., ]", line[0][0], maxsplit=1)[0]) if line else 0


# --- Lines of a given width ------------------------------------------------------------------------------------------


def _layouts(parts: list[TextPart], width: int) -> Iterator[list[list[Segment]]]:
    """All on one line; relations below each other; relations at a small indent; everything at the margin."""
    yield _stacked([(0, parts)])
    first, *sides = _split(parts, RELATION)
    column = _width(first) + 1
    if sides and column <= width // 2:
        (_, start), *following = _filled_sides(sides, width, column, 4)
        yield _stacked([(0, [*first, Break(0), *start]), *following])
    for indent, hang in ((2, 4), (0, 0)):
        lines = [(indent if i else 0, line) for i, line in enumerate(_filled(first, width, width - indent))]
        yield _stacked([*lines, *_filled_sides(sides, width, indent, hang)])


def _filled_sides(sides: list[list[TextPart]], width: int, column: int, hang: int) -> list[tuple[int, list[TextPart]]]:
    """Each side from `column` on; what does not fit goes below it, `hang` columns further in."""
    return [
        (column + (hang if i else 0), line) for side in sides for i, line in enumerate(_filled(side, width - column, width - column - hang))
    ]


def _filled(parts: list[TextPart], first: int, rest: int) -> list[list[TextPart]]:
    """Parts in lines, broken at the lowest levels that do; the first line has `first` columns, the others `rest`."""
    levels = [part for part in parts if isinstance(part, Break)]
    if not levels or _width(parts) <= first:
        return [parts]
    lines: list[list[TextPart]] = []
    for chunk in _split(parts, min(levels)):
        if lines and _width(lines[-1]) + 1 + _width(chunk) <= (first if len(lines) == 1 else rest):
            lines[-1] = [*lines[-1], Break(0), *chunk]
        else:
            lines += _filled(chunk, rest if lines else first, rest)
    return lines


def _split(parts: list[TextPart], level: int) -> list[list[TextPart]]:
    """The parts between the breaks of a level."""
    chunks: list[list[TextPart]] = [[]]
    for part in parts:
        if isinstance(part, Break) and part == level:
            chunks.append([])
        else:
            chunks[-1].append(part)
    return chunks


def _width(parts: Iterable[TextPart]) -> int:
    return sum(1 if isinstance(part, Break) else part.width if isinstance(part, TextBlock) else _columns(part[0]) for part in parts)


def _stacked(rows: Iterable[tuple[int, list[TextPart]]]) -> list[list[Segment]]:
    """Indented rows one below the other."""
    return [list(line) for indent, row in rows for line in _joined([(" " * indent, None), *row]).lines]
