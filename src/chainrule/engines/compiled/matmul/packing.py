"""Copies of a block of a matrix in the order in which a product reads it: made once, read by every tile of rows.

The backward product sums over the columns of W, so it needs Wᵀ. A block of it is transposed into a room of a few hundred kilobytes,
in the second-level cache, and is multiplied at once; the whole of Wᵀ is never written to memory.

      one panel of W, 64 numbers a row        room: a panel of Wᵀ, again 64 numbers a row
    k0   │ c0 c1 … c63 │                    c0   │ k0 k1 … k63 │
    k1   │             │         →          c1   │             │
    k63  │             │                    c63  │             │
"""

from __future__ import annotations

from typing import Any

from chainrule.engines.compiled.llvm import ir
from chainrule.engines.compiled.llvm.instructions import I32, I64, POINTER, at, internal_function, loop, whole
from chainrule.engines.compiled.llvm.machine import Machine


def transpose_function(module: Any, dtype: str, lanes: int, across: int, along: int) -> Any:
    """void transpose(from, to): `along` rows of `across` numbers become `across` rows of `along` numbers, square by square."""
    name = f"transpose_{dtype}_{across}_{along}"
    if name in module.globals:
        return module.globals[name]
    function = internal_function(module, name, [POINTER, POINTER], fast=True, distinct=2)
    source, target = function.args
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    machine = Machine(builder, dtype, lanes)
    with loop(builder, 0, along, lanes) as row, loop(builder, 0, across, lanes) as column:
        begin = at(builder, source, builder.add(builder.mul(whole(row), I64(across)), whole(column)), machine.element)
        square = [machine.load(at(builder, begin, i * across, machine.element)).ir for i in range(lanes)]
        end = at(builder, target, builder.add(builder.mul(whole(column), I64(along)), whole(row)), machine.element)
        for i, vector in enumerate(_transposed(builder, square)):
            machine.store(machine.value(vector), at(builder, end, i * along, machine.element))
    builder.ret_void()
    return function


def copy_function(module: Any, dtype: str, lanes: int, vectors: int, stride: int) -> Any:
    """void copy(from, to, count): `count` rows of so many vectors, `stride` numbers apart, become adjacent."""
    name = f"copy_{dtype}_{lanes}_{vectors}_{stride}"
    if name in module.globals:
        return module.globals[name]
    function = internal_function(module, name, [POINTER, POINTER, I64], fast=True, distinct=2)
    source, target, count = function.args
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    machine = Machine(builder, dtype, lanes)
    with loop(builder, 0, count) as row:
        begin = at(builder, source, builder.mul(row, I64(stride)), machine.element)
        end = at(builder, target, builder.mul(row, I64(vectors * lanes)), machine.element)
        for j in range(vectors):
            machine.store(machine.load(at(builder, begin, j * lanes, machine.element)), at(builder, end, j * lanes, machine.element))
    builder.ret_void()
    return function


def _transposed(builder: Any, square: list[Any]) -> list[Any]:
    """As many vectors as a vector has lanes, rows for columns: halves change places, then quarters, and so on."""
    lanes, vectors = len(square), list(square)
    distance = lanes // 2
    while distance:
        upper = [lane if not lane & distance else lanes + lane - distance for lane in range(lanes)]
        lower = [lane + distance if not lane & distance else lanes + lane for lane in range(lanes)]
        for i in range(lanes):
            if not i & distance:
                a, b = vectors[i], vectors[i + distance]
                vectors[i] = builder.shuffle_vector(a, b, _mask(upper))
                vectors[i + distance] = builder.shuffle_vector(a, b, _mask(lower))
        distance //= 2
    return vectors


def _mask(lanes: list[int]) -> Any:
    return ir.VectorType(I32, len(lanes))(lanes)
