"""Where arrays lie: parameters and states in one memory, what is kept between the stages of a step in another."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.base.frozen import FrozenValue, replace
from chainrule.engines.compiled.graph.layout import LINE, Panels, padded, row_stride
from chainrule.engines.compiled.graph.operations import Operation, RowPart, over_batch, rows_dimension, rows_each
from chainrule.engines.compiled.llvm.target import Processor, itemsize
from chainrule.formula.expression import Shape


class Buffer(FrozenValue):
    """An array in memory.

    shape   as of its node
    region  "memory" (parameters and states) or "room"
    start   bytes from the beginning of the region
    stride  of what has rows: numbers from one row to the next
    layout  of a matrix of parameters: its panels
    within  the array whose columns or rows these are, if it is no array of its own
    """

    shape: Shape
    region: str
    start: int
    stride: int = 0
    layout: Panels | None = None
    within: Buffer | None = None

    @property
    def whole(self) -> Buffer:
        """The array in whose memory it lies."""
        return self.within or self

    @property
    def rows_each(self) -> int:
        """Rows of each example."""
        return rows_each(self.shape)

    def part(self, part: RowPart, places: int, dtype: str) -> Buffer:
        """Some of its rows and columns, where they lie; so many rows of each example."""
        shape = (rows_dimension(places), part.stop - part.start)[: len(self.shape)]
        start = self.start + (part.row * self.stride + part.start) * itemsize(dtype)
        return replace(self, shape=shape, start=start, stride=part.step * self.stride, within=self.whole)

    def in_rows(self, shape: Shape) -> Buffer:
        """The same numbers in rows of another length; only where no row has padding that another one would not have."""
        columns = int(shape[1]) if len(shape) > 1 else 1
        own = int(self.shape[1]) if len(self.shape) > 1 else 1
        return replace(self, shape=shape, stride=self.stride * columns // own, within=self.whole)

    @property
    def kind(self) -> str:
        """rows, panels, columns (a number a column) or numbers (a number a row)."""
        if len(self.shape) == 2:
            return "rows" if self.layout is None else "panels"
        return "numbers" if over_batch(self.shape) else "columns"


class Buffers:
    """The arrays of one region, one after the other; `rows` is how many rows a batch has room for."""

    def __init__(self, region: str, dtype: str, processor: Processor, rows: int) -> None:
        self.region, self.dtype, self.processor, self.rows = region, dtype, processor, rows
        self.of: dict[Operation, Buffer] = {}
        self.sizes: dict[Buffer, int] = {}
        self.length = 0

    def add(self, node: Operation) -> Buffer:
        """Room for the values of a node."""
        shape, stride, layout = node.shape, 0, None
        lanes = self.processor.lanes(self.dtype)
        rows = self.rows * rows_each(shape)
        if len(shape) == 2 and rows:
            stride = row_stride(int(shape[1]), self.dtype, self.processor)
            count = stride * rows
        elif len(shape) == 2:
            layout = Panels(int(shape[0]), int(shape[1]), self.dtype, self.processor)
            count = layout.size
        elif rows:
            stride, count = 1, padded(rows, lanes)
        else:
            count = padded(math.prod(map(int, shape)), lanes)
        buffer = self.of[node] = Buffer(shape, self.region, self.length, stride, layout)
        self.sizes[buffer] = padded(count * itemsize(self.dtype), LINE)
        self.length += self.sizes[buffer]
        return buffer


class StateLayout:
    """Where parameters and states lie in the memory of the code.

    of      the array of each
    length  bytes of all
    """

    def __init__(self, leaves: Mapping[str, Operation], of: Mapping[Operation, Buffer], length: int, dtype: str) -> None:
        self.leaves, self.of, self.length, self.dtype = leaves, of, length, dtype

    def store(self, memory: Any) -> StateViews:
        """All of them in this memory."""
        shapes = {key: leaf.graph.outside[leaf] for key, leaf in self.leaves.items()}
        return StateViews({key: self.of[leaf] for key, leaf in self.leaves.items()}, shapes, memory, self.dtype)


def kernel_state_layout(leaves: Mapping[str, Operation], dtype: str, processor: Processor) -> StateLayout:
    """Matrices in panels, everything in whole vectors."""
    memory = Buffers("memory", dtype, processor, 0)
    for leaf in leaves.values():
        memory.add(leaf)
    return StateLayout(leaves, memory.of, memory.length, dtype)


def straight_line_state_layout(leaves: Mapping[str, Operation], dtype: str) -> StateLayout:
    """One number after the other."""
    of, start = {}, 0
    for leaf in leaves.values():
        of[leaf] = Buffer(leaf.shape, "memory", start)
        start += math.prod(map(int, leaf.shape)) * itemsize(dtype)
    return StateLayout(leaves, of, start, dtype)


class StateViews:
    """Parameters and states in the memory of the code, as views of it that are made once; outside they have these shapes."""

    def __init__(self, buffers: Mapping[str, Buffer], shapes: Mapping[str, Shape], memory: Any, dtype: str) -> None:
        self.dtype, self.outside = dtype, shapes
        self.views = {key: _views(buffer, memory, dtype) for key, buffer in buffers.items()}
        self.shapes: dict[str, Any] = {key: buffer.shape for key, buffer in buffers.items()}

    def put(self, arrays: Mapping[str, Any]) -> None:
        """Put arrays to their places."""
        for key, given in arrays.items():
            array = np.reshape(given, self.shapes[key])
            for columns, view in self.views[key]:
                view[...] = array[columns]

    def get(self, key: str) -> Any:
        """A fresh copy of one of them."""
        array = np.empty(self.shapes[key], self.dtype)
        for columns, view in self.views[key]:
            array[columns] = view
        return array.reshape(self.outside[key])


def _views(buffer: Buffer, memory: Any, dtype: str) -> list[tuple[Any, Any]]:
    """Which columns of a parameter lie where; all of them, unless it lies in panels."""
    count = math.prod(map(int, buffer.shape)) if buffer.layout is None else buffer.layout.size
    numbers = memory[buffer.start : buffer.start + count * itemsize(dtype)].view(dtype)
    if buffer.layout is None:
        return [(..., numbers.reshape(buffer.shape))]
    return [(np.s_[:, first : first + view.shape[1]], view) for first, view in buffer.layout.views(numbers)]
