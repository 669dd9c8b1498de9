"""Training steps of layers beside PyTorch eager: `python benchmarks/layers.py`, float32, one thread, a batch of 32, in processor time.

Each row is a network in a short form and the same module in PyTorch; a step is the forward pass, the gradients and w ← w − η g. Both
engines are there, the NumPy program and machine code, which takes the steps of a pass in one call, with the time to compile it.
NumPy's OpenBLAS takes the kernels that fit the processor, as PyTorch does, whatever the environment says of them.
Processor time of all is taken in turns, and the least of the rounds counts; so a busy machine changes them alike.
"""

from __future__ import annotations

import math
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

import chainrule as cr
from chainrule.engines.compiled.engine import Compiled
from chainrule.engines.written import written_program
from chainrule.network.network import Network
from chainrule.network.short_form import short_form

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""What libraries are asked by for one thread, before they are imported: the program starts itself anew for that."""

KERNELS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
"""What would keep OpenBLAS to the kernels of another processor, as machines do that are to give the same digits."""

ROWS, RATE, ROUNDS, SECONDS = 32, 1e-4, 7, 0.15

PASS = 16
"""Steps of a pass by machine code."""


class Last(nn.Module):
    """The last state of a recurrence."""

    def __init__(self, cell: nn.Module) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, x: Tensor) -> Tensor:
        states: Tensor = self.cell(x)[0]
        return states[:, -1]


class WithoutFusion(nn.Module):
    """A module without oneDNN, which computes the cells of an LSTM in one piece: as PyTorch's own operations, one by one."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        with torch.backends.mkldnn.flags(enabled=False):
            return torch.as_tensor(self.inner(x))


class Beside(nn.Module):
    """x + f(x)."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


def _residual(inputs: int, width: int, count: int) -> tuple[Network, Callable[[], nn.Module]]:
    """A residual MLP: a hidden layer, so many times x + f(x), and an output of ten."""

    def net(x: object) -> object:
        h = cr.dense(width, "relu")(x)
        for _ in range(count):
            h = h + cr.dense(width)(cr.dense(width, "relu")(h))
        return cr.dense(10)(h)

    def module() -> nn.Module:
        parts = (Beside(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width)) for _ in range(count))
        return nn.Sequential(nn.Linear(inputs, width), nn.ReLU(), *parts, nn.Linear(width, 10))

    return Network(inputs, net), module


def _convolutions(height: int, width: int, channels: int, units: Sequence[int | str]) -> nn.Module:
    """Convolutions of 3 × 3 of so many channels with zeros around and tanh, pools of 2 × 2 at each "p", and an output of ten."""
    layers: list[nn.Module] = []
    for count in units:
        if isinstance(count, str):
            layers.append(nn.MaxPool2d(2))
            height, width = height // 2, width // 2
        else:
            layers += [nn.Conv2d(channels, count, 3, padding=1), nn.Tanh()]
            channels = count
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(height * width * channels, 10))


def _block(width: int, heads: int) -> nn.Module:
    return nn.TransformerEncoderLayer(width, heads, 4 * width, dropout=0, activation="gelu", batch_first=True, norm_first=True)


NETWORKS: dict[str, tuple[Network, Callable[[], nn.Module]]] = {
    "residual MLP, 64-128-3 × (128-128)-10": _residual(64, 128, 3),
    "residual MLP, 128-320-4 × (320-320)-10": _residual(128, 320, 4),
    "8x8x1:c16k3p1-p2-c32k3-10": (
        short_form("8x8x1:c16k3p1-p2-c32k3-10"),
        lambda: nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.Tanh(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3), nn.Tanh(), nn.Flatten(), nn.Linear(128, 10)
        ),
    ),
    "16x16x3:c64k3p1-p2-c128k3p1-c256k3p1-p2-10": (
        short_form("16x16x3:c64k3p1-p2-c128k3p1-c256k3p1-p2-10"),
        lambda: _convolutions(16, 16, 3, (64, "p", 128, 256, "p")),
    ),
    "8x8x3:c64k3p1-c128k3p1-c256k3p1-p2-10": (
        short_form("8x8x3:c64k3p1-c128k3p1-c256k3p1-p2-10"),
        lambda: _convolutions(8, 8, 3, (64, 128, 256, "p")),
    ),
    "20x16:lstm32-10": (
        short_form("20x16:lstm32-10"),
        lambda: nn.Sequential(Last(nn.LSTM(16, 32, batch_first=True)), nn.Linear(32, 10)),
    ),
    "20x16:lstm32-10, PyTorch without oneDNN": (
        short_form("20x16:lstm32-10"),
        lambda: WithoutFusion(nn.Sequential(Last(nn.LSTM(16, 32, batch_first=True)), nn.Linear(32, 10))),
    ),
    "20x16:gru32-10": (
        short_form("20x16:gru32-10"),
        lambda: nn.Sequential(Last(nn.GRU(16, 32, batch_first=True)), nn.Linear(32, 10)),
    ),
    "v60x16:e32-block4-60": (
        short_form("v60x16:e32-block4-60"),
        lambda: nn.Sequential(nn.Embedding(60, 32), _block(32, 4), nn.Flatten(), nn.Linear(512, 60)),
    ),
    "v60x32:e128-block4-60": (
        short_form("v60x32:e128-block4-60"),
        lambda: nn.Sequential(nn.Embedding(60, 128), _block(128, 4), nn.Flatten(), nn.Linear(4096, 60)),
    ),
    "v60x32:e192-block6-60": (
        short_form("v60x32:e192-block6-60"),
        lambda: nn.Sequential(nn.Embedding(60, 192), _block(192, 6), nn.Flatten(), nn.Linear(6144, 60)),
    ),
    "v60x16:e224-block4-60": (
        short_form("v60x16:e224-block4-60"),
        lambda: nn.Sequential(nn.Embedding(60, 224), _block(224, 4), nn.Flatten(), nn.Linear(3584, 60)),
    ),
    "20x128:lstm256-10": (
        short_form("20x128:lstm256-10"),
        lambda: nn.Sequential(Last(nn.LSTM(128, 256, batch_first=True)), nn.Linear(256, 10)),
    ),
    "20x128:gru256-10": (
        short_form("20x128:gru256-10"),
        lambda: nn.Sequential(Last(nn.GRU(128, 256, batch_first=True)), nn.Linear(256, 10)),
    ),
    "20x128:gru384-10": (
        short_form("20x128:gru384-10"),
        lambda: nn.Sequential(Last(nn.GRU(128, 384, batch_first=True)), nn.Linear(384, 10)),
    ),
}  # fmt: skip


def _ours(network: Network, x: np.ndarray, t: np.ndarray) -> Callable[[], object]:
    step, arrays = written_program(network).step, network.split(x, t)
    given = [array.astype(np.float32) for array in arrays.values()]
    state = [np.asarray(array, np.float32) for array in network.parameters.values()]

    def once() -> None:
        state[:] = step(*given, *state, learning_rate=RATE)[1:]

    return once


def _machine_code(network: Network, x: np.ndarray, t: np.ndarray) -> tuple[Callable[[], object], float]:
    """A pass, and the seconds that it takes to make its code."""
    start = time.process_time()
    engine = Compiled(network, cr.sgd(RATE), dtype="float32", threads=1)
    data = tuple(np.tile(array.astype(np.float32), (PASS, 1)) for array in (x, t))
    engine.prepare(data, ROWS)
    made = time.process_time() - start
    state: Sequence[np.ndarray] = [np.asarray(array, np.float32) for array in network.parameters.values()]

    def once() -> None:
        nonlocal state
        passed = engine.epoch(data, None, ROWS, state, 0, math.inf, lambda: False)
        assert passed.ended == "whole"
        state = passed.state

    return once, made


def _theirs(module: nn.Module, x: np.ndarray, t: np.ndarray, shape: tuple[int, ...], tokens: bool) -> Callable[[], object]:
    signal = torch.tensor(x.reshape(len(x), *shape), dtype=torch.long if tokens else torch.float32)
    if len(shape) == 3:
        signal = signal.movedim(-1, 1).contiguous()
    target, optimizer = torch.tensor(t, dtype=torch.float32), torch.optim.SGD(module.parameters(), RATE)

    def once() -> None:
        optimizer.zero_grad()
        (0.5 * ((module(signal) - target) ** 2).sum(1).mean()).backward()
        optimizer.step()

    return once


def _seconds(step: Callable[[], object]) -> float:
    """Processor time of a step."""
    start, count = time.process_time(), 0
    while (taken := time.process_time() - start) < SECONDS:
        step()
        count += 1
    return taken / count


def rows(wanted: str = "") -> Iterator[tuple[str, int, float, float, float, float]]:
    """What the network is, its parameters, seconds until machine code is there, and of a step by it, by the NumPy program, and by PyTorch;
    of those whose name holds what is wanted.
    """
    torch.set_num_threads(1)
    random = np.random.default_rng(0)
    for name, (network, module) in NETWORKS.items():
        if wanted not in name:
            continue
        extent = next(iter(network.wiring.inputs.values()))
        shape, vocabulary = getattr(extent, "shape", (int(extent),)), getattr(extent, "vocabulary", 0)
        x = random.integers(0, vocabulary, (ROWS, extent)).astype(float) if vocabulary else random.normal(size=(ROWS, extent))
        t = random.normal(size=(ROWS, network.outputs))
        ours, theirs = _ours(network, x, t), _theirs(module(), x, t, shape, bool(vocabulary))
        code, made = _machine_code(network, x, t)
        ours(), theirs(), code()
        rounds = [(_seconds(code) / PASS, _seconds(ours), _seconds(theirs)) for _ in range(ROUNDS)]
        fast, own, other = (min(times) for times in zip(*rounds, strict=True))
        yield name, sum(p.size for p in network.parameters.values()), made, fast, own, other


if __name__ == "__main__":
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1" or {*KERNELS} & {*os.environ}:
        kept = {name: value for name, value in os.environ.items() if name not in KERNELS}
        os.execve(sys.executable, [sys.executable, *sys.argv], {**kept, **dict.fromkeys(THREADS, "1")})
    warnings.filterwarnings("ignore", message="TF32")  # of Intel's graphics, wherever oneDNN is turned off
    print("| network | parameters | to compile | compiled | written | PyTorch eager | ÷ compiled | ÷ written |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name, size, made, fast, own, other in rows(*sys.argv[1:2]):
        times = " | ".join(f"{seconds * 1e3:.2f} ms" for seconds in (fast, own, other))
        print(f"| {name} | {size:,} | {made:.1f} s | {times} | {other / fast:.1f} | {other / own:.2f} |", flush=True)
