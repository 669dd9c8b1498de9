"""All of a source as numbers: in memory, or in memory-mapped files where it is too large for that."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.data import chunks, memory, read, size_of
from chainrule.errors import FileError
from chainrule.prepare.moments import Array
from chainrule.prepare.preparation import Preparation


def prepared(
    source: Any,
    preparation: Preparation,
    *,
    threshold: int | None = None,
    rows: int = 50_000,
    folder: str | Path | None = None,
    **options: Any,
) -> tuple[Array, Array]:
    """The inputs x, (rows, inputs), and the targets t, (rows, outputs), of a whole source.

    threshold  bytes; what takes more, as it lies or as numbers, is written part by part to .npy files in a temporary folder
               (within `folder`, if given) and mapped into memory; half of the machine's memory if not said
    rows       so many rows a part
    options    as in `read`

    The files go when the arrays do. Raises InputError.
    """
    if not is_large(source, preparation, threshold):
        table = read(source, kinds=preparation.kinds, **options)
        return preparation.x(table), preparation.t(table)
    place = _folder(folder)
    tables = chunks(source, rows=rows, kinds=preparation.kinds, **options)
    x, t = _written(Path(place.name), ((preparation.x(table), preparation.t(table)) for table in tables))
    weakref.finalize(x, place.cleanup)  # t stays readable: on Unix a mapped file may be unlinked, elsewhere the folder stays until the end
    return x, t


def is_large(source: Any, preparation: Preparation | None = None, threshold: int | None = None) -> bool:
    """Does the source take more than the threshold (half of memory), as it lies or, once fitted, as numbers?"""
    limit = memory() // 2 if threshold is None else threshold
    as_numbers = 0 if preparation is None else 8 * preparation.rows * (preparation.inputs + preparation.outputs)
    return max(size_of(source) or 0, as_numbers) > limit


def _folder(within: str | Path | None) -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix="chainrule-", dir=within, ignore_cleanup_errors=True)
    except OSError as error:
        raise _full(within or tempfile.gettempdir(), error) from None


def _full(folder: str | Path, error: OSError) -> FileError:
    why = error.strerror or error
    return FileError(f"{folder} cannot take the prepared numbers: {why}; name a folder with room in the variable TMPDIR.")


def _written(folder: Path, parts: Iterator[tuple[Array, Array]]) -> tuple[Array, Array]:
    """The parts of x and t in two files, mapped."""
    paths = folder / "x.npy", folder / "t.npy"
    try:
        with paths[0].open("wb") as x_file, paths[1].open("wb") as t_file:
            count, widths = 0, (0, 0)
            for x, t in parts:
                if not count:
                    _write_heads((x_file, t_file), 0, (x.shape[1], t.shape[1]))
                x_file.write(x.tobytes())
                t_file.write(t.tobytes())
                count, widths = count + len(x), (x.shape[1], t.shape[1])
            _write_heads((x_file, t_file), count, widths)
    except OSError as error:
        raise _full(folder.parent, error) from None
    return np.load(paths[0], mmap_mode="r"), np.load(paths[1], mmap_mode="r")


def _write_heads(files: tuple[Any, ...], rows: int, widths: tuple[int, ...]) -> None:
    """The heads of .npy files; NumPy pads them, so that the number of rows can be written once it is known."""
    for file, width in zip(files, widths, strict=True):
        file.seek(0)
        np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": (rows, width)})
