"""What a user sees: a CSV file, a command or a script, and some seconds later a model on the disk; time, memory and score side by side.

`chainrule train FILE --target y` and nothing else, beside what people write with scikit-learn, Keras and torch (`people/`), each in a
process of its own, from its start to its end. All of them have one hidden layer of 32 units, and Adam. Peers that are not installed are
left out. Each row of the table is printed as soon as it is measured.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from measure import Cost, median, megabytes, progress, run, seconds, table

PEOPLE = Path(__file__).parent / "people"
LARGE = "200,000"
"""What takes so long that it is measured once."""


def smooth(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers: a smooth function of the columns, and noise."""
    random = np.random.default_rng(0)
    x = random.normal(size=(rows, columns))
    way = random.normal(size=(columns, 4)) / columns**0.5
    return x, np.sin(x @ way).sum(axis=1) + 0.1 * random.normal(size=rows)


def classes(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Two classes, by the sign of such a function; of one row in twenty the other one."""
    x, y = smooth(rows, columns)
    other = np.random.default_rng(1).random(rows) < 0.05
    return x, np.where((y > 0) ^ other, "yes", "no")


def digits() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    return x, y


SETS: dict[str, Callable[[], tuple[np.ndarray, np.ndarray]]] = {
    "1,000 × 10, a number": lambda: smooth(1_000, 10),
    "digits, 1,797 × 64": digits,
    "50,000 × 30, two classes": lambda: classes(50_000, 30),
    "200,000 × 30, two classes": lambda: classes(200_000, 30),
}


def programs(folder: Path) -> dict[str, tuple[list[str], list[str]]]:
    """By name: the command that trains and writes a model, and the one that prints its score."""
    chainrule = [sys.executable, "-m", "chainrule"]
    model, train, test = str(folder / "model.safetensors"), str(folder / "train.csv"), str(folder / "test.csv")
    known = {
        "chainrule train, float32": (
            [*chainrule, "train", train, "--target", "y", "--test", "0", "--quiet", "--force", "-o", model],
            [*chainrule, "evaluate", model, test],
        )
    }
    people = {
        "scikit-learn, float64": ("sklearn", "scikit_learn.py"),
        "Keras, float32": ("keras", "keras_fit.py"),
        "torch, float32": ("torch", "torch_loop.py"),
    }
    for name, (module, file) in people.items():
        if find_spec(module) and find_spec("pandas"):
            script, path = [sys.executable, str(PEOPLE / file)], str(folder / f"model.{module}")
            known[name] = ([*script, "train", train, path], [*script, "score", test, path])
    return known


def score(command: list[str]) -> float:
    """The score that a command prints: accuracy or R²."""
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout
    line = next((line for line in printed.splitlines() if line.strip().startswith(("accuracy ", "R² "))), printed)
    return float(line.split()[1] if line is not printed else printed)


def make(name: str, folder: Path) -> None:
    """The rows of a set in two files, three quarters of them to learn from. In a process of its own, as its memory would count as that of
    every process that is measured.
    """
    x, y = SETS[name]()
    cut = len(x) * 3 // 4
    order = np.random.default_rng(2).permutation(len(x))
    for file, places in (("train.csv", order[:cut]), ("test.csv", order[cut:])):
        head = ",".join([*(f"x{place + 1}" for place in range(x.shape[1])), "y"])
        lines = [",".join([*map(repr, x[place].tolist()), str(y[place])]) for place in places]
        (folder / file).write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")


def measured(name: str, folder: Path, rounds: int) -> Iterator[list[str]]:
    """A row a program: they run in turn, A B C A B C."""
    subprocess.run([sys.executable, __file__, "make", name, str(folder)], check=True)
    commands = programs(folder)
    costs: dict[str, list[tuple[Cost, float]]] = {kind: [] for kind in commands}
    rounds = 1 if name.startswith(LARGE) else rounds
    for number in range(rounds):
        progress(name, number, rounds)
        for kind, (command, judge) in commands.items():
            started = time.perf_counter()
            costs[kind].append((run(command, {}), time.perf_counter() - started))
            if number + 1 == rounds:
                spent = [cost for cost, _ in costs[kind]]
                passed = median([taken for _, taken in costs[kind]])
                yield [name, kind, f"{passed:.1f} s", f"{seconds(spent):.1f} s", f"{megabytes(spent):.0f} MB", f"{score(judge):.3f}"]


def main() -> None:
    if sys.argv[1] == "make":
        make(sys.argv[2], Path(sys.argv[3]))
        return
    rounds, wanted = max(1, int(sys.argv[1]) // 7), tuple(sys.argv[2:])
    names = [name for name in SETS if not wanted or name.startswith(wanted)]
    if not names:
        raise SystemExit(f"no file begins with {' or '.join(wanted)}; there are: {'; '.join(SETS)}")
    print(table(["file", "program, its numbers", "time", "of processors", "memory", "score"], []), flush=True)
    for name in names:
        with tempfile.TemporaryDirectory(prefix="chainrule-files-") as folder:
            for row in measured(name, Path(folder), rounds):
                print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
