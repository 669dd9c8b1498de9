"""Where arrays lie: parameters and states in one memory, what is kept between the stages of a step in another."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.base.frozen import FrozenValue, replace
from chainrule.engines.compiled.graph.layout import LINE, Panels, padded, row_stride
from chainrule.engines.compiled.graph.operations import Operation
from chainrule.engines.compiled.llvm.target import Processor, itemsize
from chainrule.formula.expression import Shape
from chainrule.network.derivation import BATCH


class Buffer(FrozenValue):
    """An array in memory.

    shape   as of its node
    region  "memory" (parameters and states) or "room"
    start   bytes from the beginning of the region
    stride  of a matrix by rows: numbers from one row to the next
    layout  of a matrix of parameters: its panels
    within  the array whose columns these are, if it is no array of its own
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

    def columns(self, start: int, count: int, dtype: str) -> Buffer:
        """Some of its columns, where they lie."""
        return replace(self, shape=(BATCH, count), start=self.start + start * itemsize(dtype), within=self.whole)

    @property
    def kind(self) -> str:
        """rows, panels, columns (a number a column) or numbers (a number a row)."""
        if len(self.shape) == 2:
            return "rows" if self.layout is None else "panels"
        return "numbers" if self.shape == (BATCH,) else "columns"


class Buffers:
    """The arrays of one region, one after the other; `rows` is how many rows a batch has room for."""

    def __init__(self, region: str, dtype: str, processor: Processor, rows: int) -> None:
        self.region, self.dtype, self.processor, self.rows = region, dtype, processor, rows
        self.of: dict[Operation, Buffer] = {}
        self.length = 0

    def add(self, node: Operation) -> Buffer:
        """Room for the values of a node."""
        shape, stride, layout = node.shape, 0, None
        lanes = self.processor.lanes(self.dtype)
        if len(shape) == 2 and shape[0] == BATCH:
            stride = row_stride(int(shape[1]), self.dtype, self.processor)
            count = stride * self.rows
        elif len(shape) == 2:
            layout = Panels(int(shape[0]), int(shape[1]), self.dtype, self.processor)
            count = layout.size
        else:
            count = padded(self.rows if shape == (BATCH,) else math.prod(map(int, shape)), lanes)
        self.of[node] = Buffer(shape, self.region, self.length, stride, layout)
        self.length += padded(count * itemsize(self.dtype), LINE)
        return self.of[node]


class StateLayout:
    """Where parameters and states lie in the memory of the code.

    of      the array of each
    length  bytes of all
    """

    def __init__(self, leaves: Mapping[str, Operation], of: Mapping[Operation, Buffer], length: int, dtype: str) -> None:
        self.leaves, self.of, self.length, self.dtype = leaves, of, length, dtype

    def store(self, memory: Any) -> StateViews:
        """All of them in this memory."""
        return StateViews({key: self.of[leaf] for key, leaf in self.leaves.items()}, memory, self.dtype)


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
    """Parameters and states in the memory of the code, as views of it that are made once."""

    def __init__(self, buffers: Mapping[str, Buffer], memory: Any, dtype: str) -> None:
        self.dtype = dtype
        self.views = {key: _views(buffer, memory, dtype) for key, buffer in buffers.items()}
        self.shapes: dict[str, Any] = {key: buffer.shape for key, buffer in buffers.items()}

    def put(self, arrays: Mapping[str, Any]) -> None:
        """Put arrays to their places."""
        for key, array in arrays.items():
            for columns, view in self.views[key]:
                view[...] = array[columns]

    def get(self, key: str) -> Any:
        """A fresh copy of one of them."""
        array = np.empty(self.shapes[key], self.dtype)
        for columns, view in self.views[key]:
            array[columns] = view
        return array


def _views(buffer: Buffer, memory: Any, dtype: str) -> list[tuple[Any, Any]]:
    """Which columns of a parameter lie where; all of them, unless it lies in panels."""
    count = math.prod(map(int, buffer.shape)) if buffer.layout is None else buffer.layout.size
    numbers = memory[buffer.start : buffer.start + count * itemsize(dtype)].view(dtype)
    if buffer.layout is None:
        return [(..., numbers.reshape(buffer.shape))]
    return [(np.s_[:, first : first + view.shape[1]], view) for first, view in buffer.layout.views(numbers)]
