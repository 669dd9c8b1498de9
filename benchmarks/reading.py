"""Reading text beside pandas, in CPU time of whole processes.

`read_csv` as a person calls it, and `chainrule.data.reading.read`, which also finds out what pandas is told (separator, decimal sign) or
leaves open (dates, units, thousands signs).

Then what a large file, and a wide one, take from the start of `chainrule train` to the written model, beside scikit-learn's network.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from measure import Cost, megabytes, progress, ratio, run, seconds, table

PEOPLE = Path(__file__).parent / "people"

Columns = dict[str, Sequence[str]]


def _words(random: np.random.Generator, rows: int, words: str) -> list[str]:
    return np.array(words.split())[random.integers(0, len(words.split()), rows)].tolist()


def _decimals(random: np.random.Generator, rows: int, form: str, scale: float = 1.0) -> list[str]:
    return [format(value, form) for value in (scale * random.normal(size=rows)).tolist()]


def numbers(random: np.random.Generator, rows: int) -> Columns:
    """Thirty columns with every digit, and a class."""
    return {f"x{place}": list(map(repr, random.normal(size=rows).tolist())) for place in range(30)} | {"y": _words(random, rows, "yes no")}


def mixed(random: np.random.Generator, rows: int) -> Columns:
    """Numbers, whole numbers, categories of few and of many values, names, truth values."""
    columns: Columns = {f"x{place}": _decimals(random, rows, ".4f") for place in range(6)}
    columns |= {f"count{place}": list(map(str, random.integers(0, 10 ** (place + 2), rows))) for place in range(3)}
    columns |= {f"colour{place}": _words(random, rows, "red green blue yellow black white") for place in range(3)}
    columns |= {"city": [f"City {number}" for number in random.integers(0, 200, rows)]}
    columns |= {"name": [f"id{number:09d}" for number in random.permutation(rows)], "flag": _words(random, rows, "true false")}
    return columns | {"y": _words(random, rows, "A B")}


def quoted(random: np.random.Generator, rows: int) -> Columns:
    """The same with text in quotes."""
    columns = mixed(random, rows)
    return {
        name: cells if cells[0][-1:].isdigit() and name[0] in "xc" else [f'"{cell}"' for cell in cells] for name, cells in columns.items()
    }


def german(random: np.random.Generator, rows: int) -> Columns:
    """Decimal commas, between semicolons."""
    columns = {f"Größe {place}": [cell.replace(".", ",") for cell in _decimals(random, rows, ".3f", 100)] for place in range(10)}
    return columns | {"y": _words(random, rows, "ja nein")}


def dates(random: np.random.Generator, rows: int) -> Columns:
    """Days, days with a time, and days as Americans write them, beside numbers."""
    days = [date(2010, 1, 1) + timedelta(int(count)) for count in random.integers(0, 4000, rows)]
    times = [
        f"{day} {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
        for day, second in zip(days, random.integers(0, 86400, rows), strict=True)
    ]
    columns: Columns = {"day": list(map(str, days)), "time": times, "us": [day.strftime("%m/%d/%Y") for day in days]}
    return columns | {f"x{place}": _decimals(random, rows, ".4f") for place in range(6)} | {"y": _words(random, rows, "A B")}


def missing(random: np.random.Generator, rows: int) -> Columns:
    """Numbers and categories of which a tenth lacks, each column with another word for it."""
    words = ("NA", "", "null", "n/a", "-", "None", "NaN", "?")
    columns = {f"x{place}": _decimals(random, rows, ".4f") for place in range(8)} | {"colour": _words(random, rows, "red green blue")}
    for (name, cells), word in zip(list(columns.items()), (*words, "NA"), strict=True):
        columns[name] = [word if gone else cell for cell, gone in zip(cells, random.random(rows) < 0.1, strict=True)]
    return columns | {"y": _words(random, rows, "A B")}


def money(random: np.random.Generator, rows: int) -> Columns:
    """Thousands signs, percent, currency: numbers for us, for pandas only the first."""
    columns: Columns = {f"price{place}": [f'"{value:,.2f}"' for value in 1e5 * random.random(rows)] for place in range(4)}
    columns |= {f"share{place}": [f"{value:.1f}%" for value in 100 * random.random(rows)] for place in range(3)}
    columns |= {f"fee{place}": [f"${value:.2f}" for value in 100 * random.random(rows)] for place in range(3)}
    return columns | {"y": _words(random, rows, "A B")}


def fortran(random: np.random.Generator, rows: int) -> Columns:
    """Powers of ten as Fortran writes them, 1.5D+03, and with a unit; text for pandas."""
    values = (random.normal(size=(6, rows)) * 10.0 ** random.integers(-9, 9, (6, rows))).tolist()
    columns: Columns = {f"x{place}": [f"{value:.6E}".replace("E", "D") for value in some] for place, some in enumerate(values[:4])}
    columns |= {f"amount{place}": [f"{value:.3e} mol" for value in some] for place, some in enumerate(values[4:])}
    return columns | {"y": _words(random, rows, "A B")}


def logger(random: np.random.Generator, rows: int) -> Columns:
    """What an instrument leaves: words without blanks, and numbers."""
    columns: Columns = {f"x{place}": _decimals(random, rows, ".4f", 100) for place in range(10)}
    return columns | {"count": list(map(str, random.integers(0, 10_000, rows))), "y": _words(random, rows, "ok alarm")}


def spoken(random: np.random.Generator, rows: int) -> Columns:
    """What people wrote, with quotes of their own, beside numbers."""
    columns: Columns = {f"x{place}": _decimals(random, rows, ".4f") for place in range(4)}
    notes = [f'"he said ""{word}"" {place % 1000}"' for place, word in enumerate(_words(random, rows, "yes no never often"))]
    return columns | {"note": notes, "y": _words(random, rows, "A B")}


def addresses(random: np.random.Generator, rows: int) -> Columns:
    """Cells of two lines, beside numbers."""
    columns: Columns = {f"x{place}": _decimals(random, rows, ".4f") for place in range(4)}
    places = [f'"{place % 1000} {word} Street\nRiverside"' for place, word in enumerate(_words(random, rows, "High Low Long Old"))]
    return columns | {"place": places, "y": _words(random, rows, "A B")}


FILES: dict[str, tuple[Callable[[np.random.Generator, int], Columns], int, str]] = {
    "numbers of 17 digits": (numbers, 90_000, ""),
    "numbers and text": (mixed, 500_000, ""),
    "the same, text in quotes": (quoted, 450_000, ""),
    "decimal commas": (german, 600_000, "sep=';', decimal=','"),
    "dates and times": (dates, 500_000, ""),
    "missing values": (missing, 900_000, ""),
    "thousands signs and units": (money, 500_000, "thousands=','"),
    "powers of ten, of Fortran": (fortran, 600_000, ""),
    "blanks between cells": (logger, 500_000, r"sep=r'\s+'"),
    "comments above": (logger, 500_000, "comment='#'"),
    "a separator at the end of rows": (logger, 500_000, "index_col=False"),
    "quotes within quotes": (spoken, 900_000, ""),
    "cells of two lines": (addresses, 850_000, ""),
}
"""What is in a file of about 50 MB, how many rows, and what pandas is told."""

LARGE, WIDE = (520_000, 30), (200, 10_000)


def make(name: str, path: str) -> None:
    """One of the files. In a process of its own, as its memory would count as that of every process that is measured."""
    random = np.random.default_rng(0)
    if name in FILES:
        kind, rows, told = FILES[name]
        columns, separator = kind(random, rows), ";" if "';'" in told else "  " if "sep" in told else ","
    else:
        (rows, count), separator = LARGE if name == "large" else WIDE, ","
        columns = {f"x{place}": list(map(repr, random.normal(size=rows).tolist())) for place in range(count)}
        columns["y"] = ["yes" if float(a) + float(b) > 0 else "no" for a, b in zip(columns["x0"], columns["x1"], strict=True)]
    end = f"{separator}\n" if "at the end" in name else "\n"
    with Path(path).open("w", encoding="utf-8") as file:
        file.write("# of an instrument\n# in 2024\n" if "comments" in name else "")
        file.write(separator.join(columns) + "\n")
        for row in zip(*columns.values(), strict=True):
            file.write(separator.join(row) + end)


def taken(commands: dict[str, list[str]], rounds: int, what: str) -> dict[str, list[Cost]]:
    """In turn, A B C A B C."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for number in range(rounds):
        progress(what, number, rounds)
        for name, command in commands.items():
            costs[name].append(run(command, {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}))
    return costs


def files(folder: Path, rounds: int) -> Iterator[list[str]]:
    """A row a file."""
    path = str(folder / "rows.csv")
    for name, (_, _, told) in FILES.items():
        run([sys.executable, __file__, "make", name, path], {})
        told = f", {told}" if told else ""
        ours = f"from chainrule.data.reading import read; read({path!r})"
        python = [sys.executable, "-c"]
        commands = {
            "pandas": [*python, f"import pandas; pandas.read_csv({path!r}{told})"],
            "chainrule": [*python, ours],
            "alone": [*python, f"import sys; sys.modules['pyarrow'] = None; {ours}"],
        }
        costs = taken(commands, rounds, name)
        times = {kind: [cost.seconds for cost in spent] for kind, spent in costs.items()}
        size = f"{os.path.getsize(path) / 1e6:.0f} MB"
        cells = [f"{seconds(spent):.2f} s, {megabytes(spent):.0f} MB" for spent in costs.values()]
        yield [name, size, *cells, *(f"{ratio(times[kind], times['pandas']):.1f}" for kind in ("chainrule", "alone"))]


def models(folder: Path, rounds: int) -> Iterator[list[str]]:
    """A row a file: from its text to a model."""
    path, model = str(folder / "rows.csv"), str(folder / "model.safetensors")
    for name, (rows, columns) in {"large": LARGE, "wide": WIDE}.items():
        run([sys.executable, __file__, "make", name, path], {})
        commands = {
            "chainrule": [
                sys.executable,
                "-m",
                "chainrule",
                "train",
                path,
                "--target",
                "y",
                "--test",
                "0",
                "--quiet",
                "--force",
                "-o",
                model,
            ],
            "scikit-learn": [sys.executable, str(PEOPLE / "scikit_learn.py"), "train", path, model],
        }
        commands["chainrule"] += ["--epochs", "20"] if name == "large" else []
        commands["scikit-learn"] += ["20"] if name == "large" else []
        costs = taken(commands, rounds, name)
        limit = "20 epochs" if name == "large" else "to its own end"
        cells = [f"{seconds(spent):.1f} s, {megabytes(spent):.0f} MB" for spent in costs.values()]
        yield [f"{rows:,} × {columns:,}, {limit}", f"{os.path.getsize(path) / 1e6:.0f} MB", *cells]


def main() -> None:
    if sys.argv[1] == "make":
        make(sys.argv[2], sys.argv[3])
        return
    rounds = max(1, int(sys.argv[1]) // 7)
    with tempfile.TemporaryDirectory(prefix="chainrule-reading-") as name:
        head = ["text", "size", "pandas", "chainrule", "without pyarrow", "chainrule ÷ pandas", "without ÷ pandas"]
        print(table(head, list(files(Path(name), rounds))))
        head = ["from the text to a model", "size", "chainrule, float32", "scikit-learn, float64"]
        print(f"\n{table(head, list(models(Path(name), 1)))}")


if __name__ == "__main__":
    main()
