"""Large text files by pyarrow's reader, where it is installed: several times as fast, and the same values and decisions.

The first rows say which columns are read as plain numbers; of all others the different cells are looked at, as `columns` does with every
cell. What pyarrow would read otherwise than Python's csv (rows of unequal length, odd quotes, comments …) is left to that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.base.frozen import FrozenValue
from chainrule.data.cells import Array, without_missing_numbers
from chainrule.data.columns import CellOptions, Form, Found, column_of, found_in
from chainrule.data.encodings import UNREADABLE, open_binary
from chainrule.data.numbers import Evidence, NumberFormat
from chainrule.data.table import Column

if TYPE_CHECKING:
    from chainrule.data.text import TextLayout

FIRST = 1000
"""Rows that say which columns are plain numbers."""

SMALLEST = 1 << 20
"""Bytes; a smaller file is read before pyarrow is imported."""

AT_ONCE, LARGEST = 1 << 20, 1 << 26
"""Bytes that pyarrow takes at a time, at least and at most."""


class Unfit(Exception):
    """A file that is left to Python's csv."""


class RowRange(FrozenValue):
    """Consecutive rows: the number of the first one, how many, and their columns as pyarrow has them."""

    first: int
    rows: int
    arrays: Mapping[str, Any]

    def found(self, asked: Mapping[str, Form], options: CellOptions) -> dict[str, Found]:
        """What the cells of every column are."""
        return {name: self._found(values, asked.get(name), options) for name, values in self.arrays.items()}

    def _found(self, values: Any, asked: Form | None, options: CellOptions) -> Found:
        if not is_dictionary(values):
            numbers, decimal = _numbers(values, options)
            return Found(numbers, None if np.isnan(numbers).all() else "number", decimal, _evidence(numbers, decimal))
        cells, places = values.dictionary.to_pylist(), np.asarray(values.indices)
        found = found_in(cells, 2, asked, options)  # the first rows have been looked at
        firsts = np.unique(places, return_index=True)[1]
        evidence = _with_rows(found.evidence, [self.first + int(row) for row in firsts])
        return replace(found, values=None if found.values is None else found.values[places], evidence=evidence)

    def columns(self, forms: Mapping[str, Form], options: CellOptions) -> Iterator[Column]:
        """The columns that have a form. Raises Unfit."""
        for name, form in forms.items():
            values = self.arrays[name]
            if not is_dictionary(values):
                yield Column(name, _numbers(values, options)[0], "number", form if isinstance(form, NumberFormat) else None)
                continue
            column = column_of(name, values.dictionary.to_pylist(), form, options)
            if column is None:
                raise Unfit
            yield column.take(np.asarray(values.indices))


def is_dictionary(values: Any) -> bool:
    """Are these the different cells, and which of them each row has?"""
    return hasattr(values, "dictionary")


def _numbers(values: Any, options: CellOptions) -> tuple[Array, str]:
    """The numbers, NaN where one is missing, and their decimal sign. Raises Unfit where pyarrow may have taken a word for one."""
    import pyarrow

    is_whole = values.type == pyarrow.int64()
    numbers = np.asarray(values.cast(pyarrow.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)
    if int(np.isnan(numbers).sum()) != values.null_count:
        raise Unfit
    return without_missing_numbers(numbers, options.missing), "" if is_whole else "."


def _evidence(numbers: Array, decimal: str) -> Evidence:
    if decimal:
        return Evidence()  # that the point is the decimal sign, the first rows say
    sizes = np.abs(numbers[np.isfinite(numbers)])
    return Evidence(short=bool((sizes < 1000).any()), long=bool((sizes >= 1000).any()))


def _with_rows(evidence: Evidence, rows: Sequence[int]) -> Evidence:
    """The evidence of different cells, counted from 2, with the numbers of the rows that have them first."""
    moved: dict[str, Any] = {}
    for name in ("decimal", "thousands", "open", "units"):
        moved[name] = {key: (rows[place - 2], cell) for key, (place, cell) in getattr(evidence, name).items()}
    stray = evidence.stray and (rows[evidence.stray[0] - 2], evidence.stray[1])
    return replace(evidence, **moved, stray=stray)


def read_parts(layout: TextLayout, plain: Mapping[str, str], options: CellOptions) -> Iterator[RowRange]:
    """The file in parts. Raises Unfit, perhaps after some of them.

    plain   the columns that are read as plain numbers: "whole", or "point" for those with a decimal point
    """
    try:
        import pyarrow
        from pyarrow import csv
    except ImportError:
        raise Unfit from None
    if (
        layout.separator in (None, " ")
        or len(layout.names) < 2
        or layout.commented
        or layout.forms
        or layout.spaced
        or layout.ruled
        or not layout.encoding.startswith("utf-8")
    ):
        raise Unfit
    quoted, separator = _checked_signs(layout), str(layout.separator)
    cells, types = pyarrow.dictionary(pyarrow.int32(), pyarrow.string()), {"whole": pyarrow.int64(), "point": pyarrow.float64()}
    names = [str(place) for place in range(len(layout.names))]
    column_types = {place: types.get(plain.get(name, ""), cells) for place, name in zip(names, layout.names, strict=True)}
    try:
        with open_binary(layout.path) as file:
            reader = csv.open_csv(
                file,
                csv.ReadOptions(
                    block_size=_at_once(layout), column_names=names, skip_rows=layout.skipped, skip_rows_after_names=int(layout.own_header)
                ),
                csv.ParseOptions(delimiter=separator, newlines_in_values=quoted),
                csv.ConvertOptions(column_types=column_types, null_values=_spellings(options.missing), strings_can_be_null=False),
            )
            first = 1
            for batch in reader:
                if batch.num_rows:
                    if _ends_empty(batch):
                        raise Unfit  # rows of separators alone are none at the end of a file
                    yield RowRange(first, batch.num_rows, dict(zip(layout.names, batch.columns, strict=True)))
                    first += batch.num_rows
    except (pyarrow.ArrowException, *UNREADABLE, UnicodeDecodeError, ValueError):
        raise Unfit from None


def _ends_empty(batch: Any) -> bool:
    """Is the last row without any value?"""
    return all(values[-1].as_py() in (None, "") for values in batch.columns)


def _at_once(layout: TextLayout) -> int:
    """Bytes of a part: those of some hundred rows at least, as each column of a part takes its time, however few its rows."""
    return max(AT_ONCE, min(LARGEST, 4000 * len(layout.names)))


def plain_columns(found: Mapping[str, Found]) -> dict[str, str]:
    """The columns that the first rows say are plain numbers: "whole", or "point" where a decimal point is evident."""
    plain = {}
    for name, one in found.items():
        if one.kind == "number" and one.values is not None and not one.evidence.padded:
            if one.decimal == "." and "." in one.evidence.decimal:
                plain[name] = "point"
            elif one.decimal == "" and bool((np.isnan(one.values) | (one.values == np.floor(one.values))).all()):
                plain[name] = "whole"
    return plain


def _spellings(words: Collection[str]) -> list[str]:
    """The words as people write them; another mixture of small and capital letters is left to Python."""
    return sorted({spelling for word in words for spelling in (word, word.upper(), word.capitalize(), word.title())})


def _checked_signs(layout: TextLayout) -> bool:
    """Are there quotes? Raises Unfit if one stands elsewhere than around a cell, or if a line ends in an old way."""
    sign, rest, quoted = str(layout.separator).encode(), b"", False
    with open_binary(layout.path) as file:
        while data := file.read(AT_ONCE):
            if b'"' in data or b"\r" in data or b"\0" in data or b"\n" not in data:
                whole, newline, rest = (rest + data).rpartition(b"\n")
                quoted = _checked(b"\n" + whole + newline, sign) or quoted
                continue
            if rest:
                line, newline, data = data.partition(b"\n")
                quoted = _checked(b"\n" + rest + line + newline, sign) or quoted
            rest = data.rpartition(b"\n")[2]
    return _checked(b"\n" + rest + b"\n", sign) or quoted


def _checked(lines: bytes, sign: bytes) -> bool:
    """Are there quotes in these whole lines, which begin with the end of the one before? Raises Unfit."""
    if b"\0" in lines or (b"\r" in lines and lines.count(b"\r") != lines.count(b"\r\n")):
        raise Unfit
    quotes = lines.count(b'"')
    if not quotes:
        return False
    opening = lines.count(sign + b'"') + lines.count(b'\n"')
    closing = lines.count(b'"' + sign) + lines.count(b'"\n') + lines.count(b'"\r')
    alone = lines.count(sign + b'"' + sign) + lines.count(b'\n"' + sign) + lines.count(sign + b'"\n')
    if opening != closing or opening + closing != quotes or alone:
        raise Unfit
    return True
