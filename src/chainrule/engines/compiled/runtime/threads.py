"""Several threads that run the same code: how many there may be, how they are called, and the memory in which they wait for each other.

Each thread runs the same function with a number of its own, its `share`. Python calls them once for a whole epoch, or for a part of
one that takes long; inside, they wait for each other at a barrier (`emission.barrier`).

    barrier = Barrier()                                     memory that the threads share, and the address of what yields a processor
    run_in_threads(lambda share, shares: call(…, barrier.address, share, shares), 2)
"""

from __future__ import annotations

import ctypes
import math
import os
import sys
from _thread import LockType, allocate_lock, start_new_thread
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.base.control_groups import FOLDER, GROUPS, control_groups
from chainrule.engines.compiled.emission.abi import READY, YIELD

WORDS = 24

UNLIMITED = 2**16
"""More processors than there are in any machine."""


class Barrier:
    """The memory of a barrier; every word that is waited for has a cache line of its own."""

    def __init__(self) -> None:
        room = np.zeros(WORDS + 8, np.int64)
        start = -room.ctypes.data % 64 // 8
        self._words = room[start : start + WORDS]
        self._words[YIELD] = _yielding()

    @property
    def address(self) -> int:
        """Where it lies, for the code."""
        return int(self._words.ctypes.data)

    def tell(self, function: int) -> None:
        """Call what lies at this address with the number of each parcel that is ready; 0 for nothing."""
        self._words[READY] = function


def _yielding() -> int:
    """The address of the system's function by which a thread gives its processor away; 0 where none is known."""
    try:
        if sys.platform == "win32":
            function = ctypes.WinDLL("kernel32").SwitchToThread
        else:
            function = ctypes.CDLL(None).sched_yield
    except (OSError, AttributeError):
        return 0
    return ctypes.cast(function, ctypes.c_void_p).value or 0


def processors() -> int:
    """How many processors this process may keep busy: those that it may run on (`sched_getaffinity`, which is where a container's set of
    processors shows), but no more than its control groups give it time for, nor than OMP_NUM_THREADS says, by which whoever starts many
    processes side by side shares the processors out. At a barrier, a thread more would only be in the way.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    asked = os.environ.get("OMP_NUM_THREADS", "")
    shared_out = int(asked) if asked.isdecimal() and len(asked) < 7 and int(asked) else allowed
    return max(1, min(allowed, shared_out, math.floor(quota())))


@cache
def quota(groups: Path = GROUPS, folder: Path = FOLDER) -> float:
    """How many processors' time the control groups of Linux allow this process, which are found in these places; many, without a limit."""
    least = float(UNLIMITED)
    for group, first_version in control_groups("cpu", groups, folder):
        names = ("cpu.cfs_quota_us", "cpu.cfs_period_us") if first_version else ("cpu.max",)
        with suppress(OSError, ValueError):
            most, period = " ".join((group / name).read_text() for name in names).split()
            if float(most) > 0:  # -1 and "max", which is no number, stand for no limit
                least = min(least, float(most) / float(period))
    return least


def run_in_threads(function: Callable[[int, int], Any], shares: int) -> Any:
    """Call function(share, shares) for every share at once, each in a thread of its own; returns what share 0 returns.

    Where the system has no more threads, function(0, 1) does all of it. The function must release Python's lock, as those of `ctypes` do.
    """
    helpers: list[Helper] = []
    try:
        while len(helpers) < shares - 1:
            helpers.append(_helper())
    except RuntimeError:  # no more of them: a barrier would wait for ever for the one that is missing
        _waiting.extend(helpers)
        return function(0, 1)
    ends = [helper.call(function, share, shares) for share, helper in enumerate(helpers, start=1)]
    try:
        return function(0, max(1, shares))
    finally:
        for end in ends:
            end.acquire()


class Helper:
    """A thread that waits until it is called again: to wake it takes a third of the time that it takes to start one."""

    def __init__(self) -> None:
        self.begin, self.work = _locked(), _nothing
        start_new_thread(self._serve, ())

    def _serve(self) -> None:
        while True:
            self.begin.acquire()
            work, self.work = self.work, _nothing  # nothing of it is kept alive behind its end
            work()
            del work

    def call(self, function: Callable[[int, int], Any], share: int, shares: int) -> LockType:
        """Call function(share, shares); a lock that opens when it is done. If it raises anything, the thread ends, too."""
        end = _locked()

        def work() -> None:
            try:
                function(share, shares)
                _waiting.append(self)
            finally:
                end.release()

        self.work = work
        self.begin.release()
        return end


def _helper() -> Helper:
    """One that waits, or a new one. Raises RuntimeError where the system has no more threads."""
    try:
        return _waiting.pop()
    except IndexError:  # to ask first whether there is one would let another thread take it meanwhile
        return Helper()


_waiting: list[Helper] = []
"""Those that have nothing to do; a forked process has none of them."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_waiting.clear)


def _nothing() -> None: ...


def _locked() -> LockType:
    """A lock that another thread will open. `threading.Thread` would wait for each thread to have begun, three times as long."""
    lock = allocate_lock()
    lock.acquire()
    return lock
