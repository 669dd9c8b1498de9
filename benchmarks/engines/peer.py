"""A peer in a process of its own: `python peer.py NAME`. Answers one line of JSON on standard output for each on standard input.

    {"do": "begin", "workload": KEY}    makes the network and its data ready            {"seconds": …}: what the first epoch took on top
    {"do": "check", "steps": N, "to": FILE}   N steps from the first weights; the weights, or the prediction, go into FILE (.npz)
    {"do": "time", "steps": N}          N whole steps, in whole epochs where that is one call   {"seconds": …, "steps": …}
    {"do": "memory"}                    {"megabytes": …} at most, of this process
    {"do": "about"}                     {"version": …}

A peer is a module in `peers` with `about() -> str` and `begin(workload, threads) -> Run`.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import time
from typing import Any, Protocol

import numpy as np
from workloads import named


class Run(Protocol):
    """What a peer makes of a workload. It starts at the first weights."""

    def go(self, steps: int) -> int:
        """At least so many steps through the batches, in order, over and over; or as many forward passes. Returns how many it took,
        after they are really done."""

    def result(self) -> list[np.ndarray]:
        """The weights as W1, b1, W2 …, W as (inputs, units); or the prediction of the last batch."""


def answered(module: Any, threads: int, run: Run | None, ask: dict[str, Any]) -> tuple[Run | None, dict[str, Any]]:
    """What is now at hand, and the answer."""
    match ask["do"]:
        case "about":
            return run, {"version": module.about()}
        case "begin":
            start = time.perf_counter()
            workload = named(ask["workload"])
            run = module.begin(workload.short(ask["steps"]) if "steps" in ask else workload, threads)
            return run, {"seconds": time.perf_counter() - start}
        case "check":
            assert run is not None
            taken = run.go(ask["steps"])
            np.savez(ask["to"], *run.result())
            return run, {"steps": taken}
        case "time":
            assert run is not None
            start, cpu = time.perf_counter(), time.process_time()
            taken = run.go(ask["steps"])
            return run, {"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu, "steps": taken}
        case "memory":
            return run, {"megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 2**20)}
    raise SystemExit(f"nobody knows {ask}")


def confined() -> int:
    """How many threads are wanted; the process keeps to as many processors, since not every library can be told."""
    threads = int(os.environ["OMP_NUM_THREADS"])
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])
    return threads


def main() -> None:
    threads = confined()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a peer prints is no answer
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "peers"))
    try:
        module = importlib.import_module(f"peers.{sys.argv[1]}")
    except Exception as error:  # noqa: BLE001  # whatever stands in the way of a peer, it is left out
        module = None
        answers.write(json.dumps({"error": f"{type(error).__name__}: {error}"}) + "\n")
    else:
        answers.write(json.dumps({"version": module.about()}) + "\n")
    answers.flush()
    run: Run | None = None
    for line in sys.stdin:
        try:
            run, answer = answered(module, threads, run, json.loads(line))
        except Exception as error:  # noqa: BLE001  # whatever stands in the way of this workload, the others are measured
            answer = {"error": f"{type(error).__name__}: {error}"[:300]}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
