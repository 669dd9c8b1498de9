"""How Python calls the code: names, arguments and results of its three functions."""

from __future__ import annotations

import ctypes
from typing import Any

from chainrule.base.frozen import FrozenValue
from chainrule.engines.compiled.llvm import ir
from chainrule.engines.compiled.llvm.instructions import DOUBLE, I64, POINTER, VOID

THREADS = {
    "share": I64, "shares": I64,  # which of how many threads this is
    "barrier": POINTER,  # where they wait for each other
    "shared": I64, "apart": I64,  # bytes of room that they share, and behind them of room that each thread has for itself
}  # fmt: skip
"""What every function is given about the threads that call it."""

PARTS = 8
"""Into so many parts threads divide a step, wherever it is no product; so no more threads than these have something to do."""

ARRIVED, ROUND, YIELD, READY = 0, 8, 16, 17
"""Words of a barrier's memory: how many threads have arrived, how often all have, and the addresses, or 0, of what yields a processor, and
of what is called with the number of a parcel that is ready.
"""

EPOCH = {
    "memory": POINTER,  # parameters and states
    "room": POINTER,  # for everything between
    "x": POINTER, "t": POINTER, "s": POINTER,  # the rows; s may be null
    "order": POINTER,  # places of the rows
    "by_order": I64, "as_they_lie": I64,  # row i lies at order[i · by_order] + i · as_they_lie; one of them is 1, the other 0
    "first": I64, "end": I64, "size": I64,  # the rows first … end − 1, in batches of this size
    "number": I64,  # steps taken before
    "bound": DOUBLE,
    "learning_rate": DOUBLE,
    "result": POINTER,  # [Σ E · rows of the batch, to which is added, 1 where the last E was out of bounds]
    "drawn": POINTER,  # numbers drawn for every step, a row for each row in the order in which they are taken; may be null
    **THREADS,
}  # fmt: skip
"""→ how many steps were taken."""

ERROR = {"memory": POINTER, "room": POINTER, "x": POINTER, "t": POINTER, "s": POINTER, "rows": I64, "result": POINTER, **THREADS}
"""→ nothing; to result, [Σ E · rows of the block], is added."""

PREDICT = {"memory": POINTER, "room": POINTER, "x": POINTER, "y": POINTER, "rows": I64, **THREADS}
"""→ nothing; y is filled, row by row."""

FUNCTIONS: dict[str, tuple[Any, dict[str, Any]]] = {"epoch": (I64, EPOCH), "error": (VOID, ERROR), "predict": (VOID, PREDICT)}

_KINDS = {POINTER: ctypes.c_void_p, I64: ctypes.c_int64, DOUBLE: ctypes.c_double}


class FunctionBody(FrozenValue):
    """A function of which the body is still to be emitted: its arguments by name."""

    builder: Any
    arguments: dict[str, Any]


def begin_function(module: ir.Module, name: str) -> FunctionBody:
    """One of the functions, empty."""
    result, arguments = FUNCTIONS[name]
    function = ir.Function(module, ir.FunctionType(result, list(arguments.values())), name)
    function.attributes.add("nounwind")
    for value, argument in zip(function.args, arguments, strict=True):
        value.name = argument
    return FunctionBody(ir.IRBuilder(function.append_basic_block("entry")), dict(zip(arguments, function.args, strict=True)))


def signature(name: str) -> tuple[Any, list[Any]]:
    """Result and arguments for ctypes."""
    result, arguments = FUNCTIONS[name]
    return (None if result is VOID else _KINDS[result]), [_KINDS[kind] for kind in arguments.values()]
