"""The program that `chainrule code` prints, against the same step written by hand: a batch of 64 and a 784-128-10 network.

Both are first checked to compute the same numbers. Wall time of single steps, in turn.
"""

from __future__ import annotations

import sys
import time

import hand
import numpy as np
from measure import calls, median, milliseconds, ratio, table

import chainrule as cr
from chainrule.engines.written import written_program

BATCH, RATE, STEPS = 64, 0.05, 20


def main() -> None:
    network = cr.Network(784, cr.dense(128, activation=cr.tanh), cr.dense(10), loss=cr.cross_entropy())
    program = written_program(network, cr.sgd(RATE)).step
    random = np.random.default_rng(0)
    x, t = random.uniform(size=(BATCH, 784)), np.eye(10)[random.integers(10, size=BATCH)]
    parameters = [network.parameters[key].copy() for key in ("W1", "b1", "W2", "b2")]
    check(program(x, t, *parameters, learning_rate=RATE), hand.step(x, t, *parameters, RATE))

    variants = {
        "by hand": lambda: trained(hand.step, x, t, parameters),
        "`written`": lambda: trained(program, x, t, parameters),
        "by hand, weights changed in place": lambda: trained_in_place(x, t, parameters),
    }
    taken = calls(variants, 2 * int(sys.argv[1]), time.perf_counter)
    aims = {"`written`": "1.05"}
    rows = [
        [name, milliseconds(median(each) / STEPS), f"{ratio(each, taken['by hand']):.3f}", aims.get(name, "")]
        for name, each in taken.items()
    ]
    print(table(["one step of 64 × 784-128-10, float64", "time", "÷ by hand", "aim"], rows))


def trained(step, x, t, parameters):
    """Some steps, each from where the last one ended."""
    for _ in range(STEPS):
        _, *parameters = step(x, t, *parameters, learning_rate=RATE)
    return parameters


def trained_in_place(x, t, parameters):
    parameters = [array.copy() for array in parameters]
    for _ in range(STEPS):
        hand.step_in_place(x, t, *parameters, RATE)
    return parameters


def check(printed, by_hand) -> None:
    """Do both give the same error and the same parameters? Stops the benchmark if not."""
    for one, other in zip(printed, by_hand, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-14)


if __name__ == "__main__":
    main()
