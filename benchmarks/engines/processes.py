"""Peers as processes that wait, stopped, until it is their turn."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import reference
from environment import variables
from workloads import Workload, named

HERE = Path(__file__).parent

PATIENCE = 240.0
"""Seconds after which a peer that does not answer is given up."""


@dataclass(frozen=True)
class Kind:
    """name   as the tables say it
    threads  does it use more than one?
    """

    name: str
    threads: bool = True


KINDS: dict[str, Kind] = {
    "compiled": Kind("**chainrule**"),
    "plain_c": Kind("plain C; else the products at the peak"),
    "jax_scan": Kind("JAX, scan over the epoch"),
    "jax_step": Kind("JAX, jit a step"),
    "written": Kind("NumPy as in a textbook"),
    "scikit_learn": Kind("scikit-learn"),
    "torch_eager": Kind("torch eager"),
    "torch_compile": Kind("torch.compile"),
    "keras_jax": Kind("Keras (JAX)"),
    "hips_autograd": Kind("HIPS autograd"),
    "micrograd_": Kind("micrograd", threads=False),
    "seed": Kind("the notebook's code", threads=False),
}
"""Every peer; the first two are ours and the floor."""

OURS, FLOOR = "compiled", "plain_c"

OUR_JAX, JAX_BY_HAND = "engine_jax", "jax_epochs"
SIDE_BY_SIDE: dict[str, Kind] = {OUR_JAX: Kind("chainrule, `--engine jax`"), JAX_BY_HAND: Kind("JAX by hand")}
"""What is compared by itself, on rows that each epoch takes in an order of its own and with its error: the first is to take no more than
1.05 times as long as the second."""


class Peer:
    """One of them, with so many threads. `fault` says why it cannot be used."""

    def __init__(self, kind: str, threads: int) -> None:
        self.kind, self.threads, self.fault = kind, threads, ""
        command = [sys.executable, str(HERE / "peer.py"), kind]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=variables(threads)
        )
        answer = self._answer()
        self.version, self.fault = answer.get("version", ""), answer.get("error", "")
        self._rest()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout
        if not select.select([self.process.stdout], [], [], PATIENCE)[0]:
            self.process.kill()
            return {"error": f"no answer in {PATIENCE:g} s"}
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"error": "it ended"}

    def _rest(self) -> None:
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGSTOP)  # threads that spin would disturb the next one

    def ask(self, **what: Any) -> dict[str, Any]:
        """Its answer; {"error": …} where it fails."""
        if self.process.poll() is not None:
            return {"error": "it ended"}
        assert self.process.stdin
        os.kill(self.process.pid, signal.SIGCONT)
        self.process.stdin.write(json.dumps(what).encode() + b"\n")
        self.process.stdin.flush()
        answer = self._answer()
        self._rest()
        return answer

    def ready(self, key: str) -> str:
        """Makes the workload ready, after a check; why that failed, or ""."""
        return agrees(self, key) or self.ask(do="begin", workload=key).get("error", "")

    def end(self) -> None:
        """It is no longer needed."""
        self.process.kill()
        self.process.wait()


def agrees(peer: Peer, key: str) -> str:
    """Does it compute what the reference does? Why not, or ""."""
    workload = named(key)
    steps = min(workload.steps, 4 if workload.parameters > 1e6 else 10)
    if (answer := peer.ask(do="begin", workload=key, steps=steps)).get("error"):
        return answer["error"]
    if peer.kind == FLOOR and workload.name not in ("W1", "W2"):
        return ""  # it only multiplies and adds
    with tempfile.TemporaryDirectory(prefix="chainrule-peers-") as folder:
        answer = peer.ask(do="check", steps=steps, to=f"{folder}/result.npz")
        if answer.get("error"):
            return answer["error"]
        with np.load(f"{folder}/result.npz") as file:
            result = list(file.values())
    if peer.kind == "scikit_learn":
        workload = replace(workload, biases=True)
    gap = distance(workload.short(steps), answer["steps"], result)
    return "" if gap < tolerance(workload) else f"computes something else: {gap:.1e} away"


def tolerance(workload: Workload) -> float:
    """What rounding may do, as a part of how far the weights have moved; Adam divides by gradients that are nothing but rounding."""
    if workload.dtype == "float64":
        return 1e-9
    return 1e-3 if workload.optimizer == "sgd" else 5e-2


def distance(workload: Workload, steps: int, result: list[np.ndarray]) -> float:
    """How far from the reference, ‖w − w*‖ / ‖w* − w₀‖, or of the prediction ‖y − y*‖ / ‖y*‖."""
    if workload.only == "predict":
        last = workload.data()[0][-workload.batch :]
        right, first = [reference.outputs(workload, last, workload.weights())[-1]], [np.zeros(1)]
    else:
        right, first = reference.trained(workload, steps), workload.weights()
    wrong = sum(float(np.sum((a - b) ** 2)) for a, b in zip(result, right, strict=True))
    moved = sum(float(np.sum((a - b) ** 2)) for a, b in zip(right, first, strict=True))
    return float(np.sqrt(wrong / moved)) if np.isfinite(wrong) else float("inf")
