"""How much memory this process may take."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from chainrule.base.control_groups import control_groups


def memory() -> int:
    """Bytes of memory that this process may take: what the machine has, or less where its control groups, or `ulimit`, say so."""
    try:
        size = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not a Unix
        size = 8 << 30
    size = min([size, *(limit for _, _, limit in _memory_groups())])
    with suppress(ImportError):
        import resource

        for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
            limit, _ = resource.getrlimit(kind)
            size = size if limit == resource.RLIM_INFINITY else min(size, limit)
    return size


def _memory_groups() -> Iterator[tuple[Path, bool, int]]:
    """The control groups that limit the memory of this process, of the first version or not, with their bytes."""
    for group, first_version in control_groups("memory"):
        with suppress(OSError, ValueError):  # "max" stands for no limit
            name = "memory.limit_in_bytes" if first_version else "memory.max"
            yield group, first_version, int((group / name).read_text(encoding="ascii"))


def memory_left() -> int:
    """Bytes that this process may take beyond what it has, and beyond what others of its control groups have, as far as Linux tells.

    What is mapped from files is not counted: it can be dropped at any time.
    """
    left = memory()
    for group, first_version, limit in _memory_groups():
        with suppress(OSError, ValueError, KeyError):
            lines = (group / "memory.stat").read_text(encoding="ascii").splitlines()
            taken = dict(line.split(maxsplit=1) for line in lines)["total_rss" if first_version else "anon"]
            left = min(left, max(0, limit - int(taken)))
    with suppress(ImportError, OSError, AttributeError, StopIteration):
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_DATA)
        if limit != resource.RLIM_INFINITY:
            lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
            left = min(left, max(0, limit - 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmData"))))
    return left
