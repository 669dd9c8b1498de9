"""Runs the benchmarks: `python benchmarks/run.py`, or some of them: `python benchmarks/run.py startup programs`.
`python benchmarks/run.py engines --help` tells of the engine beside its peers, which is measured by itself.

Installs this checkout into a fresh virtual environment first, as a user would, since what is run straight from a checkout may lack its
compiled files. Progress goes to standard error, tables to standard output, a row as soon as it is measured; --write puts them into
docs/measurements.md as well.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "measurements.md"
PARTS = ("startup", "formats", "sizes", "programs", "training", "doctor", "check", "reading", "files")
START, END = "<!-- measurements of {part} -->", "<!-- end of measurements of {part} -->"

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")

STEADY = {**dict.fromkeys(THREADS, "1"), "MALLOC_TOP_PAD_": str(64 * 2**20)}
"""One thread of NumPy's, since CPU time also counts threads that wait for each other; and, where the C library is glibc, memory that is
kept rather than given back and asked for again, which costs up to half a step and depends on the order of unrelated allocations."""


def main() -> None:
    if sys.argv[1:2] == ["engines"]:  # has an environment and options of its own
        os.execv(sys.executable, [sys.executable, str(Path(__file__).parent / "engines" / "environment.py"), *sys.argv[2:]])
    options = parsed_options()
    with environment(options.python) as python:
        for part in options.parts or PARTS:
            about = described_machine(python, part)
            print(f"{about}\n", flush=True)
            lines: list[str] = []
            for line in measured(python, part, options.rounds, options.rows):
                print(line, flush=True)
                lines.append(line)
                if options.write and options.rows and len(lines) > 2:
                    write(part, with_rows(written(part), about, lines))
            if options.write and not options.rows:
                write(part, "\n".join([about, "", *lines]).strip())


def parsed_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"which benchmarks: {', '.join(PARTS)} (default: all)")
    parser.add_argument("--rounds", type=int, default=21, metavar="N", help="measurements of each quantity (default: 21)")
    parser.add_argument("--python", metavar="PATH", help="an interpreter that has chainrule installed, in place of a fresh environment")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/measurements.md")
    help_rows = "of the benchmark files: only what begins so, as 1,000 or 200,000; --write leaves the other rows as they stand"
    parser.add_argument("--rows", action="append", default=[], metavar="FILE", help=help_rows)
    options = parser.parse_args()
    if options.rows and options.parts != ["files"]:
        parser.error("--rows chooses rows of the benchmark files: run.py files --rows 1,000")
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"there is no benchmark called {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    return options


@contextmanager
def environment(python: str | None):
    """The interpreter of an environment in which chainrule is installed, with its compiled files."""
    if python is not None:
        yield python
        return
    with tempfile.TemporaryDirectory(prefix="chainrule-benchmarks-") as folder:
        print("installing chainrule into a fresh environment …", file=sys.stderr)
        venv.create(folder, with_pip=True)
        fresh = str(Path(folder) / ("Scripts" if os.name == "nt" else "bin") / "python")
        pip = [fresh, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--compile", f"{ROOT}[data,pdf]", "pandas"]
        subprocess.run(pip, check=True, env=clean_variables())
        yield fresh


def clean_variables() -> dict[str, str]:
    """This process's variables without those that change what Python imports, what it stores, and how it computes."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MALLOC_")) and name not in THREADS}


def measured(python: str, part: str, rounds: int, rows: Sequence[str]) -> Iterator[str]:
    """The lines that one benchmark prints, as it prints them. Raises SystemExit if it fails."""
    script = [python, str(Path(__file__).with_name(f"{part}.py")), str(rounds), *rows]
    variables = clean_variables() if part in ("startup", "reading", "files") else {**clean_variables(), **STEADY}
    with subprocess.Popen(script, env=variables, stdout=subprocess.PIPE, encoding="utf-8") as process:
        yield from (line.rstrip("\n") for line in process.stdout or ())
    if process.returncode:
        raise SystemExit(f"{' '.join(script[1:])} failed with status {process.returncode}")


PEERS = {"reading": ("pandas", "pyarrow", "scikit-learn"), "files": ("scikit-learn", "keras", "torch")}
"""Whose versions are told beside Python's and NumPy's, where they are installed."""

ASK = """
import json, platform, sys
from importlib.metadata import PackageNotFoundError, version
print(platform.python_version())
for name in sys.argv[1:]:
    try:
        print(name, version(name))
    except PackageNotFoundError:
        pass
"""


def described_machine(python: str, part: str) -> str:
    """The processor and the versions, without the machine's name."""
    command = [python, "-c", ASK, "NumPy", *PEERS.get(part, ())]
    versions = subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout.splitlines()
    return f"{processor()}, {os.cpu_count()} logical processors, {platform.system()}; Python {', '.join(versions)}."


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def write(part: str, text: str, page: Path = PAGE) -> None:
    """Between the markers of the part, in place of what stands there."""
    before, _, after = page_around(part, page)
    page.write_text(f"{before}\n\n{text}\n\n{after}", encoding="utf-8")


def written(part: str) -> str:
    """What stands between the markers of the part."""
    return page_around(part)[1].strip()


def page_around(part: str, page: Path = PAGE) -> tuple[str, str, str]:
    """The page up to the first marker of a part, between the two, and from the second on."""
    start, end = START.format(part=part), END.format(part=part)
    before, found, rest = page.read_text(encoding="utf-8").partition(start)
    inside, closed, after = rest.partition(end)
    if not (found and closed):
        raise SystemExit(f"{page} has no markers '{start}' and '{end}'.")
    return f"{before}{start}", inside, f"{end}{after}"


def with_rows(standing: str, about: str, lines: Sequence[str]) -> str:
    """A table with these lines in place of those of the same files that stand there; of another machine none are left."""
    head, rows = list(lines[:2]), [line for line in lines[2:] if line.startswith("|")]
    others = [line for line in standing.splitlines() if line.startswith("|")][2:] if standing.startswith(about) else []
    names = {file_of(line) for line in rows}
    kept = [line for line in others if file_of(line) not in names]
    return "\n".join([about, "", *head, *sorted([*kept, *rows], key=count_of)])


def file_of(line: str) -> str:
    """The first cell of a table's row."""
    return line.split("|")[1].strip()


def count_of(line: str) -> int:
    """How many rows the file of a table's row has: 1,000 × 10, or digits, 1,797 × 64."""
    return next(int(word.replace(",", "")) for word in file_of(line).split() if word.rstrip(",").replace(",", "").isdigit())


if __name__ == "__main__":
    main()
