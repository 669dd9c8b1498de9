"""Machine code for several processes: a step in two halves over one memory, between which its sums are reduced where they lie.

The first half hands the sums out in parcels, from the last layer to the first: while one is reduced, it goes on with the next.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import numpy as np

from chainrule.base.arrays import Array
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
from chainrule.network.network import Network
from chainrule.processes.together import Processes


class CompiledHalves:
    """The two halves of a step in machine code.

    most   rows that are gone through at a time: products go through as many, however few there are
    beside how many processes share this machine, and so its processors
    layout how numbers lie in memory, which must be the same in all processes

    Raises NotCompilable.
    """

    def __init__(self, network: Network, optimizer: Bound, dtype: str, most: int, beside: int) -> None:
        step = cut_step(network, optimizer)
        self.dtype, self.most, processor = dtype, most, host()
        worth = most * network.size >= FEWEST_SHARED * len(network.layers)
        self.threads = max(1, processors() // beside) if worth else 1
        self.rate = float(step.after.options.get(RATE, 0.0))
        self.keys = tuple(key for key in step.before.keys if key not in (*step.sums, STOPPING, ROWS))
        self.layout = f"panels of {processor.vectors} vectors of {processor.bytes} bytes"
        layout = kernel_state_layout(step.before.leaves, dtype, processor)
        self.memory = StateBuffer(layout)
        self.memory.bytes[...] = 0  # also what lies between the sums, which is reduced along with them
        places = [layout.of[step.before.leaves[key]].start for key in (*(parcel[0] for parcel in step.parcels), ROWS)]
        self.flat: Array = self.memory.bytes[places[0] : places[-1]].view(dtype)
        self.parcels: list[Array] = [self.memory.bytes[first:end].view(dtype) for first, end in pairwise(places)]
        self._sums: Array = self.memory.bytes[places[0] : layout.of[step.before.leaves[STOPPING]].start].view(dtype)
        self._given, self._known = np.zeros(2), -1

        def code(half: StepGraph, rows: int) -> CompiledFunction:
            request = FunctionRequest(half, "epoch", rows, dtype, dtype, processor, False, self.threads)
            return CompiledFunction(loaded_function(request), False, self.threads)

        self.before, self.after = code(step.before, most), code(step.after, 1)
        self._ready = ctypes.CFUNCTYPE(None, ctypes.c_int64)(self._handed_out)
        self._hand_out: Callable[[Array], Callable[[], Array]] | None = None
        self._handed: list[tuple[Array, Callable[[], Array]]] = []
        self._failure: BaseException | None = None

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
            self._sums[...] = 0
            return
        for start in range(first, end, self.most):
            kept = self._sums.copy() if start > first else None
            some = min(end, start + self.most)
            given = *pointers(data), places.ctypes.data, 1, 0, start, some, some - start
            self.before.call(self.memory.address, (*given, 0, np.inf, self.rate, self._given.ctypes.data, None), self.threads)
            if kept is not None:
                self._sums += kept

    def reduce(self, processes: Processes, data: Data, places: Array, first: int, end: int, rows: int) -> None:
        """As `add_up`; then `flat` holds the sums of all processes. All of them call it alike. Raises LostProcessError."""
        if processes.begin is None or len(self.parcels) == 1:
            self.add_up(data, places, first, end, rows)
            begun: list[tuple[Array, Callable[[], Array]]] = [(self.flat, partial(processes.reduce, self.flat))]
        else:
            begun = self._handed = []
            self._hand_out, self._failure = processes.begin, None
            if end - first <= self.most:
                self.before.ready = ctypes.cast(self._ready, ctypes.c_void_p).value or 0
            try:
                self.add_up(data, places, first, end, rows)
            finally:
                self.before.ready = 0
            if self._failure is not None:
                raise self._failure
            begun += [(parcel, processes.begin(parcel)) for parcel in self.parcels[len(begun) :]]
        for parcel, sum_of_all in begun:
            whole = sum_of_all()
            if whole is not parcel:
                parcel[...] = whole

    def _handed_out(self, parcel: int) -> None:
        """The code says that a parcel is ready. What is raised here could not go through it, and is raised behind it."""
        assert self._hand_out is not None
        try:
            if self._failure is None:
                self._handed.append((self.parcels[parcel], self._hand_out(self.parcels[parcel])))
        except BaseException as error:  # noqa: BLE001  # Ctrl-C as well
            self._failure = error

    def move(self, number: int) -> float:
        """Take step `number`, from 1, with the sums that stand in `flat`; E before it."""
        self._given[:] = 0
        given = None, None, None, self._given.ctypes.data, 0, 0, 0, 1, 1
        self.after.call(self.memory.address, (*given, number - 1, np.inf, self.rate, self._given.ctypes.data, None), self.threads)
        return float(self._given[0])


def readable(data: Data, dtype: str) -> Data:
    """The rows as the code reads them."""
    return tuple(np.ascontiguousarray(array, dtype=dtype) for array in data)
