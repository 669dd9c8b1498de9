"""The engine `jax`: the program in JAX's language, compiled by XLA, an epoch in one call; for accelerators, and where there is no LLVM.

JAX is imported when the engine is made, and its precision is set where it computes, not for the whole process.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, overload

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import InputError
from chainrule.engines.epoch import BLOCK, Data, Passed, State, Written, gathered
from chainrule.engines.languages import LANGUAGES
from chainrule.engines.work import work
from chainrule.engines.written import written_error
from chainrule.network.definitions import Bound
from chainrule.network.network import Network

CALL_WORK, CALL_STEPS = 2e9, 64
"""Steps of one call are as much work together as so many additions, and at least so many: in between, who asked for the pass may end it.
A call costs as much as 10 to 20 small steps."""


def jax_needed() -> Any:
    """JAX. Raises InputError where it is not installed."""
    try:
        import jax
    except ImportError:
        raise InputError("the engine jax computes with JAX, which is not installed: pip install jax") from None
    return jax


class Placed(Sequence[Array]):
    """A state that lies where JAX computes; who looks at an array of it gets NumPy's."""

    def __init__(self, arrays: tuple[Any, ...]) -> None:
        self.arrays = arrays

    def __len__(self) -> int:
        return len(self.arrays)

    @overload
    def __getitem__(self, place: int) -> Array: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Array]: ...
    def __getitem__(self, place: int | slice) -> Array | Sequence[Array]:
        return Placed(self.arrays[place]) if isinstance(place, slice) else np.array(self.arrays[place])


class Jax(Written):
    """As `Written`, in JAX's language; the rows lie where it computes, and an epoch is a scan over its batches."""

    def __init__(self, network: Network, optimizer: Bound, options: Mapping[str, float] | None = None, *, dtype: str = "float64") -> None:
        self.jax = jax_needed()
        super().__init__(network, optimizer, options, dtype=dtype, language=LANGUAGES["jax"])
        self._rows: tuple[Data, tuple[Any, ...]] | None = None
        self._laid: dict[tuple[int, int, int], tuple[Any, ...]] = {}
        self._longest: dict[int, int] = {}

    def _precision(self) -> Any:
        """Inside, JAX computes in the precision of this engine."""
        return self.jax.enable_x64(self.dtype == "float64")

    def epoch(
        self, data: Data, order: Array | None, size: int, state: State, number: int, bound: float, stopping: Callable[[], bool]
    ) -> Passed:
        """As `Engine.epoch` says."""
        data = self._split(data)
        count = len(data[0]) if order is None else len(order)
        total = 0.0
        with self._precision():
            now = self._there(state)
            for first, steps, rows in self._calls(data, count, size):
                if stopping():
                    return Passed(Placed(now), total / count, number, "stopped")
                places = slice(first, first + steps * rows) if order is None else np.asarray(order[first : first + steps * rows])
                now, errors = self._steps(data, places, (steps, rows), now, number)
                if not (errors.min() > -bound and errors.max() < bound):  # nor is NaN
                    beyond = np.flatnonzero(~((errors > -bound) & (errors < bound)))
                    return Passed(Placed(now), total / count, number + int(beyond[0]) + 1, "diverged")
                total += float(errors.sum()) * rows
                number += steps
            return Passed(Placed(now), total / count, number)

    def _calls(self, data: Data, count: int, size: int) -> list[tuple[int, int, int]]:
        """The calls of a pass over so many rows: the first row of each, how many steps it takes, and the rows of a step. As each shape is
        compiled by itself, all are of one length but the last, and one of a single step for rows that are left over.
        """
        whole, rest = divmod(count, size)
        if size not in self._longest:
            self._longest[size] = self._steps_of_a_call(sum(math.prod(array.shape[1:]) for array in data), size)
        longest = self._longest[size]
        calls = [(first * size, min(longest, whole - first), size) for first in range(0, whole, longest)]
        return [*calls, (whole * size, 1, rest)] if rest else calls

    def _steps_of_a_call(self, width: int, size: int) -> int:
        """How many steps a call takes at most: as `CALL_WORK` says, and with no more than `BLOCK` bytes of rows and masks."""
        derivation = self.network.derivation
        steps = max(CALL_STEPS, int(CALL_WORK / work([derivation.error, *derivation.gradients], size)))
        drawn = sum(math.prod(map(int, mask.variable.shape[1:])) for mask in derivation.masks)
        return max(1, min(steps, BLOCK // (8 * size * (width + drawn))))

    def _steps(
        self, data: Data, places: slice | Array, shape: tuple[int, int], state: tuple[Any, ...], number: int
    ) -> tuple[tuple[Any, ...], Array]:
        """So many steps of so many rows each, which lie at these places: the new state, and E before each step."""
        drawn = []
        if self.network.derivation.masks:
            masks = [self.network.masks(shape[1], number + step + 1) for step in range(shape[0])]
            drawn = [self._array(np.stack([one[key] for one in masks])) for key in masks[0]]
        counted = [number] if "k" in self.program.inputs else []
        others = (*drawn, *counted, *state)
        if sum(array.nbytes for array in data) > BLOCK:  # rows on a disk are read a block at a time
            batches = (self._array(one).reshape(*shape, *one.shape[1:]) for one in gathered(data, places))
            carried, errors = self._epoch(*batches, *others)
        elif isinstance(places, slice):
            carried, errors = self._epoch(*self._laid_out(data, places, shape), *others)
        else:
            carried, errors = self._gathering_epoch(self._held(data), places.reshape(shape), *others)
        return tuple(carried[len(counted) :]), np.asarray(errors, dtype=float)

    def _held(self, data: Data) -> tuple[Any, ...]:
        """The rows where it computes, brought there once."""
        if self._rows is None or self._rows[0] is not data:
            self._rows, self._laid = (data, tuple(map(self._array, data))), {}
        return self._rows[1]

    def _laid_out(self, data: Data, places: slice, shape: tuple[int, int]) -> tuple[Any, ...]:
        """Batches of rows that come in their own order: laid out once, and no more moved."""
        held, key = self._held(data), (places.start, *shape)
        if key not in self._laid:
            self._laid[key] = tuple(one[places].reshape(*shape, *one.shape[1:]) for one in held)
        return self._laid[key]

    @cached_property
    def _epoch(self) -> Callable[..., Any]:
        return partial(self.program.functions["epoch"], **self.options)

    @cached_property
    def _gathering_epoch(self) -> Callable[..., Any]:
        def epoch(held: tuple[Any, ...], places: Any, *others: Any) -> Any:
            return self._epoch(*(one[places] for one in held), *others)

        return self.jax.jit(epoch)  # type: ignore[no-any-return]  # JAX is imported where it is needed, and has no types here

    def _array(self, array: Any) -> Any:
        return array if isinstance(array, self.jax.Array) else self.jax.numpy.asarray(array, dtype=self.dtype)

    def _there(self, state: State) -> tuple[Any, ...]:
        """The state where it computes; what an epoch left there need not be brought there again."""
        return state.arrays if isinstance(state, Placed) else tuple(map(self._array, state))

    @cached_property
    def _error(self) -> Callable[..., float]:
        function = written_error(self.network, LANGUAGES["jax"]).functions["error"]

        def error(*arrays: Any) -> float:
            with self._precision():
                return float(function(*map(self._array, arrays)))

        return error
