"""The engine `jax`: the program in JAX's language, compiled by XLA, an epoch in one call; for accelerators, and where there is no LLVM.

JAX is imported when the engine is made, and its precision is set where it computes, not for the whole process.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Any

import numpy as np

from chainrule.base.errors import InputError
from chainrule.engines.epoch import BLOCK, Data, Passed, State, Written, gathered
from chainrule.engines.languages import LANGUAGES
from chainrule.engines.written import written_error
from chainrule.network.definitions import Bound
from chainrule.network.network import Array, Network

AT_ONCE = 256
"""Steps of one call: in between, whoever asked for the pass may end it."""


def jax_needed() -> Any:
    """JAX. Raises InputError where it is not installed."""
    try:
        import jax
    except ImportError:
        raise InputError("the engine jax computes with JAX, which is not installed: pip install jax") from None
    return jax


class Jax(Written):
    """As `Written`, in JAX's language; the rows lie where it computes, and an epoch is a scan over its batches."""

    def __init__(self, network: Network, optimizer: Bound, options: Mapping[str, float] | None = None, *, dtype: str = "float64") -> None:
        self.jax = jax_needed()
        super().__init__(network, optimizer, options, dtype=dtype, language=LANGUAGES["jax"])
        self._rows: tuple[Data, tuple[Any, ...]] | None = None
        self._laid: dict[tuple[int, tuple[int, ...]], tuple[Any, ...]] = {}
        self._kept: tuple[State, State] = ((), ())

    def _precision(self) -> Any:
        """Inside, JAX computes in the precision of this engine."""
        return self.jax.enable_x64(self.dtype == "float64")

    def epoch(
        self, data: Data, order: Array | None, size: int, state: State, number: int, bound: float, stopping: Callable[[], bool]
    ) -> Passed:
        """As `Engine.epoch` says."""
        data = self._split(data)
        places = np.arange(len(data[0])) if order is None else np.asarray(order)
        whole, rest = divmod(len(places), size)
        given, there = self._kept
        now: State = there if len(given) == len(state) and all(map(operator.is_, given, state)) else tuple(state)
        total = 0.0
        with self._precision():
            parts = [(start, min(start + AT_ONCE, whole)) for start in range(0, whole, AT_ONCE)]
            for start, stop in [*parts, *([(whole, whole + 1)] if rest else [])]:
                if stopping():
                    return Passed(self._held(now), total / len(places), number, "stopped")
                rows = places[start * size : stop * size].reshape(stop - start, -1)
                now, errors = self._steps(data, rows, now, number)
                beyond = np.flatnonzero(~((errors > -bound) & (errors < bound)))
                if beyond.size:
                    return Passed(self._held(now), total / len(places), number + int(beyond[0]) + 1, "diverged")
                total += float(errors.sum()) * rows.shape[1]
                number += len(rows)
            return Passed(self._held(now), total / len(places), number)

    def _steps(self, data: Data, rows: Array, state: State, number: int) -> tuple[tuple[Any, ...], Array]:
        """A step for each row of places: the new state, and E before each step."""
        if sum(array.nbytes for array in data) > BLOCK:  # rows on a disk are read a block at a time
            batches = tuple(self._array(one).reshape(*rows.shape, *one.shape[1:]) for one in gathered(data, rows.reshape(-1)))
        else:
            if self._rows is None or self._rows[0] is not data:
                self._rows, self._laid = (data, tuple(map(self._array, data))), {}
            batches = self._taken(self._rows[1], rows)
        drawn = []
        if self.network.derivation.masks:
            masks = [self.network.masks(rows.shape[1], number + step + 1) for step in range(len(rows))]
            drawn = [self._array(np.stack([one[key] for one in masks])) for key in masks[0]]
        counted = [number] if "k" in self.program.inputs else []
        carried, errors = self._epoch(*batches, *drawn, *counted, *map(self._array, state))
        return tuple(carried[len(counted) :]), np.asarray(errors, dtype=float)

    def _taken(self, held: tuple[Any, ...], rows: Array) -> tuple[Any, ...]:
        """The rows of each batch; those that come in their order are laid out once, and no more moved."""
        first = int(rows[0, 0])
        if not np.array_equal(rows.reshape(-1), np.arange(first, first + rows.size)):
            return tuple(one[rows] for one in held)
        if (first, rows.shape) not in self._laid:
            laid = (one[first : first + rows.size].reshape(*rows.shape, *one.shape[1:]) for one in held)
            self._laid[first, rows.shape] = tuple(laid)
        return self._laid[first, rows.shape]

    @cached_property
    def _epoch(self) -> Callable[..., Any]:
        return partial(self.program.functions["epoch"], **self.options)

    def _array(self, array: Any) -> Any:
        return array if isinstance(array, self.jax.Array) else self.jax.numpy.asarray(array, dtype=self.dtype)

    def _held(self, state: State) -> State:
        """The state as NumPy's arrays; where it computes it is kept, so that the next epoch need not bring it there again."""
        held = tuple(np.array(array) for array in state)
        self._kept = held, state
        return held

    @cached_property
    def _error(self) -> Callable[..., float]:
        function = written_error(self.network, LANGUAGES["jax"]).functions["error"]

        def error(*arrays: Any) -> float:
            with self._precision():
                return float(function(*map(self._array, arrays)))

        return error
