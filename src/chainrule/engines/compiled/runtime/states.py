"""States where machine code reads and writes them: parameters and the optimiser's states in one block of memory, by panels.

An epoch begins on a copy of the state that it is given, for that one must still be there if the pass diverges or is stopped. So a run
alternates between two blocks of memory, and its arrays are copied out of them only when they are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np

from chainrule.base.arrays import Array
from chainrule.engines.compiled.graph.buffers import StateLayout
from chainrule.engines.compiled.graph.layout import aligned_array
from chainrule.engines.compiled.runtime.threads import run_in_threads

WORTH_SHARING = 2**22
"""Bytes from which on several threads copy them."""


class StateBuffer:
    """A block of memory for a state, and its arrays as views of it."""

    def __init__(self, layout: StateLayout) -> None:
        self.bytes = in_bytes(layout.length)
        self.address = int(self.bytes.ctypes.data)
        self.store = layout.store(self.bytes)


class ResidentState(Sequence[Array]):
    """A state as the code left it. Its arrays are copies, made when they are asked for; its memory is used again when it is gone.

    given  the same arrays, where they came from outside
    """

    def __init__(self, memory: StateMemory, place: StateBuffer, count: int, given: Sequence[Array] = ()) -> None:
        self.memory, self.place, self.given = memory, place, given
        self._arrays: list[Array | None] = [*given] or [None] * count

    def __del__(self) -> None:
        self.memory.free.append(self.place)

    def __len__(self) -> int:
        return len(self._arrays)

    @overload
    def __getitem__(self, index: int) -> Array: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Array, ...]: ...
    def __getitem__(self, index: int | slice) -> Array | tuple[Array, ...]:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        array = self._arrays[index]
        if array is None:
            array = self._arrays[index] = self.place.store.get(self.memory.keys[index])
        return array

    def __iter__(self) -> Iterator[Array]:
        return iter(self[:])


class StateMemory:
    """Where the states of one form of code lie.

    keys  what the arrays of a state are called
    free  blocks that hold no state
    """

    def __init__(self, layout: StateLayout, keys: Sequence[str]) -> None:
        self.layout, self.keys = layout, keys
        self.free: list[StateBuffer] = []
        self._last: ResidentState | None = None

    def holding(self, state: Sequence[Array]) -> ResidentState:
        """A state from outside, or the parameters of one, put there. What was put there last is remembered."""
        last = self._last
        if last is None or len(last) < len(state) or any(a is not b for a, b in zip(state, last.given, strict=False)):
            given = tuple(state)
            place = self._place()
            place.store.put(dict(zip(self.keys, given, strict=False)))
            last = self._last = ResidentState(self, place, len(given), given)
        return last

    def copy(self, state: Sequence[Array], threads: int) -> ResidentState:
        """The state in a block of memory of its own, to take steps from; so many threads may copy it."""
        place = self._place()
        if isinstance(state, ResidentState) and state.memory is self:
            source, target = state.place.bytes, place.bytes

            def part(share: int, shares: int) -> None:
                here = slice(len(source) * share // shares, len(source) * (share + 1) // shares)
                target[here] = source[here]

            run_in_threads(part, threads if len(source) >= WORTH_SHARING else 1)
        else:
            place.store.put(dict(zip(self.keys, state, strict=True)))
            self._last = None
        return ResidentState(self, place, len(self.keys))

    def _place(self) -> StateBuffer:
        return self.free.pop() if self.free else StateBuffer(self.layout)


def in_bytes(count: int) -> Array:
    """Memory for so many bytes."""
    numbers: Array = aligned_array(count // 8 + 1, "float64").view(np.uint8)
    return numbers
