"""What it costs to start: CPU time of whole processes, against that of Python and of NumPy."""

from __future__ import annotations

import sys
from pathlib import Path

from measure import Cost, median, milliseconds, processes, ratio, table

BARE, NUMPY = "`python -c pass`", '`python -c "import numpy"`'
HELP, EXPLAIN = "`chainrule --help`", "`chainrule explain`"
AIMS = {HELP: "2.5 × Python", EXPLAIN: "1.7 × NumPy"}


def main() -> None:
    chainrule = str(Path(sys.executable).with_name("chainrule"))
    commands = {
        BARE: [sys.executable, "-c", "pass"],
        NUMPY: [sys.executable, "-c", "import numpy"],
        HELP: [chainrule, "--help"],
        EXPLAIN: [chainrule, "explain"],
    }
    rounds = int(sys.argv[1])
    print(compared("NumPy as it starts by itself", processes(commands, rounds)), end="\n\n")
    print(compared("NumPy told to use one thread", processes(commands, rounds, OPENBLAS_NUM_THREADS="1")))


def compared(title: str, costs: dict[str, list[Cost]]) -> str:
    """A table of the commands, each divided by Python and by NumPy."""
    taken = {name: [cost.seconds for cost in each] for name, each in costs.items()}
    rows = [
        [name, milliseconds(median(each)), f"{ratio(each, taken[BARE]):.2f}", f"{ratio(each, taken[NUMPY]):.2f}", AIMS.get(name, "")]
        for name, each in taken.items()
    ]
    return table([title, "CPU time", "÷ Python", "÷ NumPy", "aim"], rows)


if __name__ == "__main__":
    main()
