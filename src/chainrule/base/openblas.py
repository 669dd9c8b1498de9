"""OpenBLAS, with which NumPy multiplies matrices, on processors that it does not know: which of its kernels fit them."""

from __future__ import annotations

import re
from pathlib import Path

PROCESSORS = Path("/proc/cpuinfo")
"""Where Linux describes the processors."""


NEEDED = {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"}
"""What the kernels for AVX-512 are made of."""


UNKNOWN = 26
"""AMD's family from which on (Zen 5) OpenBLAS 0.3.31 takes processors for such as have AVX2 alone, where it is at half their speed."""


def fitting_kernels(processors: Path = PROCESSORS) -> dict[str, str]:
    """The environment variable that makes OpenBLAS take its kernels for AVX-512, where it would not by itself.

    It is read when NumPy is imported. Nothing for processors that OpenBLAS knows, and where nothing is known of them.
    """
    try:
        with processors.open(encoding="utf-8", errors="replace") as file:
            first = file.read(8192).partition("\n\n")[0]
    except OSError:
        return {}
    said = dict(re.findall(r"^(vendor_id|cpu family|flags)\s*:[ \t]*(.*)$", first, re.MULTILINE))
    unknown = said.get("vendor_id") == "AuthenticAMD" and said.get("cpu family", "").isdecimal() and int(said["cpu family"]) >= UNKNOWN
    return {"OPENBLAS_CORETYPE": "SkylakeX"} if unknown and set(said.get("flags", "").split()) >= NEEDED else {}
