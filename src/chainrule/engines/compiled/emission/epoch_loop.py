"""The loop over the batches of an epoch, around the code of a step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from chainrule.base.frozen import FrozenValue
from chainrule.engines.compiled.emission.abi import begin_function
from chainrule.engines.compiled.emission.lowering import tiny_as_zero
from chainrule.engines.compiled.llvm.instructions import DOUBLE, I64, at, whole
from chainrule.engines.compiled.llvm.machine import Machine, MachineValue


class Batch(FrozenValue):
    """A batch, in the code.

    first, end  its rows
    rows        how many they are
    outside     k, learning_rate and N as numbers of float64
    """

    first: Any
    end: Any
    rows: Any
    outside: Mapping[str, MachineValue]


Begin = Callable[[Any, Mapping[str, Any]], "tuple[Callable[[Batch], MachineValue], Callable[[], None]]"]
"""Emits what comes before the first step, with the builder and the arguments of the function. What it returns emits a step, and gives
its E in float64; and what comes after the last step.
"""


def emit_epoch(module: Any, single: bool, dtype: str, begin: Begin) -> None:
    """The function `epoch` of the module.

    single  whether a batch is always one row
    dtype   of the numbers in memory
    """
    body = begin_function(module, "epoch")
    with tiny_as_zero(body.builder, dtype):
        taken = _emit_loop(body.builder, body.arguments, single, begin)
    body.builder.ret(body.builder.load(taken, typ=I64))


def _emit_loop(builder: Any, given: Mapping[str, Any], single: bool, begin: Begin) -> Any:
    """The loop itself; where the number of steps lies that were taken."""
    step, end_loop = begin(builder, given)
    steps, total = builder.alloca(I64), builder.alloca(DOUBLE)
    builder.store(builder.load(given["result"], typ=DOUBLE), total)
    entry = builder.block
    head, done = builder.append_basic_block("step"), builder.append_basic_block("done")
    builder.branch(head)
    builder.position_at_end(head)
    first, number = builder.phi(I64, "first"), builder.phi(I64, "taken")
    first.add_incoming(given["first"], entry)
    number.add_incoming(whole(0), entry)
    taken = builder.add(number, whole(1))
    wide = Machine(builder, "float64", flags=())
    if single:
        end, rows, count = builder.add(first, whole(1)), whole(1), wide.number(1)
    else:
        end = builder.add(first, given["size"])
        end = builder.select(builder.icmp_signed("<", end, given["end"]), end, given["end"])
        rows = builder.sub(end, first)
        count = wide.value(builder.sitofp(rows, DOUBLE))
    k = wide.value(builder.sitofp(builder.add(given["number"], taken), DOUBLE))
    error = step(Batch(first, end, rows, {"k": k, "learning_rate": wide.value(given["learning_rate"]), "N": count})).ir
    builder.store(builder.fadd(builder.load(total, typ=DOUBLE), builder.fmul(error, count.ir)), total)
    above, below = builder.fcmp_ordered(">", error, builder.fneg(given["bound"])), builder.fcmp_ordered("<", error, given["bound"])
    inside = builder.and_(above, below)
    first.add_incoming(end, builder.block)
    number.add_incoming(taken, builder.block)
    builder.cbranch(builder.and_(inside, builder.icmp_signed("<", end, given["end"])), head, done)
    builder.position_at_end(done)
    end_loop()
    builder.store(taken, steps)
    with builder.if_then(builder.icmp_unsigned("==", given["share"], whole(0))):
        builder.store(builder.load(total, typ=DOUBLE), given["result"])
        builder.store(builder.select(inside, DOUBLE(0.0), DOUBLE(1.0)), at(builder, given["result"], 1, DOUBLE))
    return steps
