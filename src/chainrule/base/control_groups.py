"""The control groups of Linux, by which a container, or a person, limits what the processes in it may take."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

GROUPS, FOLDER = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
"""Where a process finds the groups that it is in, and where they lie."""


def control_groups(controller: str, groups: Path = GROUPS, folder: Path = FOLDER) -> Iterator[tuple[Path, bool]]:
    """The folder of each group that this process is in, from the innermost outwards, as the limits of all count; and whether it is of
    version 1, which has a tree of its own for each controller ("cpu", "memory"). Nothing where there are no such groups.
    """
    try:
        lines = groups.read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        root = folder / controllers
        inner = root / path.lstrip("/")
        for group in (inner, *inner.parents):
            yield group, bool(controllers)
            if group == root:
                break
