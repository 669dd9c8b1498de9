"""Reading: files, data frames and arrays to tables of named columns. Nothing is decided here about learning.

    table = read("flowers.csv")                     # separator, decimal sign, encoding and header are found out: table.notes
    for table in chunks("large.csv", rows=50_000):  # the same, a part at a time

A source is the path of a file (CSV and the like, also packed; Parquet, Feather and Arrow, JSON lines, .npy, .npz, IDX, an image), several
files, a folder of them or a pattern such as data/*.csv, the name of a set that ships with scikit-learn ("data:iris"), a data frame of
pandas, polars or pyarrow, a dict of columns, an array, or a Table.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, nullcontext, suppress
from dataclasses import field
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from chainrule.base.control_groups import control_groups
from chainrule.base.errors import FileError, InputError, UnknownNameError, quoted
from chainrule.base.frozen import FrozenValue, replace
from chainrule.data import arrays, arrow_text
from chainrule.data.cells import KINDS, MISSING, ColumnKind, common_kind, missing_words, parse_number
from chainrule.data.characters import checked_length, of_characters
from chainrule.data.columns import CellOptions, ColumnForm, Found, Scan, column_of, found_in
from chainrule.data.dates import are_dates
from chainrule.data.encodings import gives_once, reopenable
from chainrule.data.files import ARROW, IMAGES, LINES, files_in_words, files_of, folder_of, partition_of, suffix_of
from chainrule.data.json_lines import columns_of, of_json
from chainrule.data.layout import TextLayout, text_layout
from chainrule.data.numbers import COMMA, PLAIN, NumberFormat, NumberOptions
from chainrule.data.ranges import OfEach, alone, counts_of, tables_between
from chainrule.data.shipped import PREFIX, SHIPPED, of_shipped
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
    "memory",
    "read",
    "row_numbers",
    "size_of",
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


def _is_file(source: Any) -> bool:
    """Is it the name of a single file?"""
    return isinstance(source, (str, Path)) and not _shipped_name(source) and files_of(source) is None


def _read(source: Any, kinds: Mapping[str, str | NumberFormat] | None, form: Reading) -> Table:
    with reopenable(source) if _is_file(source) else nullcontext():
        return _read_whole(source, kinds, form)


def _read_whole(source: Any, kinds: Mapping[str, str | NumberFormat] | None, form: Reading) -> Table:
    expected, files = _checked_kinds(kinds), form.text_files(source)
    if files is None:
        parts = list(_parts(source, BLOCK, form, expected))
        found = _merged_kinds(parts)
        for part in parts:
            _check_kinds(part, found)
        return joined(parts, found)
    return _read_text(files, expected, form)


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
    if _is_file(source) and gives_once(source):
        source, form, options = _read(source, kinds, form), Reading(), {}
    files = part if isinstance(part, TextFiles) else form.text_files(source)
    found = forms or forms_of(source, kinds=kinds, **options)
    if files is not None:
        return _converted(files, rows, found, form)
    known = {name: kind for name, kind in found.forms.items() if not isinstance(kind, NumberFormat)}
    own = part if isinstance(part, range) else None
    return (retyped(table, known) for table in _parts(source, rows, form, _checked_kinds(kinds), own))


class Forms(FrozenValue):
    """What all rows of a source say about its columns: by name, the kind, or how numbers are written; and why that is not clear.

    notes   what was found out, in words
    padded  of columns read as numbers that may be names, one that a number does not keep: 007, 2E3, 1.10
    """

    forms: Mapping[str, ColumnForm]
    doubts: Mapping[str, str]
    notes: tuple[str, ...] = ()
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
        kinds_of_parts: dict[str, ColumnKind | None] = {}
        own_rows = part if isinstance(part, range) else None
        for found in of_each(lambda: _merged_kinds(_parts(source, BLOCK, form, expected, own_rows))):
            kinds_of_parts |= {name: common_kind(kinds_of_parts.get(name), kind) for name, kind in found.items()}
        return Forms({name: kind or "number" for name, kind in kinds_of_parts.items()}, {})
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

    def text_files(self, source: Any) -> TextFiles | None:
        """How the source holds its table, if it is a text file, or several. Raises FileError."""
        several = files_of(source)
        if self.characters is not None:
            return None
        if several is None:
            if not isinstance(source, (str, Path)) or _shipped_name(source) or not _is_text(Path(source)):
                return None
            return TextFiles(str(source), (text_layout(str(source), **self.text),))
        if not all(map(_is_text, several)):
            return None
        name = str(source) if isinstance(source, (str, Path)) else files_in_words(several)
        return TextFiles(name, tuple(text_layout(str(path), **self.text) for path in several))


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
    return len(files.layouts) == 1 and not files.before and (size_of(files.first.path) or 0) >= arrow_text.SMALLEST


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
    columns = [replace(one, doubt=doubts.get(one.name, ""), padded=padded.get(one.name, "")) for one in table.columns]
    return replace(table, columns=tuple(columns))


def _forms(layout: TextLayout, scan: Scan) -> Forms:
    """What a scan has found; without columns that have neither a name nor a value."""
    forms, doubts = scan.decided()
    gone = [name for name in forms if name in layout.unnamed and scan.kinds[name] is None]
    kept = {name: form for name, form in forms.items() if name not in gone or len(forms) == len(gone)}
    numbers = [name for name, form in kept.items() if isinstance(form, NumberFormat)]
    signs = {sign: [name for name in numbers if sign in scan.evidence[name].votes] for sign in ".,"}
    if signs[","] and signs["."]:
        notes = [f"decimal signs: comma in {_few(signs[','])}, point in {_few(signs['.'])}"]
    else:
        asked = scan.options.numbers
        has_comma = bool(signs[","]) or asked.decimal == "," or (asked.thousands == "." and not signs["."])
        notes = [f"decimal sign: {'comma' if has_comma else 'point'}"]
    notes += [f"{'columns' if len(gone) > 1 else 'a column'} without name and values left out"] if len(kept) < len(forms) else []
    found = {name: scan.evidence[name] for name in numbers}
    padded = {name: one.padded for name, one in found.items() if one.padded and ("." in one.padded or not (one.votes or one.open))}
    return Forms(kept, doubts, (*layout.notes[:1], *notes, *layout.notes[1:]), padded)


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (" …" if len(names) > 3 else "")


def size_of(source: Any) -> int | None:
    """How many bytes the source takes: of a file (unpacked, as far as a packed one says), of arrays in memory; None if unknown."""
    if isinstance(source, Table):
        return sum(column.values.nbytes for column in source.columns)
    if isinstance(source, np.ndarray):
        return source.nbytes
    several = files_of(source)
    if several is not None:
        return sum(size_of(path) or 0 for path in several)
    if not _is_file(source) or gives_once(source):
        return None
    size = os.path.getsize(source)
    return max(size, _unpacked_size(source))


def _unpacked_size(path: str | Path) -> int:
    """What a packed file says: in the last four bytes of a .gz file, the size modulo 2³²; of .bz2 and .xz a guess; else 0."""
    suffix = Path(path).suffix.lower()
    if suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return sum(member.file_size for member in archive.infolist())
    if suffix != ".gz":
        return 8 * os.path.getsize(path) if suffix in (".bz2", ".xz") else 0
    with open(path, "rb") as file:
        file.seek(max(os.path.getsize(path) - 4, 0))
        return int.from_bytes(file.read(4), "little")


def memory() -> int:
    """Bytes of memory that this process may take: what the machine has, or less where its control groups, or `ulimit`, say so."""
    try:
        size = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not a Unix
        size = 8 << 30
    size = min([size, *(limit for _, _, limit in _memory_groups())])
    with suppress(ImportError):
        import resource

        for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
            limit, _ = resource.getrlimit(kind)
            size = size if limit == resource.RLIM_INFINITY else min(size, limit)
    return size


def _memory_groups() -> Iterator[tuple[Path, bool, int]]:
    """The control groups that limit the memory of this process, of the first version or not, with their bytes."""
    for group, first_version in control_groups("memory"):
        with suppress(OSError, ValueError):  # "max" stands for no limit
            name = "memory.limit_in_bytes" if first_version else "memory.max"
            yield group, first_version, int((group / name).read_text(encoding="ascii"))


def memory_left() -> int:
    """Bytes that this process may take beyond what it has, and beyond what others of its control groups have, as far as Linux tells.

    What is mapped from files is not counted: it can be dropped at any time.
    """
    left = memory()
    for group, first_version, limit in _memory_groups():
        with suppress(OSError, ValueError, KeyError):
            lines = (group / "memory.stat").read_text(encoding="ascii").splitlines()
            taken = dict(line.split(maxsplit=1) for line in lines)["total_rss" if first_version else "anon"]
            left = min(left, max(0, limit - int(taken)))
    with suppress(ImportError, OSError, AttributeError, StopIteration):
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_DATA)
        if limit != resource.RLIM_INFINITY:
            lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
            left = min(left, max(0, limit - 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmData"))))
    return left


# Parts


def _parts(source: Any, rows: int, form: Reading, expected: Mapping[str, ColumnForm], part: range | None = None) -> Iterator[Table]:
    """A source that is no text file, or a part of its rows, as consecutive tables."""
    several = files_of(source)
    if form.characters is not None:
        parts = _parts_of_text(source, several, form, rows)
    elif several is not None:
        parts = _parts_of_files(source, several, rows, part)
    elif part is not None:
        parts = tables_between(Path(source), rows, part)
    else:
        parts = _parts_of_file(source, rows) if isinstance(source, (str, Path)) else _parts_of_memory(source, rows)
    missing = form.cells.missing
    parts = parts if missing is MISSING else (table.without_missing(missing) for table in parts)
    if form.cells.numbers != NumberOptions() or any(isinstance(one, NumberFormat) or one == "date" for one in expected.values()):
        return (_with_expected_days(_with_numbers(table, expected, form.cells), expected) for table in parts)
    return parts


def _with_expected_days(table: Table, expected: Mapping[str, ColumnForm]) -> Table:
    """The table with days where whole numbers are expected to be some, as 20240131."""
    columns = []
    for column in table.columns:
        known = column.values[~column.missing]
        if column.kind == "number" and expected.get(column.name) == "date" and (known == np.floor(known)).all():
            values = np.full(len(column.values), None, dtype=object)
            values[~column.missing] = [f"{int(value)}" for value in known]
            column = replace(column, values=values, kind="date") if are_dates(values[~column.missing].tolist()) else column
        columns.append(column)
    return replace(table, columns=tuple(columns))


def _with_numbers(table: Table, expected: Mapping[str, ColumnForm], options: CellOptions) -> Table:
    """The table with numbers where its text says some, as a model knows them, or with the signs and units that were said.

    Text of plain numbers stays what it is, unless the decimal sign was said; text as 007 always does. Raises FileError.
    """
    known = {name: one for name, one in expected.items() if isinstance(one, NumberFormat)}
    said = options.numbers != NumberOptions()
    texts = [one for one in table.columns if one.kind == "text" and (said or one.name in known)]
    cells = {one.name: ["" if cell is None else cell for cell in one.values] for one in texts}
    scan = Scan(table.source, None, known, options)
    scan.add({name: found_in(some, table.first_row, known.get(name), options) for name, some in cells.items()})
    forms, doubts = scan.decided()
    plain = set(known)
    if options.numbers.decimal is not None:
        plain |= {name for name, some in cells.items() if not any(map(ZERO_FIRST.fullmatch, some))}
    wanted = {name: one for name, one in forms.items() if isinstance(one, NumberFormat) and (one.signs != PLAIN or name in plain)}
    columns = {name: column_of(name, cells[name], one, options) for name, one in wanted.items()}
    return replace(table, columns=tuple(columns.get(one.name) or replace(one, doubt=doubts.get(one.name, "")) for one in table.columns))


def _parts_of_memory(source: Any, rows: int) -> Iterator[Table]:
    if isinstance(source, Table):
        starts = range(0, len(source), rows)
        return (source.take(slice(start, start + rows)) for start in starts)
    if isinstance(source, Mapping):
        return arrays.array_tables("the data", source if _has_columns(source) else {name: [value] for name, value in source.items()}, rows)
    if isinstance(source, (list, tuple)) and source and all(isinstance(row, Mapping) for row in source):
        return arrays.array_tables("the data", columns_of(source), rows)
    frame = arrays.of_frame(source)
    if frame is not None:
        return arrays.array_tables("the data frame", frame, rows)
    columns, named = arrays.of_array(source)
    return arrays.array_tables("the array", columns, rows, has_header=named)


def _has_columns(data: Mapping[Any, Any]) -> bool:
    """Does it hold columns? Else it is a single row, of numbers, truth values and text."""
    return not data or not all(value is None or isinstance(value, (str, float, int, np.generic)) for value in data.values())


def _is_text(path: Path) -> bool:
    """Is a file one of text, by its name?"""
    return suffix_of(path) not in (*ARROW, *LINES, *IMAGES, ".npy", ".npz") and not arrays.is_idx(path)


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in IMAGES


def _parts_of_files(source: Any, files: Sequence[Path], rows: int, asked: range | None = None) -> Iterator[Table]:
    """The parts of several files, their rows counted through; what folders such as year=2024 say is a column. Raises FileError."""
    if all(map(_is_image, files)):
        yield from _parts_of_images(source, files, rows)
        return
    texts = [path for path in files if _is_text(path)]
    if texts:
        other = next(path for path in files if not _is_text(path))
        raise FileError(f"{texts[0]} is a text file, and {other} is none; read them one by one, or name those of one kind.")
    name = str(source) if isinstance(source, (str, Path)) else files_in_words(files)
    folder = folder_of(source)
    first, names, counts, start = 1, None, {} if asked is None else counts_of(source) or {}, 0
    for path in files:
        said = partition_of(path, folder) if folder else {}
        if asked is None:
            parts = _parts_of_file(path, rows)
        else:
            inside = range(max(asked.start - start, 0), min(asked.stop - start, counts[path]))
            parts = tables_between(path, rows, inside) if inside else iter(())
            first = start + inside.start + 1
            start += counts[path]
        for part in parts:
            columns = (*part.columns, *(_constant(key, value, len(part)) for key, value in said.items()))
            table = replace(part, source=name, columns=columns, first_row=first)
            names = names or table.names
            if set(names) != set(table.names):
                odd = min(set(names).symmetric_difference(table.names))
                raise FileError(f"{path} and {files[0]} differ in the column {quoted(odd)}; files read together have the same columns.")
            yield replace(table, columns=tuple(map(table.column, names)))
            first += len(part)


def _parts_of_text(source: Any, several: Sequence[Path] | None, form: Reading, rows: int) -> Iterator[Table]:
    """A text that is no table. Raises FileError, InputError."""
    if several is None and not _is_file(source):
        raise InputError("characters are those of a text file, or of several; leave out --characters for a table.")
    columns, notes = of_characters([Path(source)] if several is None else several, form.characters or 1, form.text["encoding"])
    name = str(source) if isinstance(source, (str, Path)) else files_in_words(several or ())
    table = Table(name, tuple(Column(key, values, "text") for key, values in columns.items()), 1, notes)
    return (replace(table.take(slice(start, start + rows)), row_numbers=None, first_row=start + 1) for start in range(0, len(table), rows))


def _parts_of_images(source: Any, files: Sequence[Path], rows: int) -> Iterator[Table]:
    from chainrule.data.images import of_images

    columns, notes = of_images(files, folder_of(source) or Path(os.path.commonpath([path.parent for path in files])))
    name = str(source) if isinstance(source, (str, Path)) else files_in_words(files)
    return arrays.array_tables(name, columns, rows, notes)


def _constant(name: str, value: str, rows: int) -> Column:
    """A column of one value: a number if it is one."""
    number = parse_number(value)
    if number is not None:
        return Column(name, np.full(rows, number), "number")
    values = np.empty(rows, dtype=object)
    values[:] = value
    return Column(name, values, "text")


def _parts_of_file(source: str | Path, rows: int) -> Iterator[Table]:
    path, suffix, shipped = Path(source), Path(source).suffix.lower(), _shipped_name(source)
    if shipped:
        return arrays.array_tables(f"{PREFIX}{shipped}", of_shipped(shipped), rows)
    if suffix in ARROW:
        return _parts_of_arrow(path, rows, arrays.of_parquet if suffix == ".parquet" else arrays.of_arrow)
    if suffix_of(path) in LINES:
        return _parts_of_arrow(path, rows, of_json)
    if suffix == ".npy":
        columns, named = arrays.of_npy(path)
        return arrays.array_tables(str(source), columns, rows, has_header=named)
    if suffix == ".npz":
        return arrays.array_tables(str(source), arrays.of_npz(path), rows)
    if _is_image(path):
        return _parts_of_images(source, [path], rows)
    columns, notes = arrays.of_idx(path)
    return arrays.array_tables(str(source), columns, rows, notes)


def _parts_of_arrow(path: Path, rows: int, read: Callable[[Path, int], Iterator[tuple[dict[str, Any], int]]]) -> Iterator[Table]:
    for columns, first in read(path, rows):
        for table in arrays.array_tables(str(path), columns, rows):
            yield replace(table, first_row=first + table.first_row - 1)


def _shipped_name(source: str | Path) -> str | None:
    """The name of a shipped set: after "data:", or bare where no file is called so."""
    name = str(source)
    if name.startswith(PREFIX):
        return name.removeprefix(PREFIX)
    return name if name in SHIPPED and not os.path.exists(name) else None


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


def _merged_kinds(parts: Iterable[Table]) -> dict[str, ColumnKind]:
    """The kind of every column over all parts; a column that has no value at all counts as numbers."""
    found: dict[str, ColumnKind | None] = {}
    for part in parts:
        for column in part.columns:
            found[column.name] = common_kind(found.get(column.name), None if column.missing.all() else column.kind)
    return {name: kind or "number" for name, kind in found.items()}
