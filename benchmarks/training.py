"""How much of an epoch is the program itself, and whether memory stays flat: `python benchmarks/training.py`.

The program is what `chainrule code` prints: its step on every batch, and its forward pass on the validation rows. The rest is the loop:
shuffling, gathering, counting, reporting.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: threads that wait for each other would count as the program

import resource
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule import Network, dense
from chainrule.plan import Plan
from chainrule.train import Training

SIZES = {
    "150 rows, 4-16-3 (iris)": (150, (4, 16, 3), 400),
    "1,800 rows, 64-32-10 (digits)": (1_800, (64, 32, 10), 60),
    "20,000 rows, 784-128-10": (20_000, (784, 128, 10), 2),
}
LONG = 10_000
"""Epochs of the run in which memory is watched."""


def training(rows: int, sizes: tuple[int, ...], epochs: int) -> Training:
    random = np.random.default_rng(0)
    inputs, *hidden, classes = sizes
    x, t = random.normal(size=(rows, inputs)), np.eye(classes)[random.integers(classes, size=rows)]
    network = Network(inputs, *(dense(units, "tanh") for units in hidden), dense(classes), loss="cross_entropy")
    held_out = rows * 15 // 100
    plan = Plan(epochs=epochs, patience=None, engine="written")
    return Training(network, x[held_out:], t[held_out:], plan, validation=(x[:held_out], t[:held_out]))


class Stopwatch:
    """Calls of a function, timed."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function, self.seconds = function, 0.0

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        started = time.perf_counter()
        result = self.function(*arguments, **options)
        self.seconds += time.perf_counter() - started
        return result


def share(rows: int, sizes: tuple[int, ...], epochs: int) -> tuple[float, float]:
    """The part of the time of `run` that is spent inside the program, and milliseconds an epoch."""
    run = training(rows, sizes, epochs)
    watches = [Stopwatch(run.engine.program.step), Stopwatch(run.engine._error)]
    run.engine.program.functions["step"] = watches[0]
    run.engine.__dict__["_error"] = watches[1]
    run.epoch()
    watches[0].seconds = watches[1].seconds = 0.0
    started = time.perf_counter()
    run.run(report=lambda report: None)
    whole = time.perf_counter() - started
    return sum(watch.seconds for watch in watches) / whole, 1000 * whole / (epochs - 1)


def growth() -> tuple[float, float]:
    """Kilobytes that Python holds more after `LONG` epochs than after a fifth of them; and the largest memory of the process, in MB."""
    run = training(40, (4, 8, 3), LONG)
    tracemalloc.start()
    held = [0]

    def watch(report: Any) -> None:
        if report.epoch == LONG // 5:
            held[0] = tracemalloc.get_traced_memory()[0]

    run.run(report=watch)
    more = tracemalloc.get_traced_memory()[0] - held[0]
    tracemalloc.stop()
    return more / 1e3, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def main() -> None:
    for name, (rows, sizes, epochs) in SIZES.items():
        part, milliseconds = max(share(rows, sizes, epochs) for _ in range(3))
        print(f"{name:32} {part:6.1%} of the time inside the program, {milliseconds:8.2f} ms an epoch")
    more, largest = growth()
    print(f"{LONG:,} epochs: {more:+.0f} kB held after the last against a fifth of the way; at most {largest:.0f} MB in all")


if __name__ == "__main__":
    main()
