"""What a person waits for a verdict: one file, and a hundred in one call, against NumPy's own start, taken in turn in one run."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from measure import median, milliseconds, progress, ratio, table

PROGRAMS = Path(__file__).parent.parent / "tests" / "learners" / "programs"
"""Programs as people write them; two of them show the mistakes in a function and in a script that is watched."""

RIGHT, WRONG, WATCHED = "dict_columns.py", "dict_columns_slope.py", "short_loop_z.py"
HUNDRED = 100
NUMPY = '`python -c "import numpy"`'
AIMS = {RIGHT: "2 s", WRONG: "2 s", WATCHED: "2 s", "hundred": "60 s"}


def main() -> None:
    rounds = max(1, int(sys.argv[1]) // 5)
    chainrule = str(Path(sys.executable).with_name("chainrule"))
    files = sorted(path for path in PROGRAMS.iterdir() if path.suffix == ".py" and "torch" not in path.name)
    hundred = [str(files[place % len(files)]) for place in range(HUNDRED)]
    commands = {NUMPY: [sys.executable, "-c", "import numpy"]}
    commands |= {name: [chainrule, "check", str(PROGRAMS / name)] for name in (RIGHT, WRONG, WATCHED)}
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        progress("one file", number, rounds + 1)
        for name, command in commands.items():
            cost = waited(command)
            if number:
                taken[name].append(cost)
    bare = [wall for wall, _ in taken[NUMPY]]
    rows = [row(f"`chainrule check`, {name}", taken[name], bare, AIMS[name]) for name in commands if name != NUMPY]
    rows.append(row(f"`chainrule check` of {HUNDRED} files", [waited([chainrule, "check", *hundred])], bare, AIMS["hundred"]))
    print(table(["from start to verdict", "wall time", "CPU time", "÷ NumPy", "aim"], [row(NUMPY, taken[NUMPY], bare, ""), *rows]))
    print(f"\n{os.cpu_count()} processors, {os.getloadavg()[0]:.1f} processes that wanted one, this benchmark's own among them.")


def row(name: str, costs: Sequence[tuple[float, float]], bare: Sequence[float], aim: str) -> list[str]:
    """A line of the table; the ratio is that of wall times."""
    walls, processors = ([cost[place] for cost in costs] for place in (0, 1))
    base = bare if len(bare) == len(walls) else [median(bare)] * len(walls)
    return [name, milliseconds(median(walls)), milliseconds(median(processors)), f"{ratio(walls, base):.1f}", aim]


def waited(command: Sequence[str]) -> tuple[float, float]:
    """Seconds on the clock, and of processors, its children's among them. Raises SystemExit where it says anything but right or wrong."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        raise SystemExit(f"{' '.join(command[:3])} failed with status {status}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
