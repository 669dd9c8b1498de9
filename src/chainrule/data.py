"""Tables of numbers out of text files, for explanations: comma, semicolon, tab or space between the cells, with a header or without.

With semicolons or tabs a comma is a decimal comma. Rows are counted from 1, the header not among them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from chainrule.errors import FileError, InputError, UnknownNameError, shown


@dataclass(frozen=True)
class Table:
    """Rows of numbers under named columns (named 1, 2 … where the file has no header)."""

    path: str
    columns: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]
    has_header: bool

    def chosen(self, rows: Sequence[int]) -> Table:
        """Only these rows, counted from 1, in this order. Raises InputError."""
        for row in rows:
            if not 1 <= row <= len(self.rows):
                raise InputError(f"{self.path} has no row {row}; its rows are 1 to {len(self.rows)}.")
        return replace(self, rows=tuple(self.rows[row - 1] for row in rows))

    def split(self, targets: Sequence[str]) -> tuple[Table, Table]:
        """The other columns in their order, and those called `targets`. Raises UnknownNameError."""
        for name in targets:
            if name not in self.columns:
                raise UnknownNameError(f"column of {self.path}", name, self.columns)
        return self._only([name for name in self.columns if name not in targets]), self._only(targets)

    def _only(self, names: Sequence[str]) -> Table:
        places = [self.columns.index(name) for name in names]
        return replace(self, columns=tuple(names), rows=tuple(tuple(row[place] for place in places) for row in self.rows))


def read_table(path: str | Path) -> Table:
    """The numbers of a text file. Raises FileError, which names row and column of a cell that is no number."""
    import csv

    from chainrule.files import read_text

    lines = [line for line in read_text(path).splitlines() if line.strip()]
    separator = _separator(lines[0])
    if separator is None:
        cells = [line.split() for line in lines]
    else:
        try:
            cells = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=separator, strict=True)]
        except csv.Error as error:
            raise FileError(f"{path} is not a table of numbers: {error}.") from None
    comma = separator in (";", "\t")
    has_header = all(_number(cell, comma) is None for cell in cells[0])
    columns = tuple(cells[0]) if has_header else tuple(str(place) for place in range(1, len(cells[0]) + 1))
    if has_header and len(cells) == 1:
        raise FileError(f"{path} has a header but no rows of numbers.")
    if len(set(columns)) < len(columns):
        twice = next(name for name in columns if columns.count(name) > 1)
        raise FileError(f"{path} has two columns called {shown(twice)}; give each its own name.")
    rows = tuple(_row(str(path), number, row, columns, comma) for number, row in enumerate(cells[has_header:], start=1))
    return Table(str(path), columns, rows, has_header)


def _separator(line: str) -> str | None:
    return next((separator for separator in (";", "\t", ",") if separator in line), None)


def _row(path: str, number: int, cells: Sequence[str], columns: Sequence[str], comma: bool) -> tuple[float, ...]:
    if len(cells) != len(columns):
        raise FileError(f"{path}: row {number} has {len(cells)} cells, but there are {len(columns)} columns.")
    return tuple(_checked(path, number, column, cell, comma) for column, cell in zip(columns, cells, strict=True))


def _checked(path: str, number: int, column: str, cell: str, comma: bool) -> float:
    value = _number(cell, comma)
    if value is None or not math.isfinite(value):
        what = "is empty" if not cell else f"holds {shown(cell)}, which is no {'number' if value is None else 'finite number'}"
        raise FileError(f"{path}: row {number}, column {shown(column)} {what}.")
    return value


def _number(cell: str, comma: bool) -> float | None:
    """The number that a cell holds; with a decimal comma if `comma`."""
    if "_" in cell:  # Python's float would take 1_000
        return None
    try:
        return float(cell.replace(",", ".", 1) if comma and "." not in cell else cell)
    except ValueError:
        return None


def row_numbers(text: str) -> list[int]:
    """Rows as people write them: "3", "3-7", "3,5". Raises InputError."""
    numbers: list[int] = []
    for part in text.replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        if not (first.isdecimal() and len(first) < 10 and (not dash or (last.isdecimal() and len(last) < 10))):
            raise InputError(f"rows are written as 3, 3-7 or 3,5, not {shown(text)}.")
        start, stop = int(first), int(last or first)
        if stop < start or stop - start >= 1_000_000:
            raise InputError(f"rows {shown(part)} are no range that can be counted up.")
        numbers += range(start, stop + 1)
    return numbers
