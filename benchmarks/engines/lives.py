"""Whole lives of processes: how long until something is trained, and how much memory that takes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from environment import variables
from measure import median
from processes import OURS
from workloads import Digits

HERE = Path(__file__).parent
COLD = ("W1/1/sgd", "W2/32/adam", "W3/32/adam", "W5/32/adam")
CALLED_A_STEP = ("jax_step", "torch_eager", "torch_compile", "scikit_learn", "keras_jax", "hips_autograd", "micrograd_")
TOO_SLOW = {True: CALLED_A_STEP, False: ("micrograd_",)}
"""Whose epoch of W1, 100,000 steps, is no start but a wait; and of the others."""

LONG = 10.0
"""Seconds; a life that takes longer is lived once."""

AGAIN = f"{OURS}, again"
"""Ours with its cache filled."""


def life(kind: str, *words: str, cache: str) -> dict[str, Any]:
    """Seconds of wall time, megabytes at most, and what it printed; {} where it fails."""
    command = [sys.executable, str(HERE / "once.py"), kind, *words]
    cached = {"CHAINRULE_CACHE": cache, "TORCHINDUCTOR_CACHE_DIR": cache, "PYTHONWARNINGS": "ignore"}
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=variables(1) | cached)
    assert process.stdout
    said = process.stdout.read().decode().splitlines()
    status = process.wait()
    seconds = time.perf_counter() - started
    return {} if status or not said else {"seconds": seconds, **json.loads(said[-1])}


def lives(kinds: Sequence[str], words: Sequence[str], rounds: int) -> dict[str, dict[str, Any]]:
    """The median life of each, in turn. Caches of compiled code are empty, but for ours once more with what it has just stored."""
    found: dict[str, list[dict[str, Any]]] = {}
    for _ in range(rounds):
        for kind in kinds:
            cache = tempfile.mkdtemp(prefix="chainrule-cache-")
            try:
                found.setdefault(kind, []).append(life(kind, *words, cache=cache))
                if kind == OURS:
                    found.setdefault(AGAIN, []).append(life(kind, *words, cache=cache))
            finally:
                shutil.rmtree(cache, ignore_errors=True)
            if not found[kind][-1] or found[kind][-1]["seconds"] > LONG:
                kinds = [other for other in kinds if other != kind]
    whole = {kind: each for kind, each in found.items() if all(each)}
    return {kind: {name: median([one[name] for one in each]) for name in each[0]} for kind, each in whole.items()}


def starts(kinds: Sequence[str], rounds: int) -> dict[str, Any]:
    """Each workload's lives."""
    found = {}
    for key in COLD:
        print(f"starts: {key} …", file=sys.stderr)
        whole = [kind for kind in kinds if kind not in TOO_SLOW[key == COLD[0]]]
        found[key] = lives(whole, [key], rounds)
    return found


def digits(kinds: Sequence[str], rounds: int) -> dict[str, Any]:
    """The lives until 97 %."""
    print("digits …", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="chainrule-digits-") as folder:
        try:
            Digits.write(f"{folder}/digits.npz")
        except ImportError:
            return {}
        return {"digits": lives(kinds, ["digits", f"{folder}/digits.npz"], rounds)}
