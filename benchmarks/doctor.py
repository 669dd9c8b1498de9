"""What a diagnosis of 2,000 rows costs, its trials and cures included."""

from __future__ import annotations

import sys

import numpy as np
from measure import calls, median, milliseconds, table

from chainrule import Network, adam, dense, doctor, sgd, train
from chainrule.diagnosis.case import Case
from chainrule.diagnosis.examination import examined

ROWS, INPUTS = 2_000, 10
AIM = "5 s"


def main() -> None:
    rounds = max(3, int(sys.argv[1]) // 3)
    random = np.random.default_rng(0)
    x = random.normal(size=(ROWS, INPUTS))
    t = np.tanh(x @ random.normal(size=(INPUTS, 1)))
    network = Network(INPUTS, dense(32, "relu"), dense(1))
    uneven = x * np.tile([1.0, 100.0], INPUTS // 2)
    shuffled = t[random.permutation(ROWS)]
    rows = {**{f"x{place}": x[:, place] for place in range(INPUTS)}, "t": t[:, 0]}
    model = train(rows, target="t", epochs=20, learning_rate=1e-5)
    cases = {
        "a healthy network": lambda: examined(Case(network, x, t, adam(0.01)), "healthy"),
        "inputs that are not scaled": lambda: examined(Case(network, uneven, t, sgd(0.05)), "uneven"),
        "targets that have nothing to do with the inputs": lambda: examined(Case(network, x, shuffled, adam(0.01)), "shuffled"),
        "a rate that is too small": lambda: examined(Case(network, x, t, sgd(1e-6)), "slow"),
        "a model that has learned too little": lambda: doctor(model, data=rows),
    }
    taken = calls(cases, rounds)
    lines = [[name, milliseconds(median(seconds)), AIM] for name, seconds in taken.items()]
    print(table([f"diagnosis of {ROWS:,} rows", "CPU time", "aim"], lines))


if __name__ == "__main__":
    main()
