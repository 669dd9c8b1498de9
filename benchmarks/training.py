"""How much of an epoch is the program itself, and whether memory stays flat.

The program is what `chainrule code` prints: its step on every batch, and its forward pass on the validation rows. The rest is the loop:
shuffling, gathering, counting, reporting.
"""

from __future__ import annotations

import gc
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from measure import median, milliseconds, progress, table

from chainrule import Network, dense
from chainrule.training.loop import Training
from chainrule.training.plan import Plan

SIZES = {
    "150 rows, 4-16-3 (iris)": (150, (4, 16, 3), 1000),
    "1,800 rows, 64-32-10 (digits)": (1_800, (64, 32, 10), 60),
    "20,000 rows, 784-128-10": (20_000, (784, 128, 10), 2),
}
AIM = "90 %"

LONG = 10_000
"""Epochs of the run in which memory is watched."""


def main() -> None:
    rounds = max(3, int(sys.argv[1]) // 3)
    print(shares(rounds), memory(), sep="\n\n")


def shares(rounds: int) -> str:
    """The part of the time of a run that is spent inside the program."""
    rows = []
    for name, (samples, sizes, epochs) in SIZES.items():
        found = []
        for number in range(rounds):
            progress(name, number, rounds)
            found.append(share(training(samples, sizes, epochs)))
        rows.append([name, milliseconds(median([taken for _, taken in found])), f"{100 * median([part for part, _ in found]):.1f} %", AIM])
    return table(["training with `written`, float64", "an epoch", "inside the program", "aim"], rows)


def training(rows: int, sizes: tuple[int, ...], epochs: int) -> Training:
    random = np.random.default_rng(0)
    inputs, *hidden, classes = sizes
    x, t = random.normal(size=(rows, inputs)), np.eye(classes)[random.integers(classes, size=rows)]
    network = Network(inputs, *(dense(units, "tanh") for units in hidden), dense(classes), loss="cross_entropy")
    held_out = rows * 15 // 100
    plan = Plan(epochs=epochs, patience=None, engine="written")
    return Training(network, x[held_out:], t[held_out:], plan, validation=(x[:held_out], t[:held_out]))


class Stopwatch:
    """Calls of a function, timed and counted."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function, self.seconds, self.calls = function, 0.0, 0

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        started = time.perf_counter()
        result = self.function(*arguments, **options)
        self.seconds += time.perf_counter() - started
        self.calls += 1
        return result


def own_cost() -> float:
    """Seconds by which a stopwatch makes a call longer without counting them."""
    watch, numbers, calls = Stopwatch(lambda *_: None), range(15), 10_000
    started = time.perf_counter()
    for _ in range(calls):
        watch(*numbers)
    return (time.perf_counter() - started - watch.seconds) / calls


def share(run: Training) -> tuple[float, float]:
    """The part of the time of `run` that is spent inside the program, and seconds an epoch; what the stopwatches cost is taken off."""
    watches = [Stopwatch(run.engine.program.functions["step"]), Stopwatch(run.engine._error)]
    run.engine.program.functions["step"] = watches[0]
    run.engine.__dict__["_error"] = watches[1]
    run.epoch()
    for watch in watches:
        watch.seconds, watch.calls = 0.0, 0
    started = time.perf_counter()
    run.run(report=lambda report: None)
    whole = time.perf_counter() - started - own_cost() * sum(watch.calls for watch in watches)
    return sum(watch.seconds for watch in watches) / whole, whole / (run.plan.epochs - 1)


def memory() -> str:
    """What Python holds, and the whole process, after a fifth of a long run and after its end."""
    run, rows = training(40, (4, 8, 3), LONG), []
    tracemalloc.start()

    def watch(report: Any) -> None:
        if report.epoch in (LONG // 5, LONG):
            gc.collect()
            rows.append([f"{report.epoch:,}", f"{tracemalloc.get_traced_memory()[0] / 1e6:.2f} MB", f"{resident():.1f} MB"])

    run.run(report=watch)
    tracemalloc.stop()
    return table(["memory after so many epochs", "held by Python", "of the process"], rows)


def resident() -> float:
    """The memory of this process that is in use now, in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


if __name__ == "__main__":
    main()
