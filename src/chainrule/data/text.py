"""Tables in text files, one or several of one form: their rows, read in blocks."""

from __future__ import annotations

import csv
import gc
import io
import re
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, dropwhile, islice
from typing import Any, TextIO, TypeAlias, TypeVar

import numpy as np

from chainrule.base.errors import FileError, quoted
from chainrule.base.frozen import FrozenValue, replace
from chainrule.base.printing import counted
from chainrule.data.cells import are_various
from chainrule.data.columns import CellOptions, ColumnForm, Found, column_of, found_in
from chainrule.data.encodings import UNREADABLE, encoding_error, unreadable_error
from chainrule.data.layout import TextLayout, mended
from chainrule.data.notes import Notice
from chainrule.data.separators import rows_of, trimmed
from chainrule.data.spans import Cut, cut
from chainrule.data.surroundings import COMMENT
from chainrule.data.table import Column, Table

Result = TypeVar("Result")

PART = 1 << 21
"""Characters that are cut into cells at a time."""

ODD_BLANKS = re.compile(rb"[\x0b\x0c\x1c-\x1f\x80-\xff]")
"""What Python takes for blanks, or what may be a part of one, besides blanks and tabs."""


class TextFiles(FrozenValue):
    """Text files that hold one table together: what messages call them, and how each holds its part. Raises FileError.

    The columns are those of the first one; the others may have them in another order.

    before   how many rows there are in files that stand before these, and are not read
    """

    name: str
    layouts: tuple[TextLayout, ...]
    before: int = 0

    def __post_init__(self) -> None:
        names = {*self.first.names, *self.first.folders}
        for layout in self.layouts[1:]:
            odd = names.symmetric_difference({*layout.names, *layout.folders})
            if odd:
                column = min(odd)
                has, lacks = (self.first.path, layout.path) if column in names else (layout.path, self.first.path)
                raise FileError(f"{lacks} has no column {quoted(column)}, as {has} has; files read together have the same columns.")

    @property
    def first(self) -> TextLayout:
        """The layout of the first file."""
        return self.layouts[0]

    def blocks(self, rows: int) -> Generator[RowBlock]:
        """All rows in blocks of at most so many; rows are counted through all files. Raises FileError, which names the row of its file."""
        done = first = self.before
        for layout in self.layouts:
            block = None
            for block in blocks_of(layout, rows):
                said = {name: [value] * block.rows for name, value in layout.folders.items()}
                yield replace(block, first=done + block.first, cells={**block.cells, **said}) if done or said else block
            done += block.first + block.rows - 1 if block else 0
        if done == first:
            raise FileError(f"{self.name} {'has' if len(self.layouts) == 1 else 'have'} a header but no rows.")

    def table(self, block: Any, columns: Iterable[Column], notes: Collection[Notice]) -> Table:
        """These columns of consecutive rows, of which `block.first` is the first, as a table."""
        return Table(self.name, tuple(columns), block.first, tuple(notes), self.first.has_header)


# Rows


class RowBlock(FrozenValue):
    """Consecutive rows: the number of the first one, and the cells of each column."""

    first: int
    rows: int
    cells: Mapping[str, Sequence[str]]

    @property
    def various(self) -> tuple[str, ...]:
        """The columns nearly all of whose cells are different."""
        return tuple(name for name, cells in self.cells.items() if are_various(cells))

    def found(self, asked: Mapping[str, ColumnForm], options: CellOptions) -> dict[str, Found]:
        """What the cells of every column are."""
        return {name: found_in(cells, self.first, asked.get(name), options) for name, cells in self.cells.items()}

    def columns(self, source: str, forms: Mapping[str, ColumnForm], options: CellOptions) -> Iterator[Column]:
        """The columns that have a form. Raises FileError, which names the first cell that cannot be read so."""
        for name, form in forms.items():
            column = column_of(name, self.cells[name], form, options)
            if column is None:
                cells = enumerate(self.cells[name], start=self.first)
                row, cell = next((row, cell) for row, cell in cells if column_of(name, [cell], form, options) is None)
                where = f"{source}: row {row}, column {quoted(name)}"
                raise FileError(f"{where} holds {quoted(cell)}, which is no number as the others are.")
            yield column


def blocks_of(layout: TextLayout, rows: int) -> Generator[RowBlock]:
    """The file in blocks of `rows` rows, the last one of fewer; none where there are no rows. Raises FileError, which names the row."""
    first = layout.before + 1
    with closing(_blocks(layout, rows)) as blocks:
        for count, columns in blocks:
            yield RowBlock(first, count, dict(zip(layout.names, columns, strict=True)))
            first += count


CellColumns: TypeAlias = "Sequence[Sequence[str]]"


def _blocks(layout: TextLayout, rows: int) -> Generator[tuple[int, CellColumns]]:
    """How many rows the next block has, and their cells, column by column."""
    try:
        with layout.open() as file, io.TextIOWrapper(file, encoding=layout.encoding, newline="") as lines:
            for _ in islice(lines, layout.skipped):
                pass
            rest, simple = Rest(), layout.is_usual
            wanted = _wanted_rows(layout, rest.counted(lines) if simple else _headless(layout, _without_last(lines, layout.footer)))
            for _ in range(layout.own_header + layout.below):
                next(wanted, None)
            if layout.below:
                wanted = dropwhile(lambda row: not any(map(str.strip, row)), wanted)  # an empty row of the header
            first = layout.before + 1
            if simple:
                for columns in _simple_blocks(layout, lines, rows, rest):
                    yield len(columns[0]), columns
                    first += len(columns[0])
                following = chain(io.StringIO(rest.text, newline=""), lines)
                wanted = _wanted_rows(layout, _uncommented(following, layout.comment), rest.lines)
            while block := _without_collecting(lambda: list(islice(wanted, rows))):
                block = _checked_widths(layout, first, block)
                yield len(block), list(zip(*block, strict=True)) if block else [()] * len(layout.names)
                first += len(block)
    except UnicodeDecodeError:
        raise encoding_error(layout.path, layout.encoding) from None
    except UNREADABLE as error:
        raise unreadable_error(layout.path, error) from None


def _wanted_rows(layout: TextLayout, lines: Iterable[str], above: int = 0) -> Iterator[list[str]]:
    usual = mended(layout.path, lines, layout.mending)
    rows = rows_of(layout.path, usual, layout.separator, quote=layout.quote, spaced=layout.spaced, above=above)
    wanted = _without_last_empty(_without_blank_rows(rows, len(layout.names)))
    return _without_repetitions(wanted) if layout.repeated else wanted


def _without_last(lines: Iterable[str], count: int) -> Iterator[str]:
    """All but so many lines at the end."""
    waiting: deque[str] = deque()
    for line in lines:
        waiting.append(line)
        if len(waiting) > count:
            yield waiting.popleft()


def _without_repetitions(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    """The first row, which is the header, and all that differ from it."""
    header = next(rows, [])
    return chain([header], (row for row in rows if row != header))


# Usual text is cut at its separators, all rows of a part at once.


@dataclass
class Rest:
    """The text that was not cut, and how many lines came before it."""

    text: str = ""
    lines: int = 0

    def counted(self, lines: Iterable[str]) -> Iterator[str]:
        """The lines, each of which is counted."""
        for line in lines:
            self.lines += 1
            yield line


def _simple_blocks(layout: TextLayout, lines: TextIO, rows: int, rest: Rest) -> Iterator[CellColumns]:
    """Blocks of so many rows, the last one of fewer, up to a part that cannot be cut so; what is left is put into `rest`."""
    # Some hundred rows at least, if so many are asked for: each column of a part takes its time, however few its rows.
    at_once = max(PART, min(4000, 20 * rows) * len(layout.names))
    left, longest = b"", csv.field_size_limit() * len(layout.names)
    while (more := lines.read(at_once)) or left:
        text = left + more.encode(errors="surrogatepass")
        end = _end_of_rows(text) if more else len(text)
        whole, left = text[:end], text[end:]
        if not whole and len(left) < longest:
            continue
        if not more and not whole.endswith(b"\n"):
            whole += b"\n"
        whole = _with_single_blanks(whole) if layout.separator == " " else whole
        commented = layout.comment and f"\n{layout.comment}".encode() in b"\n" + whole
        part = None if commented or not whole else _cut(layout, whole)
        if part is None:
            rest.text = text.decode(errors="surrogatepass") + lines.readline()
            return
        stop = part.rows - part.rows % rows if more else part.rows
        for start in range(0, stop, rows):
            yield part.columns(start, min(start + rows, stop))
        at_once *= 1 if stop else 2
        done = int(part.row_starts[stop]) if stop < part.rows else len(whole)
        rest.lines += whole.count(b"\n", 0, done)
        left = whole[done:] + left


def _end_of_rows(text: bytes) -> int:
    """Where the last line ends that does not end within a quoted cell; the text begins outside of one."""
    end = text.rfind(b"\n") + 1
    is_open = text.count(b'"', 0, end) % 2 == 1
    while end and is_open:
        before = text.rfind(b"\n", 0, end - 1) + 1
        is_open = text.count(b'"', before, end) % 2 == 0
        end = before
    return end


def _with_single_blanks(text: bytes) -> bytes:
    """The lines with one blank between any two cells, and none around them; nothing where blanks may mean something else."""
    if b'"' in text or ODD_BLANKS.search(text):
        return b""
    signs = np.frombuffer(text.replace(b"\r\n", b"\n").replace(b"\t", b" "), np.uint8)
    is_blank, is_end = signs == ord(" "), signs == ord("\n")
    behind = np.append(is_blank[1:] | is_end[1:], True)  # a blank, or nothing more in this line, comes next
    kept: bytes = signs[~(is_blank & behind)].tobytes()
    return kept.replace(b"\n ", b"\n").removeprefix(b" ")


def _cut(layout: TextLayout, text: bytes) -> Cut | None:
    """The rows of a part; where each has a separator at its end, without the empty cell behind it."""
    width, form = len(layout.names), (layout.quote, csv.field_size_limit())
    part = cut(text, str(layout.separator), width, *form)
    longer = cut(text, str(layout.separator), width + 1, *form) if part is None else None
    if longer is None or (longer.starts[-1] != longer.ends[-1]).any():
        return part
    return Cut(longer.signs, longer.starts[:-1], longer.ends[:-1], longer.row_starts, None)


def _without_collecting(make: Callable[[], Result]) -> Result:
    """What is made, while Python looks for no cycles: lists of text have none, and there are many."""
    collects = gc.isenabled()
    gc.disable()
    try:
        return make()
    finally:
        if collects:
            gc.enable()


def _headless(layout: TextLayout, lines: Iterable[str]) -> Iterator[str]:
    """The lines without those of comments; of a header among the comments, without its sign."""
    return _uncommented(lines, layout.comment, layout.own_header)


def _uncommented(lines: Iterable[str], sign: str, header: bool = False) -> Iterator[str]:
    """The lines that do not begin with the sign; header says whether the first one is one although it does."""
    if not sign:
        yield from lines
        return
    for line in lines:
        if header and line.startswith(sign):
            yield line.lstrip(sign).lstrip()
        elif not line.startswith(sign):
            yield line
        header = header and not line.strip()


def _without_blank_rows(rows: Iterable[list[str]], width: int) -> Iterator[list[str]]:
    return (row for row in rows if row and (len(row) > 1 or width == 1 or row[0].strip()))


def _without_last_empty(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    """The rows without those at the end that are nothing but separators, as spreadsheets leave them."""
    empty: list[list[str]] = []
    for row in rows:
        if any(row):
            if empty:
                yield from empty
                empty = []
            yield row
        else:
            empty.append(row)


def _checked_widths(layout: TextLayout, first: int, block: list[list[str]]) -> list[list[str]]:
    """The rows without comments and without the empty cells that separators at their ends make.

    Raises FileError if a row is longer or shorter than the header.
    """
    width = len(layout.names)
    if set(map(len, block)) == {width}:
        return block
    rows = [trimmed(row, width) for row in block if len(row) == width or not row[0].startswith(COMMENT)]
    if set(map(len, rows)) - {width}:
        number, row = next((number, row) for number, row in enumerate(rows, start=first) if len(row) != width)
        fix = "put text that holds a separator in quotes"
        if len(row) < width:
            fix = "fill in what lacks, with nothing between its separators"
        elif layout.separator == ",":
            fix = "put what holds a comma in quotes, text or a number as 1,5"
        raise FileError(
            f"{layout.path}: row {number} has {counted(len(row), 'cell')}, but there {'is' if width == 1 else 'are'} "
            f"{counted(width, 'column')}; {fix}."
        )
    return rows
