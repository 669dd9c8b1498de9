"""Data larger than memory: python benchmarks/disk.py [MEGABYTES OF MEMORY]

A folder of 500 MB of Parquet, 1,040,000 rows of 60 columns, is read by pyarrow alone, and trained on with `chainrule train`: by one
process, and by two that mpirun starts, each of which may have no more writable memory of its own than so many megabytes (RLIMIT_DATA; 300,
if none are said). What is mapped from files is not counted in the limit, as the system may drop it at any time; it is in the
resident memory. Processor seconds are those of all processes together.
"""

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow
from measure import Cost, run, table
from pyarrow import parquet

FILES, ROWS, COLUMNS, GROUP = 13, 80_000, 60, 20_000
EPOCHS = 10
READ = "import sys; from pyarrow.parquet import ParquetFile; [batch for path in sys.argv[1:] for batch in ParquetFile(path).iter_batches()]"
VARIABLES = {
    "OMP_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # the usual one takes a gigabyte of addresses at once, which the limit would count
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
}


def make(folder: Path) -> list[str]:
    """The files: numbers, the last of which is a smooth function of the others, and noise."""
    random, paths = np.random.default_rng(0), []
    weights = random.normal(size=COLUMNS - 1) / np.sqrt(COLUMNS)
    for number in range(FILES):
        x = random.normal(size=(ROWS, COLUMNS - 1))
        y = np.tanh(x @ weights) + 0.1 * random.normal(size=ROWS)
        columns = {f"x{place}": x[:, place] for place in range(COLUMNS - 1)} | {"y": y}
        paths.append(str(folder / f"part{number:02}.parquet"))
        parquet.write_table(pyarrow.table(columns), paths[-1], row_group_size=GROUP, use_dictionary=False, compression="none")
    return paths


def limited(command: Sequence[str], megabytes: int) -> list[str]:
    """The command, each process of which has no more memory."""
    return ["bash", "-c", f'ulimit -d {1024 * megabytes} && exec "$@"', "bash", *command]


def timed(command: Sequence[str]) -> tuple[Cost, float]:
    """What it costs, and how long it takes by the clock."""
    begun = time.perf_counter()
    return run(command, VARIABLES), time.perf_counter() - begun


def main() -> None:
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "rows"
        folder.mkdir()
        paths = make(folder)
        size = sum(map(os.path.getsize, paths)) / 2**20

        def train(epochs: int) -> list[str]:
            asked = ["train", str(folder), "--target", "y", "--hidden", "16", "--epochs", str(epochs), "--validation", "0.1"]
            return [sys.executable, "-m", "chainrule", *asked, "--quiet", "--force", "-o", f"{place}/model.safetensors"]

        commands = {
            "pyarrow reads the folder": [sys.executable, "-c", READ, *paths],
            "one process, an epoch": limited(train(1), megabytes),
            f"one process, {1 + EPOCHS} epochs": limited(train(1 + EPOCHS), megabytes),
            "two processes, an epoch": ["mpirun", "--oversubscribe", "-n", "2", *limited(train(1), megabytes)],
            f"two processes, {1 + EPOCHS} epochs": ["mpirun", "--oversubscribe", "-n", "2", *limited(train(1 + EPOCHS), megabytes)],
        }
        found = {name: timed(command) for name, command in commands.items()}
        rows = [[name, f"{cost.seconds:.1f}", f"{wall:.1f}", f"{cost.megabytes:.0f}"] for name, (cost, wall) in found.items()]
        _, *others = found.values()
        for some, name in ((others[:2], "one process"), (others[2:], "two processes")):
            epoch = [(later - once) / EPOCHS for once, later in zip(_seconds(some[0]), _seconds(some[1]), strict=True)]
            rows.append([f"{name}, each further epoch", *(f"{seconds:.2f}" for seconds in epoch), ""])
        print(f"{size:.0f} MB of Parquet, {FILES * ROWS:,} rows; each process has {megabytes} MB at most\n")
        print(table(("", "processor seconds", "seconds by the clock", "resident memory at most, MB"), rows))


def _seconds(costs: tuple[Cost, float]) -> tuple[float, float]:
    return costs[0].seconds, costs[1]


if __name__ == "__main__":
    main()
