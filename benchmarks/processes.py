"""What several processes gain, in processor time: torchrun --standalone --nproc-per-node 2 benchmarks/processes.py

Processor time does not depend on who else uses the machine. Of each network: a step by one process; by several, the part that each
computes, its reduction, the rest of the step, all measured alone; and a step of a whole epoch, by which the sum of these is judged.
"""

import time

import numpy as np

import chainrule as cr
from chainrule.api.problems import problem
from chainrule.engines.compiled.distributed import CompiledHalves
from chainrule.engines.distributed import Distributed
from chainrule.engines.epoch import Sharded
from chainrule.network.definitions import find
from chainrule.network.update import network_update
from chainrule.processes.together import Processes, Shard, own_range

CASES = (("8-16-2", 64, 4000), ("784-128-10", 256, 40), ("784-128-10", 2048, 8), ("1024-2048-1024-10", 512, 4))
ROUNDS = 3


def seconds(function, times: int) -> float:
    """Of processor time for one call: the least of some rounds."""
    took = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        for _ in range(times):
            function()
        took.append((time.process_time() - begun) / times)
    return min(took)


def measured(network, size: int, steps: int, processes: Processes) -> dict[str, float]:
    """Milliseconds of processor time for each part of a step."""
    optimizer, rows = find("optimizer", cr.adam(0.001)), size * steps
    random = np.random.default_rng(0)
    part = own_range(rows, processes)
    x, t = (random.normal(size=(len(part), columns)).astype(np.float32) for columns in (network.inputs, network.targets))
    data = Sharded.of((x, t), Shard(np.arange(part.start, part.stop), rows, processes))
    halves = CompiledHalves(network, optimizer, "float32", size, processes.local)
    engine = Distributed(network, optimizer, processes, dtype="float32", halves=halves)
    shapes = network_update(network, optimizer).state_shapes
    state = [np.asarray(network.parameters[key] if key in network.shapes else np.zeros(shapes[key]), np.float32) for key in engine.keys]
    halves.put(state)
    here, own = np.arange(len(part)), min(len(part), size // processes.count)
    number = iter(range(1, 10**9))
    found = {
        "alone": seconds(lambda: halves.add_up(data, here, 0, min(size, len(part)), size), steps),
        "part": seconds(lambda: halves.add_up(data, here, 0, own, size), steps),
        "reduction": seconds(lambda: processes.reduce(halves.flat), steps),
    }
    halves.flat[...] = 0
    found["update"] = seconds(lambda: halves.move(next(number)), steps)
    order = random.permutation(rows)
    found["step"] = seconds(lambda: engine.epoch(data, order, size, state, 0, np.inf, lambda: False), 1) / steps
    return {name: max(processes.numbers(1000 * value)) for name, value in found.items()}


def main() -> None:
    processes = cr.launched() or Processes(lambda flat: flat, 0, 1)
    for short, size, steps in CASES:
        network = problem(short).network
        found = measured(network, size, steps, processes)
        model = found["part"] + found["reduction"] + found["update"]
        one = found["alone"] + found["update"]
        if processes.writes:
            said = "  ".join(f"{name} {value:.3f}" for name, value in found.items())
            print(f"{short}, {size} rows a step, {network.size:,} parameters: {said}", flush=True)
            print(f"  of the sum of the parts: {model / found['step']:.2f}; of one process: {one / found['step']:.2f}", flush=True)


if __name__ == "__main__":
    main()
