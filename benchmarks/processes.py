"""What several processes gain: torchrun --standalone --nproc-per-node 2 benchmarks/processes.py [ROUNDS]

Of each network, in every round, one after the other: a step by one process; by several, the part that each computes, its reduction and its
update, each by itself; a step of a whole epoch, and one in which large gradients are reduced layer by layer while others are computed.
A figure is the least of the rounds; a ratio is the median of those within a round, so that a machine that slows down for a while changes
little. The first table counts processor time, without waiting, which others on the machine change little; the second one the clock.
"""

import sys
import time
from collections.abc import Callable
from itertools import count

import numpy as np
from measure import median, milliseconds, progress, table

import chainrule as cr
from chainrule.api.problems import problem
from chainrule.engines.choice import own_rows
from chainrule.engines.compiled.distributed import CompiledHalves
from chainrule.engines.distributed import Distributed
from chainrule.engines.epoch import Sharded
from chainrule.network.definitions import find
from chainrule.network.network import Network
from chainrule.network.update import network_update
from chainrule.processes.together import Processes, Shard, own_range

CASES = (
    ("8-16-2", 64, 1000),
    ("784-128-10", 256, 20),
    ("784-128-10", 2048, 6),
    ("1024-2048-1024-10", 512, 6),
)
CLOCKS = {"processor time": time.process_time, "wall time": time.perf_counter}
HEAD = ("network, rows a step", "one process", "the part of one of P", "reduction", "update", "a step of P", "layer by layer")
RATIOS = ("of the cost model", "layer by layer", "faster than one")


def functions(network: Network, size: int, steps: int, processes: Processes) -> dict[str, tuple[Callable[[], object], int]]:
    """What is measured, and how many steps a call takes."""
    optimizer, rows = find("optimizer", cr.adam(0.001)), size * steps
    random = np.random.default_rng(0)
    part = own_range(rows, processes)
    x, t = (random.normal(size=(max(len(part), size), columns)).astype(np.float32) for columns in (network.inputs, network.targets))
    places = np.arange(part.start, part.stop)
    data = Sharded.of((x[: len(part)], t[: len(part)]), Shard(places, rows, processes))
    at_once = Processes(processes.reduce, processes.rank, processes.count, local=processes.local)
    halves = CompiledHalves(network, optimizer, "float32", own_rows(len(part), rows, size), processes.local)
    alone = CompiledHalves(network, optimizer, "float32", size, processes.local)
    engine, whole = (Distributed(network, optimizer, given, dtype="float32", halves=halves) for given in (processes, at_once))
    shapes = network_update(network, optimizer).state_shapes
    state = [np.asarray(network.parameters[key] if key in network.shapes else np.zeros(shapes[key]), np.float32) for key in engine.keys]
    halves.put(state)
    alone.put(state)
    here, own, order = random.permutation(len(x)), size // processes.count, random.permutation(rows)
    places = count()

    def some(halves: CompiledHalves, rows: int) -> None:
        """The sums over so many rows that lie anywhere, others each time."""
        first = next(places) % (len(here) // rows) * rows
        halves.add_up((x, t), here, first, first + rows, size)

    def reduction() -> None:
        halves.flat[...] = 0
        processes.reduce(halves.flat)

    return {
        "one process": (lambda: some(alone, size), 1),
        "part": (lambda: some(halves, own), 1),
        "reduction": (reduction, 1),
        "update": (lambda: halves.move(1), 1),
        "step": (lambda: whole.epoch(data, order, size, state, 0, np.inf, lambda: False), steps),
        "by layers": (lambda: engine.epoch(data, order, size, state, 0, np.inf, lambda: False), steps),
    }


def measured(network: Network, size: int, steps: int, processes: Processes, rounds: int) -> dict[str, list[dict[str, float]]]:
    """By clock, the seconds of each round that a step takes in the slowest process."""
    calls = functions(network, size, steps, processes)
    found: dict[str, list[dict[str, float]]] = {clock: [] for clock in CLOCKS}
    for number in range(rounds + 1):
        if processes.writes:
            progress(f"{network.size:,} parameters, {size} rows", number, rounds + 1)
        took: dict[str, dict[str, float]] = {clock: {} for clock in CLOCKS}
        for name, (call, of_steps) in calls.items():
            times = max(1, steps // of_steps)
            processes.numbers(0)  # all begin at once
            begun = [clock() for clock in CLOCKS.values()]
            for _ in range(times):
                call()
            ended = [clock() for clock in CLOCKS.values()]
            for clock, start, end in zip(CLOCKS, begun, ended, strict=True):
                took[clock][name] = max(processes.numbers((end - start) / (times * of_steps)))
        for clock, seconds in took.items():
            found[clock] += [seconds] * bool(number)  # the first round warms up
    return found


def row(short: str, size: int, rounds: list[dict[str, float]]) -> list[str]:
    """Of the table: the times, and what follows from them."""
    least = {name: min(one[name] for one in rounds) for name in rounds[0]}
    model = [one["part"] + one["reduction"] + one["update"] for one in rounds]
    ratios = (
        [expected / one["step"] for expected, one in zip(model, rounds, strict=True)],
        [expected / one["by layers"] for expected, one in zip(model, rounds, strict=True)],
        [(one["one process"] + one["update"]) / min(one["step"], one["by layers"]) for one in rounds],
    )
    return [f"{short}, {size}", *map(milliseconds, least.values()), *(f"{median(ratio):.2f}" for ratio in ratios)]


def main() -> None:
    processes = cr.launched() or Processes(lambda flat: flat, 0, 1)
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    found = [(short, size, measured(problem(short).network, size, steps, processes, rounds)) for short, size, steps in CASES]
    if processes.writes:
        for clock in CLOCKS:
            print(f"\n{clock}, P = {processes.count}\n")
            print(table([*HEAD, *RATIOS], [row(short, size, by_clock[clock]) for short, size, by_clock in found]), flush=True)


if __name__ == "__main__":
    main()
