"""Numbers in the lanes of a vector, as LLVM values: arithmetic, comparison, choice, bits, and sums over the lanes.

This is what `llvm.approximations` are made of; `llvm.machine` adds exp, log, tanh and their like to it, and says how all of it is used.
"""

from __future__ import annotations

import math
import struct
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np

from chainrule.base.operators import PLAIN, Operators
from chainrule.engines.compiled.llvm import ir
from chainrule.engines.compiled.llvm.instructions import declared, element_type

_INDEX = ir.IntType(32)
_FIRST = _INDEX(0)
"""The first lane."""


class MachineValue(Operators):
    """A number, or one number in each lane, that the machine will have; or a constant that is known now."""

    __slots__ = ("_ir", "constant", "machine")

    def __init__(self, machine: Lanes, value: Any = None, constant: float | None = None) -> None:
        self.machine, self._ir, self.constant = machine, value, constant

    @property
    def ir(self) -> Any:
        """The LLVM value."""
        return self._ir if self.constant is None else self.machine.literal(self.constant)

    def applied(self, operation: str, *operands: Any) -> MachineValue:
        """The operation, emitted; of constants, computed."""
        return self.machine.applied(operation, *operands)

    def __abs__(self) -> MachineValue:
        return self.machine.abs(self)

    def __bool__(self) -> bool:
        raise TypeError("a number of the machine is not known yet; write where(condition, value, otherwise) in place of if")


_INSTRUCTIONS = {"add": "fadd", "subtract": "fsub", "multiply": "fmul", "divide": "fdiv"}


class Lanes(ABC):
    """Numbers side by side, emitted through `builder`.

    dtype   "float32" or "float64"
    lanes   how many numbers a value holds; 1 makes scalars
    flags   fast-math flags of + − × ÷
    """

    def __init__(self, builder: Any, dtype: str = "float64", lanes: int = 1, flags: Sequence[str] = ("contract",)) -> None:
        self.builder, self.dtype, self.lanes, self.flags = builder, dtype, lanes, tuple(flags)
        self.single = dtype == "float32"
        self.width, self.mantissa, self.bias = (32, 23, 127) if self.single else (64, 52, 1023)
        self.element = element_type(dtype)
        self.type = self._lanes_of(self.element)
        self.integer = self._lanes_of(ir.IntType(self.width))
        self._empty = self.type(ir.Undefined)
        self._everywhere = ir.splat(ir.VectorType(_INDEX, lanes), _FIRST)

    def _lanes_of(self, element: Any) -> Any:
        return element if self.lanes == 1 else ir.VectorType(element, self.lanes)

    # What comes in and goes out

    def number(self, number: Any) -> MachineValue:
        """A constant of the graph; a MachineValue stays one."""
        return number if isinstance(number, MachineValue) else MachineValue(self, constant=float(number))

    def value(self, value: Any) -> MachineValue:
        """An LLVM value of the type `type`."""
        return MachineValue(self, value)

    def literal(self, number: float) -> Any:
        """The constant, rounded to `dtype`, in every lane."""
        return self._same(self.element(number))

    def bits(self, number: int) -> Any:
        """An integer as wide as a number, in every lane."""
        return self._same(ir.IntType(self.width)(number % 2**self.width))

    def _same(self, constant: Any) -> Any:
        if self.lanes == 1:
            return constant
        return ir.splat(self.type if constant.type is self.element else self.integer, constant)

    def load(self, pointer: Any, align: int | None = None) -> MachineValue:
        """The numbers at an address; `align` in bytes, that of one number if none is said."""
        return self.value(self.builder.load(pointer, typ=self.type, align=align or self.width // 8))

    def store(self, value: Any, pointer: Any, align: int | None = None) -> None:
        """Put the numbers at an address."""
        self.builder.store(self.number(value).ir, pointer, align=align or self.width // 8)

    def splat(self, scalar: Any) -> MachineValue:
        """One scalar (an LLVM value, or a MachineValue of one lane) in every lane."""
        if isinstance(scalar, MachineValue):
            if scalar.constant is not None:
                return self.number(scalar.constant)
            scalar = scalar.ir
        if self.lanes == 1:
            return self.value(scalar)
        first = self.builder.insert_element(self._empty, scalar, _FIRST)
        return self.value(self.builder.shuffle_vector(first, self._empty, self._everywhere))

    # Arithmetic

    def applied(self, operation: str, *operands: Any) -> MachineValue:
        """What a + b and its like ask for."""
        if operation not in _INSTRUCTIONS:
            return getattr(self, operation)(*operands)  # type: ignore[no-any-return]  # power, negative, greater return a MachineValue
        a, b = map(self.number, operands)
        if a.constant is not None and b.constant is not None:
            with np.errstate(all="ignore"):
                return self.number(PLAIN[operation](np.float64(a.constant), np.float64(b.constant)))
        return self.value(getattr(self.builder, _INSTRUCTIONS[operation])(a.ir, b.ir, flags=self.flags))

    def negative(self, a: MachineValue) -> MachineValue:
        """−a."""
        return self.value(self.builder.fneg(a.ir)) if a.constant is None else self.number(-a.constant)

    def sqrt(self, x: Any) -> MachineValue:
        """√x; NaN below 0."""
        return self._folded(np.sqrt, "sqrt", x)

    def abs(self, x: Any) -> MachineValue:
        """|x|."""
        return self._folded(np.abs, "fabs", x)

    def _folded(self, function: Callable[[Any], Any], name: str, x: Any) -> MachineValue:
        x = self.number(x)
        if x.constant is not None:
            with np.errstate(all="ignore"):
                return self.number(function(np.float64(x.constant)))
        return self.intrinsic(name, x)

    def floor(self, x: Any) -> MachineValue:
        """The largest whole number that is not above x, without the instruction that old machines lack."""
        x, shift = self.number(x), 2.0**self.mantissa
        if x.constant is not None:
            return self.number(np.floor(x.constant))
        size = self.abs(x)
        nearest = self.intrinsic("copysign", (size + shift) - shift, x)
        below = self.choose(self.compare(">", nearest, x), nearest - 1, nearest)
        return self.choose(self.compare("<", size, shift), below, x)

    def maximum(self, a: Any, b: Any) -> MachineValue:
        """The larger of each pair; NaN where either is."""
        return self._extreme(a, b, ">", np.maximum)

    def minimum(self, a: Any, b: Any) -> MachineValue:
        """The smaller of each pair; NaN where either is."""
        return self._extreme(a, b, "<", np.minimum)

    def _extreme(self, a: Any, b: Any, sign: str, folded: Callable[[Any, Any], Any]) -> MachineValue:
        a, b = self.number(a), self.number(b)
        if a.constant is not None and b.constant is not None:
            return self.number(folded(a.constant, b.constant))
        if a.constant is not None:
            a, b = b, a
        chosen = self.choose(self.compare(sign, b, a), b, a)  # a NaN in a stays; this is one instruction
        if b.constant is not None:
            return self.number(math.nan) if math.isnan(b.constant) else chosen
        return self.choose(self.builder.fcmp_unordered("uno", b.ir, b.ir), b, chosen)

    def greater(self, a: Any, b: Any) -> MachineValue:
        """1 where a > b, otherwise 0, as numbers."""
        a, b = self.number(a), self.number(b)
        if a.constant is not None and b.constant is not None:
            return self.number(a.constant > b.constant)
        return self.choose(self.compare(">", a, b), 1, 0)

    def where(self, condition: Any, a: Any, b: Any) -> MachineValue:
        """a where the condition is not 0, b where it is; the other side's infinities do not matter."""
        condition = self.number(condition)
        if condition.constant is not None:
            return self.number(a if condition.constant else b)
        return self.choose(self.builder.fcmp_unordered("!=", condition.ir, self.literal(0.0)), a, b)

    @abstractmethod
    def power(self, a: Any, n: Any) -> MachineValue:
        """aⁿ."""

    # What the approximations are made of

    def compare(self, sign: str, a: Any, b: Any) -> Any:
        """A truth value of LLVM's, for `choose`; false where either is NaN."""
        return self.builder.fcmp_ordered(sign, self.number(a).ir, self.number(b).ir)

    def choose(self, truth: Any, a: Any, b: Any) -> MachineValue:
        """a where it is true, otherwise b."""
        return self.value(self.builder.select(truth, self.number(a).ir, self.number(b).ir))

    def intrinsic(self, name: str, *operands: MachineValue) -> MachineValue:
        """An LLVM intrinsic that is one or two instructions everywhere: fabs, sqrt, copysign."""
        suffix = f"f{self.width}" if self.lanes == 1 else f"v{self.lanes}f{self.width}"
        function = declared(self.builder.module, f"llvm.{name}.{suffix}", self.type, [self.type] * len(operands))
        return self.value(self.builder.call(function, [operand.ir for operand in operands]))

    def by_library(self, name: str, x: MachineValue) -> MachineValue:
        """A function of the C library, number by number, in float64."""
        builder, double = self.builder, ir.DoubleType()
        function = declared(builder.module, f"llvm.{name}.f64", double, [double])
        result = self.type(ir.Undefined)
        for lane in range(self.lanes):
            place = _INDEX(lane)
            number = x.ir if self.lanes == 1 else builder.extract_element(x.ir, place)
            number = builder.call(function, [builder.fpext(number, double) if self.single else number])
            number = builder.fptrunc(number, self.element) if self.single else number
            result = number if self.lanes == 1 else builder.insert_element(result, number, place)
        return self.value(result)

    def widened(self) -> Self:
        """The same number of lanes in float64."""
        return type(self)(self.builder, "float64", self.lanes, self.flags) if self.single else self

    def as_bits(self, value: MachineValue) -> Any:
        """The bits of the numbers, as integers."""
        return self.builder.bitcast(value.ir, self.integer)

    def from_bits(self, bits: Any) -> MachineValue:
        """The numbers that have these bits."""
        return self.value(self.builder.bitcast(bits, self.type))

    def pattern(self, number: float) -> int:
        """The bits of a constant."""
        return int.from_bytes(struct.pack("<f" if self.single else "<d", number), "little")

    # Over the lanes

    def sum(self, value: Any) -> MachineValue:
        """The sum over the lanes, in pairs, as a MachineValue of one lane."""
        return self._over_lanes(self.number(value), lambda a, b: a + b)

    def max(self, value: Any) -> MachineValue:
        """The largest over the lanes, NaN where one is, as a MachineValue of one lane."""
        return self._over_lanes(self.number(value), lambda a, b: a.machine.maximum(a, b))

    def _over_lanes(self, value: MachineValue, combined: Callable[[MachineValue, MachineValue], MachineValue]) -> MachineValue:
        whole, machine, builder = value.ir, self, self.builder
        while machine.lanes > 1:
            half = machine.lanes // 2
            sides = [ir.VectorType(_INDEX, half)(list(range(start, start + half))) for start in (0, half)]
            parts = [builder.shuffle_vector(whole, whole.type(ir.Undefined), side) for side in sides]
            machine = type(self)(builder, self.dtype, half, self.flags)
            if half == 1:
                parts = [builder.extract_element(part, _FIRST) for part in parts]
            whole = combined(machine.value(parts[0]), machine.value(parts[1])).ir
        return machine.value(whole)
