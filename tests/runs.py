"""Small networks and tables to train on: shared by the tests of the loop."""

import numpy as np

import chainrule as cr

SEED = cr.Network(2, cr.dense(2, bias=False), cr.dense(1, bias=False)).with_weights([0.21, 0.56, 0.19, 0.02, 0.23, 0.16])
XOR = ([[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]])


def rings(rows=90, seed=0):
    """Points on three rings, and the ring of each."""
    random = np.random.default_rng(seed)
    labels = np.arange(rows) % 3
    angle = random.uniform(0, 2 * np.pi, rows)
    radius = labels + random.normal(0, 0.1, rows)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]), np.eye(3)[labels], labels


def network(**settings):
    return cr.Network(2, cr.dense(6, "tanh"), cr.dense(3), loss="cross_entropy", **settings)


def held_out(x, t):
    return {"validation": (x[70:], t[70:])}


def same(a, b):
    return all(np.array_equal(a[key], b[key]) for key in {**a, **b})
