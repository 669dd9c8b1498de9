"""The program that `chainrule code` prints: NumPy as in a textbook."""

from __future__ import annotations

import numpy as np
from loop import Loop, batches, one_hot
from network import network, optimizer
from workloads import Workload

import chainrule as cr
from chainrule.engines.written import written_program


def about() -> str:
    return f"chainrule {cr.__version__}, NumPy {np.__version__}"


def begin(workload: Workload, threads: int) -> Loop:
    program = written_program(network(workload), optimizer(workload))
    x, t = workload.data()
    pairs, weights = batches(workload, x, one_hot(workload, t)), workload.weights()
    if workload.only == "predict":
        seen = [None]

        def predict(x, t):
            seen[0] = program.functions["predict"](x, *weights)

        return Loop(predict, pairs, lambda: [seen[0]])
    first = dict(zip(network(workload).shapes, weights, strict=True))
    keys = [key for key in program.inputs if key not in ("x", "t", "k")]
    state = [first[key] if key in first else np.zeros_like(first[key.rpartition("_")[2]]) for key in keys]
    step, numbered, count = program.functions["step"], "k" in program.inputs, [0]

    def train(x, t):
        count[0] += 1
        _, *state[:] = step(x, t, *state, *([count[0]] if numbered else []))

    return Loop(train, pairs, lambda: state[: len(weights)])
