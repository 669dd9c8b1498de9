"""Which launcher started this process, and as which of how many: torchrun and mpirun say so in the environment."""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable
from typing import Any

from chainrule.base.errors import InputError, quoted
from chainrule.processes.together import Processes

TORCH = "RANK", "WORLD_SIZE", "MASTER_ADDR"
"""What torchrun says to each process."""

MPI = (("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"), ("PMI_RANK", "PMI_SIZE"))
"""What mpirun says: Open MPI; MPICH and Intel MPI."""

RESTARTS = "TORCHELASTIC_RESTART_COUNT"
"""How often torchrun has started the processes anew, after one of them ended."""

_known: list[tuple[Processes, Callable[[], Any]]] = []
"""The processes that were found, and PyTorch's group at that time, if it still is."""


def launched() -> Processes | None:
    """The processes that a launcher started, this one among them; None where it is alone. The same at every call, unless a program has
    ended PyTorch's group in between and begun another.

    Raises InputError where what they need is not installed, LostProcessError where they do not find each other.
    """
    own = _group() is not None
    started_by = "torch" if own or _count(*TORCH[:2]) > 1 else "mpi" if any(_count(*names) > 1 for names in MPI) else ""
    if not started_by:
        return None
    if not _known or _known[0][1]() is not _group():
        from chainrule.processes.adaptors import over_mpi, over_torch

        _known.clear()
        found, group = over_torch() if started_by == "torch" else over_mpi(), _group()
        _known.append((found, (lambda: None) if group is None else weakref.ref(group)))
    return _known[0][0] if _known[0][0].count > 1 else None


def _group() -> Any:
    """PyTorch's group of all processes; None where nobody has begun one."""
    torch = sys.modules.get("torch")
    begun = torch is not None and torch.distributed.is_available() and torch.distributed.is_initialized()
    return torch.distributed.group.WORLD if torch is not None and begun else None


def several(given: Processes | None = None) -> Processes | None:
    """The processes that were given, or else those that a launcher started; None where there is one alone. Raises as `launched` does."""
    if given is not None and not isinstance(given, Processes):
        raise InputError(f"processes are those that torchrun or mpirun started, which are found by themselves, and not {quoted(given)}.")
    return launched() if given is None else given if given.count > 1 else None


def count_said() -> int:
    """How many processes a launcher has started, as the environment says it, before they have met: 1 where this one is alone."""
    return max(1, *(_count(*names) for names in (TORCH[:2], *MPI)))


def restarted() -> bool:
    """Has torchrun started these processes anew?"""
    return os.environ.get(RESTARTS, "0") not in ("", "0")


def _count(rank: str, size: str) -> int:
    """How many processes there are, where both variables are there and say a number; else 0."""
    said = os.environ.get(rank, ""), os.environ.get(size, "")
    return int(said[1]) if all(text.isdecimal() for text in said) else 0
