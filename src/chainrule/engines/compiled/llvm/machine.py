"""An LLVM value as one more kind of number: the value column of the table of primitives, run on these, emits machine code.

    machine = Machine(builder, "float32", lanes=16)        # builder: an IRBuilder (llvm.ir), at the place where the code goes
    z = machine.load(pointer, align=64)                    # 16 numbers
    y = p.sigmoid.value(machine, z)                        # emits 1 / (1 + exp(−z))
    machine.store(y, other, align=64)

`Machine` is the namespace `xp`; what it gives and takes are `MachineValue`s, plain numbers, and nothing else:

    machine.number(2.5)                     a constant
    machine.value(ir)                       an LLVM value of the type `machine.type`
    machine.load(pointer), store(value, pointer)
    machine.splat(ir)                       one scalar in every lane
    + − × ÷ ** unary −, a > b (1.0 or 0.0)  on machine values and plain numbers
    exp expm1 log log1p sqrt sin cos tanh abs sign floor erf erfc maximum minimum greater where
    machine.sum(value), machine.max(value)  over the lanes, as a value of one lane
    value.ir                                the LLVM value, to hand on

Numbers that are constant are folded in Python's float64, as in every other engine, and rounded to `dtype` where they are combined with a
value. A value used twice is emitted once if the caller keeps it; what is written twice LLVM merges, as nothing here has side effects.

Everything behaves at 0, ±inf and NaN as NumPy does. The fast-math flags allow contraction (a·b + c in one rounding) and nothing
else: no flag that assumes there is no NaN or infinity, which the engine must notice, and no reassociation, on which the
approximations of `llvm.approximations` would break. Where a sum may be taken in any order (inside a matrix product), the kernel
says so itself. Code is straight: no branch and no call, but for sin and cos of arguments beyond 10⁶ (see there).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.engines.compiled.llvm import approximations
from chainrule.engines.compiled.llvm.lanes import Lanes, MachineValue

__all__ = ["Machine", "MachineValue"]

MOST_MULTIPLIED = 16
"""Integer powers up to this are products: at most five multiplications, and at most 8 ulp off."""


def _function(known: Callable[[Any], Any], approximate: Callable[[Any, MachineValue], MachineValue]) -> Any:
    """A function by its approximation; what it is of a constant is known now."""

    def apply(self: Machine, x: Any) -> MachineValue:
        x = self.number(x)
        if x.constant is None:
            return approximate(self, x)
        with np.errstate(all="ignore"):
            return self.number(known(np.float64(x.constant)))

    return apply


class Machine(Lanes):
    """The functions of the table of primitives, as far as they are more than arithmetic: see `Lanes` for the rest."""

    def power(self, a: Any, n: Any) -> MachineValue:
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
        return approximations.approximate_power(self, a, n)

    def _multiplied(self, a: MachineValue, n: int) -> MachineValue:
        """aⁿ by squaring."""
        if n <= 1:
            return a if n else self.number(1)
        half = self._multiplied(a, n // 2)
        return half * half * a if n % 2 else half * half

    exp = _function(np.exp, approximations.approximate_exp)
    expm1 = _function(np.expm1, approximations.approximate_expm1)
    log = _function(np.log, approximations.approximate_log)
    log1p = _function(np.log1p, approximations.approximate_log1p)
    sin = _function(np.sin, approximations.approximate_sin)
    cos = _function(np.cos, approximations.approximate_cos)
    tanh = _function(np.tanh, approximations.approximate_tanh)
    erf = _function(math.erf, approximations.approximate_erf)
    erfc = _function(math.erfc, approximations.approximate_erfc)
    sign = _function(np.sign, approximations.approximate_sign)
