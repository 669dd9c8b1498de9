"""Which kernels NumPy's OpenBLAS is told to take."""

from pathlib import Path

import pytest

from chainrule.base.openblas import fitting_kernels

WIDE = "fpu sse2 avx avx2 avx512f avx512dq avx512cd avx512bw avx512vl"


@pytest.mark.parametrize(
    ("vendor", "family", "flags", "told"),
    [
        ("AuthenticAMD", "26", WIDE, True),
        ("AuthenticAMD", "25", WIDE, False),  # Zen 4, which OpenBLAS knows
        ("AuthenticAMD", "26", "fpu sse2 avx avx2 avx512f", False),  # a virtual machine may hide some
        ("GenuineIntel", "6", WIDE, False),
        ("AuthenticAMD", "", WIDE, False),
    ],
)
def test_a_processor_that_openblas_takes_for_an_older_one(tmp_path: Path, vendor: str, family: str, flags: str, told: bool) -> None:
    one = f"processor\t: 0\nvendor_id\t: {vendor}\ncpu family\t: {family}\nflags\t\t: {flags}\n\n"
    (tmp_path / "cpuinfo").write_text(one + one.replace("processor\t: 0", "processor\t: 1"))
    assert fitting_kernels(tmp_path / "cpuinfo") == ({"OPENBLAS_CORETYPE": "SkylakeX"} if told else {})


def test_nothing_is_known_of_processors_elsewhere(tmp_path: Path) -> None:
    assert fitting_kernels(tmp_path / "cpuinfo") == {}
