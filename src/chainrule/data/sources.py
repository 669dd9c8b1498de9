"""What a source is, and the rows of one that is no table in text: tables whose columns are of the kinds that it knows."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.base.errors import FileError, InputError, quoted
from chainrule.base.frozen import replace
from chainrule.data import arrays
from chainrule.data.cells import MISSING, parse_number
from chainrule.data.characters import of_characters
from chainrule.data.encodings import gives_once
from chainrule.data.files import ARROW, IMAGES, LINES, files_in_words, files_of, folder_of, partition_of, suffix_of
from chainrule.data.json_lines import columns_of, of_json
from chainrule.data.ranges import counts_of, tables_between
from chainrule.data.shipped import PREFIX, SHIPPED, of_shipped
from chainrule.data.table import Column, Table


def is_file(source: Any) -> bool:
    """Is it the name of a single file?"""
    return isinstance(source, (str, Path)) and not shipped_name(source) and files_of(source) is None


def is_text(path: Path) -> bool:
    """Is a file one of text, by its name?"""
    return suffix_of(path) not in (*ARROW, *LINES, *IMAGES, ".npy", ".npz") and not arrays.is_idx(path)


def shipped_name(source: str | Path) -> str | None:
    """The name of a shipped set: after "data:", or bare where no file is called so."""
    name = str(source)
    if name.startswith(PREFIX):
        return name.removeprefix(PREFIX)
    return name if name in SHIPPED and not os.path.exists(name) else None


def size_of(source: Any) -> int | None:
    """How many bytes the source takes: of a file (unpacked, as far as a packed one says), of arrays in memory; None if unknown."""
    if isinstance(source, Table):
        return sum(column.values.nbytes for column in source.columns)
    if isinstance(source, np.ndarray):
        return source.nbytes
    several = files_of(source)
    if several is not None:
        return sum(size_of(path) or 0 for path in several)
    if not is_file(source) or gives_once(source):
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


def typed_tables(
    source: Any,
    rows: int,
    *,
    missing: Collection[str] = MISSING,
    characters: int | None = None,
    encoding: str | None = None,
    part: range | None = None,
) -> Iterator[Table]:
    """A source that is no table in text, or a part of its rows, as consecutive tables of at most so many rows.

    missing     the words that mean that there is no value
    characters  of a text, how many of them are a row; encoding: its encoding

    Raises FileError, InputError.
    """
    several = files_of(source)
    if characters is not None:
        parts = _parts_of_text(source, several, characters, encoding, rows)
    elif several is not None:
        parts = _parts_of_files(source, several, rows, part)
    elif part is not None:
        parts = tables_between(Path(source), rows, part)
    else:
        parts = _parts_of_file(source, rows) if isinstance(source, (str, Path)) else _parts_of_memory(source, rows)
    return parts if missing is MISSING else (table.without_missing(missing) for table in parts)


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


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in IMAGES


def _parts_of_files(source: Any, files: Sequence[Path], rows: int, asked: range | None = None) -> Iterator[Table]:
    """The parts of several files, their rows counted through; what folders such as year=2024 say is a column. Raises FileError."""
    if all(map(_is_image, files)):
        yield from _parts_of_images(source, files, rows)
        return
    texts = [path for path in files if is_text(path)]
    if texts:
        other = next(path for path in files if not is_text(path))
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


def _parts_of_text(source: Any, several: Sequence[Path] | None, characters: int, encoding: str | None, rows: int) -> Iterator[Table]:
    """A text that is no table. Raises FileError, InputError."""
    if several is None and not is_file(source):
        raise InputError("characters are those of a text file, or of several; leave out «--characters» for a table.")
    columns, notes = of_characters([Path(source)] if several is None else several, characters, encoding)
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
    path, suffix, shipped = Path(source), Path(source).suffix.lower(), shipped_name(source)
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
