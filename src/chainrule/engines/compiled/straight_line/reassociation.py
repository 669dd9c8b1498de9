"""Products and sums in the order in which their parts are known: what every step waits for comes last.

With one sample a batch, a step is a chain of operations, each of which waits for the one before it, and the next step waits for its
end. In w ← w − η · (x · (δ · v)) the last thing to be known is δ. Multiplied in the order of the formula, δ has three multiplications
behind it; as ((η · x) · v) · δ, one, which goes together with the subtraction. So products are taken apart into their factors, sums into
their terms, and put together again, the earliest first. Which operations there are, and so what is computed, is what the formula says;
only the rounding of the last digit differs.
"""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.base.frozen import FrozenValue
from chainrule.engines.compiled.llvm.machine import Machine, MachineValue

LATENCY = 4
"""Cycles from the start of a multiplication or an addition to its result, on the processors of today."""

MOST_PARTS = 6
"""Longer products and sums stay as they are written."""


class Known(FrozenValue):
    """A value: when it is known, in cycles after the parameters are, and the factors or terms that it is made of."""

    value: MachineValue
    after: int
    factors: tuple[MachineValue, ...] = ()
    terms: tuple[MachineValue, ...] = ()


class Reassociation:
    """Arithmetic that remembers what its results are made of. Where it is not `active`, it is ordinary arithmetic."""

    def __init__(self, machine: Machine, active: bool) -> None:
        self.machine, self.active = machine, active
        self._known: dict[int, Known] = {}

    def note(self, values: Sequence[MachineValue], after: int) -> None:
        """These values are known so many cycles after the parameters; what is never noted was known long before."""
        for value in values:
            self._known[id(value)] = Known(value, after)

    def computed(self, result: MachineValue, *operands: MachineValue, cycles: int = LATENCY) -> MachineValue:
        """A value that was computed from these."""
        if self.active and id(result) not in self._known and any(id(operand) in self._known for operand in operands):
            self._known[id(result)] = Known(result, max(map(self._after, operands)) + cycles)
        return result

    def _after(self, value: MachineValue) -> int:
        known = self._known.get(id(value))
        return -LATENCY if known is None else known.after

    def times(self, a: MachineValue, b: MachineValue) -> MachineValue:
        """a · b."""
        factors = (*self._factors(a), *self._factors(b))
        if not self.active or len(factors) > MOST_PARTS:
            return self.computed(a * b, a, b)
        first, *others = sorted(factors, key=self._after)
        result = first
        for factor in others:
            result = self.computed(result * factor, result, factor)
        self._known[id(result)] = Known(result, self._after(result), factors=factors)
        return result

    def _factors(self, value: MachineValue) -> tuple[MachineValue, ...]:
        known = self._known.get(id(value))
        return known.factors if known is not None and known.factors else (value,)

    def total(self, terms: Sequence[MachineValue]) -> MachineValue:
        """The sum of the terms."""
        result, *others = sorted(terms, key=self._after) if self.active else terms
        for term in others:
            result = self.computed(term + result, term, result)
        if self.active and 1 < len(terms) <= MOST_PARTS:
            self._known[id(result)] = Known(result, self._after(result), terms=tuple(terms))
        return result

    def minus(self, a: MachineValue, b: MachineValue) -> MachineValue:
        """a − b; where a is a sum and b is known before it, b goes before its last terms."""
        known = self._known.get(id(a))
        if known is None or not known.terms or self._after(b) >= self._after(a):
            return self.computed(a - b, a, b)
        first, *others = sorted(known.terms, key=self._after)
        result = self.computed(first - b, first, b)
        for term in others:
            result = self.computed(term + result, term, result)
        return result
