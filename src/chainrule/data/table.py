"""Tables: named columns of one length, and nothing decided yet about learning."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import FileError, InputError, UnknownNameError, quoted
from chainrule.base.frozen import Frozen, replace
from chainrule.base.options import option
from chainrule.data.cells import ColumnKind, is_missing, parse_number, without_missing_numbers
from chainrule.data.notes import Notice
from chainrule.data.numbers import NumberFormat

LARGEST_NUMBER = 1e300
"""Beyond this nothing can be computed with a number: its distance from another one overflows."""


class Column(Frozen):
    """One column.

    values   float64 with NaN where a value is missing (numbers; booleans as 0 and 1), or objects: text with None where it is
             missing (text and dates)
    format   of numbers in text, how they are written
    doubt    of numbers that are left as text, why it is not clear how they are written
    padded   of numbers in text that may be names, one that a number does not keep: 007, 2E3, 1.10
    """

    name: str
    values: Array
    kind: ColumnKind
    format: NumberFormat | None = None
    doubt: str = ""
    padded: str = ""

    @cached_property
    def missing(self) -> Array:
        """(rows,): True where there is no value."""
        if self.values.dtype == object:
            return np.fromiter((value is None for value in self.values), bool, len(self.values))
        return np.isnan(self.values)

    def take(self, places: Any) -> Column:
        """The column with only these rows."""
        return self.with_values(self.values[places])

    def with_values(self, values: Array) -> Column:
        """The column with other values: as `replace` does it, which takes its time where columns are very many."""
        return Column(self.name, values, self.kind, self.format, self.doubt, self.padded)

    def without_missing(self, words: Collection[str]) -> Column:
        """The column with no value where one of these words stands, or a number that one of them is."""
        if self.values.dtype != object:
            return replace(self, values=without_missing_numbers(self.values, words))
        values = np.empty(len(self.values), dtype=object)
        values[:] = [None if value is None or is_missing(value, words) else value for value in self.values]
        return replace(self, values=values)


class Table(Frozen):
    """Columns of one length under different names.

    source       where it comes from, as messages call it
    first_row    the number of its first row; rows are counted from 1, a header not among them
    notes        what was detected
    has_header   False where the names are not the data's own
    row_numbers  the number of every row, where rows have been chosen
    """

    source: str
    columns: tuple[Column, ...]
    first_row: int = 1
    notes: tuple[Notice, ...] = ()
    has_header: bool = True
    row_numbers: Array | None = None

    def __len__(self) -> int:
        return len(self.columns[0].values) if self.columns else 0

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def kinds(self) -> dict[str, ColumnKind]:
        """The kind of every column, by name."""
        return {column.name: column.kind for column in self.columns}

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    def column(self, name: str) -> Column:
        """The column of this name. Raises UnknownNameError, which offers the nearest."""
        if name not in self._by_name:
            several = all(part.strip() in self._by_name for part in name.split(","))
            hint = "Name each of several columns by itself: the option once for each." if several else ""
            if {"pixel_1_1", "pixel_1_1_1"} & {*self._by_name} and "label" not in self._by_name:
                hint = "Images have a label where each class has a folder of its own, or a file of labels lies beside them."
            if not self.has_header:
                of_text = "The names are ours, as no header was found; if the first row of a text is one, say «--header»."
                hint = "The columns of an array are counted, from 1." if self.source == "the array" else of_text
            raise UnknownNameError(f"column of {self.source}", name, self.names, hint)
        return self._by_name[name]

    @cached_property
    def rows(self) -> Array:
        """(rows,): the number of every row, as people count in the data."""
        return np.arange(self.first_row, self.first_row + len(self)) if self.row_numbers is None else self.row_numbers

    def row(self, place: int) -> int:
        """The number of the row at this place; places are counted from 0."""
        return int(self.rows[place])

    def take(self, places: Any) -> Table:
        """Only the rows at these places (counted from 0; or a boolean for each), in this order."""
        return replace(self, columns=tuple(column.take(places) for column in self.columns), row_numbers=self.rows[places])

    def without_missing(self, words: Collection[str]) -> Table:
        """The table with no value where one of these words stands, or a number that one of them is."""
        return replace(self, columns=tuple(column.without_missing(words) for column in self.columns))

    def chosen(self, rows: Sequence[int]) -> Table:
        """The rows of these numbers (counted from 1), in this order. Raises InputError."""
        for row in rows:
            if not 1 <= row <= len(self):
                raise InputError(f"{self.source} has no row {row}; its rows are 1 to {len(self)}.")
        return self.take([row - 1 for row in rows])

    def cell(self, place: int, name: str) -> str:
        """How messages name one cell: "rows.csv: row 3, column 'age'"."""
        return f"{self.source}: row {self.row(place)}, column {quoted(name)}"

    def numbers(self, names: Sequence[str]) -> Array:
        """(rows, names): these columns as numbers. Raises FileError, which names the first cell that is none."""
        return np.column_stack([self._checked(self.column(name)) for name in names]) if names else np.empty((len(self), 0))

    def _checked(self, column: Column) -> Array:
        if column.values.dtype == object:
            raise FileError(self.stray(column))
        if column.missing.any():
            raise FileError(f"{self.cell(int(column.missing.argmax()), column.name)} has no value.")
        self.check_size(column)
        return column.values

    def check_size(self, column: Column) -> None:
        """Raises FileError if a number is infinite or too large to compute with."""
        absurd = np.abs(column.values) > LARGEST_NUMBER
        if absurd.any():
            place = int(absurd.argmax())
            value = float(column.values[place])
            why = "no finite number" if np.isinf(value) else "too large to compute with"
            fix = f"correct it, say {option('missing', f'{value:g}')} if it means that there is no value, or leave the row out"
            raise FileError(f"{self.cell(place, column.name)} holds {value:g}, which is {why}; {fix}.")

    def stray(self, column: Column) -> str:
        """The complaint about the first cell of a column of text that is no number, or that may be several."""
        if column.doubt:
            return column.doubt
        strays = (place for place, cell in enumerate(column.values) if cell is not None and parse_number(cell) is None)
        place = next(strays, None)
        if place is None:  # numbers to look at
            place = int((~column.missing).argmax())
            return f"{self.cell(place, column.name)} holds the text {quoted(column.values[place])}; make numbers of such a column."
        return f"{self.cell(place, column.name)} holds {quoted(column.values[place])}, which is no number."


def joined(tables: list[Table], kinds: Mapping[str, ColumnKind]) -> Table:
    """One table out of consecutive ones with the same columns, which are of these kinds. The list is emptied: as soon as a column is
    whole, its pieces take no memory any more.
    """
    first = tables[0]
    if len(tables) == 1:
        return retyped(first, kinds)
    pieces = [[retyped_column(table.column(name), kind) for table in tables] for name, kind in kinds.items()]
    tables.clear()
    first, columns = replace(first, columns=()), list[Column]()
    while pieces:
        column = pieces.pop(0)
        columns.append(replace(column[0], values=np.concatenate([part.values for part in column])))
    return replace(first, columns=tuple(columns))


def resized(tables: Iterable[Table], rows: int) -> Iterator[Table]:
    """Consecutive tables as others of so many rows each, the last one of fewer."""
    waiting: list[Table] = []
    for table in tables:
        waiting.append(table)
        while sum(map(len, waiting)) >= rows:
            whole = joined(waiting, waiting[0].kinds)
            yield replace(whole.take(slice(0, rows)), row_numbers=None)
            rest = replace(whole.take(slice(rows, None)), row_numbers=None, first_row=whole.first_row + rows)
            waiting = [rest] if len(rest) else []
    if waiting:
        yield joined(waiting, waiting[0].kinds)


def retyped(table: Table, kinds: Mapping[str, ColumnKind]) -> Table:
    """The table with its columns under these kinds, where their values allow it."""
    return replace(table, columns=tuple(retyped_column(column, kinds.get(column.name, column.kind)) for column in table.columns))


def retyped_column(column: Column, kind: ColumnKind) -> Column:
    """The column under this kind, if it keeps its values in the same way or has none."""
    as_text = kind in ("text", "date")
    if as_text == (column.values.dtype == object):
        return replace(column, kind=kind)
    return replace(column, values=np.full(len(column.values), None if as_text else np.nan), kind=kind) if column.missing.all() else column


def sliced(length: int, rows: int, cut: Callable[[slice], tuple[Column, ...]], table: Table) -> Iterator[Table]:
    """Tables of at most `rows` rows, whose columns `cut` makes."""
    for start in range(0, max(length, 1), rows):
        yield replace(table, columns=cut(slice(start, min(start + rows, length))), first_row=start + 1)


def row_numbers(text: str) -> list[int]:
    """Rows as people write them: "3", "3-7", "3,5". Raises InputError."""
    numbers: list[int] = []
    for part in text.replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        if not (first.isdecimal() and len(first) < 10 and (not dash or (last.isdecimal() and len(last) < 10))):
            raise InputError(f"rows are written as 3, 3-7 or 3,5, not {quoted(text)}.")
        start, stop = int(first), int(last or first)
        if stop < start or stop - start >= 1_000_000:
            raise InputError(f"rows {quoted(part)} are no range that can be counted up.")
        numbers += range(start, stop + 1)
    return numbers
