"""Plain C, `floor.c`: W1 and W2 by hand; elsewhere what the machine can do at most: the multiply-adds of the products, from registers."""

from __future__ import annotations

import ctypes
import os
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
from workloads import Workload

SOURCE = Path(__file__).parent.parent / "floor.c"
MACHINE = "haswell" if os.environ.get("BENCHMARK_PROCESSOR") == "avx2" else "native"
FLAGS = ("-O3", f"-march={MACHINE}", "-ffast-math", "-mprefer-vector-width=512", "-shared", "-fPIC")


def about() -> str:
    return subprocess.run(["cc", "--version"], check=True, capture_output=True, text=True).stdout.splitlines()[0]


@cache
def library(*macros: str) -> ctypes.CDLL:
    """The compiled file; without the width of vectors where the compiler does not know that option."""
    folder = tempfile.mkdtemp(prefix="chainrule-floor-")
    target = f"{folder}/floor.so"
    for flags in (FLAGS, [flag for flag in FLAGS if not flag.startswith("-mprefer")]):
        made = subprocess.run(["cc", *flags, *macros, str(SOURCE), "-o", target, "-lm"], capture_output=True, check=False)
        if made.returncode == 0:
            return ctypes.CDLL(target)
    raise RuntimeError(made.stderr.decode()[:200])


class Floor:
    """Whole epochs."""

    def __init__(self, workload: Workload) -> None:
        self.workload, self.taken = workload, 0
        x, t = workload.data()
        self.x, self.t = np.ascontiguousarray(x), np.ascontiguousarray(t)
        self.weights = self._held()
        self.m, self.v = self._held(), self._held()
        self.m[:] = self.v[:] = 0
        self.library = library(*["-DADAM"] * (workload.optimizer == "adam"))

    def go(self, steps: int) -> int:
        epochs, each = -(-steps // self.workload.steps), self.workload.steps
        x, t, w, m, v = (array.ctypes.data_as(ctypes.c_void_p) for array in (self.x, self.t, self.weights, self.m, self.v))
        rate = ctypes.c_double(self.workload.rate)
        for _ in range(epochs):
            if self.workload.name == "W1":
                self.library.w1(x, t, w, rate, ctypes.c_long(each))
            else:
                self.library.w2(x, t, w, m, v, rate, ctypes.c_long(each), ctypes.c_long(self.taken))
            self.taken += each
        return epochs * each

    def result(self) -> list[np.ndarray]:
        shapes = [w.shape for w in self.workload.weights()]
        counts = [int(np.prod(shape)) for shape in shapes]
        parts = np.split(self.weights[: sum(counts)], np.cumsum(counts)[:-1])
        return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]

    def _held(self) -> np.ndarray:
        """The weights one after the other, on a multiple of 64 bytes, with room for the last vector."""
        flat = np.concatenate([w.ravel() for w in self.workload.weights()])
        room = np.zeros(flat.size + 64, flat.dtype)
        start = -room.ctypes.data % 64 // flat.itemsize
        room[start : start + flat.size] = flat
        return room[start : start + (flat.size + 15) // 16 * 16]


class Peak:
    """The multiply-adds of the products alone, on every thread a part."""

    def __init__(self, workload: Workload, threads: int) -> None:
        self.each, self.threads, self.library = workload.products, threads, library()
        self.library.peak.restype = ctypes.c_double
        self.pool = ThreadPoolExecutor(threads)

    def go(self, steps: int) -> int:
        operations = ctypes.c_double(self.each * steps / self.threads)

        def one(_: int) -> None:
            out = np.zeros(16, np.float32)
            self.library.peak(operations, out.ctypes.data_as(ctypes.c_void_p))

        list(self.pool.map(one, range(self.threads)))
        return steps

    def result(self) -> list[np.ndarray]:
        return []


def begin(workload: Workload, threads: int) -> Floor | Peak:
    if workload.name not in ("W1", "W2"):
        return Peak(workload, threads)
    return Floor(workload)
