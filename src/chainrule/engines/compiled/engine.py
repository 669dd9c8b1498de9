"""The engine `compiled`: whole epochs in machine code, emitted for one network, one rule and one size of batch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.engines.compiled.emission.abi import PARTS
from chainrule.engines.compiled.graph.buffers import kernel_state_layout, straight_line_state_layout
from chainrule.engines.compiled.graph.step_graph import RATE, StepGraph, step_graph
from chainrule.engines.compiled.llvm.target import host, processor_named
from chainrule.engines.compiled.runtime.functions import FunctionRequest, LoadedFunction, found_function, loaded_function
from chainrule.engines.compiled.runtime.states import ResidentState, StateMemory, in_bytes
from chainrule.engines.compiled.runtime.threads import Barrier, processors, run_in_threads
from chainrule.engines.epoch import BLOCK, Data, Passed
from chainrule.network.definitions import Bound
from chainrule.network.network import Network

ASKED_EVERY = 0.1
"""Seconds between two questions whether to stop."""

MEASURED, PREDICTED = 32, 128
"""Rows at a time where an error is measured, and at most where predictions are made …"""

FORWARD = 2**22
"""… and fewer where these would be more numbers than so many: the windows of large images take a thousand times their memory."""

MOST_NUMBERS, FEW_NUMBERS = 60, 8
"""Parameters up to which straight-line code is the faster one (measured): with one sample a batch, and with more."""

FEWEST_SHARED = 10**6
"""Multiplications of a layer's product on the way forward, on average, from which a second thread makes a step shorter (measured)."""

DRAWN = 2**23
"""Numbers that are drawn at most for the steps of a call."""

WORTH_THREADS = 10**7
"""Multiplications on the way forward of all its batches from which a call is worth the start of a thread; without the way back, three
times as many.
"""


FIRST_TRIES, SPENT, FORGOTTEN = 3, 0.01, 1.05
"""Each number of threads is tried so often at first, and slower ones now and then, at the cost of about so much of a run's time; the best
time counts, less with every call.
"""


class Compiled:
    """Epochs in machine code. What it computes is what `Written` computes, to the precision of `dtype`.

    options    numbers in place of the optimiser's own, as {"learning_rate": 0.1}
    dtype      "float64" or "float32"
    optimizer  whose rule an epoch follows; None: errors and predictions only
    threads    how many share the work, where there is enough of it; None: as many as processors may be used. At most `PARTS`
    processor  for whose features the code is made, as "avx2"; None: this computer's
    straight   whether it is straight-line code; None: what is faster

    Raises NotCompilable.
    """

    def __init__(
        self,
        network: Network,
        optimizer: Bound | None,
        options: Mapping[str, float] | None = None,
        *,
        dtype: str = "float64",
        threads: int | None = None,
        processor: str | None = None,
        straight: bool | None = None,
    ) -> None:
        self.network, self.dtype, self.threads = network, dtype, threads
        self.processor = host() if processor is None else processor_named(processor)
        self.step_graph: StepGraph = step_graph(network, optimizer, options or {})
        self.rate = float((options or {}).get(RATE, self.step_graph.options.get(RATE, 0.0)))
        self.keys = self.step_graph.keys
        self.straight = straight
        self._code: dict[Any, CompiledFunction] = {}
        self._memories: dict[bool, StateMemory] = {}

    # Code and memory

    def request(self, name: str, size: int, given: str) -> FunctionRequest:
        """The function of that name for batches of at most `size` rows, which are numbers of a type."""
        straight = self.straight
        if straight is None:
            straight = not self.step_graph.has_places and self.network.size <= (MOST_NUMBERS if size == 1 else FEW_NUMBERS)
        rows = min(size, 2) if straight else size
        threads = self._most_threads if self._worth_sharing(size) and not straight else 1
        return FunctionRequest(self.step_graph, name, rows, given, self.dtype, self.processor, straight, threads)

    def _worth_sharing(self, size: int) -> bool:
        """Are the products of a batch long enough for several threads, which wait for each other behind each of them?"""
        return size * self.step_graph.multiplied >= FEWEST_SHARED * max(1, len(self.step_graph.products))

    def _code_for(self, name: str, size: int, given: str) -> CompiledFunction:
        """The function of that name, in memory."""
        key = name, size, given
        if key not in self._code:
            request = self.request(name, size, given)
            self._code[key] = CompiledFunction(loaded_function(request), request.straight, self._most_threads)
        return self._code[key]

    def _memory_of(self, code: CompiledFunction) -> StateMemory:
        """Where parameters and states lie for this code."""
        if code.straight not in self._memories:
            leaves = self.step_graph.leaves
            layout = (
                straight_line_state_layout(leaves, self.dtype) if code.straight else kernel_state_layout(leaves, self.dtype, self.processor)
            )
            self._memories[code.straight] = StateMemory(layout, self.keys)
        return self._memories[code.straight]

    def _parameters(self, code: CompiledFunction, state: Sequence[Array]) -> ResidentState:
        """The parameters of a state where the code reads them."""
        memory = self._memory_of(code)
        if isinstance(state, ResidentState) and state.memory is memory:
            return state
        return memory.holding(state[: len(self.step_graph.parameters)])

    def prepare(self, data: Data, size: int) -> None:
        """Make the code for a training on these rows. Raises NotCompilable."""
        given = _NAMES[data[0].dtype.char] if _directly(data) else "float64"
        self._code_for("epoch", min(size, len(data[0])), given)
        self._code_for("error", self._measured, given)

    # What an engine does

    def epoch(
        self, data: Data, order: Array | None, size: int, state: Sequence[Array], number: int, bound: float, stopping: Callable[[], bool]
    ) -> Passed:
        """As `Engine.epoch` says."""
        rows = len(data[0] if order is None else order)
        size = min(size, rows)
        result, code = np.zeros(2), None
        for block, places, count in self._blocks(data, order, size):
            if code is None:
                code = self._code_for("epoch", size, _NAMES[block[0].dtype.char])
                now = self._memory_of(code).copy(state, self._wanted_threads)
            number, ended = self._steps(code, now.place.address, block, places, count, size, number, bound, stopping, result)
            if ended != "whole":
                return Passed(state, float(result[0]) / rows, number, ended)
        return Passed(now, float(result[0]) / rows, number)

    def _steps(
        self, code: CompiledFunction, memory: int, data: Data, places: Array | None, rows: int, size: int, number: int, bound: float,
        stopping: Callable[[], bool], result: Array,
    ) -> tuple[int, str]:  # fmt: skip
        """The batches of a block, so many at a time that `stopping` is asked often enough: the step, and how it ended.

        result  Σ E · rows so far, batch after batch, however many a call takes: so its last digit does not depend on how fast they are
        """
        order = np.zeros(1, dtype=np.int64) if places is None else places
        first = 0
        fixed = (*pointers(data), order.ctypes.data, int(places is not None), int(places is None))
        while first < rows:
            if stopping():
                return number, "stopped"
            batches = min(-(-(rows - first) // size), code.batches, max(1, DRAWN // max(1, size * self._drawn)))
            end = min(rows, first + batches * size)
            drawn = self._masks(data[0].dtype, range(first, end, size), end, number) if self._drawn else None
            # The code counts rows from the first of all.
            before = None if drawn is None else drawn.ctypes.data - first * drawn.strides[0]
            given = (*fixed, first, end, size, number, bound, self.rate, result.ctypes.data, before)
            shared = not code.straight and self._worth_sharing(size) and self._worth_threads(size * batches)
            threads = self._wanted_threads if shared else 1
            number += self._timed(code, memory, given, batches, threads)
            if result[1]:
                return number, "diverged"
            first = end
        return number, "whole"

    @cached_property
    def _drawn(self) -> int:
        """Numbers that are drawn for each row."""
        return next((columns.stride for columns in self.step_graph.data.values() if columns.array == "drawn"), 0)

    def _masks(self, dtype: Any, starts: range, end: int, number: int) -> Array:
        """What is drawn for the batches that begin at these rows, `number` steps having been taken before, row after row."""
        found = np.empty((end - starts.start, self._drawn), dtype)
        for step, start in enumerate(starts, start=number + 1):
            rows = slice(start - starts.start, min(start + starts.step, end) - starts.start)
            masks = self.network.masks(rows.stop - rows.start, step).values()
            np.concatenate([mask.reshape(len(mask), -1) for mask in masks], axis=1, out=found[rows], casting="same_kind")
        return found

    @property
    def _wanted_threads(self) -> int:
        return min(processors() if self.threads is None else self.threads, self._most_threads)

    @cached_property
    def _most_threads(self) -> int:
        """Code is made for so many threads; fewer may run it."""
        return min(max(processors(), self.threads or 1), PARTS)

    def _worth_threads(self, rows: int) -> bool:
        """Is a call that takes steps with so many rows worth the start of a thread?"""
        return rows * self.step_graph.multiplied >= WORTH_THREADS and self._wanted_threads > 1

    def _forward(self, code: CompiledFunction, size: int, rows: int, memory: int, given: Sequence[Any]) -> None:
        """Call a function that goes forward only, through blocks of `size` rows, of which every thread takes some."""
        if rows > size and not code.straight and self._worth_threads(rows // 3):
            self._timed(code, memory, given, -(-rows // size), self._wanted_threads)
        else:
            code.call(memory, given, 1)

    def _timed(self, code: CompiledFunction, memory: int, given: Sequence[Any], batches: int, threads: int) -> Any:
        """Call a function with one thread or with so many, whichever was faster, and note how long it took; what it returns."""
        shares = code.faster([1 << power for power in range((threads - 1).bit_length())] + [threads])
        started = time.perf_counter()
        found = code.call(memory, given, shares)
        code.took(shares, batches, time.perf_counter() - started)
        return found

    def _blocks(self, data: Data, order: Array | None, size: int) -> Iterator[tuple[Data, Array | None, int]]:
        """The rows as the code reads them: as they are where it can, else copied, a block at a time."""
        rows = len(data[0] if order is None else order)
        if _directly(data):
            yield data, None if order is None else np.ascontiguousarray(order, dtype=np.int64), rows
            return
        block = max(1, BLOCK // (8 * size * sum(int(np.prod(array.shape[1:])) for array in data))) * size
        for first in range(0, rows, block):
            part: Any = slice(first, first + block) if order is None else order[first : first + block]
            copied = tuple(np.ascontiguousarray(array[part], dtype=np.float64) for array in data)
            yield copied, None, len(copied[0])

    def error(self, data: Data, state: Sequence[Array]) -> float:
        """As `Engine.error` says."""
        result = np.zeros(1)
        for block, _, rows in self._blocks(data, None, self._measured):
            code = self._code_for("error", self._measured, _NAMES[block[0].dtype.char])
            held = self._parameters(code, state)
            self._forward(code, self._measured, rows, held.place.address, (*pointers(block), rows, result.ctypes.data))
        return float(result[0]) / len(data[0])

    def predict(self, x: Array, state: Sequence[Array], size: int | None = None) -> Array:
        """y (rows, outputs) by the parameters of a state; `size` rows at a time, or as many as are computed quickly."""
        if not _readable(x):
            x = np.ascontiguousarray(x, dtype=np.float64)
        rows = len(x)
        y = np.empty((rows, self.network.outputs), dtype=self.dtype)
        at_once = self._rows_at_once(rows if size is None else size)
        code = self._code_for("predict", at_once, _NAMES[x.dtype.char])
        held = self._parameters(code, state)
        self._forward(code, at_once, rows, held.place.address, (x.ctypes.data, y.ctypes.data, rows))
        return y

    def _rows_at_once(self, rows: int, most: int = PREDICTED) -> int:
        """Of so many rows, how many are predicted at a time: few different numbers, as each has a function of its own."""
        fit = max(1, FORWARD // max(1, self.step_graph.kept_forward))
        return min(1 << (min(rows, most) - 1).bit_length(), 1 << (fit.bit_length() - 1))

    @cached_property
    def _measured(self) -> int:
        """Rows at a time where an error is measured."""
        return self._rows_at_once(MEASURED, MEASURED)

    def predicts_at_once(self, rows: int) -> bool:
        """Is the function there already that predicts so many rows of float64, so that nothing has to be compiled?"""
        key = "predict", self._rows_at_once(rows), "float64"
        return key in self._code or found_function(self.request(*key)) is not None


class Workspace:
    """What one call has for itself: so many bytes for its arrays, and the barrier of its threads."""

    def __init__(self, count: int) -> None:
        self._bytes = in_bytes(count)
        self.address = int(self._bytes.ctypes.data)
        self.barrier = Barrier()


class CompiledFunction:
    """A function in memory, and how fast it is. It may be called while another call runs, and in a process forked meanwhile.

    straight  whether it is straight-line code
    threads   at most so many share a call
    ready     the address of what is told of parcels, as `Barrier.tell` says; 0 for nothing
    paces     seconds a batch, by the number of threads
    tried     which of the timed calls was the last one, by the number of threads
    batches   so many take about as long as may pass before it is asked again whether to stop
    """

    def __init__(self, loaded_function: LoadedFunction, straight: bool, threads: int) -> None:
        self.loaded_function, self.straight, self.function = loaded_function, straight, loaded_function.function
        self.size = loaded_function.room + threads * loaded_function.apart
        self.unused = [Workspace(self.size)]
        self.ready = 0
        self.paces: dict[int, float] = {}
        self.tried: dict[int, int] = {}
        self.calls, self.batches = 0, 1

    def call(self, memory: int, given: Sequence[Any], shares: int) -> Any:
        """Call it with so many threads, for the state that lies there; what it returns."""
        try:
            workspace = self.unused.pop()
        except IndexError:  # other calls have them
            workspace = Workspace(self.size)
        workspace.barrier.tell(self.ready)
        fixed = workspace.barrier.address, self.loaded_function.room, self.loaded_function.apart

        def part(share: int, shares: int) -> Any:
            return self.function(memory, workspace.address, *given, share, shares, *fixed)

        found = run_in_threads(part, shares)
        self.unused.append(workspace)  # that of an interrupted call is left to its threads
        return found

    def took(self, shares: int, batches: int, seconds: float) -> None:
        """So long it took, with so many threads."""
        pace = max(seconds, 1e-9) / batches
        self.calls += 1
        self.tried[shares] = self.calls
        self.paces[shares] = min(pace, FORGOTTEN * self.paces.get(shares, pace))
        self.batches = max(1, min(batches * 64, int(ASKED_EVERY / self.paces[shares])))

    def faster(self, choices: Sequence[int]) -> int:
        """Which number of threads is fastest: each is tried a few times, and slower ones now and then, as others use the machine too."""
        if len(choices) == 1:
            return choices[0]
        if self.calls < FIRST_TRIES * len(choices):
            return choices[self.calls % len(choices)]
        best = min(choices, key=lambda shares: self.paces.get(shares, 0.0))  # one that has never been tried, if there is any
        if best in self.paces:
            for shares in choices:
                if shares != best and self.paces[shares] / self.paces[best] - 1 < SPENT * (self.calls - self.tried[shares]):
                    return shares
        return best


def pointers(data: Data) -> list[int | None]:
    """Where x, t and s lie."""
    return [array.ctypes.data for array in data] + [None] * (3 - len(data))


def _directly(data: Data) -> bool:
    """Can the code read all of them where they lie?"""
    return all(_readable(array) for array in data) and len({array.dtype for array in data}) == 1


_NAMES = {"d": "float64", "f": "float32"}


def _readable(array: Array) -> bool:
    """Can the code read it where it lies?"""
    kind, flags = array.dtype, array.flags
    return kind.char in _NAMES and kind.isnative and flags.c_contiguous and flags.aligned
