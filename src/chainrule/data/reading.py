"""Reading: files, data frames and arrays to tables of named columns. Nothing is decided here about learning.

    table = read("flowers.csv")                     # separator, decimal sign, encoding and header are found out: table.notes
    for table in chunks("large.csv", rows=50_000):  # the same, a part at a time

A source is the path of a file (CSV and the like, also packed; Parquet, Feather and Arrow, JSON lines, .npy, .npz, IDX, an image), several
files, a folder of them or a pattern such as data/*.csv, the name of a set that ships with scikit-learn ("data:iris"), a data frame of
pandas, polars or pyarrow, a dict of columns, an array, or a Table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from chainrule.base.errors import FileError, InputError, UnknownNameError, quoted
from chainrule.base.frozen import FrozenValue, replace
from chainrule.data import arrow_text
from chainrule.data.cells import KINDS, MISSING, ColumnKind, common_kind, missing_words
from chainrule.data.characters import checked_length
from chainrule.data.columns import CellOptions, ColumnForm, Found, Scan, found_in
from chainrule.data.dates import are_dates
from chainrule.data.encodings import gives_once, reopenable
from chainrule.data.files import files_in_words, files_of, folder_of, partition_of
from chainrule.data.layout import TextLayout, text_layout
from chainrule.data.notes import Notice, notice
from chainrule.data.numbers import COMMA, PLAIN, NumberFormat, NumberOptions
from chainrule.data.ranges import OfEach, alone
from chainrule.data.shipped import SHIPPED
from chainrule.data.sources import is_file, is_text, shipped_name, size_of, typed_tables
from chainrule.data.table import Column, Table, joined, resized, retyped, row_numbers
from chainrule.data.text import RowBlock, TextFiles

__all__ = [
    "Column",
    "ColumnKind",
    "Forms",
    "SHIPPED",
    "Table",
    "chunks",
    "forms_of",
    "kinds_of",
    "read",
    "row_numbers",
    "text_files",
]

CELLS, FEWEST, MOST = 1 << 18, 500, 20_000
"""Cells of text that are looked at together, about, and rows: so many that what a column takes, however few its rows, is little."""

ZERO_FIRST = re.compile(r"\s*0[0-9]+\s*")
"""Digits that are no number, or lose something as one."""

BLOCK = 5_000
"""Rows that are converted at a time when a whole file is read: few enough to stay in the processor's cache."""


def read(
    source: Any,
    *,
    separator: str | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
    units: str | Sequence[str] = (),
    missing: str | Sequence[Any] = (),
    encoding: str | None = None,
    header: bool | None = None,
    characters: int | None = None,
    kinds: Mapping[str, str | NumberFormat] | None = None,
) -> Table:
    """The whole source as one table.

    separator, encoding, header   the form of a text file, where it should not be found out
    decimal, thousands   the signs in its numbers, where they should not be found out column by column
    units      that may be taken off numbers, even if not all of a column have them: "kg"; where one of these three is said, text in data
               frames, Parquet and JSON is read as well, with `decimal` also that of plain numbers
    missing    words, or numbers as -999, that mean that there is no value, besides the usual ones
    characters of a text that is no table: so many of them are a row, and the one that follows is its last column, next
    kinds      the kinds of columns of a text file, by name: number, text, boolean or date; the others are recognised. A `NumberFormat` says
               that they are numbers, and how to read those that could be read in two ways

    Raises InputError: what is wrong, in which row and column, and the smallest fix.
    """
    if isinstance(source, Table):
        return source
    return _read(source, kinds, Reading.of(separator, decimal, thousands, units, missing, encoding, header, characters))


def _read(source: Any, kinds: Mapping[str, str | NumberFormat] | None, form: Reading) -> Table:
    with reopenable(source) if is_file(source) else nullcontext():
        return _read_whole(source, kinds, form)


def _read_whole(source: Any, kinds: Mapping[str, str | NumberFormat] | None, form: Reading) -> Table:
    expected, files = _checked_kinds(kinds), form.text_files(source)
    if files is not None:
        return _read_text(files, expected, form)
    parts = list(_with_days(form.parts(source, BLOCK), expected))
    if not parts:
        raise FileError(f"{source} holds no rows.")
    scan = _typed_scan(parts, expected, form)
    found = scan.decided()
    known: dict[str, ColumnKind] = {name: kind or "number" for name, kind in scan.kinds.items()}
    for part in parts:
        _check_kinds(part, known)
    return joined([_in_forms(part, found, form) for part in parts], {name: kind_of(one) for name, one in found.forms.items()})


def chunks(
    source: Any,
    *,
    rows: int = 50_000,
    kinds: Mapping[str, str | NumberFormat] | None = None,
    forms: Forms | None = None,
    part: range | TextFiles | None = None,
    **options: Any,
) -> Iterator[Table]:
    """The source as tables of at most `rows` rows, one after the other; memory holds one at a time. Options as of `read`, and:

    names   what the columns of a file without header may be called: of several lists the first one of the right length
    forms   what `forms_of` has found out about the source; without it, a text file is gone through once more for that
    part    only these rows, counted from 0, of a source whose rows can be counted without reading it (`data.ranges.counts_of`);
            of text files, what `data.text_ranges.own_files` gives
    """
    if rows < 1:
        raise InputError(f"a part has at least one row, not {rows}.")
    form = Reading.of(**options)
    if is_file(source) and gives_once(source):
        source, form, options = _read(source, kinds, form), Reading(), {}
    files = part if isinstance(part, TextFiles) else form.text_files(source)
    found = forms or forms_of(source, kinds=kinds, **options)
    if files is not None:
        return _converted(files, rows, found, form)
    own = form.parts(source, rows, part if isinstance(part, range) else None)
    return (_in_forms(table, found, form) for table in _with_days(own, _checked_kinds(kinds)))


class Forms(FrozenValue):
    """What all rows of a source say about its columns: by name, the kind, or how numbers are written; and why that is not clear.

    notes   what was found out
    padded  of columns read as numbers that may be names, one that a number does not keep: 007, 2E3, 1.10
    """

    forms: Mapping[str, ColumnForm]
    doubts: Mapping[str, str]
    notes: tuple[Notice, ...] = ()
    padded: Mapping[str, str] = field(default_factory=dict)


def forms_of(
    source: Any,
    *,
    kinds: Mapping[str, str | NumberFormat] | None = None,
    part: range | TextFiles | None = None,
    of_each: OfEach = alone,
    **options: Any,
) -> Forms:
    """The form of every column, found in one pass over the whole source, or over a part of it as of `chunks`. Options as of `read`.

    of_each  where several processes read a part each: what an action gives in each of them
    """
    form, expected = Reading.of(**options), _checked_kinds(kinds)
    files = form.text_files(source)
    if files is None:
        own_rows = part if isinstance(part, range) else None
        typed, *others = of_each(lambda: _typed_scan(_with_days(form.parts(source, BLOCK, own_rows), expected), expected, form))
        for one in others:
            typed.merge(one)
        decided: Forms = typed.decided()
        return decided
    own = part if isinstance(part, TextFiles) else files
    scan, *later = of_each(lambda: _scanned(own, expected, form, keep=False)[0])
    for other in later:
        scan.merge(other)
    return _forms(files.first, scan)


def text_files(source: Any, **options: Any) -> TextFiles | None:
    """How a source holds its table, if it is a text file, or several. Options as of `read`, but for kinds. Raises InputError."""
    return Reading.of(**options).text_files(source)


def kinds_of(source: Any, **options: Any) -> dict[str, ColumnKind]:
    """The kind of every column, found in one pass over the whole source. Options as of `read`."""
    return {name: "number" if isinstance(form, NumberFormat) else form for name, form in forms_of(source, **options).forms.items()}


class Reading(FrozenValue):
    """What was said about how to read a source."""

    cells: CellOptions = field(default_factory=CellOptions)
    text: Mapping[str, Any] = field(default_factory=dict)
    characters: int | None = None

    @staticmethod
    def of(
        separator: str | None = None,
        decimal: str | None = None,
        thousands: str | None = None,
        units: str | Sequence[str] = (),
        missing: str | Sequence[Any] = (),
        encoding: str | None = None,
        header: bool | None = None,
        characters: int | None = None,
        names: Sequence[Sequence[str]] = (),
    ) -> Reading:
        """From the options of `read`. Raises InputError."""
        words = [missing] if isinstance(missing, str) else list(missing)
        wanted = tuple(unit.strip() for unit in (units.split(",") if isinstance(units, str) else units) if unit.strip())
        cells = CellOptions(NumberOptions(decimal, thousands, wanted), missing_words(words) if words else MISSING)
        text = {"separator": separator, "encoding": encoding, "header": header, "names": names}
        return Reading(cells, text, None if characters is None else checked_length(characters))

    def parts(self, source: Any, rows: int, part: range | None = None) -> Iterator[Table]:
        """A source that is no table in text, or a part of its rows, as consecutive tables. Raises FileError, InputError."""
        encoding = self.text.get("encoding")
        return typed_tables(source, rows, missing=self.cells.missing, characters=self.characters, encoding=encoding, part=part)

    def text_files(self, source: Any) -> TextFiles | None:
        """How the source holds its table, if it is a text file, or several. Raises FileError."""
        several = files_of(source)
        if self.characters is not None:
            return None
        if several is None:
            if not isinstance(source, (str, Path)) or shipped_name(source) or not is_text(Path(source)):
                return None
            return TextFiles(str(source), (text_layout(str(source), **self.text),))
        if not all(map(is_text, several)):
            return None
        name = str(source) if isinstance(source, (str, Path)) else files_in_words(several)
        folder, held = folder_of(source), [path for path in several if size_of(path) != 0] or several
        layouts = [replace(text_layout(str(path), **self.text), folders=partition_of(path, folder) if folder else {}) for path in held]
        if len(held) < len(several):
            empty = notice("found.empty_files", names=files_in_words([path for path in several if path not in held]))
            layouts[0] = replace(layouts[0], notes=(*layouts[0].notes, empty))
        return TextFiles(name, tuple(layouts))


def _scanned(files: TextFiles, expected: Mapping[str, ColumnForm], form: Reading, *, keep: bool) -> tuple[Scan, list[dict[str, Found]]]:
    """What all rows say about the columns, and, if it is to be kept, what each part of them was found to be."""
    first: dict[str, Found] = {}
    block = None
    if _may_be_quick(files):
        scan, block = _new_scan(files, expected, form), _first_block(files)
        first = block.found(scan.expected, form.cells)
        if block.rows < arrow_text.first_rows(len(block.cells)):  # that is the whole file
            scan.add(first)
            return scan, [first] if keep else []
    for read_parts, plain in _ways(first):
        scan, parts = _new_scan(files, expected, form), []
        if read_parts is not None:
            scan.add(first)  # of plain numbers only these rows say how they are written
        source = (
            files.blocks(_rows_at_once(files)) if read_parts is None or block is None else read_parts(files.first, plain, block, form.cells)
        )
        try:
            for part in source:
                found = part.found(scan.known, form.cells)
                scan.add(found)
                parts += [found] if keep else []
        except arrow_text.Unfit:
            continue
        return scan, parts
    raise AssertionError("the last way always fits")


def _rows_at_once(files: TextFiles) -> int:
    return min(MOST, max(FEWEST, CELLS // len(files.first.names)))


def _first_block(files: TextFiles) -> RowBlock:
    with closing(files.blocks(arrow_text.first_rows(len(files.first.names)))) as blocks:
        return next(blocks)


def _new_scan(files: TextFiles, expected: Mapping[str, ColumnForm], form: Reading) -> Scan:
    return Scan(files.name, files.first.separator, {**files.first.forms, **expected}, form.cells)


ReadParts: TypeAlias = "Callable[[TextLayout, Mapping[str, str], RowBlock, CellOptions], Iterator[Any]]"
"""A quicker reader than Python's csv."""


def _ways(first: Mapping[str, Found]) -> Iterator[tuple[ReadParts | None, dict[str, str]]]:
    """Readers, the quickest first, each with the columns that it may read as plain numbers; None, the last one, is Python's csv.

    first  what the first rows are, where the file is so large that another may be quicker
    """
    if first:
        plain = arrow_text.plain_columns(first)
        for some in (plain, _signed(plain), {}):
            yield arrow_text.read_parts, some
    yield None, {}


def _signed(plain: Mapping[str, str]) -> dict[str, str]:
    """Those that are no whole numbers."""
    return {name: sign for name, sign in plain.items() if sign}


def _may_be_quick(files: TextFiles) -> bool:
    return (
        len(files.layouts) == 1 and not files.before and not files.first.folders and (size_of(files.first.path) or 0) >= arrow_text.SMALLEST
    )


def _converted(files: TextFiles, rows: int, found: Forms, form: Reading) -> Iterator[Table]:
    """The table in parts of at most so many rows, in forms that are known. Raises FileError."""
    done = 0
    if _may_be_quick(files):
        formats = {name: form for name, form in found.forms.items() if isinstance(form, NumberFormat) and name not in found.padded}
        plain = {name: form.decimal for name, form in formats.items() if form.signs in (PLAIN, COMMA)}
        start = _first_block(files)
        parts = arrow_text.read_parts(files.first, plain, start, form.cells)
        tables = resized((files.table(part, part.columns(found.forms, form.cells), found.notes) for part in parts), rows)
        with suppress(arrow_text.Unfit):
            for table in tables:
                yield _with_doubts(table, found)
                done += 1
            return
    for block in islice(files.blocks(rows), done, None):
        yield _with_doubts(files.table(block, block.columns(files.name, found.forms, form.cells), found.notes), found)


def _read_text(files: TextFiles, expected: Mapping[str, ColumnForm], form: Reading) -> Table:
    """The whole table: each part as its own cells say; and once more where all cells together say something else."""
    scan, parts = _scanned(files, expected, form, keep=True)
    found = _forms(files.first, scan)
    if all(part[name].fits(wanted) for part in parts for name, wanted in found.forms.items()):
        # A column at a time, so that there is never more than one twice.
        columns = [_joined_column(name, wanted, [part.pop(name).values for part in parts]) for name, wanted in found.forms.items()]
        return _with_doubts(Table(files.name, tuple(columns), 1, found.notes, files.first.has_header), found)
    tables = list(_converted(files, _rows_at_once(files), found, form))
    return joined(tables, {name: kind_of(wanted) for name, wanted in found.forms.items()})


def _joined_column(name: str, form: ColumnForm, parts: Sequence[Any]) -> Column:
    """Values of consecutive blocks as one column; of blocks without any value, whatever they were taken for."""
    kind, as_text = kind_of(form), form in ("text", "date")
    values = [part if (part.dtype == object) == as_text else np.full(len(part), None if as_text else np.nan) for part in parts]
    return Column(name, np.concatenate(values), kind, form if isinstance(form, NumberFormat) else None)


def _with_doubts(table: Table, found: Forms) -> Table:
    if not found.doubts and not found.padded:
        return table
    doubts, padded = found.doubts, found.padded
    columns = [replace(one, doubt=doubts.get(one.name, ""), padded=padded.get(one.name, one.padded)) for one in table.columns]
    return replace(table, columns=tuple(columns))


def _forms(layout: TextLayout, scan: Scan) -> Forms:
    """What a scan has found; without columns that have neither a name nor a value."""
    forms, doubts = scan.decided()
    gone = [name for name in forms if name in layout.unnamed and scan.kinds[name] is None]
    kept = {name: form for name, form in forms.items() if name not in gone or len(forms) == len(gone)}
    numbers = [name for name, form in kept.items() if isinstance(form, NumberFormat)]
    signs = {sign: [name for name in numbers if sign in scan.evidence[name].votes] for sign in ".,"}
    if signs[","] and signs["."]:
        notes = [notice("found.decimal.both", comma=_few(signs[","]), point=_few(signs["."]))]
    else:
        asked = scan.options.numbers
        has_comma = bool(signs[","]) or asked.decimal == "," or (asked.thousands == "." and not signs["."])
        notes = [notice("found.decimal.comma" if has_comma else "found.decimal.point")]
    notes += [notice("found.unnamed", count=len(gone))] if len(kept) < len(forms) else []
    found = {name: scan.evidence[name] for name in numbers}
    padded = {name: one.padded for name, one in found.items() if one.padded and ("." in one.padded or not (one.votes or one.open))}
    return Forms(kept, doubts, (*layout.notes[:1], *notes, *layout.notes[1:]), padded)


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (" …" if len(names) > 3 else "")


# Sources that know the kinds of their columns


@dataclass
class TypedScan:
    """What is learned about columns while the rows of a source go by that knows their kinds: how numbers in its text are written, too,
    where a model knows them, or signs or units were said.

    kinds  of every column; None where there is no value so far
    zeros  the columns of text in which a cell is as 007, which is no number
    """

    texts: Scan
    kinds: dict[str, ColumnKind | None] = field(default_factory=dict)
    zeros: set[str] = field(default_factory=set)

    def add(self, table: Table) -> None:
        """Take in the next rows."""
        options, known = self.texts.options, self.texts.expected
        for column in table.columns:
            name = column.name
            self.kinds[name] = common_kind(self.kinds.get(name), None if column.missing.all() else column.kind)
            if column.kind == "text" and (name in known or options.numbers != NumberOptions()):
                cells = _cells_of(column)
                self.texts.add({name: found_in(cells, table.first_row, known.get(name), options)})
                if any(map(ZERO_FIRST.fullmatch, cells)):
                    self.zeros.add(name)

    def merge(self, later: TypedScan) -> None:
        """Take in what another process has learned of the rows behind these."""
        self.texts.merge(later.texts)
        self.zeros |= later.zeros
        for name, kind in later.kinds.items():
            self.kinds[name] = common_kind(self.kinds.get(name), kind)

    def decided(self) -> Forms:
        """The form of every column. Text of plain numbers stays what it is, unless the decimal sign was said; text as 007 always does.

        Raises FileError where numbers are needed, and it is not clear which.
        """
        forms, doubts = self.texts.decided()
        plain = set(self.texts.expected) | (set() if self.texts.options.numbers.decimal is None else forms.keys() - self.zeros)
        numbers = {name: one for name, one in forms.items() if isinstance(one, NumberFormat) and (one.signs != PLAIN or name in plain)}
        return Forms({name: numbers.get(name) or kind or "number" for name, kind in self.kinds.items()}, doubts)


def _typed_scan(parts: Iterable[Table], expected: Mapping[str, ColumnForm], form: Reading) -> TypedScan:
    known = {name: one for name, one in expected.items() if isinstance(one, NumberFormat)}
    scan = TypedScan(Scan("the data", None, known, form.cells))
    for part in parts:
        scan.texts.source = part.source
        scan.add(part)
    return scan


def _in_forms(table: Table, found: Forms, form: Reading) -> Table:
    """The table with its columns in these forms, where their values allow it. Raises FileError."""
    numbers = {name: one for name, one in found.forms.items() if isinstance(one, NumberFormat) and table.kinds.get(name) == "text"}
    block = RowBlock(table.first_row, len(table), {name: _cells_of(table.column(name)) for name in numbers})
    read_so = {column.name: column for column in block.columns(table.source, numbers, form.cells)}
    kinds = {name: kind_of(one) for name, one in found.forms.items()}
    return _with_doubts(retyped(replace(table, columns=tuple(read_so.get(one.name, one) for one in table.columns)), kinds), found)


def _cells_of(column: Column) -> list[str]:
    """The cells of a column of text."""
    return ["" if cell is None else cell for cell in column.values]


def _with_days(tables: Iterable[Table], expected: Mapping[str, ColumnForm]) -> Iterator[Table]:
    """The tables with days where whole numbers are expected to be some, as 20240131."""
    for table in tables:
        columns = []
        for column in table.columns:
            known = column.values[~column.missing]
            if column.kind == "number" and expected.get(column.name) == "date" and (np.isfinite(known) & (known == np.floor(known))).all():
                values = np.full(len(column.values), None, dtype=object)
                values[~column.missing] = [f"{int(value)}" for value in known]
                column = replace(column, values=values, kind="date") if are_dates(values[~column.missing].tolist()) else column
            columns.append(column)
        yield replace(table, columns=tuple(columns))


# Kinds


def _checked_kinds(kinds: Mapping[str, str | NumberFormat] | None) -> dict[str, ColumnForm]:
    for name, kind in (kinds or {}).items():
        if not isinstance(kind, NumberFormat) and kind not in KINDS:
            raise UnknownNameError(f"kind of column (asked for {quoted(name)})", kind, KINDS)
    return {name: kind if isinstance(kind, NumberFormat) else KINDS[KINDS.index(kind)] for name, kind in (kinds or {}).items()}


def kind_of(form: ColumnForm) -> ColumnKind:
    """The kind of a column of this form."""
    return "number" if isinstance(form, NumberFormat) else form


def _check_kinds(part: Table, kinds: Mapping[str, ColumnKind]) -> None:
    """Raises FileError where a column of a source that knows its types holds text in some rows and numbers in others."""
    for column in part.columns:
        if (column.values.dtype == object) != (kinds[column.name] in ("text", "date")) and not column.missing.all():
            where = f"{part.source}: column {quoted(column.name)}"
            raise FileError(
                f"{where} holds text in some rows and {column.kind}s in others, as from row {part.row(0):,} on; write them alike."
            )
