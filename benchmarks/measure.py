"""What the benchmarks share: CPU time of processes and of calls, taken in turn; medians; tables."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple


class Cost(NamedTuple):
    """CPU time (user and system) in seconds, and the largest resident memory in MB."""

    seconds: float
    megabytes: float


def run(command: Sequence[str], variables: Mapping[str, str]) -> Cost:
    """What one process costs, with these environment variables beside ours; its output is thrown away. Raises SystemExit if it fails."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, **variables})
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed with status {status}")
    kilobytes = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return Cost(usage.ru_utime + usage.ru_stime, kilobytes / 1024)


def processes(commands: Mapping[str, Sequence[str]], rounds: int, **variables: str) -> dict[str, list[Cost]]:
    """The costs of each command, run in turn: A B C A B C …; the first round warms the file cache and is not counted."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        progress("processes", number, rounds + 1)
        for name, command in commands.items():
            cost = run(command, variables)
            if number:
                costs[name].append(cost)
    return costs


def calls(
    functions: Mapping[str, Callable[[], object]], rounds: int, clock: Callable[[], float] = time.process_time
) -> dict[str, list[float]]:
    """Seconds that each function takes, called in turn, after one call that is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for number in range(rounds + 1):
        progress("calls", number, rounds + 1)
        for name, function in functions.items():
            start = clock()
            function()
            if number:
                seconds[name].append(clock() - start)
    return seconds


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def ratio(values: Sequence[float], base: Sequence[float]) -> float:
    """How many times as much as the base: the median over the rounds, so that a machine that slows down for a while changes little."""
    return median([value / other for value, other in zip(values, base, strict=True)])


def seconds(costs: Sequence[Cost]) -> float:
    """The median CPU time."""
    return median([cost.seconds for cost in costs])


def megabytes(costs: Sequence[Cost]) -> float:
    """The median of the largest resident memory."""
    return median([cost.megabytes for cost in costs])


def progress(what: str, number: int, count: int) -> None:
    """A line on standard error that is written over."""
    end = "\n" if number + 1 == count else ""
    print(f"\r{sys.argv[0].rpartition('/')[2]}: {what}, round {number + 1} of {count} ", end=end, file=sys.stderr, flush=True)


def milliseconds(value: float) -> str:
    """Three significant digits: 0.123 ms, 12.3 ms, 1230 ms."""
    digits = 0 if value >= 0.1 else 1 if value >= 0.01 else 2 if value >= 0.001 else 3
    return f"{1e3 * value:.{digits}f} ms"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown: the first column to the left, numbers to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
