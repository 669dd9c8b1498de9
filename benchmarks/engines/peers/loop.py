"""What peers share that are called once a step from Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from workloads import Workload


def batches(workload: Workload, x: Any, t: Any) -> list[tuple[Any, Any]]:
    """The batches of an epoch, as slices."""
    size = workload.batch
    return [(x[start : start + size], t[start : start + size]) for start in range(0, len(x), size)]


def one_hot(workload: Workload, t: np.ndarray) -> np.ndarray:
    """Targets as rows: classes as ones and zeros."""
    return np.eye(workload.sizes[-1], dtype=workload.dtype)[t] if workload.classes else t


class Loop:
    """Batch after batch, over and over: step(x, t) for each."""

    def __init__(
        self,
        step: Callable[[Any, Any], object],
        pairs: Sequence[tuple[Any, Any]],
        result: Callable[[], list[np.ndarray]],
        wait: Callable[[], object] = lambda: None,
    ) -> None:
        self.step, self.pairs, self.result, self.wait = step, pairs, result, wait
        self.place = 0

    def go(self, steps: int) -> int:
        step, pairs, place = self.step, self.pairs, self.place
        for _ in range(steps):
            step(*pairs[place])
            place += 1
            if place == len(pairs):
                place = 0
        self.place = place
        self.wait()
        return steps
