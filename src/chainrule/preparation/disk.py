"""Numbers that are too many for memory: in temporary files, mapped."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import FileError
from chainrule.data.memory import memory, memory_left
from chainrule.data.sources import size_of


def too_large_for_memory(source: Any) -> bool:
    """Does a source, as it lies, take more than half of memory?"""
    return (size_of(source) or 0) > memory() // 2


def empty(shape: tuple[int, int], stack: ExitStack, precision: str = "float64", *, rows: int = 0) -> Array:
    """An array to be filled: in memory, or in a file where it would take more than half of memory, or of what `ulimit` leaves of it; rows:
    of all arrays of this kind, which are in memory together.

    The file has no name, so that it is gone with the process, however that ends; at the latest when the stack is left (on Unix the array
    can still be read then). Raises FileError where there is no room for it.
    """
    size = np.dtype(precision).itemsize * shape[0] * shape[1]
    if not size or max(size, np.dtype(precision).itemsize * rows * shape[1]) <= min(memory(), memory_left()) // 2:
        return np.empty(shape, dtype=precision)
    try:
        file = stack.enter_context(tempfile.TemporaryFile(prefix="chainrule-"))  # noqa: SIM115  # the stack closes it
        _reserve(file.fileno(), size)
        return np.memmap(file, dtype=precision, mode="r+", shape=shape)
    except OSError as error:
        why = error.strerror or error
        place = tempfile.gettempdir()
        raise FileError(f"{place} cannot take the prepared numbers: {why}; name a folder with room in the variable TMPDIR.") from None


def _reserve(file: int, size: int) -> None:
    """Take the room on the disk now: one that fills up later would end the process where it writes into the mapped file."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size)
        return
    for start in range(0, size, 2**24):
        os.write(file, bytes(min(2**24, size - start)))
