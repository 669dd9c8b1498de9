"""What compiling costs before the first step, network by network."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from environment import variables
from measure import median, table
from tables import number
from workloads import GROWTH, WORKLOADS, named

HERE = Path(__file__).parent

FEW, TINY, ANY = 100, 0.1, 1.0
"""Up to so many parameters a network is tiny; seconds that compiling may take: a tiny network, any of the list."""

PARTS, CACHED = ("deriving", "writing", "LLVM"), "from the cache"
"""What compiling consists of, and what is done in place of the last two where they were done before: see `compile_once.py`."""


def compiling(rounds: int) -> dict[str, dict[str, float]]:
    """The medians of every workload, and of networks of more and more layers."""
    print("compiling …", file=sys.stderr)
    found: dict[str, dict[str, float]] = {}
    for key in [w.key for w in WORKLOADS] + [f"depth:{w.name}" for w in GROWTH["depth"]]:
        lives = [_life(key) for _ in range(rounds)]
        found[key] = {part: median([life[part] for life in lives]) for part in (*PARTS, CACHED)}
    return found


def _life(key: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="chainrule-cache-") as cache:
        command = [sys.executable, str(HERE / "compile_once.py"), key]
        done = subprocess.run(command, env=variables(1) | {"CHAINRULE_CACHE": cache}, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def compiling_table(found: Mapping[str, Mapping[str, float]]) -> str:
    """Milliseconds, a row a network."""
    rows = []
    for key, parts in found.items():
        workload = named(key)
        name = workload.label if ":" not in key else f"{workload.name} hidden layers of 64, 32, SGD, float32"
        whole, aim = sum(parts[part] for part in PARTS), TINY if workload.parameters <= FEW else ANY
        shown = [parts[part] for part in PARTS] + [whole, aim, parts[CACHED]]
        cells = [number(1e3 * seconds) for seconds in shown]
        cells[len(PARTS)] += "" if whole < aim else " ✗"
        rows.append([name, *cells])
    return table(["ms of processor time", *PARTS, "compiling", "aim", CACHED], rows)
