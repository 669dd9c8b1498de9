"""The inner loop of every product: a tile of sums that stays in registers.

    sums[i, j] = Σₖ a[i, k] · b[k, j]        i < rows (6), j < vectors (4) of 16 numbers each

              b[k, 0]  b[k, 1]  b[k, 2]  b[k, 3]      4 loads of a vector
    a[0, k]   sum      sum      sum      sum          1 load of a number, into every lane; 4 multiplications and additions
       …         24 sums, in 24 of the 32 registers
    a[5, k]   sum      sum      sum      sum

For each k, 10 loads serve 24 multiplications and additions of a vector, and no sum waits for the one before it: a processor that
starts two of either in a cycle is busy with arithmetic alone. `a` and `b` are reached by strides that are constants of the code:

                      from a[i, k] to a[i + 1, k]    from a[i, k] to a[i, k + 1]    from b[k, j] to b[k + 1, j]
    forward  x W      stride of x                    1                              width of the panel
    backward δ Wᵀ     stride of δ                    1                              width of the panel (transposed)
    gradient xᵀ δ     1                              stride of x                    stride of δ
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from llvmlite import ir

from chainrule.engines.compiled.emit import BYTES, I64, VOID, at, element, prefetch
from chainrule.engines.compiled.layout import LINE, Panels
from chainrule.engines.compiled.target import itemsize
from chainrule.engines.machine import Machine, Value

UNROLLED = 4
"""Steps of k in one turn of the inner loop."""


@dataclass(frozen=True)
class Operand:
    """How the elements of an operand are found.

    kind    "rows", "panels", "columns", "rowwise" or "number"
    stride  rows: numbers from one row to the next
    layout  panels: where they lie
    """

    kind: str
    stride: int = 0
    layout: Panels | None = None


COLUMNS, ROWS, NUMBER = Operand("columns"), Operand("rowwise"), Operand("number")


def rows(stride: int) -> Operand:
    """A matrix by rows."""
    return Operand("rows", stride)


def panels(layout: Panels) -> Operand:
    """A matrix in column panels."""
    return Operand("panels", layout=layout)


@dataclass(frozen=True)
class Shape:
    """What distinguishes one tile function of a product from another.

    rows, vectors  of the tile
    columns        true columns in it; fewer than its lanes at the right edge of a matrix
    a_row, a_step  strides of a along i and along k; both 0: a is 1 everywhere, and the sums are those of the columns of b
    b_step         stride of b along k
    width          stride along the rows of operands in panels
    first, last    is it the first, the last block of k?
    ahead          bytes in each turn of the loop to prefetch from the address `ahead` on; 0: none
    """

    rows: int
    vectors: int
    columns: int
    a_row: int
    a_step: int
    b_step: int
    width: int
    first: bool = True
    last: bool = True
    ahead: int = 0


@dataclass
class Tile:
    """One vector of sums and the operands at its place, while its formula is being emitted.

    machine      the namespace for formulas, with `lanes` numbers in a value
    row, column  of the first number, as LLVM integers
    columns      so many lanes are true columns
    """

    machine: Machine
    shape: Shape
    operands: Mapping[str, Operand]
    pointers: Mapping[str, Any]
    first_row: Any
    first_column: Any
    i: int = 0
    j: int = 0
    _known: dict[Any, Value] = field(default_factory=dict)

    @property
    def row(self) -> Any:
        """The row of the product."""
        return self.machine.builder.add(self.first_row, I64(self.i))

    @property
    def column(self) -> Any:
        """The column of the first lane."""
        return self.machine.builder.add(self.first_column, I64(self.j * self.machine.lanes))

    @property
    def columns(self) -> int:
        """Lanes that are true columns; the others are padding."""
        return max(0, min(self.machine.lanes, self.shape.columns - self.j * self.machine.lanes))

    def load(self, name: str) -> Value:
        """The operand's numbers at this place."""
        operand, machine = self.operands[name], self.machine
        match operand.kind:
            case "number":
                return self._once((name,), lambda: machine.splat(self.pointers[name]))
            case "columns":
                return self._once((name, self.j), lambda: machine.load(self._address(name)))
            case "rowwise":
                return self._once((name, -1, self.i), lambda: machine.splat(machine.builder.load(self._address(name))))
        return machine.load(self._address(name))

    def store(self, name: str, value: Value) -> None:
        """Put numbers there."""
        self.machine.store(value, self._address(name))
        self._known.pop((name, self.j), None)

    def _once(self, key: tuple[Any, ...], made: Callable[[], Value]) -> Value:
        if key not in self._known:
            self._known[key] = made()
        return self._known[key]

    def _address(self, name: str) -> Any:
        operand, column = self.operands[name], self.j * self.machine.lanes
        match operand.kind:
            case "rows":
                offset = self.i * operand.stride + column
            case "panels":
                offset = self.i * self.shape.width + column
            case "rowwise":
                offset = self.i
            case _:
                offset = column
        return at(self.machine.builder, self.pointers[name], offset)


Epilogue = Callable[[Tile, Value], None]


def tile_function(
    module: Any,
    name: str,
    dtype: str,
    lanes: int,
    shape: Shape,
    epilogue: Epilogue,
    operands: Mapping[str, Operand],
    partial: str | None,
    flags: Sequence[str],
    ahead: Mapping[str, int],
) -> Any:
    """void name(a, b, count, ahead, row, column, operands…): sums over `count` steps of k, and what the epilogue makes of them.

    partial  the operand that holds the sums between the blocks of k
    ahead    operands of which the next tile's part is prefetched for writing, and the bytes of it in each turn of the loop
    """
    number = element(dtype)
    pointer = ir.PointerType(number)
    types = [number if operand.kind == "number" else pointer for operand in operands.values()]
    function = ir.Function(module, ir.FunctionType(VOID, [pointer, pointer, I64, BYTES, I64, I64, *types]), name)
    function.linkage = "internal"
    function.calling_convention = "fastcc"
    for attribute in ("noinline", "nounwind"):
        function.attributes.add(attribute)
    function.attributes["target-features"] = None if False else ""
    return function
