"""How Python calls the code: names, arguments and results of its three functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chainrule.engines import ir
from chainrule.engines.compiled.code import ADDRESS, NUMBER, WORD
from chainrule.engines.compiled.instructions import I64, POINTER, VOID
from chainrule.engines.compiled.pieces import DOUBLE

THREADS = {
    "share": I64, "shares": I64,  # which of how many threads this is
    "meeting": POINTER,  # where they wait for each other
    "shared": I64, "apart": I64,  # bytes of room that they share, and behind them of room that each thread has for itself
}  # fmt: skip
"""What every function is told of the threads that call it."""

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
    **THREADS,
}  # fmt: skip
"""→ how many steps were taken."""

ERROR = {"memory": POINTER, "room": POINTER, "x": POINTER, "t": POINTER, "s": POINTER, "rows": I64, "result": POINTER, **THREADS}
"""→ nothing; to result, [Σ E · rows of the block], is added."""

PREDICT = {"memory": POINTER, "room": POINTER, "x": POINTER, "y": POINTER, "rows": I64, **THREADS}
"""→ nothing; y is filled, row by row."""

FUNCTIONS: dict[str, tuple[Any, dict[str, Any]]] = {"epoch": (I64, EPOCH), "error": (VOID, ERROR), "predict": (VOID, PREDICT)}

_KINDS = {POINTER: ADDRESS, I64: WORD, DOUBLE: NUMBER}


@dataclass(frozen=True)
class Begun:
    """A function of which the body is still to be emitted: its arguments by name."""

    builder: Any
    arguments: dict[str, Any]


def begun(module: ir.Module, name: str) -> Begun:
    """One of the functions, empty."""
    result, arguments = FUNCTIONS[name]
    function = ir.Function(module, ir.FunctionType(result, list(arguments.values())), name)
    function.attributes.add("nounwind")
    for value, argument in zip(function.args, arguments, strict=True):
        value.name = argument
    return Begun(ir.IRBuilder(function.append_basic_block("entry")), dict(zip(arguments, function.args, strict=True)))


def signature(name: str) -> tuple[Any, list[Any]]:
    """Result and arguments for ctypes."""
    result, arguments = FUNCTIONS[name]
    return (WORD if result == I64 else None), [_KINDS[kind] for kind in arguments.values()]
