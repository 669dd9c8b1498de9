"""Ranges of rows of files that can be read without the rows before them: row groups of Parquet, parts of .npy, the files of a folder.

So each of several processes reads its own part of the data and no other.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from chainrule.base.frozen import replace
from chainrule.data.arrays import BROKEN, array_tables, of_array, of_batch, parquet_file
from chainrule.data.files import files_of
from chainrule.data.table import Table

SAMPLED, SAMPLES = 2**16, 16
"""Bytes of each sample that a fingerprint is made of, and how many samples of a file."""


OfEach: TypeAlias = Callable[[Callable[[], Any]], list[Any]]
"""What an action gives in each of the processes that hold the rows together, in the order of their rows."""


def alone(action: Callable[[], Any]) -> list[Any]:
    """The same where one process has all rows."""
    return [action()]


def counts_of(source: Any) -> dict[Path, int] | None:
    """How many rows each file of a source has, where all of them say it; None where one would have to be read, or there is no file."""
    if not isinstance(source, (str, Path, list, tuple)):
        return None
    files = files_of(source) or ([Path(source)] if isinstance(source, (str, Path)) and os.path.isfile(source) else [])
    counts = {path: _rows_of(path) for path in files}
    return counts if counts and None not in counts.values() else None  # type: ignore[return-value]  # none of them is None


def _rows_of(path: Path) -> int | None:
    """The rows of a file; None where it does not say, or is broken, which whoever reads it will say."""
    try:
        if path.suffix.lower() == ".npy":
            array = np.load(path, mmap_mode="r")
            return len(array) if array.ndim in (1, 2) else None
        if path.suffix.lower() == ".parquet":
            from pyarrow.parquet import read_metadata

            return int(read_metadata(path).num_rows)
    except (ImportError, *BROKEN):
        return None
    return None


def file_fingerprint(paths: Iterable[str | Path]) -> str:
    """By which it is seen whether two processes have the same files: their sizes, and some of what is in them."""
    known = hashlib.sha256()
    for path in map(Path, paths):
        size = path.stat().st_size
        known.update(f"{size} ".encode())
        with path.open("rb") as file:
            for place in range(SAMPLES):
                file.seek(max(0, size - SAMPLED) * place // (SAMPLES - 1))
                known.update(file.read(SAMPLED))
    return known.hexdigest()[:12]


def tables_between(path: Path, rows: int, part: range) -> Iterator[Table]:
    """Some rows of a file whose rows `counts_of` can count, as tables of at most `rows` rows."""
    if path.suffix.lower() == ".npy":
        columns, named = of_array(np.lib.format.open_memmap(path, mode="r")[part.start : part.stop], str(path))
        for table in array_tables(str(path), columns, rows, has_header=named):
            yield replace(table, first_row=table.first_row + part.start)
        return
    with parquet_file(path) as file:
        start = 0
        for group in range(file.num_row_groups):
            length = file.metadata.row_group(group).num_rows
            if start < part.stop and part.start < start + length:
                first = start
                for batch in file.iter_batches(batch_size=rows, row_groups=[group]):
                    inside = range(max(part.start, first), min(part.stop, first + batch.num_rows))
                    if inside:
                        columns = of_batch(path, batch.slice(inside.start - first, len(inside)))
                        for table in array_tables(str(path), columns, rows):
                            yield replace(table, first_row=table.first_row + inside.start)
                    first += batch.num_rows
            start += length
