"""Two ways by which processes reach each other, behind one function: `torch.distributed` (gloo, as torchrun starts it), and MPI by mpi4py.

Nothing here carries a byte itself. Both leave the order of the additions to the library, which makes it depend on the number of
processes and the length of the array alone: so the same processes get the same sums, bit for bit, in every run.
"""

from __future__ import annotations

import atexit
import os
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import InputError, LostProcessError
from chainrule.processes.together import Processes

PATIENCE, PATIENCE_VARIABLE = 300.0, "CHAINRULE_PATIENCE"
"""Seconds that a process waits for another one, and the variable of the environment that says otherwise."""

RENDEZVOUS, TRY = 45.0, 5.0
"""Seconds for which processes that no launcher watches look for each other, where nothing else is said: who was killed before and who has
not come yet are the same to those that wait. And seconds of one try to reach the first of them, for which PyTorch may take twice as long.
"""

WATCHED = "TORCHELASTIC_RUN_ID"
"""What torchrun says to processes: where one of them is killed, it ends the others."""

SILENT = "TORCH_CPP_LOG_LEVEL", "FATAL"
"""Who is lost is said in a sentence; PyTorch would say it before, in a trace of its C++ for every try. Read when it is imported."""

SPUN, PAUSE = 2e-3, 50e-6
"""Seconds for which MPI is asked again and again whether a sum is there; and the pause between two questions from then on."""


def patience() -> float:
    """How many seconds a process waits for another one. Raises InputError."""
    said = os.environ.get(PATIENCE_VARIABLE, str(PATIENCE))
    try:
        seconds = float(said)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e9:
        raise InputError(f"{PATIENCE_VARIABLE} is how many seconds a process waits for another one, as 300, not {said!r}.")
    return seconds


def over_torch() -> Processes:
    """The processes that torchrun started, or those of a program that called `torch.distributed.init_process_group` itself.

    Raises InputError where PyTorch lacks, LostProcessError where they do not find each other.
    """
    os.environ.setdefault(*SILENT)
    try:
        import torch
        from torch import distributed
    except ImportError:
        raise InputError(
            "torchrun started several processes, which reach each other by PyTorch, but it is not installed here: "
            "pip install 'chainrule[torch]'."
        ) from None
    waits = patience()
    limit = timedelta(seconds=waits)
    own = not distributed.is_initialized()
    group: Any = None
    rendezvous_time = waits if WATCHED in os.environ or PATIENCE_VARIABLE in os.environ else RENDEZVOUS
    try:
        if own:
            _rendezvous(rendezvous_time)
            group = distributed.group.WORLD
        else:
            group = distributed.new_group(backend="gloo", timeout=limit)
    except (RuntimeError, ValueError) as error:
        raise LostProcessError(_said(error, rendezvous_time if own else waits, began=False)) from None
    options = distributed.AllreduceOptions()
    options.timeout = limit  # that of the group is how long the processes look for each other
    rank, count = distributed.get_rank(), distributed.get_world_size()

    @atexit.register
    def leave() -> None:
        """Wait for gloo's threads: one that still has an array when Python ends would end this process by a signal (pytorch#179291)."""
        nonlocal group
        if distributed.is_initialized():
            with suppress(ValueError):  # a person's program has ended all groups, and may have begun others
                distributed.destroy_process_group(None if own else group)
        group = None

    def begin(flat: Array) -> Callable[[], Array]:
        """Begin to add up over all processes; gloo does so in threads of its own."""
        try:
            work = group.allreduce([torch.from_numpy(flat)], options) if flat.size else None
        except RuntimeError as error:
            raise LostProcessError(_said(error, waits)) from None

        def wait() -> Array:
            try:
                if work is not None:
                    work.wait()
            except RuntimeError as error:
                raise LostProcessError(_said(error, waits)) from None
            return flat

        return wait

    def reduce(flat: Array) -> Array:
        """The sum over all processes."""
        return begin(flat)()

    local = int(os.environ.get("LOCAL_WORLD_SIZE", count))
    return Processes(reduce, rank, count, local=local, backend="torch.distributed (gloo)", begin=begin)


def _rendezvous(seconds: float) -> None:
    """Begin the group of the processes that the environment tells of; all that they wait for each other is so many seconds together.

    Raises RuntimeError or ValueError, as PyTorch does.
    """
    from torch import distributed
    from torch.distributed.rendezvous import rendezvous

    end = time.monotonic() + seconds

    def rest() -> timedelta:
        return timedelta(seconds=max(end - time.monotonic(), 1.0))

    while True:  # the first process waits for all others; they try to reach it
        first = os.environ.get("RANK") == "0"
        try:
            store, rank, count = next(rendezvous("env://", timeout=rest() if first else min(rest(), timedelta(seconds=TRY))))
            break
        except distributed.DistNetworkError:
            if first or time.monotonic() > end - TRY:
                raise
    store.set_timeout(rest())
    distributed.init_process_group("gloo", store=store, rank=rank, world_size=count, timeout=rest())


def _said(error: Exception, waits: float, *, began: bool = True) -> str:
    """What the words of gloo or MPI mean, before the processes had found each other or after."""
    text = str(error)
    late = "imed out" in text or "imeout" in text
    more = f" {PATIENCE_VARIABLE} says how many seconds to wait." if late else ""
    why = "its own message says why, if it had the time for one."
    if not began:
        again = f"Nothing was computed yet: start them all again.{more}"
        if not late:
            return f"another process has ended while they looked for each other: {why} {again}"
        return f"another process has not come within {waits:g} seconds: it was not started, has ended before, or is much slower. {again}"
    what = (
        f"another process has not answered for {waits:g} seconds: it stands still, or is much slower."
        if late
        else f"another process has ended: {why}"
    )
    return f"{what} What there was at the last checkpoint is kept: go on with «--resume».{more}"


def over_mpi() -> Processes:
    """The processes that mpirun started. Raises InputError where mpi4py, or its MPI, lacks."""
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        why = str(error).partition("\n")[0]
        raise InputError(
            f"mpirun started several processes, which reach each other by mpi4py, but it cannot be used here ({why}): "
            "pip install 'chainrule[mpi]'."
        ) from None
    communicator: Any = MPI.COMM_WORLD.Dup()
    communicator.Set_errhandler(MPI.ERRORS_RETURN)
    waits = patience()
    beside = MPI.COMM_WORLD.Split_type(MPI.COMM_TYPE_SHARED).Get_size()

    def reduce(flat: Array) -> Array:
        """The sum over all processes."""
        flat = np.ascontiguousarray(flat)
        try:
            asked = communicator.Iallreduce(MPI.IN_PLACE, flat, op=MPI.SUM)
            begun = time.monotonic()
            while not asked.Test():
                waited = time.monotonic() - begun
                if waited > waits:
                    raise LostProcessError(_said(TimeoutError("timed out"), waits))
                if waited > SPUN:
                    time.sleep(PAUSE)
        except MPI.Exception as error:
            raise LostProcessError(_said(error, waits)) from None
        return flat

    return Processes(reduce, communicator.Get_rank(), communicator.Get_size(), local=beside, backend="MPI")
