"""Machine code for several processes: a step in two halves over one memory, between which its sums are reduced where they lie."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chainrule.engines.compiled.engine import FEWEST_SHARED, CompiledFunction, pointers
from chainrule.engines.compiled.graph.buffers import kernel_state_layout
from chainrule.engines.compiled.graph.cut import ROWS, STOPPING, cut_step
from chainrule.engines.compiled.graph.step_graph import RATE, StepGraph
from chainrule.engines.compiled.llvm.target import host
from chainrule.engines.compiled.runtime.functions import FunctionRequest, loaded_function
from chainrule.engines.compiled.runtime.states import StateBuffer
from chainrule.engines.compiled.runtime.threads import processors
from chainrule.engines.epoch import Data
from chainrule.network.definitions import Bound
from chainrule.network.network import Array, Network


class CompiledHalves:
    """The two halves of a step in machine code.

    size   rows of a batch at most
    beside how many processes share this machine, and so its processors

    Raises NotCompilable.
    """

    def __init__(self, network: Network, optimizer: Bound, dtype: str, size: int, beside: int) -> None:
        step = cut_step(network, optimizer)
        self.dtype, processor = dtype, host()
        worth = size * network.size >= FEWEST_SHARED * len(network.layers)
        self.threads = max(1, processors() // beside) if worth else 1
        self.rate = float(step.after.options.get(RATE, 0.0))
        self.keys = tuple(key for key in step.before.keys if key not in (*step.sums, STOPPING, ROWS))
        layout = kernel_state_layout(step.before.leaves, dtype, processor)
        self.memory = StateBuffer(layout)
        self.memory.bytes[...] = 0  # also what lies between the sums, which is reduced along with them
        places = [layout.of[step.before.leaves[key]].start for key in (*step.sums, ROWS)]
        self.flat: Array = self.memory.bytes[places[0] : places[-1]].view(dtype)
        self._given, self._known = np.zeros(2), -1

        def code(half: StepGraph, rows: int) -> CompiledFunction:
            request = FunctionRequest(half, "epoch", rows, dtype, dtype, processor, False, self.threads)
            return CompiledFunction(loaded_function(request), False, self.threads)

        self.before, self.after = code(step.before, size), code(step.after, 1)

    def put(self, state: Sequence[Array]) -> None:
        """Go on from this state."""
        self.memory.store.put(dict(zip(self.keys, state, strict=True)))

    def state(self) -> tuple[Array, ...]:
        """The state after the steps so far, copied."""
        return tuple(self.memory.store.get(key) for key in self.keys)

    def ask(self, stopping: bool) -> None:
        """Note beside the sums whether this process is asked to stop."""
        self.memory.store.put({STOPPING: np.asarray(stopping, dtype=self.dtype)})

    @property
    def asked(self) -> bool:
        """Is any process asked to stop?"""
        return bool(self.memory.store.get(STOPPING))

    def add_up(self, data: Data, places: Array, first: int, end: int, rows: int) -> None:
        """Write the sums over the rows places[first] … places[end − 1], in a batch of so many rows of all processes, to `flat`."""
        if rows != self._known:
            self.memory.store.put({ROWS: np.asarray(rows, dtype=self.dtype)})
            self._known = rows
        if first == end:
            self.flat[...] = 0
            return
        given = self.memory.address, self.before.room, *pointers(data), places.ctypes.data, 1, 0, first, end, end - first
        self.before.call((*given, 0, np.inf, self.rate, self._given.ctypes.data), self.threads)

    def move(self, number: int) -> float:
        """Take step `number`, from 1, with the sums that stand in `flat`; E before it."""
        self._given[:] = 0
        given = self.memory.address, self.after.room, None, None, None, self._given.ctypes.data, 0, 0, 0, 1, 1
        self.after.call((*given, number - 1, np.inf, self.rate, self._given.ctypes.data), self.threads)
        return float(self._given[0])


def readable(data: Data, dtype: str) -> Data:
    """The rows as the code reads them."""
    return tuple(np.ascontiguousarray(array, dtype=dtype) for array in data)
