"""Tables out of arrays: NumPy's own, columns in a dict, data frames, and the files .npy, .npz, Parquet and IDX."""

from __future__ import annotations

import math
import struct
import sys
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import FileError, InputError, quoted
from chainrule.base.printing import counted
from chainrule.data.cells import ColumnKind, is_missing
from chainrule.data.column_names import composed
from chainrule.data.dates import are_dates, is_date
from chainrule.data.encodings import PIECE, UNREADABLE, check_file, open_binary, unreadable_error
from chainrule.data.json_lines import columns_of
from chainrule.data.notes import Notice, notice
from chainrule.data.numbers import FIRST, MOST_WHOLE
from chainrule.data.table import Column, Table, sliced

IDX_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
"""The third byte of an IDX file. Source: LeCun, Cortes & Burges, The MNIST database, "The IDX file format"."""

MOST_AXES = 8
"""More than any image has."""

BROKEN = (
    OSError, ValueError, EOFError, MemoryError, SyntaxError, TypeError, OverflowError, KeyError, RuntimeError, RecursionError,
    tokenize.TokenError, struct.error, zlib.error, zipfile.BadZipFile,
)  # fmt: skip
"""What NumPy raises over files that are not what they say."""

MOST_COLUMNS = 100_000
"""An array with more is refused before a column is made of each."""

ONE_DAY = np.timedelta64(1, "D")

EXTRA = "pip install 'chainrule[data]'"


def array_tables(
    source: str, arrays: Mapping[str, Any], rows: int, notes: tuple[Notice, ...] = (), has_header: bool = True
) -> Iterator[Table]:
    """Named arrays of one length as tables of at most `rows` rows. Raises InputError."""
    _check_columns(source, arrays)
    arrays = {f"{name}.{part}" if part else name: values for name, column in arrays.items() for part, values in _flattened(column).items()}
    named = {composed(name): values for name, values in arrays.items()}
    typed = {name: _typed(source, name, values) for name, values in named.items()}
    lengths = {name: len(values) for name, (values, _) in typed.items()}
    if len(typed) < len(arrays):
        raise InputError(f"{source} has two columns of the same name; give each its own.")
    if not typed or not max(lengths.values()):
        raise InputError(f"{source} holds no values.")
    length = next(iter(lengths.values()))
    odd = next((name for name in lengths if lengths[name] != length), None)
    if odd is not None:
        raise InputError(f"{source}: column {quoted(odd)} has {counted(lengths[odd], 'row')}, but the first column has {length}.")

    spans = [name for name, values in named.items() if _holds_durations(values)]
    notes += (notice("found.durations", names=", ".join(spans)),) if spans else ()
    mixed = [name for name, (values, kind) in typed.items() if kind == "text" and _holds_types(named[name])]
    notes += (notice("found.mixed", names=", ".join(mixed)),) if mixed else ()

    numbers = {name: values if values.dtype.kind in "iu" else named[name] for name, (values, kind) in typed.items() if kind == "number"}
    lost = {name: lost_digits(values) for name, values in numbers.items()}

    def cut(part: slice) -> tuple[Column, ...]:
        return tuple(Column(name, _values(values[part], kind), kind, padded=lost.get(name, "")) for name, (values, kind) in typed.items())

    return sliced(length, rows, cut, Table(source, (), 1, notes, has_header))


def _check_columns(source: str, arrays: Mapping[str, Any]) -> None:
    """Raises InputError where one holds nothing that has a length and an order."""
    for name, column in arrays.items():
        is_ordered = hasattr(column, "__array__") or (hasattr(column, "__len__") and hasattr(column, "__getitem__"))
        if isinstance(column, (str, bytes)) or not is_ordered:
            raise InputError(f"{source}: column {quoted(str(name))} is {_a(type(column).__name__)}; a column is a list or an array.")


def _a(name: str) -> str:
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"


def lost_digits(given: Any) -> str:
    """The first of these whole numbers that has more digits than float64 keeps; "" where there is none."""
    values = np.asarray(given)
    if values.dtype.kind not in "iuO" or values.dtype.itemsize < 8:
        return ""
    if values.dtype != object:
        values = values[(values >= MOST_WHOLE) | ((values <= -MOST_WHOLE) if values.dtype.kind == "i" else False)]
    numbers = (int(value) for value in values[:FIRST] if isinstance(value, (int, np.integer)))
    return next((str(number) for number in numbers if int(float(number)) != number), "")


def _flattened(column: Any) -> Mapping[str, Any]:
    """A column of objects as columns of what they hold, by name; any other by itself, under the name ""."""
    is_plain = isinstance(column, np.ndarray) and column.dtype != object
    first = None if is_plain else next((value for value in column if value is not None), None)
    return columns_of([value or {} for value in column]) if isinstance(first, Mapping) else {"": column}


def _holds_durations(values: Any) -> bool:
    """Are these lengths of time?"""
    if isinstance(values, np.ndarray) and values.dtype != object:
        return bool(values.dtype.kind == "m")
    return isinstance(next((value for value in values if _plain(value) is not None), None), timedelta)


def _values(values: Array, kind: ColumnKind) -> Array:
    return values if values.dtype == object else np.asarray(values, dtype=np.float64)


def _typed(source: str, name: str, values: Any) -> tuple[Array, ColumnKind]:
    """The array as it will be cut, and what kind it is; numbers are not copied yet. Raises InputError."""
    try:
        array = np.asarray(values)
    except ValueError:  # lists of several lengths
        raise InputError(f"{source}: column {quoted(name)} holds lists of several lengths; a column has one value a row.") from None
    if isinstance(values, np.ma.MaskedArray):
        array = array.astype(object)
        array[np.ma.getmaskarray(values)] = None
    if array.ndim != 1:
        raise InputError(f"{source}: column {quoted(name)} has the shape {array.shape}; a column has one axis.")
    if array.dtype.kind in "iuf":
        return array, "number"
    if array.dtype.kind == "b":
        return array, "boolean"
    if array.dtype.kind == "m":
        return array / ONE_DAY, "number"
    if array.dtype.kind in "OUSM":
        return _of_objects(source, name, array)
    raise InputError(f"{source}: column {quoted(name)} holds values of the type {array.dtype}; give numbers, text or truth values.")


def _of_objects(source: str, name: str, array: Array) -> tuple[Array, ColumnKind]:
    """Numbers if all are numbers, truth values if all are such, else text."""
    if array.dtype.kind == "U" and array.size and np.ascontiguousarray(array).view(f"{array.dtype.str[0]}u4").max() > sys.maxunicode:
        raise InputError(f"{source}: column {quoted(name)} holds text with signs beyond Unicode; is the file broken?")
    cells = [_plain(value) for value in array.tolist()] if array.dtype.kind != "M" else [str(value) for value in array]
    present = [cell for cell in cells if cell is not None]
    if all(isinstance(cell, (bool, np.bool_)) for cell in present) and present:
        return np.array([math.nan if cell is None else float(cell) for cell in cells]), "boolean"
    if all(isinstance(cell, (int, float)) for cell in present):
        try:
            return np.array([math.nan if cell is None else float(cell) for cell in cells], dtype=np.float64), "number"
        except OverflowError:
            raise InputError(f"{source}: column {quoted(name)} holds a whole number that is too large to compute with.") from None
    texts = np.empty(len(cells), dtype=object)
    texts[:] = [None if cell is None or is_missing(str(cell)) else str(cell).strip() for cell in cells]
    known = [text for text in texts if text is not None]
    dates = bool(known) and is_date(known[0]) and are_dates(known)
    return texts, "date" if dates or array.dtype.kind == "M" else "text"


def _holds_types(values: Any) -> bool:
    """Are there numbers or truth values in what became text?"""
    array = np.asarray(values)
    return array.dtype.kind == "O" and any(not isinstance(value, str) and isinstance(_plain(value), (bool, int, float)) for value in array)


def _plain(value: Any) -> Any:
    """The value, or None where a library says "missing" in its own way (None, NaN, NaT, pandas.NA)."""
    if value is None or (isinstance(value, float) and math.isnan(value)) or str(value) in ("NaT", "<NA>"):
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, (bool, int, float, str)) else _number_or_text(value)


def _number_or_text(value: Any) -> Any:
    """Fractions and decimals as floats, durations in days, NumPy's scalars as Python's, anything else as text."""
    from decimal import Decimal
    from fractions import Fraction

    if isinstance(value, np.generic):
        return float(value) if isinstance(value, np.floating) else value.item()
    if isinstance(value, timedelta):
        return value / timedelta(days=1)
    return float(value) if isinstance(value, (Decimal, Fraction)) else str(value)


# Arrays


def of_array(array: Any, source: str = "the array") -> tuple[dict[str, Array], bool]:
    """Columns of a vector, a matrix, a structured array, or of images, and whether their names are the data's own."""
    try:
        if hasattr(array, "toarray") and hasattr(array, "nnz"):  # of SciPy, most of whose values are 0
            _check_width(source, array.shape)
            array = array.toarray()
        given, array = array, np.asanyarray(array)
        if array.dtype.kind in "US" and isinstance(given, (list, tuple)):
            array = np.array(given, dtype=object)  # so that numbers beside text stay numbers
    except ValueError as error:
        raise InputError(f"{source} cannot be read as rows; give a data frame, or columns in a dict: {str(error).rstrip('.')}.") from None
    if not array.size:
        raise InputError(f"{source} holds no values.")
    _check_width(source, array.shape)
    if array.dtype.names:
        return {name: array[name] for name in array.dtype.names}, True
    if array.ndim == 0:
        if array.dtype.kind == "O":
            kind = "None" if given is None else _a(type(given).__name__)
            raise InputError(f"{kind} is no table; give a file, a data frame, columns in a dict, an array or a list of rows.")
        raise InputError(f"{source} is a single value; give rows of values.")
    if array.ndim > 2:
        return _pixels(array), True
    table = array[:, None] if array.ndim == 1 else array
    return {f"column{place + 1}": table[:, place] for place in range(table.shape[1])}, False


def _check_width(source: str, shape: Sequence[int]) -> None:
    columns = math.prod(shape[1:])
    if columns > MOST_COLUMNS:
        raise InputError(f"{source} has {columns:,} columns, which is more than this can hold ({MOST_COLUMNS:,}).")


def _pixels(array: Array) -> dict[str, Array]:
    """Columns of images, (rows, height, width …), by their place from 1: pixel_1_1, pixel_1_2 …"""
    flat = array.reshape(len(array), -1)
    places = np.ndindex(*array.shape[1:])
    return {"_".join(["pixel", *(str(axis + 1) for axis in place)]): flat[:, column] for column, place in enumerate(places)}


def of_npy(path: Path) -> tuple[dict[str, Array], bool]:
    """Columns of an .npy file, which stays on disk, and whether their names are the data's own. Raises FileError."""
    check_file(path)
    try:
        array = np.lib.format.open_memmap(path, mode="r")  # refuses what would have to be unpickled
    except BROKEN as error:
        raise FileError(f"{path} is no complete .npy file of numbers: {_short(error)}") from None
    return of_array(array, str(path))


def of_npz(path: Path) -> dict[str, Array]:
    """Columns of an .npz archive: one for every vector, and as many as a matrix has. Nothing is unpickled. Raises FileError."""
    columns: dict[str, Array] = {}
    with open_binary(path) as file:
        try:
            archive = np.load(file, allow_pickle=False)
            arrays = {name: np.asarray(archive[name]) for name in archive.files}
        except (AttributeError, *BROKEN) as error:  # AttributeError: a single array, which has no `files`
            raise FileError(f"{path} is no complete .npz archive of numbers: {_short(error)}") from None
    for name, array in arrays.items():
        part, _ = of_array(array, f"{path}: {name}")
        own = [name] if len(part) == 1 else [f"{name}{place}" for place in range(1, len(part) + 1)]
        columns |= dict(zip(part if array.dtype.names else own, part.values(), strict=True))
    return columns


def _short(error: Exception) -> str:
    text = " ".join(str(error).split())[:160].rstrip(".")
    return (text or type(error).__name__) + "."


# IDX


def is_idx(path: Path) -> bool:
    """Does the name say that it is an IDX file: digits.idx, train-images-idx3-ubyte, also with .gz?"""
    name = path.name.lower().removesuffix(".gz")
    return name.endswith("-ubyte") or ".idx" in name or "-idx" in name


def of_idx(path: Path) -> tuple[dict[str, Array], tuple[Notice, ...]]:
    """Columns of an IDX file; images get the labels that lie beside them, as in MNIST, as a column `label`. Raises FileError."""
    array = read_idx(path)
    if array.ndim == 1:
        return {"label": array}, ()
    columns, _ = of_array(array, str(path))
    beside = path.with_name(path.name.replace("images-idx3", "labels-idx1").replace("images.idx3", "labels.idx1"))
    if beside == path or not beside.exists():
        return columns, ()
    return {**columns, "label": read_idx(beside)}, (notice("found.labels_beside", path=str(beside)),)


def read_idx(path: Path) -> Array:
    """The array in an IDX file. Raises FileError if it is cut short, too long or no such file."""
    try:
        with open_binary(path) as file:
            start = file.read(4)
            if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in IDX_TYPES or not 1 <= start[3] <= MOST_AXES:
                raise FileError(f"{path} is no IDX file: it does not begin with 0 0, a type and a number of axes.")
            sizes = file.read(4 * start[3])
            shape, kind = struct.unpack(f">{len(sizes) // 4}I", sizes[: len(sizes) // 4 * 4]), np.dtype(IDX_TYPES[start[2]])
            expected = math.prod(shape) * kind.itemsize
            data = _at_most(file, expected + 1)
    except (MemoryError, *UNREADABLE) as error:
        raise unreadable_error(path, error) from None
    if len(shape) < start[3] or len(data) != expected or not expected:
        what = "is longer than it should be" if len(data) > expected > 0 else "is cut short" if len(data) < expected else "holds no values"
        raise FileError(
            f"{path} {what}: its head says {counted(expected, 'byte')} of values ({' × '.join(map(str, shape))}); fetch it again."
        )
    return np.frombuffer(data, kind).reshape(shape)


def _at_most(file: IO[bytes], limit: int) -> bytes:
    """What is left of the file, up to a limit that may be absurd: memory is taken only for what is there."""
    pieces = []
    while limit > 0 and (piece := file.read(min(limit, PIECE))):
        pieces.append(piece)
        limit -= len(piece)
    return b"".join(pieces)


# Data frames and Parquet


def of_frame(frame: Any, source: str = "the data frame") -> dict[str, Array] | None:
    """Columns of a pandas, polars or pyarrow table or data set; None if it is none. Raises InputError if narwhals is missing."""
    library = type(frame).__module__.split(".")[0]
    if library == "pandas" and hasattr(frame, "index") and not hasattr(frame, "columns"):
        return _of_pandas_series(frame)
    if library == "pyarrow":
        frame = _arrow_table(frame)
    while library == "pyarrow" and hasattr(frame, "schema") and any(str(kind).startswith("struct") for kind in frame.schema.types):
        frame = frame.flatten()  # user.age, as of objects in JSON
    if library == "pandas" and getattr(getattr(frame, "columns", None), "nlevels", 1) > 1:  # as names in several rows of a file
        frame = frame.set_axis([" ".join(filter(None, map(str, parts))) for parts in frame.columns], axis=1)
    known = {"pandas": "columns", "pyarrow": "column_names"}.get(library, "")
    names = [str(name) for name in getattr(frame, known, ())]
    twice = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    if twice is not None:
        raise InputError(f"{source} has several columns of the name {quoted(twice)}; give each its own.")
    try:
        import narwhals
    except ImportError:
        if library in ("pandas", "polars", "pyarrow"):
            raise InputError(f"a table of {library} is read with narwhals, which is not installed: {EXTRA}") from None
        return None
    native = narwhals.from_native(frame, allow_series=False, pass_through=True)
    if isinstance(native, narwhals.LazyFrame):
        native = native.collect()
    if not isinstance(native, narwhals.DataFrame):
        return None
    if any(not isinstance(name, str) for name in native.columns):
        native = native.rename({name: str(name) for name in native.columns})
    return {column.name: _of_series(column) for column in native.iter_columns()}


def declared_categories(data: Any) -> list[str]:
    """The columns of a data frame of pandas that are numbers to look at, and were declared to be categories."""
    if type(data).__module__.split(".")[0] != "pandas" or not hasattr(data, "columns"):
        return []
    kinds = {name: getattr(kind, "categories", None) for name, kind in data.dtypes.items()}
    return [composed(name) for name, known in kinds.items() if known is not None and getattr(known.dtype, "kind", "O") in "iuf"]


def _arrow_table(source: Any) -> Any:
    """A data set, a record batch or a reader of such as a table of pyarrow; all else as it is."""
    import pyarrow

    if isinstance(source, pyarrow.RecordBatch):
        return pyarrow.Table.from_batches([source])
    whole = getattr(source, "to_table", None) or getattr(source, "read_all", None)
    return source if whole is None else whole()


def _of_pandas_series(series: Any) -> dict[str, Array]:
    """A row of a data frame, whose names are text; or else a column of one."""
    if all(isinstance(name, str) for name in series.index):
        return {name: np.array([value], dtype=object) for name, value in series.items()}
    return {"column1" if series.name is None else str(series.name): np.asarray(series)}


def _of_series(series: Any) -> Array:
    """A narwhals series as an array: numbers where it can be, otherwise objects with None."""
    import narwhals

    if series.dtype.is_integer() and series.dtype not in (narwhals.Int128, narwhals.UInt128) and not series.null_count():
        return np.asarray(series.to_numpy())
    if series.dtype.is_numeric() and not series.dtype.is_decimal():
        with suppress(ValueError):  # of pyarrow: whole numbers that float64 does not keep
            return np.asarray(series.cast(narwhals.Float64).to_numpy(), dtype=np.float64)
    values = np.empty(len(series), dtype=object)
    values[:] = series.to_list()
    return values


def of_parquet(path: Path, rows: int) -> Iterator[tuple[dict[str, Array], int]]:
    """Columns of consecutive parts of a Parquet file, and the number of each part's first row. Raises FileError or InputError."""
    try:
        from pyarrow import ArrowException
    except ImportError:
        raise InputError(f"{path}: Parquet is read with pyarrow, which is not installed: {EXTRA}") from None
    check_file(path)
    first = 1
    try:
        with parquet_file(path) as file:
            for batch in file.iter_batches(batch_size=rows):
                yield of_batch(path, batch), first
                first += batch.num_rows
    except (OSError, ArrowException) as error:
        raise FileError(f"{path} is no complete Parquet file: {_short(error)}") from None


@contextmanager
def parquet_file(path: Path) -> Iterator[Any]:
    """A Parquet file that is read row group by row group, and of which nothing stays in memory behind it."""
    from pyarrow import default_memory_pool
    from pyarrow.parquet import ParquetFile

    with ParquetFile(path, pre_buffer=False) as file:  # which would read all of it at once
        yield file
    default_memory_pool().release_unused()


def of_arrow(path: Path, rows: int) -> Iterator[tuple[dict[str, Array], int]]:
    """Columns of consecutive parts of a Feather or Arrow file, and the number of each part's first row. Raises FileError or InputError."""
    try:
        import pyarrow
        from pyarrow import feather
    except ImportError:
        raise InputError(f"{path}: Feather and Arrow are read with pyarrow, which is not installed: {EXTRA}") from None
    with open_binary(path) as file:
        start = file.read(6)
    first = 1
    try:
        if start[:4] == b"FEA1":  # Feather's first version has no parts
            batches: Any = feather.read_table(path).to_batches(rows)
        elif start == b"ARROW1":
            found = pyarrow.ipc.open_file(pyarrow.memory_map(str(path)))
            batches = (found.get_batch(place) for place in range(found.num_record_batches))
        else:
            batches = pyarrow.ipc.open_stream(pyarrow.memory_map(str(path)))
        for whole in batches:
            for start_row in range(0, whole.num_rows, rows):
                batch = whole.slice(start_row, rows)
                yield of_batch(path, batch), first
                first += batch.num_rows
    except (OSError, pyarrow.ArrowException) as error:
        raise FileError(f"{path} is no complete Feather or Arrow file: {_short(error)}") from None


def of_batch(path: Path, batch: Any) -> dict[str, Array]:
    """Columns of a pyarrow record batch."""
    import pyarrow

    columns = of_frame(pyarrow.Table.from_batches([batch]), str(path))
    if columns is None:
        raise InputError(f"{path}: this part of the file is no table.")
    return columns
