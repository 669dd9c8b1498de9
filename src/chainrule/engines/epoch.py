"""One pass over the rows, whatever computes it: here an engine is plugged into the loop of `chainrule.training.loop`.

An `Engine` takes a state through the batches of an epoch and measures errors; `engines.choice` makes the one that a plan asks for.
Every engine takes the same batches in the same order, in the precision that it is made for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np

from chainrule.base.arrays import Array
from chainrule.engines.source import Source
from chainrule.engines.written import Program, written_error, written_program
from chainrule.network.definitions import Bound
from chainrule.network.network import Network
from chainrule.processes.together import Shard

Data: TypeAlias = "tuple[Array, ...]"
"""Rows: x (rows, inputs), t (rows, outputs), and s (rows,) where the examples are weighted."""

State: TypeAlias = Sequence[Array]
"""Parameters, then the optimiser's states."""

BLOCK = 2**26
"""Bytes of rows that are gathered at a time; data on a disk is never read whole."""

MEASURED_AT_ONCE = 10_000
"""Rows of one forward pass when an error is measured."""

unwarned = np.errstate(all="ignore")
"""Decorates what lets an engine compute: numbers that overflow are looked for once an epoch, and reported in our own words."""


class Passed(NamedTuple):
    """How far a pass over the rows came.

    state   after the last step; where the pass diverged, its numbers mean nothing
    error   E, the mean over the rows; each batch before its own step
    number  of the last step; where the pass diverged, of the step whose E is out of bounds
    ended   "whole", "stopped" (it was asked to) or "diverged" (not −bound < E < bound)
    """

    state: State
    error: float
    number: int
    ended: str = "whole"


class Engine(Protocol):
    """What computes an epoch."""

    @property
    def keys(self) -> tuple[str, ...]:
        """What the arrays of a state are called: every parameter, then every state of the optimiser, as "W1", "m_W1"."""

    def epoch(
        self, data: Data, order: Array | None, size: int, state: State, number: int, bound: float, stopping: Callable[[], bool]
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

    def error(self, data: Data, state: State) -> float:
        """E of the rows, the parameters being those of the state; no step is taken."""


class Written:
    """The NumPy program that `chainrule code` prints, batch after batch. NumPy may warn of numbers that overflow: see `unwarned`.

    options  given to every step, as {"learning_rate": 0.1} in place of the optimiser's own rate
    dtype    "float64" or "float32", of states; what an operation computes in float64 nevertheless is rounded after the step
    language of the program; NumPy's if none is said
    """

    def __init__(
        self,
        network: Network,
        optimizer: Bound,
        options: Mapping[str, float] | None = None,
        *,
        dtype: str = "float64",
        language: Source | None = None,
    ) -> None:
        self.network, self.options, self.dtype = network, dict(options or {}), dtype
        self.program = written_program(network, optimizer, language=language)
        rows = [str(node.name) for node in network.derivation.data]
        self.keys = tuple(key for key in self.program.inputs if key not in (*rows, "k"))
        self._loop = _loop(self.program, rows, self.keys, single=dtype == "float32")
        self._rooms, self._columns = dict[int, Room](), dict[int, tuple[Data, Data]]()

    def epoch(
        self, data: Data, order: Array | None, size: int, state: State, number: int, bound: float, stopping: Callable[[], bool]
    ) -> Passed:
        """As `Engine.epoch` says."""
        data = self._split(data)
        step = partial(self.program.functions["step"], **self.options) if self.options else self.program.functions["step"]
        batches = self._batches(data, order, size)
        if self.network.derivation.masks:
            batches = self._masked(batches, number)
        now, total, number, ended = self._loop(step, batches, state, number, -bound, bound, stopping)
        return Passed(now, total / len(data[0] if order is None else order), number, ended)

    def _split(self, data: Data) -> Data:
        """The rows as the program takes them: the columns of each input and of each output by themselves, where there are several."""
        derivation = self.network.derivation
        if len(derivation.inputs) == len(derivation.targets) == 1 and all(len(node.shape) == 2 for node in derivation.data[:2]):
            return data
        if id(data) not in self._columns or self._columns[id(data)][0] is not data:
            parts = self.network.split(*data)
            masks = {mask.variable for mask in derivation.masks}
            self._columns[id(data)] = (data, tuple(part for node, part in parts.items() if node not in masks))
        return self._columns[id(data)][1]

    def _masked(self, batches: Iterable[Data], number: int) -> Iterator[Data]:
        """The batches with the masks of each step; `number` steps were taken before."""
        for place, batch in enumerate(batches, start=number + 1):
            masks = self.network.masks(len(batch[0]), place).values()
            yield (*batch, *(mask.astype(batch[0].dtype, copy=False) for mask in masks))

    def _batches(self, data: Data, order: Array | None, size: int) -> Iterable[Data]:
        """The batches of a pass."""
        if order is None:
            return _as_they_lie(data, size)
        room = self._rooms.get(id(data))
        if room is None or not room.fits(data, size, len(order)):
            room = self._rooms[id(data)] = Room(data, size, len(order))
        return room.batches(order)

    @cached_property
    def _error(self) -> Callable[..., float]:
        return written_error(self.network).functions["error"]  # type: ignore[no-any-return]  # what was executed has no types

    def error(self, data: Data, state: State) -> float:
        """As `Engine.error` says."""
        data = self._split(data)
        parameters, rows = state[: len(self.network.shapes)], len(data[0])
        if rows <= MEASURED_AT_ONCE:
            return float(self._error(*data, *parameters))
        blocks = [slice(start, start + MEASURED_AT_ONCE) for start in range(0, rows, MEASURED_AT_ONCE)]
        errors = [float(self._error(*(array[block] for array in data), *parameters)) for block in blocks]
        if self.network.conventions.batch == "mean":
            return sum(E * ((min(block.stop, rows) - block.start) / rows) for E, block in zip(errors, blocks, strict=True))
        penalty = float(self._error(*(array[:0] for array in data), *parameters))  # the error of no rows: it counts once
        return penalty + sum(E - penalty for E in errors)


LOOP = """
def loop(step, batches, state, k, low, high, stopping):
    {now}, = state
    total = 0.0
    for {batch}, in batches:
        if stopping():
            return ({now},), total, k, "stopped"
        k += 1
        E, {now} = step({arguments})
        {rounded}
        E = float(E)  # scalars of NumPy's take longer to compare and to add
        if not low < E < high:  # nor is NaN
            return ({now},), total, k, "diverged"
        total += E * len({first})
    return ({now},), total, k, "whole"
"""
"""The loop over batches, in the names of a program: packing and unpacking its arrays would take as long as a tiny network computes."""


def _loop(program: Program, rows: Sequence[str], keys: Sequence[str], *, single: bool) -> Callable[..., tuple[State, float, int, str]]:
    names = {place: ", ".join(held) for place, held in {"batch": rows, "now": keys, "arguments": program.inputs, "first": rows[:1]}.items()}
    rounded = f"{names['now']}, = single({names['now']},)" if single else ""
    space: dict[str, Any] = {"single": lambda *arrays: in_precision(arrays, "float32")}
    exec(LOOP.format(**names, rounded=rounded), space)  # noqa: S102  # our own text
    return space["loop"]  # type: ignore[no-any-return]  # what was executed has no types


class Room:
    """Memory into which rows are gathered, and the batches in it; made once for all passes over the same data.

    block  how many rows are gathered at a time: whole batches, of `BLOCK` bytes at most
    """

    def __init__(self, data: Data, size: int, rows: int) -> None:
        self.data, self.size, self.rows, self.block = data, size, rows, _block(data, size)
        self.arrays = [np.empty((min(rows, self.block), *array.shape[1:]), dtype=array.dtype) for array in data]
        self.cut = _cut(self.arrays, size)

    def fits(self, data: Data, size: int, rows: int) -> bool:
        """Is it for these very data, and for passes like this?"""
        return data is self.data and size == self.size and rows == self.rows

    def batches(self, order: Array) -> Iterable[Data]:
        """The batches of a pass; the same list as before, with other rows in it, where all of them are gathered at once."""
        if self.rows <= self.block:
            return self._filled(order)
        return (batch for start in range(0, self.rows, self.block) for batch in self._filled(order[start : start + self.block]))

    def _filled(self, places: Array) -> list[Data]:
        """The batches, with the rows at these places in them."""
        whole = len(places) == len(self.arrays[0])
        arrays = self.arrays if whole else [room[: len(places)] for room in self.arrays]
        for array, room in zip(self.data, arrays, strict=True):
            array.take(places, axis=0, out=room, mode="clip")  # the places exist; "raise" would gather twice
        return self.cut if whole else _cut(arrays, self.size)


def _as_they_lie(data: Data, size: int) -> Iterator[Data]:
    """The batches of rows in their own order; of those on a disk, a block at a time is read."""
    block = _block(data, size)
    for start in range(0, len(data[0]), block):
        yield from _cut([np.asarray(array[start : start + block]) for array in data], size)


def _block(data: Data, size: int) -> int:
    """How many rows, in whole batches of this size, take `BLOCK` bytes at most; one batch at least."""
    width = sum(math.prod(array.shape[1:]) for array in data)
    return int(max(1, BLOCK // (8 * size * width)) * size)


def _cut(arrays: list[Array], size: int) -> list[Data]:
    return [tuple(array[start : start + size] for array in arrays) for start in range(0, len(arrays[0]), size)]


ENGINES = ("auto", "compiled", "written", "jax")
"""What `Plan.engine` may be: machine code where it can be had, machine code and nothing else, the NumPy program, the one in JAX."""


PRECISIONS = ("float32", "float64")
"""What `Plan.precision` may be: the numbers that an engine computes with."""


def in_precision(arrays: State, dtype: str) -> tuple[Array, ...]:
    """The arrays as numbers of that type; those that are so already, as they are."""
    return tuple(np.asarray(array, dtype=dtype) for array in arrays)


class Sharded(tuple[Array, ...]):
    """Rows that several processes hold together: those that are here, and which of all they are."""

    shard: Shard

    @staticmethod
    def of(arrays: Iterable[Array], shard: Shard) -> Sharded:
        """Arrays of the rows of a shard."""
        sharded = Sharded(arrays)
        sharded.shard = shard
        return sharded


def shard_of(data: Data) -> Shard | None:
    """Which rows of a whole these are; None where they are all."""
    return data.shard if isinstance(data, Sharded) else None


def row_count(data: Data) -> int:
    """How many rows they are, in all processes."""
    return data.shard.total if isinstance(data, Sharded) else len(data[0])


def gathered(data: Data, places: Any) -> Data:
    """These rows, in memory; of sharded ones, those of them that are here."""
    if not isinstance(data, Sharded):
        return tuple(np.asarray(array[places]) for array in data)
    where, here = data.shard.among(np.arange(data.shard.total)[places])
    return Sharded.of((np.asarray(array[here]) for array in data), Shard(where, len(places), data.shard.processes))


def whole_rows(data: Data) -> Data:
    """The same rows as one process has them: all of them, here."""
    return tuple(data.shard.whole(np.asarray(array)) for array in data) if isinstance(data, Sharded) else data
