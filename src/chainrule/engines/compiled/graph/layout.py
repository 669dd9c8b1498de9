"""How matrices lie in memory: activations by rows, weights in column panels.

Rows: a matrix (n, columns) of activations or errors, row after row. A row is padded to whole vectors, so that a vector at the right
edge may be loaded and stored whole, and its length is kept off multiples of 4 KiB, where all rows would compete for the same few
lines of the cache. What stands in the padding does not matter: no true number is ever computed from it.

Panels: a matrix (rows, columns) of weights, or of an optimiser's moments, cut into panels of as many columns as a tile is wide:

      W          panel 0   panel 1   the last, narrower          memory
    ┌───────────┐   ┌────┐    ┌────┐    ┌──┐
    │ 0 … 63 64 │   │row 0    │row 0    │ 0      row 0 of panel 0, row 1 of panel 0 …, padding, row 0 of panel 1 …
    │           │ = │row 1    │row 1    │ 1
    └───────────┘   └────┘    └────┘    └──┘

A product reads such a panel from beginning to end, the way the processor fetches ahead by itself, and the part of it that a tile of
the gradient updates is contiguous. Rows are padded to whole vectors as well (the transposition of the backward product
reads them), and a panel is again kept off multiples of 4 KiB.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from chainrule.base.frozen import FrozenValue
from chainrule.engines.compiled.llvm.target import Processor, itemsize

LINE = 64
"""Bytes of a cache line, at whose multiples every array begins."""

PAGE = 4096


def padded(count: int, part: int) -> int:
    """`count`, rounded up to a multiple of `part`."""
    return -(-count // part) * part


def row_stride(columns: int, dtype: str, processor: Processor) -> int:
    """Numbers from one row of activations to the next."""
    stride = padded(columns, processor.lanes(dtype))
    return _off_pages(stride, dtype, max(LINE, processor.bytes))


def _off_pages(numbers: int, dtype: str, step: int) -> int:
    """A little more where it is a multiple of 4 KiB."""
    size = itemsize(dtype)
    return numbers + step // size if numbers * size % PAGE == 0 else numbers


def aligned_array(shape: int | tuple[int, ...], dtype: str) -> Any:
    """An array of zeros that begins at a page, or a huge one where the system gives them."""
    count = int(np.prod(shape)) * itemsize(dtype)
    room = np.zeros(count + PAGE, np.uint8)
    start = -room.ctypes.data % PAGE
    return room[start : start + count].view(dtype).reshape(shape)


class Panels(FrozenValue):
    """The layout of a matrix (rows, columns) in column panels."""

    rows: int
    columns: int
    dtype: str
    processor: Processor

    @property
    def lanes(self) -> int:
        """Numbers in a vector."""
        return self.processor.lanes(self.dtype)

    @property
    def width(self) -> int:
        """Columns of a whole panel, and of the distance between the rows of one."""
        return self.processor.vectors * self.lanes

    @property
    def count(self) -> int:
        """Whole panels."""
        return self.columns // self.width

    @property
    def rest(self) -> int:
        """Columns of the last panel, padded to whole vectors; 0 where there are only whole panels."""
        return padded(self.columns % self.width, self.lanes)

    @property
    def stride(self) -> int:
        """Numbers from one panel to the next."""
        return _off_pages(padded(self.rows, self.lanes) * self.width, self.dtype, self.width * itemsize(self.dtype))

    @cached_property
    def size(self) -> int:
        """Numbers of the whole matrix with its padding."""
        return self.count * self.stride + padded(self.rows, self.lanes) * self.rest

    def views(self, memory: Any) -> list[tuple[int, Any]]:
        """For each panel, its first column and its (rows, columns) in memory, without the padding."""
        parts = [(panel * self.width, panel * self.stride, self.width) for panel in range(self.count)]
        if self.rest:
            parts.append((self.count * self.width, self.count * self.stride, self.rest))
        return [
            (first, memory[start : start + self.rows * width].reshape(self.rows, width)[:, : self.columns - first])
            for first, start, width in parts
        ]
