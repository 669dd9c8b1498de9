"""The engine `compiled`: whole epochs in machine code, emitted for one network, one rule and one size of batch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from llvmlite import ir

from chainrule.definitions import Bound
from chainrule.engines.compiled.abi import signature
from chainrule.engines.compiled.code import Loaded, Target, finished, target
from chainrule.engines.compiled.errors import NotCompilable
from chainrule.engines.compiled.recipe import RATE, Recipe, recipe
from chainrule.engines.compiled.straight import MOST_NUMBERS, StraightForm
from chainrule.engines.epoch import BLOCK, Data, Passed
from chainrule.network import Array, Network

PATIENCE = 0.1
"""Seconds between two questions whether to stop."""

ALIGNED = 64
"""Bytes at whose multiples the memory of the code begins."""


class Form(Protocol):
    """A way of writing the three functions: straight-line code, or kernels."""

    def module(self) -> ir.Module:
        """The functions."""

    def room(self) -> int:
        """How many numbers the memory of the code has."""

    def pack(self, memory: Array, arrays: Mapping[str, Array]) -> None:
        """Put parameters and states to their places."""

    def unpack(self, memory: Array) -> list[Array]:
        """Fresh copies of parameters and states, in the order of the keys."""


class Variant:
    """The code for one size of batch and one kind of rows, loaded, and its memory."""

    def __init__(self, form: Form, of: Target, dtype: str) -> None:
        self.form = form
        self.loaded = Loaded(finished(form.module(), of), of)
        self.functions = {name: self.loaded.function(name, *signature(name)) for name in ("epoch", "error", "predict")}
        size = np.dtype(dtype).itemsize
        raw = np.zeros(form.room() + ALIGNED // size, dtype=dtype)
        self.memory = raw[-(raw.ctypes.data // size) % (ALIGNED // size) :][: form.room()]
        self.address = self.memory.ctypes.data
        self.holds: Data | None = None

    def take(self, state: Data, keys: Sequence[str]) -> None:
        """Put a state into the memory, unless it is there already."""
        if self.holds is None or len(state) != len(self.holds) or any(a is not b for a, b in zip(state, self.holds, strict=True)):
            self.form.pack(self.memory, dict(zip(keys, state, strict=False)))
            self.holds = state


class Compiled:
    """Epochs in machine code. What it computes is what `Written` computes, to the precision of `dtype`.

    options  numbers in place of the optimiser's own, as {"learning_rate": 0.1}
    dtype    "float64" or "float32"
    threads  how many work on large products; None: as many as there are processors

    Raises NotCompilable.
    """

    def __init__(
        self,
        network: Network,
        optimizer: Bound,
        options: Mapping[str, float] | None = None,
        *,
        dtype: str = "float64",
        threads: int | None = None,
        processor: str | None = None,
    ) -> None:
        self.network, self.dtype, self.threads = network, dtype, threads
        self.target = target(processor)
        self.recipe: Recipe = recipe(network, optimizer, options or {})
        self.rate = float((options or {}).get(RATE, self.recipe.options.get(RATE, 0.0)))
        self.keys = self.recipe.keys
        self.variants: dict[Any, Variant] = {}

    def form(self, size: int, given: str) -> Form:
        """The form that is faster for this network."""
        if self.network.size <= MOST_NUMBERS:
            return StraightForm(self.recipe, self.dtype, given, single=size == 1)
        raise NotCompilable("kernels")

    def variant(self, size: int, given: str) -> Variant:
        """The code for batches of this size, from rows of this type."""
        key = size, given
        if key not in self.variants:
            self.variants[key] = Variant(self.form(size, given), self.target, self.dtype)
        return self.variants[key]

    def epoch(
        self, data: Data, order: Array | None, size: int, state: Data, number: int, bound: float, stopping: Callable[[], bool]
    ) -> Passed:
        """As `Engine.epoch` says."""
        rows, total, ended = len(data[0] if order is None else order), 0.0, "whole"
        variant: Variant | None = None
        for block, places, count in self._blocks(data, order, size):
            if variant is None:
                variant = self.variant(min(size, rows), block[0].dtype.name)
                variant.take(state, self.keys)
                variant.holds = None
            part, number, ended = self._steps(variant, block, places, count, size, number, bound, stopping)
            total += part
            if ended != "whole":
                break
        assert variant is not None
        now = tuple(variant.form.unpack(variant.memory)) if ended == "whole" else state
        variant.holds = now if ended == "whole" else None
        return Passed(now, total / rows, number, ended)

    def _steps(
        self, variant: Variant, data: Data, places: Array | None, rows: int, size: int, number: int, bound: float, stopping: Callable[[], bool]
    ) -> tuple[float, int, str]:
        """The batches of a block, so many at a time that `stopping` is asked often enough: Σ E · rows, the step, and how it ended."""
        order = np.zeros(1, dtype=np.int64) if places is None else places
        pointers = [array.ctypes.data for array in data] + [None] * (3 - len(data))
        result, total, first, batches = np.zeros(2), 0.0, 0, 1
        function, run = variant.functions["epoch"], (variant.address, *pointers, order.ctypes.data, int(places is not None), int(places is None))
        while first < rows:
            if stopping():
                return total, number, "stopped"
            end = min(rows, first + batches * size)
            started = time.perf_counter()
            number += function(*run, first, end, size, number, bound, self.rate, result.ctypes.data)
            took = time.perf_counter() - started
            total += float(result[0])
            if result[1]:
                return total, number, "diverged"
            batches = max(1, min(batches * 64, int(batches * PATIENCE / max(took, 1e-9))))
            first = end
        return total, number, "whole"

    def _blocks(self, data: Data, order: Array | None, size: int) -> Iterator[tuple[Data, Array | None, int]]:
        """The rows as the code reads them: as they are where it can, else copied, a block at a time."""
        rows = len(data[0] if order is None else order)
        if all(_readable(array) for array in data) and len({array.dtype for array in data}) == 1:
            yield data, None if order is None else np.ascontiguousarray(order, dtype=np.int64), rows
            return
        block = max(1, BLOCK // (8 * size * sum(int(np.prod(array.shape[1:])) for array in data))) * size
        for first in range(0, rows, block):
            part: Any = slice(first, first + block) if order is None else order[first : first + block]
            copied = tuple(np.ascontiguousarray(array[part], dtype=np.float64) for array in data)
            yield copied, None, len(copied[0])

    def error(self, data: Data, state: Data) -> float:
        """As `Engine.error` says."""
        parameters, total, result = state[: len(self.recipe.parameters)], 0.0, np.zeros(1)
        rows = len(data[0])
        for block, _, count in self._blocks(data, None, MEASURED):
            variant = self._measuring(block[0].dtype.name, parameters)
            pointers = [array.ctypes.data for array in block] + [None] * (3 - len(block))
            variant.functions["error"](variant.address, *pointers, count, result.ctypes.data)
            total += float(result[0])
        return total / rows

    def predict(self, x: Array, state: Data) -> Array:
        """y (rows, outputs) by the parameters of a state."""
        x = x if _readable(x) else np.ascontiguousarray(x, dtype=np.float64)
        variant = self._measuring(x.dtype.name, state[: len(self.recipe.parameters)])
        y = np.empty((len(x), self.network.outputs), dtype=self.dtype)
        variant.functions["predict"](variant.address, x.ctypes.data, y.ctypes.data, len(x))
        return y

    def _measuring(self, given: str, parameters: Data) -> Variant:
        """Code that measures with these parameters: that of a training, if there is some."""
        variant = next((known for (_, kind), known in self.variants.items() if kind == given), None) or self.variant(MEASURED, given)
        held = variant.holds
        if held is None or any(a is not b for a, b in zip(parameters, held, strict=False)):
            variant.form.pack(variant.memory, dict(zip(self.keys, parameters, strict=False)))
            variant.holds = None if held is None or len(held) > len(parameters) else parameters
        return variant


MEASURED = 32
"""Rows at a time where an error is measured or predictions are made."""


def _readable(array: Array) -> bool:
    """Can the code read it where it lies?"""
    return array.dtype in (np.float64, np.float32) and array.dtype.isnative and array.flags.c_contiguous and array.flags.aligned
