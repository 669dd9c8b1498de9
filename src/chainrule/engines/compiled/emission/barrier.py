"""What threads do in the code: they wait for each other at a barrier, and take tiny numbers as 0.

Inside an epoch, where every step has some places at which all threads have to be done before any goes on, they wait at a barrier that
spins: a thread that has arrived looks again and again whether the last one has arrived. That takes a fraction of a microsecond where every
thread has a processor. Where it does not, a thread that looked in vain `PATIENCE` times offers its processor to others.

    wait(builder, barrier, shares)      goes on when all `shares` threads have arrived; `barrier` is memory that they share (`emission.abi`)
    hand_out(builder, barrier, parcel)  tells whoever asked to know that a parcel of what is new is ready
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chainrule.engines.compiled.emission.abi import ARRIVED, READY, ROUND, YIELD
from chainrule.engines.compiled.llvm import ir
from chainrule.engines.compiled.llvm.instructions import I32, I64, POINTER, VOID, at, declared, internal_function

PATIENCE = 256
"""Looks, of about 40 processor cycles each, before a thread offers its processor to others."""


def wait(builder: Any, barrier: Any, shares: Any) -> None:
    """Emit: go on when all `shares` threads are here. What each wrote before is seen by all behind it."""
    builder.call(_wait_function(builder.module), [barrier, shares])


def hand_out(builder: Any, barrier: Any, parcel: int) -> None:
    """Emit: call the function whose address stands in the barrier's memory, if one does, with this number."""
    address = builder.load(at(builder, barrier, 8 * READY), typ=I64, align=8)
    with builder.if_then(builder.icmp_unsigned("!=", address, I64(0))):
        kind = ir.PointerType(ir.FunctionType(VOID, [I64]))
        builder.call(builder.inttoptr(address, kind), [I64(parcel)])


def _wait_function(module: Any) -> Any:
    """void wait(barrier, shares): the last thread to arrive begins a new round; the others look until it has begun."""
    if "wait_for_all" in module.globals:
        return module.globals["wait_for_all"]
    function = internal_function(module, "wait_for_all", [POINTER, I64])
    barrier, shares = function.args
    names = ("entry", "several", "last", "look", "again", "offer", "give", "done")
    entry, several, last, look, again, offer, give, done = (function.append_basic_block(name) for name in names)
    builder = ir.IRBuilder(entry)
    come, met, yielding = (at(builder, barrier, 8 * word) for word in (ARRIVED, ROUND, YIELD))
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
