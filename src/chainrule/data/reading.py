"""Reading: files, data frames and arrays to tables of named columns. Nothing is decided here about learning.

    table = read("flowers.csv")                     # separator, decimal sign, encoding and header are found out: table.notes
    for table in chunks("large.csv", rows=50_000):  # the same, a part at a time

A source is the path of a file (CSV and the like, also .gz; .parquet, .npy, .npz, IDX), the name of a set that ships with
scikit-learn ("data:iris"), a data frame of pandas, polars or pyarrow, a dict of columns, an array, or a Table.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.base.errors import InputError, UnknownNameError, quoted
from chainrule.data import arrays, text
from chainrule.data.cells import KINDS, Kind, common_kind
from chainrule.data.encodings import gives_once, held
from chainrule.data.shipped import PREFIX, SHIPPED, of_shipped
from chainrule.data.table import Column, Table, joined, retyped, row_numbers

__all__ = ["Column", "Kind", "SHIPPED", "Table", "chunks", "kinds_of", "memory", "read", "row_numbers", "size_of"]

BLOCK = 5_000
"""Rows that are converted at a time when a whole file is read: few enough to stay in the processor's cache."""


def read(
    source: Any,
    *,
    separator: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    header: bool | None = None,
    kinds: Mapping[str, str] | None = None,
) -> Table:
    """The whole source as one table.

    separator, decimal, encoding, header   the form of a text file, where it should not be found out
    kinds                                  the kinds of columns of a text file, by name: number, text, boolean or date; the
                                           others are recognised

    Raises InputError: what is wrong, in which row and column, and the smallest fix.
    """
    if isinstance(source, Table):
        return source
    with held(source) if _is_file(source) else nullcontext():
        return _read(source, separator=separator, decimal=decimal, encoding=encoding, header=header, kinds=kinds)


def _is_file(source: Any) -> bool:
    return isinstance(source, (str, Path)) and not _shipped_name(source)


def _read(source: Any, *, kinds: Mapping[str, str] | None, **options: Any) -> Table:
    known = _checked_kinds(kinds)
    parts = list(_parts(source, BLOCK, known, options))
    found = _merged_kinds(parts)
    mixed = {name: kind for name, kind in found.items() if any(_is_other(part.column(name), kind) for part in parts)}
    if mixed:  # numbers in one block and text in another: as text from the start
        parts = list(_parts(source, BLOCK, {**known, **mixed}, options))
    return joined(parts, found)


def _is_other(column: Column, kind: Kind) -> bool:
    return column.kind != kind and not column.missing.all()


def chunks(
    source: Any,
    *,
    rows: int = 50_000,
    kinds: Mapping[str, str] | None = None,
    separator: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    header: bool | None = None,
) -> Iterator[Table]:
    """The source as tables of at most `rows` rows, one after the other; memory holds one at a time.

    `kinds` fixes the kinds of columns; where a text file's are not all fixed, the file is read once more to find them out.
    """
    if rows < 1:
        raise InputError(f"a part has at least one row, not {rows}.")
    options: dict[str, Any] = {"separator": separator, "decimal": decimal, "encoding": encoding, "header": header}
    if _is_file(source) and gives_once(source):
        source = read(source, kinds=kinds, **options)
    found = {**kinds_of(source, **options), **_checked_kinds(kinds)} if kinds is None else _checked_kinds(kinds)
    return (retyped(part, found) for part in _parts(source, rows, found, options))


def kinds_of(source: Any, **options: Any) -> dict[str, Kind]:
    """The kind of every column, found in one pass over the whole source. Options as in `read`."""
    return _merged_kinds(_parts(source, BLOCK, {}, options))


def size_of(source: Any) -> int | None:
    """How many bytes the source takes: of a file (unpacked, as far as a .gz file says), of arrays in memory; None if unknown."""
    if isinstance(source, Table):
        return sum(column.values.nbytes for column in source.columns)
    if isinstance(source, np.ndarray):
        return source.nbytes
    if not _is_file(source) or gives_once(source):
        return None
    size = os.path.getsize(source)
    return max(size, _unpacked_size(source)) if str(source).lower().endswith(".gz") else size


def _unpacked_size(path: str | Path) -> int:
    """What the last four bytes of a .gz file say: the size modulo 2³²."""
    with open(path, "rb") as file:
        file.seek(max(os.path.getsize(path) - 4, 0))
        return int.from_bytes(file.read(4), "little")


def memory() -> int:
    """Bytes of memory that this machine, or the container around the program, has."""
    try:
        size = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not a Unix
        size = 8 << 30
    try:
        return min(size, int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")))
    except (OSError, ValueError):
        return size


# Parts


def _parts(source: Any, rows: int, kinds: Mapping[str, Kind], options: Mapping[str, Any]) -> Iterator[Table]:
    """The source as consecutive tables; the columns of a text file whose kinds are not given are recognised in each anew."""
    if isinstance(source, (str, Path)):
        return _parts_of_file(str(source), rows, kinds, options)
    if isinstance(source, Table):
        starts = range(0, len(source), rows)
        return (source.take(slice(start, start + rows)) for start in starts)
    if isinstance(source, Mapping):
        return arrays.array_tables("the data", source, rows)
    frame = arrays.of_frame(source)
    if frame is not None:
        return arrays.array_tables("the data frame", frame, rows)
    columns, named = arrays.of_array(source)
    return arrays.array_tables("the array", columns, rows, has_header=named)


def _parts_of_file(source: str, rows: int, kinds: Mapping[str, Kind], options: Mapping[str, Any]) -> Iterator[Table]:
    path, suffix, shipped = Path(source), Path(source).suffix.lower(), _shipped_name(source)
    if shipped:
        return arrays.array_tables(f"{PREFIX}{shipped}", of_shipped(shipped), rows)
    if suffix == ".parquet":
        return _parts_of_parquet(path, rows)
    if suffix == ".npy":
        columns, named = arrays.of_npy(path)
        return arrays.array_tables(source, columns, rows, has_header=named)
    if suffix == ".npz":
        return arrays.array_tables(source, arrays.of_npz(path), rows)
    if arrays.is_idx(path):
        columns, notes = arrays.of_idx(path)
        return arrays.array_tables(source, columns, rows, notes)
    return text.text_tables(text.text_format(source, **options), rows, kinds)


def _parts_of_parquet(path: Path, rows: int) -> Iterator[Table]:
    for columns, first in arrays.of_parquet(path, rows):
        for table in arrays.array_tables(str(path), columns, rows):
            yield replace(table, first_row=first)


def _shipped_name(source: str | Path) -> str | None:
    """The name of a shipped set: after "data:", or bare where no file is called so."""
    name = str(source)
    if name.startswith(PREFIX):
        return name.removeprefix(PREFIX)
    return name if name in SHIPPED and not os.path.exists(name) else None


# Kinds


def _checked_kinds(kinds: Mapping[str, str] | None) -> dict[str, Kind]:
    for name, kind in (kinds or {}).items():
        if kind not in KINDS:
            raise UnknownNameError(f"kind of column (asked for {quoted(name)})", kind, KINDS)
    return {name: known for name, kind in (kinds or {}).items() for known in KINDS if known == kind}


def _merged_kinds(parts: Iterable[Table]) -> dict[str, Kind]:
    """The kind of every column over all parts; a column that has no value at all counts as numbers."""
    found: dict[str, Kind | None] = {}
    for part in parts:
        for column in part.columns:
            found[column.name] = common_kind(found.get(column.name), None if column.missing.all() else column.kind)
    return {name: kind or "number" for name, kind in found.items()}
