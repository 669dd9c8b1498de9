"""What the machine can do at most: arithmetic from registers and from the caches, reading from the caches and from memory."""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
from measure import table
from peers.plain_c import library

TERMS, ROWS = 512, 252
"""Of the product with operands from the caches: a panel of 128 KiB, read by every tile, and rows of 504 KiB."""

WIDE = (256, 2048, 2048)
"""The product of the wide network's second layer."""

CACHED, LARGE = 100_352, 64 * 2**20
"""Numbers that are added up: the weights of 784 × 128, and more than any cache of one processor holds."""

ROUNDS = 7


def _aligned(count: int) -> np.ndarray:
    room = np.ones(count + 1024, np.float32)
    start = -room.ctypes.data % 4096 // 4
    return room[start : start + count]


def _pointer(array: np.ndarray) -> ctypes.c_void_p:
    return array.ctypes.data_as(ctypes.c_void_p)


class Bounds:
    """The work of one thread. Each function does it once; returns floating-point operations, or bytes."""

    def __init__(self) -> None:
        self.library = library()
        self.library.peak.restype = self.library.product.restype = ctypes.c_double
        self.library.reading.restype = ctypes.c_float
        self.a, self.b, self.c = _aligned(TERMS * ROWS), _aligned(TERMS * 64), _aligned(6 * 64)
        self.numbers = _aligned(LARGE)

    def registers(self) -> float:
        """Multiply-adds from registers."""
        return float(self.library.peak(ctypes.c_double(1e10), _pointer(self.c)))

    def caches(self) -> float:
        """Multiply-adds of a product, as its tiles read them."""
        sizes = map(ctypes.c_long, (TERMS, ROWS, 600))
        return float(self.library.product(_pointer(self.a), _pointer(self.b), _pointer(self.c), *sizes))

    def cached(self) -> float:
        """Adding up numbers in the second-level cache."""
        return self._reading(CACHED, 50_000)

    def memory(self) -> float:
        """Adding up numbers in memory."""
        return self._reading(LARGE, 1)

    def _reading(self, count: int, rounds: int) -> float:
        self.library.reading(_pointer(self.numbers), ctypes.c_long(count), ctypes.c_long(rounds))
        return 4.0 * count * rounds


def _torch(threads: int) -> Callable[[], float] | None:
    """The wide product by torch, which takes its maker's library (MKL on Intel's processors)."""
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(threads)
    n, k, c = WIDE
    x, w, y = torch.ones(n, k), torch.ones(k, c), torch.empty(n, c)

    def product() -> float:
        for _ in range(10):
            torch.mm(x, w, out=y)
        return 10 * 2.0 * n * k * c

    return product


def bounds(threads: int) -> dict[str, float]:
    """The highest rates of all threads together, a second: the kinds of work take turns."""
    print(f"bounds, {threads} thread{'s' * (threads > 1)} …", file=sys.stderr)
    each = [Bounds() for _ in range(threads)]
    found: dict[str, float] = {}
    with ThreadPoolExecutor(threads) as pool:

        def all_threads(name: str) -> float:
            return sum(pool.map(lambda one: getattr(one, name)(), each))

        work: dict[str, Callable[[], float]] = {name: partial(all_threads, name) for name in ("registers", "caches", "cached", "memory")}
        if torch := _torch(threads):
            work["torch"] = torch
        for number in range(ROUNDS + 1):
            for name, once in work.items():
                started = time.perf_counter()
                done = once()
                if number:
                    found[name] = max(found.get(name, 0.0), done / (time.perf_counter() - started))
    return found


NAMES = {
    "registers": ("multiplying and adding, from registers", "GFLOP/s"),
    "caches": ("the same in tiles of a product, from the caches", "GFLOP/s"),
    "torch": ("torch's product, 256 × 2048 × 2048", "GFLOP/s"),
    "cached": ("reading 0.4 MB again and again", "GB/s"),
    "memory": ("reading 268 MB", "GB/s"),
}


def bounds_table(found: dict[str, Any]) -> str:
    """Rates, a column for each number of threads."""
    rows = [
        [name, *(f"{one[key] / 1e9:.0f} {unit}" if key in one else "–" for one in found.values())]
        for key, (name, unit) in NAMES.items()
        if any(key in one for one in found.values())
    ]
    return table(["what the machine can do", *(f"{threads} thread{'s' * (threads != '1')}" for threads in found)], rows)
