"""Several threads in one piece of code: how they are started, how they wait for each other, and what they do with tiny numbers.

Each thread runs the same function with a number of its own, its `share`. Python starts them once for a whole epoch, or for a part of
one that takes long; inside, where every step has some ten places at which all have to be done before any goes on, they meet at a
barrier that spins: a thread that is early looks again and again whether the last one has come. That takes a fraction of a microsecond
where every thread has a processor. Where it does not, a thread that looked in vain `PATIENCE` times offers its processor to others.

    meeting = Meeting()                                    memory that the threads share, and the address of what yields a processor
    together(lambda share, shares: call(…, meeting.address, share, shares), 2)

    wait(builder, meeting, shares)                         emitted in the function: goes on when all have come

    meeting   word 0: how many have come · word 8: how often all have met · word 16: the address of a function void → int, or 0
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import numpy as np

from chainrule.engines import ir
from chainrule.engines.compiled.instructions import I32, I64, POINTER, VOID, at, declared

PATIENCE = 256
"""Looks, of about 40 processor cycles each, before a thread offers its processor to others."""

COME, MET, YIELD = 0, 8, 16
WORDS = 24


class Meeting:
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
    """How many processors this program may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def together(function: Callable[[int, int], Any], shares: int) -> Any:
    """Call function(share, shares) for every share at once, each in a thread of its own; returns what share 0 returns.

    Where the system has no more threads, function(0, 1) does all of it. The function must release Python's lock, as those of `ctypes` do.
    """
    if shares <= 1:
        return function(0, 1)
    ready, called_off = Event(), False

    def work(share: int) -> None:
        ready.wait()
        if not called_off:
            function(share, shares)

    threads = [Thread(target=work, args=(share,), name=f"chainrule {share}", daemon=True) for share in range(1, shares)]
    started = []
    try:
        for thread in threads:
            thread.start()
            started.append(thread)
    except RuntimeError:  # no more of them: a barrier would wait for ever for the one that is missing
        called_off = True
    ready.set()
    try:
        return function(0, 1 if called_off else shares)
    finally:
        for thread in started:
            thread.join()


def wait(builder: Any, meeting: Any, shares: Any) -> None:
    """Emit: go on when all `shares` threads are here. What each wrote before is seen by all behind it."""
    builder.call(_wait_function(builder.module), [meeting, shares])


def _wait_function(module: Any) -> Any:
    """void wait(meeting, shares): the last to come begins a new round; the others look until it has begun."""
    if "wait_for_all" in module.globals:
        return module.globals["wait_for_all"]
    function = ir.Function(module, ir.FunctionType(VOID, [POINTER, I64]), "wait_for_all")
    function.linkage = "internal"
    for attribute in ("noinline", "nounwind"):
        function.attributes.add(attribute)
    meeting, shares = function.args
    names = ("entry", "several", "last", "look", "again", "offer", "give", "done")
    entry, several, last, look, again, offer, give, done = (function.append_basic_block(name) for name in names)
    builder = ir.IRBuilder(entry)
    come, met, yielding = (at(builder, meeting, 8 * word) for word in (COME, MET, YIELD))
    builder.cbranch(builder.icmp_unsigned(">", shares, I64(1)), several, done)

    builder.position_at_end(several)
    round_ = builder.load_atomic(met, "acquire", 8, typ=I64)
    before = builder.atomic_rmw("add", come, I64(1), "acq_rel")
    builder.cbranch(builder.icmp_unsigned("==", builder.add(before, I64(1)), shares), last, look)

    builder.position_at_end(last)
    builder.atomic_rmw("xchg", come, I64(0), "monotonic")
    builder.atomic_rmw("xchg", met, builder.add(round_, I64(1)), "release")
    builder.branch(done)

    builder.position_at_end(look)
    looks = builder.phi(I64)
    now = builder.load_atomic(met, "acquire", 8, typ=I64)
    builder.cbranch(builder.icmp_unsigned("==", now, round_), again, done)
    builder.position_at_end(again)
    _pause(builder)
    more = builder.add(looks, I64(1))
    builder.cbranch(builder.icmp_unsigned("<", more, I64(PATIENCE)), look, offer)

    builder.position_at_end(offer)
    function_pointer = builder.load(yielding, typ=I64, align=8)
    builder.cbranch(builder.icmp_unsigned("!=", function_pointer, I64(0)), give, look)
    builder.position_at_end(give)
    kind = ir.PointerType(ir.FunctionType(I32, []))
    builder.call(builder.inttoptr(function_pointer, kind), [])
    builder.branch(look)
    for source, value in ((several, I64(0)), (again, more), (offer, I64(0)), (give, I64(0))):
        looks.add_incoming(value, source)
    builder.position_at_end(done)
    builder.ret_void()
    return function


def _pause(builder: Any) -> None:
    """Tell the processor that this thread only waits."""
    triple = builder.module.triple
    if triple.startswith("x86_64"):
        builder.call(declared(builder.module, "llvm.x86.sse2.pause", VOID, []), [])
    elif triple.startswith(("aarch64", "arm64")):
        builder.call(declared(builder.module, "llvm.aarch64.hint", VOID, [I32]), [I32(1)])


FLUSH = {"x86_64": 0x8040, "aarch64": 1 << 24, "arm64": 1 << 24}
"""Bits of the processor's control word by which numbers too small for full precision count as 0, read and written."""


@contextmanager
def without_denormals(builder: Any) -> Iterator[None]:
    """Emit: what is inside takes numbers too small for full precision as 0, on which processors are up to a hundred times slower. The
    control word is as before afterwards: the program that calls has its own.
    """
    architecture = builder.module.triple.split("-")[0]
    if architecture == "x86_64":
        word = builder.alloca(I32)
        read = declared(builder.module, "llvm.x86.sse.stmxcsr", VOID, [POINTER])
        write = declared(builder.module, "llvm.x86.sse.ldmxcsr", VOID, [POINTER])
        builder.call(read, [word])
        before = builder.load(word, typ=I32, align=4)
        builder.store(builder.or_(before, I32(FLUSH[architecture])), word, align=4)
        builder.call(write, [word])
        yield
        builder.store(before, word, align=4)
        builder.call(write, [word])
    elif architecture in FLUSH:
        read = declared(builder.module, "llvm.aarch64.get.fpcr", I64, [])
        write = declared(builder.module, "llvm.aarch64.set.fpcr", VOID, [I64])
        before = builder.call(read, [])
        builder.call(write, [builder.or_(before, I64(FLUSH[architecture]))])
        yield
        builder.call(write, [before])
    else:
        yield
