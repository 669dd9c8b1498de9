"""Runs the benchmarks: `python benchmarks/run.py`, or some of them: `python benchmarks/run.py startup programs`.
`python benchmarks/run.py engines --help` tells of the engine beside its peers, which is measured by itself.

Installs this checkout into a fresh virtual environment first, as a user would, since what is run straight from a checkout may lack its
compiled files. Progress goes to standard error, tables to standard output; --write puts them into docs/measurements.md as well.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import venv
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
        about = described_machine(python)
        print(about, flush=True)
        for part in options.parts or PARTS:
            tables = measured(python, part, options.rounds)
            print(f"\n{tables}", flush=True)
            if options.write:
                write(part, f"{about}\n\n{tables}")


def parsed_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"which benchmarks: {', '.join(PARTS)} (default: all)")
    parser.add_argument("--rounds", type=int, default=21, metavar="N", help="measurements of each quantity (default: 21)")
    parser.add_argument("--python", metavar="PATH", help="an interpreter that has chainrule installed, in place of a fresh environment")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/measurements.md")
    options = parser.parse_args()
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


def measured(python: str, part: str, rounds: int) -> str:
    """The tables that one benchmark prints."""
    script = [python, str(Path(__file__).with_name(f"{part}.py")), str(rounds)]
    variables = clean_variables() if part in ("startup", "reading", "files") else {**clean_variables(), **STEADY}
    return subprocess.run(script, check=True, env=variables, stdout=subprocess.PIPE, encoding="utf-8").stdout.strip()


def described_machine(python: str) -> str:
    """The processor and the versions, without the machine's name."""
    ask = "import json, platform, numpy; print(json.dumps([platform.python_version(), numpy.__version__]))"
    python_version, numpy_version = json.loads(subprocess.run([python, "-c", ask], check=True, capture_output=True).stdout)
    return f"{processor()}, {os.cpu_count()} logical processors, {platform.system()}; Python {python_version}, NumPy {numpy_version}."


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def write(part: str, text: str, page: Path = PAGE) -> None:
    """Between the markers of the part, in place of what stands there."""
    start, end = START.format(part=part), END.format(part=part)
    before, found, rest = page.read_text(encoding="utf-8").partition(start)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise SystemExit(f"{page} has no markers '{start}' and '{end}'.")
    page.write_text(f"{before}{start}\n\n{text}\n\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
