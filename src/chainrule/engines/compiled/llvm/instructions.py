"""Instructions that every file here needs: integers, addresses, loops, branches, functions of a module."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from chainrule.engines.compiled.llvm import ir

I64, I32, I8, DOUBLE, POINTER, VOID = ir.IntType(64), ir.IntType(32), ir.IntType(8), ir.DoubleType(), ir.PointerType(), ir.VoidType()


def whole(value: Any) -> Any:
    """An LLVM value, from a Python int or from itself."""
    return I64(value) if isinstance(value, int) else value


def element_type(dtype: str) -> Any:
    """The LLVM type of a number."""
    return ir.FloatType() if dtype == "float32" else DOUBLE


def add_integers(builder: Any, a: Any, b: Any) -> Any:
    """a + b; known where both are."""
    if isinstance(a, int) and isinstance(b, int):
        return a + b
    if b == 0 and isinstance(b, int):
        return a
    if a == 0 and isinstance(a, int):
        return b
    return builder.add(whole(a), whole(b))


def multiply_integers(builder: Any, a: Any, b: Any) -> Any:
    """a · b; known where both are."""
    if isinstance(a, int) and isinstance(b, int):
        return a * b
    for one, other in ((a, b), (b, a)):
        if isinstance(one, int) and one in (0, 1):
            return other if one else 0
    return builder.mul(whole(a), whole(b))


def lesser(builder: Any, a: Any, b: Any) -> Any:
    """The smaller of two numbers that are not negative; known where both are."""
    if isinstance(a, int) and isinstance(b, int):
        return min(a, b)
    a, b = whole(a), whole(b)
    return builder.select(builder.icmp_unsigned("<", a, b), a, b)


def at(builder: Any, pointer: Any, offset: Any, kind: Any = I8) -> Any:
    """The address so many numbers of a kind further on; bytes if none is said."""
    if isinstance(offset, int) and offset == 0:
        return pointer
    return builder.gep(pointer, [whole(offset)], inbounds=True, source_etype=kind)


@contextmanager
def loop(builder: Any, start: Any, stop: Any, step: int = 1, name: str = "loop") -> Iterator[Any]:
    """for i in range(start, stop, step): what is emitted inside. i is `start` itself where it is known that there is one iteration."""
    if isinstance(start, int) and isinstance(stop, int) and stop - start <= step:
        if stop <= start:
            raise ValueError("a loop without an iteration")
        yield start
        return
    before = builder.block
    body, done = builder.append_basic_block(name), builder.append_basic_block(f"{name}.done")
    if isinstance(start, int) and isinstance(stop, int):
        builder.branch(body)
    else:
        builder.cbranch(builder.icmp_signed("<", whole(start), whole(stop)), body, done)
    builder.position_at_end(body)
    place = builder.phi(I64, name)
    place.add_incoming(whole(start), before)
    yield place
    following = builder.add(place, whole(step), flags=["nsw"])
    place.add_incoming(following, builder.block)
    builder.cbranch(builder.icmp_signed("<", following, whole(stop)), body, done)
    builder.position_at_end(done)


def choose(builder: Any, number: Any, cases: Sequence[int], emit: Callable[[int], None]) -> None:
    """What `emit` makes for the case that a number equals; nothing where it is none of them."""
    if isinstance(number, int):
        emit(number)
        return
    if len(cases) == 1:
        emit(cases[0])
        return
    done = builder.append_basic_block("chosen")
    switch = builder.switch(number, done)
    for case in cases:
        block = builder.append_basic_block(f"case{case}")
        switch.add_case(I64(case), block)
        builder.position_at_end(block)
        emit(case)
        builder.branch(done)
    builder.position_at_end(done)


def share_of(builder: Any, count: Any, share: Any, shares: Any) -> tuple[Any, Any]:
    """The first of a share's items, and the one behind its last, where `count` items are divided into equal shares."""
    first, end = (share_start(builder, each, count, shares) for each in (share, builder.add(share, I64(1))))
    return first, end


def share_start(builder: Any, share: Any, count: Any, shares: Any) -> Any:
    """The first of a share's items."""
    return builder.udiv(builder.mul(share, whole(count)), whole(shares))


def internal_function(module: Any, name: str, arguments: Sequence[Any], *, fast: bool = False, distinct: int = 0) -> Any:
    """A function of this module alone, without a result and never inlined.

    fast      whether it is called by the convention that LLVM has for such functions
    distinct  so many of its first arguments, where they are pointers, lead to memory that no other argument leads to
    """
    function = ir.Function(module, ir.FunctionType(VOID, arguments), name)
    function.linkage, function.calling_convention = "internal", "fastcc" if fast else ""
    function.attributes |= {"noinline", "nounwind"}
    for argument in function.args[:distinct]:
        if argument.type is POINTER:
            argument.add_attribute("noalias")
    return function


def declared(module: Any, name: str, result: Any, operands: Sequence[Any]) -> Any:
    """A function of LLVM's or of another module."""
    known = module.globals.get(name)
    return known or ir.Function(module, ir.FunctionType(result, list(operands)), name)


def prefetch(builder: Any, pointer: Any, writing: bool, near: bool) -> None:
    """Ask for a cache line: into the first level where it is `near`, else into the second."""
    function = declared(builder.module, "llvm.prefetch.p0", VOID, [POINTER, I32, I32, I32])
    builder.call(function, [pointer, I32(int(writing)), I32(3 if near else 2), I32(1)])


def carried(builder: Any, turns: Any, values: Sequence[Any], body: Callable[[Sequence[Any]], Sequence[Any]]) -> list[Any]:
    """for _ in range(turns): values = body(values). Returns the values after the last turn."""
    if isinstance(turns, int) and turns <= 1:
        return list(body(values) if turns else values)
    before = builder.block
    turn, done = builder.append_basic_block("turn"), builder.append_basic_block("on")
    if isinstance(turns, int):
        builder.branch(turn)
    else:
        builder.cbranch(builder.icmp_unsigned(">", turns, I64(0)), turn, done)
    builder.position_at_end(turn)
    left, *inside = [builder.phi(value.type) for value in (whole(turns), *values)]
    after = [builder.sub(left, I64(1)), *body(inside)]
    for phi, first, following in zip((left, *inside), (whole(turns), *values), after, strict=True):
        phi.add_incoming(first, before)
        phi.add_incoming(following, builder.block)
    builder.cbranch(builder.icmp_unsigned(">", after[0], I64(0)), turn, done)
    end = builder.block
    builder.position_at_end(done)
    results = []
    for first, following in zip(values, after[1:], strict=True):
        result = builder.phi(first.type)
        if not isinstance(turns, int):
            result.add_incoming(first, before)
        result.add_incoming(following, end)
        results.append(result)
    return results
