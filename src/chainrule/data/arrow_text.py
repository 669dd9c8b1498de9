"""Large text files by pyarrow's reader, where it is installed: several times as fast, and the same values and decisions.

The first rows say which columns are read as plain numbers; of all others the different cells are looked at, as `columns` does with every
cell. What pyarrow would read otherwise than Python's csv (rows of unequal length, odd quotes, comments …) is left to that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import FrozenValue, replace
from chainrule.data.arrays import lost_digits
from chainrule.data.cells import is_missing, spellings, without_missing_numbers
from chainrule.data.columns import CellOptions, ColumnForm, Found, column_of, evidence_of_plain, found_in, with_rows
from chainrule.data.encodings import UNREADABLE
from chainrule.data.numbers import NumberFormat, looks_like_number
from chainrule.data.spans import Signs, Spans
from chainrule.data.table import Column

if TYPE_CHECKING:
    from chainrule.data.layout import TextLayout
    from chainrule.data.text import RowBlock

FIRST, CELLS, FEWEST = 1000, 1 << 18, 20
"""Rows that say which columns are plain numbers; of wide files fewer, with so many cells about, and so many rows at least."""

QUOTE, NEWLINE, RETURN = b'"\n\r'

SMALLEST = 1 << 20
"""Bytes; a smaller file is read before pyarrow is imported."""

AT_ONCE, LARGEST = 1 << 20, 1 << 26
"""Bytes that pyarrow takes at a time, at least and at most."""


def first_rows(columns: int) -> int:
    """How many rows say which columns are plain numbers, where there are so many."""
    return min(FIRST, max(FEWEST, CELLS // columns))


class Unfit(Exception):
    """A file that is left to Python's csv."""


class RowRange(FrozenValue):
    """Consecutive rows: the number of the first one, how many, and their columns as pyarrow has them.

    plain   by name of a column of plain numbers, their decimal sign; "" for whole ones
    """

    first: int
    rows: int
    arrays: Mapping[str, Any]
    plain: Mapping[str, str]

    def found(self, asked: Mapping[str, ColumnForm], options: CellOptions) -> dict[str, Found]:
        """What the cells of every column are."""
        return {name: self._found(name, values, asked.get(name), options) for name, values in self.arrays.items()}

    def _found(self, name: str, values: Any, asked: ColumnForm | None, options: CellOptions) -> Found:
        if name in self.plain:
            numbers, decimal = _numbers(values, options), self.plain[name]
            evidence = evidence_of_plain(numbers, decimal)
            evidence.padded = lost_digits(_raw(values))
            return Found(numbers, None if np.isnan(numbers).all() else "number", decimal, evidence)
        if not is_dictionary(values):
            return found_in(_spans(values), self.first, asked, options)
        cells, places = values.dictionary.to_pylist(), _places(values)
        found = found_in(cells, 2, asked, options)  # the first rows have been looked at
        firsts = np.zeros(len(cells), dtype=int)
        firsts[places[::-1]] = np.arange(len(places))[::-1]  # of several rows the first one is the last to be written
        evidence = with_rows(found.evidence, firsts + self.first)
        return replace(found, values=None if found.values is None else found.values[places], evidence=evidence)

    def columns(self, forms: Mapping[str, ColumnForm], options: CellOptions) -> Iterator[Column]:
        """The columns that have a form. Raises Unfit."""
        for name, form in forms.items():
            values = self.arrays[name]
            if name in self.plain:
                yield Column(name, _numbers(values, options), "number", form if isinstance(form, NumberFormat) else None)
                continue
            column = column_of(name, values.dictionary.to_pylist() if is_dictionary(values) else _spans(values), form, options)
            if column is None:
                raise Unfit
            yield column.take(_places(values)) if is_dictionary(values) else column


def is_dictionary(values: Any) -> bool:
    """Are these the different cells, and which of them each row has?"""
    return hasattr(values, "dictionary")


# What pyarrow's own ways to NumPy's arrays would cost is the time to import pandas.


def _places(values: Any) -> Array:
    """(rows,): which of the different cells each row has."""
    return np.frombuffer(values.indices.buffers()[1], np.int32, len(values), 4 * values.indices.offset)


def _spans(values: Any) -> Spans:
    """The cells of a column that pyarrow has as text."""
    _, places, data = values.buffers()
    signs = Signs(memoryview(data) if data is not None else b"")
    borders = np.frombuffer(places, np.int32, len(values) + 1, 4 * values.offset).astype(np.intp) + signs.before
    return Spans(signs, borders[:-1], borders[1:])


def _raw(values: Any) -> Array:
    """The numbers of a column as pyarrow has them, whole or not; anything where one is missing."""
    kind = np.int64 if str(values.type) == "int64" else np.float64
    return np.frombuffer(values.buffers()[1], kind, len(values), 8 * values.offset)


def _numbers(values: Any, options: CellOptions) -> Array:
    """(rows,) float64, NaN where one is missing. Raises Unfit where pyarrow may have taken a word for one."""
    numbers = _raw(values).astype(np.float64)
    if values.null_count:
        bits = np.unpackbits(np.frombuffer(values.buffers()[0], np.uint8), count=values.offset + len(values), bitorder="little")
        numbers[bits[values.offset :] == 0] = np.nan
    if int(np.isnan(numbers).sum()) != values.null_count:
        raise Unfit
    return without_missing_numbers(numbers, options.missing)


def read_parts(layout: TextLayout, plain: Mapping[str, str], start: RowBlock, options: CellOptions) -> Iterator[RowRange]:
    """The file in parts. Raises Unfit, perhaps after some of them.

    plain   by name of a column that is read as plain numbers, their decimal sign; "" for whole ones
    start   the first rows
    """
    try:
        import pyarrow
        from pyarrow import csv
    except ImportError:
        raise Unfit from None
    if not layout.is_usual or layout.separator == " " or not str(layout.separator).isascii() or not layout.encoding.startswith("utf-8"):
        raise Unfit
    lines = checked_signs(layout)
    if lines and layout.comment:
        raise Unfit  # a line within a cell may begin as comments do
    decimal = usual_decimal(plain)  # pyarrow knows one at a time
    plain = {name: sign for name, sign in plain.items() if sign in ("", decimal)}
    types = {name: pyarrow.float64() if sign else pyarrow.int64() for name, sign in plain.items()}
    different, text = pyarrow.dictionary(pyarrow.int32(), pyarrow.string()), pyarrow.string()
    names = [str(place) for place in range(len(layout.names))]
    spelled = (name for name in layout.names if name not in plain and _holds_number(start.cells[name], options))
    many = {*start.various, *spelled}
    kinds = [types.get(name, text if name in many else different) for name in layout.names]
    try:
        with layout.open() as file:
            reader = csv.open_csv(
                file,
                csv.ReadOptions(
                    block_size=_at_once(layout), column_names=names, skip_rows=layout.skipped, skip_rows_after_names=int(layout.own_header)
                ),
                csv.ParseOptions(delimiter=layout.separator, newlines_in_values=lines),
                csv.ConvertOptions(
                    column_types=dict(zip(names, kinds, strict=True)),
                    null_values=sorted(spellings(frozenset(options.missing))),
                    strings_can_be_null=False,
                    decimal_point=decimal,
                ),
            )
            first = layout.before + 1
            for batch in reader:
                if batch.num_rows:
                    if _ends_empty(batch) or (layout.comment and _holds_comment(batch.columns[0], layout.comment)):
                        raise Unfit  # rows of separators alone are none at the end of a file, nor are lines of comments
                    yield RowRange(first, batch.num_rows, dict(zip(layout.names, batch.columns, strict=True)), plain)
                    first += batch.num_rows
    except (pyarrow.ArrowException, *UNREADABLE, UnicodeDecodeError, ValueError):
        raise Unfit from None


def _holds_number(cells: Sequence[str], options: CellOptions) -> bool:
    """Does the first of these cells that has a value hold a number, in whatever way it is written?"""
    return looks_like_number(next((cell for cell in cells if not is_missing(cell, options.missing)), ""))


def usual_decimal(plain: Mapping[str, str]) -> str:
    """The decimal sign of most columns."""
    return max(".,", key=[*plain.values()].count)


def _ends_empty(batch: Any) -> bool:
    """Is the last row without any value?"""
    return all(values[-1].as_py() in (None, "") for values in batch.columns)


def _holds_comment(values: Any, sign: str) -> bool:
    """Does a cell of the first column, where it is text, begin as comments do?"""
    text = values.dictionary if is_dictionary(values) else values
    return str(text.type) == "string" and any(cell.startswith(sign) for cell in text.to_pylist())


def _at_once(layout: TextLayout) -> int:
    """Bytes of a part: those of some hundred rows at least, as each column of a part takes its time, however few its rows."""
    return max(AT_ONCE, min(LARGEST, 4000 * len(layout.names)))


def plain_columns(found: Mapping[str, Found]) -> dict[str, str]:
    """By name of a column that the first rows say is one of plain numbers, their decimal sign, which is evident; "" for whole ones."""
    plain = {}
    for name, one in found.items():
        if one.kind == "number" and one.values is not None and one.format is None and not one.evidence.padded:
            if one.decimal in one.evidence.decimal:
                plain[name] = one.decimal
            elif one.decimal == "" and bool((np.isnan(one.values) | (one.values == np.floor(one.values))).all()):
                plain[name] = ""
    return plain


def checked_signs(layout: TextLayout) -> bool:
    """Does a cell go over several lines? Raises Unfit if a quote stands elsewhere than around a cell, or a line ends in an old way."""
    sign, rest, inside, longer = ord(str(layout.separator)), b"\n", False, False
    with layout.open() as file:
        while data := file.read(AT_ONCE):
            end = data.rfind(b"\n") + 1
            start = end
            if end and not inside and not _is_special(data):
                start = data.find(b"\n") + 1 if _is_special(rest) else 0  # of lines without quotes no copy is made
            if start:
                inside, more = _checked(rest + data[:start], sign, inside)
                longer = longer or more
            rest = b"\n" + data[end:] if end else rest + data
    inside, _ = _checked(rest + b"\n", sign, inside)
    if inside:
        raise Unfit
    return longer


def _is_special(text: bytes) -> bool:
    return b'"' in text or b"\r" in text or b"\0" in text


def _checked(text: bytes, sign: int, inside: bool) -> tuple[bool, bool]:
    """Whether a quote is open at the end of these lines, which begin with the end of the one before, and whether at another one's end.
    Raises Unfit.

    inside  whether a quote is open at their beginning
    """
    if b"\0" in text or (b"\r" in text and text.count(b"\r") != text.count(b"\r\n")):
        raise Unfit
    signs = np.frombuffer(text, np.uint8)
    quotes, ends = np.flatnonzero(signs == QUOTE), np.flatnonzero(signs == NEWLINE)
    first = int(inside)
    # They open and close in turn: two that stand for one close and open again.
    opening, closing = quotes[first::2], quotes[1 - first :: 2]
    before, after = signs[opening - 1], signs[closing + 1]
    if not (((before == sign) | (before == NEWLINE) | (before == QUOTE)).all() and np.isin(after, (sign, NEWLINE, RETURN, QUOTE)).all()):
        raise Unfit
    is_open = (np.searchsorted(quotes, ends) + first) % 2 == 1
    return bool(is_open[-1]), bool(is_open[1:].any())
