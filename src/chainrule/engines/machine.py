"""An LLVM value as one more kind of number: the value column of the table of primitives, run on these, emits machine code.

    machine = Machine(builder, "float32", lanes=16)        # builder: an IRBuilder (engines.ir), at the place where the code goes
    z = machine.load(pointer, align=64)                    # 16 numbers
    y = p.sigmoid.value(machine, z)                        # emits 1 / (1 + exp(−z))
    machine.store(y, other, align=64)

`Machine` is the namespace `xp`; what it gives and takes are `Value`s, plain numbers, and nothing else:

    machine.number(2.5)                     a constant
    machine.value(ir)                       an LLVM value of the type `machine.type`
    machine.load(pointer), store(value, pointer)
    machine.splat(ir)                       one scalar in every lane
    + − × ÷ ** unary −, a > b (1.0 or 0.0)  on Values and plain numbers
    exp log log1p sqrt sin cos tanh abs sign floor erf maximum minimum greater where
    machine.sum(value), machine.max(value)  over the lanes, as a Value of one lane
    value.ir                                the LLVM value, to hand on

Numbers that are constant are folded in Python's float64, as in every other engine, and rounded to `dtype` where they meet a value. A
value used twice is emitted once if the caller keeps the `Value`; what is written twice LLVM merges, as nothing here has side effects.

Everything behaves at 0, ±inf and NaN as NumPy does. The fast-math flags allow contraction (a·b + c in one rounding) and nothing
else: no flag that assumes there is no NaN or infinity, which the engine must notice, and no reassociation, on which the
approximations of `engines.approximations` would break. Where a sum may be taken in any order (inside a matrix product), the kernel
says so itself. Code is straight: no branch and no call, but for sin and cos of arguments beyond 10⁶ (see there).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.base.operators import PLAIN, Operators
from chainrule.engines import approximations, ir

MOST_MULTIPLIED = 16
"""Integer powers up to this are products: at most five multiplications, and at most 8 ulp off."""


_INDEX = ir.IntType(32)
_FIRST = _INDEX(0)
"""The first lane."""


class Value(Operators):
    """A number, or one number in each lane, that the machine will have; or a constant that is known now."""

    __slots__ = ("_ir", "constant", "machine")

    def __init__(self, machine: Machine, value: Any = None, constant: float | None = None) -> None:
        self.machine, self._ir, self.constant = machine, value, constant

    @property
    def ir(self) -> Any:
        """The LLVM value."""
        return self._ir if self.constant is None else self.machine.literal(self.constant)

    def applied(self, operation: str, *operands: Any) -> Value:
        """The operation, emitted; of constants, computed."""
        return self.machine.applied(operation, *operands)

    def __abs__(self) -> Value:
        return self.machine.abs(self)

    def __bool__(self) -> bool:
        raise TypeError("a number of the machine is not known yet; write where(condition, value, otherwise) in place of if")


_INSTRUCTIONS = {"add": "fadd", "subtract": "fsub", "multiply": "fmul", "divide": "fdiv"}


def _function(name: str) -> Any:
    """A function by its approximation; a constant's value is NumPy's."""

    def apply(self: Machine, x: Any) -> Value:
        x = self.number(x)
        if x.constant is not None:
            with np.errstate(all="ignore"):
                return self.number(float(getattr(np, name)(np.float64(x.constant))))
        return getattr(approximations, name)(self, x)  # type: ignore[no-any-return]  # every one of them returns a Value

    return apply


class Machine:
    """The functions of the table of primitives, emitted through `builder`.

    dtype   "float32" or "float64"
    lanes   how many numbers a value holds; 1 makes scalars
    flags   fast-math flags of + − × ÷
    """

    def __init__(self, builder: Any, dtype: str = "float64", lanes: int = 1, flags: Sequence[str] = ("contract",)) -> None:
        self.builder, self.dtype, self.lanes, self.flags = builder, dtype, lanes, tuple(flags)
        self.single = dtype == "float32"
        self.width, self.mantissa, self.bias = (32, 23, 127) if self.single else (64, 52, 1023)
        self.element = ir.FloatType() if self.single else ir.DoubleType()
        self.type = self._lanes_of(self.element)
        self.integer = self._lanes_of(ir.IntType(self.width))
        self.table = approximations.SINGLE if self.single else approximations.DOUBLE
        self._empty = ir.Constant(self.type, ir.Undefined)
        self._everywhere = ir.splat(ir.VectorType(_INDEX, lanes), _FIRST)

    def _lanes_of(self, element: Any) -> Any:
        return element if self.lanes == 1 else ir.VectorType(element, self.lanes)

    # What comes in and goes out

    def number(self, number: Any) -> Value:
        """A constant of the graph; a Value stays one."""
        return number if isinstance(number, Value) else Value(self, constant=float(number))

    def value(self, value: Any) -> Value:
        """An LLVM value of the type `type`."""
        return Value(self, value)

    def literal(self, number: float) -> Any:
        """The constant, rounded to `dtype`, in every lane."""
        return self._same(ir.Constant(self.element, number))

    def bits(self, number: int) -> Any:
        """An integer as wide as a number, in every lane."""
        return self._same(ir.Constant(ir.IntType(self.width), number % 2**self.width))

    def _same(self, constant: Any) -> Any:
        if self.lanes == 1:
            return constant
        return ir.splat(self.type if constant.type is self.element else self.integer, constant)

    def load(self, pointer: Any, align: int | None = None) -> Value:
        """The numbers at an address; `align` in bytes, that of one number if none is said."""
        return self.value(self.builder.load(pointer, typ=self.type, align=align or self.width // 8))

    def store(self, value: Any, pointer: Any, align: int | None = None) -> None:
        """Put the numbers at an address."""
        self.builder.store(self.number(value).ir, pointer, align=align or self.width // 8)

    def splat(self, scalar: Any) -> Value:
        """One scalar (an LLVM value, or a Value of one lane) in every lane."""
        if isinstance(scalar, Value):
            if scalar.constant is not None:
                return self.number(scalar.constant)
            scalar = scalar.ir
        if self.lanes == 1:
            return self.value(scalar)
        first = self.builder.insert_element(self._empty, scalar, _FIRST)
        return self.value(self.builder.shuffle_vector(first, self._empty, self._everywhere))

    # Arithmetic

    def applied(self, operation: str, *operands: Any) -> Value:
        """What a + b and its like ask for."""
        if operation not in _INSTRUCTIONS:
            return getattr(self, operation)(*operands)  # type: ignore[no-any-return]  # power, negative, greater return a Value
        a, b = map(self.number, operands)
        if a.constant is not None and b.constant is not None:
            with np.errstate(all="ignore"):
                return self.number(PLAIN[operation](np.float64(a.constant), np.float64(b.constant)))
        return self.value(getattr(self.builder, _INSTRUCTIONS[operation])(a.ir, b.ir, flags=self.flags))

    def negative(self, a: Value) -> Value:
        """−a."""
        return self.value(self.builder.fneg(a.ir)) if a.constant is None else self.number(-a.constant)

    def power(self, a: Any, n: Any) -> Value:
        """aⁿ: products for a small whole n, √a for ½, otherwise eⁿ ˡⁿ ᵃ, whose error is about 1 + |n ln a| ulp."""
        a, n = self.number(a), self.number(n)
        if a.constant is not None and n.constant is not None:
            with np.errstate(all="ignore"):
                return self.number(np.float64(a.constant) ** np.float64(n.constant))
        if n.constant == 0.5:
            return self.sqrt(a)
        if n.constant is not None and n.constant.is_integer() and abs(n.constant) <= MOST_MULTIPLIED:
            product = self._multiplied(a, int(abs(n.constant)))
            return 1 / product if n.constant < 0 else product
        return approximations.power(self, a, n)

    def _multiplied(self, a: Value, n: int) -> Value:
        """aⁿ by squaring."""
        if n <= 1:
            return a if n else self.number(1)
        half = self._multiplied(a, n // 2)
        return half * half * a if n % 2 else half * half

    # Functions

    exp = _function("exp")
    log = _function("log")
    log1p = _function("log1p")
    sin = _function("sin")
    cos = _function("cos")
    tanh = _function("tanh")
    floor = _function("floor")
    sign = _function("sign")

    def sqrt(self, x: Any) -> Value:
        """√x; NaN below 0."""
        return self._folded(np.sqrt, "sqrt", x)

    def abs(self, x: Any) -> Value:
        """|x|."""
        return self._folded(np.abs, "fabs", x)

    def _folded(self, function: Callable[[Any], Any], name: str, x: Any) -> Value:
        x = self.number(x)
        if x.constant is not None:
            with np.errstate(all="ignore"):
                return self.number(function(np.float64(x.constant)))
        return self.intrinsic(name, x)

    def erf(self, x: Any) -> Value:
        """The error function."""
        x = self.number(x)
        return approximations.erf(self, x) if x.constant is None else self.number(math.erf(x.constant))

    def maximum(self, a: Any, b: Any) -> Value:
        """The larger of each pair; NaN where either is."""
        return self._extreme(a, b, ">", np.maximum)

    def minimum(self, a: Any, b: Any) -> Value:
        """The smaller of each pair; NaN where either is."""
        return self._extreme(a, b, "<", np.minimum)

    def _extreme(self, a: Any, b: Any, sign: str, folded: Callable[[Any, Any], Any]) -> Value:
        a, b = self.number(a), self.number(b)
        if a.constant is not None and b.constant is not None:
            return self.number(folded(a.constant, b.constant))
        if a.constant is not None:
            a, b = b, a
        chosen = self.choose(self.compare(sign, b, a), b, a)  # a NaN in a stays; this is one instruction
        if b.constant is not None:
            return self.number(math.nan) if math.isnan(b.constant) else chosen
        return self.choose(self.builder.fcmp_unordered("uno", b.ir, b.ir), b, chosen)

    def greater(self, a: Any, b: Any) -> Value:
        """1 where a > b, otherwise 0, as numbers."""
        a, b = self.number(a), self.number(b)
        if a.constant is not None and b.constant is not None:
            return self.number(a.constant > b.constant)
        return self.choose(self.compare(">", a, b), 1, 0)

    def where(self, condition: Any, a: Any, b: Any) -> Value:
        """a where the condition is not 0, b where it is; the other side's infinities do not matter."""
        condition = self.number(condition)
        if condition.constant is not None:
            return self.number(a if condition.constant else b)
        return self.choose(self.builder.fcmp_unordered("!=", condition.ir, self.literal(0.0)), a, b)

    # What the approximations are made of

    def compare(self, sign: str, a: Any, b: Any) -> Any:
        """A truth value of LLVM's, for `choose`; false where either is NaN."""
        return self.builder.fcmp_ordered(sign, self.number(a).ir, self.number(b).ir)

    def choose(self, truth: Any, a: Any, b: Any) -> Value:
        """a where it is true, otherwise b."""
        return self.value(self.builder.select(truth, self.number(a).ir, self.number(b).ir))

    def intrinsic(self, name: str, *operands: Value) -> Value:
        """An LLVM intrinsic that is one or two instructions everywhere: fabs, sqrt, copysign."""
        suffix = f"f{self.width}" if self.lanes == 1 else f"v{self.lanes}f{self.width}"
        function = self._declared(f"llvm.{name}.{suffix}", self.type, [self.type] * len(operands))
        return self.value(self.builder.call(function, [operand.ir for operand in operands]))

    def _declared(self, name: str, result: Any, operands: Sequence[Any]) -> Any:
        module = self.builder.module
        known = module.globals.get(name)
        return known or ir.Function(module, ir.FunctionType(result, operands), name)

    def by_library(self, name: str, x: Value) -> Value:
        """A function of the C library, number by number, in float64."""
        builder, double = self.builder, ir.DoubleType()
        function = self._declared(f"llvm.{name}.f64", double, [double])
        result = ir.Constant(self.type, ir.Undefined)
        for lane in range(self.lanes):
            place = ir.Constant(_INDEX, lane)
            number = x.ir if self.lanes == 1 else builder.extract_element(x.ir, place)
            number = builder.call(function, [builder.fpext(number, double) if self.single else number])
            number = builder.fptrunc(number, self.element) if self.single else number
            result = number if self.lanes == 1 else builder.insert_element(result, number, place)
        return self.value(result)

    def widened(self) -> Machine:
        """The same number of lanes in float64."""
        return Machine(self.builder, "float64", self.lanes, self.flags) if self.single else self

    def as_bits(self, value: Value) -> Any:
        """The bits of the numbers, as integers."""
        return self.builder.bitcast(value.ir, self.integer)

    def from_bits(self, bits: Any) -> Value:
        """The numbers that have these bits."""
        return self.value(self.builder.bitcast(bits, self.type))

    def pattern(self, number: float) -> int:
        """The bits of a constant."""
        return int.from_bytes(struct.pack("<f" if self.single else "<d", number), "little")

    # Over the lanes

    def sum(self, value: Any) -> Value:
        """The sum over the lanes, in pairs, as a Value of one lane."""
        return self._over_lanes(self.number(value), lambda a, b: a + b)

    def max(self, value: Any) -> Value:
        """The largest over the lanes, NaN where one is, as a Value of one lane."""
        return self._over_lanes(self.number(value), lambda a, b: a.machine.maximum(a, b))

    def _over_lanes(self, value: Value, combined: Callable[[Value, Value], Value]) -> Value:
        whole, machine, builder = value.ir, self, self.builder
        while machine.lanes > 1:
            half = machine.lanes // 2
            sides = [ir.Constant(ir.VectorType(_INDEX, half), list(range(start, start + half))) for start in (0, half)]
            parts = [builder.shuffle_vector(whole, ir.Constant(whole.type, ir.Undefined), side) for side in sides]
            machine = Machine(builder, self.dtype, half, self.flags)
            if half == 1:
                parts = [builder.extract_element(part, _FIRST) for part in parts]
            whole = combined(machine.value(parts[0]), machine.value(parts[1])).ir
        return machine.value(whole)
