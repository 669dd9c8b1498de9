"""Rows that lie in another order than they are taken in, as those of an epoch of a real training do."""

from __future__ import annotations

import numpy as np
from workloads import Workload


def shuffled(workload: Workload) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x and t of a workload, mixed, and the order in which they are the workload's again."""
    x, t = workload.data()
    order = np.random.default_rng(11).permutation(len(x))
    where = np.argsort(order)
    return x[where], t[where], order
