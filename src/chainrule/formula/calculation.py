"""A calculation: named numbers, each computed from those before it, and the derivative of the last one by every other.

>>> import chainrule.formula.primitives as p
>>> from chainrule.formula.expression import Name, variable
>>> a, b = (variable(Name(letter)) for letter in "ab")
>>> c = named(Name("c"), a + b)
>>> f = named(Name("f"), c * b)
>>> calculation = Calculation((a, b), (c, f))
>>> [(str(of.name), str(by.name), slope) for (of, by), slope in calculation.slopes.items()]
[('c', 'a', 1), ('c', 'b', 1), ('f', 'c', b), ('f', 'b', c)]
>>> values = calculation.at({a: -4, b: 2}, refused=lambda node, numbers, letter: ValueError(node))
>>> values[f], values[calculation.gradients[b]]
(-4.0, 0.0)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cached_property, reduce
from typing import Any

from chainrule.base.errors import InexactError
from chainrule.base.frozen import Frozen
from chainrule.formula.backprop import local_derivatives
from chainrule.formula.evaluation import evaluate
from chainrule.formula.expression import Expression, as_expression, named, order, written_nodes
from chainrule.formula.primitives import PI, add
from chainrule.formula.tidy import tidy

ErrorFor = Callable[[Expression, Sequence[float], Expression | None], Exception]


class Calculation(Frozen):
    """Named numbers and how they are computed.

    inputs      variables, in the order in which they are met
    quantities  named expressions of inputs and of quantities before them; the last one is the result
    """

    inputs: tuple[Expression, ...]
    quantities: tuple[Expression, ...]

    @property
    def result(self) -> Expression:
        """The last quantity."""
        return self.quantities[-1]

    @cached_property
    def parents(self) -> dict[Expression, list[Expression]]:
        """What stands in the definition of each quantity, each letter once."""
        return {quantity: [node for node in written_nodes(quantity.arguments[0]) if node.name is not None] for quantity in self.quantities}

    @cached_property
    def users(self) -> dict[Expression, list[Expression]]:
        """In the definitions of which quantities each letter stands; the latest first, as back-propagation meets them."""
        users: dict[Expression, list[Expression]] = {node: [] for node in (*self.inputs, *self.quantities)}
        for quantity in reversed(self.quantities):
            for parent in self.parents[quantity]:
                users[parent].append(quantity)
        return users

    @cached_property
    def slopes(self) -> dict[tuple[Expression, Expression], Expression]:
        """∂of/∂by for each edge (of, by) of the graph, in letters: what a chain of derivatives is made of."""
        found: dict[tuple[Expression, Expression], Expression] = {}
        for of in self.quantities:
            local = local_derivatives(of, self.parents[of], as_expression(1))
            found.update({(of, by): tidy(local[by]) for by in self.parents[of]})
        return found

    @property
    def backwards(self) -> tuple[Expression, ...]:
        """The order of back-propagation: from the result to the inputs, each after all that use it."""
        return (*reversed(self.quantities), *reversed(self.inputs))

    @cached_property
    def gradients(self) -> dict[Expression, Expression]:
        """∂result/∂ each letter, by those of the letters that use it."""
        found: dict[Expression, Expression] = {}
        for node in self.backwards:
            terms = [found[user] * self.slopes[user, node] for user in self.users[node] if self.ways[user]]
            sum_ = as_expression(1) if node is self.result else reduce(add, terms) if terms else as_expression(0)
            found[node] = named(node.own_name.of_gradient, tidy(sum_))
        return found

    def paths(self, bottom: Expression) -> list[list[Expression]]:
        """Every way from the result down to a letter. There may be very many: `ways` counts them."""
        above = [user for user in self.users[bottom] if self.ways[user]]
        own = [[bottom]] if bottom is self.result else []
        return own + [[*path, bottom] for user in above for path in self.paths(user)]

    @cached_property
    def ways(self) -> dict[Expression, int]:
        """How many ways lead from the result to each letter."""
        ways: dict[Expression, int] = {}
        for node in self.backwards:
            ways[node] = 1 if node is self.result else sum(ways[user] for user in self.users[node])
        return ways

    def at(self, numbers: Mapping[Expression, Any], refused: ErrorFor, *, exact: bool = False) -> dict[Expression, Any]:
        """The value of every letter, of every slope and of every gradient where the inputs have these numbers.

        refused  the error for an operation that has no number there: from it and the numbers that it is of; or, from a quantity, no
                 numbers and one of its letters, for a derivative that has none
        exact    fractions in place of floats

        Raises InexactError.
        """
        values = self._values({node: float(number) for node, number in numbers.items()})
        for node in order(*self.quantities):
            if not math.isfinite(values[node]):
                raise refused(node, [float(values[argument]) for argument in node.arguments], None)
        for (of, by), slope in self.slopes.items():
            if not math.isfinite(values[slope]):
                raise refused(of, [], by)
        for node, gradient in self.gradients.items():
            if not math.isfinite(values[gradient]):
                raise refused(self.result, [], node)
        letters = (*self.inputs, *self.quantities, *self.slopes.values(), *self.gradients.values())
        return self._fractions(letters, numbers) if exact else {letter: float(values[letter]) for letter in letters}

    def _fractions(self, letters: Sequence[Expression], numbers: Mapping[Expression, Any]) -> dict[Expression, Fraction]:
        from chainrule.formula.arrays import Exact

        if any(node.constant == PI for node in order(*self.quantities)):
            raise InexactError("π is no fraction; leave out «--exact» to see it rounded.")
        values = self._values(numbers, Exact())
        for letter in letters:
            if isinstance(values[letter], float):
                raise InexactError(f"{letter.symbol or 'a derivative'} is no fraction; leave out «--exact» to see it rounded.")
        return {letter: Fraction(values[letter].item() if hasattr(values[letter], "item") else values[letter]) for letter in letters}

    def _values(self, numbers: Mapping[Expression, Any], xp: Any = None) -> dict[Expression, Any]:
        """Of every node; among floats, constants are arrays like the inputs, so that 1/0 is infinite, too."""
        roots = (*self.quantities, *self.slopes.values(), *self.gradients.values())
        constants = {} if xp else {node: float(node.constant) for node in order(*roots) if node.constant is not None}
        return evaluate(roots, {**constants, **numbers}, xp)
