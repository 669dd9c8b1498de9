"""Several processes that train one network together. All that they say to each other goes through one function, `reduce(flat)`.

Every process runs the same program; they differ in the rows that they hold. What is random follows from the seed, and what depends on
rows is reduced, so that all processes know the same, decide the same, and one of them, the writer, writes and prints it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import AgreedError, InputError
from chainrule.base.frozen import FrozenValue

NOTHING = -0.0
"""What a process puts where another one has a number: added to any number it leaves every bit as it is, which 0 does not do with −0."""

BYTES_AT_ONCE = 2**20
"""Bytes that are sent at a time."""

MEASURED_TIMES = 5
"""So often a reduction is measured, of which the median counts."""


class Processes:
    """The processes of a run.

    reduce  adds up a flat array of float32 or float64 over all processes, element by element; each gets the same sum, bit for bit. The
            array that it is given may be overwritten. Raises LostProcessError.
    rank    which one this is, from 0
    count   how many they are
    local   how many of them share this machine
    backend what carries the numbers, in a word
    begin   begins to add up, and gives a function that waits for the sum; until then the array is left alone. Where there is one, machine
            code goes on while large gradients are reduced, layer by layer. All processes begin the same arrays in the same order
    """

    def __init__(
        self, reduce: Callable[[Array], Array], rank: int, count: int, *, local: int | None = None, backend: str = "",
        begin: Callable[[Array], Callable[[], Array]] | None = None,
    ) -> None:  # fmt: skip
        if not (isinstance(count, int) and isinstance(rank, int) and 0 <= rank < count):
            raise InputError(f"a process is one of several, from 0: its rank is less than their count, but rank = {rank}, count = {count}.")
        self.reduce, self.begin, self.rank, self.count = reduce, begin, rank, count
        self.local, self.backend = local or count, backend

    def __repr__(self) -> str:
        return f"<process {self.rank + 1} of {self.count}{f' over {self.backend}' if self.backend else ''}>"

    @property
    def writes(self) -> bool:
        """Is this the one that writes files and prints?"""
        return self.rank == 0

    # What follows from adding up

    def gathered(self, part: Array, places: Array, total: int) -> Array:
        """The rows of all processes, (total, …): `part` are those of this one, and `places` where they stand."""
        whole = np.full((total, *part.shape[1:]), NOTHING, dtype=part.dtype if part.dtype.kind == "f" else float)
        whole[places] = part
        return self.reduce(whole.reshape(-1)).reshape(whole.shape).astype(part.dtype, copy=False)

    def numbers(self, value: float) -> list[float]:
        """A number of each process."""
        every = np.full(self.count, NOTHING)
        every[self.rank] = value
        return [float(number) for number in self.reduce(every)]

    def contents(self, content: bytes) -> list[bytes]:
        """Some bytes of each process."""
        lengths = [int(length) for length in self.numbers(len(content))]
        if not sum(lengths):
            return [b""] * self.count
        ends, whole, own = np.cumsum(lengths).tolist(), bytearray(sum(lengths)), np.frombuffer(content, dtype=np.uint8)
        first = ends[self.rank] - len(content)
        for start in range(0, len(whole), BYTES_AT_ONCE):
            every = np.zeros(min(BYTES_AT_ONCE, len(whole) - start), dtype=np.float32)  # which has every byte, and takes the least room
            here = own[max(start - first, 0) : max(start + len(every) - first, 0)]
            place = max(first - start, 0)
            every[place : place + len(here)] = here
            whole[start : start + len(every)] = self.reduce(every).astype(np.uint8).tobytes()
        return [bytes(whole[end - length : end]) for end, length in zip(ends, lengths, strict=True)]

    def content(self, content: bytes) -> bytes:
        """The bytes of the process that writes; of the others nothing counts."""
        return self.contents(content if self.writes else b"")[0]

    def texts(self, text: str) -> list[str]:
        """A text of each process."""
        return [content.decode() for content in self.contents(text.encode())]

    def objects(self, value: Any) -> list[Any]:
        """An object of each process. Pickled, as the processes of a run trust each other: they run the same program."""
        import pickle

        return [pickle.loads(content) for content in self.contents(pickle.dumps(value))]

    def of_each(self, action: Callable[[], Any]) -> list[Any]:
        """What an action gives in each process. Where it fails in one, it fails in all, as of `agreed`."""
        return self.objects(self.agreed(action))

    def agreed(self, action: Callable[[], Any]) -> Any:
        """What an action gives that may fail in some processes only: where it fails in one, it fails in all, and one says why.

        Raises AgreedError, in all, with the message of the first process where it fails. What an action raises that is agreed already
        is raised as it is.
        """
        found, failure = None, ""
        try:
            found = action()
        except AgreedError:
            raise
        except InputError as error:
            failure = str(error) or type(error).__name__
        said = self.texts(failure)
        first = next((rank for rank, text in enumerate(said) if text), None)
        if first is not None:
            raise AgreedError(f"process {first + 1} of {self.count}: {said[first]}" if first else said[first], here=self.writes)
        return found

    def check_alike(self, facts: dict[str, str]) -> None:
        """Are these facts, as "another seed", the same in every process? Raises AgreedError with the first that differs, and where."""
        import json

        every: list[dict[str, str]] = [json.loads(text) for text in self.texts(json.dumps(facts))]
        for name in dict.fromkeys(name for known in every for name in known):
            values = [known.get(name, "nothing") for known in every]
            odd = next((rank for rank, value in enumerate(values) if value != values[0]), None)
            if odd is not None:
                said = f"process {odd + 1} of {self.count} has {name}: {values[odd]}, where process 1 has {values[0]}"
                raise AgreedError(f"{said}; start all of them alike.", here=self.writes)

    def seconds(self, size: int) -> float:
        """How long a reduction of so many float32 numbers takes, measured; that of the slowest, so that all know the same."""
        took = []
        for _ in range(MEASURED_TIMES):
            flat = np.zeros(size, dtype=np.float32)
            begun = time.perf_counter()
            self.reduce(flat)
            took.append(time.perf_counter() - begun)
        return max(self.numbers(float(np.median(took))))


class Shard(FrozenValue):
    """Which rows of a whole are here.

    places     where they stand in the whole, rising
    total      how many rows the whole has
    processes  that hold the whole together
    """

    places: Array
    total: int
    processes: Processes

    def among(self, places: Array) -> tuple[Array, Array]:
        """Of rows of the whole, those that are here: where they stand in `places`, and where they lie here."""
        if not len(self.places):
            return np.zeros(0, dtype=int), np.zeros(0, dtype=int)
        found = np.minimum(np.searchsorted(self.places, places), len(self.places) - 1)
        here = np.flatnonzero(self.places[found] == places)
        return here, found[here]

    def whole(self, part: Array) -> Array:
        """The rows of all processes: `part` are those that are here."""
        return self.block(part, 0, self.total)

    def block(self, part: Array, first: int, end: int) -> Array:
        """Some rows of the whole, side by side, of all processes."""
        one, other = np.searchsorted(self.places, (first, end))
        return self.processes.gathered(np.asarray(part[one:other]), self.places[one:other] - first, end - first)


def own_range(rows: int, processes: Processes) -> range:
    """The rows of a source that a process takes: about as many as any other, side by side."""
    return range(rows * processes.rank // processes.count, rows * (processes.rank + 1) // processes.count)
