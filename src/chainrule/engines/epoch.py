"""One pass over the rows, whatever computes it: here an engine is plugged into the loop of `chainrule.train`.

An `Engine` takes a state through the batches of an epoch and measures errors; `chosen` makes the one that a plan asks for.
Every engine takes the same batches in the same order, in float64.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, TypeAlias

import numpy as np

from chainrule.definitions import Bound
from chainrule.engines.written import written, written_error
from chainrule.errors import NotCompilable
from chainrule.network import Array, Network

Data: TypeAlias = "tuple[Array, ...]"
"""Rows: x (rows, inputs), t (rows, outputs), and s (rows,) where the examples are weighted. Or a state: parameters, then the
optimiser's states."""

BLOCK = 2**26
"""Bytes of rows that are gathered at a time; data on a disk is never read whole."""

MEASURED_AT_ONCE = 10_000
"""Rows of one forward pass when an error is measured."""


@dataclass(frozen=True)
class Passed:
    """How far a pass over the rows came.

    state   after the last step; where the pass diverged, its numbers mean nothing
    error   E, the mean over the rows; each batch before its own step
    number  of the last step; where the pass diverged, of the step whose E is out of bounds
    ended   "whole", "stopped" (it was asked to) or "diverged" (not −bound < E < bound)
    """

    state: Data
    error: float
    number: int
    ended: str = "whole"


class Engine(Protocol):
    """What computes an epoch."""

    @property
    def keys(self) -> tuple[str, ...]:
        """What the arrays of a state are called: every parameter, then every state of the optimiser, as "W1", "m_W1"."""

    def epoch(
        self, data: Data, order: Array | None, size: int, state: Data, number: int, bound: float, stopping: Callable[[], bool]
    ) -> Passed:
        """One pass over the rows.

        data      every row, in memory or on a disk
        order     indices of the rows in the order in which they are used; None: as they lie
        size      rows of a batch; the last one may be shorter
        state     before the first step
        number    how many steps were taken before: the first step is number + 1
        bound     the pass ends where not −bound < E < bound
        stopping  asked now and then whether to end
        """

    def error(self, data: Data, state: Data) -> float:
        """E of the rows, the parameters being those of the state; no step is taken."""


class Written:
    """The NumPy program that `chainrule code` prints, batch after batch.

    options  given to every step, as {"learning_rate": 0.1} in place of the optimiser's own rate
    """

    def __init__(self, network: Network, optimizer: Bound, options: Mapping[str, float] | None = None) -> None:
        self.network, self.options = network, dict(options or {})
        self.program = written(network, optimizer)
        self.keys = tuple(key for key in self.program.inputs if key not in ("x", "t", "s", "k"))
        self._room: Room | None = None

    def epoch(
        self, data: Data, order: Array | None, size: int, state: Data, number: int, bound: float, stopping: Callable[[], bool]
    ) -> Passed:
        """As `Engine.epoch` says."""
        step, options, numbered = self.program.functions["step"], self.options, "k" in self.program.inputs
        rows, total, ended, now = len(data[0] if order is None else order), 0.0, "whole", list(state)
        with np.errstate(all="ignore"):
            for batch in self._batches(data, order, size):
                if stopping():
                    ended = "stopped"
                    break
                number += 1
                E, *now = step(*batch, *now, number, **options) if numbered else step(*batch, *now, **options)
                E = float(E)
                if not -bound < E < bound:  # nor is NaN
                    ended = "diverged"
                    break
                total += E * len(batch[0])
        return Passed(tuple(now), total / rows, number, ended)

    def _batches(self, data: Data, order: Array | None, size: int) -> Iterator[Data]:
        rows = len(data[0] if order is None else order)
        block = max(1, BLOCK // (8 * size * sum(_width(array) for array in data))) * size
        for first in range(0, rows, block):
            part = slice(first, first + block)
            if order is None:
                yield from _cut([np.asarray(array[part]) for array in data], size)
            else:
                if self._room is None or not self._room.fits(data, size, min(block, rows)):
                    self._room = Room(data, size, min(block, rows))
                yield from self._room.filled(data, order[part])

    @cached_property
    def _error(self) -> Callable[..., float]:
        return written_error(self.network).functions["error"]  # type: ignore[no-any-return]  # what was executed has no types

    def error(self, data: Data, state: Data) -> float:
        """As `Engine.error` says."""
        parameters, rows, error = state[: len(self.network.shapes)], len(data[0]), 0.0
        with np.errstate(all="ignore"):
            for start in range(0, rows, MEASURED_AT_ONCE):
                part = [array[start : start + MEASURED_AT_ONCE] for array in data]
                error += float(self._error(*part, *parameters)) * (len(part[0]) / rows)
        return error


class Room:
    """Memory into which rows are gathered, and the batches in it; made once, as every epoch needs the same."""

    def __init__(self, data: Data, size: int, rows: int) -> None:
        self.size, self.rows, self.kinds = size, rows, _kinds(data)
        self.arrays = [np.empty((rows, *array.shape[1:]), dtype=array.dtype) for array in data]
        self.batches = _cut(self.arrays, size)

    def fits(self, data: Data, size: int, rows: int) -> bool:
        """Is it what so many rows of these data need?"""
        return size == self.size and rows <= self.rows and _kinds(data) == self.kinds

    def filled(self, data: Data, places: Array) -> list[Data]:
        """The batches, with the rows at these places in them."""
        arrays = self.arrays if len(places) == self.rows else [room[: len(places)] for room in self.arrays]
        for array, room in zip(data, arrays, strict=True):
            array.take(places, axis=0, out=room, mode="clip")  # the places exist; "raise" would gather twice
        return self.batches if arrays is self.arrays else _cut(arrays, self.size)


def _kinds(data: Data) -> list[Any]:
    return [(array.shape[1:], array.dtype) for array in data]


def _cut(arrays: list[Array], size: int) -> list[Data]:
    return [tuple(array[start : start + size] for array in arrays) for start in range(0, len(arrays[0]), size)]


def _width(array: Array) -> int:
    return int(array.shape[1]) if array.ndim > 1 else 1


ENGINES = ("auto", "compiled", "written")
"""What `Plan.engine` may be: machine code where it can be had, machine code and nothing else, the NumPy program."""


@dataclass(frozen=True)
class Chosen:
    """The engine of a run.

    name     "compiled" or "written"
    written  why it is the NumPy program where machine code was wanted; "" where that was not so
    """

    name: str
    engine: Engine
    written: str = ""


def chosen(name: str, network: Network, optimizer: Bound, data: Data, size: int) -> Chosen:
    """The engine of that name for batches of `size` of these rows, ready to run.

    Raises NotCompilable where it must be machine code, and there is none for this network, or not on this machine.
    """
    if name == "written":
        return Chosen(name, Written(network, optimizer))
    try:
        from chainrule.engines.compiled import Compiled

        engine = Compiled(network, optimizer)
        engine.prepare(data, size)
        return Chosen("compiled", engine)
    except (ImportError, OSError, RuntimeError, NotCompilable) as error:  # LLVM's own complaints are RuntimeErrors
        why = next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")
        if name == "compiled":
            raise NotCompilable(f"there is no machine code here: {why}. The engine written computes the same.") from None
        return Chosen("written", Written(network, optimizer), why)


def gathered(data: Data, places: Any) -> Data:
    """These rows, in memory."""
    return tuple(np.asarray(array[places]) for array in data)
