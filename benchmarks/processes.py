"""What several processes gain: torchrun --standalone --nproc-per-node 2 benchmarks/processes.py [--rounds N] [--write], or mpirun -n 2
python benchmarks/processes.py.

Of each network, in every round, one after the other, in both processes at once: a step by one, beside which the others stand still; by
several, the part of the process that has the most rows of a batch, its reduction and its update, each by itself; a step of a whole epoch
with its reduction at the end, and one as a training takes it: large gradients are reduced layer by layer while others are computed. A
figure is the median of the rounds; a ratio is the median of those within a round, so that a machine that slows down for a while changes
little. The first table counts the clock, the second one processor time, without waiting, for a machine that others use too. --write puts
both into docs/processes.md, in the place of what carried the bytes.
"""

import argparse
import os
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import numpy as np
from measure import median, milliseconds, progress, table
from run import processor, write

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
PAGE = Path(__file__).parent.parent / "docs" / "processes.md"
CLOCKS = {"by the clock": time.perf_counter, "of processor time": time.process_time}
HEAD = (
    "network, rows a step",
    "a step of one",
    "the longest part",
    "reduction",
    "update",
    "a step, reduced at the end",
    "a step as trained",
)
NUMBERS = {2: "two"}
RATIOS = ("cost model ÷ step", "one ÷ all", "")


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
    here, order = random.permutation(len(x)), random.permutation(rows)
    ends = [rows * (rank + 1) // processes.count for rank in range(processes.count)]
    shares = [np.bincount(np.searchsorted(ends, order[start : start + size], side="right")) for start in range(0, rows, size)]
    longest = round(np.mean([share.max() for share in shares]))  # rows fall to the processes unevenly, and a step takes the longest part
    places = count()

    def some(halves: CompiledHalves, rows: int) -> None:
        """The sums over so many rows that lie anywhere, others each time."""
        first = next(places) % (len(here) // rows) * rows
        halves.add_up((x, t), here, first, first + rows, size)

    return {
        "one process": (lambda: some(alone, size), 1),
        "part": (lambda: some(halves, longest), 1),
        "reduction": (lambda: processes.reduce(halves.flat), 1),
        "update": (lambda: halves.move(1), 1),
        "at the end": (lambda: whole.epoch(data, order, size, state, 0, np.inf, lambda: False), steps),
        "trained": (lambda: engine.epoch(data, order, size, state, 0, np.inf, lambda: False), steps),
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
            times = max(1, steps // of_steps) * (processes.writes or name != "one process")  # the others stand still beside that one
            processes.numbers(0)  # all begin at once
            begun = [clock() for clock in CLOCKS.values()]
            for _ in range(times):
                call()
            ended = [clock() for clock in CLOCKS.values()]
            for clock, start, end in zip(CLOCKS, begun, ended, strict=True):
                took[clock][name] = max(processes.numbers((end - start) / max(1, times * of_steps)))
        for clock, seconds in took.items():
            found[clock] += [seconds] * bool(number)  # the first round warms up
    return found


def row(short: str, size: int, rounds: list[dict[str, float]], count: int) -> list[str]:
    """Of the table: the times, and what follows from them."""
    model = [one["part"] + one["reduction"] + one["update"] for one in rounds]
    gained = median([(one["one process"] + one["update"]) / one["trained"] for one in rounds])
    ratios = (median([expected / one["trained"] for expected, one in zip(model, rounds, strict=True)]), gained)
    return [
        f"{short}, {size}",
        *(milliseconds(median([one[name] for one in rounds])) for name in rounds[0]),
        *(f"{ratio:.2f}" for ratio in ratios),
        f"{NUMBERS.get(count, count)} {'gain' if gained > 1 else 'lose'}",
    ]


def parsed_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15, metavar="N", help="measurements of each quantity (default: 15)")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/processes.md")
    return parser.parse_args()


def main() -> None:
    options = parsed_options()
    processes = cr.launched() or Processes(lambda flat: flat, 0, 1)
    found = [(short, size, measured(problem(short).network, size, steps, processes, options.rounds)) for short, size, steps in CASES]
    if not processes.writes:
        return
    machine = f"{processor()}, {os.cpu_count()} logical processors"
    told = f"{machine}; {processes.count} processes over {processes.backend}, medians of {options.rounds} rounds."
    tables = {
        clock: table([*HEAD, *RATIOS], [row(short, size, by_clock[clock], processes.count) for short, size, by_clock in found])
        for clock in CLOCKS
    }
    text = "\n\n".join([told, *(f"Milliseconds {clock}:\n\n{each}" for clock, each in tables.items())])
    print(text)
    if options.write:
        write(f"processes by {processes.backend}", text, PAGE)


if __name__ == "__main__":
    main()
