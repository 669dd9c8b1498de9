"""Large text files by NumPy's reader, where pyarrow's is not installed: much faster than Python's csv, and the same values and decisions.

The first rows say which columns are read as plain numbers; all others are text, whose cells `columns` looks at. What NumPy would read
otherwise than Python's csv is left to that.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.base.frozen import FrozenValue
from chainrule.data.arrow_text import Unfit, checked_signs, evidence_of_plain, usual_decimal
from chainrule.data.cells import Array, is_missing, without_missing_numbers
from chainrule.data.columns import CellOptions, Form, Found, column_of, found_in
from chainrule.data.encodings import UNREADABLE
from chainrule.data.numbers import NumberFormat
from chainrule.data.table import Column

if TYPE_CHECKING:
    from chainrule.data.layout import TextLayout
    from chainrule.data.text import Block

NAN = b"nan"
"""A missing number, as NumPy reads it."""

AT_ONCE = 1 << 20
"""Characters of a file that are looked at at a time."""

CELLS, FEWEST = 1 << 17, 200
"""Cells of a part, about; and its rows at least, as each column of a part takes its time, however few its rows."""

DECIMALS = str.maketrans({",": ".", ".": "\x1e"})
"""Decimal commas as NumPy reads them, and points as it does not."""


class LoadedRows(FrozenValue):
    """Consecutive rows: the number of the first one, how many, and their columns: numbers, or objects that are text.

    plain   by name of a column of plain numbers, their decimal sign; "" for whole ones
    """

    first: int
    rows: int
    arrays: Mapping[str, Array]
    plain: Mapping[str, str]

    def found(self, asked: Mapping[str, Form], options: CellOptions) -> dict[str, Found]:
        """What the cells of every column are."""
        return {name: self._found(name, values, asked.get(name), options) for name, values in self.arrays.items()}

    def _found(self, name: str, values: Array, asked: Form | None, options: CellOptions) -> Found:
        if name not in self.plain:
            return found_in(values.tolist(), self.first, asked, options)
        numbers, decimal = _numbers(values, options), self.plain[name]
        return Found(numbers, None if np.isnan(numbers).all() else "number", decimal, evidence_of_plain(numbers, decimal))

    def columns(self, forms: Mapping[str, Form], options: CellOptions) -> Iterator[Column]:
        """The columns that have a form. Raises Unfit."""
        for name, form in forms.items():
            values = self.arrays[name]
            if name in self.plain:
                yield Column(name, _numbers(values, options), "number", form if isinstance(form, NumberFormat) else None)
                continue
            column = column_of(name, values.tolist(), form, options)
            if column is None:
                raise Unfit
            yield column


def _numbers(values: Array, options: CellOptions) -> Array:
    return without_missing_numbers(values.astype(np.float64), options.missing)


def read_parts(layout: TextLayout, plain: Mapping[str, str], start: Block, options: CellOptions) -> Iterator[LoadedRows]:
    """The file in parts. Raises Unfit, perhaps after some of them.

    plain   by name of a column that is read as plain numbers, their decimal sign; "" for whole ones
    start   the first rows
    """
    if not layout.is_plain or checked_signs(layout):
        raise Unfit
    decimal = usual_decimal(plain)
    words = {name: {cell for cell in start.cells[name] if is_missing(cell, options.missing)} for name in plain}
    plain = {
        name: sign
        for name, sign in plain.items()
        if sign in ("", decimal) and not (sign == "," == layout.separator) and (sign or not words[name])  # whole ones lack nothing
    }
    absent = {name: words[name] for name in plain if words[name]}
    # Of text beside numbers with decimal commas, the commas stay: that is read by itself.
    turned = decimal == "," and "," in plain.values()
    passes = [{*plain}, {*layout.names} - {*plain}] if turned else [{*layout.names}]
    rows, first = max(FEWEST, CELLS // len(layout.names)), layout.before + 1
    try:
        with ExitStack() as stack:
            streams = [_lines(layout, stack, absent, turned=turned and place == 0) for place, some in enumerate(passes) if some]
            kinds = [_kinds(layout, plain, some) for some in passes if some]
            while True:
                parts = [_loaded(lines, kind, str(layout.separator), rows) for lines, kind in zip(streams, kinds, strict=True)]
                if len({len(part) for part in parts}) != 1 or _ends_empty(parts[0], plain):
                    raise Unfit
                if len(parts[0]):
                    wanted = {name: part for part, some in zip(parts, filter(None, passes), strict=True) for name in some}
                    arrays = {
                        name: np.ascontiguousarray(wanted[name][str(place)]) for place, name in enumerate(layout.names) if name in wanted
                    }
                    yield LoadedRows(first, len(parts[0]), arrays, plain)
                    first += len(parts[0])
                if len(parts[0]) < rows:
                    return
    except (*UNREADABLE, UnicodeDecodeError, ValueError, DeprecationWarning):
        raise Unfit from None


def _lines(layout: TextLayout, stack: ExitStack, absent: Mapping[str, Collection[str]], *, turned: bool) -> Iterator[str]:
    """The lines of the rows, with nan for the words that say that a value is missing, as NumPy reads it."""
    binary = stack.enter_context(layout.open())
    file = stack.enter_context(io.TextIOWrapper(binary, encoding=layout.encoding))
    for _ in range(layout.skipped):
        next(file, None)
    if layout.own_header:
        next((line for line in file if line.strip()), None)
    rest = ""
    while (more := file.read(AT_ONCE)) or rest:
        text, _, rest = (rest + more).rpartition("\n") if more else (rest, "", "")
        if turned:
            text = text.translate(DECIMALS)
        yield from (_without(text, layout, absent) if absent else text).split("\n")


def _without(text: str, layout: TextLayout, absent: Mapping[str, Collection[str]]) -> str:
    """The lines with nan in place of the cells of these columns that are one of the column's words."""
    width, separator = len(layout.names), str(layout.separator)
    if '"' in text or not separator.isascii():
        return text
    signs = np.frombuffer(f"\n{text}\n".encode(errors="surrogatepass"), np.uint8)
    ends = np.flatnonzero((signs == ord(separator)) | (signs == ord("\n")))
    starts, sizes = ends[:-1] + 1, np.diff(ends) - 1
    if len(starts) % width:
        return text
    last = signs[ends[1:] - 1].reshape(-1, width)
    gone = np.zeros(last.shape, dtype=bool)
    for name, words in absent.items():
        place = layout.names.index(name)
        odd = np.flatnonzero((last[:, place] < ord("0")) | (last[:, place] > ord("9")))
        cells = odd * width + place
        same = np.zeros(len(odd), dtype=bool)
        for word in {word.encode(errors="surrogatepass") for word in words}:
            alike = sizes[cells] == len(word)
            for number, sign in enumerate(word):
                alike &= signs[np.minimum(starts[cells] + number, len(signs) - 1)] == sign
            same |= alike
        gone[odd[same], place] = True
    cells = np.flatnonzero(gone.ravel())
    short = np.maximum(len(NAN) - sizes[cells], 0)
    longer = np.insert(signs, np.repeat(starts[cells], short), ord(" "))
    begins = starts[cells] + np.cumsum(short) - short
    for number in range(max(len(NAN), int(sizes[cells].max(initial=0)))):
        inside = begins[(sizes[cells] + short) > number] + number
        longer[inside] = NAN[number] if number < len(NAN) else ord(" ")
    return longer[1:-1].tobytes().decode(errors="surrogatepass")


def _kinds(layout: TextLayout, plain: Mapping[str, str], wanted: Collection[str]) -> Any:
    """NumPy's type of a row: of cells that are not wanted, a sign only."""
    kinds = [
        "U1" if name not in wanted else "O" if name not in plain else "f8" if plain[name] else "i8" for name in layout.names
    ]  # fmt: skip
    return np.dtype([(str(place), kind) for place, kind in enumerate(kinds)])


def _loaded(lines: Iterator[str], kind: Any, separator: str, rows: int) -> Array:
    """(rows,) of that type, fewer at the end. Raises ValueError where a row is of another length, or a cell no number."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # at the end there is nothing
        warnings.simplefilter("error", DeprecationWarning)  # 1.5 as a whole number
        return np.loadtxt(lines, kind, comments=None, delimiter=separator, quotechar='"', max_rows=rows, ndmin=1)


def _ends_empty(rows: Array, plain: Mapping[str, str]) -> bool:
    """Is the last row one of separators alone?"""
    return not plain and len(rows) > 0 and not any(rows[-1].item())
