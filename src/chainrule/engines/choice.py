"""Which engine computes: a training, as its plan asks; predictions, by machine code where that takes less time in all."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import InputError, NotCompilable
from chainrule.base.frozen import FrozenValue
from chainrule.engines.epoch import Data, Engine, Written, row_count
from chainrule.engines.work import work
from chainrule.network.definitions import Bound
from chainrule.network.network import Network

if TYPE_CHECKING:
    from chainrule.engines.compiled.engine import Compiled
    from chainrule.processes.together import Processes

NO_MACHINE_CODE = ImportError, OSError, RuntimeError, MemoryError, NotCompilable
"""What is raised where there is no machine code for a network, or none on this machine; LLVM's own complaints are RuntimeErrors.

What a step keeps for its way back lies there all at once, the windows of a large image among it.
"""


class Chosen(FrozenValue):
    """The engine of a run.

    name     "compiled", "written" or "jax"
    written  why it is the NumPy program where machine code was wanted; "" where that was not so
    """

    name: str
    engine: Engine
    written: str = ""


def ready_engine(
    name: str,
    network: Network,
    optimizer: Bound,
    data: Data,
    size: int,
    precision: str = "float64",
    processes: Processes | None = None,
    every: int = 1,
) -> Chosen:
    """The engine of that name for batches of `size` of these rows, ready to run, in that precision.

    processes  that hold the rows together, if they are several; every: how many steps each takes before they average, as of `Distributed`

    Raises NotCompilable where it must be machine code, and there is none for this network, or not on this machine; InputError where
    several processes cannot share the network, or JAX is asked for and not installed.
    """
    if processes is not None:
        return _distributed(name, network, optimizer, data, size, precision, processes, every)
    if name == "written":
        return Chosen(name, Written(network, optimizer, dtype=precision))
    if name == "jax":
        from chainrule.engines.jax import Jax

        return Chosen(name, Jax(network, optimizer, dtype=precision))
    try:
        from chainrule.engines.compiled.engine import Compiled

        engine = Compiled(network, optimizer, dtype=precision)
        engine.prepare(data, size)
        return Chosen("compiled", engine)
    except NO_MACHINE_CODE as error:
        why = why_none(error)
        if name == "compiled":
            raise NotCompilable(f"there is no machine code here: {why}. The engine written computes the same.") from None
        return Chosen("written", Written(network, optimizer, dtype=precision), why)


def _distributed(
    name: str, network: Network, optimizer: Bound, data: Data, size: int, precision: str, processes: Processes, every: int
) -> Chosen:
    """The engine of several processes: by machine code where all of them have some. Raises as `ready_engine` does."""
    from chainrule.engines.distributed import Distributed

    if name == "jax":
        raise InputError("the engine jax trains in one process; with several, say «--engine written» or compiled, or neither.")
    halves, why = None, ""
    if name != "written":
        try:
            from chainrule.engines.compiled.distributed import CompiledHalves

            halves = CompiledHalves(network, optimizer, precision, own_rows(len(data[0]), row_count(data), size), processes.local)
        except NO_MACHINE_CODE as error:
            why = why_none(error)
        every_layout = processes.texts("" if halves is None else halves.layout)
        if "" in every_layout:
            halves, why = None, why or "another process has no machine code"
        elif len(set(every_layout)) > 1:
            halves, why = None, "the processors of the processes have other vectors, so that numbers would lie in other places"
        if halves is None and name == "compiled":
            raise NotCompilable(f"there is no machine code here: {why}. The engine written computes the same.")
    engine = Distributed(network, optimizer, processes, dtype=precision, halves=halves, every=every)
    return Chosen("written" if halves is None else "compiled", engine, why)


def own_rows(own: int, total: int, size: int) -> int:
    """How many rows of a batch of `size` a process seldom exceeds that holds `own` of all rows: the mean and three standard deviations, in
    whole sixteens, so that processes with about as many rows use the same code.
    """
    share = own / max(1, total)
    return max(1, min(size, -(-math.ceil(size * share + 3 * math.sqrt(size * share * (1 - share))) // 16) * 16))


def why_none(error: BaseException) -> str:
    """Why there is no machine code, in a line, and what helps if llvmlite is missing."""
    line = next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")
    return f"it needs llvmlite, which cannot be imported ({line}): pip install llvmlite" if isinstance(error, ImportError) else line


# Predictions of many rows

SAVED = 1.2e-9
"""Seconds that machine code saves for so much work as an addition: the middle one of fourteen networks (dense, convolutional, recurrent, of
attention) with 8 to 2,048 rows at a time. Half of the cases were within a factor of two of it, five in six within four.
"""

WORTH_LOADING, WORTH_COMPILING = 0.07, 0.3
"""Seconds that have to be saved: LLVM takes the first to be imported, and the second to compile a network of some hidden units as well."""


AT_ONCE = 1 << 14
"""Rows of a call that are computed at a time: the hidden units of very many would take more memory than the rows themselves."""


class Predictor:
    """y (rows, outputs) for x (rows, inputs), as `Network.predict` says, to 1e-12 of the largest magnitude; in float32, to 1e-5.

    engine, precision  as in a plan; with "written", there is no machine code. Few rows are computed in float64

    What a call does follows from the rows of this call and of those before, and from the cache of compiled code: machine code is used
    from where its saving, summed up, pays for what it costs; so a stream of tables is never slower by more than that.
    """

    def __init__(self, network: Network, engine: str = "auto", precision: str = "float64") -> None:
        self.network, self.precision = network, precision
        self._saved = -math.inf if engine == "written" else 0.0

    def __call__(self, x: Array) -> Array:
        """Raises ShapeError, InputError."""
        calls, by_row = self._work
        self._saved += SAVED * (-(-len(x) // AT_ONCE) * calls + len(x) * by_row)
        if len(x) <= AT_ONCE:
            return self._predicted(x)
        return np.concatenate([self._predicted(x[start : start + AT_ONCE]) for start in range(0, len(x), AT_ONCE)])

    def _predicted(self, x: Array) -> Array:
        network = self.network
        if self._saved >= WORTH_LOADING:
            try:
                if self._saved >= WORTH_COMPILING or self._engine.predicts_at_once(len(x)):
                    return np.asarray(self._engine.predict(network.checked_x(x), self._state), dtype=float)
            except NO_MACHINE_CODE:
                self._saved = -math.inf
        return network.predict(x)

    @cached_property
    def _work(self) -> tuple[float, float]:
        """Of the way forward: of its operations, and of a row."""
        outputs = list(self.network.forward.outputs.values())
        calls = work(outputs, 0)
        return calls, work(outputs, 1) - calls

    @cached_property
    def _engine(self) -> Compiled:
        from chainrule.engines.compiled.engine import Compiled

        return Compiled(self.network, None, dtype=self.precision)

    @cached_property
    def _state(self) -> tuple[Array, ...]:
        return tuple(self.network.parameters.values())
