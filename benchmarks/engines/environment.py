"""The environment of the peers: `.benchmarks/peers`, made once; what cannot be installed is named and left out."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
FOLDER = ROOT / ".benchmarks" / "peers"
PYTHON = FOLDER / ("Scripts" if os.name == "nt" else "bin") / "python"


def made() -> Path:
    """Its interpreter. Each line of requirements.txt is installed by itself when the whole fails, and again when the file has changed."""
    wanted = (HERE / "requirements.txt").read_text(encoding="utf-8") + (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    known = FOLDER / "installed.txt"
    if known.exists() and known.read_text(encoding="utf-8") == wanted:
        return PYTHON
    print(f"installing the peers into {FOLDER.relative_to(ROOT)}: a gigabyte, once …", file=sys.stderr)
    if not PYTHON.exists():
        venv.create(FOLDER, with_pip=True, symlinks=os.name != "nt")
    lines = [line.partition("#")[0].strip() for line in (HERE / "requirements.txt").read_text(encoding="utf-8").splitlines()]
    lines = [line for line in lines if line]
    if not _install(*lines):
        for line in lines:
            if not _install(line):
                print(f"left out: {line} cannot be installed", file=sys.stderr)
    if not _install("--editable", str(ROOT)):
        raise SystemExit("chainrule itself cannot be installed into the environment of the peers")
    known.write_text(wanted, encoding="utf-8")
    return PYTHON


def _install(*what: str) -> bool:
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--quiet", "--disable-pip-version-check", *what]
    return subprocess.run(command, check=False).returncode == 0


ONLY_AVX2 = {
    "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2", "ATEN_CPU_CAPABILITY": "avx2", "OPENBLAS_CORETYPE": "Haswell",
}  # fmt: skip
"""What keeps torch's and NumPy's kernels to AVX2."""


def variables(threads: int) -> dict[str, str]:
    """This process's variables for a peer with so many threads. What changes kernels or the imports of Python is taken out."""
    avx2 = os.environ.get("BENCHMARK_PROCESSOR") == "avx2"
    pools = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "CHAINRULE_THREADS")
    out = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if name not in out}
    flags = (
        "--xla_cpu_max_isa=AVX2 " * avx2
        + f"--xla_cpu_multi_thread_eigen={'true' if threads > 1 else 'false'} intra_op_parallelism_threads={threads}"
    )
    kept |= ONLY_AVX2 if avx2 else {}
    return {**kept, **dict.fromkeys(pools, str(threads)), "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu", "KERAS_BACKEND": "jax"}


if __name__ == "__main__":
    os.execv(python := str(made()), [python, str(HERE / "suite.py"), *sys.argv[1:]])
