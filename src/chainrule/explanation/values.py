"""The number behind each letter of an explanation.

A step is computed with floats, and what cancels leaves few of their digits: y − t where y = σ(4) and t is near it. On paper the same
quantity is written many times, computed from different neighbours, and has to read the same wherever it stands. So the numbers of a
small step are computed once more, one by one and when they are asked for, to fifty digits, each with the mark that tells an exact
number from a rounded one: σ(4) is irrational, however short its float is. Where little or nothing is left of a number, it is computed
with twice as many digits, and again: what is there stays, and what rounding left shrinks with each of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import field
from fractions import Fraction
from functools import cached_property
from itertools import product
from typing import Any

from chainrule.base.frozen import Frozen, replace
from chainrule.formula.expression import Expression, written_nodes
from chainrule.formula.scalar import Element, Index, Scalars
from chainrule.notation.arithmetic import Real, magnitude, precisely, rounded_fraction
from chainrule.notation.numbers import evaluated, printed_as

APART = 1e-9
"""Where a number differs from its float by more than this part of the largest number of the step, more than rounding lies between them:
they stand on two sides of a kink, say. Then the float counts, since the step was made with it."""

DUST = 1e-45
"""Of a smaller part of the largest number of the step fifty digits alone cannot tell whether rounding left it."""

PRECISIONS = (50, 100, 200, 400)
"""Digits with which numbers are computed, one after the other, as long as they do not agree."""

AGREED = Fraction(1, 10**9)
"""Numbers agree that differ by less than this part of themselves."""

MOST_PRECISE = 3000
"""Steps with more numbers are written as floats have them."""


class Values(Mapping[Expression, Any], Frozen):
    """The number behind each letter: read from the record, or computed from the numbers before it, when it is asked for.

    scalars   which letter stands for which element
    arrays    the record: every quantity by key
    given     True where what is computed from nothing is exactly the decimal that it is written as
    replaced  parameters, by key, whose numbers are those of other quantities: after the step, those of the new weights
    digits    with how many of them numbers are computed: a place of `PRECISIONS`
    """

    scalars: Scalars
    arrays: Mapping[str, Any]
    given: bool = False
    replaced: Mapping[str, tuple[Values, Expression]] = field(default_factory=dict)
    digits: int = 0
    _known: dict[Expression, Any] = field(default_factory=dict)

    def __getitem__(self, letter: Expression) -> Any:
        if letter.constant is not None:  # an absent weight is 0, without a letter
            return printed_as(letter.constant, exact=True) if self.precise else letter.constant
        if letter not in self._known:
            self._known[letter] = self._number(letter) if self.precise else self._recorded(letter)
        return self._known[letter]

    def __iter__(self) -> Iterator[Expression]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def of(self, quantity: Expression, index: Index = ()) -> Any:
        """The number of an element, or of a quantity that is one number."""
        return self[self.scalars.variable(Element(quantity, index))]

    @property
    def precise(self) -> bool:
        """Are the numbers known to more digits than floats have?"""
        return self._largest > 0

    def array(self, quantity: Expression) -> Any:
        """All numbers of a quantity, as nested lists."""
        if not self.precise:
            return self.arrays[quantity.key].tolist()
        shape = self.scalars.shape(quantity)
        numbers = {index: self.of(quantity, index) for index in product(*map(range, shape))}

        def nested(index: tuple[int, ...]) -> Any:
            return numbers[index] if len(index) == len(shape) else [nested((*index, i)) for i in range(shape[len(index)])]

        return nested(())

    @cached_property
    def _largest(self) -> float:
        """The largest number of a step that can be computed to more digits; 0 for another: fractions, too many numbers, or an overflow."""
        arrays = list(self.arrays.values())
        if sum(array.size for array in arrays) > MOST_PRECISE or any(array.dtype == object for array in arrays):
            return 0.0
        largest = max(float(abs(array).max(initial=0.0)) for array in arrays)
        return largest if math.isfinite(largest) else 0.0

    def _recorded(self, letter: Expression) -> Any:
        if not self.scalars.has(letter):
            return self.arrays[str(letter.name)][()]
        element = self.scalars.element(letter)
        return self.arrays[element.key][element.index]

    def _number(self, letter: Expression) -> Any:
        recorded = self._recorded(letter)
        element = self.scalars.element(letter) if self.scalars.has(letter) else None
        if element is None:
            return printed_as(recorded)
        if element.key in self.replaced:
            source, new = self.replaced[element.key]
            return source.of(new, element.index)
        if not element.quantity.arguments:
            return printed_as(recorded, exact=self.given)
        number = self.worth(self.scalars.definition(element), recorded)
        near = abs(float(number) - float(recorded)) <= APART * self._largest  # of Python's numbers: ∞ − ∞ is no warning
        return number if isinstance(number.value, Fraction) and near else recorded

    def worth(self, formula: Expression, recorded: Any = 0.0) -> Real:
        """What a formula of letters is worth; with more digits where little is left of it, unless a float says about the same."""
        number = self._computed(formula)
        size = float(number)
        if number.exact or not abs(size) < DUST * self._largest or abs(recorded) / 2 < abs(size) < 2 * abs(recorded):
            return number
        values = self._finer
        while values is not None:
            before, number = number, values._computed(formula)
            if number.value and magnitude(number.value - before.value) <= AGREED * magnitude(number.value):
                return number
            values = values._finer
        return Real(Fraction(0), exact=False)

    def _computed(self, formula: Expression) -> Real:
        """What it is worth with these digits, from the numbers of its letters."""
        letters = [node for node in written_nodes(formula) if node.name is not None]
        with precisely(PRECISIONS[self.digits]):
            return rounded_fraction(evaluated(formula, {node: self[node] for node in letters}))

    @cached_property
    def _finer(self) -> Values | None:
        """The same numbers with more digits; None where there are none with more."""
        if self.digits + 1 == len(PRECISIONS):
            return None
        replaced = {key: (finer, new) for key, (values, new) in self.replaced.items() if (finer := values._finer) is not None}
        return replace(self, digits=self.digits + 1, replaced=replaced, _known={})
