"""States where machine code reads and writes them: parameters and the optimiser's states in one piece of memory, by panels.

An epoch begins on a copy of the state that it is given, for that one must still be there if the pass diverges or is stopped. So a run
alternates between two pieces of memory, and its arrays are taken out of them only where somebody looks at them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

import numpy as np

from chainrule.engines.compiled.buffers import Laid
from chainrule.engines.compiled.layout import aligned
from chainrule.engines.compiled.threads import together
from chainrule.network.network import Array

WORTH_SHARING = 2**22
"""Bytes from which on several threads copy them."""


class Place:
    """A piece of memory for a state, and its arrays as views of it."""

    def __init__(self, laid: Laid) -> None:
        self.bytes = in_bytes(laid.length)
        self.address = int(self.bytes.ctypes.data)
        self.store = laid.store(self.bytes)


class Resident(Sequence[Array]):
    """A state as the code left it. Its arrays are copies, made when they are asked for; its memory is used again when it is gone.

    given  the same arrays, where they came from outside
    """

    def __init__(self, memory: Memory, place: Place, count: int, given: Sequence[Array] = ()) -> None:
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


class Memory:
    """Where the states of one form of code lie.

    keys  what the arrays of a state are called
    free  pieces that no state is in
    """

    def __init__(self, laid: Laid, keys: Sequence[str]) -> None:
        self.laid, self.keys = laid, keys
        self.free: list[Place] = []
        self._last: Resident | None = None

    def holding(self, state: Sequence[Array]) -> Resident:
        """A state from outside, or the parameters of one, put there. What was put there last is remembered."""
        last = self._last
        if last is None or len(last) < len(state) or any(a is not b for a, b in zip(state, last.given, strict=False)):
            given = tuple(state)
            place = self._place()
            place.store.put(dict(zip(self.keys, given, strict=False)))
            last = self._last = Resident(self, place, len(given), given)
        return last

    def copy(self, state: Sequence[Array], threads: int) -> Resident:
        """The state in a piece of memory of its own, to take steps from; so many threads may copy it."""
        place = self._place()
        if isinstance(state, Resident) and state.memory is self:
            source, target = state.place.bytes, place.bytes

            def part(share: int, shares: int) -> None:
                here = slice(len(source) * share // shares, len(source) * (share + 1) // shares)
                target[here] = source[here]

            together(part, threads if len(source) >= WORTH_SHARING else 1)
        else:
            place.store.put(dict(zip(self.keys, state, strict=True)))
            self._last = None
        return Resident(self, place, len(self.keys))

    def _place(self) -> Place:
        return self.free.pop() if self.free else Place(self.laid)


def in_bytes(count: int) -> Array:
    """Memory for so many bytes."""
    numbers: Array = aligned(count // 8 + 1, "float64").view(np.uint8)
    return numbers
